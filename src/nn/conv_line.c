/* conv_line.c - thin convolutions by minimal filtering along rows: which suit
 * it, plans, and weights on their way to points and back. conv_line.h has the
 * equations. */
#include "config.h"

#include "nn/conv_line.h"

enum {
    TAPS = BW_LINE_TAPS,
    POINTS = BW_LINE_POINTS,
    OUTPUTS = BW_LINE_OUTPUTS
};

/* G: what a tap adds to the value at each point. */
static const double points_of_taps[POINTS][TAPS] = {
    {1, 0, 0, 0, 0},
    {-2 / 9.0, -2 / 9.0, -2 / 9.0, -2 / 9.0, -2 / 9.0},
    {-2 / 9.0, 2 / 9.0, -2 / 9.0, 2 / 9.0, -2 / 9.0},
    {1 / 90.0, 2 / 90.0, 4 / 90.0, 8 / 90.0, 16 / 90.0},
    {1 / 90.0, -2 / 90.0, 4 / 90.0, -8 / 90.0, 16 / 90.0},
    {32 / 45.0, 16 / 45.0, 8 / 45.0, 4 / 45.0, 2 / 45.0},
    {32 / 45.0, -16 / 45.0, 8 / 45.0, -4 / 45.0, 2 / 45.0},
    {0, 0, 0, 0, 1}};

/* Sums of whole vectors that a channel's pixels and outputs take. */
enum { SOURCE_SUMS = 26, TARGET_SUMS = 16 };

/* Products and sums, an output's, must be two thirds of direct products or
 * fewer, since sums wait for memory. */
bool bw_conv_line_fits(const bw_conv_shape *s)
{
    size_t least = s->c < s->o ? s->c : s->o, most = s->c < s->o ? s->o : s->c;
    size_t n_tiles = bw_conv_thin_n_blocks(s->q, OUTPUTS);

    if (s->stride != 1 || s->kw != TAPS)
        return false;
    return 3 * n_tiles *
               (POINTS * s->kh * s->c * s->o + SOURCE_SUMS * most +
                TARGET_SUMS * least) <
           2 * s->q * s->kh * TAPS * s->c * s->o;
}

bw_conv_line bw_conv_line_plan(const bw_conv_shape *s, bool is_to_x)
{
    ptrdiff_t top = (ptrdiff_t)s->top, left = (ptrdiff_t)s->left;

    if (!is_to_x)
        return (bw_conv_line){.source_h = s->h,
                              .source_w = s->w,
                              .source_c = s->c,
                              .target_h = s->p,
                              .target_w = s->q,
                              .target_c = s->o,
                              .kh = s->kh,
                              .top = top,
                              .left = left};
    return (bw_conv_line){.source_h = s->p,
                          .source_w = s->q,
                          .source_c = s->o,
                          .target_h = s->h,
                          .target_w = s->w,
                          .target_c = s->c,
                          .kh = s->kh,
                          .top = (ptrdiff_t)s->kh - 1 - top,
                          .left = TAPS - 1 - left};
}

size_t bw_conv_line_n_weight(const bw_conv_shape *s)
{
    return POINTS * s->kh * s->c * s->o;
}

size_t bw_conv_line_room(const bw_conv_shape *s)
{
    size_t most = s->c > s->o ? s->c : s->o;
    size_t apply = (1 + BW_LINE_ROWS + s->kh - 1) * most + BW_LINE_ROWS * most;
    size_t weight =
        most + (BW_LINE_DEEP + s->kh - 1) * s->c + BW_LINE_DEEP * s->o;
    size_t n = POINTS * BW_LANES * (apply > weight ? apply : weight);
    size_t folded = bw_conv_line_n_weight(s);

    return n > folded ? n : folded;
}

/* ---- weights ---- */

/* Entry (r, 0) of A (o, c, kh, 5). */
static const float *taps_at(const bw_conv_line *line, bool is_to_x, size_t r,
                            size_t source, size_t target, const float *weight)
{
    size_t c = is_to_x ? line->target_c : line->source_c;
    size_t at = is_to_x ? source * c + target : target * c + source;

    return weight + (at * line->kh + r) * TAPS;
}

/* Windows to x meet the taps in reverse. */
static float point_of(size_t point, bool is_to_x, const float *taps)
{
    double sum = 0;

    for (size_t k = 0; k < TAPS; k++)
        sum +=
            points_of_taps[point][k] * (double)taps[is_to_x ? TAPS - 1 - k : k];
    return (float)sum;
}

void bw_conv_line_pack(const bw_conv_line *line, bool is_to_x, size_t block,
                       const float *weight)
{
    size_t n_blocks = bw_conv_thin_n_blocks(line->target_c, block);
    float *to = line->weight;

    for (size_t b = 0; b < n_blocks; b++) {
        size_t first = bw_conv_thin_block(line->target_c, n_blocks, b);
        size_t end = bw_conv_thin_block(line->target_c, n_blocks, b + 1);

        for (size_t p = 0; p < POINTS; p++)
            for (size_t i = 0; i < line->kh; i++)
                for (size_t s = 0; s < line->source_c; s++)
                    for (size_t t = first; t < end; t++)
                        *to++ = point_of(p, is_to_x,
                                         taps_at(line, is_to_x,
                                                 is_to_x ? line->kh - 1 - i : i,
                                                 s, t, weight));
    }
}

void bw_conv_line_unpack(const bw_conv_thin_part *part, const float *folded,
                         float *dweight)
{
    const bw_conv_shape *s = part->shape;
    bool few_is_c = s->c <= s->o;
    size_t n_few = few_is_c ? s->c : s->o, n = part->many_end - part->many;
    size_t plane = s->kh * n_few * n;

    for (size_t at = 0; at < plane; at++) {
        size_t r = at / n / n_few, few = at / n % n_few;
        size_t many = part->many + at % n;
        size_t o = few_is_c ? many : few, c = few_is_c ? few : many;
        float *taps = dweight + ((o * s->c + c) * s->kh + r) * TAPS;

        for (size_t k = 0; k < TAPS; k++) {
            double sum = 0;

            for (size_t p = 0; p < POINTS; p++)
                sum += points_of_taps[p][k] * (double)folded[p * plane + at];
            taps[k] = (float)sum;
        }
    }
}

/* stats.c - figures of one tensor's items, taken as they stream by.
 *
 * Mean and squared deviation are formed for a block at a time, in two passes,
 * and joined by the rule of Chan, Golub and LeVeque (1979), for blocks of n_a
 * and n_b items whose means are d apart:
 *
 *     M2 = M2_a + M2_b + d^2 n_a n_b / (n_a + n_b)
 *
 * Until bw_stats_close, sd holds M2.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "store/stats.h"

enum { BLOCK = 2048 };

void bw_stats_init(bw_stats *stats)
{
    *stats = (bw_stats){.min = HUGE_VAL,
                        .max = -HUGE_VAL,
                        .min_u = UINT64_MAX,
                        .min_i = INT64_MAX,
                        .max_i = INT64_MIN};
}

static void add_exact(bw_stats *s, bw_dtype dtype, const unsigned char *items,
                      size_t n)
{
    for (size_t k = 0; k < n; k++) {
        uint64_t u;
        int64_t i;

        memcpy(&u, items + 8 * k, sizeof u);
        memcpy(&i, items + 8 * k, sizeof i);
        if (dtype == BW_U64) {
            s->min_u = u < s->min_u ? u : s->min_u;
            s->max_u = u > s->max_u ? u : s->max_u;
        } else {
            s->min_i = i < s->min_i ? i : s->min_i;
            s->max_i = i > s->max_i ? i : s->max_i;
        }
    }
}

/* Moves the numbers to the front; returns how many there are. */
static size_t drop_nans(double *value, size_t n)
{
    size_t kept = 0;

    for (size_t k = 0; k < n; k++)
        if (!isnan(value[k]))
            value[kept++] = value[k];
    return kept;
}

static void add_block(bw_stats *s, double *value, size_t n_items)
{
    size_t n = drop_nans(value, n_items);
    double sum = 0, mean, m2 = 0, apart, all;

    s->n_nan += n_items - n;
    if (n == 0)
        return;
    for (size_t k = 0; k < n; k++) {
        s->min = value[k] < s->min ? value[k] : s->min;
        s->max = value[k] > s->max ? value[k] : s->max;
        s->n_zero += value[k] == 0;
        sum += value[k];
    }
    mean = sum / (double)n;
    for (size_t k = 0; k < n; k++)
        m2 += (value[k] - mean) * (value[k] - mean);
    apart = mean - s->mean;
    all = (double)s->n + (double)n;
    s->sd += m2 + apart * apart * ((double)s->n * (double)n / all);
    s->mean = s->n == 0 ? mean : s->mean + apart * ((double)n / all);
    s->n += n;
}

void bw_stats_add(bw_stats *stats, bw_dtype dtype, const void *items, size_t n)
{
    const unsigned char *from = items;
    double value[BLOCK];

    while (n > 0) {
        size_t taken = n < BLOCK ? n : BLOCK;

        if (dtype == BW_U64 || dtype == BW_I64)
            add_exact(stats, dtype, from, taken);
        bw_dtype_to_double(dtype, from, taken, value);
        add_block(stats, value, taken);
        from += taken * bw_dtype_size(dtype);
        n -= taken;
    }
}

void bw_stats_close(bw_stats *stats)
{
    if (stats->n == 0) {
        stats->min = stats->max = stats->mean = stats->sd = NAN;
        return;
    }
    stats->sd = sqrt(stats->sd / (double)stats->n);
}

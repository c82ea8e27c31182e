/* kernels.c - speed of the passes of the presets' convolutions, by each way.
 *
 *   kernels [-j THREADS] [-n ITEMS] [-r ROUNDS] [WORD ...]
 *
 * Only layers whose line holds all words. A line a layer, pass and way: work
 * of one pass over the batch, GFLOP/s, and the share of the peak: an sgemm
 * 2000^3 on each thread that is timed before and after each round. Shares are
 * medians over the rounds; on one thread they are of processor time, which
 * other programs do not count in, on more of the wall's. Multiplications by the
 * zeros around an image count as work, so that a way that leaves them out may
 * show more than 100 %.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "nn/conv_phase_plan.h"
#include "nn/layout.h"
#include "timing.h"

enum { MAX_ROUNDS = 99 };

typedef struct layer_row {
    const char *name;
    bw_conv_shape shape;
} layer_row;

/* x is the side of the convolution's input: of a deconv, its output. */
static const layer_row layers[] = {
    {"wae-mnist/4 conv1", {28, 28, 1, 14, 14, 32, 4, 4, 2, 1, 1}},
    {"wae-mnist/4 conv2", {14, 14, 32, 7, 7, 64, 4, 4, 2, 1, 1}},
    {"wae-mnist/4 conv3", {7, 7, 64, 4, 4, 128, 4, 4, 2, 1, 1}},
    {"wae-mnist/4 conv4", {4, 4, 128, 2, 2, 256, 4, 4, 2, 1, 1}},
    {"wae-mnist/4 deconv1", {14, 14, 128, 7, 7, 256, 4, 4, 2, 1, 1}},
    {"wae-mnist/4 deconv2", {28, 28, 64, 14, 14, 128, 4, 4, 2, 1, 1}},
    {"wae-mnist/4 deconv3", {28, 28, 1, 28, 28, 64, 4, 4, 1, 1, 1}},
    {"wae-mnist/1 conv1", {28, 28, 1, 14, 14, 128, 4, 4, 2, 1, 1}},
    {"wae-mnist/1 conv2", {14, 14, 128, 7, 7, 256, 4, 4, 2, 1, 1}},
    {"wae-mnist/1 conv3", {7, 7, 256, 4, 4, 512, 4, 4, 2, 1, 1}},
    {"wae-mnist/1 conv4", {4, 4, 512, 2, 2, 1024, 4, 4, 2, 1, 1}},
    {"wae-mnist/1 deconv1", {14, 14, 512, 7, 7, 1024, 4, 4, 2, 1, 1}},
    {"wae-mnist/1 deconv2", {28, 28, 256, 14, 14, 512, 4, 4, 2, 1, 1}},
    {"wae-mnist/1 deconv3", {28, 28, 1, 28, 28, 256, 4, 4, 1, 1, 1}},
    {"wae-celeba/4 conv1", {64, 64, 3, 32, 32, 32, 5, 5, 2, 1, 1}},
    {"wae-celeba/4 conv2", {32, 32, 32, 16, 16, 64, 5, 5, 2, 1, 1}},
    {"wae-celeba/4 conv3", {16, 16, 64, 8, 8, 128, 5, 5, 2, 1, 1}},
    {"wae-celeba/4 conv4", {8, 8, 128, 4, 4, 256, 5, 5, 2, 1, 1}},
    {"wae-celeba/4 deconv1", {16, 16, 128, 8, 8, 256, 5, 5, 2, 1, 1}},
    {"wae-celeba/4 deconv2", {32, 32, 64, 16, 16, 128, 5, 5, 2, 1, 1}},
    {"wae-celeba/4 deconv3", {64, 64, 32, 32, 32, 64, 5, 5, 2, 1, 1}},
    {"wae-celeba/4 deconv4", {64, 64, 3, 64, 64, 32, 5, 5, 1, 2, 2}},
    {"wae-celeba/1 conv1", {64, 64, 3, 32, 32, 128, 5, 5, 2, 1, 1}},
    {"wae-celeba/1 conv2", {32, 32, 128, 16, 16, 256, 5, 5, 2, 1, 1}},
    {"wae-celeba/1 conv3", {16, 16, 256, 8, 8, 512, 5, 5, 2, 1, 1}},
    {"wae-celeba/1 conv4", {8, 8, 512, 4, 4, 1024, 5, 5, 2, 1, 1}},
    {"wae-celeba/1 deconv1", {16, 16, 512, 8, 8, 1024, 5, 5, 2, 1, 1}},
    {"wae-celeba/1 deconv2", {32, 32, 256, 16, 16, 512, 5, 5, 2, 1, 1}},
    {"wae-celeba/1 deconv3", {64, 64, 128, 32, 32, 256, 5, 5, 2, 1, 1}},
    {"wae-celeba/1 deconv4", {64, 64, 3, 64, 64, 128, 5, 5, 1, 2, 2}},
    {"dwe conv1", {28, 28, 1, 28, 28, 20, 3, 3, 1, 1, 1}},
    {"dwe conv2", {28, 28, 20, 28, 28, 5, 5, 5, 1, 2, 2}},
    {"dwe conv3", {28, 28, 5, 28, 28, 10, 5, 5, 1, 2, 2}},
    {"dwe conv4", {28, 28, 10, 28, 28, 1, 3, 3, 1, 1, 1}},
};

typedef struct bench {
    timing timing;
    size_t n_threads, n, n_rounds;
} bench;

typedef struct sides {
    float *x, *y, *w, *dw;
} sides;

static void run_pass(bw_conv *conv, const bench *b, const sides *s,
                     unsigned pass)
{
    if (pass == BW_CONV_TO_Y)
        bw_conv_to_y(conv, b->n, s->x, NULL, false, s->y);
    else if (pass == BW_CONV_TO_X)
        bw_conv_to_x(conv, b->n, s->y, NULL, false, s->x);
    else
        bw_conv_weight(conv, b->n, s->x, s->y, s->dw);
}

static double work_of(const bw_conv_shape *s, size_t n)
{
    return 2 * (double)n * (double)(s->p * s->q) *
           (double)(s->o * s->c * s->kh * s->kw);
}

static void time_pass(bench *b, const layer_row *layer, const sides *s,
                      bw_way way, unsigned pass)
{
    static const char *const way_name[] = {"auto", "blas", "onednn", "thin",
                                           "phase"};
    static const char *const pass_name[] = {"", "to_y", "to_x", "", "weight"};
    double work = work_of(&layer->shape, b->n), share[MAX_ROUNDS], speed = 0;
    size_t repeats = (size_t)(2e9 * (double)b->n_threads / work) + 1;
    bw_error err = BW_ERROR_INIT;
    bw_conv *conv = NULL;
    size_t n_bytes;

    must(bw_conv_create(&layer->shape, b->n, way, pass, b->timing.tasks, &conv,
                        &n_bytes, &err),
         &err);
    bw_conv_pack(conv, s->w);
    run_pass(conv, b, s, pass);
    for (size_t k = 0; k < b->n_rounds; k++) {
        double before = timing_peak(&b->timing), start = timing_now(&b->timing),
               rate;

        for (size_t i = 0; i < repeats; i++)
            run_pass(conv, b, s, pass);
        rate = work * (double)repeats / (timing_now(&b->timing) - start);
        share[k] = rate / ((before + timing_peak(&b->timing)) / 2);
        speed = rate > speed ? rate : speed;
    }
    printf("%-22s %-6s %-6s %8.2f GFLOP %7.1f GFLOP/s %4.0f %%\n", layer->name,
           pass_name[pass], way_name[way], work * 1e-9, speed * 1e-9,
           100 * median(share, b->n_rounds));
    fflush(stdout);
    bw_conv_destroy(conv);
}

static void time_layer(bench *b, const layer_row *layer, char **words)
{
    const bw_conv_shape *shape = &layer->shape;
    size_t n = bw_layout_n(BW_LAYOUT_LANES, b->n, 1);
    sides s = {.x = scatter(n * shape->h * shape->w * shape->c),
               .y = scatter(n * shape->p * shape->q * shape->o),
               .w = scatter(shape->o * shape->c * shape->kh * shape->kw),
               .dw = scatter(shape->o * shape->c * shape->kh * shape->kw)};
    static const char *const way_name[] = {"auto", "blas", "onednn", "thin",
                                           "phase"};

    for (unsigned pass = BW_CONV_TO_Y; pass <= BW_CONV_WEIGHT; pass *= 2)
        for (bw_way way = BW_WAY_BLAS; way <= BW_WAY_PHASE; way++) {
            bool is_wanted = bw_conv_has(way);

            if (way == BW_WAY_PHASE && !bw_phase_plan_fits(shape))
                is_wanted = false;
            if (way == BW_WAY_THIN && !bw_conv_is_thin(shape) &&
                shape->c * shape->o > 2048)
                is_wanted = false;
            for (char **word = words; *word; word++)
                if (!strstr(layer->name, *word) &&
                    strcmp(*word, way_name[way]) != 0)
                    is_wanted = false;
            if (is_wanted)
                time_pass(b, layer, &s, way, pass);
        }
    free(s.x);
    free(s.y);
    free(s.w);
    free(s.dw);
}

int main(int argc, char **argv)
{
    bench b = {.n_threads = 1, .n = 100, .n_rounds = 5};
    int option;

    while ((option = getopt(argc, argv, "j:n:r:")) != -1) {
        size_t value = option == '?' ? 0 : (size_t)strtoul(optarg, NULL, 10);

        if (value < 1 || (option == 'r' && value > MAX_ROUNDS)) {
            fprintf(stderr, "usage: kernels [-j THREADS] [-n ITEMS] "
                            "[-r ROUNDS] [WORD ...]\n");
            return 2;
        }
        *(option == 'j'   ? &b.n_threads
          : option == 'n' ? &b.n
                          : &b.n_rounds) = value;
    }
    timing_start(&b.timing, b.n_threads,
                 b.n_threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC);
    for (size_t k = 0; k < sizeof(layers) / sizeof(layers[0]); k++)
        time_layer(&b, &layers[k], argv + optind);
    timing_end(&b.timing);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}

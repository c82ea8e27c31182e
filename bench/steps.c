/* steps.c - time of whole training steps of the presets: forward, loss and its
 * gradient, backward, Adam.
 *
 *   steps [-j THREADS] [-r ROUNDS] [-w auto|blas|onednn|thin] [NAME ...]
 *   steps -t NAME
 *
 * Names: dwe, wae-mnist, wae-mnist-4, wae-celeba-4, wae-celeba; the suffix -4
 * divides channel counts by 4. A line a name: median time of a step, images
 * (dwe: pairs) a second, GFLOP/s of the networks' multiply-adds (backward
 * counts twice the forward pass, less the encoder's input, whose gradient
 * nobody wants), their share of an sgemm 2000^3 on the same threads, timed
 * before and after each step, the loss of the second step, and a sum over the
 * trained parameters at the end. wae has the squared error alone: the terms on
 * its codes (100 x 100 kernels) are left out; dwe has all of its own.
 * Parameters and images begin as torch_steps.py makes them, too, so that
 * losses can be compared; -t prints the networks for it.
 */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "barrow/engine.h"
#include "barrow/network.h"
#include "barrow/optimizer.h"
#include "nn/losses.h"
#include "timing.h"

enum { MAX_ROUNDS = 99 };

typedef struct study {
    const char *name, *preset;
    bw_shape image;
    size_t latent, batch, n_counted; /* batch of images; what is reported */
    double width;
} study;

static const study studies[] = {
    {"dwe", "dwe-mnist", {28, 28, 1, false}, 50, 64, 32, 1},
    {"wae-mnist", "wae-mnist", {28, 28, 1, false}, 8, 100, 100, 1},
    {"wae-mnist-4", "wae-mnist", {28, 28, 1, false}, 8, 100, 100, 0.25},
    {"wae-celeba-4", "wae-celeba", {64, 64, 3, false}, 64, 100, 100, 0.25},
    {"wae-celeba", "wae-celeba", {64, 64, 3, false}, 64, 100, 100, 1},
};

/* One network with its blocks. */
typedef struct part {
    bw_network *network;
    bw_engine *engine;
    float *w, *g, *moments;
    size_t n_trained;
} part;

typedef struct bench {
    timing timing;
    size_t n_threads, n_rounds;
    bw_way way;
    const study *study;
    part encoder, decoder;
    float *x;
    uint64_t step;
} bench;

/* n items of m values; those of dwe are masses. */
static float *make_images(size_t n, size_t m, bool are_masses)
{
    float *x = scatter(n * m);

    for (size_t i = 0; are_masses && i < n; i++) {
        double sum = 0;

        for (size_t k = 0; k < m; k++)
            sum += (double)x[i * m + k];
        for (size_t k = 0; k < m; k++)
            x[i * m + k] = (float)((double)x[i * m + k] / sum);
    }
    return x;
}

/* ---- networks ---- */

/* Weights spread as Glorot's. */
static void set_weight(const bw_parameter *p, float *w)
{
    double fans =
        (double)p->n / (double)p->shape[0] + (double)p->n / (double)p->shape[1];
    double spread = sqrt(6 / fans);

    for (size_t k = 0; k < p->n; k++)
        w[k] = (float)(spread * (2 * scattered(k) - 1));
}

static void set_block(const bw_network *network, float *block)
{
    bw_network_init(network, BW_INIT_GLOROT, 0, 1, 0, block);
    for (size_t k = 0; k < bw_network_n_parameters(network); k++) {
        const bw_parameter *p = bw_network_parameter(network, k);

        if (p->role == BW_ROLE_WEIGHT)
            set_weight(p, block + p->offset);
    }
}

/* The peer has other random numbers. */
static const char *without_noise(const char *text)
{
    return strncmp(text, "noise", 5) == 0 ? strchr(text, '\n') + 1 : text;
}

static void make_part(bench *b, const char *name, bw_shape input,
                      bool input_gradient, part *ret_part)
{
    const study *s = b->study;
    bw_engine_options options = {.n_max = s->batch,
                                 .is_training = true,
                                 .input_gradient = input_gradient,
                                 .way = b->way};
    bw_error err = BW_ERROR_INIT;
    char *text = NULL;
    size_t n;

    must(bw_preset_text(s->preset, name, s->image, s->latent, &text, &err),
         &err);
    must(bw_network_parse(without_noise(text), name, input, s->width,
                          &ret_part->network, &err),
         &err);
    free(text);
    must(bw_engine_create(ret_part->network, &options, b->timing.tasks,
                          &ret_part->engine, &err),
         &err);
    n = ret_part->n_trained = bw_network_n_trained(ret_part->network);
    ret_part->w = need(
        malloc((bw_network_n_values(ret_part->network) + 1) * sizeof(float)));
    ret_part->g = need(calloc(n + 1, sizeof(float)));
    ret_part->moments = need(calloc(2 * n + 1, sizeof(float)));
    set_block(ret_part->network, ret_part->w);
    bw_engine_touch(ret_part->engine);
}

static void free_part(part *p)
{
    bw_engine_destroy(p->engine);
    bw_network_destroy(p->network);
    free(p->w);
    free(p->g);
    free(p->moments);
}

/* ---- a step ---- */

static bool is_dwe(const study *s)
{
    return strcmp(s->name, "dwe") == 0;
}

static void update(bench *b, part *p)
{
    bw_optimizer adam = bw_optimizer_default(BW_OPTIMIZER_ADAM);

    bw_optimizer_step(&adam, 1e-4, b->step, p->n_trained, p->w, p->g,
                      p->moments, b->timing.tasks);
    bw_engine_touch(p->engine);
    memset(p->g, 0, p->n_trained * sizeof(*p->g));
}

/* Mean over pairs of (|z1 - z2|^2 - 1)^2, and its gradient added to dz: the
 * second half of the batch are the first one's partners. */
static double add_pair_loss(const study *s, const float *z, float *dz)
{
    size_t n = s->batch / 2, d = s->latent;
    double loss = 0;

    for (size_t k = 0; k < n; k++) {
        const float *a = z + k * d, *b = z + (n + k) * d;
        float sum = 0, factor;

        for (size_t j = 0; j < d; j++)
            sum += (a[j] - b[j]) * (a[j] - b[j]);
        factor = 4 * (sum - 1) / (float)n;
        for (size_t j = 0; j < d; j++) {
            dz[k * d + j] += factor * (a[j] - b[j]);
            dz[(n + k) * d + j] -= factor * (a[j] - b[j]);
        }
        loss += (double)((sum - 1) * (sum - 1)) / (double)n;
    }
    return loss;
}

static double add_loss(bench *b, const float *y, float *dy)
{
    const study *s = b->study;
    size_t n = s->batch, m = bw_shape_n(s->image);

    memset(dy, 0, n * m * sizeof(*dy));
    if (!is_dwe(s))
        return bw_loss_squared(b->timing.tasks, n, m, y, b->x, 0.05, 1, dy);
    return 20 * bw_loss_kl(b->timing.tasks, n, m, y, b->x, 20, dy) +
           2e-3 * bw_loss_sparsity(b->timing.tasks, n, m, y, 2e-3, dy);
}

/* Returns the loss before the step. */
static double take_step(bench *b)
{
    const study *s = b->study;
    size_t n = s->batch;
    const float *z, *y, *dz;
    float *dcode;
    double loss;

    b->step++;
    memcpy(bw_engine_input(b->encoder.engine), b->x,
           n * bw_shape_n(s->image) * sizeof(*b->x));
    z = bw_engine_forward(b->encoder.engine, BW_MODE_TRAIN, n, b->encoder.w,
                          b->step);
    memcpy(bw_engine_input(b->decoder.engine), z, n * s->latent * sizeof(*z));
    y = bw_engine_forward(b->decoder.engine, BW_MODE_TRAIN, n, b->decoder.w,
                          b->step);
    loss = add_loss(b, y, bw_engine_output_gradient(b->decoder.engine));
    dz = bw_engine_backward(b->decoder.engine, n, b->decoder.w, b->decoder.g);
    dcode = bw_engine_output_gradient(b->encoder.engine);
    memcpy(dcode, dz, n * s->latent * sizeof(*dz));
    if (is_dwe(s))
        loss += add_pair_loss(s, z, dcode);
    bw_engine_backward(b->encoder.engine, n, b->encoder.w, b->encoder.g);
    update(b, &b->encoder);
    update(b, &b->decoder);
    return loss;
}

/* Sum over all parameters, so that runs can be compared. */
static double check_sum(const part *p)
{
    double sum = 0;

    for (size_t k = 0; k < p->n_trained; k++)
        sum += (double)p->w[k] * (double)(k % 97 + 1);
    return sum;
}

/* Multiply-adds of a step, twice: the encoder's first layer has no gradient of
 * its input. */
static double work_of(const bench *b)
{
    const bw_network *encoder = b->encoder.network;
    const bw_parameter *first = bw_network_parameter(encoder, 0);
    bw_shape out = bw_network_shape(encoder, 0);
    double forward =
        bw_network_work(encoder) + bw_network_work(b->decoder.network);
    double spared = (double)first->n * (double)(out.h * out.w);

    return 2 * (double)b->study->batch * (3 * forward - spared);
}

/* ---- the table ---- */

static void time_study(bench *b, const study *s)
{
    bw_shape code = {1, 1, s->latent, true};
    double work, time[MAX_ROUNDS], share[MAX_ROUNDS], t, loss = 0;

    b->study = s;
    b->step = 0;
    b->x = make_images(s->batch, bw_shape_n(s->image), is_dwe(s));
    make_part(b, "encoder", s->image, false, &b->encoder);
    make_part(b, "decoder", code, true, &b->decoder);
    work = work_of(b);
    take_step(b);
    for (size_t k = 0; k < b->n_rounds; k++) {
        double before = timing_peak(&b->timing), start = timing_now(&b->timing),
               value = take_step(b);

        if (k == 0)
            loss = value;
        time[k] = timing_now(&b->timing) - start;
        share[k] = work / time[k] / ((before + timing_peak(&b->timing)) / 2);
    }
    t = median(time, b->n_rounds);
    printf("%-13s %zu threads %9.2f ms %9.1f /s %7.1f GFLOP/s %5.1f %%  %.9g  "
           "%.9g\n",
           s->name, b->n_threads, t * 1e3, (double)s->n_counted / t,
           work / t * 1e-9, 100 * median(share, b->n_rounds), loss,
           check_sum(&b->encoder) + check_sum(&b->decoder));
    fflush(stdout);
    free_part(&b->encoder);
    free_part(&b->decoder);
    free(b->x);
}

static bool is_wanted(const study *s, char **names)
{
    for (char **name = names; *name; name++)
        if (strcmp(*name, s->name) == 0)
            return true;
    return !*names;
}

/* Prints "name h w c latent batch", and both networks, a line of "end" after
 * each. */
static int print_texts(bench *b, const char *name)
{
    for (size_t k = 0; k < sizeof(studies) / sizeof(studies[0]); k++) {
        const study *s = b->study = &studies[k];

        if (strcmp(s->name, name) != 0)
            continue;
        make_part(b, "encoder", s->image, false, &b->encoder);
        make_part(b, "decoder", (bw_shape){1, 1, s->latent, true}, true,
                  &b->decoder);
        printf("%s %zu %zu %zu %zu %zu\n%send\n%send\n", name, s->image.h,
               s->image.w, s->image.c, s->latent, s->batch,
               bw_network_text(b->encoder.network),
               bw_network_text(b->decoder.network));
        free_part(&b->encoder);
        free_part(&b->decoder);
        return 0;
    }
    fprintf(stderr, "steps: no study is called %s\n", name);
    return 2;
}

static int usage(void)
{
    fprintf(stderr, "usage: steps [-j THREADS] [-r ROUNDS] "
                    "[-w auto|blas|onednn|thin] [NAME ...]\n"
                    "       steps -t NAME\n");
    return 2;
}

static bool read_option(int option, const char *value, bench *b)
{
    static const char *const way[] = {"auto", "blas", "onednn", "thin"};
    size_t number = (size_t)strtoul(value, NULL, 10);

    if (option == 'j')
        b->n_threads = number;
    else if (option == 'r')
        b->n_rounds = number;
    else
        for (size_t k = 0; k < 4; k++)
            if (strcmp(way[k], value) == 0) {
                b->way = (bw_way)k;
                return true;
            }
    return option != 'w' && number >= 1 && b->n_rounds <= MAX_ROUNDS;
}

int main(int argc, char **argv)
{
    bench b = {.n_threads = 1, .n_rounds = 5};
    const char *text_of = NULL;
    int option, status = 0;

    while ((option = getopt(argc, argv, "j:r:w:t:")) != -1)
        if (option == 't')
            text_of = optarg;
        else if (option == '?' || !read_option(option, optarg, &b))
            return usage();
    timing_start(&b.timing, b.n_threads, CLOCK_MONOTONIC);
    if (text_of)
        status = print_texts(&b, text_of);
    for (size_t k = 0; k < sizeof(studies) / sizeof(studies[0]); k++)
        if (!text_of && is_wanted(&studies[k], argv + optind))
            time_study(&b, &studies[k]);
    timing_end(&b.timing);
    return fflush(stdout) == 0 && !ferror(stdout) ? status : 1;
}

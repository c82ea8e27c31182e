/* dwe_step.c - the embedding as a learner: a step on a batch of pairs, the
 * figures over those held out, pictures.
 *
 * B pairs are 2 B images: rows 0 .. B-1 the first, B .. 2B-1 the second ones.
 * One forward of 2 B through each network serves both sides. z: codes, x: the
 * images as masses, v: their reconstructions.
 */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "model/dwe.h"
#include "model/dwe_picture.h"
#include "nn/gemm.h"
#include "nn/losses.h"

enum { DISTANCE, MSE, RELATIVE, RECONSTRUCTION, SPARSITY, N_TERMS };
enum { N_PARTS = 3, N_SHOWN = 32, SHOWN_COLUMNS = 8 };

/* One network while it learns. */
typedef struct unit {
    const bw_model_part *part; /* NULL: the model has none */
    bw_engine *engine;
    float *values, *moments;
    float *gradient; /* n_trained */
    size_t n_trained, n_moments;
    char block_name[48];
} unit;

struct bw_dwe_learner {
    const bw_dwe_training *t;
    bw_learner learner;
    bw_term term[N_TERMS];
    bw_state_block block[N_PARTS];
    unit encoder, decoder, regressor;
    uint32_t *train, *held; /* pairs' numbers */
    size_t n_train, n_held;
    uint32_t *chosen; /* B numbers of pairs */
    uint32_t *row;    /* 2 B numbers of their images */
    float *target;    /* B labels */
    float *image;     /* x (2B, size) */
    /* Validation: images of held pairs, once each. */
    size_t n_seen;
    uint32_t *seen;   /* numbers */
    uint32_t *place;  /* of an image among them */
    float *seen_code; /* (n_seen, d) */
};

/* ---- distances of codes ---- */

/* Sums over pairs that make all figures of distances. */
typedef struct figures {
    double gap2;   /* (prediction - label)^2 */
    double label2; /* label^2 */
    size_t n;
} figures;

static void add_figures(figures *f, double prediction, double label)
{
    double gap = prediction - label;

    f->gap2 += gap * gap;
    f->label2 += label * label;
    f->n++;
}

static void set_terms(const bw_dwe_learner *l, const figures *f, double *terms)
{
    double n = f->n ? (double)f->n : 1, scale = l->t->dwe->label_scale;

    terms[DISTANCE] = f->gap2 / n;
    terms[MSE] = f->gap2 / n / (scale * scale);
    terms[RELATIVE] = f->label2 > 0 ? f->gap2 / f->label2 : 0;
}

static double squared_gap(size_t d, const float *a, const float *b)
{
    double sum = 0;

    for (size_t i = 0; i < d; i++) {
        double gap = (double)a[i] - (double)b[i];
        sum += gap * gap;
    }
    return sum;
}

/* dz = d mean (||z1 - z2||^2 - y)^2 / dz, which is
 * +- 4 (||z1 - z2||^2 - y) (z1 - z2) / n for the one and the other side. */
static void distance_terms(size_t n, size_t d, const float *z, const float *y,
                           float *dz, figures *f)
{
    for (size_t k = 0; k < n; k++) {
        const float *a = z + k * d, *b = z + (n + k) * d;
        double square = squared_gap(d, a, b);
        double slope = 4 * (square - (double)y[k]) / (double)n;
        for (size_t i = 0; i < d; i++) {
            float g = (float)(slope * ((double)a[i] - (double)b[i]));
            dz[k * d + i] = g;
            dz[(n + k) * d + i] = -g;
        }
        add_figures(f, square, (double)y[k]);
    }
}

/* ---- a step ---- */

/* Images and labels of n pairs. */
static void set_pairs(bw_dwe_learner *l, const uint32_t *number, size_t n)
{
    const bw_dwe_pairs *pairs = l->t->pairs;
    double scale = l->t->dwe->label_scale;

    for (size_t k = 0; k < n; k++) {
        l->row[k] = pairs->pair[number[k]][0];
        l->row[n + k] = pairs->pair[number[k]][1];
        l->target[k] = (float)(scale * pairs->cost[number[k]]);
    }
}

static void set_batch(bw_dwe_learner *l, const uint32_t *example, size_t n)
{
    for (size_t k = 0; k < n; k++)
        l->chosen[k] = l->train[example[k]];
    set_pairs(l, l->chosen, n);
}

static bool are_finite(const bw_dwe_learner *l, const double *terms)
{
    for (size_t k = 0; k < l->learner.n_terms; k++)
        if (!isfinite(terms[k]))
            return false;
    return true;
}

static void update(bw_dwe_learner *l, unit *u, const bw_step *at)
{
    bw_optimizer_step(&l->t->optimizer, l->t->rate * at->rate_factor, at->step,
                      u->n_trained, u->values, u->gradient, u->moments,
                      l->t->tasks);
    bw_engine_touch(u->engine);
}

static void clear_gradient(unit *u)
{
    memset(u->gradient, 0, u->n_trained * sizeof *u->gradient);
}

/* Masses of the images of row[], which stay in l->image, go through the
 * encoder. */
static const float *encode(bw_dwe_learner *l, bw_mode mode, size_t n,
                           const uint32_t *row, uint64_t step)
{
    const bw_dwe_training *t = l->t;

    bw_dwe_images_gather(t->images, t->tasks, n, row,
                         bw_dwe_planes(t->images->shape), l->image);
    bw_dwe_images_gather(t->images, t->tasks, n, row,
                         bw_dwe_pixels(t->images->shape),
                         bw_engine_input(l->encoder.engine));
    return bw_engine_forward(l->encoder.engine, mode, n, l->encoder.values,
                             step);
}

static const float *decode(bw_dwe_learner *l, bw_mode mode, size_t n,
                           const float *z, uint64_t step)
{
    memcpy(bw_engine_input(l->decoder.engine), z,
           n * l->t->dwe->latent * sizeof *z);
    return bw_engine_forward(l->decoder.engine, mode, n, l->decoder.values,
                             step);
}

/* The terms of n images, of which two make an example, and their gradients. */
static void image_terms(bw_dwe_learner *l, size_t n, const float *v,
                        float *opt_dv, double *terms)
{
    const bw_dwe *dwe = l->t->dwe;
    size_t size = bw_shape_n(dwe->image);

    terms[RECONSTRUCTION] = 2 * bw_loss_kl(l->t->tasks, n, size, v, l->image,
                                           2 * dwe->reconstruction, opt_dv);
    terms[SPARSITY] = 2 * bw_loss_sparsity(l->t->tasks, n, size, v,
                                           2 * dwe->sparsity, opt_dv);
}

static bw_status embedding_step(void *self, const uint32_t *example, size_t n,
                                const bw_step *at, double *terms, bw_error *err)
{
    bw_dwe_learner *l = self;
    size_t d = l->t->dwe->latent, size = bw_shape_n(l->t->dwe->image);
    figures f = {0};

    (void)err;
    set_batch(l, example, n);
    const float *z = encode(l, BW_MODE_TRAIN, 2 * n, l->row, at->step);
    const float *v = decode(l, BW_MODE_TRAIN, 2 * n, z, at->step);
    float *dz = bw_engine_output_gradient(l->encoder.engine);
    float *dv = bw_engine_output_gradient(l->decoder.engine);
    memset(dv, 0, 2 * n * size * sizeof *dv);
    distance_terms(n, d, z, l->target, dz, &f);
    set_terms(l, &f, terms);
    image_terms(l, 2 * n, v, dv, terms);
    if (!are_finite(l, terms))
        return BW_OK;
    clear_gradient(&l->encoder);
    clear_gradient(&l->decoder);
    const float *more = bw_engine_backward(
        l->decoder.engine, 2 * n, l->decoder.values, l->decoder.gradient);
    for (size_t k = 0; k < 2 * n * d; k++)
        dz[k] += more[k];
    bw_engine_backward(l->encoder.engine, 2 * n, l->encoder.values,
                       l->encoder.gradient);
    update(l, &l->encoder, at);
    update(l, &l->decoder, at);
    return BW_OK;
}

/* ---- the regressor ---- */

/* Predictions (n) for the pairs of row[]. */
static const float *regress(bw_dwe_learner *l, bw_mode mode, size_t n,
                            uint64_t step)
{
    const bw_dwe_training *t = l->t;
    bw_dwe_steps steps = bw_dwe_pixels(t->images->shape);
    float *input = bw_engine_input(l->regressor.engine);

    steps.item *= 2;
    steps.pixel *= 2;
    bw_dwe_images_gather(t->images, t->tasks, n, l->row, steps, input);
    bw_dwe_images_gather(t->images, t->tasks, n, l->row + n, steps,
                         input + t->images->shape.c);
    return bw_engine_forward(l->regressor.engine, mode, n, l->regressor.values,
                             step);
}

static bw_status regressor_step(void *self, const uint32_t *example, size_t n,
                                const bw_step *at, double *terms, bw_error *err)
{
    bw_dwe_learner *l = self;
    figures f = {0};

    (void)err;
    set_batch(l, example, n);
    const float *y = regress(l, BW_MODE_TRAIN, n, at->step);
    float *dy = bw_engine_output_gradient(l->regressor.engine);
    for (size_t k = 0; k < n; k++) {
        dy[k] = 2 * (y[k] - l->target[k]) / (float)n;
        add_figures(&f, (double)y[k], (double)l->target[k]);
    }
    set_terms(l, &f, terms);
    if (!are_finite(l, terms))
        return BW_OK;
    clear_gradient(&l->regressor);
    bw_engine_backward(l->regressor.engine, n, l->regressor.values,
                       l->regressor.gradient);
    update(l, &l->regressor, at);
    return BW_OK;
}

/* ---- validation ---- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Every image of the held pairs goes through both networks once. */
static void see_images(bw_dwe_learner *l, double *terms)
{
    size_t d = l->t->dwe->latent, n_max = 2 * l->t->batch;
    double sum[N_TERMS] = {0};

    for (size_t first = 0; first < l->n_seen; first += n_max) {
        size_t n = smaller(n_max, l->n_seen - first);
        const float *z = encode(l, BW_MODE_INFER, n, l->seen + first, 0);
        memcpy(l->seen_code + first * d, z, n * d * sizeof *z);
        image_terms(l, n, decode(l, BW_MODE_INFER, n, z, 0), NULL, terms);
        for (int k = RECONSTRUCTION; k < N_TERMS; k++)
            sum[k] += terms[k] * (double)n;
    }
    for (int k = RECONSTRUCTION; k < N_TERMS; k++)
        terms[k] = sum[k] / (double)l->n_seen;
}

static bw_status embedding_validate(void *self, double *terms, bw_error *err)
{
    bw_dwe_learner *l = self;
    const bw_dwe_pairs *pairs = l->t->pairs;
    size_t d = l->t->dwe->latent;
    figures f = {0};

    (void)err;
    see_images(l, terms);
    for (size_t k = 0; k < l->n_held; k++) {
        const uint32_t *pair = pairs->pair[l->held[k]];
        const float *a = l->seen_code + (size_t)l->place[pair[0]] * d;
        const float *b = l->seen_code + (size_t)l->place[pair[1]] * d;
        add_figures(&f, squared_gap(d, a, b),
                    l->t->dwe->label_scale * pairs->cost[l->held[k]]);
    }
    set_terms(l, &f, terms);
    return BW_OK;
}

static bw_status regressor_validate(void *self, double *terms, bw_error *err)
{
    bw_dwe_learner *l = self;
    figures f = {0};

    (void)err;
    for (size_t first = 0; first < l->n_held; first += l->t->batch) {
        size_t n = smaller(l->t->batch, l->n_held - first);
        set_pairs(l, l->held + first, n);
        const float *y = regress(l, BW_MODE_INFER, n, 0);
        for (size_t k = 0; k < n; k++)
            add_figures(&f, (double)y[k], (double)l->target[k]);
    }
    set_terms(l, &f, terms);
    return BW_OK;
}

/* ---- pictures ---- */

/* Up to N_SHOWN images, of held pairs where there are any: a row of them, below
 * it the row of their reconstructions, and so on. */
static bw_status show(void *self, const char *folder, uint64_t epoch,
                      bw_error *err)
{
    bw_dwe_learner *l = self;
    size_t size = bw_shape_n(l->t->dwe->image);
    size_t most = smaller(l->n_seen ? l->n_seen : l->t->images->n,
                          smaller(N_SHOWN, 2 * l->t->batch));
    size_t n = most < SHOWN_COLUMNS ? most : most - most % SHOWN_COLUMNS;
    size_t n_columns = smaller(n, SHOWN_COLUMNS);
    float *planes = malloc(2 * n * size * sizeof *planes);
    char *path = NULL;
    bw_status status = BW_OK;

    if (asprintf(&path, "%s/epoch-%04llu.png", folder,
                 (unsigned long long)epoch) < 0)
        path = NULL;
    if (!planes || !path) {
        status = bw_error_memory(err);
        goto done;
    }
    for (size_t k = 0; k < n; k++)
        l->row[k] = l->n_seen ? l->seen[k] : (uint32_t)k;
    const float *z = encode(l, BW_MODE_INFER, n, l->row, 0);
    const float *v = decode(l, BW_MODE_INFER, n, z, 0);
    for (size_t k = 0; k < n; k++) {
        size_t at = k + k / n_columns * n_columns;
        memcpy(planes + at * size, l->image + k * size, size * sizeof *planes);
        memcpy(planes + (at + n_columns) * size, v + k * size,
               size * sizeof *planes);
    }
    status = bw_dwe_picture_write(path, l->t->dwe->image, 2 * n, planes,
                                  n_columns, err);
done:
    free(planes);
    free(path);
    return status;
}

static void touch(void *self)
{
    bw_dwe_learner *l = self;
    unit *units[N_PARTS] = {&l->encoder, &l->decoder, &l->regressor};

    for (int k = 0; k < N_PARTS; k++)
        if (units[k]->engine)
            bw_engine_touch(units[k]->engine);
}

/* ---- making it ---- */

void bw_dwe_learner_destroy(bw_dwe_learner *l)
{
    if (!l)
        return;
    unit *units[N_PARTS] = {&l->encoder, &l->decoder, &l->regressor};
    for (int k = 0; k < N_PARTS; k++) {
        bw_engine_destroy(units[k]->engine);
        free(units[k]->gradient);
        free(units[k]->moments);
    }
    free(l->train);
    free(l->held);
    free(l->chosen);
    free(l->row);
    free(l->target);
    free(l->image);
    free(l->seen);
    free(l->place);
    free(l->seen_code);
    free(l);
}

const bw_learner *bw_dwe_learner_get(const bw_dwe_learner *learner)
{
    return &learner->learner;
}

static bw_status make_unit(bw_dwe_learner *l, unit *u,
                           const bw_model_part *part, bool input_gradient,
                           bw_error *err)
{
    const bw_dwe_training *t = l->t;
    bw_engine_options options = {.n_max = 2 * t->batch,
                                 .is_training = true,
                                 .input_gradient = input_gradient,
                                 .seed = t->seed};

    if (!part)
        return BW_OK;
    if (part == t->dwe->regressor)
        options.n_max = t->batch;
    options.stream = (uint64_t)(part - t->dwe->model->part);
    u->part = part;
    u->values = t->dwe->model->values + part->offset;
    u->n_trained = bw_network_n_trained(part->network);
    u->n_moments = bw_optimizer_n_moments(&t->optimizer);
    u->gradient = calloc(u->n_trained + 1, sizeof *u->gradient);
    u->moments = calloc(u->n_trained + 1,
                        (u->n_moments ? u->n_moments : 1) * sizeof *u->moments);
    if (!u->gradient || !u->moments)
        return bw_error_memory(err);
    if (u->n_moments > 0 && u->n_trained > 0) {
        snprintf(u->block_name, sizeof u->block_name, "moments.%s", part->name);
        l->block[l->learner.n_blocks++] = (bw_state_block){
            u->block_name, u->moments, u->n_moments * u->n_trained};
    }
    return bw_engine_create(part->network, &options, t->tasks, &u->engine, err);
}

/* Which pairs are held out: the first of a random order. */
static bw_status split(bw_dwe_learner *l, bw_error *err)
{
    const bw_dwe_training *t = l->t;
    size_t n = t->pairs->n;
    double n_held =
        t->validation < 1 ? rint(t->validation * (double)n) : t->validation;
    size_t *order;
    bw_random random;

    if (!(n_held < (double)n))
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: of %zu pairs none is left to train on when "
                            "%.0f are held out",
                            t->pairs->path, n, n_held);
    l->n_held = (size_t)n_held;
    l->n_train = n - l->n_held;
    l->train = malloc((l->n_train + 1) * sizeof *l->train);
    l->held = malloc((l->n_held + 1) * sizeof *l->held);
    order = malloc(n * sizeof *order);
    if (!l->train || !l->held || !order) {
        free(order);
        return bw_error_memory(err);
    }
    for (size_t k = 0; k < n; k++)
        order[k] = k;
    bw_random_init(&random, t->seed, BW_RANDOM_SPLIT, 0);
    bw_random_shuffle(&random, n, order);
    for (size_t k = 0; k < l->n_held; k++)
        l->held[k] = (uint32_t)order[k];
    for (size_t k = 0; k < l->n_train; k++)
        l->train[k] = (uint32_t)order[l->n_held + k];
    free(order);
    return BW_OK;
}

/* Numbers the images of the held pairs. */
static bw_status find_seen(bw_dwe_learner *l, bw_error *err)
{
    size_t n = l->t->images->n, d = l->t->dwe->latent;

    l->place = malloc((n + 1) * sizeof *l->place);
    l->seen = malloc((n + 1) * sizeof *l->seen);
    if (!l->place || !l->seen)
        return bw_error_memory(err);
    for (size_t k = 0; k < n; k++)
        l->place[k] = UINT32_MAX;
    for (size_t k = 0; k < 2 * l->n_held; k++) {
        uint32_t image = l->t->pairs->pair[l->held[k / 2]][k % 2];
        if (l->place[image] != UINT32_MAX)
            continue;
        l->place[image] = (uint32_t)l->n_seen;
        l->seen[l->n_seen++] = image;
    }
    l->seen_code = malloc((l->n_seen * d + 1) * sizeof *l->seen_code);
    return l->seen_code ? BW_OK : bw_error_memory(err);
}

static bw_status make_buffers(bw_dwe_learner *l, bw_error *err)
{
    size_t n = 2 * l->t->batch, size = bw_shape_n(l->t->dwe->image);

    l->chosen = calloc(n, sizeof *l->chosen);
    l->row = calloc(n, sizeof *l->row);
    l->target = calloc(n, sizeof *l->target);
    l->image = calloc(n, size * sizeof *l->image);
    if (!l->chosen || !l->row || !l->target || !l->image)
        return bw_error_memory(err);
    return BW_OK;
}

static void describe(bw_dwe_learner *l)
{
    const bw_dwe *dwe = l->t->dwe;
    bool is_embedding = dwe->encoder != NULL;

    l->term[DISTANCE] = (bw_term){"distance", 1};
    l->term[MSE] = (bw_term){"mse", 0};
    l->term[RELATIVE] = (bw_term){"relative_mse", 0};
    l->term[RECONSTRUCTION] = (bw_term){"reconstruction", dwe->reconstruction};
    l->term[SPARSITY] = (bw_term){"sparsity", dwe->sparsity};
    l->learner.self = l;
    l->learner.model = dwe->model;
    l->learner.unit = "pairs";
    l->learner.n_examples = l->n_train;
    l->learner.term = l->term;
    l->learner.n_terms = is_embedding ? N_TERMS : RECONSTRUCTION;
    l->learner.block = l->block;
    l->learner.step = is_embedding ? embedding_step : regressor_step;
    if (l->n_held > 0)
        l->learner.validate =
            is_embedding ? embedding_validate : regressor_validate;
    l->learner.pictures = is_embedding ? show : NULL;
    l->learner.loaded = touch;
}

bw_status bw_dwe_learner_create(const bw_dwe_training *training,
                                bw_dwe_learner **ret_learner, bw_error *err)
{
    const bw_dwe *dwe = training->dwe;
    *ret_learner = NULL;
    bw_status status = bw_gemm_init(err);
    if (status)
        return status;
    bw_dwe_learner *l = calloc(1, sizeof *l);
    if (!l)
        return bw_error_memory(err);
    l->t = training;
    status = split(l, err);
    if (!status)
        status = find_seen(l, err);
    if (!status)
        status = make_buffers(l, err);
    if (!status)
        status = make_unit(l, &l->encoder, dwe->encoder, false, err);
    if (!status)
        status = make_unit(l, &l->decoder, dwe->decoder, true, err);
    if (!status)
        status = make_unit(l, &l->regressor, dwe->regressor, false, err);
    if (status) {
        bw_dwe_learner_destroy(l);
        return status;
    }
    describe(l);
    *ret_learner = l;
    return BW_OK;
}

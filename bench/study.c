/* study.c - learners of the presets, on images that look like noise. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study.h"
#include "timing.h"

static const uint64_t seed = 1;
static const double rate = 1e-4;

static const struct {
    const char *name, *preset;
    bw_shape image;
    size_t latent, batch; /* dwe: pairs */
    double width;
} rows[] = {
    {"dwe", "dwe-mnist", {28, 28, 1, false}, 50, 32, 1},
    {"wae-mnist", "wae-mnist", {28, 28, 1, false}, 8, 100, 1},
    {"wae-mnist-4", "wae-mnist", {28, 28, 1, false}, 8, 100, 0.25},
    {"wae-celeba-4", "wae-celeba", {64, 64, 3, false}, 64, 100, 0.25},
    {"wae-celeba", "wae-celeba", {64, 64, 3, false}, 64, 100, 1},
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

const char *study_name(size_t k)
{
    return k < N_ROWS ? rows[k].name : NULL;
}

/* ---- first parameters ---- */

/* Weights spread as Glorot's. */
static void set_weight(const bw_parameter *p, float *w)
{
    double fans =
        (double)p->n / (double)p->shape[0] + (double)p->n / (double)p->shape[1];
    double spread = sqrt(6 / fans);

    for (size_t k = 0; k < p->n; k++)
        w[k] = (float)(spread * (2 * scattered(k) - 1));
}

static void set_values(bw_model *model)
{
    for (size_t i = 0; i < model->n_parts; i++) {
        const bw_model_part *part = &model->part[i];

        for (size_t k = 0; k < bw_network_n_parameters(part->network); k++) {
            const bw_parameter *p = bw_network_parameter(part->network, k);

            if (p->role == BW_ROLE_WEIGHT)
                set_weight(p, model->values + part->offset + p->offset);
        }
    }
}

/* ---- embeddings ---- */

/* Masses of 2 n images, the second half the first one's partners at cost 1. */
static void make_pairs(study *s)
{
    size_t n = s->batch, m = bw_shape_n(s->image);
    float *x = scatter(2 * n * m);

    s->masses = (bw_dwe_images){.n = 2 * n, .shape = s->image, .values = x};
    s->pairs = (bw_dwe_pairs){.n = n,
                              .pair = need(calloc(n, sizeof *s->pairs.pair)),
                              .cost = need(calloc(n, sizeof *s->pairs.cost)),
                              .problem = {.ground = "l2", .p = 2}};
    for (size_t i = 0; i < 2 * n; i++) {
        double sum = 0;

        for (size_t k = 0; k < m; k++)
            sum += (double)x[i * m + k];
        for (size_t k = 0; k < m; k++)
            x[i * m + k] = (float)((double)x[i * m + k] / sum);
        s->pairs.pair[i % n][i / n] = (uint32_t)i;
        s->pairs.cost[i % n] = 1;
    }
}

static void start_dwe(study *s, size_t row, bw_tasks *tasks)
{
    bw_error err = BW_ERROR_INIT;
    bw_dwe_design design = {.preset = rows[row].preset,
                            .width = rows[row].width,
                            .latent = s->latent,
                            .images = &s->masses,
                            .pairs = &s->pairs,
                            .label_scale = 1,
                            .input_scale = 1,
                            .reconstruction = 10,
                            .sparsity = 1e-3};

    make_pairs(s);
    must(bw_dwe_create(&design, &s->dwe, &err), &err);
    s->model = s->dwe->model;
    s->dwe_training =
        (bw_dwe_training){.dwe = s->dwe,
                          .images = &s->masses,
                          .pairs = &s->pairs,
                          .batch = s->batch,
                          .optimizer = bw_optimizer_default(BW_OPTIMIZER_ADAM),
                          .rate = rate,
                          .seed = seed,
                          .tasks = tasks};
    must(bw_dwe_learner_create(&s->dwe_training, &s->dwe_learner, &err), &err);
    s->learner = bw_dwe_learner_get(s->dwe_learner);
}

/* ---- auto-encoders ---- */

static void start_wae(study *s, size_t row, bw_wae_penalty penalty,
                      bw_tasks *tasks)
{
    bw_optimizer adam = bw_optimizer_default(BW_OPTIMIZER_ADAM);
    bw_error err = BW_ERROR_INIT;
    bw_wae_values values;
    bw_wae_design design = {.preset = rows[row].preset,
                            .width = rows[row].width,
                            .latent = s->latent,
                            .is_gaussian = penalty == BW_WAE_KL,
                            .items = &s->items,
                            .range = -1,
                            .prior = {BW_PRIOR_NORMAL, s->latent, 1}};

    s->items = (bw_items){.n = s->batch,
                          .shape = s->image,
                          .values = scatter(s->batch * bw_shape_n(s->image))};
    must(bw_wae_preset(rows[row].preset, penalty, &values, &err), &err);
    design.loss = (bw_wae_loss){.scale = bw_wae_scale(BW_WAE_L2SQ),
                                .penalty = penalty,
                                .lambda = values.lambda,
                                .has_log_prior = penalty == BW_WAE_GAN &&
                                                 values.has_log_prior};
    must(bw_wae_create(&design, &s->wae, &err), &err);
    s->model = s->wae->model;
    s->wae_training = (bw_wae_training){.wae = s->wae,
                                        .items = &s->items,
                                        .batch = s->batch,
                                        .optimizer = adam,
                                        .rate = rate,
                                        .adversary_optimizer = adam,
                                        .adversary_rate = rate,
                                        .seed = seed,
                                        .tasks = tasks};
    must(bw_wae_learner_create(&s->wae_training, &s->wae_learner, &err), &err);
    s->learner = bw_wae_learner_get(s->wae_learner);
}

/* The number of a word among "a|b|c", or how many there are. */
static size_t place_of(const char *word, const char *names)
{
    size_t k = 0, n = strlen(word);

    for (; *names; k++, names += *names == '|') {
        size_t length = strcspn(names, "|");

        if (length == n && strncmp(names, word, n) == 0)
            return k;
        names += length;
    }
    return k;
}

/* ---- any ---- */

static double work_of(const study *s)
{
    const bw_network *encoder = bw_model_find(s->model, "encoder")->network;
    const bw_network *decoder = bw_model_find(s->model, "decoder")->network;
    const bw_parameter *first = bw_network_parameter(encoder, 0);
    size_t n_layer = (size_t)strtoul(first->name, NULL, 10);
    bw_shape out = bw_network_shape(encoder, n_layer);
    double forward = bw_network_work(encoder) + bw_network_work(decoder);
    double spared = (double)first->n * (double)(out.h * out.w);
    size_t n = s->dwe ? 2 * s->batch : s->batch;

    return 2 * (double)n * (3 * forward - spared);
}

bool study_start(const char *name, bw_tasks *tasks, study *s)
{
    size_t length = strcspn(name, ":"), row = 0, penalty = BW_WAE_MMD;
    bool is_dwe;

    while (row < N_ROWS && (strlen(rows[row].name) != length ||
                            strncmp(rows[row].name, name, length) != 0))
        row++;
    if (name[length] == ':')
        penalty = place_of(name + length + 1, bw_wae_penalty_names);
    is_dwe = row < N_ROWS && strcmp(rows[row].name, "dwe") == 0;
    if (row == N_ROWS || penalty > BW_WAE_NONE || (is_dwe && name[length]))
        return false;
    *s = (study){.batch = rows[row].batch,
                 .image = rows[row].image,
                 .latent = rows[row].latent};
    snprintf(s->name, sizeof s->name, "%s", name);
    if (is_dwe)
        start_dwe(s, row, tasks);
    else
        start_wae(s, row, (bw_wae_penalty)penalty, tasks);
    set_values(s->model);
    s->learner->loaded(s->learner->self);
    s->work = work_of(s);
    s->example = need(calloc(s->batch, sizeof *s->example));
    for (size_t k = 0; k < s->batch; k++)
        s->example[k] = (uint32_t)k;
    return true;
}

void study_end(study *s)
{
    bw_dwe_learner_destroy(s->dwe_learner);
    bw_wae_learner_destroy(s->wae_learner);
    bw_dwe_destroy(s->dwe);
    bw_wae_destroy(s->wae);
    bw_dwe_images_clear(&s->masses);
    bw_dwe_pairs_clear(&s->pairs);
    bw_items_clear(&s->items);
    free(s->example);
}

double study_step(study *s)
{
    const bw_learner *learner = s->learner;
    bw_step at = {.step = ++s->step, .rate_factor = 1};
    bw_error err = BW_ERROR_INIT;
    double term[BW_MAX_TERMS], loss = 0;

    must(learner->step(learner->self, s->example, s->batch, &at, term, &err),
         &err);
    for (size_t k = 0; k < learner->n_terms; k++)
        if (learner->term[k].weight > 0)
            loss += learner->term[k].weight * term[k];
    return loss;
}

double study_sum(const study *s)
{
    double sum = 0;

    for (size_t i = 0; i < s->model->n_parts; i++) {
        const bw_model_part *part = &s->model->part[i];
        const float *w = s->model->values + part->offset;

        for (size_t k = 0; k < bw_network_n_trained(part->network); k++)
            sum += (double)w[k] * (double)(k % 97 + 1);
    }
    return sum;
}

void study_print(const study *s, FILE *out)
{
    char shape[64];

    bw_shape_text(s->image, shape);
    fprintf(out, "kind=%s image=%s latent=%zu batch=%zu rate=%g seed=%d",
            s->model->kind, shape, s->latent, s->batch, rate, (int)seed);
    if (s->wae) {
        const bw_wae_loss *loss = &s->wae->loss;
        const char *penalty = strchr(s->name, ':');

        fprintf(out, " penalty=%s weight=%.17g log_prior=%d",
                penalty ? penalty + 1 : "mmd", loss->lambda,
                loss->has_log_prior);
    }
    fputc('\n', out);
    for (size_t i = 0; i < s->model->n_parts; i++)
        fprintf(out, "%s\n%send\n", s->model->part[i].name,
                bw_network_text(s->model->part[i].network));
}

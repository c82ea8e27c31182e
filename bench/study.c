/* study.c - learners of the presets, on images that look like noise. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "study.h"
#include "timing.h"

static const uint64_t seed = 1;
static const double rate_of_autoencoders = 1e-4;
/* Greater than the paper's 0.01: after a step that clips, the second loss is
 * no rounding. */
static const double clip = 0.05;

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
    {"wgan-gp-mnist", "wgan-gp-mnist", {28, 28, 1, false}, 128, 50, 1},
    {"wgan-mlp", "wgan-mlp", {28, 28, 1, false}, 100, 64, 1},
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
                set_weight(p, bw_model_values(model, part) + p->offset);
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
                          .rate = s->rate,
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
                                        .rate = s->rate,
                                        .adversary_optimizer = adam,
                                        .adversary_rate = s->rate,
                                        .seed = seed,
                                        .tasks = tasks};
    must(bw_wae_learner_create(&s->wae_training, &s->wae_learner, &err), &err);
    s->learner = bw_wae_learner_get(s->wae_learner);
}

/* ---- adversarial networks ---- */

static void start_wgan(study *s, size_t row, bw_tasks *tasks)
{
    bw_error err = BW_ERROR_INIT;
    bw_wgan_values values;
    bw_wgan_design design = {.preset = rows[row].preset,
                             .width = rows[row].width,
                             .latent = s->latent,
                             .has_generator = true,
                             .items = &s->items,
                             .range = -1,
                             .noise = {BW_PRIOR_NORMAL, s->latent, 1}};

    s->items = (bw_items){.n = s->batch,
                          .shape = s->image,
                          .values = scatter(s->batch * bw_shape_n(s->image))};
    must(bw_wgan_preset(rows[row].preset, BW_WGAN_WASSERSTEIN, -1, &values,
                        &err),
         &err);
    if (values.lipschitz.kind == BW_LIPSCHITZ_CLIP)
        values.lipschitz.value = clip;
    design.lipschitz = values.lipschitz;
    must(bw_wgan_create(&design, &s->wgan, &err), &err);
    s->model = s->wgan->model;
    s->rate = values.rate;
    s->wgan_training =
        (bw_wgan_training){.wgan = s->wgan,
                           .items = &s->items,
                           .batch = s->batch,
                           .critic_steps = s->is_generator ? 2 : 1 << 30,
                           .optimizer = values.optimizer,
                           .critic_optimizer = values.optimizer,
                           .rate = s->rate,
                           .critic_rate = s->rate,
                           .seed = seed,
                           .tasks = tasks};
    must(bw_wgan_learner_create(&s->wgan_training, &s->wgan_learner, &err),
         &err);
    s->learner = bw_wgan_learner_get(s->wgan_learner);
}

/* ---- any ---- */

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

/* Multiply-adds of an item for the gradient of the network's input. */
static double first_of(const bw_network *network)
{
    const bw_parameter *first = bw_network_parameter(network, 0);
    size_t n_layer = (size_t)strtoul(first->name, NULL, 10);
    bw_shape out = bw_network_shape(network, n_layer);

    return (double)first->n * (first->is_conv ? (double)(out.h * out.w) : 1);
}

static double work_of_autoencoder(const study *s)
{
    const bw_network *encoder = bw_model_find(s->model, "encoder")->network;
    const bw_network *decoder = bw_model_find(s->model, "decoder")->network;
    double forward = bw_network_work(encoder) + bw_network_work(decoder);
    size_t n = s->dwe ? 2 * s->batch : s->batch;

    return 2 * (double)n * (3 * forward - first_of(encoder));
}

static double work_of_wgan(const study *s)
{
    const bw_network *generator = s->wgan->generator->network;
    const bw_network *critic = s->wgan->critic->network;
    double made = bw_network_work(generator), judged = bw_network_work(critic);
    bool is_gp = s->wgan->lipschitz.kind == BW_LIPSCHITZ_GP;
    double one = s->is_generator ? 3 * made - first_of(generator) + 2 * judged
                                 : made + (is_gp ? 4 : 0) * judged +
                                       2 * (3 * judged - first_of(critic));

    return 2 * (double)s->batch * one;
}

/* Starts the study of a row; what: the word behind the name, NULL for none. */
static bool start_row(study *s, size_t row, const char *what, bw_tasks *tasks)
{
    bool is_dwe = strncmp(rows[row].name, "dwe", 3) == 0;
    bool is_wgan = strncmp(rows[row].name, "wgan", 4) == 0;
    size_t penalty = BW_WAE_MMD;

    if (what && (is_dwe || is_wgan))
        s->is_generator = is_wgan && strcmp(what, "generator") == 0;
    else if (what)
        penalty = place_of(what, bw_wae_penalty_names);
    if (penalty > BW_WAE_NONE || (what && is_dwe) ||
        (what && is_wgan && !s->is_generator && strcmp(what, "critic") != 0))
        return false;
    if (is_dwe)
        start_dwe(s, row, tasks);
    else if (is_wgan)
        start_wgan(s, row, tasks);
    else
        start_wae(s, row, (bw_wae_penalty)penalty, tasks);
    s->work = is_wgan ? work_of_wgan(s) : work_of_autoencoder(s);
    return true;
}

bool study_start(const char *name, bw_tasks *tasks, study *s)
{
    size_t length = strcspn(name, ":"), row = 0;

    while (row < N_ROWS && (strlen(rows[row].name) != length ||
                            strncmp(rows[row].name, name, length) != 0))
        row++;
    if (row == N_ROWS)
        return false;
    *s = (study){.batch = rows[row].batch,
                 .rate = rate_of_autoencoders,
                 .image = rows[row].image,
                 .latent = rows[row].latent};
    snprintf(s->name, sizeof s->name, "%s", name);
    if (!start_row(s, row, name[length] ? name + length + 1 : NULL, tasks))
        return false;
    set_values(s->model);
    s->learner->loaded(s->learner->self);
    s->example = need(calloc(s->batch, sizeof *s->example));
    for (size_t k = 0; k < s->batch; k++)
        s->example[k] = (uint32_t)k;
    return true;
}

void study_end(study *s)
{
    bw_dwe_learner_destroy(s->dwe_learner);
    bw_wae_learner_destroy(s->wae_learner);
    bw_wgan_learner_destroy(s->wgan_learner);
    bw_dwe_destroy(s->dwe);
    bw_wae_destroy(s->wae);
    bw_wgan_destroy(s->wgan);
    bw_dwe_images_clear(&s->masses);
    bw_dwe_pairs_clear(&s->pairs);
    bw_items_clear(&s->items);
    free(s->example);
}

/* The generator's loss has the critic's last bias in it, whose gradient is
 * rounding, of which Adam makes whole steps. */
double study_step(study *s)
{
    const bw_learner *learner = s->learner;
    bw_step at = {.step = ++s->step, .rate_factor = 1};
    bw_error err = BW_ERROR_INIT;
    double term[BW_MAX_TERMS], loss = 0;

    must(learner->step(learner->self, s->example, s->batch, &at, term, &err),
         &err);
    for (size_t k = 0; k < learner->n_terms; k++)
        if (!s->is_generator)
            loss += learner->term[k].weight * term[k];
        else if (strcmp(learner->term[k].name, "norm_generator") == 0)
            loss = term[k];
    return loss;
}

double study_sum(const study *s)
{
    double sum = 0;

    for (size_t i = 0; i < s->model->n_parts; i++) {
        const bw_model_part *part = &s->model->part[i];
        const float *w = bw_model_values(s->model, part);

        for (size_t k = 0; k < bw_network_n_trained(part->network); k++)
            sum += (double)w[k] * (double)(k % 97 + 1);
    }
    return sum;
}

static void print_wgan(const study *s, FILE *out)
{
    const bw_optimizer *o = &s->wgan_training.optimizer;
    bool is_gp = s->wgan->lipschitz.kind == BW_LIPSCHITZ_GP;

    fprintf(out, " steps=%s lipschitz=%s value=%.17g",
            s->is_generator ? "generator" : "critic", is_gp ? "gp" : "clip",
            s->wgan->lipschitz.value);
    if (o->kind == BW_OPTIMIZER_ADAM)
        fprintf(out, " optimizer=adam beta1=%g beta2=%g", o->beta1, o->beta2);
    else
        fprintf(out, " optimizer=rmsprop decay=%g", o->decay);
}

void study_print(const study *s, FILE *out)
{
    char shape[64];

    bw_shape_text(s->image, shape);
    fprintf(out, "kind=%s image=%s latent=%zu batch=%zu rate=%g seed=%d",
            s->model->kind, shape, s->latent, s->batch, s->rate, (int)seed);
    if (s->wae) {
        const bw_wae_loss *loss = &s->wae->loss;
        const char *penalty = strchr(s->name, ':');

        fprintf(out, " penalty=%s weight=%.17g log_prior=%d",
                penalty ? penalty + 1 : "mmd", loss->lambda,
                loss->has_log_prior);
    }
    if (s->wgan)
        print_wgan(s, out);
    fputc('\n', out);
    for (size_t i = 0; i < s->model->n_parts; i++)
        fprintf(out, "%s\n%send\n", s->model->part[i].name,
                bw_network_text(s->model->part[i].network));
}

/* wgan_train.c - wgan train: from images or points to a generator and a critic.
 *
 *   options     the table
 *   values      what the preset gives where no option does
 *   sense       what would do nothing
 *   talk        what --verbose tells
 *   run         inputs, model, training
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/interrupt.h"
#include "tools/training.h"
#include "tools/wgan.h"

/* ---- options ---- */

#define BY_PRESET " (default: by the preset)"

/* What the options set; the initial values are the defaults. What the preset
 * gives, and what has no use without a generator, is not set. */
static bw_training t = {
    .preset = "wgan-gp-mnist",
    .width = 1,
    .latent = BW_OPTION_UNSET,
    .epochs = BW_OPTION_UNSET,
    .batch = BW_OPTION_UNSET,
    .rate = NAN,
    .optimizer = -1,
    .validation = 0.1,
    .log_every = 100,
    .keep_last = true,
};
static const char *against, *net_generator, *net_critic, *lipschitz_text;
static int range, init = -1, loss, prior = -1;
static double init_sd = NAN, prior_scale = NAN, critic_rate = NAN, beta1 = NAN,
              beta2 = NAN, decay = NAN, ema;
static uint64_t critic_steps = BW_OPTION_UNSET;
static bool is_one_sided, has_warm_up, is_exact;

static const bw_option options[] = {
    {.type = BW_OPTION_GROUP, .name = "Data"},
    BW_TRAINING_RANGE(range, "the generator's last layer"),
    BW_TRAINING_VALIDATION(t, "items"),
    {.type = BW_OPTION_TEXT,
     .name = "against",
     .meta = "FILE",
     .help = "train a critic alone, to tell the items from those of FILE",
     .value = &against},
    {.type = BW_OPTION_GROUP, .name = "Networks"},
    BW_TRAINING_PRESET(t, "the networks' texts, and values as the papers have "
                          "them"),
    BW_TRAINING_NETWORK("generator", net_generator),
    BW_TRAINING_NETWORK("critic", net_critic),
    BW_TRAINING_SIZES(t, "values of the noise" BY_PRESET),
    BW_TRAINING_INIT(init, BY_PRESET, init_sd,
                     " (default: by the preset; of another --init 0.01, of "
                     "dcgan 0.02)"),
    {.type = BW_OPTION_GROUP, .name = "Loss"},
    {.type = BW_OPTION_CHOICE,
     .name = "loss",
     .help = "the critic's difference, or the original game",
     .value = &loss,
     .choices = bw_wgan_loss_names},
    {.type = BW_OPTION_TEXT,
     .name = "lipschitz",
     .meta = "clip:C|gp:LAMBDA|spectral|none",
     .help = "what bounds the critic's slope (default: by the preset with "
             "wasserstein, else none); clip or gp alone: with the preset's "
             "number",
     .value = &lipschitz_text},
    {.type = BW_OPTION_FLAG,
     .name = "one-sided",
     .help = "gp: slopes below 1 cost nothing",
     .value = &is_one_sided},
    BW_TRAINING_PRIOR(prior, "the distribution of the noise (default: normal)",
                      prior_scale, " (default: 1)"),
    {.type = BW_OPTION_GROUP, .name = "Training"},
    BW_TRAINING_LENGTH(t, "items", "steps of the critic", BY_PRESET),
    {.type = BW_OPTION_SIZE,
     .name = "critic-steps",
     .meta = "N",
     .help = "steps of the critic for each of the generator's" BY_PRESET,
     .value = &critic_steps,
     .min = 1,
     .max = 1e9},
    {.type = BW_OPTION_FLAG,
     .name = "warm-up",
     .help = "100 of them for the generator's first 25 steps, and for every "
             "500th",
     .value = &has_warm_up},
    BW_TRAINING_RATE(t, BY_PRESET),
    {.type = BW_OPTION_REAL,
     .name = "critic-rate",
     .meta = "R",
     .help = "learning rate of the critic (default: as --rate)",
     .value = &critic_rate,
     .max = 1e6},
    BW_TRAINING_METHOD(t, BY_PRESET, BY_PRESET),
    BW_TRAINING_BETA1(beta1, BY_PRESET),
    {.type = BW_OPTION_REAL,
     .name = "beta2",
     .meta = "B",
     .help = "adam's decay of the second moment" BY_PRESET,
     .value = &beta2,
     .max = 0.999999},
    {.type = BW_OPTION_REAL,
     .name = "decay",
     .meta = "D",
     .help = "rmsprop's decay of the moment" BY_PRESET,
     .value = &decay,
     .max = 0.999999},
    {.type = BW_OPTION_REAL,
     .name = "ema",
     .meta = "A",
     .help = "the generator is the average of its steps' values, which keeps "
             "so much of itself each step; 0: the last values",
     .value = &ema,
     .max = 0.999999},
    BW_TRAINING_RECORDS(t, "samples of noise that never changes, every epoch"),
    {.type = BW_OPTION_FLAG,
     .name = "exact",
     .help = "the exact distance of each batch in the log, too",
     .value = &is_exact,
     .is_neutral = true},
    {.name = NULL},
};

static const bw_program program = {
    .name = "wgan train",
    .usage = "[options] IMAGES -o MODEL",
    .summary = "Train a generator of images against a critic of them.",
    .options = options,
    .common = &bw_wgan_common,
    .has_output = true,
    .has_threads = true,
    .has_seed = true,
};

/* ---- values ---- */

/* What options and preset make together. The variables of these options stay as
 * they are, so that it is known what was given. */
typedef struct choice {
    bw_lipschitz lipschitz;
    bw_optimizer optimizer;
    bw_init init;
    double init_sd;
} choice;

/* An optimiser of another kind than the preset's has its kind's defaults. */
static bw_optimizer choose_optimizer(const bw_optimizer *preset)
{
    bw_optimizer optimizer = *preset;

    if (t.optimizer >= 0 && t.optimizer != (int)preset->kind)
        optimizer = bw_optimizer_default((bw_optimizer_kind)t.optimizer);
    if (!isnan(beta1))
        optimizer.beta1 = beta1;
    if (!isnan(beta2))
        optimizer.beta2 = beta2;
    if (!isnan(decay))
        optimizer.decay = decay;
    return optimizer;
}

/* asked: what --lipschitz says, its number NaN where it has none. */
static bw_lipschitz choose_lipschitz(const bw_lipschitz *opt_asked,
                                     const bw_lipschitz *preset)
{
    bw_lipschitz lipschitz = opt_asked ? *opt_asked : *preset;

    if (isnan(lipschitz.value))
        lipschitz.value = preset->value;
    lipschitz.is_one_sided |= is_one_sided;
    return lipschitz;
}

static void choose(choice *c, const bw_lipschitz *opt_asked,
                   const bw_wgan_values *v)
{
    bool is_presets = init < 0 || init == (int)v->init;

    c->lipschitz = choose_lipschitz(opt_asked, &v->lipschitz);
    c->optimizer = choose_optimizer(&v->optimizer);
    c->init = init < 0 ? v->init : (bw_init)init;
    c->init_sd = init_sd;
    if (is_presets)
        bw_training_set_real(&c->init_sd, v->init_sd);
    bw_training_set_real(&c->init_sd, c->init == BW_INIT_DCGAN ? 0.02 : 0.01);
}

static bw_status fill_values(choice *c, bw_error *err)
{
    bw_lipschitz asked = {.kind = BW_LIPSCHITZ_NONE};
    bw_wgan_values v;
    bw_status status = BW_OK;

    if (lipschitz_text)
        status = bw_lipschitz_parse(lipschitz_text, &asked, err);
    if (status)
        return bw_error_prefix(err, "--lipschitz");
    status = bw_wgan_preset(t.preset, (bw_wgan_loss_kind)loss,
                            lipschitz_text ? (int)asked.kind : -1, &v, err);
    if (status)
        return bw_error_prefix(err, "--preset");
    choose(c, lipschitz_text ? &asked : NULL, &v);
    bw_training_set_count(&t.latent, v.latent);
    bw_training_set_count(&t.batch, v.batch);
    bw_training_set_count(&t.epochs, v.epochs);
    bw_training_set_count(&critic_steps, v.critic_steps);
    bw_training_set_real(&t.rate, v.rate);
    bw_training_set_real(&critic_rate, t.rate);
    bw_training_set_real(&prior_scale, 1);
    if (prior < 0)
        prior = BW_PRIOR_NORMAL;
    if (!t.schedule)
        t.schedule = v.schedule;
    return BW_OK;
}

/* ---- sense ---- */

/* What a critic alone has no use for; before values are filled in. */
static bw_status check_against(bw_error *err)
{
    const char *why = "with --against";
    const bw_training_idle idle[] = {
        {net_generator != NULL, "net-generator", why},
        {t.latent != BW_OPTION_UNSET, "latent", why},
        {prior >= 0, "prior", why},
        {!isnan(prior_scale), "prior-scale", why},
        {critic_steps != BW_OPTION_UNSET, "critic-steps", why},
        {has_warm_up, "warm-up", why},
        {ema > 0, "ema", why},
        {t.pictures != NULL, "pictures", why},
        {!isnan(t.rate) && !isnan(critic_rate), "rate",
         "with --against and --critic-rate"},
    };

    return against
               ? bw_training_check_idle(sizeof idle / sizeof *idle, idle, err)
               : BW_OK;
}

static bw_status check_choice(const choice *c, bw_error *err)
{
    bw_optimizer_kind kind = c->optimizer.kind;
    bool has_sd = c->init != BW_INIT_GLOROT && c->init != BW_INIT_HE;
    const bw_training_idle idle[] = {
        {is_one_sided && c->lipschitz.kind != BW_LIPSCHITZ_GP, "one-sided",
         "without --lipschitz gp"},
        {!isnan(beta1) && kind != BW_OPTIMIZER_ADAM, "beta1",
         "without --optimizer adam"},
        {!isnan(beta2) && kind != BW_OPTIMIZER_ADAM, "beta2",
         "without --optimizer adam"},
        {!isnan(decay) && kind != BW_OPTIMIZER_RMSPROP, "decay",
         "without --optimizer rmsprop"},
        {!isnan(init_sd) && !has_sd, "init-sd",
         "with an --init whose deviation follows from the layers' sizes"},
    };

    return bw_training_check_idle(sizeof idle / sizeof *idle, idle, err);
}

static bw_status check_options(const bw_parsed *parsed, choice *c,
                               bw_error *err)
{
    bw_status status =
        bw_job_need_operands(parsed, 1, "one file of images", err);

    if (!status)
        status = check_against(err);
    if (!status)
        status = fill_values(c, err);
    if (!status)
        status = check_choice(c, err);
    return status ? status : bw_training_check(&t, err);
}

/* ---- talk ---- */

static void tell_optimizer(const bw_optimizer *optimizer)
{
    if (optimizer->kind == BW_OPTIMIZER_ADAM)
        fprintf(stderr, "adam beta1 %g beta2 %g", optimizer->beta1,
                optimizer->beta2);
    else if (optimizer->kind == BW_OPTIMIZER_RMSPROP)
        fprintf(stderr, "rmsprop decay %g", optimizer->decay);
    else
        fputs("sgd", stderr);
}

static void tell_values(const choice *c)
{
    static const char *const inits[] = {"glorot", "he", "normal", "truncated",
                                        "dcgan"};
    char bound[40];

    bw_lipschitz_text(&c->lipschitz, bound);
    fprintf(stderr, "wgan: lipschitz %s, ", bound);
    if (!against)
        fprintf(stderr, "latent %" PRIu64 ", critic steps %" PRIu64 ", ",
                t.latent, critic_steps);
    fprintf(stderr, "batch %" PRIu64 ", epochs %" PRIu64 ", ", t.batch,
            t.epochs);
    if (!against)
        fprintf(stderr, "rate %g, ", t.rate);
    fprintf(stderr, "critic's %g, ", critic_rate);
    tell_optimizer(&c->optimizer);
    fprintf(stderr, ", init %s", inits[c->init]);
    if (c->init != BW_INIT_GLOROT && c->init != BW_INIT_HE)
        fprintf(stderr, " of deviation %g", c->init_sd);
    fprintf(stderr, ", schedule %s\n", t.schedule);
}

/* ---- run ---- */

typedef struct job {
    bw_training_job common;
    choice choice;
    bw_items items, against; /* the latter without a generator */
    bw_wgan *wgan;
} job;

static bw_status load(job *j, const char *path, bw_error *err)
{
    bw_status status = bw_items_load(path, &j->items, err);

    if (!status)
        status = bw_job_add_input(&j->common.job, &j->items.origin, err);
    if (!status && against)
        status = bw_items_load(against, &j->against, err);
    if (!status && against)
        status = bw_job_add_input(&j->common.job, &j->against.origin, err);
    return status;
}

static bw_status identify(job *j, const bw_parsed *parsed, bw_error *err)
{
    char inputs[80];
    int n = snprintf(inputs, sizeof inputs, "items=%016" PRIx64,
                     j->items.origin.digest);

    if (against)
        snprintf(inputs + n, sizeof inputs - (size_t)n, " against=%016" PRIx64,
                 j->against.origin.digest);
    return bw_training_identify(&j->common, parsed, inputs, err);
}

static bw_status make_model(job *j, bw_error *err)
{
    bw_wgan_design design = {
        .preset = t.preset,
        .generator = j->common.text[0],
        .generator_name = net_generator,
        .critic = j->common.text[1],
        .critic_name = net_critic,
        .width = t.width,
        .latent = (size_t)t.latent,
        .has_generator = !against,
        .items = &j->items,
        .range = range - 1,
        .loss = (bw_wgan_loss_kind)loss,
        .lipschitz = j->choice.lipschitz,
        .noise = {.kind = (bw_prior_kind)prior, .scale = prior_scale},
        .init = j->choice.init,
        .init_sd = j->choice.init_sd,
        .seed = bw_wgan_common.seed,
    };

    return bw_wgan_create(&design, &j->wgan, err);
}

static void tell_generator(const job *j)
{
    if (j->wgan->generator)
        fprintf(stderr, "wgan: the generator made %" PRIu64 " steps\n",
                bw_wgan_generator_steps(j->common.result.steps, critic_steps,
                                        has_warm_up));
}

static bw_status train(job *j, bw_error *err)
{
    bw_wgan_training training = {
        .wgan = j->wgan,
        .items = &j->items,
        .opt_against = against ? &j->against : NULL,
        .validation = t.validation,
        .batch = (size_t)t.batch,
        .critic_steps = critic_steps,
        .has_warm_up = has_warm_up,
        .optimizer = j->choice.optimizer,
        .critic_optimizer = j->choice.optimizer,
        .rate = t.rate,
        .critic_rate = critic_rate,
        .ema = ema,
        .exact = is_exact,
        .seed = bw_wgan_common.seed,
        .tasks = j->common.job.tasks,
        .comm = j->common.comm,
        .stopped = bw_interrupt_signal,
    };
    bw_wgan_learner *learner = NULL;
    bw_status status = bw_wgan_learner_create(&training, &learner, err);

    if (!status)
        status = bw_training_run(&j->common, bw_wgan_learner_get(learner), err);
    if (!status)
        bw_wgan_learner_finish(learner);
    if (!status && bw_wgan_common.is_verbose)
        tell_generator(j);
    bw_wgan_learner_destroy(learner);
    return status;
}

static bw_status work(job *j, const bw_parsed *parsed, bw_error *err)
{
    const char *const path[] = {net_generator, net_critic};
    bw_status status = load(j, parsed->operand[0], err);

    if (!status)
        status = bw_training_texts(&j->common, sizeof path / sizeof *path, path,
                                   err);
    if (!status)
        status = identify(j, parsed, err);
    if (!status)
        status = make_model(j, err);
    if (!status && bw_wgan_common.is_verbose) {
        tell_values(&j->choice);
        bw_training_tell(&j->common, j->wgan->model);
    }
    /* First: a place that cannot be written fails before the work. */
    if (!status)
        status = bw_job_write(&j->common.job, err);
    if (!status)
        status = train(j, err);
    return status ? status : bw_training_write(&j->common, j->wgan->model, err);
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    job j = {.wgan = NULL};
    bw_status status = bw_training_begin(&j.common, self, err);

    if (!status)
        status = check_options(parsed, &j.choice, err);
    if (!status)
        status = bw_training_open(&j.common, &t, parsed, err);
    if (!status)
        status = work(&j, parsed, err);
    status = bw_training_end(&j.common, status, err);
    bw_wgan_destroy(j.wgan);
    bw_items_clear(&j.items);
    bw_items_clear(&j.against);
    bw_training_close(&j.common);
    return status;
}

const bw_verb bw_verb_wgan_train = {&program, run};

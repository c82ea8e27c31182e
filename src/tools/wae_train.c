/* wae_train.c - wae train: from images or points to a model.
 *
 *   options     the table
 *   sense       what cannot be asked for together
 *   values      what the preset gives where no option does
 *   run         inputs, model, training
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/interrupt.h"
#include "tools/training.h"
#include "tools/wae.h"

/* ---- options ---- */

/* The choices of --log-prior. */
enum { AUTO, ON, OFF };

#define BY_PRESET " (default: by the preset)"

/* What the options set; the initial values are the defaults. What the preset,
 * the penalty or the cost gives is not set. */
static bw_training t = {
    .preset = "wae-mnist",
    .width = 1,
    .latent = BW_OPTION_UNSET,
    .epochs = BW_OPTION_UNSET,
    .batch = BW_OPTION_UNSET,
    .rate = NAN,
    .optimizer = BW_OPTIMIZER_ADAM,
    .validation = 0.1,
    .log_every = 100,
    .keep_last = true,
};
static const char *net_encoder, *net_decoder, *net_adversary;
static int range, encoder = -1, prior, init = BW_INIT_TRUNCATED, cost, penalty,
                  kernel = -1, statistic = -1, log_prior = AUTO;
static double prior_scale = 1, init_sd = NAN, cost_scale = NAN, lambda = NAN,
              adversary_rate = NAN, beta1 = NAN;
static uint64_t moments = 200, moments_sample = BW_OPTION_UNSET;

static const bw_option options[] = {
    {.type = BW_OPTION_GROUP, .name = "Data"},
    BW_TRAINING_RANGE(range, "the decoder's last layer"),
    BW_TRAINING_VALIDATION(t, "items"),
    {.type = BW_OPTION_GROUP, .name = "Networks"},
    BW_TRAINING_PRESET(t, "the networks' texts, and values as the papers have "
                          "them"),
    BW_TRAINING_NETWORK("encoder", net_encoder),
    BW_TRAINING_NETWORK("decoder", net_decoder),
    BW_TRAINING_NETWORK("adversary", net_adversary),
    BW_TRAINING_SIZES(t, "values of a code" BY_PRESET),
    {.type = BW_OPTION_CHOICE,
     .name = "encoder",
     .help = "a code, or means and variances from which it is drawn (default: "
             "gaussian with --penalty kl, else deterministic)",
     .value = &encoder,
     .choices = "deterministic|gaussian"},
    BW_TRAINING_INIT(init, "", init_sd, " (default: 0.01, of dcgan 0.02)"),
    {.type = BW_OPTION_GROUP, .name = "Loss"},
    {.type = BW_OPTION_CHOICE,
     .name = "cost",
     .help = "of an item's reconstruction",
     .value = &cost,
     .choices = bw_wae_cost_names},
    {.type = BW_OPTION_REAL,
     .name = "cost-scale",
     .meta = "S",
     .help = "weight of the cost (default: l2sq 0.05, l2 0.2, l1 0.02)",
     .value = &cost_scale,
     .min = 1e-12,
     .max = 1e12},
    {.type = BW_OPTION_CHOICE,
     .name = "penalty",
     .help = "what draws the codes to the prior",
     .value = &penalty,
     .choices = bw_wae_penalty_names},
    {.type = BW_OPTION_REAL,
     .name = "lambda",
     .meta = "L",
     .help = "weight of the penalty (default: by the preset; of kl the cost's "
             "scale)",
     .value = &lambda,
     .max = 1e12},
    BW_TRAINING_PRIOR(prior, "the distribution that codes are to have",
                      prior_scale, ""),
    {.type = BW_OPTION_CHOICE,
     .name = "kernel",
     .help = "of mmd (default: imq)",
     .value = &kernel,
     .choices = bw_wae_kernel_names},
    {.type = BW_OPTION_CHOICE,
     .name = "statistic",
     .help = "of mmd: without bias, or never negative (default: u)",
     .value = &statistic,
     .choices = "u|v"},
    {.type = BW_OPTION_CHOICE,
     .name = "log-prior",
     .help = "add the prior's log-density to gan's logit; auto: by the preset",
     .value = &log_prior,
     .choices = "auto|on|off"},
    {.type = BW_OPTION_GROUP, .name = "Training"},
    BW_TRAINING_LENGTH(t, "items", "steps", BY_PRESET),
    BW_TRAINING_RATE(t, BY_PRESET),
    {.type = BW_OPTION_REAL,
     .name = "adversary-rate",
     .meta = "R",
     .help = "learning rate of gan's adversary" BY_PRESET,
     .value = &adversary_rate,
     .max = 1e6},
    BW_TRAINING_METHOD(t, BY_PRESET, ""),
    BW_TRAINING_BETA1(beta1, BY_PRESET),
    {.type = BW_OPTION_SIZE,
     .name = "moments",
     .meta = "N",
     .help = "first fit the codes' mean and covariance to the prior's, in at "
             "most N steps",
     .value = &moments,
     .max = 1e9},
    {.type = BW_OPTION_SIZE,
     .name = "moments-sample",
     .meta = "N",
     .help = "items of such a step" BY_PRESET,
     .value = &moments_sample,
     .min = 2,
     .max = 1 << 20},
    BW_TRAINING_RECORDS(t, "a panel of reconstructions, samples, codes and "
                           "losses every epoch"),
    {.name = NULL},
};

static const bw_program program = {
    .name = "wae train",
    .usage = "[options] IMAGES -o MODEL",
    .summary = "Train an auto-encoder whose codes have a prior's distribution.",
    .options = options,
    .common = &bw_wae_common,
    .has_output = true,
    .has_threads = true,
    .has_seed = true,
};

/* ---- sense ---- */

/* Options that would silently do nothing. */
static bw_status check_use(bw_error *err)
{
    bool is_mmd = penalty == BW_WAE_MMD, is_gan = penalty == BW_WAE_GAN;
    bool has_sd = init != BW_INIT_GLOROT && init != BW_INIT_HE;
    const bw_training_idle idle[] = {
        {kernel >= 0 && !is_mmd, "kernel", "without --penalty mmd"},
        {statistic >= 0 && !is_mmd, "statistic", "without --penalty mmd"},
        {net_adversary && !is_gan, "net-adversary", "without --penalty gan"},
        {!isnan(adversary_rate) && !is_gan, "adversary-rate",
         "without --penalty gan"},
        {log_prior != AUTO && !is_gan, "log-prior", "without --penalty gan"},
        {!isnan(lambda) && penalty == BW_WAE_NONE, "lambda",
         "with --penalty none"},
        {!isnan(beta1) && t.optimizer != BW_OPTIMIZER_ADAM, "beta1",
         "without --optimizer adam"},
        {!isnan(init_sd) && !has_sd, "init-sd",
         "with an --init whose deviation follows from the layers' sizes"},
        {moments_sample != BW_OPTION_UNSET && moments == 0, "moments-sample",
         "with --moments 0"},
    };

    return bw_training_check_idle(sizeof idle / sizeof *idle, idle, err);
}

static bw_status check_options(const bw_parsed *parsed, bw_error *err)
{
    bool is_kl = penalty == BW_WAE_KL, is_normal = prior == BW_PRIOR_NORMAL;
    bw_status status =
        bw_job_need_operands(parsed, 1, "one file of images", err);

    if (!status)
        status = check_use(err);
    if (status)
        return status;
    if (is_kl && encoder == 0)
        return bw_error_set(err, BW_ERR_USAGE,
                            "--penalty kl needs --encoder gaussian");
    if (is_kl && !is_normal)
        return bw_error_set(err, BW_ERR_USAGE,
                            "--penalty kl needs --prior normal");
    if (log_prior == ON && !is_normal)
        return bw_error_set(err, BW_ERR_USAGE,
                            "--log-prior on needs --prior normal");
    return bw_training_check(&t, err);
}

/* ---- values ---- */

/* The cost's scale is that of the variational loss as a whole, so that its two
 * terms keep the ratio 1 of a log-likelihood and the divergence. */
static bw_status fill_values(bw_error *err)
{
    bw_wae_values v;
    bw_status status =
        bw_wae_preset(t.preset, (bw_wae_penalty)penalty, &v, err);

    if (status)
        return bw_error_prefix(err, "--preset");
    bw_training_set_count(&t.latent, v.latent);
    bw_training_set_count(&t.batch, v.batch);
    bw_training_set_count(&t.epochs, v.epochs);
    bw_training_set_count(&moments_sample, v.moments_sample);
    bw_training_set_real(&t.rate, v.rate);
    bw_training_set_real(&adversary_rate, v.adversary_rate);
    bw_training_set_real(&beta1, v.beta1);
    bw_training_set_real(&cost_scale, bw_wae_scale((bw_wae_cost)cost));
    bw_training_set_real(&lambda, penalty == BW_WAE_KL ? cost_scale : v.lambda);
    bw_training_set_real(&init_sd, init == BW_INIT_DCGAN ? 0.02 : 0.01);
    if (!t.schedule)
        t.schedule = v.schedule;
    if (log_prior == AUTO)
        log_prior = v.has_log_prior && prior == BW_PRIOR_NORMAL ? ON : OFF;
    if (encoder < 0)
        encoder = penalty == BW_WAE_KL;
    return BW_OK;
}

static void tell_values(void)
{
    fprintf(stderr,
            "wae: latent %" PRIu64 ", cost scale %g, lambda %g, batch %" PRIu64
            ", epochs %" PRIu64 ", rate %g, ",
            t.latent, cost_scale, lambda, t.batch, t.epochs, t.rate);
    if (penalty == BW_WAE_GAN)
        fprintf(stderr, "adversary's %g, log-prior %s, ", adversary_rate,
                log_prior == ON ? "on" : "off");
    if (t.optimizer == BW_OPTIMIZER_ADAM)
        fprintf(stderr, "beta1 %g, ", beta1);
    if (moments > 0)
        fprintf(stderr, "moments of %" PRIu64 " items, ", moments_sample);
    fprintf(stderr, "schedule %s\n", t.schedule);
}

/* ---- run ---- */

typedef struct job {
    bw_training_job common;
    bw_items items;
    bw_wae *wae;
} job;

static bw_status load(job *j, const char *path, bw_error *err)
{
    bw_status status = bw_items_load(path, &j->items, err);

    return status ? status
                  : bw_job_add_input(&j->common.job, &j->items.origin, err);
}

static bw_status make_model(job *j, bw_error *err)
{
    bw_wae_design design = {
        .preset = t.preset,
        .encoder = j->common.text[0],
        .encoder_name = net_encoder,
        .decoder = j->common.text[1],
        .decoder_name = net_decoder,
        .adversary = j->common.text[2],
        .adversary_name = net_adversary,
        .width = t.width,
        .latent = (size_t)t.latent,
        .is_gaussian = encoder == 1,
        .items = &j->items,
        .range = range - 1,
        .loss = {.cost = (bw_wae_cost)cost,
                 .scale = cost_scale,
                 .penalty = (bw_wae_penalty)penalty,
                 .lambda = lambda,
                 .kernel = kernel > 0 ? BW_MMD_RBF : BW_MMD_IMQ,
                 .is_biased = statistic == 1,
                 .has_log_prior = log_prior == ON},
        .prior = {.kind = (bw_prior_kind)prior, .scale = prior_scale},
        .init = (bw_init)init,
        .init_sd = init_sd,
        .seed = bw_wae_common.seed,
    };

    return bw_wae_create(&design, &j->wae, err);
}

static bw_status train(job *j, bw_error *err)
{
    bw_optimizer optimizer =
        bw_optimizer_default((bw_optimizer_kind)t.optimizer);
    bw_wae_training training = {
        .wae = j->wae,
        .items = &j->items,
        .validation = t.validation,
        .batch = (size_t)t.batch,
        .rate = t.rate,
        .adversary_rate = adversary_rate,
        .moments_steps = moments,
        .moments_sample = (size_t)moments_sample,
        .seed = bw_wae_common.seed,
        .tasks = j->common.job.tasks,
        .comm = j->common.comm,
        .stopped = bw_interrupt_signal,
    };
    bw_wae_learner *learner = NULL;
    bw_status status;

    optimizer.beta1 = beta1;
    training.optimizer = training.adversary_optimizer = optimizer;
    status = bw_wae_learner_create(&training, &learner, err);
    if (!status)
        status = bw_training_run(&j->common, bw_wae_learner_get(learner), err);
    bw_wae_learner_destroy(learner);
    return status;
}

static bw_status work(job *j, const bw_parsed *parsed, bw_error *err)
{
    const char *const path[] = {net_encoder, net_decoder, net_adversary};
    char inputs[40];
    bw_status status = load(j, parsed->operand[0], err);

    snprintf(inputs, sizeof inputs, "items=%016" PRIx64,
             j->items.origin.digest);
    if (!status)
        status = bw_training_texts(&j->common, sizeof path / sizeof *path, path,
                                   err);
    if (!status)
        status = bw_training_identify(&j->common, parsed, inputs, err);
    if (!status)
        status = make_model(j, err);
    if (!status && bw_wae_common.is_verbose) {
        tell_values();
        bw_training_tell(&j->common, j->wae->model);
    }
    /* First: a place that cannot be written fails before the work. */
    if (!status)
        status = bw_job_write(&j->common.job, err);
    if (!status)
        status = train(j, err);
    return status ? status : bw_training_write(&j->common, j->wae->model, err);
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    job j = {.wae = NULL};
    bw_status status = bw_training_begin(&j.common, self, err);

    if (!status)
        status = check_options(parsed, err);
    if (!status)
        status = fill_values(err);
    if (!status)
        status = bw_training_open(&j.common, &t, parsed, err);
    if (!status)
        status = work(&j, parsed, err);
    status = bw_training_end(&j.common, status, err);
    bw_wae_destroy(j.wae);
    bw_items_clear(&j.items);
    bw_training_close(&j.common);
    return status;
}

const bw_verb bw_verb_wae_train = {&program, run};

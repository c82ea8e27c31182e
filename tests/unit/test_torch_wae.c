/* test_torch_wae.c - ten training steps of auto-encoders against PyTorch in
 * double precision (tests/fixtures/make_torch_wae.py): the same weights,
 * batches and random numbers.
 *
 * Terms and, after the last step, parameters and statistics agree to 5e-5 of
 * the largest magnitude of each tensor; what training changed in the
 * parameters, to 0.2 % of the greatest change. One and two threads give the
 * same bytes.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/tasks.h"
#include "model/wae.h"
#include "torch_steps.h"

typedef struct twin {
    torch_case *torch;
    bw_wae *wae;
    bw_wae_training training;
} twin;

static bw_wae_loss loss_of(const torch_case *t)
{
    return (bw_wae_loss){
        .cost = (bw_wae_cost)torch_choice(t, "cost", bw_wae_cost_names),
        .scale = torch_number(t, "scale"),
        .penalty =
            (bw_wae_penalty)torch_choice(t, "penalty", bw_wae_penalty_names),
        .lambda = torch_number(t, "weight"),
        .kernel = (bw_mmd_kernel)torch_choice(t, "kernel", bw_wae_kernel_names),
        .is_biased = torch_number(t, "is_biased") != 0,
        .has_log_prior = torch_number(t, "has_log_prior") != 0};
}

static void make_model(twin *t)
{
    bw_error err = BW_ERROR_INIT;
    bw_wae_design design = {
        .preset = "wae-mnist-small",
        .encoder = torch_text(t->torch, "encoder"),
        .encoder_name = "encoder",
        .decoder = torch_text(t->torch, "decoder"),
        .decoder_name = "decoder",
        .adversary = torch_text(t->torch, "adversary"),
        .adversary_name = "adversary",
        .width = 1,
        .latent = (size_t)torch_number(t->torch, "latent"),
        .is_gaussian = torch_number(t->torch, "is_gaussian") != 0,
        .items = &t->torch->items,
        .range = -1,
        .loss = loss_of(t->torch),
        .prior = {.kind = (bw_prior_kind)torch_choice(t->torch, "prior",
                                                      bw_prior_names),
                  .scale = torch_number(t->torch, "prior_scale")},
        .init = BW_INIT_TRUNCATED,
        .init_sd = 0.01,
        .seed = 1};

    cr_assert_eq(bw_wae_create(&design, &t->wae, &err), BW_OK, "%s: %s",
                 t->torch->name, err.text);
    t->torch->model = t->wae->model;
    torch_set_values(t->torch);
}

static void make_training(twin *t, bw_tasks *tasks)
{
    bw_optimizer adam = bw_optimizer_default(BW_OPTIMIZER_ADAM);

    adam.beta1 = torch_number(t->torch, "beta1");
    t->training = (bw_wae_training){
        .wae = t->wae,
        .items = &t->torch->items,
        .batch = (size_t)torch_number(t->torch, "batch"),
        .optimizer = adam,
        .rate = torch_number(t->torch, "rate"),
        .adversary_optimizer = adam,
        .adversary_rate = torch_number(t->torch, "adversary_rate"),
        .seed = (uint64_t)torch_number(t->torch, "seed"),
        .tasks = tasks};
}

/* Trains and compares; the values afterwards, which the caller frees. */
static float *train(torch_case *torch, bw_tasks *tasks, size_t *n_values)
{
    twin t = {.torch = torch};
    bw_error err = BW_ERROR_INIT;
    bw_wae_learner *learner;

    make_model(&t);
    make_training(&t, tasks);
    cr_assert_eq(bw_wae_learner_create(&t.training, &learner, &err), BW_OK,
                 "%s: %s", torch->name, err.text);
    torch_follow(torch, bw_wae_learner_get(learner));
    float *values = torch_values(torch, n_values);
    bw_wae_learner_destroy(learner);
    bw_wae_destroy(t.wae);
    return values;
}

static void check_case(const char *name)
{
    torch_check_case("torch_wae.safetensors", name, 5e-5, 2e-3, train);
}

Test(torch_wae, adversarial)
{
    check_case("adversarial");
}

Test(torch_wae, mmd)
{
    check_case("mmd");
}

Test(torch_wae, variational)
{
    check_case("variational");
}

Test(torch_wae, adversary_with_the_priors_density)
{
    check_case("density");
}

Test(torch_wae, mmd_by_the_median)
{
    check_case("median");
}

Test(torch_wae, mmd_of_gaussian_codes)
{
    check_case("cube");
}

Test(torch_wae, no_penalty)
{
    check_case("plain");
}

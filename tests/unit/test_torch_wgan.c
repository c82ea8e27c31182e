/* test_torch_wgan.c - ten training steps of adversarial networks against
 * PyTorch in double precision (tests/fixtures/make_torch_wgan.py): the same
 * weights, batches and random numbers.
 *
 * Terms and, after the last step, parameters and statistics agree to 1e-4 of
 * the largest magnitude of each tensor; what training changed in the
 * parameters, to 0.5 % of the greatest change. So do the values that stay when
 * training is done. One and two threads give the same bytes.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/tasks.h"
#include "model/wgan.h"
#include "torch_steps.h"

typedef struct twin {
    torch_case *torch;
    bw_wgan *wgan;
    bw_wgan_training training;
} twin;

static void make_model(twin *t)
{
    const torch_case *torch = t->torch;
    bw_error err = BW_ERROR_INIT;
    bw_wgan_design design = {
        .preset = "wgan-mlp-small",
        .generator = torch_text(torch, "generator"),
        .generator_name = "generator",
        .critic = torch_text(torch, "critic"),
        .critic_name = "critic",
        .width = 1,
        .latent = (size_t)torch_number(torch, "latent"),
        .has_generator = true,
        .items = &torch->items,
        .range = -1,
        .loss =
            (bw_wgan_loss_kind)torch_choice(torch, "loss", bw_wgan_loss_names),
        .lipschitz = {.kind = (bw_lipschitz_kind)torch_choice(
                          torch, "lipschitz", "clip|gp|spectral|none"),
                      .value = torch_number(torch, "value"),
                      .is_one_sided = torch_number(torch, "is_one_sided") != 0},
        .noise = {.kind = (bw_prior_kind)torch_choice(torch, "prior",
                                                      bw_prior_names),
                  .scale = torch_number(torch, "prior_scale")},
        .init = BW_INIT_HE,
        .seed = 1};

    cr_assert_eq(bw_wgan_create(&design, &t->wgan, &err), BW_OK, "%s: %s",
                 torch->name, err.text);
    t->torch->model = t->wgan->model;
    torch_set_values(torch);
}

static void make_training(twin *t, bw_tasks *tasks)
{
    const torch_case *torch = t->torch;
    int kind = torch_choice(torch, "optimizer", "sgd|rmsprop|adam");
    bw_optimizer optimizer = bw_optimizer_default((bw_optimizer_kind)kind);

    optimizer.decay = torch_number(torch, "decay");
    optimizer.beta1 = torch_number(torch, "beta1");
    optimizer.beta2 = torch_number(torch, "beta2");
    optimizer.eps = torch_number(torch, "eps");
    t->training = (bw_wgan_training){
        .wgan = t->wgan,
        .items = &torch->items,
        .batch = (size_t)torch_number(torch, "batch"),
        .critic_steps = (uint64_t)torch_number(torch, "critic_steps"),
        .optimizer = optimizer,
        .critic_optimizer = optimizer,
        .rate = torch_number(torch, "rate"),
        .critic_rate = torch_number(torch, "critic_rate"),
        .ema = torch_number(torch, "ema"),
        .seed = (uint64_t)torch_number(torch, "seed"),
        .tasks = tasks};
}

/* Trains and compares; the values afterwards, which the caller frees. */
static float *train(torch_case *torch, bw_tasks *tasks, size_t *n_values)
{
    twin t = {.torch = torch};
    bw_error err = BW_ERROR_INIT;
    bw_wgan_learner *learner;

    make_model(&t);
    make_training(&t, tasks);
    cr_assert_eq(bw_wgan_learner_create(&t.training, &learner, &err), BW_OK,
                 "%s: %s", torch->name, err.text);
    torch_follow(torch, bw_wgan_learner_get(learner));
    bw_wgan_learner_finish(learner);
    torch_check_values(torch, "finished", NULL, t.wgan->model->values);
    float *values = torch_values(torch, n_values);
    bw_wgan_learner_destroy(learner);
    bw_wgan_destroy(t.wgan);
    return values;
}

static void check_case(const char *name)
{
    torch_check_case("torch_wgan.safetensors", name, 1e-4, 5e-3, train);
}

Test(torch_wgan, clipped_weights_and_batch_normalisation)
{
    check_case("clip");
}

Test(torch_wgan, gradient_penalty)
{
    check_case("penalty");
}

Test(torch_wgan, one_sided_penalty)
{
    check_case("onesided");
}

Test(torch_wgan, spectral_normalisation)
{
    check_case("spectral");
}

Test(torch_wgan, the_original_loss_without_a_bound)
{
    check_case("nonsaturating");
}

Test(torch_wgan, minimax_with_spectral_normalisation)
{
    check_case("minimax");
}

Test(torch_wgan, average_of_the_generator)
{
    check_case("average");
}

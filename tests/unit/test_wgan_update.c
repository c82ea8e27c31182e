/* test_wgan_update.c - what a step does to the values of generator and critic
 * besides following gradients: clip, average, division, rates, and which fakes
 * a critic alone sees. */
#include "config.h"

#include "model/wgan_learner.h"
#include "wgan_case.h"

/* ---- clip and average ---- */

/* Against the same step without the cut. */
Test(wgan_update, clip_cuts_all_trained_values_after_the_step)
{
    wgan_case c[2] = {{.lipschitz.kind = BW_LIPSCHITZ_NONE},
                      {.lipschitz.value = 0.05}};
    double terms[2][BW_MAX_TERMS];
    size_t n_cut = 0;

    for (int k = 0; k < 2; k++) {
        c[k].critic_rate = 0.5;
        c[k].critic_steps = 2;
        wgan_case_make(&c[k]);
        learner_case_step(c[k].l, 1, terms[k]);
    }
    const bw_model_part *critic = c[0].wgan->critic;
    size_t n = bw_network_n_trained(critic->network);
    for (size_t k = 0; k < n; k++) {
        float free_one = c[0].wgan->model->values[critic->offset + k];
        float cut = c[1].wgan->model->values[critic->offset + k];
        float want = fminf(fmaxf(free_one, -0.05F), 0.05F);
        n_cut += fabsf(free_one) > 0.05F;
        cr_assert(!(fabsf(cut - want) > 0), "%zu: %g, not %g", k, (double)cut,
                  (double)want);
    }
    cr_assert_gt(n_cut, n / 10);
    cr_assert_lt(n_cut, n);
    cr_assert_float_eq(learner_case_term(c[1].l, terms[1], "clipped"),
                       (double)n_cut / (double)n, 1e-12);
    wgan_case_clear(&c[0]);
    wgan_case_clear(&c[1]);
}

static const bw_state_block *block_of(const wgan_case *c, const char *name)
{
    for (size_t b = 0; b < c->l->n_blocks; b++)
        if (strcmp(c->l->block[b].name, name) == 0)
            return &c->l->block[b];
    cr_assert_fail("no block %s", name);
    return NULL;
}

/* Of the generator's values after each of its own steps, running statistics
 * and all; its model takes them at the end. */
Test(wgan_update, average_of_the_generators_steps)
{
    wgan_case c = wgan_case_of(0);
    double terms[BW_MAX_TERMS];

    wgan_case_make(&c);
    const bw_model_part *part = c.wgan->generator;
    size_t n = bw_network_n_values(part->network);
    const float *w = c.wgan->model->values + part->offset;
    float *average = wgan_case_copy(n, w), *before = wgan_case_copy(n, w);
    for (uint64_t t = 1; t <= 6; t++) {
        learner_case_step(c.l, t, terms);
        for (size_t k = 0; t % 2 == 0 && k < n; k++)
            average[k] = 0.9F * average[k] + (1 - 0.9F) * w[k];
    }
    const bw_state_block *block = block_of(&c, "ema");
    cr_assert_eq(block->n, n);
    for (size_t k = 0; k < n; k++)
        cr_assert_float_eq((double)block->values[k], (double)average[k], 1e-6);
    cr_assert(!wgan_case_same(n, before, w));
    bw_wgan_learner_finish(c.learner);
    cr_assert(wgan_case_same(n, block->values, w));
    free(average);
    free(before);
    wgan_case_clear(&c);
}

/* After the end the critic's weights are those that act: the last step's, of
 * the critic alone, divided. */
Test(wgan_update, spectral_weights_are_the_models_at_the_end)
{
    wgan_case c = wgan_case_of(2);
    double terms[BW_MAX_TERMS], acting = 0;

    wgan_case_make(&c);
    for (uint64_t t = 1; t <= 5; t++)
        learner_case_step(c.l, t, terms);
    const bw_model_part *part = c.wgan->critic;
    size_t n_parameters = bw_network_n_parameters(part->network);
    const bw_parameter *last =
        bw_network_parameter(part->network, n_parameters - 2);
    cr_assert_eq(last->role, BW_ROLE_WEIGHT);
    cr_assert_eq(last->shape[0], 1);
    const float *w = c.wgan->model->values + part->offset + last->offset;
    float *raw = wgan_case_copy(last->n, w);
    bw_wgan_learner_finish(c.learner);
    for (size_t k = 0; k < last->n; k++)
        acting += pow((double)w[k], 2);
    cr_assert_float_eq(acting, 1, 0.01, "%g", acting);
    double factor = (double)w[0] / (double)raw[0];
    cr_assert_gt(fabs(factor - 1), 1e-3);
    for (size_t k = 0; k < last->n; k++)
        cr_assert_float_eq((double)w[k], factor * (double)raw[k], 1e-6);
    free(raw);
    wgan_case_clear(&c);
}

/* ---- how fast ---- */

/* A schedule's factor is of both rates. */
Test(wgan_update, the_factor_of_a_step_is_of_both_networks)
{
    const uint32_t example[] = {3, 0, 7, 5, 1};
    wgan_case c[2];
    bw_error err = BW_ERROR_INIT;
    double terms[BW_MAX_TERMS];

    for (int k = 0; k < 2; k++) {
        bw_step at = {.step = 1, .rate_factor = k == 0 ? 0.5 : 1};
        c[k] = wgan_case_of(3);
        c[k].rate *= k == 0 ? 1 : 0.5;
        c[k].critic_rate *= k == 0 ? 1 : 0.5;
        wgan_case_make(&c[k]);
        cr_assert(!c[k].l->step(c[k].l->self, example, 5, &at, terms, &err));
    }
    cr_assert(wgan_case_same(c[0].wgan->model->n_values,
                             c[0].wgan->model->values,
                             c[1].wgan->model->values));
    wgan_case_clear(&c[0]);
    wgan_case_clear(&c[1]);
}

Test(wgan_update, each_network_has_its_optimizer)
{
    wgan_case c = wgan_case_of(0);

    c.is_critic_sgd = true;
    wgan_case_make(&c);
    const bw_model_part *part = c.wgan->generator;
    cr_assert_eq(block_of(&c, "moments.generator")->n,
                 2 * bw_network_n_trained(part->network));
    for (size_t b = 0; b < c.l->n_blocks; b++)
        cr_assert_str_neq(c.l->block[b].name, "moments.critic");
    wgan_case_clear(&c);
}

/* ---- a critic alone ---- */

/* Each turn through the fakes takes each of them once, in an order of its own:
 * with all items the same, the difference of a linear critic tells their sum.
 */
Test(wgan_update, a_critic_alone_takes_fakes_turn_by_turn)
{
    /* Epochs of 13 items in batches of 5, 5 and 3; turns of 10 fakes, the
     * second of which is at its end after two of the fifth step's. */
    static const size_t n_of[] = {5, 5, 3, 5, 2};
    wgan_case c = {.is_alone = true,
                   .critic = "flatten\ndense 1\n",
                   .lipschitz.kind = BW_LIPSCHITZ_NONE,
                   .batch = 5};
    bw_error err = BW_ERROR_INIT;
    double terms[BW_MAX_TERMS], seen = 0, all = 0;
    uint32_t taken[20], *to = taken;

    wgan_case_make(&c);
    memset(c.items.values, 0, CASE_ITEMS * CASE_SIZE * sizeof(float));
    cr_assert_eq(c.against.n, 10);
    const float *w = c.wgan->model->values;
    for (size_t k = 0; k < 10 * CASE_SIZE; k++)
        all += (double)w[k % CASE_SIZE] * (double)c.against.values[k];
    for (uint64_t t = 1; t <= 5; t++) {
        const uint32_t example[] = {0, 1, 2, 3, 4};
        bw_step at = {.step = t, .epoch = (t - 1) / 3, .rate_factor = 1};
        size_t n = n_of[t - 1];
        cr_assert(!c.l->step(c.l->self, example, n, &at, terms, &err));
        seen -= (double)n * learner_case_term(c.l, terms, "difference");
        if (t == 2 || t == 5)
            cr_assert_float_eq(seen, t == 2 ? all : 2 * all, 1e-4, "%g %g",
                               seen, all);
        memcpy(to, c.learner->taken, n * sizeof *to);
        to += n;
    }
    cr_assert_neq(memcmp(taken, taken + 10, 10 * sizeof *taken), 0);
    wgan_case_clear(&c);
}

/* Noise gives an equal item and fake other scores. */
Test(wgan_update, equal_items_and_fakes_have_no_slope)
{
    const bw_shape image = {CASE_H, CASE_W, 1, false};
    wgan_case c = {.is_alone = true,
                   .critic = "noise 0.1\nflatten\ndense 1\n",
                   .lipschitz.kind = BW_LIPSCHITZ_NONE};
    double terms[BW_MAX_TERMS];

    items_case_make(&c.items, CASE_ITEMS, image, 0);
    items_case_make(&c.against, CASE_ITEMS, image, 0);
    for (size_t k = 0; k < CASE_ITEMS * CASE_SIZE; k++)
        c.items.values[k] = c.against.values[k] = 0.5F;
    wgan_case_make(&c);
    learner_case_step(c.l, 1, terms);
    cr_assert_gt(fabs(learner_case_term(c.l, terms, "difference")), 1e-6);
    cr_assert(!(fabs(learner_case_term(c.l, terms, "slope")) > 0));
    wgan_case_clear(&c);
}

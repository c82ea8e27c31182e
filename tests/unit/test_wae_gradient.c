/* test_wae_gradient.c - the gradient that a step follows against central
 * differences of its loss, for every penalty, cost and kind of encoder; the
 * lengths that the log tells of it. */
#include "config.h"

#include "wae_case.h"

/* The model's loss, and the adversary's own. */
typedef struct losses {
    double model, adversary;
} losses;

static losses take(wae_case *c)
{
    double terms[BW_MAX_TERMS];
    losses sum = {0, 0};

    learner_case_step(c->l, 1, terms);
    for (size_t k = 0; k < c->l->n_terms; k++)
        sum.model += c->l->term[k].weight * terms[k];
    if (c->wae->adversary)
        sum.adversary = c->wae->loss.lambda *
                        (learner_case_term(c->l, terms, "adversary_codes") +
                         learner_case_term(c->l, terms, "adversary_prior"));
    return sum;
}

/* Sgd of rate 1: values lose their gradient. */
static void take_slopes(const float *start, size_t n, wae_case *c, float *slope)
{
    float *value = c->wae->model->values;
    double terms[BW_MAX_TERMS];

    c->training.rate = c->training.adversary_rate = 1;
    learner_case_step(c->l, 1, terms);
    for (size_t k = 0; k < n; k++)
        slope[k] = start[k] - value[k];
    memcpy(value, start, n * sizeof *start);
    const bw_model_part *part[] = {c->wae->encoder, c->wae->decoder,
                                   c->wae->adversary};
    const char *name[] = {"norm_encoder", "norm_decoder", "norm_adversary"};
    for (int p = 0; p < 3 && part[p]; p++) {
        double sum = 0, told = learner_case_term(c->l, terms, name[p]);
        for (size_t k = 0; k < bw_network_n_trained(part[p]->network); k++)
            sum += pow((double)slope[part[p]->offset + k], 2);
        cr_assert_float_eq(told, sqrt(sum), 1e-4 * told + 1e-6, "%s %g %g",
                           name[p], told, sqrt(sum));
    }
    c->training.rate = c->training.adversary_rate = 0;
}

static double most_of(const float *slope, size_t n)
{
    double most = 0;

    for (size_t k = 0; k < n; k++)
        most = fmax(most, fabs((double)slope[k]));
    return most;
}

static void check(wae_case *c)
{
    const float h = 4e-3F;

    wae_case_make(c);
    const bw_model_part *adversary = c->wae->adversary;
    size_t n = c->wae->model->n_values;
    size_t n_model = adversary ? adversary->offset : n;
    float *value = c->wae->model->values;
    float *start = malloc(n * sizeof *start);
    float *slope = malloc(n * sizeof *slope);
    /* Larger than Glorot's, so that every term has a slope of some size. */
    for (size_t k = 0; k < n; k++)
        start[k] = value[k] *= 2;
    take_slopes(start, n, c, slope);
    double most = most_of(slope, n_model);
    double most_adversary = most_of(slope + n_model, n - n_model);
    cr_assert_gt(most, 1e-2);
    cr_assert(!adversary || most_adversary > 1e-2);
    for (size_t k = 0; k < n; k++) {
        value[k] = start[k] + h;
        losses up = take(c);
        value[k] = start[k] - h;
        losses down = take(c);
        value[k] = start[k];
        bool is_own = k < n_model;
        double want =
            (is_own ? up.model - down.model : up.adversary - down.adversary) /
            (2 * (double)h);
        double of = is_own ? most : most_adversary;
        cr_assert_float_eq((double)slope[k], want, 2e-3 * of + 2e-4,
                           "value %zu of %zu: %g, not %g", k, n,
                           (double)slope[k], want);
    }
    free(start);
    free(slope);
    wae_case_clear(c);
}

static bw_wae_loss loss_of(bw_wae_penalty penalty, bw_wae_cost cost)
{
    return (bw_wae_loss){
        .cost = cost, .scale = 0.7, .penalty = penalty, .lambda = 3};
}

Test(wae_gradient, of_mmd)
{
    for (int is_gaussian = 0; is_gaussian < 2; is_gaussian++)
        for (int is_biased = 0; is_biased < 2; is_biased++) {
            wae_case c = {.loss = loss_of(BW_WAE_MMD, BW_WAE_L2SQ),
                          .is_gaussian = is_gaussian};
            c.loss.is_biased = is_biased;
            check(&c);
        }
}

Test(wae_gradient, of_mmd_to_other_priors)
{
    for (int kind = 0; kind < 3; kind++) {
        wae_case c = {.loss = loss_of(BW_WAE_MMD, BW_WAE_L2SQ),
                      .prior = {.kind = (bw_prior_kind)kind, .scale = 1.5}};
        check(&c);
    }
}

Test(wae_gradient, of_gan)
{
    for (int is_gaussian = 0; is_gaussian < 2; is_gaussian++)
        for (int with_prior = 0; with_prior < 2; with_prior++) {
            wae_case c = {.loss = loss_of(BW_WAE_GAN, BW_WAE_L2SQ),
                          .prior = {.scale = 1.3},
                          .is_gaussian = is_gaussian};
            c.loss.has_log_prior = with_prior;
            check(&c);
        }
}

Test(wae_gradient, of_kl)
{
    wae_case c = {.loss = loss_of(BW_WAE_KL, BW_WAE_L2SQ),
                  .prior = {.scale = 1.3},
                  .is_gaussian = true};
    check(&c);
}

Test(wae_gradient, of_costs_alone)
{
    const bw_wae_cost cost[] = {BW_WAE_L2SQ, BW_WAE_L2, BW_WAE_L1};

    for (size_t k = 0; k < 3; k++) {
        wae_case c = {.loss = loss_of(BW_WAE_NONE, cost[k]),
                      .is_gaussian = k == 1};
        check(&c);
    }
}

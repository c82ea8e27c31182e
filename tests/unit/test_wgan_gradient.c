/* test_wgan_gradient.c - the gradients that a step follows, of critic and
 * generator, against central differences of their losses, for every loss and
 * bound; the lengths that the log tells of them. */
#include "config.h"

#include "wgan_case.h"

/* Linear but for kinks that no difference meets: see place_kinks. */
static const char kinked[] = "conv 4 3x3 stride 2\nleakyrelu 0.2\nflatten\n"
                             "dense 6\nleakyrelu 0.5\ndense 1\n";
static const char normed[] = "flatten\ndense 6\nbatchnorm\ntanh\ndense 1\n";

/* The critic's loss and the generator's. */
typedef struct losses {
    double critic, generator;
} losses;

static losses take(wgan_case *c)
{
    double terms[BW_MAX_TERMS];
    losses sum = {0, 0};

    learner_case_step(c->l, 1, terms);
    for (size_t k = 0; k < c->l->n_terms; k++)
        sum.critic += c->l->term[k].weight * terms[k];
    sum.generator = learner_case_term(c->l, terms, "generator");
    return sum;
}

/* Sgd of rate 1: values lose their gradient; the generator's is of the critic
 * as it was, which does not move then. */
static void take_slopes(wgan_case *c, const float *start, float *slope)
{
    const bw_model_part *part[] = {c->wgan->generator, c->wgan->critic};
    const char *name[] = {"norm_generator", "norm_critic"};
    double *rate[] = {&c->training.rate, &c->training.critic_rate};
    size_t n = c->wgan->model->n_values;
    float *value = c->wgan->model->values;

    for (int p = 0; p < 2; p++) {
        double sum = 0, told, terms[BW_MAX_TERMS];
        *rate[p] = 1;
        learner_case_step(c->l, 1, terms);
        *rate[p] = 0;
        for (size_t k = 0; k < bw_network_n_trained(part[p]->network); k++) {
            size_t at = part[p]->offset + k;
            slope[at] = start[at] - value[at];
            sum += pow((double)slope[at], 2);
        }
        memcpy(value, start, n * sizeof *start);
        told = learner_case_term(c->l, terms, name[p]);
        cr_assert_float_eq(told, sqrt(sum), 1e-4 * told + 1e-6, "%s %g %g",
                           name[p], told, sqrt(sum));
    }
}

/* Biases of the first layer so far from 0, on either side, that items hardly
 * differ to the layers behind, and none is near a kink; the last one brings
 * scores near 0, where no loss is flat. */
static void place_kinks(const bw_model_part *part, float *value)
{
    const bw_parameter *p = bw_network_parameter(part->network, 1);

    cr_assert_eq(p->role, BW_ROLE_BIAS);
    for (size_t k = 0; k < p->n; k++)
        value[p->offset + k] = k % 2 ? 3 : -3;
    value[bw_network_n_trained(part->network) - 1] = -8;
}

static void check_part(wgan_case *c, const bw_model_part *part,
                       double tolerance, const float *start, const float *slope)
{
    bool is_critic = part == c->wgan->critic;
    size_t n = bw_network_n_trained(part->network);
    float *value = c->wgan->model->values + part->offset;
    const float h = 4e-3F;
    double most = 0;

    for (size_t k = 0; k < n; k++)
        most = fmax(most, fabs((double)slope[part->offset + k]));
    cr_assert_gt(most, 1e-2, "%s: loss %d: %g", part->name, (int)c->loss, most);
    for (size_t k = 0; k < n; k++) {
        float own = start[part->offset + k];
        value[k] = own + h;
        losses up = take(c);
        value[k] = own - h;
        losses down = take(c);
        value[k] = own;
        double want = (is_critic ? up.critic - down.critic
                                 : up.generator - down.generator) /
                      (2 * (double)h);
        double got = (double)slope[part->offset + k];
        cr_assert_float_eq(got, want, tolerance * most + 2e-4,
                           "%s: value %zu of %zu: %g, not %g", part->name, k, n,
                           got, want);
    }
}

static void check(wgan_case *c, double tolerance)
{
    wgan_case_make(c);
    size_t n = c->wgan->model->n_values;
    float *value = c->wgan->model->values;
    float *start = malloc(n * sizeof *start);
    float *slope = calloc(n, sizeof *slope);
    /* Larger than Glorot's, so that every term has a slope of some size. */
    for (size_t k = 0; k < n; k++)
        value[k] *= 2;
    if (c->critic == kinked)
        place_kinks(c->wgan->critic, value + c->wgan->critic->offset);
    memcpy(start, value, n * sizeof *start);
    /* Until u and v are those of the weights: their own slope is none then. */
    for (int k = 0; k < 200 && c->lipschitz.kind == BW_LIPSCHITZ_SPECTRAL; k++)
        (void)take(c);
    take_slopes(c, start, slope);
    check_part(c, c->wgan->critic, tolerance, start, slope);
    check_part(c, c->wgan->generator, tolerance, start, slope);
    free(start);
    free(slope);
    wgan_case_clear(c);
}

static const bw_wgan_loss_kind losses_there_are[] = {
    BW_WGAN_WASSERSTEIN, BW_WGAN_MINIMAX, BW_WGAN_NONSATURATING};

Test(wgan_gradient, of_each_loss)
{
    for (size_t k = 0; k < 3; k++) {
        wgan_case c = {.loss = losses_there_are[k],
                       .lipschitz.kind = BW_LIPSCHITZ_NONE};
        check(&c, 2e-3);
    }
}

Test(wgan_gradient, of_a_critic_with_batch_normalisation)
{
    for (size_t k = 0; k < 3; k++) {
        wgan_case c = {.loss = losses_there_are[k], .critic = normed};
        check(&c, 4e-3);
    }
}

Test(wgan_gradient, of_the_penalty)
{
    for (size_t k = 0; k < 6; k++) {
        wgan_case c = {.loss = losses_there_are[k / 2],
                       .lipschitz = {BW_LIPSCHITZ_GP, 3, k % 2},
                       .critic = kinked};
        check(&c, 2e-3);
    }
}

Test(wgan_gradient, of_spectral_normalisation)
{
    for (size_t k = 0; k < 3; k++) {
        wgan_case c = {.loss = losses_there_are[k],
                       .lipschitz.kind = BW_LIPSCHITZ_SPECTRAL};
        check(&c, 4e-3);
    }
}

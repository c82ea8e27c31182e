/* test_wae_linear.c - a linear auto-encoder with the MMD penalty on Gaussian
 * data, whose optimum is known: the encoder whitens the data's principal
 * subspace, so that codes are N(0, I), and the decoder spans it, so that what
 * is left is the variance of the other directions. Both terms are then as small
 * as each can be alone. */
#include "config.h"

#include "wae_case.h"

enum { N = 2000, D = 8, RANK = 2, BATCH = 200, EPOCHS = 200 };

/* Standard deviations of the data along its own axes. */
static const double spread[D] = {2, 1.2, 0.3, 0.25, 0.2, 0.2, 0.15, 0.1};

/* x = R S u, R a rotation made of reflections. */
static void make_items(bw_items *items)
{
    bw_random random;

    items_case_make(items, N, (bw_shape){1, 1, D, true}, 0);
    bw_random_init(&random, 2, BW_RANDOM_TEST, 0);
    double axis[3][D];
    for (int r = 0; r < 3; r++)
        for (int j = 0; j < D; j++)
            axis[r][j] = bw_random_normal(&random);
    for (size_t k = 0; k < N; k++) {
        double x[D];
        for (int j = 0; j < D; j++)
            x[j] = spread[j] * bw_random_normal(&random);
        for (int r = 0; r < 3; r++) {
            double dot = 0, square = 0;
            for (int j = 0; j < D; j++) {
                dot += axis[r][j] * x[j];
                square += axis[r][j] * axis[r][j];
            }
            for (int j = 0; j < D; j++)
                x[j] -= 2 * dot / square * axis[r][j];
        }
        for (int j = 0; j < D; j++)
            items->values[k * D + (size_t)j] = (float)x[j];
    }
}

static void take_moments(const float *x, size_t d, double *mean, double *cov)
{
    for (size_t j = 0; j < d; j++) {
        mean[j] = 0;
        for (size_t k = 0; k < N; k++)
            mean[j] += (double)x[k * d + j] / N;
    }
    for (size_t i = 0; i < d; i++)
        for (size_t j = 0; j < d; j++) {
            cov[i * d + j] = 0;
            for (size_t k = 0; k < N; k++)
                cov[i * d + j] += ((double)x[k * d + i] - mean[i]) *
                                  ((double)x[k * d + j] - mean[j]) / N;
        }
}

/* Directions of largest variance by orthogonal iteration, and their
 * variances. */
static void find_axes(const double *cov, double axis[RANK][D], double *variance)
{
    for (int r = 0; r < RANK; r++)
        for (int j = 0; j < D; j++)
            axis[r][j] = 1.0 / (1 + r + j * (r + 1));
    for (int turn = 0; turn < 500; turn++)
        for (int r = 0; r < RANK; r++) {
            double y[D], square = 0;
            for (int i = 0; i < D; i++) {
                y[i] = 0;
                for (int j = 0; j < D; j++)
                    y[i] += cov[i * D + j] * axis[r][j];
            }
            for (int q = 0; q < r; q++) {
                double dot = 0;
                for (int j = 0; j < D; j++)
                    dot += y[j] * axis[q][j];
                for (int j = 0; j < D; j++)
                    y[j] -= dot * axis[q][j];
            }
            for (int j = 0; j < D; j++)
                square += y[j] * y[j];
            variance[r] = sqrt(square);
            for (int j = 0; j < D; j++)
                axis[r][j] = y[j] / variance[r];
        }
}

/* The largest share of a column's length that lies off the axes. */
static double off_axes(const float *weight, double axis[RANK][D])
{
    double most = 0;

    for (size_t c = 0; c < RANK; c++) {
        double square = 0, on = 0;
        for (size_t j = 0; j < D; j++)
            square += pow((double)weight[j * RANK + c], 2);
        for (size_t r = 0; r < RANK; r++) {
            double dot = 0;
            for (size_t j = 0; j < D; j++)
                dot += (double)weight[j * RANK + c] * axis[r][j];
            on += dot * dot;
        }
        most = fmax(most, sqrt(fmax(square - on, 0) / square));
    }
    return most;
}

static void train(wae_case *c, const bw_wae_design *design)
{
    bw_error err = BW_ERROR_INIT;
    bw_train_result result;
    bw_train_options options = {
        .tool = "test", .epochs = EPOCHS, .batch = BATCH, .seed = 3};

    cr_assert(!bw_wae_create(design, &c->wae, &err), "%s", err.text);
    cr_assert(!bw_tasks_create(1, &c->tasks, &err));
    c->training = (bw_wae_training){
        .wae = c->wae,
        .items = &c->items,
        .batch = BATCH,
        .optimizer = bw_optimizer_default(BW_OPTIMIZER_ADAM),
        .rate = 0.1,
        .seed = 3,
        .tasks = c->tasks,
    };
    cr_assert(!bw_wae_learner_create(&c->training, &c->learner, &err));
    cr_assert(!bw_schedule_parse("exponential 0.001", &options.schedule, &err));
    cr_assert(
        !bw_train_run(bw_wae_learner_get(c->learner), &options, &result, &err),
        "%s", err.text);
}

Test(wae_linear, reaches_the_principal_subspace_with_white_codes)
{
    wae_case c = {.is_gaussian = false};
    bw_error err = BW_ERROR_INIT;
    double mean[D], cov[D * D], axis[RANK][D], variance[RANK], least = 0;

    make_items(&c.items);
    take_moments(c.items.values, D, mean, cov);
    find_axes(cov, axis, variance);
    for (int j = 0; j < D; j++)
        least += cov[j * D + j];
    for (int r = 0; r < RANK; r++)
        least -= variance[r];
    bw_wae_design design = {
        .preset = "wae-mnist",
        .encoder = "dense 2\n",
        .encoder_name = "e",
        .decoder = "dense 8\n",
        .decoder_name = "d",
        .width = 1,
        .latent = RANK,
        .items = &c.items,
        .range = -1,
        .loss = {.scale = 1, .penalty = BW_WAE_MMD, .lambda = 5},
        .prior = {.scale = 1},
        .init = BW_INIT_GLOROT,
        .seed = 3};
    train(&c, &design);

    bw_wae_pass *pass;
    float *codes = malloc(N * RANK * sizeof *codes);
    float *again = malloc(N * D * sizeof *again);
    cr_assert(!bw_wae_pass_create(c.wae, BATCH, c.tasks, NULL, &pass, &err));
    cr_assert(!bw_wae_encode(pass, &c.items, 0, N, NULL, codes, &err));
    cr_assert(!bw_wae_decode(pass, N, codes, again, &err));
    double cost = 0;
    for (size_t k = 0; k < N * D; k++)
        cost += pow((double)again[k] - (double)c.items.values[k], 2) / N;
    const float *weight =
        c.wae->model->values + c.wae->decoder->offset +
        bw_network_parameter(c.wae->decoder->network, 0)->offset;
    double off = off_axes(weight, axis), m[RANK], v[RANK * RANK];
    take_moments(codes, RANK, m, v);
    cr_log_info("cost %g, least %g; off axes %g; mean %g %g, covariance %g %g "
                "%g",
                cost, least, off, m[0], m[1], v[0], v[1], v[3]);
    cr_assert_geq(cost, least * (1 - 1e-5));
    cr_assert_lt(cost, 1.005 * least, "%g %g", cost, least);
    cr_assert_lt(off, 0.01, "%g", off);
    for (size_t j = 0; j < RANK; j++)
        cr_assert_lt(fabs(m[j]), 0.05, "%g", m[j]);
    cr_assert_float_eq(v[0], 1, 0.05, "%g", v[0]);
    cr_assert_float_eq(v[3], 1, 0.05, "%g", v[3]);
    cr_assert_lt(fabs(v[1]), 0.05, "%g", v[1]);
    bw_wae_pass_destroy(pass);
    free(codes);
    free(again);
    wae_case_clear(&c);
}

/* test_penalty.c - the gradient penalty: its value and its gradient by weights
 * against doubles, points between items, lengths of any network's gradients.
 */
#include "config.h"

#include "allocations.h"
#include "critic_case.h"
#include "nn/penalty.h"

enum { LAMBDA = 7 };

/* ---- in doubles ---- */

/* Over all values of item i. */
static double length_of(const critic *c, size_t i)
{
    double sum = 1e-12;

    for (size_t k = 0; k < c->n_in; k++)
        sum += c->twin_dx[i * c->n_in + k] * c->twin_dx[i * c->n_in + k];
    return sqrt(sum);
}

static double penalty_of(const critic *c, bool is_one_sided)
{
    double sum = 0;

    for (size_t i = 0; i < c->n; i++) {
        double excess = length_of(c, i) - 1;

        if (!is_one_sided || excess > 0)
            sum += excess * excess;
    }
    return sum / (double)c->n;
}

static double two_sided(const critic *c)
{
    return LAMBDA * penalty_of(c, false);
}

static double one_sided(const critic *c)
{
    return LAMBDA * penalty_of(c, true);
}

/* ---- against them ---- */

static void check_slopes(critic *c, bw_slopes slopes, bool is_one_sided)
{
    double mean = 0, largest = 0, penalty;

    (void)critic_twin(c);
    penalty = penalty_of(c, is_one_sided);
    for (size_t i = 0; i < c->n; i++) {
        mean += length_of(c, i) / (double)c->n;
        largest = fmax(largest, length_of(c, i));
    }
    cr_expect_float_eq(slopes.penalty, penalty, 1e-5 * (penalty + 1));
    cr_expect_float_eq(slopes.mean, mean, 1e-5 * mean);
    cr_expect_float_eq(slopes.largest, largest, 1e-5 * largest);
}

/* Of inputs that stand there, too, when no weights' gradient is wanted. */
static void check_case(const net_case *from, bool is_one_sided)
{
    critic_sum *sum = is_one_sided ? one_sided : two_sided;
    critic c = critic_start(from, true, true, BW_WAY_AUTO, 2);
    bw_slopes slopes = bw_penalty_gradient(c.engine, c.tasks, c.n, c.block,
                                           is_one_sided, LAMBDA, c.dblock);

    check_slopes(&c, slopes, is_one_sided);
    if (sum(&c) > 0)
        critic_compare(&c, sum, 1e-4);
    slopes = bw_penalty_gradient(c.engine, c.tasks, c.n, c.block, is_one_sided,
                                 LAMBDA, NULL);
    check_slopes(&c, slopes, is_one_sided);
    critic_finish(&c);
}

Test(penalty, central_differences)
{
    for (size_t k = 0; k < N_CRITICS; k++)
        check_case(&critics[k], false);
}

Test(penalty, central_differences_one_sided)
{
    for (size_t k = 0; k < N_CRITICS; k++)
        check_case(&critics[k], true);
}

/* f = w x with |w| = 5, then 1/2: by hand. */
Test(penalty, by_hand)
{
    const net_case linear = {"dense 1", FLAT(2), 3};
    critic c = critic_start(&linear, true, true, BW_WAY_AUTO, 1);
    bw_slopes slopes;

    c.block[0] = 3;
    c.block[1] = 4;
    bw_engine_touch(c.engine);
    slopes =
        bw_penalty_gradient(c.engine, c.tasks, 3, c.block, true, 2, c.dblock);
    cr_expect_float_eq(slopes.penalty, 16, 1e-6);
    cr_expect_float_eq(slopes.mean, 5, 1e-6);
    cr_expect_float_eq(slopes.largest, 5, 1e-6);
    cr_expect_float_eq((double)c.dblock[0], 2 * 2 * 4 * 0.6, 1e-5);
    cr_expect_float_eq((double)c.dblock[1], 2 * 2 * 4 * 0.8, 1e-5);
    cr_expect_eq(c.dblock[2], 0);
    c.block[0] = 0.5F;
    c.block[1] = 0;
    memset(c.dblock, 0, c.n_values * sizeof *c.dblock);
    slopes =
        bw_penalty_gradient(c.engine, c.tasks, 3, c.block, true, 2, c.dblock);
    cr_expect_eq(slopes.penalty, 0);
    cr_expect_eq(c.dblock[0], 0);
    slopes =
        bw_penalty_gradient(c.engine, c.tasks, 3, c.block, false, 2, c.dblock);
    cr_expect_float_eq(slopes.penalty, 0.25, 1e-6);
    cr_expect_float_eq((double)c.dblock[0], -2 * 2 * 0.5, 1e-5);
    /* A gradient of zeros has a length, and no direction. */
    c.block[0] = 0;
    memset(c.dblock, 0, c.n_values * sizeof *c.dblock);
    slopes =
        bw_penalty_gradient(c.engine, c.tasks, 3, c.block, false, 2, c.dblock);
    cr_expect_float_eq(slopes.mean, 1e-6, 1e-12);
    cr_expect_float_eq(slopes.penalty, pow(1 - 1e-6, 2), 1e-12);
    cr_expect_eq(c.dblock[0], 0);
    critic_finish(&c);
}

Test(penalty, nothing)
{
    critic c = critic_start(&critics[0], true, true, BW_WAY_AUTO, 1);
    bw_slopes slopes = bw_penalty_gradient(c.engine, c.tasks, 0, c.block, false,
                                           LAMBDA, c.dblock);

    cr_expect_eq(slopes.penalty, 0);
    cr_expect_eq(slopes.mean, 0);
    cr_expect_eq(slopes.largest, 0);
    for (size_t k = 0; k < c.n_trained; k++)
        cr_expect_eq(c.dblock[k], 0);
    critic_finish(&c);
}

static void check_not_a_number(bw_slopes slopes)
{
    cr_expect(isnan(slopes.penalty));
    cr_expect(isnan(slopes.mean));
    cr_expect(isnan(slopes.largest));
}

Test(penalty, not_a_number)
{
    const net_case one = {"dense 3\nrelu\ndense 1", FLAT(2), 5};

    for (int side = 0; side < 2; side++) {
        critic c = critic_start(&one, true, true, BW_WAY_AUTO, 1);

        c.block[0] = NAN;
        bw_engine_touch(c.engine);
        check_not_a_number(bw_penalty_gradient(c.engine, c.tasks, c.n, c.block,
                                               side == 1, LAMBDA, c.dblock));
        critic_finish(&c);
    }
}

/* In the first item of several, which later ones do not hide. */
Test(penalty, not_a_number_at_first)
{
    const net_case one = {"dense 3\ntanh\ndense 1", FLAT(2), 5};
    critic c = critic_start(&one, true, false, BW_WAY_AUTO, 1);

    bw_engine_input(c.engine)[0] = NAN;
    check_not_a_number(bw_penalty_gradient(c.engine, c.tasks, c.n, c.block,
                                           false, LAMBDA, NULL));
    critic_finish(&c);
}

/* ---- any network ---- */

/* Curved layers have lengths: against differences of f. */
Test(penalty, lengths_of_any_network)
{
    const net_case curved = {
        "conv 3 3x3\nbatchnorm\ntanh\nmaxpool 2x2\nflatten\nlayernorm\n"
        "elu\ndense 1\nsigmoid",
        IMAGE(4, 4, 2), 6};
    critic c = critic_start(&curved, true, false, BW_WAY_AUTO, 1);
    bw_slopes slopes =
        bw_penalty_gradient(c.engine, c.tasks, c.n, c.block, false, 1, NULL);

    check_slopes(&c, slopes, false);
    cr_expect(slopes.largest > 0);
    critic_finish(&c);
}

/* ---- threads, memory ---- */

Test(penalty, same_bytes)
{
    static const size_t n_threads[] = {1, 2, 7};

    for (size_t k = 0; k < N_CRITICS; k++) {
        bw_slopes slopes[3];
        critic c[3];

        for (int t = 0; t < 3; t++) {
            c[t] = critic_start(&critics[k], true, true, BW_WAY_AUTO,
                                n_threads[t]);
            slopes[t] =
                bw_penalty_gradient(c[t].engine, c[t].tasks, c[t].n, c[t].block,
                                    false, LAMBDA, c[t].dblock);
            cr_expect_eq(memcmp(&slopes[0], &slopes[t], sizeof *slopes), 0);
            cr_expect_eq(memcmp(c[0].dblock, c[t].dblock,
                                c[0].n_trained * sizeof(float)),
                         0, "%s", critics[k].text);
        }
        for (int t = 0; t < 3; t++)
            critic_finish(&c[t]);
    }
}

#ifndef HAS_OWN_MALLOC
Test(penalty, allocates_nothing)
{
    for (size_t k = 0; k < N_CRITICS; k++) {
        critic c = critic_start(&critics[k], true, true, BW_WAY_BLAS, 2);
        size_t n_before = 0;

        for (int step = 0; step < 3; step++) {
            if (step == 1)
                n_before = atomic_load(&n_allocations);
            bw_engine_touch(c.engine);
            (void)bw_penalty_gradient(c.engine, c.tasks, c.n, c.block, false,
                                      LAMBDA, c.dblock);
        }
        cr_expect_eq(atomic_load(&n_allocations), n_before, "%s",
                     critics[k].text);
        critic_finish(&c);
    }
}
#endif

/* ---- between items ---- */

/* One number an item, over all its values; u 0 and 1 give y and x. */
static void check_mix(size_t n, size_t size, size_t n_threads)
{
    float *x = critic_draw(n * size, 1, 1), *y = critic_draw(n * size, 1, 2);
    float *u = critic_draw(n, 0, 0), *out = critic_draw(n * size, 0, 0);
    bw_tasks *tasks;

    for (size_t i = 0; i < n; i++)
        u[i] = (float)i / (float)(n > 1 ? n - 1 : 1);
    cr_assert_eq(bw_tasks_create(n_threads, &tasks, NULL), BW_OK);
    bw_penalty_mix(tasks, n, size, x, y, u, out);
    for (size_t k = 0; k < n * size; k++) {
        float a = u[k / size];

        cr_assert_eq(out[k], a * x[k] + (1 - a) * y[k], "%zu of %zu x %zu", k,
                     n, size);
    }
    bw_tasks_destroy(tasks);
    free(x);
    free(y);
    free(u);
    free(out);
}

Test(penalty, mix)
{
    check_mix(0, 3, 1);
    check_mix(1, 1, 1);
    check_mix(7, 5, 2);
    check_mix(300, 784, 2);
    check_mix(1000, 2, 7);
}

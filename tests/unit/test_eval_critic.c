/* test_eval_critic.c - what a critic says of distances that are known. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/critic.h"
#include "eval_case.h"

static bw_status try_critic(const bw_sample *a, const bw_sample *b,
                            const bw_critic_options *options, size_t n_threads,
                            bw_critic *result, bw_error *err)
{
    bw_tasks *tasks = eval_tasks(n_threads);
    bw_status status = bw_critic_of(a, b, options, tasks, NULL, result, err);

    bw_tasks_destroy(tasks);
    return status;
}

static bw_critic critic(const bw_sample *a, const bw_sample *b, uint64_t steps,
                        uint64_t seed, size_t n_threads)
{
    const bw_critic_options options = {.steps = steps, .seed = seed};
    bw_error err = BW_ERROR_INIT;
    bw_critic result;

    cr_assert(!try_critic(a, b, &options, n_threads, &result, &err), "%s",
              err.text);
    return result;
}

/* W1 of N(0, I) and its copy shifted by s is |s|. Above it: the penalty lets
 * slopes rise to 1 + W1 / 20 in units of the spread, here at most 1.1, and the
 * means of 400 items held out are off by 0.07, of which 4 are allowed. Below
 * it: a critic that learnt nothing says 0; 4/5 is what this one must find. */
Test(eval_critic, of_two_shifted_gaussians)
{
    enum { N = 2000, D = 2 };

    for (uint64_t seed = 1; seed <= 2; seed++)
        for (double shift = 1; shift < 5; shift += 3) {
            double *x = eval_normal(N, D, 0, 1, 2 * seed);
            double *y = eval_normal(N, D, 0, 1, 2 * seed + 1);
            for (size_t k = 0; k < N; k++)
                y[D * k] += shift;
            bw_sample a = eval_sample(N, D, x), b = eval_sample(N, D, y);
            bw_critic found = critic(&a, &b, 500, seed, 2);
            double noise = 4 * sqrt(2. / 400);
            cr_expect(found.difference < 1.1 * shift + noise, "%g of %g",
                      found.difference, shift);
            cr_expect(found.difference > 0.8 * shift - noise, "%g of %g",
                      found.difference, shift);
            cr_expect(found.slope > 0.8 && found.slope < 1.6, "slope %g",
                      found.slope);
            cr_expect_eq(found.n_held[0], 400);
            free(x);
            free(y);
        }
}

Test(eval_critic, of_a_sample_and_itself_nothing)
{
    double *x = eval_normal(300, 3, 1, 2, 1);
    bw_sample a = eval_sample(300, 3, x);

    cr_expect_eq(critic(&a, &a, 50, 1, 2).difference, 0);
    free(x);
}

/* Powers of 2 are no change for the network; other units round. */
Test(eval_critic, units_and_offsets_do_not_count)
{
    enum { N = 200, D = 3 };
    double *x = eval_normal(N, D, 0, 1, 1), *y = eval_normal(N, D, 1, 1, 2);
    double *u = malloc(N * D * sizeof *u), *v = malloc(N * D * sizeof *v);
    bw_sample a = eval_sample(N, D, x), b = eval_sample(N, D, y);
    bw_sample c = eval_sample(N, D, u), d = eval_sample(N, D, v);
    bw_critic wanted = critic(&a, &b, 50, 1, 1);

    for (int e = -1010; e < 1020; e += 253) {
        for (size_t k = 0; k < N * D; k++) {
            u[k] = ldexp(x[k], e);
            v[k] = ldexp(y[k], e);
        }
        bw_critic found = critic(&c, &d, 50, 1, 1);
        cr_expect_eq(ldexp(found.difference, -e), wanted.difference, "%d", e);
        cr_expect_eq(found.slope, wanted.slope);
    }
    for (size_t k = 0; k < N * D; k++) {
        u[k] = 7 * x[k] + 1000;
        v[k] = 7 * y[k] + 1000;
    }
    eval_near(critic(&c, &d, 50, 1, 1).difference, 7 * wanted.difference, 1e-2,
              "offset");
    free(x);
    free(y);
    free(u);
    free(v);
}

Test(eval_critic, without_spread_nothing)
{
    double x[60];
    bw_sample a = eval_sample(20, 3, x);

    for (size_t k = 0; k < 60; k++)
        x[k] = 7;
    bw_critic found = critic(&a, &a, 50, 1, 1);
    cr_expect_eq(found.difference, 0);
    cr_expect_eq(found.slope, 0);
}

Test(eval_critic, the_same_bits_for_any_number_of_threads_and_others_by_seed)
{
    enum { N = 300, M = 170, D = 5 };
    double *x = eval_normal(N, D, 0, 1, 1), *y = eval_normal(M, D, 1, 1, 2);
    bw_sample a = eval_sample(N, D, x), b = eval_sample(M, D, y);
    bw_critic one = critic(&a, &b, 40, 1, 1);

    for (size_t n = 2; n < 5; n++) {
        bw_critic found = critic(&a, &b, 40, 1, n);
        cr_expect_eq(found.difference, one.difference);
        cr_expect_eq(found.slope, one.slope);
    }
    cr_expect_neq(critic(&a, &b, 40, 2, 1).difference, one.difference);
    free(x);
    free(y);
}

Test(eval_critic, networks_of_images)
{
    double *x = eval_normal(40, 32, 0, 1, 1), *y = eval_normal(30, 32, 1, 1, 2);
    bw_sample a = eval_sample(40, 32, x), b = eval_sample(30, 32, y);
    bw_critic_options options = {.opt_net =
                                     "conv 3 2x2\nrelu\nflatten\ndense 1\n",
                                 .net_name = "net.txt",
                                 .steps = 5};
    bw_error err = BW_ERROR_INIT;
    bw_critic found;

    cr_expect_eq(try_critic(&a, &b, &options, 1, &found, &err),
                 BW_ERR_DIMENSION);
    cr_expect(strncmp(err.text, "net.txt: line 1", 15) == 0, "%s", err.text);
    a.rank = b.rank = 4;
    a.shape[1] = b.shape[1] = 4;
    a.shape[2] = b.shape[2] = 4;
    a.shape[3] = b.shape[3] = 2;
    cr_expect_eq(try_critic(&a, &b, &options, 1, &found, &err), BW_OK, "%s",
                 err.text);
    cr_expect_eq(found.n_held[0], 8);
    cr_expect_eq(found.n_held[1], 6);
    options.opt_net = "flatten\ndense 2\n";
    cr_expect_eq(try_critic(&a, &b, &options, 1, &found, &err),
                 BW_ERR_DIMENSION);
    cr_expect_str_eq(err.text,
                     "net.txt: the critic's output is 2, where 1 is wanted");
    options.opt_net = "flatten\ndense 2\nbatchnorm\ndense 1\n";
    cr_expect_eq(try_critic(&a, &b, &options, 1, &found, &err), BW_ERR_USAGE);
    cr_expect(strncmp(err.text, "net.txt: ", 9) == 0, "%s", err.text);
    cr_expect_not_null(strstr(err.text, "line 3"), "%s", err.text);
    free(x);
    free(y);
}

static int always(void)
{
    return 1;
}

Test(eval_critic, too_few_items_and_a_stop)
{
    double *x = eval_normal(20, 2, 0, 1, 1);
    bw_sample a = eval_sample(20, 2, x), b = eval_sample(9, 2, x);
    const bw_critic_options options = {.steps = 10};
    bw_tasks *tasks = eval_tasks(1);
    bw_error err = BW_ERROR_INIT;
    bw_critic found;

    cr_expect_eq(bw_critic_of(&a, &b, &options, tasks, NULL, &found, &err),
                 BW_ERR_RANGE);
    cr_expect_str_eq(err.text,
                     "test: codes: a critic takes at least 10 items, not 9");
    cr_expect_eq(bw_critic_of(&a, &a, &options, tasks, always, &found, &err),
                 BW_ERR_INTERRUPTED);
    bw_tasks_destroy(tasks);
    free(x);
}

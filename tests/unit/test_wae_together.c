/* test_wae_together.c - auto-encoders trained by several processes: as by one,
 * but for rounding. */
#include "config.h"

#include "raw_file.h"
#include "together_case.h"
#include "wae_case.h"

TestSuite(wae_together, RAW_FOLDER);

typedef struct kind {
    bw_wae_loss loss;
    uint64_t moments_steps;
} kind;

/* Everything that goes by item numbers or by the batch: noise, statistics. */
static const char *const deep[] = {
    "noise 0.1\nconv 4 3x3 stride 2\nbatchnorm\nrelu\nflatten\ndense 3\n",
    "noise 0.1\nconv 4 3x3 stride 2\nbatchnorm\nrelu\nflatten\ndense 6\n"};

static void make(bw_comm *comm, void *arg)
{
    together_case *t = arg;
    const kind *k = t->kind;
    bool is_gaussian = k->loss.penalty == BW_WAE_KL;
    wae_case c = {.loss = k->loss,
                  .is_gaussian = is_gaussian,
                  .encoder = deep[is_gaussian],
                  .validation = 3,
                  .batch = (size_t)t->batch,
                  .moments_steps = k->moments_steps,
                  .moments_sample = 8,
                  .prior.scale = k->moments_steps > 0 ? 3 : 1,
                  .rate = 0.05,
                  .comm = comm};

    wae_case_make(&c);
    together_case_train(t, comm, c.l);
    wae_case_clear(&c);
}

static void check(bw_wae_loss loss, uint64_t moments_steps)
{
    const kind k = {loss, moments_steps};

    together_case_check(&k, 4, 1e-5, make);
}

Test(wae_together, mmd)
{
    for (int kernel = 0; kernel < 2; kernel++)
        for (int is_biased = 0; is_biased < 2; is_biased++)
            check((bw_wae_loss){.penalty = BW_WAE_MMD,
                                .scale = 0.7,
                                .lambda = 2,
                                .kernel = kernel ? BW_MMD_RBF : BW_MMD_IMQ,
                                .is_biased = is_biased},
                  0);
}

Test(wae_together, gan)
{
    for (int has_prior = 0; has_prior < 2; has_prior++)
        check((bw_wae_loss){.penalty = BW_WAE_GAN,
                            .scale = 0.7,
                            .lambda = 2,
                            .has_log_prior = has_prior},
              0);
}

Test(wae_together, kl_and_none)
{
    check((bw_wae_loss){.penalty = BW_WAE_KL, .scale = 0.7, .lambda = 0.5}, 0);
    check((bw_wae_loss){.penalty = BW_WAE_NONE, .scale = 0.7}, 0);
}

Test(wae_together, other_costs)
{
    check(
        (bw_wae_loss){.penalty = BW_WAE_NONE, .scale = 0.7, .cost = BW_WAE_L2},
        0);
    check(
        (bw_wae_loss){.penalty = BW_WAE_NONE, .scale = 0.7, .cost = BW_WAE_L1},
        0);
}

Test(wae_together, fit_of_moments)
{
    check((bw_wae_loss){.penalty = BW_WAE_MMD, .scale = 0.7, .lambda = 2}, 5);
    check((bw_wae_loss){.penalty = BW_WAE_KL, .scale = 0.7, .lambda = 0.5}, 5);
}

/* ---- ends and beginnings ---- */

static const kind plain = {
    .loss = {.penalty = BW_WAE_MMD, .scale = 0.7, .lambda = 2}};

/* Three steps by three processes, then by another number. */
Test(wae_together, a_checkpoint_goes_on_with_any_number)
{
    static const size_t sizes[] = {1, 2, 5};
    together_case whole = {.kind = &plain, .batch = 4};

    together_case_run(&whole, 1, make);
    for (size_t k = 0; k < 3; k++) {
        together_case t = {
            .kind = &plain, .batch = 4, .steps = 4, .checkpoint = "c.st.zst"};
        together_case_run(&t, 3, make);
        together_case_clear(&t);
        t.steps = 0;
        together_case_run(&t, sizes[k], make);
        double gap = together_case_gap(&whole, &t);
        cr_assert_leq(gap, 1e-5, "%zu: %g", sizes[k], gap);
        together_case_clear(&t);
        cr_assert(!remove("c.st.zst"));
    }
    together_case_clear(&whole);
}

/* A signal that reaches one process only. */
static _Thread_local size_t rank_now;
static _Thread_local int n_asked;

static int stop_second(void)
{
    return rank_now == 1 && ++n_asked == 3;
}

static void make_stopped(bw_comm *comm, void *arg)
{
    rank_now = bw_comm_rank(comm);
    n_asked = 0;
    make(comm, arg);
}

Test(wae_together, one_that_is_stopped_stops_all)
{
    together_case t = {.kind = &plain,
                       .batch = 4,
                       .checkpoint = "c.st.zst",
                       .stopped = stop_second};

    comm_case_run(3, make_stopped, &t);
    for (size_t r = 0; r < 3; r++)
        cr_assert_eq(t.status[r], BW_ERR_INTERRUPTED);
    cr_assert_str_eq(t.err[0].text,
                     "interrupted after step 2; checkpoint c.st.zst holds it");
    together_case_clear(&t);
}

/* Options of the last process are others. */
static void make_strange(bw_comm *comm, void *arg)
{
    together_case *t = arg, own = *t;

    if (bw_comm_rank(comm) < 2) {
        make(comm, t);
        return;
    }
    own.batch = 5;
    make(comm, &own);
    t->status[2] = own.status[2];
    t->err[2] = own.err[2];
    t->values[2] = own.values[2];
}

Test(wae_together, other_options_are_refused)
{
    together_case t = {.kind = &plain, .batch = 4};

    comm_case_run(3, make_strange, &t);
    for (size_t r = 0; r < 3; r++) {
        cr_assert_eq(t.status[r], BW_ERR_RANGE);
        cr_assert_str_eq(t.err[r].text,
                         "rank 2 has other options or inputs than rank 0");
    }
    together_case_clear(&t);
}

/* Rank 0 alone finds that its checkpoint cannot be written. */
Test(wae_together, one_that_fails_ends_all)
{
    together_case t = {
        .kind = &plain, .batch = 4, .checkpoint = "none/c.st.zst"};

    comm_case_run(3, make, &t);
    for (size_t r = 0; r < 3; r++) {
        cr_assert_eq(t.status[r], BW_ERR_IO);
        cr_assert_str_eq(t.err[r].text, t.err[0].text);
    }
    cr_assert(strstr(t.err[0].text, "none/c.st.zst"));
    together_case_clear(&t);
}

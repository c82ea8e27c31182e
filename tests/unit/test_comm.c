/* test_comm.c - sums and agreements of several processes, of one, and the
 * shares of a batch. */
#include "config.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "barrow/random.h"
#include "comm_case.h"
#include "nn/share.h"

/* ---- alone ---- */

static void check_alone(bw_comm *comm)
{
    float x[] = {1, 2};
    double y[] = {3};
    bool flag = true;
    bw_error err = BW_ERROR_INIT;

    cr_assert_eq(bw_comm_rank(comm), 0);
    cr_assert_eq(bw_comm_size(comm), 1);
    bw_comm_sum_floats(comm, 2, x);
    bw_comm_sum_doubles(comm, 1, y);
    bw_comm_copy(comm, sizeof x, x);
    cr_assert(x[0] == 1 && x[1] == 2 && y[0] == 3);
    cr_assert_eq(bw_comm_largest(comm, -2), -2);
    for (size_t k = 0; k < 3; k++)
        cr_assert(bw_comm_has(comm, k));
    cr_assert(!bw_comm_agree(comm, BW_OK, &flag, &err));
    cr_assert(flag);
    bw_error_set(&err, BW_ERR_IO, "what went wrong");
    flag = false;
    cr_assert_eq(bw_comm_agree(comm, BW_ERR_IO, &flag, &err), BW_ERR_IO);
    cr_assert_str_eq(err.text, "what went wrong");
    cr_assert(!flag);
}

static void work_alone(bw_comm *comm, void *arg)
{
    (void)arg;
    check_alone(comm);
}

Test(comm, alone_every_call_is_nothing)
{
    check_alone(NULL);
    comm_case_run(1, work_alone, NULL);
}

/* ---- sums ---- */

/* Threads count what is wrong; only the main one may assert. */
typedef struct sums {
    size_t n;
    float *sum[COMM_CASE_MOST];
    atomic_size_t n_wrong;
} sums;

static float number(size_t rank, size_t k)
{
    return (float)((double)((k * 37 + rank * 101) % 4001) / 7 - 200);
}

static void sum_floats(bw_comm *comm, void *arg)
{
    sums *s = arg;
    size_t rank = bw_comm_rank(comm);
    float *x = s->sum[rank];

    for (size_t k = 0; k < s->n; k++)
        x[k] = number(rank, k);
    bw_comm_sum_floats(comm, s->n, x);
    for (size_t k = 0; k < s->n; k++) {
        double want = 0;
        for (size_t r = 0; r < bw_comm_size(comm); r++)
            want += (double)number(r, k);
        if (x[k] < (float)want || x[k] > (float)want)
            atomic_fetch_add(&s->n_wrong, 1);
    }
}

/* Shorter than a gathered sum, as long, longer, and beyond a chunk. */
Test(comm, sums_of_floats_are_those_of_doubles_in_order)
{
    static const size_t n[] = {0, 1, 2, 5, 2048, 2049, 2053, 70001, 1100003};

    for (size_t size = 2; size <= COMM_CASE_MOST; size++)
        for (size_t k = 0; k < sizeof n / sizeof *n; k++) {
            sums s = {.n = n[k]};
            for (size_t r = 0; r < size; r++)
                s.sum[r] = calloc(n[k] + 1, sizeof(float));
            comm_case_run(size, sum_floats, &s);
            cr_assert_eq(s.n_wrong, 0, "%zu of %zu, %zu", s.n_wrong, n[k],
                         size);
            for (size_t r = 0; r < size; r++)
                cr_assert_eq(memcmp(s.sum[r], s.sum[0], n[k] * sizeof(float)),
                             0);
            for (size_t r = 0; r < size; r++)
                free(s.sum[r]);
        }
}

static void sum_doubles(bw_comm *comm, void *arg)
{
    atomic_size_t *n_wrong = arg;
    size_t rank = bw_comm_rank(comm), size = bw_comm_size(comm);
    enum { N = 5000 };
    double x[N], factor = (double)(size * (size + 1)) / 2;

    for (size_t k = 0; k < N; k++)
        x[k] = (double)(k * (rank + 1));
    bw_comm_sum_doubles(comm, N, x);
    for (size_t k = 0; k < N; k++)
        if (fabs(x[k] - factor * (double)k) > 0)
            atomic_fetch_add(n_wrong, 1);
}

static void take_rest(bw_comm *comm, void *arg)
{
    atomic_size_t *n_wrong = arg;
    size_t rank = bw_comm_rank(comm), size = bw_comm_size(comm);
    double last = bw_comm_largest(comm, -(double)rank - 1);
    double first = bw_comm_largest(comm, (double)rank);
    double none = bw_comm_largest(comm, rank == 1 ? NAN : 7);
    char word[] = "own";

    if (rank == 0)
        memcpy(word, "all", sizeof word);
    bw_comm_copy(comm, sizeof word, word);
    if (last > -1 || last < -1 || first < (double)(size - 1) || !isnan(none) ||
        strcmp(word, "all") != 0)
        atomic_fetch_add(n_wrong, 1);
    for (size_t k = 0; k < 2 * size; k++) {
        double n_having = bw_comm_has(comm, k) ? 1 : 0;
        bw_comm_sum_doubles(comm, 1, &n_having);
        if (n_having < 1 || n_having > 1)
            atomic_fetch_add(n_wrong, 1);
    }
}

Test(comm, sums_of_doubles_and_the_rest)
{
    for (size_t size = 2; size <= COMM_CASE_MOST; size++) {
        atomic_size_t n_wrong = 0;
        comm_case_run(size, sum_doubles, &n_wrong);
        cr_assert_eq(n_wrong, 0);
        comm_case_run(size, take_rest, &n_wrong);
        cr_assert_eq(n_wrong, 0);
    }
}

/* ---- agreement ---- */

typedef struct answers {
    size_t bad; /* the rank that fails, and the one after it */
    bw_status status[COMM_CASE_MOST], later[COMM_CASE_MOST];
    bool flag[COMM_CASE_MOST];
    bw_error err[COMM_CASE_MOST];
} answers;

static void agree(bw_comm *comm, void *arg)
{
    answers *a = arg;
    size_t rank = bw_comm_rank(comm);
    bw_error *err = &a->err[rank];
    bool none = false;

    /* A flag of one is a flag of all. */
    a->flag[rank] = rank == 1;
    a->status[rank] = bw_comm_agree(comm, BW_OK, &a->flag[rank], err);
    if (a->status[rank])
        return;
    if (rank >= a->bad)
        a->status[rank] =
            bw_error_set(err, rank == a->bad ? BW_ERR_IO : BW_ERR_MEMORY,
                         "what %zu met", rank);
    a->status[rank] = bw_comm_agree(comm, a->status[rank], &none, err);
    /* Nobody waits for anybody from here on. */
    if (rank != 1)
        a->later[rank] = bw_comm_agree(comm, BW_ERR_RANGE, &none, NULL);
}

Test(comm, the_first_that_fails_speaks_for_all)
{
    for (size_t bad = 0; bad < 3; bad++) {
        static const char *const text[] = {"what 0 met", "rank 1: what 1 met",
                                           "rank 2: what 2 met"};
        answers a = {.bad = bad};

        comm_case_run(3, agree, &a);
        for (size_t r = 0; r < 3; r++) {
            cr_assert_eq(a.status[r], BW_ERR_IO);
            cr_assert_str_eq(a.err[r].text, text[bad]);
            cr_assert(a.flag[r]);
            cr_assert_eq(a.later[r], r == 1 ? BW_OK : BW_ERR_RANGE);
        }
    }
}

/* ---- shares ---- */

/* Of a batch: shares follow each other, weights add up to 1, and numbers of two
 * sets are those of the whole batch's. */
static void take_share(bw_comm *comm, void *arg)
{
    atomic_size_t *n_wrong = arg;

    for (size_t n_all = 1; n_all < 12; n_all++) {
        bw_share s = bw_share_of(comm, n_all);
        double seen[24] = {0}, weight = s.weight;

        for (size_t k = 0; s.weight > 0 && k < 2 * s.n; k++)
            seen[bw_share_number(&s, k)]++;
        bw_comm_sum_doubles(comm, 24, seen);
        bw_comm_sum_doubles(comm, 1, &weight);
        if (fabs(weight - 1) > 1e-15 ||
            bw_share_total(&s, 2 * s.n) != 2 * n_all || s.n == 0 ||
            s.is_split !=
                (bw_comm_size(comm) > 1 && n_all >= bw_comm_size(comm)))
            atomic_fetch_add(n_wrong, 1);
        for (size_t k = 0; k < 24; k++)
            if (fabs(seen[k] - (k < 2 * n_all ? 1 : 0)) > 0)
                atomic_fetch_add(n_wrong, 1);
    }
}

Test(comm, shares_make_a_batch)
{
    for (size_t size = 1; size <= COMM_CASE_MOST; size++) {
        atomic_size_t n_wrong = 0;
        comm_case_run(size, take_share, &n_wrong);
        cr_assert_eq(n_wrong, 0, "%zu with %zu", n_wrong, size);
    }
}

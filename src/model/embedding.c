/* embedding.c - squared distances of codes.
 *
 * With c the mean of all codes, a' = (-2 (a - c), ||a - c||^2, 1) and
 * b' = (b - c, 1, ||b - c||^2) the squared distance is the product a' b', so
 * that one matrix product of depth d + 2 gives a tile of them.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>

#include "barrow/embedding.h"
#include "base/tasks.h"
#include "nn/cut.h"
#include "nn/gemm.h"

/* A tile of results stays in the second-level cache while it is looked over. */
enum { TILE_ROWS = 256, TILE_COLUMNS = 512 };

/* Below this part of the norms' sum a result is computed again. */
static const float cancelled = 1.0F / 64;

typedef struct code_set {
    size_t n;
    const float *code; /* borrowed (n, d) */
    float *factor;     /* (n, d + 2): a' or b' */
    float *limit;      /* cancelled x squared norm */
} code_set;

struct bw_embedding {
    size_t d;
    code_set a, b;
};

static double squared_gap(size_t d, const float *a, const float *b)
{
    double sum = 0;

    for (size_t i = 0; i < d; i++) {
        double gap = (double)a[i] - (double)b[i];
        sum += gap * gap;
    }
    return sum;
}

void bw_embedding_pairs(size_t d, const float *a, const float *b, size_t n,
                        const uint32_t (*pair)[2], double *square)
{
    for (size_t k = 0; k < n; k++)
        square[k] = squared_gap(d, a + (size_t)pair[k][0] * d,
                                b + (size_t)pair[k][1] * d);
}

/* ---- making ready ---- */

static void add_mean(size_t d, const code_set *set, double share, double *mean)
{
    for (size_t k = 0; k < set->n; k++)
        for (size_t i = 0; i < d; i++)
            mean[i] += share * (double)set->code[k * d + i];
}

static bw_status make_factors(size_t d, code_set *set, const double *mean,
                              bool is_left, bw_error *err)
{
    set->factor = malloc((set->n * (d + 2) + 1) * sizeof *set->factor);
    set->limit = malloc((set->n + 1) * sizeof *set->limit);
    if (!set->factor || !set->limit)
        return bw_error_memory(err);
    for (size_t k = 0; k < set->n; k++) {
        float *row = set->factor + k * (d + 2);
        double norm = 0;
        for (size_t i = 0; i < d; i++) {
            float x = (float)((double)set->code[k * d + i] - mean[i]);
            row[i] = is_left ? -2 * x : x;
            norm += (double)x * (double)x;
        }
        row[d] = is_left ? (float)norm : 1;
        row[d + 1] = is_left ? 1 : (float)norm;
        set->limit[k] = cancelled * (float)norm;
    }
    return BW_OK;
}

bw_status bw_embedding_create(size_t d, size_t n_a, const float *a, size_t n_b,
                              const float *b, bw_embedding **ret_embedding,
                              bw_error *err)
{
    *ret_embedding = NULL;
    bw_status status = bw_gemm_init(err);
    if (status)
        return status;
    bw_embedding *e = calloc(1, sizeof *e);
    double *mean = calloc(d + 1, sizeof *mean);
    if (!e || !mean) {
        status = bw_error_memory(err);
        goto done;
    }
    e->d = d;
    e->a = (code_set){.n = n_a, .code = a};
    e->b = (code_set){.n = n_b, .code = b};
    add_mean(d, &e->a, 1 / (double)(n_a + n_b), mean);
    add_mean(d, &e->b, 1 / (double)(n_a + n_b), mean);
    status = make_factors(d, &e->a, mean, true, err);
    if (!status)
        status = make_factors(d, &e->b, mean, false, err);
    if (status)
        goto done;
    *ret_embedding = e;
    e = NULL;
done:
    bw_embedding_destroy(e);
    free(mean);
    return status;
}

void bw_embedding_destroy(bw_embedding *e)
{
    if (!e)
        return;
    free(e->a.factor);
    free(e->a.limit);
    free(e->b.factor);
    free(e->b.limit);
    free(e);
}

/* ---- tiles ---- */

typedef struct tiling {
    const bw_embedding *e;
    size_t first, n, first_column; /* as the caller has them */
    size_t first_tile, n_across;   /* tiles of columns: first, count */
    float *square;
} tiling;

/* Columns from .. to of one row whose sums may have cancelled. */
static void mend_row(const bw_embedding *e, size_t i, size_t from, size_t to,
                     float *row)
{
    float limit = e->a.limit[i];
    const float *other = e->b.limit;
    unsigned n_low = 0;

    /* Counted first, without a branch: mostly there are none. */
    for (size_t j = from; j < to; j++)
        n_low += row[j] < limit + other[j];
    for (size_t j = from; j < to && n_low > 0; j++)
        if (row[j] < limit + other[j]) {
            row[j] = (float)squared_gap(e->d, e->a.code + i * e->d,
                                        e->b.code + j * e->d);
            n_low--;
        }
}

static void run_tile(void *arg, size_t task, size_t worker)
{
    const tiling *t = arg;
    const bw_embedding *e = t->e;
    size_t depth = e->d + 2, n_b = e->b.n;
    size_t top = task / t->n_across * TILE_ROWS;
    size_t from = (t->first_tile + task % t->n_across) * TILE_COLUMNS;
    size_t n = bw_cut_min(TILE_ROWS, t->n - top);
    size_t to = bw_cut_min(from + TILE_COLUMNS, n_b);

    (void)worker;
    bw_gemm(false, true, n, to - from, depth, 1,
            e->a.factor + (t->first + top) * depth, depth,
            e->b.factor + from * depth, depth, 0, t->square + top * n_b + from,
            n_b);
    for (size_t k = 0; k < n; k++)
        mend_row(e, t->first + top + k, from, to, t->square + (top + k) * n_b);
}

void bw_embedding_rows(const bw_embedding *e, bw_tasks *tasks, size_t first,
                       size_t n, size_t first_column, float *square)
{
    size_t n_tiles = (e->b.n + TILE_COLUMNS - 1) / TILE_COLUMNS;
    size_t first_tile = first_column / TILE_COLUMNS;
    size_t n_down = (n + TILE_ROWS - 1) / TILE_ROWS;

    if (first_tile >= n_tiles)
        return;
    tiling t = {e,     first, n, first_column, first_tile, n_tiles - first_tile,
                square};
    bw_tasks_run(tasks, n_down * t.n_across, run_tile, &t);
}

/* kid.c - the polynomial kernel over tiles of pairs. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "eval/kid.h"
#include "eval/tile.h"
#include "nn/gemm.h"

enum { AA, BB, AB, N_SUMS };

typedef struct job {
    bw_sample of[2];   /* the block's */
    size_t n_tiles[2]; /* of rows: a task each, a's first */
    double *room;      /* a worker's: of bw_tile_products, and a tile */
    size_t n_room;
    double (*sum)[N_SUMS]; /* a task's */
    int (*stopped)(void);
} job;

/* The kernel over a tile; above its diagonal alone where it is one. */
static double add_tile(size_t d, size_t n_rows, size_t n_columns,
                       bool is_diagonal, const double *product)
{
    double sum = 0;

    for (size_t i = 0; i < n_rows; i++) {
        double row = 0;
        for (size_t k = is_diagonal ? i + 1 : 0; k < n_columns; k++) {
            double base = product[i * BW_TILE + k] / (double)d + 1;
            row += base * base * base;
        }
        sum += row;
    }
    return sum;
}

/* Rows of a sample against all tiles of `other` from `first` on. */
static double add_rows(const job *j, const bw_sample *s, bw_cut rows,
                       const bw_sample *other, size_t first, double *room)
{
    bool is_same = s == other;
    double *product = room + bw_tile_room(s->size), sum = 0;

    for (size_t k = first; k < bw_cut_count(other->n, BW_TILE); k++) {
        bw_cut columns = bw_cut_piece(other->n, BW_TILE, k);
        if (j->stopped && j->stopped())
            break;
        bw_tile_products(s, rows, other, columns, NULL, room, product);
        sum += add_tile(s->size, rows.to - rows.from, columns.to - columns.from,
                        is_same && columns.from == rows.from, product);
    }
    return sum;
}

static void take_rows(void *arg, size_t task, size_t worker)
{
    job *j = arg;
    bool is_b = task >= j->n_tiles[0];
    size_t tile = is_b ? task - j->n_tiles[0] : task;
    const bw_sample *s = &j->of[is_b];
    bw_cut rows = bw_cut_piece(s->n, BW_TILE, tile);
    double *room = j->room + worker * j->n_room;

    j->sum[task][is_b ? BB : AA] = add_rows(j, s, rows, s, tile, room);
    if (!is_b)
        j->sum[task][AB] = add_rows(j, s, rows, &j->of[1], 0, room);
}

/* Of the block in hand. */
static double take_block(job *j, bw_tasks *tasks)
{
    size_t n_tasks = j->n_tiles[0] + j->n_tiles[1];
    double n = (double)j->of[0].n, m = (double)j->of[1].n, sum[N_SUMS] = {0};

    for (size_t k = 0; k < n_tasks; k++)
        j->sum[k][AA] = j->sum[k][BB] = j->sum[k][AB] = 0;
    bw_tasks_run(tasks, n_tasks, take_rows, j);
    for (size_t k = 0; k < n_tasks; k++)
        for (size_t c = 0; c < N_SUMS; c++)
            sum[c] += j->sum[k][c];
    return 2 * sum[AA] / (n * (n - 1)) + 2 * sum[BB] / (m * (m - 1)) -
           2 * sum[AB] / (n * m);
}

static bw_status check_counts(const bw_sample *a, const bw_sample *b,
                              size_t block, bw_error *err)
{
    const bw_sample *few = a->n < b->n ? a : b;

    if (few->n < 2)
        return bw_error_set(err, BW_ERR_RANGE, "%s: %s: %zu item makes no pair",
                            few->path, few->name, few->n);
    if (block == 1 || few->n < block)
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: %s: %zu items make no block of %zu", few->path,
                            few->name, few->n, block);
    return BW_OK;
}

static bw_status make_room(job *j, bw_tasks *tasks, bw_error *err)
{
    size_t n_workers = bw_tasks_n_workers(tasks);

    for (size_t k = 0; k < 2; k++)
        j->n_tiles[k] = bw_cut_count(j->of[k].n, BW_TILE);
    j->n_room = bw_tile_room(j->of[0].size) + (size_t)BW_TILE * (size_t)BW_TILE;
    j->room = calloc(n_workers, j->n_room * sizeof *j->room);
    j->sum = calloc(j->n_tiles[0] + j->n_tiles[1], sizeof *j->sum);
    return j->room && j->sum ? BW_OK : bw_error_memory(err);
}

/* Mean and standard error, from sums of values and of their squares about the
 * first. */
static bw_kid sum_up(size_t n, double first, double sum, double square)
{
    double mean = sum / (double)n, variance = square / (double)n - mean * mean;
    double error = n > 1 && variance > 0 ? sqrt(variance / (double)(n - 1)) : 0;

    return (bw_kid){first + mean, error, n};
}

bw_status bw_kid_of(const bw_sample *a, const bw_sample *b, size_t block,
                    bw_tasks *tasks, int (*stopped)(void), bw_kid *kid,
                    bw_error *err)
{
    size_t n_blocks = block ? bw_cut_min(a->n, b->n) / block : 1;
    double first = 0, sum = 0, square = 0;
    job j = {.of = {*a, *b}, .stopped = stopped};
    bw_status status = check_counts(a, b, block, err);

    if (!status)
        status = bw_gemm_init(err);
    for (size_t k = 0; k < 2 && block; k++)
        j.of[k].n = block;
    if (!status)
        status = make_room(&j, tasks, err);
    for (size_t k = 0; k < n_blocks && !status; k++) {
        if (block) {
            j.of[0] = bw_sample_part(a, k * block, block);
            j.of[1] = bw_sample_part(b, k * block, block);
        }
        double value = take_block(&j, tasks);
        if (k == 0)
            first = value;
        sum += value - first;
        square += (value - first) * (value - first);
        if (stopped && stopped())
            status = bw_error_set(err, BW_ERR_INTERRUPTED, "interrupted");
    }
    if (!status)
        *kid = sum_up(n_blocks, first, sum, square);
    free(j.room);
    free(j.sum);
    return status;
}

/* dwe_distance.c - dwe distance: predicted distances of many pairs, streamed.
 *
 * Images are embedded once. All pairs of one set or of two come from matrix
 * products, a block of rows at a time; random and listed ones by differences.
 * A regressor, which has no codes, takes every pair through its network.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/embedding.h"
#include "barrow/pairs.h"
#include "base/interrupt.h"
#include "base/path.h"
#include "base/progress.h"
#include "ot/dataset.h"
#include "tools/dwe.h"

static const char *model, *pairs;
static int quantity;
static bool as_matrix;

static const bw_option options[] = {
    BW_JOB_MODEL_OPTION("dwe", model),
    BW_TOOL_PAIRS_OPTION(pairs),
    {.type = BW_OPTION_CHOICE,
     .name = "quantity",
     .help = "W_p, or W_p^p",
     .value = &quantity,
     .choices = "distance|cost"},
    {.type = BW_OPTION_FLAG,
     .name = "matrix",
     .help = "write all of them as one F32 tensor 'matrix', and no list of "
             "pairs",
     .value = &as_matrix},
    {.name = NULL},
};

static const bw_program program = {
    .name = "dwe distance",
    .usage = "[options] --model MODEL IMAGES|CODES [IMAGES|CODES] -o FILE",
    .summary = "Write the predicted distances of many pairs.",
    .options = options,
    .common = &bw_dwe_common,
    .has_output = true,
    .has_threads = true,
    .has_seed = true,
};

/* Rows of a block of results, and pairs of a chunk of a list. */
enum { BLOCK_ROWS = 256, CHUNK_PAIRS = 1 << 15 };

/* One side of the pairs: codes, or images where the model has no codes. */
typedef struct side {
    size_t n;
    float *codes;
    bw_dwe_images images;
} side;

typedef struct work {
    bw_dwe_job job;
    side own[2];
    const side *a, *b; /* b is a where there is one file */
    bool are_two;
    bw_pairs pairs;
    bw_pair_list list;
    size_t values, numbers; /* the output's tensors */
    bw_progress progress;
} work;

/* ---- inputs ---- */

static bw_status embed(work *w, side *s, bw_reader *reader, bw_error *err)
{
    bw_dwe *dwe = w->job.dwe;
    bw_status status = bw_dwe_images_read(
        reader, dwe->problem.mass, dwe->problem.each_channel, &s->images, err);

    if (!status)
        status = bw_dwe_check_images(dwe, &s->images, err);
    if (!status)
        status = bw_job_add_input(&w->job.base, &s->images.origin, err);
    if (status || dwe->regressor)
        return status;
    s->codes = malloc((s->images.n * dwe->latent + 1) * sizeof *s->codes);
    if (!s->codes)
        return bw_error_memory(err);
    return bw_dwe_encode(w->job.pass, &s->images, s->images.n, NULL, s->codes,
                         err);
}

static bw_status load_side(work *w, side *s, const char *path, bw_error *err)
{
    bw_reader *reader = NULL;
    int32_t *labels = NULL;
    bw_status status = bw_reader_open(path, &reader, err);

    if (status)
        return status;
    if (bw_reader_find(reader, "codes")) {
        status = bw_dwe_need_codes(w->job.dwe, "distance of codes", err);
        if (!status)
            status = bw_dwe_job_codes(&w->job, reader, &s->n, &s->codes,
                                      &labels, err);
    } else {
        status = embed(w, s, reader, err);
        s->n = s->images.n;
    }
    bw_reader_close(reader);
    free(labels);
    return status;
}

static bool parse_count(const char *text, uint64_t *count)
{
    char *end;

    *count = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && *count > 0 &&
           strlen(text) <= 18;
}

static bw_status list_pairs(work *w, bw_error *err)
{
    uint64_t digest;
    bw_status status = bw_dataset_pairs(pairs, &w->list, &digest, err);

    if (!status)
        status = bw_provenance_add_input(
            w->job.base.provenance, bw_path_base(pairs), digest, NULL, err);
    if (status)
        return status;
    status = bw_pair_list_pairs(&w->list, w->a->n, w->b->n, &w->pairs, err);
    return status ? bw_error_prefix(err, "%s", pairs) : BW_OK;
}

static bw_status make_pairs(work *w, bw_error *err)
{
    const char *kind = pairs ? pairs : w->are_two ? "cross" : "all";
    uint64_t n_a = w->a->n, n_b = w->b->n, n;

    if (strcmp(kind, "all") == 0 && w->are_two)
        return bw_error_set(err, BW_ERR_USAGE,
                            "--pairs all takes one file, not two");
    if (strcmp(kind, "all") == 0)
        return bw_pairs_init(&w->pairs, BW_PAIRS_ALL, n_a, n_b, 0, NULL, 0,
                             err);
    if (strcmp(kind, "cross") == 0)
        return bw_pairs_init(&w->pairs, BW_PAIRS_CROSS, n_a, n_b, 0, NULL, 0,
                             err);
    if (strncmp(kind, "random:", 7) != 0)
        return list_pairs(w, err);
    if (!parse_count(kind + 7, &n))
        return bw_error_set(err, BW_ERR_USAGE,
                            "--pairs %s: random: is followed by how many",
                            kind);
    return bw_pairs_init(&w->pairs, BW_PAIRS_RANDOM, n_a, n_b, n, NULL,
                         bw_dwe_common.seed, err);
}

/* ---- output ---- */

/* Squared distances are costs; what rounding puts below 0 is 0. */
static double value_of(const work *w, double cost)
{
    double p = w->job.dwe->problem.p;

    cost = fmax(cost, 0);
    if (quantity == 1 || p <= 1)
        return cost;
    return p < 2 || p > 2 ? pow(cost, 1 / p) : sqrt(cost);
}

static bw_status set_meta(work *w, bw_error *err)
{
    const bw_dwe_problem *problem = &w->job.dwe->problem;
    char p[32], n[2][24];

    snprintf(p, sizeof p, "%.17g", problem->p);
    snprintf(n[0], sizeof n[0], "%zu", w->a->n);
    snprintf(n[1], sizeof n[1], "%zu", w->b->n);
    const char *meta[][2] = {
        {"metric", "wasserstein"},
        {"predicted", "dwe"},
        {"ground", problem->ground},
        {"p", p},
        {"quantity", quantity == 1 ? "cost" : "distance"},
        {"normalize", bw_dwe_mass_text(problem->mass)},
        {"channels", problem->each_channel ? "each" : "gray"},
        {"histograms", n[0]},
        {"histograms2", n[1]},
    };
    size_t n_meta = sizeof meta / sizeof *meta - !w->are_two;
    bw_status status = BW_OK;

    for (size_t k = 0; k < n_meta && !status; k++)
        status =
            bw_writer_set_meta(w->job.base.writer, meta[k][0], meta[k][1], err);
    return status;
}

static bw_status declare(work *w, bw_error *err)
{
    bw_writer *writer = w->job.base.writer;
    uint64_t row = as_matrix ? w->b->n : 2;
    bw_status status = set_meta(w, err);

    if (!status && as_matrix)
        return bw_writer_add(writer, "matrix", BW_F32, 2, &row, &w->values,
                             err);
    if (!status)
        status = bw_writer_add(writer, quantity == 1 ? "cost" : "distance",
                               BW_F64, 1, NULL, &w->values, err);
    if (!status)
        status =
            bw_writer_add(writer, "pairs", BW_U32, 2, &row, &w->numbers, err);
    return status;
}

static bw_status append(work *w, size_t n, uint32_t (*number)[2],
                        const double *value, bw_error *err)
{
    bw_status status = bw_writer_append(w->job.base.writer, w->values, value,
                                        n * sizeof *value, err);

    if (!status)
        status = bw_writer_append(w->job.base.writer, w->numbers, number,
                                  n * sizeof *number, err);
    if (!status && bw_interrupt_signal())
        status = bw_error_set(err, BW_ERR_INTERRUPTED, "stopped");
    return status;
}

/* ---- pairs of a list, or of a regressor ---- */

static bw_status predict(work *w, size_t n, const uint32_t (*number)[2],
                         double *value, bw_error *err)
{
    if (w->job.dwe->regressor)
        return bw_dwe_predict(w->job.pass, &w->a->images, &w->b->images, n,
                              number, value, err);
    bw_embedding_pairs(w->job.dwe->latent, w->a->codes, w->b->codes, n, number,
                       value);
    return BW_OK;
}

static bw_status stream_list(work *w, bw_error *err)
{
    uint32_t(*number)[2] = malloc(CHUNK_PAIRS * sizeof *number);
    double *value = malloc(CHUNK_PAIRS * sizeof *value);
    bw_status status = number && value ? BW_OK : bw_error_memory(err);

    for (uint64_t first = 0; first < w->pairs.n && !status;
         first += CHUNK_PAIRS) {
        uint64_t left = w->pairs.n - first;
        size_t n = left < CHUNK_PAIRS ? (size_t)left : CHUNK_PAIRS;
        for (size_t k = 0; k < n; k++)
            bw_pairs_get(&w->pairs, first + k, number[k]);
        status = predict(w, n, (const uint32_t(*)[2])number, value, err);
        for (size_t k = 0; k < n && !status; k++)
            value[k] = value_of(w, value[k]);
        if (!status)
            status = append(w, n, number, value, err);
        bw_pair_list_release(&w->list, first + n);
        bw_progress_update(&w->progress, first + n);
    }
    free(number);
    free(value);
    return status;
}

/* ---- blocks of all pairs ---- */

typedef struct block {
    float *square;         /* (BLOCK_ROWS, n_b) */
    uint32_t (*number)[2]; /* of one row */
    double *value;
} block;

/* Row i of the list: j from `from` on. */
static bw_status append_row(work *w, size_t i, size_t from, const float *square,
                            block *b, bw_error *err)
{
    size_t n = 0;

    for (size_t j = from; j < w->b->n; j++, n++) {
        b->number[n][0] = (uint32_t)i;
        b->number[n][1] = (uint32_t)j;
        b->value[n] = value_of(w, (double)square[j]);
    }
    return append(w, n, b->number, b->value, err);
}

static bw_status append_block(work *w, size_t first, size_t n, block *b,
                              bw_error *err)
{
    bool is_all = w->pairs.kind == BW_PAIRS_ALL;
    size_t n_b = w->b->n;
    bw_status status = BW_OK;

    if (!as_matrix) {
        for (size_t k = 0; k < n && !status; k++)
            status = append_row(w, first + k, is_all ? first + k + 1 : 0,
                                b->square + k * n_b, b, err);
        return status;
    }
    for (size_t k = 0; k < n * n_b; k++)
        b->square[k] = (float)value_of(w, (double)b->square[k]);
    status = bw_writer_append(w->job.base.writer, w->values, b->square,
                              n * n_b * sizeof *b->square, err);
    if (!status && bw_interrupt_signal())
        status = bw_error_set(err, BW_ERR_INTERRUPTED, "stopped");
    return status;
}

static bw_status stream_blocks(work *w, bw_error *err)
{
    size_t n_a = w->a->n, n_b = w->b->n;
    bool is_triangle = w->pairs.kind == BW_PAIRS_ALL && !as_matrix;
    bw_embedding *e = NULL;
    block b = {malloc((n_b + 1) * BLOCK_ROWS * sizeof *b.square),
               malloc((n_b + 1) * sizeof *b.number),
               malloc((n_b + 1) * sizeof *b.value)};
    bw_status status =
        b.square && b.number && b.value ? BW_OK : bw_error_memory(err);

    if (!status)
        status = bw_embedding_create(w->job.dwe->latent, n_a, w->a->codes, n_b,
                                     w->b->codes, &e, err);
    for (size_t first = 0; first < n_a && !status; first += BLOCK_ROWS) {
        size_t n = n_a - first < BLOCK_ROWS ? n_a - first : BLOCK_ROWS;
        bw_embedding_rows(e, w->job.base.tasks, first, n,
                          is_triangle ? first + 1 : 0, b.square);
        status = append_block(w, first, n, &b, err);
        bw_progress_update(&w->progress, first + n);
    }
    bw_embedding_destroy(e);
    free(b.square);
    free(b.number);
    free(b.value);
    return status;
}

/* ---- the run ---- */

static bw_status stream(work *w, bw_error *err)
{
    bool is_listed = w->pairs.kind == BW_PAIRS_RANDOM ||
                     w->pairs.kind == BW_PAIRS_LIST || w->job.dwe->regressor;
    bw_status status;

    if (as_matrix && is_listed)
        return bw_error_set(err, BW_ERR_USAGE,
                            "--matrix holds all pairs of codes: %s",
                            w->job.dwe->regressor ? "a regressor has none"
                                                  : "no --pairs but all or "
                                                    "cross");
    status = declare(w, err);
    if (status)
        return status;
    uint64_t n = is_listed ? w->pairs.n : w->a->n;
    bw_progress_start(&w->progress, stderr, bw_dwe_common.is_quiet,
                      bw_dwe_common.is_verbose, "dwe",
                      is_listed ? "pairs" : "rows", n, 0);
    status = is_listed ? stream_list(w, err) : stream_blocks(w, err);
    bw_progress_finish(&w->progress, n);
    return status ? status : bw_job_commit(&w->job.base, "distances", err);
}

static bw_status load(work *w, const bw_parsed *parsed, bw_error *err)
{
    bw_status status = BW_OK;

    w->are_two = parsed->n_operands == 2;
    w->a = &w->own[0];
    w->b = &w->own[w->are_two];
    for (size_t k = 0; k < parsed->n_operands && !status; k++)
        status = load_side(w, &w->own[k], parsed->operand[k], err);
    return status ? status : make_pairs(w, err);
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    work w = {.list = BW_PAIR_LIST_INIT};
    bw_status status = BW_OK;

    w.job.base.draws = pairs && strncmp(pairs, "random:", 7) == 0;
    if (parsed->n_operands < 1 || parsed->n_operands > 2)
        status = bw_error_set(err, BW_ERR_USAGE,
                              "one or two files of images or codes are "
                              "needed, not %zu",
                              parsed->n_operands);
    if (!status)
        status = bw_dwe_job_open(&w.job, self, parsed, model, false, err);
    if (!status)
        status = load(&w, parsed, err);
    if (!status)
        status = stream(&w, err);
    for (int k = 0; k < 2; k++) {
        bw_dwe_images_clear(&w.own[k].images);
        free(w.own[k].codes);
    }
    bw_pair_list_clear(&w.list);
    bw_dwe_job_close(&w.job);
    return status;
}

const bw_verb bw_verb_dwe_distance = {&program, run};

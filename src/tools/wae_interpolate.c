/* wae_interpolate.c - wae interpolate: images of the codes between those of two
 * images. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "model/interpolate.h"
#include "tools/wae.h"

static const char *model, *pairs = "random:10", *grid;
static uint64_t n_columns = BW_OPTION_UNSET, n_steps = 10;
static int path = BW_PATH_STRAIGHT;
static bool columns_given;

static const bw_option options[] = {
    BW_JOB_MODEL_OPTION("wae", model),
    {.type = BW_OPTION_TEXT,
     .name = "pairs",
     .meta = "A-B,...|random:N",
     .help = "numbers of images, from 0, or N pairs drawn from the seed",
     .value = &pairs},
    {.type = BW_OPTION_SIZE,
     .name = "steps",
     .meta = "N",
     .help = "images from one to the other, both ends included",
     .value = &n_steps,
     .min = 2,
     .max = 65536},
    {.type = BW_OPTION_CHOICE,
     .name = "path",
     .help = "the way between two codes",
     .value = &path,
     .choices = bw_path_names},
    BW_JOB_GRID_OPTIONS("images, by default those of a way,", grid, n_columns,
                        columns_given),
    {.name = NULL},
};

static const bw_program program = {
    .name = "wae interpolate",
    .usage = "[options] --model MODEL IMAGES -o IMAGES",
    .summary = "Write the way from one image to another, for each pair.",
    .options = options,
    .common = &bw_wae_common,
    .has_output = true,
    .has_threads = true,
    .has_seed = true,
};

typedef struct work {
    bw_wae_job job;
    bw_items items;
    size_t n_pairs;
    uint32_t (*pair)[2];
    float *codes; /* (n_pairs, n_steps, d) */
} work;

static const char random_word[] = "random:";

static bool is_random(void)
{
    return strncmp(pairs, random_word, sizeof random_word - 1) == 0;
}

/* ---- pairs ---- */

/* Pair k from stream k: two different images, where there are two. */
static bw_status draw_pairs(work *w, bw_error *err)
{
    const char *digits = pairs + sizeof random_word - 1;
    char *end;
    unsigned long long n = strtoull(digits, &end, 10);
    uint64_t n_items = w->items.n;

    if (*digits < '0' || *digits > '9' || *end || n < 1 || n > UINT32_MAX)
        return bw_error_set(err, BW_ERR_USAGE,
                            "--pairs: '%s': N is 1 to 4294967295", pairs);
    w->n_pairs = (size_t)n;
    w->pair = calloc(w->n_pairs, sizeof *w->pair);
    if (!w->pair)
        return bw_error_memory(err);
    for (size_t k = 0; k < w->n_pairs; k++) {
        bw_random random;
        bw_random_init(&random, bw_wae_common.seed, BW_RANDOM_PAIRS, k);
        uint64_t a = bw_random_below(&random, n_items), b = a;
        if (n_items > 1) {
            b = bw_random_below(&random, n_items - 1);
            b += b >= a;
        }
        w->pair[k][0] = (uint32_t)a;
        w->pair[k][1] = (uint32_t)b;
    }
    return BW_OK;
}

static bw_status list_pairs(work *w, bw_error *err)
{
    const char *at = pairs;
    size_t n = 1;
    bw_status status = BW_OK;

    for (const char *c = pairs; *c; c++)
        n += *c == ',';
    w->pair = calloc(n, sizeof *w->pair);
    if (!w->pair)
        return bw_error_memory(err);
    for (size_t k = 0; k < n && !status; k++) {
        size_t n_text = strcspn(at, ",");
        status = bw_job_parse_pair(at, n_text, w->items.n, w->pair[k], err);
        at += n_text + 1;
    }
    if (status)
        bw_error_prefix(err, "--pairs");
    w->n_pairs = n;
    return status;
}

/* ---- codes ---- */

static bw_status find_ways(work *w, bw_error *err)
{
    bw_wae_job *job = &w->job;
    size_t d = job->wae->latent, n = (size_t)n_steps, n_codes;
    float *a = job->codes, *b = job->codes + d;
    bw_status status = BW_OK;

    if (!__builtin_mul_overflow(w->n_pairs, n, &n_codes))
        w->codes = calloc(n_codes, d * sizeof *w->codes);
    if (!w->codes)
        return bw_error_memory(err);
    for (size_t k = 0; k < w->n_pairs && !status; k++) {
        const uint32_t *pair = w->pair[k];
        status = bw_wae_encode(job->pass, &w->items, pair[0], 1, NULL, a, err);
        if (!status)
            status =
                bw_wae_encode(job->pass, &w->items, pair[1], 1, NULL, b, err);
        if (!status)
            bw_interpolate((bw_path)path, d, a, b, n, w->codes + k * n * d);
    }
    return status;
}

static bw_status decode_batch(void *arg, size_t first, size_t n, bw_error *err)
{
    work *w = arg;

    return bw_wae_job_decode(&w->job, n, w->codes + first * w->job.wae->latent,
                             true, err);
}

static bw_status interpolate_file(work *w, const char *name, bw_error *err)
{
    bw_status status = bw_wae_job_items(&w->job, name, &w->items, err);

    if (!status && w->items.n == 0)
        status = bw_error_set(err, BW_ERR_RANGE, "%s: no images",
                              w->items.origin.path);
    if (!status)
        status = is_random() ? draw_pairs(w, err) : list_pairs(w, err);
    if (!status)
        status = find_ways(w, err);
    size_t n = w->n_pairs * (size_t)n_steps;
    if (!status)
        status = bw_item_job_begin(&w->job.out, n, err);
    if (!status)
        status = bw_item_job_batches(&w->job.out, n, decode_batch, w, err);
    return status ? status : bw_item_job_end(&w->job.out, err);
}

static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    work w = {.job = {.out.base.draws = is_random(), .out.opt_grid = grid}};
    bw_status status =
        bw_job_need_operands(parsed, 1, "one file of images", err);

    w.job.out.n_columns = (size_t)(columns_given ? n_columns : n_steps);
    if (!status)
        status = bw_wae_job_open(&w.job, self, parsed, model, err);
    if (!status)
        status = interpolate_file(&w, parsed->operand[0], err);
    free(w.codes);
    free(w.pair);
    bw_items_clear(&w.items);
    bw_wae_job_close(&w.job);
    return status;
}

const bw_verb bw_verb_wae_interpolate = {&program, run};

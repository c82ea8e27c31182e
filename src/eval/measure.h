/* measure.h - the metrics of weval, by name.
 *
 * A row of the table and a function make one more.
 */
#ifndef BW_MEASURE_H
#define BW_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/tasks.h"
#include "eval/sample.h"
#include "nn/mmd.h"

typedef struct bw_measure_options {
    bw_mmd_kernel kernel;
    bool is_biased;        /* mmd's V-statistic */
    double scale;          /* mmd's base or C; 0: the default */
    size_t n_slices;       /* of sliced, >= 1 */
    double p;              /* of wasserstein, >= 1 */
    size_t block;          /* items of kid's blocks, >= 2; 0: one of all */
    size_t n_neighbours;   /* of precision and recall, >= 1 */
    const char *opt_net;   /* text of critic's network, NULL: its default */
    const char *net_name;  /* of that text, for messages */
    uint64_t critic_steps; /* >= 1 */
    bool has_limit;
    size_t limit; /* items of each that count; 0: all */
    uint64_t seed;
    bw_tasks *tasks;
    int (*stopped)(void);
} bw_measure_options;

enum {
    BW_MEASURE_NOTE = 128,
    BW_MEASURE_MORE = 2,
    BW_MEASURE_LIMIT = 1000 /* of metrics whose cost is more than n^2 */
};

/* What a metric has to say besides its value: a line NAME-SUFFIX more. */
typedef struct bw_measure_more {
    const char *suffix; /* static */
    double value;
} bw_measure_more;

typedef struct bw_measure_result {
    double value;
    size_t n_more;
    bw_measure_more more[BW_MEASURE_MORE];
    size_t n_a, n_b;            /* items that counted */
    char note[BW_MEASURE_NOTE]; /* what else is known of it, or "" */
} bw_measure_result;

typedef struct bw_measure {
    const char *name;
    const char *help; /* one line, lower case, no full stop */
    /* By preference: the first that all samples have counts. NULL ends. */
    const char *const *tensors;
    bool is_of_one;  /* of b alone */
    bool is_paired;  /* item by item: as many of both */
    bool is_even;    /* as many of both: the first of the larger */
    bool is_partial; /* NaN where the samples do not define it */
    size_t limit;    /* unless there is another; 0: all */
    size_t n_least;  /* items that it takes; 0 is 1 */
    bw_status (*run)(const bw_sample *opt_a, const bw_sample *b,
                     const bw_measure_options *options,
                     bw_measure_result *result, bw_error *err);
} bw_measure;

/* By number, NULL past the end; by the first `length` letters of a name, NULL
 * when there is none. */
const bw_measure *bw_measure_at(size_t k);
const bw_measure *bw_measure_find(const char *name, size_t length);

/* Checks that the samples fit each other and the metric (BW_ERR_DIMENSION,
 * BW_ERR_RANGE: both files are named), cuts them to the limit and runs it.
 * BW_ERR_RANGE, too, for a result that is no finite number because values are
 * too large. opt_a is not looked at where is_of_one. */
bw_status bw_measure_run(const bw_measure *measure, const bw_sample *opt_a,
                         const bw_sample *b, const bw_measure_options *options,
                         bw_measure_result *result,
                         bw_error *err) BW_MUST_CHECK;

#endif

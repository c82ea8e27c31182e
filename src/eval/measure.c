/* measure.c - the table of metrics, and what each demands of its samples. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/agreement.h"
#include "eval/coverage.h"
#include "eval/critic.h"
#include "eval/discrepancy.h"
#include "eval/frechet.h"
#include "eval/kid.h"
#include "eval/measure.h"
#include "eval/sharpness.h"
#include "eval/sliced.h"
#include "eval/two_sample.h"
#include "eval/wasserstein.h"

/* ---- value by value ---- */

static bw_status run_mse(const bw_sample *a, const bw_sample *b,
                         const bw_measure_options *options,
                         bw_measure_result *result, bw_error *err)
{
    bw_agreement agreement = {0};
    bw_status status = bw_agreement_of(a, b, options->tasks, &agreement, err);

    result->value = agreement.mse;
    return status;
}

static bw_status run_squared_error(const bw_sample *a, const bw_sample *b,
                                   const bw_measure_options *options,
                                   bw_measure_result *result, bw_error *err)
{
    bw_agreement agreement = {0};
    bw_status status = bw_agreement_of(a, b, options->tasks, &agreement, err);

    result->value = agreement.squared_error;
    return status;
}

static bw_status run_relative_mse(const bw_sample *a, const bw_sample *b,
                                  const bw_measure_options *options,
                                  bw_measure_result *result, bw_error *err)
{
    bw_agreement agreement = {0};
    bw_status status = bw_agreement_of(a, b, options->tasks, &agreement, err);

    result->value = agreement.relative_mse;
    return status;
}

static bw_status run_correlation(const bw_sample *a, const bw_sample *b,
                                 const bw_measure_options *options,
                                 bw_measure_result *result, bw_error *err)
{
    bw_agreement agreement = {0};
    bw_status status = bw_agreement_of(a, b, options->tasks, &agreement, err);

    result->value = agreement.correlation;
    return status;
}

/* ---- between distributions ---- */

static bw_status run_mmd(const bw_sample *a, const bw_sample *b,
                         const bw_measure_options *options,
                         bw_measure_result *result, bw_error *err)
{
    return bw_discrepancy_of(a, b, options->kernel, options->is_biased,
                             options->scale, options->tasks, options->stopped,
                             &result->value, err);
}

static bw_status run_sliced(const bw_sample *a, const bw_sample *b,
                            const bw_measure_options *options,
                            bw_measure_result *result, bw_error *err)
{
    bw_sliced sliced = {0};
    bw_status status =
        bw_sliced_of(a, b, options->n_slices, options->seed, options->tasks,
                     options->stopped, &sliced, err);

    result->value = sliced.distance;
    snprintf(result->note, sizeof result->note, "standard error %.3g",
             sliced.error);
    return status;
}

static bw_status run_wasserstein(const bw_sample *a, const bw_sample *b,
                                 const bw_measure_options *options,
                                 bw_measure_result *result, bw_error *err)
{
    bw_wasserstein wasserstein = {0};
    bw_status status = bw_wasserstein_of(a, b, options->p, options->tasks,
                                         options->stopped, &wasserstein, err);

    result->value = wasserstein.distance;
    snprintf(result->note, sizeof result->note, "mean cost %.9g, gap %.3g",
             wasserstein.cost, wasserstein.gap);
    return status;
}

static bw_status run_frechet(const bw_sample *a, const bw_sample *b,
                             const bw_measure_options *options,
                             bw_measure_result *result, bw_error *err)
{
    return bw_frechet_of(a, b, options->tasks, &result->value, err);
}

static bw_status run_kid(const bw_sample *a, const bw_sample *b,
                         const bw_measure_options *options,
                         bw_measure_result *result, bw_error *err)
{
    bw_kid kid = {0};
    bw_status status = bw_kid_of(a, b, options->block, options->tasks,
                                 options->stopped, &kid, err);

    result->value = kid.value;
    if (options->block)
        snprintf(result->note, sizeof result->note,
                 "%zu blocks of %zu items, standard error %.3g", kid.n_blocks,
                 options->block, kid.error);
    return status;
}

/* Of `items`, those in the balls about `balls`. */
static bw_status run_coverage(const bw_sample *balls, const bw_sample *items,
                              const bw_measure_options *options,
                              bw_measure_result *result, bw_error *err)
{
    bw_coverage coverage = {0};
    bw_status status =
        bw_coverage_of(balls, items, options->n_neighbours, options->tasks,
                       options->stopped, &coverage, err);

    result->value = coverage.share;
    snprintf(result->note, sizeof result->note,
             "%zu neighbours; %zu items on a border, %zu balls of radius 0",
             options->n_neighbours, coverage.n_border, coverage.n_points);
    return status;
}

static bw_status run_precision(const bw_sample *a, const bw_sample *b,
                               const bw_measure_options *options,
                               bw_measure_result *result, bw_error *err)
{
    return run_coverage(a, b, options, result, err);
}

static bw_status run_recall(const bw_sample *a, const bw_sample *b,
                            const bw_measure_options *options,
                            bw_measure_result *result, bw_error *err)
{
    return run_coverage(b, a, options, result, err);
}

static void add_line(bw_measure_result *result, const char *suffix,
                     double value)
{
    result->more[result->n_more++] = (bw_measure_more){suffix, value};
}

static bw_status run_two_sample(const bw_sample *a, const bw_sample *b,
                                const bw_measure_options *options,
                                bw_measure_result *result, bw_error *err)
{
    bw_two_sample found = {0};
    bw_status status =
        bw_two_sample_of(a, b, options->tasks, options->stopped, &found, err);

    result->value = found.accuracy;
    add_line(result, "a", found.side[0]);
    add_line(result, "b", found.side[1]);
    snprintf(result->note, sizeof result->note,
             "%zu items have their nearest on both sides", found.n_ties);
    return status;
}

static bw_status run_critic(const bw_sample *a, const bw_sample *b,
                            const bw_measure_options *options,
                            bw_measure_result *result, bw_error *err)
{
    const bw_critic_options how = {.opt_net = options->opt_net,
                                   .net_name = options->net_name,
                                   .steps = options->critic_steps,
                                   .seed = options->seed};
    bw_critic critic = {0};
    bw_status status = bw_critic_of(a, b, &how, options->tasks,
                                    options->stopped, &critic, err);

    result->value = critic.difference;
    add_line(result, "slope", critic.slope);
    snprintf(result->note, sizeof result->note,
             "of %zu and %zu items held out, %llu steps", critic.n_held[0],
             critic.n_held[1], (unsigned long long)options->critic_steps);
    return status;
}

/* ---- of one ---- */

static bw_status run_sharpness(const bw_sample *a, const bw_sample *b,
                               const bw_measure_options *options,
                               bw_measure_result *result, bw_error *err)
{
    bw_sharpness sharpness = {0};
    bw_status status = bw_sharpness_of(b, options->tasks, &sharpness, err);

    (void)a;
    result->value = sharpness.mean;
    return status;
}

static bw_status run_sharpness_min(const bw_sample *a, const bw_sample *b,
                                   const bw_measure_options *options,
                                   bw_measure_result *result, bw_error *err)
{
    bw_sharpness sharpness = {0};
    bw_status status = bw_sharpness_of(b, options->tasks, &sharpness, err);

    (void)a;
    result->value = sharpness.least;
    return status;
}

/* ---- the table ---- */

static const char *const of_images[] = {"images", "mass", "codes", NULL};
static const char *const of_values[] = {"images", "mass",     "codes",
                                        "cost",   "distance", NULL};
static const char *const of_codes[] = {"codes", "images", "mass", NULL};

static const bw_measure measures[] = {
    {.name = "mse",
     .help = "mean over values of (b - a)^2",
     .tensors = of_values,
     .is_paired = true,
     .run = run_mse},
    {.name = "squared-error",
     .help = "mean over items of the sum of (b - a)^2",
     .tensors = of_values,
     .is_paired = true,
     .run = run_squared_error},
    {.name = "relative-mse",
     .help = "mse over the mean of a^2",
     .tensors = of_values,
     .is_paired = true,
     .is_partial = true,
     .run = run_relative_mse},
    {.name = "correlation",
     .help = "Pearson's, over all values",
     .tensors = of_values,
     .is_paired = true,
     .is_partial = true,
     .run = run_correlation},
    {.name = "mmd",
     .help = "squared maximum mean discrepancy",
     .tensors = of_codes,
     .n_least = 2,
     .run = run_mmd},
    {.name = "sliced",
     .help = "W2 over random directions",
     .tensors = of_images,
     .run = run_sliced},
    {.name = "wasserstein",
     .help = "W_P under the Euclidean distance of items",
     .tensors = of_images,
     .limit = BW_MEASURE_LIMIT,
     .run = run_wasserstein},
    {.name = "frechet",
     .help = "squared W2 of Gaussians of the same moments",
     .tensors = of_codes,
     .n_least = 2,
     .run = run_frechet},
    {.name = "kid",
     .help = "squared mmd under the kernel (x y / d + 1)^3",
     .tensors = of_codes,
     .n_least = 2,
     .run = run_kid},
    {.name = "precision",
     .help = "share of B among the nearest neighbours of A",
     .tensors = of_codes,
     .run = run_precision},
    {.name = "recall",
     .help = "share of A among the nearest neighbours of B",
     .tensors = of_codes,
     .run = run_recall},
    {.name = "two-sample",
     .help = "share of items whose nearest is of their own side",
     .tensors = of_codes,
     .is_even = true,
     .n_least = 2,
     .run = run_two_sample},
    {.name = "critic",
     .help = "W1 by a critic that is trained for it",
     .tensors = of_images,
     .n_least = BW_CRITIC_LEAST,
     .run = run_critic},
    {.name = "sharpness",
     .help = "mean variance of an image's Laplacian, of B alone",
     .tensors = of_images,
     .is_of_one = true,
     .run = run_sharpness},
    {.name = "sharpness-min",
     .help = "the least of these, of B alone",
     .tensors = of_images,
     .is_of_one = true,
     .run = run_sharpness_min},
};

const bw_measure *bw_measure_at(size_t k)
{
    return k < sizeof measures / sizeof measures[0] ? &measures[k] : NULL;
}

const bw_measure *bw_measure_find(const char *name, size_t length)
{
    const bw_measure *m;

    for (size_t k = 0; (m = bw_measure_at(k)) != NULL; k++)
        if (strlen(m->name) == length && memcmp(m->name, name, length) == 0)
            return m;
    return NULL;
}

/* ---- running ---- */

/* "28x28x1" */
static void print_shape(const bw_sample *s, size_t size, char *text)
{
    size_t at = 0;

    snprintf(text, size, "1");
    for (unsigned k = 1; k < s->rank && at < size; k++) {
        int more = snprintf(text + at, size - at, "%s%llu", k > 1 ? "x" : "",
                            (unsigned long long)s->shape[k]);
        at += more > 0 ? (size_t)more : size;
    }
}

static bw_status check_shapes(const bw_sample *a, const bw_sample *b,
                              bw_error *err)
{
    char text_a[128], text_b[128];
    bool is_same = a->rank == b->rank;

    for (unsigned k = 1; k < a->rank && is_same; k++)
        is_same = a->shape[k] == b->shape[k];
    if (is_same)
        return BW_OK;
    print_shape(a, sizeof text_a, text_a);
    print_shape(b, sizeof text_b, text_b);
    return bw_error_set(err, BW_ERR_DIMENSION,
                        "%s: %s of %s values, those of %s are of %s", b->path,
                        b->name, text_b, a->path, text_a);
}

static bw_status check_counts(const bw_measure *measure, const bw_sample *a,
                              const bw_sample *b, bw_error *err)
{
    const bw_sample *few = a->n < b->n ? a : b;

    if (measure->is_paired && a->n != b->n)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: %zu items, %s has %zu, and %s compares them "
                            "one by one",
                            b->path, b->n, a->path, a->n, measure->name);
    if (few->n < measure->n_least)
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: %s takes at least %zu items, not %zu",
                            few->path, measure->name, measure->n_least, few->n);
    return BW_OK;
}

bw_status bw_measure_run(const bw_measure *measure, const bw_sample *opt_a,
                         const bw_sample *b, const bw_measure_options *options,
                         bw_measure_result *result, bw_error *err)
{
    size_t limit = options->has_limit ? options->limit : measure->limit;
    bw_sample first, last = *b;
    bw_status status = BW_OK;

    *result = (bw_measure_result){.value = 0};
    if (limit > 0)
        last = bw_sample_head(b, limit);
    first = measure->is_of_one ? last : *opt_a;
    if (limit > 0)
        first = bw_sample_head(&first, limit);
    if (measure->is_even) {
        first = bw_sample_head(&first, last.n);
        last = bw_sample_head(&last, first.n);
    }
    result->n_a = first.n;
    result->n_b = last.n;
    if (!measure->is_of_one)
        status = check_shapes(&first, &last, err);
    if (!status)
        status = check_counts(measure, &first, &last, err);
    if (!status)
        status = measure->run(&first, &last, options, result, err);
    if (!status && !isfinite(result->value) && !measure->is_partial)
        status = bw_error_set(err, BW_ERR_RANGE,
                              "%s: %s is no finite number: values are too "
                              "large",
                              last.path, measure->name);
    return status;
}

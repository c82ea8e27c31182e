/* wdist.c - main of wdist: exact Wasserstein distances of many pairs. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "base/interrupt.h"
#include "ot/distances.h"
#include "tools/tool.h"

static bw_option_common common;

/* What the options set; the initial values are the defaults. */
static const char *pairs, *shard, *cost, *support;
static int ground = BW_NORM_L2, quantity, normalize, channels, metric, method;
static double p = 2, tolerance = 1e-12;
static bool certify, plans, potentials, resume, p_given, quantity_given;

static const bw_option options[] = {
    {.type = BW_OPTION_GROUP, .name = "Pairs"},
    BW_TOOL_PAIRS_OPTION(pairs),
    {.type = BW_OPTION_TEXT,
     .name = "shard",
     .meta = "K/N",
     .help = "only the K-th, from 1, of N contiguous parts of the list",
     .value = &shard},
    {.type = BW_OPTION_GROUP, .name = "Ground cost"},
    {.type = BW_OPTION_CHOICE,
     .name = "ground",
     .help = "distance between bins, in pixels",
     .value = &ground,
     .choices = "l1|l2|linf"},
    {.type = BW_OPTION_REAL,
     .name = "p",
     .meta = "P",
     .help = "the cost is the ground distance to the power P >= 1",
     .value = &p,
     .min = 1,
     .max = 1e6,
     .given = &p_given},
    {.type = BW_OPTION_TEXT,
     .name = "cost",
     .meta = "FILE",
     .help = "any costs instead: a matrix of bins by bins (container, NPY, "
             "table)",
     .value = &cost},
    {.type = BW_OPTION_TEXT,
     .name = "support",
     .meta = "FILE",
     .help = "coordinates (bins,d) of the bins, in place of the grid",
     .value = &support},
    {.type = BW_OPTION_GROUP, .name = "Problem"},
    {.type = BW_OPTION_CHOICE,
     .name = "quantity",
     .help = "W_p, or W_p^p, the optimum of the linear program",
     .value = &quantity,
     .choices = "distance|cost",
     .given = &quantity_given},
    {.type = BW_OPTION_CHOICE,
     .name = "normalize",
     .help = "mass / sum; softmax of the values; as given",
     .value = &normalize,
     .choices = "sum|softmax|none"},
    {.type = BW_OPTION_CHOICE,
     .name = "channels",
     .help = "luminance; or one problem a channel and the mean of them",
     .value = &channels,
     .choices = "gray|each"},
    {.type = BW_OPTION_CHOICE,
     .name = "metric",
     .help = "or another distance, which knows no ground cost",
     .value = &metric,
     .choices = "wasserstein|kl|js|tv"},
    {.type = BW_OPTION_GROUP, .name = "Solver"},
    {.type = BW_OPTION_CHOICE,
     .name = "method",
     .help = "exact solver; auto takes the fastest for the problem",
     .value = &method,
     .choices = "auto|line|bitmask|simplex|large|flow"},
    {.type = BW_OPTION_REAL,
     .name = "certify",
     .meta = "TOL",
     .help = "prove every result by duality and write its gap; one over TOL, "
             "relative to the cost, is an error",
     .value = &tolerance,
     .min = 0,
     .max = 1,
     .is_optional = true,
     .given = &certify},
    {.type = BW_OPTION_FLAG,
     .name = "plans",
     .help = "write the optimal plans too",
     .value = &plans},
    {.type = BW_OPTION_FLAG,
     .name = "potentials",
     .help = "write the dual potentials too",
     .value = &potentials},
    {.type = BW_OPTION_FLAG,
     .name = "resume",
     .help = "continue a run into the same -o that was stopped or killed",
     .value = &resume,
     .is_neutral = true},
    {.name = NULL},
};

/* Whether results are costs: with a matrix the power is unknown unless given,
 * so the cost itself is what can be said. */
static bw_status choose_quantity(bool *gives_cost, bw_error *err)
{
    *gives_cost = quantity == 1;
    if (!cost)
        return BW_OK;
    if (!quantity_given && !p_given)
        *gives_cost = true;
    if (*gives_cost || p_given)
        return BW_OK;
    return bw_error_set(err, BW_ERR_USAGE,
                        "--cost with --quantity distance needs --p: the root "
                        "to take");
}

static bw_status run(const bw_program *program, const bw_parsed *parsed,
                     bw_error *err)
{
    bw_distances_options o = {
        .n_inputs = parsed->n_operands,
        .input = parsed->operand,
        .pairs = pairs,
        .shard = shard,
        .ground = (bw_norm)ground,
        .p = cost && !p_given ? 1 : p,
        .cost = cost,
        .support = support,
        .normalize = (bw_normalize)normalize,
        .each_channel = channels == 1,
        .metric = (bw_metric)metric,
        .transport = {.method = (bw_method)method,
                      .with_certificate = certify,
                      .with_plan = plans,
                      .with_potentials = potentials},
        .tolerance = tolerance,
        .resume = resume,
        .seed = common.seed,
        .n_threads = common.n_threads,
        .is_quiet = common.is_quiet,
        .is_verbose = common.is_verbose,
        .stopped = bw_interrupt_signal,
    };
    if (parsed->n_operands < 1 || parsed->n_operands > 2)
        return bw_error_set(err, BW_ERR_USAGE,
                            "one or two files of histograms are needed, not "
                            "%zu",
                            parsed->n_operands);
    bw_status status = choose_quantity(&o.gives_cost, err);
    if (status == BW_OK)
        status = bw_tool_output(program, &o.output, err);
    if (status != BW_OK)
        return status;
    const char **args = NULL;
    status = bw_tool_arguments(parsed, &o.n_args, &args, err);
    o.arg = args;
    if (status == BW_OK)
        status = bw_distances_run(&o, err);
    free(args);
    return status;
}

int main(int argc, char **argv)
{
    static const bw_program program = {
        .name = "wdist",
        .usage = "[options] HISTOGRAMS [HISTOGRAMS2]",
        .summary = "Exact Wasserstein distances between many pairs of "
                   "histograms.",
        .options = options,
        .common = &common,
        .has_output = true,
        .has_threads = true,
        .has_seed = true,
    };

    bw_option_common_init(&common);
    return bw_tool_main(&program, argc, argv, run);
}

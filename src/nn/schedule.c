/* schedule.c - how the rate changes over a run: texts and factors. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/optimizer.h"

static const char forms[] =
    "constant, step EPOCH:DIVISOR,..., exponential FACTOR, linear FACTOR, "
    "cosine FACTOR or plateau FACTOR:EPOCHS";

/* A decimal number without sign; moves *text past it. */
static bool read_number(const char **text, double *value)
{
    char *end;

    if ((**text < '0' || **text > '9') && **text != '.')
        return false;
    if (strncmp(*text, "0x", 2) == 0 || strncmp(*text, "0X", 2) == 0)
        return false;
    *value = strtod(*text, &end);
    if (end == *text || !isfinite(*value))
        return false;
    *text = end;
    return true;
}

/* "30:2,50:5" */
static bw_status read_milestones(const char *text, bw_schedule *schedule,
                                 bw_error *err)
{
    const char *at = text;

    for (;;) {
        size_t k = schedule->n_milestones;

        if (k == BW_MAX_MILESTONES)
            return bw_error_set(err, BW_ERR_USAGE,
                                "schedule step: more than %d epochs",
                                BW_MAX_MILESTONES);
        if (!read_number(&at, &schedule->milestone[k]) || *at++ != ':' ||
            !read_number(&at, &schedule->divisor[k]))
            return bw_error_set(err, BW_ERR_USAGE,
                                "schedule step: \"%s\" is not "
                                "EPOCH:DIVISOR,...",
                                text);
        if (k > 0 && schedule->milestone[k] <= schedule->milestone[k - 1])
            return bw_error_set(
                err, BW_ERR_USAGE, "schedule step: epoch %g follows %g",
                schedule->milestone[k], schedule->milestone[k - 1]);
        if (!(schedule->divisor[k] > 0.0))
            return bw_error_set(err, BW_ERR_USAGE,
                                "schedule step: a divisor must be over 0");
        schedule->n_milestones++;
        if (*at == '\0')
            return BW_OK;
        if (*at++ != ',')
            return bw_error_set(err, BW_ERR_USAGE,
                                "schedule step: \"%s\" is not "
                                "EPOCH:DIVISOR,...",
                                text);
    }
}

/* FACTOR, from least (0: not itself) to 1. */
static bw_status read_factor(const char *name, const char **text, bool may_be_0,
                             bw_schedule *schedule, bw_error *err)
{
    const char *at = *text;

    if (!read_number(&at, &schedule->factor))
        return bw_error_set(err, BW_ERR_USAGE,
                            "schedule %s: \"%s\" begins with no factor", name,
                            *text);
    if (schedule->factor > 1.0 || (!may_be_0 && schedule->factor == 0.0))
        return bw_error_set(err, BW_ERR_USAGE,
                            "schedule %s: the factor %g is not %s to 1", name,
                            schedule->factor, may_be_0 ? "from 0" : "over 0");
    *text = at;
    return BW_OK;
}

static bw_status read_patience(const char *text, bw_schedule *schedule,
                               bw_error *err)
{
    double epochs;

    if (*text != ':')
        return bw_error_set(err, BW_ERR_USAGE,
                            "schedule plateau: \":EPOCHS\" is missing");
    text++;
    if (!read_number(&text, &epochs) || *text != '\0' || epochs < 1.0 ||
        epochs > 1e6 || epochs != floor(epochs))
        return bw_error_set(err, BW_ERR_USAGE,
                            "schedule plateau: epochs are a whole number from "
                            "1 to 1000000");
    schedule->patience = (uint64_t)epochs;
    return BW_OK;
}

static const struct {
    const char *name;
    bw_schedule_kind kind;
} kinds[] = {
    {"constant", BW_SCHEDULE_CONSTANT},       {"step", BW_SCHEDULE_STEP},
    {"exponential", BW_SCHEDULE_EXPONENTIAL}, {"linear", BW_SCHEDULE_LINEAR},
    {"cosine", BW_SCHEDULE_COSINE},           {"plateau", BW_SCHEDULE_PLATEAU},
};

/* The row of `kinds` whose name text begins with, as a word; or their number.
 * *rest is what follows the word and its spaces. */
static size_t find_kind(const char *text, const char **rest)
{
    size_t n = strcspn(text, " "), k = 0;

    while (k < sizeof kinds / sizeof *kinds &&
           (strlen(kinds[k].name) != n || strncmp(kinds[k].name, text, n) != 0))
        k++;
    *rest = text + n + strspn(text + n, " ");
    return k;
}

static bw_status read_rest(const char *name, const char *rest,
                           bw_schedule *schedule, bw_error *err)
{
    bw_status status = BW_OK;

    switch (schedule->kind) {
    case BW_SCHEDULE_CONSTANT:
        break;
    case BW_SCHEDULE_STEP:
        return read_milestones(rest, schedule, err);
    case BW_SCHEDULE_EXPONENTIAL:
        status = read_factor(name, &rest, false, schedule, err);
        break;
    case BW_SCHEDULE_LINEAR:
    case BW_SCHEDULE_COSINE:
        status = read_factor(name, &rest, true, schedule, err);
        break;
    case BW_SCHEDULE_PLATEAU:
        status = read_factor(name, &rest, false, schedule, err);
        return status == BW_OK ? read_patience(rest, schedule, err) : status;
    }
    if (status == BW_OK && *rest != '\0')
        return bw_error_set(err, BW_ERR_USAGE,
                            "schedule %s: \"%s\" is too much", name, rest);
    return status;
}

bw_status bw_schedule_parse(const char *text, bw_schedule *schedule,
                            bw_error *err)
{
    const char *rest;
    size_t k = find_kind(text, &rest);

    *schedule = (bw_schedule){.kind = BW_SCHEDULE_CONSTANT, .factor = 1.0};
    if (k == sizeof kinds / sizeof *kinds)
        return bw_error_set(err, BW_ERR_USAGE,
                            "no schedule is called \"%.*s\": %s",
                            (int)strcspn(text, " "), text, forms);
    schedule->kind = kinds[k].kind;
    return read_rest(kinds[k].name, rest, schedule, err);
}

/* The divisor of the last milestone that is not ahead; base rate, not what the
 * rate was before it, is what is divided. */
static double step_factor(const bw_schedule *schedule, double epoch)
{
    double divisor = 1.0;

    for (size_t k = 0; k < schedule->n_milestones; k++)
        if (epoch >= schedule->milestone[k])
            divisor = schedule->divisor[k];
    return 1.0 / divisor;
}

double bw_schedule_factor(const bw_schedule *schedule, double epoch,
                          double n_epochs, uint64_t n_drops)
{
    const double pi = 3.14159265358979323846;
    double done = n_epochs > 0.0 ? epoch / n_epochs : 0.0;

    done = done < 1.0 ? done : 1.0;
    switch (schedule->kind) {
    case BW_SCHEDULE_CONSTANT:
        break;
    case BW_SCHEDULE_STEP:
        return step_factor(schedule, epoch);
    case BW_SCHEDULE_EXPONENTIAL:
        return pow(schedule->factor, done);
    case BW_SCHEDULE_LINEAR:
        return 1.0 + (schedule->factor - 1.0) * done;
    case BW_SCHEDULE_COSINE:
        return schedule->factor +
               (1.0 - schedule->factor) * 0.5 * (1.0 + cos(pi * done));
    case BW_SCHEDULE_PLATEAU:
        return pow(schedule->factor, (double)n_drops);
    }
    return 1.0;
}

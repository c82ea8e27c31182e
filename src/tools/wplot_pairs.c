/* wplot_pairs.c - distances and plans with their pairs. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/provenance.h"
#include "tools/wplot.h"

void bw_wplot_pairs_clear(bw_wplot_pairs *p)
{
    free(p->path);
    free(p->about);
    free(p->pair);
    free(p->value);
    free(p->offset);
    free(p->bin);
    free(p->mass);
    free(p->provenance);
    *p = (bw_wplot_pairs){.path = NULL};
}

/* ---- what the values are ---- */

/* W and its power, with subscript and superscript where there are such. */
static char *about_wasserstein(double p, bool is_cost, const char *ground)
{
    bool is_plain = strcmp(ground, "cost") == 0;
    char name[64], unit[64] = "", *text = NULL;
    char power[32];

    snprintf(power, sizeof power, p > 2 || p < 2 ? "^%g" : "\u00b2", p);
    if (!(p > 1) || !is_cost)
        power[0] = '\0';
    if (p > 2 || p < 1 || (p > 1 && p < 2))
        snprintf(name, sizeof name, "W_%g%s", p, power);
    else
        snprintf(name, sizeof name, "W%s%s", p > 1 ? "\u2082" : "\u2081",
                 power);
    if (!is_plain)
        snprintf(unit, sizeof unit, ", %s ground (pixels%s)", ground, power);
    if (asprintf(&text, "%s%s", name, unit) < 0)
        return NULL;
    return text;
}

char *bw_wplot_about(const bw_reader *reader)
{
    const char *quantity = bw_reader_meta(reader, "quantity");
    const char *metric = bw_reader_meta(reader, "metric");
    const char *ground = bw_reader_meta(reader, "ground");
    const char *p = bw_reader_meta(reader, "p");
    double power = p ? strtod(p, NULL) : NAN;

    if (!metric && !quantity)
        return strdup("");
    if (metric && strcmp(metric, "wasserstein") != 0)
        return strdup(metric);
    if (!quantity || !ground || !(power >= 1) || strlen(ground) > 16)
        return strdup(quantity ? quantity : metric);
    return about_wasserstein(power, strcmp(quantity, "cost") == 0, ground);
}

/* ---- tensors ---- */

typedef struct wanted {
    const bw_tensor *pairs, *value, *offset, *bins, *mass;
} wanted;

static bool has_shape(const bw_tensor *t, bw_dtype dtype, uint64_t n,
                      uint64_t d)
{
    return t && t->dtype == dtype && t->shape[0] == n &&
           t->rank == (d > 1 ? 2 : 1) && (d <= 1 || t->shape[1] == d);
}

static bw_status check_tensors(const bw_wplot_pairs *p, const wanted *w,
                               bool wants_plans, bw_error *err)
{
    uint64_t m = w->pairs && w->pairs->rank > 0 ? w->pairs->shape[0] : 0;

    if (!has_shape(w->pairs, BW_U32, m, 2) ||
        (w->value && !has_shape(w->value, BW_F64, m, 1)) ||
        (!wants_plans && !w->value))
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: no distances: tensors pairs U32 (m,2) and "
                            "cost or distance F64 (m) are wanted",
                            p->path);
    if (m == 0)
        return bw_error_set(err, BW_ERR_DIMENSION, "%s: no pairs", p->path);
    if (!wants_plans)
        return BW_OK;
    uint64_t n = w->mass && w->mass->rank > 0 ? w->mass->shape[0] : 0;
    if (!has_shape(w->offset, BW_U64, m + 1, 1) ||
        !has_shape(w->bins, BW_U32, n, 2) || !has_shape(w->mass, BW_F64, n, 1))
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: no plans, as wdist --plans writes them",
                            p->path);
    return BW_OK;
}

static bw_status check_offsets(const bw_wplot_pairs *p, uint64_t n,
                               bw_error *err)
{
    for (size_t k = 0; k < p->m; k++)
        if (p->offset[k] > p->offset[k + 1] || p->offset[k + 1] > n)
            return bw_error_set(err, BW_ERR_FORMAT,
                                "%s: plan %zu: offsets %" PRIu64 " to %" PRIu64
                                " of %" PRIu64,
                                p->path, k, p->offset[k], p->offset[k + 1], n);
    return BW_OK;
}

static bw_status read_tensors(bw_wplot_pairs *p, bw_reader *reader,
                              const wanted *w, bw_error *err)
{
    bw_status status = BW_OK;

    for (size_t k = 0; k < bw_reader_n_tensors(reader) && !status; k++) {
        const bw_tensor *t = bw_reader_tensor(reader, k);
        void *data = NULL;
        if (t != w->pairs && t != w->value && t != w->offset && t != w->bins &&
            t != w->mass)
            continue;
        status = bw_reader_read_all(reader, t, &data, err);
        if (t == w->pairs)
            p->pair = data;
        else if (t == w->value)
            p->value = data;
        else if (t == w->offset)
            p->offset = data;
        else if (t == w->bins)
            p->bin = data;
        else
            p->mass = data;
    }
    return status ? status : bw_reader_finish(reader, NULL, err);
}

static bw_status read_meta(bw_wplot_pairs *p, const bw_reader *reader,
                           bw_error *err)
{
    const char *steps = bw_reader_meta(reader, BW_META_PROVENANCE);

    p->is_between = bw_reader_meta(reader, "histograms2") != NULL;
    p->path = strdup(bw_reader_path(reader));
    p->about = bw_wplot_about(reader);
    p->provenance = steps ? strdup(steps) : NULL;
    return p->path && p->about && (p->provenance || !steps)
               ? BW_OK
               : bw_error_memory(err);
}

bw_status bw_wplot_pairs_load(const char *path, bool wants_plans,
                              bw_wplot_pairs *p, bw_error *err)
{
    bw_reader *reader = NULL;

    *p = (bw_wplot_pairs){.path = NULL};
    bw_status status = bw_reader_open(path, &reader, err);
    if (status)
        return status;
    const bw_tensor *cost = bw_reader_find(reader, "cost");
    wanted w = {.pairs = bw_reader_find(reader, "pairs"),
                .value = cost ? cost : bw_reader_find(reader, "distance")};
    if (wants_plans) {
        w.offset = bw_reader_find(reader, "plan_offset");
        w.bins = bw_reader_find(reader, "plan_bins");
        w.mass = bw_reader_find(reader, "plan_mass");
    }
    status = read_meta(p, reader, err);
    if (!status)
        status = check_tensors(p, &w, wants_plans, err);
    if (!status)
        status = read_tensors(p, reader, &w, err);
    if (!status) {
        p->m = (size_t)w.pairs->shape[0];
        status = wants_plans ? check_offsets(p, w.mass->shape[0], err) : BW_OK;
    }
    bw_reader_close(reader);
    return status;
}

/* dwe_validate.c - figures over the pairs held out, and pictures. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/dwe_learner.h"
#include "model/dwe_picture.h"
#include "nn/cut.h"

enum { N_SHOWN = 32, SHOWN_COLUMNS = 8 };

/* ---- validation ---- */

/* Every image of the held pairs goes through both networks once. Batches go
 * round the processes, of which all get all codes. */
static void see_images(bw_dwe_learner *l, double *terms)
{
    enum { N_SUMS = BW_DWE_TERMS - BW_DWE_RECONSTRUCTION };
    size_t d = l->t->dwe->latent, n_max = 2 * l->t->batch;
    double sum[N_SUMS] = {0};

    if (l->t->comm)
        memset(l->seen_code, 0, l->n_seen * d * sizeof *l->seen_code);
    for (size_t first = 0; first < l->n_seen; first += n_max) {
        size_t n = bw_cut_min(n_max, l->n_seen - first);
        if (!bw_comm_has(l->t->comm, first / n_max))
            continue;
        const float *z =
            bw_dwe_step_encode(l, BW_MODE_INFER, n, l->seen + first, 0);
        memcpy(l->seen_code + first * d, z, n * d * sizeof *z);
        bw_dwe_step_image_terms(l, n,
                                bw_dwe_step_decode(l, BW_MODE_INFER, n, z, 0),
                                1, NULL, terms);
        for (int k = 0; k < N_SUMS; k++)
            sum[k] += terms[BW_DWE_RECONSTRUCTION + k] * (double)n;
    }
    bw_comm_sum_floats(l->t->comm, l->n_seen * d, l->seen_code);
    bw_comm_sum_doubles(l->t->comm, N_SUMS, sum);
    for (int k = 0; k < N_SUMS; k++)
        terms[BW_DWE_RECONSTRUCTION + k] = sum[k] / (double)l->n_seen;
}

bw_status bw_dwe_validate_embedding(void *self, double *terms, bw_error *err)
{
    bw_dwe_learner *l = self;
    const bw_dwe_pairs *pairs = l->t->pairs;
    size_t d = l->t->dwe->latent;
    bw_dwe_sums f = {0};

    (void)err;
    see_images(l, terms);
    for (size_t k = 0; k < l->split.n_held; k++) {
        const uint32_t *pair = pairs->pair[l->split.held[k]];
        const float *a = l->seen_code + (size_t)l->place[pair[0]] * d;
        const float *b = l->seen_code + (size_t)l->place[pair[1]] * d;
        bw_dwe_sums_add(&f, bw_dwe_square(d, a, b),
                        l->t->dwe->label_scale * pairs->cost[l->split.held[k]]);
    }
    bw_dwe_sums_terms(l, &f, terms);
    return BW_OK;
}

bw_status bw_dwe_validate_regressor(void *self, double *terms, bw_error *err)
{
    bw_dwe_learner *l = self;
    bw_dwe_sums f = {0};

    (void)err;
    for (size_t first = 0; first < l->split.n_held; first += l->t->batch) {
        size_t n = bw_cut_min(l->t->batch, l->split.n_held - first);
        if (!bw_comm_has(l->t->comm, first / l->t->batch))
            continue;
        bw_dwe_step_set_pairs(l, l->split.held + first, n);
        const float *y = bw_dwe_step_regress(l, BW_MODE_INFER, n, 0);
        for (size_t k = 0; k < n; k++)
            bw_dwe_sums_add(&f, (double)y[k], (double)l->target[k]);
    }
    bw_dwe_sums_share(&f, l->t->comm, l->split.n_held);
    bw_dwe_sums_terms(l, &f, terms);
    return BW_OK;
}

/* ---- pictures ---- */

/* Up to N_SHOWN images, of held pairs where there are any: a row of them, below
 * it the row of their reconstructions, and so on. */
bw_status bw_dwe_validate_show(void *self, const char *folder, uint64_t epoch,
                               bw_error *err)
{
    bw_dwe_learner *l = self;
    size_t size = bw_shape_n(l->t->dwe->image);
    size_t most = bw_cut_min(l->n_seen ? l->n_seen : l->t->images->n,
                             bw_cut_min(N_SHOWN, 2 * l->t->batch));
    size_t n = most < SHOWN_COLUMNS ? most : most - most % SHOWN_COLUMNS;
    size_t n_columns = bw_cut_min(n, SHOWN_COLUMNS);
    float *planes = malloc(2 * n * size * sizeof *planes);
    char *path = NULL;
    bw_status status = BW_OK;

    if (asprintf(&path, "%s/epoch-%04llu.png", folder,
                 (unsigned long long)epoch) < 0)
        path = NULL;
    if (!planes || !path) {
        status = bw_error_memory(err);
        goto done;
    }
    for (size_t k = 0; k < n; k++)
        l->row[k] = l->n_seen ? l->seen[k] : (uint32_t)k;
    const float *z = bw_dwe_step_encode(l, BW_MODE_INFER, n, l->row, 0);
    const float *v = bw_dwe_step_decode(l, BW_MODE_INFER, n, z, 0);
    for (size_t k = 0; k < n; k++) {
        size_t at = k + k / n_columns * n_columns;
        memcpy(planes + at * size, l->image + k * size, size * sizeof *planes);
        memcpy(planes + (at + n_columns) * size, v + k * size,
               size * sizeof *planes);
    }
    status = bw_dwe_picture_write(path, l->t->dwe->image, 2 * n, planes,
                                  n_columns, err);
done:
    free(planes);
    free(path);
    return status;
}

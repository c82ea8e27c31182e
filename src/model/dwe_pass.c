/* dwe_pass.c - a trained model at work: images to codes, codes to images,
 * pairs of images to costs, batch by batch. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/dwe.h"
#include "model/stop.h"
#include "nn/cut.h"
#include "nn/gemm.h"

struct bw_dwe_pass {
    const bw_dwe *dwe;
    bw_tasks *tasks;
    int (*stopped)(void);
    size_t n_max;
    bw_engine *encoder, *decoder, *regressor; /* NULL where the part is */
    uint32_t *row;                            /* 2 n_max image numbers */
};

void bw_dwe_pass_destroy(bw_dwe_pass *pass)
{
    if (!pass)
        return;
    bw_engine_destroy(pass->encoder);
    bw_engine_destroy(pass->decoder);
    bw_engine_destroy(pass->regressor);
    free(pass->row);
    free(pass);
}

static bw_status make_engine(const bw_model_part *opt_part, size_t n_max,
                             bw_tasks *tasks, bw_engine **ret_engine,
                             bw_error *err)
{
    bw_engine_options options = {.n_max = n_max};

    if (!opt_part)
        return BW_OK;
    return bw_engine_create(opt_part->network, &options, tasks, ret_engine,
                            err);
}

bw_status bw_dwe_pass_create(const bw_dwe *dwe, size_t n_max, bw_tasks *tasks,
                             int (*stopped)(void), bw_dwe_pass **ret_pass,
                             bw_error *err)
{
    *ret_pass = NULL;
    bw_status status = bw_gemm_init(err);
    if (status)
        return status;
    bw_dwe_pass *pass = calloc(1, sizeof *pass);
    if (!pass)
        return bw_error_memory(err);
    pass->dwe = dwe;
    pass->tasks = tasks;
    pass->stopped = stopped;
    pass->n_max = n_max;
    pass->row = calloc(2 * n_max, sizeof *pass->row);
    if (!pass->row)
        status = bw_error_memory(err);
    if (!status)
        status = make_engine(dwe->encoder, n_max, tasks, &pass->encoder, err);
    if (!status)
        status = make_engine(dwe->decoder, n_max, tasks, &pass->decoder, err);
    if (!status)
        status =
            make_engine(dwe->regressor, n_max, tasks, &pass->regressor, err);
    if (status) {
        bw_dwe_pass_destroy(pass);
        return status;
    }
    *ret_pass = pass;
    return BW_OK;
}

/* Codes, as the network gives them, of the n images of pass->row. */
static const float *encode_rows(bw_dwe_pass *pass, const bw_dwe_images *images,
                                size_t n, const uint32_t *row)
{
    bw_dwe_images_gather(images, pass->tasks, n, row,
                         bw_dwe_pixels(images->shape, pass->dwe->input_scale),
                         bw_engine_input(pass->encoder));
    return bw_engine_forward(
        pass->encoder, BW_MODE_INFER, n,
        bw_model_values(pass->dwe->model, pass->dwe->encoder), 0);
}

bw_status bw_dwe_encode(bw_dwe_pass *pass, const bw_dwe_images *images,
                        size_t n, const uint32_t *opt_index, float *codes,
                        bw_error *err)
{
    size_t d = pass->dwe->latent;
    float factor = (float)(1 / sqrt(pass->dwe->label_scale));
    bw_status status = BW_OK;

    for (size_t first = 0; first < n && !status; first += pass->n_max) {
        size_t m = bw_cut_min(pass->n_max, n - first);
        for (size_t k = 0; k < m; k++)
            pass->row[k] =
                opt_index ? opt_index[first + k] : (uint32_t)(first + k);
        const float *code = encode_rows(pass, images, m, pass->row);
        for (size_t k = 0; k < m * d; k++)
            codes[first * d + k] = factor * code[k];
        status = bw_stop_check(pass->stopped, err);
    }
    return status;
}

bw_status bw_dwe_decode(bw_dwe_pass *pass, size_t n, const float *codes,
                        float *planes, bw_error *err)
{
    size_t d = pass->dwe->latent, size = bw_shape_n(pass->dwe->image);
    float factor = (float)sqrt(pass->dwe->label_scale);
    float *input = bw_engine_input(pass->decoder);
    bw_status status = BW_OK;

    for (size_t first = 0; first < n && !status; first += pass->n_max) {
        size_t m = bw_cut_min(pass->n_max, n - first);
        for (size_t k = 0; k < m * d; k++)
            input[k] = factor * codes[first * d + k];
        const float *out = bw_engine_forward(
            pass->decoder, BW_MODE_INFER, m,
            bw_model_values(pass->dwe->model, pass->dwe->decoder), 0);
        memcpy(planes + first * size, out, m * size * sizeof *planes);
        status = bw_stop_check(pass->stopped, err);
    }
    return status;
}

/* ---- pairs of images ---- */

/* Costs of m pairs, images a of row[0..m-1] and b of row[m..2m-1]. */
static void regress(bw_dwe_pass *pass, const bw_dwe_images *a,
                    const bw_dwe_images *b, size_t m, double *cost)
{
    bw_dwe_steps steps = bw_dwe_pixels(a->shape, pass->dwe->input_scale);
    float *input = bw_engine_input(pass->regressor);

    steps.item *= 2;
    steps.pixel *= 2;
    bw_dwe_images_gather(a, pass->tasks, m, pass->row, steps, input);
    bw_dwe_images_gather(b, pass->tasks, m, pass->row + m, steps,
                         input + a->shape.c);
    const float *out = bw_engine_forward(
        pass->regressor, BW_MODE_INFER, m,
        bw_model_values(pass->dwe->model, pass->dwe->regressor), 0);
    for (size_t k = 0; k < m; k++)
        cost[k] = (double)out[k] / pass->dwe->label_scale;
}

/* codes: room for m of them. */
static void embed_both(bw_dwe_pass *pass, const bw_dwe_images *a,
                       const bw_dwe_images *b, size_t m, float *codes,
                       double *cost)
{
    size_t d = pass->dwe->latent;

    memcpy(codes, encode_rows(pass, a, m, pass->row), m * d * sizeof *codes);
    const float *other = encode_rows(pass, b, m, pass->row + m);
    for (size_t k = 0; k < m; k++) {
        double sum = 0;
        for (size_t i = k * d; i < (k + 1) * d; i++) {
            double gap = (double)codes[i] - (double)other[i];
            sum += gap * gap;
        }
        cost[k] = sum / pass->dwe->label_scale;
    }
}

bw_status bw_dwe_predict(bw_dwe_pass *pass, const bw_dwe_images *a,
                         const bw_dwe_images *b, size_t n,
                         const uint32_t (*pair)[2], double *cost, bw_error *err)
{
    size_t d = pass->dwe->latent;
    float *codes = malloc((pass->n_max * d + 1) * sizeof *codes);
    bw_status status = codes ? BW_OK : bw_error_memory(err);

    for (size_t first = 0; first < n && !status; first += pass->n_max) {
        size_t m = bw_cut_min(pass->n_max, n - first);
        for (size_t k = 0; k < m; k++) {
            pass->row[k] = pair[first + k][0];
            pass->row[m + k] = pair[first + k][1];
        }
        if (pass->regressor)
            regress(pass, a, b, m, cost + first);
        else
            embed_both(pass, a, b, m, codes, cost + first);
        status = bw_stop_check(pass->stopped, err);
    }
    free(codes);
    return status;
}

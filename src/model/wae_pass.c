/* wae_pass.c - a trained model at work: items to codes, codes to items, batch
 * by batch. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "barrow/random.h"
#include "model/stop.h"
#include "model/wae.h"
#include "nn/cut.h"
#include "nn/gaussian.h"
#include "nn/gemm.h"

struct bw_wae_pass {
    const bw_wae *wae;
    bw_tasks *tasks;
    int (*stopped)(void);
    size_t n_max;
    bw_engine *encoder, *decoder;
    float *noise; /* (n_max, d), of a Gaussian encoder */
};

void bw_wae_pass_destroy(bw_wae_pass *pass)
{
    if (!pass)
        return;
    bw_engine_destroy(pass->encoder);
    bw_engine_destroy(pass->decoder);
    free(pass->noise);
    free(pass);
}

bw_status bw_wae_pass_create(const bw_wae *wae, size_t n_max, bw_tasks *tasks,
                             int (*stopped)(void), bw_wae_pass **ret_pass,
                             bw_error *err)
{
    bw_engine_options options = {.n_max = n_max};

    *ret_pass = NULL;
    bw_status status = bw_gemm_init(err);
    if (status)
        return status;
    bw_wae_pass *pass = calloc(1, sizeof *pass);
    if (!pass)
        return bw_error_memory(err);
    pass->wae = wae;
    pass->tasks = tasks;
    pass->stopped = stopped;
    pass->n_max = n_max;
    pass->noise = calloc(n_max + 1, wae->latent * sizeof *pass->noise);
    if (!pass->noise)
        status = bw_error_memory(err);
    if (!status)
        status = bw_engine_create(wae->encoder->network, &options, tasks,
                                  &pass->encoder, err);
    if (!status)
        status = bw_engine_create(wae->decoder->network, &options, tasks,
                                  &pass->decoder, err);
    if (status) {
        bw_wae_pass_destroy(pass);
        return status;
    }
    *ret_pass = pass;
    return BW_OK;
}

/* Codes of m items, the first of which is item `first`, from the encoder's
 * output. */
static void take_codes(bw_wae_pass *pass, size_t first, size_t m,
                       const uint64_t *opt_draw, const float *y, float *codes)
{
    size_t d = pass->wae->latent;

    if (!pass->wae->is_gaussian) {
        memcpy(codes, y, m * d * sizeof *codes);
        return;
    }
    for (size_t k = 0; k < m; k++) {
        bw_random random;

        if (!opt_draw) {
            memcpy(codes + k * d, y + 2 * k * d, d * sizeof *codes);
            continue;
        }
        bw_random_init(&random, *opt_draw, BW_RANDOM_CODES, first + k);
        for (size_t j = 0; j < d; j++)
            pass->noise[k * d + j] = (float)bw_random_normal(&random);
    }
    if (opt_draw)
        bw_gaussian_sample(pass->tasks, m, d, y, pass->noise, codes);
}

bw_status bw_wae_encode(bw_wae_pass *pass, const bw_items *items, size_t first,
                        size_t n, const uint64_t *opt_draw, float *codes,
                        bw_error *err)
{
    size_t d = pass->wae->latent;
    bw_status status = BW_OK;

    for (size_t at = 0; at < n && !status; at += pass->n_max) {
        size_t m = bw_cut_min(pass->n_max, n - at);
        bw_items_gather(items, pass->wae->range, pass->tasks, m, NULL,
                        first + at, bw_engine_input(pass->encoder));
        const float *y = bw_engine_forward(
            pass->encoder, BW_MODE_INFER, m,
            bw_model_values(pass->wae->model, pass->wae->encoder), 0);
        take_codes(pass, first + at, m, opt_draw, y, codes + at * d);
        status = bw_stop_check(pass->stopped, err);
    }
    return status;
}

bw_status bw_wae_decode(bw_wae_pass *pass, size_t n, const float *codes,
                        float *values, bw_error *err)
{
    size_t d = pass->wae->latent, size = bw_shape_n(pass->wae->item);
    bw_status status = BW_OK;

    for (size_t first = 0; first < n && !status; first += pass->n_max) {
        size_t m = bw_cut_min(pass->n_max, n - first);
        memcpy(bw_engine_input(pass->decoder), codes + first * d,
               m * d * sizeof *codes);
        const float *v = bw_engine_forward(
            pass->decoder, BW_MODE_INFER, m,
            bw_model_values(pass->wae->model, pass->wae->decoder), 0);
        memcpy(values + first * size, v, m * size * sizeof *values);
        bw_range_undo(pass->wae->range, m * size, values + first * size);
        status = bw_stop_check(pass->stopped, err);
    }
    return status;
}

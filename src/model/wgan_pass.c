/* wgan_pass.c - a trained model at work: noise to items, items to scores, batch
 * by batch. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/stop.h"
#include "model/wgan.h"
#include "model/wgan_plain.h"
#include "nn/cut.h"
#include "nn/gemm.h"

struct bw_wgan_pass {
    const bw_wgan *wgan;
    bw_tasks *tasks;
    int (*stopped)(void);
    size_t n_max;
    bw_engine *generator, *critic; /* the first NULL of a critic alone */
    /* The critic where gradients by items are wanted, once they were. */
    bw_network *plain;
    float *plain_values;
    bw_engine *probe;
};

void bw_wgan_pass_destroy(bw_wgan_pass *pass)
{
    if (!pass)
        return;
    bw_engine_destroy(pass->generator);
    bw_engine_destroy(pass->critic);
    bw_engine_destroy(pass->probe);
    bw_network_destroy(pass->plain);
    free(pass->plain_values);
    free(pass);
}

bw_status bw_wgan_pass_create(const bw_wgan *wgan, size_t n_max,
                              bw_tasks *tasks, int (*stopped)(void),
                              bw_wgan_pass **ret_pass, bw_error *err)
{
    bw_engine_options options = {.n_max = n_max};

    *ret_pass = NULL;
    bw_status status = bw_gemm_init(err);
    if (status)
        return status;
    bw_wgan_pass *pass = calloc(1, sizeof *pass);
    if (!pass)
        return bw_error_memory(err);
    pass->wgan = wgan;
    pass->tasks = tasks;
    pass->stopped = stopped;
    pass->n_max = n_max;
    if (wgan->generator)
        status = bw_engine_create(wgan->generator->network, &options, tasks,
                                  &pass->generator, err);
    if (!status)
        status = bw_engine_create(wgan->critic->network, &options, tasks,
                                  &pass->critic, err);
    if (status) {
        bw_wgan_pass_destroy(pass);
        return status;
    }
    *ret_pass = pass;
    return BW_OK;
}

bw_status bw_wgan_generate(bw_wgan_pass *pass, size_t n, const float *noise,
                           float *values, bw_error *err)
{
    const bw_wgan *wgan = pass->wgan;
    size_t d = wgan->latent, size = bw_shape_n(wgan->item);
    bw_status status = BW_OK;

    for (size_t first = 0; first < n && !status; first += pass->n_max) {
        size_t m = bw_cut_min(pass->n_max, n - first);
        memcpy(bw_engine_input(pass->generator), noise + first * d,
               m * d * sizeof *noise);
        const float *y = bw_engine_forward(
            pass->generator, BW_MODE_INFER, m,
            bw_model_values(pass->wgan->model, wgan->generator), 0);
        memcpy(values + first * size, y, m * size * sizeof *values);
        bw_range_undo(wgan->range, m * size, values + first * size);
        status = bw_stop_check(pass->stopped, err);
    }
    return status;
}

/* ---- scores ---- */

static bw_status make_probe(bw_wgan_pass *pass, bw_error *err)
{
    const bw_model_part *critic = pass->wgan->critic;
    const bw_engine_options options = {
        .n_max = pass->n_max, .is_training = true, .input_gradient = true};
    bw_status status = BW_OK;

    if (!pass->plain)
        status = bw_wgan_plain_create(
            critic->network, bw_model_values(pass->wgan->model, critic),
            &pass->plain, &pass->plain_values, err);
    if (!status && !pass->probe)
        status = bw_engine_create(pass->plain, &options, pass->tasks,
                                  &pass->probe, err);
    return status;
}

/* Lengths of the gradients by m items that stand in the probe's input. */
static void take_norms(bw_wgan_pass *pass, size_t m, float *norm)
{
    size_t size = bw_shape_n(pass->wgan->item);
    float *df = bw_engine_output_gradient(pass->probe);

    (void)bw_engine_forward(pass->probe, BW_MODE_TRAIN, m, pass->plain_values,
                            0);
    for (size_t k = 0; k < m; k++)
        df[k] = 1;
    const float *dx =
        bw_engine_backward(pass->probe, m, pass->plain_values, NULL);
    for (size_t k = 0; k < m; k++) {
        double sum = 1e-12;
        for (size_t i = 0; i < size; i++) {
            double g = (double)dx[k * size + i];
            sum += g * g;
        }
        norm[k] = (float)sqrt(sum);
    }
}

bw_status bw_wgan_score(bw_wgan_pass *pass, const bw_items *items, size_t first,
                        size_t n, float *score, float *opt_norm, bw_error *err)
{
    const bw_wgan *wgan = pass->wgan;
    size_t size = bw_shape_n(wgan->item);
    bw_status status = opt_norm ? make_probe(pass, err) : BW_OK;

    for (size_t at = 0; at < n && !status; at += pass->n_max) {
        size_t m = bw_cut_min(pass->n_max, n - at);
        float *x = bw_engine_input(pass->critic);
        bw_items_gather(items, wgan->range, pass->tasks, m, NULL, first + at,
                        x);
        if (opt_norm) {
            memcpy(bw_engine_input(pass->probe), x, m * size * sizeof *x);
            take_norms(pass, m, opt_norm + at);
        }
        const float *f = bw_engine_forward(
            pass->critic, BW_MODE_INFER, m,
            bw_model_values(pass->wgan->model, wgan->critic), 0);
        memcpy(score + at, f, m * sizeof *score);
        status = bw_stop_check(pass->stopped, err);
    }
    return status;
}

/* wgan_plain.c - a critic as one map of single items, for gradients by them.
 *
 * Batch normalisation by running statistics is linear for each channel, but an
 * engine goes back only through that by batch statistics, under which an item
 * has no gradient of its own. So it becomes a dense layer or a convolution of
 * 1x1 with a diagonal weight, and noise layers, which do nothing outside
 * training, are left out:
 *
 *   a (x - mean) / sqrt(var + eps) + b  =  r x + (b - r mean),
 *   r = a / sqrt(var + eps)
 */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/printed.h"
#include "model/wgan_plain.h"
#include "nn/network_inside.h"

/* Writes the plain text; layer[j] is the network's own that line j is. */
static void write_text(FILE *out, const bw_network *network, size_t *layer)
{
    const char *line = bw_network_text(network);
    size_t n = 0;

    for (size_t k = 0; k < network->n_layers; k++) {
        int length = (int)strcspn(line, "\n");
        bw_shape shape = bw_network_shape(network, k);

        if (network->layer[k].kind == &bw_layer_batchnorm)
            fprintf(out, shape.is_flat ? "dense %zu\n" : "conv %zu 1x1\n",
                    shape.c);
        else if (network->layer[k].kind != &bw_layer_noise)
            fprintf(out, "%.*s\n", length, line);
        if (network->layer[k].kind != &bw_layer_noise)
            layer[n++] = k;
        line += length + (line[length] == '\n');
    }
}

/* Values of layer k's parameter with a role; it has one. */
static const float *find(const bw_network *network, size_t k,
                         bw_parameter_role role, const float *values)
{
    for (size_t q = 0; q < network->n_parameters; q++) {
        const bw_parameter *p = &network->parameter[q];
        if (strtoul(p->name, NULL, 10) == k && p->role == role)
            return values + p->offset;
    }
    return NULL;
}

/* Weight or bias of a layer that stands for batch normalisation k. */
static void fill_norm(const bw_network *network, size_t k, const float *values,
                      const bw_parameter *p, float *out)
{
    const float *scale = find(network, k, BW_ROLE_SCALE, values);
    const float *shift = find(network, k, BW_ROLE_SHIFT, values);
    const float *mean = find(network, k, BW_ROLE_RUNNING_MEAN, values);
    const float *spread = find(network, k, BW_ROLE_RUNNING_VAR, values);
    double eps = network->layer[k].value[0];
    size_t n = bw_network_shape(network, k).c;

    for (size_t c = 0; c < n; c++) {
        double r = (double)scale[c] / sqrt((double)spread[c] + eps);
        if (p->role == BW_ROLE_WEIGHT)
            out[p->offset + c * n + c] = (float)r;
        else
            out[p->offset + c] =
                (float)((double)shift[c] - r * (double)mean[c]);
    }
}

static void fill(const bw_network *network, const float *values,
                 const bw_network *plain, const size_t *layer, float *out)
{
    for (size_t q = 0; q < plain->n_parameters; q++) {
        const bw_parameter *p = &plain->parameter[q];
        size_t k = layer[strtoul(p->name, NULL, 10)];

        if (network->layer[k].kind == &bw_layer_batchnorm)
            fill_norm(network, k, values, p, out);
        else
            memcpy(out + p->offset, find(network, k, p->role, values),
                   p->n * sizeof *out);
    }
}

bw_status bw_wgan_plain_create(const bw_network *network, const float *values,
                               bw_network **ret_plain, float **ret_values,
                               bw_error *err)
{
    size_t layer[BW_MAX_LAYERS];
    bw_printed printed;
    char *text = NULL;
    bw_status status = BW_OK;

    *ret_plain = NULL;
    *ret_values = NULL;
    if (!bw_printed_open(&printed))
        return bw_error_memory(err);
    write_text(printed.out, network, layer);
    if (!bw_printed_close(&printed, &text, NULL))
        status = bw_error_memory(err);
    if (!status)
        status =
            bw_network_parse(text, "critic", network->input, 1, ret_plain, err);
    if (!status)
        *ret_values = calloc((*ret_plain)->n_values + 1, sizeof **ret_values);
    if (!status && !*ret_values)
        status = bw_error_memory(err);
    if (!status)
        fill(network, values, *ret_plain, layer, *ret_values);
    if (status) {
        bw_network_destroy(*ret_plain);
        *ret_plain = NULL;
    }
    free(text);
    return status;
}

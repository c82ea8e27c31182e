/* network.c - a network: its text, the shapes of its layers, its parameters.
 *
 * Every product of sizes is checked before it is believed: after a successful
 * parse no item at any layer has more than BW_MAX_ITEM values, and no layer
 * more parameters than that.
 *
 * Contents: shapes, widths, parameters, parse, get.
 */
#include "config.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/network_inside.h"
#include "nn/network_text.h"
#include "nn/syntax.h"

enum { MAX_LAYER_PARAMETERS = 4 };

/* Wider than any use; keeps scaled counts in a double's exact range. */
static const double max_width = 1e6;

/* ---- shapes ---- */

size_t bw_shape_n(bw_shape shape)
{
    return shape.h * shape.w * shape.c;
}

bool bw_shape_equal(bw_shape a, bw_shape b)
{
    return a.h == b.h && a.w == b.w && a.c == b.c && a.is_flat == b.is_flat;
}

void bw_shape_text(bw_shape shape, char text[64])
{
    if (shape.is_flat)
        snprintf(text, 64, "%zu", shape.c);
    else
        snprintf(text, 64, "%zux%zux%zu", shape.h, shape.w, shape.c);
}

/* Whether the product of n counts is from 1 to BW_MAX_ITEM. */
static bool fits(size_t n, const size_t count[])
{
    size_t product = 1;

    for (size_t k = 0; k < n; k++)
        if (__builtin_mul_overflow(product, count[k], &product))
            return false;
    return product >= 1 && product <= BW_MAX_ITEM;
}

static bool shape_fits(bw_shape shape)
{
    return fits(3, (size_t[]){shape.h, shape.w, shape.c});
}

/* Shape rules speak of their layer by name, or of sizes only: then layer and
 * input come before, as in "conv 20 7x7 pad 0 cannot take 5x5x20: ...". */
static bw_status name_layer(const bw_layer *layer, bw_status status,
                            bw_error *err)
{
    const char *kind = layer->kind->name;
    char *line, text[64];

    if (!err || strncmp(err->text, kind, strlen(kind)) == 0)
        return status;
    line = bw_syntax_write(layer, 1);
    if (!line)
        return bw_error_memory(err);
    bw_shape_text(layer->in, text);
    bw_error_prefix(err, "%.*s cannot take %s", (int)strcspn(line, "\n"), line,
                    text);
    free(line);
    return status;
}

static bw_status infer_shape(bw_layer *layer, bw_shape in, bw_error *err)
{
    bw_status status;
    char text[64];

    layer->in = in;
    status = layer->kind->shape(layer, err);
    if (status != BW_OK)
        return name_layer(layer, status, err);
    if (shape_fits(layer->out))
        return BW_OK;
    bw_shape_text(layer->out, text);
    return bw_error_set(err, BW_ERR_RANGE,
                        "%s: %s is more than %d values an item",
                        layer->kind->name, text, BW_MAX_ITEM);
}

/* ---- widths ---- */

/* A count times width, at least 1; past the limit, one more than it. */
static size_t scale(size_t count, double width)
{
    double scaled = round((double)count * width);

    if (scaled > BW_MAX_ITEM)
        return (size_t)BW_MAX_ITEM + 1;
    return scaled < 1 ? 1 : (size_t)scaled;
}

static void scale_layer(bw_layer *layer, double width)
{
    bool is_dense = layer->kind == &bw_layer_dense;

    if (is_dense || layer->kind == &bw_layer_reshape)
        layer->reshape.c = scale(layer->reshape.c, width);
    if (is_dense)
        layer->units = bw_shape_n(layer->reshape);
    else if (layer->kind->has_units)
        layer->units = scale(layer->units, width);
}

/* The last layer with units makes the output, so it and the layers behind it
 * keep their sizes. */
static bw_status scale_layers(bw_network *network, double width, bw_error *err)
{
    size_t last = network->n_layers;

    while (last > 0 && !network->layer[last - 1].kind->has_units)
        last--;
    for (size_t k = 0; k + 1 < last; k++) {
        bw_layer *layer = &network->layer[k];

        scale_layer(layer, width);
        if (layer->units > BW_MAX_ITEM || layer->reshape.c > BW_MAX_ITEM)
            return bw_error_set(
                err, BW_ERR_RANGE,
                "line %zu: column %zu: %s: width %g makes more than %d values",
                layer->line, layer->column, layer->kind->name, width,
                BW_MAX_ITEM);
    }
    return BW_OK;
}

/* ---- parameters ---- */

static const char *role_name(bw_parameter_role role)
{
    switch (role) {
    case BW_ROLE_WEIGHT:
    case BW_ROLE_SCALE:
        return "weight";
    case BW_ROLE_BIAS:
    case BW_ROLE_SHIFT:
        return "bias";
    case BW_ROLE_RUNNING_MEAN:
        return "running_mean";
    case BW_ROLE_RUNNING_VAR:
        break;
    }
    return "running_var";
}

static bool is_trained(bw_parameter_role role)
{
    return role != BW_ROLE_RUNNING_MEAN && role != BW_ROLE_RUNNING_VAR;
}

/* Fills the rows of a layer; shapes only, n and offset follow. Returns how
 * many there are. */
static size_t list_affine(const bw_layer *layer, bw_parameter row[])
{
    size_t in = layer->in.c, out = layer->units;
    size_t window = layer->kh * layer->kw;
    bool is_dense = layer->kind == &bw_layer_dense;
    bool is_deconv = layer->kind == &bw_layer_deconv;

    if (is_dense) {
        in = bw_shape_n(layer->in);
        window = 1;
    }
    row[0] =
        (bw_parameter){.role = BW_ROLE_WEIGHT,
                       .rank = is_dense ? 2 : 4,
                       .shape = {is_deconv ? in : out, is_deconv ? out : in,
                                 layer->kh, layer->kw},
                       .fan_in = in * window,
                       .fan_out = out * window,
                       .is_conv = !is_dense};
    if (is_dense)
        row[0].shape[2] = row[0].shape[3] = 0;
    row[1] = row[0];
    row[1].role = BW_ROLE_BIAS;
    row[1].rank = 1;
    memset(row[1].shape, 0, sizeof row[1].shape);
    row[1].shape[0] = out;
    return 2;
}

static size_t list_norm(const bw_layer *layer, bw_parameter row[])
{
    bool is_batch = layer->kind == &bw_layer_batchnorm;
    bw_parameter item = {.rank = 1, .shape = {layer->in.c}};
    size_t n = is_batch ? 4 : 2;

    if (!is_batch && !layer->in.is_flat) {
        item.rank = 3;
        item.shape[1] = layer->in.h;
        item.shape[2] = layer->in.w;
    }
    for (size_t k = 0; k < n; k++) {
        row[k] = item;
        row[k].role = (bw_parameter_role)(BW_ROLE_SCALE + (int)k);
    }
    return n;
}

static size_t list_parameters(const bw_layer *layer, bw_parameter row[])
{
    const bw_layer_kind *kind = layer->kind;

    if (kind == &bw_layer_dense || kind == &bw_layer_conv ||
        kind == &bw_layer_deconv)
        return list_affine(layer, row);
    if (kind == &bw_layer_batchnorm || kind == &bw_layer_layernorm)
        return list_norm(layer, row);
    return 0;
}

static bw_status add_parameters(bw_network *network, bw_layer *layer,
                                bw_error *err)
{
    bw_parameter *row = network->parameter + network->n_parameters;

    layer->parameter = network->n_parameters;
    layer->n_parameters = list_parameters(layer, row);
    for (size_t k = 0; k < layer->n_parameters; k++) {
        size_t size[4] = {1, 1, 1, 1};

        for (unsigned d = 0; d < row[k].rank; d++)
            size[d] = (size_t)row[k].shape[d];
        if (!fits(4, size))
            return bw_error_set(
                err, BW_ERR_RANGE,
                "%s: a weight of %zu x %zu x %zu x %zu is more than %d values",
                layer->kind->name, size[0], size[1], size[2], size[3],
                BW_MAX_ITEM);
        row[k].n = size[0] * size[1] * size[2] * size[3];
        snprintf(row[k].name, sizeof row[k].name, "%zu.%s", layer->index,
                 role_name(row[k].role));
    }
    network->n_parameters += layer->n_parameters;
    return BW_OK;
}

/* What is trained stands before what is not. */
static void place_parameters(bw_network *network)
{
    for (int pass = 0; pass < 2; pass++) {
        for (size_t k = 0; k < network->n_parameters; k++) {
            bw_parameter *row = &network->parameter[k];

            if (is_trained(row->role) != (pass == 0))
                continue;
            row->offset = network->n_values;
            network->n_values += row->n;
        }
        if (pass == 0)
            network->n_trained = network->n_values;
    }
}

/* ---- parse ---- */

static bw_status check_arguments(const char *name, bw_shape input, double width,
                                 bw_error *err)
{
    char text[64];

    bw_shape_text(input, text);
    if (!shape_fits(input) || (input.is_flat && (input.h != 1 || input.w != 1)))
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: an input of %s does not have 1 to %d values",
                            name, text, BW_MAX_ITEM);
    if (!(width > 0 && width <= max_width))
        return bw_error_set(err, BW_ERR_RANGE,
                            "%s: width %g is not above 0 and at most %g", name,
                            width, max_width);
    return BW_OK;
}

static bw_status build(bw_network *network, bw_error *err)
{
    bw_shape shape = network->input;

    for (size_t k = 0; k < network->n_layers; k++) {
        bw_layer *layer = &network->layer[k];
        bw_status status = infer_shape(layer, shape, err);

        if (status == BW_OK)
            status = add_parameters(network, layer, err);
        if (status != BW_OK) {
            bw_error_prefix(err, "line %zu: column %zu", layer->line,
                            layer->column);
            return status;
        }
        shape = layer->out;
    }
    place_parameters(network);
    network->text = bw_syntax_write(network->layer, network->n_layers);
    return network->text ? BW_OK : bw_error_memory(err);
}

static bw_network *make(bw_shape input)
{
    bw_network *network = calloc(1, sizeof *network);

    if (!network)
        return NULL;
    network->input = input;
    network->layer = calloc(BW_MAX_LAYERS, sizeof *network->layer);
    network->parameter = calloc((size_t)BW_MAX_LAYERS * MAX_LAYER_PARAMETERS,
                                sizeof *network->parameter);
    if (!network->layer || !network->parameter) {
        bw_network_destroy(network);
        return NULL;
    }
    return network;
}

bw_status bw_network_parse(const char *text, const char *name, bw_shape input,
                           double width, bw_network **ret_network,
                           bw_error *err)
{
    bw_network *network;
    bw_status status = check_arguments(name, input, width, err);

    *ret_network = NULL;
    if (status != BW_OK)
        return status;
    network = make(input);
    if (!network)
        return bw_error_memory(err);
    status = bw_network_text_read(text, name, network->layer,
                                  &network->n_layers, err);
    if (status != BW_OK)
        goto done;
    status = scale_layers(network, width, err);
    if (status == BW_OK)
        status = build(network, err);
    if (status != BW_OK) {
        if (status != BW_ERR_MEMORY)
            bw_error_prefix(err, "%s", name);
        goto done;
    }
    *ret_network = network;
    network = NULL;
done:
    bw_network_destroy(network);
    return status;
}

void bw_network_destroy(bw_network *network)
{
    if (!network)
        return;
    free(network->layer);
    free(network->parameter);
    free(network->text);
    free(network);
}

/* ---- get ---- */

const char *bw_network_text(const bw_network *network)
{
    return network->text;
}

size_t bw_network_n_layers(const bw_network *network)
{
    return network->n_layers;
}

bw_shape bw_network_input(const bw_network *network)
{
    return network->input;
}

bw_shape bw_network_output(const bw_network *network)
{
    return network->layer[network->n_layers - 1].out;
}

bw_shape bw_network_shape(const bw_network *network, size_t k)
{
    return network->layer[k].out;
}

size_t bw_network_n_parameters(const bw_network *network)
{
    return network->n_parameters;
}

const bw_parameter *bw_network_parameter(const bw_network *network, size_t k)
{
    return &network->parameter[k];
}

size_t bw_network_n_values(const bw_network *network)
{
    return network->n_values;
}

size_t bw_network_n_trained(const bw_network *network)
{
    return network->n_trained;
}

/* Multiply-adds of the layers that have weights: each weight once a pixel of
 * the side that the window slides over. */
double bw_network_work(const bw_network *network)
{
    double work = 0;

    for (size_t k = 0; k < network->n_layers; k++) {
        const bw_layer *layer = &network->layer[k];
        double n_pixels = 1;

        if (layer->kind == &bw_layer_conv)
            n_pixels = (double)(layer->out.h * layer->out.w);
        else if (layer->kind == &bw_layer_deconv)
            n_pixels = (double)(layer->in.h * layer->in.w);
        else if (layer->kind != &bw_layer_dense)
            continue;
        work += n_pixels * (double)network->parameter[layer->parameter].n;
    }
    return work;
}

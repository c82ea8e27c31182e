/* network.h - a network: its text, the shapes of its layers, its parameters.
 *
 * A text has one layer a line, "#" starts a comment:
 *
 *     conv 128 4x4 stride 2      # pad same unless given: pad 1, pad 1,2,1,2
 *     batchnorm
 *     relu
 *
 * Activations are images of height H, width W and C channels, or flat vectors
 * of C values. barrow(7) lists the layers; src/nn/layer.h their formulas.
 *
 * All parameters of a network stand in one block of floats: first those that
 * training changes, then batch normalisation's running statistics. Each is a
 * row of one table, in PyTorch's layout and under the name that
 * nn.Sequential would give it: "0.weight" for the first layer's.
 *
 * Threads: a network is never changed once parsed and may be used by any
 * number of them.
 */
#ifndef BARROW_NETWORK_H
#define BARROW_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An image H x W x C, or, flat, C values with H = W = 1. */
typedef struct bw_shape {
    size_t h, w, c;
    bool is_flat;
} bw_shape;

enum {
    BW_MAX_LAYERS = 256,
    BW_MAX_NETWORK_TEXT = 1 << 20, /* bytes */
    BW_MAX_ITEM = 1 << 28          /* values of one item at any layer, and
                                      parameters of one layer */
};

typedef enum bw_parameter_role {
    BW_ROLE_WEIGHT,       /* dense (out,in), conv (out,in,kh,kw), deconv
                            (in,out,kh,kw) */
    BW_ROLE_BIAS,         /* (out) */
    BW_ROLE_SCALE,        /* a normalisation's weight */
    BW_ROLE_SHIFT,        /* a normalisation's bias */
    BW_ROLE_RUNNING_MEAN, /* batch normalisation's, not trained */
    BW_ROLE_RUNNING_VAR
} bw_parameter_role;

typedef struct bw_parameter {
    char name[32]; /* "12.running_mean" */
    bw_parameter_role role;
    unsigned rank;
    uint64_t shape[4];
    size_t offset, n;       /* in the network's block, in floats */
    size_t fan_in, fan_out; /* of weights; of a bias, those of its weight */
    bool is_conv;           /* of a convolution, transposed or not */
} bw_parameter;

typedef struct bw_network bw_network;

size_t bw_shape_n(bw_shape shape);
bool bw_shape_equal(bw_shape a, bw_shape b);
/* "28x28x1", or "50" for a flat one. */
void bw_shape_text(bw_shape shape, char text[64]);

/* Parses text and infers all shapes from that of the input. Counts of units
 * and channels are multiplied by width and rounded (at least 1), but for the
 * last layer that has such counts, since the model fixes the output, and what
 * follows it, and for the sizes of reshape's H and W; reshape's C scales. name
 * begins the messages: "name: line 3: column 7: ...". BW_ERR_FORMAT for a text
 * that is none, with line, column and what was expected; BW_ERR_DIMENSION for a
 * layer that cannot take its input, with both shapes; BW_ERR_RANGE for sizes
 * past the limits. */
bw_status bw_network_parse(const char *text, const char *name, bw_shape input,
                           double width, bw_network **ret_network,
                           bw_error *err) BW_MUST_CHECK;
void bw_network_destroy(bw_network *network);

/* The text as it acts: widths applied, one layer a line, no comments; parses
 * with width 1 to an equal network. Owned by the network. */
const char *bw_network_text(const bw_network *network);

size_t bw_network_n_layers(const bw_network *network);
bw_shape bw_network_input(const bw_network *network);
bw_shape bw_network_output(const bw_network *network);
/* Shape after layer k. */
bw_shape bw_network_shape(const bw_network *network, size_t k);

size_t bw_network_n_parameters(const bw_network *network);
const bw_parameter *bw_network_parameter(const bw_network *network, size_t k);
/* Floats of the block, and how many of them, from its start, are trained. */
size_t bw_network_n_values(const bw_network *network);
size_t bw_network_n_trained(const bw_network *network);

/* Multiply-adds of the forward pass of one item. */
double bw_network_work(const bw_network *network);

/* ---- initial values ---- */

typedef enum bw_init {
    BW_INIT_GLOROT,    /* U(-a, a), a = sqrt(6 / (fan_in + fan_out)): Glorot and
                         Bengio, 2010 */
    BW_INIT_HE,        /* U(-a, a), a = sqrt(6 / fan_in): He et al., 2015 */
    BW_INIT_NORMAL,    /* N(0, sd); normalisation weights are 1 */
    BW_INIT_TRUNCATED, /* N(0, sd) cut at 2 sd for convolutions, N(0, sd) for
                          dense layers: Tolstikhin et al.'s code */
    BW_INIT_DCGAN      /* N(0, sd); normalisation weights N(1, sd) */
} bw_init;

/* Fills a block: weights by init, biases and shifts 0, scales 1, running means
 * 0 and variances 1. Parameter k draws from stream (stream + k) of the seed,
 * so that networks of one model take streams 1024 apart. */
void bw_network_init(const bw_network *network, bw_init init, double sd,
                     uint64_t seed, uint64_t stream, float *block);

/* ---- presets ---- */

/* The text of part "encoder", "decoder", "critic", ... of a preset for images
 * of the shape given and a latent space (or noise) of `latent` values.
 * *ret_text is malloc'ed; NULL on failure. BW_ERR_USAGE for an unknown preset,
 * with those that exist, and for a part that it lacks. */
bw_status bw_preset_text(const char *preset, const char *part, bw_shape image,
                         size_t latent, char **ret_text,
                         bw_error *err) BW_MUST_CHECK;
/* "a|b|c": all presets that have the part, or all with NULL. Static. */
const char *bw_preset_names(const char *opt_part);

#ifdef __cplusplus
}
#endif
#endif

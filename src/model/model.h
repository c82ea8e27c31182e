/* model.h - a model in memory and in a file: named networks, their parameters
 * in one block, and the settings that shaped it.
 *
 * In the file a parameter of part P is the tensor "P.NAME", F32, in PyTorch's
 * layout ("encoder.0.weight"); metadata has "model" (the kind of model:
 * "dwe"), "net.P" (the network's text), "input.P" (its input shape, "28x28x1"
 * or "50"), and the settings under their own keys.
 */
#ifndef BW_MODEL_H
#define BW_MODEL_H

#include "barrow/container.h"
#include "barrow/network.h"
#include "barrow/provenance.h"

enum { BW_MAX_PARTS = 8, BW_MAX_SETTINGS = 64 };

typedef struct bw_model_part {
    char name[32];       /* "encoder" */
    bw_network *network; /* owned */
    size_t offset;       /* of its block in the model's values */
} bw_model_part;

typedef struct bw_model_setting {
    char *key, *value; /* owned */
} bw_model_setting;

typedef struct bw_model {
    char kind[32]; /* "dwe" */
    size_t n_parts;
    bw_model_part part[BW_MAX_PARTS];
    size_t n_values;
    float *values; /* owned: the parts' blocks, one after the other */
    size_t n_settings;
    bw_model_setting setting[BW_MAX_SETTINGS];
} bw_model;

/* An empty model; parts are added and then sealed, which makes the block
 * (zeros). NULL when memory is out. */
bw_model *bw_model_create(const char *kind);
void bw_model_destroy(bw_model *model);

/* Parses text as part `name`, whose messages begin with text_name. The part
 * gets its place in the block. Errors as bw_network_parse. */
bw_status bw_model_add(bw_model *model, const char *name, const char *text,
                       const char *text_name, bw_shape input, double width,
                       bw_error *err) BW_MUST_CHECK;
bw_status bw_model_seal(bw_model *model, bw_error *err) BW_MUST_CHECK;

/* The part of a name, or NULL. */
const bw_model_part *bw_model_find(const bw_model *model, const char *name);

/* A part's block of the model's values. */
float *bw_model_values(const bw_model *model, const bw_model_part *part);

/* Settings; a second set replaces. Numbers are written so that they read back
 * to the last bit. get: NULL when absent. */
bw_status bw_model_set(bw_model *model, const char *key, const char *value,
                       bw_error *err) BW_MUST_CHECK;
bw_status bw_model_set_real(bw_model *model, const char *key, double value,
                            bw_error *err) BW_MUST_CHECK;
const char *bw_model_get(const bw_model *model, const char *key);
/* BW_ERR_FORMAT when absent, or no number in min .. max. */
bw_status bw_model_get_real(const bw_model *model, const char *key, double min,
                            double max, double *value,
                            bw_error *err) BW_MUST_CHECK;

/* Adds the model's tensors and metadata to a writer; the caller stamps
 * provenance and commits, and may add tensors of its own. values stands in for
 * model->values when not NULL. */
bw_status bw_model_put(const bw_model *model, const float *opt_values,
                       bw_writer *writer, bw_error *err) BW_MUST_CHECK;

/* Reads a model (or a checkpoint, as the model that it holds) of a kind from
 * an open reader, parameters matched by name and shape. Tensors that start
 * with "train." are left alone. BW_ERR_FORMAT names what is missing, of another
 * shape or superfluous, a kind that differs, and a value that is not finite;
 * a network text's errors are prefixed with the path and key. The reader is
 * read to its end; *opt_digest as bw_reader_finish. */
bw_status bw_model_read(bw_reader *reader, const char *kind,
                        bw_model **ret_model, uint64_t *opt_digest,
                        bw_error *err) BW_MUST_CHECK;

#endif

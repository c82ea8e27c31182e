/* model.h - a model in memory and in a file: named networks, their parameters
 * in one block, and the settings that shaped it.
 *
 * In the file a parameter of part P is the tensor "P.NAME", F32, in PyTorch's
 * layout ("encoder.0.weight"); metadata has "model" (the kind of model:
 * "dwe"), "net.P" (the network's text), "input.P" (its input shape, "28x28x1"
 * or "50"), and the settings under their own keys, which barrow(5) lists.
 *
 * Threads: a model that nobody changes may be read by any number of threads.
 * Engines (engine.h) in training write to the values that they are given.
 */
#ifndef BARROW_MODEL_H
#define BARROW_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/container.h"
#include "barrow/network.h"
#include "barrow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bw_model bw_model;

/* A named network of a model; owned by the model. */
typedef struct bw_model_part bw_model_part;

/* An empty model of a kind (at most 31 characters); parts are added and then
 * sealed, which makes the block (zeros; bw_network_init fills a part's). NULL
 * when memory is out. */
bw_model *bw_model_create(const char *kind);
void bw_model_destroy(bw_model *model);

/* Parses text as part `name`, whose messages begin with text_name. The part
 * gets its place in the block. Not to be called once sealed. Errors as
 * bw_network_parse; BW_ERR_FORMAT for a name that is none. */
bw_status bw_model_add(bw_model *model, const char *name, const char *text,
                       const char *text_name, bw_shape input, double width,
                       bw_error *err) BW_MUST_CHECK;
bw_status bw_model_seal(bw_model *model, bw_error *err) BW_MUST_CHECK;

const char *bw_model_kind(const bw_model *model);

/* Parts in the order of their values, 0 <= k < n; the part of a name, or
 * NULL. */
size_t bw_model_n_parts(const bw_model *model);
const bw_model_part *bw_model_get_part(const bw_model *model, size_t k);
const bw_model_part *bw_model_find(const bw_model *model, const char *name);

const char *bw_model_part_name(const bw_model_part *part);
const bw_network *bw_model_part_network(const bw_model_part *part);

/* A part's block of the model's values: bw_network_n_values floats. */
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
 * the model's when not NULL. */
bw_status bw_model_put(const bw_model *model, const float *opt_values,
                       bw_writer *writer, bw_error *err) BW_MUST_CHECK;

/* Reads a model (or a checkpoint, as the model that it holds) from an open
 * reader, parameters matched by name and shape. Tensors that start with
 * "train." are left alone. BW_ERR_FORMAT names what is missing, of another
 * shape or superfluous, a kind that is not opt_kind (NULL: any will do), and a
 * value that is not finite; a network text's errors are prefixed with the path
 * and key. The reader is read to its end; *opt_digest as bw_reader_finish. */
bw_status bw_model_read(bw_reader *reader, const char *opt_kind,
                        bw_model **ret_model, uint64_t *opt_digest,
                        bw_error *err) BW_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif

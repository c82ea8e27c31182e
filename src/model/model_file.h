/* model_file.h - what writing and reading models and checkpoints share. */
#ifndef BW_MODEL_FILE_H
#define BW_MODEL_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/model.h"
#include "model/slot.h"

#define BW_META_MODEL "model"
#define BW_TRAIN_PREFIX "train." /* of a checkpoint's own tensors and keys */

enum { BW_REAL_SIZE = 32 };

/* Whether a metadata key is no setting: "model", "net.P", "input.P", and those
 * of the container and of training. */
bool bw_model_owns_key(const char *key);

/* The fewest digits, 6 at least, that read back to the last bit. */
void bw_model_print_real(double value, char text[BW_REAL_SIZE]);
/* Whether the whole text is a finite number. */
bool bw_model_parse_real(const char *text, double *value);

/* Slots of all parameters, in the order of the block; slot has room for
 * bw_model_n_slots. They point into opt_values where it is given. */
size_t bw_model_n_slots(const bw_model *model);
size_t bw_model_slots(const bw_model *model, float *opt_values, bw_slot *slot);

#endif

/* model.h - what a model holds; barrow/model.h is its contract. */
#ifndef BW_MODEL_H
#define BW_MODEL_H

#include "barrow/model.h"
#include "barrow/provenance.h"

enum { BW_MAX_PARTS = 8, BW_MAX_SETTINGS = 64 };

struct bw_model_part {
    char name[32];       /* "encoder" */
    bw_network *network; /* owned */
    size_t offset;       /* of its block in the model's values */
};

typedef struct bw_model_setting {
    char *key, *value; /* owned */
} bw_model_setting;

struct bw_model {
    char kind[32]; /* "dwe" */
    size_t n_parts;
    bw_model_part part[BW_MAX_PARTS];
    size_t n_values;
    float *values; /* owned: the parts' blocks, one after the other */
    size_t n_settings;
    bw_model_setting setting[BW_MAX_SETTINGS];
};

#endif

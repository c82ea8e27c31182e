/* columns.h - of all figures that a model's steps know, those that its log has.
 */
#ifndef BW_COLUMNS_H
#define BW_COLUMNS_H

#include "model/train.h"

typedef struct bw_columns {
    size_t n;
    size_t which[BW_MAX_TERMS]; /* of all figures is the log's k-th */
    bw_term term[BW_MAX_TERMS];
} bw_columns;

/* The log's next term is figure `which`. */
void bw_columns_add(bw_columns *columns, size_t which, const char *name,
                    double weight);

/* The log's terms of all. */
void bw_columns_give(const bw_columns *columns, const double *all, double *out);

bool bw_columns_are_finite(size_t n, const double *all);

#endif

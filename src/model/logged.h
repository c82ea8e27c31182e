/* logged.h - of all figures that a model's steps know, those that its log has.
 */
#ifndef BW_LOGGED_H
#define BW_LOGGED_H

#include "model/train.h"

typedef struct bw_logged {
    size_t n;
    size_t which[BW_MAX_TERMS]; /* of all figures is the log's k-th */
    bw_term term[BW_MAX_TERMS];
} bw_logged;

/* The log's next term is figure `which`. */
void bw_logged_add(bw_logged *logged, size_t which, const char *name,
                   double weight);

/* The log's terms of all. */
void bw_logged_give(const bw_logged *logged, const double *all, double *out);

bool bw_logged_are_finite(size_t n, const double *all);

#endif

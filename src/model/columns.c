/* columns.c - the terms of a log among all figures. */
#include "config.h"

#include <assert.h>
#include <math.h>

#include "model/columns.h"

void bw_columns_add(bw_columns *columns, size_t which, const char *name,
                    double weight)
{
    size_t at = columns->n++;

    assert(at < BW_MAX_TERMS);
    columns->which[at] = which;
    columns->term[at] = (bw_term){name, weight};
}

void bw_columns_give(const bw_columns *columns, const double *all, double *out)
{
    for (size_t k = 0; k < columns->n; k++)
        out[k] = all[columns->which[k]];
}

bool bw_columns_are_finite(size_t n, const double *all)
{
    for (size_t k = 0; k < n; k++)
        if (!isfinite(all[k]))
            return false;
    return true;
}

/* logged.c - the terms of a log among all figures. */
#include "config.h"

#include <assert.h>
#include <math.h>

#include "model/logged.h"

void bw_logged_add(bw_logged *logged, size_t which, const char *name,
                   double weight)
{
    size_t at = logged->n++;

    assert(at < BW_MAX_TERMS);
    logged->which[at] = which;
    logged->term[at] = (bw_term){name, weight};
}

void bw_logged_give(const bw_logged *logged, const double *all, double *out)
{
    for (size_t k = 0; k < logged->n; k++)
        out[k] = all[logged->which[k]];
}

bool bw_logged_are_finite(size_t n, const double *all)
{
    for (size_t k = 0; k < n; k++)
        if (!isfinite(all[k]))
            return false;
    return true;
}

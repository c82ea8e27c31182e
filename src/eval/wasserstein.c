/* wasserstein.c - the transport problem of two samples. */
#include "config.h"

#include <math.h>

#include "eval/wasserstein.h"
#include "ot/empirical.h"

static void read_sample(const void *self, size_t first, size_t n, double *out)
{
    bw_sample_doubles(self, first, n, out);
}

bw_status bw_wasserstein_of(const bw_sample *a, const bw_sample *b, double p,
                            bw_tasks *tasks, int (*stopped)(void),
                            bw_wasserstein *wasserstein, bw_error *err)
{
    const bw_empirical_side from = {a->n, a->size, a, read_sample};
    const bw_empirical_side to = {b->n, b->size, b, read_sample};
    bw_empirical found;
    bw_status status =
        bw_empirical_solve(&from, &to, p, tasks, stopped, &found, err);

    if (status == BW_ERR_RANGE)
        bw_error_prefix(err, "%s, %s", a->path, b->path);
    if (!status)
        *wasserstein = (bw_wasserstein){
            .distance = p == 2 ? sqrt(found.cost) : pow(found.cost, 1 / p),
            .cost = found.cost,
            .gap = found.gap,
        };
    return status;
}

/* plan.c - arcs of a plan, sorted. */
#include "config.h"

#include <stdlib.h>

#include "ot/plan.h"

void bw_plan_clear(bw_plan *plan)
{
    free(plan->arc);
    free(plan->bin);
    free(plan->mass);
    *plan = (bw_plan){0};
}

bw_status bw_plan_reserve(bw_plan *plan, size_t n)
{
    plan->n = 0;
    if (n <= plan->cap)
        return BW_OK;
    bw_plan_clear(plan);
    n += n / 4;
    plan->arc = malloc(n * sizeof *plan->arc);
    plan->bin = malloc(n * sizeof *plan->bin);
    plan->mass = malloc(n * sizeof *plan->mass);
    if (!plan->arc || !plan->bin || !plan->mass)
        return BW_ERR_MEMORY;
    plan->cap = n;
    return BW_OK;
}

static int by_bins(const void *a, const void *b)
{
    const bw_plan_arc *x = a, *y = b;
    if (x->bin[0] != y->bin[0])
        return x->bin[0] < y->bin[0] ? -1 : 1;
    return x->bin[1] < y->bin[1] ? -1 : x->bin[1] > y->bin[1];
}

void bw_plan_finish(bw_plan *plan)
{
    qsort(plan->arc, plan->n, sizeof *plan->arc, by_bins);
    for (size_t k = 0; k < plan->n; k++) {
        plan->bin[k][0] = plan->arc[k].bin[0];
        plan->bin[k][1] = plan->arc[k].bin[1];
        plan->mass[k] = plan->arc[k].mass;
    }
}

/* plan.h - a transport plan, collected arc by arc. */
#ifndef BW_PLAN_H
#define BW_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"

typedef struct bw_plan_arc {
    uint32_t bin[2]; /* from, to */
    double mass;
} bw_plan_arc;

typedef struct bw_plan {
    bw_plan_arc *arc;
    size_t n, cap;
    /* Once finished. */
    uint32_t (*bin)[2];
    double *mass;
} bw_plan;

/* Room for n arcs; the plan is empty then. */
bw_status bw_plan_reserve(bw_plan *plan, size_t n) BW_MUST_CHECK;
void bw_plan_clear(bw_plan *plan);

static inline void bw_plan_push(bw_plan *plan, uint32_t from, uint32_t to,
                                double mass)
{
    plan->arc[plan->n++] = (bw_plan_arc){{from, to}, mass};
}

/* Sorts by source, then sink, and fills bin[] and mass[]. */
void bw_plan_finish(bw_plan *plan);

#endif

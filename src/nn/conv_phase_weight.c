/* conv_phase_weight.c - taps to points and back, 32 channels at a time.
 *
 * A task goes through one phase, so that it writes (or reads) at each point in
 * order; A's taps are gathered from 32 places, which caches hold for the next
 * phase.
 */
#include "config.h"

#include <string.h>

#include "nn/conv_phase_weight.h"
#include "nn/cut.h"

enum { PANEL = BW_PHASE_PANEL };

typedef struct weight_run {
    const bw_conv_phase_kernel *kernel;
    const bw_phase_plan *plan;
    const float *weight;
    float *dweight;
    float *u;
} weight_run;

/* One phase's taps of 32 channels. */
typedef struct phase_taps {
    bw_phase_tile tile;
    size_t n, at[BW_PHASE_MAX_TAPS * BW_PHASE_MAX_TAPS]; /* among A's taps */
    float value[BW_PHASE_MAX_TAPS * BW_PHASE_MAX_TAPS][PANEL];
} phase_taps;

static void set_taps(const bw_phase_plan *p, size_t phase, phase_taps *t)
{
    size_t a = phase / p->column.stride, b = phase % p->column.stride;

    memset(t, 0, sizeof(*t));
    t->tile.n_i = p->row.taps[a];
    t->tile.n_j = p->column.taps[b];
    t->tile.n_channels = PANEL;
    for (size_t i = 0; i < t->tile.n_i; i++)
        for (size_t j = 0; j < t->tile.n_j; j++, t->n++) {
            t->tile.pixel[i * BW_PHASE_POINTS + j] = t->value[t->n];
            t->at[t->n] = (a + p->row.stride * i) * p->shape.kw + b +
                          p->column.stride * j;
        }
}

/* U's entries from `at` on at each point. */
static void set_points(const bw_phase_plan *p, float *u, size_t at,
                       phase_taps *t)
{
    for (size_t k = 0; k < BW_PHASE_ALL_POINTS; k++)
        t->tile.point[k] =
            p->u_at[k] == BW_PHASE_NONE ? NULL : u + p->u_at[k] + at;
}

/* n channels' taps, `step` floats apart in A. */
static void gather(const float *from, size_t n, size_t step, phase_taps *t)
{
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < n; k++)
            t->value[i][k] = from[k * step + t->at[i]];
}

static void scatter(const phase_taps *t, size_t n, size_t step, float *to)
{
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < n; k++)
            to[k * step + t->at[i]] += t->value[i][k];
}

static size_t n_taps_of(const bw_phase_plan *p)
{
    return p->shape.kh * p->shape.kw;
}

static size_t width_of(size_t n, size_t panel)
{
    return bw_cut_min(PANEL, n - panel * PANEL);
}

/* A panel of y's channels and a phase. */
static void for_m_task(void *arg, size_t task, size_t worker)
{
    const weight_run *run = arg;
    const bw_phase_plan *p = run->plan;
    size_t n_taps = n_taps_of(p), panel = task / p->n_phases;
    const float *weight = run->weight + panel * PANEL * p->shape.c * n_taps;
    phase_taps t;

    (void)worker;
    set_taps(p, task % p->n_phases, &t);
    for (size_t c = 0; c < p->shape.c; c++) {
        gather(weight + c * n_taps, width_of(p->shape.o, panel),
               p->shape.c * n_taps, &t);
        set_points(p, run->u, (task * p->c + c) * PANEL, &t);
        run->kernel->read_a(&t.tile);
    }
}

/* A phase and a panel of x's channels. */
static void for_v_task(void *arg, size_t task, size_t worker)
{
    const weight_run *run = arg;
    const bw_phase_plan *p = run->plan;
    size_t n_taps = n_taps_of(p), n_panels = p->c / PANEL;
    size_t panel = task % n_panels;
    const float *weight = run->weight + panel * PANEL * n_taps;
    phase_taps t;

    (void)worker;
    set_taps(p, task / n_panels, &t);
    for (size_t o = 0; o < p->shape.o; o++) {
        gather(weight + o * p->shape.c * n_taps, width_of(p->shape.c, panel),
               n_taps, &t);
        set_points(p, run->u, (task * p->o + o) * PANEL, &t);
        run->kernel->read_a(&t.tile);
    }
}

/* A panel of y's channels, all phases: their taps share lines. */
static void add_task(void *arg, size_t task, size_t worker)
{
    const weight_run *run = arg;
    const bw_phase_plan *p = run->plan;
    size_t n_taps = n_taps_of(p);
    float *dweight = run->dweight + task * PANEL * p->shape.c * n_taps;
    phase_taps t;

    (void)worker;
    for (size_t f = 0; f < p->n_phases; f++) {
        set_taps(p, f, &t);
        for (size_t c = 0; c < p->shape.c; c++) {
            set_points(p, run->u, ((task * p->n_phases + f) * p->c + c) * PANEL,
                       &t);
            run->kernel->write_a(&t.tile);
            scatter(&t, width_of(p->shape.o, task), p->shape.c * n_taps,
                    dweight + c * n_taps);
        }
    }
}

void bw_phase_weight_for_m(bw_tasks *tasks, const bw_conv_phase_kernel *kernel,
                           const bw_phase_plan *plan, const float *weight,
                           float *u)
{
    weight_run run = {.kernel = kernel, .plan = plan, .weight = weight, .u = u};

    bw_tasks_run(tasks, plan->o / PANEL * plan->n_phases, for_m_task, &run);
}

void bw_phase_weight_for_v(bw_tasks *tasks, const bw_conv_phase_kernel *kernel,
                           const bw_phase_plan *plan, const float *weight,
                           float *u)
{
    weight_run run = {.kernel = kernel, .plan = plan, .weight = weight, .u = u};

    bw_tasks_run(tasks, plan->n_phases * plan->c / PANEL, for_v_task, &run);
}

void bw_phase_weight_add(bw_tasks *tasks, const bw_conv_phase_kernel *kernel,
                         const bw_phase_plan *plan, float *du, float *dweight)
{
    weight_run run = {
        .kernel = kernel, .plan = plan, .u = du, .dweight = dweight};

    bw_tasks_run(tasks, plan->o / PANEL, add_task, &run);
}

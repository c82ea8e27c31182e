/* conv_phase_product.c - the matrices of each point, multiplied in pieces that
 * caches hold. */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "nn/conv_phase_product.h"
#include "nn/cut.h"

enum {
    PANEL = BW_PHASE_PANEL,
    CHUNK_ROWS = 512, /* of A: with CHUNK_INNER columns half of a usual L2 */
    CHUNK_INNER = 512,
    DU_ROWS = 256, /* of V and M in a product of dU */
    DU_PANELS = 8  /* of M, in a task of dU */
};

/* Neighbouring phases that a group has: from .. to - 1, and the first one's
 * place among them. */
typedef struct segment {
    size_t from, to, rank;
} segment;

static bool next_segment(const bw_phase_plan *p, const bw_phase_group *g,
                         segment *s)
{
    s->rank += s->to - s->from;
    s->from = s->to;
    while (s->from < p->n_phases && !(g->phases >> s->from & 1))
        s->from++;
    s->to = s->from;
    while (s->to < p->n_phases && g->phases >> s->to & 1)
        s->to++;
    return s->from < s->to;
}

/* ---- M and V ---- */

/* C (n_rows x n_c) = or += A (n_rows x n_inner) B; rows of B in panels. */
typedef struct matrices {
    size_t n_rows, n_inner, n_c;
    const float *a, *b;
    size_t a_row, b_panel; /* floats from row to row, from panel to panel */
    float *c;
    size_t c_row;
    bool adds;
} matrices;

static void multiply(const bw_phase_block *block, const matrices *m)
{
    for (size_t k = 0; k < m->n_inner; k += CHUNK_INNER)
        for (size_t j = 0; j < m->n_c; j += PANEL) {
            const float *b = m->b + j / PANEL * m->b_panel + k * PANEL;
            bw_phase_product product = {
                .n_rows = m->n_rows,
                .n_inner = bw_cut_min(CHUNK_INNER, m->n_inner - k),
                .a = m->a + k,
                .a_row = m->a_row,
                .a_inner = 1,
                .b = b,
                .ahead = j + PANEL < m->n_c ? b + m->b_panel : b,
                .c = m->c + j,
                .c_row = m->c_row,
                .adds = m->adds || k > 0};

            block->kernel->multiply(&product);
        }
}

static size_t n_chunks(const bw_phase_plan *p)
{
    size_t most = 0;

    for (size_t k = 0; k < p->n_groups; k++)
        most = bw_cut_max(most, p->groups[k].n_rows);
    return bw_cut_count(most * p->n_items, CHUNK_ROWS);
}

size_t bw_phase_product_n_tasks(const bw_phase_plan *plan)
{
    return plan->n_groups * n_chunks(plan);
}

/* Rows of its group that a task is about. */
static bw_cut rows_of(const bw_phase_block *block, const bw_phase_group *g,
                      size_t chunk)
{
    size_t n = n_chunks(block->plan), n_rows = g->n_rows * block->n;

    return (bw_cut){n_rows * chunk / n, n_rows * (chunk + 1) / n};
}

void bw_phase_product_m(const bw_phase_block *block, size_t task)
{
    const bw_phase_plan *p = block->plan;
    assert(task < bw_phase_product_n_tasks(p));
    const bw_phase_group *g = &p->groups[task / n_chunks(p)];
    bw_cut rows = rows_of(block, g, task % n_chunks(p));
    segment s = {0};

    for (bool adds = false; next_segment(p, g, &s); adds = true) {
        matrices m = {.n_rows = rows.to - rows.from,
                      .n_inner = (s.to - s.from) * p->c,
                      .n_c = p->o,
                      .a = block->scratch + g->v_at + rows.from * g->v_row +
                           s.rank * p->c,
                      .a_row = g->v_row,
                      .b = block->u + p->u_at[g->point] + s.from * p->c * PANEL,
                      .b_panel = p->n_phases * p->c * PANEL,
                      .c = block->scratch + g->m_at + rows.from * p->m_row,
                      .c_row = p->m_row,
                      .adds = adds};

        multiply(block, &m);
    }
}

void bw_phase_product_v(const bw_phase_block *block, size_t task)
{
    const bw_phase_plan *p = block->plan;
    assert(task < bw_phase_product_n_tasks(p));
    const bw_phase_group *g = &p->groups[task / n_chunks(p)];
    bw_cut rows = rows_of(block, g, task % n_chunks(p));
    segment s = {0};

    while (next_segment(p, g, &s)) {
        matrices m = {.n_rows = rows.to - rows.from,
                      .n_inner = p->o,
                      .n_c = (s.to - s.from) * p->c,
                      .a = block->scratch + g->m_at + rows.from * p->m_row,
                      .a_row = p->m_row,
                      .b = block->u + p->u_at[g->point] + s.from * p->c * p->o,
                      .b_panel = p->o * PANEL,
                      .c = block->scratch + g->v_at + rows.from * g->v_row +
                           s.rank * p->c,
                      .c_row = g->v_row};

        multiply(block, &m);
    }
}

/* ---- dU ---- */

/* Some rows of a group, and some panels of M. */
typedef struct du_part {
    const bw_phase_group *g;
    bw_cut rows, panels;
    unsigned adds; /* bits of phases whose dU holds a sum */
    float *packed; /* a panel of V, all of M's */
} du_part;

/* Entries of a column stand a row apart, each in a page of its own where rows
 * are long: panels are copied, to be side by side. */
static void copy_panel(const float *from, size_t row, bw_cut rows, float *to)
{
    for (size_t k = rows.from; k < rows.to; k++, to += PANEL)
        memcpy(to, from + k * row, PANEL * sizeof(*to));
}

/* Columns v .. v + 31 of V, which are those of U from u on. */
static void multiply_columns(const bw_phase_block *block, const du_part *part,
                             size_t v, size_t u)
{
    const bw_phase_plan *p = block->plan;
    const bw_phase_group *g = part->g;
    const float *b = part->packed + DU_ROWS * PANEL;

    copy_panel(block->scratch + g->v_at + v, g->v_row, part->rows,
               part->packed);
    for (size_t k = part->panels.from; k < part->panels.to;
         k++, b += DU_ROWS * PANEL) {
        bw_phase_product product = {.n_rows = PANEL,
                                    .n_inner = part->rows.to - part->rows.from,
                                    .a = part->packed,
                                    .a_row = 1,
                                    .a_inner = PANEL,
                                    .b = b,
                                    .ahead = b,
                                    .c = block->du + p->u_at[g->point] +
                                         (k * p->n_phases * p->c + u) * PANEL,
                                    .c_row = PANEL,
                                    .adds = part->adds >> u / p->c & 1};

        block->kernel->multiply(&product);
    }
}

static void multiply_part(const bw_phase_block *block, const du_part *part)
{
    const bw_phase_plan *p = block->plan;
    const bw_phase_group *g = part->g;
    float *to = part->packed;
    segment s = {0};

    for (size_t k = part->panels.from; k < part->panels.to; k++)
        copy_panel(block->scratch + g->m_at + k * PANEL, p->m_row, part->rows,
                   to += DU_ROWS * PANEL);
    while (next_segment(p, g, &s))
        for (size_t k = 0; k < (s.to - s.from) * p->c; k += PANEL)
            multiply_columns(block, part, s.rank * p->c + k, s.from * p->c + k);
}

size_t bw_phase_product_n_du_tasks(const bw_phase_plan *plan)
{
    return BW_PHASE_ALL_POINTS * bw_cut_count(plan->o, DU_PANELS * PANEL);
}

void bw_phase_product_du(const bw_phase_block *block, size_t task,
                         float *packed)
{
    const bw_phase_plan *p = block->plan;
    du_part part = {.adds = block->sets ? 0 : ~0u, .packed = packed};

    part.panels =
        bw_cut_piece(p->o / PANEL, DU_PANELS, task / BW_PHASE_ALL_POINTS);
    for (size_t i = 0; i < p->n_groups; i++) {
        const bw_phase_group *g = &p->groups[i];
        size_t n_rows = g->n_rows * block->n;

        if (g->point != task % BW_PHASE_ALL_POINTS)
            continue;
        part.g = g;
        for (size_t k = 0; k < bw_cut_count(n_rows, DU_ROWS); k++) {
            part.rows = bw_cut_piece(n_rows, DU_ROWS, k);
            multiply_part(block, &part);
            part.adds |= g->phases;
        }
    }
}

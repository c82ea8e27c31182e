/* pricing_matrix.c - the rows of pricing_matrix.h. */
#include "config.h"

#include <stdlib.h>

#include "ot/lanes.h"
#include "ot/pricing_kernel.h"
#include "ot/pricing_matrix.h"

void bw_pricing_matrix_clear(bw_pricing_matrix *m)
{
    bw_pricing_clear(&m->head);
    free(m->row);
    free(m->least);
    *m = (bw_pricing_matrix){0};
}

static bw_status reserve(bw_pricing_matrix *m, size_t n_row, size_t n_least)
{
    if (n_row > m->cap_row) {
        free(m->row);
        m->cap_row = 0;
        m->row = malloc(n_row * sizeof *m->row);
        if (!m->row)
            return BW_ERR_MEMORY;
        m->cap_row = n_row;
    }
    if (n_least > m->cap_least) {
        free(m->least);
        m->cap_least = 0;
        m->least = malloc(n_least * sizeof *m->least);
        if (!m->least)
            return BW_ERR_MEMORY;
        m->cap_least = n_least;
    }
    return BW_OK;
}

/* Row i; slots beyond the sinks cost nothing and are absent. */
static void fill_row(bw_pricing_matrix *m, const bw_arcs *arcs, size_t i)
{
    const bw_pricing *p = &m->head;
    int32_t *row = m->row + i * p->n_slots, *least = m->least + i * m->n_across;
    bw_arcs_small_row(arcs, i, p->scale, row);
    for (size_t j = p->n_sinks; j < p->n_slots; j++)
        row[j] = 0;
    for (size_t b = 0; b < m->n_across; b++) {
        size_t first = b << BW_MATRIX_SHIFT,
               end = first + (1 << BW_MATRIX_SHIFT);
        least[b] = 0;
        for (size_t j = first; j < end && j < p->n_sinks; j++)
            least[b] = j == first || row[j] < least[b] ? row[j] : least[b];
    }
}

bw_status bw_pricing_matrix_open(bw_pricing_matrix *m, const bw_arcs *arcs,
                                 double scale)
{
    bw_pricing *p = &m->head;
    size_t n_sources = arcs->sources->n, n_sinks = arcs->sinks->n;
    bw_status status =
        bw_pricing_reserve(p, n_sources, n_sinks, n_sinks, BW_MATRIX_SHIFT);
    if (status)
        return status;
    m->n_across = p->n_slots >> BW_MATRIX_SHIFT;
    m->n_across = (m->n_across + BW_N_LANES - 1) / BW_N_LANES * BW_N_LANES;
    status = reserve(m, n_sources * p->n_slots, n_sources * m->n_across);
    if (status)
        return status;
    p->kind = &bw_pricing_get_kernel()->matrix;
    p->scale = scale;
    p->is_exact = arcs->is_coarse || (arcs->ground->is_exact && scale >= 1 &&
                                      arcs->ground->forbidden == 0);
    for (size_t j = 0; j < n_sinks; j++) {
        p->slot[j] = p->sink[j] = (int32_t)j;
        p->value[j] = 0;
    }
    for (size_t i = 0; i < n_sources; i++)
        fill_row(m, arcs, i);
    return BW_OK;
}

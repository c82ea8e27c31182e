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

static int32_t *row_of(const bw_pricing_matrix *m, size_t i)
{
    return m->row + i * m->head.n_slots;
}

/* Slots beyond the sinks cost nothing and are absent; least costs of row i. */
static void finish_row(bw_pricing_matrix *m, size_t i)
{
    const bw_pricing *p = &m->head;
    int32_t *row = row_of(m, i), *least = m->least + i * m->n_across;
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

/* Ready but for the rows. */
static bw_status open_rows(bw_pricing_matrix *m, const bw_arcs *arcs)
{
    bw_pricing *p = &m->head;
    size_t n_sources = arcs->sources->n, n_sinks = arcs->sinks->n;
    bw_status status =
        bw_pricing_reserve(p, n_sources, n_sinks, n_sinks, BW_MATRIX_SHIFT);
    if (status)
        return status;
    m->n_across = p->n_slots >> BW_MATRIX_SHIFT;
    m->n_across = (m->n_across + BW_N_LANES - 1) / BW_N_LANES * BW_N_LANES;
    p->kind = &bw_pricing_get_kernel()->matrix;
    for (size_t j = 0; j < n_sinks; j++) {
        p->slot[j] = p->sink[j] = (int32_t)j;
        p->value[j] = 0;
    }
    return reserve(m, n_sources * p->n_slots, n_sources * m->n_across);
}

bw_status bw_pricing_matrix_open(bw_pricing_matrix *m, const bw_arcs *arcs,
                                 double scale)
{
    bw_status status = open_rows(m, arcs);
    if (status)
        return status;
    m->head.scale = scale;
    m->head.is_exact =
        arcs->is_coarse ||
        (arcs->ground->is_exact && scale >= 1 && arcs->ground->forbidden == 0);
    for (size_t i = 0; i < arcs->sources->n; i++) {
        bw_arcs_small_row(arcs, i, scale, row_of(m, i));
        finish_row(m, i);
    }
    return BW_OK;
}

bw_status bw_pricing_matrix_open_zoom(bw_pricing_matrix *m, const bw_zoom *zoom)
{
    bw_status status = open_rows(m, &zoom->arcs);
    if (status)
        return status;
    m->head.scale = zoom->scale;
    m->head.is_exact = false; /* far arcs are cut off */
    for (size_t i = 0; i < m->head.n_sources; i++) {
        for (size_t j = 0; j < m->head.n_sinks; j++)
            row_of(m, i)[j] = bw_zoom_round(bw_zoom_cost(zoom, i, j));
        finish_row(m, i);
    }
    return BW_OK;
}

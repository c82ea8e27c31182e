/* tile.c - items of a tile widened by pieces of their values, and dgemm. */
#include "config.h"

#include <cblas.h>
#include <stdbool.h>

#include "eval/tile.h"

/* Values of an item that are multiplied at a time. */
enum { DEPTH = 1024 };

size_t bw_tile_room(size_t d)
{
    return 2 * BW_TILE * bw_cut_min(d, DEPTH);
}

/* Values `depth` of items `items`, to out (items, length of depth). */
static void widen(const bw_sample *s, bw_cut items, bw_cut depth,
                  const double *opt_shift, double *out)
{
    size_t n = items.to - items.from, width = depth.to - depth.from;

    if (width == s->size)
        bw_sample_doubles(s, items.from * s->size, n * width, out);
    else
        for (size_t i = 0; i < n; i++)
            bw_sample_doubles(s, (items.from + i) * s->size + depth.from, width,
                              out + i * width);
    if (!opt_shift)
        return;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < width; k++)
            out[i * width + k] -= opt_shift[depth.from + k];
}

void bw_tile_products(const bw_sample *x, bw_cut rows, const bw_sample *y,
                      bw_cut columns, const double *opt_shift, double *room,
                      double *product)
{
    size_t n_pieces = bw_cut_count(x->size, DEPTH);
    double *right = room + BW_TILE * bw_cut_min(x->size, DEPTH);

    for (size_t k = 0; k < n_pieces; k++) {
        bw_cut depth = bw_cut_piece(x->size, DEPTH, k);
        int width = (int)(depth.to - depth.from);
        widen(x, rows, depth, opt_shift, room);
        widen(y, columns, depth, opt_shift, right);
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans,
                    (int)(rows.to - rows.from),
                    (int)(columns.to - columns.from), width, 1, room, width,
                    right, width, k > 0, product, BW_TILE);
    }
}

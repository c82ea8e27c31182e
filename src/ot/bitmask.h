/* bitmask.h - primal network simplex for problems with at most 1,024 sinks,
 * whose tree is kept as one bit set of sinks a node.
 *
 * A node knows the sinks in its subtree. Whether j hangs below a node is one
 * bit; a pivot ORs and AND-NOTs sets along two paths; the potentials of a
 * subtree move by one masked vector addition. Sources have no potential of
 * their own: u_i = c(i, parent of i) - v(parent of i) whenever it is wanted.
 * Pricing takes sixteen sources against all sinks at a time.
 *
 * Costs are 32-bit integers, exact or scaled; every comparison is exact in
 * them. Measured on 28x28 digits (150 x 150 lit pixels): 0.4 us a pivot.
 */
#ifndef BW_BITMASK_H
#define BW_BITMASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "barrow/status.h"
#include "ot/point.h"
#include "ot/tree.h"

enum {
    BW_BITMASK_MAX_SINKS = 1024,
    BW_BITMASK_MAX_COORDINATE = 508, /* of points under squared costs */
    BW_BITMASK_MAX_COST = 1 << 20    /* of a matrix */
};

typedef struct bw_bitmask {
    /* The problem. Costs are squared distances of integer points, or a
     * matrix in blocks of sixteen sources: cost[(b * n_sinks + j) * 16 + k]
     * is that of source 16 b + k and sink j. */
    bool is_squared;
    int32_t *source_point, *sink_point; /* bw_point(x, y), or unused */
    int32_t *cost, max_cost;
    /* A feasible basis on entry, an optimal one on success. The arrays are
     * the caller's. order[] is not kept up. */
    bw_tree tree;
    /* Potentials of the sinks, v(root) = 0: c - u - v >= 0 for all arcs. */
    int32_t *v;
    uint64_t n_pivots; /* summed over calls */
    /* Where it is not NULL, pricing is timed by it: seconds, those of one block
     * in sixteen, times sixteen. */
    double (*clock)(void);
    double pricing;
    /* Asked every few thousand blocks; not 0 ends a solve. May be NULL. */
    int (*stopped)(void);
    bool is_stopped; /* what ended the last solve */
    /* Work space, see bw_bitmask_reserve. */
    uint64_t *node;
    int32_t *base, *sink_key, *source_key, *up, *u;
    size_t cap_sources, cap_sinks, cap_cost;
} bw_bitmask;

/* Makes room for n_sources x n_sinks, for a cost matrix only if with_cost;
 * what was there before is lost when it grows. */
bw_status bw_bitmask_reserve(bw_bitmask *s, size_t n_sources, size_t n_sinks,
                             bool with_cost) BW_MUST_CHECK;
void bw_bitmask_clear(bw_bitmask *s);

/* The sizes of the problem in hand are those of s->tree. */

/* Pivots until no arc has a negative reduced cost: there is no iteration cap,
 * and no basis comes twice, since every pivot lowers the objective. False when
 * potentials would leave 32 bits, or after a stop: the tree is then feasible,
 * not optimal, and another solver must go on from it. */
bool bw_bitmask_solve(bw_bitmask *s) BW_MUST_CHECK;

/* The c-transform on points: to[k] = min over the n points of from of
 * |to_point[k] - from_point[j]|^2 - from[j]. to_point is read, and to written,
 * up to the next multiple of 16 of n_to. */
void bw_bitmask_transform(size_t n_from, const int32_t *from_point,
                          const int32_t *from, size_t n_to,
                          const int32_t *to_point, int32_t *to);

/* The same for other costs of a grid, by a table as below. */
void bw_bitmask_transform_table(const int32_t *table, int32_t stride,
                                size_t n_from, const int32_t *from_point,
                                const int32_t *from, size_t n_to,
                                const int32_t *to_point, int32_t *to);

/* Fills the cost matrix of a grid: entry (i, j) is
 * table[place of source i - place of sink j], see bw_point_place. */
void bw_bitmask_fill(bw_bitmask *s, const int32_t *table, int32_t stride);

/* Of a matrix, after bw_bitmask_solve: the arcs of sources 16 block to
 * 16 block + 15 whose cost is below u_i + v_j + margin, for any potentials u
 * and v given (padded to whole lanes). Lists source and sink; room for 16
 * n_sinks. Returns how many. */
size_t bw_bitmask_scan(const bw_bitmask *s, size_t block, const int32_t *u,
                       const int32_t *v, int32_t margin, int32_t (*arc)[2]);

/* The place of the least of sixteen costs, of those whose bit is set in mask;
 * mask is not 0. To be kept and called often. */
typedef int (*bw_bitmask_least)(const int32_t cost[16], uint32_t mask);
bw_bitmask_least bw_bitmask_get_least(void);

/* The instruction set in use: "avx512", "avx2" or "plain". BARROW_ISA in the
 * environment takes a lesser one, for tests. */
const char *bw_bitmask_isa(void);

/* ---- between bitmask.c and the kernels ---- */

/* What stands around the solver. */
typedef struct bw_bitmask_loops {
    bw_bitmask_least least;
    void (*transform)(size_t n_from, const int32_t *from_point,
                      const int32_t *from, size_t n_to, const int32_t *to_point,
                      int32_t *to);
    void (*transform_table)(const int32_t *table, int32_t stride, size_t n_from,
                            const int32_t *from_point, const int32_t *from,
                            size_t n_to, const int32_t *to_point, int32_t *to);
    void (*fill)(bw_bitmask *s, const int32_t *table, int32_t stride);
    size_t (*scan)(const bw_bitmask *s, size_t block, const int32_t *u,
                   const int32_t *v, int32_t margin, int32_t (*arc)[2]);
} bw_bitmask_loops;

typedef struct bw_bitmask_kernel {
    const char *name;
    bool (*solve)(bw_bitmask *s);
    const bw_bitmask_loops *loops;
} bw_bitmask_kernel;

extern const bw_bitmask_loops bw_bitmask_loops_plain;
extern const bw_bitmask_loops bw_bitmask_loops_avx2;
extern const bw_bitmask_loops bw_bitmask_loops_avx512;

extern const bw_bitmask_kernel bw_bitmask_kernel_plain;
extern const bw_bitmask_kernel bw_bitmask_kernel_avx2;
extern const bw_bitmask_kernel bw_bitmask_kernel_avx512;

#endif

/* tree.h - the basis of a transport problem: a spanning tree with flows.
 *
 * Nodes 0 .. n_sinks-1 are the sinks, n_sinks .. n_sinks+n_sources-1 the
 * sources. The root is a sink. Each other node carries the arc to its parent,
 * a node of the other side, and the flow on it, which runs from source to sink
 * and is positive: supplies and demands are perturbed so that no proper subset
 * of them balances (perturb.h), hence no basis is degenerate.
 */
#ifndef BW_TREE_H
#define BW_TREE_H

#include <stddef.h>
#include <stdint.h>

typedef struct bw_tree {
    size_t n_sources, n_sinks;
    int32_t *parent; /* of each node; -1 at the root */
    int64_t *flow;   /* on the arc to the parent; 0 at the root */
    int32_t *order;  /* every node after all of its children: the root last */
} bw_tree;

static inline size_t bw_tree_n_nodes(const bw_tree *tree)
{
    return tree->n_sources + tree->n_sinks;
}

/* Fills order[] from parent[]. n_children is scratch for n_nodes items.
 * O(n_nodes). */
void bw_tree_sort(bw_tree *tree, int32_t *n_children);

#endif

/* tree.c - orders over a basis. */
#include "config.h"

#include "ot/tree.h"

void bw_tree_sort(bw_tree *tree, int32_t *n_children)
{
    size_t n_nodes = bw_tree_n_nodes(tree), n_done = 0;
    for (size_t k = 0; k < n_nodes; k++)
        n_children[k] = 0;
    for (size_t k = 0; k < n_nodes; k++)
        if (tree->parent[k] >= 0)
            n_children[tree->parent[k]]++;
    /* order[] doubles as the queue of nodes whose children are all done. */
    for (size_t k = 0; k < n_nodes; k++)
        if (n_children[k] == 0)
            tree->order[n_done++] = (int32_t)k;
    for (size_t k = 0; k < n_done; k++) {
        int32_t up = tree->parent[tree->order[k]];
        if (up >= 0 && --n_children[up] == 0)
            tree->order[n_done++] = up;
    }
}

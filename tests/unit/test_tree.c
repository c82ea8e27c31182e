/* test_tree.c - the leaf-first order of a basis. */
#include "config.h"

#include <criterion/criterion.h>
#include <string.h>

#include "barrow/random.h"
#include "ot/tree.h"

enum { MAX_NODES = 200 };

/* A random tree: node order[k] hangs below one drawn earlier. */
static void draw_tree(bw_random *random, size_t n, int32_t *parent)
{
    size_t order[MAX_NODES];
    for (size_t k = 0; k < n; k++)
        order[k] = k;
    bw_random_shuffle(random, n, order);
    parent[order[0]] = -1;
    for (size_t k = 1; k < n; k++)
        parent[order[k]] = (int32_t)order[bw_random_below(random, k)];
}

static void check_order(const bw_tree *tree, uint64_t t)
{
    size_t n = bw_tree_n_nodes(tree), place[MAX_NODES];
    memset(place, 0xff, sizeof place);
    for (size_t k = 0; k < n; k++)
        place[tree->order[k]] = k;
    for (size_t k = 0; k < n; k++) {
        cr_assert(place[k] < n, "tree %llu: node %zu is not in the order",
                  (unsigned long long)t, k);
        if (tree->parent[k] >= 0 && place[k] > place[tree->parent[k]])
            cr_assert(false, "tree %llu: node %zu stands after its parent",
                      (unsigned long long)t, k);
    }
    cr_assert_eq(tree->parent[tree->order[n - 1]], -1);
}

Test(tree, sort_puts_children_before_parents)
{
    int32_t parent[MAX_NODES], order[MAX_NODES], scratch[MAX_NODES];
    for (uint64_t t = 0; t < 2000; t++) {
        bw_random random;
        bw_random_init(&random, 1, BW_RANDOM_TEST, t);
        size_t n = 2 + bw_random_below(&random, MAX_NODES - 1);
        bw_tree tree = {n / 2, n - n / 2, parent, NULL, order};
        draw_tree(&random, n, parent);
        memset(order, 0xff, sizeof order);
        bw_tree_sort(&tree, scratch);
        check_order(&tree, t);
    }
}

Test(tree, sort_of_a_path_and_of_a_star)
{
    int32_t up[] = {1, 2, 3, -1}, star[] = {3, 3, 3, -1};
    int32_t order[4], scratch[4];
    bw_tree tree = {2, 2, up, NULL, order};
    bw_tree_sort(&tree, scratch);
    for (int32_t k = 0; k < 4; k++)
        cr_expect_eq(order[k], k);
    tree.parent = star;
    bw_tree_sort(&tree, scratch);
    cr_expect_eq(order[3], 3);
}

Test(tree, nodes_are_counted)
{
    bw_tree tree = {.n_sources = 5, .n_sinks = 3};
    cr_expect_eq(bw_tree_n_nodes(&tree), 8);
}

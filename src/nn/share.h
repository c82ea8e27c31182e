/* share.h - the part of a batch that one of several processes computes.
 *
 * Of n_all items process r of N has those from n_all r / N on up to
 * n_all (r + 1) / N. A batch of fewer items than processes is not split: all
 * compute it whole, and weights see to it that rank 0's alone counts.
 *
 * What is a mean over the process's own items becomes, times `weight`, a part
 * that adds up over processes to the mean over the batch; so do gradients of
 * it.
 */
#ifndef BW_SHARE_H
#define BW_SHARE_H

#include "base/comm.h"

typedef struct bw_share {
    bw_comm *comm; /* NULL: a process alone */
    bool is_split; /* passes exchange what is of all items */
    size_t first, n, n_all;
    double weight;
} bw_share;

static inline bw_share bw_share_of(bw_comm *opt_comm, size_t n_all)
{
    size_t rank = bw_comm_rank(opt_comm), size = bw_comm_size(opt_comm);
    bw_share share = {.comm = opt_comm, .n = n_all, .n_all = n_all};

    share.weight = rank == 0 ? 1 : 0;
    share.is_split = size > 1 && n_all >= size;
    if (!share.is_split)
        return share;
    share.first = n_all * rank / size;
    share.n = n_all * (rank + 1) / size - share.first;
    share.weight = (double)share.n / (double)n_all;
    return share;
}

/* The number in the whole batch of item k of a pass. A pass may have several
 * sets of the share's items one behind the other, items and fakes, say: of the
 * whole they would be sets of n_all. */
static inline size_t bw_share_number(const bw_share *opt_share, size_t k)
{
    const bw_share *s = opt_share;

    return s && s->is_split ? k / s->n * s->n_all + s->first + k % s->n : k;
}

/* Items in all processes' passes, this one having n. */
static inline size_t bw_share_total(const bw_share *opt_share, size_t n)
{
    const bw_share *s = opt_share;

    return s && s->is_split ? n / s->n * s->n_all : n;
}

#endif

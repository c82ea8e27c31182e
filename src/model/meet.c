/* meet.c - the processes of a training run begin it alike. */
#include "config.h"

#include <inttypes.h>
#include <string.h>
#include <xxhash.h>

#include "model/meet.h"

/* All get all digests, so that all find the same. */
static bw_status check_identity(const bw_run *r, bw_error *err)
{
    bw_comm *comm = r->options->comm;
    uint64_t own = XXH64(r->identity, strlen(r->identity), 0), first = own;
    double other = 0;

    bw_comm_copy(comm, sizeof first, &first);
    /* The first of the others, counted from the end. */
    if (own != first)
        other = (double)(bw_comm_size(comm) - bw_comm_rank(comm));
    other = bw_comm_largest(comm, other);
    if (!(other > 0))
        return BW_OK;
    return bw_error_set(err, BW_ERR_RANGE,
                        "rank %zu has other options or inputs than rank 0",
                        bw_comm_size(comm) - (size_t)other);
}

static void copy_floats(bw_comm *comm, size_t n, float *values)
{
    bw_comm_copy(comm, n * sizeof *values, values);
}

bw_status bw_meet(bw_run *run, bw_status status, bw_error *err)
{
    const bw_learner *learner = run->learner;
    bw_comm *comm = run->options->comm;
    bool unused = false;

    if (bw_comm_size(comm) == 1)
        return status;
    status = bw_comm_agree(comm, status, &unused, err);
    if (status == BW_OK)
        status = check_identity(run, err);
    if (status != BW_OK)
        return status;
    bw_comm_copy(comm, sizeof run->state, &run->state);
    copy_floats(comm, learner->model->n_values, learner->model->values);
    if (run->best != NULL)
        copy_floats(comm, learner->model->n_values, run->best);
    for (size_t k = 0; k < learner->n_blocks; k++)
        copy_floats(comm, learner->block[k].n, learner->block[k].values);
    if (learner->loaded != NULL)
        learner->loaded(learner->self);
    return BW_OK;
}

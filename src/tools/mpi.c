/* mpi.c - joining the processes that mpirun started.
 *
 * MPI is not asked unless it was mpirun, or what does its work for Slurm, that
 * started the process: alone, MPI would start a helper of its own first.
 */
#include "config.h"

#include <stdlib.h>

#include "tools/mpi.h"

#ifdef BW_MPI

#include <mpi.h>

/* MPI counts in ints. */
enum { N_MOST = 1 << 30 };

static void gather(void *self, size_t n, const void *own, void *all)
{
    (void)self;
    MPI_Allgather(own, (int)n, MPI_BYTE, all, (int)n, MPI_BYTE, MPI_COMM_WORLD);
}

static void trade(void *self, size_t n, const void *to, void *from)
{
    (void)self;
    MPI_Alltoall(to, (int)n, MPI_BYTE, from, (int)n, MPI_BYTE, MPI_COMM_WORLD);
}

static void copy(void *self, size_t n, void *bytes)
{
    unsigned char *at = bytes;

    (void)self;
    for (size_t done = 0; done < n; done += N_MOST)
        MPI_Bcast(at + done, (int)(n - done < N_MOST ? n - done : N_MOST),
                  MPI_BYTE, 0, MPI_COMM_WORLD);
}

static bool is_started_by_mpi(void)
{
    return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMIX_RANK") ||
           getenv("PMI_RANK");
}

bw_status bw_mpi_open(bw_comm **ret_comm, bw_error *err)
{
    static const bw_comm_ways ways = {gather, trade, copy};
    int rank = 0, size = 1, level;
    bw_status status = BW_OK;

    *ret_comm = NULL;
    if (!is_started_by_mpi())
        return BW_OK;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (size > 1)
        status = bw_comm_create(&ways, NULL, (size_t)rank, (size_t)size,
                                ret_comm, err);
    /* The others would wait for what it cannot say. */
    if (status)
        MPI_Abort(MPI_COMM_WORLD, 1);
    return status;
}

void bw_mpi_close(bw_comm *opt_comm)
{
    int is_open = 0;

    bw_comm_destroy(opt_comm);
    MPI_Initialized(&is_open);
    if (is_open)
        MPI_Finalize();
}

#else

bw_status bw_mpi_open(bw_comm **ret_comm, bw_error *err)
{
    const char *size = getenv("OMPI_COMM_WORLD_SIZE");

    *ret_comm = NULL;
    if (!size || strtol(size, NULL, 10) <= 1)
        return BW_OK;
    return bw_error_set(err, BW_ERR_USAGE,
                        "one of %s processes of mpirun, but built without MPI "
                        "(configure --with-mpi)",
                        size);
}

void bw_mpi_close(bw_comm *opt_comm)
{
    bw_comm_destroy(opt_comm);
}

#endif

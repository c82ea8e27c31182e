/* mpi.h - joining the processes that mpirun started, in builds that were
 * configured with MPI. The one place that knows of it; MPI's own state is
 * global, and belongs to a tool's main. */
#ifndef BW_TOOLS_MPI_H
#define BW_TOOLS_MPI_H

#include "base/comm.h"

/* Joins them; *ret_comm is NULL for a process alone, also where mpirun started
 * one only or this build has no MPI. BW_ERR_USAGE where mpirun started several
 * of a build without MPI, each of which would think itself alone. A process
 * that MPI loses ends, and with it the others. */
bw_status bw_mpi_open(bw_comm **ret_comm, bw_error *err) BW_MUST_CHECK;

/* Leaves, once all do. */
void bw_mpi_close(bw_comm *opt_comm);

#endif

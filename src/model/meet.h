/* meet.h - the processes of a training run begin it alike. */
#ifndef BW_MEET_H
#define BW_MEET_H

#include "model/run.h"

/* Where all began well, each with a status of its own, the run's state, values
 * and blocks become those of rank 0, which may have resumed. Else what
 * bw_comm_agree says; BW_ERR_RANGE where processes have another identity, that
 * is other options or inputs, than rank 0. A process alone keeps its status. */
bw_status bw_meet(bw_run *run, bw_status status, bw_error *err) BW_MUST_CHECK;

#endif

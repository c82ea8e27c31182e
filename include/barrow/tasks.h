/* tasks.h - a team of threads that engines, optimisers and embeddings share.
 *
 * Results do not depend on the number of threads.
 *
 * Threads: a team serves one thread at a time, the one that calls what borrows
 * it; that thread is one of its workers. Teams are independent of each other.
 */
#ifndef BARROW_TASKS_H
#define BARROW_TASKS_H

#include <stddef.h>

#include "barrow/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bw_tasks bw_tasks;

/* Starts n_threads - 1 threads; the caller is worker 0. Signals are blocked in
 * them. BW_ERR_MEMORY, or BW_ERR_IO when the system gives no thread. */
bw_status bw_tasks_create(size_t n_threads, bw_tasks **ret_tasks,
                          bw_error *err) BW_MUST_CHECK;
void bw_tasks_destroy(bw_tasks *tasks);

size_t bw_tasks_n_workers(const bw_tasks *tasks);

#ifdef __cplusplus
}
#endif
#endif

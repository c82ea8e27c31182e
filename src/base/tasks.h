/* tasks.h - a team of threads that runs one list of tasks at a time.
 *
 * The promise "same bytes for any -j" rests on two rules of the callers: a
 * list is cut by shape only, never by the number of workers, and a task's
 * result does not depend on the worker that runs it. `worker` is for scratch.
 *
 * Within tasks, numbers under the smallest normal float are taken as zero (on
 * x86-64): gradients fade below it where a softmax is sure, and arithmetic on
 * such numbers is some 100 times slower.
 */
#ifndef BW_TASKS_H
#define BW_TASKS_H

#include <stddef.h>

#include "barrow/status.h"

typedef struct bw_tasks bw_tasks;

/* Runs task `task` of a list on worker `worker` (0 .. n_workers - 1). */
typedef void (*bw_task)(void *arg, size_t task, size_t worker);

/* Starts n_threads - 1 threads; the caller is worker 0. Signals are blocked in
 * them. BW_ERR_MEMORY, or BW_ERR_IO when the system gives no thread. */
bw_status bw_tasks_create(size_t n_threads, bw_tasks **ret_tasks,
                          bw_error *err) BW_MUST_CHECK;
void bw_tasks_destroy(bw_tasks *tasks);

size_t bw_tasks_n_workers(const bw_tasks *tasks);

/* Runs tasks 0 .. n_tasks - 1, each once, and returns when all are done.
 * Tasks begin in order. Not to be called from a task, nor from two threads. */
void bw_tasks_run(bw_tasks *tasks, size_t n_tasks, bw_task run, void *arg);

#endif

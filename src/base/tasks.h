/* tasks.h - lists of tasks that a team of threads runs, one list at a time.
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

#include "barrow/tasks.h"

/* Runs task `task` of a list on worker `worker` (0 .. n_workers - 1). */
typedef void (*bw_task)(void *arg, size_t task, size_t worker);

/* Runs tasks 0 .. n_tasks - 1, each once, and returns when all are done.
 * Tasks begin in order. Not to be called from a task, nor from two threads. */
void bw_tasks_run(bw_tasks *tasks, size_t n_tasks, bw_task run, void *arg);

#endif

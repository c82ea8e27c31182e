/* tasks.c - a team of threads that runs one list of tasks at a time.
 *
 * A list lasts microseconds in small networks, so workers spin for a moment
 * between lists before they sleep, and the caller waits for tasks, never for
 * threads: one that the system wakes late finds the list over and is not
 * missed, so that more threads than processors cost little.
 *
 * What makes that safe is the ticket, the list's number and its next task in
 * one word. A worker reads the list's fields, then takes the task by compare
 * and swap. Fields change only while the ticket is closed, so a worker that
 * read fields of two lists holds a ticket that is no longer there.
 */
#include "config.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "base/tasks.h"

/* Turns of the spin before a thread sleeps: some 50 microseconds. */
enum { N_SPINS = 2000 };

/* The next task of a ticket that gives none. */
#define CLOSED UINT32_MAX

typedef struct team_member {
    bw_tasks *tasks;
    size_t worker;
    pthread_t thread;
} team_member;

struct bw_tasks {
    size_t n_workers;
    team_member *member; /* 1 .. n_workers - 1; 0 is the caller */
    pthread_mutex_t lock;
    pthread_cond_t begun, done; /* a list; all its tasks */
    _Atomic(uint64_t) ticket;   /* list's number << 32 | next task */
    atomic_bool is_over;
    atomic_size_t n_left; /* tasks that are not done */
    _Atomic(uint64_t) n_tasks;
    _Atomic(bw_task) run;
    _Atomic(void *) arg;
};

static void pause_a_moment(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Lets this thread's arithmetic take numbers under the smallest normal one as
 * zero, as operands and as results. Returns the mode from before. */
static unsigned flush_tiny(void)
{
#if defined(__x86_64__)
    const unsigned results = 0x8000, operands = 0x0040;
    unsigned before = _mm_getcsr();

    _mm_setcsr(before | results | operands);
    return before;
#else
    return 0;
#endif
}

static void restore_mode(unsigned before)
{
#if defined(__x86_64__)
    _mm_setcsr(before);
#else
    (void)before;
#endif
}

static uint32_t list_of(uint64_t ticket)
{
    return (uint32_t)(ticket >> 32);
}

static void finish_task(bw_tasks *tasks)
{
    if (atomic_fetch_sub(&tasks->n_left, 1) != 1)
        return;
    pthread_mutex_lock(&tasks->lock);
    pthread_cond_signal(&tasks->done);
    pthread_mutex_unlock(&tasks->lock);
}

/* Runs tasks of a list until none is left to draw. */
static void work(bw_tasks *tasks, uint32_t list, size_t worker)
{
    uint64_t ticket = atomic_load(&tasks->ticket);

    while (list_of(ticket) == list) {
        uint32_t task = (uint32_t)ticket;
        bw_task run = atomic_load(&tasks->run);
        void *arg = atomic_load(&tasks->arg);

        if (task >= atomic_load(&tasks->n_tasks))
            return;
        if (!atomic_compare_exchange_weak(&tasks->ticket, &ticket, ticket + 1))
            continue;
        run(arg, task, worker);
        finish_task(tasks);
        ticket = atomic_load(&tasks->ticket);
    }
}

/* Waits until the list under way is not `seen`; returns it. */
static uint32_t await_list(bw_tasks *tasks, uint32_t seen)
{
    uint32_t list;

    for (int k = 0; k < N_SPINS; k++) {
        list = list_of(atomic_load(&tasks->ticket));
        if (list != seen)
            return list;
        pause_a_moment();
    }
    pthread_mutex_lock(&tasks->lock);
    while ((list = list_of(atomic_load(&tasks->ticket))) == seen)
        pthread_cond_wait(&tasks->begun, &tasks->lock);
    pthread_mutex_unlock(&tasks->lock);
    return list;
}

static void *member_main(void *arg)
{
    team_member *member = arg;
    bw_tasks *tasks = member->tasks;
    uint32_t list = 0;

    (void)flush_tiny();
    for (;;) {
        list = await_list(tasks, list);
        if (atomic_load(&tasks->is_over))
            return NULL;
        work(tasks, list, member->worker);
    }
}

static void announce(bw_tasks *tasks, uint64_t ticket)
{
    pthread_mutex_lock(&tasks->lock);
    atomic_store(&tasks->ticket, ticket);
    pthread_cond_broadcast(&tasks->begun);
    pthread_mutex_unlock(&tasks->lock);
}

/* Threads begin with all signals blocked: the main thread handles them. */
static bw_status start_member(bw_tasks *tasks, size_t worker, bw_error *err)
{
    team_member *member = &tasks->member[worker];
    sigset_t all, before;
    int code;

    *member = (team_member){.tasks = tasks, .worker = worker};
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    code = pthread_create(&member->thread, NULL, member_main, member);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code == 0 ? BW_OK
                     : bw_error_set(err, BW_ERR_IO,
                                    "the system gives no thread %zu", worker);
}

bw_status bw_tasks_create(size_t n_threads, bw_tasks **ret_tasks, bw_error *err)
{
    bw_tasks *tasks = calloc(1, sizeof(*tasks));
    bw_status status = BW_OK;

    *ret_tasks = NULL;
    if (!tasks)
        return bw_error_memory(err);
    pthread_mutex_init(&tasks->lock, NULL);
    pthread_cond_init(&tasks->begun, NULL);
    pthread_cond_init(&tasks->done, NULL);
    tasks->n_workers = 1;
    tasks->member = calloc(n_threads + 1, sizeof(*tasks->member));
    if (!tasks->member)
        status = bw_error_memory(err);
    for (size_t k = 1; status == BW_OK && k < n_threads; k++) {
        status = start_member(tasks, k, err);
        if (status == BW_OK)
            tasks->n_workers++;
    }
    if (status != BW_OK) {
        bw_tasks_destroy(tasks);
        return status;
    }
    *ret_tasks = tasks;
    return BW_OK;
}

void bw_tasks_destroy(bw_tasks *tasks)
{
    if (!tasks)
        return;
    atomic_store(&tasks->is_over, true);
    announce(tasks, (atomic_load(&tasks->ticket) | CLOSED) + 1);
    for (size_t k = 1; k < tasks->n_workers; k++)
        pthread_join(tasks->member[k].thread, NULL);
    pthread_cond_destroy(&tasks->begun);
    pthread_cond_destroy(&tasks->done);
    pthread_mutex_destroy(&tasks->lock);
    free(tasks->member);
    free(tasks);
}

size_t bw_tasks_n_workers(const bw_tasks *tasks)
{
    return tasks->n_workers;
}

static void await_tasks(bw_tasks *tasks)
{
    for (int k = 0; k < N_SPINS; k++) {
        if (atomic_load(&tasks->n_left) == 0)
            return;
        pause_a_moment();
    }
    pthread_mutex_lock(&tasks->lock);
    while (atomic_load(&tasks->n_left) != 0)
        pthread_cond_wait(&tasks->done, &tasks->lock);
    pthread_mutex_unlock(&tasks->lock);
}

static void run_alone(size_t n_tasks, bw_task run, void *arg)
{
    for (size_t k = 0; k < n_tasks; k++)
        run(arg, k, 0);
}

static void run_together(bw_tasks *tasks, size_t n_tasks, bw_task run,
                         void *arg)
{
    uint64_t closed = atomic_load(&tasks->ticket) | CLOSED;

    assert(n_tasks < CLOSED);
    atomic_store(&tasks->ticket, closed);
    atomic_store(&tasks->n_tasks, n_tasks);
    atomic_store(&tasks->run, run);
    atomic_store(&tasks->arg, arg);
    atomic_store(&tasks->n_left, n_tasks);
    announce(tasks, closed + 1);
    work(tasks, list_of(closed + 1), 0);
    await_tasks(tasks);
}

void bw_tasks_run(bw_tasks *tasks, size_t n_tasks, bw_task run, void *arg)
{
    unsigned before = flush_tiny();

    if (tasks->n_workers == 1 || n_tasks <= 1)
        run_alone(n_tasks, run, arg);
    else
        run_together(tasks, n_tasks, run, arg);
    restore_mode(before);
}

/* comm_case.h - threads that exchange bytes as processes do. */
#ifndef COMM_CASE_H
#define COMM_CASE_H

#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>

#include "base/comm.h"

enum { COMM_CASE_MOST = 5 };

/* Where all threads lay what they give; the barrier stands before and after the
 * others take it. */
typedef struct comm_case_table {
    size_t size;
    pthread_barrier_t barrier;
    void *block[COMM_CASE_MOST];
} comm_case_table;

typedef struct comm_case_member {
    comm_case_table *table;
    size_t rank;
    void (*work)(bw_comm *comm, void *arg);
    void *arg;
} comm_case_member;

static inline void comm_case_lay(comm_case_member *m, const void *block)
{
    memcpy(&m->table->block[m->rank], &block, sizeof block);
    pthread_barrier_wait(&m->table->barrier);
}

static inline void comm_case_leave(comm_case_member *m)
{
    pthread_barrier_wait(&m->table->barrier);
}

static inline void comm_case_gather(void *self, size_t n, const void *own,
                                    void *all)
{
    comm_case_member *m = self;

    comm_case_lay(m, own);
    for (size_t r = 0; r < m->table->size; r++)
        memcpy((char *)all + r * n, m->table->block[r], n);
    comm_case_leave(m);
}

static inline void comm_case_trade(void *self, size_t n, const void *to,
                                   void *from)
{
    comm_case_member *m = self;

    comm_case_lay(m, to);
    for (size_t r = 0; r < m->table->size; r++)
        memcpy((char *)from + r * n,
               (const char *)m->table->block[r] + m->rank * n, n);
    comm_case_leave(m);
}

static inline void comm_case_copy(void *self, size_t n, void *bytes)
{
    comm_case_member *m = self;

    comm_case_lay(m, bytes);
    if (m->rank > 0)
        memcpy(bytes, m->table->block[0], n);
    comm_case_leave(m);
}

static inline void *comm_case_thread(void *arg)
{
    static const bw_comm_ways ways = {comm_case_gather, comm_case_trade,
                                      comm_case_copy};
    comm_case_member *m = arg;
    bw_comm *comm = NULL;

    cr_assert(!bw_comm_create(&ways, m, m->rank, m->table->size, &comm, NULL));
    m->work(comm, m->arg);
    bw_comm_destroy(comm);
    return NULL;
}

/* Calls work in `size` threads, each with a comm of its own. */
static inline void comm_case_run(size_t size,
                                 void (*work)(bw_comm *comm, void *arg),
                                 void *arg)
{
    comm_case_table table = {.size = size};
    comm_case_member member[COMM_CASE_MOST];
    pthread_t thread[COMM_CASE_MOST];

    cr_assert_leq(size, COMM_CASE_MOST);
    cr_assert(!pthread_barrier_init(&table.barrier, NULL, (unsigned)size));
    for (size_t r = 0; r < size; r++) {
        member[r] = (comm_case_member){&table, r, work, arg};
        cr_assert(
            !pthread_create(&thread[r], NULL, comm_case_thread, &member[r]));
    }
    for (size_t r = 0; r < size; r++)
        pthread_join(thread[r], NULL);
    pthread_barrier_destroy(&table.barrier);
}

#endif

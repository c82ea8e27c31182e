/* test_wgan_together.c - generators and critics trained by several processes:
 * as by one, but for rounding. */
#include "config.h"

#include "raw_file.h"
#include "together_case.h"
#include "wgan_case.h"

TestSuite(wgan_together, RAW_FOLDER);

/* Momentum apart, sgd; noise, statistics, averages, exact distances as they
 * come. */
static void make(bw_comm *comm, void *arg)
{
    together_case *t = arg;
    const size_t *kind = t->kind;
    wgan_case c = wgan_case_of(*kind);

    c.is_adam = false;
    c.validation = 3;
    c.batch = (size_t)t->batch;
    c.comm = comm;
    wgan_case_make(&c);
    together_case_train(t, comm, c.l);
    wgan_case_clear(&c);
}

#define CHECK(name, kind)                                                      \
    Test(wgan_together, name)                                                  \
    {                                                                          \
        const size_t number = kind;                                            \
                                                                               \
        together_case_check(&number, 4, 1e-5, make);                           \
    }

CHECK(clip, 0)
CHECK(penalty_and_exact, 1)
CHECK(spectral, 2)
CHECK(minimax, 3)
CHECK(nonsaturating, 4)
CHECK(critic_alone, 5)

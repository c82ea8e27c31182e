/* test_dwe_together.c - embeddings trained by several processes: as by one,
 * but for rounding. */
#include "config.h"

#include "dwe_case.h"
#include "raw_file.h"
#include "together_case.h"

TestSuite(dwe_together, RAW_FOLDER);

static void make(bw_comm *comm, void *arg)
{
    together_case *t = arg;
    const bool *is_regressor = t->kind;
    dwe_case c = {.comm = comm};

    dwe_case_make(&c, 1, *is_regressor, 5);
    c.training.rate = 0.01;
    together_case_train(t, comm, c.l);
    dwe_case_clear(&c);
}

Test(dwe_together, embedding)
{
    const bool is_regressor = false;

    together_case_check(&is_regressor, 7, 1e-6, make);
}

Test(dwe_together, regressor)
{
    const bool is_regressor = true;

    together_case_check(&is_regressor, 7, 1e-6, make);
}

/* learner_case.h - looking at a learner's steps. */
#ifndef LEARNER_CASE_H
#define LEARNER_CASE_H

#include <criterion/criterion.h>
#include <string.h>

#include "model/train.h"

/* A term by its name; the log has it. */
static inline double learner_case_term(const bw_learner *l, const double *terms,
                                       const char *name)
{
    for (size_t k = 0; k < l->n_terms; k++)
        if (strcmp(l->term[k].name, name) == 0)
            return terms[k];
    cr_assert_fail("no term %s", name);
    return 0;
}

/* Step `step`, on five items. */
static inline void learner_case_step(const bw_learner *l, uint64_t step,
                                     double *terms)
{
    static const uint32_t example[] = {3, 0, 7, 5, 1};
    bw_step at = {.step = step, .rate_factor = 1};
    bw_error err = BW_ERROR_INIT;

    l->loaded(l->self);
    cr_assert(!l->step(l->self, example, 5, &at, terms, &err), "%s", err.text);
}

/* A run whose steps overflow stops; the checkpoint is of one that did not. */
static inline void learner_case_ruin(const bw_learner *l)
{
    bw_train_options options = {.tool = "test",
                                .steps = 50,
                                .batch = 8,
                                .seed = 3,
                                .checkpoint = "c.st.zst",
                                .checkpoint_every = 1};
    bw_train_result result;
    bw_error err = BW_ERROR_INIT;

    cr_assert_eq(bw_train_run(l, &options, &result, &err), BW_ERR_RANGE);
    cr_assert(strstr(err.text, "is not finite; checkpoint c.st.zst holds step"),
              "%s", err.text);
}

#endif

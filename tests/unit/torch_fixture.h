/* torch_fixture.h - tensors that PyTorch made, by name, from a file of
 * tests/fixtures, and how near ours are to them. */
#ifndef TORCH_FIXTURE_H
#define TORCH_FIXTURE_H

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/container.h"

enum { TORCH_MAX_TENSORS = 1024 };

typedef struct torch_fixture {
    bw_reader *reader;
    size_t n;
    const bw_tensor *tensor[TORCH_MAX_TENSORS];
    float *data[TORCH_MAX_TENSORS];
} torch_fixture;

static inline void torch_open(const char *name, torch_fixture *all)
{
    const char *source = getenv("BARROW_SOURCE");
    bw_error err = BW_ERROR_INIT;
    char path[4096];

    snprintf(path, sizeof path, "%s/tests/fixtures/%s", source ? source : ".",
             name);
    cr_assert_eq(bw_reader_open(path, &all->reader, &err), BW_OK, "%s",
                 err.text);
    all->n = bw_reader_n_tensors(all->reader);
    cr_assert(all->n > 0 && all->n <= TORCH_MAX_TENSORS);
    for (size_t k = 0; k < all->n; k++) {
        all->tensor[k] = bw_reader_tensor(all->reader, k);
        all->data[k] = malloc((size_t)all->tensor[k]->n_bytes);
        cr_assert(all->data[k] != NULL);
        cr_assert_eq(bw_reader_read(all->reader, all->tensor[k], all->data[k],
                                    (size_t)all->tensor[k]->n_bytes, &err),
                     BW_OK, "%s", err.text);
    }
}

static inline void torch_close(torch_fixture *all)
{
    for (size_t k = 0; k < all->n; k++)
        free(all->data[k]);
    bw_reader_close(all->reader);
}

static inline const float *torch_find(const torch_fixture *all,
                                      const char *name, size_t *n)
{
    for (size_t k = 0; k < all->n; k++)
        if (strcmp(all->tensor[k]->name, name) == 0) {
            *n = (size_t)all->tensor[k]->n_items;
            return all->data[k];
        }
    cr_assert_fail("no tensor %s", name);
    return NULL;
}

/* How far n values are from those wanted, as a share of the largest magnitude
 * among these; NaN where one of ours is. */
static inline double torch_error(size_t n, const float *got,
                                 const float *wanted)
{
    double largest = 0, worst = 0;

    for (size_t k = 0; k < n; k++) {
        double error = fabs((double)got[k] - (double)wanted[k]);

        largest = fmax(largest, fabs((double)wanted[k]));
        worst = error <= worst ? worst : error; /* a NaN stays */
    }
    return worst > 0 ? worst / largest : worst;
}

#endif

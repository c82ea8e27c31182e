/* allocations.h - counts what a program allocates, where its allocator can be
 * counted: for promises that something allocates nothing. What oneDNN and
 * OpenBLAS allocate inside their calls is left out. To be included by one file
 * of a program. */
#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Sanitizers bring an allocator of their own, which takes absurd sizes for
 * mistakes and cannot be counted. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_OWN_MALLOC 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||           \
    !defined(__GLIBC__)
#define HAS_OWN_MALLOC 1
#endif

#ifndef HAS_OWN_MALLOC
static atomic_size_t n_allocations;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

/* Whether the caller is oneDNN, what only oneDNN uses, or OpenBLAS; or the
 * loader, for a thread that meets one of them for the first time. */
static bool is_of_products(void *caller)
{
    static const char *const name[] = {"/libdnnl.", "/libstdc++.",
                                       "/libgomp.", "/libopenblas",
                                       "/libblas.", "/ld-linux"};
    Dl_info info;

    if (!dladdr(caller, &info))
        return false;
    for (size_t k = 0; k < sizeof name / sizeof name[0]; k++)
        if (strstr(info.dli_fname, name[k]))
            return true;
    return false;
}

static void count_allocation(void *caller)
{
    if (!is_of_products(caller))
        atomic_fetch_add(&n_allocations, 1);
}

void *malloc(size_t size)
{
    count_allocation(__builtin_return_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    count_allocation(__builtin_return_address(0));
    return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
    count_allocation(__builtin_return_address(0));
    return __libc_realloc(p, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count_allocation(__builtin_return_address(0));
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **p, size_t alignment, size_t size)
{
    count_allocation(__builtin_return_address(0));
    *p = __libc_memalign(alignment, size);
    return *p ? 0 : 12;
}
#endif

#endif

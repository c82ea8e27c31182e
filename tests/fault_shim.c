/* fault_shim.c - makes the k-th call of a kind fail, in any program:
 *
 *     LD_PRELOAD=fault.so FAULT_CALL=write FAULT_AT=3 wpack ...
 *
 *   FAULT_CALL   write sync rename open read close truncate map memory thread
 *   FAULT_AT     K: the K-th call of the kind, from 1; K-: it and all after it
 *   FAULT_ERRNO  ENOSPC EIO EINTR ..., as a number; 0: half is written or read
 *   FAULT_ALONE  if set, only the program's own calls count
 *   FAULT_COUNT  a file that is told how many calls of the kind there were
 *   FAULT_LEFT   a file that is told what main leaves behind: how many blocks
 *                of memory, how many descriptors; then whose the blocks are,
 *                each as "PROGRAM OFFSET" (as addr2line wants it)
 *
 * Calls count from main's beginning to its end where the program makes them, or
 * one of the libraries below; others (BLAS, oneDNN, cairo and what it loads)
 * may end the process or print when theirs fail, which no tool can help. What
 * stdio writes to standard output is a call of write, too.
 */
#include "shim.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    MAX_RANGES = 16,
    MAX_BLOCKS = 1 << 20,
    N_LISTS = 1 << 16,
    MAX_DESCRIPTORS = 64,
    DEADLINE = 120 /* seconds; nothing should hang */
};

static const char *const asking[] = {"libc.so",   "libzstd", "libjansson",
                                     "libpng",    "libz.so", "libxxhash",
                                     "ld-linux-x"};

typedef struct range {
    uintptr_t begin, end;
} range;

static range ranges[MAX_RANGES]; /* of code whose calls count */
static size_t n_ranges;
static const char *kind = "";
static unsigned long first, last;
static int number;
static atomic_ulong n_calls;
static atomic_bool is_armed;

static bool is_kind(const char *name)
{
    return atomic_load(&is_armed) && strcmp(kind, name) == 0;
}

static bool is_asking(const void *caller)
{
    for (size_t k = 0; k < n_ranges; k++)
        if ((uintptr_t)caller >= ranges[k].begin &&
            (uintptr_t)caller < ranges[k].end)
            return true;
    return false;
}

/* Whether this call of the kind is one to fail; errno is set then. */
static bool fails(const char *name, const void *caller)
{
    unsigned long k;

    if (!is_kind(name) || !is_asking(caller))
        return false;
    k = atomic_fetch_add(&n_calls, 1) + 1;
    if (k < first || k > last)
        return false;
    errno = number;
    return true;
}

/* In macros, so that the address is that of the function's caller. */
#define FAILS(name) fails(name, __builtin_return_address(0))
#define GAVE(address) gave(address, __builtin_return_address(0))

/* ---- files ---- */

/* A transfer that fails, or moves half of its bytes. */
static bool is_cut(const char *name, const void *caller, size_t *n)
{
    if (!fails(name, caller))
        return false;
    if (number != 0)
        return true;
    *n = *n > 1 ? *n / 2 : *n;
    return false;
}

ssize_t write(int fd, const void *data, size_t n)
{
    NEXT(ssize_t, "write", int, const void *, size_t);
    return is_cut("write", __builtin_return_address(0), &n) ? -1
                                                            : next(fd, data, n);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
    NEXT(ssize_t, "pwrite", int, const void *, size_t, off_t);
    return is_cut("write", __builtin_return_address(0), &n)
               ? -1
               : next(fd, data, n, at);
}

ssize_t read(int fd, void *data, size_t n)
{
    NEXT(ssize_t, "read", int, void *, size_t);
    return is_cut("read", __builtin_return_address(0), &n) ? -1
                                                           : next(fd, data, n);
}

ssize_t pread(int fd, void *data, size_t n, off_t at)
{
    NEXT(ssize_t, "pread", int, void *, size_t, off_t);
    return is_cut("read", __builtin_return_address(0), &n)
               ? -1
               : next(fd, data, n, at);
}

int fsync(int fd)
{
    NEXT(int, "fsync", int);
    return FAILS("sync") ? -1 : next(fd);
}

int fdatasync(int fd)
{
    NEXT(int, "fdatasync", int);
    return FAILS("sync") ? -1 : next(fd);
}

int renameat(int from, const char *old, int to, const char *new)
{
    NEXT(int, "renameat", int, const char *, int, const char *);
    return FAILS("rename") ? -1 : next(from, old, to, new);
}

int linkat(int from, const char *old, int to, const char *new, int flags)
{
    NEXT(int, "linkat", int, const char *, int, const char *, int);
    return FAILS("rename") ? -1 : next(from, old, to, new, flags);
}

int ftruncate(int fd, off_t n)
{
    NEXT(int, "ftruncate", int, off_t);
    return FAILS("truncate") ? -1 : next(fd, n);
}

/* As Linux has it: the descriptor is gone in any case. */
int close(int fd)
{
    NEXT(int, "close", int);
    int result;

    if (!FAILS("close"))
        return next(fd);
    result = errno;
    next(fd);
    errno = result;
    return -1;
}

int open(const char *path, int flags, ...)
{
    NEXT(int, "open", const char *, int, ...);
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return FAILS("open") ? -1 : next(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    NEXT(int, "openat", int, const char *, int, ...);
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return FAILS("open") ? -1 : next(folder, path, flags, mode);
}

FILE *fopen(const char *restrict path, const char *restrict how)
{
    NEXT(FILE *, "fopen", const char *, const char *);
    return FAILS("open") ? NULL : next(path, how);
}

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t from)
{
    NEXT(void *, "mmap", void *, size_t, int, int, int, off_t);
    return FAILS("map") ? MAP_FAILED : next(at, n, protection, flags, fd, from);
}

/* ---- memory that is left ---- */

/* A block that was given out and not yet given back, in a list by its address;
 * those that are free are a list, too. Links are indices, and 0 none. */
typedef struct block {
    const void *address, *caller;
    uint32_t link;
} block;

static pthread_mutex_t blocks_lock = PTHREAD_MUTEX_INITIALIZER;
static block blocks[MAX_BLOCKS];
static uint32_t heads[N_LISTS], free_block, n_blocks = 1;

static uint32_t *list_of(const void *address)
{
    return &heads[((uintptr_t)address >> 4) * 0x9e3779b97f4a7c15 >> 48];
}

/* The loader keeps the memory of threads that ended, for others. */
static bool is_loader(const void *caller)
{
    Dl_info info;

    return dladdr(caller, &info) != 0 &&
           strstr(info.dli_fname, "ld-linux-x") != NULL;
}

/* What the program got, or one of the libraries for it; address is given on. */
static void *gave(void *address, const void *caller)
{
    uint32_t *head = list_of(address), k;

    if (address == NULL || !atomic_load(&is_armed) || !is_asking(caller) ||
        is_loader(caller))
        return address;
    pthread_mutex_lock(&blocks_lock);
    k = free_block != 0 ? free_block : n_blocks++;
    if (k == MAX_BLOCKS)
        abort();
    free_block = blocks[k].link;
    blocks[k] = (block){address, caller, *head};
    *head = k;
    pthread_mutex_unlock(&blocks_lock);
    return address;
}

static void took(const void *address)
{
    uint32_t *link = list_of(address), k;

    pthread_mutex_lock(&blocks_lock);
    while (*link != 0 && blocks[*link].address != address)
        link = &blocks[*link].link;
    k = *link;
    if (k != 0) {
        *link = blocks[k].link;
        blocks[k] = (block){.link = free_block};
        free_block = k;
    }
    pthread_mutex_unlock(&blocks_lock);
}

static size_t count_descriptors(void)
{
    size_t n = 0;

    for (int fd = 0; fd < MAX_DESCRIPTORS; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

/* ---- memory, threads ---- */

void *malloc(size_t n)
{
    NEXT(void *, "malloc", size_t);
    return FAILS("memory") ? NULL : GAVE(next(n));
}

void *calloc(size_t n, size_t size)
{
    NEXT(void *, "calloc", size_t, size_t);
    return FAILS("memory") ? NULL : GAVE(next(n, size));
}

void *realloc(void *p, size_t n)
{
    NEXT(void *, "realloc", void *, size_t);

    if (FAILS("memory"))
        return NULL;
    /* At once, before the address can be another thread's. */
    took(p);
    return GAVE(next(p, n));
}

void *aligned_alloc(size_t alignment, size_t n)
{
    NEXT(void *, "aligned_alloc", size_t, size_t);
    return FAILS("memory") ? NULL : GAVE(next(alignment, n));
}

void free(void *p)
{
    NEXT(void, "free", void *);

    if (p != NULL)
        took(p);
    next(p);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*run)(void *), void *context)
{
    NEXT(int, "pthread_create", pthread_t *, const pthread_attr_t *,
         void *(*)(void *), void *);
    return FAILS("thread") ? EAGAIN : next(thread, attributes, run, context);
}

/* ---- beginning and end ---- */

static int note_ranges(struct dl_phdr_info *info, size_t size, void *context)
{
    bool is_program = *(bool *)context, counts = is_program;

    (void)size;
    *(bool *)context = false; /* the program comes first, and without a name */
    for (size_t k = 0;
         getenv("FAULT_ALONE") == NULL && k < sizeof asking / sizeof *asking;
         k++)
        counts |= strstr(info->dlpi_name, asking[k]) != NULL;
    for (size_t k = 0; counts && k < info->dlpi_phnum; k++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[k];

        if (part->p_type == PT_LOAD && (part->p_flags & PF_X) &&
            n_ranges < MAX_RANGES)
            ranges[n_ranges++] =
                (range){info->dlpi_addr + part->p_vaddr,
                        info->dlpi_addr + part->p_vaddr + part->p_memsz};
    }
    return 0;
}

static ssize_t write_standard(void *cookie, const char *data, size_t n)
{
    NEXT(ssize_t, "write", int, const void *, size_t);
    ssize_t done;

    /* stdio hands the rest on until all is written. */
    if (is_cut("write", cookie, &n))
        return 0;
    done = next(STDOUT_FILENO, data, n);
    return done > 0 ? done : 0;
}

static int close_standard(void *cookie)
{
    NEXT(int, "close", int);
    bool is_failed = fails("close", cookie);
    int number_before = errno, result = next(STDOUT_FILENO);

    if (is_failed)
        errno = number_before;
    return is_failed ? -1 : result;
}

/* stdio's own calls of write do not come by here. */
static void replace_standard_output(void)
{
    /* Any address of the program's code will do for the caller's. */
    FILE *stream = fopencookie(*(void **)&real_main, "w",
                               (cookie_io_functions_t){
                                   .write = write_standard,
                                   .close = close_standard,
                               });

    if (stream != NULL)
        stdout = stream;
}

static void read_settings(void)
{
    const char *at = getenv("FAULT_AT"), *call = getenv("FAULT_CALL");
    const char *value = getenv("FAULT_ERRNO");
    char *end = NULL;

    kind = call != NULL ? call : "";
    first = last = at != NULL ? strtoul(at, &end, 10) : 0;
    if (end != NULL && *end == '-')
        last = ~0UL;
    number = value != NULL ? atoi(value) : EIO;
    if (strcmp(kind, "memory") == 0)
        number = ENOMEM;
}

/* The file that a setting names; -1 if none. */
static int open_told(const char *setting)
{
    const char *path = getenv(setting);

    return path != NULL
               ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)
               : -1;
}

static void tell_count(void)
{
    int fd = open_told("FAULT_COUNT");

    if (fd < 0)
        return;
    dprintf(fd, "%lu\n", atomic_load(&n_calls));
    close(fd);
}

static void tell_left(size_t n_descriptors_before)
{
    size_t n_descriptors = count_descriptors(), n = 0;
    int fd = open_told("FAULT_LEFT");

    if (fd < 0)
        return;
    for (uint32_t k = 1; k < n_blocks; k++)
        n += blocks[k].address != NULL;
    dprintf(fd, "%zu %zu\n", n,
            n_descriptors > n_descriptors_before
                ? n_descriptors - n_descriptors_before
                : 0);
    for (uint32_t k = 1; k < n_blocks; k++) {
        Dl_info info;

        if (blocks[k].address != NULL && dladdr(blocks[k].caller, &info) != 0)
            dprintf(fd, "%s %#tx\n", info.dli_fname,
                    (const char *)blocks[k].caller -
                        (const char *)info.dli_fbase);
    }
    close(fd);
}

static int watched_main(int argc, char **argv, char **environment)
{
    bool is_program = true;
    size_t n_descriptors;
    int result;

    read_settings();
    dl_iterate_phdr(note_ranges, &is_program);
    replace_standard_output();
    n_descriptors = count_descriptors();
    alarm(DEADLINE);
    atomic_store(&is_armed, true);
    result = real_main(argc, argv, environment);
    atomic_store(&is_armed, false);
    tell_count();
    tell_left(n_descriptors);
    return result;
}

/* shim.h - what the libraries share that are loaded ahead of a program: to be
 * included by one file of a library, which defines watched_main. */
#ifndef SHIM_H
#define SHIM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* Runs in place of the program's main, which is to be called by it. */
static int watched_main(int argc, char **argv, char **environment);
static int (*real_main)(int, char **, char **);

/* The next definition of a function that this library defines. */
#define NEXT(type, name, ...)                                                  \
    static type (*next)(__VA_ARGS__);                                          \
    if (next == NULL)                                                          \
    *(void **)&next = dlsym(RTLD_NEXT, name)

/* What stands behind the flags of open. */
static mode_t mode_of(int flags, va_list args)
{
    bool has_mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;

    return has_mode ? va_arg(args, mode_t) : 0;
}

int __libc_start_main(int (*main_)(int, char **, char **), int argc,
                      char **argv, void (*init)(void), void (*fini)(void),
                      void (*loader)(void), void *stack);

int __libc_start_main(int (*main_)(int, char **, char **), int argc,
                      char **argv, void (*init)(void), void (*fini)(void),
                      void (*loader)(void), void *stack)
{
    NEXT(int, "__libc_start_main", int (*)(int, char **, char **), int, char **,
         void (*)(void), void (*)(void), void (*)(void), void *);
    real_main = main_;
    return next(watched_main, argc, argv, init, fini, loader, stack);
}

#endif

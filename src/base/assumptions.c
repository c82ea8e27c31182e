/* assumptions.c - what the rest takes for granted of processor, compiler and C
 * library beyond C11 and POSIX.1-2008, so that where it does not hold nothing
 * builds. HACKING.md says who relies on what.
 */
#include "config.h"

#include <float.h>
#include <limits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "numbers go to files and come from them as they lie: little-endian only"
#endif
#ifdef __FAST_MATH__
#error "-ffast-math: NaN and the order of sums are part of results"
#endif
#if FLT_EVAL_METHOD != 0
#error "floats are wider between operations, as of x87: build for SSE2"
#endif
#ifndef __SIZEOF_INT128__
#error "no __int128: potentials of large problems are sums of 128 bits"
#endif

_Static_assert(CHAR_BIT == 8, "bytes of 8 bits");
_Static_assert(sizeof(int) == 4 && sizeof(long long) == 8, "int 32, long 64");
_Static_assert(sizeof(size_t) == 8 && sizeof(void *) == 8, "64-bit addresses");
_Static_assert(sizeof(off_t) == 8, "files past 2 GiB");
_Static_assert((-1 >> 1) == -1, "a shift of a negative number keeps its sign");
_Static_assert(sizeof(float) == 4 && FLT_MANT_DIG == 24 && FLT_MAX_EXP == 128,
               "float is IEEE's binary32");
_Static_assert(sizeof(double) == 8 && DBL_MANT_DIG == 53 && DBL_MAX_EXP == 1024,
               "double is IEEE's binary64");
_Static_assert(FLT_HAS_SUBNORM == 1 && DBL_HAS_SUBNORM == 1,
               "small numbers do not vanish");
_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2,
               "what threads and signal handlers share needs no lock");

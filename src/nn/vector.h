/* vector.h - what loops need to become vectors. */
#ifndef BW_VECTOR_H
#define BW_VECTOR_H

/* Before a loop whose arrays are equal or apart, so that no value depends on an
 * earlier one. */
#if defined(__clang__)
/* A build that does not optimise is no reason to warn. */
#pragma clang diagnostic ignored "-Wpass-failed"
#define BW_EACH _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define BW_EACH _Pragma("GCC ivdep")
#else
#define BW_EACH
#endif

/* Partial sums side by side, added up in order. */
enum { BW_N_PARTS = 16 };

#endif

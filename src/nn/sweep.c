/* sweep.c - which instruction set's loops run. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "nn/sweep.h"

typedef enum level { PLAIN, AVX2, AVX512 } level;

static level find_level(void)
{
#ifdef BW_X86_64
    const char *wish = getenv("BARROW_ISA");
    bool may_avx2 = !wish || strcmp(wish, "plain") != 0;
    bool may_avx512 = may_avx2 && (!wish || strcmp(wish, "avx2") != 0);

    if (may_avx512 && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq"))
        return AVX512;
    if (may_avx2 && __builtin_cpu_supports("avx2") &&
        __builtin_cpu_supports("bmi2"))
        return AVX2;
#endif
    return PLAIN;
}

const bw_sweeps *bw_sweeps_get(void)
{
#ifdef BW_X86_64
    static const bw_sweeps *const all[] = {&bw_sweeps_plain, &bw_sweeps_avx2,
                                           &bw_sweeps_avx512};

    return all[find_level()];
#else
    (void)find_level;
    return &bw_sweeps_plain;
#endif
}

const bw_terms *bw_terms_get(void)
{
#ifdef BW_X86_64
    static const bw_terms *const all[] = {&bw_terms_plain, &bw_terms_avx2,
                                          &bw_terms_avx512};

    return all[find_level()];
#else
    return &bw_terms_plain;
#endif
}

/* sweep.c - which instruction set's loops run. */
#include "config.h"

#include "base/isa.h"
#include "nn/sweep.h"

const bw_sweeps *bw_sweeps_get(void)
{
#ifdef BW_X86_64
    static const bw_sweeps *const all[] = {&bw_sweeps_plain, &bw_sweeps_avx2,
                                           &bw_sweeps_avx512};

    return all[bw_isa_get()];
#else
    return &bw_sweeps_plain;
#endif
}

const bw_terms *bw_terms_get(void)
{
#ifdef BW_X86_64
    static const bw_terms *const all[] = {&bw_terms_plain, &bw_terms_avx2,
                                          &bw_terms_avx512};

    return all[bw_isa_get()];
#else
    return &bw_terms_plain;
#endif
}

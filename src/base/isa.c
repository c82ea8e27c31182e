/* isa.c - which of the instruction sets that loops are compiled for to use. */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/isa.h"

static const char *const names[] = {
    [BW_ISA_PLAIN] = "plain",
    [BW_ISA_AVX2] = "avx2",
    [BW_ISA_AVX512] = "avx512",
};

static bw_isa of_processor(void)
{
#ifdef BW_X86_64
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") ||
        !__builtin_cpu_supports("fma"))
        return BW_ISA_PLAIN;
    if (!__builtin_cpu_supports("avx512f") ||
        !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") ||
        !__builtin_cpu_supports("avx512vl"))
        return BW_ISA_AVX2;
    return BW_ISA_AVX512;
#else
    return BW_ISA_PLAIN;
#endif
}

/* What is asked for: BW_ISA_AVX512 where nothing is; false for other words. */
static bool wish(bw_isa *isa)
{
    const char *word = getenv("BARROW_ISA");

    *isa = BW_ISA_AVX512;
    if (!word || *word == '\0')
        return true;
    for (int k = BW_ISA_PLAIN; k <= BW_ISA_AVX512; k++) {
        *isa = (bw_isa)k;
        if (strcmp(word, names[k]) == 0)
            return true;
    }
    return false;
}

bw_isa bw_isa_get(void)
{
    bw_isa isa = of_processor(), wished;

    wish(&wished);
    return wished < isa ? wished : isa;
}

bw_status bw_isa_check(bw_error *err)
{
    bw_isa wished;

    if (wish(&wished))
        return BW_OK;
    return bw_error_set(err, BW_ERR_USAGE,
                        "BARROW_ISA is '%s', not plain, avx2 or avx512",
                        getenv("BARROW_ISA"));
}

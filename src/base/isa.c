/* isa.c - which of the instruction sets that loops are compiled for to use. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/isa.h"

#ifdef BW_X86_64
static bw_isa of_processor(void)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") ||
        !__builtin_cpu_supports("fma"))
        return BW_ISA_PLAIN;
    if (!__builtin_cpu_supports("avx512f") ||
        !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") ||
        !__builtin_cpu_supports("avx512vl"))
        return BW_ISA_AVX2;
    return BW_ISA_AVX512;
}

bw_isa bw_isa_get(void)
{
    const char *wish = getenv("BARROW_ISA");
    bw_isa isa = of_processor();

    if (wish && strcmp(wish, "plain") == 0)
        return BW_ISA_PLAIN;
    if (wish && strcmp(wish, "avx2") == 0 && isa == BW_ISA_AVX512)
        return BW_ISA_AVX2;
    return isa;
}
#else
bw_isa bw_isa_get(void)
{
    return BW_ISA_PLAIN;
}
#endif

/* isa.h - which of the instruction sets that loops are compiled for to use. */
#ifndef BW_ISA_H
#define BW_ISA_H

#include "barrow/status.h"

typedef enum bw_isa {
    BW_ISA_PLAIN,
    BW_ISA_AVX2,  /* with BMI2 and FMA */
    BW_ISA_AVX512 /* F, BW, DQ and VL besides */
} bw_isa;

/* The best that this processor and this build have. BARROW_ISA=plain or avx2
 * in the environment asks for less, for tests; avx512 for all there is. */
bw_isa bw_isa_get(void);

/* BW_ERR_USAGE where BARROW_ISA is another word. */
bw_status bw_isa_check(bw_error *err) BW_MUST_CHECK;

#endif

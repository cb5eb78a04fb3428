/* kernels_avx512.c - x86-64 with AVX-512 F, BW, DQ and VL */
#include "target.h"
#if MXL_X86_64
/* system headers first: they are not to be compiled for this target */
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "mxloss.h"
MXL_TARGET_BEGIN("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c" MXL_WIDEST)
#define MXL_HAVE_FMA
#define MXL_HAVE_F16C
#define MXL_HAVE_AVX512
#define MXL_KERNELS mxl_kernels_avx512
#include "kernels/all.h"
MXL_TARGET_END
#else
#include "job.h"
const mxl_kernels mxl_kernels_avx512 = {NULL, NULL};
#endif

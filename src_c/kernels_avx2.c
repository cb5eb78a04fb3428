/* kernels_avx2.c - x86-64 with AVX2, FMA and F16C (2013 and later) */
#include "target.h"
#if MXL_X86_64
/* system headers first: they are not to be compiled for this target */
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "mxloss.h"
MXL_TARGET_BEGIN("avx2,fma,f16c")
#define MXL_HAVE_FMA
#define MXL_HAVE_F16C
#define MXL_KERNELS mxl_kernels_avx2
#include "kernels/all.h"
MXL_TARGET_END
#else
#include "job.h"
const mxl_kernels mxl_kernels_avx2 = {NULL, NULL};
#endif

/* kernels_neon.c - arm64, where vectors and fused multiply-add come with every processor */
#include "target.h"
#if MXL_ARM64
#define MXL_HAVE_FMA
#define MXL_KERNELS mxl_kernels_neon
#include "kernels/all.h"
#else
#include "job.h"
const mxl_kernels mxl_kernels_neon = {NULL, NULL};
#endif

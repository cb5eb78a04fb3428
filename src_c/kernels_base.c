/* kernels_base.c - for any processor: whatever the compiler takes for granted */
#define MXL_KERNELS mxl_kernels_base
#include "kernels/all.h"

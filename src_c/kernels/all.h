/*
 * all.h - the kernels of one instruction set
 *
 * Parameters, defined by the file that includes this after setting the compiler's target:
 *     MXL_KERNELS    name of the table to define, such as mxl_kernels_avx2
 *     MXL_HAVE_FMA   defined if the target has fused multiply-add
 *     MXL_HAVE_F16C  defined if it converts float16, by x86-64's instructions,
 *     MXL_HAVE_AVX512  and if sixteen at a time
 *
 * Included once per file. Everything in here and below is compiled several times and must be
 * static: an inline function with external linkage would be merged with another instruction set's
 * copy and crash on a lesser processor.
 */
#include <math.h>
#include <string.h>

#include "../job.h"
#include "../labels.h"
#include "../parallel.h"
#include "../scratch.h"
#include "../sequences.h"
#include "cursor.h"
#include "half.h"

#define MXL_REAL 64
#include "real_all.h"
#undef MXL_REAL

#define MXL_REAL 32
#include "real_all.h"
#undef MXL_REAL

const mxl_kernels MXL_KERNELS = {run_f32, run_f64};

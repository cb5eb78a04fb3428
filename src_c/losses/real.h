/*
 * real.h - the compute type; included by every file that is compiled once per type
 *
 * Parameter:  MXL_REAL   32 or 64
 * Gives:      real, mxl_uint of its size, MXL_T(name) = name_f32 or name_f64, mxl_fma,
 *             MXL_SIGN_BIT; MXL_FN for functions
 *
 * What includes this is a subset of C99, C++ and CUDA C++: no VLA, no complex, no generic
 * selection, no implicit conversion from void *, no restrict keyword.
 */
#if MXL_REAL != 32 && MXL_REAL != 64
#error "define MXL_REAL as 32 or 64"
#endif

#include "portable.h"

#undef real
#undef mxl_uint
#undef MXL_T
#undef mxl_fma
#undef MXL_SIGN_BIT
#undef MXL_MANTISSA
#undef MXL_BIAS
#undef MXL_EXP_LOW
#undef MXL_EXP_HIGH
#if MXL_REAL == 32
#define real float
#define mxl_uint uint32_t
#define MXL_T(name) name##_f32
#define mxl_fma mxl_fma_f32
#define MXL_SIGN_BIT 0x80000000u
#else
#define real double
#define mxl_uint uint64_t
#define MXL_T(name) name##_f64
#define mxl_fma mxl_fma_f64
#define MXL_SIGN_BIT 0x8000000000000000u
#endif

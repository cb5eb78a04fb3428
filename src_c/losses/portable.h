/* portable.h - what C99, C++ and CUDA C++ spell differently */
#ifndef MXL_PORTABLE_H
#define MXL_PORTABLE_H
#include <float.h>
#include <stdint.h>
#include <string.h>

/* Each operation has to round to its type: exp and compensated sums are built on that. */
#if FLT_EVAL_METHOD == 1 || FLT_EVAL_METHOD == 2
#error "needs numbers rounded to their type: x86 -mfpmath=sse, s390x -fexcess-precision=fast"
#endif

#if defined(__CUDACC__)
#define MXL_FN static __host__ __device__ __forceinline__
#elif defined(__GNUC__)
#define MXL_FN static inline __attribute__((always_inline, unused))
#else
#define MXL_FN static inline
#endif

/* a loop that keeps a name in the object code, where a test looks whether it is vectorised */
#if defined(__GNUC__)
#define MXL_LOOP static __attribute__((noinline))
#else
#define MXL_LOOP static
#endif

/* ask for memory that will soon be read, or written; any address will do */
#if defined(__GNUC__) && !defined(__CUDACC__)
#define MXL_PREFETCH(address) __builtin_prefetch((const void *)(address))
#define MXL_PREFETCH_WRITE(address) __builtin_prefetch((const void *)(address), 1)
#else
#define MXL_PREFETCH(address) (void)(address)
#define MXL_PREFETCH_WRITE(address) (void)(address)
#endif

/* a * b + c with one rounding where the processor can, the same on every such processor. The
 * baseline multiplies and adds: emulating one rounding there costs 20 to 60 times as much. */
#if defined(__CUDA_ARCH__)
MXL_FN float mxl_fma_f32(float a, float b, float c) {
    return __fmaf_rn(a, b, c);
}
MXL_FN double mxl_fma_f64(double a, double b, double c) {
    return __fma_rn(a, b, c);
}
#elif defined(MXL_HAVE_FMA)
MXL_FN float mxl_fma_f32(float a, float b, float c) {
    return __builtin_fmaf(a, b, c);
}
MXL_FN double mxl_fma_f64(double a, double b, double c) {
    return __builtin_fma(a, b, c);
}
#else
MXL_FN float mxl_fma_f32(float a, float b, float c) {
    return a * b + c;
}
MXL_FN double mxl_fma_f64(double a, double b, double c) {
    return a * b + c;
}
#endif
#endif

/*
 * half.h - float16 and bfloat16 from and to float, branch-free
 *
 * Storing rounds to nearest, ties to even. Compiled once per instruction set: everything is static.
 */
#ifndef MXL_HALF_H
#define MXL_HALF_H
#include "../losses/portable.h"

MXL_FN float mxl_bits_to_float(uint32_t u) {
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

MXL_FN uint32_t mxl_float_to_bits(float x) {
    uint32_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

MXL_FN float mxl_bf16_to_float(uint16_t h) {
    return mxl_bits_to_float((uint32_t)h << 16);
}

MXL_FN uint16_t mxl_float_to_bf16(float x) {
    uint32_t u = mxl_float_to_bits(x);
    uint32_t rounded = (u + 0x7fff + ((u >> 16) & 1)) >> 16;
    uint32_t nan = (u >> 16) | 0x40; /* quiet, whatever the payload */
    return (uint16_t)((u & 0x7fffffff) > 0x7f800000 ? nan : rounded);
}

MXL_FN float mxl_f16_to_float(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, magnitude = (uint32_t)(h & 0x7fff) << 13;
    /* shift the exponent by multiplying with 2^112: right for subnormals too */
    uint32_t finite = mxl_float_to_bits(mxl_bits_to_float(magnitude) * 0x1p+112f);
    uint32_t special = magnitude | 0x7f800000;
    return mxl_bits_to_float(sign | (magnitude >= 0x0f800000 ? special : finite));
}

MXL_FN uint16_t mxl_float_to_f16(float x) {
    uint32_t u = mxl_float_to_bits(x), sign = (u >> 16) & 0x8000, a = u & 0x7fffffff;
    /* normal results: rebias the exponent and round to 10 bits of mantissa */
    uint32_t normal = (a - (112u << 23) + 0xfff + ((a >> 13) & 1)) >> 13;
    /* subnormal results: adding 0.5 leaves the bits, rounded, at the bottom of the mantissa */
    uint32_t tiny = mxl_float_to_bits(mxl_bits_to_float(a) + 0.5f) - 0x3f000000;
    uint32_t h = a < 0x38800000 ? tiny : normal;
    h = a >= 0x477ff000 ? 0x7c00 : h;
    h = a > 0x7f800000 ? 0x7e00 : h;
    return (uint16_t)(sign | h);
}

#ifdef MXL_HAVE_F16C
/* the same by the processor's own conversions, whose results are these (of NaNs, other payloads) */
static void mxl_f16_load(float *restrict dst, const uint16_t *restrict src, int64_t n) {
    int64_t i = 0;
#ifdef MXL_HAVE_AVX512
    for (; i + 16 <= n; i += 16)
        _mm512_storeu_ps(
            dst + i, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)(src + i))));
#endif
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(
            dst + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(src + i))));
    for (; i < n; i++)
        dst[i] = mxl_f16_to_float(src[i]);
}

static void mxl_f16_store(uint16_t *restrict dst, const float *restrict src, int64_t n) {
    int64_t i = 0;
#ifdef MXL_HAVE_AVX512
    for (; i + 16 <= n; i += 16)
        _mm256_storeu_si256((__m256i *)(void *)(dst + i),
                            _mm512_cvtps_ph(_mm512_loadu_ps(src + i), _MM_FROUND_TO_NEAREST_INT));
#endif
    for (; i + 8 <= n; i += 8)
        _mm_storeu_si128((__m128i *)(void *)(dst + i),
                         _mm256_cvtps_ph(_mm256_loadu_ps(src + i), _MM_FROUND_TO_NEAREST_INT));
    for (; i < n; i++)
        dst[i] = mxl_float_to_f16(src[i]);
}
#endif

/* double to float such that rounding the result again to a half type is right: the last bit stands
 * for everything below it (round to odd) */
MXL_FN float mxl_double_to_float_odd(double d) {
    float f = (float)d;
    double back = (double)f;
    uint32_t u = mxl_float_to_bits(f);
    if (back == d || d != d)
        return f;
    if ((back < 0 ? -back : back) > (d < 0 ? -d : d))
        u -= 1;
    return mxl_bits_to_float(u | 1);
}
#endif

/* IEEE half precision, for arrays of dtype float16: PDL has no such type, so that they are held as
 * float PDLs of which every value is representable in half precision. */
#ifndef AI_MXLOSS_HALF_H
#define AI_MXLOSS_HALF_H

#include <stdint.h>
#include <string.h>

static float half_to_float(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000u) << 16;
    uint32_t magnitude = h & 0x7fffu, bits;
    float f;
    if (magnitude >= 0x7c00u) /* infinite or NaN */
        bits = sign | 0x7f800000u | (magnitude & 0x3ffu) << 13;
    else if (magnitude >= 0x400u)
        bits = sign | ((magnitude << 13) + (112u << 23));
    else { /* 0 or below the smallest normal number: multiples of 2^-24 */
        f = (float)magnitude * 0x1p-24f;
        memcpy(&bits, &f, sizeof bits);
        bits |= sign;
    }
    memcpy(&f, &bits, sizeof f);
    return f;
}

/* The nearest half, of two the even one. */
static uint16_t half_from_float(float f)
{
    uint32_t bits, sign, magnitude;
    memcpy(&bits, &f, sizeof bits);
    sign = bits >> 16 & 0x8000u;
    magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) /* NaN, kept quiet */
        return (uint16_t)(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
    if (magnitude >= 0x477ff000u) /* 65520 and more round to infinity */
        return (uint16_t)(sign | 0x7c00u);
    if (magnitude < 0x38800000u) { /* below 2^-14: to a multiple of 2^-24, by a sum that rounds */
        float tiny;
        memcpy(&tiny, &magnitude, sizeof tiny);
        tiny += 0.5f;
        memcpy(&magnitude, &tiny, sizeof magnitude);
        return (uint16_t)(sign | (magnitude - 0x3f000000u));
    }
    magnitude += 0xfffu + (magnitude >> 13 & 1u);
    return (uint16_t)(sign | (magnitude - (112u << 23)) >> 13);
}

#endif

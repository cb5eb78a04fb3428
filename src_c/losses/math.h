/*
 * math.h - exp, log and log1p without branches or calls, so that loops over them vectorise and
 * give the same bits on every processor with fused multiply-add
 *
 * Compiled once per MXL_REAL. Errors in units in the last place, measured by tests/c/test_math.c:
 * at most 1.05 (float, every argument tried) and 1.05 (double, sampled).
 * tests/tools/fit_polynomials.py finds the coefficients.
 */
#include "real.h"

MXL_FN mxl_uint MXL_T(bits)(real x) {
    mxl_uint u;
    memcpy(&u, &x, sizeof u);
    return u;
}

MXL_FN real MXL_T(from_bits)(mxl_uint u) {
    real x;
    memcpy(&x, &u, sizeof x);
    return x;
}

/* |x| and x with the sign of s as bit operations: 5 to 15 % faster in loops than selects */
MXL_FN real MXL_T(absolute)(real x) {
    return MXL_T(from_bits)(MXL_T(bits)(x) & ~(mxl_uint)MXL_SIGN_BIT);
}

MXL_FN real MXL_T(flip_sign)(real x, real s) { /* x * sign(s), where sign(-0) = -1 */
    return MXL_T(from_bits)(MXL_T(bits)(x) ^ (MXL_T(bits)(s) & (mxl_uint)MXL_SIGN_BIT));
}

/* What a - b lost when it was rounded to d (Knuth: a - b = d + rest) */
MXL_FN real MXL_T(rest)(real a, real b, real d) {
    real back = a - d;
    return (a - (d + back)) + (back - b);
}

MXL_FN real MXL_T(finite_or_0)(real x) {
    return x - x == 0 ? x : (real)0;
}

/*
 * exp(x) = 2^k exp(r),  k = round(x / ln 2),  |r| <= ln 2 / 2,  exp(r) = 1 + r + r^2 q(r)
 *
 * exp_parts returns exp(r) and k as an integer that may have wrapped around. The shifter, 1.5 *
 * 2^(mantissa bits), leaves k in the low bits of the sum.
 */
#if MXL_REAL == 32
#define MXL_MANTISSA 23
#define MXL_BIAS 127
#define MXL_EXP_LOW -104.0f /* exp(x) rounds to 0 from here on */
#define MXL_EXP_HIGH 89.0f  /* and to inf */
#else
#define MXL_MANTISSA 52
#define MXL_BIAS 1023
#define MXL_EXP_LOW -746.0
#define MXL_EXP_HIGH 710.0
#endif

MXL_FN real MXL_T(exp_parts)(real x, mxl_uint *k_bits) {
#if MXL_REAL == 32
    const real log2e = 0x1.715476p+0f, shifter = 0x1.8p+23f;
    const real ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
#else
    const real log2e = 0x1.71547652b82fep+0, shifter = 0x1.8p+52;
    const real ln2_high = 0x1.62e42fefa4p-1, ln2_low = -0x1.8432a1b0e2634p-43;
#endif
    real t = mxl_fma(x, log2e, shifter);
    real k = t - shifter;
    real r = mxl_fma(-k, ln2_high, x);
    real q;
    r = mxl_fma(-k, ln2_low, r);
    *k_bits = MXL_T(bits)(t) - MXL_T(bits)(shifter);
#if MXL_REAL == 32
    q = mxl_fma(0x1.6a4d5cp-10f, r, 0x1.12398ap-7f);
    q = mxl_fma(q, r, 0x1.5558bp-5f);
    q = mxl_fma(q, r, 0x1.555492p-3f);
    q = mxl_fma(q, r, 0x1.fffffcp-2f);
#else
    q = mxl_fma(0x1.ad98c20cfc00fp-26, r, 0x1.28ae1b7cea617p-22);
    q = mxl_fma(q, r, 0x1.71df156623c9dp-19);
    q = mxl_fma(q, r, 0x1.a0199940fdbd2p-16);
    q = mxl_fma(q, r, 0x1.a01a013171dbap-13);
    q = mxl_fma(q, r, 0x1.6c16c18480578p-10);
    q = mxl_fma(q, r, 0x1.11111111266f5p-7);
    q = mxl_fma(q, r, 0x1.555555555069fp-5);
    q = mxl_fma(q, r, 0x1.55555555554ffp-3);
    q = mxl_fma(q, r, 0x1.000000000000ap-1);
#endif
    return mxl_fma(r * r, q, r) + 1;
}

/* exp(x) for all x: subnormal results are rounded once; inf and 0 beyond the ends; NaN for NaN */
MXL_FN real MXL_T(exp)(real x) {
    mxl_uint k, half;
    real e;
    x = x < MXL_EXP_LOW ? MXL_EXP_LOW : x;
    x = x > MXL_EXP_HIGH ? MXL_EXP_HIGH : x;
    e = MXL_T(exp_parts)(x, &k);
    /* 2^k in two factors, both normal: k reaches from below the smallest subnormal to overflow.
     * half = k / 2 rounded down, made positive first because C has no portable signed shift. */
    half = ((k + 4096) >> 1) - 2048;
    return e * MXL_T(from_bits)((half + MXL_BIAS) << MXL_MANTISSA) *
           MXL_T(from_bits)((k - half + MXL_BIAS) << MXL_MANTISSA);
}

/* the same for x <= 0, with less work */
MXL_FN real MXL_T(exp_below_1)(real x) {
#if MXL_REAL == 32
    const real down = 0x1p-64f;
    enum { up = 64 };
#else
    const real down = 0x1p-512;
    enum { up = 512 };
#endif
    mxl_uint k;
    real e;
    x = x < MXL_EXP_LOW ? MXL_EXP_LOW : x;
    e = MXL_T(exp_parts)(x, &k);
    return e * MXL_T(from_bits)((k + MXL_BIAS + up) << MXL_MANTISSA) * down;
}

/* log(1 + f) + k ln 2 for f in [-0.2935, 0.5] */
MXL_FN real MXL_T(log_near_one)(real f, real k) {
#if MXL_REAL == 32
    const real ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
    /* f - f^2 / 2 + f^3 q(f) */
    real q, f2 = f * f;
    q = mxl_fma(0x1.8a5edp-5f, f, -0x1.acb2c6p-4f);
    q = mxl_fma(q, f, 0x1.f0f34ap-4f);
    q = mxl_fma(q, f, -0x1.02cadap-3f);
    q = mxl_fma(q, f, 0x1.232344p-3f);
    q = mxl_fma(q, f, -0x1.5512e2p-3f);
    q = mxl_fma(q, f, 0x1.99a2fcp-3f);
    q = mxl_fma(q, f, -0x1.0000b6p-2f);
    q = mxl_fma(q, f, 0x1.55554cp-2f);
    q = mxl_fma(f2 * f, q, k * ln2_low);
    q = mxl_fma(f2, -0.5f, q);
    return k * ln2_high + (f + q);
#else
    const real ln2_high = 0x1.62e42fefa4p-1, ln2_low = -0x1.8432a1b0e2634p-43;
    /* s = f / (2 + f), z = s^2:  log(1 + f) = 2 s + s z q(z) = f - (f^2 / 2 - s (f^2 / 2 + z q)) */
    real s = f / (2 + f), z = s * s, h = 0.5 * f * f, q;
    q = mxl_fma(0x1.1b856cbc63e0ep-3, z, 0x1.0dcb06f15a644p-3);
    q = mxl_fma(q, z, 0x1.3b35c911fa093p-3);
    q = mxl_fma(q, z, 0x1.745c4a9d3537dp-3);
    q = mxl_fma(q, z, 0x1.c71c7490b9ac8p-3);
    q = mxl_fma(q, z, 0x1.24924921e353dp-2);
    q = mxl_fma(q, z, 0x1.999999999c185p-2);
    q = mxl_fma(q, z, 0x1.555555555554fp-1);
    q = mxl_fma(s, mxl_fma(z, q, h), k * ln2_low);
    return k * ln2_high + (f - (h - q));
#endif
}

/* log(1 + t) for t in [0, 1], NaN for NaN */
MXL_FN real MXL_T(log1p_unit)(real t) {
    real big = t > (real)0.5 ? (real)1 : (real)0;
    /* 1 + t = 2^big (1 + f), exactly */
    real f = t > (real)0.5 ? (t - 1) * (real)0.5 : t;
    return MXL_T(log_near_one)(f, big);
}

/* log(x): -inf at 0, NaN below, inf at inf, NaN for NaN; subnormal arguments included. x is 1 + d,
 * rounded: near 1, where its last digits are the logarithm's first, d is what counts. With `usual`,
 * x is neither subnormal nor inf, which saves an eighth of the work. */
MXL_FN real MXL_T(log_usual)(real x, real d, int usual) {
#if MXL_REAL == 32
    enum { half_range = 128 };
    const real smallest = 0x1p-126f, lift = 0x1p+24f, lifted = 24, shifter = 0x1p+23f;
    const mxl_uint sqrt_half = 0x3f3504f3u, infinity = 0x7f800000u, quiet_nan = 0x7fc00000u;
#else
    enum { half_range = 1024 };
    const real smallest = 0x1p-1022, lift = 0x1p+54, lifted = 54, shifter = 0x1p+52;
    const mxl_uint sqrt_half = 0x3fe6a09e667f3bcdu, infinity = 0x7ff0000000000000u,
                   quiet_nan = 0x7ff8000000000000u;
#endif
    const mxl_uint one = 1;
    /* y = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2); k reaches the number format through the
     * low bits of a large number, since not every instruction set converts wide integers */
    real y = !usual && x < smallest ? x * lift : x;
    mxl_uint u = MXL_T(bits)(y) - sqrt_half;
    mxl_uint raised = (u + ((mxl_uint)half_range << MXL_MANTISSA)) >> MXL_MANTISSA;
    real k = MXL_T(from_bits)(raised | MXL_T(bits)(shifter)) - (shifter + half_range);
    real below = MXL_T(from_bits)(x == 0 ? infinity | MXL_SIGN_BIT : quiet_nan);
    real f = MXL_T(from_bits)((u & ((one << MXL_MANTISSA) - 1)) + sqrt_half) - 1, result;
    f = k == 0 ? d : f;
    f = k == -1 && x >= (real)0.5 ? 2 * d + 1 : f; /* below, x has more digits than d */
    result = MXL_T(log_near_one)(f, !usual && x < smallest ? k - lifted : k);
    result = !usual && x == MXL_T(from_bits)(infinity) ? x : result;
    return x > 0 ? result : below;
}

MXL_FN real MXL_T(log_of_sum)(real x, real d) {
    return MXL_T(log_usual)(x, d, 0);
}

MXL_FN real MXL_T(log)(real x) {
    return MXL_T(log_of_sum)(x, x - 1);
}

#if MXL_REAL == 64
/* log(1 + r) for r >= 0, for both types, which is why 64 has to be compiled first. 1 + r = u +
 * lost, exactly, = 2^k (1 + f) with 1 + f from 0.75 to 1.5: below 0.5 f is r itself. */
MXL_FN double mxl_log1p(double r) {
    const mxl_uint lowest = 0x3fe8000000000000u, one = 1; /* 0.75 */
    const double u = 1 + r, shifter = 0x1p+52;
    double lost = rest_f64(r, -1.0, u), k, f, result;
    mxl_uint bits = bits_f64(u) - lowest, raised = bits >> MXL_MANTISSA;
    k = from_bits_f64(raised | bits_f64(shifter)) - shifter; /* not below 0 */
    f = from_bits_f64((bits & ((one << MXL_MANTISSA) - 1)) + lowest) - 1;
    lost *= from_bits_f64((MXL_BIAS - raised) << MXL_MANTISSA);
    f += r < 0x1p+54 ? lost : 0.0; /* beyond, it is far from the result's last digit */
    result = log_near_one_f64(f, k);
    return u - u == 0 ? result : u; /* inf and NaN */
}
#endif

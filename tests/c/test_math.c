/*
 * test_math.c - errors of exp, log and log1p in units in the last place
 *
 *     test_math [STEP [FIRST [N]]]
 *
 * float against the C library's double functions, every STEP-th float from FIRST on: with 1, each
 * of the 2^32. double against its long double functions at N random arguments, other ones for
 * another FIRST, where long double has more digits: 64 or 113 bits, but 53 under valgrind.
 * Compiled for the baseline and with fused multiply-add: that of AVX2 or arm64.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "target.h"

#if defined(TEST_FMA) && (MXL_X86_64 || MXL_ARM64)
#define MXL_HAVE_FMA
#if MXL_X86_64
MXL_TARGET_BEGIN("avx2,fma")
#endif
#endif
#define MXL_REAL 64
#include "losses/formulas.h"
#undef MXL_REAL
#define MXL_REAL 32
#include "losses/formulas.h"
#undef MXL_REAL

/* error of got in ulp of the exact value, in the type's format including subnormals */
static double ulp(double got, long double exact, int mantissa, int lowest) {
    int e; /* got is no long double: valgrind's isinf does not know infinite ones */
    if (isnan(exact))
        return isnan(got) ? 0 : HUGE_VAL;
    if (got == exact)
        return 0;
    if (isinf(exact) || isinf(got) || isnan(got)) {
        /* an exact value past the largest number rounds to inf */
        const long double largest = ldexpl(2 - ldexpl(1, -mantissa), mantissa == 23 ? 127 : 1023);
        if (isinf(got) && (isinf(exact) || fabsl(exact) > largest) && (got > 0) == (exact > 0))
            return 0;
        return HUGE_VAL;
    }
    frexpl(exact, &e);
    e = e - 1 - mantissa;
    if (e < lowest)
        e = lowest;
    return (double)fabsl(ldexpl(got - exact, -e));
}

/* the same for a float, faster */
static double ulp_float(float got, double exact) {
    uint64_t exponent;
    if ((double)got == exact)
        return 0;
    if (!isfinite(got) || !isfinite(exact))
        return ulp(got, exact, 23, -149);
    exponent = bits_f64(exact) >> 52 & 0x7ff;
    exponent = exponent < 1023 - 126 ? 1023 - 126 : exponent;
    return fabs((double)got - exact) * from_bits_f64((2 * 1023 + 23 - exponent) << 52);
}

typedef struct {
    const char *name;
    double worst;
    long double at;
} record;

static void note(record *r, long double x, double error) {
    if (!(error <= r->worst)) {
        r->worst = error;
        r->at = x;
    }
}

static void report(const record *r, double bound) {
    printf("%-16s worst %.3f ulp at %.17Lg\n", r->name, r->worst, r->at);
    CHECK(r->worst <= bound, "%s: %.3f ulp at %La, bound %.2f", r->name, r->worst, r->at, bound);
}

static void test_float(uint32_t step, uint32_t first) {
    record e = {"exp float", 0, 0}, l = {"log float", 0, 0}, p = {"log1p float", 0, 0};
    uint64_t u;
    for (u = first; u < 0x100000000u; u += step) {
        const float x = from_bits_f32((uint32_t)u);
        if (isnan(x)) {
            CHECK(isnan(exp_f32(x)) && isnan(log_f32(x)) && isnan(log1p_unit_f32(x)), "NaN");
            continue;
        }
        note(&e, x, ulp_float(exp_f32(x), exp((double)x)));
        note(&l, x, ulp_float(log_f32(x), log((double)x)));
        if (x >= 0 && x <= 1)
            note(&p, x, ulp_float(log1p_unit_f32(x), log1p((double)x)));
    }
    report(&e, 1.05);
    report(&l, 1.05);
    report(&p, 1.05);
}

static uint64_t state = 88172645463325252u;
static double uniform(void) { /* xorshift64 */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53;
}

static void test_double(long n) {
    const double special[] = {0.0,
                              -0.0,
                              1.0,
                              -1.0,
                              0.5,
                              0x1p-1074,
                              0x1p-1022,
                              709.78,
                              709.79,
                              -745.13,
                              -745.14,
                              1e308,
                              -1e308,
                              HUGE_VAL,
                              -HUGE_VAL,
                              1e-300,
                              0.70710678118654752440,
                              1.4142135623730951};
    record e = {"exp double", 0, 0}, l = {"log double", 0, 0}, p = {"log1p unit", 0, 0},
           q = {"log1p double", 0, 0};
    long i;
    const long n_special = sizeof special / sizeof *special;
    for (i = 0; i < n; i++) {
        const double a = i < n_special ? special[i] : (uniform() - 0.5) * (i % 2 ? 1500 : 2);
        const double b = i < n_special ? special[i]
                         : i % 2       ? exp((uniform() - 0.5) * 1480)
                                       : uniform() * 2;
        const double c = i < n_special ? fabs(special[i])
                         : i % 2       ? uniform()
                                       : exp(-uniform() * 700);
        note(&e, a, ulp(exp_f64(a), expl(a), 52, -1074));
        note(&l, b, ulp(log_f64(b), logl(b), 52, -1074));
        if (c <= 1)
            note(&p, c, ulp(log1p_unit_f64(c), log1pl(c), 52, -1074));
        note(&q, c, ulp(mxl_log1p(c), log1pl(c), 52, -1074));
        note(&q, fabs(b), ulp(mxl_log1p(fabs(b)), log1pl(fabs(b)), 52, -1074));
    }
    CHECK(isnan(exp_f64(NAN)) && isnan(log_f64(NAN)) && isnan(mxl_log1p(NAN)), "NaN");
    report(&e, 1.05);
    report(&l, 1.05);
    report(&p, 1.05);
    report(&q, 1.05);
}

int main(int argc, char **argv) {
    const volatile long double one = 1;
#if defined(TEST_FMA) && !defined(MXL_HAVE_FMA)
    return printf("skipped: no kernels with fused multiply-add on this processor\n"), 77;
#elif defined(TEST_FMA) && MXL_X86_64
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return printf("skipped: this processor has no AVX2 and FMA\n"), 77;
#endif
    const uint32_t first = argc > 2 ? (uint32_t)atoi(argv[2]) : 0;
    test_float(argc > 1 ? (uint32_t)atoi(argv[1]) : 127, first);
    state += first * 0x9e3779b97f4a7c15u;
    if (one + (long double)0x1p-60 == one)
        printf("double: not tested, since long double has no more digits here\n");
    else
        test_double(argc > 3 ? atol(argv[3]) : 4000000);
    return finish();
}
#if defined(TEST_FMA) && MXL_X86_64
MXL_TARGET_END
#endif

/*
 * CTCLoss, connectionist temporal classification (Graves et al. 2006) of one sample
 *
 * Softmax p_t of T frames over C classes, the last of which is the blank, and a label of L classes.
 * The label's states are blank 0, class y_0, blank 1, class y_1, ..., blank L. A path goes through
 * one state per frame, starts in blank 0 or y_0, ends in blank L or y_(L-1), and from frame to
 * frame stays, moves on by one, or jumps over the blank between two classes that differ.
 *
 *     P        = sum over paths of the product over t of p_t(state)       e = -log P
 *     alpha_t  (state) = the same for the beginnings of paths that end there at frame t
 *     beta_t   (state) = and for their continuations from frame t + 1 on
 *     gamma_t  (state) = alpha_t beta_t / P                               posterior probability
 *     de/dx_tk = p_tk - sum of gamma_t over the states of class k         x: activations
 *
 * Products of thousands of probabilities leave the range of every floating type. Logarithms would
 * stay in it at the price of an exp and a log per state and frame, and of digits: here each number
 * is m 2^e with its own exponent e, a whole number stored as a double, and m near 1. Sums and
 * products of these are exact to a rounding, for any length, and vectorise. Zero has m = 1 and an
 * exponent of MXL_SCALED_ZERO or less.
 *
 * p is kept without its normaliser: exp(x - max), as each path has all normalisers as factors.
 */
#if MXL_REAL == 64
typedef struct {
    double m, e;
} mxl_scaled;

#define MXL_SCALED_ZERO (-0x1p960)

/* 2^k for a whole number k <= 1023; 0 below -1022 */
MXL_FN double mxl_power_of_2(double k) {
    const double raised = (k > -1023 ? k : -1023.0) + (0x1.8p52 + 1023);
    return from_bits_f64(bits_f64(raised) << 52);
}

/* exp(x) for x <= 0 however small; zero at -inf */
MXL_FN mxl_scaled mxl_scaled_exp(double x) {
    const double log2e = 0x1.71547652b82fep+0, shifter = 0x1.8p52;
    const double near = x > -0x1p49 ? x : 0; /* beyond, e alone is as exact as x */
    mxl_scaled r;
    uint64_t unused;
    r.m = exp_parts_f64(near, &unused);
    r.e = x > -0x1p49 ? mxl_fma_f64(near, log2e, shifter) - shifter : x * log2e;
    r.e = r.e > MXL_SCALED_ZERO ? r.e : MXL_SCALED_ZERO;
    return r;
}

/* m of m 2^e with another exponent, not smaller. To add numbers, give all of them the largest. */
MXL_FN double mxl_scaled_to(double m, double e, double exponent) {
    return m * mxl_power_of_2(e - exponent);
}

MXL_FN double mxl_larger(double a, double b) {
    return a > b ? a : b;
}

/* the same number with 1 <= m < 2. A sum grows or shrinks m by less than 3 bits: this is needed
 * every hundred of them. */
MXL_FN mxl_scaled mxl_scaled_normal(mxl_scaled a) {
    const uint64_t u = bits_f64(a.m), one = 0x3ff0000000000000u;
    mxl_scaled r;
    r.m = from_bits_f64((u & 0x000fffffffffffffu) | one);
    r.e = a.e + (from_bits_f64((u >> 52) | 0x4330000000000000u) - (0x1p52 + 1023));
    return r;
}

/* log(a) */
MXL_FN double mxl_scaled_log(mxl_scaled a) {
    const double ln2 = 0x1.62e42fefa39efp-1;
    if (a.e <= MXL_SCALED_ZERO)
        return -HUGE_VAL;
    if (a.e > -1000 && a.e < 1000)
        return log_f64(a.m * mxl_power_of_2(a.e));
    return log_f64(a.m) + a.e * ln2;
}

/* de/dx for E = exp(x - max), r = the sum of the others' E but one that is 1, and the posterior
 * gamma: E / (1 + r) - gamma, arranged so that a certain class has an exact 0 */
MXL_FN double mxl_ctc_slope(double e, double r, double gamma) {
    return ((e - gamma) - gamma * r) / (1 + r);
}
#endif

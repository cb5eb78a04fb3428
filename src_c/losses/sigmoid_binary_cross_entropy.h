/*
 * SigmoidBinaryCrossEntropyLoss
 *
 * From scores, with l = 1 + (q - 1) z and softplus(x) = log(1 + exp(x)):
 *
 *     e = (1 - z) p + l softplus(-p)
 *     de/dp = sigma(p) l - q z        de/dz = -p + (q - 1) softplus(-p)
 *     de/dq = z softplus(-p)
 *
 * Written so that nothing cancels: with s = exp(-|p|), L = log(1 + s), S = s / (1 + s) =
 * sigma(-|p|)
 *
 *     a = 1 - z if p >= 0, else q z          softplus(-p) = L + max(-p, 0)
 *     e = |p| a + l L                        de/dp = (a - l S) * (1 if p >= 0, else -1)
 *
 * At p = 0 this is the true derivative, where MXNet 1.1 to 1.9 gives that of a broken kink.
 *
 * From probabilities, with MXNet's eps = 1e-12:
 *
 *     e = -(q z log(p + eps) + (1 - z) log(1 - p + eps))
 *     de/dp = -(q z / (p + eps) - (1 - z) / (1 - p + eps))
 *     de/dz = log(1 - p + eps) - q log(p + eps)        de/dq = -z log(p + eps)
 */
MXL_STAGE(sigmoid_bce_s) {
    MXL_UNUSED(z), MXL_UNUSED(k);
    return MXL_T(exp_below_1)(-MXL_T(absolute)(p));
}

MXL_FORMULA(sigmoid_bce_pos) {
    MXL_T(jet) j;
    real x = MXL_T(absolute)(p);
    real L = MXL_T(log1p_unit)(s), S = s / (1 + s);
    real above = 1 - z, below = q * z;
    real a = p < 0 ? below : above;
    real l = mxl_fma(q, z, above); /* 1 + (q - 1) z, without its cancellation */
    real g = mxl_fma(-l, S, a);
    MXL_UNUSED(t), MXL_UNUSED(k);
    j.e = mxl_fma(x, a, l * L);
    j.dp = p < 0 ? -g : g;
    j.dz = mxl_fma(q - 1, L, p < 0 ? q * x : -x);
    j.dq = z * (L + (p < 0 ? x : (real)0));
    return j;
}

/* q = 1; z and its complement 1 - z, which a caller may know better than by subtraction */
MXL_FN MXL_T(jet) MXL_T(sigmoid_bce_of)(real p, real z, real complement, real s) {
    MXL_T(jet) j;
    real x = MXL_T(absolute)(p);
    real L = MXL_T(log1p_unit)(s), S = s / (1 + s);
    real a = p < 0 ? z : complement;
    real g = a - S;
    j.e = mxl_fma(x, a, L);
    j.dp = p < 0 ? -g : g;
    j.dz = -p;
    j.dq = 0;
    return j;
}

MXL_FORMULA(sigmoid_bce) {
    MXL_UNUSED(q), MXL_UNUSED(t), MXL_UNUSED(k);
    return MXL_T(sigmoid_bce_of)(p, z, 1 - z, s);
}

MXL_STAGE(sigmoid_bce_prob_s) {
    MXL_UNUSED(z), MXL_UNUSED(k);
    return MXL_T(log_of_sum)(p + (real)1e-12, (p - 1) + (real)1e-12);
}

MXL_STAGE(sigmoid_bce_prob_t) {
    MXL_UNUSED(z), MXL_UNUSED(k);
    return MXL_T(log_of_sum)((1 - p) + (real)1e-12, (real)1e-12 - p);
}

MXL_FORMULA(sigmoid_bce_prob_pos) {
    MXL_T(jet) j;
    real qz = q * z;
    MXL_UNUSED(k);
    j.e = -(s * qz + t * (1 - z));
    j.dp = -(qz / (p + (real)1e-12) - (1 - z) / ((1 - p) + (real)1e-12));
    j.dz = t - q * s;
    j.dq = -z * s;
    return j;
}

MXL_FORMULA(sigmoid_bce_prob) {
    MXL_UNUSED(q);
    return MXL_T(sigmoid_bce_prob_pos)(p, z, 1, s, t, k);
}

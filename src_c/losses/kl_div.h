/*
 * KLDivLoss, p the logarithm of a probability (from scores: of its softmax), eps = 1e-12
 *
 *     e = z (log(z + eps) - p)
 *     de/dp = -z        de/dz = log(z + eps) - p + z / (z + eps)
 */
MXL_STAGE(kl_div_s) {
    MXL_UNUSED(p), MXL_UNUSED(k);
    /* z + eps is 0 or far above subnormal numbers; of an infinite z the loss is infinite anyway */
    return MXL_T(log_usual)(z + (real)1e-12, (z - 1) + (real)1e-12, 1);
}

MXL_FORMULA(kl_div) {
    MXL_T(jet) j;
    real d = s - p;
    MXL_UNUSED(q), MXL_UNUSED(t), MXL_UNUSED(k);
    j.e = z * d;
    j.dp = -z;
    j.dz = d + z / (z + (real)1e-12);
    j.dq = 0;
    return j;
}

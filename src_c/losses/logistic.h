/*
 * LogisticLoss: sigmoid_bce of the label as a probability
 *
 *     binary   y = z                 signed   y = (z + 1) / 2
 *     e = max(p, 0) - p y + log(1 + exp(-|p|))
 *     de/dp = sigma(p) - y           de/dz = -p dy/dz
 *
 * For labels -1 and 1 this is log(1 + exp(-p z)).
 */
MXL_FORMULA(logistic_binary) {
    return MXL_T(sigmoid_bce)(p, z, q, s, t, k);
}

MXL_FORMULA(logistic_signed) {
    const real half = (real)0.5;
    MXL_T(jet) j = MXL_T(sigmoid_bce_of)(p, (1 + z) * half, (1 - z) * half, s);
    MXL_UNUSED(q), MXL_UNUSED(t), MXL_UNUSED(k);
    j.dz *= half;
    return j;
}

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
    MXL_T(jet) j = MXL_T(sigmoid_bce)(p, (z + 1) * (real)0.5, q, s, t, k);
    j.dz *= (real)0.5;
    return j;
}

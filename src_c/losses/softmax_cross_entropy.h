/*
 * SoftmaxCrossEntropyLoss
 *
 * With labels that are distributions, p the logarithm of the softmax of the scores, summed over the
 * classes by the loop:
 *
 *     e = -p z      de/dp = -z      de/dz = -p
 *
 * With class numbers y as labels, from scores x, m = max(x), E_i = exp(x_i - m):
 *
 *     r = sum of all E_i but one that is 1     (a small r, as of a sure prediction, stays exact)
 *     e = (m - x_y) + log(1 + r)
 *     de/dx_i = E_i / (1 + r)                  i != y
 *     de/dx_y = -((1 - E_y) + r) / (1 + r)     (not p_y - 1, which cancels)
 *
 * r and the logarithm are double for both types: they occur once per row.
 */
MXL_FORMULA(cross_entropy) {
    MXL_T(jet) j;
    MXL_UNUSED(q), MXL_UNUSED(s), MXL_UNUSED(t), MXL_UNUSED(k);
    j.e = -p * z;
    j.dp = -z;
    j.dz = -p;
    j.dq = 0;
    return j;
}

MXL_FN real MXL_T(softmax_value)(real max, real x_label, double r) {
    return (real)((double)max - (double)x_label + mxl_log1p(r));
}

MXL_FN real MXL_T(softmax_dlabel)(real e_label, double r) {
    return (real)(-((1.0 - (double)e_label) + r) / (1.0 + r));
}

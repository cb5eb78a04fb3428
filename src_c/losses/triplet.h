/*
 * TripletLoss of a row of D numbers, p the prediction, z the positive, q the negative example
 *
 *     s = margin + sum_k ((z_k - p_k)^2 - (q_k - p_k)^2)
 *     e = max(0, s)
 *     de/dp_k = 2 (q_k - z_k)    de/dz_k = 2 (z_k - p_k)    de/dq_k = 2 (p_k - q_k)    if s > 0
 *               0                          0                          0                if s <= 0
 *
 * The difference of squares is a product, (z - q) ((z - p) + (q - p)), which does not cancel where
 * both examples are about as far away. p - p makes an infinite prediction NaN, as in inf - inf.
 */
MXL_FN real MXL_T(triplet_term)(real p, real z, real q) {
    return (z - q) * ((z - p) + (q - p)) + (p - p);
}

/* e, and what the derivatives above are multiplied by: 2 or 0, NaN for NaN */
MXL_FN double MXL_T(triplet_value)(double s, double *slope) {
    *slope = s > 0 ? 2 : s <= 0 ? 0 : s;
    return s > 0 ? s : s <= 0 ? 0 : s;
}

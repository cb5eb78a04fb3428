/*
 * SquaredHingeLoss
 *
 *     u = max(margin - p z, 0)
 *     e = u^2      de/dp = -2 z u      de/dz = -2 p u
 *
 * Flat part and infinities as in hinge.h.
 */
MXL_FORMULA(squared_hinge) {
    MXL_T(jet) j;
    real m = mxl_fma(-p, z, k->margin);
    real rounded = k->margin - m; /* p z, but for what m and this lost */
    real lost = mxl_fma(-p, z, rounded) + MXL_T(rest)(k->margin, m, rounded);
    real u = m <= 0 ? (real)0 : m;
    MXL_UNUSED(q), MXL_UNUSED(s), MXL_UNUSED(t);
    j.e = mxl_fma(u, u, MXL_T(finite_or_0)(2 * u * lost)); /* as in l2.h */
    /* in this order: nothing overflows before the result does */
    j.dp = m > 0 ? -2 * mxl_fma(u, z, MXL_T(finite_or_0)(z * lost)) : u;
    j.dz = m > 0 ? -2 * mxl_fma(u, p, MXL_T(finite_or_0)(p * lost)) : u;
    j.dq = 0;
    return j;
}

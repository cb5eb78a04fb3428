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
    real product = p * z;
    real m = k->margin - product;
    real u = m <= 0 ? (real)0 : m;
    MXL_UNUSED(q), MXL_UNUSED(s), MXL_UNUSED(t);
    j.e = mxl_fma(u, u, 2 * MXL_T(lost)(k->margin, product, m, u)); /* as in l2.h */
    j.dp = m > 0 ? -2 * (u * z) : u; /* in this order: nothing overflows before the result does */
    j.dz = m > 0 ? -2 * (u * p) : u;
    j.dq = 0;
    return j;
}

/*
 * L2Loss
 *
 *     e = (z - p)^2 / 2      de/dp = p - z      de/dz = z - p
 *
 * The half is Gluon's: L2Loss is half the mean squared error.
 */
MXL_FORMULA(l2) {
    MXL_T(jet) j;
    real d = p - z, half = (real)0.5 * d;
    MXL_UNUSED(q), MXL_UNUSED(s), MXL_UNUSED(t), MXL_UNUSED(k);
    /* a square doubles the error of d, so that it is made up for */
    j.e = mxl_fma(half, d, MXL_T(finite_or_0)(d * MXL_T(rest)(p, z, d)));
    j.dp = d;
    j.dz = -d;
    j.dq = 0;
    return j;
}

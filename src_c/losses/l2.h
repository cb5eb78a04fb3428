/*
 * L2Loss
 *
 *     e = (z - p)^2 / 2      de/dp = p - z      de/dz = z - p
 *
 * The half is Gluon's: L2Loss is half the mean squared error.
 */
MXL_FORMULA(l2) {
    MXL_T(jet) j;
    real d = p - z;
    MXL_UNUSED(q), MXL_UNUSED(s), MXL_UNUSED(t), MXL_UNUSED(k);
    j.e = (real)0.5 * d * d;
    j.dp = d;
    j.dz = -d;
    j.dq = 0;
    return j;
}

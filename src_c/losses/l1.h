/*
 * L1Loss
 *
 *     e = |z - p|      de/dp = sign(p - z)      de/dz = -de/dp
 *
 * sign(0) = 0 as in MXNet; sign(NaN) = NaN, where MXNet has 0.
 */
MXL_FORMULA(l1) {
    MXL_T(jet) j;
    real d = p - z;
    real sign = d > 0 ? (real)1 : (d < 0 ? (real)-1 : d);
    MXL_UNUSED(q), MXL_UNUSED(s), MXL_UNUSED(t), MXL_UNUSED(k);
    j.e = MXL_T(absolute)(d);
    j.dp = sign;
    j.dz = -sign;
    j.dq = 0;
    return j;
}

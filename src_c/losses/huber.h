/*
 * HuberLoss (Huber 1964, divided by rho)
 *
 *     d = |z - p|
 *     e = d - rho / 2        if d > rho          de/dp = sign(p - z)
 *         d^2 / (2 rho)      otherwise           de/dp = (p - z) / rho
 *     de/dz = -de/dp
 *
 * The quadratic branch has d / rho <= 1, so that d^2 cannot overflow; the linear one keeps the
 * gradient finite at an infinite difference, where MXNet has NaN.
 */
MXL_FORMULA(huber) {
    MXL_T(jet) j;
    real difference = p - z;
    real d = MXL_T(absolute)(difference);
    /* a loop of its own for the usual rho, without the division */
    real ratio = k->rho == 1 ? d : d / k->rho;
    real slope = d > k->rho ? (real)1 : ratio;
    real by = d > k->rho ? (real)-1 : slope;
    real half = (real)0.5 * (d > k->rho ? k->rho : d);
    real whole = d > k->rho ? d : (real)0;
    /* what the difference lost, as in l2.h */
    real lost = MXL_T(flip_sign)(slope, difference) * MXL_T(rest)(p, z, difference);
    MXL_UNUSED(q), MXL_UNUSED(s), MXL_UNUSED(t);
    j.e = whole + mxl_fma(half, by, MXL_T(finite_or_0)(lost));
    j.dp = MXL_T(flip_sign)(slope, difference);
    j.dz = -j.dp;
    j.dq = 0;
    return j;
}

/*
 * PoissonNLLLoss
 *
 * p the logarithm of the rate:   e = exp(p) - z p                 de/dp = exp(p) - z
 *                                de/dz = -p
 * p the rate:                    e = p - z log(p + epsilon)       de/dp = 1 - z / (p + epsilon)
 *                                de/dz = -log(p + epsilon)
 * compute_full adds, where z > 1, Stirling's approximation of log(z!):
 *     z log z - z + log(2 pi z) / 2         de/dz += log z + 1 / (2 z)
 */
MXL_STAGE(poisson_log_s) {
    MXL_UNUSED(z), MXL_UNUSED(k);
    return MXL_T(exp)(p);
}

MXL_FORMULA(poisson_log) {
    MXL_T(jet) j;
    MXL_UNUSED(q), MXL_UNUSED(t), MXL_UNUSED(k);
    j.e = s - z * p;
    j.dp = s - z;
    j.dz = -p;
    j.dq = 0;
    return j;
}

MXL_STAGE(poisson_rate_s) {
    MXL_UNUSED(z);
    return MXL_T(log_of_sum)(p + k->epsilon, (p - 1) + k->epsilon);
}

MXL_FORMULA(poisson_rate) {
    MXL_T(jet) j;
    MXL_UNUSED(q), MXL_UNUSED(t);
    j.e = p - z * s;
    j.dp = 1 - z / (p + k->epsilon);
    j.dz = -s;
    j.dq = 0;
    return j;
}

MXL_STAGE(poisson_full_t) {
    MXL_UNUSED(p), MXL_UNUSED(k);
    return MXL_T(log)(z);
}

/* adds Stirling's terms, t = log z; at z <= 1 log z may be NaN or -inf and must not get through,
 * but the NaN of z itself must */
MXL_FN MXL_T(jet) MXL_T(poisson_stirling)(MXL_T(jet) j, real z, real t) {
    const real log_2pi = (real)0x1.d67f1c864beb5p+0;
    const real otherwise = z <= 1 ? (real)0 : z;
    j.e += z > 1 ? z * t - z + (real)0.5 * (log_2pi + t) : otherwise;
    j.dz += z > 1 ? t + (real)0.5 / z : otherwise;
    return j;
}

MXL_FORMULA(poisson_log_full) {
    return MXL_T(poisson_stirling)(MXL_T(poisson_log)(p, z, q, s, t, k), z, t);
}

MXL_FORMULA(poisson_rate_full) {
    return MXL_T(poisson_stirling)(MXL_T(poisson_rate)(p, z, q, s, t, k), z, t);
}

/*
 * HingeLoss
 *
 *     u = margin - p z
 *     e = max(u, 0)      de/dp = -z [u > 0]      de/dz = -p [u > 0]
 *
 * u is rounded once: it has all its digits next to the kink, too.
 *
 * The selects, rather than products with [u > 0], keep the flat part's gradient at 0 when p or z is
 * infinite; MXNet has 0 * inf = NaN there.
 */
MXL_FORMULA(hinge) {
    MXL_T(jet) j;
    real u = mxl_fma(-p, z, k->margin);
    real flat = u <= 0 ? (real)0 : u; /* u where it counts, and NaN */
    MXL_UNUSED(q), MXL_UNUSED(s), MXL_UNUSED(t);
    j.e = flat;
    j.dp = u > 0 ? -z : flat;
    j.dz = u > 0 ? -p : flat;
    j.dq = 0;
    return j;
}

/*
 * CosineEmbeddingLoss of two rows a, b, with label y
 *
 *     c = a . b / max(|a| |b|, 1e-12)
 *     e = 1 - c                  if y = 1
 *         max(0, c - margin)     if y = -1
 *         0                      for any other label
 *     dc/da = b / (|a| |b|) - c a / |a|^2         or b / 1e-12 where the floor is in force;
 *     dc/db likewise. A row of zeros has none: both derivatives are 0, where MXNet has NaN.
 *
 * All of it is double for both types: 1 - c cancels for vectors that point the same way, and in
 * float squares overflow. Beyond the range of double's squares the rows are scaled, by powers of 2:
 * a stands for a f_a, b for b f_b.
 */
#if MXL_REAL == 64
typedef struct {
    double e; /* value; de/da = (b other - a own_a) f_a, de/db = (a other - b own_b) f_b */
    double own_a, own_b, other;
    int floored; /* the floor is in force: then the same with f_a = f_b = 1 */
} mxl_cosine;

MXL_FN mxl_cosine mxl_cosine_embedding(double ab, double aa, double bb, double f_a, double f_b,
                                       double y, double margin) {
    mxl_cosine r = {0, 0, 0, 0, 0};
    const double norms = sqrt(aa) * sqrt(bb), size = norms / f_a / f_b;
    const int floored = size < 1e-12;
    const double ratio = floored ? ab / f_a / f_b / 1e-12 : ab / norms;
    const double c = ratio > 1 ? 1 : ratio < -1 ? -1 : ratio; /* rounding: no loss is below 0 */
    const double slope = y == 1 ? -1 : y == -1 ? (c - margin > 0 ? 1 : 0) : 0;
    r.e = y == 1 ? 1 - c : y == -1 ? (c - margin > 0 ? c - margin : 0) : 0;
    if (norms - norms != 0)
        r.e = norms - norms; /* NaN: an element is NaN or infinite */
    else if (aa == 0 || bb == 0)
        return r;
    r.floored = floored;
    r.other = floored ? slope / 1e-12 : slope / norms;
    r.own_a = floored ? 0 : slope * c / aa;
    r.own_b = floored ? 0 : slope * c / bb;
    return r;
}
#endif

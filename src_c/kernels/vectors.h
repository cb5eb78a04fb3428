/*
 * vectors.h - one loss per row of vectors: TripletLoss and CosineEmbeddingLoss
 *
 * Two passes over a row: the sum that decides about the value, then the gradients. a->x has room
 * for three rows, for those that are not arrays of `real` already; a->g for the gradients.
 *
 * Compiled once per instruction set and MXL_REAL.
 */

/* the rows of all inputs at stream position `row` */
static void MXL_T(get_rows)(MXL_T(worker) * a, int n_in, int64_t row, const real **x, real **d) {
    const int64_t n = a->job->classes;
    int k;
    for (k = 0; k < n_in; k++) {
        x[k] = MXL_T(input)(&a->job->in[k], row * n, n, a->x + k * n);
        d[k] = MXL_T(place)(&a->job->din[k], row * n, n, a->g + k * n);
    }
}

static void MXL_T(put_rows)(MXL_T(worker) * a, int n_in, int64_t row, real **d) {
    const int64_t n = a->job->classes;
    int k;
    for (k = 0; k < n_in; k++)
        MXL_T(sink_put)(&a->din[k], row * n, d[k], n);
}

/* d = (x - y) * by; with by 0 exactly 0, whatever x and y are */
static void MXL_T(difference)(real *restrict d, const real *restrict x, const real *restrict y,
                              real by, int64_t n) {
    int64_t i;
    if (by == 0)
        memset(d, 0, (size_t)n * sizeof(real));
    else
        for (i = 0; i < n; i++)
            d[i] = (x[i] - y[i]) * by;
}

static void MXL_T(triplet_terms)(real *restrict e, const real *restrict p, const real *restrict z,
                                 const real *restrict q, int64_t n) {
    int64_t i;
    for (i = 0; i < n; i++)
        e[i] = MXL_T(triplet_term)(p[i], z[i], q[i]);
}

static void MXL_T(triplet_row)(MXL_T(worker) * a, int64_t row, int64_t place, real scale) {
    enum { block = 1024 };
    const mxl_job *job = a->job;
    const int64_t n = job->classes;
    const real *x[3];
    real terms[block], *d[3], by;
    MXL_T(sum) s = {job->margin, 0};
    double slope;
    int64_t from, m;
    MXL_T(get_rows)(a, 3, row, x, d);
    for (from = 0; from < n; from += m) {
        m = n - from < block ? n - from : block;
        MXL_T(triplet_terms)(terms, x[0] + from, x[1] + from, x[2] + from, m);
        MXL_T(add)(&s, MXL_T(sum_of)(terms, m));
    }
    a->e[place] = (real)MXL_T(triplet_value)(MXL_T(total)(s), &slope);
    by = slope == 0 ? 0 : (real)slope * scale;
    if (job->din[0].kind != MXL_UNWANTED)
        MXL_T(difference)(d[0], x[2], x[1], by, n);
    if (job->din[1].kind != MXL_UNWANTED)
        MXL_T(difference)(d[1], x[1], x[0], by, n);
    if (job->din[2].kind != MXL_UNWANTED)
        MXL_T(difference)(d[2], x[0], x[2], by, n);
    MXL_T(put_rows)(a, 3, row, d);
}

/* ---- CosineEmbeddingLoss ------------------------------------------------------------------- */

/* a . b, a . a and b . b, with a and b multiplied by f_a and f_b. Products of floats are exact in
 * double; those of doubles are summed with the rounding errors of the sum. */
static void MXL_T(dots)(const real *restrict a, const real *restrict b, double f_a, double f_b,
                        int64_t n, double *dots) {
    enum { block = 256 };
    double products[3][block];
    sum_f64 s[3] = {{0, 0}, {0, 0}, {0, 0}};
    int64_t from, m, i;
    int k;
    for (from = 0; from < n; from += m) {
        m = n - from < block ? n - from : block;
        for (i = 0; i < m; i++) {
            const double x = (double)a[from + i] * f_a, y = (double)b[from + i] * f_b;
            products[0][i] = x * y;
            products[1][i] = x * x;
            products[2][i] = y * y;
        }
        for (k = 0; k < 3; k++) {
#if MXL_REAL == 64
            add_f64(&s[k], sum_of_f64(products[k], m));
#else
            enum { lanes = 32 };
            double lane[lanes] = {0};
            for (i = 0; i + lanes <= m; i += lanes) {
                int l;
                for (l = 0; l < lanes; l++)
                    lane[l] += products[k][i + l];
            }
            for (int l = 0; l < lanes && m >= lanes; l++)
                s[k].s += lane[l];
            for (; i < m; i++)
                s[k].s += products[k][i];
#endif
        }
    }
    for (k = 0; k < 3; k++)
        dots[k] = total_f64(s[k]);
}

#if MXL_REAL == 64
/* a power of 2 that makes the largest element lie near 1; 1 if there is none that is finite */
static double row_scale(const double *a, int64_t n) {
    double most = 0;
    int64_t i;
    for (i = 0; i < n; i++) {
        const double size = absolute_f64(a[i]);
        most = size > most ? size : most;
    }
    if (most == 0 || most - most != 0)
        return 1;
    return from_bits_f64((0x7feull << 52) - (bits_f64(most * 0x1p-1) & (0x7ffull << 52)));
}
#endif

static void MXL_T(cosine_gradient)(real *restrict d, const real *restrict x, const real *restrict y,
                                   double f_x, double f_y, double own, double other, double by,
                                   int64_t n) {
    int64_t i;
    for (i = 0; i < n; i++)
        d[i] = (real)((((double)y[i] * f_y) * other - ((double)x[i] * f_x) * own) * by);
}

static void MXL_T(pair_row)(MXL_T(worker) * a, int64_t row, int64_t place, real scale) {
    const mxl_job *job = a->job;
    const int64_t n = job->classes;
    const real *x[2];
    real *d[2], label;
    double dots[3], f[2] = {1, 1};
    mxl_cosine r;
    MXL_T(get_rows)(a, 2, row, x, d);
    MXL_T(load)(&label, &job->in[2], row, 1);
    MXL_T(dots)(x[0], x[1], 1, 1, n, dots);
#if MXL_REAL == 64
    if (!(dots[1] > 0x1p-900 && dots[1] < 0x1p900 && dots[2] > 0x1p-900 && dots[2] < 0x1p900)) {
        f[0] = row_scale(x[0], n);
        f[1] = row_scale(x[1], n);
        MXL_T(dots)(x[0], x[1], f[0], f[1], n, dots);
    }
#endif
    r = mxl_cosine_embedding(dots[0], dots[1], dots[2], f[0], f[1], (double)label, job->margin);
    a->e[place] = (real)r.e;
    if (job->din[0].kind != MXL_UNWANTED)
        MXL_T(cosine_gradient)
    (d[0], x[0], x[1], f[0], f[1], r.own_a, r.other, f[0] * (double)scale, n);
    if (job->din[1].kind != MXL_UNWANTED)
        MXL_T(cosine_gradient)
    (d[1], x[1], x[0], f[1], f[0], r.own_b, r.other, f[1] * (double)scale, n);
    MXL_T(put_rows)(a, 2, row, d);
}

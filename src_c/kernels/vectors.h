/*
 * vectors.h - one loss per row of vectors: TripletLoss and CosineEmbeddingLoss
 *
 * Two passes over a row: the sum that decides about the value, then the gradients. a->x has room
 * for three rows, for those that are not arrays of `real` already; a->g for the gradients.
 *
 * Compiled once per instruction set and MXL_REAL.
 */

/* d = (x - y) * by; with by 0 exactly 0, whatever x and y are */
MXL_LOOP void MXL_T(difference)(real *restrict d, const real *restrict x, const real *restrict y,
                                real by, int64_t n) {
    int64_t i;
    if (by == 0)
        memset(d, 0, (size_t)n * sizeof(real));
    else
        for (i = 0; i < n; i++)
            d[i] = (x[i] - y[i]) * by;
}

MXL_LOOP void MXL_T(triplet_terms)(real *restrict e, const real *restrict p, const real *restrict z,
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
    int k;
    for (k = 0; k < 3; k++) {
        x[k] = MXL_T(input)(&job->in[k], row * n, n, a->x + k * n);
        d[k] = MXL_T(place)(&job->din[k], row * n, n, a->g + k * n);
    }
    for (from = 0; from < n; from += m) {
        m = n - from < block ? n - from : block;
        MXL_T(triplet_terms)(terms, x[0] + from, x[1] + from, x[2] + from, m);
        MXL_T(add)(&s, MXL_T(sum_of)(terms, m));
    }
#if MXL_REAL == 32
    if (s.s - s.s != 0) /* perhaps only a product of floats overflowed */
        for (s.s = job->margin, from = 0; from < n; from++)
            s.s += triplet_term_f64(x[0][from], x[1][from], x[2][from]);
#endif
    a->e[place] = (real)MXL_T(triplet_value)(MXL_T(total)(s), &slope);
    by = slope == 0 ? 0 : (real)slope * scale;
    if (job->din[0].kind != MXL_UNWANTED)
        MXL_T(difference)(d[0], x[2], x[1], by, n);
    if (job->din[1].kind != MXL_UNWANTED)
        MXL_T(difference)(d[1], x[1], x[0], by, n);
    if (job->din[2].kind != MXL_UNWANTED)
        MXL_T(difference)(d[2], x[0], x[2], by, n);
    for (k = 0; k < 3; k++)
        MXL_T(sink_put)(&a->din[k], row * n, d[k], n);
}

/* ---- CosineEmbeddingLoss ------------------------------------------------------------------- */

/* a . b, a . a and b . b. Products of floats are exact in double; those of doubles are summed with
 * the rounding errors of the sum, of a and b multiplied by f_a and f_b. */
#if MXL_REAL == 32
MXL_LOOP void dots_f32(const float *restrict a, const float *restrict b, int64_t n, double *dots) {
    enum { lanes = 16 };
    double ab[lanes] = {0}, aa[lanes] = {0}, bb[lanes] = {0};
    int64_t i;
    int l, half;
    for (i = 0; i + lanes <= n; i += lanes)
        for (l = 0; l < lanes; l++) {
            const double x = (double)a[i + l], y = (double)b[i + l];
            ab[l] = mxl_fma_f64(x, y, ab[l]);
            aa[l] = mxl_fma_f64(x, x, aa[l]);
            bb[l] = mxl_fma_f64(y, y, bb[l]);
        }
    for (l = 0; i + l < n; l++) {
        const double x = (double)a[i + l], y = (double)b[i + l];
        ab[l] += x * y;
        aa[l] += x * x;
        bb[l] += y * y;
    }
    for (half = lanes / 2; half > 0; half /= 2)
        for (l = 0; l < half; l++) {
            ab[l] += ab[l + half];
            aa[l] += aa[l + half];
            bb[l] += bb[l + half];
        }
    dots[0] = ab[0], dots[1] = aa[0], dots[2] = bb[0];
}
#else
MXL_LOOP void dots_f64(const double *restrict a, const double *restrict b, double f_a, double f_b,
                       int64_t n, double *dots) {
    enum { block = 256 };
    double products[3][block];
    sum_f64 s[3] = {{0, 0}, {0, 0}, {0, 0}};
    int64_t from, m, i;
    int k;
    for (from = 0; from < n; from += m) {
        m = n - from < block ? n - from : block;
        for (i = 0; i < m; i++) {
            const double x = a[from + i] * f_a, y = b[from + i] * f_b;
            products[0][i] = x * y;
            products[1][i] = x * x;
            products[2][i] = y * y;
        }
        for (k = 0; k < 3; k++)
            add_f64(&s[k], sum_of_f64(products[k], m));
    }
    for (k = 0; k < 3; k++)
        dots[k] = total_f64(s[k]);
}

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

/* d = (y f_y other - x f_x own) by; with floats the factors, of which f_x and f_y are 1, can be
 * multiplied first without leaving the range of double */
MXL_LOOP void MXL_T(cosine_gradient)(real *restrict d, const real *restrict x,
                                     const real *restrict y, double f_x, double f_y, double own,
                                     double other, double by, int64_t n) {
    int64_t i;
#if MXL_REAL == 32
    const double to_y = f_y * other * by, to_x = -(f_x * own * by);
    for (i = 0; i < n; i++)
        d[i] =
            (float)((double)y[i] * to_y + (double)x[i] * to_x); /* no fma: 0 where these cancel */
#else
    for (i = 0; i < n; i++)
        d[i] = ((y[i] * f_y) * other - (x[i] * f_x) * own) * by;
#endif
}

enum { MXL_T(most_pairs) = 8 };

/* Rows that are worked on together, so that the roots and divisions of one do not hold up the sums
 * of the next; they fit the first-level cache twice over. */
static int64_t MXL_T(pairs_at_once)(int64_t classes) {
    const int64_t pairs = MXL_TILE_BYTES * 2 / (int64_t)sizeof(real) / (classes > 0 ? classes : 1);
    return pairs < 1 ? 1 : pairs > MXL_T(most_pairs) ? MXL_T(most_pairs) : pairs;
}

/* m pairs of rows */
static void MXL_T(pair_rows)(MXL_T(worker) * a, int64_t row, int64_t place, int64_t m) {
    const mxl_job *job = a->job;
    const int64_t n = job->classes;
    const real *x[2];
    real *d[2], labels[MXL_T(most_pairs)];
    double dots[MXL_T(most_pairs)][3], f[MXL_T(most_pairs)][2];
    mxl_cosine r[MXL_T(most_pairs)];
    int64_t i;
    int k;
    for (k = 0; k < 2; k++) {
        x[k] = MXL_T(input)(&job->in[k], row * n, m * n, a->x + k * m * n);
        d[k] = MXL_T(place)(&job->din[k], row * n, m * n, a->g + k * m * n);
    }
    MXL_T(load)(labels, &job->in[2], row, m);
    for (i = 0; i < m; i++) {
        const real *x0 = x[0] + i * n, *x1 = x[1] + i * n;
        f[i][0] = f[i][1] = 1;
#if MXL_REAL == 32
        dots_f32(x0, x1, n, dots[i]);
#else
        dots_f64(x0, x1, 1, 1, n, dots[i]);
        if (!(dots[i][1] > 0x1p-900 && dots[i][1] < 0x1p900 && dots[i][2] > 0x1p-900 &&
              dots[i][2] < 0x1p900)) {
            f[i][0] = row_scale(x0, n);
            f[i][1] = row_scale(x1, n);
            dots_f64(x0, x1, f[i][0], f[i][1], n, dots[i]);
        }
#endif
    }
    for (i = 0; i < m; i++) {
        r[i] = mxl_cosine_embedding(dots[i][0], dots[i][1], dots[i][2], f[i][0], f[i][1],
                                    (double)labels[i], job->margin);
        a->e[place + i] = (real)r[i].e;
        if (r[i].floored)
            f[i][0] = f[i][1] = 1;
    }
    for (k = 0; k < 2; k++) {
        if (job->din[k].kind == MXL_UNWANTED)
            continue;
        for (i = 0; i < m; i++)
            MXL_T(cosine_gradient)
        (d[k] + i * n, x[k] + i * n, x[1 - k] + i * n, f[i][k], f[i][1 - k],
         k ? r[i].own_b : r[i].own_a, r[i].other, f[i][k] * (double)a->u[place + i], n);
        MXL_T(sink_put)(&a->din[k], row * n, d[k], m * n);
    }
}

static void MXL_T(pairs_tile)(MXL_T(worker) * a, int64_t position, int64_t n) {
    const int64_t most = MXL_T(pairs_at_once)(a->job->classes);
    int64_t i;
    for (i = 0; i < n; i += most)
        MXL_T(pair_rows)(a, position + i, i, n - i < most ? n - i : most);
}

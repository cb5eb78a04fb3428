/*
 * sparse.h - softmax cross entropy with class numbers as labels
 *
 * The stream has one position per row. Two layouts: `rows` has the classes of a row side by side
 * and vectorises along them, or along many rows if they are short; `columns` has the same class of
 * many rows side by side, as NCHW images do, and vectorises across the rows.
 * Log-probabilities need neither: they are only picked from. In all of them a->u has the factor on
 * each row's gradient, a->labels its class; a->e receives the values.
 *
 * Compiled once per instruction set and MXL_REAL.
 */

/* what the value of a row needs */
typedef struct {
    real max[MXL_SPARSE_TILE], x_label[MXL_SPARSE_TILE];
    double r[MXL_SPARSE_TILE];
} MXL_T(row_facts);

/* values of n rows */
MXL_LOOP void MXL_T(row_values)(real *restrict e, const real *restrict max,
                                const real *restrict x_label, const double *restrict r, int64_t n) {
    int64_t i;
    for (i = 0; i < n; i++)
        e[i] = MXL_T(softmax_value)(max[i], x_label[i], r[i]);
}

/* of n rows, what exponentials are multiplied by to be gradients; and, over the exponential of the
 * label, its gradient */
MXL_LOOP void MXL_T(row_gradients)(real *restrict factor, real *restrict label,
                                   const real *restrict u, const double *restrict r, int64_t n) {
    int64_t i;
    for (i = 0; i < n; i++) {
        factor[i] = (real)((double)u[i] / (1 + r[i]));
        label[i] = u[i] * MXL_T(softmax_dlabel)(label[i], r[i]);
    }
}

/* `rows` short rows from `position` on, which are `row` and its neighbours in the tile */
static void MXL_T(short_rows)(MXL_T(worker) * a, int64_t position, int64_t row, int64_t rows,
                              MXL_T(row_facts) * f) {
    const mxl_job *job = a->job;
    const int64_t classes = job->classes, first = position * classes, n = rows * classes;
    const int want = job->din[0].kind != MXL_UNWANTED;
    const real *x = MXL_T(input)(&job->in[0], first, n, a->x);
    real *e = want ? MXL_T(place)(&job->din[0], first, n, a->g) : a->g;
    real factor[MXL_SPARSE_TILE], label[MXL_SPARSE_TILE];
    int64_t i;
    MXL_T(short_softmax)(x, e, a->wide, rows, classes, f->max + row, f->r + row);
    for (i = 0; i < rows; i++) {
        const int64_t at = i * classes + a->labels[row + i];
        f->x_label[row + i] = x[at];
        label[i] = e[at];
    }
    if (!want)
        return;
    MXL_T(row_gradients)(factor, label, a->u + row, f->r + row, rows);
    MXL_T(spread)(a->wide, factor, rows, classes);
    MXL_T(multiply)(e, a->wide, n);
    for (i = 0; i < rows; i++)
        e[i * classes + a->labels[row + i]] = label[i];
    MXL_T(sink_put)(&a->din[0], first, e, n);
}

/* a row with its classes side by side; `row` is its place in the tile */
static void MXL_T(long_row)(MXL_T(worker) * a, int64_t position, int64_t row,
                            MXL_T(row_facts) * f) {
    const mxl_job *job = a->job;
    const int64_t classes = job->classes, first = position * classes, y = a->labels[row];
    const int want = job->din[0].kind != MXL_UNWANTED;
    const real *x = MXL_T(input)(&job->in[0], first, classes, a->x);
    real *e = want ? MXL_T(place)(&job->din[0], first, classes, a->g) : a->g;
    int64_t i;
    f->max[row] = MXL_T(row_max)(x, classes);
    f->r[row] = MXL_T(row_exp)(x, e, classes, f->max[row]);
    f->x_label[row] = x[y];
    if (want) {
        const real factor = (real)((double)a->u[row] / (1 + f->r[row]));
        const real e_label = e[y];
        for (i = 0; i < classes; i++)
            e[i] *= factor;
        e[y] = a->u[row] * MXL_T(softmax_dlabel)(e_label, f->r[row]);
        MXL_T(sink_put)(&a->din[0], first, e, classes);
    }
}

static void MXL_T(rows_tile)(MXL_T(worker) * a, int64_t position, int64_t n) {
    enum { most = MXL_TILE_BYTES / sizeof(real) };
    const int64_t classes = a->job->classes;
    MXL_T(row_facts) f;
    int64_t row, m;
    if (classes < MXL_SHORT_ROW)
        for (row = 0; row < n; row += m) {
            m = n - row < most / classes ? n - row : most / classes;
            MXL_T(short_rows)(a, position + row, row, m, &f);
        }
    else
        for (row = 0; row < n; row++)
            MXL_T(long_row)(a, position + row, row, &f);
    MXL_T(row_values)(a->e, f.max, f.x_label, f.r, n);
}

/* n rows of log-probabilities: pick one of each */
static void MXL_T(pick_tile)(MXL_T(worker) * a, int64_t position, int64_t n) {
    const mxl_job *job = a->job;
    const int64_t classes = job->classes;
    int64_t row;
    for (row = 0; row < n; row++) {
        const int64_t first = (position + row) * classes, y = a->labels[row];
        real p;
        MXL_T(load)(&p, &job->in[0], first + y, 1);
        a->e[row] = -p;
        if (job->din[0].kind != MXL_UNWANTED) {
            real *g = MXL_T(place)(&job->din[0], first, classes, a->g);
            memset(g, 0, (size_t)classes * sizeof(real));
            g[y] = -a->u[row];
            MXL_T(sink_put)(&a->din[0], first, g, classes);
        }
    }
}

/* `ldx` and `ldg` elements from class to class; what no gradient wants is dropped */
static void MXL_T(columns)(MXL_T(worker) * a, const real *restrict x, int64_t ldx, real *restrict g,
                           int64_t ldg, int want, int64_t n) {
    enum { width = MXL_SPARSE_TILE };
    const int64_t classes = a->job->classes;
    real max[width], x_label[width], e_label[width];
    double r[width], hits[width];
#if MXL_REAL == 64
    double lost[width]; /* by rounding r */
#endif
    real *restrict e = a->e;
    int64_t c, i;
    for (i = 0; i < n; i++)
        max[i] = x[i];
    for (c = 1; c < classes; c++)
        for (i = 0; i < n; i++) { /* a NaN in front gives way, and shows in the sum */
            const real xi = x[c * ldx + i];
            max[i] = max[i] >= xi ? max[i] : (xi == xi ? xi : max[i]);
        }
    for (i = 0; i < n; i++) {
        r[i] = (double)(max[i] - max[i]); /* NaN when max is infinite */
        hits[i] = -1;
#if MXL_REAL == 64
        lost[i] = 0;
#endif
        x_label[i] = x[a->labels[i] * ldx + i];
        e_label[i] = MXL_T(exp_below_1)(x_label[i] - max[i]);
    }
    for (c = 0; c < classes; c++)
        for (i = 0; i < n; i++) {
            const real xi = x[c * ldx + i], ei = MXL_T(exp_below_1)(xi - max[i]);
#if MXL_REAL == 32
            r[i] += xi == max[i] ? 0.0 : (double)ei;
#else
            MXL_TWO_SUM(r[i], lost[i], xi == max[i] ? 0.0 : ei);
#endif
            hits[i] += xi == max[i] ? 1.0 : 0.0;
            g[c * ldg + i] = ei;
        }
    for (i = 0; i < n; i++) {
        r[i] += hits[i];
#if MXL_REAL == 64
        r[i] += lost[i];
#endif
    }
    MXL_T(row_values)(e, max, x_label, r, n);
    if (!want) /* with one class ldg may be 0, too */
        return;
    MXL_T(row_gradients)(max, e_label, a->u, r, n);
    for (c = 0; c < classes; c++)
        for (i = 0; i < n; i++)
            g[c * ldg + i] *= max[i];
    for (i = 0; i < n; i++)
        g[a->labels[i] * ldg + i] = e_label[i];
}

static void MXL_T(columns_tile)(MXL_T(worker) * a, int64_t position, int64_t n) {
    const mxl_job *job = a->job;
    mxl_view in = job->in[0], out = job->din[0].view; /* of class 0, moved from class to class */
    const int64_t in_step = job->class_stride * in.itemsize;
    const int64_t out_step = job->dclass_stride * out.itemsize;
    const int want = job->din[0].kind != MXL_UNWANTED;
    const real *x = MXL_T(in_place)(&in, position, n);
    real *g = want ? MXL_T(in_place)(&out, position, n) : NULL;
    const int g_in_place = g != NULL;
    int64_t ldx = job->class_stride, ldg = g_in_place ? job->dclass_stride : want ? n : 0, c;
    if (x == NULL) {
        for (c = 0; c < job->classes; c++, in.data += in_step)
            MXL_T(load)(a->x + c * n, &in, position, n);
        x = a->x;
        ldx = n;
    }
    if (g == NULL)
        g = a->g;
    MXL_T(columns)(a, x, ldx, g, ldg, want, n);
    if (want && !g_in_place)
        for (c = 0; c < job->classes; c++, out.data += out_step)
            MXL_T(store)(&out, position, n, g + c * n);
}

static void MXL_T(sparse_tile)(MXL_T(worker) * a, int64_t position, int64_t n) {
    const mxl_job *job = a->job;
    MXL_T(factor) w, h;
    MXL_T(row_factors)(a, position, n, &w, &h);
    mxl_labels_read(&job->in[1], position, n, 0, job->classes - 1, job->clip_label, a->labels);
    if (job->from_logits)
        MXL_T(pick_tile)(a, position, n);
    else if (job->loop == MXL_SPARSE_COLUMNS)
        MXL_T(columns_tile)(a, position, n);
    else
        MXL_T(rows_tile)(a, position, n);
    MXL_T(put_values)(a, a->e, w, h, position, n);
}

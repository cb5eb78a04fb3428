/*
 * sparse.h - softmax cross entropy with class numbers as labels
 *
 * The stream has one position per row, pred's view all of their classes. Long rows are worked on
 * one by one, along their classes; short ones, and those whose classes lie apart, side by side.
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

/* a row with its classes side by side; `row` is its place in the tile */
static void MXL_T(long_row)(MXL_T(worker) * a, int64_t position, int64_t row,
                            MXL_T(row_facts) * f) {
    const mxl_job *job = a->job;
    const int64_t classes = job->classes, first = position * classes, y = a->labels[row];
    const int want = job->din[0].kind != MXL_UNWANTED;
    const real *x = MXL_T(input)(&job->in[0], first, classes, a->x);
    real *e = want ? MXL_T(place)(&job->din[0], first, classes, a->g) : a->g;
    const MXL_T(softmax) softmax = MXL_T(row_softmax)(x, e, classes, a->blocks);
    f->max[row] = softmax.max;
    f->r[row] = softmax.r;
    f->x_label[row] = x[y];
    if (want) {
        const double weight = softmax.weights[y / MXL_T(softmax_block)];
        const real e_label = (real)((double)e[y] * weight);
        MXL_T(scale_row)(&softmax, e, (double)a->u[row], classes);
        e[y] = a->u[row] * MXL_T(softmax_dlabel)(e_label, softmax.r);
        MXL_T(sink_put)(&a->din[0], first, e, classes);
    }
}

static void MXL_T(rows_tile)(MXL_T(worker) * a, int64_t position, int64_t n) {
    MXL_T(row_facts) f;
    int64_t row;
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

/* n rows side by side, worked on as `wide` of them; `ldx` and `ldg` elements from class to class */
static void MXL_T(columns_loss)(MXL_T(worker) * a, const real *x, int64_t ldx, real *g, int64_t ldg,
                                int64_t n, int64_t wide) {
    const int64_t classes = a->job->classes;
    real factor[MXL_SPARSE_TILE], label[MXL_SPARSE_TILE];
    MXL_T(row_facts) f;
    int64_t c, i;
    MXL_T(column_softmax)(x, ldx, g, ldg, wide, classes, f.max, f.r);
    for (i = 0; i < n; i++) {
        f.x_label[i] = x[a->labels[i] * ldx + i];
        label[i] = g[a->labels[i] * ldg + i];
    }
    for (; i < wide; i++)
        f.x_label[i] = label[i] = a->u[i] = 0;
    MXL_T(row_values)(a->e, f.max, f.x_label, f.r, wide);
    if (a->job->din[0].kind == MXL_UNWANTED)
        return;
    MXL_T(row_gradients)(factor, label, a->u, f.r, wide);
    for (c = 0; c < classes; c++)
        MXL_T(multiply)(g + c * ldg, factor, wide);
    for (i = 0; i < n; i++)
        g[a->labels[i] * ldg + i] = label[i];
}

static void MXL_T(columns_tile)(MXL_T(worker) * a, int64_t position, int64_t n) {
    const mxl_job *job = a->job;
    const MXL_T(columns) t = MXL_T(columns_of)(position, n, job->classes);
    const int want = job->din[0].kind != MXL_UNWANTED;
    int64_t ldx, ldg;
    const real *x = MXL_T(columns_in_place)(&job->in[0], &t, &ldx);
    real *g = want ? MXL_T(columns_in_place)(&job->din[0].view, &t, &ldg) : NULL;
    const int in_place = g != NULL;
    if (x == NULL) {
        MXL_T(load_columns)(a->x, &job->in[0], &t, a->turned);
        x = a->x;
        ldx = t.ld;
    }
    if (!in_place) {
        g = a->g;
        ldg = t.ld;
    }
    MXL_T(columns_loss)(a, x, ldx, g, ldg, n, t.ld);
    if (want && !in_place)
        MXL_T(store_columns)(&job->din[0].view, &t, g, a->turned);
}

static void MXL_T(sparse_tile)(MXL_T(worker) * a, int64_t position, int64_t n) {
    const mxl_job *job = a->job;
    MXL_T(factor) w, h;
    MXL_T(row_factors)(a, position, n, &w, &h);
    mxl_labels_read(&job->in[1], position, n, 0, job->classes - 1, job->clip_label, a->labels);
    if (job->from_logits)
        MXL_T(pick_tile)(a, position, n);
    else if (job->columns)
        MXL_T(columns_tile)(a, position, n);
    else
        MXL_T(rows_tile)(a, position, n);
    MXL_T(put_values)(a, a->e, w, h, position, n);
}

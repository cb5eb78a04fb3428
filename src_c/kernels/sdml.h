/*
 * sdml.h - SDMLLoss: every row of x1 against every row of x2
 *
 * N^2 D steps, of which most are a difference and a multiplication. Phase 1, by rows of x1: the
 * distances to all rows of x2, softmax, value, and the row of the matrix G = de_i/dd_ij; from it
 * the gradient of the row. Phase 2, by rows of x2: the same from the columns of G. Every result is
 * summed up by one thread in one order. Runs of 32 terms are summed in `real`, those in double.
 *
 * Compiled once per instruction set and MXL_REAL.
 */

/* Numbers worked on side by side, for as many rows at a time: what is loaded is used for all of
 * them, and their sums are half of the registers of AVX2. Neither has an effect on any bit. */
enum { MXL_T(panel) = MXL_REAL == 32 ? 16 : 8, MXL_T(sdml_run) = 32 };

/* what all threads share */
typedef struct {
    int64_t rows, length; /* N, D */
    int64_t padded_rows, padded_length;
    mxl_sdml_targets targets;
    real *x1, *x2; /* row by row, each padded with zeros */
    real *panels;  /* x2 again: panels of neighbouring rows, element by element */
    real *g; /* N rows of padded_rows: 2 de_i/dd_ij, weighted; NULL if no gradient is wanted */
} MXL_T(sdml);

static int64_t MXL_T(padded)(int64_t n) {
    return (n + MXL_T(panel) - 1) / MXL_T(panel) * MXL_T(panel);
}

/* scores = -|x - y_j|^2 for the rows y_j of the panels, and four neighbouring rows x: the same one
 * if `step` is 0. Spelt out, because that is what compilers keep in registers. */
MXL_LOOP void MXL_T(sdml_scores)(const MXL_T(sdml) * s, const real *restrict x, int64_t step,
                                 double *restrict scores) {
    enum { width = MXL_T(panel), run = MXL_T(sdml_run) };
    const real *x0 = x, *x1 = x + step, *x2 = x1 + step, *x3 = x2 + step;
    const int64_t length = s->length;
    double *out = scores;
    int64_t j, k, from, end;
    int l;
    for (j = 0; j < s->padded_rows; j += width, out += width) {
        const real *restrict y = s->panels + j * length;
        double total[4][width] = {{0}};
        for (from = 0; from < length; from = end) {
            real a0[width] = {0}, a1[width] = {0}, a2[width] = {0}, a3[width] = {0};
            end = length - from < run ? length : from + run;
            for (k = from; k < end; k++)
                for (l = 0; l < width; l++) {
                    const real yl = y[k * width + l];
                    const real d0 = x0[k] - yl, d1 = x1[k] - yl, d2 = x2[k] - yl, d3 = x3[k] - yl;
                    a0[l] = mxl_fma(d0, d0, a0[l]);
                    a1[l] = mxl_fma(d1, d1, a1[l]);
                    a2[l] = mxl_fma(d2, d2, a2[l]);
                    a3[l] = mxl_fma(d3, d3, a3[l]);
                }
            for (l = 0; l < width; l++) {
                total[0][l] += a0[l];
                total[1][l] += a1[l];
                total[2][l] += a2[l];
                total[3][l] += a3[l];
            }
        }
        for (k = 0; k < 4; k++)
            for (l = 0; l < width; l++)
                out[k * s->padded_rows + l] = -total[k][l];
    }
}

/* squares may overflow in float */
static void MXL_T(sdml_mend)(const MXL_T(sdml) * s, const real *x, double *scores) {
#if MXL_REAL == 32
    int64_t j, k;
    for (j = 0; j < s->rows; j++)
        if (scores[j] - scores[j] != 0) {
            const real *y = s->x2 + j * s->padded_length;
            double total = 0;
            for (k = 0; k < s->length; k++)
                total += ((double)x[k] - y[k]) * ((double)x[k] - y[k]);
            scores[j] = -total;
        }
#else
    (void)s, (void)x, (void)scores;
#endif
}

/* d = sum_j g_j (x - y_j), for padded rows y_j, and four neighbouring rows x, g and d */
MXL_LOOP void MXL_T(sdml_gradient)(const MXL_T(sdml) * s, const real *restrict x, int64_t step,
                                   const real *restrict y, const real *restrict g,
                                   real *restrict d) {
    enum { width = MXL_T(panel), run = MXL_T(sdml_run) };
    const int64_t length = s->padded_length, rows = s->padded_rows;
    const real *x0 = x, *x1 = x + step, *x2 = x1 + step, *x3 = x2 + step;
    const real *g0 = g, *g1 = g + rows, *g2 = g1 + rows, *g3 = g2 + rows;
    int64_t j, k, from, end;
    int l;
    for (k = 0; k < length; k += width) {
        double total[4][width] = {{0}};
        for (from = 0; from < s->rows; from = end) {
            real a0[width] = {0}, a1[width] = {0}, a2[width] = {0}, a3[width] = {0};
            end = s->rows - from < run ? s->rows : from + run;
            for (j = from; j < end; j++)
                for (l = 0; l < width; l++) {
                    const real yl = y[j * length + k + l];
                    a0[l] = mxl_fma(g0[j], x0[k + l] - yl, a0[l]);
                    a1[l] = mxl_fma(g1[j], x1[k + l] - yl, a1[l]);
                    a2[l] = mxl_fma(g2[j], x2[k + l] - yl, a2[l]);
                    a3[l] = mxl_fma(g3[j], x3[k + l] - yl, a3[l]);
                }
            for (l = 0; l < width; l++) {
                total[0][l] += a0[l];
                total[1][l] += a1[l];
                total[2][l] += a2[l];
                total[3][l] += a3[l];
            }
        }
        for (j = 0; j < 4; j++)
            for (l = 0; l < width; l++)
                d[j * length + k + l] = (real)total[j][l];
    }
}

/* memory that a thread needs: scores; exponentials of one row; rows of G, or columns; gradients */
static size_t MXL_T(sdml_bytes)(const mxl_job *job) {
    enum { most = MXL_MATRIX_ROWS };
    const int64_t rows = MXL_T(padded)(job->n), length = MXL_T(padded)(job->classes);
    return (size_t)((most + 1) * rows) * sizeof(double) +
           (size_t)(most * (rows + length)) * sizeof(real);
}

/* from the scores of a row: its value, returned, and its row of G */
static real MXL_T(sdml_value)(const MXL_T(sdml) * s, double *scores, double *e, int64_t row,
                              real scale, real *g) {
    const mxl_sdml_targets *t = &s->targets;
    const int64_t n = s->rows;
    int64_t j;
    const double max = row_max_f64(scores, n);
    const double r = row_exp_f64(scores, e, n, max);
    double value = t->entropy + t->same * (max - scores[row]) + mxl_log1p(r);
    if (g) {
        const double inverse = 1 / (1 + r), by = 2 * (double)scale;
        for (j = 0; j < n; j++)
            g[j] = (real)((t->other - e[j] * inverse) * by);
        g[row] = (real)((t->same - e[row] * inverse) * by);
    }
    if (t->other > 0) {
        for (j = 0; j < n; j++)
            scores[j] = max - scores[j];
        scores[row] = 0;
        value += t->other * total_f64(sum_of_f64(scores, n));
    }
    return (real)value;
}

/* phase 1: n rows of x1 from `row` on, whose values go to a->e from `place` on and whose gradients
 * are multiplied by a->u there; n is sdml_rows or 1 */
static void MXL_T(sdml_rows_of)(MXL_T(worker) * a, int64_t row, int64_t place, int n) {
    const MXL_T(sdml) *s = (const MXL_T(sdml) *)a->shared;
    enum { most = MXL_MATRIX_ROWS };
    const real *x = s->x1 + row * s->padded_length;
    double *scores = (double *)a->extra, *e = scores + most * s->padded_rows;
    real *d = (real *)(e + s->padded_rows) + most * s->padded_rows;
    real *g = s->g ? s->g + row * s->padded_rows : NULL;
    int r;
    MXL_T(sdml_scores)(s, x, n == most ? s->padded_length : 0, scores);
    for (r = 0; r < n; r++) {
        double *of_row = scores + r * s->padded_rows;
        MXL_T(sdml_mend)(s, x + r * s->padded_length, of_row);
        a->e[place + r] = MXL_T(sdml_value)(s, of_row, e, row + r, a->u[place + r],
                                            g ? g + r * s->padded_rows : NULL);
    }
    if (a->job->din[0].kind == MXL_UNWANTED)
        return;
    MXL_T(sdml_gradient)(s, x, n == most ? s->padded_length : 0, s->x2, g, d);
    for (r = 0; r < n; r++)
        MXL_T(sink_put)(&a->din[0], (row + r) * s->length, d + r * s->padded_length, s->length);
}

static void MXL_T(sdml_tile)(MXL_T(worker) * a, int64_t position, int64_t n) {
    enum { most = MXL_MATRIX_ROWS };
    int64_t i;
    int m;
    for (i = 0; i < n; i += m) {
        m = n - i < most ? 1 : most;
        MXL_T(sdml_rows_of)(a, position + i, i, m);
    }
}

/* phase 2: n rows of x2 from `row` on; n is sdml_rows or 1 */
static void MXL_T(sdml_columns)(const mxl_job *job, const MXL_T(sdml) * s, int64_t row, int n,
                                char *extra) {
    enum { most = MXL_MATRIX_ROWS };
    real *columns = (real *)((double *)extra + (most + 1) * s->padded_rows);
    real *d = columns + most * s->padded_rows;
    int64_t i;
    int r;
    for (i = 0; i < s->rows; i++)
        for (r = 0; r < n; r++)
            columns[r * s->padded_rows + i] = s->g[i * s->padded_rows + row + r];
    MXL_T(sdml_gradient)
    (s, s->x2 + row * s->padded_length, n == most ? s->padded_length : 0, s->x1, columns, d);
    for (r = 0; r < n; r++)
        MXL_T(store)
    (&job->din[1].view, (row + r) * s->length, s->length, d + r * s->padded_length);
}

/* numbers of: each of x1 and x2, the panels, and G */
static void MXL_T(sdml_numbers)(const mxl_job *job, size_t numbers[3]) {
    enum { most = MXL_MATRIX_ROWS };
    const int want = job->din[0].kind != MXL_UNWANTED || job->din[1].kind != MXL_UNWANTED;
    const int64_t rows = MXL_T(padded)(job->n), length = MXL_T(padded)(job->classes);
    numbers[0] = (size_t)(job->n * length);
    numbers[1] = (size_t)(rows * job->classes);
    /* four rows are read even if only one counts */
    numbers[2] = want ? (size_t)((job->n + most - 1) * rows) : 0;
}

/* memory that all threads share */
static size_t MXL_T(sdml_shared_bytes)(const mxl_job *job) {
    size_t numbers[3];
    MXL_T(sdml_numbers)(job, numbers);
    return (2 * numbers[0] + numbers[1] + numbers[2]) * sizeof(real);
}

static void MXL_T(sdml_begin)(MXL_T(sdml) * s, const mxl_job *job, char *room) {
    enum { width = MXL_T(panel) };
    size_t numbers[3];
    int64_t step, i, k;
    MXL_T(sdml_numbers)(job, numbers);
    s->rows = job->n;
    s->length = job->classes;
    s->padded_rows = MXL_T(padded)(s->rows);
    s->padded_length = step = MXL_T(padded)(s->length);
    s->targets = mxl_sdml_smooth(job->smoothing, (double)s->rows);
    s->x1 = (real *)(void *)room;
    s->x2 = s->x1 + numbers[0];
    s->panels = s->x2 + numbers[0];
    s->g = numbers[2] ? s->panels + numbers[1] : NULL;
    memset(room, 0, MXL_T(sdml_shared_bytes)(job));
    for (i = 0; i < s->rows; i++) {
        real *panel = s->panels + i / width * width * s->length + i % width;
        const real *x = s->x2 + i * step;
        MXL_T(load)(s->x1 + i * step, &job->in[0], i * s->length, s->length);
        MXL_T(load)(s->x2 + i * step, &job->in[1], i * s->length, s->length);
        for (k = 0; k < s->length; k++)
            panel[k * width] = x[k];
    }
}

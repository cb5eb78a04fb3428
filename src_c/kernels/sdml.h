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

/* numbers worked on side by side: half of the registers of the smallest vector unit */
enum { MXL_T(panel) = MXL_REAL == 32 ? 64 : 32, MXL_T(sdml_run) = 32 };

/* what all threads share */
typedef struct {
    int64_t rows, length; /* N, D */
    int64_t padded_rows, padded_length;
    mxl_sdml_targets targets;
    real *x1, *x2; /* row by row, each padded with zeros */
    real *panels;  /* x2 again: panels of neighbouring rows, element by element */
    real *g;       /* N x N: 2 de_i/dd_ij, weighted; NULL if no gradient is wanted */
} MXL_T(sdml);

static int64_t MXL_T(padded)(int64_t n) {
    return (n + MXL_T(panel) - 1) / MXL_T(panel) * MXL_T(panel);
}

/* scores = -|x - y_j|^2 for the rows y_j of the panels */
MXL_LOOP void MXL_T(sdml_scores)(const MXL_T(sdml) * s, const real *restrict x,
                                 double *restrict scores) {
    enum { width = MXL_T(panel), run = MXL_T(sdml_run) };
    const int64_t length = s->length;
    int64_t j, k, from, end;
    int l;
    for (j = 0; j < s->padded_rows; j += width) {
        const real *restrict y = s->panels + j * length;
        double total[width] = {0};
        for (from = 0; from < length; from = end) {
            real a[width] = {0};
            end = length - from < run ? length : from + run;
            for (k = from; k < end; k++)
                for (l = 0; l < width; l++) {
                    const real d = x[k] - y[k * width + l];
                    a[l] = mxl_fma(d, d, a[l]);
                }
            for (l = 0; l < width; l++)
                total[l] += a[l];
        }
        for (l = 0; l < width; l++)
            scores[j + l] = -total[l];
    }
#if MXL_REAL == 32
    for (j = 0; j < s->rows; j++) /* squares may overflow in float */
        if (scores[j] - scores[j] != 0) {
            const real *y = s->x2 + j * s->padded_length;
            double total = 0;
            for (k = 0; k < length; k++)
                total += ((double)x[k] - y[k]) * ((double)x[k] - y[k]);
            scores[j] = -total;
        }
#endif
}

/* d = sum_j g_j (x - y_j), for padded rows y_j */
MXL_LOOP void MXL_T(sdml_gradient)(const MXL_T(sdml) * s, const real *restrict x,
                                   const real *restrict y, const real *restrict g,
                                   real *restrict d) {
    enum { width = MXL_T(panel), run = MXL_T(sdml_run) };
    const int64_t step = s->padded_length;
    int64_t j, k, from, end;
    int l;
    for (k = 0; k < step; k += width) {
        double total[width] = {0};
        for (from = 0; from < s->rows; from = end) {
            real a[width] = {0};
            end = s->rows - from < run ? s->rows : from + run;
            for (j = from; j < end; j++)
                for (l = 0; l < width; l++)
                    a[l] = mxl_fma(g[j], x[k + l] - y[j * step + k + l], a[l]);
            for (l = 0; l < width; l++)
                total[l] += a[l];
        }
        for (l = 0; l < width; l++)
            d[k + l] = (real)total[l];
    }
}

/* memory that a thread needs: scores, exponentials; a column, a gradient */
static size_t MXL_T(sdml_bytes)(const mxl_job *job) {
    const int64_t rows = MXL_T(padded)(job->n), length = MXL_T(padded)(job->classes);
    return (size_t)(2 * rows) * sizeof(double) + (size_t)(rows + length) * sizeof(real);
}

static void MXL_T(sdml_row)(MXL_T(worker) * a, int64_t row, int64_t place, real scale) {
    const MXL_T(sdml) *s = (const MXL_T(sdml) *)a->shared;
    const mxl_sdml_targets *t = &s->targets;
    const real *x = s->x1 + row * s->padded_length;
    const int64_t n = s->rows;
    double *scores = (double *)a->extra, *e = scores + s->padded_rows;
    real *d = (real *)(e + s->padded_rows) + s->padded_rows;
    double max, r, value;
    int64_t j, at;
    MXL_T(sdml_scores)(s, x, scores);
    max = row_max_f64(scores, n, &at);
    r = row_exp_f64(scores, e, n, max, at);
    value = t->entropy + t->same * (max - scores[row]) + mxl_log1p(r);
    if (s->g) {
        real *g = s->g + row * n;
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
    a->e[place] = (real)value;
    if (a->job->din[0].kind != MXL_UNWANTED) {
        MXL_T(sdml_gradient)(s, x, s->x2, s->g + row * n, d);
        MXL_T(sink_put)(&a->din[0], row * s->length, d, s->length);
    }
}

/* phase 2, for a row of x2 */
static void MXL_T(sdml_column)(const mxl_job *job, const MXL_T(sdml) * s, int64_t row,
                               char *extra) {
    real *column = (real *)((double *)extra + 2 * s->padded_rows);
    real *d = column + s->padded_rows;
    int64_t i;
    for (i = 0; i < s->rows; i++)
        column[i] = s->g[i * s->rows + row];
    MXL_T(sdml_gradient)(s, s->x2 + row * s->padded_length, s->x1, column, d);
    MXL_T(store)(&job->din[1].view, row * s->length, s->length, d);
}

static mxl_status MXL_T(sdml_begin)(MXL_T(sdml) * s, const mxl_job *job) {
    enum { width = MXL_T(panel) };
    const int want = job->din[0].kind != MXL_UNWANTED || job->din[1].kind != MXL_UNWANTED;
    int64_t step, i, k;
    size_t numbers;
    s->rows = job->n;
    s->length = job->classes;
    s->padded_rows = MXL_T(padded)(s->rows);
    s->padded_length = step = MXL_T(padded)(s->length);
    s->targets = mxl_sdml_smooth(job->smoothing, (double)s->rows);
    numbers = (size_t)(2 * s->rows * step + s->padded_rows * s->length);
    s->x1 = (real *)calloc(numbers + (want ? (size_t)(s->rows * s->rows) : 0), sizeof(real));
    if (s->x1 == NULL)
        return MXL_ERR_MEMORY;
    s->x2 = s->x1 + s->rows * step;
    s->panels = s->x2 + s->rows * step;
    s->g = want ? s->x1 + numbers : NULL;
    for (i = 0; i < s->rows; i++) {
        real *panel = s->panels + i / width * width * s->length + i % width;
        const real *x = s->x2 + i * step;
        MXL_T(load)(s->x1 + i * step, &job->in[0], i * s->length, s->length);
        MXL_T(load)(s->x2 + i * step, &job->in[1], i * s->length, s->length);
        for (k = 0; k < s->length; k++)
            panel[k * width] = x[k];
    }
    return MXL_OK;
}

/*
 * sdml.h - SDMLLoss: every row of x1 against every row of x2
 *
 * N^2 D steps. Phase 1, by rows of x1: the distances to all rows of x2, softmax, value, and the row
 * of the matrix G = de_i/dd_ij; from it the gradient of the row. Phase 2, by rows of x2: the same
 * from the columns of G. Every result is summed up by one thread in one order; runs of 32 terms, or
 * of 64 products, in `real`, those in double.
 *
 * Of floats, |x - y|^2 is taken as |x|^2 + |y|^2 - 2 x.y: one instruction per step instead of two.
 * That cancels where x and y are close: so where a row x has in a run of 32 rows y one with
 * |x - y|^2 less than a quarter of |x|^2 + |y|^2, or not finite, it meets the run again, and
 * differences come first, as they always do of doubles, for which there is nothing wider to
 * subtract in. Gradients, sums of g_j (x - y_j), are always of differences, too: some elements of x
 * and y are close even if the vectors are not.
 *
 * Compiled once per instruction set and MXL_REAL.
 */

/* Numbers worked on side by side, in two halves of one vector each, for a block of rows at a time:
 * what is loaded is used for all of them, and their sums are eight registers. A thread takes four
 * blocks, so that three of them find a panel in the first-level cache. No effect on any bit. */
#ifdef MXL_HAVE_AVX512
enum { MXL_T(panel) = 128 / sizeof(real) };
#else
enum { MXL_T(panel) = 64 / sizeof(real) };
#endif
enum { MXL_T(sdml_run) = 32, MXL_T(sdml_long_run) = 64, MXL_T(sdml_group) = 4 };

/* what all threads share; rows come in whole blocks and panels, those beyond N are zeros */
typedef struct {
    int64_t rows, length; /* N, D */
    int64_t padded_rows, padded_length;
    mxl_sdml_targets targets;
    double *squares1, *squares2; /* of the lengths of the rows; float only */
    real *x1, *x2;               /* rows of padded_length */
    real *panels;                /* x2 again: panels of neighbouring rows, element by element */
    real *g; /* rows of padded_rows: 2 de_i/dd_ij, weighted; NULL if no gradient is wanted */
} MXL_T(sdml);

static int64_t MXL_T(pieces)(int64_t n, int64_t size) {
    return n / size + (n % size != 0);
}

static int64_t MXL_T(padded)(int64_t n) {
    return MXL_T(pieces)(n, MXL_T(panel)) * MXL_T(panel);
}

/* a and b for each of four rows. Spelt out, because that is what compilers keep in registers. */
#define MXL_SDML_SUMS                                                                              \
    real a0[half] = {0}, a1[half] = {0}, a2[half] = {0}, a3[half] = {0};                           \
    real b0[half] = {0}, b1[half] = {0}, b2[half] = {0}, b3[half] = {0}
#define MXL_SDML_STEP(y, term)                                                                     \
    for (l = 0; l < half; l++) {                                                                   \
        const real al = (y)[l], bl = (y)[half + l];                                                \
        a0[l] = term(0, a, 0), b0[l] = term(0, b, half);                                           \
        a1[l] = term(1, a, 0), b1[l] = term(1, b, half);                                           \
        a2[l] = term(2, a, 0), b2[l] = term(2, b, half);                                           \
        a3[l] = term(3, a, 0), b3[l] = term(3, b, half);                                           \
    }
#define MXL_SDML_ADD                                                                               \
    for (l = 0; l < half; l++) {                                                                   \
        total[0][l] += a0[l], total[0][half + l] += b0[l];                                         \
        total[1][l] += a1[l], total[1][half + l] += b1[l];                                         \
        total[2][l] += a2[l], total[2][half + l] += b2[l];                                         \
        total[3][l] += a3[l], total[3][half + l] += b3[l];                                         \
    }

/* sums over all elements for a block of rows x and the rows of a panel, in runs of so many terms */
#define MXL_SDML_PANEL(name, term, terms)                                                          \
    MXL_LOOP void MXL_T(name)(const real *restrict x, int64_t step, const real *restrict y,        \
                              int64_t length, double total[4][MXL_T(panel)]) {                     \
        enum { width = MXL_T(panel), half = width / 2, run = terms };                              \
        const real *x0 = x, *x1 = x + step, *x2 = x1 + step, *x3 = x2 + step;                      \
        int64_t k, from, end;                                                                      \
        int l;                                                                                     \
        memset(total, 0, 4 * sizeof *total);                                                       \
        for (from = 0; from < length; from = end) {                                                \
            MXL_SDML_SUMS;                                                                         \
            end = length - from < run ? length : from + run;                                       \
            for (k = from; k < end; k++)                                                           \
                MXL_SDML_STEP(y + k * width, term)                                                 \
            MXL_SDML_ADD                                                                           \
        }                                                                                          \
    }
#define MXL_SQUARE(r, h, at) mxl_fma(x##r[k] - h##l, x##r[k] - h##l, h##r[l])
MXL_SDML_PANEL(sdml_squares, MXL_SQUARE, MXL_T(sdml_run))
#if MXL_REAL == 32
#define MXL_PRODUCT(r, h, at) mxl_fma(x##r[k], h##l, h##r[l])
MXL_SDML_PANEL(sdml_products, MXL_PRODUCT, MXL_T(sdml_long_run))
#endif

/* -|x - y|^2 where squares overflow in float */
static double MXL_T(sdml_score)(const real *x, const real *y, int64_t length) {
    double total = 0;
    int64_t k;
    for (k = 0; k < length; k++)
        total += ((double)x[k] - (double)y[k]) * ((double)x[k] - (double)y[k]);
    return -total;
}

/* The scores, in out, of a block of rows x, those r with again[r], and a run of rows y, from j on.
 */
static void MXL_T(sdml_by_differences)(const MXL_T(sdml) * s, const real *x, const int *again,
                                       int64_t j, int64_t end, double *out) {
    enum { most = MXL_MATRIX_ROWS, width = MXL_T(panel) };
    double total[most][width];
    int64_t r, l;
    for (; j < end; j += width) {
        MXL_T(sdml_squares)
        (x, s->padded_length, s->panels + j * s->length, s->length, total);
        for (r = 0; r < most; r++)
            for (l = 0; again[r] && l < width; l++) {
                double score = -total[r][l];
                if (MXL_REAL == 32 && score - score != 0 && j + l < s->rows)
                    score = MXL_T(sdml_score)(x + r * s->padded_length,
                                              s->x2 + (j + l) * s->padded_length, s->length);
                out[r * s->padded_rows + j + l] = score;
            }
    }
}

/* the same of all rows of the block, by products; sets again[r] where that cancels */
static void MXL_T(sdml_by_products)(const MXL_T(sdml) * s, int64_t row, int *again, int64_t j,
                                    int64_t end, double *out) {
#if MXL_REAL == 32
    enum { most = MXL_MATRIX_ROWS, width = MXL_T(panel) };
    const real *x = s->x1 + row * s->padded_length;
    double total[most][width];
    int64_t r, l;
    for (; j < end; j += width) {
        MXL_T(sdml_products)(x, s->padded_length, s->panels + j * s->length, s->length, total);
        for (r = 0; r < most; r++)
            for (l = 0; l < width; l++) {
                const double both = s->squares1[row + r] + s->squares2[j + l];
                const double score = 2 * total[r][l] - both;
                out[r * s->padded_rows + j + l] = score;
                again[r] |= !(score <= -0.25 * both) | (score - score != 0);
            }
    }
#else /* nothing wider to subtract in */
    (void)s, (void)row, (void)j, (void)end, (void)out;
    again[0] = again[1] = again[2] = again[3] = 1;
#endif
}

/* scores = -|x - y_j|^2 for all rows y_j and the rows x of some blocks */
static void MXL_T(sdml_scores)(const MXL_T(sdml) * s, int64_t block, int64_t blocks,
                               double *scores) {
    enum { most = MXL_MATRIX_ROWS, run = MXL_T(sdml_run) };
    int64_t b, from, end;
    for (from = 0; from < s->padded_rows; from = end) {
        end = s->padded_rows - from < run ? s->padded_rows : from + run;
        for (b = 0; b < blocks; b++) {
            const int64_t row = (block + b) * most;
            double *out = scores + b * most * s->padded_rows;
            int again[most] = {0};
            MXL_T(sdml_by_products)(s, row, again, from, end, out);
            if (again[0] | again[1] | again[2] | again[3])
                MXL_T(sdml_by_differences)(s, s->x1 + row * s->padded_length, again, from, end,
                                           out);
        }
    }
}

/* total += sum_j g_j (x - y_j) of n rows y_j, for a block of rows x and g */
MXL_LOOP void MXL_T(sdml_differences)(const real *restrict x, const real *restrict y,
                                      int64_t length, const real *restrict g, int64_t rows,
                                      int64_t n, double total[4][MXL_T(panel)]) {
    enum { width = MXL_T(panel), half = width / 2 };
    const real *x0 = x, *x1 = x + length, *x2 = x1 + length, *x3 = x2 + length;
    const real *g0 = g, *g1 = g + rows, *g2 = g1 + rows, *g3 = g2 + rows;
    int64_t j;
    int l;
    MXL_SDML_SUMS;
#define MXL_DIFFERENCE(r, h, at) mxl_fma(g##r[j], x##r[at + l] - h##l, h##r[l])
    for (j = 0; j < n; j++)
        MXL_SDML_STEP(y + j * length, MXL_DIFFERENCE)
    MXL_SDML_ADD
}

/* d = sum_j g_j (x - y_j), for all rows y_j and the rows x, g and d of some blocks */
static void MXL_T(sdml_gradient)(const MXL_T(sdml) * s, const real *x, const real *y, const real *g,
                                 int64_t blocks, real *d) {
    enum { most = MXL_MATRIX_ROWS, width = MXL_T(panel), run = MXL_T(sdml_run) };
    const int64_t length = s->padded_length, rows = s->padded_rows;
    double total[MXL_T(sdml_group)][most][width];
    int64_t b, k, from;
    int r, l;
    for (k = 0; k < length; k += width) {
        memset(total, 0, sizeof total);
        for (from = 0; from < s->rows; from += run)
            for (b = 0; b < blocks; b++)
                MXL_T(sdml_differences)
        (x + b * most * length + k, y + from * length + k, length, g + b * most * rows + from, rows,
         s->rows - from < run ? s->rows - from : run, total[b]);
        for (r = 0; r < blocks * most; r++)
            for (l = 0; l < width; l++)
                d[r * length + k + l] = (real)total[r / most][r % most][l];
    }
}

/* for sums of which only a float is left */
MXL_LOOP double MXL_T(sdml_sum)(const double *v, int64_t n) {
#if MXL_REAL == 32
    enum { lanes = 16 };
    double a[lanes] = {0}, left = 0;
    int64_t i;
    int l, half;
    for (i = 0; i + lanes <= n; i += lanes)
        for (l = 0; l < lanes; l++)
            a[l] += v[i + l];
    for (; i < n; i++)
        left += v[i];
    for (half = lanes / 2; half > 0; half /= 2)
        for (l = 0; l < half; l++)
            a[l] += a[l + half];
    return a[0] + left;
#else
    return total_f64(sum_of_f64(v, n));
#endif
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
        value += t->other * MXL_T(sdml_sum)(scores, n);
    }
    return (real)value;
}

/* memory of a thread */
typedef struct {
    double *scores, *e; /* of a group of blocks, and exponentials of a row */
    real *columns, *d;  /* of G, and gradients, of a group of blocks */
} MXL_T(sdml_room);

static size_t MXL_T(sdml_bytes)(const mxl_job *job) {
    const int64_t rows = MXL_T(padded)(job->n), length = MXL_T(padded)(job->classes);
    const int64_t most = MXL_MATRIX_ROWS * MXL_T(sdml_group);
    return (size_t)((most + 1) * rows) * sizeof(double) +
           (size_t)(most * (rows + length)) * sizeof(real);
}

static MXL_T(sdml_room) MXL_T(sdml_divide)(const MXL_T(sdml) * s, char *memory) {
    const int64_t most = MXL_MATRIX_ROWS * MXL_T(sdml_group);
    MXL_T(sdml_room) room;
    room.scores = (double *)(void *)memory;
    room.e = room.scores + most * s->padded_rows;
    room.columns = (real *)(room.e + s->padded_rows);
    room.d = room.columns + most * s->padded_rows;
    return room;
}

/* phase 1: n rows of x1 from `row` on, at most a group, whose values go to a->e from `place` on and
 * whose gradients are multiplied by a->u there */
static void MXL_T(sdml_rows)(MXL_T(worker) * a, int64_t row, int64_t place, int64_t n) {
    const MXL_T(sdml) *s = (const MXL_T(sdml) *)a->shared;
    const MXL_T(sdml_room) room = MXL_T(sdml_divide)(s, a->extra);
    const int64_t block = row / MXL_MATRIX_ROWS, blocks = MXL_T(pieces)(n, MXL_MATRIX_ROWS);
    const real *x = s->x1 + row * s->padded_length;
    real *g = s->g ? s->g + row * s->padded_rows : NULL;
    int64_t r;
    MXL_T(sdml_scores)(s, block, blocks, room.scores);
    for (r = 0; r < n; r++) {
        double *of_row = room.scores + r * s->padded_rows;
        a->e[place + r] = MXL_T(sdml_value)(s, of_row, room.e, row + r, a->u[place + r],
                                            g ? g + r * s->padded_rows : NULL);
    }
    if (a->job->din[0].kind == MXL_UNWANTED)
        return;
    MXL_T(sdml_gradient)(s, x, s->x2, g, blocks, room.d);
    for (r = 0; r < n; r++)
        MXL_T(sink_put)(&a->din[0], (row + r) * s->length, room.d + r * s->padded_length,
                        s->length);
}

static void MXL_T(sdml_tile)(MXL_T(worker) * a, int64_t position, int64_t n) {
    const int64_t most = MXL_MATRIX_ROWS * MXL_T(sdml_group);
    int64_t i;
    for (i = 0; i < n; i += most)
        MXL_T(sdml_rows)(a, position + i, i, n - i < most ? n - i : most);
}

/* phase 2: n rows of x2 from `row` on, at most a group */
static void MXL_T(sdml_columns)(const mxl_job *job, const MXL_T(sdml) * s, int64_t row, int64_t n,
                                char *extra) {
    enum { most = MXL_MATRIX_ROWS };
    const MXL_T(sdml_room) room = MXL_T(sdml_divide)(s, extra);
    const int64_t blocks = MXL_T(pieces)(n, most);
    int64_t i, r;
    for (i = 0; i < s->rows; i++)
        for (r = 0; r < blocks * most; r++)
            room.columns[r * s->padded_rows + i] = s->g[i * s->padded_rows + row + r];
    MXL_T(sdml_gradient)
    (s, s->x2 + row * s->padded_length, s->x1, room.columns, blocks, room.d);
    for (r = 0; r < n; r++)
        MXL_T(store)
    (&job->din[1].view, (row + r) * s->length, s->length, room.d + r * s->padded_length);
}

/* numbers of: each of x1 and x2, the panels, and G */
static void MXL_T(sdml_numbers)(const mxl_job *job, size_t numbers[3]) {
    const int want = job->din[0].kind != MXL_UNWANTED || job->din[1].kind != MXL_UNWANTED;
    const int64_t blocks = MXL_T(pieces)(job->n, MXL_MATRIX_ROWS), rows = MXL_T(padded)(job->n);
    numbers[0] = (size_t)(blocks * MXL_MATRIX_ROWS * MXL_T(padded)(job->classes));
    numbers[1] = (size_t)(rows * job->classes);
    numbers[2] = want ? (size_t)(blocks * MXL_MATRIX_ROWS * rows) : 0;
}

/* memory that all threads share */
static size_t MXL_T(sdml_shared_bytes)(const mxl_job *job) {
    size_t numbers[3];
    MXL_T(sdml_numbers)(job, numbers);
    return (size_t)(2 * MXL_T(padded)(job->n)) * sizeof(double) +
           (2 * numbers[0] + numbers[1] + numbers[2]) * sizeof(real);
}

static void MXL_T(sdml_begin)(MXL_T(sdml) * s, const mxl_job *job, char *room) {
    const int64_t rows = MXL_T(padded)(job->n);
    size_t numbers[3], from;
    MXL_T(sdml_numbers)(job, numbers);
    s->rows = job->n;
    s->length = job->classes;
    s->padded_rows = rows;
    s->padded_length = MXL_T(padded)(s->length);
    s->targets = mxl_sdml_smooth(job->smoothing, (double)s->rows);
    s->squares1 = (double *)(void *)room;
    s->squares2 = s->squares1 + s->padded_rows;
    s->x1 = (real *)(s->squares2 + s->padded_rows);
    s->x2 = s->x1 + numbers[0];
    s->panels = s->x2 + numbers[0];
    s->g = numbers[2] ? s->panels + numbers[1] : NULL;
    /* zeros in what lies beyond N */
    memset(s->squares1 + s->rows, 0, (size_t)(rows - s->rows) * sizeof(double));
    memset(s->squares2 + s->rows, 0, (size_t)(rows - s->rows) * sizeof(double));
    from = (size_t)(s->rows * s->padded_length);
    memset(s->x1 + from, 0, (numbers[0] - from) * sizeof(real));
    memset(s->x2 + from, 0, (numbers[0] - from) * sizeof(real));
    from = (size_t)((s->rows - 1) / MXL_T(panel) * MXL_T(panel) * s->length);
    memset(s->panels + from, 0, (numbers[1] - from) * sizeof(real));
    from = (size_t)(s->rows * rows);
    if (s->g)
        memset(s->g + from, 0, (numbers[2] - from) * sizeof(real));
}

#if MXL_REAL == 32
static double sdml_square(const float *x, int64_t n) {
    double dots[3];
    dots_f32(x, x, n, dots);
    return dots[0];
}
#endif

/* phase 0: the rows of x1 and x2 that belong to a panel; two threads on one would be in each
 * other's way at every step */
static void MXL_T(sdml_prepare)(const mxl_job *job, const MXL_T(sdml) * s, int64_t panel) {
    enum { width = MXL_T(panel) };
    const int64_t first = panel * width, end = s->rows - first < width ? s->rows : first + width;
    const size_t tail = (size_t)(s->padded_length - s->length) * sizeof(real);
    real *out = s->panels + first * s->length;
    int64_t i, k;
    for (i = first; i < end; i++) {
        real *x1 = s->x1 + i * s->padded_length, *x2 = s->x2 + i * s->padded_length;
        memset(x1 + s->length, 0, tail);
        memset(x2 + s->length, 0, tail);
        if (s->g)
            memset(s->g + i * s->padded_rows + s->rows, 0,
                   (size_t)(s->padded_rows - s->rows) * sizeof(real));
        MXL_T(load)(x1, &job->in[0], i * s->length, s->length);
        MXL_T(load)(x2, &job->in[1], i * s->length, s->length);
#if MXL_REAL == 32
        s->squares1[i] = sdml_square(x1, s->padded_length);
        s->squares2[i] = sdml_square(x2, s->padded_length);
#endif
        for (k = 0; k < s->length; k++)
            out[k * width + i - first] = x2[k];
    }
}

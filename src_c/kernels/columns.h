/*
 * columns.h - tiles of rows that lie side by side, class by class, and the softmax of their columns
 *
 * Row by row, a row of 10 classes would mostly be a remainder, and the classes of an image (NCHW)
 * would be collected one by one. So many such rows are worked on at once: in the buffers of their
 * tile the first class of all rows comes first, then the second. Each class has room for `ld` rows,
 * a multiple of MXL_COLUMN_LANES, with zeros behind the last one.
 *
 * Compiled once per instruction set and MXL_REAL.
 */
typedef struct {
    int64_t first, rows; /* of the stream */
    int64_t ld, classes;
} MXL_T(columns);

static MXL_T(columns) MXL_T(columns_of)(int64_t first, int64_t rows, int64_t classes) {
    MXL_T(columns) t = {first, rows, 0, classes};
    t.ld = (rows + MXL_COLUMN_LANES - 1) / MXL_COLUMN_LANES * MXL_COLUMN_LANES;
    return t;
}

/* ---- Turning a matrix ---------------------------------------------------------------------- */

#if defined(__GNUC__)
typedef real MXL_T(quad) __attribute__((vector_size(4 * sizeof(real))));
#if defined(__clang__)
#define MXL_SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
typedef mxl_uint MXL_T(quad_index) __attribute__((vector_size(4 * sizeof(real))));
#define MXL_SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, (MXL_T(quad_index)){i, j, k, l})
#endif
#define MXL_LOW_PAIRS(a, b) MXL_SHUFFLE(a, b, 0, 4, 1, 5)
#define MXL_HIGH_PAIRS(a, b) MXL_SHUFFLE(a, b, 2, 6, 3, 7)
#endif

/* dst[j * to + i] = src[i * from + j] for i, j < 4 */
MXL_FN void MXL_T(turn_4x4)(real *dst, int64_t to, const real *src, int64_t from) {
#if defined(__GNUC__)
    MXL_T(quad) a, b, c, d, ac, bd, t;
    memcpy(&a, src, sizeof a);
    memcpy(&b, src + from, sizeof b);
    memcpy(&c, src + 2 * from, sizeof c);
    memcpy(&d, src + 3 * from, sizeof d);
    ac = MXL_LOW_PAIRS(a, c);
    bd = MXL_LOW_PAIRS(b, d);
    t = MXL_LOW_PAIRS(ac, bd);
    memcpy(dst, &t, sizeof t);
    t = MXL_HIGH_PAIRS(ac, bd);
    memcpy(dst + to, &t, sizeof t);
    ac = MXL_HIGH_PAIRS(a, c);
    bd = MXL_HIGH_PAIRS(b, d);
    t = MXL_LOW_PAIRS(ac, bd);
    memcpy(dst + 2 * to, &t, sizeof t);
    t = MXL_HIGH_PAIRS(ac, bd);
    memcpy(dst + 3 * to, &t, sizeof t);
#else
    int i, j;
    for (i = 0; i < 4; i++)
        for (j = 0; j < 4; j++)
            dst[j * to + i] = src[i * from + j];
#endif
}
#undef MXL_SHUFFLE
#undef MXL_LOW_PAIRS
#undef MXL_HIGH_PAIRS

/* dst[j * to + i] = src[i * from + j] for i < m, j < n, in blocks, of which the last ones reach
 * back over those before. Along the longer side first: of that, memory has more lines than a cache.
 */
static void MXL_T(turn)(real *restrict dst, int64_t to, const real *restrict src, int64_t from,
                        int64_t m, int64_t n) {
    const int tall = m >= n;
    const int64_t longer = tall ? m : n, shorter = tall ? n : m;
    int64_t i, j, k, l;
    if (shorter < 4) {
        for (j = 0; j < n; j++)
            for (i = 0; i < m; i++)
                dst[j * to + i] = src[i * from + j];
        return;
    }
    for (k = 0; k < longer; k += 4)
        for (l = 0; l < shorter; l += 4) {
            const int64_t a = k + 4 <= longer ? k : longer - 4;
            const int64_t b = l + 4 <= shorter ? l : shorter - 4;
            i = tall ? a : b;
            j = tall ? b : a;
            MXL_T(turn_4x4)(dst + j * to + i, to, src + i * from + j, from);
        }
}

static void MXL_T(clear_padding)(const MXL_T(columns) * t, real *columns) {
    int64_t c;
    for (c = 0; t->rows < t->ld && c < t->classes; c++)
        memset(columns + c * t->ld + t->rows, 0, (size_t)(t->ld - t->rows) * sizeof(real));
}

/* from rows to columns */
static void MXL_T(to_columns)(const MXL_T(columns) * t, real *columns, const real *rows) {
    MXL_T(turn)(columns, t->ld, rows, t->classes, t->rows, t->classes);
    MXL_T(clear_padding)(t, columns);
}

/* and back */
static void MXL_T(to_rows)(const MXL_T(columns) * t, real *rows, const real *columns) {
    MXL_T(turn)(rows, t->classes, columns, t->ld, t->classes, t->rows);
}

/* ---- Loading and storing ------------------------------------------------------------------- */

/* Whether a view's classes are an axis of their own and lie apart; then *rows is over the rows of
 * its first class, and *step how many bytes the next one is away. */
static int MXL_T(classes_apart)(const mxl_view *v, int64_t classes, mxl_view *rows, int64_t *step) {
    const int32_t last = v->ndim - 1;
    if (last == 0 || v->shape[last] != classes || v->stride[last] == 1)
        return 0;
    *rows = *v;
    rows->ndim = last;
    *step = v->stride[last] * v->itemsize;
    return 1;
}

/* Where the tile's elements of a view over the stream lie class by class, so that they need no
 * buffer, NULL if they do not; *ld receives the step from class to class. */
static real *MXL_T(columns_in_place)(const mxl_view *v, const MXL_T(columns) * t, int64_t *ld) {
    int64_t step;
    mxl_view rows;
    *ld = v->stride[v->ndim - 1];
    if (t->rows < t->ld || !MXL_T(classes_apart)(v, t->classes, &rows, &step))
        return NULL;
    return MXL_T(in_place)(&rows, t->first, t->rows);
}

/* The tile's elements of a view over the stream, whose own order `buffer` has room for. */
static void MXL_T(load_columns)(real *columns, const mxl_view *v, const MXL_T(columns) * t,
                                real *buffer) {
    int64_t step, run, row, c;
    mxl_cursor at;
    mxl_view rows;
    if (!MXL_T(classes_apart)(v, t->classes, &rows, &step)) {
        MXL_T(to_columns)
        (t, columns, MXL_T(input)(v, t->first * t->classes, t->rows * t->classes, buffer));
        return;
    }
    mxl_seek(&at, &rows, t->first);
    for (row = 0; row < t->rows; row += run) {
        const char *data = rows.data + at.offset * rows.itemsize;
        run = mxl_run_length(&at, &rows, t->rows - row);
        for (c = 0; c < t->classes; c++, data += step)
            MXL_T(load_run)
        (columns + c * t->ld + row, data, rows.dt, rows.stride[rows.ndim - 1], run);
        mxl_advance(&at, &rows, run);
    }
    MXL_T(clear_padding)(t, columns);
}

static void MXL_T(store_columns)(const mxl_view *v, const MXL_T(columns) * t, const real *columns,
                                 real *buffer) {
    const int64_t first = t->first * t->classes, n = t->rows * t->classes;
    int64_t step, run, row, c;
    mxl_cursor at;
    mxl_view rows;
    if (!MXL_T(classes_apart)(v, t->classes, &rows, &step)) {
        real *in_place = MXL_T(in_place)(v, first, n);
        MXL_T(to_rows)(t, in_place ? in_place : buffer, columns);
        if (!in_place)
            MXL_T(store)(v, first, n, buffer);
        return;
    }
    mxl_seek(&at, &rows, t->first);
    for (row = 0; row < t->rows; row += run) {
        char *data = rows.data + at.offset * rows.itemsize;
        run = mxl_run_length(&at, &rows, t->rows - row);
        for (c = 0; c < t->classes; c++, data += step)
            MXL_T(store_run)
        (data, rows.dt, rows.stride[rows.ndim - 1], columns + c * t->ld + row, run);
        mxl_advance(&at, &rows, run);
    }
}

/* ---- Sums ------------------------------------------------------------------------------------ */

#if MXL_REAL == 32
#define MXL_ADD_UP(s, c, x) ((s) += (double)(x))
#else
#define MXL_ADD_UP(s, c, x) MXL_TWO_SUM(s, c, x)
#endif

MXL_LOOP void MXL_T(add_columns)(const real *restrict x, int64_t ld, int64_t classes,
                                 double *restrict sum, double *restrict lost) {
    int64_t c, i;
    MXL_UNUSED(lost); /* by float */
    for (c = 0; c < classes; c++, x += ld)
        for (i = 0; i < ld; i++)
            MXL_ADD_UP(sum[i], lost[i], x[i]);
}

#if MXL_REAL == 32
/* the same, four classes at a time in float; 0 if one is not finite then */
MXL_LOOP int add_columns_by_fours(const float *restrict x, int64_t ld, int64_t classes,
                                  double *restrict sum) {
    int64_t c, i;
    int32_t wrong = 0;
    for (c = 0; c < classes; c += 4, x += 4 * ld)
        for (i = 0; i < ld; i++)
            sum[i] += (double)((x[i] + x[ld + i]) + (x[2 * ld + i] + x[3 * ld + i]));
    for (i = 0; i < ld; i++)
        wrong |= sum[i] - sum[i] != 0;
    return !wrong;
}
#endif

/* the sums of the rows of a tile, and what rounding took from them */
static void MXL_T(column_sums)(const real *x, const MXL_T(columns) * t, double *sum, double *lost) {
    const size_t bytes = (size_t)t->ld * sizeof *sum;
    int64_t c = 0;
    memset(sum, 0, bytes);
    memset(lost, 0, bytes);
#if MXL_REAL == 32
    c = t->classes / 4 * 4;
    if (!add_columns_by_fours(x, t->ld, c, sum)) {
        memset(sum, 0, bytes); /* perhaps only four floats overflowed: once more, one by one */
        c = 0;
    }
#endif
    MXL_T(add_columns)(x + c * t->ld, t->ld, t->classes - c, sum, lost);
}

/* an output takes the tile, whose elements follow those of the last one */
static void MXL_T(sink_columns)(MXL_T(sink) * s, const MXL_T(columns) * t, const real *columns,
                                real *buffer) {
    if (s->out->kind == MXL_ROWSUM && s->out->run % t->classes == 0) {
        double sum[MXL_SPARSE_TILE], lost[MXL_SPARSE_TILE];
        MXL_T(column_sums)(columns, t, sum, lost);
        MXL_T(sink_sums)(s, sum, lost, t->rows, t->classes);
    } else if (s->out->kind == MXL_DIRECT) {
        MXL_T(store_columns)(&s->out->view, t, columns, buffer);
    } else if (s->out->kind != MXL_UNWANTED) {
        MXL_T(to_rows)(t, buffer, columns);
        MXL_T(sink_put)(s, t->first * t->classes, buffer, t->rows * t->classes);
    }
}

/* ---- Softmax ------------------------------------------------------------------------------- */

/* max: the largest of each row, NaNs passed over, which show in the sum */
MXL_LOOP void MXL_T(column_maxima)(real *restrict max, const real *restrict x, int64_t ld,
                                   int64_t rows, int64_t classes) {
    const real lowest = MXL_T(from_bits)(MXL_T(bits)((real)HUGE_VAL) | MXL_SIGN_BIT);
    int64_t c, i;
    for (i = 0; i < rows; i++)
        max[i] = lowest;
    for (c = 0; c < classes; c++)
        for (i = 0; i < rows; i++)
            max[i] = x[c * ld + i] > max[i] ? x[c * ld + i] : max[i];
}

#if MXL_REAL == 32
typedef int32_t count_f32;
#else
typedef double count_f64; /* not every instruction set converts wide integers */
#endif

/* The exponentials e of one, two or four classes. Their sums without those that
 * are 1 join `rest`, with what rounding took in `lost`, the number of ones joins `ones`. */
MXL_FN void MXL_T(column_step)(const real *restrict x, int64_t ldx, const real *restrict max,
                               real *restrict e, int64_t lde, double *restrict rest,
                               double *restrict lost, MXL_T(count) *restrict ones, int64_t rows,
                               int together) {
    int64_t i;
    MXL_UNUSED(lost);
#define MXL_EXP(k) MXL_T(exp_below_1)(x[(k) * ldx + i] - max[i])
#define MXL_BUT_ONE(e) ((e) == 1 ? 0 : (e))
#define MXL_ONE(e) ((e) == 1 ? 1 : 0)
    for (i = 0; i < rows; i++) {
        const real a = MXL_EXP(0);
        real sum = MXL_BUT_ONE(a);
        MXL_T(count) hits = MXL_ONE(a);
        e[i] = a;
        if (together >= 2) {
            const real b = MXL_EXP(1);
            sum += MXL_BUT_ONE(b);
            hits += MXL_ONE(b);
            e[lde + i] = b;
        }
        if (together == 4) {
            const real c = MXL_EXP(2), d = MXL_EXP(3);
            sum += MXL_BUT_ONE(c) + MXL_BUT_ONE(d);
            hits += MXL_ONE(c) + MXL_ONE(d);
            e[2 * lde + i] = c;
            e[3 * lde + i] = d;
        }
        MXL_ADD_UP(rest[i], lost[i], sum);
        ones[i] += hits;
    }
#undef MXL_EXP
#undef MXL_BUT_ONE
#undef MXL_ONE
}

/* Of rows side by side their maxima, their exponentials e (of the differences to max) and, in r,
 * the sum of these without one that is 1; NaN if the maximum is infinite, as inf - inf. */
MXL_LOOP void MXL_T(column_softmax)(const real *restrict x, int64_t ldx, real *restrict e,
                                    int64_t lde, int64_t rows, int64_t classes, real *restrict max,
                                    double *restrict r) {
    enum { most = MXL_SPARSE_TILE };
    double lost[most];
    MXL_T(count) ones[most];
    int64_t c = 0, i;
    MXL_T(column_maxima)(max, x, ldx, rows, classes);
    for (i = 0; i < rows; i++) {
        r[i] = lost[i] = 0;
        ones[i] = -1;
    }
#if MXL_REAL == 32
    for (; c + 4 <= classes; c += 4)
        MXL_T(column_step)(x + c * ldx, ldx, max, e + c * lde, lde, r, lost, ones, rows, 4);
    if (c + 2 <= classes) {
        MXL_T(column_step)(x + c * ldx, ldx, max, e + c * lde, lde, r, lost, ones, rows, 2);
        c += 2;
    }
#endif
    for (; c < classes; c++)
        MXL_T(column_step)(x + c * ldx, ldx, max, e + c * lde, lde, r, lost, ones, rows, 1);
    for (i = 0; i < rows; i++)
        r[i] = (r[i] + (MXL_REAL == 64 ? lost[i] : 0)) + (double)ones[i];
}

#undef MXL_ADD_UP

/*
 * softmax.h - rows of scores that lie contiguously: maximum, exponentials, log-softmax
 *
 * Compiled once per instruction set and MXL_REAL.
 */

/* The largest of n > 0 elements; NaNs are passed over, they show in the sum. 32 lanes: with 16 gcc
 * 12 stays scalar. */
static real MXL_T(row_max)(const real *x, int64_t n) {
    enum { lanes = 32 };
    const real lowest = MXL_T(from_bits)(MXL_T(bits)((real)HUGE_VAL) | MXL_SIGN_BIT);
    real top = lowest;
    int64_t i = 0;
    if (n >= lanes) {
        real a[lanes];
        int l;
        for (l = 0; l < lanes; l++)
            a[l] = lowest;
        for (; i + lanes <= n; i += lanes)
            for (l = 0; l < lanes; l++)
                a[l] = x[i + l] > a[l] ? x[i + l] : a[l];
        for (l = 0; l < lanes; l++) /* some of them once more */
            a[l] = x[n - lanes + l] > a[l] ? x[n - lanes + l] : a[l];
        for (l = 0; l < 16; l++)
            a[l] = a[l + 16] > a[l] ? a[l + 16] : a[l];
        for (l = 0; l < 8; l++)
            a[l] = a[l + 8] > a[l] ? a[l + 8] : a[l];
        for (l = 0; l < 8; l++)
            top = a[l] > top ? a[l] : top;
        return top;
    }
    for (; i < n; i++)
        top = x[i] > top ? x[i] : top;
    return top;
}

MXL_LOOP void MXL_T(exponentials_run)(real *restrict e, const real *restrict x, int64_t n,
                                      real max) {
    int64_t i;
    for (i = 0; i < n; i++)
        e[i] = MXL_T(exp_below_1)(x[i] - max);
}

/* exp(x_i - max). What is left behind whole vectors is done as the last 16 elements, some of them
 * once more: one by one they would take as long as all vectors of a row of 100. */
static void MXL_T(exponentials)(real *e, const real *x, int64_t n, real max) {
    enum { width = 16 };
    const int64_t whole = n < width ? n : n / width * width;
    MXL_T(exponentials_run)(e, x, whole, max);
    if (whole < n)
        MXL_T(exponentials_run)(e + n - width, x + n - width, width, max);
}

/* e_i = exp(x_i - max); returns the sum of those that are not 1, which *ones counts. Meanwhile,
 * memory that lies `ahead` elements behind x is asked for, and what e will be written to: that
 * gained 15 % of a large SoftmaxCE. */
static MXL_T(sum)
    MXL_T(block_exp)(const real *x, real *e, int64_t n, real max, int64_t ahead, double *ones) {
    MXL_T(sum) r = {0, 0};
    enum { block = 512, line = 64 / sizeof(real), piece = 8 * line };
    double some;
    int64_t i, start, end, from, to;
    *ones = 0;
    for (start = 0; start < n; start = end) {
        end = start + block < n ? start + block : n;
        for (from = start; from < end; from = to) {
            to = from + piece < end ? from + piece : end;
            for (i = from; i < to; i += line) {
                MXL_PREFETCH((uintptr_t)(const void *)x + (uintptr_t)(ahead + i) * sizeof(real));
                MXL_PREFETCH_WRITE((uintptr_t)(void *)e +
                                   (uintptr_t)(2 * piece + i) * sizeof(real));
            }
            MXL_T(exponentials)(e + from, x + from, to - from, max);
        }
        MXL_T(add)(&r, MXL_T(rest_of)(e + start, end - start, &some));
        *ones += some;
    }
    return r;
}

/* e_i = exp(x_i - max), and the sum of all of them without one that is 1. Infinite max: NaN, as
 * inf - inf. */
static double MXL_T(row_exp)(const real *x, real *e, int64_t n, real max) {
    double ones;
    const MXL_T(sum) r = MXL_T(block_exp)(x, e, n, max, n, &ones);
    return MXL_T(total)(r) + (ones - 1) + (max - max);
}

/* Long rows of float go in blocks, each with exponentials of the differences to its own maximum: so
 * a row comes from memory once. double has nothing wider for what brings the blocks together. */
#if MXL_REAL == 32
enum { softmax_block_f32 = 4096 };
#else
static const int64_t softmax_block_f64 = INT64_MAX;
#endif

static int64_t MXL_T(softmax_blocks)(int64_t n) {
    return (n - 1) / MXL_T(softmax_block) + 1;
}

typedef struct {
    real max;
    double r;              /* sum of all exponentials of differences to max but one that is 1 */
    const double *weights; /* what makes a block's exponentials such ones */
} MXL_T(softmax);

/* Of the row x; e receives the exponentials of its blocks, room[3 * blocks] the weights. */
static MXL_T(softmax) MXL_T(row_softmax)(const real *x, real *e, int64_t n, double *room) {
    const int64_t blocks = MXL_T(softmax_blocks)(n), block = MXL_T(softmax_block);
    double *weights = room, *rests = room + blocks, *ones = room + 2 * blocks, all_ones = 0;
    MXL_T(softmax) row = {0, 0, weights};
    int64_t b;
    if (blocks == 1) {
        row.max = MXL_T(row_max)(x, n);
        row.r = MXL_T(row_exp)(x, e, n, row.max);
        weights[0] = 1;
        return row;
    }
    for (b = 0; b < blocks; b++) {
        const int64_t at = b * block, m = n - at < block ? n - at : block;
        const real max = MXL_T(row_max)(x + at, m);
        const real from = max < 0 && max - max != 0 ? 0 : max; /* nothing but -inf: all 0 */
        rests[b] = MXL_T(total)(MXL_T(block_exp)(x + at, e + at, m, from, block, &ones[b]));
        weights[b] = (double)max;
        row.max = b == 0 || max > row.max ? max : row.max;
    }
    for (b = 0; b < blocks; b++)
        weights[b] = exp_f64(weights[b] - (double)row.max);
    for (b = 0; b < blocks; b++) {
        const int whole = weights[b] == 1; /* then ones are ones; else only part of the rest */
        all_ones += whole ? ones[b] : 0;
        row.r += whole ? rests[b] : (rests[b] + ones[b]) * weights[b];
    }
    row.r += (all_ones - 1) + (double)(row.max - row.max);
    return row;
}

MXL_LOOP void MXL_T(log_softmax_run)(real *restrict lp, const real *restrict x, int64_t n, real max,
                                     real log_sum) {
    int64_t i;
    for (i = 0; i < n; i++)
        lp[i] = (x[i] - max) - log_sum;
}

/* lp = log(softmax) of n elements of a row with this maximum and logarithm of the sum of
 * exponentials; what is left behind whole vectors as in exponentials */
static void MXL_T(log_softmax)(real max, real log_sum, const real *x, real *lp, int64_t n) {
    enum { width = 16 };
    const int64_t whole = n < width ? n : n / width * width;
    MXL_T(log_softmax_run)(lp, x, whole, max, log_sum);
    if (whole < n)
        MXL_T(log_softmax_run)(lp + n - width, x + n - width, width, max, log_sum);
}

/* In place, what is left behind whole vectors is computed first and written last: */

MXL_LOOP void MXL_T(scale_run)(real *restrict x, real factor, int64_t n) {
    enum { width = 16 };
    const int64_t whole = n < width ? n : n / width * width;
    real last[width];
    int64_t i;
    for (i = 0; whole < n && i < width; i++)
        last[i] = x[n - width + i] * factor;
    for (i = 0; i < whole; i++)
        x[i] *= factor;
    if (whole < n)
        memcpy(x + n - width, last, sizeof last);
}

/* d -= e * factor */
MXL_LOOP void MXL_T(subtract_run)(real *restrict d, const real *restrict e, real factor,
                                  int64_t n) {
    enum { width = 16 };
    const int64_t whole = n < width ? n : n / width * width;
    real last[width];
    int64_t i;
    for (i = 0; whole < n && i < width; i++)
        last[i] = d[n - width + i] - e[n - width + i] * factor;
    for (i = 0; i < whole; i++)
        d[i] = d[i] - e[i] * factor;
    if (whole < n)
        memcpy(d + n - width, last, sizeof last);
}

/* e: from a row's exponentials to `scale` times its softmax */
static void MXL_T(scale_row)(const MXL_T(softmax) * row, real *e, double scale, int64_t n) {
    const int64_t block = MXL_T(softmax_block);
    const double factor = scale / (1 + row->r);
    int64_t at, m, b;
    for (at = 0, b = 0; at < n; at += m, b++) {
        m = n - at < block ? n - at : block;
        MXL_T(scale_run)(e + at, (real)(factor * row->weights[b]), m);
    }
}

/* of a row, from d, the gradient with respect to log(softmax), whose sum is `sum`, to that with
 * respect to the scores: d_i - softmax_i * sum */
static void MXL_T(softmax_gradient)(const MXL_T(softmax) * row, real *d, const real *e,
                                    MXL_T(sum) sum, int64_t n) {
    const int64_t block = MXL_T(softmax_block);
    const double factor = MXL_T(total)(sum) / (1 + row->r);
    int64_t at, m, b;
    for (at = 0, b = 0; at < n; at += m, b++) {
        m = n - at < block ? n - at : block;
        MXL_T(subtract_run)(d + at, e + at, (real)(factor * row->weights[b]), m);
    }
}

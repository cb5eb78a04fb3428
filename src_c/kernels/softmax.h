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

/* e_i = exp(x_i - max), and the sum of all of them without one that is 1. Infinite max: NaN, as
 * inf - inf. Between pieces the memory behind the row, where the next one usually lies, is asked
 * for: finding a maximum waits for memory, and this hides most of that (7 to 12 % of a large
 * SoftmaxCE); and what e will be written to (another 7 %). */
static double MXL_T(row_exp)(const real *x, real *e, int64_t n, real max) {
    MXL_T(sum) r = {0, 0};
    enum { block = 512, line = 64 / sizeof(real), piece = 8 * line };
    double ones, all_ones = -1;
    int64_t i, start, end, from, to;
    for (start = 0; start < n; start = end) {
        end = start + block < n ? start + block : n;
        for (from = start; from < end; from = to) {
            to = from + piece < end ? from + piece : end;
            for (i = from; i < to; i += line) {
                MXL_PREFETCH((uintptr_t)(const void *)x + (uintptr_t)(n + i) * sizeof(real));
                MXL_PREFETCH_WRITE((uintptr_t)(void *)e +
                                   (uintptr_t)(2 * piece + i) * sizeof(real));
            }
            MXL_T(exponentials)(e + from, x + from, to - from, max);
        }
        MXL_T(add)(&r, MXL_T(rest_of)(e + start, end - start, &ones));
        all_ones += ones;
    }
    return MXL_T(total)(r) + all_ones + (max - max);
}

typedef struct {
    real max, log_sum; /* of the exponentials of the differences to max */
    double inverse;    /* 1 over that sum */
} MXL_T(softmax);

/* of the row x; e receives its exponentials */
static MXL_T(softmax) MXL_T(row_softmax)(const real *x, real *e, int64_t n) {
    MXL_T(softmax) row;
    double r;
    row.max = MXL_T(row_max)(x, n);
    r = MXL_T(row_exp)(x, e, n, row.max);
    row.log_sum = (real)mxl_log1p(r);
    row.inverse = 1 / (1 + r);
    return row;
}

MXL_LOOP void MXL_T(log_softmax_run)(real *restrict lp, const real *restrict x, int64_t n, real max,
                                     real log_sum) {
    int64_t i;
    for (i = 0; i < n; i++)
        lp[i] = (x[i] - max) - log_sum;
}

/* lp = log(softmax) of n elements of the row; what is left behind whole vectors as in exponentials
 */
static void MXL_T(log_softmax)(const MXL_T(softmax) * row, const real *x, real *lp, int64_t n) {
    enum { width = 16 };
    const int64_t whole = n < width ? n : n / width * width;
    MXL_T(log_softmax_run)(lp, x, whole, row->max, row->log_sum);
    if (whole < n)
        MXL_T(log_softmax_run)
    (lp + n - width, x + n - width, width, row->max, row->log_sum);
}

/* In place, what is left behind whole vectors is computed first and written last: */

MXL_LOOP void MXL_T(scale_row)(real *restrict x, real factor, int64_t n) {
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

/* of a row, from d, the gradient with respect to log(softmax), whose sum is `sum`, to that with
 * respect to the scores: d_i - softmax_i * sum */
static void MXL_T(softmax_gradient)(real *restrict d, const real *restrict e,
                                    const MXL_T(softmax) * row, MXL_T(sum) sum, int64_t n) {
    enum { width = 16 };
    const int64_t whole = n < width ? n : n / width * width;
    const real factor = (real)(MXL_T(total)(sum) * row->inverse);
    real last[width];
    int64_t i;
    for (i = 0; whole < n && i < width; i++)
        last[i] = d[n - width + i] - e[n - width + i] * factor;
    for (i = 0; i < whole; i++)
        d[i] = d[i] - e[i] * factor;
    if (whole < n)
        memcpy(d + n - width, last, sizeof last);
}

/*
 * softmax.h - rows of scores that lie contiguously: maximum, exponentials, log-softmax
 *
 * Compiled once per instruction set and MXL_REAL.
 */

/* The largest of n > 0 elements; NaNs are passed over, they show in the sum. *at is where it is (0
 * when there is none, in a row of NaNs). A block's maximum takes 32 lanes: with 16 gcc 12 stays
 * scalar. The position is searched in the best block only. */
static real MXL_T(row_max)(const real *x, int64_t n, int64_t *at) {
    enum { lanes = 32, block = 2048 };
    const real lowest = MXL_T(from_bits)(MXL_T(bits)((real)HUGE_VAL) | MXL_SIGN_BIT);
    real best = lowest;
    int64_t i, start, best_start = 0;
    for (start = 0; start < n; start += block) {
        const real *b = x + start;
        int64_t m = n - start < block ? n - start : block;
        real top = lowest;
        i = 0;
        if (m >= lanes) {
            real a[lanes];
            int l;
            for (l = 0; l < lanes; l++)
                a[l] = lowest;
            for (; i + lanes <= m; i += lanes)
                for (l = 0; l < lanes; l++)
                    a[l] = b[i + l] > a[l] ? b[i + l] : a[l];
            for (l = 0; l < 16; l++)
                a[l] = a[l + 16] > a[l] ? a[l + 16] : a[l];
            for (l = 0; l < 8; l++)
                a[l] = a[l + 8] > a[l] ? a[l + 8] : a[l];
            for (l = 0; l < 8; l++)
                top = a[l] > top ? a[l] : top;
        }
        for (; i < m; i++)
            top = b[i] > top ? b[i] : top;
        if (top > best) {
            best = top;
            best_start = start;
        }
    }
    for (i = best_start; i + lanes <= n; i += lanes) { /* all at once, so that it vectorises */
        int found = 0, l;
        for (l = 0; l < lanes; l++)
            found |= x[i + l] == best;
        if (found)
            break;
    }
    while (i < n && x[i] != best)
        i++;
    *at = i < n ? i : 0;
    return best;
}

MXL_LOOP void MXL_T(exponentials)(real *restrict e, const real *restrict x, int64_t n, real max) {
    int64_t i;
    for (i = 0; i < n; i++)
        e[i] = MXL_T(exp_below_1)(x[i] - max);
}

/* e_i = exp(x_i - max), and the sum of all but e_at. Infinite max: NaN, as inf - inf.
 * Between blocks the memory behind the row, where the next one usually lies, is asked for: finding
 * a maximum waits for memory, and this hides most of that (7 to 12 % of a large SoftmaxCE). */
static double MXL_T(row_exp)(const real *x, real *e, int64_t n, real max, int64_t at) {
    MXL_T(sum) r = {0, 0};
    enum { block = 512, line = 64 / sizeof(real), piece = 8 * line };
    int64_t i, start, end, from, to;
    for (start = 0; start < n; start = end) {
        real at_max = 0;
        end = start + block < n ? start + block : n;
        for (from = start; from < end; from = to) {
            to = from + piece < end ? from + piece : end;
            for (i = from; i < to; i += line)
                MXL_PREFETCH((uintptr_t)(const void *)x + (uintptr_t)(n + i) * sizeof(real));
            MXL_T(exponentials)(e + from, x + from, to - from, max);
        }
        if (at >= start && at < end) {
            at_max = e[at];
            e[at] = 0;
        }
        MXL_T(add)(&r, MXL_T(sum_of)(e + start, end - start));
        if (at >= start && at < end)
            e[at] = at_max;
    }
    return MXL_T(total)(r) + (max - max);
}

typedef struct {
    real max, log_sum; /* of the exponentials of the differences to max */
    real inverse;      /* 1 over that sum */
} MXL_T(softmax);

/* of the row x; e receives its exponentials */
static MXL_T(softmax) MXL_T(row_softmax)(const real *x, real *e, int64_t n) {
    MXL_T(softmax) row;
    double r;
    int64_t at;
    row.max = MXL_T(row_max)(x, n, &at);
    r = MXL_T(row_exp)(x, e, n, row.max, at);
    row.log_sum = (real)mxl_log1p(r);
    row.inverse = (real)(1 / (1 + r));
    return row;
}

/* lp = log(softmax) and, from exponentials to probabilities in place, sm = softmax, of n elements
 * of the row */
static void MXL_T(log_softmax)(const MXL_T(softmax) * row, const real *restrict x,
                               real *restrict lp, real *restrict sm, int64_t n) {
    const real max = row->max, log_sum = row->log_sum, inverse = row->inverse;
    int64_t i;
    for (i = 0; i < n; i++) {
        lp[i] = (x[i] - max) - log_sum;
        sm[i] *= inverse;
    }
}

/* of a row, from d, the gradient with respect to log(softmax), whose sum is `sum`, to that with
 * respect to the scores, in place: d_i - softmax_i * sum */
static void MXL_T(softmax_gradient)(real *restrict d, const real *restrict sm, MXL_T(sum) sum,
                                    int64_t n) {
    const real total = (real)MXL_T(total)(sum);
    int64_t i;
    for (i = 0; i < n; i++)
        d[i] = d[i] - sm[i] * total;
}

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

/* e_i = exp(x_i - max), and the sum of all but e_at. Infinite max: NaN, as inf - inf.
 * Between blocks the memory behind the row, where the next one usually lies, is asked for: finding
 * a maximum waits for memory, and this hides most of that (7 to 12 % of a large SoftmaxCE). */
static double MXL_T(row_exp)(const real *restrict x, real *restrict e, int64_t n, real max,
                             int64_t at) {
    MXL_T(sum) r = {0, 0};
    enum { block = 256, line = 64 };
    real at_max;
    int64_t i, start, end;
    for (start = 0; start < n; start = end) {
        end = start + block < n ? start + block : n;
        for (i = start; i < end; i += line / (int)sizeof(real))
            MXL_PREFETCH((uintptr_t)x + (uintptr_t)(n + i) * sizeof(real));
        for (i = start; i < end; i++)
            e[i] = MXL_T(exp_below_1)(x[i] - max);
    }
    at_max = e[at];
    e[at] = 0;
    r = MXL_T(sum_of)(e, n);
    e[at] = at_max;
    return MXL_T(total)(r) + (max - max);
}

/* lp = log(softmax), sm = softmax, of n / classes rows */
static void MXL_T(log_softmax)(const real *restrict x, real *restrict lp, real *restrict sm,
                               int64_t n, int64_t classes) {
    int64_t start, i, at;
    for (start = 0; start < n; start += classes) {
        const real max = MXL_T(row_max)(x + start, classes, &at);
        const double r = MXL_T(row_exp)(x + start, sm + start, classes, max, at);
        const real log_sum = (real)mxl_log1p(r), inverse = (real)(1 / (1 + r));
        for (i = start; i < start + classes; i++) {
            lp[i] = (x[i] - max) - log_sum;
            sm[i] *= inverse;
        }
    }
}

/* from d, the gradient with respect to log(softmax), to that with respect to the scores, in place:
 * d_i - softmax_i * sum of d */
static void MXL_T(softmax_gradient)(real *restrict d, const real *restrict sm, int64_t n,
                                    int64_t classes) {
    int64_t start, i;
    for (start = 0; start < n; start += classes) {
        const real total = (real)MXL_T(total)(MXL_T(sum_of)(d + start, classes));
        for (i = start; i < start + classes; i++)
            d[i] = d[i] - sm[i] * total;
    }
}

/*
 * short_rows.h - softmax of many short rows that lie one after another
 *
 * Row by row, a row of 10 classes would mostly be a remainder. So exponentials and products run
 * over all rows at once, with a number of each row spread out over its elements, and maxima and
 * sums by columns, across the rows.
 *
 * Compiled once per instruction set and MXL_REAL.
 */

enum { MXL_T(spread_step) = 16 };

/* wide: each of x as often as a row has elements. Writes up to spread_step beyond the end. */
MXL_LOOP void MXL_T(spread)(real *wide, real *x, int64_t rows, int64_t n) {
    int64_t r, i;
    int l;
    for (r = 0; r < rows; r++, wide += n)
        for (i = 0; i < n; i += MXL_T(spread_step))
            for (l = 0; l < MXL_T(spread_step); l++)
                wide[i + l] = x[r];
}

/* max: the largest of each row, NaNs passed over */
MXL_LOOP void MXL_T(column_maxima)(real *restrict max, const real *restrict x, int64_t rows,
                                   int64_t n) {
    const real lowest = MXL_T(from_bits)(MXL_T(bits)((real)HUGE_VAL) | MXL_SIGN_BIT);
    int64_t r, i;
    for (r = 0; r < rows; r++)
        max[r] = lowest;
    for (i = 0; i < n; i++)
        for (r = 0; r < rows; r++)
            max[r] = x[r * n + i] > max[r] ? x[r * n + i] : max[r];
}

#if MXL_REAL == 32
#define MXL_ADD_UP(s, c, x) ((s) += (x))
#else
#define MXL_ADD_UP(s, c, x) MXL_TWO_SUM(s, c, x)
#endif

/* The sum of each row of exponentials without those that are 1, and how many of these there are. */
MXL_LOOP void MXL_T(column_rests)(double *restrict rest, double *restrict lost,
                                  double *restrict ones, const real *restrict e, int64_t rows,
                                  int64_t n) {
    int64_t r, i;
    for (r = 0; r < rows; r++)
        rest[r] = lost[r] = ones[r] = 0;
    for (i = 0; i < n; i++)
        for (r = 0; r < rows; r++) {
            const double x = (double)e[r * n + i];
            MXL_ADD_UP(rest[r], lost[r], x == 1 ? 0 : x);
            ones[r] += x == 1 ? 1 : 0;
        }
}

#undef MXL_ADD_UP

/* Of `rows` rows of n scores: their maxima, their exponentials e, and, in r, the sum of these
 * without one that is 1. `wide` has room for all of them. */
static void MXL_T(short_softmax)(const real *x, real *e, real *wide, int64_t rows, int64_t n,
                                 real *max, double *r) {
    enum { most = MXL_TILE_BYTES / sizeof(real) };
    double lost[most], ones[most];
    int64_t i;
    MXL_T(column_maxima)(max, x, rows, n);
    MXL_T(spread)(wide, max, rows, n);
    MXL_T(exponentials_of)(e, x, wide, rows * n);
    MXL_T(column_rests)(r, lost, ones, e, rows, n);
    for (i = 0; i < rows; i++) {
        r[i] += MXL_REAL == 64 ? lost[i] : 0;
        r[i] += ones[i] - 1;
        r[i] += (double)(max[i] - max[i]); /* NaN when the maximum is infinite */
    }
}

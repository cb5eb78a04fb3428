/*
 * reduce.h - sums in a fixed order, and outputs that are sums of positions
 *
 * float is summed in double: four floats pairwise, then 16 lanes. double is summed with its
 * rounding errors carried along (Knuth's two-sum, 32 lanes). Which elements meet in which lane
 * depends on their number only, never on the instruction set.
 *
 * Compiled once per instruction set and MXL_REAL.
 */
typedef struct {
    double s, c; /* sum and what rounding took from it (always 0 for float) */
} MXL_T(sum);

#if MXL_REAL == 64
#define MXL_TWO_SUM(s, c, x)                                                                       \
    do {                                                                                           \
        double x_ = (x), t_ = (s) + x_, b_ = t_ - (s);                                             \
        (c) += ((s) - (t_ - b_)) + (x_ - b_);                                                      \
        (s) = t_;                                                                                  \
    } while (0)
#endif

MXL_FN void MXL_T(add)(MXL_T(sum) * a, MXL_T(sum) b) {
#if MXL_REAL == 32
    a->s += b.s;
#else
    MXL_TWO_SUM(a->s, a->c, b.s);
    a->c += b.c;
#endif
}

MXL_FN double MXL_T(total)(MXL_T(sum) a) {
    double t = a.s + a.c;
    return a.s - a.s == 0 ? t : a.s; /* at inf and NaN the correction is NaN */
}

#if MXL_REAL == 32
enum { MXL_SUM_STEP = 64 };

/* last: with zeros in front, the last n of the elements that end at `end`; at least a step of them
 * can be read, if not all are few */
MXL_LOOP void last_of(float *restrict last, const float *restrict end, int32_t n, int few) {
    const float *v = end - MXL_SUM_STEP;
    const int32_t first = MXL_SUM_STEP - n;
    int32_t i;
    if (few) {
        memset(last, 0, MXL_SUM_STEP * sizeof *last);
        memcpy(last + first, end - n, (size_t)n * sizeof *last);
        return;
    }
    for (i = 0; i < MXL_SUM_STEP; i++)
        last[i] = i < first ? 0 : v[i];
}

enum { MXL_SUM_LANES = 16 };

/* n elements, whole steps, join the lanes; with `rest` only those that are not 1, which `others`
 * counts */
MXL_FN void add_steps(double *restrict lanes, uint32_t *restrict others, const float *restrict v,
                      int64_t n, int rest) {
    enum { w = MXL_SUM_LANES };
    double a[w];
    uint32_t count[w];
    int64_t i;
    int l;
#define MXL_BUT_ONES(x) (rest && (x) == 1 ? 0.0f : (x))
#define MXL_OTHER(x) (rest && (x) == 1 ? 0u : 1u) /* so one comparison serves for both */
    for (l = 0; l < w; l++) {
        a[l] = lanes[l];
        count[l] = others[l];
    }
    for (i = 0; i < n; i += MXL_SUM_STEP)
        for (l = 0; l < w; l++) {
            const float p = v[i + l], q = v[i + w + l], r = v[i + 2 * w + l], s = v[i + 3 * w + l];
            a[l] += (MXL_BUT_ONES(p) + MXL_BUT_ONES(q)) + (MXL_BUT_ONES(r) + MXL_BUT_ONES(s));
            count[l] += MXL_OTHER(p) + MXL_OTHER(q) + MXL_OTHER(r) + MXL_OTHER(s);
        }
    for (l = 0; l < w; l++) {
        lanes[l] = a[l];
        others[l] = count[l];
    }
#undef MXL_BUT_ONES
#undef MXL_OTHER
}

/* With `rest`, of all elements that are not 1; *ones receives how many are. */
MXL_FN sum_f32 sum_up_f32(const float *v, int64_t n, int rest, double *ones) {
    sum_f32 r = {0, 0};
    const int64_t whole = n / MXL_SUM_STEP * MXL_SUM_STEP;
    uint32_t others[MXL_SUM_LANES] = {0};
    double a[MXL_SUM_LANES] = {0};
    float last[MXL_SUM_STEP];
    int64_t i;
    int l;
    if (whole > 0)
        add_steps(a, others, v, whole, rest);
    if (whole < n) {
        last_of(last, v + n, (int32_t)(n - whole), whole == 0);
        add_steps(a, others, last, MXL_SUM_STEP, rest);
    }
    for (l = 0; l < 8; l++)
        a[l] += a[l + 8];
    for (l = 0; l < 4; l++)
        a[l] += a[l + 4];
    r.s = (a[0] + a[2]) + (a[1] + a[3]);
    if (r.s - r.s != 0) /* perhaps only a pair of floats overflowed: once more, slowly */
        for (i = 0, r.s = 0; i < n; i++)
            r.s += rest && v[i] == 1 ? 0 : v[i];
    if (rest) {
        for (l = 0; l < 8; l++)
            others[l] += others[l + 8];
        for (l = 0; l < 4; l++)
            others[l] += others[l + 4];
        *ones = (double)((uint32_t)(whole < n ? whole + MXL_SUM_STEP : n) -
                         ((others[0] + others[2]) + (others[1] + others[3])));
    }
    return r;
}
#else
MXL_FN sum_f64 sum_up_f64(const double *v, int64_t n, int rest, double *ones) {
    sum_f64 r = {0, 0};
    enum { lanes = 32 }; /* with fewer gcc 12 stays scalar */
    uint64_t count[lanes] = {0}, all = 0;
    int64_t i = 0;
    int l;
#define MXL_BUT_ONES(x) (rest && (x) == 1 ? 0.0 : (x))
#define MXL_COUNT(x) (rest && (x) == 1 ? 1u : 0u)
    if (n >= lanes) {
        double s[lanes] = {0}, c[lanes] = {0};
        for (; i + lanes <= n; i += lanes)
            for (l = 0; l < lanes; l++) {
                const double x = v[i + l];
                MXL_TWO_SUM(s[l], c[l], MXL_BUT_ONES(x));
                count[l] += MXL_COUNT(x);
            }
        for (l = 0; l < lanes; l++) {
            MXL_TWO_SUM(r.s, r.c, s[l]);
            r.c += c[l];
        }
    }
    for (; i < n; i++) {
        MXL_TWO_SUM(r.s, r.c, MXL_BUT_ONES(v[i]));
        count[0] += MXL_COUNT(v[i]);
    }
#undef MXL_BUT_ONES
#undef MXL_COUNT
    if (rest) {
        for (l = 0; l < lanes; l++)
            all += count[l];
        *ones = (double)all;
    }
    return r;
}
#endif

static MXL_T(sum) MXL_T(sum_of)(const real *v, int64_t n) {
    return MXL_T(sum_up)(v, n, 0, NULL);
}

static MXL_T(sum) MXL_T(rest_of)(const real *v, int64_t n, double *ones) {
    return MXL_T(sum_up)(v, n, 1, ones);
}

/* ---- Outputs ------------------------------------------------------------------------------- */

/* What one chunk adds to an output. */
typedef struct {
    const mxl_output *out;
    double factor;    /* on every finished sum */
    double *cells;    /* SCATTER: `size` sums, for double followed by their corrections */
    MXL_T(sum) open;  /* ROWSUM: the sum in progress, */
    int64_t in_open;  /* how many positions it has, */
    int64_t finished; /* and how many are behind it */
} MXL_T(sink);

/* numbers that a chunk's cells take up */
static int64_t MXL_T(cells_of)(const mxl_output *out) {
    return out->kind == MXL_SCATTER ? out->size * (MXL_REAL / 32) : 0;
}

/* for the chunk that begins at `position`, with its cells, all 0 */
static void MXL_T(sink_open)(MXL_T(sink) * s, const mxl_output *out, double factor,
                             int64_t position, double *cells) {
    memset(s, 0, sizeof *s);
    s->out = out;
    s->factor = factor;
    s->cells = cells;
    if (out->kind == MXL_ROWSUM)
        s->finished = position / out->run;
}

#if MXL_REAL == 32
/* the sums of short rows: of two or three elements side by side, of more each along itself */
MXL_LOOP void sums_of_short_rows(double *restrict sums, const float *restrict v, int64_t run,
                                 int64_t rows) {
    enum { lanes = 8 };
    int64_t i, r;
    int l;
    if (run < 4) {
        for (r = 0; r < rows; r++)
            sums[r] = v[r * run];
        for (i = 1; i < run; i++)
            for (r = 0; r < rows; r++)
                sums[r] += v[r * run + i];
        return;
    }
    for (r = 0; r < rows; r++, v += run) {
        double a[lanes] = {0}, left = 0;
        for (i = 0; i + lanes <= run; i += lanes)
            for (l = 0; l < lanes; l++)
                a[l] += v[i + l];
        for (; i < run; i++)
            left += v[i];
        for (l = 0; l < 4; l++)
            a[l] += a[l + 4];
        for (l = 0; l < 2; l++)
            a[l] += a[l + 2];
        sums[r] = (a[0] + a[1]) + left;
    }
}
#endif

static void MXL_T(sink_rows)(MXL_T(sink) * s, const real *src, int64_t n) {
    enum { batch = 64 };
    const int64_t run = s->out->run;
    real done[batch];
    int64_t ready = 0;
#if MXL_REAL == 32
    while (run < MXL_SHORT_ROW && s->in_open == 0 && n >= run) {
        const int64_t rows = n / run < batch ? n / run : batch;
        double sums[batch];
        sums_of_short_rows(sums, src, run, rows);
        for (ready = 0; ready < rows; ready++)
            done[ready] = (real)(sums[ready] * s->factor);
        store_f32(&s->out->view, s->finished, rows, done);
        s->finished += rows;
        src += rows * run;
        n -= rows * run;
    }
    ready = 0;
#endif
    while (n > 0) {
        int64_t m = run - s->in_open < n ? run - s->in_open : n;
        MXL_T(add)(&s->open, MXL_T(sum_of)(src, m));
        s->in_open += m;
        src += m;
        n -= m;
        if (s->in_open == run) {
            done[ready++] = (real)(MXL_T(total)(s->open) * s->factor);
            memset(&s->open, 0, sizeof s->open);
            s->in_open = 0;
        }
        if (ready == batch || (n == 0 && ready > 0)) {
            MXL_T(store)(&s->out->view, s->finished, ready, done);
            s->finished += ready;
            ready = 0;
        }
    }
}

/* take rows of `length` positions, as many at most as side by side in a tile, by their sums; for
 * sums of whole rows */
static void MXL_T(sink_sums)(MXL_T(sink) * s, const double *sum, const double *lost, int64_t rows,
                             int64_t length) {
    real done[MXL_SPARSE_TILE];
    int64_t i, ready = 0;
    for (i = 0; i < rows; i++) {
        const MXL_T(sum) row = {sum[i], lost[i]};
        MXL_T(add)(&s->open, row);
        s->in_open += length;
        if (s->in_open == s->out->run) {
            done[ready++] = (real)(MXL_T(total)(s->open) * s->factor);
            memset(&s->open, 0, sizeof s->open);
            s->in_open = 0;
        }
    }
    MXL_T(store)(&s->out->view, s->finished, ready, done);
    s->finished += ready;
}

static void MXL_T(sink_cells)(MXL_T(sink) * s, int64_t position, const real *restrict src,
                              int64_t n) {
    const mxl_view *v = &s->out->cell;
    const int64_t stride = v->stride[v->ndim - 1];
    double *restrict cells = s->cells;
#if MXL_REAL == 64
    double *restrict corrections = s->cells + s->out->size;
#endif
    mxl_cursor c;
    int64_t i;
    mxl_seek(&c, v, position);
    while (n > 0) {
        int64_t run = mxl_run_length(&c, v, n);
        if (stride == 0) {
            MXL_T(sum) a = MXL_T(sum_of)(src, run);
#if MXL_REAL == 32
            cells[c.offset] += a.s;
#else
            MXL_TWO_SUM(cells[c.offset], corrections[c.offset], a.s);
            corrections[c.offset] += a.c;
#endif
        } else {
            for (i = 0; i < run; i++)
#if MXL_REAL == 32
                cells[c.offset + i * stride] += src[i];
#else
                MXL_TWO_SUM(cells[c.offset + i * stride], corrections[c.offset + i * stride],
                            src[i]);
#endif
        }
        mxl_advance(&c, v, run);
        src += run;
        n -= run;
    }
}

/* take the n elements at `position`, which follow those of the last call */
static void MXL_T(sink_put)(MXL_T(sink) * s, int64_t position, const real *src, int64_t n) {
    switch (s->out->kind) {
    case MXL_DIRECT:
        if (src != MXL_T(in_place)(&s->out->view, position, n))
            MXL_T(store)(&s->out->view, position, n, src);
        break;
    case MXL_ROWSUM:
        MXL_T(sink_rows)(s, src, n);
        break;
    case MXL_SCATTER:
        MXL_T(sink_cells)(s, position, src, n);
        break;
    default:
        break;
    }
}

/* Add up the cells of all chunks, in their order, and write the sums. `step` numbers lie between
 * the cells of one chunk and the next. An output of sums over an empty stream is written here, too.
 */
static void MXL_T(write_cells)(const mxl_output *out, double factor, const double *cells,
                               int64_t step, int64_t n_chunks) {
    enum { batch = 64 };
    real done[batch];
    int64_t i, from, m, chunk;
    if (out->kind != MXL_SCATTER && (out->kind != MXL_ROWSUM || n_chunks > 0))
        return;
    for (from = 0; from < out->size; from += m) {
        m = out->size - from < batch ? out->size - from : batch;
        for (i = 0; i < m; i++) {
            MXL_T(sum) a = {0, 0};
            for (chunk = 0; chunk < n_chunks; chunk++) {
                const double *cell = cells + chunk * step + from + i;
                MXL_T(sum) b = {cell[0], MXL_REAL == 64 ? cell[MXL_REAL == 64 ? out->size : 0] : 0};
                MXL_T(add)(&a, b);
            }
            done[i] = (real)(MXL_T(total)(a) * factor);
        }
        MXL_T(store)(&out->view, from, m, done);
    }
}

/*
 * elementwise.h - any formula over the stream, with or without a log-softmax before it
 *
 * Per tile: load, stages, formula, weights, reductions.
 *
 * Compiled once per instruction set and MXL_REAL.
 */
typedef enum { MXL_T(want_value), MXL_T(want_dp), MXL_T(want_all) } MXL_T(want);

typedef struct {
    int64_t n;
    int want; /* an MXL_T(want) */
    const real *p, *z, *q;
    real *s, *t;            /* room for the stages */
    real *e, *dp, *dz, *dq; /* dp for want_dp; all for want_all */
    real scale;             /* on the derivatives */
    MXL_T(consts) k;
} MXL_T(tile);

typedef MXL_T(jet) (*MXL_T(formula_fn))(real, real, real, real, real, const MXL_T(consts) *);
typedef real (*MXL_T(stage_fn))(real, real, const MXL_T(consts) *);

/* The loops, written once. Inlined with the formula as a constant; separate parameters because that
 * is where compilers believe `restrict`. */
MXL_FN void MXL_T(tile_loop)(int64_t n, int want, const real *restrict p, const real *restrict z,
                             const real *restrict q, real *restrict s, real *restrict t,
                             real *restrict e, real *restrict dp, real *restrict dz,
                             real *restrict dq, real scale, const MXL_T(consts) k, int n_in,
                             MXL_T(formula_fn) formula, MXL_T(stage_fn) stage_s,
                             MXL_T(stage_fn) stage_t) {
    int64_t i;
    if (stage_s != MXL_T(none))
        for (i = 0; i < n; i++)
            s[i] = stage_s(p[i], z[i], &k);
    if (stage_t != MXL_T(none))
        for (i = 0; i < n; i++)
            t[i] = stage_t(p[i], z[i], &k);
#define MXL_JET                                                                                    \
    formula(p[i], z[i], n_in > 2 ? q[i] : (real)1, stage_s != MXL_T(none) ? s[i] : (real)0,        \
            stage_t != MXL_T(none) ? t[i] : (real)0, &k)
    if (want == MXL_T(want_value)) {
        for (i = 0; i < n; i++)
            e[i] = MXL_JET.e;
    } else if (want == MXL_T(want_dp)) {
        for (i = 0; i < n; i++) {
            MXL_T(jet) j = MXL_JET;
            e[i] = j.e;
            dp[i] = j.dp * scale;
        }
    } else if (n_in > 2) {
        for (i = 0; i < n; i++) {
            MXL_T(jet) j = MXL_JET;
            e[i] = j.e;
            dp[i] = j.dp * scale;
            dz[i] = j.dz * scale;
            dq[i] = j.dq * scale;
        }
    } else {
        for (i = 0; i < n; i++) {
            MXL_T(jet) j = MXL_JET;
            e[i] = j.e;
            dp[i] = j.dp * scale;
            dz[i] = j.dz * scale;
        }
    }
#undef MXL_JET
}

#define MXL_TILE_FUNCTION(name, n_in, stage_s, stage_t)                                            \
    static void MXL_T(name##_tile)(const MXL_T(tile) * a) {                                        \
        MXL_T(tile_loop)                                                                           \
        (a->n, a->want, a->p, a->z, a->q, a->s, a->t, a->e, a->dp, a->dz, a->dq, a->scale, a->k,   \
         n_in, MXL_T(name), MXL_T(stage_s), MXL_T(stage_t));                                       \
    }
MXL_FORMULAS(MXL_TILE_FUNCTION)
#undef MXL_TILE_FUNCTION

typedef void (*MXL_T(tile_fn))(const MXL_T(tile) *);
#define MXL_TILE_ENTRY(name, n_in, stage_s, stage_t) [MXL_F_##name] = MXL_T(name##_tile),
static const MXL_T(tile_fn)
    MXL_T(tile_functions)[MXL_FORMULA_COUNT] = {MXL_FORMULAS(MXL_TILE_ENTRY)};
#undef MXL_TILE_ENTRY

/* Memory that will soon be read or written: where it is, and by how many bytes per element it goes
 * on; 0 bytes for none. */
typedef struct {
    uintptr_t at;
    int64_t bytes;
} MXL_T(ahead);

enum { MXL_T(piece) = 512 / sizeof(real) };

/* For n elements of a view at `position` that are worked on at x: if that is the array itself, two
 * pieces on; if it is a buffer, what will be in it the next time. */
static MXL_T(ahead)
    MXL_T(ahead_of)(const mxl_view *v, int64_t position, int64_t n, const real *x, int in_place) {
    MXL_T(ahead) a = {(uintptr_t)(const void *)(x + 2 * MXL_T(piece)), sizeof(real)};
    if (!in_place) {
        a.at = (uintptr_t)(v->data + (position + n) * v->itemsize);
        a.bytes = v->ndim == 1 && v->stride[0] == 1 ? v->itemsize : 0;
    }
    return a;
}

/* The formula on a tile, in short pieces; before each of them the memory of a later one is asked
 * for. Processors fetch ahead by themselves, but lose the thread while a tile is being summed up,
 * and hardly ever fetch what is to be written. Beyond the caches this makes plain losses 1.2 to 2.5
 * times as fast, in them 1.0 to 1.5 times. */
static void MXL_T(run_tile)(MXL_T(tile_fn) tile, MXL_T(tile) * t, const MXL_T(ahead) * reads,
                            const MXL_T(ahead) * writes) {
    enum { piece = MXL_T(piece), line = 64 };
    const int64_t n = t->n, p_bytes = piece * reads[0].bytes, z_bytes = piece * reads[1].bytes;
    const int64_t dp_bytes = piece * writes[0].bytes, dz_bytes = piece * writes[1].bytes;
    uintptr_t p = reads[0].at, z = reads[1].at, dp = writes[0].at, dz = writes[1].at;
    int64_t from, i;
    for (from = 0; from < n; from += piece) {
        t->n = n - from < piece ? n - from : piece;
        for (i = 0; i < p_bytes; i += line, p += line)
            MXL_PREFETCH(p);
        for (i = 0; i < z_bytes; i += line, z += line)
            MXL_PREFETCH(z);
        for (i = 0; i < dp_bytes; i += line, dp += line)
            MXL_PREFETCH_WRITE(dp);
        for (i = 0; i < dz_bytes; i += line, dz += line)
            MXL_PREFETCH_WRITE(dz);
        tile(t);
        t->p += piece, t->z += piece, t->e += piece;
        t->dp += piece, t->dz += piece;
        if (t->q != NULL)
            t->q += piece, t->dq += piece;
    }
}

/* ---- A tile -------------------------------------------------------------------------------- */

/* n positions, with rows side by side as many numbers. After a softmax, p has the log-probabilities
 * and d the place for their gradient, which is not finished; else both are NULL. */
static void MXL_T(elementwise_part)(MXL_T(worker) * a, int64_t position, int64_t n, const real *p,
                                    real *d_p) {
    const mxl_job *job = a->job;
    const real *x[MXL_MAX_IN] = {p, NULL, NULL};
    real *d[MXL_MAX_IN] = {d_p, NULL, NULL};
    MXL_T(ahead) reads[2] = {{0, 0}, {0, 0}}, writes[2] = {{0, 0}, {0, 0}};
    MXL_T(factor) w, h, scale;
    MXL_T(tile) t;
    int k;
    for (k = p != NULL; k < job->n_in; k++)
        x[k] = MXL_T(fetch)(a, &job->in[k], position, n, a->in[k]);
    for (k = p != NULL; k < MXL_MAX_IN; k++)
        d[k] = a->columns ? a->d[k] : MXL_T(place)(&job->din[k], position, n, a->d[k]);
    if (p != NULL && job->din[0].kind != MXL_UNWANTED)
        writes[0] = MXL_T(ahead_of)(&job->din[0].view, position, n, d_p, 1);
    for (k = p != NULL; k < 2 && a->columns == NULL; k++) {
        reads[k] = MXL_T(ahead_of)(&job->in[k], position, n, x[k], x[k] != a->in[k]);
        if (job->din[k].kind == MXL_DIRECT)
            writes[k] = MXL_T(ahead_of)(&job->din[k].view, position, n, d[k], d[k] != a->d[k]);
    }
    w = MXL_T(get_factor)(a, job->has_weight, &job->weight, position, n, a->w);
    h = MXL_T(get_factor)(a, job->has_head, &job->head, position, n, a->h);
    scale = MXL_T(gradient_scale)(w, h, (real)job->factor, n, a->u);

    t.n = n;
    t.k.rho = (real)job->rho;
    t.k.margin = (real)job->margin;
    t.k.epsilon = (real)job->epsilon;
    t.p = x[0], t.z = x[1], t.q = x[2];
    t.s = a->s, t.t = a->t, t.e = a->e;
    t.dp = d[0], t.dz = d[1], t.dq = d[2];
    t.scale = scale.array ? (real)1 : scale.value;
    t.want = job->din[1].kind || job->din[2].kind ? MXL_T(want_all)
             : job->din[0].kind                   ? MXL_T(want_dp)
                                                  : MXL_T(want_value);
    MXL_T(run_tile)(MXL_T(tile_functions)[job->formula], &t, reads, writes);

    MXL_T(put_values)(a, a->e, w, h, position, n);
    for (k = 0; k < job->n_in; k++) {
        if (job->din[k].kind == MXL_UNWANTED)
            continue;
        if (scale.array)
            MXL_T(multiply)(d[k], scale.array, n);
        if (k > 0 || p == NULL)
            MXL_T(put)(a, &a->din[k], position, d[k], n);
    }
}

/* in place of scores their log(softmax), of rows side by side; inverse: 1 over the sums of their
 * exponentials */
MXL_LOOP void MXL_T(column_log_softmax)(real *restrict x, const MXL_T(columns) * t,
                                        const real *restrict max, const double *restrict r,
                                        double *restrict inverse) {
    real log_sum[MXL_SPARSE_TILE];
    int64_t c, i;
    for (i = 0; i < t->ld; i++)
        log_sum[i] = (real)mxl_log1p(r[i]);
    for (i = 0; i < t->ld; i++)
        inverse[i] = 1 / (1 + r[i]);
    for (c = 0; c < t->classes; c++, x += t->ld)
        for (i = 0; i < t->ld; i++)
            x[i] = (x[i] - max[i]) - log_sum[i];
}

/* softmax_gradient of rows side by side */
MXL_LOOP void MXL_T(column_softmax_gradient)(real *restrict d, const real *restrict e,
                                             const MXL_T(columns) * t,
                                             const double *restrict inverse) {
    double sum[MXL_SPARSE_TILE], lost[MXL_SPARSE_TILE];
    real factor[MXL_SPARSE_TILE];
    int64_t c, i;
    MXL_T(column_sums)(d, t, sum, lost);
    for (i = 0; i < t->ld; i++) {
        const MXL_T(sum) s = {sum[i], lost[i]};
        factor[i] = (real)(MXL_T(total)(s) * inverse[i]);
    }
    for (c = 0; c < t->classes; c++, d += t->ld, e += t->ld)
        for (i = 0; i < t->ld; i++)
            d[i] = d[i] - e[i] * factor[i];
}

/* rows side by side; n positions */
static void MXL_T(columns_softmax_tile)(MXL_T(worker) * a, int64_t position, int64_t n) {
    const mxl_job *job = a->job;
    const int64_t classes = job->classes;
    const MXL_T(columns) t = MXL_T(columns_of)(position / classes, n / classes, classes);
    real max[MXL_SPARSE_TILE];
    double r[MXL_SPARSE_TILE], inverse[MXL_SPARSE_TILE];
    real *const x = a->in[0];
    MXL_T(load_columns)(x, &job->in[0], &t, a->turned);
    MXL_T(column_softmax)(x, t.ld, a->exp, t.ld, t.ld, classes, max, r);
    MXL_T(column_log_softmax)(x, &t, max, r, inverse);
    a->columns = &t;
    MXL_T(elementwise_part)(a, position, t.ld * classes, x, a->d[0]);
    if (job->din[0].kind != MXL_UNWANTED) {
        MXL_T(column_softmax_gradient)(a->d[0], a->exp, &t, inverse);
        MXL_T(put)(a, &a->din[0], position, a->d[0], n);
    }
}

/* Whole rows, or one row that is longer than a part should be. Of that, the log-probabilities never
 * exist all at once: with everything else they would not fit the first-level cache. */
static void MXL_T(softmax_tile)(MXL_T(worker) * a, int64_t position, int64_t n) {
    enum { most = MXL_TILE_BYTES / sizeof(real) };
    const mxl_job *job = a->job;
    const int64_t classes = job->classes;
    const int want = job->din[0].kind != MXL_UNWANTED;
    const real *x = MXL_T(input)(&job->in[0], position, n, a->in[0]);
    real *d = MXL_T(place)(&job->din[0], position, n, a->d[0]);
    int64_t from, m;
    if (classes <= most) {
        MXL_T(softmax) rows[most / MXL_FEW_CLASSES], *row = rows; /* of one block each */
        for (from = 0; from < n; from += classes, row++) {
            *row = MXL_T(row_softmax)(x + from, a->exp + from, classes, a->blocks);
            MXL_T(log_softmax)
            (row->max, (real)mxl_log1p(row->r), x + from, a->lp + from, classes);
        }
        MXL_T(elementwise_part)(a, position, n, a->lp, d);
        for (from = 0, row = rows; want && from < n; from += classes, row++)
            MXL_T(softmax_gradient)
        (row, d + from, a->exp + from, MXL_T(sum_of)(d + from, classes), classes);
    } else {
        const MXL_T(softmax) row = MXL_T(row_softmax)(x, a->exp, n, a->blocks);
        const real log_sum = (real)mxl_log1p(row.r);
        MXL_T(sum) total = {0, 0};
        for (from = 0; from < n; from += m) {
            m = n - from < most ? n - from : most;
            MXL_T(log_softmax)(row.max, log_sum, x + from, a->lp, m);
            MXL_T(elementwise_part)(a, position + from, m, a->lp, d + from);
            if (want)
                MXL_T(add)(&total, MXL_T(sum_of)(d + from, m));
        }
        if (want)
            MXL_T(softmax_gradient)(&row, d, a->exp, total, n);
    }
    if (want)
        MXL_T(sink_put)(&a->din[0], position, d, n);
}

static void MXL_T(elementwise_tile)(MXL_T(worker) * a, int64_t position, int64_t n) {
    a->columns = NULL;
    if (a->job->columns)
        MXL_T(columns_softmax_tile)(a, position, n);
    else if (a->job->loop == MXL_SOFTMAX_ELEMENTWISE)
        MXL_T(softmax_tile)(a, position, n);
    else
        MXL_T(elementwise_part)(a, position, n, NULL, NULL);
}

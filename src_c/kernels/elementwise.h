/*
 * elementwise.h - any formula over the stream, with or without a log-softmax before it
 *
 * Works in tiles that stay in the first-level cache. Per tile: load, stages, formula, weights,
 * reductions. Tile boundaries depend on shapes only.
 *
 * Compiled once per instruction set and MXL_REAL.
 */
enum { MXL_T(tile_size) = 4096 / sizeof(real) };

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

/* ---- Weights ------------------------------------------------------------------------------- */

/* A factor per position: `value` for all of them, or the array if there is one. Which of the two it
 * is depends on memory layout, so everything below computes the same bits either way. */
typedef struct {
    real value;
    const real *array;
} MXL_T(factor);

static MXL_T(factor)
    MXL_T(get_factor)(int has, const mxl_view *v, int64_t position, int64_t n, real *buffer) {
    MXL_T(factor) f = {1, NULL};
    if (has && !MXL_T(repeated)(v, position, n, &f.value))
        f.array = MXL_T(input)(v, position, n, buffer);
    return f;
}

static void MXL_T(multiply)(real *restrict x, const real *restrict by, int64_t n) {
    int64_t i;
    for (i = 0; i < n; i++)
        x[i] *= by[i];
}

static void MXL_T(scale_by)(real *x, real by, int64_t n) {
    int64_t i;
    if (by != 1)
        for (i = 0; i < n; i++)
            x[i] *= by;
}

/* What derivatives are multiplied by, (w * h) * factor: before they are, so that a large derivative
 * with a small weight does not overflow. */
static MXL_T(factor)
    MXL_T(gradient_scale)(MXL_T(factor) w, MXL_T(factor) h, real factor, int64_t n, real *buffer) {
    MXL_T(factor) f = {w.value * h.value * factor, NULL};
    int64_t i;
    if (w.array && h.array)
        for (i = 0; i < n; i++)
            buffer[i] = w.array[i] * h.array[i] * factor;
    else if (w.array)
        for (i = 0; i < n; i++)
            buffer[i] = w.array[i] * h.value * factor;
    else if (h.array)
        for (i = 0; i < n; i++)
            buffer[i] = w.value * h.array[i] * factor;
    if (w.array || h.array)
        f.array = buffer;
    return f;
}

/* dweight = e * (h * factor) */
static void MXL_T(weight_gradient)(real *restrict dw, const real *restrict e, MXL_T(factor) h,
                                   real factor, int64_t n) {
    const real same = h.value * factor;
    int64_t i;
    if (h.array)
        for (i = 0; i < n; i++)
            dw[i] = e[i] * (h.array[i] * factor);
    else
        for (i = 0; i < n; i++)
            dw[i] = e[i] * same;
}

/* ---- The loop over tiles ------------------------------------------------------------------- */

typedef struct {
    const mxl_job *job;
    real *memory, *next; /* what the buffers are cut from */
    int64_t tile;        /* positions per tile */
    MXL_T(sink) value, din[MXL_MAX_IN], dweight;
    MXL_T(consts) k;
    real *in[MXL_MAX_IN], *w, *h, *u, *s, *t, *e, *d[MXL_MAX_IN], *dw, *lp, *sm;
} MXL_T(worker);

enum { MXL_T(worker_buffers) = 15 };

static mxl_status MXL_T(worker_open)(MXL_T(worker) * a, const mxl_job *job, int64_t tile) {
    mxl_status status = MXL_OK;
    real **buffers[] = {&a->in[0], &a->in[1], &a->in[2], &a->w,    &a->h,  &a->u,  &a->s, &a->t,
                        &a->e,     &a->d[0],  &a->d[1],  &a->d[2], &a->dw, &a->lp, &a->sm};
    int64_t step = (tile + 15) / 16 * 16;
    size_t i;
    memset(a, 0, sizeof *a);
    a->job = job;
    a->tile = tile;
    a->k.rho = (real)job->rho;
    a->k.margin = (real)job->margin;
    a->k.epsilon = (real)job->epsilon;
    a->memory = (real *)malloc((size_t)step * sizeof(real) * MXL_T(worker_buffers));
    if (a->memory == NULL)
        status = MXL_ERR_MEMORY;
    for (i = 0; i < sizeof buffers / sizeof *buffers; i++)
        *buffers[i] = a->memory ? a->memory + step * (int64_t)i : NULL;
    if (MXL_T(sink_open)(&a->value, &job->value, job->factor) != MXL_OK ||
        MXL_T(sink_open)(&a->dweight, &job->dweight, 1) != MXL_OK)
        status = MXL_ERR_MEMORY;
    for (i = 0; i < MXL_MAX_IN; i++)
        if (MXL_T(sink_open)(&a->din[i], &job->din[i], 1) != MXL_OK)
            status = MXL_ERR_MEMORY;
    return status;
}

/* write what the sinks still hold if all went well; free everything either way */
static mxl_status MXL_T(worker_close)(MXL_T(worker) * a, mxl_status status) {
    MXL_T(sink) * sinks[] = {&a->value, &a->dweight, &a->din[0], &a->din[1], &a->din[2]};
    size_t i;
    for (i = 0; i < sizeof sinks / sizeof *sinks; i++) {
        if (status == MXL_OK)
            MXL_T(sink_close)(sinks[i]);
        MXL_T(sink_free)(sinks[i]);
    }
    free(a->memory);
    return status;
}

/* Take a tile's unweighted values e: gradient of the weight, weighting, reduction. */
static void MXL_T(put_values)(MXL_T(worker) * a, real *e, MXL_T(factor) w, MXL_T(factor) h,
                              int64_t position, int64_t n) {
    const mxl_job *job = a->job;
    if (job->dweight.kind != MXL_UNWANTED) {
        MXL_T(weight_gradient)(a->dw, e, h, (real)job->factor, n);
        MXL_T(sink_put)(&a->dweight, position, a->dw, n);
    }
    if (job->value.kind == MXL_UNWANTED)
        return;
    if (w.array)
        MXL_T(multiply)(e, w.array, n);
    else
        MXL_T(scale_by)(e, w.value, n);
    if (job->value.kind == MXL_DIRECT)
        MXL_T(scale_by)(e, (real)job->factor, n);
    MXL_T(sink_put)(&a->value, position, e, n);
}

static void MXL_T(elementwise_tile)(MXL_T(worker) * a, int64_t position, int64_t n) {
    const mxl_job *job = a->job;
    const int softmax = job->loop == MXL_SOFTMAX_ELEMENTWISE;
    const real *x[MXL_MAX_IN] = {NULL, NULL, NULL};
    real *d[MXL_MAX_IN];
    MXL_T(factor) w, h, scale;
    MXL_T(tile) t;
    int k;
    for (k = 0; k < job->n_in; k++)
        x[k] = MXL_T(input)(&job->in[k], position, n, a->in[k]);
    for (k = 0; k < MXL_MAX_IN; k++)
        d[k] = MXL_T(place)(&job->din[k], position, n, a->d[k]);
    if (softmax) {
        MXL_T(log_softmax)(x[0], a->lp, a->sm, n, job->classes);
        x[0] = a->lp;
    }
    w = MXL_T(get_factor)(job->has_weight, &job->weight, position, n, a->w);
    h = MXL_T(get_factor)(job->has_head, &job->head, position, n, a->h);
    scale = MXL_T(gradient_scale)(w, h, (real)job->factor, n, a->u);

    t.n = n;
    t.k = a->k;
    t.p = x[0], t.z = x[1], t.q = x[2];
    t.s = a->s, t.t = a->t, t.e = a->e;
    t.dp = d[0], t.dz = d[1], t.dq = d[2];
    t.scale = scale.array ? (real)1 : scale.value;
    t.want = job->din[1].kind || job->din[2].kind ? MXL_T(want_all)
             : job->din[0].kind                   ? MXL_T(want_dp)
                                                  : MXL_T(want_value);
    MXL_T(tile_functions)[job->formula](&t);

    MXL_T(put_values)(a, a->e, w, h, position, n);
    for (k = 0; k < job->n_in; k++) {
        if (job->din[k].kind == MXL_UNWANTED)
            continue;
        if (scale.array)
            MXL_T(multiply)(d[k], scale.array, n);
        if (softmax && k == 0)
            MXL_T(softmax_gradient)(d[0], a->sm, n, job->classes);
        MXL_T(sink_put)(&a->din[k], position, d[k], n);
    }
}

static mxl_status MXL_T(run_elementwise)(const mxl_job *job) {
    /* whole rows of the reduction, and of the softmax, as many as a tile holds */
    const int64_t row = job->loop == MXL_SOFTMAX_ELEMENTWISE ? job->classes
                        : job->value.run > 0                 ? job->value.run
                                                             : 1;
    int64_t tile = MXL_T(tile_size), position, n;
    MXL_T(worker) a;
    mxl_status status;
    if (row <= tile)
        tile = tile / row * row;
    else if (job->loop == MXL_SOFTMAX_ELEMENTWISE)
        tile = row;
    status = MXL_T(worker_open)(&a, job, tile < job->n ? tile : job->n);
    if (status == MXL_OK)
        for (position = 0; position < job->n; position += n) {
            n = job->n - position < tile ? job->n - position : tile;
            if (row > tile && row - position % row < n) /* a tile does not span rows this long */
                n = row - position % row;
            MXL_T(elementwise_tile)(&a, position, n);
        }
    return MXL_T(worker_close)(&a, status);
}

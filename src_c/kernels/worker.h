/*
 * worker.h - what a thread needs for a chunk: buffers for a tile, weights, and the outputs' sums
 *
 * Compiled once per instruction set and MXL_REAL.
 */
enum { MXL_T(worker_buffers) = 15 };

typedef struct {
    const mxl_job *job;
    /* buffers of job->tile elements */
    real *in[MXL_MAX_IN], *w, *h, *u, *s, *t, *e, *d[MXL_MAX_IN], *dw, *lp, *exp;
    real *x, *g;  /* sparse and row loops: room for rows of the inputs and their gradients */
    real *turned; /* rows side by side: room for a tile's elements in the stream's order */
    const MXL_T(columns) * columns; /* elementwise loops: the tile, if its rows lie side by side */
    int64_t *labels;                /* sparse: class numbers of a tile */
    double *blocks;                 /* rows of classes: room for the blocks of one */
    char *extra;                    /* row loops: further room of this thread, */
    void *shared;                   /* and what all threads of the call share */
    MXL_T(sink) value, din[MXL_MAX_IN], dweight;
} MXL_T(worker);

/* the n elements of an input at `position`, in the order of the tile: in place if that is possible,
 * else in `buffer` */
static const real *MXL_T(fetch)(const MXL_T(worker) * a, const mxl_view *v, int64_t position,
                                int64_t n, real *buffer) {
    if (a->columns == NULL)
        return MXL_T(input)(v, position, n, buffer);
    MXL_T(load_columns)(buffer, v, a->columns, a->turned);
    return buffer;
}

/* and an output takes them */
static void MXL_T(put)(const MXL_T(worker) * a, MXL_T(sink) * s, int64_t position, const real *src,
                       int64_t n) {
    if (a->columns == NULL)
        MXL_T(sink_put)(s, position, src, n);
    else
        MXL_T(sink_columns)(s, a->columns, src, a->turned);
}

/* ---- Weights ------------------------------------------------------------------------------- */

/* A factor per position: `value` for all of them, or the array if there is one. Which of the two it
 * is depends on memory layout, so everything below computes the same bits either way. */
typedef struct {
    real value;
    const real *array;
} MXL_T(factor);

static MXL_T(factor) MXL_T(get_factor)(const MXL_T(worker) * a, int has, const mxl_view *v,
                                       int64_t position, int64_t n, real *buffer) {
    MXL_T(factor) f = {1, NULL};
    if (has && !MXL_T(repeated)(v, position, n, &f.value))
        f.array = MXL_T(fetch)(a, v, position, n, buffer);
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

/* For losses of rows: weights and head gradients of n rows, and in a->u what the gradient of each
 * row is multiplied by. */
static void MXL_T(row_factors)(MXL_T(worker) * a, int64_t position, int64_t n, MXL_T(factor) * w,
                               MXL_T(factor) * h) {
    const mxl_job *job = a->job;
    MXL_T(factor) scale;
    int64_t i;
    *w = MXL_T(get_factor)(a, job->has_weight, &job->weight, position, n, a->w);
    *h = MXL_T(get_factor)(a, job->has_head, &job->head, position, n, a->h);
    scale = MXL_T(gradient_scale)(*w, *h, (real)job->factor, n, a->u);
    for (i = 0; scale.array == NULL && i < n; i++)
        a->u[i] = scale.value;
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

/* Take a tile's unweighted values e: gradient of the weight, weighting, reduction. */
static void MXL_T(put_values)(MXL_T(worker) * a, real *e, MXL_T(factor) w, MXL_T(factor) h,
                              int64_t position, int64_t n) {
    const mxl_job *job = a->job;
    if (job->dweight.kind != MXL_UNWANTED) {
        MXL_T(weight_gradient)(a->dw, e, h, (real)job->factor, n);
        MXL_T(put)(a, &a->dweight, position, a->dw, n);
    }
    if (job->value.kind == MXL_UNWANTED)
        return;
    if (w.array)
        MXL_T(multiply)(e, w.array, n);
    else
        MXL_T(scale_by)(e, w.value, n);
    if (job->value.kind == MXL_DIRECT)
        MXL_T(scale_by)(e, (real)job->factor, n);
    MXL_T(put)(a, &a->value, position, e, n);
}

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

/* ---- A tile -------------------------------------------------------------------------------- */

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

/*
 * ctc.h - CTCLoss of one sample: forward and backward through the states of its label
 *
 * The states are kept as two arrays, blanks and classes, so that the steps from frame to frame are
 * loops without a condition: blank u follows blank u and class u - 1; class u follows class u,
 * blank u and, by a jump, class u - 1. A jump that is not allowed is a factor of zero. Arrays are
 * padded with zeros. All of it is in double for both types: memory is 32 bytes per frame and label.
 *
 * Compiled once per instruction set and MXL_REAL; the lattice with 64 only.
 */
#if MXL_REAL == 64
enum { LATTICE_NORMALISE = 32 }; /* frames between two normalisations */

/* numbers m 2^e of blanks and classes, from place -1 to `width` */
typedef struct {
    double *bm, *be, *cm, *ce;
} lattice_states;

typedef struct {
    int64_t labels, width; /* width: labels + 1 and padding */
    int64_t step;          /* numbers from one array of a lattice_states to the next */
    double *pm, *pe;       /* probabilities of the classes at the frame at hand, */
    mxl_scaled blank;      /* and of the blank */
    double *jump;          /* exponent of the factor for a jump to class u: 0, or zero's */
} lattice;

static lattice_states lattice_at(const lattice *a, double *memory) {
    lattice_states s;
    s.bm = memory + 1;
    s.be = s.bm + a->step;
    s.cm = s.be + a->step;
    s.ce = s.cm + a->step;
    return s;
}

static void lattice_zero(lattice_states s, int64_t u) {
    s.bm[u] = s.cm[u] = 1;
    s.be[u] = s.ce[u] = MXL_SCALED_ZERO;
}

/* what the steps read but do not write */
static void lattice_edges(const lattice *a, lattice_states s) {
    lattice_zero(s, -1);
    lattice_zero(s, a->width);
}

static void lattice_clear(const lattice *a, lattice_states s) {
    int64_t u;
    for (u = -1; u <= a->width; u++)
        lattice_zero(s, u);
}

MXL_FN mxl_scaled scaled(double m, double e) {
    mxl_scaled r;
    r.m = m, r.e = e;
    return r;
}

static void lattice_emit(lattice *a, const double *restrict x) { /* x <= 0: log of m 2^e */
    double *restrict pm = a->pm, *restrict pe = a->pe;
    int64_t u;
    for (u = 0; u < a->width; u++) {
        const mxl_scaled p = mxl_scaled_exp(x[u]);
        pm[u] = p.m;
        pe[u] = p.e;
    }
}

/* alpha of a frame from that of the frame before */
static void lattice_forward(const lattice *a, lattice_states from, lattice_states to) {
    const double *restrict bm = from.bm, *restrict be = from.be;
    const double *restrict cm = from.cm, *restrict ce = from.ce;
    const double *restrict pm = a->pm, *restrict pe = a->pe, *restrict jump = a->jump;
    double *restrict bm2 = to.bm, *restrict be2 = to.be, *restrict cm2 = to.cm,
                     *restrict ce2 = to.ce;
    const mxl_scaled blank = a->blank;
    const int64_t n = a->width;
    int64_t u;
    for (u = 0; u < n; u++) {
        const mxl_scaled r =
            mxl_scaled_sum2(scaled(bm[u], be[u]), scaled(cm[u - 1], ce[u - 1]), blank);
        bm2[u] = r.m;
        be2[u] = r.e;
    }
    for (u = 0; u < n; u++) {
        const mxl_scaled r =
            mxl_scaled_sum3(scaled(cm[u], ce[u]), scaled(bm[u], be[u]),
                            scaled(cm[u - 1], ce[u - 1] + jump[u]), scaled(pm[u], pe[u]));
        cm2[u] = r.m;
        ce2[u] = r.e;
    }
}

/* beta of a frame, in `to`, from the one after, which is multiplied in place by that frame's
 * probabilities */
static void lattice_backward(const lattice *a, lattice_states from, lattice_states to) {
    double *restrict bm = from.bm, *restrict be = from.be, *restrict cm = from.cm,
                     *restrict ce = from.ce;
    const double *restrict pm = a->pm, *restrict pe = a->pe, *restrict jump = a->jump;
    double *restrict bm2 = to.bm, *restrict be2 = to.be, *restrict cm2 = to.cm,
                     *restrict ce2 = to.ce;
    const mxl_scaled one = {1, 0}, blank = a->blank;
    const int64_t n = a->width;
    int64_t u;
    for (u = 0; u < n; u++) {
        bm[u] *= blank.m;
        be[u] += blank.e;
        cm[u] *= pm[u];
        ce[u] += pe[u];
    }
    for (u = 0; u < n; u++) {
        const mxl_scaled r = mxl_scaled_sum2(scaled(bm[u], be[u]), scaled(cm[u], ce[u]), one);
        bm2[u] = r.m;
        be2[u] = r.e;
    }
    for (u = 0; u < n; u++) {
        const mxl_scaled r = mxl_scaled_sum3(scaled(cm[u], ce[u]), scaled(bm[u + 1], be[u + 1]),
                                             scaled(cm[u + 1], ce[u + 1] + jump[u + 1]), one);
        cm2[u] = r.m;
        ce2[u] = r.e;
    }
}

static void lattice_normalise(const lattice *a, lattice_states s) {
    double *const m[] = {s.bm, s.cm}, *const e[] = {s.be, s.ce};
    int64_t u;
    int k;
    for (k = 0; k < 2; k++) {
        double *restrict mk = m[k], *restrict ek = e[k];
        for (u = 0; u < a->width; u++) {
            const mxl_scaled r = mxl_scaled_normal(scaled(mk[u], ek[u]));
            mk[u] = r.m;
            ek[u] = r.e;
        }
    }
}

/* gamma = alpha beta / p of n states; p normal */
static void lattice_posterior(const double *restrict am, const double *restrict ae,
                              const double *restrict bm, const double *restrict be, mxl_scaled p,
                              double *restrict gamma, int64_t n) {
    const double inverse = 1 / p.m;
    int64_t u;
    for (u = 0; u < n; u++)
        gamma[u] = am[u] * bm[u] * mxl_power_of_2(ae[u] + be[u] - p.e) * inverse;
}
#endif

/* ---- Memory -------------------------------------------------------------------------------- */

static int64_t MXL_T(ctc_width)(const mxl_job *job) {
    return (job->labels + 8) / 8 * 8;
}

/* of a thread: alpha of all frames or of two, beta of two, 8 arrays of the label, 2 of the frames,
 * and where in the label each class stands */
static size_t MXL_T(ctc_bytes)(const mxl_job *job) {
    const int64_t kept = job->din[0].kind != MXL_UNWANTED ? job->frames : 2;
    const int64_t numbers = (kept + 2) * 4 * (MXL_T(ctc_width)(job) + 2) +
                            8 * (MXL_T(ctc_width)(job) + 1) + 2 * job->frames;
    return (size_t)numbers * sizeof(double) + (size_t)job->classes * sizeof(int64_t);
}

/* ---- A sample ------------------------------------------------------------------------------ */

typedef struct {
    lattice a;
    mxl_sample s;
    mxl_scaled p; /* product of all but the normalisers, summed over the paths */
    double *x;    /* per label: score - max, */
    double *gamma,
        *occupied;   /* posterior of blanks or classes; of each class, where it comes first */
    double *r, *max; /* per frame: sum of the exponentials but one, largest score */
    double *alpha, *beta;
    int64_t *y, *first; /* per label: class, first label of the same class */
    int64_t *where;     /* per class that occurs */
} MXL_T(ctc);

static void MXL_T(ctc_begin)(MXL_T(ctc) * c, const mxl_job *job, int64_t sample, char *memory) {
    const int64_t width = MXL_T(ctc_width)(job);
    double *next = (double *)memory;
    int64_t u;
    c->a.width = width;
    c->a.step = width + 2;
    c->alpha = next;
    next += (job->din[0].kind != MXL_UNWANTED ? job->frames : 2) * 4 * c->a.step;
    c->beta = next;
    next += 2 * 4 * c->a.step;
    c->a.pm = next, next += width;
    c->a.pe = next, next += width;
    c->a.jump = next, next += width + 1;
    c->x = next, next += width;
    c->gamma = next, next += width;
    c->occupied = next, next += width;
    c->r = next, next += job->frames;
    c->max = next, next += job->frames;
    c->y = (int64_t *)next;
    c->first = c->y + width;
    c->where = c->first + width;
    mxl_sample_read(job, sample, &c->s, c->y);
    c->a.labels = c->s.labels;
    for (u = 0; u <= width; u++)
        c->a.jump[u] = u < c->s.labels && (u == 0 || c->y[u] != c->y[u - 1]) ? 0 : MXL_SCALED_ZERO;
    for (u = 0; u < c->s.labels; u++)
        c->where[c->y[u]] = -1;
    for (u = 0; u < c->s.labels; u++) {
        if (c->where[c->y[u]] < 0)
            c->where[c->y[u]] = u;
        c->first[u] = c->where[c->y[u]];
    }
}

/* probabilities of the label's classes at frame t, whose scores are x */
static void MXL_T(ctc_emit)(MXL_T(ctc) * c, const real *x, int64_t classes, int64_t t) {
    int64_t u;
    for (u = 0; u < c->s.labels; u++)
        c->x[u] = (double)x[c->y[u]] - c->max[t];
    for (; u < c->a.width; u++)
        c->x[u] = -HUGE_VAL;
    lattice_emit(&c->a, c->x);
    c->a.blank = mxl_scaled_exp((double)x[classes - 1] - c->max[t]);
}

/* the cost; exponentials are left in the gradient's rows where these are arrays of `real` */
static double MXL_T(ctc_forward)(MXL_T(worker) * a, MXL_T(ctc) * c, int64_t sample) {
    const mxl_job *job = a->job;
    const int64_t classes = job->classes, kept = job->din[0].kind != MXL_UNWANTED ? job->frames : 2;
    const int64_t last = c->s.frames - 1, labels = c->s.labels;
    lattice_states now = lattice_at(&c->a, c->beta), before; /* any room will do at frame -1 */
    sum_f64 normalisers = {0, 0};
    double log_p, cost;
    int64_t t;
    lattice_clear(&c->a, now);
    now.be[0] = 0; /* before the first frame: in blank 0 */
    for (t = 0; t <= last; t++) {
        const int64_t first = (sample * job->frames + t) * classes;
        const real *x = MXL_T(input)(&job->in[0], first, classes, a->x);
        real *e = MXL_T(place)(&job->din[0], first, classes, a->g);
        int64_t at;
        const real max = MXL_T(row_max)(x, classes, &at);
        const sum_f64 normaliser = {mxl_log1p(c->r[t] = MXL_T(row_exp)(x, e, classes, max, at)), 0};
        c->max[t] = (double)max;
        add_f64(&normalisers, normaliser);
        MXL_T(ctc_emit)(c, x, classes, t);
        before = now;
        now = lattice_at(&c->a, c->alpha + t % kept * 4 * c->a.step);
        lattice_edges(&c->a, now);
        lattice_forward(&c->a, before, now);
        if (t % LATTICE_NORMALISE == LATTICE_NORMALISE - 1)
            lattice_normalise(&c->a, now);
    }
    c->p = mxl_scaled_sum2(scaled(now.bm[labels], now.be[labels]),
                           scaled(now.cm[labels - 1], now.ce[labels - 1]), scaled(1, 0));
    c->p = mxl_scaled_normal(c->p);
    log_p = mxl_scaled_log(c->p);
    cost = total_f64(normalisers);
    if (cost - cost != 0) /* NaN somewhere; or an infinite score, whose probability is unknown */
        return cost - cost;
    cost = (normalisers.s - log_p) + normalisers.c;
    return cost > 0 ? cost : 0;
}

static void MXL_T(ctc_backward)(MXL_T(worker) * a, MXL_T(ctc) * c, int64_t sample, real scale) {
    const mxl_job *job = a->job;
    const int64_t classes = job->classes, labels = c->s.labels, last = c->s.frames - 1;
    const int possible = c->p.e > MXL_SCALED_ZERO;
    lattice_states beta = lattice_at(&c->a, c->beta),
                   next = lattice_at(&c->a, c->beta + 4 * c->a.step), swap;
    int64_t t, u, i;
    lattice_clear(&c->a, beta);
    lattice_clear(&c->a, next);
    beta.be[labels] = 0;
    if (labels > 0)
        beta.ce[labels - 1] = 0;
    for (t = last; t >= 0; t--) {
        const int64_t first = (sample * job->frames + t) * classes;
        const lattice_states alpha = lattice_at(&c->a, c->alpha + t * 4 * c->a.step);
        const real *x = MXL_T(input)(&job->in[0], first, classes, a->x);
        real *e = MXL_T(place)(&job->din[0], first, classes, a->g);
        const double r = c->r[t];
        const real factor = (real)((double)scale / (1 + r)), max = (real)c->max[t];
        double e_blank, blank = 0;
        if (e == a->g)
            for (i = 0; i < classes; i++)
                e[i] = MXL_T(exp_below_1)(x[i] - max);
        memset(c->occupied, 0, (size_t)c->a.width * sizeof(double));
        if (possible) {
            lattice_posterior(alpha.bm, alpha.be, beta.bm, beta.be, c->p, c->gamma, c->a.width);
            blank = total_f64(sum_of_f64(c->gamma, c->a.width));
            lattice_posterior(alpha.cm, alpha.ce, beta.cm, beta.ce, c->p, c->gamma, c->a.width);
            for (u = 0; u < labels; u++)
                c->occupied[c->first[u]] += c->gamma[u];
        }
        for (u = 0; u < labels; u++) /* of the classes that occur, once each: de/dx */
            if (c->first[u] == u)
                c->occupied[u] = mxl_ctc_slope((double)e[c->y[u]], r, c->occupied[u]);
        e_blank = (double)e[classes - 1];
        for (i = 0; i < classes; i++)
            e[i] *= factor;
        for (u = 0; u < labels; u++)
            if (c->first[u] == u)
                e[c->y[u]] = (real)(c->occupied[u] * (double)scale);
        e[classes - 1] = (real)(mxl_ctc_slope(e_blank, r, blank) * (double)scale);
        MXL_T(sink_put)(&a->din[0], first, e, classes);
        if (t > 0) {
            MXL_T(ctc_emit)(c, x, classes, t);
            lattice_backward(&c->a, beta, next);
            if (t % LATTICE_NORMALISE == 0)
                lattice_normalise(&c->a, next);
            swap = beta, beta = next, next = swap;
        }
    }
}

/* the same number in the gradient of all classes of the frames from `from` to before `to` */
static void MXL_T(ctc_fill)(MXL_T(worker) * a, int64_t sample, int64_t from, int64_t to, real x) {
    const mxl_job *job = a->job;
    int64_t t, i;
    for (t = from; t < to; t++) {
        const int64_t first = (sample * job->frames + t) * job->classes;
        real *d = MXL_T(place)(&job->din[0], first, job->classes, a->g);
        for (i = 0; i < job->classes; i++)
            d[i] = x;
        MXL_T(sink_put)(&a->din[0], first, d, job->classes);
    }
}

static void MXL_T(ctc_row)(MXL_T(worker) * a, int64_t sample, int64_t place, real scale) {
    const mxl_job *job = a->job;
    const int want = job->din[0].kind != MXL_UNWANTED;
    MXL_T(ctc) c;
    int64_t filled = 0;
    double cost;
    MXL_T(ctc_begin)(&c, job, sample, a->extra);
    if (c.s.needed > c.s.frames) {
        cost = job->infeasible_inf ? HUGE_VAL : 0;
    } else {
        cost = MXL_T(ctc_forward)(a, &c, sample);
        filled = c.s.frames;
        if (want && cost == cost)
            MXL_T(ctc_backward)(a, &c, sample, scale);
        else if (want)
            MXL_T(ctc_fill)(a, sample, 0, filled, (real)cost);
    }
    a->e[place] = (real)cost;
    if (want)
        MXL_T(ctc_fill)(a, sample, filled, job->frames, 0);
}

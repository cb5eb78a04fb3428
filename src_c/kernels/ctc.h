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

/*
 * The numbers m 2^e of all states at one frame: four arrays, `step` apart, of the blanks' m and e
 * and the classes'. Places run from -1 to `width`; those at both ends are read, but not written.
 */
typedef struct {
    int64_t width, step; /* width: labels + 1, and padding; step: two more */
    double *label;    /* arrays pm, pe, jump, `step` apart: probability of each label's class at */
                      /* the frame at hand; exponent of the factor for a jump to it */
    mxl_scaled blank; /* probability of the blank */
} lattice;

static void lattice_zero(const lattice *a, double *s, int64_t place) {
    int k;
    for (k = 0; k < 4; k++)
        s[k * a->step + 1 + place] = k % 2 ? MXL_SCALED_ZERO : 1;
}

static void lattice_clear(const lattice *a, double *s) {
    int64_t u;
    for (u = -1; u <= a->width; u++)
        lattice_zero(a, s, u);
}

MXL_LOOP void lattice_emit(double *restrict pm, double *restrict pe, const double *restrict x,
                           int64_t n) {
    int64_t u;
    for (u = 0; u < n; u++) {
        const mxl_scaled p = mxl_scaled_exp(x[u]);
        pm[u] = p.m;
        pe[u] = p.e;
    }
}

/* alpha of a frame from that of the frame before */
MXL_LOOP void lattice_forward(int64_t n, int64_t step, const double *restrict label,
                              mxl_scaled blank, const double *restrict from, double *restrict to) {
    const double *bm = from + 1, *be = bm + step, *cm = be + step, *ce = cm + step;
    const double *pm = label, *pe = pm + step, *jump = pe + step;
    double *bm2 = to + 1, *be2 = bm2 + step, *cm2 = be2 + step, *ce2 = cm2 + step;
    int64_t u;
    for (u = 0; u < n; u++) {
        const double e = mxl_larger(be[u], ce[u - 1]);
        bm2[u] =
            (mxl_scaled_to(bm[u], be[u], e) + mxl_scaled_to(cm[u - 1], ce[u - 1], e)) * blank.m;
        be2[u] = e + blank.e;
    }
    for (u = 0; u < n; u++) {
        const double jumped = ce[u - 1] + jump[u];
        const double e = mxl_larger(mxl_larger(ce[u], be[u]), jumped);
        cm2[u] = (mxl_scaled_to(cm[u], ce[u], e) + mxl_scaled_to(bm[u], be[u], e) +
                  mxl_scaled_to(cm[u - 1], jumped, e)) *
                 pm[u];
        ce2[u] = e + pe[u];
    }
}

/* beta of a frame from that of the frame after, which is multiplied in place by its probabilities
 */
MXL_LOOP void lattice_backward(int64_t n, int64_t step, const double *restrict label,
                               mxl_scaled blank, double *restrict from, double *restrict to) {
    double *bm = from + 1, *be = bm + step, *cm = be + step, *ce = cm + step;
    const double *pm = label, *pe = pm + step, *jump = pe + step;
    double *bm2 = to + 1, *be2 = bm2 + step, *cm2 = be2 + step, *ce2 = cm2 + step;
    int64_t u;
    for (u = 0; u < n; u++) {
        bm[u] *= blank.m;
        be[u] += blank.e;
        cm[u] *= pm[u];
        ce[u] += pe[u];
    }
    for (u = 0; u < n; u++) {
        const double e = mxl_larger(be[u], ce[u]);
        bm2[u] = mxl_scaled_to(bm[u], be[u], e) + mxl_scaled_to(cm[u], ce[u], e);
        be2[u] = e;
    }
    for (u = 0; u < n; u++) {
        const double jumped = ce[u + 1] + jump[u + 1];
        const double e = mxl_larger(mxl_larger(ce[u], be[u + 1]), jumped);
        cm2[u] = mxl_scaled_to(cm[u], ce[u], e) + mxl_scaled_to(bm[u + 1], be[u + 1], e) +
                 mxl_scaled_to(cm[u + 1], jumped, e);
        ce2[u] = e;
    }
}

static void lattice_normalise(const lattice *a, double *s) {
    int64_t u;
    int k;
    for (k = 0; k < 2; k++) {
        double *restrict m = s + 2 * k * a->step + 1, *restrict e = m + a->step;
        for (u = 0; u < a->width; u++) {
            const mxl_scaled number = {m[u], e[u]}, normal = mxl_scaled_normal(number);
            m[u] = normal.m;
            e[u] = normal.e;
        }
    }
}

/* gamma = alpha beta / p of n blanks or classes; p normal */
MXL_LOOP void lattice_posterior_of(int64_t n, int64_t step, const double *restrict alpha,
                                   const double *restrict beta, mxl_scaled p,
                                   double *restrict gamma) {
    const double *am = alpha + 1, *ae = am + step, *bm = beta + 1, *be = bm + step;
    const double inverse = 1 / p.m;
    int64_t u;
    for (u = 0; u < n; u++)
        gamma[u] = am[u] * bm[u] * mxl_power_of_2(ae[u] + be[u] - p.e) * inverse;
}

/*
 * gamma of all blanks, then of all classes; returns what to multiply it by, so that it adds up to
 * 1: P, as it was added up at the last frame, is off by the rounding errors of all frames. Of
 * scores of 1e15 and more, beside which an exponent of 1 is lost, it says nothing at all.
 */
static double lattice_posteriors(int64_t n, int64_t step, const double *alpha, const double *beta,
                                 mxl_scaled p, double *gamma) {
    double total;
    int64_t u;
    lattice_posterior_of(n, step, alpha, beta, p, gamma);
    lattice_posterior_of(n, step, alpha + 2 * step, beta + 2 * step, p, gamma + n);
    total = total_f64(sum_of_f64(gamma, 2 * n));
    if (total > 1 - 1e-6 && total < 1 + 1e-6)
        return 1 / total;
    p.m = 1;
    p.e = 2 * MXL_SCALED_ZERO;
    for (u = 1; u <= n; u++) {
        p.e = mxl_larger(p.e, alpha[step + u] + beta[step + u]);
        p.e = mxl_larger(p.e, alpha[3 * step + u] + beta[3 * step + u]);
    }
    lattice_posterior_of(n, step, alpha, beta, p, gamma);
    lattice_posterior_of(n, step, alpha + 2 * step, beta + 2 * step, p, gamma + n);
    return 1 / total_f64(sum_of_f64(gamma, 2 * n));
}
#endif

/* ---- Memory -------------------------------------------------------------------------------- */

static int64_t MXL_T(ctc_width)(int64_t labels) {
    return (labels + 8) / 8 * 8;
}

/* of a thread: alpha of all frames or of two, beta of two; per label, frame and class as below */
static size_t MXL_T(ctc_bytes)(const mxl_job *job) {
    const int64_t kept = job->din[0].kind != MXL_UNWANTED ? job->frames : 2;
    const int64_t width = MXL_T(ctc_width)(job->labels);
    const int64_t numbers =
        ((kept + 2) * 4 + 3) * (width + 2) + 6 * width + 2 * job->frames + job->classes;
    return (size_t)numbers * sizeof(double);
}

/* ---- A sample ------------------------------------------------------------------------------ */

typedef struct {
    lattice a;
    mxl_sample s;
    mxl_scaled p; /* product of all but the normalisers, summed over the paths */
    double *x;    /* per label: score - max, */
    double *gamma,
        *occupied;   /* posterior of blanks and classes; of each class, where it comes first */
    double *r, *max; /* per frame: sum of the exponentials but one, largest score */
    double *alpha, *beta;
    int64_t *y, *first; /* per label: class, first label of the same class */
    int64_t *where;     /* per class that occurs */
} MXL_T(ctc);

static void MXL_T(ctc_begin)(MXL_T(ctc) * c, const mxl_job *job, int64_t sample, char *memory) {
    const int64_t width = MXL_T(ctc_width)(job->labels), most = job->frames;
    double *next = (double *)memory, *jump;
    int64_t u;
    c->r = next, next += most;
    c->max = next, next += most;
    c->x = next, next += width;
    c->gamma = next, next += 2 * width;
    c->occupied = next, next += width;
    c->y = (int64_t *)next, next += width;
    c->first = (int64_t *)next, next += width;
    c->where = (int64_t *)next, next += job->classes;
    mxl_sample_read(job, sample, &c->s, c->y);
    c->a.width = MXL_T(ctc_width)(c->s.labels);
    c->a.step = c->a.width + 2;
    c->a.label = next, next += 3 * c->a.step;
    c->beta = next, next += 2 * 4 * c->a.step;
    c->alpha = next;
    jump = c->a.label + 2 * c->a.step;
    for (u = 0; u <= c->a.width; u++)
        jump[u] = u < c->s.labels && (u == 0 || c->y[u] != c->y[u - 1]) ? 0 : MXL_SCALED_ZERO;
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
    lattice_emit(c->a.label, c->a.label + c->a.step, c->x, c->a.width);
    c->a.blank = mxl_scaled_exp((double)x[classes - 1] - c->max[t]);
}

/* the cost; exponentials are left in the gradient's rows where these are arrays of `real` */
static double MXL_T(ctc_forward)(MXL_T(worker) * a, MXL_T(ctc) * c, int64_t sample) {
    const mxl_job *job = a->job;
    const int64_t classes = job->classes, kept = job->din[0].kind != MXL_UNWANTED ? job->frames : 2;
    const int64_t last = c->s.frames - 1, labels = c->s.labels;
    const int64_t step = c->a.step, size = 4 * step;
    double *now = c->beta, *before; /* any room will do at frame -1 */
    sum_f64 normalisers = {0, 0};
    double log_p, cost;
    int64_t t;
    lattice_clear(&c->a, now);
    now[step + 1] = 0; /* before the first frame: in blank 0 */
    for (t = 0; t <= last; t++) {
        const int64_t first = (sample * job->frames + t) * classes;
        const real *x = MXL_T(input)(&job->in[0], first, classes, a->x);
        real *e = MXL_T(place)(&job->din[0], first, classes, a->g);
        const real max = MXL_T(row_max)(x, classes);
        const sum_f64 normaliser = {mxl_log1p(c->r[t] = MXL_T(row_exp)(x, e, classes, max)), 0};
        c->max[t] = (double)max;
        add_f64(&normalisers, normaliser);
        MXL_T(ctc_emit)(c, x, classes, t);
        before = now;
        now = c->alpha + t % kept * size;
        lattice_zero(&c->a, now, -1);
        lattice_zero(&c->a, now, c->a.width);
        lattice_forward(c->a.width, step, c->a.label, c->a.blank, before, now);
        if (t % LATTICE_NORMALISE == LATTICE_NORMALISE - 1)
            lattice_normalise(&c->a, now);
    }
    now += 1 + labels; /* ends: the last blank and the class before it */
    c->p.e = mxl_larger(now[step], now[3 * step - 1]);
    c->p.m = mxl_scaled_to(now[0], now[step], c->p.e) +
             mxl_scaled_to(now[2 * step - 1], now[3 * step - 1], c->p.e);
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
    const int64_t width = c->a.width, step = c->a.step, size = 4 * step;
    double *beta = c->beta, *next = c->beta + size, *swap;
    int64_t t, u, i;
    lattice_clear(&c->a, beta);
    lattice_clear(&c->a, next);
    beta[step + 1 + labels] = 0;
    if (labels > 0)
        beta[3 * step + labels] = 0;
    for (t = last; t >= 0; t--) {
        const int64_t first = (sample * job->frames + t) * classes;
        const double *alpha = c->alpha + t * size;
        const real *x = MXL_T(input)(&job->in[0], first, classes, a->x);
        real *e = MXL_T(place)(&job->din[0], first, classes, a->g);
        const double r = c->r[t];
        const real factor = (real)((double)scale / (1 + r)), max = (real)c->max[t];
        double e_blank, blank = 0;
        if (e == a->g)
            for (i = 0; i < classes; i++)
                e[i] = MXL_T(exp_below_1)(x[i] - max);
        memset(c->occupied, 0, (size_t)width * sizeof(double));
        if (possible) {
            const double by = lattice_posteriors(width, step, alpha, beta, c->p, c->gamma);
            blank = total_f64(sum_of_f64(c->gamma, width)) * by;
            for (u = 0; u < labels; u++)
                c->occupied[c->first[u]] += c->gamma[width + u] * by;
        }
        for (u = 0; u < labels && job->blank_in_label; u++) /* the blank as a class of the label */
            if (c->y[u] == classes - 1 && c->first[u] == u)
                blank += c->occupied[u];
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
            lattice_backward(width, step, c->a.label, c->a.blank, beta, next);
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

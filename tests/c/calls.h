/*
 * calls.h - calls of every loss, in its forms, on arrays that lie wherever a test wants them
 *
 * Numbers come from integers, the same ones each time, and none of them makes a NaN.
 */
#ifndef CALLS_H
#define CALLS_H
#include <math.h>
#include <mxloss.h>
#include <stdint.h>
#include <string.h>

/* Inputs: a kind of number and a shape each, "--" where there is none.
 *     kinds   r real, p probability, s sign, w whole, c class, t frames, n labels
 *     shapes  f full (pred's), r flat, t the axes of pred the other way round, x pred's without the
 *             class axis, b pred's with 1 for all axes but the batch, k pred's with 1 for the
 * batch, v one per row, o one, l labels of sequences Shapes of pred: a digit for each axis, L for
 * the length that a test gives, W for 70. */
typedef struct {
    mxl_loss loss;
    const char *inputs;
    uint32_t flip; /* flags that differ from the default */
    int32_t axis, batch_axis;
    const char *shapes;
} form;

#define CE MXL_SOFTMAX_CROSS_ENTROPY
#define BCE MXL_SIGMOID_BINARY_CROSS_ENTROPY
static const form forms[] = {
    {MXL_L2, "rf rf pb", 0, -1, 0, "L 3L L5"},
    {MXL_L2, "rf rf pk", 0, -1, 1, "3L L5 2L3"},
    {MXL_L2, "rf rt pf", 0, -1, 1, "3L L2"},
    {MXL_L1, "rf rr po", 0, -1, 0, "L 3L"},
    {BCE, "rf pf -- --", 0, -1, 0, "3L L5"},
    {BCE, "rf pf pb pk", 0, -1, 0, "3L L5"},
    {BCE, "pf pf -- pf", MXL_FROM_SIGMOID, -1, 1, "3L L5"},
    {CE, "rf cx pb", 0, -1, 0, "3L L3 LW"},
    {CE, "rf cx pb", 0, 1, 0, "2L5 2WL L5"},
    {CE, "rf cx --", MXL_CLIP_LABEL, 0, 1, "3L L4"},
    {CE, "rf cx pb", MXL_FROM_LOGITS, -1, 0, "3L L5"},
    {CE, "rf pf pb", MXL_SPARSE_LABEL, -1, 0, "3L L5"},
    {CE, "rf pt --", MXL_SPARSE_LABEL, 0, 1, "3L L5"},
    {MXL_KL_DIV, "rf pk pb", MXL_FROM_LOGITS, -1, 0, "3L L5"},
    {MXL_KL_DIV, "rf pf --", MXL_REDUCE_SUM, -1, 0, "3L L5"},
    {MXL_KL_DIV, "rf pf pk", MXL_FROM_LOGITS, 0, 1, "3L L5"},
    {MXL_CTC, "rf cl", 0, -1, 0, "2L5 26L L63"},
    {MXL_CTC, "rf cl tv nv pv", MXL_LAYOUT_TNC | MXL_INFEASIBLE_INF, -1, 0, "L25 62L 6L4"},
    {MXL_CTC, "rf cl -- --", MXL_LABEL_LAYOUT_TN | MXL_BLANK_IN_LABEL, -1, 0, "2L5 26L"},
    {MXL_HUBER, "rf rf pk", 0, -1, 0, "L 3L L5"},
    {MXL_HINGE, "rf sf pb", 0, -1, 0, "3L L5"},
    {MXL_SQUARED_HINGE, "rf sf pf", 0, -1, 0, "L 3L"},
    {MXL_LOGISTIC, "rf sf --", 0, -1, 0, "3L L5"},
    {MXL_LOGISTIC, "rf pf pb", MXL_LABEL_BINARY, -1, 1, "3L L5"},
    {MXL_POISSON_NLL, "rf wf pb", MXL_COMPUTE_FULL, -1, 0, "L 3L"},
    {MXL_POISSON_NLL, "pf wr --", MXL_FROM_LOGITS, -1, 0, "3L"},
    {MXL_TRIPLET, "rf rf rf pv", 0, -1, 0, "3L L5 2L3"},
    {MXL_TRIPLET, "rf rt rr --", 0, -1, 1, "3L L5"},
    {MXL_COSINE_EMBEDDING, "rf rf sv pb", 0, -1, 0, "3L L5"},
    {MXL_COSINE_EMBEDDING, "rf rf so --", 0, -1, 0, "3L L5"},
    {MXL_SDML, "rf rf", 0, -1, 0, "L5 5L"},
};
#undef CE
#undef BCE
enum { FORMS = sizeof forms / sizeof *forms };

static const mxl_dtype dtypes[] = {{MXL_FLOAT, 32, 1},  {MXL_FLOAT, 64, 1}, {MXL_FLOAT, 16, 1},
                                   {MXL_BFLOAT, 16, 1}, {MXL_INT, 8, 1},    {MXL_INT, 16, 1},
                                   {MXL_INT, 32, 1},    {MXL_INT, 64, 1},   {MXL_UINT, 8, 1},
                                   {MXL_UINT, 16, 1},   {MXL_UINT, 32, 1},  {MXL_UINT, 64, 1},
                                   {MXL_BOOL, 8, 1}};
enum { F32, F64, F16, BF16, I8, U8 = 8, BOOL = 12, DTYPES };

/* how an array lies: without gaps; with one behind each element and each row; from its end to its
 * beginning; with its first axis innermost */
enum { PLAIN, GAPS, BACKWARD, TURNED, LAYOUTS };

typedef struct {
    mxl_tensor t; /* no data: not in the call */
    int64_t shape[MXL_MAX_NDIM], strides[3], count;
    int dt, item, there;
    size_t low, bytes; /* of the first element from the lowest byte; in all */
} array;

enum { INPUTS = 5, GRAD = INPUTS, VALUE = 2 * INPUTS, HEAD, SLOTS };

typedef struct {
    const form *form;
    mxl_options options;
    int n;
    array a[SLOTS]; /* inputs, their gradients, value, head gradient */
    int64_t classes, frames;
} call;

static int is_output(int slot) {
    return slot >= GRAD && slot <= VALUE;
}

static uint64_t state;

static uint64_t next(void) { /* splitmix64 */
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void lay_out(array *a, int layout) {
    int64_t step = 1;
    int i;
    a->low = 0;
    a->bytes = a->count > 0 ? (size_t)a->item : 0;
    for (i = 0; i < a->t.ndim; i++) {
        const int axis = layout == TURNED ? i : a->t.ndim - 1 - i;
        const int64_t stride = layout == GAPS ? 2 * step + i : step;
        const size_t span = a->count > 0 ? (size_t)((a->shape[axis] - 1) * stride * a->item) : 0;
        a->strides[axis] = layout == BACKWARD ? -stride : stride;
        a->low += layout == BACKWARD ? span : 0;
        a->bytes += span;
        step = stride * a->shape[axis];
    }
    a->t.strides = layout == PLAIN ? NULL : a->strides;
}

static void place(array *a, char *lowest) {
    a->t.data = lowest;
    a->t.byte_offset = a->low;
}

static void add(call *c, int slot, int dt, int ndim, const int64_t *shape) {
    array *a = &c->a[slot];
    int i;
    a->there = 1;
    a->dt = dt;
    a->item = dtypes[dt].bits / 8;
    a->count = 1;
    for (i = 0; i < ndim; i++)
        a->count *= a->shape[i] = shape[i];
    a->t.device.device_type = MXL_CPU;
    a->t.ndim = ndim;
    a->t.dtype = dtypes[dt];
    a->t.shape = a->shape;
    lay_out(a, PLAIN);
}

static mxl_status run(call *c, int threads, mxl_error *error) {
    const mxl_exec exec = {sizeof exec, threads, error};
    const mxl_tensor *in[INPUTS];
    mxl_tensor *grads[INPUTS];
    int k;
    for (k = 0; k < INPUTS; k++) {
        in[k] = c->a[k].there ? &c->a[k].t : NULL;
        grads[k] = c->a[GRAD + k].there ? &c->a[GRAD + k].t : NULL;
    }
    return mxl_run(c->form->loss, &c->options, c->n, in, c->a[HEAD].there ? &c->a[HEAD].t : NULL,
                   c->a[VALUE].there ? &c->a[VALUE].t : NULL, grads, &exec);
}

static int shape_of(const call *c, char how, int ndim, const int64_t *full, int64_t *own) {
    const int batch = c->options.batch_axis, tnc = (c->options.flags & MXL_LAYOUT_TNC) != 0;
    const int axis = c->options.axis < 0 ? c->options.axis + ndim : c->options.axis;
    int i, n = 0;
    own[0] = 1;
    switch (how) {
    case 'r':
        for (i = 0; i < ndim; i++)
            own[0] *= full[i];
        return 1;
    case 'o':
        return 1;
    case 'v':
        own[0] = full[c->form->loss == MXL_CTC ? tnc : batch];
        return 1;
    case 'l':
        own[(c->options.flags & MXL_LABEL_LAYOUT_TN) != 0] = full[tnc];
        own[(c->options.flags & MXL_LABEL_LAYOUT_TN) == 0] = 3;
        return 2;
    case 'x':
        for (i = 0; i < ndim; i++)
            if (i != axis)
                own[n++] = full[i];
        return n;
    default:
        for (i = 0; i < ndim; i++)
            own[i] = how == 't'                                   ? full[ndim - 1 - i]
                     : how == 'f' || (i == batch) == (how == 'b') ? full[i]
                                                                  : 1;
        return ndim;
    }
}

/* The call without memory for its data: pred of this shape and dtype; `variety` decides about the
 * dtypes of the others and about a head gradient. Returns what planning says: if that is an error,
 * the value has shape (1,). */
static mxl_status describe(call *c, const form *f, const char *shape, int64_t length, int dt,
                           int variety) {
    int64_t full[3], own[3];
    int ndim = 0, k;
    mxl_status status;
    memset(c, 0, sizeof *c);
    c->form = f;
    mxl_defaults(f->loss, &c->options);
    c->options.flags ^= f->flip;
    c->options.axis = f->axis;
    c->options.batch_axis = f->batch_axis;
    for (; *shape != 0 && *shape != ' '; shape++)
        full[ndim++] = *shape == 'L' ? length : *shape == 'W' ? 70 : *shape - '0';
    c->classes = full[f->axis < 0 ? f->axis + ndim : f->axis];
    c->frames = full[c->options.flags & MXL_LAYOUT_TNC ? 0 : ndim > 1];
    c->n = ((int)strlen(f->inputs) + 1) / 3;
    for (k = 0; k < c->n; k++) {
        const char kind = f->inputs[3 * k], how = f->inputs[3 * k + 1];
        int its = dt;
        if (kind == '-')
            continue;
        if (k > 0 && (strchr("ctn", kind) || variety % 2))
            its = (variety / 2 + 5 * k) % DTYPES;
        add(c, k, its, shape_of(c, how, ndim, full, own), own);
        if (its < I8)
            add(c, GRAD + k, its, c->a[k].t.ndim, own);
    }
    add(c, VALUE, dt, 0, NULL);
    if ((status = run(c, 1, NULL)) != MXL_OK)
        own[0] = c->a[VALUE].t.ndim = 1;
    memcpy(own, status == MXL_OK ? c->a[VALUE].shape : own, sizeof own);
    add(c, VALUE, dt, c->a[VALUE].t.ndim, own);
    if (variety % 3 == 0)
        add(c, HEAD, variety % 2 ? F64 : dt, c->a[VALUE].t.ndim, own);
    return status;
}

static char *element(const array *a, int64_t position) {
    char *at = (char *)a->t.data + a->t.byte_offset;
    int i;
    for (i = a->t.ndim - 1; i >= 0; i--) {
        at += position % a->shape[i] * a->strides[i] * a->item;
        position /= a->shape[i];
    }
    return at;
}

/* halves are cut off, and must be normal numbers or 0 */
static void put(char *at, int dt, double x) {
    const float f = (float)x;
    const int64_t whole = (int64_t)x;
    const int big_end = *(const char *)&(const int16_t){1} == 0;
    uint32_t u;
    uint16_t h;
    memcpy(&u, &f, sizeof u);
    h = (uint16_t)(u >> 16);
    if (dt == F16)
        h = (uint16_t)(x == 0 ? 0 : (u >> 16 & 0x8000) | (((u & 0x7fffffff) >> 13) - (112 << 10)));
    if (dt == F64)
        memcpy(at, &x, sizeof x);
    else if (dt == F32)
        memcpy(at, &f, sizeof f);
    else if (dt < I8)
        memcpy(at, &h, sizeof h);
    else
        memcpy(at, (const char *)&whole + (big_end ? 8 - dtypes[dt].bits / 8 : 0),
               (size_t)dtypes[dt].bits / 8);
}

static void fill(const call *c) {
    int64_t i;
    int k;
    for (k = 0; k < SLOTS; k++) {
        const array *a = &c->a[k];
        const char kind = k < c->n ? c->form->inputs[3 * k] : 'r';
        const int64_t limit = a->dt == BOOL ? 2 : 120; /* what any dtype can hold */
        const int64_t classes = c->form->loss == MXL_CTC ? c->classes - 1 : c->classes;
        if (!a->there || is_output(k))
            continue;
        for (i = 0; i < a->count; i++) {
            const uint64_t r = next();
            const double unit = (double)(r >> 40) * 0x1p-24 + 0x1p-10;
            const int64_t most = kind == 'c'   ? classes
                                 : kind == 't' ? c->frames + 1
                                 : kind == 'n' ? 4
                                               : 7;
            double x = (unit - 0.5) * 8 + (unit > 0.4999 && unit < 0.5001);
            if (kind == 'p')
                x = unit * 0.99;
            else if (kind == 's')
                x = r & 1 ? 1 : -1;
            else if (kind != 'r')
                x = (double)(r % (uint64_t)(most < 1 ? 1 : most < limit ? most : limit));
            put(element(a, i), a->dt, a->dt >= U8 ? fabs(x) : x);
        }
    }
}

/* the elements of one array as those of another of its shape */
static inline void copy(const array *from, const array *to) {
    int64_t i;
    if (from->t.strides == NULL && to->t.strides == NULL)
        memcpy(to->t.data, from->t.data, from->bytes);
    else
        for (i = 0; i < from->count; i++)
            memcpy(element(to, i), element(from, i), (size_t)from->item);
}

static int same(const array *a, const array *b) {
    int64_t i;
    if (a->t.strides == NULL && b->t.strides == NULL)
        return memcmp(a->t.data, b->t.data, a->bytes) == 0;
    for (i = 0; i < a->count; i++)
        if (memcmp(element(a, i), element(b, i), (size_t)a->item) != 0)
            return 0;
    return 1;
}

#endif

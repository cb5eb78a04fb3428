/* shapes.c - shapes of a loss's inputs that fit together, and of its value; see call.h */
#include <string.h>

#include "call.h"

static int dims(array *a, int ndim, const int64_t *shape) {
    a->t.ndim = ndim;
    memmove(a->shape, shape, (size_t)ndim * sizeof *shape);
    return ndim;
}

static int64_t product(int ndim, const int64_t *shape) {
    int64_t n = 1;
    while (ndim-- > 0)
        n *= shape[ndim];
    return n;
}

/* 1 or more, within what is left of the room */
static int64_t length(int64_t *room) {
    static const int64_t often[] = {3, 2, 1, 4, 5, 7, 8, 9, 6, 16, 17, 10};
    static const int64_t seldom[] = {31,  32,  33,  63,  64,   65,   96,   128,
                                     130, 257, 300, 700, 1024, 1030, 2100, 70000};
    int64_t n = one_in(4) ? seldom[below(16)] : often[below(12)];
    n = n < *room ? n : *room;
    *room /= n;
    return n;
}

static int64_t room_for_call(void) {
    return one_in(96) ? 90000 : one_in(8) ? 12000 : 1500;
}

/* broadcasts to `shape`, aligned on the right */
static void broadcasting(array *a, int ndim, const int64_t *shape) {
    const int fewer = one_in(2) ? (int)below(ndim + 1) : 0;
    int i;
    dims(a, ndim - fewer, shape + fewer);
    for (i = 0; i < a->t.ndim; i++)
        if (one_in(3))
            a->shape[i] = 1;
}

/* as many elements as `shape` has */
static void same_count(array *a, int ndim, const int64_t *shape) {
    int64_t other[MOST_AXES], whole = product(ndim, shape);
    int i;
    dims(a, ndim, shape);
    switch (one_in(3) ? below(4) : -1) {
    case 0:
        for (i = 0; i < ndim; i++)
            other[i] = shape[ndim - 1 - i];
        dims(a, ndim, other);
        break;
    case 1:
        dims(a, 1, &whole);
        break;
    case 2:
        if (ndim < MXL_MAX_NDIM) {
            memcpy(other + 1, shape, (size_t)ndim * sizeof *shape);
            other[0] = 1;
            dims(a, ndim + 1, other);
        }
        break;
    case 3: /* the first two axes as one */
        if (ndim > 1) {
            memcpy(other, shape + 1, (size_t)(ndim - 1) * sizeof *shape);
            other[0] *= shape[0];
            dims(a, ndim - 1, other);
        }
        break;
    default:
        break;
    }
}

static int choose_pred(array *p) {
    int64_t room = room_for_call();
    int i;
    p->t.ndim = one_in(40) ? 1 + (int)below(16) : (int)("\2\1\3\2\4\3\5\2"[below(8)]);
    for (i = 0; i < p->t.ndim; i++)
        p->shape[i] = length(&room);
    return p->t.ndim;
}

/* an axis in 0 to ndim-1, as an option: perhaps counted from the end */
static int choose_axis(int ndim, int32_t *option, int usual) {
    const int axis = one_in(2) ? (int)below(ndim) : usual;
    *option = one_in(3) ? axis - ndim : axis;
    return axis;
}

static void value_of(call *c, int ndim, int64_t rows) {
    c->value_ndim = ndim;
    c->value_shape[0] = rows;
    c->value_shape[1] = 1;
}

/* axis `batch` of the first array without elements, now and then */
static void perhaps_empty(call *c, array *a, int batch) {
    if (one_in(24)) {
        a->shape[batch] = 0;
        c->must_work &= c->loss != MXL_POISSON_NLL;
    }
}

static void elementwise(call *c) {
    array *p = &c->in[0], *z = &c->in[1], *w = &c->in[2];
    const uint32_t flags = c->options.flags;
    const int ndim = choose_pred(p), classes = c->loss == MXL_SOFTMAX_CROSS_ENTROPY;
    const int batch = choose_axis(ndim, &c->options.batch_axis, 0);
    int axis = -1, i, n = 0;
    int64_t kept[MOST_AXES], full[MOST_AXES];
    if (classes || c->loss == MXL_KL_DIV)
        axis = choose_axis(ndim, &c->options.axis, ndim - 1);
    perhaps_empty(c, p, batch);
    if (p->shape[batch] == 0 && batch == axis)
        c->must_work &= c->loss == MXL_KL_DIV && (flags & MXL_FROM_LOGITS);
    memcpy(full, p->shape, sizeof full);
    if (classes) {
        for (i = 0; i < ndim; i++)
            if (i != axis)
                kept[n++] = p->shape[i];
        full[axis] = 1;
    }
    if (classes && (flags & MXL_SPARSE_LABEL))
        one_in(3) ? dims(z, ndim, full) : dims(z, n, kept);
    else if (c->loss == MXL_KL_DIV)
        one_in(2) ? broadcasting(z, ndim, p->shape) : dims(z, ndim, p->shape);
    else
        same_count(z, ndim, p->shape);
    broadcasting(w, ndim, full);
    if (classes && w->t.ndim < ndim)
        broadcasting(w, n, kept);
    broadcasting(&c->in[3], ndim, p->shape);
    value_of(c, 1, batch == axis && classes ? 1 : p->shape[batch]);
    if (c->loss == MXL_POISSON_NLL)
        value_of(c, 1, 1);
}

static void triplets(call *c) {
    array *p = &c->in[0];
    const int ndim = choose_pred(p), batch = choose_axis(ndim, &c->options.batch_axis, 0);
    perhaps_empty(c, p, batch);
    same_count(&c->in[1], ndim, p->shape);
    same_count(&c->in[2], ndim, p->shape);
    value_of(c, 1, p->shape[batch]);
    broadcasting(&c->in[3], 1, c->value_shape);
}

static void pairs(call *c) {
    array *b = &c->in[1];
    const int ndim = choose_pred(b);
    int64_t rows;
    if (ndim > 1)
        perhaps_empty(c, b, 0);
    rows = product(ndim - 1, b->shape);
    same_count(&c->in[0], ndim, b->shape);
    if (one_in(4))
        memset(&c->in[2].t.ndim, 0, sizeof c->in[2].t.ndim); /* a single label */
    else
        same_count(&c->in[2], ndim - 1, b->shape);
    value_of(c, 2, rows);
    broadcasting(&c->in[3], 2, c->value_shape);
}

static void matrices(call *c) {
    int64_t room = one_in(8) ? 130 : 40, shape[2];
    const int64_t rows = length(&room);
    room = 30000 / (rows * rows) + 1;
    room = room < 400 ? room : 400;
    shape[0] = rows;
    shape[1] = length(&room);
    c->must_work &= rows > 1;
    dims(&c->in[0], 2, shape);
    perhaps_empty(c, &c->in[0], 0);
    dims(&c->in[1], 2, c->in[0].shape);
    value_of(c, 1, c->in[0].shape[0]);
}

static void sequences(call *c) {
    const uint32_t flags = c->options.flags;
    const int tnc = (flags & MXL_LAYOUT_TNC) != 0, tn = (flags & MXL_LABEL_LAYOUT_TN) != 0;
    int64_t room = one_in(96) ? 70000 : 3000;
    const int64_t n = one_in(20) ? 0 : one_in(10) ? 1 + below(70) : 1 + below(5);
    const int64_t frames = one_in(4) ? 1 + below(70) : 1 + below(12);
    const int64_t classes = (room /= frames * (n + 1), room += room < 1, length(&room));
    const int64_t labels = one_in(8) ? below(40) : below(frames / 2 + 2);
    const int64_t pred[3] = {tnc ? frames : n, tnc ? n : frames, classes};
    const int64_t label[2] = {tn ? labels : n, tn ? n : labels};
    dims(&c->in[0], 3, pred);
    dims(&c->in[1], 2, label);
    dims(&c->in[2], 1, &n);
    dims(&c->in[3], 1, &n);
    value_of(c, 1, n);
    broadcasting(&c->in[4], 1, &n);
}

void choose_shapes(call *c) {
    switch (c->loss) {
    case MXL_TRIPLET:
        triplets(c);
        break;
    case MXL_COSINE_EMBEDDING:
        pairs(c);
        break;
    case MXL_SDML:
        matrices(c);
        break;
    case MXL_CTC:
        sequences(c);
        break;
    default:
        elementwise(c);
    }
}

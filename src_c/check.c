/*
 * check.c - every rule about options, dtypes, shapes and broadcasting, and their error messages
 *
 * In this order: options, pred and axes, label, weights, outputs. Nothing reads data here.
 */
#include "check.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define TRY(expression)                                                                            \
    do {                                                                                           \
        mxl_status status_ = (expression);                                                         \
        if (status_ != MXL_OK)                                                                     \
            return status_;                                                                        \
    } while (0)

/* ---- Options ------------------------------------------------------------------------------- */

static mxl_status check_number(const mxl_call *call, const char *name, double value, double initial,
                               int narrow, double low, const char *wanted) {
    double seen = value;
    if (!mxl_loss_reads(call->row, name))
        return value == initial
                   ? MXL_OK
                   : mxl_fail(call, MXL_ERR_OPTION, MXL_ARG_OPTIONS,
                              "%s is %g, but this loss does not read it; leave it at its default",
                              name, value);
    if (narrow) /* as the kernels will see it */
        seen = (double)(float)value;
    if (seen - seen != 0 || seen < low)
        return mxl_fail(call, MXL_ERR_OPTION, MXL_ARG_OPTIONS, "%s is %g; expected %s", name, value,
                        wanted);
    return MXL_OK;
}

static mxl_status check_options(const mxl_call *call) {
    const mxl_options *o = &call->options;
    const uint32_t unread = (o->flags ^ call->row->default_flags) & ~call->row->info.flags;
    const int narrow = call->in[0].dt != MXL_DT_F64;
    mxl_options initial;
    mxl_defaults(call->loss, &initial);
    if (unread)
        return mxl_fail(call, MXL_ERR_OPTION, MXL_ARG_OPTIONS,
                        "flags has bit 0x%x, which this loss does not read", (unsigned)unread);
    if (o->axis != initial.axis && !mxl_loss_reads(call->row, "axis"))
        return mxl_fail(call, MXL_ERR_OPTION, MXL_ARG_OPTIONS,
                        "axis is %d, but this loss does not read it; leave it at its default",
                        (int)o->axis);
    /* the smallest number above 0 of the compute type: rho must not vanish in it */
    TRY(check_number(call, "rho", o->rho, initial.rho, narrow, narrow ? 0x1p-149 : 0x1p-1074,
                     "a finite number above 0 in pred's dtype"));
    TRY(check_number(call, "margin", o->margin, initial.margin, narrow, -HUGE_VAL,
                     "a finite number in pred's dtype"));
    return check_number(call, "epsilon", o->epsilon, initial.epsilon, narrow, 0,
                        "a finite number, 0 or above, in pred's dtype");
}

static mxl_status resolve_axis(const mxl_call *call, const char *name, int32_t axis, int32_t *out) {
    const int32_t ndim = call->in[0].ndim;
    mxl_shape_text text;
    *out = axis < 0 ? axis + ndim : axis;
    if (axis >= -ndim && axis < ndim)
        return MXL_OK;
    return mxl_fail(call, MXL_ERR_OPTION, MXL_ARG_OPTIONS,
                    "%s is %d, but %s has shape %s; expected %d to %d", name, (int)axis,
                    call->in[0].name, mxl_shape_string(&text, ndim, call->in[0].shape), (int)-ndim,
                    (int)ndim - 1);
}

/* ---- Inputs -------------------------------------------------------------------------------- */

int mxl_broadcast(const mxl_array *a, int32_t ndim, const int64_t *shape, int64_t *stride) {
    const int32_t shift = ndim - a->ndim;
    int32_t i;
    if (shift < 0)
        return 0;
    for (i = 0; i < ndim; i++) {
        const int64_t length = i < shift ? 1 : a->shape[i - shift];
        if (length != 1 && length != shape[i])
            return 0;
        stride[i] = length == 1 ? 0 : a->stride[i - shift];
    }
    return 1;
}

void mxl_broadcast_cells(const mxl_array *a, int32_t ndim, const int64_t *shape, int64_t *stride) {
    mxl_array numbers = *a;
    int64_t step = 1;
    int32_t i;
    for (i = a->ndim - 1; i >= 0; i--) {
        numbers.stride[i] = step;
        step *= a->shape[i];
    }
    mxl_broadcast(&numbers, ndim, shape, stride);
}

int mxl_same_shape(const mxl_array *a, int32_t ndim, const int64_t *shape) {
    return a->ndim == ndim && memcmp(a->shape, shape, (size_t)ndim * sizeof *shape) == 0;
}

int mxl_row_major(const mxl_array *a) {
    int64_t step = 1;
    int32_t i;
    for (i = a->ndim - 1; i >= 0; i--) {
        if (a->shape[i] != 1 && a->stride[i] != step)
            return 0;
        step *= a->shape[i];
    }
    return 1;
}

/* shape without one axis */
static int32_t drop_axis(int32_t ndim, const int64_t *shape, int32_t axis, int64_t *out) {
    int32_t i, n = 0;
    for (i = 0; i < ndim; i++)
        if (i != axis)
            out[n++] = shape[i];
    return n;
}

static mxl_status check_label(const mxl_call *call, const mxl_geometry *g) {
    const mxl_array *p = g->pred, *z = &call->in[1];
    mxl_shape_text a, b, c;
    int64_t scratch[MXL_MAX_NDIM], rows[MXL_MAX_NDIM];
    mxl_shape_string(&a, z->ndim, z->shape);
    mxl_shape_string(&b, p->ndim, p->shape);
    if (g->sparse) {
        const int32_t n = drop_axis(p->ndim, p->shape, g->classes, rows);
        memcpy(scratch, p->shape, sizeof scratch);
        scratch[g->classes] = 1;
        if (mxl_same_shape(z, n, rows) || mxl_same_shape(z, p->ndim, scratch))
            return MXL_OK;
        return mxl_fail(call, MXL_ERR_SHAPE, z->arg,
                        "%s has shape %s; expected %s, the shape of pred %s without axis %d%s",
                        z->name, a.text, mxl_shape_string(&c, n, rows), b.text, (int)g->classes,
                        mxl_same_shape(z, p->ndim, p->shape)
                            ? ". The label looks dense, like a one-hot encoding: pass "
                              "sparse_label=False"
                            : "");
    }
    if (call->row->label_rule == MXL_LABEL_BROADCAST) {
        if (mxl_broadcast(z, p->ndim, p->shape, scratch))
            return MXL_OK;
        return mxl_fail(call, MXL_ERR_SHAPE, z->arg,
                        "%s has shape %s, which does not broadcast to the shape of pred, %s; "
                        "expected that shape, or 1 in place of some of its lengths",
                        z->name, a.text, b.text);
    }
    if (z->count != p->count)
        return mxl_fail(call, MXL_ERR_SHAPE, z->arg,
                        "%s has shape %s and so %lld elements; expected %lld, as many as pred of "
                        "shape %s",
                        z->name, a.text, (long long)z->count, (long long)p->count, b.text);
    return MXL_OK;
}

mxl_status mxl_weight_strides(const mxl_call *call, const mxl_geometry *g, const mxl_array *w,
                              int64_t *stride, int64_t *cells) {
    const mxl_array *p = g->pred;
    int64_t full[MXL_MAX_NDIM], column[MXL_MAX_NDIM];
    int64_t fewer[MXL_MAX_NDIM], cells_fewer[MXL_MAX_NDIM];
    mxl_shape_text a, b, c;
    int32_t i, k = 0, ndim = p->ndim;
    memcpy(full, p->shape, sizeof full);
    memset(stride, 0, sizeof fewer);
    memset(cells, 0, sizeof fewer);
    if (call->row->label_rule == MXL_LABEL_CLASSES) {
        full[g->classes] = 1;
        if (w->ndim < p->ndim) { /* broadcasts to pred's shape without the class axis */
            ndim = drop_axis(p->ndim, p->shape, g->classes, full);
            if (mxl_broadcast(w, ndim, full, fewer)) {
                mxl_broadcast_cells(w, ndim, full, cells_fewer);
                for (i = 0; i < p->ndim; i++)
                    if (i != g->classes) {
                        stride[i] = fewer[k];
                        cells[i] = cells_fewer[k++];
                    }
                return MXL_OK;
            }
        }
    }
    if (ndim == p->ndim && mxl_broadcast(w, ndim, full, stride)) {
        mxl_broadcast_cells(w, ndim, full, cells);
        return MXL_OK;
    }
    for (i = 0; i < ndim; i++)
        column[i] = 1;
    if (ndim > 0)
        column[0] = full[0];
    return mxl_fail(call, MXL_ERR_SHAPE, w->arg,
                    "%s has shape %s, which does not broadcast to the unreduced loss of shape %s; "
                    "expected that shape, or 1 in place of some of its lengths, such as %s",
                    w->name, mxl_shape_string(&a, w->ndim, w->shape),
                    mxl_shape_string(&b, ndim, full), mxl_shape_string(&c, ndim, column));
}

/* ---- Shapes -------------------------------------------------------------------------------- */

static mxl_status find_geometry(const mxl_call *call, mxl_geometry *g) {
    const mxl_array *p = &call->in[0];
    const uint32_t flags = call->options.flags;
    mxl_shape_text text;
    int32_t i;
    g->pred = p;
    g->batch = g->classes = -1;
    g->sparse = call->row->label_rule == MXL_LABEL_CLASSES && (flags & MXL_SPARSE_LABEL);
    g->softmax = mxl_loss_has_softmax(call->loss, flags);
    if (!mxl_dt_is_float(p->dt))
        return mxl_fail(call, MXL_ERR_DTYPE, p->arg,
                        "%s has dtype %s; expected float16, bfloat16, float32 or float64", p->name,
                        mxl_dt_name(p->dt));
    if (p->ndim == 0)
        return mxl_fail(call, MXL_ERR_SHAPE, p->arg,
                        "%s has shape (); expected at least one axis, the batch", p->name);
    if (!call->row->mean_of_all)
        TRY(resolve_axis(call, "batch_axis", call->options.batch_axis, &g->batch));
    if (g->softmax || call->row->label_rule == MXL_LABEL_CLASSES)
        TRY(resolve_axis(call, "axis", call->options.axis, &g->classes));
    for (i = 0; i < p->ndim; i++)
        if (p->shape[i] == 0 && (i != g->batch || i == g->classes))
            return mxl_fail(call, MXL_ERR_SHAPE, p->arg,
                            "%s has shape %s, with length 0 along axis %d; there is nothing to "
                            "average. Only the batch axis may be empty%s",
                            p->name, mxl_shape_string(&text, p->ndim, p->shape), (int)i,
                            call->row->mean_of_all ? ", and not for a mean over the batch" : "");
    /* the class axis comes last, or not at all if each row has one label */
    for (i = 0, g->n_axes = 0; i < p->ndim; i++)
        if (i != g->classes)
            g->axes[g->n_axes++] = i;
    if (g->classes >= 0 && !g->sparse)
        g->axes[g->n_axes++] = g->classes;

    g->averaged = p->count;
    if (call->row->label_rule == MXL_LABEL_CLASSES) {
        g->averaged /= p->shape[g->classes];
        if (g->batch == g->classes)
            g->batch = -1;
    }
    g->batch_size = g->batch >= 0 ? p->shape[g->batch] : 1;
    g->averaged = g->batch_size ? g->averaged / g->batch_size : 1;
    if (flags & MXL_REDUCE_SUM)
        g->averaged = 1;
    return MXL_OK;
}

static mxl_status check_outputs(mxl_call *call, const mxl_geometry *g, mxl_tensor *value) {
    mxl_shape_text a, b;
    int i;
    if (call->has_head && !mxl_same_shape(&call->head, 1, &g->batch_size))
        return mxl_fail(call, MXL_ERR_SHAPE, MXL_ARG_HEAD_GRAD,
                        "head_grad has shape %s; expected %s, the shape of the value",
                        mxl_shape_string(&a, call->head.ndim, call->head.shape),
                        mxl_shape_string(&b, 1, &g->batch_size));
    if (call->planning) {
        static const mxl_dtype dtypes[] = {
            {MXL_FLOAT, 32, 1}, {MXL_FLOAT, 64, 1}, {MXL_FLOAT, 16, 1}, {MXL_BFLOAT, 16, 1}};
        value->ndim = 1;
        value->shape[0] = g->batch_size;
        value->dtype = dtypes[g->pred->dt];
    } else if (call->has_value) {
        if (call->value.dt != g->pred->dt)
            return mxl_fail(call, MXL_ERR_DTYPE, MXL_ARG_VALUE,
                            "value has dtype %s; expected %s, as pred", mxl_dt_name(call->value.dt),
                            mxl_dt_name(g->pred->dt));
        if (!mxl_same_shape(&call->value, 1, &g->batch_size))
            return mxl_fail(call, MXL_ERR_SHAPE, MXL_ARG_VALUE, "value has shape %s; expected %s",
                            mxl_shape_string(&a, call->value.ndim, call->value.shape),
                            mxl_shape_string(&b, 1, &g->batch_size));
    }
    for (i = 0; i < 4; i++) {
        const mxl_array *x = &call->in[i], *d = &call->grad[i];
        if (!call->has_grad[i])
            continue;
        if (!mxl_dt_is_float(x->dt))
            return mxl_fail(call, MXL_ERR_DTYPE, MXL_ARG_GRAD + i,
                            "%s has dtype %s; only floating inputs have a gradient", x->name,
                            mxl_dt_name(x->dt));
        if (d->dt != x->dt)
            return mxl_fail(call, MXL_ERR_DTYPE, MXL_ARG_GRAD + i,
                            "the gradient with respect to %s has dtype %s; expected %s", x->name,
                            mxl_dt_name(d->dt), mxl_dt_name(x->dt));
        if (!mxl_same_shape(d, x->ndim, x->shape))
            return mxl_fail(call, MXL_ERR_SHAPE, MXL_ARG_GRAD + i,
                            "the gradient with respect to %s has shape %s; expected %s", x->name,
                            mxl_shape_string(&a, d->ndim, d->shape),
                            mxl_shape_string(&b, x->ndim, x->shape));
    }
    return call->planning ? MXL_OK : mxl_check_overlap(call);
}

mxl_status mxl_check(mxl_call *call, mxl_geometry *g, mxl_tensor *value) {
    int64_t stride[MXL_MAX_NDIM], cells[MXL_MAX_NDIM];
    const mxl_array *q = &call->in[3];
    mxl_shape_text a, b;
    TRY(check_options(call));
    TRY(find_geometry(call, g));
    TRY(check_label(call, g));
    if (call->has_in[2])
        TRY(mxl_weight_strides(call, g, &call->in[2], stride, cells));
    if (call->has_in[3] && !mxl_broadcast(q, g->pred->ndim, g->pred->shape, stride))
        return mxl_fail(call, MXL_ERR_SHAPE, q->arg,
                        "%s has shape %s, which does not broadcast to the shape of pred, %s; "
                        "expected one weight per class along the last axis, or that shape",
                        q->name, mxl_shape_string(&a, q->ndim, q->shape),
                        mxl_shape_string(&b, g->pred->ndim, g->pred->shape));
    return check_outputs(call, g, value);
}

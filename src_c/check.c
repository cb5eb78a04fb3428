/*
 * check.c - the rules that all losses share, and their error messages: options, sample weights,
 * outputs. Those about the other inputs are in the families' files. Nothing reads data here.
 */
#include "check.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/* ---- Options ------------------------------------------------------------------------------- */

static mxl_status check_number(const mxl_call *call, const char *name, double value, double initial,
                               int narrow, double low, double below, const char *wanted) {
    double seen = value;
    if (!mxl_loss_reads(call->row, name))
        return value == initial
                   ? MXL_OK
                   : mxl_fail(call, MXL_ERR_OPTION, MXL_ARG_OPTIONS,
                              "%s is %g, but this loss does not read it; leave it at its default",
                              name, value);
    if (narrow) /* as the kernels will see it */
        seen = (double)(float)value;
    if (seen - seen != 0 || seen < low || seen >= below)
        return mxl_fail(call, MXL_ERR_OPTION, MXL_ARG_OPTIONS, "%s is %g; expected %s", name, value,
                        wanted);
    return MXL_OK;
}

static mxl_status check_unread(const mxl_call *call, const char *name, int32_t value,
                               int32_t initial) {
    if (value == initial || mxl_loss_reads(call->row, name))
        return MXL_OK;
    return mxl_fail(call, MXL_ERR_OPTION, MXL_ARG_OPTIONS,
                    "%s is %d, but this loss does not read it; leave it at its default", name,
                    (int)value);
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
    MXL_TRY(check_unread(call, "axis", o->axis, initial.axis));
    MXL_TRY(check_unread(call, "batch_axis", o->batch_axis, initial.batch_axis));
    /* the smallest number above 0 of the compute type: rho must not vanish in it */
    MXL_TRY(check_number(call, "rho", o->rho, initial.rho, narrow, narrow ? 0x1p-149 : 0x1p-1074,
                         HUGE_VAL, "a finite number above 0 in pred's dtype"));
    MXL_TRY(check_number(call, "margin", o->margin, initial.margin, narrow, -HUGE_VAL, HUGE_VAL,
                         "a finite number in pred's dtype"));
    MXL_TRY(check_number(call, "smoothing_parameter", o->smoothing_parameter,
                         initial.smoothing_parameter, 0, 0, 1, "a number from 0 to below 1"));
    return check_number(call, "epsilon", o->epsilon, initial.epsilon, narrow, 0, HUGE_VAL,
                        "a finite number, 0 or above, in pred's dtype");
}

mxl_status mxl_resolve_axis(const mxl_call *call, const char *name, int32_t axis, int32_t *out) {
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

int32_t mxl_drop_axis(int32_t ndim, const int64_t *shape, int32_t axis, int64_t *out) {
    int32_t i, n = 0;
    for (i = 0; i < ndim; i++)
        if (i != axis)
            out[n++] = shape[i];
    return n;
}

/* ---- Rules that several families share ------------------------------------------------------ */

mxl_status mxl_check_float(const mxl_call *call, const mxl_array *a) {
    if (!mxl_dt_is_float(a->dt))
        return mxl_fail(call, MXL_ERR_DTYPE, a->arg,
                        "%s has dtype %s; expected float16, bfloat16, float32 or float64", a->name,
                        mxl_dt_name(a->dt));
    if (a->ndim == 0)
        return mxl_fail(call, MXL_ERR_SHAPE, a->arg,
                        "%s has shape (); expected at least one axis, the batch", a->name);
    return MXL_OK;
}

mxl_status mxl_check_count(const mxl_call *call, const mxl_array *a, const mxl_array *like) {
    mxl_shape_text s, t;
    if (a->count == like->count)
        return MXL_OK;
    return mxl_fail(call, MXL_ERR_SHAPE, a->arg,
                    "%s has shape %s and so %lld elements; expected %lld, as many as %s of shape "
                    "%s",
                    a->name, mxl_shape_string(&s, a->ndim, a->shape), (long long)a->count,
                    (long long)like->count, like->name,
                    mxl_shape_string(&t, like->ndim, like->shape));
}

mxl_status mxl_check_shape(const mxl_call *call, const mxl_array *a, int32_t ndim,
                           const int64_t *shape, const char *why) {
    mxl_shape_text s, t;
    if (mxl_same_shape(a, ndim, shape))
        return MXL_OK;
    return mxl_fail(call, MXL_ERR_SHAPE, a->arg, "%s has shape %s; expected %s, %s", a->name,
                    mxl_shape_string(&s, a->ndim, a->shape), mxl_shape_string(&t, ndim, shape),
                    why);
}

mxl_status mxl_check_memory(const mxl_call *call, const mxl_array *a, double bytes, double rows) {
    mxl_shape_text s;
    if ((bytes + 1) * (rows + 1) < (sizeof(size_t) < 8 ? 0x1p31 : 0x1p56))
        return MXL_OK;
    return mxl_fail(call, MXL_ERR_SHAPE, a->arg,
                    "%s has shape %s; more memory would be needed than can be addressed", a->name,
                    mxl_shape_string(&s, a->ndim, a->shape));
}

mxl_status mxl_check_batch_axis_0(const mxl_call *call) {
    if (call->options.batch_axis == 0)
        return MXL_OK;
    return mxl_fail(call, MXL_ERR_OPTION, MXL_ARG_OPTIONS,
                    "batch_axis is %d; expected 0, because this loss is defined for rows",
                    (int)call->options.batch_axis);
}

void mxl_rows_geometry(mxl_geometry *g, int64_t rows, int32_t value_ndim) {
    memset(g, 0, sizeof *g);
    g->stream.ndim = g->stream.n_axes = 1;
    g->stream.shape[0] = rows;
    g->classes = -1;
    g->averaged = 1;
    g->value_ndim = g->unreduced_ndim = value_ndim;
    g->value_shape[0] = g->unreduced[0] = rows;
    g->value_shape[1] = g->unreduced[1] = 1;
}

void mxl_order_of(mxl_order *order, const mxl_array *a, int32_t first) {
    int32_t i;
    order->ndim = a->ndim;
    memcpy(order->shape, a->shape, sizeof a->shape);
    order->n_axes = 0;
    order->axes[order->n_axes++] = first;
    for (i = 0; i < a->ndim; i++)
        if (i != first)
            order->axes[order->n_axes++] = i;
}

mxl_status mxl_weight_strides(const mxl_call *call, const mxl_geometry *g, const mxl_array *w,
                              int64_t *stride, int64_t *cells) {
    int64_t shape[MXL_MAX_NDIM], column[MXL_MAX_NDIM];
    int64_t fewer[MXL_MAX_NDIM], cells_fewer[MXL_MAX_NDIM];
    mxl_shape_text a, b, c;
    int32_t i, k = 0, ndim = g->unreduced_ndim;
    memcpy(shape, g->unreduced, sizeof shape);
    memset(stride, 0, sizeof fewer);
    memset(cells, 0, sizeof fewer);
    if (call->row->label_rule == MXL_LABEL_CLASSES && w->ndim < ndim) {
        /* broadcasts to pred's shape without the class axis */
        ndim = mxl_drop_axis(g->unreduced_ndim, g->unreduced, g->classes, shape);
        if (mxl_broadcast(w, ndim, shape, fewer)) {
            mxl_broadcast_cells(w, ndim, shape, cells_fewer);
            for (i = 0; i < g->unreduced_ndim; i++)
                if (i != g->classes) {
                    stride[i] = fewer[k];
                    cells[i] = cells_fewer[k++];
                }
            return MXL_OK;
        }
    } else if (mxl_broadcast(w, ndim, shape, stride)) {
        mxl_broadcast_cells(w, ndim, shape, cells);
        return MXL_OK;
    }
    for (i = 0; i < ndim; i++)
        column[i] = 1;
    if (ndim > 0)
        column[0] = shape[0];
    return mxl_fail(call, MXL_ERR_SHAPE, w->arg,
                    "%s has shape %s, which does not broadcast to the unreduced loss of shape %s; "
                    "expected that shape, or 1 in place of some of its lengths, such as %s",
                    w->name, mxl_shape_string(&a, w->ndim, w->shape),
                    mxl_shape_string(&b, ndim, shape), mxl_shape_string(&c, ndim, column));
}

/* ---- Outputs ------------------------------------------------------------------------------- */

static mxl_status check_outputs(mxl_call *call, const mxl_geometry *g, mxl_tensor *value) {
    static const mxl_dtype dtypes[] = {
        {MXL_FLOAT, 32, 1}, {MXL_FLOAT, 64, 1}, {MXL_FLOAT, 16, 1}, {MXL_BFLOAT, 16, 1}};
    const mxl_array *pred = &call->in[0];
    mxl_shape_text a, b;
    int i;
    if (call->has_head && !mxl_same_shape(&call->head, g->value_ndim, g->value_shape))
        return mxl_fail(call, MXL_ERR_SHAPE, MXL_ARG_HEAD_GRAD,
                        "head_grad has shape %s; expected %s, the shape of the value",
                        mxl_shape_string(&a, call->head.ndim, call->head.shape),
                        mxl_shape_string(&b, g->value_ndim, g->value_shape));
    if (call->has_value) {
        if (call->value.dt != pred->dt)
            return mxl_fail(call, MXL_ERR_DTYPE, MXL_ARG_VALUE,
                            "value has dtype %s; expected %s, as %s", mxl_dt_name(call->value.dt),
                            mxl_dt_name(pred->dt), pred->name);
        if (!mxl_same_shape(&call->value, g->value_ndim, g->value_shape))
            return mxl_fail(call, MXL_ERR_SHAPE, MXL_ARG_VALUE, "value has shape %s; expected %s",
                            mxl_shape_string(&a, call->value.ndim, call->value.shape),
                            mxl_shape_string(&b, g->value_ndim, g->value_shape));
    }
    for (i = 0; i < call->row->info.n_inputs; i++) {
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
    if (!call->planning)
        return mxl_check_overlap(call);
    value->ndim = g->value_ndim;
    memcpy(value->shape, g->value_shape, (size_t)g->value_ndim * sizeof *value->shape);
    value->dtype = dtypes[pred->dt];
    return MXL_OK;
}

mxl_status mxl_check(mxl_call *call, mxl_geometry *g, mxl_tensor *value) {
    int64_t stride[MXL_MAX_NDIM], cells[MXL_MAX_NDIM];
    MXL_TRY(check_options(call));
    MXL_TRY(call->row->family->check(call, g));
    call->weight = mxl_loss_input(call->row, "sample_weight");
    if (call->weight >= 0 && !call->has_in[call->weight])
        call->weight = -1;
    if (call->weight >= 0)
        MXL_TRY(mxl_weight_strides(call, g, &call->in[call->weight], stride, cells));
    return check_outputs(call, g, value);
}

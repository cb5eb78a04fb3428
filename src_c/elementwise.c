/*
 * elementwise.c - losses of positions: those with a formula, and SoftmaxCE with class numbers
 */
#include <string.h>

#include "labels.h"
#include "plan.h"

/* ---- Shapes -------------------------------------------------------------------------------- */

static mxl_status check_label(const mxl_call *call, const mxl_geometry *g) {
    const mxl_array *p = &call->in[0], *z = &call->in[1];
    mxl_shape_text a, b, c;
    int64_t scratch[MXL_MAX_NDIM], rows[MXL_MAX_NDIM];
    if (g->sparse) {
        const int32_t n = mxl_drop_axis(p->ndim, p->shape, g->classes, rows);
        memcpy(scratch, p->shape, sizeof scratch);
        scratch[g->classes] = 1;
        if (mxl_same_shape(z, n, rows) || mxl_same_shape(z, p->ndim, scratch))
            return MXL_OK;
        return mxl_fail(call, MXL_ERR_SHAPE, z->arg,
                        "%s has shape %s; expected %s, the shape of pred %s without axis %d%s",
                        z->name, mxl_shape_string(&a, z->ndim, z->shape),
                        mxl_shape_string(&c, n, rows), mxl_shape_string(&b, p->ndim, p->shape),
                        (int)g->classes,
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
                        z->name, mxl_shape_string(&a, z->ndim, z->shape),
                        mxl_shape_string(&b, p->ndim, p->shape));
    }
    return mxl_check_count(call, z, p);
}

static mxl_status check(const mxl_call *call, mxl_geometry *g) {
    const mxl_array *p = &call->in[0];
    const uint32_t flags = call->options.flags;
    const mxl_array *q = &call->in[3]; /* pos_weight: no other loss has so many inputs */
    int64_t scratch[MXL_MAX_NDIM];
    mxl_shape_text text, other;
    int32_t i;
    memset(g, 0, sizeof *g);
    g->batch = g->classes = -1;
    g->sparse = call->row->label_rule == MXL_LABEL_CLASSES && (flags & MXL_SPARSE_LABEL);
    g->softmax = mxl_loss_has_softmax(call->loss, flags);
    MXL_TRY(mxl_check_float(call, p));
    if (!call->row->mean_of_all)
        MXL_TRY(mxl_resolve_axis(call, "batch_axis", call->options.batch_axis, &g->batch));
    if (g->softmax || call->row->label_rule == MXL_LABEL_CLASSES)
        MXL_TRY(mxl_resolve_axis(call, "axis", call->options.axis, &g->classes));
    for (i = 0; i < p->ndim; i++)
        if (p->shape[i] == 0 && (i != g->batch || i == g->classes))
            return mxl_fail(call, MXL_ERR_SHAPE, p->arg,
                            "%s has shape %s, with length 0 along axis %d; there is nothing to "
                            "average. Only the batch axis may be empty%s",
                            p->name, mxl_shape_string(&text, p->ndim, p->shape), (int)i,
                            call->row->mean_of_all ? ", and not for a mean over the batch" : "");
    /* the class axis comes last, or not at all if each row has one label */
    g->stream.ndim = p->ndim;
    memcpy(g->stream.shape, p->shape, sizeof p->shape);
    for (i = 0; i < p->ndim; i++)
        if (i != g->classes)
            g->stream.axes[g->stream.n_axes++] = i;
    if (g->classes >= 0 && !g->sparse)
        g->stream.axes[g->stream.n_axes++] = g->classes;

    g->averaged = p->count;
    g->unreduced_ndim = p->ndim;
    memcpy(g->unreduced, p->shape, sizeof p->shape);
    if (call->row->label_rule == MXL_LABEL_CLASSES) {
        g->unreduced[g->classes] = 1;
        g->averaged /= p->shape[g->classes];
        if (g->batch == g->classes)
            g->batch = -1;
    }
    g->value_ndim = 1;
    g->value_shape[0] = g->batch >= 0 ? p->shape[g->batch] : 1;
    g->averaged = g->value_shape[0] ? g->averaged / g->value_shape[0] : 1;
    if (flags & MXL_REDUCE_SUM)
        g->averaged = 1;
    MXL_TRY(check_label(call, g));
    if (call->has_in[3] && !mxl_broadcast(q, p->ndim, p->shape, scratch))
        return mxl_fail(call, MXL_ERR_SHAPE, q->arg,
                        "%s has shape %s, which does not broadcast to the shape of pred, %s; "
                        "expected one weight per class along the last axis, or that shape",
                        q->name, mxl_shape_string(&text, q->ndim, q->shape),
                        mxl_shape_string(&other, p->ndim, p->shape));
    return MXL_OK;
}

/* ---- Views --------------------------------------------------------------------------------- */

/* a loop over rows of classes. How it works is decided by shape only, so that results do not depend
 * on the memory layout. */
static void plan_classes(mxl_job *job, const mxl_geometry *g) {
    const int64_t *shape = g->stream.shape;
    int32_t i;
    job->classes = shape[g->classes];
    job->inner = 1;
    for (i = g->classes + 1; i < g->stream.ndim; i++)
        job->inner *= shape[i];
    job->columns =
        !job->from_logits && job->classes < (job->inner > 1 ? MXL_MANY_CLASSES : MXL_FEW_CLASSES);
}

static void plan_sparse(const mxl_call *call, mxl_job *job, const mxl_geometry *g) {
    const mxl_array *p = &call->in[0];
    mxl_order rows_and_classes = g->stream;
    job->loop = MXL_SPARSE;
    job->from_logits = !g->softmax;
    job->clip_label = (call->options.flags & MXL_CLIP_LABEL) != 0;
    plan_classes(job, g);
    job->row_work = job->classes;
    rows_and_classes.axes[rows_and_classes.n_axes++] = g->classes;
    mxl_view_stream(&job->in[0], p, &rows_and_classes, p->stride);
    mxl_view_own(&job->in[1],
                 &call->in[1]); /* without the class axis or with length 1: all the same */
    if (call->has_grad[0]) {
        job->din[0].kind = MXL_DIRECT;
        mxl_view_stream(&job->din[0].view, &call->grad[0], &rows_and_classes, call->grad[0].stride);
    }
    if (call->has_grad[1]) /* class numbers have no slope */
        mxl_view_own(&job->zeros[job->n_zeros++], &call->grad[1]);
}

static void plan_elementwise(const mxl_call *call, mxl_job *job, const mxl_geometry *g) {
    const mxl_array *p = &call->in[0], *z = &call->in[1], *dz = &call->grad[1];
    int64_t stride[MXL_MAX_NDIM], cells[MXL_MAX_NDIM];
    job->loop = MXL_ELEMENTWISE;
    job->classes = 1;
    if (g->softmax) {
        job->loop = MXL_SOFTMAX_ELEMENTWISE;
        plan_classes(job, g);
    }
    job->formula = mxl_loss_formula(call->loss, call->options.flags, call->has_in[3]);
    job->n_in = call->has_in[3] ? 3 : 2;
    mxl_view_stream(&job->in[0], p, &g->stream, p->stride);
    if (call->has_grad[0]) {
        job->din[0].kind = MXL_DIRECT;
        mxl_view_stream(&job->din[0].view, &call->grad[0], &g->stream, call->grad[0].stride);
    }
    if (call->row->label_rule == MXL_LABEL_BROADCAST) {
        mxl_broadcast(z, p->ndim, p->shape, stride);
        mxl_view_stream(&job->in[1], z, &g->stream, stride);
        if (call->has_grad[1]) {
            mxl_broadcast(dz, p->ndim, p->shape, stride);
            mxl_broadcast_cells(dz, p->ndim, p->shape, cells);
            mxl_make_output(&job->din[1], dz, &g->stream, stride, cells);
        }
    } else {
        mxl_view_reshaped(&job->in[1], &job->copy_from[1], z, &g->stream);
        if (call->has_grad[1]) {
            job->din[1].kind = MXL_DIRECT;
            mxl_view_reshaped(&job->din[1].view, &job->copy_to[1], dz, &g->stream);
        }
    }
    if (call->has_in[3]) {
        mxl_broadcast(&call->in[3], p->ndim, p->shape, stride);
        mxl_view_stream(&job->in[2], &call->in[3], &g->stream, stride);
        if (call->has_grad[3]) {
            mxl_broadcast(&call->grad[3], p->ndim, p->shape, stride);
            mxl_broadcast_cells(&call->grad[3], p->ndim, p->shape, cells);
            mxl_make_output(&job->din[2], &call->grad[3], &g->stream, stride, cells);
        }
    }
}

static void plan(const mxl_call *call, mxl_job *job, const mxl_geometry *g) {
    if (g->sparse)
        plan_sparse(call, job, g);
    else
        plan_elementwise(call, job, g);
}

/* ---- Values -------------------------------------------------------------------------------- */

enum { BATCH = 256 };

static mxl_status check_classes(const mxl_call *call, const mxl_job *job) {
    int64_t position, n, good, y[BATCH];
    mxl_element_text text;
    for (position = 0; position < job->n; position += n) {
        n = job->n - position < BATCH ? job->n - position : BATCH;
        good = mxl_labels_read(&job->in[1], position, n, 0, job->classes - 1, job->clip_label, y);
        if (good < n)
            return mxl_fail(call, MXL_ERR_VALUE, 1,
                            job->clip_label ? "%s; expected a number"
                                            : "%s; expected a whole number from 0 to %lld",
                            mxl_describe(&call->in[1], position + good, &text),
                            (long long)job->classes - 1);
    }
    return MXL_OK;
}

static mxl_status values(const mxl_call *call, const mxl_job *job) {
    if (job->loop == MXL_SPARSE)
        return check_classes(call, job);
    if (call->options.flags & MXL_COMPUTE_FULL)
        return mxl_check_targets(call);
    return MXL_OK;
}

const mxl_family mxl_family_elementwise = {check, plan, values};

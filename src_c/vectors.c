/*
 * vectors.c - losses of rows of vectors: TripletLoss, CosineEmbeddingLoss, SDMLLoss
 */
#include <string.h>

#include "plan.h"

/* No axis but `batch` may have length 0. */
static mxl_status check_lengths(const mxl_call *call, const mxl_array *a, int32_t batch) {
    mxl_shape_text text;
    int32_t i;
    for (i = 0; i < a->ndim; i++)
        if (a->shape[i] == 0 && i != batch)
            return mxl_fail(call, MXL_ERR_SHAPE, a->arg,
                            "%s has shape %s, with length 0 along axis %d; only the batch axis "
                            "may be empty",
                            a->name, mxl_shape_string(&text, a->ndim, a->shape), (int)i);
    return MXL_OK;
}

/* inputs[k] as in[k], read in the order's shape, and its gradient */
static void plan_input(const mxl_call *call, mxl_job *job, const mxl_order *order, int k) {
    mxl_view_reshaped(&job->in[k], &job->copy_from[k], &call->in[k], order);
    if (call->has_grad[k]) {
        job->din[k].kind = MXL_DIRECT;
        mxl_view_reshaped(&job->din[k].view, &job->copy_to[k], &call->grad[k], order);
    }
}

static void plan_rows(mxl_job *job, const mxl_geometry *g, int32_t loop) {
    int32_t i;
    job->loop = loop;
    job->classes = 1;
    for (i = 0; i < g->elements.ndim; i++)
        job->classes *= g->elements.shape[i];
    job->classes = job->n ? job->classes / job->n : 1;
    job->row_work = job->classes;
}

/* ---- TripletLoss --------------------------------------------------------------------------- */

static mxl_status check_triplets(const mxl_call *call, mxl_geometry *g) {
    const mxl_array *p = &call->in[0];
    int32_t batch;
    MXL_TRY(mxl_check_float(call, p));
    MXL_TRY(mxl_resolve_axis(call, "batch_axis", call->options.batch_axis, &batch));
    MXL_TRY(check_lengths(call, p, batch));
    MXL_TRY(mxl_check_count(call, &call->in[1], p));
    MXL_TRY(mxl_check_count(call, &call->in[2], p));
    mxl_rows_geometry(g, p->shape[batch], 1);
    mxl_order_of(&g->elements, p, batch);
    return MXL_OK;
}

static void plan_triplets(const mxl_call *call, mxl_job *job, const mxl_geometry *g) {
    int k;
    plan_rows(job, g, MXL_TRIPLETS);
    for (k = 0; k < 3; k++)
        plan_input(call, job, &g->elements, k);
}

const mxl_family mxl_family_triplets = {check_triplets, plan_triplets, NULL};

/* ---- CosineEmbeddingLoss ------------------------------------------------------------------- */

static mxl_status check_pairs(const mxl_call *call, mxl_geometry *g) {
    const mxl_array *a = &call->in[0], *b = &call->in[1], *label = &call->in[2];
    mxl_shape_text s, t;
    int64_t rows;
    MXL_TRY(mxl_check_float(call, a));
    if (b->ndim == 0)
        return mxl_fail(call, MXL_ERR_SHAPE, b->arg, "%s has shape (); expected at least one axis",
                        b->name);
    MXL_TRY(mxl_check_batch_axis_0(call));
    MXL_TRY(check_lengths(call, b, b->ndim > 1 ? 0 : -1));
    MXL_TRY(mxl_check_count(call, a, b));
    rows = b->count / b->shape[b->ndim - 1];
    if (label->count != rows && label->count != 1)
        return mxl_fail(call, MXL_ERR_SHAPE, label->arg,
                        "%s has shape %s and so %lld elements; expected %lld, one for each vector "
                        "along the last axis of %s of shape %s, or a single one",
                        label->name, mxl_shape_string(&s, label->ndim, label->shape),
                        (long long)label->count, (long long)rows, b->name,
                        mxl_shape_string(&t, b->ndim, b->shape));
    mxl_rows_geometry(g, rows, 2);
    mxl_order_of(&g->elements, b, 0);
    return MXL_OK;
}

static void plan_pairs(const mxl_call *call, mxl_job *job, const mxl_geometry *g) {
    static const int64_t repeated[1] = {0};
    const mxl_array *label = &call->in[2];
    int k;
    plan_rows(job, g, MXL_PAIRS);
    for (k = 0; k < 2; k++)
        plan_input(call, job, &g->elements, k);
    if (label->count == 1)
        mxl_view_stream(&job->in[2], label, &g->stream, repeated);
    else
        mxl_view_own(&job->in[2], label);
    if (call->has_grad[2]) /* only the kind of pair depends on it */
        mxl_view_own(&job->zeros[job->n_zeros++], &call->grad[2]);
}

const mxl_family mxl_family_pairs = {check_pairs, plan_pairs, NULL};

/* ---- SDMLLoss ------------------------------------------------------------------------------ */

static mxl_status check_matrices(const mxl_call *call, mxl_geometry *g) {
    const mxl_array *a = &call->in[0];
    mxl_shape_text text;
    MXL_TRY(mxl_check_float(call, a));
    if (a->ndim != 2)
        return mxl_fail(call, MXL_ERR_SHAPE, a->arg,
                        "%s has shape %s; expected two axes, (rows, length of a vector)", a->name,
                        mxl_shape_string(&text, a->ndim, a->shape));
    MXL_TRY(mxl_check_batch_axis_0(call));
    MXL_TRY(mxl_check_shape(call, &call->in[1], 2, a->shape, "the shape of x1"));
    MXL_TRY(check_lengths(call, a, 0));
    if (a->shape[0] == 1)
        return mxl_fail(call, MXL_ERR_SHAPE, a->arg,
                        "%s has shape %s; expected at least two rows: each is told apart from the "
                        "others",
                        a->name, mxl_shape_string(&text, 2, a->shape));
    MXL_TRY(mxl_check_memory(call, a, 8.0 * (double)a->shape[0] + 24.0 * (double)a->shape[1] + 1024,
                             (double)a->shape[0]));
    mxl_rows_geometry(g, a->shape[0], 1);
    mxl_order_of(&g->elements, a, 0);
    return MXL_OK;
}

static void plan_matrices(const mxl_call *call, mxl_job *job, const mxl_geometry *g) {
    int k;
    plan_rows(job, g, MXL_MATRICES);
    job->row_work = job->n * job->classes / 8 + 1; /* each row meets all others */
    for (k = 0; k < 2; k++)
        plan_input(call, job, &g->elements, k);
}

const mxl_family mxl_family_matrices = {check_matrices, plan_matrices, NULL};

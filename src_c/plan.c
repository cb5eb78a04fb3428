/*
 * plan.c - from checked arguments to a job for the kernels: views over the stream, what kind of sum
 * each output is, and how the stream is cut into chunks and tiles
 */
#include <string.h>

#include "check.h"

/* ---- Views --------------------------------------------------------------------------------- */

static void view_begin(mxl_view *v, const mxl_array *a) {
    v->data = a->data;
    v->dt = a->dt;
    v->itemsize = a->itemsize;
    v->ndim = 0;
}

/* append an axis, merging it with the one before if they step evenly */
static void view_axis(mxl_view *v, int64_t length, int64_t stride) {
    const int32_t last = v->ndim - 1;
    if (length == 1)
        return;
    if (v->ndim > 0 && v->stride[last] == length * stride) {
        v->shape[last] *= length;
        v->stride[last] = stride;
        return;
    }
    v->shape[v->ndim] = length;
    v->stride[v->ndim++] = stride;
}

static void view_end(mxl_view *v) {
    if (v->ndim == 0) {
        v->ndim = 1;
        v->shape[0] = 1;
        v->stride[0] = 0;
    }
}

/* over the stream, with strides per axis of pred */
static void view_stream(mxl_view *v, const mxl_array *a, const mxl_geometry *g,
                        const int64_t *stride) {
    int32_t i;
    view_begin(v, a);
    for (i = 0; i < g->n_axes; i++)
        view_axis(v, g->pred->shape[g->axes[i]], stride[g->axes[i]]);
    view_end(v);
}

/* over the array's own elements, row-major */
static void view_own(mxl_view *v, const mxl_array *a) {
    int32_t i;
    view_begin(v, a);
    for (i = 0; i < a->ndim; i++)
        view_axis(v, a->shape[i], a->stride[i]);
    view_end(v);
}

/* Of a label that is read in pred's shape. If strides cannot say that, *v is the view of a
 * contiguous copy without data and *own that of the array itself. */
static void view_reshaped(mxl_view *v, mxl_view *own, const mxl_array *a, const mxl_geometry *g) {
    const int row_major_stream = g->axes[g->n_axes - 1] == g->pred->ndim - 1;
    int64_t stride[MXL_MAX_NDIM], step = 1;
    int32_t i;
    if (mxl_same_shape(a, g->pred->ndim, g->pred->shape)) {
        view_stream(v, a, g, a->stride);
        return;
    }
    if (row_major_stream) {
        view_own(v, a);
        return;
    }
    for (i = g->pred->ndim - 1; i >= 0; i--) {
        stride[i] = step;
        step *= g->pred->shape[i];
    }
    view_stream(v, a, g, stride);
    if (!mxl_row_major(a))
        view_own(own, a);
}

/* An output with its strides per axis of pred, for memory and for element numbers. Axes without a
 * stride of the latter are summed over. */
static void make_output(mxl_output *out, const mxl_array *a, const mxl_geometry *g,
                        const int64_t *stride, const int64_t *cells) {
    mxl_view *c = &out->cell;
    int32_t i, sums = 0;
    for (i = 0; i < g->n_axes; i++)
        if (g->pred->shape[g->axes[i]] != 1 && cells[g->axes[i]] == 0)
            sums = 1;
    if (!sums) {
        out->kind = MXL_DIRECT;
        view_stream(&out->view, a, g, stride);
        return;
    }
    out->size = a->count;
    view_own(&out->view, a);
    view_stream(c, a, g, cells);
    if (c->stride[c->ndim - 1] == 0 && (c->ndim == 1 || (c->ndim == 2 && c->stride[0] == 1))) {
        out->kind = MXL_ROWSUM;
        out->run = c->shape[c->ndim - 1];
    } else {
        out->kind = MXL_SCATTER;
    }
}

static void plan_value(const mxl_call *call, mxl_job *job, const mxl_geometry *g) {
    int64_t stride[MXL_MAX_NDIM] = {0}, cells[MXL_MAX_NDIM] = {0};
    mxl_array shape_only = call->value;
    if (call->has_head) {
        if (g->batch >= 0)
            stride[g->batch] = call->head.stride[0];
        view_stream(&job->head, &call->head, g, stride);
        job->has_head = 1;
    }
    if (!call->has_value) { /* its shape still decides about tiles */
        shape_only.count = g->batch_size;
        shape_only.ndim = 1;
        shape_only.shape[0] = g->batch_size;
        shape_only.stride[0] = 1;
    }
    if (g->batch >= 0) {
        stride[g->batch] = shape_only.stride[0];
        cells[g->batch] = 1;
    }
    make_output(&job->value, &shape_only, g, stride, cells);
    if (!call->has_value)
        job->value.kind = MXL_UNWANTED;
}

static void plan_sparse(const mxl_call *call, mxl_job *job, const mxl_geometry *g) {
    const mxl_array *p = g->pred;
    mxl_geometry rows_and_classes = *g;
    int32_t i;
    job->classes = p->shape[g->classes];
    job->from_logits = !g->softmax;
    job->clip_label = (call->options.flags & MXL_CLIP_LABEL) != 0;
    job->class_stride = p->stride[g->classes];
    job->inner = 1;
    for (i = g->classes + 1; i < p->ndim; i++)
        job->inner *= p->shape[i];
    /* by shape only, so that results do not depend on the memory layout. Below 64 classes there is
     * more to gain from working on many rows at once than there is to lose from transposing. */
    job->loop = job->from_logits || (job->inner == 1 && job->classes >= 64) ? MXL_SPARSE_ROWS
                                                                            : MXL_SPARSE_COLUMNS;
    if (job->loop == MXL_SPARSE_ROWS)
        rows_and_classes.axes[rows_and_classes.n_axes++] = g->classes;
    view_stream(&job->in[0], p, &rows_and_classes, p->stride);
    view_own(&job->in[1], &call->in[1]); /* without the class axis or with length 1: all the same */
    if (call->has_grad[0]) {
        job->din[0].kind = MXL_DIRECT;
        job->dclass_stride = call->grad[0].stride[g->classes];
        view_stream(&job->din[0].view, &call->grad[0], &rows_and_classes, call->grad[0].stride);
    }
    if (call->has_grad[1]) {
        job->din[1].kind = MXL_DIRECT;
        view_own(&job->din[1].view, &call->grad[1]);
    }
}

static void plan_elementwise(const mxl_call *call, mxl_job *job, const mxl_geometry *g) {
    const mxl_array *p = g->pred, *z = &call->in[1], *dz = &call->grad[1];
    int64_t stride[MXL_MAX_NDIM], cells[MXL_MAX_NDIM];
    job->loop = g->softmax ? MXL_SOFTMAX_ELEMENTWISE : MXL_ELEMENTWISE;
    job->classes = g->softmax ? p->shape[g->classes] : 1;
    job->formula = mxl_loss_formula(call->loss, call->options.flags, call->has_in[3]);
    job->n_in = call->has_in[3] ? 3 : 2;
    view_stream(&job->in[0], p, g, p->stride);
    if (call->has_grad[0]) {
        job->din[0].kind = MXL_DIRECT;
        view_stream(&job->din[0].view, &call->grad[0], g, call->grad[0].stride);
    }
    if (call->row->label_rule == MXL_LABEL_BROADCAST) {
        mxl_broadcast(z, p->ndim, p->shape, stride);
        view_stream(&job->in[1], z, g, stride);
        if (call->has_grad[1]) {
            mxl_broadcast(dz, p->ndim, p->shape, stride);
            mxl_broadcast_cells(dz, p->ndim, p->shape, cells);
            make_output(&job->din[1], dz, g, stride, cells);
        }
    } else {
        view_reshaped(&job->in[1], &job->label_from, z, g);
        if (call->has_grad[1]) {
            job->din[1].kind = MXL_DIRECT;
            view_reshaped(&job->din[1].view, &job->dlabel_to, dz, g);
        }
    }
    if (call->has_in[3]) {
        mxl_broadcast(&call->in[3], p->ndim, p->shape, stride);
        view_stream(&job->in[2], &call->in[3], g, stride);
        if (call->has_grad[3]) {
            mxl_broadcast(&call->grad[3], p->ndim, p->shape, stride);
            mxl_broadcast_cells(&call->grad[3], p->ndim, p->shape, cells);
            make_output(&job->din[2], &call->grad[3], g, stride, cells);
        }
    }
}

/* ---- Tiles and chunks ---------------------------------------------------------------------- */

enum {
    CHUNK_WORK = 32768, /* elements of pred per chunk: some 10 to 45 us */
    TILE_BYTES = 4096,  /* of one input: all buffers of a tile fit the first-level cache */
    COLUMN_BYTES = 65536
};

static int64_t at_least(int64_t a, int64_t b) {
    return a > b ? a : b;
}

/* most positions that are a multiple of unit, but at least one unit */
static int64_t multiple(int64_t positions, int64_t unit) {
    return at_least(positions / unit, 1) * unit;
}

/* Decides by shapes only, so that results depend on nothing else. */
static void plan_chunks(mxl_job *job) {
    const int64_t size = job->is_double ? 8 : 4, run = at_least(job->value.run, 1);
    mxl_output *outputs[] = MXL_OUTPUTS(job);
    int64_t unit = 1;
    size_t i;
    if (job->n == 0)
        return;
    if (job->loop == MXL_SPARSE_COLUMNS) { /* a tile's pred and gradient: at most 64 KiB each */
        job->tile = MXL_SPARSE_TILE;
        while (job->tile > 16 && job->tile * job->classes * size > COLUMN_BYTES)
            job->tile /= 2;
        /* do not step over the end of an image's row if the pieces stay long enough */
        if (job->inner < job->tile && job->inner >= 64)
            job->tile = job->inner;
        unit = job->tile;
        job->chunk = CHUNK_WORK / job->classes;
    } else if (job->loop == MXL_SPARSE_ROWS) {
        job->tile = MXL_SPARSE_TILE;
        job->chunk = at_least(CHUNK_WORK / job->classes, 1);
    } else {
        unit = job->classes;
        job->row = job->loop == MXL_SOFTMAX_ELEMENTWISE ? job->classes : run;
        job->tile = TILE_BYTES / size;
        if (job->row <= job->tile || job->loop == MXL_SOFTMAX_ELEMENTWISE)
            job->tile = multiple(job->tile, job->row);
        job->chunk = CHUNK_WORK;
    }
    /* scattered sums need cells for each chunk: not many more of these than positions */
    for (i = 0; i < MXL_OUTPUT_COUNT; i++)
        if (outputs[i]->kind == MXL_SCATTER)
            job->chunk = at_least(job->chunk, 4 * outputs[i]->size);
    job->chunk = multiple(job->chunk, run % unit == 0 && run <= job->chunk ? run : unit);
    /* and so does a sum of neighbours that the end of a chunk cuts through */
    for (i = 0; i < MXL_OUTPUT_COUNT; i++)
        if (outputs[i]->kind == MXL_ROWSUM && job->chunk % outputs[i]->run != 0)
            outputs[i]->kind = MXL_SCATTER;
    job->n_chunks = job->n / job->chunk + (job->n % job->chunk != 0);
    if (job->tile > job->chunk)
        job->tile = job->chunk;
}

mxl_status mxl_plan(mxl_call *call, mxl_job *job, mxl_tensor *value) {
    int64_t stride[MXL_MAX_NDIM], cells[MXL_MAX_NDIM];
    mxl_geometry g;
    const mxl_status status = mxl_check(call, &g, value);
    if (status != MXL_OK || call->planning)
        return status;

    job->is_double = g.pred->dt == MXL_DT_F64;
    job->n = g.sparse ? g.pred->count / (g.pred->shape[g.classes]) : g.pred->count;
    job->factor = call->options.weight / (double)g.averaged;
    job->rho = call->options.rho;
    job->margin = call->options.margin;
    job->epsilon = call->options.epsilon;
    plan_value(call, job, &g);
    if (g.sparse)
        plan_sparse(call, job, &g);
    else
        plan_elementwise(call, job, &g);
    if (call->has_in[2]) {
        job->has_weight = 1;
        mxl_weight_strides(call, &g, &call->in[2], stride, cells);
        view_stream(&job->weight, &call->in[2], &g, stride);
    }
    if (call->has_grad[2]) {
        mxl_weight_strides(call, &g, &call->grad[2], stride, cells);
        make_output(&job->dweight, &call->grad[2], &g, stride, cells);
    }
    plan_chunks(job);
    return MXL_OK;
}

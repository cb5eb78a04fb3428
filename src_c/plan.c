/*
 * plan.c - from checked arguments to a job for the kernels: views over the stream, what kind of sum
 * each output is, and how the stream is cut into chunks and tiles
 */
#include <string.h>

#include "plan.h"

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

void mxl_view_stream(mxl_view *v, const mxl_array *a, const mxl_order *order,
                     const int64_t *stride) {
    int32_t i;
    view_begin(v, a);
    for (i = 0; i < order->n_axes; i++)
        view_axis(v, order->shape[order->axes[i]], stride[order->axes[i]]);
    view_end(v);
}

void mxl_view_own(mxl_view *v, const mxl_array *a) {
    int32_t i;
    view_begin(v, a);
    for (i = 0; i < a->ndim; i++)
        view_axis(v, a->shape[i], a->stride[i]);
    view_end(v);
}

void mxl_view_reshaped(mxl_view *v, mxl_view *own, const mxl_array *a, const mxl_order *order) {
    int64_t stride[MXL_MAX_NDIM], step = 1;
    int32_t i, row_major = 1;
    if (mxl_same_shape(a, order->ndim, order->shape)) {
        mxl_view_stream(v, a, order, a->stride);
        return;
    }
    for (i = 0; i < order->n_axes; i++)
        row_major &= order->axes[i] == i;
    if (row_major) {
        mxl_view_own(v, a);
        return;
    }
    for (i = order->ndim - 1; i >= 0; i--) {
        stride[i] = step;
        step *= order->shape[i];
    }
    mxl_view_stream(v, a, order, stride);
    if (!mxl_row_major(a))
        mxl_view_own(own, a);
}

void mxl_make_output(mxl_output *out, const mxl_array *a, const mxl_order *order,
                     const int64_t *stride, const int64_t *cells) {
    mxl_view *c = &out->cell;
    int32_t i, sums = 0;
    for (i = 0; i < order->n_axes; i++)
        if (order->shape[order->axes[i]] != 1 && cells[order->axes[i]] == 0)
            sums = 1;
    if (!sums) {
        out->kind = MXL_DIRECT;
        mxl_view_stream(&out->view, a, order, stride);
        return;
    }
    out->size = a->count;
    mxl_view_own(&out->view, a);
    mxl_view_stream(c, a, order, cells);
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
        mxl_view_stream(&job->head, &call->head, &g->stream, stride);
        job->has_head = 1;
    }
    if (!call->has_value) { /* its shape still decides about tiles */
        shape_only.count = g->value_shape[0];
        shape_only.ndim = 1;
        shape_only.shape[0] = g->value_shape[0];
        shape_only.stride[0] = 1;
    }
    if (g->batch >= 0) {
        stride[g->batch] = shape_only.stride[0];
        cells[g->batch] = 1;
    }
    mxl_make_output(&job->value, &shape_only, &g->stream, stride, cells);
    if (!call->has_value)
        job->value.kind = MXL_UNWANTED;
}

/* ---- Tiles and chunks ---------------------------------------------------------------------- */

enum {
    CHUNK_WORK = 32768, /* per chunk, in elements of pred: some 10 to 45 us */
    COLUMN_BYTES = 8192,
    LONG_COLUMNS_BYTES = 262144
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
    if (job->columns) {
        const int64_t per_row = job->loop == MXL_SPARSE ? 1 : job->classes;
        const int64_t bytes =
            job->loop == MXL_SPARSE && job->inner > 1 ? LONG_COLUMNS_BYTES : COLUMN_BYTES;
        int64_t rows = multiple(bytes / (job->classes * size), MXL_COLUMN_LANES);
        rows = at_least(rows, 64);
        while (rows > MXL_COLUMN_LANES && rows * job->classes * size > LONG_COLUMNS_BYTES)
            rows /= 2;
        if (rows > MXL_SPARSE_TILE)
            rows = MXL_SPARSE_TILE;
        /* do not step over the end of an image's row if the pieces stay long enough */
        if (job->inner < rows && job->inner >= 64)
            rows = job->inner;
        job->tile = unit = rows * per_row;
        job->chunk = CHUNK_WORK / (job->classes / per_row);
    } else if (job->loop >= MXL_SPARSE) {
        job->tile = job->loop == MXL_SPARSE ? MXL_SPARSE_TILE : MXL_ROW_TILE;
        job->chunk = at_least(CHUNK_WORK / job->row_work, 1);
        if (job->loop == MXL_MATRICES) {
            unit = MXL_MATRIX_ROWS;
            job->chunk = at_least(job->chunk, job->n < 512 ? job->n / 32 : 16);
        }
    } else {
        unit = job->classes;
        job->row = job->loop == MXL_SOFTMAX_ELEMENTWISE ? job->classes : run;
        job->tile = MXL_TILE_BYTES / size;
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
    int32_t i;
    MXL_TRY(mxl_check(call, &g, value));
    if (call->planning)
        return MXL_OK;
    job->is_double = call->in[0].dt == MXL_DT_F64;
    job->n = 1;
    for (i = 0; i < g.stream.n_axes; i++)
        job->n *= g.stream.shape[g.stream.axes[i]];
    job->row_work = 1;
    job->factor = call->options.weight / (double)g.averaged;
    job->rho = call->options.rho;
    job->margin = call->options.margin;
    job->epsilon = call->options.epsilon;
    job->smoothing = call->options.smoothing_parameter;
    plan_value(call, job, &g);
    if (call->weight >= 0) {
        const mxl_array *w = &call->in[call->weight], *dw = &call->grad[call->weight];
        job->has_weight = 1;
        mxl_weight_strides(call, &g, w, stride, cells);
        mxl_view_stream(&job->weight, w, &g.stream, stride);
        if (call->has_grad[call->weight]) {
            mxl_weight_strides(call, &g, dw, stride, cells);
            mxl_make_output(&job->dweight, dw, &g.stream, stride, cells);
        }
    }
    call->row->family->plan(call, job, &g);
    plan_chunks(job);
    return MXL_OK;
}

mxl_status mxl_check_values(const mxl_call *call, const mxl_job *job) {
    const mxl_family *family = call->row->family;
    return family->values ? family->values(call, job) : MXL_OK;
}

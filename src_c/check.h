/* check.h - what checking the arguments of a call finds out, for plan.c to work with */
#ifndef MXL_CHECK_H
#define MXL_CHECK_H
#include "call.h"

/* What the checks find out about the shape of the problem. Strides here are per axis of pred. */
typedef struct {
    const mxl_array *pred;
    int32_t axes[MXL_MAX_NDIM]; /* pred's axes in the order of the stream */
    int32_t n_axes;             /* of them; the rows' only where labels are sparse */
    int32_t batch;              /* batch axis, -1 when the value is a single number */
    int32_t classes;            /* class axis, -1 when there is none */
    int sparse, softmax;
    int64_t batch_size;
    int64_t averaged; /* positions per element of value, not counting the class axis */
} mxl_geometry;

/* All checks that do not read data. With call->planning, *value gets its shape and dtype. */
mxl_status mxl_check(mxl_call *call, mxl_geometry *g, mxl_tensor *value);

/* Strides with which `a` broadcasts to `shape`, aligned on the right. 0 if it does not. */
int mxl_broadcast(const mxl_array *a, int32_t ndim, const int64_t *shape, int64_t *stride);

/* The same, for the row-major numbers of a's elements instead of where they lie. */
void mxl_broadcast_cells(const mxl_array *a, int32_t ndim, const int64_t *shape, int64_t *stride);

/* Strides of a sample weight, or of its gradient, per axis of pred; 0 along a class axis that is
 * summed over. Both kinds, as above. */
mxl_status mxl_weight_strides(const mxl_call *call, const mxl_geometry *g, const mxl_array *w,
                              int64_t *stride, int64_t *cells);

int mxl_same_shape(const mxl_array *a, int32_t ndim, const int64_t *shape);

/* 1 if the elements lie one after the other */
int mxl_row_major(const mxl_array *a);

#endif

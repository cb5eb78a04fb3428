/* check.h - what checking the arguments of a call finds out, for plan.c to work with */
#ifndef MXL_CHECK_H
#define MXL_CHECK_H
#include "call.h"

/* Positions in a fixed order: the axes of some shape, of which some may be left out. */
typedef struct mxl_order {
    int32_t ndim; /* of the shape */
    int64_t shape[MXL_MAX_NDIM];
    int32_t n_axes; /* that take part, first the one that changes slowest */
    int32_t axes[MXL_MAX_NDIM];
} mxl_order;

/* What the checks find out about the shape of the problem. */
typedef struct mxl_geometry {
    mxl_order stream; /* what value, weight and head gradient are views over */
    int32_t batch;    /* axis of the stream's shape that value has, -1 when it is a single number */
    int32_t value_ndim;
    int64_t value_shape[2];
    int64_t averaged; /* positions per element of value, not counting the class axis */
    /* shape of the loss before the mean, which a sample weight has to broadcast to: axis by axis
     * that of the stream, or 1 */
    int64_t unreduced[MXL_MAX_NDIM];
    int32_t unreduced_ndim;
    int32_t classes;     /* class axis of pred, -1 when there is none */
    int sparse, softmax; /* class numbers as labels; log-softmax comes first */
    mxl_order elements;  /* row losses: of pred, rows first, then what belongs to a row */
} mxl_geometry;

/*
 * Losses whose inputs relate to one another in the same way: a file with these three functions.
 *
 *   check   all rules about the inputs' shapes and dtypes; makes the geometry
 *   plan    the inputs' and their gradients' part of the job, after plan.c has done value, weight
 *           and head gradient
 *   values  checks that read data; may be NULL
 */
typedef struct mxl_family {
    mxl_status (*check)(const mxl_call *call, mxl_geometry *g);
    void (*plan)(const mxl_call *call, mxl_job *job, const mxl_geometry *g);
    mxl_status (*values)(const mxl_call *call, const mxl_job *job);
} mxl_family;

extern const mxl_family mxl_family_elementwise; /* elementwise.c */
extern const mxl_family mxl_family_triplets;    /* vectors.c */
extern const mxl_family mxl_family_pairs;
extern const mxl_family mxl_family_matrices;
extern const mxl_family mxl_family_sequences; /* sequences.c */

/* ---- For the families' check --------------------------------------------------------------- */

#define MXL_TRY(expression)                                                                        \
    do {                                                                                           \
        const mxl_status status_ = (expression);                                                   \
        if (status_ != MXL_OK)                                                                     \
            return status_;                                                                        \
    } while (0)

/* An option that is an axis of inputs[0], as a number from 0 on. */
mxl_status mxl_resolve_axis(const mxl_call *call, const char *name, int32_t axis, int32_t *out);

/* pred and the like: a float with at least one axis. */
mxl_status mxl_check_float(const mxl_call *call, const mxl_array *a);

/* As many elements as `like`, in whose shape it is read. */
mxl_status mxl_check_count(const mxl_call *call, const mxl_array *a, const mxl_array *like);

mxl_status mxl_check_shape(const mxl_call *call, const mxl_array *a, int32_t ndim,
                           const int64_t *shape, const char *why);

/* Working memory of so many bytes per row, for so many rows, must be within what there are
 * addresses for: shapes with strides of 0 may be larger than any memory. */
mxl_status mxl_check_memory(const mxl_call *call, const mxl_array *a, double bytes, double rows);

/* batch_axis must be 0, for losses that are defined for rows only. */
mxl_status mxl_check_batch_axis_0(const mxl_call *call);

/* The geometry of a loss with one value per row: of shape (rows,), or (rows, 1) if value_ndim is 2.
 */
void mxl_rows_geometry(mxl_geometry *g, int64_t rows, int32_t value_ndim);

/* All axes of an array in their order, but `first` in front. */
void mxl_order_of(mxl_order *order, const mxl_array *a, int32_t first);

/* Strides with which `a` broadcasts to `shape`, aligned on the right. 0 if it does not. */
int mxl_broadcast(const mxl_array *a, int32_t ndim, const int64_t *shape, int64_t *stride);

/* The same, for the row-major numbers of a's elements instead of where they lie. */
void mxl_broadcast_cells(const mxl_array *a, int32_t ndim, const int64_t *shape, int64_t *stride);

int mxl_same_shape(const mxl_array *a, int32_t ndim, const int64_t *shape);

/* 1 if the elements lie one after the other */
int mxl_row_major(const mxl_array *a);

/* shape without one axis; returns how many are left */
int32_t mxl_drop_axis(int32_t ndim, const int64_t *shape, int32_t axis, int64_t *out);

/* ---- For plan.c ---------------------------------------------------------------------------- */

/* All checks that do not read data. With call->planning, *value gets its shape and dtype. */
mxl_status mxl_check(mxl_call *call, mxl_geometry *g, mxl_tensor *value);

/* Strides of a sample weight, or of its gradient, per axis of the stream's shape; 0 along a class
 * axis that is summed over. Both kinds, as above. */
mxl_status mxl_weight_strides(const mxl_call *call, const mxl_geometry *g, const mxl_array *w,
                              int64_t *stride, int64_t *cells);

#endif

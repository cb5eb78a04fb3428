/* plan.h - views and outputs, for the families' plan functions */
#ifndef MXL_PLAN_H
#define MXL_PLAN_H
#include "check.h"

/* Over the positions of an order, with strides per axis of its shape. */
void mxl_view_stream(mxl_view *v, const mxl_array *a, const mxl_order *order,
                     const int64_t *stride);

/* Over the array's own elements, row-major. */
void mxl_view_own(mxl_view *v, const mxl_array *a);

/* Of an input that is read in the order's shape. If strides cannot say that, *v is the view of a
 * contiguous copy without data and *own that of the array itself. */
void mxl_view_reshaped(mxl_view *v, mxl_view *own, const mxl_array *a, const mxl_order *order);

/* An output with its strides per axis of the order's shape, for memory and for element numbers.
 * Axes without a stride of the latter are summed over. */
void mxl_make_output(mxl_output *out, const mxl_array *a, const mxl_order *order,
                     const int64_t *stride, const int64_t *cells);

/* values.c: "label[3, 1] is 12" for the element at `position`, counted row by row */
typedef struct {
    char text[MXL_MAX_NDIM * 24 + 64];
} mxl_element_text;
const char *mxl_describe(const mxl_array *a, int64_t position, mxl_element_text *room);

/* values.c: PoissonNLL's targets must not be below 0 */
mxl_status mxl_check_targets(const mxl_call *call);

#endif

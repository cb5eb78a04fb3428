/* call.h - one call of mxl_run while its arguments are checked: errors and tensors */
#ifndef MXL_CALL_H
#define MXL_CALL_H
#include "losses.h"

/* A tensor that has passed the checks that do not depend on its role. */
typedef struct mxl_array {
    const char *name;
    int32_t arg; /* for error records */
    int32_t dt, itemsize, ndim;
    int64_t shape[MXL_MAX_NDIM], stride[MXL_MAX_NDIM];
    int64_t count;
    char *data;
} mxl_array;

typedef struct mxl_call {
    mxl_loss loss;
    const mxl_loss_row *row;
    mxl_options options;
    mxl_error *error; /* may be NULL */
    int planning;     /* nothing is computed; data pointers may be NULL */
    mxl_array in[MXL_MAX_INPUTS], head, value, grad[MXL_MAX_INPUTS];
    int has_in[MXL_MAX_INPUTS], has_head, has_value, has_grad[MXL_MAX_INPUTS];
    int weight; /* which input is sample_weight, if the call has one; else -1 */
} mxl_call;

/* Room for a shape as text, "(2, 3)". */
typedef struct {
    char text[MXL_MAX_NDIM * 12];
} mxl_shape_text;

/* Fill in the error record, with "<loss>: " before the sentence; returns status. */
mxl_status mxl_fail(const mxl_call *call, mxl_status status, int32_t arg, const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 4, 5)))
#endif
    ;

const char *mxl_shape_string(mxl_shape_text *room, int32_t ndim, const int64_t *shape);
const char *mxl_dt_name(int32_t dt);
int mxl_dt_is_float(int32_t dt);

/* For "%s%s" in messages: "the gradient with respect to " or nothing, and the array's name. */
#define MXL_WHO(array)                                                                             \
    (array)->arg >= MXL_ARG_GRAD ? "the gradient with respect to " : "", (array)->name

/* Check one tensor by itself and make *array of it. `name`, an input's even for a gradient, is
 * kept. */
mxl_status mxl_array_read(const mxl_call *call, mxl_array *array, int32_t arg, const char *name,
                          const mxl_tensor *tensor);

/* No output may overlap itself, an input or another output. */
mxl_status mxl_check_overlap(const mxl_call *call);

/* plan.c: check everything there is to check without reading data and describe the work. With
 * call->planning, *tensor gets value's shape and dtype. */
mxl_status mxl_plan(mxl_call *call, mxl_job *job, mxl_tensor *value);

/* plan.c: checks that read data */
mxl_status mxl_check_values(const mxl_call *call, const mxl_job *job);

#endif

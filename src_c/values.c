/* values.c - reading single elements: for messages, and to find those that a loss cannot take */
#include <stdio.h>

#include "plan.h"
#include "kernels/cursor.h"
#include "kernels/half.h"

static int print_number(char *at, size_t size, const char *data, int32_t dt) {
    switch (dt) {
    case MXL_DT_F32:
        return snprintf(at, size, "%.9g", (double)*(const float *)data);
    case MXL_DT_F64:
        return snprintf(at, size, "%.17g", *(const double *)data);
    case MXL_DT_F16:
        return snprintf(at, size, "%g", (double)mxl_f16_to_float(*(const uint16_t *)data));
    case MXL_DT_BF16:
        return snprintf(at, size, "%g", (double)mxl_bf16_to_float(*(const uint16_t *)data));
    case MXL_DT_I8:
        return snprintf(at, size, "%d", *(const int8_t *)data);
    case MXL_DT_I16:
        return snprintf(at, size, "%d", *(const int16_t *)data);
    case MXL_DT_I32:
        return snprintf(at, size, "%ld", (long)*(const int32_t *)data);
    case MXL_DT_I64:
        return snprintf(at, size, "%lld", (long long)*(const int64_t *)data);
    case MXL_DT_U16:
        return snprintf(at, size, "%u", *(const uint16_t *)data);
    case MXL_DT_U32:
        return snprintf(at, size, "%lu", (unsigned long)*(const uint32_t *)data);
    case MXL_DT_U64:
        return snprintf(at, size, "%llu", (unsigned long long)*(const uint64_t *)data);
    default: /* uint8, bool */
        return snprintf(at, size, "%u", *(const uint8_t *)data);
    }
}

const char *mxl_describe(const mxl_array *a, int64_t position, mxl_element_text *room) {
    const char *data = a->data;
    char *at = room->text;
    char *const end = room->text + sizeof room->text;
    int64_t index[MXL_MAX_NDIM];
    int32_t i;
    for (i = a->ndim - 1; i >= 0; i--) {
        index[i] = position % a->shape[i];
        position /= a->shape[i];
        data += index[i] * a->stride[i] * a->itemsize;
    }
    at += snprintf(at, (size_t)(end - at), "%s", a->name);
    for (i = 0; i < a->ndim; i++)
        at += snprintf(at, (size_t)(end - at), i ? ", %lld" : "[%lld", (long long)index[i]);
    at += snprintf(at, (size_t)(end - at), a->ndim ? "] is " : " is ");
    print_number(at, (size_t)(end - at), data, a->dt);
    return room->text;
}

#define FIRST_BELOW_0(dt, type, sign_of)                                                           \
    case dt:                                                                                       \
        for (i = 0; i < n; i++) {                                                                  \
            const type a = ((const type *)data)[i * stride];                                       \
            if (sign_of)                                                                           \
                return i;                                                                          \
        }                                                                                          \
        return n;

static int64_t first_below_0(const char *data, int32_t dt, int64_t stride, int64_t n) {
    int64_t i;
    switch (dt) {
        FIRST_BELOW_0(MXL_DT_F32, float, a < 0)
        FIRST_BELOW_0(MXL_DT_F64, double, a < 0)
        FIRST_BELOW_0(MXL_DT_F16, uint16_t, mxl_f16_to_float(a) < 0)
        FIRST_BELOW_0(MXL_DT_BF16, uint16_t, mxl_bf16_to_float(a) < 0)
        FIRST_BELOW_0(MXL_DT_I8, int8_t, a < 0)
        FIRST_BELOW_0(MXL_DT_I16, int16_t, a < 0)
        FIRST_BELOW_0(MXL_DT_I32, int32_t, a < 0)
        FIRST_BELOW_0(MXL_DT_I64, int64_t, a < 0)
    default:
        return n;
    }
}

mxl_status mxl_check_targets(const mxl_call *call) {
    const mxl_array *a = &call->in[1];
    mxl_view v;
    mxl_cursor c;
    int64_t position = 0, run, first;
    mxl_element_text text;
    v.ndim = a->ndim ? a->ndim : 1;
    v.shape[0] = 1, v.stride[0] = 0;
    memcpy(v.shape, a->shape, (size_t)a->ndim * sizeof *a->shape);
    memcpy(v.stride, a->stride, (size_t)a->ndim * sizeof *a->stride);
    mxl_seek(&c, &v, 0);
    for (; position < a->count; position += run) {
        run = mxl_run_length(&c, &v, a->count - position);
        first = first_below_0(a->data + c.offset * a->itemsize, a->dt, v.stride[v.ndim - 1], run);
        if (first < run)
            return mxl_fail(call, MXL_ERR_VALUE, 1,
                            "%s; with compute_full, expected 0 or more, a count",
                            mxl_describe(a, position + first, &text));
        mxl_advance(&c, &v, run);
    }
    return MXL_OK;
}

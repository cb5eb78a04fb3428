/* call.c - see call.h */
#include "call.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

mxl_status mxl_fail(const mxl_call *call, mxl_status status, int32_t arg, const char *format, ...) {
    mxl_error *e = call->error;
    va_list args;
    int used = 0;
    if (e == NULL)
        return status;
    e->status = status;
    e->arg = arg;
    if (call->row)
        used = snprintf(e->message, sizeof e->message, "%s: ", call->row->info.name);
    va_start(args, format);
    vsnprintf(e->message + used, sizeof e->message - (size_t)used, format, args);
    va_end(args);
    return status;
}

const char *mxl_shape_string(mxl_shape_text *room, int32_t ndim, const int64_t *shape) {
    char *at = room->text;
    int32_t i;
    *at++ = '(';
    for (i = 0; i < ndim && at < room->text + sizeof room->text - 28; i++)
        at += sprintf(at, i ? ", %lld" : "%lld", (long long)shape[i]);
    if (i < ndim)
        at += sprintf(at, ", ...");
    sprintf(at, ndim == 1 ? ",)" : ")");
    return room->text;
}

static const struct {
    uint8_t code, bits;
    const char *name;
} dtypes[] = {
    /* index: mxl_dt */
    {MXL_FLOAT, 32, "float32"},   {MXL_FLOAT, 64, "float64"}, {MXL_FLOAT, 16, "float16"},
    {MXL_BFLOAT, 16, "bfloat16"}, {MXL_INT, 8, "int8"},       {MXL_INT, 16, "int16"},
    {MXL_INT, 32, "int32"},       {MXL_INT, 64, "int64"},     {MXL_UINT, 8, "uint8"},
    {MXL_UINT, 16, "uint16"},     {MXL_UINT, 32, "uint32"},   {MXL_UINT, 64, "uint64"},
    {MXL_BOOL, 8, "bool"},
};

const char *mxl_dt_name(int32_t dt) {
    return dtypes[dt].name;
}

int mxl_dt_is_float(int32_t dt) {
    return dt <= MXL_DT_BF16;
}

static int32_t find_dt(mxl_dtype d) {
    int32_t i;
    for (i = 0; i < MXL_DT_NONE; i++)
        if (dtypes[i].code == d.code && dtypes[i].bits == d.bits && d.lanes == 1)
            return i;
    return MXL_DT_NONE;
}

/* of an address, as C asks for it: on 32-bit x86 a double may lie at any multiple of 4 */
static int32_t alignment(int32_t itemsize) {
    struct eight {
        char before;
        double number;
    };
    return itemsize < 8 ? itemsize : (int32_t)offsetof(struct eight, number);
}

/* 2^48: no machine has room for more; only strides of 0 could say so, and sizes in bytes of all
 * that is made from it must not overflow */
#define MOST_ELEMENTS ((int64_t)1 << 48)

mxl_status mxl_array_read(const mxl_call *call, mxl_array *a, int32_t arg, const char *name,
                          const mxl_tensor *t) {
    int64_t step = 1;
    int32_t i;
    a->name = name;
    a->arg = arg;
    if (t->device.device_type != MXL_CPU)
        return mxl_fail(call, MXL_ERR_DEVICE, arg,
                        "%s%s is on device type %d; expected %d, the processor's memory",
                        MXL_WHO(a), (int)t->device.device_type, (int)MXL_CPU);
    a->dt = find_dt(t->dtype);
    if (a->dt == MXL_DT_NONE)
        return mxl_fail(
            call, MXL_ERR_DTYPE, arg,
            "%s%s has dtype code %d with %d bits and %d lanes; expected a float of 16, 32 "
            "or 64 bits, bfloat16, an integer of 8, 16, 32 or 64 bits, or bool",
            MXL_WHO(a), (int)t->dtype.code, (int)t->dtype.bits, (int)t->dtype.lanes);
    a->itemsize = dtypes[a->dt].bits / 8;
    if (t->ndim < 0 || t->ndim > MXL_MAX_NDIM)
        return mxl_fail(call, MXL_ERR_LAYOUT, arg, "%s%s has %d dimensions; expected 0 to %d",
                        MXL_WHO(a), (int)t->ndim, MXL_MAX_NDIM);
    if (t->ndim > 0 && t->shape == NULL)
        return mxl_fail(call, MXL_ERR_NULL, arg, "%s%s has %d dimensions, but its shape is NULL",
                        MXL_WHO(a), (int)t->ndim);
    a->ndim = t->ndim;
    a->count = 1;
    for (i = 0; i < t->ndim; i++) {
        a->shape[i] = t->shape[i];
        if (t->shape[i] < 0)
            return mxl_fail(call, MXL_ERR_SHAPE, arg, "%s%s has length %lld along axis %d",
                            MXL_WHO(a), (long long)t->shape[i], (int)i);
        if (t->shape[i] > 0 && a->count > MOST_ELEMENTS / t->shape[i])
            return mxl_fail(call, MXL_ERR_SHAPE, arg,
                            "%s%s has more elements than can be addressed", MXL_WHO(a));
        a->count *= t->shape[i];
    }
    for (i = t->ndim - 1; i >= 0; i--) {
        /* where a stride leads nowhere, it may be any number: nobody has to calculate with it */
        a->stride[i] = a->count == 0 || t->shape[i] == 1 ? 0 : t->strides ? t->strides[i] : step;
        step = a->count ? step * t->shape[i] : 0; /* an empty array's other lengths may be huge */
    }
    a->data = t->data ? (char *)t->data + t->byte_offset : NULL;
    if (a->count == 0 || call->planning)
        return MXL_OK;
    if (a->data == NULL)
        return mxl_fail(call, MXL_ERR_NULL, arg, "the data of %s%s is NULL", MXL_WHO(a));
    if ((uintptr_t)a->data % (uintptr_t)alignment(a->itemsize) != 0)
        return mxl_fail(call, MXL_ERR_LAYOUT, arg,
                        "%s%s is misaligned: its address is not a multiple of %d", MXL_WHO(a),
                        (int)alignment(a->itemsize));
    return MXL_OK;
}

/* ---- Overlap ------------------------------------------------------------------------------- */

/* first byte and one past the last */
static void extent(const mxl_array *a, const char **low, const char **high) {
    int32_t i;
    *low = *high = a->data;
    for (i = 0; i < a->ndim; i++) {
        const int64_t span = (a->shape[i] - 1) * a->stride[i] * a->itemsize;
        *(span < 0 ? low : high) += span;
    }
    *high += a->itemsize;
}

/* Do two indices lead to one element? Axes in order of their stride must each step over everything
 * that the smaller ones reach. */
static int overlaps_itself(const mxl_array *a) {
    int64_t reach = 0;
    int used[MXL_MAX_NDIM] = {0};
    int32_t i, round;
    for (round = 0; round < a->ndim; round++) {
        int32_t best = -1;
        int64_t best_stride = 0;
        for (i = 0; i < a->ndim; i++) {
            const int64_t stride = a->stride[i] < 0 ? -a->stride[i] : a->stride[i];
            if (!used[i] && (best < 0 || stride < best_stride)) {
                best = i;
                best_stride = stride;
            }
        }
        used[best] = 1;
        if (a->shape[best] > 1) {
            if (best_stride <= reach)
                return 1;
            reach += (a->shape[best] - 1) * best_stride;
        }
    }
    return 0;
}

/* bytes by which an array's elements lie apart: a common divisor of its strides and `divisor` */
static int64_t common_step(const mxl_array *a, int64_t divisor) {
    int32_t i;
    for (i = 0; i < a->ndim; i++)
        if (a->shape[i] > 1) {
            int64_t x = a->stride[i] * a->itemsize, y = divisor;
            for (x = x < 0 ? -x : x; x != 0;) {
                const int64_t rest = y % x;
                y = x;
                x = rest;
            }
            divisor = y;
        }
    return divisor;
}

/* Elements of views that are woven into each other, such as the columns of a matrix, share no
 * memory when they differ by their place within a common step. */
static int interleaved(const mxl_array *a, const mxl_array *b) {
    const int64_t step = common_step(a, common_step(b, 0));
    int64_t apart;
    if (step == 0)
        return 0;
    apart = (b->data - a->data) % step;
    apart += apart < 0 ? step : 0;
    return apart >= a->itemsize && apart + b->itemsize <= step;
}

static mxl_status check_pair(const mxl_call *call, const mxl_array *out, const mxl_array *other) {
    const char *low, *high, *other_low, *other_high;
    if (out->count == 0 || other->count == 0)
        return MXL_OK;
    extent(out, &low, &high);
    extent(other, &other_low, &other_high);
    if (low < other_high && other_low < high && !interleaved(out, other))
        return mxl_fail(
            call, MXL_ERR_LAYOUT, out->arg,
            "the memory of %s%s overlaps that of %s%s; every output needs memory of its "
            "own",
            MXL_WHO(out), MXL_WHO(other));
    return MXL_OK;
}

mxl_status mxl_check_overlap(const mxl_call *call) {
    const mxl_array *outputs[MXL_MAX_INPUTS + 1], *inputs[MXL_MAX_INPUTS + 1];
    int n_out = 0, n_in = 0, i, k;
    mxl_status status;
    for (i = 0; i < MXL_MAX_INPUTS; i++) {
        if (call->has_in[i])
            inputs[n_in++] = &call->in[i];
        if (call->has_grad[i])
            outputs[n_out++] = &call->grad[i];
    }
    if (call->has_head)
        inputs[n_in++] = &call->head;
    if (call->has_value)
        outputs[n_out++] = &call->value;
    for (i = 0; i < n_out; i++) {
        if (outputs[i]->count > 0 && overlaps_itself(outputs[i]))
            return mxl_fail(call, MXL_ERR_LAYOUT, outputs[i]->arg,
                            "the elements of %s%s overlap one another (strides of an output must "
                            "not be 0 or cross)",
                            MXL_WHO(outputs[i]));
        for (k = 0; k < n_in; k++)
            if ((status = check_pair(call, outputs[i], inputs[k])) != MXL_OK)
                return status;
        for (k = 0; k < i; k++)
            if ((status = check_pair(call, outputs[i], outputs[k])) != MXL_OK)
                return status;
    }
    return MXL_OK;
}

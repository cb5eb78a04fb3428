/* labels.c - see labels.h */
#include "labels.h"

#include "kernels/cursor.h"
#include "kernels/half.h"

/* NaN fails every comparison */
#define FLOATING(dt, type, expression)                                                             \
    case dt:                                                                                       \
        for (i = 0; i < n; i++) {                                                                  \
            const type raw = ((const type *)data)[i * stride];                                     \
            const double a = (double)(expression);                                                 \
            const int inside = (a >= (double)first) & (a <= (double)last);                         \
            const int64_t whole = inside ? (int64_t)a : (a > 0 ? last : first);                    \
            y[i] = whole > last ? last : whole;                                                    \
            wrong |= clip ? a != a : !inside | ((double)whole != a);                               \
        }                                                                                          \
        break;

#define INTEGER(dt, type, expression)                                                              \
    case dt:                                                                                       \
        for (i = 0; i < n; i++) {                                                                  \
            const type raw = ((const type *)data)[i * stride];                                     \
            const int64_t a = (int64_t)(expression);                                               \
            y[i] = a < first ? first : a > last ? last : a;                                        \
            wrong |= (!clip) & ((a < first) | (a > last));                                         \
        }                                                                                          \
        break;

/* The usual case, float32 and int32 one after another, vectorised: 0 if one of them is wrong.
 * `last` is exact as a float. */
#define USUAL(name, type)                                                                          \
    static int name(const type *restrict x, int64_t n, int32_t first, int32_t last,                \
                    int64_t *restrict y) {                                                         \
        int64_t i;                                                                                 \
        int32_t wrong = 0;                                                                         \
        for (i = 0; i < n; i++) {                                                                  \
            const type a = x[i];                                                                   \
            const int32_t inside = (a >= (type)first) & (a <= (type)last);                         \
            const int32_t whole = (int32_t)(inside ? a : (type)first);                             \
            wrong |= !inside | ((type)whole != a);                                                 \
            y[i] = whole;                                                                          \
        }                                                                                          \
        return !wrong;                                                                             \
    }
USUAL(usual_f32, float)
USUAL(usual_i32, int32_t)

/* how many come before the first that is wrong; without branches, since hardly ever one is */
static int64_t read_run(const char *data, const mxl_view *v, int64_t n, int64_t first, int64_t last,
                        int clip, int64_t *y) {
    const int64_t stride = v->stride[v->ndim - 1];
    int64_t i;
    int wrong = 0;
    if (stride == 1 && last < 1 << 24 &&
        ((v->dt == MXL_DT_F32 &&
          usual_f32((const float *)data, n, (int32_t)first, (int32_t)last, y)) ||
         (v->dt == MXL_DT_I32 &&
          usual_i32((const int32_t *)data, n, (int32_t)first, (int32_t)last, y))))
        return n;
    switch (v->dt) {
        FLOATING(MXL_DT_F32, float, raw)
        FLOATING(MXL_DT_F64, double, raw)
        FLOATING(MXL_DT_F16, uint16_t, mxl_f16_to_float(raw))
        FLOATING(MXL_DT_BF16, uint16_t, mxl_bf16_to_float(raw))
        FLOATING(MXL_DT_BOOL, uint8_t, raw != 0)
        INTEGER(MXL_DT_I8, int8_t, raw)
        INTEGER(MXL_DT_I16, int16_t, raw)
        INTEGER(MXL_DT_I32, int32_t, raw)
        INTEGER(MXL_DT_I64, int64_t, raw)
        INTEGER(MXL_DT_U8, uint8_t, raw)
        INTEGER(MXL_DT_U16, uint16_t, raw)
        INTEGER(MXL_DT_U32, uint32_t, raw)
        INTEGER(MXL_DT_U64, uint64_t, raw < (uint64_t)INT64_MAX ? raw : (uint64_t)INT64_MAX)
    default:
        break;
    }
    if (!wrong)
        return n;
    for (i = 0; n > 1 && i < n; i++, data += stride * v->itemsize)
        if (read_run(data, v, 1, first, last, clip, y + i) == 0)
            break;
    return i;
}

int64_t mxl_labels_read(const mxl_view *v, int64_t position, int64_t n, int64_t first, int64_t last,
                        int clip, int64_t *y) {
    int64_t done = 0;
    mxl_cursor c;
    mxl_seek(&c, v, position);
    while (done < n) {
        const int64_t run = mxl_run_length(&c, v, n - done);
        const int64_t good =
            read_run(v->data + c.offset * v->itemsize, v, run, first, last, clip, y + done);
        done += good;
        if (good < run)
            return done;
        mxl_advance(&c, v, run);
    }
    return n;
}

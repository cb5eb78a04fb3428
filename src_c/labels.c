/* labels.c - see labels.h */
#include "labels.h"

#include "kernels/cursor.h"
#include "kernels/half.h"

/* for floats, NaN fails every comparison */
#define FLOATING(dt, type, expression)                                                             \
    case dt:                                                                                       \
        for (i = 0; i < n; i++) {                                                                  \
            const type raw = ((const type *)data)[i * stride];                                     \
            const double a = (double)(expression);                                                 \
            const int inside = a >= (double)first && a <= (double)last;                            \
            const int64_t whole = inside ? (int64_t)a : (a > 0 ? last : first);                    \
            const int good = clip ? a == a : inside && (double)whole == a;                         \
            y[i] = whole > last ? last : whole;                                                    \
            if (!good && bad > i)                                                                  \
                bad = i;                                                                           \
        }                                                                                          \
        break;

#define INTEGER(dt, type)                                                                          \
    case dt:                                                                                       \
        for (i = 0; i < n; i++) {                                                                  \
            const type a = ((const type *)data)[i * stride];                                       \
            const int negative = a < (type)1 && a != 0;                                            \
            const int below = negative && (int64_t)a < first;                                      \
            const int above = !negative && (last < 0 || (uint64_t)a > (uint64_t)last);             \
            y[i] = below ? first : above ? last : (int64_t)a;                                      \
            if (!clip && (below || above) && bad > i)                                              \
                bad = i;                                                                           \
        }                                                                                          \
        break;

static int64_t read_run(const char *data, int32_t dt, int64_t stride, int64_t n, int64_t first,
                        int64_t last, int clip, int64_t *y) {
    int64_t i, bad = n;
    switch (dt) {
        FLOATING(MXL_DT_F32, float, raw)
        FLOATING(MXL_DT_F64, double, raw)
        FLOATING(MXL_DT_F16, uint16_t, mxl_f16_to_float(raw))
        FLOATING(MXL_DT_BF16, uint16_t, mxl_bf16_to_float(raw))
        FLOATING(MXL_DT_BOOL, uint8_t, raw != 0)
        INTEGER(MXL_DT_I8, int8_t)
        INTEGER(MXL_DT_I16, int16_t)
        INTEGER(MXL_DT_I32, int32_t)
        INTEGER(MXL_DT_I64, int64_t)
        INTEGER(MXL_DT_U8, uint8_t)
        INTEGER(MXL_DT_U16, uint16_t)
        INTEGER(MXL_DT_U32, uint32_t)
        INTEGER(MXL_DT_U64, uint64_t)
    default:
        break;
    }
    return bad;
}

int64_t mxl_labels_read(const mxl_view *v, int64_t position, int64_t n, int64_t first, int64_t last,
                        int clip, int64_t *y) {
    int64_t done = 0;
    mxl_cursor c;
    mxl_seek(&c, v, position);
    while (done < n) {
        const int64_t run = mxl_run_length(&c, v, n - done);
        const int64_t good = read_run(v->data + c.offset * v->itemsize, v->dt,
                                      v->stride[v->ndim - 1], run, first, last, clip, y + done);
        done += good;
        if (good < run)
            return done;
        mxl_advance(&c, v, run);
    }
    return n;
}

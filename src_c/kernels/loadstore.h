/*
 * loadstore.h - one loader and one storer per dtype; the rest of the kernels sees `real` only
 *
 * Compiled once per instruction set and MXL_REAL.
 */
#if MXL_REAL == 32
#define MXL_NATIVE MXL_DT_F32
#define MXL_NARROW(x) (x)
#else
#define MXL_NATIVE MXL_DT_F64
#define MXL_NARROW(x) mxl_double_to_float_odd(x)
#endif

#define MXL_LOAD(dt, type, expression)                                                             \
    case dt: {                                                                                     \
        const type *src = (const type *)data;                                                      \
        if (stride == 1)                                                                           \
            for (i = 0; i < n; i++) {                                                              \
                type a = src[i];                                                                   \
                dst[i] = (real)(expression);                                                       \
            }                                                                                      \
        else                                                                                       \
            for (i = 0; i < n; i++) {                                                              \
                type a = src[i * stride];                                                          \
                dst[i] = (real)(expression);                                                       \
            }                                                                                      \
    } break;

static void MXL_T(load_run)(real *restrict dst, const char *restrict data, int32_t dt,
                            int64_t stride, int64_t n) {
    int64_t i;
#if MXL_REAL == 32 && defined MXL_HAVE_F16C
    if (dt == MXL_DT_F16 && stride == 1) {
        mxl_f16_load(dst, (const uint16_t *)data, n);
        return;
    }
#endif
    switch (dt) {
        MXL_LOAD(MXL_DT_F32, float, a)
        MXL_LOAD(MXL_DT_F64, double, a)
        MXL_LOAD(MXL_DT_F16, uint16_t, mxl_f16_to_float(a))
        MXL_LOAD(MXL_DT_BF16, uint16_t, mxl_bf16_to_float(a))
        MXL_LOAD(MXL_DT_I8, int8_t, a)
        MXL_LOAD(MXL_DT_I16, int16_t, a)
        MXL_LOAD(MXL_DT_I32, int32_t, a)
        MXL_LOAD(MXL_DT_I64, int64_t, a)
        MXL_LOAD(MXL_DT_U8, uint8_t, a)
        MXL_LOAD(MXL_DT_U16, uint16_t, a)
        MXL_LOAD(MXL_DT_U32, uint32_t, a)
        MXL_LOAD(MXL_DT_U64, uint64_t, a)
        MXL_LOAD(MXL_DT_BOOL, uint8_t, a != 0)
    default:
        break;
    }
}
#undef MXL_LOAD

static void MXL_T(load)(real *dst, const mxl_view *v, int64_t position, int64_t n) {
    const int64_t stride = v->stride[v->ndim - 1];
    mxl_cursor c;
    mxl_seek(&c, v, position);
    while (n > 0) {
        int64_t run = mxl_run_length(&c, v, n);
        MXL_T(load_run)(dst, v->data + c.offset * v->itemsize, v->dt, stride, run);
        mxl_advance(&c, v, run);
        dst += run;
        n -= run;
    }
}

/* where the n elements at `position` lie as an array of `real`, NULL if they do not */
static real *MXL_T(in_place)(const mxl_view *v, int64_t position, int64_t n) {
    int64_t offset;
    if (v->dt == MXL_NATIVE && v->stride[v->ndim - 1] == 1 && mxl_one_run(v, position, n, &offset))
        return (real *)v->data + offset;
    return NULL;
}

/* the n elements at `position`: in place if that is possible, else in `buffer` */
static const real *MXL_T(input)(const mxl_view *v, int64_t position, int64_t n, real *buffer) {
    const real *x = MXL_T(in_place)(v, position, n);
    if (x)
        return x;
    MXL_T(load)(buffer, v, position, n);
    return buffer;
}

/* 1 and *value if all n elements at `position` are one repeated element */
static int MXL_T(repeated)(const mxl_view *v, int64_t position, int64_t n, real *value) {
    int64_t offset;
    if (v->stride[v->ndim - 1] != 0 || !mxl_one_run(v, position, n, &offset))
        return 0;
    MXL_T(load_run)(value, v->data + offset * v->itemsize, v->dt, 1, 1);
    return 1;
}

#define MXL_STORE(dt, type, expression)                                                            \
    case dt: {                                                                                     \
        type *dst = (type *)data;                                                                  \
        if (stride == 1)                                                                           \
            for (i = 0; i < n; i++) {                                                              \
                real a = src[i];                                                                   \
                dst[i] = (type)(expression);                                                       \
            }                                                                                      \
        else                                                                                       \
            for (i = 0; i < n; i++) {                                                              \
                real a = src[i];                                                                   \
                dst[i * stride] = (type)(expression);                                              \
            }                                                                                      \
    } break;

static void MXL_T(store_run)(char *restrict data, int32_t dt, int64_t stride,
                             const real *restrict src, int64_t n) {
    int64_t i;
#if MXL_REAL == 32 && defined MXL_HAVE_F16C
    if (dt == MXL_DT_F16 && stride == 1) {
        mxl_f16_store((uint16_t *)data, src, n);
        return;
    }
#endif
    switch (dt) {
        MXL_STORE(MXL_DT_F32, float, a)
        MXL_STORE(MXL_DT_F64, double, a)
        MXL_STORE(MXL_DT_F16, uint16_t, mxl_float_to_f16(MXL_NARROW(a)))
        MXL_STORE(MXL_DT_BF16, uint16_t, mxl_float_to_bf16(MXL_NARROW(a)))
    default: /* a plan lets no other dtype through */
        break;
    }
}
#undef MXL_STORE
#undef MXL_NARROW

static void MXL_T(store)(const mxl_view *v, int64_t position, int64_t n, const real *src) {
    const int64_t stride = v->stride[v->ndim - 1];
    mxl_cursor c;
    mxl_seek(&c, v, position);
    while (n > 0) {
        int64_t run = mxl_run_length(&c, v, n);
        MXL_T(store_run)(v->data + c.offset * v->itemsize, v->dt, stride, src, run);
        mxl_advance(&c, v, run);
        src += run;
        n -= run;
    }
}

/* where to compute n elements of an output: in place if that is possible, else in `buffer` */
static real *MXL_T(place)(const mxl_output *out, int64_t position, int64_t n, real *buffer) {
    real *x = out->kind == MXL_DIRECT ? MXL_T(in_place)(&out->view, position, n) : NULL;
    return x ? x : buffer;
}

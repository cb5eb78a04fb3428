/* arrays.c - arrays of any layout and dtype; see call.h */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"

const mxl_dtype dtypes[DTYPES] = {{MXL_FLOAT, 32, 1},  {MXL_FLOAT, 64, 1}, {MXL_FLOAT, 16, 1},
                                  {MXL_BFLOAT, 16, 1}, {MXL_INT, 8, 1},    {MXL_INT, 16, 1},
                                  {MXL_INT, 32, 1},    {MXL_INT, 64, 1},   {MXL_UINT, 8, 1},
                                  {MXL_UINT, 16, 1},   {MXL_UINT, 32, 1},  {MXL_UINT, 64, 1},
                                  {MXL_BOOL, 8, 1}};

void set_dtype(array *a, int dt) {
    a->dt = dt;
    a->item = dtypes[dt].bits / 8;
    a->t.dtype = dtypes[dt];
}

static int64_t size_of(int64_t x) {
    return x < 0 ? -x : x;
}

/* Memory for an array whose shape is chosen: strides of any sign, with gaps or without, an input's
 * perhaps 0; the axes are nested in any order. Without memory the data is NULL. */
void lay_out(array *a, int is_input, int has_memory) {
    static const int64_t any[] = {0, -7, 1 << 30, INT64_MAX, INT64_MIN};
    const int ndim = a->t.ndim, plain = !one_in(2);
    int64_t step = 1, low = 0, reach = 1;
    int order[MOST_AXES], i;
    a->count = 1;
    for (i = 0; i < ndim; i++) {
        a->count *= a->shape[i];
        order[i] = i;
    }
    for (i = ndim - 1; i > 0 && !plain; i--) {
        const int k = i - (int)below(i + 1), other = order[i];
        order[i] = order[k], order[k] = other;
    }
    for (i = ndim - 1; i >= 0; i--) {
        const int axis = order[i];
        int64_t stride = plain ? step : step + (one_in(3) ? below(3) : 0), span;
        if (!plain && is_input && one_in(12))
            stride = 0;
        if (!plain && one_in(3))
            stride = -stride;
        span = a->count > 0 && has_memory ? (a->shape[axis] - 1) * stride : 0;
        low += span < 0 ? -span : 0;
        reach += size_of(span);
        step = stride == 0 || !has_memory ? step : size_of(span) + size_of(stride);
        if (!plain && a->shape[axis] == 1 && one_in(4)) /* leads nowhere */
            stride = any[below(sizeof any / sizeof *any)];
        a->strides[axis] = stride;
    }
    a->bytes = a->count > 0 && has_memory ? (size_t)(reach * a->item) : 0;
    a->block = has_memory ? (char *)malloc(a->bytes) : NULL;
    if (has_memory)
        memset(a->block, PATTERN, a->bytes);
    a->t.data = a->block;
    a->t.byte_offset = (uint64_t)(low * a->item);
    a->t.device.device_type = MXL_CPU;
    a->t.shape = ndim || one_in(2) ? a->shape : NULL;
    a->t.strides = plain && !one_in(3) ? NULL : a->strides;
}

char *element(const array *a, int64_t position) {
    char *at = (char *)a->t.data + a->t.byte_offset;
    int i;
    for (i = a->t.ndim - 1; i >= 0; i--)
        if (a->shape[i] > 1) {
            at += position % a->shape[i] * a->strides[i] * a->item;
            position /= a->shape[i];
        }
    return at;
}

static float from_bits(uint32_t u) {
    float x;
    memcpy(&x, &u, sizeof x);
    return x;
}

double get(const array *a, int64_t position) {
    const char *at = element(a, position);
    const int is_signed = a->dt <= I64;
    float f;
    double d;
    uint16_t h;
    uint64_t u = 0;
    switch (a->dt) {
    case F32:
        return memcpy(&f, at, sizeof f), (double)f;
    case F64:
        return memcpy(&d, at, sizeof d), d;
    case BF16:
        return memcpy(&h, at, sizeof h), (double)from_bits((uint32_t)h << 16);
    case F16:
        memcpy(&h, at, sizeof h);
        d = (h >> 10 & 31) == 31 ? (h & 1023 ? NAN : HUGE_VAL)
            : h >> 10 & 31       ? ldexp(1024 + (h & 1023), (h >> 10 & 31) - 25)
                                 : ldexp(h & 1023, -24);
        return h >> 15 ? -d : d;
    default: /* whole numbers; little-endian, as the machines are that this runs on */
        memcpy(&u, at, (size_t)a->item);
        if (is_signed && a->item < 8 && u >> (8 * a->item - 1))
            u |= ~(uint64_t)0 << (8 * a->item);
        return is_signed ? (double)(int64_t)u : (double)u;
    }
}

/* to the nearest below in magnitude; whatever does not fit an integer wraps around */
void put(array *a, int64_t position, double x) {
    const int64_t whole = x != x ? 0 : x > 9e18 ? INT64_MAX : x < -9e18 ? INT64_MIN : (int64_t)x;
    const double size = fabs(x);
    const float f = (float)x;
    char *at = element(a, position);
    uint32_t u;
    uint16_t h;
    int e;
    switch (a->dt) {
    case F64:
        memcpy(at, &x, sizeof x);
        return;
    case F32:
        memcpy(at, &f, sizeof f);
        return;
    case BF16:
        memcpy(&u, &f, sizeof u);
        h = x != x ? 0x7fc0 : (uint16_t)(u >> 16);
        memcpy(at, &h, sizeof h);
        return;
    case F16:
        h = x < 0 ? 0x8000 : 0;
        frexp(size, &e);
        if (x != x)
            h = 0x7e00;
        else if (size >= 65520)
            h |= 0x7c00;
        else if (size >= 0x1p-14)
            h = (uint16_t)(h | ((e + 14) << 10) | ((int)ldexp(size, 11 - e) & 1023));
        else
            h = (uint16_t)(h | (int)ldexp(size, 24));
        memcpy(at, &h, sizeof h);
        return;
    case BOOL:
        *at = x != 0;
        return;
    default:
        memcpy(at, &whole, (size_t)a->item);
    }
}

double largest_whole(int dt) {
    static const double most[] = {0x1p24, 0x1p53, 2048,  256,          127,    32767, 0x7fffffffp0,
                                  0x1p53, 255,    65535, 0xffffffffp0, 0x1p53, 1};
    return most[dt];
}

void reset(array *a) {
    int64_t i;
    if (a->block && !a->woven)
        memset(a->block, PATTERN, a->bytes);
    else
        for (i = 0; a->t.data && i < a->count; i++)
            memset(element(a, i), PATTERN, (size_t)a->item);
}

int untouched(const array *a) {
    const char *at = a->block;
    size_t n = a->bytes;
    int64_t i;
    if (at && !a->woven) {
        while (n > 0 && (unsigned char)*at == PATTERN)
            at++, n--;
        return n == 0;
    }
    for (i = 0; a->t.data && i < a->count; i++)
        for (at = element(a, i), n = (size_t)a->item; n > 0; at++, n--)
            if ((unsigned char)*at != PATTERN)
                return 0;
    return 1;
}

void compact(array *to, const array *from) {
    int64_t i, step = 1;
    *to = *from;
    to->bytes = (size_t)(from->count * from->item);
    to->woven = 0;
    to->t.data = to->block = (char *)malloc(to->bytes);
    to->t.byte_offset = 0;
    to->t.shape = to->shape;
    to->t.strides = NULL;
    for (i = to->t.ndim - 1; i >= 0; i--) {
        to->strides[i] = step;
        step *= to->shape[i];
    }
    for (i = 0; i < from->count; i++)
        memcpy(to->block + i * from->item, element(from, i), (size_t)from->item);
}

void weave(array *a, array *b, int64_t apart) {
    int i;
    a->bytes = a->bytes * 2 + 4 * (size_t)a->item;
    free(a->block);
    a->t.data = a->block = (char *)malloc(a->bytes);
    memset(a->block, PATTERN, a->bytes);
    a->t.byte_offset *= 2;
    for (i = 0; i < a->t.ndim; i++)
        if (a->shape[i] > 1)
            a->strides[i] *= 2;
    a->t.strides = a->strides;
    a->woven = 1;
    free(b->block);
    *b = *a;
    b->block = NULL;
    b->t.byte_offset += (uint64_t)(apart * b->item);
    b->t.shape = b->shape;
    b->t.strides = b->strides;
}

void release(array *a) {
    free(a->block);
    a->block = NULL;
}

/*
 * test_fuzz_ctc.c - random CTCLoss calls, valid and not, for a build with sanitizers
 *
 *     test_fuzz_ctc [calls [seed]]      100000 and 1
 *
 * Every buffer is a heap block of exactly the bytes that its strides reach, so that
 * AddressSanitizer sees the first one too far. Gaps between elements and all outputs hold a pattern
 * beforehand: after a refusal all of it, after a success that of the gaps must be there still.
 */
#include <math.h>
#include <mxloss.h>
#include <stdint.h>
#include <string.h>

#include "check.h"

enum { PATTERN = 0xff }; /* as a float of any size a NaN that no arithmetic gives */

static uint64_t state;

static uint32_t random_bits(void) { /* splitmix64 */
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(z >> 32);
}

static int64_t below(int64_t n) {
    return (int64_t)(random_bits() % (uint32_t)n);
}

static int one_in(int64_t n) {
    return below(n) == 0;
}

static double uniform(double low, double high) {
    return low + (high - low) * (random_bits() / 4294967296.0);
}

/* ---- Arrays -------------------------------------------------------------------------------- */

static const mxl_dtype dtypes[] = {{MXL_FLOAT, 32, 1},  {MXL_FLOAT, 64, 1}, {MXL_FLOAT, 16, 1},
                                   {MXL_BFLOAT, 16, 1}, {MXL_INT, 8, 1},    {MXL_INT, 16, 1},
                                   {MXL_INT, 32, 1},    {MXL_INT, 64, 1},   {MXL_UINT, 8, 1},
                                   {MXL_UINT, 16, 1},   {MXL_UINT, 32, 1},  {MXL_UINT, 64, 1},
                                   {MXL_BOOL, 8, 1},    {MXL_FLOAT, 128, 1}};
enum { F32, F64, F16, BF16, I8, I16, I32, I64, U8, U16, U32, U64, BOOL, NO_DTYPE };

typedef struct {
    mxl_tensor t;
    int64_t shape[3], strides[3], count;
    int dt, item;
    char *block;
    size_t bytes;
} array;

/* an array of these lengths with random strides, of any sign, with gaps or without; an input's may
 * be 0. Axes are nested in a random order. */
static void make(array *a, int dt, int ndim, const int64_t *shape, int is_input) {
    int64_t step = 1, low = 0, reach = 1;
    int order[3] = {0, 1, 2}, i, plain = one_in(2);
    memset(a, 0, sizeof *a);
    a->dt = dt;
    a->item = dtypes[dt].bits / 8;
    a->count = 1;
    for (i = 0; i < ndim; i++)
        a->count *= a->shape[i] = shape[i];
    for (i = ndim - 1; i > 0 && !plain; i--) {
        const int k = (int)below(i + 1), other = order[i];
        order[i] = order[k], order[k] = other;
    }
    for (i = ndim - 1; i >= 0; i--) {
        const int axis = order[i];
        int64_t stride = plain ? step : step + (one_in(3) ? below(3) : 0);
        if (!plain && is_input && one_in(12))
            stride = 0;
        if (!plain && one_in(3))
            stride = -stride;
        a->strides[axis] = stride;
        if (a->count > 0) {
            const int64_t span = (shape[axis] - 1) * stride;
            low += span < 0 ? -span : 0;
            reach += span < 0 ? -span : span;
            step = stride == 0 ? step : (span < 0 ? -span : span) + (stride < 0 ? -stride : stride);
        }
    }
    a->bytes = a->count > 0 ? (size_t)(reach * a->item) : 0;
    a->block = (char *)malloc(a->bytes);
    memset(a->block, PATTERN, a->bytes);
    a->t.data = a->block;
    a->t.byte_offset = (uint64_t)(low * a->item);
    a->t.device.device_type = MXL_CPU;
    a->t.ndim = ndim;
    a->t.dtype = dtypes[dt];
    a->t.shape = a->shape;
    a->t.strides = plain && one_in(2) ? NULL : a->strides;
}

static char *element(const array *a, int64_t position) {
    char *at = a->block + a->t.byte_offset;
    int i;
    for (i = a->t.ndim - 1; i >= 0; i--) {
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

static double get(const char *at, int dt) {
    float f;
    double d;
    uint16_t h;
    switch (dt) {
    case F32:
        return memcpy(&f, at, sizeof f), (double)f;
    case F64:
        return memcpy(&d, at, sizeof d), d;
    case BF16:
        return memcpy(&h, at, sizeof h), (double)from_bits((uint32_t)h << 16);
    default: /* F16 */
        memcpy(&h, at, sizeof h);
        d = (h >> 10 & 31) == 31 ? (h & 1023 ? NAN : HUGE_VAL)
            : h >> 10 & 31       ? ldexp(1024 + (h & 1023), (h >> 10 & 31) - 25)
                                 : ldexp(h & 1023, -24);
        return h >> 15 ? -d : d;
    }
}

/* to the nearest below in magnitude; whatever does not fit an integer wraps around */
static void put(char *at, int dt, double x) {
    const int64_t whole = x != x ? 0 : x > 9e18 ? INT64_MAX : x < -9e18 ? INT64_MIN : (int64_t)x;
    const float f = (float)x;
    uint32_t u;
    uint16_t h;
    if (dt == F64) {
        memcpy(at, &x, sizeof x);
    } else if (dt == F32) {
        memcpy(at, &f, sizeof f);
    } else if (dt == BF16 || dt == F16) {
        const double size = fabs(x);
        int e;
        memcpy(&u, &f, sizeof u);
        h = (uint16_t)(u >> 16);
        if (x != x)
            h = dt == F16 ? 0x7e00 : 0x7fc0;
        else if (dt == F16) {
            h = x < 0 ? 0x8000 : 0;
            frexp(size, &e);
            if (size >= 65520)
                h |= 0x7c00;
            else if (size >= 0x1p-14)
                h = (uint16_t)(h | ((e + 14) << 10) | ((int)ldexp(size, 11 - e) & 1023));
        }
        memcpy(at, &h, sizeof h);
    } else if (dt == BOOL) {
        *at = x != 0;
    } else if (dt != NO_DTYPE) { /* little-endian, as the machines are that this runs on */
        memcpy(at, &whole, (size_t)(dtypes[dt].bits / 8));
    }
}

static int same_as_made(const array *a) {
    size_t i;
    for (i = 0; i < a->bytes; i++)
        if ((unsigned char)a->block[i] != PATTERN)
            return 0;
    return 1;
}

/* puts the pattern back into every element that was written; then everything has it, or a gap was
 * written. Returns how many elements still held the pattern. */
static int64_t forget(array *a) {
    int64_t i, kept = 0;
    char pattern[16];
    memset(pattern, PATTERN, sizeof pattern);
    for (i = 0; i < a->count; i++) {
        char *at = element(a, i);
        kept += memcmp(at, pattern, (size_t)a->item) == 0;
        memset(at, PATTERN, (size_t)a->item);
    }
    return kept;
}

/* ---- A call -------------------------------------------------------------------------------- */

enum { PRED, LABEL, FRAMES, LABELS, WEIGHT, INPUTS };

typedef struct {
    array in[INPUTS], grad[INPUTS], head, value;
    int has[INPUTS], wants[INPUTS], has_head, has_value;
    int finite; /* activations, weights and head are, and moderate */
    int weighted;
} call;

static double score(call *c, int wild) {
    static const double odd[] = {NAN, HUGE_VAL, -HUGE_VAL, 1e30, -1e30, 6e4, -6e4, 1e300, 1e-300};
    double x = uniform(-4, 4);
    if (wild && one_in(8)) {
        x = odd[below(9)];
        c->finite = 0;
    }
    return x;
}

static void fill_numbers(call *c, array *a, int wild) {
    int64_t i;
    for (i = 0; i < a->count; i++) {
        const double x = score(c, wild);
        put(element(a, i), a->dt, a->dt >= U8 ? fabs(x) : x);
    }
}

static void fill_whole(array *a, int64_t from, int64_t to, int64_t risk) {
    static const double bad[] = {0.5, NAN, HUGE_VAL, -HUGE_VAL, 1e30, -2, 1e9, 255, -1e18, 300.25};
    int64_t i;
    for (i = 0; i < a->count; i++) {
        const double good = (double)(from + (to >= from ? below(to - from + 1) : 0));
        put(element(a, i), a->dt, one_in(risk) ? bad[below(10)] : good);
    }
}

static int any_dt(void) {
    return one_in(300) ? NO_DTYPE : (int)below(NO_DTYPE);
}

static void spoil_shape(array *a) {
    if (one_in(60) && a->t.ndim > 0) { /* smaller than it is: no access is wrong */
        const int axis = (int)below(a->t.ndim);
        if (a->shape[axis] > 0) {
            a->count = a->count / a->shape[axis] * (a->shape[axis] - 1);
            a->shape[axis]--;
            a->t.strides = a->strides;
        }
    }
}

static void prepare(call *c, mxl_options *o) {
    const int64_t n = one_in(20) ? 0 : one_in(10) ? 1 + below(70) : 1 + below(5);
    const int64_t frames = one_in(40) ? 0 : one_in(4) ? 30 + below(40) : 1 + below(12);
    const int64_t many = one_in(4) ? 90 : 5, classes = one_in(60) ? 0 : 1 + below(many);
    const int64_t labels = one_in(8) ? 0 : one_in(5) ? below(40) : below(frames / 2 + 2);
    const int64_t risk = one_in(3) ? 30 : 1 << 30, ndim = one_in(150) ? 2 : 3;
    const int wild = one_in(3), tnc = one_in(2), tn = one_in(2), has_lengths = one_in(2);
    const int64_t pred[3] = {tnc ? frames : n, tnc ? n : frames, classes};
    const int64_t label[2] = {tn ? labels : n, tn ? n : labels};
    int i;
    mxl_defaults(MXL_CTC, o);
    o->flags = (tnc ? MXL_LAYOUT_TNC : 0) | (tn ? MXL_LABEL_LAYOUT_TN : 0) |
               (one_in(2) ? MXL_INFEASIBLE_INF : 0) | (one_in(4) ? MXL_BLANK_IN_LABEL : 0);
    o->weight = one_in(3) ? uniform(-2, 2) : 1;
    c->finite = 1;
    c->weighted = o->weight < 0;
    make(&c->in[PRED], one_in(30) ? any_dt() : (int)below(4), (int)ndim, pred, 1);
    make(&c->in[LABEL], any_dt(), 2, label, 1);
    make(&c->in[FRAMES], any_dt(), 1, &n, 1);
    make(&c->in[LABELS], any_dt(), 1, &n, 1);
    make(&c->in[WEIGHT], any_dt(), one_in(9) ? 0 : 1, &n, 1);
    make(&c->head, any_dt(), 1, &n, 1);
    if (c->in[PRED].dt < I8)
        fill_numbers(c, &c->in[PRED], wild);
    fill_whole(&c->in[LABEL], has_lengths ? 0 : -one_in(2), classes - 2, risk);
    fill_whole(&c->in[FRAMES], one_in(4) ? 0 : frames / 2, frames, risk);
    fill_whole(&c->in[LABELS], 0, labels, risk);
    fill_numbers(c, &c->in[WEIGHT], wild && one_in(5));
    fill_numbers(c, &c->head, wild && one_in(5));
    for (i = 0; i < INPUTS; i++) {
        c->has[i] = i < FRAMES ? !one_in(200) : i == LABELS ? has_lengths : one_in(2);
        c->wants[i] = one_in(i == PRED ? 1 + below(2) : 8) && (c->has[i] || one_in(50));
        c->wants[i] = c->wants[i] && (c->in[i].dt < I8 || one_in(20));
        make(&c->grad[i], one_in(100) ? any_dt() : c->in[i].dt, c->in[i].t.ndim, c->in[i].shape, 0);
        spoil_shape(&c->grad[i]);
    }
    c->weighted |= c->has[WEIGHT];
    c->has_head = one_in(3);
    c->has_value = !one_in(6);
    make(&c->value, one_in(100) ? any_dt() : c->in[PRED].dt, 1, &n, 0);
    for (i = 0; i < INPUTS; i++)
        spoil_shape(&c->in[i]);
    spoil_shape(&c->value);
    spoil_shape(&c->head);
}

static void check_refusal(const call *c, mxl_status status, const mxl_error *e) {
    int i;
    CHECK(e->status == (int32_t)status && strncmp(e->message, "CTCLoss: ", 9) == 0 &&
              strlen(e->message) > 20 && strchr(e->message, '\n') == NULL,
          "%s: %s", mxl_status_string(status), e->message);
    CHECK(status != MXL_ERR_MEMORY && status != MXL_ERR_VERSION && status != MXL_ERR_LOSS, "%s",
          e->message);
    CHECK(same_as_made(&c->value), "value was written by a refused call: %s", e->message);
    for (i = 0; i < INPUTS; i++)
        CHECK(same_as_made(&c->grad[i]), "gradient %d was written by a refused call: %s", i,
              e->message);
}

/* a number that can be: of a value, or with `slope` of a gradient of finite activations */
static void check_numbers(const call *c, const array *a, const mxl_options *o, int slope) {
    int64_t i;
    for (i = 0; i < a->count; i++) {
        const double x = get(element(a, i), a->dt);
        const int may_be_inf = !slope && (o->flags & MXL_INFEASIBLE_INF);
        if (!slope && !c->weighted)
            CHECK(!(x < 0), "cost %g", x);
        if (c->finite)
            CHECK(x - x == 0 || may_be_inf, "%g of finite activations", x);
        if (c->finite && slope && !c->weighted && !c->has_head && o->weight == 1)
            CHECK(fabs(x) <= 1, "slope %g", x);
    }
}

static void check_success(call *c, const mxl_options *o) {
    int i;
    if (c->has_value) {
        check_numbers(c, &c->value, o, 0);
        CHECK(forget(&c->value) == 0, "value is not all written");
    }
    CHECK(same_as_made(&c->value), "beside value");
    for (i = 0; i < INPUTS; i++) {
        array *a = &c->grad[i];
        if (c->has[i] && c->wants[i]) {
            if (i == PRED)
                check_numbers(c, a, o, 1);
            CHECK(forget(a) == 0, "gradient %d is not all written", i);
        }
        CHECK(same_as_made(a), "beside gradient %d", i);
    }
}

static mxl_status try_one(void) {
    const mxl_tensor *inputs[INPUTS];
    mxl_tensor *grads[INPUTS];
    mxl_options o;
    mxl_error error = {0};
    mxl_exec exec = {sizeof exec, (int32_t)below(4), &error};
    mxl_status status;
    call c;
    int i;
    memset(&c, 0, sizeof c);
    prepare(&c, &o);
    for (i = 0; i < INPUTS; i++) {
        inputs[i] = c.has[i] ? &c.in[i].t : NULL;
        grads[i] = c.wants[i] ? &c.grad[i].t : NULL;
    }
    status = mxl_run(MXL_CTC, &o, INPUTS, inputs, c.has_head ? &c.head.t : NULL,
                     c.has_value ? &c.value.t : NULL, grads, &exec);
    if (status == MXL_OK)
        check_success(&c, &o);
    else
        check_refusal(&c, status, &error);
    for (i = 0; i < INPUTS; i++) {
        free(c.in[i].block);
        free(c.grad[i].block);
    }
    free(c.head.block);
    free(c.value.block);
    return status;
}

int main(int argc, char **argv) {
    const long calls = argc > 1 ? atol(argv[1]) : 100000, seed = argc > 2 ? atol(argv[2]) : 1;
    long i, seen[MXL_ERR_VALUE + 1] = {0};
    int before = 0;
    for (i = 0; i < calls; i++) {
        state = ((uint64_t)seed << 32) + (uint64_t)i; /* each call can be repeated by itself */
        seen[try_one()]++;
        if (failures > before && failures <= 20) {
            before = failures;
            printf("  that was call %ld\n", i);
        }
    }
    for (i = 0; i <= MXL_ERR_VALUE; i++)
        if (seen[i])
            printf("%8ld %s\n", seen[i], mxl_status_string((mxl_status)i));
    CHECK(calls < 1000 || seen[MXL_OK] * 5 > calls, "only %ld calls were good", seen[MXL_OK]);
    return finish();
}

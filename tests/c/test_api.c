/* test_api.c - what mxloss.h promises beyond numbers: planning, absent arguments, errors, layout */
#include <math.h>
#include <mxloss.h>
#include <stddef.h>
#include <string.h>

#include "check.h"

/* DLPack 1.0's DLTensor, as its specification gives it */
typedef struct {
    void *data;
    struct {
        int32_t device_type, device_id;
    } device;
    int32_t ndim;
    struct {
        uint8_t code, bits;
        uint16_t lanes;
    } dtype;
    int64_t *shape, *strides;
    uint64_t byte_offset;
} dl_tensor;

#define SAME_PLACE(field)                                                                          \
    CHECK(offsetof(dl_tensor, field) == offsetof(mxl_tensor, field), "DLPack layout of " #field)

typedef struct {
    mxl_tensor t;
    int64_t shape[4], strides[4];
} tensor;

static mxl_tensor *make(tensor *a, void *data, int code, int bits, int ndim, int64_t n0,
                        int64_t n1) {
    memset(a, 0, sizeof *a);
    a->t.data = data;
    a->t.device.device_type = MXL_CPU;
    a->t.ndim = ndim;
    a->t.dtype.code = (uint8_t)code;
    a->t.dtype.bits = (uint8_t)bits;
    a->t.dtype.lanes = 1;
    a->t.shape = a->shape;
    a->shape[0] = n0;
    a->shape[1] = n1;
    return &a->t;
}

static mxl_error error;
static mxl_exec exec = {sizeof(mxl_exec), 0, &error};

/* the call must fail like this, with every word of `words` (NULL-terminated) in the message */
static void refused(mxl_status got, mxl_status wanted, int arg, const char *const *words) {
    CHECK(got == wanted, "status %s, wanted %s: %s", mxl_status_string(got),
          mxl_status_string(wanted), error.message);
    CHECK(error.status == (int32_t)got && error.arg == arg, "record: status %d arg %d",
          error.status, error.arg);
    for (; *words; words++)
        CHECK(strstr(error.message, *words) != NULL, "no '%s' in: %s", *words, error.message);
}
#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_layout(void) {
    CHECK(sizeof(dl_tensor) == sizeof(mxl_tensor), "size");
    SAME_PLACE(data);
    SAME_PLACE(device);
    SAME_PLACE(ndim);
    SAME_PLACE(dtype);
    SAME_PLACE(shape);
    SAME_PLACE(strides);
    SAME_PLACE(byte_offset);
    CHECK(MXL_CPU == 1 && MXL_INT == 0 && MXL_UINT == 1 && MXL_FLOAT == 2 && MXL_BFLOAT == 4 &&
              MXL_BOOL == 6,
          "DLPack codes");
}

static void test_facts(void) {
    char version[32];
    int i, losses = 0;
    mxl_options o;
    snprintf(version, sizeof version, "%d.%d.%d", MXL_VERSION_MAJOR, MXL_VERSION_MINOR,
             MXL_VERSION_PATCH);
    CHECK(strcmp(version, mxl_version()) == 0, "%s", mxl_version());
    CHECK(strlen(mxl_build_info()) > 10, "%s", mxl_build_info());
    CHECK(mxl_info((mxl_loss)-1) == NULL && mxl_info((mxl_loss)99) == NULL, "no such loss");
    for (i = 0; i < MXL_LOSS_END; i++) {
        const mxl_loss_info *info = mxl_info((mxl_loss)i);
        CHECK((mxl_defaults((mxl_loss)i, &o) == MXL_OK) == (info != NULL), "loss %d", i);
        if (info) {
            losses++;
            CHECK(o.size == sizeof o && o.weight == 1 && (o.flags & ~info->flags) == 0, "%s",
                  info->name);
            CHECK(info->n_required <= info->n_inputs && info->n_inputs <= MXL_MAX_INPUTS &&
                      info->inputs[info->n_inputs - 1] != NULL,
                  "%s", info->name);
        }
    }
    CHECK(losses == 14, "%d losses", losses);
    CHECK(mxl_defaults(MXL_L2, NULL) == MXL_ERR_NULL, "NULL");
    for (i = 0; i <= MXL_ERR_VALUE; i++)
        CHECK(strncmp(mxl_status_string((mxl_status)i), "MXL_", 4) == 0, "status %d", i);
    CHECK(strcmp(mxl_status_string((mxl_status)77), "unknown status") == 0, "unknown status");
}

static void test_isa(void) {
    int i;
    CHECK(mxl_has_isa(MXL_ISA_BASE) && mxl_has_isa(MXL_ISA_AUTO), "base is everywhere");
    CHECK(!mxl_has_isa((mxl_isa)55) && mxl_set_isa((mxl_isa)55) == MXL_ERR_BACKEND, "no such isa");
    CHECK(strcmp(mxl_isa_name((mxl_isa)55), "unknown") == 0, "no such name");
    for (i = MXL_ISA_BASE; i <= MXL_ISA_NEON; i++) {
        const mxl_isa before = mxl_get_isa();
        const int has = mxl_has_isa((mxl_isa)i);
        CHECK((mxl_set_isa((mxl_isa)i) == MXL_OK) == has, "%s", mxl_isa_name((mxl_isa)i));
        CHECK(mxl_get_isa() == (has ? (mxl_isa)i : before), "%s", mxl_isa_name((mxl_isa)i));
    }
    CHECK(mxl_set_isa(MXL_ISA_AUTO) == MXL_OK && mxl_get_isa() != MXL_ISA_AUTO, "auto");
}

/* value alone, gradients alone, both, with and without optional arguments: the same numbers */
static void test_absent(void) {
    float p[6] = {1, 2, 3, 4, 5, 6}, z[6] = {0, 2, 5, 1, 5, 7}, w[2] = {2, 0.5f}, h[2] = {1, 1};
    float v[2], v2[2], d[6], d2[6], dw[2];
    tensor tp, tz, tw, th, tv, td, tdw;
    const mxl_tensor *in[3] = {make(&tp, p, MXL_FLOAT, 32, 2, 2, 3),
                               make(&tz, z, MXL_FLOAT, 32, 2, 2, 3),
                               make(&tw, w, MXL_FLOAT, 32, 2, 2, 1)};
    mxl_tensor *grads[3] = {make(&td, d, MXL_FLOAT, 32, 2, 2, 3), NULL,
                            make(&tdw, dw, MXL_FLOAT, 32, 2, 2, 1)};
    const mxl_tensor *head = make(&th, h, MXL_FLOAT, 32, 1, 2, 0);
    mxl_tensor *value = make(&tv, v, MXL_FLOAT, 32, 1, 2, 0);
    mxl_options o;
    mxl_defaults(MXL_L2, &o);
    CHECK(mxl_run(MXL_L2, &o, 3, in, NULL, value, grads, &exec) == MXL_OK, "%s", error.message);
    CHECK(fabsf(v[0] - 2 * 5 / 6.0f) < 1e-6f && fabsf(v[1] - 0.5f * 10 / 6.0f) < 1e-6f, "%g %g",
          v[0], v[1]);
    CHECK(fabsf(d[0] - 2 / 3.0f) < 1e-6f && fabsf(dw[0] - 5 / 6.0f) < 1e-6f, "%g %g", d[0], dw[0]);
    value->data = v2;
    CHECK(mxl_run(MXL_L2, NULL, 3, in, head, value, NULL, NULL) == MXL_OK, "value only");
    CHECK(memcmp(v, v2, sizeof v) == 0, "value only, defaults, no exec");
    grads[0]->data = d2;
    CHECK(mxl_run(MXL_L2, NULL, 3, in, head, NULL, grads, NULL) == MXL_OK, "gradients only");
    CHECK(memcmp(d, d2, sizeof d) == 0, "gradients only, head of ones");
    in[2] = NULL; /* a NULL in the list and a shorter list are the same */
    grads[2] = NULL;
    grads[0]->data = d;
    value->data = v;
    CHECK(mxl_run(MXL_L2, NULL, 3, in, NULL, value, grads, NULL) == MXL_OK, "NULL input");
    grads[0]->data = d2;
    value->data = v2;
    CHECK(mxl_run(MXL_L2, NULL, 2, in, NULL, value, grads, NULL) == MXL_OK, "two inputs");
    CHECK(memcmp(v, v2, sizeof v) == 0 && memcmp(d, d2, sizeof d) == 0, "NULL input");
}

/* of an axis of length 1 the stride leads nowhere: any will do, for inputs and outputs */
static void test_strides_of_one(void) {
    static const int64_t any[] = {0, 5, -1, INT64_MAX, INT64_MIN};
    float x[3] = {1, -2, 0.5f}, d[3], v[1];
    int32_t classes[3] = {0, 0, 0};
    tensor tx, tz, tv, td;
    const mxl_tensor *in[2] = {make(&tx, x, MXL_FLOAT, 32, 2, 1, 3),
                               make(&tz, classes, MXL_INT, 32, 1, 3, 0)};
    mxl_tensor *value = make(&tv, v, MXL_FLOAT, 32, 1, 1, 0);
    mxl_tensor *const grads[2] = {make(&td, d, MXL_FLOAT, 32, 2, 1, 3), NULL};
    mxl_options o;
    int i, k;
    mxl_defaults(MXL_SOFTMAX_CROSS_ENTROPY, &o);
    o.axis = 0; /* one class, whose probability is 1 */
    tx.t.strides = tx.strides, td.t.strides = td.strides, tv.t.strides = tv.strides;
    tx.strides[1] = td.strides[1] = 1;
    for (i = 0; i < 25; i++) {
        tx.strides[0] = any[i % 5], td.strides[0] = tv.strides[0] = any[i / 5];
        v[0] = d[0] = d[1] = d[2] = 7;
        CHECK(mxl_run(MXL_SOFTMAX_CROSS_ENTROPY, &o, 2, in, NULL, value, grads, &exec) == MXL_OK,
              "%s", error.message);
        for (k = 0; k < 3; k++)
            CHECK(d[k] == 0 && v[0] == 0, "strides %d: %g, value %g", i, d[k], v[0]);
    }
}

static void test_planning(void) {
    int64_t shape[MXL_MAX_NDIM] = {-7, -7};
    tensor tp, tz, tw;
    mxl_tensor value = {0};
    const mxl_tensor *in[3] = {make(&tp, NULL, MXL_BFLOAT, 16, 2, 5, 7),
                               make(&tz, NULL, MXL_INT, 8, 1, 35, 0),
                               make(&tw, NULL, MXL_FLOAT, 32, 2, 5, 2)};
    mxl_options o;
    mxl_defaults(MXL_HUBER, &o);
    o.batch_axis = -1;
    value.shape = shape;
    CHECK(mxl_run(MXL_HUBER, &o, 2, in, NULL, &value, NULL, &exec) == MXL_OK, "%s", error.message);
    CHECK(value.ndim == 1 && shape[0] == 7 && shape[1] == -7 && value.dtype.code == MXL_BFLOAT &&
              value.dtype.bits == 16 && value.data == NULL,
          "planned");
    refused(mxl_run(MXL_HUBER, &o, 3, in, NULL, &value, NULL, &exec), MXL_ERR_SHAPE, 2,
            WORDS("HuberLoss", "sample_weight", "(5, 2)", "(5, 7)", "(5, 1)"));
    {
        tensor td; /* an output that does not fit: the plan is not written either */
        mxl_tensor *const grads[2] = {make(&td, NULL, MXL_BFLOAT, 16, 2, 7, 5), NULL},
                          before = value;
        o.batch_axis = 0;
        refused(mxl_run(MXL_HUBER, &o, 2, in, NULL, &value, grads, &exec), MXL_ERR_SHAPE,
                MXL_ARG_GRAD, WORDS("HuberLoss", "(7, 5)", "(5, 7)"));
        CHECK(memcmp(&value, &before, sizeof value) == 0 && shape[0] == 7, "written");
    }
    value.shape = NULL;
    refused(mxl_run(MXL_HUBER, &o, 2, in, NULL, &value, NULL, &exec), MXL_ERR_NULL, MXL_ARG_VALUE,
            WORDS("value->shape", "16"));
}

/* every refusal, and after each one the outputs are as they were */
static void test_refusals(void) {
    float p[6] = {1, 2, 3, 4, 5, 6}, z[6] = {0, 2, 5, 1, 5, 7}, v[2], d[6];
    float labels[2] = {1, 3}, negative[6] = {1, 1, 1, 1, -2, 1};
    int32_t classes[6] = {0, 2, 1, 1, 0, 2};
    tensor tp, tz, tv, td, other;
    const mxl_tensor *in[3] = {make(&tp, p, MXL_FLOAT, 32, 2, 2, 3),
                               make(&tz, z, MXL_FLOAT, 32, 2, 2, 3), NULL};
    mxl_tensor *grads[3] = {make(&td, d, MXL_FLOAT, 32, 2, 2, 3), NULL, NULL};
    mxl_tensor *value = make(&tv, v, MXL_FLOAT, 32, 1, 2, 0);
    mxl_options o, good;
    mxl_exec bad_exec = exec;
    int64_t zero[2] = {0, 1};
    size_t i;
    memset(v, 0x5a, sizeof v);
    memset(d, 0x5a, sizeof d);
    mxl_defaults(MXL_L2, &good);
#define RUN(loss, options, n) mxl_run(loss, options, n, in, NULL, value, grads, &exec)
    refused(RUN((mxl_loss)42, &good, 2), MXL_ERR_LOSS, MXL_ARG_NONE, WORDS("42"));
    refused(RUN(MXL_L2, &good, 1), MXL_ERR_NULL, 1, WORDS("L2Loss", "label", "missing"));
    refused(RUN(MXL_L2, &good, 4), MXL_ERR_NULL, MXL_ARG_NONE, WORDS("4 inputs", "at most 3"));
    refused(RUN(MXL_L2, &good, -1), MXL_ERR_NULL, MXL_ARG_NONE, WORDS("-1"));
    refused(mxl_run(MXL_L2, &good, 2, NULL, NULL, value, NULL, &exec), MXL_ERR_NULL, 0,
            WORDS("pred"));
    refused(mxl_run(MXL_L2, &good, 2, in, NULL, NULL, NULL, &exec), MXL_ERR_NULL, MXL_ARG_VALUE,
            WORDS("neither value nor any gradient"));

    o = good, o.size = 8;
    refused(RUN(MXL_L2, &o, 2), MXL_ERR_VERSION, MXL_ARG_OPTIONS, WORDS("size", "8"));
    for (i = 0; i < sizeof o.reserved / sizeof o.reserved[0]; i++) {
        o = good, o.reserved[i] = 1;
        refused(RUN(MXL_L2, &o, 2), MXL_ERR_OPTION, MXL_ARG_OPTIONS, WORDS("reserved", "later"));
    }
    bad_exec.size = 3;
    CHECK(mxl_run(MXL_L2, &good, 2, in, NULL, value, NULL, &bad_exec) == MXL_ERR_VERSION,
          "exec size");
    bad_exec = exec, bad_exec.num_threads = -2;
    refused(mxl_run(MXL_L2, &good, 2, in, NULL, value, NULL, &bad_exec), MXL_ERR_OPTION,
            MXL_ARG_EXEC, WORDS("num_threads", "-2"));
    o = good, o.rho = 2;
    refused(RUN(MXL_L2, &o, 2), MXL_ERR_OPTION, MXL_ARG_OPTIONS,
            WORDS("rho", "2", "does not read"));
    o = good, o.axis = 0;
    refused(RUN(MXL_L2, &o, 2), MXL_ERR_OPTION, MXL_ARG_OPTIONS, WORDS("axis", "does not read"));
    o = good, o.flags |= MXL_SPARSE_LABEL;
    refused(RUN(MXL_L2, &o, 2), MXL_ERR_OPTION, MXL_ARG_OPTIONS, WORDS("flags", "0x4"));
    o = good, o.batch_axis = 2;
    refused(RUN(MXL_L2, &o, 2), MXL_ERR_OPTION, MXL_ARG_OPTIONS,
            WORDS("batch_axis is 2", "(2, 3)", "-2 to 1"));
    for (i = 0; i < 4; i++) {
        static const double bad_rho[] = {0, -1, NAN, 1e-60};
        o = good, o.rho = bad_rho[i];
        refused(RUN(MXL_HUBER, &o, 2), MXL_ERR_OPTION, MXL_ARG_OPTIONS, WORDS("rho", "above 0"));
    }
    o = good, o.margin = INFINITY;
    refused(RUN(MXL_HINGE, &o, 2), MXL_ERR_OPTION, MXL_ARG_OPTIONS, WORDS("margin", "inf"));

    tp.t.device.device_type = 2;
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_DEVICE, 0, WORDS("pred", "device"));
    make(&tp, p, MXL_FLOAT, 128, 2, 2, 3);
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_DTYPE, 0, WORDS("pred", "128"));
    make(&tp, p, MXL_INT, 32, 2, 2, 3);
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_DTYPE, 0, WORDS("pred", "int32", "float32"));
    make(&tp, p, MXL_FLOAT, 32, 17, 2, 3);
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_LAYOUT, 0, WORDS("pred", "17", "16"));
    make(&tp, p, MXL_FLOAT, 32, 2, 2, -3);
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_SHAPE, 0, WORDS("pred", "-3"));
    make(&tp, p, MXL_FLOAT, 32, 2, INT64_MAX / 2, 8);
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_SHAPE, 0, WORDS("pred", "more elements"));
    make(&tp, p, MXL_FLOAT, 32, 0, 0, 0);
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_SHAPE, 0, WORDS("pred", "()"));
    make(&tp, p, MXL_FLOAT, 32, 2, 2, 0);
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_SHAPE, 0, WORDS("pred", "(2, 0)", "axis 1"));
    make(&tp, NULL, MXL_FLOAT, 32, 2, 2, 3);
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_NULL, 0, WORDS("pred", "NULL"));
    make(&tp, p, MXL_FLOAT, 32, 2, 2, 3), tp.t.byte_offset = 1;
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_LAYOUT, 0, WORDS("pred", "misaligned"));
    make(&tp, p, MXL_FLOAT, 32, 2, 2, 3), tp.t.shape = NULL;
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_NULL, 0, WORDS("pred", "shape is NULL"));
    make(&tp, p, MXL_FLOAT, 32, 2, 2, 3);

    make(&tz, z, MXL_FLOAT, 32, 1, 2, 0);
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_SHAPE, 1, WORDS("label", "(2,)", "6", "(2, 3)"));
    refused(RUN(MXL_KL_DIV, NULL, 2), MXL_ERR_SHAPE, 1, WORDS("label", "broadcast", "(2, 3)"));
    make(&tz, z, MXL_FLOAT, 32, 2, 2, 3);
    refused(RUN(MXL_SOFTMAX_CROSS_ENTROPY, NULL, 2), MXL_ERR_SHAPE, 1,
            WORDS("label", "(2, 3)", "(2,)", "sparse_label=False"));
    make(&tz, labels, MXL_FLOAT, 32, 1, 2, 0);
    refused(RUN(MXL_SOFTMAX_CROSS_ENTROPY, NULL, 2), MXL_ERR_VALUE, 1,
            WORDS("label[1] is 3", "0 to 2"));
    mxl_defaults(MXL_POISSON_NLL, &o);
    o.flags |= MXL_COMPUTE_FULL;
    make(&tz, negative, MXL_FLOAT, 32, 2, 2, 3);
    make(&tv, v, MXL_FLOAT, 32, 1, 1, 0);
    refused(RUN(MXL_POISSON_NLL, &o, 2), MXL_ERR_VALUE, 1,
            WORDS("target[1, 1] is -2", "compute_full"));
    make(&tz, z, MXL_FLOAT, 32, 2, 2, 3);

    refused(RUN(MXL_L2, &good, 2), MXL_ERR_SHAPE, MXL_ARG_VALUE, WORDS("value", "(1,)", "(2,)"));
    make(&tv, v, MXL_FLOAT, 64, 1, 2, 0);
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_DTYPE, MXL_ARG_VALUE,
            WORDS("value", "float64", "float32"));
    make(&tv, v, MXL_FLOAT, 32, 1, 2, 0);
    make(&td, d, MXL_FLOAT, 16, 2, 2, 3);
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_DTYPE, MXL_ARG_GRAD,
            WORDS("gradient", "pred", "float16", "float32"));
    make(&tz, classes, MXL_INT, 32, 2, 2, 3);
    grads[0] = NULL, grads[1] = make(&other, d, MXL_FLOAT, 32, 2, 2, 3);
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_DTYPE, MXL_ARG_GRAD + 1,
            WORDS("label", "int32", "only floating inputs"));
    make(&tz, z, MXL_FLOAT, 32, 2, 2, 3);
    grads[0] = &td.t, grads[1] = NULL;
    make(&td, d, MXL_FLOAT, 32, 2, 3, 2);
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_SHAPE, MXL_ARG_GRAD,
            WORDS("gradient", "pred", "(3, 2)", "(2, 3)"));
    make(&td, p, MXL_FLOAT, 32, 2, 2, 3);
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_LAYOUT, MXL_ARG_GRAD, WORDS("overlaps"));
    make(&td, d, MXL_FLOAT, 32, 2, 2, 3), td.t.strides = zero;
    refused(RUN(MXL_L2, &good, 2), MXL_ERR_LAYOUT, MXL_ARG_GRAD, WORDS("overlap one another"));
    make(&td, d, MXL_FLOAT, 32, 2, 2, 3);
    grads[2] = make(&other, d, MXL_FLOAT, 32, 2, 2, 1);
    refused(RUN(MXL_L2, &good, 3), MXL_ERR_NULL, MXL_ARG_GRAD + 2,
            WORDS("sample_weight", "absent"));
    grads[2] = NULL;
    refused(mxl_run(MXL_L2, &good, 2, in, in[0], value, grads, &exec), MXL_ERR_SHAPE,
            MXL_ARG_HEAD_GRAD, WORDS("head_grad", "(2, 3)", "(2,)"));
    for (i = 0; i < sizeof d; i++)
        CHECK(((unsigned char *)d)[i] == 0x5a, "gradient was written by a refused call");
    for (i = 0; i < sizeof v; i++)
        CHECK(((unsigned char *)v)[i] == 0x5a, "value was written by a refused call");
    CHECK(RUN(MXL_L2, &good, 2) == MXL_OK, "and the good call works");
}

/* a row of which copies would have 6 GB, from an array that repeats one number */
static void test_memory(void) {
    float x = 1, v[1];
    int64_t repeat[2] = {0, 0};
    tensor in[3], tv;
    const mxl_tensor *inputs[3];
    int i;
    for (i = 0; i < 3; i++) {
        inputs[i] = make(&in[i], &x, MXL_FLOAT, 32, 2, 1, (int64_t)1 << 28);
        in[i].t.strides = repeat;
    }
    make(&tv, v, MXL_FLOAT, 32, 1, 1, 0);
    if (sizeof(size_t) < 8) /* elsewhere there may be as much */
        refused(mxl_run(MXL_TRIPLET, NULL, 3, inputs, NULL, &tv.t, NULL, &exec), MXL_ERR_MEMORY,
                MXL_ARG_NONE, WORDS("memory"));
}

/* eight axes, byte offsets, negative strides, bfloat16 */
static void test_tensors(void) {
    uint16_t p[4] = {0x3f80, 0x4000, 0x4040, 0x4080}, v[4], d[4]; /* 1 2 3 4 */
    int8_t z[6] = {9, 3, 2, 1, 0, 9};
    int64_t shape[8] = {1, 2, 1, 1, 2, 1, 1, 1}, back[1] = {-1};
    tensor tp, tz, tv, td;
    const mxl_tensor *in[2] = {make(&tp, p, MXL_BFLOAT, 16, 8, 0, 0),
                               make(&tz, z, MXL_INT, 8, 1, 4, 0)};
    mxl_tensor *grads[2] = {make(&td, d, MXL_BFLOAT, 16, 8, 0, 0), NULL};
    mxl_options o;
    mxl_defaults(MXL_L1, &o);
    o.batch_axis = 4;
    tp.t.shape = td.t.shape = shape;
    tz.t.strides = back;
    tz.t.byte_offset = 4; /* label 0 1 2 3 */
    make(&tv, v, MXL_BFLOAT, 16, 1, 2, 0);
    CHECK(mxl_run(MXL_L1, &o, 2, in, NULL, &tv.t, grads, &exec) == MXL_OK, "%s", error.message);
    CHECK(v[0] == 0x3f80 && v[1] == 0x3f80, "%x %x", v[0], v[1]);
    CHECK(d[0] == 0x3f00 && d[3] == 0x3f00, "%x %x", d[0], d[3]);
}

int main(void) {
    test_layout();
    test_facts();
    test_isa();
    test_absent();
    test_strides_of_one();
    test_planning();
    test_refusals();
    test_memory();
    test_tensors();
    return finish();
}

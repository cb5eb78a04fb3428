/*
 * test_bits.c - the same bits on every processor with fused multiply-add, and the same bits on
 * every one without
 *
 *     test_bits tests/c           compare with bits.txt there or, for the base kernels,
 * bits_base.txt test_bits tests/c --write   write that file
 *
 * Every loss, with its options, in every floating type, on ordinary and on extreme numbers and over
 * shapes around the widths of vectors and tiles: value and all gradients, hashed. The file has the
 * hashes of one machine; whatever compiler, processor, byte order, thread count and operating
 * system run this must find the same. Inputs come from integers, exactly, so that no library has a
 * say in them.
 */
#include <mxloss.h>
#include <string.h>

#include "check.h"

/* kinds of inputs: real number, probability, sign, whole number, class; '-' is absent */
static const struct {
    mxl_loss loss;
    const char *kinds;
    uint32_t flip; /* flags that differ from the default */
    int32_t axis, batch_axis;
} cases[] = {
    {MXL_L2, "rrp", 0, -1, 0},
    {MXL_L2, "rrp", 0, -1, 1},
    {MXL_L1, "rrp", 0, -1, 0},
    {MXL_SIGMOID_BINARY_CROSS_ENTROPY, "rp-", 0, -1, 0},
    {MXL_SIGMOID_BINARY_CROSS_ENTROPY, "rppp", 0, -1, 0},
    {MXL_SIGMOID_BINARY_CROSS_ENTROPY, "pp-p", MXL_FROM_SIGMOID, -1, 1},
    {MXL_SOFTMAX_CROSS_ENTROPY, "rc", 0, -1, 0},
    {MXL_SOFTMAX_CROSS_ENTROPY, "rc", 0, 0, 0},
    {MXL_SOFTMAX_CROSS_ENTROPY, "rc", MXL_FROM_LOGITS, -1, 0},
    {MXL_SOFTMAX_CROSS_ENTROPY, "rp", MXL_SPARSE_LABEL, -1, 0},
    {MXL_KL_DIV, "rp", 0, -1, 0},
    {MXL_KL_DIV, "rp", MXL_FROM_LOGITS | MXL_REDUCE_SUM, -1, 0},
    {MXL_CTC, "rc", 0, -1, 0},
    {MXL_CTC, "rc--p", MXL_LAYOUT_TNC | MXL_INFEASIBLE_INF, -1, 0},
    {MXL_HUBER, "rrp", 0, -1, 0},
    {MXL_HINGE, "rsp", 0, -1, 0},
    {MXL_SQUARED_HINGE, "rsp", 0, -1, 0},
    {MXL_LOGISTIC, "rsp", 0, -1, 0},
    {MXL_LOGISTIC, "rpp", MXL_LABEL_BINARY, -1, 1},
    {MXL_TRIPLET, "rrrp", 0, -1, 0},
    {MXL_TRIPLET, "rrrp", 0, -1, 1},
    {MXL_POISSON_NLL, "rwp", MXL_COMPUTE_FULL, -1, 0},
    {MXL_POISSON_NLL, "pwp", MXL_FROM_LOGITS, -1, 0},
    {MXL_COSINE_EMBEDDING, "rrsp", 0, -1, 0},
    {MXL_SDML, "rr", 0, -1, 0},
};
static const struct {
    const char *name;
    mxl_dtype dtype;
} dtypes[] = {{"float32", {MXL_FLOAT, 32, 1}},
              {"float64", {MXL_FLOAT, 64, 1}},
              {"float16", {MXL_FLOAT, 16, 1}},
              {"bfloat16", {MXL_BFLOAT, 16, 1}}};
static const int64_t shapes[][2] = {{2, 2},  {3, 5},   {8, 8},    {5, 17},  {4, 33},
                                    {64, 3}, {40, 65}, {3, 1030}, {2, 4100}};
enum { MOST = 16384, N_DTYPES = 4, N_SHAPES = sizeof shapes / sizeof *shapes };

typedef struct {
    mxl_tensor tensor;
    int64_t shape[3], count;
    double data[MOST]; /* room for any dtype */
} array;

static uint64_t state;

static uint64_t next(void) { /* splitmix64 */
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void store(array *a, int64_t i, double x) {
    if (a->tensor.dtype.code == MXL_INT) {
        ((int64_t *)a->data)[i] = (int64_t)x;
    } else if (a->tensor.dtype.bits == 64) {
        a->data[i] = x;
    } else if (a->tensor.dtype.bits == 32) {
        ((float *)a->data)[i] = (float)x;
    } else { /* any pattern with an exponent near 1's does for a half; x gives sign and bits */
        const uint16_t sign = x < 0 ? 0x8000 : 0, bits = (uint16_t)(next() & 0x07ff);
        const uint16_t one = a->tensor.dtype.code == MXL_BFLOAT ? 0x3f00 : 0x3800;
        ((uint16_t *)a->data)[i] = x == 0 ? sign : (uint16_t)(sign | (one - 0x0400 + bits));
    }
}

static void make(array *a, int32_t ndim, const int64_t *shape, mxl_dtype dtype) {
    int32_t i;
    memset(&a->tensor, 0, sizeof a->tensor);
    a->count = 1;
    for (i = 0; i < ndim; i++)
        a->count *= a->shape[i] = shape[i];
    if (a->count > MOST)
        exit(printf("an array of %ld elements\n", (long)a->count));
    a->tensor.data = a->data;
    a->tensor.device.device_type = MXL_CPU;
    a->tensor.ndim = ndim;
    a->tensor.dtype = dtype;
    a->tensor.shape = a->shape;
}

static void fill(array *a, char kind, int64_t classes, int extreme) {
    static const double odd[] = {0, 1e-30, -1e-30, 90, -90, 1e4, -1e4, 3e38, -3e38};
    int64_t i;
    for (i = 0; i < a->count; i++) {
        const uint64_t r = next();
        const double unit = (double)(r >> 40) * 0x1p-24; /* exact in float, too */
        double x = (unit - 0.5) * 8;
        if (kind == 'p')
            x = unit + 0x1p-25;
        else if (kind == 's')
            x = r & 1 ? 1 : -1;
        else if (kind == 'w')
            x = (double)(r % 7);
        else if (kind == 'c')
            x = (double)(r % (uint64_t)classes);
        else if (extreme && r % 9 == 0)
            x = odd[(r >> 8) % (sizeof odd / sizeof *odd)];
        store(a, i, x);
    }
}

/* FNV-1a over the bits of the elements, all NaNs being one */
static uint64_t hash(uint64_t h, const array *a) {
    const unsigned bits = a->tensor.dtype.bits;
    int64_t i;
    for (i = 0; i < a->count; i++) {
        uint64_t u = bits == 64   ? ((const uint64_t *)a->data)[i]
                     : bits == 32 ? ((const uint32_t *)a->data)[i]
                                  : ((const uint16_t *)a->data)[i];
        const uint64_t exponent = bits == 64                           ? 0x7ff0000000000000u
                                  : bits == 32                         ? 0x7f800000u
                                  : a->tensor.dtype.code == MXL_BFLOAT ? 0x7f80u
                                                                       : 0x7c00u;
        const uint64_t size = u & (((uint64_t)1 << (bits - 1)) - 1);
        if (size > exponent)
            u = exponent + 1;
        h = (h ^ u) * 0x100000001b3u;
    }
    return h;
}

static array in[MXL_MAX_INPUTS], grad[MXL_MAX_INPUTS], value;

static uint64_t run(size_t c, size_t d, const int64_t *shape, int extreme, uint64_t h) {
    static const mxl_dtype int64 = {MXL_INT, 64, 1};
    const mxl_loss_info *info = mxl_info(cases[c].loss);
    const mxl_tensor *inputs[MXL_MAX_INPUTS] = {NULL};
    mxl_tensor *grads[MXL_MAX_INPUTS] = {NULL};
    mxl_error error = {0, 0, ""};
    mxl_exec exec = {sizeof exec, 0, &error};
    mxl_options options;
    const int n = (int)strlen(cases[c].kinds);
    int64_t full[3] = {shape[0], shape[1], 0}, classes;
    int32_t ndim = 2;
    int k;
    mxl_defaults(cases[c].loss, &options);
    options.flags ^= cases[c].flip;
    options.axis = cases[c].axis;
    options.batch_axis = cases[c].batch_axis;
    classes = options.axis == 0 ? shape[0] : shape[1];
    if (cases[c].loss == MXL_CTC) {
        ndim = 3;
        classes = shape[1] > 1000 ? 100 : shape[1];
        full[0] = full[1] = 11; /* samples and frames, or the other way round */
        full[2] = classes;
        classes--;
    }
    for (k = 0; k < n; k++) {
        const char kind = cases[c].kinds[k];
        int64_t own[3];
        int32_t own_ndim = ndim;
        if (kind == '-')
            continue;
        memcpy(own, full, sizeof own);
        if (cases[c].loss == MXL_CTC && k > 0) {
            own_ndim = k == 1 ? 2 : 1;
            own[1] = 5;
        } else if (kind == 'c') {
            own[0] = options.axis == 0 ? shape[1] : shape[0];
            own_ndim = 1;
        } else if (strcmp(info->inputs[k], "sample_weight") == 0 && info->n_required == 3) {
            own[0] = shape[cases[c].batch_axis];
            own[1] = 1;
            own_ndim = cases[c].loss == MXL_COSINE_EMBEDDING ? 2 : 1;
        } else if (strcmp(info->inputs[k], "sample_weight") == 0) {
            own[1] = 1; /* a sum over the columns in its gradient */
        } else if (cases[c].loss == MXL_COSINE_EMBEDDING && k == 2) {
            own_ndim = 1;
        }
        make(&in[k], own_ndim, own, kind == 'c' ? int64 : dtypes[d].dtype);
        fill(&in[k], kind, classes, extreme);
        inputs[k] = &in[k].tensor;
        if (kind != 'c') {
            make(&grad[k], own_ndim, own, dtypes[d].dtype);
            grads[k] = &grad[k].tensor;
        }
    }
    make(&value, 0, NULL, dtypes[d].dtype);
    value.tensor.data = NULL;
    value.shape[0] = value.shape[1] = 1;
    CHECK(mxl_run(cases[c].loss, &options, n, inputs, NULL, &value.tensor, NULL, &exec) == MXL_OK,
          "%s", error.message);
    value.count = value.shape[0] * (value.tensor.ndim > 1 ? value.shape[1] : 1);
    value.tensor.data = value.data;
    CHECK(mxl_run(cases[c].loss, &options, n, inputs, NULL, &value.tensor, grads, &exec) == MXL_OK,
          "%s", error.message);
    h = hash(h, &value);
    for (k = 0; k < n; k++)
        if (grads[k])
            h = hash(h, &grad[k]);
    return h;
}

int main(int argc, char **argv) {
    const int writing = argc > 2 && strcmp(argv[2], "--write") == 0;
    const char *name = mxl_get_isa() == MXL_ISA_BASE ? "bits_base.txt" : "bits.txt";
    char path[1024], wanted[80], found[80];
    FILE *file;
    size_t c, d, s;
    snprintf(path, sizeof path, "%s/%s", argc > 1 ? argv[1] : ".", name);
    file = fopen(path, writing ? "w" : "r");
    if (file == NULL)
        return printf("%s cannot be opened; usage: %s tests/c [--write]\n", path, argv[0]), 1;
    for (c = 0; c < sizeof cases / sizeof *cases; c++)
        for (d = 0; d < N_DTYPES; d++) {
            uint64_t h = 0xcbf29ce484222325u;
            for (s = 0; s < N_SHAPES; s++) {
                state = 1000 * c + 10 * d + s; /* so that one case does not shift the others */
                h = run(c, d, shapes[s], 0, h);
                h = run(c, d, shapes[s], 1, h);
            }
            snprintf(found, sizeof found, "%s_%d %s %016llx\n", mxl_info(cases[c].loss)->name,
                     (int)c, dtypes[d].name, (unsigned long long)h);
            if (writing) {
                fputs(found, file);
                continue;
            }
            if (fgets(wanted, sizeof wanted, file) == NULL)
                *wanted = 0;
            CHECK(strcmp(found, wanted) == 0, "stored %.70s, found %.70s", wanted, found);
        }
    fclose(file);
    printf("%s, %s\n", mxl_isa_name(mxl_get_isa()), mxl_build_info());
    return writing ? 0 : finish();
}

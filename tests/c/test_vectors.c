/*
 * test_vectors.c - the recorded vectors through the public C interface
 *
 * Reads tests/golden/vectors.txt (tests/tools/golden_text.py describes the format) and knows no
 * loss: names and options are looked up in the library.
 */
#include <math.h>
#include <mxloss.h>
#include <string.h>

#include "check.h"

enum { MAX_ELEMENTS = 4096, LINE = 1 << 16 };

typedef struct {
    char name[32];
    mxl_tensor tensor;
    int64_t shape[MXL_MAX_NDIM];
    int64_t count;
    double numbers[MAX_ELEMENTS]; /* exact for every dtype in the file */
    union {
        float f32[MAX_ELEMENTS];
        double f64[MAX_ELEMENTS];
        uint16_t f16[MAX_ELEMENTS];
        int32_t i32[MAX_ELEMENTS];
        int64_t i64[MAX_ELEMENTS];
    } data;
} array;

static const struct {
    const char *name;
    mxl_dtype dtype;
} dtypes[] = {{"float16", {MXL_FLOAT, 16, 1}},
              {"float32", {MXL_FLOAT, 32, 1}},
              {"float64", {MXL_FLOAT, 64, 1}},
              {"int32", {MXL_INT, 32, 1}},
              {"int64", {MXL_INT, 64, 1}}};

static double half_to_double(uint16_t h) {
    const int e = h >> 10 & 31, m = h & 1023;
    const double a = e == 31 ? (m ? NAN : HUGE_VAL) : e ? ldexp(1024 + m, e - 25) : ldexp(m, -24);
    return h & 0x8000 ? -a : a;
}

static uint16_t double_to_half(double x) { /* for numbers that are halves already */
    int h;
    for (h = 0; h < 0x10000; h++)
        if (half_to_double((uint16_t)h) == x && (h >> 15 != 0) == (signbit(x) != 0))
            return (uint16_t)h;
    return 0x7e00;
}

static void set(array *a, int64_t i, double x) {
    if (a->tensor.dtype.code == MXL_INT && a->tensor.dtype.bits == 32)
        a->data.i32[i] = (int32_t)x;
    else if (a->tensor.dtype.code == MXL_INT)
        a->data.i64[i] = (int64_t)x;
    else if (a->tensor.dtype.bits == 16)
        a->data.f16[i] = double_to_half(x);
    else if (a->tensor.dtype.bits == 32)
        a->data.f32[i] = (float)x;
    else
        a->data.f64[i] = x;
}

static double get(const array *a, int64_t i) {
    return a->tensor.dtype.bits == 16   ? half_to_double(a->data.f16[i])
           : a->tensor.dtype.bits == 32 ? a->data.f32[i]
                                        : a->data.f64[i];
}

static void read_array(array *a, const char *name) {
    const char *dtype = strtok(NULL, " \n");
    size_t k;
    int64_t i;
    memset(&a->tensor, 0, sizeof a->tensor);
    snprintf(a->name, sizeof a->name, "%s", name);
    for (k = 0; k < sizeof dtypes / sizeof *dtypes; k++)
        if (strcmp(dtypes[k].name, dtype) == 0)
            a->tensor.dtype = dtypes[k].dtype;
    CHECK(a->tensor.dtype.lanes == 1, "dtype %s", dtype);
    a->tensor.device.device_type = MXL_CPU;
    a->tensor.data = &a->data;
    a->tensor.shape = a->shape;
    a->tensor.ndim = atoi(strtok(NULL, " \n"));
    a->count = 1;
    for (i = 0; i < a->tensor.ndim; i++)
        a->count *= a->shape[i] = atol(strtok(NULL, " \n"));
    if (a->count > MAX_ELEMENTS)
        exit(printf("%s is larger than this program expects\n", name));
    for (i = 0; i < a->count; i++)
        set(a, i, a->numbers[i] = strtod(strtok(NULL, " \n"), NULL));
}

/* option NAME VALUE by Gluon's spelling */
static void set_option(mxl_options *o, const char *name, const char *value) {
    static const struct {
        const char *name, *word;
        uint32_t flag;
    } flags[] = {
        {"from_logits", NULL, MXL_FROM_LOGITS},       {"from_sigmoid", NULL, MXL_FROM_SIGMOID},
        {"sparse_label", NULL, MXL_SPARSE_LABEL},     {"compute_full", NULL, MXL_COMPUTE_FULL},
        {"label_format", "binary", MXL_LABEL_BINARY}, {"reduction", "sum", MXL_REDUCE_SUM},
        {"out_of_range", "clip", MXL_CLIP_LABEL},     {"layout", "TNC", MXL_LAYOUT_TNC},
        {"label_layout", "TN", MXL_LABEL_LAYOUT_TN},  {"infeasible", "inf", MXL_INFEASIBLE_INF}};
    size_t k;
    for (k = 0; k < sizeof flags / sizeof *flags; k++)
        if (strcmp(flags[k].name, name) == 0) {
            const int on = flags[k].word ? strcmp(flags[k].word, value) == 0 : atoi(value);
            o->flags = on ? o->flags | flags[k].flag : o->flags & ~flags[k].flag;
            return;
        }
    if (strcmp(name, "batch_axis") == 0)
        o->batch_axis = atoi(value);
    else if (strcmp(name, "axis") == 0)
        o->axis = atoi(value);
    else if (strcmp(name, "weight") == 0)
        o->weight = strtod(value, NULL);
    else if (strcmp(name, "rho") == 0)
        o->rho = strtod(value, NULL);
    else if (strcmp(name, "margin") == 0)
        o->margin = strtod(value, NULL);
    else if (strcmp(name, "smoothing_parameter") == 0)
        o->smoothing_parameter = strtod(value, NULL);
    else if (strcmp(name, "epsilon") == 0)
        o->epsilon = strtod(value, NULL);
    else
        CHECK(0, "option %s is unknown", name);
}

static void compare(const char *name, const char *what, const array *got, const array *wanted,
                    double relative, double absolute) {
    int64_t i;
    for (i = 0; i < wanted->count; i++) {
        const double a = get(got, i), b = wanted->numbers[i];
        CHECK((isnan(a) && isnan(b)) || a == b || fabs(a - b) <= absolute + relative * fabs(b),
              "%s: %s[%d] is %.9g, recorded %.9g", name, what, (int)i, a, b);
    }
}

static array inputs[MXL_MAX_INPUTS], grads[MXL_MAX_INPUTS], value, head, out_value,
    out_grads[MXL_MAX_INPUTS];
static int has_grad[MXL_MAX_INPUTS];

static int input_place(const mxl_loss_info *info, const char *name) {
    int i;
    for (i = 0; i < info->n_inputs; i++)
        if (strcmp(info->inputs[i], name) == 0)
            return i;
    CHECK(0, "%s has no input %s", info->name, name);
    return 0;
}

static void empty_like(array *out, const array *like) {
    *out = *like;
    out->tensor.data = &out->data;
    out->tensor.shape = out->shape;
    memset(&out->data, 0x5a, sizeof out->data);
}

int main(int argc, char **argv) {
    FILE *file = fopen(argc > 1 ? argv[1] : "tests/golden/vectors.txt", "r");
    char *line = (char *)malloc(LINE), name[96] = "", expect[16] = "";
    const mxl_tensor *in[MXL_MAX_INPUTS] = {0};
    mxl_loss loss = MXL_L2;
    const mxl_loss_info *info = NULL;
    mxl_options options;
    double relative = 0, absolute = 0;
    int cases = 0, i;
    if (file == NULL || line == NULL)
        return printf("cannot read the vectors\n"), 1;
    while (fgets(line, LINE, file)) {
        const char *word = strtok(line, " \n");
        if (word == NULL || *word == '#')
            continue;
        if (strcmp(word, "case") == 0) {
            snprintf(name, sizeof name, "%s", strtok(NULL, " \n"));
            memset(in, 0, sizeof in);
            memset(has_grad, 0, sizeof has_grad);
            cases++;
        } else if (strcmp(word, "loss") == 0) {
            const char *wanted = strtok(NULL, " \n");
            for (i = 0, info = NULL; i < MXL_LOSS_END && info == NULL; i++)
                if (mxl_info((mxl_loss)i) && strcmp(mxl_info((mxl_loss)i)->name, wanted) == 0)
                    info = mxl_info(loss = (mxl_loss)i);
            if (info == NULL)
                return printf("%s: there is no %s\n", name, wanted), 1;
            CHECK(mxl_defaults(loss, &options) == MXL_OK, "%s", name);
        } else if (strcmp(word, "expect") == 0) {
            snprintf(expect, sizeof expect, "%s", strtok(NULL, " \n"));
        } else if (strcmp(word, "option") == 0) {
            const char *option = strtok(NULL, " \n");
            set_option(&options, option, strtok(NULL, " \n"));
        } else if (strcmp(word, "input") == 0) {
            const char *which = strtok(NULL, " \n");
            i = input_place(info, which);
            read_array(&inputs[i], which);
            in[i] = &inputs[i].tensor;
        } else if (strcmp(word, "grad") == 0) {
            const char *which = strtok(NULL, " \n");
            i = input_place(info, which);
            read_array(&grads[i], which);
            has_grad[i] = 1;
        } else if (strcmp(word, "value") == 0) {
            read_array(&value, "value");
        } else if (strcmp(word, "head") == 0) {
            read_array(&head, "head");
        } else if (strcmp(word, "tolerance") == 0) {
            relative = strtod(strtok(NULL, " \n"), NULL);
            absolute = strtod(strtok(NULL, " \n"), NULL);
        } else if (strcmp(word, "end") == 0) {
            mxl_error error = {0, 0, ""};
            mxl_exec exec = {sizeof exec, 0, &error};
            mxl_tensor *g[MXL_MAX_INPUTS] = {0};
            mxl_status status;
            int64_t shape[MXL_MAX_NDIM];
            mxl_tensor plan = {0};
            plan.shape = shape;
            status = mxl_run(loss, &options, info->n_inputs, in, NULL, &plan, NULL, &exec);
            if (strcmp(expect, "value") != 0) {
                if (status == MXL_OK) { /* perhaps the data is at fault */
                    array *v = &out_value;
                    empty_like(v, &inputs[0]);
                    v->tensor.ndim = plan.ndim;
                    memcpy(v->shape, shape, sizeof shape);
                    status =
                        mxl_run(loss, &options, info->n_inputs, in, NULL, &v->tensor, NULL, &exec);
                }
                CHECK((status == MXL_OK) == (strcmp(expect, "accepted") == 0), "%s: %s", name,
                      error.message);
                CHECK(status == MXL_OK || strlen(error.message) > 20, "%s: no message", name);
                continue;
            }
            CHECK(status == MXL_OK, "%s: %s", name, error.message);
            CHECK(plan.ndim == value.tensor.ndim &&
                      memcmp(shape, value.shape, (size_t)plan.ndim * sizeof *shape) == 0,
                  "%s: planned shape", name);
            empty_like(&out_value, &value);
            for (i = 0; i < MXL_MAX_INPUTS; i++)
                if (has_grad[i]) {
                    empty_like(&out_grads[i], &grads[i]);
                    g[i] = &out_grads[i].tensor;
                }
            status = mxl_run(loss, &options, info->n_inputs, in, &head.tensor, &out_value.tensor, g,
                             &exec);
            CHECK(status == MXL_OK, "%s: %s", name, error.message);
            compare(name, "value", &out_value, &value, relative, absolute);
            for (i = 0; i < MXL_MAX_INPUTS; i++)
                if (has_grad[i])
                    compare(name, info->inputs[i], &out_grads[i], &grads[i], relative, absolute);
        } else {
            return printf("%s: cannot read '%s'\n", name, word), 1;
        }
    }
    fclose(file);
    free(line);
    printf("%d cases\n", cases);
    CHECK(cases > 100, "only %d cases", cases);
    return finish();
}

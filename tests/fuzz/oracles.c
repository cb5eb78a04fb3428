/*
 * oracles.c - what mxloss.h promises of every call
 *
 *   refused       nothing is written; the record has the status, an argument and a sentence
 *   done          every element of the outputs is written, nothing beside them; inputs stay
 *   nothing wrong with it: it is done, and planning has told the shape of the value
 *   the same bits with any number of threads, with and without the record, from contiguous arrays,
 *                 value and gradients each by themselves, from all kernels with fused multiply-add
 *   ordinary numbers: finite results, and nearly the same ones from the kernels without
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"

enum { OUTPUTS = INPUTS + 1 };

static int broken;

#define EXPECT(condition, ...)                                                                     \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            broken++;                                                                              \
            printf("%s:%d: %s: ", __FILE__, __LINE__, #condition);                                 \
            printf(__VA_ARGS__);                                                                   \
            printf("\n");                                                                          \
        }                                                                                          \
    } while (0)

/* output k of a call, the value last; NULL if it is not wanted */
static array *output(call *c, int k) {
    if (k == INPUTS)
        return c->has_value ? &c->value : NULL;
    return c->has_grads && k < c->n_inputs && c->wants[k] ? &c->grad[k] : NULL;
}

static mxl_status run(call *c, mxl_error *record) {
    const mxl_tensor **inputs;
    mxl_tensor **grads;
    mxl_exec exec;
    mxl_status status;
    const int n = c->n_inputs < 0 || c->n_inputs > INPUTS ? 0 : c->n_inputs;
    int k;
    inputs = (const mxl_tensor **)malloc((size_t)n * sizeof *inputs);
    grads = (mxl_tensor **)malloc((size_t)n * sizeof *grads);
    for (k = 0; k < n; k++) {
        inputs[k] = c->has_in[k] ? &c->in[k].t : NULL;
        grads[k] = c->wants[k] ? &c->grad[k].t : NULL;
    }
    memset(&exec, 0, sizeof exec);
    exec.size = c->exec_size;
    exec.num_threads = c->threads;
    exec.error = record;
    status = mxl_run(c->loss, c->has_options ? &c->options : NULL, c->n_inputs, inputs,
                     c->has_head ? &c->head.t : NULL, c->has_value ? &c->value.t : NULL,
                     c->has_grads ? grads : NULL, c->has_exec ? &exec : NULL);
    free(inputs);
    free(grads);
    return status;
}

/* ---- Errors -------------------------------------------------------------------------------- */

static void check_record(const call *c, mxl_status status, const mxl_error *e) {
    const mxl_loss_info *info = mxl_info(c->loss);
    const char *stop = (const char *)memchr(e->message, 0, sizeof e->message);
    const char *name = info ? info->name : "there is no loss";
    mxl_options o;
    const int n = info ? info->n_inputs : 0;
    if (status == MXL_ERR_VERSION && c->exec_size != sizeof(mxl_exec)) {
        EXPECT((unsigned char)e->message[0] == PATTERN, "record of a struct of unknown size");
        return;
    }
    EXPECT((status == MXL_ERR_LOSS) == (mxl_defaults(c->loss, &o) == MXL_ERR_LOSS), "no defaults");
    EXPECT(e->status == (int32_t)status, "%d in the record, %d returned", e->status, (int)status);
    EXPECT((e->arg >= MXL_ARG_EXEC && e->arg < n) ||
               (e->arg >= MXL_ARG_GRAD && e->arg < MXL_ARG_GRAD + n),
           "argument %d", e->arg);
    EXPECT(stop && stop - e->message > 20 && strchr(e->message, '\n') == NULL, "no sentence");
    EXPECT(strncmp(e->message, name, strlen(name)) == 0, "%.100s", e->message);
    EXPECT(status > MXL_OK && status <= MXL_ERR_VALUE && status != MXL_ERR_MEMORY, "%.100s",
           e->message);
}

/* ---- Results ------------------------------------------------------------------------------- */

static int is_nan(const array *a, const char *at) {
    array one = *a;
    one.t.data = (void *)(uintptr_t)at;
    one.t.byte_offset = 0;
    one.t.ndim = 0;
    return isnan(get(&one, 0));
}

/* the bits, but a NaN may be any NaN */
static int same_bits(const array *a, const array *b) {
    int64_t i;
    for (i = 0; i < a->count; i++) {
        const char *x = element(a, i), *y = element(b, i);
        if (memcmp(x, y, (size_t)a->item) != 0 && !(is_nan(a, x) && is_nan(b, y)))
            return 0;
    }
    return 1;
}

/* Without fused multiply-add, which rounds less often: relative to the largest element, since terms
 * may cancel, in the type that was computed in or the element's own. */
static int nearly_same(const array *a, const array *b, int dt) {
    static const double parts[] = {1e-4, 1e-12, 4e-3, 3e-2};
    const double part = fmax(parts[a->dt], parts[dt]);
    double most = 1;
    int64_t i;
    for (i = 0; i < a->count; i++)
        most = fmax(most, fabs(get(a, i)));
    for (i = 0; i < a->count; i++)
        if (fabs(get(a, i) - get(b, i)) > most * part)
            return 0;
    return 1;
}

/* Make the call once more, as it is now, and compare its outputs with those of the first time. */
static void repeat(call *c, array *found, const char *how, int exactly) {
    mxl_error e;
    mxl_status status;
    int k, before = broken;
    for (k = 0; k < OUTPUTS; k++)
        if (output(c, k))
            reset(output(c, k));
    e.message[0] = 0;
    status = run(c, &e);
    EXPECT(status == MXL_OK, "%s: %s", how, e.message);
    for (k = 0; k < OUTPUTS && broken == before; k++)
        if (output(c, k))
            EXPECT(exactly ? same_bits(output(c, k), &found[k])
                           : nearly_same(output(c, k), &found[k], c->in[0].dt),
                   "%s: output %d differs", how, k);
}

static void check_plan(call *c, const array *value) {
    call plan = *c;
    mxl_error e;
    mxl_status status;
    plan.has_value = plan.has_exec = 1;
    memset(&plan.value, 0, sizeof plan.value);
    plan.value.t.shape = plan.value.shape;
    e.message[0] = 0;
    status = run(&plan, &e);
    EXPECT(status == MXL_OK, "planning: %s", e.message);
    if (status == MXL_OK && value)
        EXPECT(plan.value.t.ndim == value->t.ndim &&
                   memcmp(&plan.value.t.dtype, &value->t.dtype, sizeof(mxl_dtype)) == 0 &&
                   memcmp(plan.value.shape, value->shape, (size_t)value->t.ndim * 8) == 0,
               "planning told another value");
}

static void check_layouts(call *c, array *found) {
    call plain = *c;
    int k;
    for (k = 0; k < INPUTS; k++) {
        if (c->has_in[k])
            compact(&plain.in[k], &c->in[k]);
        if (output(c, k))
            compact(&plain.grad[k], &c->grad[k]);
    }
    if (c->has_head)
        compact(&plain.head, &c->head);
    if (c->has_value)
        compact(&plain.value, &c->value);
    repeat(&plain, found, "contiguous", 1);
    for (k = 0; k < INPUTS; k++) {
        if (c->has_in[k])
            release(&plain.in[k]);
        if (output(c, k))
            release(&plain.grad[k]);
    }
    if (c->has_head)
        release(&plain.head);
    if (c->has_value)
        release(&plain.value);
}

static void check_parts(call *c, array *found) {
    call part = *c;
    int k, any = 0;
    for (k = 0; k < INPUTS; k++)
        any |= output(c, k) != NULL;
    if (!any || !c->has_value)
        return;
    part.has_grads = 0;
    repeat(&part, found, "value by itself", 1);
    part.has_grads = 1;
    part.has_value = 0;
    repeat(&part, found, "gradients by themselves", 1);
    if (output(c, c->alone)) {
        memset(part.wants, 0, sizeof part.wants);
        part.wants[c->alone] = 1;
        repeat(&part, found, "one gradient by itself", 1);
    }
}

static void check_ways(call *c, array *found) {
    const mxl_isa best = mxl_get_isa();
    call other = *c;
    int isa;
    other.has_exec = 1;
    other.exec_size = sizeof(mxl_exec);
    other.threads = c->threads == 1 ? 3 : 1;
    repeat(&other, found, "other number of threads", 1);
    for (isa = MXL_ISA_BASE; isa <= MXL_ISA_NEON; isa++)
        if (isa != (int)best && (isa != MXL_ISA_BASE || c->ordinary) &&
            mxl_set_isa((mxl_isa)isa) == MXL_OK)
            repeat(c, found, mxl_isa_name((mxl_isa)isa),
                   isa != MXL_ISA_BASE && best != MXL_ISA_BASE);
    mxl_set_isa(best);
    check_layouts(c, found);
    check_parts(c, found);
}

/* Ordinary numbers give finite ones; but a half may be too small for a sum, and an infinite cost.
 */
static void check_finite(const call *c, const array *a, int k) {
    const int is_cost = c->loss == MXL_CTC && k == INPUTS;
    int64_t i;
    if (a->item == 2 || (c->loss == MXL_CTC && c->options.flags & MXL_INFEASIBLE_INF && k != 0))
        return;
    for (i = 0; i < a->count; i++) {
        const double x = get(a, i);
        EXPECT(isfinite(x), "%g of ordinary numbers, output %d", x, k);
        EXPECT(x >= 0 || !is_cost || c->options.weight < 0, "cost %g", x);
    }
}

static void check_done(call *c) {
    array found[OUTPUTS];
    int k;
    memset(found, 0, sizeof found);
    for (k = 0; k < OUTPUTS; k++) {
        array *a = output(c, k);
        int64_t i;
        if (a == NULL)
            continue;
        compact(&found[k], a);
        for (i = 0; i < a->count; i++) {
            char *at = element(a, i);
            static const unsigned char pattern[] = {PATTERN, PATTERN, PATTERN, PATTERN,
                                                    PATTERN, PATTERN, PATTERN, PATTERN};
            if (memcmp(at, pattern, (size_t)a->item) == 0)
                break;
            memset(at, PATTERN, (size_t)a->item);
        }
        EXPECT(i == a->count, "element %d of output %d was not written", (int)i, k);
        EXPECT(broken || untouched(a), "memory beside output %d was written", k);
        if (c->ordinary)
            check_finite(c, &found[k], k);
    }
    if (!broken)
        check_plan(c, c->has_value ? &c->value : NULL);
    if (!broken)
        check_ways(c, found);
    for (k = 0; k < OUTPUTS; k++)
        release(&found[k]);
}

/* ---- A call -------------------------------------------------------------------------------- */

/* what a call must leave alone: input k, the head gradient last, as bytes */
static void remember(const call *c, array *copies) {
    int k;
    memset(copies, 0, OUTPUTS * sizeof *copies);
    for (k = 0; k < OUTPUTS; k++) {
        const array *a = k == INPUTS ? &c->head : &c->in[k];
        copies[k] = *a;
        copies[k].block = NULL;
        if (a->block && a->woven && a->count > 0) {
            compact(&copies[k], a);
        } else if (a->block) {
            copies[k].block = (char *)malloc(a->bytes);
            memcpy(copies[k].block, a->block, a->bytes);
        }
    }
}

static void check_inputs(const call *c, const array *copies) {
    int k;
    for (k = 0; k < OUTPUTS; k++) {
        const array *a = k == INPUTS ? &c->head : &c->in[k], *b = &copies[k];
        if (b->block == NULL)
            continue;
        EXPECT(a->woven ? same_bits(a, b) : memcmp(a->block, b->block, a->bytes) == 0,
               "input %d was changed", k);
        EXPECT(memcmp(a->shape, b->shape, sizeof a->shape) == 0 &&
                   (b->woven || memcmp(a->strides, b->strides, sizeof a->strides) == 0 || a->woven),
               "the shape of input %d was changed", k);
    }
}

static void check_planned(const call *c, const array *before, mxl_status status) {
    const array *v = &c->value;
    EXPECT(v->t.data == NULL && v->t.shape == before->t.shape, "planning wrote data or shape");
    if (status != MXL_OK)
        EXPECT(memcmp(&v->t, &before->t, sizeof v->t) == 0 &&
                   memcmp(v->shape, before->shape, sizeof v->shape) == 0,
               "a plan that failed was written");
    else if (c->must_work)
        EXPECT(v->t.ndim == c->value_ndim && memcmp(&v->t.dtype, &c->in[0].t.dtype, 4) == 0 &&
                   memcmp(v->shape, c->value_shape, (size_t)c->value_ndim * 8) == 0,
               "planning told another value");
}

static void print(const char *name, const array *a) {
    int64_t i;
    printf("    %s: code %d, %d bits, shape", name, a->t.dtype.code, a->t.dtype.bits);
    for (i = 0; i < a->t.ndim && i < MOST_AXES; i++)
        printf(" %lld", (long long)a->shape[i]);
    printf(" strides");
    for (i = 0; i < a->t.ndim && i < MOST_AXES && a->t.strides; i++)
        printf(" %lld", (long long)a->strides[i]);
    for (i = 0; a->block && i < a->count && i < 30; i++)
        printf(i ? " %.9g" : ": %.9g", get(a, i));
    printf("\n");
}

static void print_call(const call *c) {
    const mxl_options *o = &c->options;
    int k;
    printf("    loss %d, flags 0x%x, batch_axis %d, axis %d, weight %g, rho %g, margin %g, epsilon "
           "%g, smoothing %g\n",
           (int)c->loss, (unsigned)o->flags, o->batch_axis, o->axis, o->weight, o->rho, o->margin,
           o->epsilon, o->smoothing_parameter);
    for (k = 0; k < INPUTS; k++)
        if (c->has_in[k])
            print(c->wants[k] ? "input with gradient" : "input", &c->in[k]);
    if (c->has_head)
        print("head", &c->head);
    if (c->has_value)
        print("value", &c->value);
}

int try_call(call *c, mxl_status *status) {
    array copies[OUTPUTS], value = c->value;
    mxl_error e;
    int k, planned = c->has_value && c->value.t.data == NULL;
    broken = 0;
    memset(&e, PATTERN, sizeof e);
    for (k = 0; k < OUTPUTS; k++)
        if (output(c, k))
            reset(output(c, k));
    remember(c, copies);
    *status = run(c, c->has_record ? &e : NULL);
    check_inputs(c, copies);
    if (*status == MXL_OK)
        EXPECT((unsigned char)e.message[0] == PATTERN, "the record of a call that worked");
    else if (c->has_exec && c->has_record)
        check_record(c, *status, &e);
    EXPECT(!c->must_work || *status == MXL_OK, "a good call: %s %s", mxl_status_string(*status),
           c->has_exec && c->has_record ? e.message : "");
    if (planned)
        check_planned(c, &value, *status);
    for (k = 0; k < OUTPUTS && (planned || *status != MXL_OK); k++)
        if (output(c, k))
            EXPECT(untouched(output(c, k)), "a call that failed wrote to output %d", k);
    if (*status == MXL_OK && !planned && !broken)
        check_done(c);
    if (broken)
        print_call(c);
    for (k = 0; k < OUTPUTS; k++)
        release(&copies[k]);
    return broken;
}

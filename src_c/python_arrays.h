/*
 * python_arrays.h - a call on numpy arrays that are like those of an earlier one
 *
 * A small loss takes a fraction of the time that it takes to describe its arrays from Python. So
 * the description of a call is kept, and the next one hands over the arrays themselves: here they
 * are compared with the description, and their addresses put in. Arrays are read through the fields
 * that numpy's C interface fixes (PyArrayObject_fields: the same in numpy 1 and 2), behind `header`
 * bytes of the object's own; mxloss/_prepared.py makes sure at import that this is what is there.
 *
 * Part of the Python binding only.
 */
#ifndef MXL_PYTHON_ARRAYS_H
#define MXL_PYTHON_ARRAYS_H
#include <stdint.h>
#include <string.h>

#include "mxloss.h"

typedef struct mxl_array_fields {
    char *data;
    int ndim;
    const intptr_t *shape, *strides;
    const void *base, *dtype;
    int flags; /* see below */
} mxl_array_fields;

enum {
    MXL_ARRAY_READ = 0x101,  /* row-major without gaps, and aligned */
    MXL_ARRAY_WRITE = 0x501, /* writeable, too */
};

/* [cdef prepared] */
enum { MXL_ARRAY_OTHER = -1 }; /* result of mxl_run_prepared: not the arrays described */

/* Inputs by their places, then value, gradient with respect to the first input, head gradient. All
 * have their shapes; data is set in each call. */
typedef struct mxl_prepared {
    int32_t loss; /* an mxl_loss */
    int32_t n_inputs;
    const mxl_options *options;
    mxl_tensor inputs[3], value, grad, head;
    uintptr_t dtypes[3]; /* numpy's objects; value and gradient have the first one */
    size_t header;
} mxl_prepared;
/* [end cdef prepared] */

static const mxl_array_fields *mxl_array(uintptr_t object, size_t header) {
    return (const mxl_array_fields *)(object + header);
}

/* Put an array's address into *t, a copy of its description; 0 if the array is not like that. */
static int mxl_take(const mxl_prepared *p, uintptr_t object, uintptr_t dtype, int flags,
                    mxl_tensor *t) {
    const mxl_array_fields *a = mxl_array(object, p->header);
    int i;
    if (a->ndim != t->ndim || (uintptr_t)a->dtype != dtype || (a->flags & flags) != flags)
        return 0;
    for (i = 0; i < a->ndim; i++)
        if (a->shape[i] != t->shape[i])
            return 0;
    t->data = a->data;
    return 1;
}

/* An object of 0 is no third input, or no gradient wanted. `head` is the gradient of every element
 * of the value. Returns an mxl_status or MXL_ARRAY_OTHER. */
static int mxl_run_prepared(const mxl_prepared *p, uintptr_t first, uintptr_t second,
                            uintptr_t third, uintptr_t value, uintptr_t grad, double head) {
    mxl_prepared q = *p;
    const mxl_tensor *inputs[3] = {&q.inputs[0], &q.inputs[1], &q.inputs[2]};
    mxl_tensor *grads[3] = {&q.grad, NULL, NULL};
    if (p->n_inputs != (third ? 3 : 2) ||
        !mxl_take(p, first, p->dtypes[0], MXL_ARRAY_READ, &q.inputs[0]) ||
        !mxl_take(p, second, p->dtypes[1], MXL_ARRAY_READ, &q.inputs[1]) ||
        (third && !mxl_take(p, third, p->dtypes[2], MXL_ARRAY_READ, &q.inputs[2])) ||
        !mxl_take(p, value, p->dtypes[0], MXL_ARRAY_WRITE, &q.value) ||
        (grad && !mxl_take(p, grad, p->dtypes[0], MXL_ARRAY_WRITE, &q.grad)))
        return MXL_ARRAY_OTHER;
    q.head.data = &head;
    return (int)mxl_run((mxl_loss)p->loss, p->options, p->n_inputs, inputs,
                        head == 1 ? NULL : &q.head, &q.value, grad ? grads : NULL, NULL);
}

/* The sum of n numbers in numpy's order, for its bits: pairs of halves, down to at most 128. numpy
 * adds that to 0, which matters to -0. */
#define MXL_SUM_OF(real)                                                                           \
    static real mxl_sum_of_##real(const real *a, int64_t n) {                                      \
        const int64_t half = n / 2 - n / 2 % 8;                                                    \
        real r[8], sum = 0;                                                                        \
        int64_t i = 0, k;                                                                          \
        if (n > 128)                                                                               \
            return mxl_sum_of_##real(a, half) + mxl_sum_of_##real(a + half, n - half);             \
        if (n >= 8) {                                                                              \
            memcpy(r, a, sizeof r);                                                                \
            for (i = 8; i + 8 <= n; i += 8)                                                        \
                for (k = 0; k < 8; k++)                                                            \
                    r[k] += a[i + k];                                                              \
            sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));               \
        }                                                                                          \
        for (; i < n; i++)                                                                         \
            sum += a[i];                                                                           \
        return sum;                                                                                \
    }
MXL_SUM_OF(float)
MXL_SUM_OF(double)
#undef MXL_SUM_OF

/* The mean of a value like that described, to an array of one element that was made for it. Returns
 * MXL_OK or MXL_ARRAY_OTHER. */
static int mxl_mean_prepared(const mxl_prepared *p, uintptr_t value, uintptr_t mean) {
    const mxl_array_fields *m = mxl_array(mean, p->header);
    mxl_tensor t = p->value;
    int64_t n = 1;
    int i;
    if (t.dtype.code != MXL_FLOAT || !mxl_take(p, value, p->dtypes[0], MXL_ARRAY_READ, &t))
        return MXL_ARRAY_OTHER;
    for (i = 0; i < t.ndim; i++)
        n *= t.shape[i];
    if (n > 0 && t.dtype.bits == 32)
        *(float *)m->data = (0 + mxl_sum_of_float((const float *)t.data, n)) / (float)n;
    else if (n > 0 && t.dtype.bits == 64)
        *(double *)m->data = (0 + mxl_sum_of_double((const double *)t.data, n)) / (double)n;
    else
        return MXL_ARRAY_OTHER;
    return MXL_OK;
}

/* where an array's data, first axis, dtype and flags are read from: for the check at import */
static void mxl_array_facts(uintptr_t object, size_t header, uintptr_t *facts) {
    const mxl_array_fields *a = mxl_array(object, header);
    facts[0] = (uintptr_t)a->data;
    facts[1] = (uintptr_t)a->ndim;
    facts[2] = (uintptr_t)a->dtype;
    facts[3] = (uintptr_t)a->flags;
    facts[4] = (uintptr_t)a->shape[0];
}
#endif

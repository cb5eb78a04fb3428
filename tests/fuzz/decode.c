/* decode.c - bytes as a call; see call.h */
#include <math.h>
#include <string.h>

#include "call.h"

static const uint8_t *next, *end;

unsigned next_byte(void) {
    return next < end ? *next++ : 0;
}

int64_t below(int64_t n) {
    const unsigned low = next_byte();
    return (int64_t)(n > 256 ? low + 256 * next_byte() : low) % n;
}

int one_in(int64_t n) {
    return below(n) == n - 1;
}

/* ---- Options ------------------------------------------------------------------------------- */

static int reads(const call *c, const char *option) {
    const char *const *name = mxl_info(c->loss)->options;
    while (*name && strcmp(*name, option) != 0)
        name++;
    return *name != NULL;
}

static void number_option(const call *c, const char *name, double *option, double low) {
    static const double some[] = {0.5, 0, 2, 0.25, 1, 0.125, 3, -1};
    const double x = one_in(2) ? some[below(8)] : *option;
    if (reads(c, name) && x >= low)
        *option = x;
}

static void choose_options(call *c) {
    mxl_options *o = &c->options;
    const uint32_t flags = mxl_info(c->loss)->flags;
    uint32_t flag;
    mxl_defaults(c->loss, o);
    for (flag = 1; flag <= flags; flag *= 2)
        if ((flags & flag) && one_in(2))
            o->flags ^= flag;
    number_option(c, "weight", &o->weight, -1);
    number_option(c, "rho", &o->rho, 0.125);
    number_option(c, "margin", &o->margin, -1);
    number_option(c, "epsilon", &o->epsilon, 0);
    if (o->smoothing_parameter < 1 && reads(c, "smoothing_parameter") && one_in(2))
        o->smoothing_parameter = (double)below(4) / 4;
}

/* ---- Mistakes ------------------------------------------------------------------------------ */

/* some tensor of the call */
static array *any_array(call *c) {
    const int n = mxl_info(c->loss)->n_inputs, k = (int)below(n);
    switch (below(5)) {
    case 0:
        return c->has_value ? &c->value : &c->in[k];
    case 1:
        return c->has_head ? &c->head : &c->in[k];
    case 2:
        return c->wants[k] ? &c->grad[k] : &c->in[k];
    default:
        return &c->in[k];
    }
}

static int is_output(const call *c, const array *a) {
    return a == &c->value || (a >= c->grad && a < c->grad + INPUTS);
}

static void spoil_shape(array *a, int64_t how) {
    const int axis = a->t.ndim > 0 ? (int)below(a->t.ndim) : 0;
    const int64_t first = a->shape[0];
    if (how == 0 && a->t.ndim < MXL_MAX_NDIM)
        a->shape[a->t.ndim++] = 1 + below(2);
    if (a->t.ndim == 0)
        return;
    if (how == 1)
        a->shape[axis]++;
    else if (how == 2 && a->shape[axis] > 0)
        a->shape[axis]--;
    else if (how == 3)
        a->t.ndim--;
    else if (how == 4)
        a->shape[axis] = 0;
    else if (how == 5)
        a->shape[0] = a->shape[axis], a->shape[axis] = first;
    else if (how == 6)
        a->t.ndim = 0;
}

static void spoil_strides(call *c, array *a, int64_t how) {
    int i = a->t.ndim > 0 ? (int)below(a->t.ndim) : 0, k;
    if (a->t.ndim == 0 || a->shape[i] < 2 || a->count == 0)
        return;
    c->must_work &= !is_output(c, a);
    a->t.strides = a->strides;
    for (k = 0; how == 1 && k < a->t.ndim; k++) /* as far as another axis that steps less far */
        if (k != i && a->shape[k] > 1 && a->strides[k] > 0 && a->strides[k] < a->strides[i]) {
            a->strides[i] = a->strides[k];
            return;
        }
    a->strides[i] = 0;
}

/* outputs that share memory with an input or with one another, or lie in its gaps */
static void spoil_memory(call *c) {
    const int64_t apart = below(3); /* 1: between the elements, which is fine */
    const int which = (int)below(3);
    array *a = which == 0 ? &c->in[0] : which == 1 ? &c->grad[0] : &c->head;
    array *b = which == 0 ? &c->grad[0] : which == 1 ? &c->grad[1] : &c->value;
    const int used = which == 0   ? c->wants[0]
                     : which == 1 ? c->wants[0] && c->wants[1]
                                  : c->has_head && c->has_value;
    int i, fits = used && a->dt == b->dt && a->t.ndim == b->t.ndim && a->count > 0;
    for (i = 0; fits && i < a->t.ndim; i++)
        fits = a->shape[i] == b->shape[i] && (a->shape[i] == 1 || a->strides[i] != 0);
    if (!fits)
        return;
    weave(a, b, apart);
    c->must_work &= apart == 1;
}

static void spoil_tensor(call *c, array *a, int64_t how) {
    static const int32_t axes[] = {-1, 17, INT32_MIN, INT32_MAX, 1000};
    const int axis = a->t.ndim > 0 ? (int)below(a->t.ndim) : 0;
    int dt;
    c->must_work = c->ordinary = 0;
    if (how == 0)
        a->t.dtype.code = (uint8_t)next_byte();
    else if (how == 1) /* fewer: there is no memory for more */
        a->t.dtype.bits = (uint8_t)(next_byte() % a->t.dtype.bits);
    else if (how == 2)
        a->t.dtype.lanes = (uint16_t)below(65536);
    else if (how == 3)
        a->t.device.device_type = 2 + (int32_t)below(65536);
    else if (how == 4)
        a->t.ndim = axes[below(5)];
    else if (how == 5)
        a->t.shape = NULL;
    else if (how == 6)
        a->shape[axis] = one_in(2) ? -1 : INT64_MIN;
    else if (how == 7)
        a->t.data = NULL;
    else if (how == 8)
        a->t.byte_offset += a->item > 1;
    else if (a == &c->head || is_output(c, a)) /* no shape of the others would fit it */
        a->shape[axis] = one_in(2) ? INT64_MAX : (int64_t)1 << below(62);
    for (dt = 0; dt < DTYPES; dt++) /* it may be one all the same */
        if (memcmp(&a->t.dtype, &dtypes[dt], sizeof *dtypes) == 0)
            set_dtype(a, dt);
}

static void spoil_options(call *c, int64_t how) {
    static const int32_t axes[] = {16, -17, 1, -2, INT32_MAX, INT32_MIN, 3};
    static const double numbers[] = {NAN, HUGE_VAL, -HUGE_VAL, 1e300, -1, 0, 1e-320, 1};
    mxl_options *o = &c->options;
    double *const fields[] = {&o->rho, &o->margin, &o->epsilon, &o->smoothing_parameter,
                              &o->weight};
    c->must_work = c->ordinary = 0;
    c->has_options = 1;
    if (how == 0)
        o->flags ^= (uint32_t)1 << below(32);
    else if (how == 1)
        o->batch_axis = axes[below(7)];
    else if (how == 2)
        o->axis = axes[below(7)];
    else if (how == 3)
        *fields[below(5)] = numbers[below(8)];
    else if (how == 4)
        o->size = (uint32_t)below(256);
    else
        o->reserved[below(sizeof o->reserved / sizeof *o->reserved)] = 1 + next_byte();
}

static void spoil_call(call *c, int64_t how) {
    const int n = mxl_info(c->loss)->n_inputs, k = (int)below(n);
    c->must_work = 0;
    if (how == 0) {
        c->n_inputs = one_in(2) ? n + 1 + (int32_t)below(100) : -1 - (int32_t)below(100);
    } else if (how == 1) {
        c->has_in[k] = 0;
    } else if (how == 2) {
        c->n_inputs = k;
    } else if (how == 3) {
        c->has_exec = 1;
        c->exec_size = (uint32_t)below(256);
    } else if (how == 4) {
        c->has_exec = 1;
        c->threads = -1 - (int32_t)below(65536);
    } else if (how == 5) {
        c->wants[k] = 1;
        c->has_in[k] &= (int)below(2);
    } else if (how == 6) {
        memset(c->wants, 0, sizeof c->wants);
        c->has_value = 0;
    } else {
        c->loss = (mxl_loss)(one_in(2) ? -(int)below(300) : MXL_LOSS_END + (int)below(300));
    }
}

/* ---- A call -------------------------------------------------------------------------------- */

static void choose_inputs(call *c) {
    static const int usual[] = {F32, F64, F16, BF16, F32, F64};
    const mxl_loss_info *info = mxl_info(c->loss);
    int k, any = 0;
    for (k = 0; k < info->n_inputs; k++) {
        array *a = &c->in[k];
        const int whole = kind_of(c, k) == 'w';
        c->has_in[k] = k < info->n_required || one_in(2);
        set_dtype(a, k == 0                  ? usual[below(6)]
                     : one_in(whole ? 2 : 4) ? (int)below(DTYPES)
                                             : c->in[0].dt);
        c->wants[k] = c->has_in[k] && a->dt <= BF16 && (k == 0 ? !one_in(4) : one_in(3));
        any |= c->wants[k];
        c->grad[k].t.ndim = a->t.ndim;
        memcpy(c->grad[k].shape, a->shape, sizeof a->shape);
        set_dtype(&c->grad[k], a->dt);
    }
    c->n_inputs = info->n_inputs;
    while (c->n_inputs > 0 && !c->has_in[c->n_inputs - 1] && one_in(2))
        c->n_inputs--;
    c->has_grads = any || one_in(2);
    c->has_value = !any || !one_in(4);
    c->has_head = one_in(3);
    set_dtype(&c->value, c->in[0].dt);
    set_dtype(&c->head, one_in(4) ? (int)below(DTYPES) : c->in[0].dt);
    c->head.t.ndim = c->value.t.ndim = c->value_ndim;
    memcpy(c->head.shape, c->value_shape, sizeof c->value_shape);
    memcpy(c->value.shape, c->value_shape, sizeof c->value_shape);
}

/* Some length, wherever it is: a shape that only a call without data can have. */
static void enlarge(call *c, array *a, int64_t some, int64_t shift) {
    double count = 1;
    int i;
    for (i = 0; i < a->t.ndim; i++)
        count *= ldexp((double)a->shape[i] + 1, a->shape[i] == some ? (int)shift : 0);
    for (i = 0; i < a->t.ndim && count < 0x1p62; i++)
        if (a->shape[i] == some)
            a->shape[i] <<= shift;
    c->must_work &= shift == 0;
}

void decode(call *c, const uint8_t *data, size_t size) {
    enum { SHAPE, STRIDES, MEMORY, TENSOR, OPTIONS, CALL, MISTAKES };
    static const int ways[MISTAKES] = {7, 2, 1, 10, 6, 8};
    mxl_options usual;
    int64_t shift, some;
    int k, mistake, memory;
    next = data;
    end = data + size;
    memset(c, 0, sizeof *c);
    c->loss = (mxl_loss)(1 + below(MXL_LOSS_END - 1));
    c->must_work = c->ordinary = 1;
    mistake = one_in(3) ? (int)below(MISTAKES) : -1;
    mxl_defaults(c->loss, &usual);
    choose_options(c);
    c->has_exec = !one_in(16);
    c->has_record = !one_in(16);
    c->exec_size = sizeof(mxl_exec);
    c->threads = c->has_exec ? (int32_t)below(5) : 0;
    choose_shapes(c);
    c->has_options = memcmp(&c->options, &usual, sizeof usual) != 0 || one_in(2);
    choose_inputs(c);
    c->planning = one_in(16);
    c->has_value |= c->planning;
    memory = !c->planning || one_in(2);
    shift = memory ? 0 : below(48);
    some = c->in[0].shape[below(c->in[0].t.ndim)];
    c->alone = (int)below(INPUTS);
    if (mistake == SHAPE) {
        c->must_work = 0;
        spoil_shape(any_array(c), below(ways[SHAPE]));
    }
    for (k = 0; k < INPUTS; k++)
        if (c->has_in[k]) {
            enlarge(c, &c->in[k], some, shift);
            enlarge(c, &c->grad[k], some, shift);
            lay_out(&c->in[k], 1, memory);
            lay_out(&c->grad[k], 0, memory);
        }
    enlarge(c, &c->head, some, shift);
    lay_out(&c->head, 1, memory);
    lay_out(&c->value, 0, !c->planning);
    if (memory && mistake == STRIDES)
        spoil_strides(c, any_array(c), below(ways[STRIDES]));
    if (memory && mistake == MEMORY)
        spoil_memory(c);
    for (k = 0; k < INPUTS && memory; k++)
        if (c->has_in[k])
            fill_input(c, k);
    if (memory)
        fill(c, &c->head, 'r');
    if (mistake == TENSOR)
        spoil_tensor(c, any_array(c), below(ways[TENSOR]));
    else if (mistake == OPTIONS)
        spoil_options(c, below(ways[OPTIONS]));
    else if (mistake == CALL)
        spoil_call(c, below(ways[CALL]));
}

void release_call(call *c) {
    int k;
    for (k = 0; k < INPUTS; k++) {
        release(&c->in[k]);
        release(&c->grad[k]);
    }
    release(&c->head);
    release(&c->value);
}

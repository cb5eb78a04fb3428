/* One call of the core, put together from Perl's arrays. Included by MXLoss.xs. */
#ifndef AI_MXLOSS_CALL_H
#define AI_MXLOSS_CALL_H

#include "tensors.h"

typedef struct {
    mxl_loss loss;
    const mxl_loss_info *info;
    mxl_options options;
    int n, n_want;
    described in[MXL_MAX_INPUTS], out[MXL_MAX_INPUTS], value, head;
    const mxl_tensor *inputs[MXL_MAX_INPUTS], *head_tensor;
    double head_number;
    mxl_tensor *grads[MXL_MAX_INPUTS], *value_tensor;
    SV *value_sv, *grad_svs[MXL_MAX_INPUTS]; /* mortal references to PDLs; gradients as wanted */
    mxl_error error;
} call_of_core;

static void begin_call(pTHX_ call_of_core *call, int number, SV *options, int n)
{
    int i;
    call->loss = (mxl_loss)number;
    call->info = mxl_info(call->loss);
    if (!call->info)
        fail(aTHX_ "no loss has the number %d", number);
    if (!SvPOK(options) || SvCUR(options) != sizeof call->options)
        fail(aTHX_ "run: options must come from AI::MXLoss::Core::options");
    memcpy(&call->options, SvPVX(options), sizeof call->options);
    if (n > call->info->n_inputs)
        fail(aTHX_ "%s takes at most %d inputs, got %d", call->info->name,
             (int)call->info->n_inputs, n);
    call->n = n;
    call->n_want = 0;
    call->head_tensor = NULL;
    call->value_tensor = NULL;
    call->value_sv = NULL;
    for (i = 0; i < n; i++) {
        call->inputs[i] = NULL;
        call->grads[i] = NULL;
    }
}

static void add_input(pTHX_ call_of_core *call, int i, SV *array)
{
    if (!SvOK(array))
        return;
    describe(aTHX_ &call->in[i], array, call->info->name, call->info->inputs[i]);
    call->inputs[i] = &call->in[i].tensor;
}

static void check_inputs(pTHX_ call_of_core *call)
{
    int i;
    for (i = 0; i < call->info->n_required; i++)
        if (i >= call->n || !call->inputs[i])
            fail(aTHX_ "%s: Too few arguments: %s is missing", call->info->name,
                 call->info->inputs[i]);
}

static void add_head(pTHX_ call_of_core *call, SV *array)
{
    describe(aTHX_ &call->head, array, call->info->name, "head_grad");
    call->head_tensor = &call->head.tensor;
}

/* One number for the head gradient of every element of the value, whose shape is known by now. */
static void add_head_number(call_of_core *call, double number)
{
    described *head = &call->head;
    if (number == 1)
        return;
    set_up(head);
    memcpy(head->shape, call->value.shape, sizeof head->shape);
    memset(head->strides, 0, sizeof head->strides);
    call->head_number = number;
    head->tensor.ndim = call->value.tensor.ndim;
    head->tensor.strides = head->strides;
    head->tensor.dtype.code = MXL_FLOAT;
    head->tensor.dtype.bits = 64;
    head->tensor.dtype.lanes = 1;
    head->tensor.data = &call->head_number;
    call->head_tensor = &head->tensor;
}

static mxl_status run_core(call_of_core *call, mxl_tensor *const *grads)
{
    mxl_exec exec;
    exec.size = sizeof exec;
    exec.num_threads = 0;
    exec.error = &call->error;
    return mxl_run(call->loss, &call->options, call->n, call->inputs, call->head_tensor,
                   call->value_tensor, grads, &exec);
}

/* Ask the core for the shape of the value, which checks everything, and make room for it. */
static void want_value(pTHX_ call_of_core *call)
{
    const int half = call->in[0].half;
    PDL_Indx dims[MXL_MAX_NDIM];
    set_up(&call->value);
    call->value_tensor = &call->value.tensor;
    if (run_core(call, NULL) != MXL_OK)
        fail(aTHX_ "%s", call->error.message);
    reverse_back(dims, call->value.shape, call->value.tensor.ndim);
    call->value_sv = sv_newmortal();
    describe_output(aTHX_ &call->value,
                    new_pdl(aTHX_ call->value_sv, half ? PDL_F : call->in[0].array->datatype, dims,
                            call->value.tensor.ndim), half);
}

/* Make room for the gradient with respect to input k: in a spare PDL, if it can be that. */
static void want_gradient(pTHX_ call_of_core *call, int k, SV *spare)
{
    const char *loss = call->info->name;
    const described *in = &call->in[k];
    described *out = &call->out[k];
    pdl *p = NULL;
    SV *reference;
    if (k < 0 || k >= call->n || !call->inputs[k])
        fail(aTHX_ "%s: a gradient with respect to input %d is wanted, which is absent", loss, k);
    if (in->tensor.dtype.code != MXL_FLOAT)
        fail(aTHX_ "%s: %s holds integers; only floating inputs have a gradient", loss,
             call->info->inputs[k]);
    if (call->grads[k])
        fail(aTHX_ "%s: the gradient with respect to %s is wanted twice", loss,
             call->info->inputs[k]);
    set_up(out);
    memcpy(out->shape, in->shape, sizeof out->shape);
    out->tensor.ndim = in->tensor.ndim;
    if (spare && SvOK(spare) && (p = reusable(aTHX_ spare, in->array))) {
        reference = sv_mortalcopy(spare);
    } else {
        reference = sv_newmortal();
        p = new_pdl(aTHX_ reference, in->array->datatype, in->array->dims, in->array->ndims);
    }
    describe_output(aTHX_ out, p, in->half);
    call->grads[k] = &out->tensor;
    call->grad_svs[call->n_want++] = reference;
}

static void finish_call(pTHX_ call_of_core *call)
{
    int i;
    if (run_core(call, call->n_want ? call->grads : NULL) != MXL_OK)
        fail(aTHX_ "%s", call->error.message);
    if (call->value_sv)
        finish_output(&call->value);
    for (i = 0; i < call->n; i++)
        if (call->grads[i])
            finish_output(&call->out[i]);
}

#endif

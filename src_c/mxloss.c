/* mxloss.c - the functions of mxloss.h */
#include "mxloss.h"

#include <stddef.h>
#include <string.h>

#include "call.h"

/* Work from where on threads are worth waking, in elements of pred: 20 us of the simplest loss. */
enum { PARALLEL_FROM = 65536 };

static mxl_status read_exec(mxl_call *call, const mxl_exec *exec) {
    if (exec == NULL)
        return MXL_OK;
    if (exec->size != sizeof *exec)
        return MXL_ERR_VERSION; /* and so there is no telling where its error record is */
    call->error = exec->error;
    if (exec->num_threads < 0)
        return mxl_fail(call, MXL_ERR_OPTION, MXL_ARG_EXEC,
                        "num_threads is %d; expected 0 (automatic) or more",
                        (int)exec->num_threads);
    return MXL_OK;
}

static mxl_status read_options(mxl_call *call, const mxl_options *options) {
    static const uint64_t none[sizeof options->reserved / sizeof options->reserved[0]];
    if (options == NULL)
        return mxl_defaults(call->loss, &call->options);
    if (options->size != sizeof *options)
        return mxl_fail(call, MXL_ERR_VERSION, MXL_ARG_OPTIONS,
                        "the size field of options is %u; expected %u, as set by mxl_defaults",
                        (unsigned)options->size, (unsigned)sizeof *options);
    if (memcmp(options->reserved, none, sizeof none) != 0)
        return mxl_fail(call, MXL_ERR_OPTION, MXL_ARG_OPTIONS,
                        "options.reserved is not 0: an option of a later version, or no call of "
                        "mxl_defaults before");
    call->options = *options;
    return MXL_OK;
}

static mxl_status read_tensors(mxl_call *call, int32_t n_inputs, const mxl_tensor *const *inputs,
                               const mxl_tensor *head, mxl_tensor *value,
                               mxl_tensor *const *grads) {
    const mxl_loss_info *info = &call->row->info;
    int i, wanted = value != NULL;
    mxl_status status;
    if (n_inputs < 0 || n_inputs > info->n_inputs)
        return mxl_fail(call, MXL_ERR_NULL, MXL_ARG_NONE,
                        "%d inputs were given; this loss takes at most %d", (int)n_inputs,
                        (int)info->n_inputs);
    if (value && value->data == NULL) {
        call->planning = 1;
        if (value->shape == NULL)
            return mxl_fail(call, MXL_ERR_NULL, MXL_ARG_VALUE,
                            "value->shape is NULL; to plan, it needs room for %d numbers",
                            MXL_MAX_NDIM);
    }
    for (i = 0; i < info->n_inputs; i++) {
        const mxl_tensor *t = inputs && i < n_inputs ? inputs[i] : NULL;
        call->has_in[i] = t != NULL;
        if (t == NULL && i < info->n_required)
            return mxl_fail(call, MXL_ERR_NULL, i, "%s is missing", info->inputs[i]);
        if (t && (status = mxl_array_read(call, &call->in[i], i, info->inputs[i], t)) != MXL_OK)
            return status;
    }
    for (i = 0; grads && i < n_inputs; i++) {
        if (grads[i] == NULL)
            continue;
        wanted = call->has_grad[i] = 1;
        if (!call->has_in[i])
            return mxl_fail(call, MXL_ERR_NULL, MXL_ARG_GRAD + i,
                            "a gradient with respect to %s is wanted, but %s is absent",
                            info->inputs[i], info->inputs[i]);
        status = mxl_array_read(call, &call->grad[i], MXL_ARG_GRAD + i, info->inputs[i], grads[i]);
        if (status != MXL_OK)
            return status;
    }
    if (head) {
        call->has_head = 1;
        status = mxl_array_read(call, &call->head, MXL_ARG_HEAD_GRAD, "head_grad", head);
        if (status != MXL_OK)
            return status;
    }
    if (value && !call->planning) {
        call->has_value = 1;
        status = mxl_array_read(call, &call->value, MXL_ARG_VALUE, "value", value);
        if (status != MXL_OK)
            return status;
    }
    if (!wanted)
        return mxl_fail(call, MXL_ERR_NULL, MXL_ARG_VALUE,
                        "neither value nor any gradient is wanted");
    return MXL_OK;
}

mxl_status mxl_run(mxl_loss loss, const mxl_options *options, int32_t n_inputs,
                   const mxl_tensor *const *inputs, const mxl_tensor *head_grad, mxl_tensor *value,
                   mxl_tensor *const *grads, const mxl_exec *exec) {
    mxl_call call;
    mxl_job job;
    mxl_status status;
    memset(&call, 0, offsetof(mxl_call, in));
    memset(call.has_in, 0, sizeof call.has_in);
    memset(call.has_grad, 0, sizeof call.has_grad);
    call.has_head = call.has_value = 0;
    call.loss = loss;
    call.row = mxl_loss_find(loss);
    if ((status = read_exec(&call, exec)) != MXL_OK)
        return status;
    if (call.row == NULL)
        return mxl_fail(&call, MXL_ERR_LOSS, MXL_ARG_NONE, "there is no loss with number %d",
                        (int)loss);
    memset(&job, 0, sizeof job);
    if ((status = read_options(&call, options)) != MXL_OK ||
        (status = read_tensors(&call, n_inputs, inputs, head_grad, value, grads)) != MXL_OK ||
        (status = mxl_plan(&call, &job, value)) != MXL_OK || call.planning ||
        (status = mxl_check_values(&call, &job)) != MXL_OK)
        return status;
    job.threads = exec ? exec->num_threads : 0;
    if ((double)job.n * (double)job.row_work < PARALLEL_FROM)
        job.threads = 1;
    status = mxl_execute(&job);
    if (status != MXL_OK)
        return mxl_fail(&call, status, MXL_ARG_NONE, "working memory could not be allocated");
    return MXL_OK;
}

mxl_status mxl_defaults(mxl_loss loss, mxl_options *options) {
    const mxl_loss_row *row = mxl_loss_find(loss);
    if (options == NULL)
        return MXL_ERR_NULL;
    if (row == NULL)
        return MXL_ERR_LOSS;
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->flags = row->default_flags;
    options->axis = -1;
    options->weight = 1;
    options->rho = 1;
    options->margin = row->default_margin;
    options->epsilon = 1e-8;
    options->smoothing_parameter = 0.3;
    return MXL_OK;
}

const mxl_loss_info *mxl_info(mxl_loss loss) {
    const mxl_loss_row *row = mxl_loss_find(loss);
    return row ? &row->info : NULL;
}

const char *mxl_status_string(mxl_status status) {
    static const char *const names[] = {"MXL_OK",          "MXL_ERR_NULL",    "MXL_ERR_LOSS",
                                        "MXL_ERR_OPTION",  "MXL_ERR_DTYPE",   "MXL_ERR_SHAPE",
                                        "MXL_ERR_LAYOUT",  "MXL_ERR_DEVICE",  "MXL_ERR_MEMORY",
                                        "MXL_ERR_BACKEND", "MXL_ERR_VERSION", "MXL_ERR_VALUE"};
    if ((int)status < 0 || (size_t)status >= sizeof names / sizeof *names)
        return "unknown status";
    return names[status];
}

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

const char *mxl_version(void) {
    return TEXT(MXL_VERSION_MAJOR) "." TEXT(MXL_VERSION_MINOR) "." TEXT(MXL_VERSION_PATCH);
}

#ifndef MXL_BUILD_FLAGS
#define MXL_BUILD_FLAGS "unknown flags"
#endif

const char *mxl_build_info(void) {
#if defined(__clang__)
    return "clang " __clang_version__ ", " MXL_BUILD_FLAGS;
#elif defined(__GNUC__)
    return "gcc " __VERSION__ ", " MXL_BUILD_FLAGS;
#else
    return "unknown compiler, " MXL_BUILD_FLAGS;
#endif
}

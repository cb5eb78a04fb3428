/* execute.c - run a job on the kernels in use */
#include <stdlib.h>
#include <string.h>

#include "job.h"
#include "kernels/cursor.h"

static int64_t count(const mxl_view *v) {
    int64_t n = 1;
    int32_t i;
    for (i = 0; i < v->ndim; i++)
        n *= v->shape[i];
    return n;
}

/* Copy the elements of a view to a contiguous array, or back. */
static void copy(const mxl_view *v, char *contiguous, int back) {
    const int64_t n = count(v), step = v->stride[v->ndim - 1] * v->itemsize;
    const size_t size = (size_t)v->itemsize;
    int64_t position, run, i;
    mxl_cursor c;
    mxl_seek(&c, v, 0);
    for (position = 0; position < n; position += run) {
        char *at = v->data + c.offset * v->itemsize;
        run = mxl_run_length(&c, v, n - position);
        for (i = 0; i < run; i++, at += step, contiguous += size)
            if (back)
                memcpy(at, contiguous, size);
            else
                memcpy(contiguous, at, size);
        mxl_advance(&c, v, run);
    }
}

static size_t bytes(const mxl_view *v) {
    return (size_t)count(v) * (size_t)v->itemsize;
}

mxl_status mxl_execute(mxl_job *job) {
    const mxl_kernels *kernels = mxl_dispatch();
    char *label = NULL, *dlabel = NULL;
    mxl_status status = MXL_OK;
    if (job->n > 0 && job->label_from.ndim) {
        label = job->in[1].data = (char *)malloc(bytes(&job->label_from));
        if (label)
            copy(&job->label_from, label, 0);
        else
            status = MXL_ERR_MEMORY;
    }
    if (job->n > 0 && job->dlabel_to.ndim) {
        dlabel = job->din[1].view.data = (char *)malloc(bytes(&job->dlabel_to));
        if (dlabel == NULL)
            status = MXL_ERR_MEMORY;
    }
    if (status == MXL_OK)
        status = job->is_double ? kernels->run_f64(job) : kernels->run_f32(job);
    if (status == MXL_OK && dlabel)
        copy(&job->dlabel_to, dlabel, 1);
    free(label);
    free(dlabel);
    return status;
}

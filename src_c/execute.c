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

/* Copy the elements of a view to a contiguous array, or back; or fill the view with zeros. */
typedef enum { GATHER, SCATTER, CLEAR } movement;

static void move(const mxl_view *v, char *contiguous, movement how) {
    const int64_t n = count(v), step = v->stride[v->ndim - 1] * v->itemsize;
    const size_t size = (size_t)v->itemsize;
    int64_t position, run, i;
    mxl_cursor c;
    if (n == 0)
        return;
    mxl_seek(&c, v, 0);
    for (position = 0; position < n; position += run) {
        char *at = v->data + c.offset * v->itemsize;
        run = mxl_run_length(&c, v, n - position);
        for (i = 0; i < run; i++, at += step) {
            if (how == CLEAR) {
                memset(at, 0, size);
                continue;
            }
            memcpy(how == GATHER ? contiguous : at, how == GATHER ? at : contiguous, size);
            contiguous += size;
        }
        mxl_advance(&c, v, run);
    }
}

static char *room_for(const mxl_view *v, mxl_status *status) {
    const uint64_t bytes = (uint64_t)count(v) * (uint64_t)v->itemsize;
    char *room = bytes <= SIZE_MAX ? (char *)malloc((size_t)bytes) : NULL;
    if (room == NULL)
        *status = MXL_ERR_MEMORY;
    return room;
}

mxl_status mxl_execute(mxl_job *job) {
    const mxl_kernels *kernels = mxl_dispatch();
    char *copies[2 * MXL_MAX_IN] = {NULL};
    mxl_status status = MXL_OK;
    int k;
    for (k = 0; job->n > 0 && k < MXL_MAX_IN; k++) {
        if (job->copy_from[k].ndim)
            job->in[k].data = copies[k] = room_for(&job->copy_from[k], &status);
        if (job->copy_to[k].ndim)
            job->din[k].view.data = copies[MXL_MAX_IN + k] = room_for(&job->copy_to[k], &status);
        if (copies[k])
            move(&job->copy_from[k], copies[k], GATHER);
    }
    if (status == MXL_OK)
        status = job->is_double ? kernels->run_f64(job) : kernels->run_f32(job);
    for (k = 0; k < MXL_MAX_IN; k++)
        if (status == MXL_OK && copies[MXL_MAX_IN + k])
            move(&job->copy_to[k], copies[MXL_MAX_IN + k], SCATTER);
    for (k = 0; status == MXL_OK && k < job->n_zeros; k++)
        move(&job->zeros[k], NULL, CLEAR);
    for (k = 0; k < 2 * MXL_MAX_IN; k++)
        free(copies[k]);
    return status;
}

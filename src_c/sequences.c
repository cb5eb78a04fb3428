/*
 * sequences.c - losses of sequences: CTCLoss
 */
#include "sequences.h"

#include <string.h>

#include "labels.h"
#include "plan.h"

static int frame_axis(const mxl_call *call) {
    return call->options.flags & MXL_LAYOUT_TNC ? 0 : 1;
}

static int label_axis(const mxl_call *call) {
    return call->options.flags & MXL_LABEL_LAYOUT_TN ? 0 : 1;
}

static mxl_status check_axes(const mxl_call *call, const mxl_array *a, int32_t ndim,
                             const char *layout) {
    mxl_shape_text text;
    if (a->ndim == ndim)
        return MXL_OK;
    return mxl_fail(call, MXL_ERR_SHAPE, a->arg, "%s has shape %s; expected %d axes, %s", a->name,
                    mxl_shape_string(&text, a->ndim, a->shape), (int)ndim, layout);
}

static mxl_status check(const mxl_call *call, mxl_geometry *g) {
    const mxl_array *p = &call->in[0], *z = &call->in[1];
    const int t = frame_axis(call);
    const int64_t samples = p->ndim == 3 ? p->shape[1 - t] : 0;
    mxl_shape_text a, b;
    int k;
    MXL_TRY(mxl_check_float(call, p));
    MXL_TRY(check_axes(call, p, 3,
                       t ? "(samples, frames, classes): layout is NTC"
                         : "(frames, samples, classes): layout is TNC"));
    MXL_TRY(check_axes(call, z, 2,
                       label_axis(call) ? "(samples, labels): label_layout is NT"
                                        : "(labels, samples): label_layout is TN"));
    if (p->shape[t] == 0 || p->shape[2] == 0)
        return mxl_fail(call, MXL_ERR_SHAPE, p->arg,
                        "%s has shape %s, with length 0 along axis %d; only the batch axis may be "
                        "empty",
                        p->name, mxl_shape_string(&a, 3, p->shape), p->shape[t] ? 2 : t);
    if (z->shape[1 - label_axis(call)] != samples)
        return mxl_fail(call, MXL_ERR_SHAPE, z->arg,
                        "%s has shape %s and so %lld samples; expected %lld, as pred of shape %s",
                        z->name, mxl_shape_string(&a, 2, z->shape),
                        (long long)z->shape[1 - label_axis(call)], (long long)samples,
                        mxl_shape_string(&b, 3, p->shape));
    for (k = 2; k < 4; k++)
        if (call->has_in[k])
            MXL_TRY(mxl_check_shape(call, &call->in[k], 1, &samples, "one number for each sample"));
    /* of strides of 0, sizes may be made that nothing else could have */
    MXL_TRY(mxl_check_memory(
        call, p,
        ((double)p->shape[t] + 16) *
            (8.0 * (double)p->shape[2] + 64.0 * (double)z->shape[label_axis(call)] + 512),
        (double)samples));
    mxl_rows_geometry(g, samples, 1);
    mxl_order_of(&g->elements, p, 1 - t);
    return MXL_OK;
}

static void plan(const mxl_call *call, mxl_job *job, const mxl_geometry *g) {
    const mxl_array *p = &call->in[0], *z = &call->in[1];
    mxl_order labels;
    int k;
    job->loop = MXL_SEQUENCES;
    job->frames = p->shape[frame_axis(call)];
    job->classes = p->shape[2];
    job->labels = z->shape[label_axis(call)];
    job->row_work = job->frames * (job->classes + 8 * job->labels + 16);
    job->infeasible_inf = (call->options.flags & MXL_INFEASIBLE_INF) != 0;
    job->blank_in_label = (call->options.flags & MXL_BLANK_IN_LABEL) != 0;
    mxl_view_stream(&job->in[0], p, &g->elements, p->stride);
    mxl_order_of(&labels, z, 1 - label_axis(call));
    mxl_view_stream(&job->in[1], z, &labels, z->stride);
    if (call->has_in[2])
        mxl_view_own(&job->frame_lengths, &call->in[2]);
    if (call->has_in[3])
        mxl_view_own(&job->label_lengths, &call->in[3]);
    if (call->has_grad[0]) {
        job->din[0].kind = MXL_DIRECT;
        mxl_view_stream(&job->din[0].view, &call->grad[0], &g->elements, call->grad[0].stride);
    }
    for (k = 1; k < 4; k++) /* whole numbers have no slope */
        if (call->has_grad[k])
            mxl_view_own(&job->zeros[job->n_zeros++], &call->grad[k]);
}

/* ---- Samples ------------------------------------------------------------------------------- */

mxl_sample_fault mxl_sample_read(const mxl_job *job, int64_t sample, mxl_sample *s, int64_t *y) {
    enum { batch = 256 };
    const int stated = job->label_lengths.data != NULL;
    int64_t most = job->labels, read[batch], before = -1, from, i, n, good;
    s->frames = job->frames;
    s->labels = s->needed = 0;
    if (job->frame_lengths.data &&
        mxl_labels_read(&job->frame_lengths, sample, 1, 0, job->frames, 0, &s->frames) < 1)
        return MXL_BAD_FRAMES;
    if (stated && mxl_labels_read(&job->label_lengths, sample, 1, 0, job->labels, 0, &most) < 1)
        return MXL_BAD_LABEL_COUNT;
    for (from = 0; from < most; from += n) {
        n = most - from < batch ? most - from : batch;
        good = mxl_labels_read(&job->in[1], sample * job->labels + from, n, stated ? 0 : -1,
                               job->classes - (job->blank_in_label ? 1 : 2), 0, read);
        for (i = 0; i < good; i++) {
            if (read[i] < 0)
                return MXL_SAMPLE_OK;
            s->needed += 1 + (read[i] == before);
            before = read[i];
            if (y)
                y[s->labels] = before;
            s->labels++;
        }
        if (good < n)
            return MXL_BAD_LABEL;
    }
    return MXL_SAMPLE_OK;
}

static mxl_status values(const mxl_call *call, const mxl_job *job) {
    const long long blank = (long long)job->classes - 1;
    const char *where =
        call->has_in[3] ? " within the stated label length" : ", or -1 behind the last one";
    mxl_element_text text;
    mxl_sample s;
    int64_t sample;
    for (sample = 0; sample < job->n; sample++)
        switch (mxl_sample_read(job, sample, &s, NULL)) {
        case MXL_BAD_FRAMES:
            return mxl_fail(call, MXL_ERR_VALUE, 2,
                            "%s; expected a whole number from 0 to %lld, the frames of pred",
                            mxl_describe(&call->in[2], sample, &text), (long long)job->frames);
        case MXL_BAD_LABEL_COUNT:
            return mxl_fail(call, MXL_ERR_VALUE, 3,
                            "%s; expected a whole number from 0 to %lld, the places of label",
                            mxl_describe(&call->in[3], sample, &text), (long long)job->labels);
        case MXL_BAD_LABEL:
            mxl_describe(&call->in[1],
                         label_axis(call) ? sample * job->labels + s.labels
                                          : s.labels * job->n + sample,
                         &text);
            if (job->blank_in_label)
                return mxl_fail(call, MXL_ERR_VALUE, 1,
                                "%s, in sample %lld; expected a whole number from 0 to %lld%s",
                                text.text, (long long)sample, blank, where);
            if (blank == 0)
                return mxl_fail(call, MXL_ERR_VALUE, 1,
                                "%s, in sample %lld; pred has the blank as its only class, so that "
                                "every label has to be empty",
                                text.text, (long long)sample);
            return mxl_fail(call, MXL_ERR_VALUE, 1,
                            "%s, in sample %lld; expected a whole number from 0 to %lld (%lld is "
                            "the blank)%s",
                            text.text, (long long)sample, blank - 1, blank, where);
        default:
            break;
        }
    return MXL_OK;
}

const mxl_family mxl_family_sequences = {check, plan, values};

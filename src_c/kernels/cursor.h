/* cursor.h - walking through a view in stream order, run by run; all static, see all.h */
#ifndef MXL_CURSOR_H
#define MXL_CURSOR_H
#include "../job.h"

typedef struct {
    int64_t index[MXL_MAX_NDIM];
    int64_t offset; /* of the element at index, in elements */
} mxl_cursor;

static inline void mxl_seek(mxl_cursor *c, const mxl_view *v, int64_t position) {
    int d = v->ndim - 1;
    c->offset = 0;
    for (; d > 0; d--) {
        int64_t rest = position / v->shape[d];
        c->index[d] = position - rest * v->shape[d];
        c->offset += c->index[d] * v->stride[d];
        position = rest;
    }
    c->index[0] = position;
    c->offset += position * v->stride[0];
}

/* how many of the next n elements lie in the innermost axis */
static inline int64_t mxl_run_length(const mxl_cursor *c, const mxl_view *v, int64_t n) {
    int64_t left = v->shape[v->ndim - 1] - c->index[v->ndim - 1];
    return left < n ? left : n;
}

/* step over n elements of the innermost axis */
static inline void mxl_advance(mxl_cursor *c, const mxl_view *v, int64_t n) {
    int d = v->ndim - 1;
    c->index[d] += n;
    c->offset += n * v->stride[d];
    while (d > 0 && c->index[d] == v->shape[d]) {
        c->offset -= v->shape[d] * v->stride[d];
        c->index[d] = 0;
        d--;
        c->index[d]++;
        c->offset += v->stride[d];
    }
}

/* 1 if the n elements at `position` lie in one run; *offset is where the first one is */
static inline int mxl_one_run(const mxl_view *v, int64_t position, int64_t n, int64_t *offset) {
    mxl_cursor c;
    if (v->ndim == 1) {
        *offset = position * v->stride[0];
        return 1;
    }
    mxl_seek(&c, v, position);
    *offset = c.offset;
    return mxl_run_length(&c, v, n) == n;
}
#endif

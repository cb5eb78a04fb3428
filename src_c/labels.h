/* labels.h - class numbers as labels */
#ifndef MXL_LABELS_H
#define MXL_LABELS_H
#include "job.h"

/*
 * Read the n class numbers at `position` of a view into y (exactly: integers never pass through a
 * floating type). y always ends up in [first, last]: truncated towards 0 and clipped. Returns how
 * many of them come before the first bad one: n if there is none. Bad is NaN and, unless `clip`,
 * what is no integer or lies outside. first is 0 or below; the range may be
 * empty.
 */
int64_t mxl_labels_read(const mxl_view *v, int64_t position, int64_t n, int64_t first, int64_t last,
                        int clip, int64_t *y);

#endif

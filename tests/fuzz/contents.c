/* contents.c - numbers for the inputs; see call.h */
#include <math.h>
#include <string.h>

#include "call.h"

static uint64_t state;

static uint32_t random_bits(void) { /* splitmix64 */
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(z >> 32);
}

/* real number, probability, sign, count, or whole number: class, length */
char kind_of(const call *c, int k) {
    const uint32_t flags = c->options.flags;
    const char *name = mxl_info(c->loss)->inputs[k];
    if (strstr(name, "weight") || strcmp(name, "target") == 0)
        return 'p';
    if (strstr(name, "length") || (c->loss == MXL_CTC && k == 1))
        return 'w';
    if (c->loss == MXL_SOFTMAX_CROSS_ENTROPY && k == 1)
        return flags & MXL_SPARSE_LABEL ? 'w' : 'p';
    if (c->loss == MXL_KL_DIV && k == 1)
        return 'p';
    if ((c->loss == MXL_SIGMOID_BINARY_CROSS_ENTROPY && flags & MXL_FROM_SIGMOID) ||
        (c->loss == MXL_POISSON_NLL && !(flags & MXL_FROM_LOGITS)))
        return k == 0 ? 'p' : 'r';
    return strcmp(name, "label") == 0 && one_in(2) ? 's' : 'r';
}

static const double odd[] = {NAN,   HUGE_VAL, -HUGE_VAL, 0,     -0.0,    1e30,   -1e30,
                             1e300, -1e300,   3e38,      1e-40, -1e-40,  1e-300, 6e-8,
                             6e4,   -6e4,     88.8,      -88.8, -104,    709.7,  -745.2,
                             1e-12, 1,        0x1p24,    -1,    16777215};
enum { ODD = sizeof odd / sizeof *odd };

/* Styles: 0 to 2 random numbers, 3 all the same, 4 odd ones all over, 5 a few of them; 0 if there
 * are odd ones. */
int fill(call *c, array *a, char kind) {
    const int style = (int)below(6);
    int64_t i, few = style == 5 ? 1 + below(4) : 0;
    double x = 0;
    state = (uint64_t)below(65536);
    for (i = 0; i < a->count; i++) {
        const uint32_t r = random_bits();
        if (style != 3 || i == 0)
            x = kind == 's'   ? (r & 64 ? 1 : -1)
                : kind == 'p' ? (1 + r % 63) / 64.0
                              : ((int)(r % 511) - 255) / 64.0;
        put(a, i, style == 4 && r >> 29 == 0 ? odd[(r >> 12) % ODD] : a->dt >= U8 ? fabs(x) : x);
    }
    for (; few > 0 && a->count > 0; few--)
        put(a, below(65536) % a->count, odd[below(ODD)]);
    c->ordinary &= style < 4;
    return style < 4;
}

/* class numbers and lengths; now and then a few that are none */
static void fill_whole(call *c, array *a, int64_t low, int64_t high) {
    static const double bad[] = {0.5, NAN, HUGE_VAL, -HUGE_VAL, 1e30, -1, -2, 1e9, 255, 300.25};
    const int64_t most = (int64_t)largest_whole(a->dt);
    int64_t i, few = one_in(16) ? 1 + below(3) : 0;
    high = high < most ? high : most;
    low = a->dt >= U8 && low < 0 ? 0 : low;
    c->must_work &= a->count == 0 || (high >= low && few == 0);
    state = (uint64_t)below(65536);
    for (i = 0; i < a->count; i++)
        put(a, i, (double)(low + (high > low ? random_bits() % (high - low + 1) : 0)));
    for (; few > 0 && a->count > 0; few--)
        put(a, below(65536) % a->count, one_in(3) ? (double)high + 1 : bad[below(10)]);
}

void fill_input(call *c, int k) {
    array *a = &c->in[k];
    const char kind = kind_of(c, k);
    const uint32_t flags = c->options.flags;
    const int64_t *pred = c->in[0].shape;
    int32_t axis = c->options.axis;
    const int stated = c->has_in[3];
    int ordinary;
    if (kind != 'w') {
        ordinary = fill(c, a, kind);
        c->must_work &= k != 1 || ordinary || !(flags & MXL_COMPUTE_FULL);
    } else if (k > 1) {
        fill_whole(c, a, 0,
                   k == 2 ? pred[flags & MXL_LAYOUT_TNC ? 0 : 1]
                          : c->in[1].shape[flags & MXL_LABEL_LAYOUT_TN ? 0 : 1]);
    } else if (c->loss == MXL_CTC) {
        fill_whole(c, a, stated ? 0 : -one_in(2), pred[2] - (flags & MXL_BLANK_IN_LABEL ? 1 : 2));
    } else if (flags & MXL_CLIP_LABEL && one_in(2)) {
        c->must_work &= fill(c, a, 'r'); /* NaN is refused */
    } else {
        axis += axis < 0 ? c->in[0].t.ndim : 0;
        fill_whole(c, a, 0, axis >= 0 && axis < c->in[0].t.ndim ? pred[axis] - 1 : 0);
    }
}

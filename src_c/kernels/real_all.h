/* real_all.h - the kernels of one instruction set and one MXL_REAL */
#include "../losses/formulas.h"

#include "loadstore.h"

#include "reduce.h"

#include "softmax.h"

#include "elementwise.h"

#include "sparse.h"

#undef MXL_NATIVE

static mxl_status MXL_T(run)(const mxl_job *job) {
    switch (job->loop) {
    case MXL_ELEMENTWISE:
    case MXL_SOFTMAX_ELEMENTWISE:
        return MXL_T(run_elementwise)(job);
    default:
        return MXL_T(run_sparse)(job);
    }
}

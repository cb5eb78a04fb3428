/*
 * formula.h - the form in which losses are written
 *
 * A formula is a scalar function of
 *     p   the prediction            z   the label or target
 *     q   the positive weight (1 where a loss has none)
 *     s, t   stages: functions of p, z that the loop computes beforehand, one loop each, because
 *            a long dependent chain per element fills the processor's reorder window
 *     k   constants of the call
 * and returns the value of the loss at one element with its partial derivatives. It is free of
 * branches: conditions become selects. Weights, sample weights, head gradients and means are the
 * loop's business, never the formula's.
 *
 * Compiled once per MXL_REAL, in C99, C++ and CUDA C++.
 */
#include "math.h"

typedef struct {
    real rho, margin, epsilon;
} MXL_T(consts);

typedef struct {
    real e;          /* value */
    real dp, dz, dq; /* its derivatives with respect to p, z and q */
} MXL_T(jet);

#define MXL_FORMULA(name)                                                                          \
    MXL_FN MXL_T(jet) MXL_T(name)(real p, real z, real q, real s, real t, const MXL_T(consts) * k)
#define MXL_STAGE(name) MXL_FN real MXL_T(name)(real p, real z, const MXL_T(consts) * k)
#define MXL_UNUSED(a) (void)(a)

/* stands for a stage that a formula does not need; the loop recognises it */
MXL_STAGE(none) {
    MXL_UNUSED(p), MXL_UNUSED(z), MXL_UNUSED(k);
    return 0;
}

// test_formulas.cpp - the formula headers as C++, compared with the library; with nvcc they are
// compiled for the device as well, where they have not run yet.
#include <mxloss.h>

#include <cmath>
#include <cstdio>

#define MXL_REAL 64
#include "losses/formulas.h"
#undef MXL_REAL
#define MXL_REAL 32
#include "losses/formulas.h"
#undef MXL_REAL

#ifdef __CUDACC__
// every formula instantiated in device code, for both types
#define KERNEL(name, n_in, stage_s, stage_t)                                                       \
    __global__ void name##_kernel_f32(const float *p, const float *z, const float *q, float *e,    \
                                      float *dp, consts_f32 k) {                                   \
        int i = blockIdx.x * blockDim.x + threadIdx.x;                                             \
        jet_f32 j = name##_f32(p[i], z[i], q[i], stage_s##_f32(p[i], z[i], &k),                    \
                               stage_t##_f32(p[i], z[i], &k), &k);                                 \
        e[i] = j.e, dp[i] = j.dp;                                                                  \
    }                                                                                              \
    __global__ void name##_kernel_f64(const double *p, const double *z, const double *q,           \
                                      double *e, double *dp, consts_f64 k) {                       \
        int i = blockIdx.x * blockDim.x + threadIdx.x;                                             \
        jet_f64 j = name##_f64(p[i], z[i], q[i], stage_s##_f64(p[i], z[i], &k),                    \
                               stage_t##_f64(p[i], z[i], &k), &k);                                 \
        e[i] = j.e, dp[i] = j.dp;                                                                  \
    }
MXL_FORMULAS(KERNEL)
#endif

// one element through the library on its baseline, which has no fused multiply-add either
static double library(mxl_loss loss, double p, double z, double *gradient) {
    int64_t one = 1;
    double value = NAN;
    mxl_tensor tensor = {nullptr, {MXL_CPU, 0}, 1, {MXL_FLOAT, 64, 1}, &one, nullptr, 0};
    mxl_tensor pred = tensor, label = tensor, out = tensor, dpred = tensor;
    pred.data = &p, label.data = &z, out.data = &value, dpred.data = gradient;
    const mxl_tensor *inputs[] = {&pred, &label};
    mxl_tensor *grads[] = {&dpred, nullptr};
    if (mxl_run(loss, nullptr, 2, inputs, nullptr, &out, grads, nullptr) != MXL_OK)
        return NAN;
    return value;
}

#define COMPARE(loss, name, stage)                                                                 \
    do {                                                                                           \
        double s = stage##_f64(p, z, &k), d = 0, v = library(loss, p, z, &d);                      \
        jet_f64 j = name##_f64(p, z, 1, s, 0, &k);                                                 \
        checks++;                                                                                  \
        if (!(v == j.e && d == j.dp)) {                                                            \
            std::printf("%s: %a %a, library %a %a\n", #name, j.e, j.dp, v, d);                     \
            failures++;                                                                            \
        }                                                                                          \
    } while (0)

int main() {
    consts_f64 k;
    int failures = 0, checks = 0;
    k.rho = k.margin = 1, k.epsilon = 1e-8;
    mxl_set_isa(MXL_ISA_BASE);
    for (double p = -3.7; p < 4; p += 0.3)
        for (double z = -1; z <= 1; z += 0.5) {
            COMPARE(MXL_L2, l2, none);
            COMPARE(MXL_L1, l1, none);
            COMPARE(MXL_HUBER, huber, none);
            COMPARE(MXL_HINGE, hinge, none);
            COMPARE(MXL_SQUARED_HINGE, squared_hinge, none);
            COMPARE(MXL_LOGISTIC, logistic_signed, sigmoid_bce_s);
            COMPARE(MXL_SIGMOID_BINARY_CROSS_ENTROPY, sigmoid_bce, sigmoid_bce_s);
            COMPARE(MXL_POISSON_NLL, poisson_log, poisson_log_s);
        }
    std::printf("%d checks, %d failed\n", checks, failures);
    return failures != 0;
}

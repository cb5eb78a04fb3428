/*
 * huber.c - a loss and its gradient from C
 *
 *     cc huber.c -lmxloss -lm -o huber && ./huber
 *
 * prints: 0.125 1.5 0  0.5 -1 0
 */
#include <mxloss.h>
#include <stdio.h>

int main(void) {
    float pred[3] = {1.5f, 0, 3}, label[3] = {1, 2, 3}, loss[3], gradient[3];
    int64_t shape[1] = {3};
    const mxl_device cpu = {MXL_CPU, 0};
    const mxl_dtype float32 = {MXL_FLOAT, 32, 1};
    mxl_tensor p = {pred, cpu, 1, float32, shape, NULL, 0};
    mxl_tensor z = {label, cpu, 1, float32, shape, NULL, 0};
    mxl_tensor value = {loss, cpu, 1, float32, shape, NULL, 0};
    mxl_tensor dpred = {gradient, cpu, 1, float32, shape, NULL, 0};
    const mxl_tensor *inputs[] = {&p, &z};
    mxl_tensor *grads[] = {&dpred, NULL}; /* not with respect to the label */

    mxl_options options;
    mxl_error error;
    mxl_exec exec = {sizeof exec, 0, &error};
    mxl_defaults(MXL_HUBER, &options);
    options.rho = 1.0;

    if (mxl_run(MXL_HUBER, &options, 2, inputs, NULL, &value, grads, &exec) != MXL_OK) {
        fprintf(stderr, "%s\n", error.message);
        return 1;
    }
    printf("%g %g %g  %g %g %g\n", loss[0], loss[1], loss[2], gradient[0], gradient[1],
           gradient[2]);
    return 0;
}

/*
 * phone_calls.c - fit a line to numbers of which some are wrong, by gradient descent
 *
 *     cc phone_calls.c $(pkg-config --cflags --libs mxloss) -o phone_calls && ./phone_calls
 *
 * phone_calls.py says what the numbers are.
 */
#include <inttypes.h>
#include <mxloss.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { YEARS = 24, STEPS = 2000 };

static double calls[YEARS] = {4.4,  4.7,  4.7,  5.9,  6.6,  7.3,  8.1,   8.8,
                              10.6, 12.0, 13.5, 14.9, 16.1, 21.2, 119.0, 124.0,
                              142., 159., 182., 212., 43.0, 24.0, 27.0,  29.0};

static uint64_t bits(double number) {
    uint64_t u;
    memcpy(&u, &number, sizeof u);
    return u;
}

static mxl_tensor vector(double *data, int64_t *length) {
    const mxl_tensor t = {data, {MXL_CPU, 0}, 1, {MXL_FLOAT, 64, 1}, length, NULL, 0};
    return t;
}

/* print the line; value receives the loss of each year */
static void fit(const char *name, mxl_loss loss, const mxl_options *options, double *value) {
    double pred[YEARS], gradient[YEARS], a = 0, b = 0;
    int64_t length = YEARS;
    mxl_tensor p = vector(pred, &length), z = vector(calls, &length);
    mxl_tensor v = vector(value, &length), g = vector(gradient, &length);
    const mxl_tensor *inputs[] = {&p, &z};
    mxl_tensor *grads[] = {&g, NULL}; /* not with respect to the label */
    mxl_error error;
    const mxl_exec exec = {sizeof exec, 0, &error};
    int step, i;
    for (step = 0; step < STEPS; step++) {
        double da = 0, db = 0;
        for (i = 0; i < YEARS; i++)
            pred[i] = a + b * (i / 10.0);
        if (mxl_run(loss, options, 2, inputs, NULL, &v, grads, &exec) != MXL_OK) {
            fprintf(stderr, "%s\n", error.message);
            exit(1);
        }
        for (i = 0; i < YEARS; i++) {
            da += gradient[i];
            db += gradient[i] * (i / 10.0);
        }
        a -= 0.5 * da / YEARS;
        b -= 0.5 * db / YEARS;
    }
    printf("%-10s calls = %6.3f + %6.3f per decade  %016" PRIX64 " %016" PRIX64 "\n", name, a, b,
           bits(a), bits(b));
}

int main(void) {
    double value[YEARS];
    mxl_options huber;
    int i;
    mxl_defaults(MXL_HUBER, &huber);
    huber.rho = 2;

    fit("L2Loss", MXL_L2, NULL, value); /* NULL: the defaults */
    fit("HuberLoss", MXL_HUBER, &huber, value);
    printf("more than 10 off:");
    for (i = 0; i < YEARS; i++)
        if (value[i] > 9)
            printf(" %d", 1950 + i);
    printf("\n");
    return 0;
}

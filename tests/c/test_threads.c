/*
 * test_threads.c - the pool: the same bits for any number of threads, many callers at once,
 * resizing meanwhile, fork
 *
 *     test_threads [share]      everything but the first a share of the times
 */
#define _GNU_SOURCE
#include <math.h>
#include <mxloss.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

typedef struct {
    mxl_tensor t;
    int64_t shape[4];
    int64_t count;
} tensor;

static void make(tensor *a, int bits, int ndim, const int64_t *shape) {
    int i;
    memset(a, 0, sizeof *a);
    a->t.device.device_type = MXL_CPU;
    a->t.ndim = ndim;
    a->t.dtype.code = MXL_FLOAT;
    a->t.dtype.bits = (uint8_t)bits;
    a->t.dtype.lanes = 1;
    a->t.shape = a->shape;
    a->count = 1;
    for (i = 0; i < ndim; i++)
        a->count *= a->shape[i] = shape[i];
    a->t.data = calloc((size_t)a->count + 1, (size_t)bits / 8);
}

static void fill(tensor *a, unsigned seed, double low, double high, int whole) {
    int64_t i;
    for (i = 0; i < a->count; i++) {
        double x;
        seed = seed * 1664525u + 1013904223u;
        x = low + (high - low) * (seed >> 8) / 0x1p24;
        x = whole ? floor(x) : x;
        if (a->t.dtype.bits == 32)
            ((float *)a->t.data)[i] = (float)x;
        else
            ((double *)a->t.data)[i] = x;
    }
}

/* one call, with everything that it writes */
typedef struct {
    const char *what;
    mxl_loss loss;
    mxl_options options;
    tensor in[3], value, grads[3];
    int n_in, whole_label;
} problem;

static mxl_status run(problem *p, int threads) {
    mxl_exec exec = {sizeof exec, threads, NULL};
    const mxl_tensor *in[3] = {&p->in[0].t, &p->in[1].t, p->n_in > 2 ? &p->in[2].t : NULL};
    mxl_tensor *grads[3] = {&p->grads[0].t, p->whole_label ? NULL : &p->grads[1].t,
                            p->n_in > 2 ? &p->grads[2].t : NULL};
    return mxl_run(p->loss, &p->options, p->n_in, in, NULL, &p->value.t, grads, &exec);
}

static uint64_t digest(const problem *p) { /* FNV-1a of all outputs */
    const tensor *all[] = {&p->value, &p->grads[0], &p->grads[1], &p->grads[2]};
    uint64_t h = 14695981039346656037u;
    int i;
    size_t k;
    for (i = 0; i < 1 + p->n_in; i++)
        for (k = 0; k < (size_t)all[i]->count * all[i]->t.dtype.bits / 8; k++)
            h = (h ^ ((unsigned char *)all[i]->t.data)[k]) * 1099511628211u;
    return h;
}

static void setup(problem *p, const char *what, mxl_loss loss, int bits, int ndim,
                  const int64_t *shape, const int64_t *label, int label_ndim, const int64_t *weight,
                  int batch_axis, int axis) {
    int64_t n, one = 1;
    int i;
    memset(p, 0, sizeof *p);
    p->what = what;
    p->loss = loss;
    mxl_defaults(loss, &p->options);
    if (loss != MXL_POISSON_NLL)
        p->options.batch_axis = batch_axis;
    if (loss == MXL_SOFTMAX_CROSS_ENTROPY || loss == MXL_KL_DIV)
        p->options.axis = axis;
    if (loss == MXL_KL_DIV)
        p->options.flags = 0;
    p->whole_label = loss == MXL_SOFTMAX_CROSS_ENTROPY || loss == MXL_CTC;
    n = shape[batch_axis];
    p->n_in = weight ? 3 : 2;
    for (i = 0; i < p->n_in; i++) {
        make(&p->in[i], bits, i == 1 ? label_ndim : ndim, i == 0 ? shape : i == 1 ? label : weight);
        make(&p->grads[i], bits, i == 1 ? label_ndim : ndim,
             i == 0   ? shape
             : i == 1 ? label
                      : weight);
        fill(&p->in[i], 7u + (unsigned)i, i == 0 ? -4 : 0,
             i == 1 && p->whole_label ? (double)shape[axis] : 4, i == 1 && p->whole_label);
    }
    make(&p->value, bits, 1, loss == MXL_POISSON_NLL ? &one : &n);
}

static void release(problem *p) {
    int i;
    for (i = 0; i < p->n_in; i++) {
        free(p->in[i].t.data);
        free(p->grads[i].t.data);
    }
    free(p->value.t.data);
}

#define SHAPE(...) ((const int64_t[]){__VA_ARGS__})

static problem problems[12];
enum { PROBLEMS = sizeof problems / sizeof *problems };

static void make_problems(void) {
    problem *p = problems;
    setup(p++, "rows", MXL_L2, 32, 2, SHAPE(700, 500), SHAPE(700, 500), 2, NULL, 0, 0);
    setup(p++, "long rows", MXL_L1, 32, 2, SHAPE(3, 200000), SHAPE(3, 200000), 2, NULL, 0, 0);
    setup(p++, "columns", MXL_HUBER, 64, 2, SHAPE(3000, 70), SHAPE(3000, 70), 2, SHAPE(1, 70), 1,
          0);
    setup(p++, "weights by row", MXL_HINGE, 32, 2, SHAPE(999, 301), SHAPE(999, 301), 2,
          SHAPE(999, 1), 0, 0);
    setup(p++, "all in one", MXL_POISSON_NLL, 32, 1, SHAPE(300007), SHAPE(300007), 1, SHAPE(1), 0,
          0);
    setup(p++, "softmax and formula", MXL_KL_DIV, 64, 3, SHAPE(40, 60, 90), SHAPE(60, 90), 2,
          SHAPE(1, 60, 1), 1, 1);
    setup(p++, "sparse rows", MXL_SOFTMAX_CROSS_ENTROPY, 32, 2, SHAPE(900, 400), SHAPE(900), 1,
          SHAPE(900, 1), 0, 1);
    setup(p++, "sparse columns", MXL_SOFTMAX_CROSS_ENTROPY, 32, 4, SHAPE(5, 21, 50, 40),
          SHAPE(5, 50, 40), 3, SHAPE(1, 1, 50, 1), 0, 1);
    setup(p++, "short rows", MXL_SOFTMAX_CROSS_ENTROPY, 64, 2, SHAPE(50000, 7), SHAPE(50000), 1,
          NULL, 0, 1);
    setup(p++, "elements", MXL_LOGISTIC, 32, 1, SHAPE(200001), SHAPE(200001), 1, SHAPE(200001), 0,
          0);
    setup(p++, "matrix", MXL_SDML, 32, 2, SHAPE(301, 40), SHAPE(301, 40), 2, NULL, 0, 0);
    setup(p++, "sequences", MXL_CTC, 32, 3, SHAPE(20, 50, 60), SHAPE(20, 9), 2, NULL, 0, 0);
}

static uint64_t wanted[PROBLEMS];
static int share = 1;

static void test_same_bits(void) {
    static const int threads[] = {1, 2, 3, 7, 64};
    int i;
    size_t k;
    mxl_set_num_threads(64);
    for (i = 0; i < PROBLEMS; i++)
        for (k = 0; k < sizeof threads / sizeof *threads; k++) {
            int repeat;
            for (repeat = 0; repeat < (k ? 1 + 4 / share : 1); repeat++) {
                CHECK(run(&problems[i], threads[k]) == MXL_OK, "%s", problems[i].what);
                if (k == 0)
                    wanted[i] = digest(&problems[i]);
                CHECK(digest(&problems[i]) == wanted[i], "%s, %d threads", problems[i].what,
                      threads[k]);
            }
        }
}

/* callers of their own memory: problem 0 and 6, made anew */
static void *caller(void *number) {
    problem p;
    intptr_t wrong = 0;
    int i;
    const int rows = (int)(intptr_t)number % 2;
    if (rows)
        setup(&p, "rows", MXL_L2, 32, 2, SHAPE(700, 500), SHAPE(700, 500), 2, NULL, 0, 0);
    else
        setup(&p, "sparse rows", MXL_SOFTMAX_CROSS_ENTROPY, 32, 2, SHAPE(900, 400), SHAPE(900), 1,
              SHAPE(900, 1), 0, 1);
    for (i = 0; i < 60 / share; i++) {
        memset(p.grads[0].t.data, 0, (size_t)p.grads[0].count * 4);
        wrong += run(&p, 0) != MXL_OK || digest(&p) != wanted[rows ? 0 : 6];
    }
    release(&p);
    return (void *)wrong;
}

static void test_callers(void) {
    pthread_t callers[6];
    void *wrong;
    int i;
    for (i = 0; i < 6; i++)
        pthread_create(&callers[i], NULL, caller, (void *)(intptr_t)i);
    for (i = 0; i < 300 / share; i++) { /* resized meanwhile */
        mxl_set_num_threads(1 + i % 5);
        usleep(500);
    }
    for (i = 0; i < 6; i++) {
        pthread_join(callers[i], &wrong);
        CHECK(wrong == NULL, "caller %d: %d wrong results", i, (int)(intptr_t)wrong);
    }
}

static void test_forks(int n) {
    int i, status;
    mxl_set_num_threads(3);
    for (i = 0; i < n; i++) {
        const pid_t child = fork();
        if (child == 0) {
            int right = run(&problems[0], 0) == MXL_OK && digest(&problems[0]) == wanted[0];
            right = right && run(&problems[6], 0) == MXL_OK && digest(&problems[6]) == wanted[6];
            if (i % 2)
                _exit(right ? 0 : 1);
            exit(right ? 0 : 1); /* with the library's own end */
        }
        CHECK(run(&problems[0], 0) == MXL_OK && digest(&problems[0]) == wanted[0], "parent %d", i);
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0,
              "child %d", i);
    }
}

int main(int argc, char **argv) {
    int automatic = mxl_get_num_threads();
    if (mxl_set_num_threads(2) == MXL_OK && mxl_get_num_threads() == 1)
        return printf("skipped: this build has no threads\n"), 77;
    mxl_set_num_threads(0);
    share = argc > 1 ? atoi(argv[1]) : 1;
    make_problems();
    CHECK(automatic >= 1 && mxl_set_num_threads(-1) == MXL_ERR_OPTION, "numbers");
    CHECK(mxl_set_num_threads(3) == MXL_OK && mxl_get_num_threads() == 3, "set");
    CHECK(mxl_set_num_threads(1000) == MXL_OK && mxl_get_num_threads() == 64, "most");
    CHECK(mxl_set_num_threads(0) == MXL_OK && mxl_get_num_threads() == automatic, "automatic");
    test_same_bits();
    test_callers();
    fflush(stdout);
    if (getenv("MXLOSS_NO_FORKS"))
        printf("no forks, see check.h\n");
    else
        test_forks(100 / share);
    return finish();
}

/*
 * test_failures.c - every allocation of a call fails once, and so does every start of a thread
 *
 * Linked with the library's objects and --wrap, so that malloc and the like are those below.
 * Without memory a call is an MXL_ERR_MEMORY that has written and kept nothing; without threads it
 * works by itself. Either way the next call is a good one.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src_c/scratch.h"
#include "calls.h"
#include "check.h"

/* ---- What fails ---------------------------------------------------------------------------- */

static int countdown;        /* the allocation that fails: 1 is the next one, 0 none */
static int live;             /* blocks that are not free yet */
static int threads_to_start; /* that can be; below 0 any number */
static int started;

void *__real_malloc(size_t bytes);
void __real_free(void *block);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument);
int __real_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
void *__wrap_malloc(size_t bytes);
void __wrap_free(void *block);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument);
int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));

void *__wrap_malloc(size_t bytes) {
    void *block = countdown > 0 && --countdown == 0 ? NULL : __real_malloc(bytes);
    live += block != NULL;
    return block;
}

void __wrap_free(void *block) {
    live -= block != NULL;
    __real_free(block);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                          void *(*start)(void *), void *argument) {
    if (threads_to_start == 0)
        return 11; /* EAGAIN */
    threads_to_start--;
    started++;
    return __real_pthread_create(thread, attributes, start, argument);
}

int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void)) {
    return getenv("NO_ATFORK") ? 12 /* ENOMEM */ : __real_pthread_atfork(prepare, parent, child);
}

/* gives up the block that is kept for the next call */
static void drop_kept(void) {
    CHECK(mxl_scratch_take(SIZE_MAX) == NULL, "SIZE_MAX bytes");
}

/* ---- Calls --------------------------------------------------------------------------------- */

enum { ROOM = 1 << 23, PATTERN = 0x5a };

static char *room[2][SLOTS];
static call wanted, c; /* the same call, once as it should be */

static mxl_status prepare(call *to, int which, const form *f, const char *shape, int64_t length,
                          int dt, int layout) {
    const mxl_status status = describe(to, f, shape, length, dt, (int)length);
    int k;
    for (k = 0; k < SLOTS; k++)
        if (to->a[k].there) {
            lay_out(&to->a[k], layout);
            if (to->a[k].bytes > ROOM)
                exit(printf("an array of %ld bytes\n", (long)to->a[k].bytes));
            place(&to->a[k], room[which][k]);
        }
    state = (uint64_t)length;
    fill(to);
    return status;
}

static void clear(const call *of) {
    int k;
    for (k = GRAD; k <= VALUE; k++)
        if (of->a[k].there)
            memset(of->a[k].t.data, PATTERN, of->a[k].bytes);
}

/* 1 if all outputs are as after clear, or else, or 2, as wanted; 0 for neither */
static int outputs(void) {
    int k, kept = 1, right = 2;
    size_t i;
    for (k = GRAD; k <= VALUE; k++)
        if (c.a[k].there) {
            for (i = 0; kept && i < c.a[k].bytes; i++)
                kept = ((unsigned char *)c.a[k].t.data)[i] == PATTERN;
            right = same(&c.a[k], &wanted.a[k]) ? right : 0;
        }
    return kept ? kept : right;
}

static int fail_each(const form *f, const char *shape, int64_t length, int dt, int layout) {
    const char *loss = mxl_info(f->loss)->name;
    mxl_error error;
    mxl_status status;
    int n, failed;
    if (prepare(&c, 0, f, shape, length, dt, layout) != MXL_OK)
        exit(printf("%s %s: no good call\n", loss, shape));
    prepare(&wanted, 1, f, shape, length, dt, layout);
    drop_kept();
    countdown = 1;
    c.a[VALUE].t.data = NULL;
    CHECK(run(&c, 0, NULL) == MXL_OK && countdown == 1, "%s: planning takes memory", loss);
    place(&c.a[VALUE], room[0][VALUE]);
    countdown = 0;
    CHECK(run(&wanted, 0, NULL) == MXL_OK, "%s", loss);
    for (n = 1;; n++) {
        drop_kept();
        CHECK(live == 0, "%s %s: %d blocks are left", loss, shape, live);
        clear(&c);
        memset(&error, 0, sizeof error);
        countdown = n;
        status = run(&c, 4, &error);
        failed = countdown == 0;
        countdown = 0;
        if (!failed)
            break;
        CHECK(status == MXL_ERR_MEMORY && error.status == MXL_ERR_MEMORY &&
                  error.arg == MXL_ARG_NONE && strstr(error.message, loss) == error.message &&
                  strstr(error.message, "memory could not be allocated"),
              "%s %s, allocation %d: %s, %s", loss, shape, n, mxl_status_string(status),
              error.message);
        CHECK(outputs() == 1, "%s %s, allocation %d: something was written", loss, shape, n);
        CHECK(run(&c, 4, NULL) == MXL_OK && outputs() == 2, "%s %s: the call after %d", loss, shape,
              n);
    }
    CHECK(status == MXL_OK && outputs() == 2, "%s %s with all memory", loss, shape);
    return n - 1;
}

static void test_memory(void) {
    int f, dt, layout, most = 0;
    const char *shape;
    for (f = 0; f < FORMS; f++)
        for (shape = forms[f].shapes; shape; shape = strchr(shape, ' ')) {
            shape += *shape == ' ';
            for (dt = 0; dt < I8; dt++)
                for (layout = 0; layout < LAYOUTS; layout++) {
                    const int large = forms[f].loss == MXL_SDML ? 200 : 23000; /* for threads */
                    int n = fail_each(&forms[f], shape, 7, dt, layout);
                    CHECK(n >= 1, "%s %s takes no memory", mxl_info(forms[f].loss)->name, shape);
                    most = n > most ? n : most;
                    if (layout == PLAIN && (f + dt) % 4 == 0 && !strchr(shape, 'W'))
                        CHECK(fail_each(&forms[f], shape, large, dt, layout) == n, "%s %s",
                              mxl_info(forms[f].loss)->name, shape);
                }
        }
    CHECK(most >= 4, "no call made copies of inputs and gradients"); /* and so the most of them */
}

/* in a child, which has no threads yet: a call for which so many can be started */
static int start_only(int most) {
    mxl_set_num_threads(5);
    prepare(&c, 0, &forms[0], "3L", 200000, F32, PLAIN);
    prepare(&wanted, 1, &forms[0], "3L", 200000, F32, PLAIN);
    CHECK(run(&wanted, 1, NULL) == MXL_OK, "alone");
    threads_to_start = most;
    CHECK(run(&c, 0, NULL) == MXL_OK && outputs() == 2, "with %d", most);
    CHECK(started == most, "%d threads, not %d", started, most);
    clear(&c);
    threads_to_start = 64;
    CHECK(run(&c, 0, NULL) == MXL_OK && outputs() == 2, "after %d", most);
    return started;
}

static void test_threads(char *self) {
    int most, status;
    for (most = 0; most <= 5; most++) {
        const pid_t child = fork();
        if (child == 0) {
            if (most == 5) { /* the library is loaded where no one can be told of a fork */
                setenv("NO_ATFORK", "", 1);
                execl(self, self, (char *)NULL);
            }
            CHECK(start_only(most) == 4, "%d threads in the end", started);
            exit(failures != 0); /* stops them, too */
        }
        status = -1;
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0,
              "child %d", most);
    }
}

int main(int argc, char **argv) {
    int i, k;
    (void)argc;
    SKIP_WITHOUT_FORKS;
    for (i = 0; i < 2; i++)
        for (k = 0; k < SLOTS; k++)
            room[i][k] = (char *)__real_malloc(ROOM);
    alarm(300); /* a call that hangs ends the test */
    if (getenv("NO_ATFORK")) {
        CHECK(start_only(0) == 0, "%d threads, which no child would forget", started);
        return finish();
    }
    test_threads(argv[0]);
    threads_to_start = -1;
    mxl_set_num_threads(4);
    test_memory();
    for (i = 0; i < 2; i++)
        for (k = 0; k < SLOTS; k++)
            __real_free(room[i][k]);
    return finish();
}

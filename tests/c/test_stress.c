/*
 * test_stress.c - the pool and the library's memory for long
 *
 *     test_stress [callers | forks | exits | calls | signals  N]      all of them, a short time
 *
 *     callers   64 threads at once, N calls each, of all losses and of many sizes, while the number
 *               of threads and the instruction set change; the callers end in three ways
 *     forks     N children from before the first call, while other threads are inside one, and
 *               after; each of them has a minute
 *     exits     N ends of a process of which other threads are inside a call
 *     calls     N calls, every eighth of them wrong: the process does not grow
 *     signals   N signals: none arrives in the pool's threads
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"
#include "check.h"

enum { CALLERS = 64, ISAS = MXL_ISA_NEON + 1 };

typedef struct {
    call c, wanted[ISAS]; /* the results of each instruction set there is, of one thread */
    int good[ISAS];
} problem;

static char *memory(const array *a) {
    char *block = (char *)malloc(a->bytes + 1);
    if (block == NULL)
        exit(printf("no memory\n"));
    return block;
}

/* problem number i, of some hundred to some hundred thousand elements */
static problem *make_problem(int i) {
    const form *f = &forms[i % FORMS];
    const int64_t sizes[] = {40, 30000, 3000, 200, 70000};
    const int64_t length = f->loss == MXL_SDML ? 40 + i % 5 * 60 : sizes[i % 5];
    problem *p = (problem *)calloc(1, sizeof *p);
    int isa, k, dt = i % I8;
    if (p == NULL || describe(&p->c, f, f->shapes, length, dt, i) != MXL_OK)
        exit(printf("problem %d\n", i));
    for (k = 0; k < SLOTS; k++)
        if (p->c.a[k].there) {
            lay_out(&p->c.a[k], i / 5 % LAYOUTS);
            place(&p->c.a[k], memory(&p->c.a[k]));
        }
    state = (uint64_t)i;
    fill(&p->c);
    for (isa = MXL_ISA_BASE; isa < ISAS; isa++)
        if (mxl_set_isa((mxl_isa)isa) == MXL_OK) {
            call *w = &p->wanted[isa];
            describe(w, f, f->shapes, length, dt, i);
            for (k = 0; k < SLOTS; k++)
                if (w->a[k].there) {
                    lay_out(&w->a[k], i / 5 % LAYOUTS);
                    place(&w->a[k], is_output(k) ? memory(&w->a[k]) : (char *)p->c.a[k].t.data);
                }
            p->good[isa] = run(w, 1, NULL) == MXL_OK;
            CHECK(p->good[isa], "problem %d", i);
        }
    mxl_set_isa(MXL_ISA_AUTO);
    return p;
}

static void free_problem(problem *p) {
    int isa, k;
    for (k = 0; k < SLOTS; k++)
        free(p->c.a[k].t.data);
    for (isa = 0; isa < ISAS; isa++)
        for (k = GRAD; p->good[isa] && k <= VALUE; k++)
            free(p->wanted[isa].a[k].t.data);
    free(p);
}

/* whether the call gives the bits that one instruction set, any of them, gives to one thread */
static int solve(problem *p, int threads) {
    int isa, k;
    for (k = GRAD; k <= VALUE; k++)
        if (p->c.a[k].there)
            memset(p->c.a[k].t.data, 0x5a, p->c.a[k].bytes);
    if (run(&p->c, threads, NULL) != MXL_OK)
        return 0;
    for (isa = 0; isa < ISAS; isa++) {
        int right = p->good[isa];
        for (k = GRAD; right && k <= VALUE; k++)
            right = !p->c.a[k].there || same(&p->c.a[k], &p->wanted[isa].a[k]);
        if (right)
            return 1;
    }
    return 0;
}

/* ---- Callers ------------------------------------------------------------------------------- */

static problem *problems[CALLERS];
static long rounds;
static int at_work, wrong;

static void *caller(void *number) {
    problem *p = problems[(intptr_t)number];
    long i;
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    if ((intptr_t)number % 3 == 1) /* from here on wanted to end: no call is a place to do so */
        pthread_cancel(pthread_self());
    for (i = 0; i < rounds; i++)
        if (!solve(p, (int)((intptr_t)number + i) % 7))
            __atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&at_work, -1, __ATOMIC_SEQ_CST);
    if ((intptr_t)number % 3 == 2)
        pthread_exit(NULL);
    pthread_testcancel();
    return NULL;
}

static void test_callers(long n) {
    pthread_t threads[CALLERS];
    int i, changes;
    rounds = n;
    at_work = CALLERS;
    wrong = 0;
    for (i = 0; i < CALLERS; i++)
        problems[i] = make_problem(i);
    for (i = 0; i < CALLERS; i++)
        if (pthread_create(&threads[i], NULL, caller, (void *)(intptr_t)i) != 0)
            exit(printf("caller %d could not be started\n", i));
    for (changes = 0; __atomic_load_n(&at_work, __ATOMIC_SEQ_CST) > 0; changes++) {
        mxl_set_num_threads(changes % 9);
        mxl_set_isa((mxl_isa)(changes % ISAS)); /* or it is refused */
        usleep(200);
    }
    for (i = 0; i < CALLERS; i++)
        pthread_join(threads[i], NULL);
    CHECK(wrong == 0, "%d of %ld calls", wrong, CALLERS * n);
    mxl_set_isa(MXL_ISA_AUTO);
    mxl_set_num_threads(4);
    for (i = 0; i < CALLERS; i++) {
        CHECK(solve(problems[i], 0), "problem %d afterwards", i);
        free_problem(problems[i]);
    }
    printf("%ld calls from %d threads, %d changes\n", CALLERS * n, CALLERS, changes);
}

/* ---- Forks --------------------------------------------------------------------------------- */

static int stop,
    cut_off; /* cut_off: what threads that are no more have in hand will not be freed */

/* LeakSanitizer asks at the end of a process */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) {
    return cut_off;
}

static void *busy(void *p) { /* hardly ever outside of a call */
    int i;
    while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
        for (i = 0; i < 50; i++)
            run(&((problem *)p)->c, 0, NULL);
        if (!solve((problem *)p, 0))
            __atomic_add_fetch(&wrong, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

static void fork_some(long n, problem *const *all, const char *when, int parent_too) {
    long i;
    int k, status;
    for (i = 0; i < n; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(60); /* ends it if it hangs */
            cut_off = 1;
            for (k = 0; k < 3; k++)
                if (!solve(all[k], 0))
                    _exit(10 + k);
            if (i % 2)
                _exit(0);
            exit(0); /* with the library's own end */
        }
        CHECK(!parent_too || i % 50 != 0 || solve(all[0], 0), "the parent, %s", when);
        status = -1;
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0,
              "%s, child %ld: status %x", when, i, (unsigned)status);
    }
}

static void test_forks(long n) {
    problem *own[3] = {make_problem(1), make_problem(31), make_problem(4)};
    problem *others[2] = {make_problem(4), make_problem(14)}; /* the largest */
    pthread_t threads[2];
    int i, status = -1;
    pid_t child;
    wrong = stop = 0;
    fflush(stdout);
    child = fork(); /* whatever this process did before, its child has no threads yet */
    if (child == 0) {
        mxl_set_num_threads(4);
        fork_some(n / 4, own, "before", 0);
        for (i = 0; i < 2; i++)
            if (pthread_create(&threads[i], NULL, busy, others[i]) != 0)
                exit(printf("no thread\n"));
        fork_some(n / 2, own, "during", 1);
        __atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
        for (i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        CHECK(wrong == 0, "%d calls next to forks", wrong);
        fork_some(n / 4, own, "after", 1);
        exit(failures != 0);
    }
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0,
          "forks: status %x", (unsigned)status);
    for (i = 0; i < 3; i++)
        free_problem(own[i]);
    for (i = 0; i < 2; i++)
        free_problem(others[i]);
    printf("%ld children\n", n);
}

static void test_exits(long n) {
    problem *p[2] = {make_problem(1), make_problem(34)};
    pthread_t thread;
    long i;
    int k, status;
    fflush(stdout);
    for (i = 0; i < n; i++) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(60);
            mxl_set_num_threads(4);
            stop = 0, cut_off = 1;
            for (k = 0; k < 2; k++)
                if (pthread_create(&thread, NULL, busy, p[k]) != 0)
                    _exit(1);
            usleep(100 * (unsigned)(i % 50));
            exit(0);
        }
        status = -1;
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0,
              "child %ld: status %x", i, (unsigned)status);
    }
    for (k = 0; k < 2; k++)
        free_problem(p[k]);
    printf("%ld exits\n", n);
}

/* ---- Calls --------------------------------------------------------------------------------- */

static long kilobytes(void) {
    long all, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%ld %ld", &all, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static long in_use(void) { /* bytes of malloc's, if it tells */
#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 33)
    return (long)mallinfo2().uordblks;
#endif
#endif
    return 0;
}

static void test_calls(long n) {
    problem *all[4 * FORMS];
    mxl_error error;
    long i, refused = 0, before = 0, bytes = 0, allowed = 512;
    for (i = 0; i < 4 * FORMS; i++)
        all[i] = make_problem((int)i * 5); /* the shortest of each form */
    for (i = 0; i < n; i++) {
        call *c = &all[i % (4 * FORMS)]->c;
        if (i == n / 10) {
            before = kilobytes();
            bytes = in_use();
        }
        if (i % 8 == 5) {
            c->a[0].t.byte_offset = i % 16 == 5;
            c->options.batch_axis += i % 16 == 13 ? 5 : 0;
            refused += run(c, 0, &error) != MXL_OK;
            c->options.batch_axis = c->form->batch_axis;
            c->a[0].t.byte_offset = 0;
        } else if (run(c, 0, &error) != MXL_OK)
            CHECK(0, "%s", error.message);
    }
    CHECK(refused > n / 10 && refused <= n / 8 + 1, "%ld refused", refused);
    CHECK(in_use() == bytes, "%ld bytes more in use", in_use() - bytes);
    if (getenv("ASAN_OPTIONS")) /* AddressSanitizer keeps some of what is freed */
        allowed += before / 32;
    CHECK(kilobytes() - before <= allowed, "%ld KB more", kilobytes() - before);
    printf("%ld calls: %ld KB, then %ld KB\n", n, before, kilobytes());
    for (i = 0; i < 4 * FORMS; i++) {
        CHECK(solve(all[i], 0), "problem %ld afterwards", i);
        free_problem(all[i]);
    }
}

/* ---- Signals ------------------------------------------------------------------------------- */

static volatile sig_atomic_t arrived;

static void arrive(int number) {
    (void)number;
    arrived++;
}

/* Sent to the process they arrive in any thread that does not block them; here this one does, from
 * after the start of the others on. */
static void test_signals(long n) {
    static const int kinds[] = {SIGUSR1, SIGTERM, SIGINT, SIGALRM, SIGCHLD, SIGPROF};
    const struct timespec second = {1, 0};
    struct sigaction action;
    problem *p = make_problem(4);
    sigset_t set, before;
    long i;
    size_t k;
    memset(&action, 0, sizeof action);
    action.sa_handler = arrive;
    sigemptyset(&set);
    for (k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        sigaction(kinds[k], &action, NULL);
        sigaddset(&set, kinds[k]);
    }
    mxl_set_num_threads(4);
    CHECK(solve(p, 0), "the start");
    pthread_sigmask(SIG_BLOCK, &set, &before);
    for (i = 0; i < n; i++) {
        const int number = kinds[i % (long)(sizeof kinds / sizeof *kinds)];
        kill(getpid(), number);
        if (i % 3 == 0)
            CHECK(run(&p->c, 0, NULL) == MXL_OK, "signal %ld", i);
        CHECK(sigtimedwait(&set, NULL, &second) == number, "signal %d is gone", number);
        if (failures > 3)
            break;
    }
    CHECK(arrived == 0, "%d arrived in other threads", (int)arrived);
    CHECK(solve(p, 0), "afterwards");
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    printf("%ld signals\n", n);
    free_problem(p);
}

int main(int argc, char **argv) {
    const char *what = argc > 1 ? argv[1] : "";
    const long n = argc > 2 ? atol(argv[2]) : 0;
    const int forks = !getenv("MXLOSS_NO_FORKS");
    if (!forks)
        printf("neither forks nor ends, see check.h\n");
    if (forks && (!*what || strcmp(what, "forks") == 0))
        test_forks(n ? n : 60);
    if (forks && (!*what || strcmp(what, "exits") == 0))
        test_exits(n ? n : 20);
    if (!*what || strcmp(what, "callers") == 0)
        test_callers(n ? n : 10);
    if (!*what || strcmp(what, "calls") == 0)
        test_calls(n ? n : 50000);
    if (!*what || strcmp(what, "signals") == 0)
        test_signals(n ? n : 300);
    return finish();
}

/*
 * parallel.c - a small pool of threads that claim chunks
 *
 * The threads are made when first needed. They wait for work spinning for a short time, then
 * asleep. Chunks are claimed one by one: with fixed shares a caller would wait for a thread that
 * has yet to wake up, and one that is late finds nothing left to do and does no harm.
 *
 * The pool serves one call at a time; a call that finds it busy, from another thread or from inside
 * a chunk, runs by itself. After fork the child starts with a pool without threads. OpenMP would
 * hang there.
 *
 * Everything that is shared is atomic (sequentially consistent) or, marked so, protected: job
 * fields are written only while the ticket is closed and no thread is `active`.
 */
#define _GNU_SOURCE
#include "parallel.h"

#include <stdlib.h>

#include "mxloss.h"

static void run_alone(int64_t n_chunks, mxl_chunk_fn fn, void *context) {
    int64_t chunk;
    for (chunk = 0; chunk < n_chunks; chunk++)
        fn(context, chunk, 0);
}

#if defined(__GNUC__) && (defined(__unix__) || defined(__APPLE__))
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

enum { MOST_THREADS = 64, SPINS = 4000 };

#define LOAD(x) __atomic_load_n(&(x), __ATOMIC_SEQ_CST)
#define STORE(x, value) __atomic_store_n(&(x), (value), __ATOMIC_SEQ_CST)
#define ADD(x, value) __atomic_add_fetch(&(x), (value), __ATOMIC_SEQ_CST)
#define CLOSED 0xffffffffu /* in place of a chunk number: no work */

static struct {
    pthread_mutex_t busy; /* held by the caller that the pool works for */
    pthread_mutex_t lock; /* for `wake` */
    pthread_cond_t wake;
    uint64_t ticket;  /* number of the job << 32 | next chunk to claim */
    int32_t sleeping; /* threads that wait for `wake` */
    int32_t active;   /* threads that may read the job */
    int32_t quit;
    int32_t started; /* threads that exist, under `busy` */
    pthread_t threads[MOST_THREADS];
    /* the job */
    mxl_chunk_fn fn;
    void *context;
    uint32_t n_chunks;
    int32_t helpers; /* how many of the threads may take part */
} pool = {.busy = PTHREAD_MUTEX_INITIALIZER,
          .lock = PTHREAD_MUTEX_INITIALIZER,
          .wake = PTHREAD_COND_INITIALIZER,
          .ticket = CLOSED};

static int32_t setting; /* mxl_set_num_threads; 0 = automatic */

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

static void claim_chunks(int32_t worker) {
    uint64_t ticket = LOAD(pool.ticket);
    while ((uint32_t)ticket != CLOSED && (uint32_t)ticket < pool.n_chunks)
        if (__atomic_compare_exchange_n(&pool.ticket, &ticket, ticket + 1, 0, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST)) {
            pool.fn(pool.context, (int64_t)(uint32_t)ticket, worker);
            ticket = LOAD(pool.ticket);
        }
}

static int has_work(uint32_t last_job) {
    const uint64_t ticket = LOAD(pool.ticket);
    return ((uint32_t)ticket != CLOSED && (uint32_t)(ticket >> 32) != last_job) || LOAD(pool.quit);
}

static void *thread_main(void *number) {
    const int32_t me = (int32_t)(intptr_t)number;
    uint32_t last_job = 0;
    for (;;) {
        int32_t spins;
        for (spins = 0; spins < SPINS && !has_work(last_job); spins++)
            relax();
        if (spins == SPINS) {
            pthread_mutex_lock(&pool.lock);
            /* before looking again: mxl_parallel looks the other way round */
            ADD(pool.sleeping, 1);
            while (!has_work(last_job))
                pthread_cond_wait(&pool.wake, &pool.lock);
            ADD(pool.sleeping, -1);
            pthread_mutex_unlock(&pool.lock);
        }
        if (LOAD(pool.quit))
            return NULL;
        ADD(pool.active, 1); /* before reading the ticket, after which the job is there to read */
        {
            const uint64_t ticket = LOAD(pool.ticket);
            if ((uint32_t)ticket != CLOSED) {
                last_job = (uint32_t)(ticket >> 32);
                if (me < pool.helpers)
                    claim_chunks(me + 1);
            }
        }
        ADD(pool.active, -1);
    }
}

/* ---- Beginning and end --------------------------------------------------------------------- */

static void forget_threads(void) { /* in the child of a fork, where there are none */
    static const pthread_mutex_t unlocked = PTHREAD_MUTEX_INITIALIZER;
    static const pthread_cond_t unused = PTHREAD_COND_INITIALIZER;
    pool.busy = pool.lock = unlocked;
    pool.wake = unused;
    pool.ticket = CLOSED;
    pool.sleeping = pool.active = pool.quit = pool.started = 0;
}

/* Without it there must be no threads, which a child would wait for. When the library is loaded: a
 * fork that is under way leaves out whatever is registered meanwhile. */
static int watches_forks;

__attribute__((constructor)) static void watch_forks(void) {
    watches_forks = pthread_atfork(NULL, NULL, forget_threads) == 0;
}

static void start_threads(int32_t wanted) {
    sigset_t all, before;
    if (!watches_forks)
        return;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the program's own threads */
    while (pool.started < wanted) {
        void *number = (void *)(intptr_t)pool.started;
        if (pthread_create(&pool.threads[pool.started], NULL, thread_main, number) != 0)
            break; /* with those that there are, then */
        pool.started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* at exit, or when the library is unloaded */
__attribute__((destructor)) static void stop_threads(void) {
    if (pthread_mutex_trylock(&pool.busy) != 0)
        return; /* another thread is computing: leave it alone */
    STORE(pool.quit, 1);
    pthread_mutex_lock(&pool.lock);
    pthread_cond_broadcast(&pool.wake);
    pthread_mutex_unlock(&pool.lock);
    while (pool.started > 0)
        pthread_join(pool.threads[--pool.started], NULL);
    STORE(pool.quit, 0);
    pthread_mutex_unlock(&pool.busy);
}

static int32_t processors(void) {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
#endif
    return (int32_t)sysconf(_SC_NPROCESSORS_ONLN);
}

/* ---- Work ---------------------------------------------------------------------------------- */

void mxl_parallel(int32_t threads, int64_t n_chunks, mxl_chunk_fn fn, void *context) {
    uint64_t job;
    if (threads < 2 || n_chunks < 2 || n_chunks >= CLOSED ||
        pthread_mutex_trylock(&pool.busy) != 0) {
        run_alone(n_chunks, fn, context);
        return;
    }
    if (pool.started < threads - 1)
        start_threads(threads - 1);
    pool.fn = fn;
    pool.context = context;
    pool.n_chunks = (uint32_t)n_chunks;
    pool.helpers = threads - 1;
    job = ((LOAD(pool.ticket) >> 32) + 1) << 32;
    if (job == 0)
        job = (uint64_t)1 << 32; /* job 0 is what new threads believe to have done */
    STORE(pool.ticket, job);
    if (LOAD(pool.sleeping) > 0) {
        pthread_mutex_lock(&pool.lock);
        pthread_cond_broadcast(&pool.wake);
        pthread_mutex_unlock(&pool.lock);
    }
    claim_chunks(0);
    STORE(pool.ticket, job | CLOSED);
    for (threads = 0; LOAD(pool.active) > 0; threads++) /* chunks still being worked on */
        if (threads < SPINS)
            relax();
        else
            sched_yield();
    pthread_mutex_unlock(&pool.busy);
}

static int32_t automatic(void) {
    static int32_t known; /* every thread that finds 0 finds out the same */
    int32_t n = LOAD(known);
    if (n == 0) {
        const char *wanted = getenv("MXLOSS_NUM_THREADS");
        n = wanted ? atoi(wanted) : 0;
        if (n < 1)
            n = processors();
        n = n < 1 ? 1 : n > MOST_THREADS ? MOST_THREADS : n;
        STORE(known, n);
    }
    return n;
}

int32_t mxl_get_num_threads(void) {
    const int32_t n = LOAD(setting);
    return n > 0 ? n : automatic();
}

mxl_status mxl_set_num_threads(int32_t n) {
    if (n < 0)
        return MXL_ERR_OPTION;
    STORE(setting, n > MOST_THREADS ? MOST_THREADS : n);
    return MXL_OK;
}

#else /* no threads */

void mxl_parallel(int32_t threads, int64_t n_chunks, mxl_chunk_fn fn, void *context) {
    (void)threads;
    run_alone(n_chunks, fn, context);
}

int32_t mxl_get_num_threads(void) {
    return 1;
}

mxl_status mxl_set_num_threads(int32_t n) {
    return n < 0 ? MXL_ERR_OPTION : MXL_OK;
}
#endif

int32_t mxl_threads_for(int32_t wanted) {
    const int32_t most = mxl_get_num_threads();
    return wanted > 0 && wanted < most ? wanted : most;
}

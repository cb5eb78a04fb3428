/*
 * test_unload.c - the library loaded, used with threads and unloaded, again and again
 *
 *     test_unload libmxloss.so [times]
 *
 * Its threads end with it, nothing of it stays in memory, and neither fork nor exit looks for it.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <mxloss.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { N = 200000 };

static float pred[N], label[N], value[N], grad[N];
static const char *path;

static int threads_alive(void) {
    DIR *tasks = opendir("/proc/self/task");
    int n = -2; /* . and .. */
    while (tasks && readdir(tasks))
        n++;
    if (tasks)
        closedir(tasks);
    return n;
}

static int alone(void) { /* the system may be a little late to notice that a thread is gone */
    int i;
    for (i = 0; i < 1000 && threads_alive() > 1; i++)
        usleep(1000);
    return i < 1000;
}

static int mapped(void) {
    char line[1000];
    int found = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps))
        found |= strstr(line, "libmxloss") != NULL;
    if (maps)
        fclose(maps);
    return found;
}

static int use(void *library) {
    mxl_status (*run)(mxl_loss, const mxl_options *, int32_t, const mxl_tensor *const *,
                      const mxl_tensor *, mxl_tensor *, mxl_tensor *const *, const mxl_exec *);
    mxl_status (*set)(int32_t);
    int64_t shape[MXL_MAX_NDIM] = {N};
    mxl_tensor t[4] = {{0}};
    float *const data[4] = {pred, label, value, grad};
    const mxl_tensor *inputs[2] = {&t[0], &t[1]};
    mxl_tensor *grads[2] = {&t[3], NULL};
    int i;
    *(void **)&run = dlsym(library, "mxl_run");
    *(void **)&set = dlsym(library, "mxl_set_num_threads");
    if (run == NULL || set == NULL || set(4) != MXL_OK)
        return 0;
    for (i = 0; i < 4; i++) {
        t[i].data = data[i];
        t[i].device.device_type = MXL_CPU;
        t[i].ndim = 1;
        t[i].dtype.code = MXL_FLOAT;
        t[i].dtype.bits = 32;
        t[i].dtype.lanes = 1;
        t[i].shape = shape;
    }
    memset(value, 0, sizeof value);
    if (run(MXL_L2, NULL, 2, inputs, NULL, &t[2], grads, NULL) != MXL_OK)
        return 0;
    for (i = 0; i < N; i++)
        if (value[i] != pred[i] * pred[i] / 2 || grad[i] != pred[i])
            return 0;
    return 1;
}

static void *load_use_unload(void *pause) {
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CHECK(library && use(library), "%s", library ? "other results" : dlerror());
    if (library == NULL)
        exit(finish());
    CHECK(threads_alive() >= 4, "%d threads", threads_alive());
    if (pause)
        usleep(2000); /* they fall asleep */
    CHECK(dlclose(library) == 0, "%s", dlerror());
    return NULL;
}

static long in_use(void) { /* bytes of malloc's, if it tells */
#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 33)
    return (long)mallinfo2().uordblks;
#endif
#endif
    return 0;
}

int main(int argc, char **argv) {
    const long times = argc > 2 ? atol(argv[2]) : 100;
    long i, bytes = 0;
    int status;
    pthread_t thread;
    path = argc > 1 ? argv[1] : "libmxloss.so";
    for (i = 0; i < N; i++)
        pred[i] = (float)(i % 1000) / 8;
    SKIP_WITHOUT_FORKS;
#if defined(__linux__) && !defined(__GLIBC__)
    return printf("skipped: musl's dlclose does nothing\n"), 77;
#endif
    alarm(300);
    for (i = 0; i < times; i++) {
        if (i == 10)
            bytes = in_use();
        if (i % 4 == 3) { /* in a thread, and another one goes on */
            CHECK(pthread_create(&thread, NULL, load_use_unload, NULL) == 0, "no thread");
            CHECK(pthread_join(thread, NULL) == 0, "join");
        } else {
            load_use_unload(i % 2 ? &i : NULL);
        }
        CHECK(alone(), "%d threads are left", threads_alive());
        CHECK(!mapped(), "still there");
        if (i % 10 == 0) {
            const pid_t child = fork(); /* calls no handler that is gone */
            if (child == 0) {
                load_use_unload(NULL);
                exit(failures != 0);
            }
            CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) &&
                      WEXITSTATUS(status) == 0,
                  "child %ld", i);
        }
    }
    if (times > 10)
        CHECK(in_use() - bytes < 4096, "%ld bytes more in use", in_use() - bytes);
    load_use_unload(NULL);
    return finish();
}

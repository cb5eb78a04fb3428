/*
 * Memory bandwidth: a[i] = b[i] + s * c[i] over floats, with ordinary stores.
 *
 *     triad BYTES_PER_ARRAY THREADS SECONDS
 *
 * prints the bytes per second of the best pass, counting every array once.
 */
#define _GNU_SOURCE
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static float *make(size_t n, float x)
{
    void *memory = NULL;
    size_t bytes = n * sizeof(float);
    if (posix_memalign(&memory, 1 << 21, bytes))
        exit(1);
#ifdef MADV_HUGEPAGE
    madvise(memory, bytes, MADV_HUGEPAGE); /* as numpy does */
#endif
    float *a = memory;
#pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i++)
        a[i] = x;
    return a;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    size_t n = strtoull(argv[1], NULL, 10) / sizeof(float);
    omp_set_num_threads(atoi(argv[2]));
    float *restrict a = make(n, 0), *restrict b = make(n, 1), *restrict c = make(n, 2);
    float s = (float)argc;
    double best = 1e30, end = omp_get_wtime() + atof(argv[3]);
    do {
        double start = omp_get_wtime();
#pragma omp parallel for schedule(static)
        for (size_t i = 0; i < n; i++)
            a[i] = b[i] + s * c[i];
        double seconds = omp_get_wtime() - start;
        if (seconds < best)
            best = seconds;
        s += a[n / 2] > 1e9f; /* so that no pass can be left out */
    } while (omp_get_wtime() < end);
    printf("%.0f\n", 3.0 * n * sizeof(float) / best);
    return 0;
}

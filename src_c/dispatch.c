/* dispatch.c - which instruction set's kernels are in use */
#include <stdlib.h>
#include <string.h>

#include "job.h"
#include "target.h"
#if MXL_X86_64
#include <cpuid.h>
#endif

/* A new instruction set is a row here and a file kernels_<name>.c. Best last. */
static const struct {
    mxl_isa isa;
    const char *name;
    const mxl_kernels *kernels;
} table[] = {
    {MXL_ISA_BASE, "base", &mxl_kernels_base},
    {MXL_ISA_AVX2, "avx2", &mxl_kernels_avx2},
    {MXL_ISA_AVX512, "avx512", &mxl_kernels_avx512},
    {MXL_ISA_NEON, "neon", &mxl_kernels_neon},
};
enum { ROWS = sizeof table / sizeof *table };

#if MXL_X86_64
static int has_f16c(void) { /* __builtin_cpu_supports does not know it in older compilers */
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c >> 29 & 1);
}
#endif

static int processor_has(mxl_isa isa) {
#if MXL_X86_64
    if (isa == MXL_ISA_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && has_f16c();
    if (isa == MXL_ISA_AVX512)
        return has_f16c() && __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
#endif
    return isa == MXL_ISA_BASE || (MXL_ARM64 && isa == MXL_ISA_NEON);
}

static int usable(int row) {
    return table[row].kernels->run_f32 != NULL && processor_has(table[row].isa);
}

/* The row in use plus one, 0 before the first choice. Any thread may make that choice; all of them
 * make the same. */
static int chosen;

#if defined(__GNUC__)
#define LOAD(x) __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define STORE(x, value) __atomic_store_n(&(x), (value), __ATOMIC_RELAXED)
#else
#define LOAD(x) (x)
#define STORE(x, value) ((x) = (value))
#endif

static int best_row(void) {
    int i, best = 0;
    for (i = 0; i < ROWS; i++)
        if (usable(i))
            best = i;
    return best;
}

static int current_row(void) {
    int row = LOAD(chosen) - 1, i;
    if (row < 0) {
        const char *wanted = getenv("MXLOSS_ISA");
        row = best_row();
        for (i = 0; wanted && i < ROWS; i++)
            if (strcmp(wanted, table[i].name) == 0 && usable(i))
                row = i;
        STORE(chosen, row + 1);
    }
    return row;
}

static int find_row(mxl_isa isa) {
    int i;
    for (i = 0; i < ROWS; i++)
        if (table[i].isa == isa)
            return i;
    return -1;
}

const mxl_kernels *mxl_dispatch(void) {
    return table[current_row()].kernels;
}

mxl_isa mxl_get_isa(void) {
    return table[current_row()].isa;
}

int32_t mxl_has_isa(mxl_isa isa) {
    const int row = find_row(isa);
    return isa == MXL_ISA_AUTO || (row >= 0 && usable(row));
}

mxl_status mxl_set_isa(mxl_isa isa) {
    if (!mxl_has_isa(isa))
        return MXL_ERR_BACKEND;
    STORE(chosen, (isa == MXL_ISA_AUTO ? best_row() : find_row(isa)) + 1);
    return MXL_OK;
}

const char *mxl_isa_name(mxl_isa isa) {
    const int row = find_row(isa);
    return isa == MXL_ISA_AUTO ? "auto" : row >= 0 ? table[row].name : "unknown";
}

/*
 * test_fuzz.c - calls made of bytes, and whether they keep mxloss.h's promises
 *
 *     test_fuzz [CALLS [SEED [FILE]]]       10000 and 1
 *
 * The file's calls, one of hexadecimal digits a line, then as many of random bytes. See tests/fuzz.
 */
#include "../fuzz/call.h"
#include "check.h"

static uint64_t state;

static uint32_t random_bits(void) { /* splitmix64 */
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(z >> 32);
}

static mxl_status try_bytes(const char *name, const uint8_t *data, size_t size) {
    static call c;
    mxl_status status;
    int broken;
    decode(&c, data, size);
    broken = try_call(&c, &status);
    CHECK(broken == 0, "%s", name);
    release_call(&c);
    return status;
}

enum { MOST = 512 };
static long seen[MXL_ERR_VALUE + 1];

static void try_file(const char *path) {
    FILE *file = fopen(path, "r");
    char line[2 * MOST + 2], name[40];
    uint8_t data[MOST];
    long number = 0;
    CHECK(file != NULL, "%s cannot be read", path);
    while (file && fgets(line, sizeof line, file)) {
        size_t size = 0;
        unsigned byte;
        while (sscanf(line + 2 * size, "%2x", &byte) == 1)
            data[size++] = (uint8_t)byte;
        snprintf(name, sizeof name, "line %ld", ++number);
        seen[try_bytes(name, data, size)]++;
    }
    CHECK(number > 0, "%s has no calls", path);
    if (file)
        fclose(file);
}

int main(int argc, char **argv) {
    const long calls = argc > 1 ? atol(argv[1]) : 10000, seed = argc > 2 ? atol(argv[2]) : 1;
    uint8_t data[MOST];
    long i;
    mxl_set_num_threads(3);
    if (argc > 3)
        try_file(argv[3]);
    for (i = 0; i < calls; i++) {
        char name[40];
        size_t size, k;
        state = (uint64_t)(seed + i); /* so that each can be made once more by itself */
        size = random_bits() % MOST;
        for (k = 0; k < size; k++)
            data[k] = (uint8_t)random_bits();
        snprintf(name, sizeof name, "test_fuzz 1 %ld", seed + i);
        seen[try_bytes(name, data, size)]++;
    }
    for (i = 0; i <= MXL_ERR_VALUE; i++)
        if (seen[i])
            printf("%8ld %s\n", seen[i], mxl_status_string((mxl_status)i));
    CHECK(calls < 1000 || seen[MXL_OK] * 2 > calls, "only %ld calls were good", seen[MXL_OK]);
    return finish();
}

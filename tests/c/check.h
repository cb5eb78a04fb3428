/* check.h - the least that a test program needs */
#ifndef CHECK_H
#define CHECK_H
#include <stdio.h>
#include <stdlib.h>

static int failures, checks;

#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        checks++;                                                                                  \
        if (!(condition)) {                                                                        \
            if (failures++ < 20) {                                                                 \
                printf("%s:%d: %s: ", __FILE__, __LINE__, #condition);                             \
                printf(__VA_ARGS__);                                                               \
                printf("\n");                                                                      \
            }                                                                                      \
        }                                                                                          \
    } while (0)

/* Where MXLOSS_NO_FORKS is set: neither qemu nor ThreadSanitizer knows threads in a child of fork.
 */
#define SKIP_WITHOUT_FORKS                                                                         \
    do {                                                                                           \
        if (getenv("MXLOSS_NO_FORKS"))                                                             \
            return printf("skipped: children of fork cannot have threads here\n"), 77;             \
    } while (0)

static int finish(void) {
    printf("%d checks, %d failed\n", checks, failures);
    return failures || checks == 0;
}
#endif

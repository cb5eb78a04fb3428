/*
 * scratch.c - working memory of a call, kept for the next one
 *
 * The block that was given back last is kept, so that a loop neither allocates nor comes upon new
 * pages, which the system would have to clear. Calls at the same time have blocks of their own.
 * What is kept is no larger than the largest call needed, and never above MOST_KEPT.
 */
#include "scratch.h"

#include <stdint.h>
#include <stdlib.h>

enum { LINE = 64, MOST_KEPT = 64 << 20 };

/* lies in front of the block */
typedef struct {
    void *allocated;
    size_t bytes;
} header;

static header *header_of(void *block) {
    return (header *)block - 1;
}

static void release(void *block) {
    if (block)
        free(header_of(block)->allocated);
}

/* Under AddressSanitizer each call has a block of exactly its size, so that it sees what is beyond.
 */
#if !defined(__GNUC__) || defined(__SANITIZE_ADDRESS__)
#define KEEPS 0
#elif defined(__has_feature) /* clang says it like this */
#define KEEPS !__has_feature(address_sanitizer)
#else
#define KEEPS 1
#endif
#if KEEPS
static void *kept;

static void *swap(void *block) {
    return __atomic_exchange_n(&kept, block, __ATOMIC_ACQ_REL);
}

__attribute__((destructor)) static void release_kept(void) {
    release(swap(NULL));
}
#else
static void *swap(void *block) {
    return block;
}
#endif

void *mxl_scratch_take(uint64_t bytes) {
    char *block = (char *)swap(NULL), *allocated;
    if (block && header_of(block)->bytes >= bytes)
        return block;
    release(block);
    if (bytes > SIZE_MAX - LINE - sizeof(header))
        return NULL;
    allocated = (char *)malloc((size_t)bytes + LINE + sizeof(header));
    if (allocated == NULL)
        return NULL;
    block = allocated + sizeof(header);
    block += (LINE - (uintptr_t)block % LINE) % LINE;
    header_of(block)->allocated = allocated;
    header_of(block)->bytes = (size_t)bytes;
    return block;
}

void mxl_scratch_give(void *block) {
    if (block && header_of(block)->bytes <= MOST_KEPT)
        block = swap(block);
    release(block);
}

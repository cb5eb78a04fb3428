/*
 * fail_malloc.c - to be preloaded: one malloc that a library asks for fails
 *
 *     cc -shared -fPIC fail_malloc.c -o fail_malloc.so
 *     FAIL_IN=_native FAIL_AT=3 LD_PRELOAD=fail_malloc.so python ...
 *
 * The third one that comes from code of the library that is loaded with _native in its name.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

extern void *__libc_malloc(size_t bytes);

static uintptr_t begin, end; /* of the library's code */
static long at;

static int find(struct dl_phdr_info *info, size_t size, void *name) {
    int i;
    (void)size;
    if (strstr(info->dlpi_name, (const char *)name) == NULL)
        return 0;
    for (i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X)) {
            begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            end = begin + info->dlpi_phdr[i].p_memsz;
        }
    return 1;
}

void *dlopen(const char *path, int flags) {
    void *(*real)(const char *, int);
    const char *name = getenv("FAIL_IN");
    void *library;
    *(void **)&real = dlsym(RTLD_NEXT, "dlopen");
    library = real(path, flags);
    if (library && path && name && begin == 0 && strstr(path, name)) {
        at = atol(getenv("FAIL_AT"));
        dl_iterate_phdr(find, (void *)name);
    }
    return library;
}

void *malloc(size_t bytes) {
    const uintptr_t caller = (uintptr_t)__builtin_return_address(0);
    if (caller - begin < end - begin && __atomic_add_fetch(&at, -1, __ATOMIC_SEQ_CST) == 0) {
        errno = ENOMEM;
        return NULL;
    }
    return __libc_malloc(bytes);
}

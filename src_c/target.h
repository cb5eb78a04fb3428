/* target.h - which processor family this is, and pragmas to compile a part of a file for more */
#ifndef MXL_TARGET_H
#define MXL_TARGET_H
#include <stddef.h>

#if (defined(__x86_64__) || defined(_M_X64)) && defined(__GNUC__)
#define MXL_X86_64 1
#else
#define MXL_X86_64 0
#endif

#if defined(__aarch64__) && defined(__GNUC__)
#define MXL_ARM64 1
#else
#define MXL_ARM64 0
#endif

/* clang takes the widest vectors of the target by itself */
#if defined(__clang__)
#define MXL_WIDEST ""
#else
#define MXL_WIDEST ",prefer-vector-width=512"
#endif

#define MXL_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define MXL_TARGET_BEGIN(features)                                                                 \
    MXL_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define MXL_TARGET_END MXL_PRAGMA(clang attribute pop)
#elif defined(__GNUC__)
#define MXL_TARGET_BEGIN(features) MXL_PRAGMA(GCC push_options) MXL_PRAGMA(GCC target(features))
#define MXL_TARGET_END MXL_PRAGMA(GCC pop_options)
#endif

#endif

/* scratch.h - working memory of a call */
#ifndef MXL_SCRATCH_H
#define MXL_SCRATCH_H
#include <stdint.h>

/* At least so many bytes, at a multiple of 64, with anything in them; NULL if there are none. */
void *mxl_scratch_take(uint64_t bytes);

/* Give them back; NULL is fine. */
void mxl_scratch_give(void *block);

#endif

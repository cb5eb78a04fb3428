/* parallel.h - the thread pool */
#ifndef MXL_PARALLEL_H
#define MXL_PARALLEL_H
#include <stdint.h>

/* One piece of work. `worker` is from 0 to threads - 1, and no two calls at a time share it. */
typedef void (*mxl_chunk_fn)(void *context, int64_t chunk, int32_t worker);

/* Call fn once for each chunk from 0 to n_chunks - 1, on at most `threads` threads, the calling one
 * among them, and return when all are done. Which thread gets which chunk is left to chance. */
void mxl_parallel(int32_t threads, int64_t n_chunks, mxl_chunk_fn fn, void *context);

/* How many threads a call with mxl_exec.num_threads == wanted may use. */
int32_t mxl_threads_for(int32_t wanted);

#endif

/* libfuzzer.c - calls from libFuzzer's bytes; see .ci/fuzz */
#include <stdlib.h>

#include "call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    call c;
    mxl_status status;
    int failed;
    mxl_set_num_threads(3);
    decode(&c, data, size);
    failed = try_call(&c, &status);
    release_call(&c);
    if (failed)
        abort();
    return 0;
}

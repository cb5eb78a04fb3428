/*
 * call.h - calls of mxl_run made of any bytes, and what must hold of each
 *
 * Every choice takes a byte or two; where there are no more bytes it is the plainest one. So most
 * bytes make a call that is right or wrong in one respect, and a change of few bytes a similar one.
 */
#ifndef CALL_H
#define CALL_H
#include <mxloss.h>
#include <stddef.h>

enum { MOST_AXES = MXL_MAX_NDIM + 2, INPUTS = MXL_MAX_INPUTS };
enum { PATTERN = 0xff }; /* as a float of any size a NaN that no arithmetic gives */

enum { F32, F64, F16, BF16, I8, I16, I32, I64, U8, U16, U32, U64, BOOL, DTYPES };

/* A tensor in a heap block of exactly the bytes that its strides reach, so that AddressSanitizer
 * sees the first one too far. Blocks begin as PATTERN. */
typedef struct {
    mxl_tensor t;
    int64_t shape[MOST_AXES], strides[MOST_AXES], count;
    int dt, item; /* dt: one of the above */
    char *block;  /* NULL = none of its own */
    size_t bytes;
    int woven; /* the block has another array's elements in its gaps */
} array;

typedef struct {
    mxl_loss loss;
    mxl_options options;
    int has_options, has_exec, has_record;
    int32_t n_inputs, threads;
    uint32_t exec_size;
    array in[INPUTS], grad[INPUTS], head, value;
    int has_in[INPUTS], wants[INPUTS], has_head, has_value, has_grads;
    int planning, alone; /* alone: which gradient to compute once more by itself */
    /* what is known about it */
    int value_ndim; /* by what the header says */
    int64_t value_shape[2];
    int must_work; /* nothing is wrong about it */
    int ordinary;  /* numbers are multiples of 1/64 below 4, inside the formula's domain */
} call;

/* decode.c: to be freed by release_call */
void decode(call *c, const uint8_t *data, size_t size);
void release_call(call *c);

/* The bytes that are left to decode. */
unsigned next_byte(void);
int64_t below(int64_t n); /* n <= 65536 */
int one_in(int64_t n);    /* n <= 256 */

/* shapes.c: the loss's inputs, sample weight and value, as shapes of the arrays without memory */
void choose_shapes(call *c);

/* contents.c */
char kind_of(const call *c, int k); /* of input k: 'w' for whole numbers */
void fill_input(call *c, int k);
int fill(call *c, array *a, char kind); /* 0 if some numbers are not ordinary */

/* arrays.c */
extern const mxl_dtype dtypes[DTYPES];
void set_dtype(array *a, int dt);
void lay_out(array *a, int is_input, int has_memory);
char *element(const array *a, int64_t position); /* in row-major order */
double get(const array *a, int64_t position);
void put(array *a, int64_t position, double x);
double largest_whole(int dt); /* up to which all whole numbers are exact */
void reset(array *a);         /* PATTERN everywhere */
int untouched(const array *a);
void compact(array *to, const array *from); /* a contiguous copy */
/* b becomes an array like a, in the gaps of a's memory, or `apart` elements away from that */
void weave(array *a, array *b, int64_t apart);
void release(array *a);

/* oracles.c: make the call, in several ways; the number of promises that were broken */
int try_call(call *c, mxl_status *status);

#endif

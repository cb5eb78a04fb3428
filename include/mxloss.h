/*
 * mxloss.h - loss functions of Apache MXNet Gluon, value and gradient in one call
 *
 * This header is the whole public interface and its manual. It is valid C99 and C++.
 *
 *     const mxl_loss_info *info = mxl_info(MXL_HUBER);     what a loss is called, what it reads
 *     mxl_options options;  mxl_defaults(MXL_HUBER, &options);
 *     mxl_run(MXL_HUBER, &options, n_inputs, inputs, head_grad, value, grads, exec);
 *
 * Argument order everywhere: what, options, inputs, outputs, execution.
 *
 * Memory.   The caller owns every array and every struct. The library keeps no pointer after a
 *           call returns. Inputs are never written. Outputs are overwritten, never added to.
 * Errors.   Every call that can fail returns an mxl_status; mxl_exec.error, if given, receives the
 *           same status, the argument at fault and one English sentence. After any error, nothing
 *           has been written to any output. Nothing is ever printed, and nothing aborts.
 * Threads.  Every function may be called from several threads at once, mxl_set_isa included. Large
 *           calls use several threads; calls at the same time do not wait for one another. The
 *           library may be unloaded when no call is under way; its threads end with it.
 * Numbers.  Results depend on the inputs only, not on time, load or memory layout. Among
 *           processors with fused multiply-add they do not depend on the instruction set either.
 * Not promised: the last bit staying the same from one version of the library to the next.
 */
#ifndef MXLOSS_H
#define MXLOSS_H

#include <stdint.h>

#define MXL_VERSION_MAJOR 0
#define MXL_VERSION_MINOR 1
#define MXL_VERSION_PATCH 0

/* The most dimensions a tensor may have. */
#define MXL_MAX_NDIM 16

/* The most inputs that a loss may have in this and in later versions. */
#define MXL_MAX_INPUTS 8

#if defined(_WIN32)
#define MXL_API
#elif defined(__GNUC__)
#define MXL_API __attribute__((visibility("default")))
#else
#define MXL_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* [cdef] Everything from here to [end cdef] is plain declarations: the Python binding reads it. */

/* ---- Status and errors ------------------------------------------------------------------- */

/* Values are pinned: new ones are added at the end, none is ever renumbered. */
typedef enum mxl_status {
    MXL_OK = 0,
    MXL_ERR_NULL = 1,   /* a required pointer is missing */
    MXL_ERR_LOSS = 2,   /* no loss has this number */
    MXL_ERR_OPTION = 3, /* an option is out of its range, or set though the loss does not read it */
    MXL_ERR_DTYPE = 4,  /* an element type that this argument cannot have */
    MXL_ERR_SHAPE = 5,  /* a shape that does not fit the other arguments */
    MXL_ERR_LAYOUT = 6, /* outputs that overlap something, misaligned data, too many dimensions */
    MXL_ERR_DEVICE = 7, /* data that is not in the processor's memory */
    MXL_ERR_MEMORY = 8, /* working memory could not be allocated */
    MXL_ERR_BACKEND = 9,  /* an instruction set that this machine or build does not have */
    MXL_ERR_VERSION = 10, /* a struct whose size field no version of this library has had */
    MXL_ERR_VALUE = 11    /* an element that the loss cannot take, such as a class label >= C */
} mxl_status;

/* Which argument an error is about: an input's index, MXL_ARG_GRAD + its index for the gradient
 * with respect to it, or one of the other constants. */
typedef enum mxl_arg {
    MXL_ARG_NONE = -1,
    MXL_ARG_OPTIONS = -2,
    MXL_ARG_HEAD_GRAD = -3,
    MXL_ARG_VALUE = -4,
    MXL_ARG_EXEC = -5,
    MXL_ARG_GRAD = 64
} mxl_arg;

typedef struct mxl_error {
    int32_t status;    /* an mxl_status */
    int32_t arg;       /* an mxl_arg, or an input's index */
    char message[504]; /* what was wrong, what was expected; ends with a NUL, has no newline */
} mxl_error;

/* ---- Tensors ------------------------------------------------------------------------------ */

/* Field for field DLPack's DLDataType, DLDevice and DLTensor (DLPack 1.0), so that an array of any
 * library that speaks DLPack arrives by a pointer cast. */
typedef enum mxl_dtype_code {
    MXL_INT = 0,    /* 8, 16, 32 or 64 bits */
    MXL_UINT = 1,   /* 8, 16, 32 or 64 bits */
    MXL_FLOAT = 2,  /* 16, 32 or 64 bits */
    MXL_BFLOAT = 4, /* 16 bits */
    MXL_BOOL = 6    /* 8 bits */
} mxl_dtype_code;

typedef struct mxl_dtype {
    uint8_t code; /* an mxl_dtype_code */
    uint8_t bits;
    uint16_t lanes; /* 1 */
} mxl_dtype;

typedef enum mxl_device_type { MXL_CPU = 1 } mxl_device_type;

typedef struct mxl_device {
    int32_t device_type; /* MXL_CPU */
    int32_t device_id;
} mxl_device;

typedef struct mxl_tensor {
    void *data; /* aligned as C asks for its type: mostly, a multiple of the element size */
    mxl_device device;
    int32_t ndim;
    mxl_dtype dtype;
    int64_t *shape;       /* [ndim]; may be NULL when ndim is 0 */
    int64_t *strides;     /* [ndim], in elements, any sign; NULL = row-major without gaps */
    uint64_t byte_offset; /* from data to the first element */
} mxl_tensor;

/* ---- Losses and their options -------------------------------------------------------------- */

/* Values are pinned: new ones are added at the end, none is ever renumbered. */
typedef enum mxl_loss {
    MXL_L2 = 1,
    MXL_L1 = 2,
    MXL_SIGMOID_BINARY_CROSS_ENTROPY = 3,
    MXL_SOFTMAX_CROSS_ENTROPY = 4,
    MXL_KL_DIV = 5,
    MXL_CTC = 6,
    MXL_HUBER = 7,
    MXL_HINGE = 8,
    MXL_SQUARED_HINGE = 9,
    MXL_LOGISTIC = 10,
    MXL_TRIPLET = 11,
    MXL_POISSON_NLL = 12,
    MXL_COSINE_EMBEDDING = 13,
    MXL_SDML = 14,
    MXL_LOSS_END = 15 /* one past the last number */
} mxl_loss;

/* Choices, or-ed together in mxl_options.flags. */
typedef enum mxl_flag {
    MXL_FROM_LOGITS = 1 << 0,  /* SoftmaxCE, KLDiv: pred holds log-probabilities. PoissonNLL: pred
                                * holds the logarithm of the rate */
    MXL_FROM_SIGMOID = 1 << 1, /* SigmoidBCE: pred holds probabilities */
    MXL_SPARSE_LABEL = 1 << 2, /* SoftmaxCE: label holds class numbers, not a distribution */
    MXL_COMPUTE_FULL = 1 << 3, /* PoissonNLL: add Stirling's approximation of log(target!) */
    MXL_LABEL_BINARY = 1 << 4, /* Logistic: labels are 0 and 1; otherwise -1 and 1 */
    MXL_REDUCE_SUM = 1 << 5,   /* KLDiv: sum over the axes other than batch_axis, not the mean */
    MXL_CLIP_LABEL = 1 << 6,   /* SoftmaxCE: sparse labels are truncated towards 0 and clipped into
                                * [0, C-1]; otherwise a label that is not one of these integers is
                                * an MXL_ERR_VALUE. NaN is refused either way */
    MXL_LAYOUT_TNC = 1 << 7,   /* CTC: pred is (T, N, C); otherwise (N, T, C) */
    MXL_LABEL_LAYOUT_TN = 1 << 8, /* CTC: label is (L, N); otherwise (N, L) */
    MXL_INFEASIBLE_INF = 1 << 9,  /* CTC: the cost of a label that does not fit its frames is
                                   * infinite; otherwise 0. Its gradient is 0 either way */
    MXL_BLANK_IN_LABEL = 1 << 10  /* CTC: a label may hold the blank's number, C-1, as a class like
                                   * any other; otherwise that is an MXL_ERR_VALUE */
} mxl_flag;

/* The options of all losses in one struct. mxl_defaults sets every field for one loss. A field, or
 * a flag, that the loss does not read must keep the value that mxl_defaults gave it; anything else
 * is an MXL_ERR_OPTION, so that a misplaced option is never silently ignored. The struct does not
 * grow, for mxl_defaults writes all of it: options of later versions take places of reserved. */
typedef struct mxl_options {
    uint32_t size;      /* sizeof(mxl_options) */
    uint32_t flags;     /* mxl_flag values */
    int32_t batch_axis; /* the axis that the value keeps; negative counts from the end. Default 0 */
    int32_t axis;       /* SoftmaxCE, KLDiv: the axis of the classes. Default -1 */
    double weight;      /* all: a factor on the loss. Default 1 */
    double rho;         /* Huber: where the parabola meets the lines; > 0. Default 1 */
    double margin;      /* Hinge, SquaredHinge, Triplet: default 1. CosineEmbedding: default 0 */
    double epsilon;     /* PoissonNLL: added to pred inside the logarithm; >= 0. Default 1e-8 */
    double smoothing_parameter; /* SDML: the part of a target that is spread over the other rows;
                                 * >= 0, < 1. Default 0.3 */
    uint64_t reserved[9];       /* 0 */
} mxl_options;

/* What there is to know about one loss; the strings and the struct live as long as the library. */
typedef struct mxl_loss_info {
    const char *name;                   /* "HuberLoss", Gluon's class name */
    int32_t n_inputs;                   /* the most inputs that the loss takes */
    int32_t n_required;                 /* how many of these, the first ones, must be given */
    const char *inputs[MXL_MAX_INPUTS]; /* their names in order; NULL beyond n_inputs */
    const char *options[10]; /* the options it reads, as Gluon spells them; NULL after the last */
    uint32_t flags;          /* the flags it reads */
} mxl_loss_info;

/* ---- Execution ----------------------------------------------------------------------------- */

/* Set by the caller, so this one may grow at the end: size says which fields there are. */
typedef struct mxl_exec {
    uint32_t size;       /* sizeof(mxl_exec) */
    int32_t num_threads; /* the most threads to use; 0 = as set for the process */
    mxl_error *error;    /* filled in when the call fails, untouched otherwise; may be NULL */
} mxl_exec;

/* The instruction sets that kernels exist for. */
typedef enum mxl_isa {
    MXL_ISA_AUTO = 0,   /* the best one for this machine */
    MXL_ISA_BASE = 1,   /* whatever the compiler takes for granted; no fused multiply-add */
    MXL_ISA_AVX2 = 2,   /* x86-64 with AVX2 and FMA */
    MXL_ISA_AVX512 = 3, /* x86-64 with AVX-512 F, BW, DQ and VL */
    MXL_ISA_NEON = 4    /* arm64 */
} mxl_isa;

/* ---- Functions ----------------------------------------------------------------------------- */

/*
 * Compute a loss, its gradients, or both, reading the inputs once.
 *
 *   loss       which one
 *   options    from mxl_defaults; NULL = the defaults
 *   n_inputs   length of inputs (and of grads, if given); missing or NULL inputs are absent
 *   inputs     in the order of mxl_info(loss)->inputs
 *   head_grad  gradient of the caller's objective with respect to value, of value's shape and any
 *              real dtype; NULL = ones. With NULL the gradients are those of the sum of value
 *   value      receives the loss; NULL = not wanted
 *   grads      grads[k] receives the gradient with respect to inputs[k], in its shape and dtype;
 *              NULL (the array or an element) = not wanted. Integer and bool inputs have none
 *   exec       threads and error record; NULL = defaults and no record
 *
 * Value and gradients together cost one pass over memory. At least one must be wanted.
 *
 * Shapes of elementwise losses. Let pred be inputs[0].
 *   label, target  have as many elements as pred and are read row by row in pred's shape, whatever
 *                  their own. KLDiv: broadcasts to pred instead. SoftmaxCE with MXL_SPARSE_LABEL:
 *                  pred's shape without `axis`, or with that axis of length 1
 *   sample_weight  broadcasts to the unreduced loss, which has pred's shape (SoftmaxCE: pred's with
 *                  `axis` of length 1; a weight of fewer dimensions than pred broadcasts to pred's
 *                  shape without `axis`). It never widens the loss
 *   pos_weight     broadcasts to pred
 *   value          one element per index of batch_axis, the mean over all others (KLDiv with
 *                  MXL_REDUCE_SUM: the sum). PoissonNLL: shape (1,), the mean over everything.
 *                  SoftmaxCE with batch_axis == axis: shape (1,)
 * and of those that have one value per row:
 *   Triplet          positive and negative as a label above. Rows are what batch_axis tells apart.
 *                    value: (rows,)
 *   CosineEmbedding  vectors lie along the last axis of input2, N in all; input1 has as many
 *                    elements, label N or one. value: (N, 1). batch_axis is 0
 *   SDML             x1, x2: (N, D), N at least 2. value: (N,). batch_axis is 0
 *   CTC              pred: (N, T, C), label: (N, L), or as the layout flags say; lengths: (N,).
 *                    The last class is the blank. A label ends before its first -1 or, with
 *                    label_lengths, where these say; what comes then is not looked at, nor are
 *                    frames beyond pred_lengths, whose gradient is 0. value: (N,)
 *   sample_weight    broadcasts to value
 *
 * A batch axis of length 0 gives an empty value and is no error, except for PoissonNLL. Any other
 * axis of length 0 is one.
 *
 * Dtypes. pred: float16, bfloat16, float32 or float64; value has the same. Everything else: any
 * real dtype, converted to the compute type (float32 for the half types, else pred's); bool counts
 * as 0 and 1. Class labels never pass through a floating type unless they come in one.
 *
 * Planning. With value given and value->data NULL, nothing is computed: every argument is checked
 * as far as this goes without reading data (the data of the other tensors may be NULL too), and
 * value->ndim, value->dtype and value->shape are filled in; value->shape must have room for
 * MXL_MAX_NDIM numbers. The answer depends on shapes, dtypes and options only, so it may be kept.
 *
 * Outputs may have any strides without overlap. They must not overlap an input or one another.
 *
 * Non-finite numbers. A NaN that takes part in an element of the result makes it NaN. Infinite
 * inputs give what the formula gives in IEEE arithmetic.
 */
MXL_API mxl_status mxl_run(mxl_loss loss, const mxl_options *options, int32_t n_inputs,
                           const mxl_tensor *const *inputs, const mxl_tensor *head_grad,
                           mxl_tensor *value, mxl_tensor *const *grads, const mxl_exec *exec);

/* Set every field of *options to the loss's default. MXL_ERR_NULL, MXL_ERR_LOSS. */
MXL_API mxl_status mxl_defaults(mxl_loss loss, mxl_options *options);

/* Facts about a loss; NULL when there is none of that number. Losses are numbered from 1 to
 * MXL_LOSS_END - 1, with gaps. */
MXL_API const mxl_loss_info *mxl_info(mxl_loss loss);

/* The name of a status, such as "MXL_ERR_SHAPE"; never NULL. */
MXL_API const char *mxl_status_string(mxl_status status);

/* "0.1.0", of the library at run time. */
MXL_API const char *mxl_version(void);

/* Compiler and options that the library was built with, one line. */
MXL_API const char *mxl_build_info(void);

/* The instruction set in use; never MXL_ISA_AUTO. The environment variable MXLOSS_ISA (base, avx2,
 * avx512, neon) is read at the first call; a name that cannot be used is ignored. */
MXL_API mxl_isa mxl_get_isa(void);

/* Use another instruction set from the next mxl_run on, in the whole process: for tests and
 * measurements. MXL_ERR_BACKEND when the machine or the build lacks it. */
MXL_API mxl_status mxl_set_isa(mxl_isa isa);

/* 1 when mxl_set_isa(isa) would succeed, else 0. */
MXL_API int32_t mxl_has_isa(mxl_isa isa);

/* "avx2" and so on; "unknown" for a number that is none. */
MXL_API const char *mxl_isa_name(mxl_isa isa);

/* How many threads one call may use, the calling one included: what mxl_set_num_threads set last,
 * at first the environment variable MXLOSS_NUM_THREADS or the number of processors. Results do not
 * depend on it. Small calls use one thread anyway. */
MXL_API int32_t mxl_get_num_threads(void);

/* Set that number for the whole process, from the next mxl_run on; 0 = automatic again. More than
 * 64 count as 64. MXL_ERR_OPTION below 0. The threads are the library's own: made when first
 * needed, kept, and asleep between calls. They block all signals; a child of fork starts without
 * them. */
MXL_API mxl_status mxl_set_num_threads(int32_t n);

/* [end cdef] */

#ifdef __cplusplus
}
#endif
#endif

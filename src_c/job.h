/*
 * job.h - what a plan hands to a kernel
 *
 * A job describes one call with every question about shapes answered. Its elements form a *stream*:
 * the positions of the unreduced computation in one fixed order, numbered from 0. For most losses
 * the stream is pred in row-major order; where a softmax is involved the class axis comes last, so
 * that `classes` consecutive positions are one row. Sparse labels have a stream of rows only.
 * Inputs and outputs are strided views over the stream; a stride of 0 repeats an input, and for an
 * output it means a sum.
 */
#ifndef MXL_JOB_H
#define MXL_JOB_H

#include "mxloss.h"

typedef enum mxl_dt {
    MXL_DT_F32,
    MXL_DT_F64,
    MXL_DT_F16,
    MXL_DT_BF16,
    MXL_DT_I8,
    MXL_DT_I16,
    MXL_DT_I32,
    MXL_DT_I64,
    MXL_DT_U8,
    MXL_DT_U16,
    MXL_DT_U32,
    MXL_DT_U64,
    MXL_DT_BOOL,
    MXL_DT_NONE
} mxl_dt;

/* Elements in stream order. Neighbouring axes that step evenly are merged, so a contiguous array
 * has ndim 1 and stride 1; ndim is at least 1. */
typedef struct mxl_view {
    char *data;
    int32_t dt;       /* an mxl_dt */
    int32_t itemsize; /* bytes */
    int32_t ndim;
    int64_t shape[MXL_MAX_NDIM];
    int64_t stride[MXL_MAX_NDIM]; /* in elements */
} mxl_view;

typedef enum mxl_output_kind {
    MXL_UNWANTED, /* not asked for */
    MXL_DIRECT,   /* one element per position; `view` is over the stream */
    MXL_ROWSUM,   /* each element sums `run` consecutive positions */
    MXL_SCATTER   /* each element sums positions that lie apart; `cell` says which */
} mxl_output_kind;

typedef struct mxl_output {
    int32_t kind;  /* an mxl_output_kind */
    mxl_view view; /* DIRECT: over the stream; else over the output's own elements, row-major */
    mxl_view cell; /* SCATTER: number of the output's element for each position; no data */
    int64_t run;   /* ROWSUM */
    int64_t size;  /* elements of the output, ROWSUM and SCATTER */
} mxl_output;

/* Formulas of src_c/losses, with the variants that options select. The list, with what each one
 * needs, is MXL_FORMULAS in losses/formulas.h. */
typedef enum mxl_formula_id {
    MXL_F_l2,
    MXL_F_l1,
    MXL_F_huber,
    MXL_F_hinge,
    MXL_F_squared_hinge,
    MXL_F_logistic_signed,
    MXL_F_logistic_binary,
    MXL_F_sigmoid_bce,
    MXL_F_sigmoid_bce_pos,
    MXL_F_sigmoid_bce_prob,
    MXL_F_sigmoid_bce_prob_pos,
    MXL_F_poisson_log,
    MXL_F_poisson_log_full,
    MXL_F_poisson_rate,
    MXL_F_poisson_rate_full,
    MXL_F_kl_div,
    MXL_F_cross_entropy,
    MXL_FORMULA_COUNT
} mxl_formula_id;

typedef enum mxl_shape_of_loop {
    MXL_ELEMENTWISE,         /* formula on every position */
    MXL_SOFTMAX_ELEMENTWISE, /* log-softmax of each row first, then the formula */
    MXL_SPARSE,              /* class numbers as labels; the stream has rows only */
    /* from here on the stream has one position per row, and each loss a loop of its own */
    MXL_ROW_LOOPS,
    MXL_TRIPLETS = MXL_ROW_LOOPS, /* in[0..2]: rows of vectors */
    MXL_PAIRS,                    /* in[0..1]: rows of vectors; in[2]: labels */
    MXL_MATRICES,                 /* in[0..1]: rows of vectors */
    MXL_SEQUENCES                 /* in[0]: rows of frames of classes; in[1]: rows of labels */
} mxl_shape_of_loop;

/* MXL_SPARSE_TILE: most rows of a tile in the sparse loop and of rows side by side, whose kernels
 * have room for so many; MXL_ROW_TILE in the row loops */
enum { MXL_MATRIX_ROWS = 4 }; /* worked on together; see kernels/sdml.h */
enum { MXL_MAX_IN = 3, MXL_SPARSE_TILE = 256, MXL_ROW_TILE = 64 };

/* of one input, in a tile of the elementwise loop: all of its buffers fit the first-level cache */
enum { MXL_TILE_BYTES = 4096 };

/* sums of shorter rows are done many at a time, in kernels/reduce.h */
enum { MXL_SHORT_ROW = 64 };

/* Rows of fewer classes than MXL_FEW_CLASSES are worked on side by side, in kernels/columns.h, and
 * so are rows whose classes lie apart if buffers for MXL_COLUMN_LANES rows do not get too large. */
enum { MXL_FEW_CLASSES = 64, MXL_MANY_CLASSES = 65536, MXL_COLUMN_LANES = 16 };

typedef struct mxl_job {
    int32_t loop;      /* an mxl_shape_of_loop */
    int32_t formula;   /* an mxl_formula_id; unused by the sparse loops */
    int32_t n_in;      /* inputs of the formula: pred, label and perhaps pos_weight */
    int32_t is_double; /* compute in double, else float */
    int32_t from_logits;
    int32_t clip_label;
    int64_t n;        /* positions of the stream */
    int64_t classes;  /* positions per row; 1 for MXL_ELEMENTWISE. Row loops: length of a
                       * vector, or of a frame */
    int32_t columns;  /* SOFTMAX_ELEMENTWISE, SPARSE: rows are worked on side by side */
    int64_t inner;    /* and so many of them follow one another in pred's own shape */
    int64_t row_work; /* of a position of the stream, in elements of pred or what costs as much */
    /* How the stream is cut up, by shapes only: chunks are handed to threads, tiles fit a cache. */
    int64_t chunk, n_chunks; /* positions per chunk; chunks */
    int64_t tile;            /* most positions per tile */
    int64_t row;             /* a tile does not reach over multiples of this, if it is longer */
    int32_t threads;         /* the most to use; 0 = as set for the process */
    double factor;           /* weight / number of positions averaged */
    double rho, margin, epsilon, smoothing;
    /* SEQUENCES */
    int64_t frames, labels;                /* of each sample, with padding */
    mxl_view frame_lengths, label_lengths; /* over the samples; no data = not given */
    int32_t infeasible_inf, blank_in_label;
    mxl_view in[MXL_MAX_IN];
    int32_t has_weight, has_head;
    mxl_view weight, head;
    mxl_output value, din[MXL_MAX_IN], dweight;
    /* Where an input lies, or its gradient goes, that cannot be viewed in the stream's shape; ndim
     * 0 if there is none. in[k] and din[k] then expect a contiguous copy: execute.c makes it. */
    mxl_view copy_from[MXL_MAX_IN], copy_to[MXL_MAX_IN];
    /* gradients with respect to class numbers and lengths, to be filled with zeros */
    mxl_view zeros[MXL_MAX_IN];
    int32_t n_zeros;
} mxl_job;

/* Pointers to all outputs of a job, or to the sinks of a worker, whose members have the same names.
 * Cells of a chunk lie in this order. */
#define MXL_OUTPUTS(of) {&(of)->value, &(of)->dweight, &(of)->din[0], &(of)->din[1], &(of)->din[2]}
enum { MXL_OUTPUT_COUNT = 2 + MXL_MAX_IN };

/* One instruction set's kernels; NULL entries where this build has none. run returns MXL_OK or,
 * with nothing written, MXL_ERR_MEMORY. */
typedef struct mxl_kernels {
    mxl_status (*run_f32)(const mxl_job *job);
    mxl_status (*run_f64)(const mxl_job *job);
} mxl_kernels;

extern const mxl_kernels mxl_kernels_base, mxl_kernels_avx2, mxl_kernels_avx512, mxl_kernels_neon;

/* dispatch.c: the kernels in use */
const mxl_kernels *mxl_dispatch(void);

/* execute.c: do it. MXL_OK or, with nothing written, MXL_ERR_MEMORY. */
mxl_status mxl_execute(mxl_job *job);

#endif

/* sequences.h - reading the samples of CTCLoss */
#ifndef MXL_SEQUENCES_H
#define MXL_SEQUENCES_H
#include "job.h"

typedef struct mxl_sample {
    int64_t frames, labels; /* that count */
    int64_t needed;         /* frames: one per label, and a blank between equal neighbours */
} mxl_sample;

typedef enum mxl_sample_fault {
    MXL_SAMPLE_OK,
    MXL_BAD_FRAMES,      /* its entry in pred_lengths, */
    MXL_BAD_LABEL_COUNT, /* in label_lengths, */
    MXL_BAD_LABEL        /* or the label at place s->labels */
} mxl_sample_fault;

/* Read one sample's lengths and its labels into y (job->labels of them, or NULL). Stops at the
 * first fault. */
mxl_sample_fault mxl_sample_read(const mxl_job *job, int64_t sample, mxl_sample *s, int64_t *y);

#endif

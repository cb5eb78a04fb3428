/* losses.h - the table of losses: what plan.c needs to know about each one */
#ifndef MXL_LOSSES_H
#define MXL_LOSSES_H
#include "job.h"

/* how the label, inputs[1], relates to pred; for the elementwise family */
typedef enum mxl_label_rule {
    MXL_LABEL_RESHAPED,  /* as many elements, read in pred's shape */
    MXL_LABEL_BROADCAST, /* broadcasts to pred */
    MXL_LABEL_CLASSES /* RESHAPED, or with MXL_SPARSE_LABEL pred's shape without the class axis */
} mxl_label_rule;

typedef struct mxl_loss_row {
    mxl_loss_info info;
    uint32_t default_flags;
    const struct mxl_family *family; /* how its inputs relate to one another; check.h */
    int32_t label_rule;              /* an mxl_label_rule */
    int32_t mean_of_all;             /* 1 = shape (1,), batch_axis ignored */
    double default_margin;
} mxl_loss_row;

/* NULL when there is no such loss */
const mxl_loss_row *mxl_loss_find(mxl_loss loss);

/* Does the loss read the option of this name? */
int mxl_loss_reads(const mxl_loss_row *row, const char *option);

/* place of the input of this name, -1 if the loss has none */
int mxl_loss_input(const mxl_loss_row *row, const char *name);

/* The formula that the flags select; and whether log-softmax comes before it. Not for sparse
 * labels, which have a loop of their own. */
mxl_formula_id mxl_loss_formula(mxl_loss loss, uint32_t flags, int has_pos_weight);
int mxl_loss_has_softmax(mxl_loss loss, uint32_t flags);

#endif

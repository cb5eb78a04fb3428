/* losses.c - the table of losses. A new loss is a row here, its formula in losses/, and the lines
 * that select it below. */
#include "check.h"

#include <stddef.h>
#include <string.h>

/* index: mxl_loss */
/* clang-format off */
/* name, inputs at most and at least, inputs, options, flags, default flags, family; then what
 * differs from 0 */
static const mxl_loss_row table[MXL_LOSS_END] = {
    [MXL_L2] = {{"L2Loss", 3, 2, {"pred", "label", "sample_weight"}, {"weight", "batch_axis"}, 0},
                0, .family = &mxl_family_elementwise},
    [MXL_L1] = {{"L1Loss", 3, 2, {"pred", "label", "sample_weight"}, {"weight", "batch_axis"}, 0},
                0, .family = &mxl_family_elementwise},
    [MXL_SIGMOID_BINARY_CROSS_ENTROPY] =
        {{"SigmoidBinaryCrossEntropyLoss", 4, 2, {"pred", "label", "sample_weight", "pos_weight"},
          {"from_sigmoid", "weight", "batch_axis"}, MXL_FROM_SIGMOID},
         0, .family = &mxl_family_elementwise},
    [MXL_SOFTMAX_CROSS_ENTROPY] =
        {{"SoftmaxCrossEntropyLoss", 3, 2, {"pred", "label", "sample_weight"},
          {"axis", "sparse_label", "from_logits", "weight", "batch_axis", "out_of_range"},
          MXL_SPARSE_LABEL | MXL_FROM_LOGITS | MXL_CLIP_LABEL},
         MXL_SPARSE_LABEL, .family = &mxl_family_elementwise, .label_rule = MXL_LABEL_CLASSES},
    [MXL_KL_DIV] =
        {{"KLDivLoss", 3, 2, {"pred", "label", "sample_weight"},
          {"from_logits", "axis", "weight", "batch_axis", "reduction"},
          MXL_FROM_LOGITS | MXL_REDUCE_SUM},
         MXL_FROM_LOGITS, .family = &mxl_family_elementwise, .label_rule = MXL_LABEL_BROADCAST},
    [MXL_CTC] =
        {{"CTCLoss", 5, 2,
          {"pred", "label", "pred_lengths", "label_lengths", "sample_weight"},
          {"layout", "label_layout", "weight", "infeasible", "blank_in_label"},
          MXL_LAYOUT_TNC | MXL_LABEL_LAYOUT_TN | MXL_INFEASIBLE_INF | MXL_BLANK_IN_LABEL},
         0, .family = &mxl_family_sequences},
    [MXL_HUBER] =
        {{"HuberLoss", 3, 2, {"pred", "label", "sample_weight"}, {"rho", "weight", "batch_axis"}, 0},
         0, .family = &mxl_family_elementwise},
    [MXL_HINGE] =
        {{"HingeLoss", 3, 2, {"pred", "label", "sample_weight"}, {"margin", "weight", "batch_axis"}, 0},
         0, .family = &mxl_family_elementwise, .default_margin = 1},
    [MXL_SQUARED_HINGE] =
        {{"SquaredHingeLoss", 3, 2, {"pred", "label", "sample_weight"},
          {"margin", "weight", "batch_axis"}, 0},
         0, .family = &mxl_family_elementwise, .default_margin = 1},
    [MXL_LOGISTIC] =
        {{"LogisticLoss", 3, 2, {"pred", "label", "sample_weight"},
          {"weight", "batch_axis", "label_format"}, MXL_LABEL_BINARY},
         0, .family = &mxl_family_elementwise},
    [MXL_TRIPLET] =
        {{"TripletLoss", 4, 3, {"pred", "positive", "negative", "sample_weight"},
          {"margin", "weight", "batch_axis"}, 0},
         0, .family = &mxl_family_triplets, .default_margin = 1},
    [MXL_POISSON_NLL] =
        {{"PoissonNLLLoss", 3, 2, {"pred", "target", "sample_weight"},
          {"weight", "from_logits", "batch_axis", "compute_full", "epsilon"},
          MXL_FROM_LOGITS | MXL_COMPUTE_FULL},
         MXL_FROM_LOGITS, .family = &mxl_family_elementwise, .mean_of_all = 1},
    [MXL_COSINE_EMBEDDING] =
        {{"CosineEmbeddingLoss", 4, 3, {"input1", "input2", "label", "sample_weight"},
          {"weight", "batch_axis", "margin"}, 0},
         0, .family = &mxl_family_pairs},
    [MXL_SDML] =
        {{"SDMLLoss", 2, 2, {"x1", "x2"}, {"smoothing_parameter", "weight", "batch_axis"}, 0},
         0, .family = &mxl_family_matrices},
};
/* clang-format on */

const mxl_loss_row *mxl_loss_find(mxl_loss loss) {
    if ((int)loss < 0 || (int)loss >= MXL_LOSS_END || table[loss].info.name == NULL)
        return NULL;
    return &table[loss];
}

int mxl_loss_reads(const mxl_loss_row *row, const char *option) {
    const char *const *name;
    for (name = row->info.options; *name; name++)
        if (strcmp(*name, option) == 0)
            return 1;
    return 0;
}

int mxl_loss_input(const mxl_loss_row *row, const char *name) {
    int i;
    for (i = 0; i < row->info.n_inputs; i++)
        if (strcmp(row->info.inputs[i], name) == 0)
            return i;
    return -1;
}

mxl_formula_id mxl_loss_formula(mxl_loss loss, uint32_t flags, int has_pos_weight) {
    const int full = (flags & MXL_COMPUTE_FULL) != 0;
    switch (loss) {
    case MXL_L2:
        return MXL_F_l2;
    case MXL_L1:
        return MXL_F_l1;
    case MXL_SIGMOID_BINARY_CROSS_ENTROPY:
        if (flags & MXL_FROM_SIGMOID)
            return has_pos_weight ? MXL_F_sigmoid_bce_prob_pos : MXL_F_sigmoid_bce_prob;
        return has_pos_weight ? MXL_F_sigmoid_bce_pos : MXL_F_sigmoid_bce;
    case MXL_KL_DIV:
        return MXL_F_kl_div;
    case MXL_HUBER:
        return MXL_F_huber;
    case MXL_HINGE:
        return MXL_F_hinge;
    case MXL_SQUARED_HINGE:
        return MXL_F_squared_hinge;
    case MXL_LOGISTIC:
        return flags & MXL_LABEL_BINARY ? MXL_F_logistic_binary : MXL_F_logistic_signed;
    case MXL_POISSON_NLL:
        if (flags & MXL_FROM_LOGITS)
            return full ? MXL_F_poisson_log_full : MXL_F_poisson_log;
        return full ? MXL_F_poisson_rate_full : MXL_F_poisson_rate;
    default: /* SoftmaxCE with labels that are distributions */
        return MXL_F_cross_entropy;
    }
}

int mxl_loss_has_softmax(mxl_loss loss, uint32_t flags) {
    return (loss == MXL_SOFTMAX_CROSS_ENTROPY || loss == MXL_KL_DIV) && !(flags & MXL_FROM_LOGITS);
}

/*
 * SDMLLoss, smoothed deep metric learning (Bonadiman et al. 2019), of N rows a_i and N rows b_j
 *
 *     d_ij = sum_k (a_ik - b_jk)^2                squared distances
 *     p_ij = exp(-d_ij) / sum_l exp(-d_il)        softmax of each row
 *     t_ij = 1 - s if i = j, else s / (N - 1)     targets, s the smoothing parameter
 *     e_i  = sum_j t_ij (log(t_ij + 1e-12) - log p_ij)
 *     de_i/dd_ij = t_ij - p_ij
 *     dd_ij/da_i = 2 (a_i - b_j) = -dd_ij/db_j
 *
 * With d* the smallest distance of the row and r = sum of exp(d* - d_ij) but for one that is 1,
 *
 *     e_i = sum_j t_ij log(t_ij + 1e-12) + sum_j t_ij (d_ij - d*) + log(1 + r)
 *
 * whose last two terms are not negative, so that nothing cancels. Distances are summed in double.
 */
#if MXL_REAL == 64
typedef struct {
    double same, other; /* targets */
    double entropy;     /* sum_j t_ij log(t_ij + 1e-12) */
} mxl_sdml_targets;

MXL_FN mxl_sdml_targets mxl_sdml_smooth(double smoothing, double rows) {
    mxl_sdml_targets t;
    t.same = 1 - smoothing;
    t.other = smoothing / (rows - 1);
    t.entropy =
        t.same * log_f64(t.same + 1e-12) + (t.other > 0 ? smoothing * log_f64(t.other + 1e-12) : 0);
    return t;
}
#endif

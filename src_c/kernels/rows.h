/*
 * rows.h - the losses that give one value per row, whatever a row is
 *
 * A row's function puts the unweighted value at a->e[place] and writes the row's gradients, times
 * `scale`. Weights and sums are done here.
 *
 * Compiled once per instruction set and MXL_REAL.
 */
static void MXL_T(rows_loss_tile)(MXL_T(worker) * a, int64_t position, int64_t n) {
    const mxl_job *job = a->job;
    const MXL_T(factor) w = MXL_T(get_factor)(job->has_weight, &job->weight, position, n, a->w);
    const MXL_T(factor) h = MXL_T(get_factor)(job->has_head, &job->head, position, n, a->h);
    const MXL_T(factor) scale = MXL_T(gradient_scale)(w, h, (real)job->factor, n, a->u);
    int64_t i;
    for (i = 0; i < n; i++) {
        const real by = scale.array ? scale.array[i] : scale.value;
        switch (job->loop) {
        case MXL_TRIPLETS:
            MXL_T(triplet_row)(a, position + i, i, by);
            break;
        case MXL_PAIRS:
            MXL_T(pair_row)(a, position + i, i, by);
            break;
        case MXL_MATRICES:
            MXL_T(sdml_row)(a, position + i, i, by);
            break;
        default:
            MXL_T(ctc_row)(a, position + i, i, by);
            break;
        }
    }
    MXL_T(put_values)(a, a->e, w, h, position, n);
}

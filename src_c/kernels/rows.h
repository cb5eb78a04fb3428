/*
 * rows.h - the losses that give one value per row, whatever a row is
 *
 * A row's function puts the unweighted value at a->e[place] and writes the row's gradients, times
 * `scale`, which is a->u[place]; that of a tile does so for all of its rows. Weights and sums are
 * done here.
 *
 * Compiled once per instruction set and MXL_REAL.
 */
static void MXL_T(rows_loss_tile)(MXL_T(worker) * a, int64_t position, int64_t n) {
    MXL_T(factor) w, h;
    int64_t i;
    MXL_T(row_factors)(a, position, n, &w, &h);
    switch (a->job->loop) {
    case MXL_TRIPLETS:
        for (i = 0; i < n; i++)
            MXL_T(triplet_row)(a, position + i, i, a->u[i]);
        break;
    case MXL_PAIRS:
        MXL_T(pairs_tile)(a, position, n);
        break;
    case MXL_MATRICES:
        MXL_T(sdml_tile)(a, position, n);
        break;
    default:
        for (i = 0; i < n; i++)
            MXL_T(ctc_row)(a, position + i, i, a->u[i]);
        break;
    }
    MXL_T(put_values)(a, a->e, w, h, position, n);
}

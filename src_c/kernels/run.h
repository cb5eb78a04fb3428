/*
 * run.h - a job from beginning to end: memory, chunks on threads, sums over chunks
 *
 * Compiled once per instruction set and MXL_REAL.
 */
typedef struct {
    const mxl_job *job;
    char *memory;          /* of all workers */
    uint64_t worker_bytes; /* of one; size_t has 32 bits on some machines */
    int64_t step;          /* elements of a tile's buffer, */
    int64_t scratch;       /* of x and of g, */
    int64_t turned;        /* of turned, */
    size_t extra;          /* bytes of the row loops' own, */
    size_t blocks;         /* and from where on there is room for the blocks of a row */
    void *shared;
    double *cells;       /* of all chunks */
    int64_t chunk_cells; /* of one: value, dweight, din */
} MXL_T(team);

static void MXL_T(run_chunk)(void *context, int64_t chunk, int32_t number) {
    const MXL_T(team) *team = (const MXL_T(team) *)context;
    const mxl_job *job = team->job;
    const int64_t begin = chunk * job->chunk;
    const int64_t end = job->n - begin < job->chunk ? job->n : begin + job->chunk;
    char *memory = team->memory + (size_t)number * team->worker_bytes;
    int64_t *labels = (int64_t *)(memory + team->extra);
    real *next = (real *)(labels + MXL_SPARSE_TILE);
    double *cells = team->cells + chunk * team->chunk_cells;
    MXL_T(worker) a;
    real **buffers[] = {&a.in[0], &a.in[1], &a.in[2], &a.w,    &a.h,  &a.u,  &a.s,  &a.t,
                        &a.e,     &a.d[0],  &a.d[1],  &a.d[2], &a.dw, &a.lp, &a.exp};
    MXL_T(sink) * sinks[] = MXL_OUTPUTS(&a);
    const mxl_output *outputs[] = MXL_OUTPUTS(job);
    int64_t position, n;
    size_t i;
    a.job = job;
    a.labels = labels;
    a.extra = memory;
    a.blocks = (double *)(memory + team->blocks);
    a.shared = team->shared;
    for (i = 0; i < sizeof buffers / sizeof *buffers; i++, next += team->step)
        *buffers[i] = next;
    a.x = next;
    a.g = next + team->scratch;
    a.turned = a.g + team->scratch;
    a.columns = NULL;
    for (i = 0; i < MXL_OUTPUT_COUNT; i++) {
        MXL_T(sink_open)(sinks[i], outputs[i], i == 0 ? job->factor : 1, begin, cells);
        cells += MXL_T(cells_of)(outputs[i]);
    }
    for (position = begin; position < end; position += n) {
        n = end - position < job->tile ? end - position : job->tile;
        if (job->row > job->tile && job->row - position % job->row < n)
            n = job->row - position % job->row;
        if (job->loop >= MXL_ROW_LOOPS)
            MXL_T(rows_loss_tile)(&a, position, n);
        else if (job->loop == MXL_SPARSE)
            MXL_T(sparse_tile)(&a, position, n);
        else
            MXL_T(elementwise_tile)(&a, position, n);
    }
}

/* SDMLLoss, phase 0: a panel */
static void MXL_T(run_preparation)(void *context, int64_t panel, int32_t number) {
    const MXL_T(team) *team = (const MXL_T(team) *)context;
    (void)number;
    MXL_T(sdml_prepare)(team->job, (const MXL_T(sdml) *)team->shared, panel);
}

/* and phase 2: the chunk's rows of x2 */
static void MXL_T(run_columns)(void *context, int64_t chunk, int32_t number) {
    const MXL_T(team) *team = (const MXL_T(team) *)context;
    const mxl_job *job = team->job;
    const int64_t most = MXL_MATRIX_ROWS * MXL_T(sdml_group);
    int64_t row = chunk * job->chunk, n;
    const int64_t end = job->n - row < job->chunk ? job->n : row + job->chunk;
    for (; row < end; row += n) {
        n = end - row < most ? end - row : most;
        MXL_T(sdml_columns)
        (job, (const MXL_T(sdml) *)team->shared, row, n,
         team->memory + (size_t)number * team->worker_bytes);
    }
}

/* how much room a thread needs beside the buffers of a tile */
static void MXL_T(plan_memory)(MXL_T(team) * team) {
    const mxl_job *job = team->job;
    switch (job->loop) {
    case MXL_TRIPLETS:
        team->scratch = 3 * job->classes;
        break;
    case MXL_PAIRS:
        team->scratch = 2 * job->classes * MXL_T(pairs_at_once)(job->classes);
        break;
    case MXL_MATRICES:
        team->extra = MXL_T(sdml_bytes)(job);
        break;
    case MXL_SEQUENCES:
        team->scratch = job->classes;
        team->extra = MXL_T(ctc_bytes)(job);
        break;
    case MXL_SPARSE:
        team->scratch = job->classes * (job->columns ? team->step : 1);
        team->turned = job->columns ? team->scratch : 0;
        break;
    case MXL_SOFTMAX_ELEMENTWISE:
        team->turned = job->columns ? team->step : 0;
        break;
    default:
        break;
    }
    team->blocks = team->extra = (team->extra + 63) / 64 * 64;
    if (job->loop == MXL_SPARSE || job->loop == MXL_SOFTMAX_ELEMENTWISE)
        team->extra += (3 * MXL_T(softmax_blocks)(job->classes) * 8 + 63) / 64 * 64;
    team->worker_bytes =
        team->extra + MXL_SPARSE_TILE * sizeof(int64_t) +
        (uint64_t)(team->step * MXL_T(worker_buffers) + team->scratch * 2 + team->turned) *
            sizeof(real);
    team->worker_bytes = (team->worker_bytes + 127) / 128 * 128; /* no cache line for two of them */
}

static mxl_status MXL_T(run)(const mxl_job *job) {
    const mxl_output *outputs[] = MXL_OUTPUTS(job);
    const int64_t tile = job->tile < job->n ? job->tile : job->n;
    int32_t threads = mxl_threads_for(job->threads);
    mxl_status status = MXL_ERR_MEMORY;
    MXL_T(team) team;
    MXL_T(sdml) sdml;
    uint64_t memory, all_cells;
    size_t i;
    double *cells;
    char *block;
    if (threads > job->n_chunks)
        threads = job->n_chunks > 0 ? (int32_t)job->n_chunks : 1;
    memset(&team, 0, sizeof team);
    memset(&sdml, 0, sizeof sdml);
    team.job = job;
    team.step = (tile + 15) / 16 * 16;
    if (job->columns && job->loop != MXL_SPARSE) /* padded */
        team.step = MXL_T(columns_of)(0, tile / job->classes, job->classes).ld * job->classes;
    team.shared = &sdml;
    MXL_T(plan_memory)(&team);
    for (i = 0; i < MXL_OUTPUT_COUNT; i++)
        team.chunk_cells += MXL_T(cells_of)(outputs[i]);
    memory = team.worker_bytes * (uint64_t)threads;
    all_cells = (uint64_t)(team.chunk_cells * job->n_chunks) * sizeof(double);
    all_cells = (all_cells + 63) / 64 * 64;
    block = (char *)mxl_scratch_take(
        memory + all_cells + (job->loop == MXL_MATRICES ? MXL_T(sdml_shared_bytes)(job) : 0));
    if (block) {
        team.memory = block;
        team.cells = (double *)(block + memory);
        memset(team.cells, 0, (size_t)all_cells);
        if (job->loop == MXL_MATRICES) {
            MXL_T(sdml_begin)(&sdml, job, block + memory + all_cells);
            mxl_parallel(threads, sdml.padded_rows / MXL_T(panel), MXL_T(run_preparation), &team);
        }
        mxl_parallel(threads, job->n_chunks, MXL_T(run_chunk), &team);
        if (job->loop == MXL_MATRICES && job->din[1].kind != MXL_UNWANTED)
            mxl_parallel(threads, job->n_chunks, MXL_T(run_columns), &team);
        for (i = 0, cells = team.cells; i < MXL_OUTPUT_COUNT; i++) {
            MXL_T(write_cells)(outputs[i], i == 0 ? job->factor : 1, cells, team.chunk_cells,
                               job->n_chunks);
            cells += MXL_T(cells_of)(outputs[i]);
        }
        status = MXL_OK;
    }
    mxl_scratch_give(block);
    return status;
}

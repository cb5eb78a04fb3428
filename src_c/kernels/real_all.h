/* real_all.h - the kernels of one instruction set and one MXL_REAL */
#include "../losses/formulas.h"

#include "loadstore.h"

#include "reduce.h"

#include "softmax.h"

#include "columns.h"

#include "worker.h"

#include "elementwise.h"

#include "sparse.h"

#include "vectors.h"

#include "sdml.h"

#include "ctc.h"

#include "rows.h"

#include "run.h"

#undef MXL_NATIVE

/*
 * formulas.h - all formulas, and the list of what each one needs
 *
 * Compiled once per MXL_REAL, 64 first. A new loss adds its include and, if it is
 * elementwise, its line or lines here.
 */
#include "formula.h"

#include "l2.h"
#include "l1.h"
#include "huber.h"
#include "hinge.h"
#include "squared_hinge.h"
#include "sigmoid_binary_cross_entropy.h"
#include "logistic.h"
#include "poisson_nll.h"
#include "kl_div.h"
#include "softmax_cross_entropy.h"
#include "triplet.h"
#include "cosine_embedding.h"
#include "sdml.h"
#include "ctc.h"

/* X(formula, its inputs: 2 = p z, 3 = p z q, stage s, stage t) */
#ifndef MXL_FORMULAS
#define MXL_FORMULAS(X)                                                                            \
    X(l2, 2, none, none)                                                                           \
    X(l1, 2, none, none)                                                                           \
    X(huber, 2, none, none)                                                                        \
    X(hinge, 2, none, none)                                                                        \
    X(squared_hinge, 2, none, none)                                                                \
    X(logistic_signed, 2, sigmoid_bce_s, none)                                                     \
    X(logistic_binary, 2, sigmoid_bce_s, none)                                                     \
    X(sigmoid_bce, 2, sigmoid_bce_s, none)                                                         \
    X(sigmoid_bce_pos, 3, sigmoid_bce_s, none)                                                     \
    X(sigmoid_bce_prob, 2, sigmoid_bce_prob_s, sigmoid_bce_prob_t)                                 \
    X(sigmoid_bce_prob_pos, 3, sigmoid_bce_prob_s, sigmoid_bce_prob_t)                             \
    X(poisson_log, 2, poisson_log_s, none)                                                         \
    X(poisson_log_full, 2, poisson_log_s, poisson_full_t)                                          \
    X(poisson_rate, 2, poisson_rate_s, none)                                                       \
    X(poisson_rate_full, 2, poisson_rate_s, poisson_full_t)                                        \
    X(kl_div, 2, kl_div_s, none)                                                                   \
    X(cross_entropy, 2, none, none)
#endif

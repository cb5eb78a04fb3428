/* What AutoGrad.pm keeps in NDArrays and nodes, for the usual call. Included by MXLoss.xs. */
#ifndef AI_MXLOSS_TAPE_H
#define AI_MXLOSS_TAPE_H

#include "options.h"

#define LOSS_PULLBACK "AI::MXLoss::Gluon::Loss::Pullback"
#define MEAN_PULLBACK "AI::MXLoss::Gluon::Loss::MeanPullback"

/* Where gradients go on from an array: the array itself if it has one of its own; the pair of a
 * node and a number; NULL for a constant, which the result of a used-up graph is as well. */
static SV *source_of(pTHX_ HV *array)
{
    SV **field = hv_fetchs(array, "grad_req", 0);
    if (field && SvOK(*field))
        return strEQ(SvPV_nolen(*field), "null") ? NULL : (SV *)array;
    field = hv_fetchs(array, "node", 0);
    if (field && SvROK(*field)) {
        SV *node = element(aTHX_ (AV *)SvRV(*field), 0);
        if (SvROK(node) && SvOK(element(aTHX_ (AV *)SvRV(node), 3)))
            return *field;
    }
    return NULL;
}

/* The pullback of a node if it is one of this class; else NULL. */
static AV *pullback_of(pTHX_ AV *node, HV *class)
{
    SV *pullback = element(aTHX_ node, 3);
    return SvROK(pullback) && SvOBJECT(SvRV(pullback)) && SvSTASH(SvRV(pullback)) == class
               ? (AV *)SvRV(pullback) : NULL;
}

/* Make an array the one result of a new node, as AutoGrad.pm describes it. The node takes over
 * dims, which may be NULL if the pullback does without them, and pullback. */
static void record_result(pTHX_ HV *result, SV *name, AV *parents, SV *pullback, AV *dims)
{
    SV *number = get_sv("AI::MXLoss::AutoGrad::LAST", GV_ADD);
    AV *node = newAV(), *outputs = newAV(), *output = newAV(), *pair = newAV();
    sv_setiv(number, SvIV(number) + 1);
    av_push(output, dims ? newRV_noinc((SV *)dims) : newSV(0));
    av_push(output, newSVsv(*hv_fetchs(result, "dtype", 0)));
    av_push(outputs, newRV_noinc((SV *)output));
    av_extend(node, 4);
    av_push(node, newSVsv(number));
    av_push(node, name);
    av_push(node, newRV_inc((SV *)parents));
    av_push(node, pullback);
    av_push(node, newRV_noinc((SV *)outputs));
    av_push(pair, newRV_noinc((SV *)node));
    av_push(pair, newSViv(0));
    (void)hv_stores(result, "node", newRV_noinc((SV *)pair));
}

/* The node is used up. */
static void let_go(pTHX_ AV *node)
{
    av_store(node, 2, newRV_noinc((SV *)newAV()));
    av_store(node, 3, newSV(0));
}

/* The gradient of an array, an NDArray, if backward is to replace it; else NULL. */
static SV *gradient_to_write(pTHX_ SV *array)
{
    SV **field;
    if (!SvROK(array) || SvTYPE(SvRV(array)) != SVt_PVHV)
        return NULL;
    field = hv_fetchs((HV *)SvRV(array), "grad_req", 0);
    if (!field || !SvPOK(*field) || strNE(SvPVX(*field), "write"))
        return NULL;
    field = hv_fetchs((HV *)SvRV(array), "grad", 0);
    return field && SvROK(*field) && SvTYPE(SvRV(*field)) == SVt_PVHV ? *field : NULL;
}

/* Whether a PDL may become the memory of a gradient: nobody else refers to either. */
static int exchangeable(pTHX_ SV *grad, SV *fresh)
{
    SV **held = hv_fetchs((HV *)SvRV(grad), "pdl", 0);
    pdl *old = held ? PDL->SvPDLV(*held) : NULL, *p = SvROK(fresh) ? PDL->SvPDLV(fresh) : NULL;
    return old && p && reusable(aTHX_ fresh, old) && reusable(aTHX_ *held, p);
}

/* The former memory is kept as the spare one of the array. */
static void exchange_now(pTHX_ SV *grad, SV *fresh, SV *keeper)
{
    SV **held = hv_fetchs((HV *)SvRV(grad), "pdl", 0);
    (void)hv_stores((HV *)SvRV(keeper), "spare", newSVsv(*held));
    (void)hv_stores((HV *)SvRV(grad), "pdl", newSVsv(fresh));
}

#endif

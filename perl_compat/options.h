/* Options of a loss by name, and lists that came from Perl. Included by MXLoss.xs. */
#ifndef AI_MXLOSS_OPTIONS_H
#define AI_MXLOSS_OPTIONS_H

#include "tensors.h"

#define OPTION(name, is_int) { #name, offsetof(mxl_options, name), is_int }
static const struct { const char *name; size_t offset; int is_int; } option_fields[] = {
    OPTION(batch_axis, 1), OPTION(axis, 1), OPTION(weight, 0), OPTION(rho, 0), OPTION(margin, 0),
    OPTION(epsilon, 0), OPTION(smoothing_parameter, 0),
};

#define FLAG(name) { #name, MXL_##name }
static const struct { const char *name; uint32_t bit; } flags[] = {
    FLAG(FROM_LOGITS), FLAG(FROM_SIGMOID), FLAG(SPARSE_LABEL), FLAG(COMPUTE_FULL),
    FLAG(LABEL_BINARY), FLAG(REDUCE_SUM), FLAG(CLIP_LABEL), FLAG(LAYOUT_TNC),
    FLAG(LABEL_LAYOUT_TN), FLAG(INFEASIBLE_INF), FLAG(BLANK_IN_LABEL),
};

static void set_option(pTHX_ mxl_options *options, const char *name, SV *value)
{
    size_t i;
    for (i = 0; i < sizeof option_fields / sizeof *option_fields; i++)
        if (strEQ(name, option_fields[i].name)) {
            char *field = (char *)options + option_fields[i].offset;
            if (option_fields[i].is_int)
                *(int32_t *)field = (int32_t)SvIV(value);
            else
                *(double *)field = SvNV(value);
            return;
        }
    for (i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strEQ(name, flags[i].name)) {
            if (SvTRUE(value))
                options->flags |= flags[i].bit;
            else
                options->flags &= ~flags[i].bit;
            return;
        }
    fail(aTHX_ "the core has no option '%s'", name);
}

static AV *array_of(pTHX_ SV *sv, const char *what)
{
    if (!SvROK(sv) || SvTYPE(SvRV(sv)) != SVt_PVAV)
        fail(aTHX_ "run: %s must be an array reference", what);
    return (AV *)SvRV(sv);
}

static SV *element(pTHX_ AV *array, SSize_t i)
{
    SV **found = av_fetch(array, i, 0);
    return found ? *found : &PL_sv_undef;
}

static int has_entries(pTHX_ HV *hash, const char *key, I32 length)
{
    SV **field = hv_fetch(hash, key, length, 0);
    return field && SvROK(*field) && av_len((AV *)SvRV(*field)) >= 0;
}

static void strings(pTHX_ HV *to, const char *key, const char *const *names, int most)
{
    AV *list = newAV();
    int i;
    for (i = 0; i < most && names[i]; i++)
        av_push(list, newSVpv(names[i], 0));
    (void)hv_store(to, key, strlen(key), newRV_noinc((SV *)list), 0);
}

#endif

/* The core for Perl: PDLs as tensors, options as strings of bytes, errors as exceptions.
 * Nothing here knows a loss; names, inputs and options come from the core's own table. */
#define PERL_NO_GET_CONTEXT
#include <pdlcore.h>
#undef warn
#undef barf

#include "call.h"
#include "options.h"
#include "tape.h"
#include "tensors.h"

MODULE = AI::MXLoss  PACKAGE = AI::MXLoss::Core

PROTOTYPES: DISABLE

BOOT:
    load_module(PERL_LOADMOD_NOIMPORT, newSVpvs("PDL::Core"), NULL);
    {
        SV *shared = get_sv("PDL::SHARE", 0);
        if (!shared)
            croak("AI::MXLoss needs PDL::Core, which did not load");
        PDL = INT2PTR(Core *, SvIV(shared));
        if (PDL->Version != PDL_CORE_VERSION)
            croak("AI::MXLoss was built with another version of PDL (%d, now %d): build it again",
                  (int)PDL_CORE_VERSION, (int)PDL->Version);
    }

void
reverse_dims(...)
  PPCODE:
    if (items == 1 && SvROK(ST(0))) { /* of an array: its shape */
        int half;
        PDL_Indx i;
        pdl *p = array_in(aTHX_ ST(0), &half);
        AV *shape = newAV();
        SV *reference = sv_2mortal(newRV_noinc((SV *)shape));
        int64_t lengths[MXL_MAX_NDIM];
        check_pdl(aTHX_ PDL->make_physdims(p));
        if (p->ndims > MXL_MAX_NDIM)
            fail(aTHX_ "an array has %d axes; expected at most %d", (int)p->ndims, MXL_MAX_NDIM);
        reverse_numbers(lengths, p->dims, p->ndims);
        av_extend(shape, p->ndims);
        for (i = 0; i < p->ndims; i++)
            av_push(shape, newSViv((IV)lengths[i]));
        ST(0) = reference;
        XSRETURN(1);
    } else { /* of lengths: these, the other way round */
        I32 i;
        for (i = 0; i < items / 2; i++) {
            SV *other = ST(items - 1 - i);
            ST(items - 1 - i) = ST(i);
            ST(i) = other;
        }
        XSRETURN(items);
    }

SV *
info(number)
    int number
  CODE:
    {
        const mxl_loss_info *info = mxl_info((mxl_loss)number);
        HV *row;
        AV *flag_names;
        size_t i;
        if (!info)
            XSRETURN_UNDEF;
        row = newHV();
        (void)hv_stores(row, "number", newSViv(number));
        (void)hv_stores(row, "name", newSVpv(info->name, 0));
        (void)hv_stores(row, "n_required", newSViv(info->n_required));
        strings(aTHX_ row, "inputs", info->inputs, MXL_MAX_INPUTS);
        strings(aTHX_ row, "options", info->options, 10);
        flag_names = newAV();
        for (i = 0; i < sizeof flags / sizeof *flags; i++)
            if (info->flags & flags[i].bit)
                av_push(flag_names, newSVpv(flags[i].name, 0));
        (void)hv_stores(row, "flags", newRV_noinc((SV *)flag_names));
        RETVAL = newRV_noinc((SV *)row);
    }
  OUTPUT:
    RETVAL

void
defaults(number)
    int number
  PPCODE:
    {
        mxl_options options;
        size_t i;
        if (mxl_defaults((mxl_loss)number, &options) != MXL_OK)
            fail(aTHX_ "no loss has the number %d", number);
        for (i = 0; i < sizeof option_fields / sizeof *option_fields; i++) {
            const char *field = (const char *)&options + option_fields[i].offset;
            mXPUSHs(newSVpv(option_fields[i].name, 0));
            if (option_fields[i].is_int)
                mXPUSHi(*(const int32_t *)field);
            else
                mXPUSHn(*(const double *)field);
        }
        for (i = 0; i < sizeof flags / sizeof *flags; i++) {
            mXPUSHs(newSVpv(flags[i].name, 0));
            mXPUSHi(options.flags & flags[i].bit ? 1 : 0);
        }
    }

int
loss_end()
  CODE:
    RETVAL = MXL_LOSS_END;
  OUTPUT:
    RETVAL

SV *
options(number, ...)
    int number
  CODE:
    {
        mxl_options options;
        I32 i;
        if (mxl_defaults((mxl_loss)number, &options) != MXL_OK)
            fail(aTHX_ "no loss has the number %d", number);
        if (items % 2 == 0)
            fail(aTHX_ "options: expected pairs of a name and a value");
        for (i = 1; i < items; i += 2)
            set_option(aTHX_ &options, SvPV_nolen(ST(i)), ST(i + 1));
        RETVAL = newSVpvn((const char *)&options, sizeof options);
    }
  OUTPUT:
    RETVAL

void
run(number, options, inputs, head = NULL, want = NULL, with_value = NULL, spare = NULL)
    int number
    SV *options
    SV *inputs
    SV *head
    SV *want
    SV *with_value
    SV *spare
  PPCODE:
    {
        call_of_core call;
        AV *list = array_of(aTHX_ inputs, "inputs");
        AV *wanted = want && SvOK(want) ? array_of(aTHX_ want, "the list of gradients") : NULL;
        AV *given = spare && SvOK(spare) ? array_of(aTHX_ spare, "spare") : NULL;
        int i, n = (int)av_len(list) + 1, n_want = wanted ? (int)av_len(wanted) + 1 : 0;

        begin_call(aTHX_ &call, number, options, n);
        for (i = 0; i < n; i++)
            add_input(aTHX_ &call, i, element(aTHX_ list, i));
        check_inputs(aTHX_ &call);
        if (head && SvROK(head))
            add_head(aTHX_ &call, head);
        if (!with_value || SvTRUE(with_value))
            want_value(aTHX_ &call);
        if (head && SvOK(head) && !SvROK(head)) {
            if (!call.value_sv)
                fail(aTHX_ "run: a number for the head gradient needs the value");
            add_head_number(&call, SvNV(head));
        }
        if (n_want > n)
            fail(aTHX_ "%s: more gradients than inputs are wanted", call.info->name);
        for (i = 0; i < n_want; i++)
            want_gradient(aTHX_ &call, (int)SvIV(element(aTHX_ wanted, i)),
                          given ? element(aTHX_ given, i) : NULL);
        finish_call(aTHX_ &call);
        EXTEND(SP, n_want + 1);
        if (call.value_sv)
            PUSHs(call.value_sv);
        for (i = 0; i < call.n_want; i++)
            PUSHs(call.grad_svs[i]);
    }

INCLUDE: elements.xsi

INCLUDE: recorded.xsi

const char *
core_version()
  CODE:
    RETVAL = mxl_version();
  OUTPUT:
    RETVAL

const char *
build_info()
  CODE:
    RETVAL = mxl_build_info();
  OUTPUT:
    RETVAL

const char *
get_isa()
  CODE:
    RETVAL = mxl_isa_name(mxl_get_isa());
  OUTPUT:
    RETVAL

void
isa_names()
  PPCODE:
    {
        int isa;
        for (isa = MXL_ISA_BASE; isa <= MXL_ISA_NEON; isa++)
            if (mxl_has_isa((mxl_isa)isa))
                XPUSHs(sv_2mortal(newSVpv(mxl_isa_name((mxl_isa)isa), 0)));
    }

int
_set_isa(name)
    const char *name
  CODE:
    {
        int isa;
        RETVAL = 0;
        for (isa = MXL_ISA_AUTO; isa <= MXL_ISA_NEON && !RETVAL; isa++)
            RETVAL = strEQ(name, mxl_isa_name((mxl_isa)isa)) && mxl_set_isa((mxl_isa)isa) == MXL_OK;
    }
  OUTPUT:
    RETVAL

int
get_num_threads()
  CODE:
    RETVAL = mxl_get_num_threads();
  OUTPUT:
    RETVAL

int
_set_num_threads(n)
    int n
  CODE:
    RETVAL = mxl_set_num_threads(n) == MXL_OK;
  OUTPUT:
    RETVAL

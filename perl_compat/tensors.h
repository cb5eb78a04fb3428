/* PDLs as tensors of the core, and what goes wrong with them as exceptions. Included by MXLoss.xs,
 * after PDL's headers. */
#ifndef AI_MXLOSS_TENSORS_H
#define AI_MXLOSS_TENSORS_H

#include "half.h"
#include "mxloss.h"

static Core *PDL; /* PDL's functions: the same in all threads */

/* ---- Errors -------------------------------------------------------------------------------- */

/* Die at the line of the caller outside AI::MXLoss. Core.pm knows how to find it. */
static void fail(pTHX_ const char *format, ...)
{
    dSP;
    SV *message;
    va_list arguments;
    va_start(arguments, format);
    message = vnewSVpvf(format, &arguments);
    va_end(arguments);
    ENTER;
    PUSHMARK(SP);
    XPUSHs(sv_2mortal(message));
    PUTBACK;
    call_pv("AI::MXLoss::Core::fail", G_VOID | G_DISCARD);
    croak("%" SVf, SVfARG(message)); /* not reached: fail dies */
}

static void check_pdl(pTHX_ pdl_error error)
{
    if (error.error)
        PDL->barf_if_error(error);
}

/* ---- Tensors ------------------------------------------------------------------------------- */

/* PDL's dimensions go from the fastest to the slowest, a tensor's the other way. This is the only
 * place that turns them round, both ways. */
static void reverse_numbers(int64_t *to, const PDL_Indx *from, PDL_Indx n)
{
    PDL_Indx i;
    for (i = 0; i < n; i++)
        to[i] = from[n - 1 - i];
}

static void reverse_back(PDL_Indx *to, const int64_t *from, int32_t n)
{
    int32_t i;
    for (i = 0; i < n; i++)
        to[i] = (PDL_Indx)from[n - 1 - i];
}

static int dtype_of(pdl_datatypes type, mxl_dtype *dtype)
{
    dtype->lanes = 1;
    switch (type) {
    case PDL_SB: dtype->code = MXL_INT; dtype->bits = 8; return 1;
    case PDL_S: dtype->code = MXL_INT; dtype->bits = 16; return 1;
    case PDL_L: dtype->code = MXL_INT; dtype->bits = 32; return 1;
    case PDL_IND: dtype->code = MXL_INT; dtype->bits = 8 * sizeof(PDL_Indx); return 1;
    case PDL_LL: dtype->code = MXL_INT; dtype->bits = 64; return 1;
    case PDL_B: dtype->code = MXL_UINT; dtype->bits = 8; return 1;
    case PDL_US: dtype->code = MXL_UINT; dtype->bits = 16; return 1;
    case PDL_UL: dtype->code = MXL_UINT; dtype->bits = 32; return 1;
    case PDL_ULL: dtype->code = MXL_UINT; dtype->bits = 64; return 1;
    case PDL_F: dtype->code = MXL_FLOAT; dtype->bits = 32; return 1;
    case PDL_D: dtype->code = MXL_FLOAT; dtype->bits = 64; return 1;
    default: return 0;
    }
}

typedef struct {
    mxl_tensor tensor;
    int64_t shape[MXL_MAX_NDIM], strides[MXL_MAX_NDIM];
    pdl *array; /* whose memory it is, or, of halves, which it is a copy of */
    int half;
} described;

static double nowhere; /* what an array without elements points to */

static void set_up(described *d)
{
    memset(&d->tensor, 0, sizeof d->tensor);
    d->tensor.device.device_type = MXL_CPU;
    d->tensor.shape = d->shape;
}

/* Memory that lives until the statement of the caller is over. */
static void *scratch(pTHX_ size_t bytes)
{
    SV *sv = sv_2mortal(newSV(bytes + 1));
    return SvPVX(sv);
}

/* The elements of a float PDL, row by row, as halves. */
static void make_half(pTHX_ described *d, pdl *p, int fill)
{
    uint16_t *h = scratch(aTHX_ (size_t)p->nvals * sizeof *h);
    const float *f;
    PDL_Indx i;
    d->half = 1;
    d->tensor.data = h;
    d->tensor.dtype.code = MXL_FLOAT;
    d->tensor.dtype.bits = 16;
    d->tensor.dtype.lanes = 1;
    d->tensor.strides = NULL;
    if (!fill)
        return;
    check_pdl(aTHX_ PDL->make_physical(p));
    f = p->data;
    for (i = 0; i < p->nvals; i++)
        h[i] = half_from_float(f[i]);
}

/* A PDL, or the NDArray or PDL subclass that holds one; tells whether it is tagged as float16. */
static pdl *array_in(pTHX_ SV *sv, int *half)
{
    *half = 0;
    if (SvROK(sv) && SvTYPE(SvRV(sv)) == SVt_PVHV) {
        HV *hash = (HV *)SvRV(sv);
        SV **held = hv_fetchs(hash, "pdl", 0);
        if (held) {
            SV **tag = hv_fetchs(hash, "dtype", 0);
            *half = tag && SvPOK(*tag) && SvCUR(*tag) == 7 && memEQ(SvPVX(*tag), "float16", 7);
            sv = *held;
        }
    }
    return PDL->SvPDLV(sv);
}

/* Describe an array to be read. No copy unless it is of halves, or of a type that only PDL has. */
static void describe(pTHX_ described *d, SV *sv, const char *loss, const char *name)
{
    int half;
    pdl *p = array_in(aTHX_ sv, &half);
    set_up(d);
    d->half = 0;
    if (!p)
        fail(aTHX_ "%s: %s is not an array", loss, name);
    if (p->state & PDL_BADVAL)
        fail(aTHX_ "%s: %s has bad values, which would be read as numbers. Pass a sample_weight of "
                   "zeros and ones instead", loss, name);
    check_pdl(aTHX_ PDL->make_physvaffine(p));
    if (p->datatype == PDL_LD) {
        SV *converted = sv_newmortal();
        p = PDL->get_convertedpdl(p, PDL_D);
        PDL->SetSV_PDL(converted, p);
        check_pdl(aTHX_ PDL->make_physvaffine(p));
    }
    if (p->ndims > MXL_MAX_NDIM)
        fail(aTHX_ "%s: %s has %d dimensions; expected at most %d", loss, name, (int)p->ndims,
             MXL_MAX_NDIM);
    if (!dtype_of(p->datatype, &d->tensor.dtype))
        fail(aTHX_ "%s: %s has complex elements; expected a real type", loss, name);
    d->array = p;
    d->tensor.ndim = (int32_t)p->ndims;
    reverse_numbers(d->shape, p->dims, p->ndims);
    if (half && p->datatype == PDL_F) {
        make_half(aTHX_ d, p, 1);
        return;
    }
    if (PDL_VAFFOK(p)) {
        size_t size = PDL->howbig(p->datatype);
        reverse_numbers(d->strides, p->vafftrans->incs, p->ndims);
        d->tensor.strides = d->strides;
        d->tensor.data = p->vafftrans->from->data;
        d->tensor.byte_offset = (uint64_t)p->vafftrans->offs * size;
    } else {
        d->tensor.data = p->data;
    }
    if (!d->tensor.data)
        d->tensor.data = &nowhere;
}

/* Describe memory for a result of the shape that d has, which is where it will be held. */
static void describe_output(pTHX_ described *d, pdl *p, int half)
{
    d->array = p;
    d->half = 0;
    d->tensor.strides = NULL;
    d->tensor.byte_offset = 0;
    if (half) {
        make_half(aTHX_ d, p, 0);
    } else {
        dtype_of(p->datatype, &d->tensor.dtype);
        d->tensor.data = p->data ? p->data : &nowhere;
    }
}

/* Halves that were computed, as floats where they belong. */
static void finish_output(described *d)
{
    const uint16_t *h = d->tensor.data;
    PDL_Indx i;
    if (d->half)
        for (i = 0; i < d->array->nvals; i++)
            ((float *)d->array->data)[i] = half_to_float(h[i]);
}

/* A new PDL, in a reference that the caller owns, with room for its elements. */
static pdl *new_pdl(pTHX_ SV *reference, pdl_datatypes type, const PDL_Indx *dims, PDL_Indx n)
{
    pdl *p = PDL->pdlnew();
    if (!p)
        fail(aTHX_ "out of memory");
    PDL->SetSV_PDL(reference, p);
    p->datatype = type;
    check_pdl(aTHX_ PDL->setdims(p, (PDL_Indx *)dims, n));
    check_pdl(aTHX_ PDL->allocdata(p));
    return p;
}

/* PDL has changed how it keeps the transformations that lead away from a PDL. */
static int has_children(const pdl *p)
{
#ifdef MXLOSS_PDL_COUNTS_CHILDREN
    return p->ntrans_children != 0;
#else
    int i;
    for (i = 0; i < PDL_NCHILDREN; i++)
        if (p->trans_children.trans[i])
            return 1;
    return p->trans_children.next != NULL;
#endif
}

#ifdef PDL_DATAFLOW_B
#define MXLOSS_FLOWING (PDL_DATAFLOW_F | PDL_DATAFLOW_B)
#else
#define MXLOSS_FLOWING PDL_DATAFLOW_F
#endif

/* Whether nobody but the array that it came in refers to a PDL, which could hold such elements. */
static pdl *reusable(pTHX_ SV *sv, const pdl *like)
{
    pdl *p;
    PDL_Indx i;
    if (!SvROK(sv) || SvREFCNT(SvRV(sv)) != 1 || !(p = PDL->SvPDLV(sv)))
        return NULL;
    if (p->datatype != like->datatype || p->ndims != like->ndims || p->trans_parent ||
        has_children(p) || p->magic || !(p->state & PDL_ALLOCATED) ||
        p->state & (PDL_ANYCHANGED | PDL_BADVAL | MXLOSS_FLOWING))
        return NULL;
    for (i = 0; i < like->ndims; i++)
        if (p->dims[i] != like->dims[i])
            return NULL;
    return p;
}

#endif

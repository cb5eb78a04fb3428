"""The cffi module mxloss._native; run by `python -m cffi.gen_src exec-python`.

What Python may call is cut from the public header, between its [cdef] marks, so that there is
one declaration of everything.
"""

import pathlib
import re

from cffi import FFI

header = (pathlib.Path(__file__).parent.parent / "include" / "mxloss.h").read_text()
cdef = header.split("[cdef]")[1].split("*/", 1)[1].split("/* [end cdef]")[0]
cdef = cdef.replace("MXL_API ", "")
cdef = re.sub(r"1 << (\d+)", lambda m: str(1 << int(m[1])), cdef)
for name, number in re.findall(r"#define (MXL_MAX_\w+) (\d+)", header):
    cdef = f"#define {name} {number}\n" + cdef

# A call whose arrays were described before: Python sets the five addresses in one go.
PREPARED = """
typedef struct mxl_prepared {
    mxl_loss loss;
    int32_t n_inputs;
    const mxl_options *options;
    mxl_tensor **inputs;
    mxl_tensor *value;
    mxl_tensor **grads;
    const mxl_exec *exec;
} mxl_prepared;
"""
RUN_PREPARED = """
static mxl_status mxl_run_prepared(const mxl_prepared *p, void *pred, void *label, void *value,
                                   void *grad) {
    p->inputs[0]->data = pred;
    p->inputs[1]->data = label;
    p->value->data = value;
    if (grad)
        p->grads[0]->data = grad;
    return mxl_run(p->loss, p->options, p->n_inputs, (const mxl_tensor *const *)p->inputs, NULL,
                   p->value, grad ? p->grads : NULL, p->exec);
}
"""

ffibuilder = FFI()
ffibuilder.cdef(cdef)
ffibuilder.cdef(PREPARED)
ffibuilder.cdef(
    "mxl_status mxl_run_prepared(const mxl_prepared *p, void *pred, void *label, void *value, "
    "void *grad);"
)
ffibuilder.set_source(
    "mxloss._native", '#include "mxloss.h"\n' + PREPARED + RUN_PREPARED, py_limited_api=True
)

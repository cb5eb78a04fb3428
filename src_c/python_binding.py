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

# and from the header for calls on arrays that were described before
arrays = (pathlib.Path(__file__).parent / "python_arrays.h").read_text()
prepared = arrays.split("[cdef prepared] */")[1].split("/* [end cdef prepared]")[0]
functions = """
int mxl_run_prepared(const mxl_prepared *p, uintptr_t first, uintptr_t second, uintptr_t third,
                     uintptr_t value, uintptr_t grad, double head);
int mxl_mean_prepared(const mxl_prepared *p, uintptr_t value, uintptr_t mean);
void mxl_array_facts(uintptr_t object, size_t header, uintptr_t *facts);
"""

ffibuilder = FFI()
ffibuilder.cdef(cdef + prepared + functions)
ffibuilder.set_source("mxloss._native", '#include "python_arrays.h"\n', py_limited_api=True)

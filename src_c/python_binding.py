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

ffibuilder = FFI()
ffibuilder.cdef(cdef)
ffibuilder.set_source("mxloss._native", '#include "mxloss.h"', py_limited_api=True)

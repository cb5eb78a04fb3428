"""The kernels' object code really is vectorised, for each instruction set.

Compilers leave a loop scalar without a word. Each kernel file is compiled once more with vectorising
switched off: that tells how many arithmetic instructions each function's loops have. The object
that was built must have about as many packed ones, in registers of the full width.
"""

import pathlib
import platform
import re
import shutil
import subprocess
from collections import Counter

import pytest
from builds import usual_build

ROOT = pathlib.Path(__file__).parents[2]
REGISTERS = {"base": "xmm", "avx2": "ymm", "avx512": "zmm"}
ARITHMETIC = re.compile(r"v?(add|sub|mul|div|max|min|fn?m(add|sub)\d*)(ps|pd|ss|sd)$")
# How much of the scalar count has to come back packed. In the reductions' scalar version the folding
# of the lanes at the end is unrolled, and that is most of it; left scalar they would have next to none.
# The steps through a lattice come back as fewer instructions, their maxima being compared and blended.
# rows_tile has what a long row needs once beside its only loop.
# So is the last vector of a row in the scalar version of the runs that have one.
# A panel of SDML is a register wide, which the scalar version spells out number by number.
SHARE = {"rows_tile": 0.2, "sdml_scores": 0.1, "sdml_gradient": 0.1, "row_max": 0.15, "sum_of": 0.1, "dots": 0.12,
         "log_softmax_run": 0.1, "scale_run": 0.1, "subtract_run": 0.1,
         "lattice_forward": 0.35, "lattice_backward": 0.35, "lattice_posterior_of": 0.6}
LOOPS = re.compile(r"((\w+_tile|column_(maxima|softmax|log_softmax|softmax_gradient)|add_columns|"
                   r"row_(max|values|gradients)|exponentials|(exponentials|log_softmax|scale|subtract)_run|"
                   r"sum_of|sdml_scores|sdml_gradient|dots|"
                   r"difference|triplet_terms|cosine_gradient)_f(32|64)|add_columns_by_fours|"
                   r"lattice_(emit|forward|backward|posterior_of))$")


def arithmetic(path):
    """{function: Counter of 'scalar', 'xmm', 'ymm', 'zmm' arithmetic instructions}"""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], check=True,
                          capture_output=True, text=True).stdout
    counts, function = {}, None
    for line in text.splitlines():
        if header := re.match(r"[0-9a-f]+ <([\w.]+)>:", line):
            function = header[1].split(".")[0]
            counts.setdefault(function, Counter())
        elif op := re.match(r"\s+[0-9a-f]+:\s+(\S+)\s*(.*)", line):
            if function and (kind := ARITHMETIC.match(op[1])):
                register = re.search("[xyz]mm", op[2])
                counts[function][register[0] if kind[3][0] == "p" else "scalar"] += 1
    return {name: count for name, count in counts.items() if LOOPS.match(name)}


@usual_build
@pytest.mark.skipif(platform.machine() != "x86_64", reason="reads x86-64 instructions")
@pytest.mark.parametrize("isa", REGISTERS)
def test_loops_are_vectorised(isa, tmp_path):
    if not (ROOT / "build").exists():
        pytest.skip("looks at the objects of a build in this folder, and there was none")
    (built,) = ROOT.glob(f"build/cp*/CMakeFiles/mxloss_objects.dir/src_c/kernels_{isa}.c.o")
    flags = re.search(r"set\(MXLOSS_FLAGS ([^)]*)\)", (ROOT / "CMakeLists.txt").read_text())[1]
    scalar = tmp_path / "scalar.o"
    subprocess.run([shutil.which("cc") or "gcc", "-std=c99", "-fPIC", *flags.split(),
                    "-fno-tree-vectorize", "-fno-tree-slp-vectorize", f"-I{ROOT}/include",
                    f"-I{ROOT}/src_c", "-c", ROOT / f"src_c/kernels_{isa}.c", "-o", scalar],
                   check=True)
    wanted, got = arithmetic(scalar), arithmetic(built)
    assert sum(name.endswith("_tile_f32") for name in wanted) >= 17
    register = REGISTERS[isa]
    lazy = {name: f"{got[name][register]} {register} instructions for {count['scalar']} scalar ones"
            for name, count in wanted.items()
            if name in got
            and got[name][register] < SHARE.get(re.sub(r"_f(32|64)$", "", name), 0.7) * count["scalar"]}
    assert lazy == {}
    assert len(set(wanted) & set(got)) >= 0.9 * len(wanted)

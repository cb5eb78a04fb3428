"""Compares the speed of MXNet 1.9.1 and mxloss; exit status 1 if mxloss is slower anywhere.

    python tests/bench/compare.py --mxnet-python MXNET_VENV/bin/python --mxloss-python python
    python tests/bench/compare.py --mxnet-python ... --mxloss-python ... --size small,medium,large
    MXNET_MKLDNN_ENABLED=0 python tests/bench/compare.py ...     MXNet without MKL-DNN
    OMP_NUM_THREADS=2 python tests/bench/compare.py ...          MXNet with two threads

bench_mxnet.py says how to make MXNET_VENV. Needs numpy itself. The two take turns for
some rounds and the table shows minima over all rounds, in microseconds, against noise;
keep the machine otherwise idle. ratio = MXNet's time / mxloss's time.
"""

import argparse
import json
import math
import os
import subprocess
import sys

from cases import add_size_option, chosen

HERE = os.path.dirname(os.path.abspath(__file__))
MODES = ("forward", "forward_backward")


def run(python, script, size):
    command = [python, os.path.join(HERE, script), "--size", size]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def fastest(rounds, cell, mode):
    return min(result[cell][mode]["min"] for result in rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mxnet-python", required=True, help="interpreter that has mxnet")
    parser.add_argument("--mxloss-python", required=True, help="interpreter that has mxloss")
    parser.add_argument("--rounds", type=int, default=5)
    add_size_option(parser)
    args = parser.parse_args()
    cells = [cell.name for cell in chosen(args.size)]

    mxnet, mxloss = [], []
    for i in range(args.rounds):
        print(f"round {i + 1} of {args.rounds}", file=sys.stderr)
        mxnet.append(run(args.mxnet_python, "bench_mxnet.py", args.size))
        mxloss.append(run(args.mxloss_python, "bench_mxloss.py", args.size))

    for cell in cells:
        a, b = mxnet[0][cell]["loss_sum"], mxloss[0][cell]["loss_sum"]
        if not math.isclose(a, b, rel_tol=1e-4):
            sys.exit(f"{cell}: the losses differ, MXNet {a}, mxloss {b}: nothing to compare")

    print(f"{'cell':43}" + 2 * f"{'mxnet':>11}{'mxloss':>11}{'ratio':>8}")
    print(f"{'(us, minimum)':43}{'forward':>22}{'':8}{'fwd+bwd':>22}")
    slower = 0
    for cell in cells:
        line = f"{cell:43}"
        for mode in MODES:
            theirs, ours = fastest(mxnet, cell, mode), fastest(mxloss, cell, mode)
            slower += theirs < ours
            line += f"{theirs:11.1f}{ours:11.1f}{theirs / ours:8.2f}"
        print(line)
    print(f"mxloss is slower in {slower} of {2 * len(cells)} comparisons")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Print RECORDED of tests/python/training.py: what MXNet 1.9.1 makes of the runs there.

    MXNET_MKLDNN_ENABLED=0 python tests/tools/record_training.py

with a Python that has mxnet 1.9.1; put the output in place of the old one.
"""

import pathlib
import sys

import mxnet as mx

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "python"))
import training

recorded = {name: training.three_steps(mx, name) for name in training.OPTIMIZERS}
recorded["classifier"] = training.classifier(mx)
print("RECORDED = {")
for name, values in recorded.items():
    words = [f"{x:.8g}," for x in values]
    print(f'    "{name}": [')
    for i in range(0, len(words), 7):
        print("       ", " ".join(words[i : i + 7]))
    print("    ],")
print("}")

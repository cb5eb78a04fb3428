"""The real MXNet 1.9.1 and mxloss, side by side: what .ci/mxnet-suite ran is compared here."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from losses import CASES, OURS_ONLY

ROOT = Path(os.environ.get("MXLOSS_WORLDS", "/nonexistent"))


def load(world, name):
    return np.load(ROOT / world / f"{name}.npz")


def compare(real, ours, keys, rtol, atol):
    assert keys
    for key in keys:
        assert real[key].shape == ours[key].shape and real[key].dtype == ours[key].dtype, key
        np.testing.assert_allclose(ours[key], real[key], rtol=rtol, atol=atol, err_msg=key)


def test_it_is_the_real_one():
    assert json.loads((ROOT / "mxnet/version.json").read_text()) == "1.9.1"


@pytest.mark.parametrize("program", [
    "optimizers", "losses", "custom", "batches", "random_losses"])
def test_programs(program):
    """The same numbers after every step of training."""
    real, ours = load("mxnet", "programs"), load("mxloss", "programs")
    keys = [key for key in real.files if key.startswith(program + ":")]
    assert set(keys) <= set(ours.files)  # MXNet cannot make graphs of some random losses
    assert len([key for key in ours.files if key.startswith(program + ":")]) < 1.2 * len(keys)
    wide = [key for key in keys if "float64" in key]
    compare(real, ours, [k for k in keys if k not in wide], 2e-4, 2e-6)
    if wide:
        compare(real, ours, wide, 1e-9, 1e-12)


@pytest.mark.parametrize("case", CASES)
def test_losses(case):
    """Value and gradients, ours, MXNet's, and those of either's export in the other."""
    real, ours = load("mxnet", "losses"), load("mxloss", "losses")
    keys = [key for key in real.files if key.startswith(case + ":")]
    given = len([s for s in CASES[case][2] if s is not None])
    assert len(keys) == 1 + given
    if case.startswith("ctc"):  # gradients of labels and lengths: zeros here, unwritten there
        keys = [k for k in keys if k[-1] in "01" or (case == "ctc weighted" and k[-1] == "3")]
    compare(real, ours, keys, 2e-5, 1e-6)
    compare(real, load("mxloss", "read"), keys, 2e-5, 1e-6)
    compare(ours, load("mxnet", "read"), keys, 2e-5, 1e-6)


@pytest.mark.parametrize("case", OURS_ONLY)
def test_losses_that_mxnet_cannot_export(case):
    ours, real = load("mxloss", "losses"), load("mxnet", "read")
    compare(ours, real, [key for key in ours.files if key.startswith(case + ":")], 2e-5, 1e-6)


@pytest.mark.parametrize("reader, writer", [("mxnet", "mxloss"), ("mxloss", "mxnet")])
def test_files(reader, writer):
    written, found = load(writer, "losses"), load(reader, "read")
    for key in ("net: 0", "net load_parameters: 0", "net load: 0"):
        np.testing.assert_allclose(found[key], written["net: 0"], rtol=1e-5)
    for key in (k for k in found.files if k.startswith("arrays")):
        assert found[key].tolist() == [1, 2, 3]
    for file in ("arrays", "net.params", "net-0000.params"):
        assert (ROOT / "mxnet" / file).read_bytes() == (ROOT / "mxloss" / file).read_bytes() or (
            file != "arrays")


@pytest.mark.parametrize("case", CASES)
def test_graphs(case):
    """The exported text is MXNet's to the byte."""
    file = case.replace(" ", "_") + "-symbol.json"
    assert (ROOT / "mxloss" / file).read_text() == (ROOT / "mxnet" / file).read_text()

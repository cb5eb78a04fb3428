"""The programs on the page of a loss, in every language, from its constructor and its inputs:

    HuberLoss(rho=2)
    pred = [[0.0, 3.0], [1.0, -4.0]]
    label = [[1.0, 0.0], [1.0, 0.0]]

The first input becomes float32. Tests run the programs and compare what they print.
"""

import ast
import json

import numpy as np

from mxloss import _core
from mxloss.gluon import loss as losses


class Use:
    """A loss, its options as they were written, and its inputs."""

    def __init__(self, text):
        constructor, *inputs = ast.parse(text).body
        call = constructor.value
        self.name = call.func.id
        self.constructor = ast.unparse(call)
        self.options = {k.arg: ast.literal_eval(k.value) for k in call.keywords}
        self.loss = getattr(losses, self.name)(**self.options)
        self.info = _core.LOSSES[self.loss._core_name]
        self.inputs = {a.targets[0].id: ast.literal_eval(a.value) for a in inputs}
        self.first = self.info.inputs[0]
        assert next(iter(self.inputs)) == self.first and set(self.inputs) <= set(self.info.inputs)

    def result(self):
        first, *rest = self.inputs
        pred = np.array(self.inputs[first], "float32")
        return self.loss.value_and_grad(pred, **{name: self.inputs[name] for name in rest})

    def arguments(self, write, named):
        """The call's arguments: by position as far as they go, then by name."""
        in_place = self.info.inputs[: len(self.inputs)]
        return ", ".join(
            write(name) if name in in_place else named(name, write(name)) for name in self.inputs
        )


def python(use):
    lines = ["import numpy as np", f"from mxloss.gluon.loss import {use.name}", ""]
    lines += [f"loss = {use.constructor}"]
    for name, numbers in use.inputs.items():
        array = f'np.array({numbers}, dtype="float32")' if name == use.first else numbers
        lines += [f"{name} = {array}"]
    arguments = use.arguments(str, "{}={}".format)
    lines += [f"value, gradient = loss.value_and_grad({arguments})"]
    return "\n".join([*lines, "print(value)", "print(gradient)"])


def gluon(use):
    lines = ["import mxloss as mx", "", f"loss = mx.gluon.loss.{use.constructor}"]
    lines += [f"{name} = mx.nd.array({numbers})" for name, numbers in use.inputs.items()]
    lines += [f"{use.first}.attach_grad()", "with mx.autograd.record():"]
    lines += [f"    value = loss({use.arguments(str, '{}={}'.format)})", "value.backward()"]
    return "\n".join([*lines, "print(value.asnumpy())", f"print({use.first}.grad.asnumpy())"])


def perl(use):
    def literal(value):
        if value is None or isinstance(value, bool):
            return {None: "undef", True: "1", False: "0"}[value]
        return f"'{value}'" if isinstance(value, str) else json.dumps(value)

    options = ", ".join(f"{name} => {literal(value)}" for name, value in use.options.items())
    lines = ["use AI::MXLoss qw(mx);", ""]
    lines += [f"my $loss = mx->gluon->loss->{use.name}" + (f"({options});" if options else ";")]
    lines += [f"my ${name} = mx->nd->array({literal(v)});" for name, v in use.inputs.items()]
    if tuple(use.inputs) == use.info.inputs[: len(use.inputs)]:
        arguments = ", ".join(f"${name}" for name in use.inputs)
    else:  # AI::MXNet's way: all by name
        arguments = ", ".join(f"{name} => ${name}" for name in use.inputs)
    lines += ["", f"${use.first}->attach_grad;", "my $value;"]
    lines += [f"mx->autograd->record(sub {{ $value = $loss->({arguments}) }});"]
    lines += ["$value->backward;"]
    return "\n".join([*lines, f"print $value->aspdl, ${use.first}->grad->aspdl;"])


def c(use):
    arrays = {name: np.array(numbers) for name, numbers in use.inputs.items()}
    value, gradient = use.result()
    whole = any(array.dtype.kind == "i" for array in arrays.values())
    lines = ["#include <mxloss.h>", "#include <stdio.h>", "", "int main(void) {"]
    for name, array in arrays.items():
        kind = "int64_t" if array.dtype.kind == "i" else "float"
        numbers = ", ".join(f"{number:g}" for number in array.ravel().tolist())
        lines += [f"    {kind} {name}_data[] = {{{numbers}}};"]
    lines += [f"    float value_data[{value.size}], gradient_data[{gradient.size}];", ""]
    lines += ["    const mxl_device cpu = {MXL_CPU, 0};"]
    lines += ["    const mxl_dtype float32 = {MXL_FLOAT, 32, 1};"]
    lines += ["    const mxl_dtype int64 = {MXL_INT, 64, 1};"] * whole
    for name, array in {**arrays, "value": value, "gradient": gradient}.items():
        dtype = "int64" if array.dtype.kind == "i" else "float32"
        shape = f"(int64_t[]){{{', '.join(map(str, array.shape))}}}"
        fields = f"{name}_data, cpu, {array.ndim}, {dtype}, {shape}, NULL, 0"
        lines += [f"    mxl_tensor {name} = {{{fields}}};"]
    n = 1 + max(use.info.inputs.index(name) for name in arrays)
    given = [f"&{name}" if name in arrays else "NULL" for name in use.info.inputs[:n]]
    grads = ["&gradient"] + ["NULL"] * (n - 1)
    lines += [f"    const mxl_tensor *inputs[] = {{{', '.join(given)}}};"]
    lines += [f"    mxl_tensor *grads[] = {{{', '.join(grads)}}};", ""]

    loss = _core.ffi.typeof("mxl_loss").elements[use.info.number]
    lines += ["    mxl_options options;", f"    mxl_defaults({loss}, &options);", *c_options(use)]
    lines += ["    mxl_error error;", "    mxl_exec exec = {sizeof exec, 0, &error};"]
    call = f"mxl_run({loss}, &options, {n}, inputs, NULL, &value, grads, &exec)"
    lines += [f"    if ({call}) {{"]
    lines += ['        fprintf(stderr, "%s\\n", error.message);', "        return 1;", "    }"]
    for name, size in ("value", value.size), ("gradient", gradient.size):
        lines += [f"    for (int i = 0; i < {size}; i++)"]
        lines += [f'        printf("%g%s", {name}_data[i], i < {size - 1} ? " " : "\\n");']
    return "\n".join([*lines, "    return 0;", "}"])


def c_options(use):
    """Lines that set what differs from the defaults, as Python passes it to the core."""
    made, default = use.loss._options().struct, _core.ffi.new("mxl_options *")
    _core.lib.mxl_defaults(use.info.number, default)
    for name, field in _core.ffi.typeof("mxl_options").fields:
        if field.type.kind == "primitive" and name != "flags":
            if getattr(made, name) != getattr(default, name):
                yield f"    options.{name} = {getattr(made, name):g};"
    for flag, bit in _core.ffi.typeof("mxl_flag").relements.items():
        if (made.flags ^ default.flags) & bit:
            yield f"    options.flags {f'|= {flag}' if made.flags & bit else f'&= ~{flag}'};"


LANGUAGES = {  # the title of its tab: the highlighter's language, and who writes it
    "Python": ("python", python),
    "Gluon": ("python", gluon),
    "Perl": ("perl", perl),
    "C": ("c", c),
}

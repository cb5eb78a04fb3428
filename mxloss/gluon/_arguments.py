"""The arguments of a call, in the order of the core's inputs. `name` is the loss's, for messages;
`names` are its inputs'."""

import numpy as np

from ..base import MXNetTypeError, MXNetValueError


def bind(name, names, args, kwargs):
    """Positional and keyword arguments as a list in the order of the core's inputs."""
    inputs = list(args) + [None] * (len(names) - len(args))
    if len(args) > len(names):
        raise MXNetTypeError(
            f"{name} takes at most {len(names)} inputs ({', '.join(names)}), got {len(args)}"
        )
    for key, value in kwargs.items():
        if key not in names:
            raise MXNetTypeError(f"{name} has no input {key!r}; its inputs are {', '.join(names)}")
        place = names.index(key)
        if place < len(args):
            raise MXNetTypeError(f"{name} got {key!r} twice, by position and by name")
        inputs[place] = value
    return inputs


def places_of(name, names, wrt):
    """wrt as numbers of inputs, and whether it was a single one."""
    single = wrt is None or isinstance(wrt, (str, int, np.integer))
    places = []
    if not single and not isinstance(wrt, (tuple, list)):
        raise MXNetTypeError(
            f"{name}: wrt is {wrt!r}; expected the name or number of an input, "
            "or a sequence of these"
        )
    for item in [0 if wrt is None else wrt] if single else wrt:
        if isinstance(item, str) and item in names:
            item = names.index(item)
        if (
            not isinstance(item, (int, np.integer))
            or isinstance(item, bool)
            or not 0 <= item < len(names)
        ):
            raise MXNetValueError(
                f"{name}: wrt names {item!r}; expected some of {', '.join(names)}"
            )
        if item in places:
            raise MXNetValueError(f"{name}: wrt names {names[item]} twice")
        places.append(int(item))
    return places, single


def outputs_of(name, out, places, single):
    """out as the array for the value and the list of arrays for the gradients, or None."""
    if out is None:
        return None, None
    if not isinstance(out, (tuple, list)) or len(out) != 2:
        raise MXNetTypeError(
            f"{name}: out must be a pair (value, gradient), each an array or "
            f"None, got {type(out).__name__}"
        )
    value, grads = out
    if grads is None:
        return value, None
    if single:
        return value, [grads]
    if not isinstance(grads, (tuple, list)):
        raise MXNetTypeError(
            f"{name}: the gradients in out must be a sequence, as wrt is, got "
            f"{type(grads).__name__}"
        )
    if len(grads) != len(places):
        raise MXNetValueError(
            f"{name}: out has {len(grads)} gradients, but wrt names {len(places)} inputs"
        )
    return value, grads

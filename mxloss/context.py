"""Where arrays live: mxloss computes on the processor."""

from .base import MXNetError, MXNetTypeError

__all__ = ["Context", "cpu", "current_context", "gpu", "num_gpus"]


class Context:
    """A device. Only cpu(0) and its like exist; numbers are kept for printing."""

    def __init__(self, device_type, device_id=0):
        kind = getattr(device_type, "device_type", device_type)
        if kind == "gpu":
            gpu(device_id)
        if kind not in ("cpu", "cpu_pinned", "cpu_shared"):
            raise MXNetError(f"unknown device {device_type!r}; expected cpu")
        self.device_type = kind
        self.device_id = getattr(device_type, "device_id", device_id)
        if not isinstance(self.device_id, int):
            raise MXNetTypeError(f"device_id is {device_id!r}; expected an integer")

    def __repr__(self):
        return f"{self.device_type}({self.device_id})"

    def __eq__(self, other):
        return isinstance(other, Context) and repr(self) == repr(other)

    def __hash__(self):
        return hash(repr(self))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        return None


def cpu(device_id=0):
    """The processor."""
    return Context("cpu", device_id)


def gpu(device_id=0):
    """Refused: mxloss computes on the processor."""
    raise MXNetError(
        f"gpu({device_id}) cannot be used: mxloss computes on the processor. Use mx.cpu()"
    )


def num_gpus():
    """0."""
    return 0


def current_context():
    """cpu(0)."""
    return cpu()

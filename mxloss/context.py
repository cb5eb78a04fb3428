"""Where arrays live: mxloss computes on the processor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .base import MXNetError, MXNetTypeError

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["Context", "cpu", "current_context", "gpu", "num_gpus"]


class Context:
    """A device. Only cpu(0) and its like exist; numbers are kept for printing."""

    device_type: str
    device_id: int

    def __init__(self, device_type: str | Context, device_id: int = 0) -> None:
        kind: Any = getattr(device_type, "device_type", device_type)
        if kind == "gpu":
            gpu(device_id)
        if kind not in ("cpu", "cpu_pinned", "cpu_shared"):
            raise MXNetError(f"unknown device {device_type!r}; expected cpu")
        self.device_type = kind
        self.device_id = getattr(device_type, "device_id", device_id)
        if not isinstance(self.device_id, int):
            raise MXNetTypeError(f"device_id is {device_id!r}; expected an integer")

    def __repr__(self) -> str:
        return f"{self.device_type}({self.device_id})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Context) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    def __enter__(self) -> Context:
        return self

    def __exit__(self, *exception: object) -> None:
        return None


def cpu(device_id: int = 0) -> Context:
    """The processor."""
    return Context("cpu", device_id)


def gpu(device_id: int = 0) -> NoReturn:
    """Refused: mxloss computes on the processor."""
    raise MXNetError(
        f"gpu({device_id}) cannot be used: mxloss computes on the processor. Use mx.cpu()"
    )


def num_gpus() -> int:
    """0."""
    return 0


def current_context() -> Context:
    """cpu(0)."""
    return cpu()

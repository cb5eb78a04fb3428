"""assert_type, for type checkers and at run time: what it is given has that type in either."""

from typing import TYPE_CHECKING, Any, get_args, get_origin

if TYPE_CHECKING:
    from typing_extensions import assert_type as assert_type
else:

    def assert_type(value, kind):
        if kind is Any:
            return
        origin, inner = get_origin(kind), get_args(kind)
        origin = get_origin(getattr(origin, "__value__", None)) or origin  # an alias, since numpy 2.5
        assert isinstance(value, origin or kind), (type(value), kind)
        if origin in (tuple, list):
            inner = inner[:1] * len(value) if origin is list or inner[-1] is ... else inner
            assert len(value) == len(inner), (value, kind)
            for element, its in zip(value, inner):
                assert_type(element, its)

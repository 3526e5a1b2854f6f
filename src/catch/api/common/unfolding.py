"""Objects of an answer whose parts are worked out, and their texts unsealed, when they are asked for: most answers want
few of them.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Kind = TypeVar("Kind", bound=type[Any])
Said = TypeVar("Said")


class Part:
    """One of them. What it comes to is kept as an attribute of the object's own, which is found before this."""

    __slots__ = ("_make", "_name")

    def __init__(self, name: str, make: Callable[[Any], object]) -> None:
        self._name = name
        self._make = make

    def __get__(self, held: Any, _of: type[Any]) -> Any:
        if held is None:
            return self
        kept = held.__dict__
        value = kept[self._name] = self._make(kept["_said"])
        return value


def unfolds(parts: Mapping[str, Callable[[Said], object]]) -> Callable[[Kind], Kind]:
    """Gives a class these parts, each made from what its objects keep as `_said`."""

    def with_parts(kind: Kind) -> Kind:
        for name, make in parts.items():
            setattr(kind, name, Part(name, make))
        return kind

    return with_parts

"""Parts of a state, kept in tuples: one more at its place, and one of them with something set anew."""

from bisect import insort_right
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

T = TypeVar("T")
P = TypeVar("P", bound=Struct)


def in_order(parts: tuple[T, ...], part: T, at: Callable[[T], datetime], after: int = 0) -> tuple[T, ...]:
    """The parts with one more, in the order in which they occurred; of two at once the one recorded later is later.

    The first so many stay the first.
    """
    # As nearly all are: recorded in the order in which they occurred.
    if not parts or at(parts[-1]) <= at(part):
        return (*parts, part)
    held = [*parts]
    insort_right(held, part, lo=after, key=at)
    return tuple(held)


def otherwise(parts: tuple[P, ...], which: Callable[[P], bool], **changes: object) -> tuple[P, ...]:
    """The parts in their order, with these fields of those that are meant set anew."""
    return tuple(replace(held, **changes) if which(held) else held for held in parts)

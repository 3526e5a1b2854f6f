"""The fold of a read model in memory: live rows, rebuilt rows and history all come from here."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import takewhile
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from catch.domain.facts import Recorded
from catch.domain.occurrence import true_from
from projections.read_model import Key, ReadModel

R = TypeVar("R", bound=Recorded[Any])


def advance(projection: ReadModel, row: Struct | None, recorded: Recorded[Any], key: Key) -> Struct | None:
    """The row after this fact: the same object when it did not change, with the fact's position when it did."""
    after: Any = projection.fold(row, recorded, key)
    if after is None or after is row or after.position == recorded.position:
        return after
    return row if after == row else replace(after, position=recorded.position)


def completed(projection: ReadModel, row: Struct | None) -> Struct | None:
    """The row as it is written and shown, after the last of its facts."""
    return row if row is None or projection.complete is None else projection.complete(row)


def as_at(projection: ReadModel, key: Key, events: Iterable[Recorded[Any]]) -> Struct | None:
    """The row as these facts leave it; choose them with `known_at`, `true_at` or `up_to`."""
    row: Struct | None = None
    wanted = projection.topics
    for recorded in events:
        if (wanted is None or recorded.topic in wanted) and key in projection.keys(recorded):
            row = advance(projection, row, recorded, key)
    return completed(projection, row)


def known_at(events: Iterable[R], moment: datetime) -> Iterator[R]:
    """What had been recorded by then: the answer that anybody could have been given.

    A beginning of the events, without a hole: where the database's clock was set back, it ends before the first fact
    that bears a later time.
    """
    return takewhile(lambda recorded: recorded.recorded_at <= moment, events)


def true_at(events: Iterable[R], moment: datetime) -> Iterator[R]:
    """What had happened by then, as far as is known today; still in the order of the log.

    Folds keep to the order in which things occurred wherever that makes a difference.
    """
    return (recorded for recorded in events if true_from(recorded.event, recorded.envelope.occurred_at) <= moment)


def up_to(events: Iterable[R], position: int) -> Iterator[R]:
    return (recorded for recorded in events if recorded.position <= position)

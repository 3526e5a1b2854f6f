"""What a projection is, and its fold in memory: live rows, rebuilt rows and history all come from here."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import takewhile
from typing import Any, Protocol, TypeVar
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from catch.domain.facts import Recorded
from catch.log.rows import Listed

Key = UUID | int | str
R = TypeVar("R", bound=Recorded[Any])


class Projection(Protocol):
    """A module of /projections."""

    @property
    def NAME(self) -> str:  # noqa: N802
        """What the table is called, without its version."""
        ...

    @property
    def VERSION(self) -> int:  # noqa: N802
        """Raised whenever the row or the fold changes: then a new table is built beside the old one."""
        ...

    @property
    def Row(self) -> type[Struct]:  # noqa: N802
        """The first field is the primary key; `position: int` is the position of the fact that last changed the row."""
        ...

    @property
    def INDEXES(self) -> tuple[str, ...]:  # noqa: N802
        """Column lists, each perhaps with a condition: `(agency, due) where done_at is null`."""
        ...

    # A projection may also say
    # `TOPICS`: the names of the only facts that its rows come from;
    # `EACH_FACT = True`: a fact makes one row, its position the key, or none, so nothing is looked up or held;
    # `ONE_STREAM = True`: all facts of a row are of one stream, so that several processes may share a rebuild;
    # `LISTED`: a field whose parts are kept one a row in a table beside (`catch.log.rows.Listed`).

    def keys(self, recorded: Recorded[Any], /) -> Iterable[Key]:
        """The rows that this fact may change."""
        ...

    def fold(self, row: Any, recorded: Recorded[Any], key: Any, /) -> Any:
        """The row after this fact; None when there is none (any more)."""
        ...


def table(projection: Projection) -> str:
    """The name of the projection's table, which is also the name of its checkpoint."""
    return f"{projection.NAME}_v{projection.VERSION}"


def listed(projection: Projection) -> Listed | None:
    """The field whose parts have a table of their own."""
    return getattr(projection, "LISTED", None)


def topics(projection: Projection) -> frozenset[str] | None:
    """The names of the facts that concern the projection; None: any may."""
    return getattr(projection, "TOPICS", None)


def each_fact(projection: Projection) -> bool:
    return getattr(projection, "EACH_FACT", False)


def one_stream(projection: Projection) -> bool:
    return each_fact(projection) or getattr(projection, "ONE_STREAM", False)


def advance(projection: Projection, row: Struct | None, recorded: Recorded[Any], key: Key) -> Struct | None:
    """The row after this fact: the same object when it did not change, with the fact's position when it did."""
    after: Any = projection.fold(row, recorded, key)
    if after is None or after is row or after.position == recorded.position:
        return after
    return row if after == row else replace(after, position=recorded.position)


def as_at(projection: Projection, key: Key, events: Iterable[Recorded[Any]]) -> Struct | None:
    """The row as these facts leave it; choose them with `known_at`, `true_at` or `up_to`."""
    row: Struct | None = None
    wanted = topics(projection)
    for recorded in events:
        if (wanted is None or recorded.topic in wanted) and key in projection.keys(recorded):
            row = advance(projection, row, recorded, key)
    return row


def known_at(events: Iterable[R], moment: datetime) -> Iterator[R]:
    """What had been recorded by then: the answer that anybody could have been given.

    A beginning of the events, without a hole: where the database's clock was set back, it ends before the first fact
    that bears a later time.
    """
    return takewhile(lambda recorded: recorded.recorded_at <= moment, events)


def true_at(events: Iterable[R], moment: datetime) -> Iterator[R]:
    """What had happened by then, as far as is known today; still in the order of the log."""
    return (recorded for recorded in events if recorded.envelope.occurred_at <= moment)


def up_to(events: Iterable[R], position: int) -> Iterator[R]:
    return (recorded for recorded in events if recorded.position <= position)

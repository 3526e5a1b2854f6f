"""What the harness writes, and a read model of it in which every fact folded twice, or left out, shows."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from catch.domain.facts import Actor, Envelope, Purpose, Recorded, Role
from catch.log import NewEvent, Stored
from tests.toy_models import ToyModel

ACTOR = Actor("u1", "housing-1", Role.CHAIR)
OCCURRED = datetime(2026, 1, 6, 10, tzinfo=UTC)


class Written(Struct, frozen=True, tag=True):
    """Event `number` of the `of` events of one command."""

    number: int
    of: int


_decoder = msgspec.json.Decoder(Envelope[Written])


def written(command: UUID, places: list[tuple[UUID, int]]) -> tuple[NewEvent, ...]:
    """One event for each (stream, version)."""
    return tuple(
        NewEvent(
            stream,
            version,
            "Written",
            msgspec.json.encode(
                Envelope(OCCURRED, ACTOR, Purpose.DIRECT_CARE, command, command, Written(n, len(places)))
            ),
        )
        for n, (stream, version) in enumerate(places, start=1)
    )


def decode(stored: Stored) -> Recorded[Any]:
    return Recorded(*stored[:4], stored.recorded_at, _decoder.decode(stored.state))


class StreamRow(Struct, frozen=True):
    stream: UUID
    count: int
    trail: tuple[int, ...]
    position: int


class Streams(ToyModel):
    """Of each stream the versions seen, in the order in which they were folded."""

    NAME = "streams"
    VERSION = 1
    ROW = StreamRow

    def keys(self, recorded: Recorded[Any], /) -> Iterable[UUID]:
        return (recorded.stream,)

    def fold(self, row: StreamRow | None, recorded: Recorded[Any], key: UUID, /) -> StreamRow | None:
        row = row or StreamRow(key, 0, (), recorded.position)
        return replace(row, count=row.count + 1, trail=(*row.trail, recorded.version)[-500:])


class SizeRow(Struct, frozen=True):
    size: int
    events: int
    position: int


class Sizes(ToyModel):
    """How many events were ever written by commands of each size."""

    NAME = "sizes"
    VERSION = 1
    ROW = SizeRow

    def keys(self, recorded: Recorded[Any], /) -> Iterable[int]:
        return (recorded.event.of,)

    def fold(self, row: SizeRow | None, recorded: Recorded[Any], key: int, /) -> SizeRow | None:
        return replace(row, events=row.events + 1) if row else SizeRow(key, 1, recorded.position)


LEDGERS = (Streams().model(), Sizes().model())

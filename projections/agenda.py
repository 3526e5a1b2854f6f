"""Every meeting as it stands, with its agenda: what a live screen shows and the next draft carries over from."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from catch.domain.facts import Recorded
from catch.domain.meeting import evolve
from catch.domain.meeting.state import Meeting, MeetingState
from catch.domain.streams import MEETING, stream_of_event

NAME = "agenda"
VERSION = 1
INDEXES = ("programme, series, starts_at", "starts_at, meeting_id", "using gin (cases)")


class Row(Struct, frozen=True):
    """One meeting. `cases` are those of its items, so that a case's meetings are found."""

    meeting_id: UUID
    position: int
    version: int
    programme: str
    series: str
    starts_at: datetime
    state: MeetingState
    cases: tuple[UUID, ...]
    meeting: Meeting


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    return (recorded.stream,) if stream_of_event(recorded.event) is MEETING else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row | None:
    meeting = evolve(row.meeting if row else None, recorded.event)
    return Row(
        meeting_id=key,
        position=recorded.position,
        version=recorded.version,
        programme=meeting.programme,
        series=meeting.series,
        starts_at=meeting.starts_at,
        state=meeting.state,
        cases=tuple(item.case for item in meeting.items if item.case),
        meeting=meeting,
    )

"""Every meeting as it stands, with its agenda: what a live screen shows and the next draft carries over from."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import compress
from operator import is_not
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from catch.access.finding import Place, Words, guests, places
from catch.access.seats import published
from catch.database import Statements
from catch.domain.agenda.carry import Word, left_out, left_to, said_for, words
from catch.domain.agenda.facts import Carried
from catch.domain.facts import Recorded
from catch.domain.meeting import evolve
from catch.domain.meeting.items import Item, ItemState
from catch.domain.meeting.planning import MeetingRescheduled
from catch.domain.meeting.state import OVER, Meeting, MeetingState
from catch.domain.streams import MEETING, stream_of_event
from catch.log.rows import Listed, load
from catch.slices import each, emptied
from projections.read_model import MadeOf, ReadModel, names


class Row(Struct, frozen=True):
    """One meeting. `cases` are those of its items, so that a case's meetings are found.

    `said` is its last word on each of its cases, once it is over: what goes on to the next meetings; `places` are the
    words under which it, and the cases on its agenda, are found. `moved` is the last fact that put it at another time
    (0: none), and `moved_at` when that was recorded.
    """

    meeting_id: UUID
    position: int
    version: int
    programme: str
    series: str
    starts_at: datetime
    state: MeetingState
    cases: tuple[UUID, ...]
    said: tuple[Word, ...]
    instant: bool
    places: tuple[Place, ...]
    meeting: Meeting
    moved: int = 0
    moved_at: datetime | None = None


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    return (recorded.stream,) if stream_of_event(recorded.event) is MEETING else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row | None:
    meeting = evolve(row.meeting if row else None, recorded.event, recorded.envelope.occurred_at)
    if meeting is None:
        return None
    # Most facts of a sitting change no seat. To make all words with each was four fifths of a rebuild's folding.
    seated = row is not None and same_seats(row.meeting.items, meeting.items)
    cases = row.cases if row and seated else tuple([item.case for item in meeting.items if item.case])
    moves = isinstance(recorded.event, MeetingRescheduled)
    return Row(
        meeting_id=key,
        position=recorded.position,
        version=recorded.version,
        programme=meeting.programme,
        series=meeting.series,
        starts_at=meeting.starts_at,
        state=meeting.state,
        cases=cases,
        said=row.said if row and same_end(row.meeting, meeting) else words(meeting),
        instant=meeting.instant,
        places=row.places if row and seated and unmoved(row.meeting, meeting) else (),
        meeting=meeting,
        moved=recorded.position if moves else row.moved if row else 0,
        moved_at=recorded.recorded_at if moves else row.moved_at if row else None,
    )


def complete(row: Row) -> Row:
    """Under some word every meeting is found: none, and they are still to be made."""
    return row if row.places else replace(row, places=places(row.meeting))


AGENDA = ReadModel(
    name="agenda",
    version=9,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=names(MEETING.events),
    indexes=("programme, series, starts_at", "starts_at, meeting_id", "using gin (cases)"),
    listed=Listed(
        "places",
        Place,
        (
            "(token, starts_at, meeting_id) where case_id is null",
            "(token, until) where case_id is not null",
            "meeting_id",
        ),
    ),
    keys=keys,
    fold=fold,
    complete=complete,
)
TABLE = AGENDA.table
PLACES = AGENDA.beside


def same_seats(before: Sequence[Item], items: Sequence[Item]) -> bool:
    """Whether the same cases are on the agenda, for the same agencies: what is said of them while they are heard
    changes nothing of that.
    """
    if before is items:
        return True
    others = compress(zip(before, items, strict=False), map(is_not, before, items))
    return len(before) == len(items) and all(same_seat(one, other) for one, other in others)


def same_seat(before: Item, item: Item) -> bool:
    removed = ItemState.REMOVED
    return (
        before.case == item.case
        and before.visible_to == item.visible_to
        and (before.state is removed) == (item.state is removed)
    )


def unmoved(before: Meeting, meeting: Meeting) -> bool:
    """Whether all that the words of a meeting rest on, beside its seats, is the same."""
    return (
        same_guests(before, meeting)
        and before.chair == meeting.chair
        and before.starts_at == meeting.starts_at
        and before.duration_minutes == meeting.duration_minutes
        and before.confirmed_at == meeting.confirmed_at
        and same_stage(before, meeting)
        and before.moved_far == meeting.moved_far
    )


def same_stage(before: Meeting, meeting: Meeting) -> bool:
    off = MeetingState.CANCELLED
    return published(before) == published(meeting) and (before.state is off) == (meeting.state is off)


def same_end(before: Meeting, meeting: Meeting) -> bool:
    """Whether it was over before, and all that its last words are made of is the same."""
    return (
        before.items is meeting.items
        and before.state in OVER
        and meeting.state in OVER
        and before.draft is meeting.draft
        and before.over_at == meeting.over_at
        and before.starts_at == meeting.starts_at
    )


def same_guests(before: Meeting, meeting: Meeting) -> bool:
    """Somebody whose agency is invited anyhow is found by nothing new when they come."""
    if before.invitations is meeting.invitations and before.attendance is meeting.attendance:
        return True
    return guests(before) == guests(meeting)


Cursor = tuple[datetime, UUID]
"""Where a page of meetings ended: start and id of its last one."""


async def one(db: Statements, meeting: UUID) -> Row | None:
    rows = load(await db.fetch(f"select * from {TABLE} where meeting_id = $1", meeting), Row)
    return rows[0] if rows else None


class Found(NamedTuple):
    """A meeting as it was found."""

    meeting_id: UUID
    starts_at: datetime


_FOUND = f"""
    select distinct under.meeting_id, under.starts_at from unnest($1::text[]) word cross join lateral (
        select p.meeting_id, p.starts_at from {PLACES} p
        where p.token = word and p.case_id is null
          and ($2::text is null or p.series = $2)
          and p.starts_at >= coalesce($3::timestamptz, '-infinity')
          and p.starts_at < coalesce($4::timestamptz, 'infinity')
          and (p.starts_at, p.meeting_id) >
            (coalesce($5::timestamptz, '-infinity'), coalesce($6::uuid, '00000000-0000-0000-0000-000000000000'))
          and (p.until is null or p.until >= $8)
        order by p.starts_at, p.meeting_id limit $7
    ) under order by starts_at, meeting_id limit $7
"""


async def found(
    db: Statements,
    looking: Words,
    at: datetime,
    series: str | None = None,
    from_: datetime | None = None,
    to: datetime | None = None,
    after: Cursor | None = None,
    first: int = 50,
) -> list[Found]:
    """Meetings found under these words that start at `from_` or later and before `to`, the earliest first."""
    started_at, meeting = after or (None, None)
    rows = await db.fetch(_FOUND, looking.meetings, series, from_, to, started_at, meeting, first, at)
    return [Found(*row) for row in rows]


_COUNTED = f"""
    select count(distinct p.meeting_id) from {PLACES} p
    where p.token = any($1::text[]) and p.case_id is null
      and ($2::text is null or p.series = $2)
      and p.starts_at >= coalesce($3::timestamptz, '-infinity')
      and p.starts_at < coalesce($4::timestamptz, 'infinity')
      and (p.until is null or p.until >= $5)
"""


async def counted(
    db: Statements,
    looking: Words,
    at: datetime,
    series: str | None = None,
    from_: datetime | None = None,
    to: datetime | None = None,
) -> int:
    """How many are `found` on all pages."""
    return await db.fetchval(_COUNTED, looking.meetings, series, from_, to, at)


async def page(
    db: Statements,
    series: str | None = None,
    from_: datetime | None = None,
    to: datetime | None = None,
    after: Cursor | None = None,
    first: int = 50,
) -> list[Row]:
    """Meetings that start at `from_` or later and before `to`, the earliest first."""
    started_at, meeting = after or (None, None)
    rows = await db.fetch(
        f"""
        select * from {TABLE}
        where ($1::text is null or series = $1)
          and ($2::timestamptz is null or starts_at >= $2)
          and ($3::timestamptz is null or starts_at < $3)
          and ($4::timestamptz is null or (starts_at, meeting_id) > ($4, $5))
        order by starts_at, meeting_id limit $6
        """,
        series,
        from_,
        to,
        started_at,
        meeting,
        first,
    )
    return load(rows, Row)


async def holding(db: Statements, cases: Iterable[UUID]) -> list[UUID]:
    """The meetings whose agendas hold any of the cases."""
    rows = await db.fetch(f"select meeting_id from {TABLE} where cases && $1::uuid[] order by 1", list(cases))
    return [row[0] for row in rows]


_OVER = ["ended", "minutes-confirmed", "cancelled"]
_SAID = f"""
    select series, said from {TABLE}
    where programme = $1 and state = any($2) and meeting_id <> $3 and (
        series = $4
        or exists (select from {TABLE} gone where gone.programme = $1 and gone.series <> all($5) and gone.series <> $4)
    ) order by starts_at, meeting_id
"""
_NAMED = f"select meeting_id, meeting from {TABLE} where meeting_id = any($1::uuid[])"
_WORDS = msgspec.json.Decoder(tuple[Word, ...])
_MEETING = msgspec.json.Decoder(Meeting)


async def before(db: Statements, meeting: Meeting, standing: Collection[str]) -> dict[UUID, Carried]:
    """What the meetings that are over leave to this one, by case. `standing` are the series of its programme now."""
    rows = await db.fetch(_SAID, meeting.programme, _OVER, meeting.meeting, meeting.series, [*standing])
    # Of a meeting that is over is asked what it had when it began.
    until = meeting.started_at or meeting.over_at or meeting.starts_at if meeting.state in OVER else None
    every = ((row[0], word) for row in rows for word in _WORDS.decode(row[1]) if until is None or word.at <= until)
    said = [*said_for(meeting.series, every, standing)]
    to = {word.carried.to_meeting for word in said if word.carried and word.carried.to_meeting}
    named = {row[0]: _MEETING.decode(row[1]) for row in await db.fetch(_NAMED, [*to])} if to else {}
    return {held.case: held for held in left_to(meeting, said, named)}


_SINCE = f"""
    select exists (
        select from {TABLE}
        where programme = $1 and (series = $2 or series <> all($3)) and state = any($4) and position > $5
    )
"""


async def overlooked(db: Statements, meeting: Meeting, standing: Collection[str]) -> tuple[Carried, ...]:
    """What was put off, by meetings that were over after this agenda was drafted, and is not on it."""
    drafted = meeting.draft.as_of if meeting.draft else 0
    if not await db.fetchval(_SINCE, meeting.programme, meeting.series, [*standing], _OVER, drafted):
        return ()
    return left_out(meeting, (await before(db, meeting, standing)).values())


async def standing(db: Statements, meetings: Iterable[UUID]) -> list[tuple[int, Meeting]]:
    """These meetings, each after the position of its last fact."""
    rows = await db.fetch(f"select position, meeting from {TABLE} where meeting_id = any($1::uuid[])", list(meetings))
    return await each(lambda row: (row[0], _MEETING.decode(row[1])), emptied(rows))


_ENDED = f"""
    select position, meeting from {TABLE} where programme = $1 and state = any($2) order by starts_at, meeting_id
"""


async def ended(db: Statements, programme: str) -> list[tuple[int, Meeting]]:
    """The meetings of a programme that are over, each after the position of its last fact, the earliest first."""
    rows = await db.fetch(_ENDED, programme, [MeetingState.ENDED, MeetingState.MINUTES_CONFIRMED])
    return await each(lambda row: (row[0], _MEETING.decode(row[1])), emptied(rows))


async def moved(db: Statements, meetings: Iterable[UUID]) -> dict[UUID, tuple[int, datetime]]:
    """Of those that were put at another time: by which fact, and when it was recorded."""
    rows = await db.fetch(
        f"select meeting_id, moved, moved_at from {TABLE} where meeting_id = any($1::uuid[]) and moved > 0",
        [*meetings],
    )
    return {row["meeting_id"]: (row["moved"], row["moved_at"]) for row in rows}

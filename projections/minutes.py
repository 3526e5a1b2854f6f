"""The minutes of a meeting: who was there, what was said, decided, offered and put off, in the order it happened."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from catch.database import Statements
from catch.domain.facts import Part, Recorded
from catch.domain.meeting.attendance import ApologyReceived, AttendeeJoined, InterestDeclared
from catch.domain.meeting.deciding import DecisionRecorded, ItemActionLinked, ItemUpdateRecorded, decided, said
from catch.domain.meeting.floor import ItemClosed, ItemDeferred, ItemNoted, ItemOpened
from catch.domain.meeting.instant import InstantDiscussionHeld
from catch.domain.meeting.items import Decision, DeferReason, ItemState, LinkedAction, Update
from catch.domain.meeting.planning import MeetingPlanned, MeetingRescheduled
from catch.domain.meeting.session import MeetingEnded, MeetingStarted, MinutesConfirmed
from catch.domain.streams import MEETING, stream_of_event
from catch.log.rows import load
from projections.read_model import MadeOf, ReadModel, names

OfItem = (
    InterestDeclared
    | ItemOpened
    | ItemUpdateRecorded
    | DecisionRecorded
    | ItemActionLinked
    | ItemClosed
    | ItemDeferred
    | ItemNoted
)
OfMeeting = (
    MeetingPlanned
    | InstantDiscussionHeld
    | MeetingRescheduled
    | MeetingStarted
    | MeetingEnded
    | MinutesConfirmed
    | AttendeeJoined
    | ApologyReceived
)


class Present(Part, frozen=True):
    """Somebody who came, or sent apologies."""

    user: str
    agency: str
    apology: bool = False


class Entry(Part, frozen=True, omit_defaults=True):
    """What became of one item. `minutes` is the time it took, where it was discussed."""

    item: UUID
    outcome: ItemState
    case: UUID | None = None
    opened_at: datetime | None = None
    minutes: float | None = None
    present: tuple[str, ...] = ()
    recused: tuple[str, ...] = ()
    update: Update | None = None
    decisions: tuple[Decision, ...] = ()
    actions: tuple[LinkedAction, ...] = ()
    deferred: DeferReason | None = None


class Row(Struct, frozen=True):
    """The minutes of one meeting. `entries` are in the order in which the items were taken."""

    meeting_id: UUID
    position: int
    programme: str
    series: str
    starts_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    confirmed_at: datetime | None = None
    confirmed_by: str | None = None
    people: tuple[Present, ...] = ()
    entries: tuple[Entry, ...] = ()


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    return (recorded.stream,) if stream_of_event(recorded.event) is MEETING else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row | None:
    event = recorded.event
    if isinstance(event, MeetingPlanned):
        return Row(key, recorded.position, event.programme, event.series, event.starts_at)
    if isinstance(event, InstantDiscussionHeld):
        return at_once(event, recorded.position)
    if row is None:
        return None
    if isinstance(event, OfItem):
        return replace(row, position=recorded.position, entries=entries(row, event))
    after = step(row, event)
    return row if after is row else replace(after, position=recorded.position)


MINUTES = ReadModel(
    name="minutes",
    version=2,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=names(OfItem | OfMeeting),
    indexes=("programme, series, starts_at",),
    listed=None,
    keys=keys,
    fold=fold,
    complete=None,
)
TABLE = MINUTES.table


def at_once(event: InstantDiscussionHeld, position: int) -> Row:
    took = (event.ended_at - event.held_at).total_seconds() / 60
    said_then = Update(event.situation, event.action_to_date, event.update, event.next_steps)
    present = tuple(sorted({seat.agency for seat in event.seats}))
    entry = Entry(event.item, ItemState.DISCUSSED, event.case, event.held_at, took, present, update=said_then)
    return Row(
        meeting_id=event.meeting,
        position=position,
        programme=event.programme,
        series=event.series,
        starts_at=event.held_at,
        started_at=event.held_at,
        ended_at=event.ended_at,
        people=tuple(Present(seat.user, seat.agency) for seat in event.seats),
        entries=(entry,),
    )


def step(row: Row, event: object) -> Row:
    match event:
        case AttendeeJoined():
            return with_person(row, Present(event.user, event.agency))
        case ApologyReceived():
            return with_person(row, Present(event.user, event.agency, apology=True))
        case MeetingRescheduled():
            return replace(row, starts_at=event.starts_at)
        case MeetingStarted():
            return replace(row, started_at=event.started_at)
        case MeetingEnded():
            return replace(row, ended_at=event.ended_at)
        case MinutesConfirmed():
            return replace(row, confirmed_at=event.confirmed_at, confirmed_by=event.confirmed_by)
        case _:
            return row


def with_person(row: Row, person: Present) -> Row:
    return replace(row, people=(*(held for held in row.people if held.user != person.user), person))


def entries(row: Row, event: OfItem) -> tuple[Entry, ...]:
    """The item's entry after the fact in its place, or at the end: where it is new, or where the item is taken up."""
    before = entry_of(row, event.item)
    after = told(before or Entry(event.item, ItemState.PENDING), event)
    if before is None:
        return (*row.entries, after)
    # Taken up again it stands where it was taken up last.
    if isinstance(event, ItemOpened):
        return (*[held for held in row.entries if held is not before], after)
    return tuple([after if held is before else held for held in row.entries])


def entry_of(row: Row, item: UUID) -> Entry | None:
    number = item.int  # `uuid.UUID` compares itself in Python code
    for held in row.entries:
        if held.item.int == number:
            return held
    return None


def told(entry: Entry, event: OfItem) -> Entry:
    match event:
        case ItemActionLinked():
            linked = LinkedAction(event.action, event.owner, event.decision)
            return replace(entry, actions=(*entry.actions, linked))
        case ItemOpened():
            return replace(entry, outcome=ItemState.OPEN, case=event.case, opened_at=event.opened_at)
        case ItemUpdateRecorded():
            return replace(entry, update=said(event), case=event.case)
        case DecisionRecorded():
            return replace(entry, decisions=(*entry.decisions, decided(event)), case=event.case)
        case ItemClosed():
            took = (event.closed_at - event.opened_at).total_seconds() / 60
            return replace(entry, outcome=ItemState.DISCUSSED, minutes=took, present=event.present)
        case ItemDeferred():
            return replace(entry, outcome=ItemState.DEFERRED, case=event.case, deferred=event.reason)
        case ItemNoted():
            return replace(entry, outcome=ItemState.NOTED, case=event.case)
        case InterestDeclared():
            return replace(entry, recused=(*entry.recused, event.user))
        case _:
            assert_never(event)


async def one(db: Statements, meeting: UUID) -> Row | None:
    rows = load(await db.fetch(f"select * from {TABLE} where meeting_id = $1", meeting), Row)
    return rows[0] if rows else None

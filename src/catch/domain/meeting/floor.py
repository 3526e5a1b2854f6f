"""Going through the agenda one item at a time: opened, closed, noted or put off.

Read downwards: what happened, where that leaves the meeting, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given
from catch.domain.meeting.editing import NotForNoting
from catch.domain.meeting.items import Deferral, DeferReason, Item, ItemState
from catch.domain.meeting.listing import AppearanceBasis, Section
from catch.domain.meeting.rules import ItemNotOpen, ItemResolved, in_progress, live, may_be_heard, on_agenda, waiting
from catch.domain.meeting.state import UNPUBLISHED, Attendee, Meeting, with_item
from catch.domain.naming import check_acts_for
from catch.domain.plain import Key, UserId
from catch.domain.refusals import Refused, UnknownMeeting
from catch.domain.subject import Subject


class ItemOpened(Fact, frozen=True):
    item: UUID
    opened_at: datetime
    case: UUID | None = None
    known_by: UserId | None = None
    override_reason: Sealed | None = None
    basis: AppearanceBasis | None = None
    """On which it is heard, where that is another than it was put on the agenda on."""


class ItemClosed(Fact, frozen=True):
    item: UUID
    opened_at: datetime
    closed_at: datetime
    present: tuple[Key, ...]
    case: UUID | None = None


class ItemDeferred(Fact, frozen=True):
    item: UUID
    reason: DeferReason
    defer_count: int
    deferred_at: datetime
    case: UUID | None = None
    to_meeting: UUID | None = None
    note: Sealed | None = None


class ItemNoted(Fact, frozen=True):
    item: UUID
    noted_at: datetime
    case: UUID | None = None


FloorEvent = ItemOpened | ItemClosed | ItemDeferred | ItemNoted


def evolve(meeting: Meeting, event: FloorEvent, at: datetime) -> Meeting:
    item = meeting.item(event.item)
    return meeting if item is None else with_item(meeting, item, heard(item, event))


def heard(item: Item, event: FloorEvent) -> Item:
    match event:
        case ItemOpened(opened_at=at, known_by=by, override_reason=reason):
            basis = event.basis or item.basis
            return replace(item, state=ItemState.OPEN, opened_at=at, known_by=by, override_reason=reason, basis=basis)
        case ItemClosed(closed_at=at, present=present):
            return replace(item, state=ItemState.DISCUSSED, closed_at=at, present=present)
        case ItemDeferred(reason=reason, defer_count=count, deferred_at=at, to_meeting=to, note=note):
            deferral = Deferral(reason, at, to, note)
            return replace(item, state=ItemState.DEFERRED, defer_count=count, deferral=deferral)
        case ItemNoted(noted_at=at):
            return replace(item, state=ItemState.NOTED, closed_at=at)
        case _:
            assert_never(event)


class OpenItem(Command, frozen=True):
    """Begin an item. Somebody at the table must know the person: the presenter, or `known_by`; or say why not."""

    meeting: UUID
    item: UUID
    known_by: UserId | None = None
    override_reason: Sealed | None = None
    LEAVES = Leaves((ItemOpened,), about=("item",), filled=("known_by",))


class CloseItem(Command, frozen=True):
    """End the discussion of the open item."""

    meeting: UUID
    item: UUID


class DeferItem(Command, frozen=True):
    """Put an item off: to the named meeting, which is a later one of the series whose agenda is not out yet, or to
    whichever is drafted next.
    """

    meeting: UUID
    item: UUID
    reason: DeferReason
    to_meeting: UUID | None = None
    note: Sealed | None = None
    LEAVES = Leaves((ItemDeferred,), about=("item",))


class NoteItem(Command, frozen=True):
    """Record that an item listed for noting, or a general matter, was noted."""

    meeting: UUID
    item: UUID


FloorCommand = OpenItem | CloseItem | DeferItem | NoteItem


class AnotherItemIsOpen(Refused):
    """Another item is being discussed. Close it, or put it off, first: only one is open at a time."""


class NobodyKnowsThePerson(Refused):
    """Nobody at the table who has accepted confidentiality knows the person. Say who does, or why you go on."""


class MeetingTakesNoMore(Refused):
    """Nothing can be put off to this meeting: its agenda is out, it was called off, or it is no later than this one.
    Name none, and the next agenda takes it.
    """


def check_later(meeting: Meeting, named: Meeting | None, id_: UUID) -> None:
    """`named`: the meeting that something is put off to. Of another series' whoever sits here need know nothing."""
    if named is None or (named.programme, named.series, named.instant) != (meeting.programme, meeting.series, False):
        raise UnknownMeeting(meeting=id_)
    if named.state not in UNPUBLISHED or named.starts_at <= meeting.starts_at:
        raise MeetingTakesNoMore(meeting=id_, state=named.state)


def decide(meeting: Meeting, command: FloorCommand, given: Given) -> list[FloorEvent]:
    match command:
        case OpenItem():
            return open_item(meeting, command, given)
        case CloseItem():
            return close_item(meeting, command, given)
        case DeferItem():
            return defer(meeting, command, given)
        case NoteItem():
            return note(meeting, command, given)
        case _:
            assert_never(command)


def open_item(meeting: Meeting, command: OpenItem, given: Given) -> list[FloorEvent]:
    in_progress(meeting)
    item = on_agenda(meeting, command.item)
    if item.state is ItemState.OPEN:
        return []
    if meeting.open_item is not None:
        raise AnotherItemIsOpen(open=meeting.open_item.item)
    if not item.unresolved:
        raise ItemResolved(item=item.item, state=item.state)
    may_be_heard(given.listed)
    known = knower(meeting, item, command.known_by)
    if known is not None and known.user == command.known_by:
        check_acts_for(known.agency, known.user, meeting.programme, given)
    known_by = known.user if known else None
    if item.case is not None and known_by is None and not command.override_reason:
        raise NobodyKnowsThePerson(presenter=item.presenter)
    basis = given.listed.basis if given.listed and given.listed.basis is not item.basis else None
    return [ItemOpened(item.item, given.at, item.case, known_by, command.override_reason, basis)]


def knower(meeting: Meeting, item: Item, named: str | None) -> Attendee | None:
    """M1: whoever is named, or else the presenter, when they are at the table for this item."""
    seated = {held.user: held for held in meeting.at_the_table(item.item)}
    return next((seated[user] for user in (named, item.presenter) if user in seated), None)


def close_item(meeting: Meeting, command: CloseItem, given: Given) -> list[FloorEvent]:
    item = on_agenda(meeting, command.item)
    # Before the meeting has to be in progress: a repetition may come after it was adjourned or has ended.
    if item.state is ItemState.DISCUSSED:
        return []
    in_progress(meeting)
    if item.state is not ItemState.OPEN or item.opened_at is None:
        raise ItemNotOpen(item=item.item, state=item.state)
    present = meeting.agencies_at_the_table(item.item)
    return [ItemClosed(item.item, item.opened_at, given.at, present, item.case)]


def defer(meeting: Meeting, command: DeferItem, given: Given) -> list[FloorEvent]:
    live(meeting)
    item = on_agenda(meeting, command.item)
    if item.state is ItemState.DEFERRED:
        return []
    if not item.unresolved:
        raise ItemResolved(item=item.item, state=item.state)
    count = item.defer_count + 1
    return [ItemDeferred(item.item, command.reason, count, given.at, item.case, command.to_meeting, command.note)]


def note(meeting: Meeting, command: NoteItem, given: Given) -> list[FloorEvent]:
    in_progress(meeting)
    if on_agenda(meeting, command.item).state is ItemState.NOTED:
        return []
    item = waiting(meeting, command.item)
    if item.case is not None and item.section is not Section.NOTING:
        raise NotForNoting(item=item.item)
    return [ItemNoted(item.item, given.at, item.case)]


SUBJECT = Subject(FloorEvent, FloorCommand, decide=decide, evolve=evolve)

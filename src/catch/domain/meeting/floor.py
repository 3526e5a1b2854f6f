"""What is said and decided: one item at a time, its update, its decisions, its actions, or why it was not reached.

Read downwards: what happened, where that leaves the meeting, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.facts import Command, Fact, Part, Sealed
from catch.domain.given import Given
from catch.domain.meeting.listing import Section
from catch.domain.meeting.planning import in_agreement, needs_text, series_of, zoned
from catch.domain.meeting.preparing import ItemResolved, NotForNoting, live, on_agenda, waiting
from catch.domain.meeting.room import NotInProgress, in_progress
from catch.domain.meeting.state import (
    Attendee,
    Decision,
    DecisionCode,
    Deferral,
    DeferReason,
    Dissent,
    Item,
    ItemState,
    LinkedAction,
    Meeting,
    MeetingState,
    Mode,
    Origin,
    Stay,
    ToTell,
    Update,
    with_item,
)
from catch.domain.refusals import IdAlreadyUsed, MissingText, Refused


class ItemOpened(Fact, frozen=True):
    item: UUID
    opened_at: datetime
    case: UUID | None = None
    known_by: str | None = None
    override_reason: Sealed | None = None


class ItemClosed(Fact, frozen=True):
    item: UUID
    opened_at: datetime
    closed_at: datetime
    present: tuple[str, ...]
    case: UUID | None = None


class ItemUpdateRecorded(Fact, frozen=True):
    item: UUID
    case: UUID | None = None
    situation: Sealed | None = None
    action_to_date: Sealed | None = None
    update: Sealed | None = None
    next_steps: Sealed | None = None


class DecisionRecorded(Fact, frozen=True):
    item: UUID
    decision: UUID
    code: DecisionCode
    decided_at: datetime
    case: UUID | None = None
    text: Sealed | None = None
    agreed_by: tuple[str, ...] = ()
    dissent: tuple[Dissent, ...] = ()
    to_tell_person: ToTell | None = None
    not_told_reason: Sealed | None = None
    inquorate: bool = False


class ItemActionLinked(Fact, frozen=True):
    item: UUID
    action: UUID
    owner: str
    case: UUID | None = None
    decision: UUID | None = None


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


class Seat(Part, frozen=True):
    """Somebody who took part in an instant discussion."""

    user: str
    agency: str


class InstantDiscussionHeld(Fact, frozen=True):
    meeting: UUID
    programme: str
    series: str
    item: UUID
    case: UUID
    held_at: datetime
    ended_at: datetime
    mode: Mode
    led_by: str
    seats: tuple[Seat, ...]
    quorum: int
    situation: Sealed | None = None
    action_to_date: Sealed | None = None
    update: Sealed | None = None
    next_steps: Sealed | None = None


ItemEvent = (
    ItemOpened | ItemClosed | ItemUpdateRecorded | DecisionRecorded | ItemActionLinked | ItemDeferred | ItemNoted
)
FloorEvent = ItemEvent | InstantDiscussionHeld


def evolve_floor(meeting: Meeting, event: FloorEvent) -> Meeting:
    if isinstance(event, InstantDiscussionHeld):
        return held_at_once(event)
    item = meeting.item(event.item)
    return meeting if item is None else with_item(meeting, heard(item, event))


def heard(
    item: Item,
    event: ItemOpened
    | ItemClosed
    | ItemUpdateRecorded
    | DecisionRecorded
    | ItemActionLinked
    | ItemDeferred
    | ItemNoted,
) -> Item:
    match event:
        case ItemOpened(opened_at=at, known_by=by, override_reason=reason):
            return replace(item, state=ItemState.OPEN, opened_at=at, known_by=by, override_reason=reason)
        case ItemClosed(closed_at=at, present=present):
            return replace(item, state=ItemState.DISCUSSED, closed_at=at, present=present)
        case ItemUpdateRecorded():
            return replace(item, update=said(event))
        case DecisionRecorded():
            return replace(item, decisions=(*item.decisions, decided(event)))
        case ItemActionLinked(action=action, owner=owner, decision=decision):
            return replace(item, actions=(*item.actions, LinkedAction(action, owner, decision)))
        case ItemDeferred(reason=reason, defer_count=count, deferred_at=at, to_meeting=to, note=note):
            deferral = Deferral(reason, at, to, note)
            return replace(item, state=ItemState.DEFERRED, defer_count=count, deferral=deferral)
        case ItemNoted(noted_at=at):
            return replace(item, state=ItemState.NOTED, closed_at=at)
        case _:
            assert_never(event)


def said(event: "ItemUpdateRecorded | InstantDiscussionHeld | RecordUpdate | RecordInstantDiscussion") -> Update:
    return Update(event.situation, event.action_to_date, event.update, event.next_steps)


def decided(event: DecisionRecorded) -> Decision:
    return Decision(
        event.decision,
        event.code,
        event.decided_at,
        event.text,
        event.agreed_by,
        event.dissent,
        event.to_tell_person,
        event.not_told_reason,
        event.inquorate,
    )


def held_at_once(event: InstantDiscussionHeld) -> Meeting:
    """A meeting of one item, over as soon as it is recorded; its decisions and actions may still follow."""
    stay = (Stay(event.held_at, event.ended_at),)
    item = Item(
        event.item,
        Section.URGENT,
        1,
        minutes_between(event.held_at, event.ended_at),
        Origin.INSTANT,
        case=event.case,
        state=ItemState.DISCUSSED,
        opened_at=event.held_at,
        closed_at=event.ended_at,
        present=tuple(sorted({seat.agency for seat in event.seats})),
        update=said(event),
    )
    return Meeting(
        event.meeting,
        event.programme,
        event.series,
        event.held_at,
        item.minutes,
        event.mode,
        event.led_by,
        MeetingState.ENDED,
        quorum=event.quorum,
        items=(item,),
        attendance=tuple(Attendee(seat.user, seat.agency, stay) for seat in event.seats),
        started_at=event.held_at,
        ended_at=event.ended_at,
        instant=True,
    )


def minutes_between(start: datetime, end: datetime) -> int:
    return int((end - start).total_seconds() // 60)


class OpenItem(Command, frozen=True):
    """Begin an item. Somebody at the table must know the person: the presenter, or `known_by`; or say why not."""

    meeting: UUID
    item: UUID
    known_by: str | None = None
    override_reason: Sealed | None = None


class CloseItem(Command, frozen=True):
    """End the discussion of the open item."""

    meeting: UUID
    item: UUID


class RecordUpdate(Command, frozen=True):
    """Record what is said about the open item. What it says replaces what was recorded before."""

    meeting: UUID
    item: UUID
    situation: Sealed | None = None
    action_to_date: Sealed | None = None
    update: Sealed | None = None
    next_steps: Sealed | None = None


class RecordDecision(Command, frozen=True):
    """Record what the meeting agrees for the open item, who agrees, who does not, and who tells the person."""

    meeting: UUID
    item: UUID
    decision: UUID
    code: DecisionCode
    text: Sealed | None = None
    agreed_by: tuple[str, ...] = ()
    dissent: tuple[Dissent, ...] = ()
    to_tell_person: ToTell | None = None
    not_told_reason: Sealed | None = None


class LinkAction(Command, frozen=True):
    """Link an action of the case to the open item that it came from."""

    meeting: UUID
    item: UUID
    action: UUID
    owner: str
    decision: UUID | None = None


class DeferItem(Command, frozen=True):
    """Put an item off, to the named meeting or to the next one of the series."""

    meeting: UUID
    item: UUID
    reason: DeferReason
    to_meeting: UUID | None = None
    note: Sealed | None = None


class NoteItem(Command, frozen=True):
    """Record that an item listed for noting, or a general matter, was noted."""

    meeting: UUID
    item: UUID


class RecordInstantDiscussion(Command, frozen=True):
    """Record a discussion of one case between two agencies or more, held there and then."""

    meeting: UUID
    programme: str
    series: str
    item: UUID
    case: UUID
    held_at: datetime
    ended_at: datetime
    seats: tuple[Seat, ...]
    mode: Mode = Mode.IN_PERSON
    situation: Sealed | None = None
    action_to_date: Sealed | None = None
    update: Sealed | None = None
    next_steps: Sealed | None = None


FloorCommand = (
    OpenItem | CloseItem | RecordUpdate | RecordDecision | LinkAction | DeferItem | NoteItem | RecordInstantDiscussion
)


class AnotherItemIsOpen(Refused):
    """Another item is being discussed. Only one is open at a time."""


class NobodyKnowsThePerson(Refused):
    """Nobody at the table who has accepted confidentiality knows the person. Say who does, or why you go on."""


class ItemNotOpen(Refused):
    """This item is not being discussed."""


class WhoTellsThePerson(Refused):
    """Say who tells the person about this decision and by when, or why nobody does."""


class NotAtTheTable(Refused):
    """This agency is not at the table for this item."""


class AgreesAndDissents(Refused):
    """An agency agrees or it dissents, not both."""


class UnknownDecision(Refused):
    """There is no such decision on this item."""


class TooFewAgencies(Refused):
    """An instant discussion needs at least two agencies."""


class EndsBeforeItStarts(Refused):
    """The end lies before the start."""


def decide_floor(meeting: Meeting, command: FloorCommand, given: Given) -> list[FloorEvent]:
    match command:
        case OpenItem():
            return open_item(meeting, command, given)
        case CloseItem():
            return close_item(meeting, command, given)
        case RecordUpdate():
            return record_update(meeting, command)
        case RecordDecision():
            return record_decision(meeting, command, given)
        case LinkAction():
            return link_action(meeting, command)
        case DeferItem():
            return defer(meeting, command, given)
        case NoteItem():
            return note(meeting, command, given)
        case RecordInstantDiscussion():
            return discuss_at_once(meeting, command, given)
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
    known_by = knower(meeting, item, command.known_by)
    if item.case is not None and known_by is None and not command.override_reason:
        raise NobodyKnowsThePerson(presenter=item.presenter)
    return [ItemOpened(item.item, given.at, item.case, known_by, None if known_by else command.override_reason)]


def knower(meeting: Meeting, item: Item, named: str | None) -> str | None:
    """M1: whoever is named, or else the presenter, when they are at the table for this item."""
    seated = {held.user for held in meeting.at_the_table(item.item)}
    return next((user for user in (named, item.presenter) if user in seated), None)


def close_item(meeting: Meeting, command: CloseItem, given: Given) -> list[FloorEvent]:
    item = on_agenda(meeting, command.item)
    if item.state is ItemState.DISCUSSED:
        return []
    in_progress(meeting)
    if item.state is not ItemState.OPEN or item.opened_at is None:
        raise ItemNotOpen(item=item.item, state=item.state)
    present = meeting.agencies_at_the_table(item.item)
    return [ItemClosed(item.item, item.opened_at, given.at, present, item.case)]


def at_hand(meeting: Meeting, item: UUID) -> Item:
    """The item, when things may be recorded on it: it is open, or the discussion was an instant one."""
    held = on_agenda(meeting, item)
    if meeting.instant and meeting.state is MeetingState.ENDED:
        return held
    if meeting.state is not MeetingState.IN_PROGRESS:
        raise NotInProgress(state=meeting.state)
    if held.state is not ItemState.OPEN:
        raise ItemNotOpen(item=item, state=held.state)
    return held


def around(meeting: Meeting, item: Item) -> tuple[str, ...]:
    """The agencies that take part in the item."""
    return item.present if meeting.instant else meeting.agencies_at_the_table(item.item)


def record_update(meeting: Meeting, command: RecordUpdate) -> list[FloorEvent]:
    item = at_hand(meeting, command.item)
    wanted = said(command)
    if wanted == Update():
        raise MissingText(field="update")
    if wanted == item.update:
        return []
    return [
        ItemUpdateRecorded(
            item.item, item.case, wanted.situation, wanted.action_to_date, wanted.update, wanted.next_steps
        )
    ]


def record_decision(meeting: Meeting, command: RecordDecision, given: Given) -> list[FloorEvent]:
    taken = [(i.item, d.decision) for i in meeting.items for d in i.decisions if d.decision == command.decision]
    if taken == [(command.item, command.decision)]:
        return []
    if taken:
        raise IdAlreadyUsed(decision=command.decision)
    item = at_hand(meeting, command.item)
    if item.case is not None and command.to_tell_person is None and not command.not_told_reason:
        raise WhoTellsThePerson(field="to_tell_person")
    agencies = around(meeting, item)
    voices(command, agencies)
    return [
        DecisionRecorded(
            item.item,
            command.decision,
            command.code,
            given.at,
            item.case,
            command.text,
            command.agreed_by,
            command.dissent,
            command.to_tell_person,
            command.not_told_reason,
            inquorate=len(agencies) < meeting.quorum,
        )
    ]


def voices(command: RecordDecision, agencies: tuple[str, ...]) -> None:
    """Only agencies at the table agree or dissent, and none does both."""
    dissenting = {held.agency for held in command.dissent}
    for agency in (*command.agreed_by, *sorted(dissenting)):
        if agency not in agencies:
            raise NotAtTheTable(agency=agency)
    both = dissenting.intersection(command.agreed_by)
    if both:
        raise AgreesAndDissents(agency=", ".join(sorted(both)))


def link_action(meeting: Meeting, command: LinkAction) -> list[FloorEvent]:
    item = on_agenda(meeting, command.item)
    if any(held.action == command.action for held in item.actions):
        return []
    item = at_hand(meeting, command.item)
    if any(held.action == command.action for other in meeting.items for held in other.actions):
        raise IdAlreadyUsed(action=command.action)
    if command.decision is not None and all(held.decision != command.decision for held in item.decisions):
        raise UnknownDecision(decision=command.decision)
    return [ItemActionLinked(item.item, command.action, command.owner, item.case, command.decision)]


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


def discuss_at_once(meeting: Meeting | None, command: RecordInstantDiscussion, given: Given) -> list[FloorEvent]:
    if meeting is not None:
        held = meeting.item(command.item)
        if not meeting.instant or held is None or held.case != command.case:
            raise IdAlreadyUsed(meeting=command.meeting)
        return []
    zoned(held_at=command.held_at, ended_at=command.ended_at)
    if command.ended_at < command.held_at:
        raise EndsBeforeItStarts(field="ended_at")
    needs_text(update=command.update or command.situation or command.next_steps)
    agencies = sorted({seat.agency for seat in command.seats})
    if len(agencies) < 2:
        raise TooFewAgencies(least=2)
    for agency in agencies:
        in_agreement(command.programme, agency, given)
    quorum = series_of(command.programme, command.series, given).quorum
    return [
        InstantDiscussionHeld(
            command.meeting,
            command.programme,
            command.series,
            command.item,
            command.case,
            command.held_at,
            command.ended_at,
            command.mode,
            given.by.user,
            command.seats,
            min(quorum, 2),
            command.situation,
            command.action_to_date,
            command.update,
            command.next_steps,
        )
    ]

"""What is said and agreed about the open item, and who was there for it: its update, decisions, actions, guests.

Read downwards: what happened, where that leaves the meeting, what may be asked, what can be refused, what we answer.
"""

from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given
from catch.domain.meeting.items import (
    Decision,
    DecisionCode,
    Dissent,
    Guest,
    GuestKind,
    Item,
    ItemState,
    LinkedAction,
    ToTell,
    Update,
)
from catch.domain.meeting.rules import ItemNotOpen, NotInProgress, needs_text, on_agenda
from catch.domain.meeting.state import Meeting, MeetingState, with_item
from catch.domain.plain import Few, Key
from catch.domain.refusals import MissingText, NothingExtended, Refused
from catch.domain.subject import Subject


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
    agreed_by: tuple[Key, ...] = ()
    dissent: tuple[Dissent, ...] = ()
    to_tell_person: ToTell | None = None
    not_told_reason: Sealed | None = None
    inquorate: bool = False


class ItemActionLinked(Fact, frozen=True):
    item: UUID
    action: UUID
    owner: Key
    case: UUID | None = None
    decision: UUID | None = None


class GuestRecorded(Fact, frozen=True):
    """Somebody who acts for no agency was there for this item: the person, an advocate, an interpreter."""

    item: UUID
    guest: UUID
    kind: GuestKind
    name: Sealed
    case: UUID | None = None


DecidingEvent = ItemUpdateRecorded | DecisionRecorded | ItemActionLinked | GuestRecorded


def evolve(meeting: Meeting, event: DecidingEvent, at: datetime) -> Meeting:
    item = meeting.item(event.item)
    return meeting if item is None else with_item(meeting, item, heard(item, event))


def heard(item: Item, event: DecidingEvent) -> Item:
    match event:
        case ItemUpdateRecorded():
            return replace(item, update=said(event))
        case DecisionRecorded():
            return replace(item, decisions=(*item.decisions, decided(event)))
        case ItemActionLinked(action=action, owner=owner, decision=decision):
            return replace(item, actions=(*item.actions, LinkedAction(action, owner, decision)))
        case GuestRecorded(guest=guest, kind=kind, name=name):
            return replace(item, guests=(*item.guests, Guest(guest, kind, name)))
        case _:
            assert_never(event)


def said(event: "ItemUpdateRecorded | RecordUpdate") -> Update:
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


class RecordUpdate(Command, frozen=True):
    """Record what is said about the open item. What it says replaces what was recorded before."""

    meeting: UUID
    item: UUID
    situation: Sealed | None = None
    action_to_date: Sealed | None = None
    update: Sealed | None = None
    next_steps: Sealed | None = None


class RecordDecision(Command, frozen=True):
    """Record what the meeting agrees for the open item, who agrees, who does not, and who tells the person.

    `plannedEnd`, where it agrees to extend: until when; where nothing is said, as long again as reviews are apart.
    """

    meeting: UUID
    item: UUID
    decision: UUID
    code: DecisionCode
    text: Sealed | None = None
    agreed_by: Few[Key] = ()
    dissent: Few[Dissent] = ()
    to_tell_person: ToTell | None = None
    not_told_reason: Sealed | None = None
    planned_end: date | None = None
    LEAVES = Leaves((DecisionRecorded,), "decision")


class LinkAction(Command, frozen=True):
    """Link an action of the case to the open item that it came from."""

    meeting: UUID
    item: UUID
    action: UUID
    owner: Key
    decision: UUID | None = None
    LEAVES = Leaves((ItemActionLinked,), "action")


class RecordGuest(Command, frozen=True):
    """Record that somebody who acts for no agency is there for the open item: the person, an advocate, an interpreter.
    They see and may do nothing here by it.
    """

    meeting: UUID
    item: UUID
    guest: UUID
    kind: GuestKind
    name: Sealed
    LEAVES = Leaves((GuestRecorded,), "guest")


DecidingCommand = RecordUpdate | RecordDecision | LinkAction | RecordGuest


class WhoTellsThePerson(Refused):
    """Say who tells the person about this decision and by when, or why nobody does."""


class NotAtTheTable(Refused):
    """This agency is not at the table for this item. Invite it and let it join the meeting, or name one that is
    there.
    """


class AgreesAndDissents(Refused):
    """An agency agrees or it dissents, not both. Leave it in one of the two lists."""


class UnknownDecision(Refused):
    """There is no such decision on this item. Look at the item again."""


def decide(meeting: Meeting, command: DecidingCommand, given: Given) -> list[DecidingEvent]:
    match command:
        case RecordUpdate():
            return record_update(meeting, command)
        case RecordDecision():
            return record_decision(meeting, command, given)
        case LinkAction():
            return link_action(meeting, command)
        case RecordGuest():
            return record_guest(meeting, command)
        case _:
            assert_never(command)


def at_hand(meeting: Meeting, item: UUID) -> Item:
    """The item, when things may be recorded on it: it is open, or the discussion was an instant one."""
    held = on_agenda(meeting, item)
    # It is over as soon as it is recorded, and what was agreed is recorded after it.
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


def record_update(meeting: Meeting, command: RecordUpdate) -> list[DecidingEvent]:
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


def record_decision(meeting: Meeting, command: RecordDecision, given: Given) -> list[DecidingEvent]:
    if any(held.decision == command.decision for other in meeting.items for held in other.decisions):
        return []
    item = at_hand(meeting, command.item)
    if item.case is not None and command.to_tell_person is None and not command.not_told_reason:
        raise WhoTellsThePerson(field="to_tell_person")
    if command.planned_end is not None and (command.code is not DecisionCode.EXTEND or item.case is None):
        raise NothingExtended(field="plannedEnd")
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
            # Flagged and not refused: those who came may agree, and the minutes say how many they were.
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


def link_action(meeting: Meeting, command: LinkAction) -> list[DecidingEvent]:
    # Before the item has to be open: the same link sent again after the item was closed is answered, not refused.
    if any(held.action == command.action for other in meeting.items for held in other.actions):
        return []
    item = at_hand(meeting, command.item)
    if command.decision is not None and all(held.decision != command.decision for held in item.decisions):
        raise UnknownDecision(decision=command.decision)
    return [ItemActionLinked(item.item, command.action, command.owner, item.case, command.decision)]


def record_guest(meeting: Meeting, command: RecordGuest) -> list[DecidingEvent]:
    if any(held.guest == command.guest for other in meeting.items for held in other.guests):
        return []
    item = at_hand(meeting, command.item)
    needs_text(name=command.name)
    return [GuestRecorded(item.item, command.guest, command.kind, command.name, item.case)]


SUBJECT = Subject(DecidingEvent, DecidingCommand, decide=decide, evolve=evolve)

"""Putting cases and general matters on the agenda by hand: before it is published, and late by the chair.

Read downwards: what happened, where that leaves the meeting, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given
from catch.domain.meeting.drafting import CaseAlreadyOnAgenda
from catch.domain.meeting.items import Item, ItemState, Origin
from catch.domain.meeting.listing import AppearanceBasis, Matter, Section
from catch.domain.meeting.places import end_of, minutes_for, placed
from catch.domain.meeting.rules import (
    live,
    may_be_heard,
    needs_text,
    not_over,
    unpublished,
)
from catch.domain.meeting.state import Meeting, MeetingState
from catch.domain.plain import Few, Key, Made, MinutesLong, UserId
from catch.domain.refusals import Refused
from catch.domain.subject import Subject


class AgendaItemAdded(Fact, frozen=True):
    item: UUID
    section: Section
    minutes: int
    order: int
    case: UUID | None = None
    number: Made | None = None
    matter: Matter | None = None
    presenter: UserId | None = None
    basis: AppearanceBasis | None = None
    requires: tuple[Key, ...] = ()
    must: bool = False
    reason: Sealed | None = None


class LateItemAdded(Fact, frozen=True):
    item: UUID
    section: Section
    minutes: int
    order: int
    urgency: Sealed
    case: UUID | None = None
    number: Made | None = None
    presenter: UserId | None = None
    basis: AppearanceBasis | None = None
    requires: tuple[Key, ...] = ()
    agencies: tuple[Key, ...] = ()


AddingEvent = AgendaItemAdded | LateItemAdded


def evolve(meeting: Meeting, event: AddingEvent, at: datetime) -> Meeting:
    match event:
        case AgendaItemAdded(order=order):
            # An agenda may be made by hand alone, without a draft: it can be published all the same.
            return replace(placed(meeting, added(event), order), state=MeetingState.AGENDA_DRAFTED)
        case LateItemAdded(order=order):
            return placed(meeting, late(event), order)
        case _:
            assert_never(event)


def added(event: AgendaItemAdded) -> Item:
    return Item(
        event.item,
        event.section,
        event.order,
        event.minutes,
        Origin.ADDED,
        case=event.case,
        number=event.number,
        matter=event.matter,
        must=event.must,
        presenter=event.presenter,
        basis=event.basis,
        requires=event.requires,
        added_reason=event.reason,
    )


def late(event: LateItemAdded) -> Item:
    return Item(
        event.item,
        event.section,
        event.order,
        event.minutes,
        Origin.LATE,
        case=event.case,
        number=event.number,
        must=True,
        presenter=event.presenter,
        basis=event.basis,
        requires=event.requires,
        visible_to=event.agencies,
        added_reason=event.urgency,
    )


class AddItem(Command, frozen=True):
    """Put a case, or a general matter, on the agenda before it is published. The case must be one that the rules would
    put there. Where the person has not agreed, name another `basis` and give the reason.
    """

    meeting: UUID
    item: UUID
    section: Section
    case: UUID | None = None
    matter: Matter | None = None
    minutes: MinutesLong | None = None
    presenter: UserId | None = None
    basis: AppearanceBasis | None = None
    requires: Few[Key] = ()
    must: bool = False
    reason: Sealed | None = None
    LEAVES = Leaves((AgendaItemAdded,), "item", filled=("minutes", "presenter", "basis"))


class AddLateItem(Command, frozen=True):
    """Add a case to a published agenda because it cannot wait."""

    meeting: UUID
    item: UUID
    case: UUID
    urgency: Sealed
    presenter: UserId
    basis: AppearanceBasis
    section: Section = Section.URGENT
    minutes: MinutesLong | None = None
    requires: Few[Key] = ()
    LEAVES = Leaves((LateItemAdded,), "item", filled=("minutes",))


AddingCommand = AddItem | AddLateItem


class CaseOrMatter(Refused):
    """An item is about a case or about a general matter, one of the two. Leave the other out."""


def decide(meeting: Meeting, command: AddingCommand, given: Given) -> list[AddingEvent]:
    match command:
        case AddItem():
            return add(meeting, command, given)
        case AddLateItem():
            return add_late(meeting, command, given)
        case _:
            assert_never(command)


def already(meeting: Meeting, item: UUID, case: UUID | None) -> bool:
    """True where the item is there; refuses a case that is taken."""
    if meeting.item(item) is not None:
        return True
    # A case that was put off or taken off may come on again, as another item.
    settled = (ItemState.REMOVED, ItemState.DEFERRED)
    if case is not None and any(i.case == case and i.state not in settled for i in meeting.items):
        raise CaseAlreadyOnAgenda(case=case)
    return False


def add(meeting: Meeting, command: AddItem, given: Given) -> list[AddingEvent]:
    if (command.case is None) == (command.matter is None):
        raise CaseOrMatter
    # Before the repetition is looked for, and `unpublished` only behind it: what was added before the agenda was
    # published may be sent again afterwards.
    not_over(meeting)
    if already(meeting, command.item, command.case):
        return []
    unpublished(meeting)
    listed = given.listed
    may_be_heard(listed)
    if command.basis not in (None, AppearanceBasis.AGREEMENT):
        needs_text(reason=command.reason)
    return [
        AgendaItemAdded(
            command.item,
            command.section,
            minutes_for(meeting, command.section, command.minutes, given),
            end_of(meeting.items, command.section),
            command.case,
            listed.number if listed else None,
            command.matter,
            command.presenter or (listed.presenter if listed else None),
            listed.basis if listed else command.basis,
            command.requires,
            command.must,
            command.reason,
        )
    ]


def add_late(meeting: Meeting, command: AddLateItem, given: Given) -> list[AddingEvent]:
    live(meeting)
    if already(meeting, command.item, command.case):
        return []
    needs_text(urgency=command.urgency)
    listed = given.listed
    may_be_heard(listed)
    return [
        LateItemAdded(
            command.item,
            command.section,
            minutes_for(meeting, command.section, command.minutes, given),
            end_of(meeting.items, command.section),
            command.urgency,
            command.case,
            listed.number if listed else None,
            command.presenter,
            listed.basis if listed else command.basis,
            command.requires,
            listed.agencies if listed else (),
        )
    ]


SUBJECT = Subject(AddingEvent, AddingCommand, decide=decide, evolve=evolve)

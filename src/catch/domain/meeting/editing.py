"""Changing the agenda by hand: removing, moving, retiming, pulling from the noting list.

Read downwards: what happened, where that leaves the meeting, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before
from catch.domain.meeting.items import Edit, Item, ItemEdit, ItemState
from catch.domain.meeting.listing import Section
from catch.domain.meeting.places import boxed, end_of, minutes_for, placed, without
from catch.domain.meeting.rules import (
    ItemResolved,
    explained,
    needs_text,
    not_over,
    on_agenda,
    waiting,
)
from catch.domain.meeting.state import Meeting, ordered, with_item
from catch.domain.plain import Key, MinutesLong, Place
from catch.domain.refusals import OutOfRange, Refused
from catch.domain.subject import Subject


class AgendaItemRemoved(Fact, frozen=True):
    item: UUID
    case: UUID | None = None
    must: bool = False
    reason: Sealed | None = None


class AgendaItemMoved(Fact, frozen=True):
    item: UUID
    order: int
    previous: int
    reason: Sealed | None = None


class AgendaItemTimeboxChanged(Fact, frozen=True):
    item: UUID
    minutes: int
    previous: int
    reason: Sealed | None = None


class ItemPulledForDiscussion(Fact, frozen=True):
    item: UUID
    section: Section
    minutes: int
    reason: Sealed
    by_agency: Key


EditingEvent = AgendaItemRemoved | AgendaItemMoved | AgendaItemTimeboxChanged | ItemPulledForDiscussion


def evolve(meeting: Meeting, event: EditingEvent, at: datetime) -> Meeting:
    item = meeting.item(event.item)
    return meeting if item is None else edited(meeting, item, event, at)


def edited(meeting: Meeting, item: Item, event: EditingEvent, at: datetime) -> Meeting:
    match event:
        case AgendaItemRemoved(reason=reason):
            gone = replace(item, state=ItemState.REMOVED, removed_reason=reason, removed_at=at)
            return ordered(meeting, with_item(meeting, item, gone).items)
        case AgendaItemMoved(order=order, previous=before, reason=reason):
            return placed(meeting, with_edit(item, ItemEdit(Edit.MOVED, at, before, order, reason)), order)
        case AgendaItemTimeboxChanged(minutes=minutes, previous=before, reason=reason):
            retimed = with_edit(item, ItemEdit(Edit.RETIMED, at, before, minutes, reason))
            return with_item(meeting, item, replace(retimed, minutes=minutes))
        case ItemPulledForDiscussion(section=section, minutes=minutes, reason=reason, by_agency=by):
            edit = ItemEdit(Edit.PULLED, at, item.section, section, reason, by)
            pulled = replace(with_edit(item, edit), section=section, minutes=minutes, pulled=True)
            return placed(meeting, pulled, end_of(without(meeting, item.item), section))
        case _:
            assert_never(event)


def with_edit(item: Item, edit: ItemEdit) -> Item:
    return replace(item, edits=(*item.edits, edit))


class RemoveItem(Command, frozen=True):
    """Take an item off the agenda. A reason is needed once it is published, and always for a must."""

    meeting: UUID
    item: UUID
    reason: Sealed | None = None
    LEAVES = Leaves((AgendaItemRemoved,), about=("item",))


class MoveItem(Command, frozen=True):
    """Move an item to another place, counted from 1. A reason is needed once the agenda is published."""

    meeting: UUID
    item: UUID
    order: Place
    reason: Sealed | None = None
    LEAVES = Leaves((AgendaItemMoved,), about=("item", "order"))


class ChangeTimebox(Command, frozen=True):
    """Give an item more or fewer minutes. A reason is needed once the agenda is published."""

    meeting: UUID
    item: UUID
    minutes: MinutesLong
    reason: Sealed | None = None
    LEAVES = Leaves((AgendaItemTimeboxChanged,), about=("item", "minutes"))


class PullFromNoting(Command, frozen=True):
    """Ask that an item listed for noting be discussed."""

    meeting: UUID
    item: UUID
    reason: Sealed
    minutes: MinutesLong | None = None
    LEAVES = Leaves((ItemPulledForDiscussion,), about=("item",), filled=("minutes",))


EditingCommand = RemoveItem | MoveItem | ChangeTimebox | PullFromNoting


class NotForNoting(Refused):
    """This item is not listed for noting: it is there to be discussed. Open it when its turn comes, or put it off."""


def decide(meeting: Meeting, command: EditingCommand, given: Given) -> list[EditingEvent]:
    match command:
        case RemoveItem():
            return remove(meeting, command)
        case MoveItem():
            return move(meeting, command)
        case ChangeTimebox():
            return change_timebox(meeting, command)
        case PullFromNoting():
            return pull(meeting, command, given)
        case _:
            assert_never(command)


def remove(meeting: Meeting, command: RemoveItem) -> list[EditingEvent]:
    not_over(meeting)
    if on_agenda(meeting, command.item).state is ItemState.REMOVED:
        return []
    item = waiting(meeting, command.item)
    explained(meeting, command.reason, always=item.must)
    return [AgendaItemRemoved(item.item, item.case, item.must, command.reason)]


def move(meeting: Meeting, command: MoveItem) -> list[EditingEvent]:
    item = waiting(meeting, command.item)
    # Removed items have no place: they stand behind all others, with 0.
    most = sum(held.state is not ItemState.REMOVED for held in meeting.items)
    if not 1 <= command.order <= most:
        raise OutOfRange(field="order", least=1, most=most)
    if item.order == command.order:
        return []
    explained(meeting, command.reason)
    return [AgendaItemMoved(item.item, command.order, item.order, command.reason)]


def change_timebox(meeting: Meeting, command: ChangeTimebox) -> list[EditingEvent]:
    not_over(meeting)
    item = on_agenda(meeting, command.item)
    if not item.unresolved:
        raise ItemResolved(item=item.item, state=item.state)
    if item.minutes == boxed(command.minutes):
        return []
    explained(meeting, command.reason)
    return [AgendaItemTimeboxChanged(item.item, command.minutes, item.minutes, command.reason)]


def pull(meeting: Meeting, command: PullFromNoting, given: Given) -> list[EditingEvent]:
    item = waiting(meeting, command.item)
    if item.pulled:
        return []
    if item.section is not Section.NOTING:
        raise NotForNoting(item=item.item)
    needs_text(reason=command.reason)
    not_before(given, meeting.published_at)
    # Listed for noting it had no minutes of its own.
    minutes = minutes_for(meeting, Section.QUESTION, command.minutes, given)
    return [ItemPulledForDiscussion(item.item, Section.QUESTION, minutes, command.reason, given.by.agency)]


SUBJECT = Subject(EditingEvent, EditingCommand, decide=decide, evolve=evolve)

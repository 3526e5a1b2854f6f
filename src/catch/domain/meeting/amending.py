"""Putting minutes right: what they should have said stands beside what they say, which stays as it was.

Read downwards: what happened, where that leaves the meeting, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given
from catch.domain.meeting.items import Amendment
from catch.domain.meeting.rules import on_agenda
from catch.domain.meeting.state import Meeting, MeetingState, with_item
from catch.domain.plain import UserId
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

MINUTED = (MeetingState.ENDED, MeetingState.MINUTES_CONFIRMED)


class MinutesAmended(Fact, frozen=True, omit_defaults=True):
    """`item`: of one item; else of the meeting. `at_meeting`: where it was agreed to amend them."""

    amendment: UUID
    text: Sealed
    amended_at: datetime
    by: UserId
    item: UUID | None = None
    case: UUID | None = None
    at_meeting: UUID | None = None


def evolve(meeting: Meeting, event: MinutesAmended, at: datetime) -> Meeting:
    amendment = amendment_of(event)
    item = meeting.item(event.item) if event.item else None
    if item is None:
        return replace(meeting, amendments=(*meeting.amendments, amendment))
    return with_item(meeting, item, replace(item, amendments=(*item.amendments, amendment)))


def amendment_of(event: MinutesAmended) -> Amendment:
    return Amendment(event.amendment, event.amended_at, event.by, event.text, event.at_meeting)


class AmendMinutes(Command, frozen=True):
    """Say what the minutes should have said, of one item or, with none named, of the meeting. What they say stays."""

    meeting: UUID
    amendment: UUID
    text: Sealed
    item: UUID | None = None
    at_meeting: UUID | None = None
    LEAVES = Leaves((MinutesAmended,), "amendment")


class NothingMinuted(Refused):
    """The meeting has not ended, so there are no minutes to amend. Record what is said of an open item on the item."""


def decide(meeting: Meeting, command: AmendMinutes, given: Given) -> list[MinutesAmended]:
    if known(meeting, command):
        return []
    if meeting.state not in MINUTED:
        raise NothingMinuted(state=meeting.state)
    item = on_agenda(meeting, command.item) if command.item else None
    return [
        MinutesAmended(
            command.amendment,
            command.text,
            given.at,
            given.by.user,
            command.item,
            item.case if item else None,
            command.at_meeting,
        )
    ]


def known(meeting: Meeting, command: AmendMinutes) -> bool:
    """Whether it is there already, or its id stands for another amendment."""
    parts = (meeting.amendments, *(item.amendments for item in meeting.items))
    return any(held.amendment == command.amendment for amendments in parts for held in amendments)


SUBJECT = Subject(MinutesAmended, AmendMinutes, decide=decide, evolve=evolve)

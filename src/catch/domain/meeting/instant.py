"""A discussion there and then, outside any planned meeting.

Read downwards: what happened, where that leaves the meeting, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime, timedelta
from uuid import UUID

from catch.domain.calendar import CLOCKS_MAY_DIFFER
from catch.domain.facts import Command, Fact, Leaves, Part, Sealed
from catch.domain.given import Given
from catch.domain.meeting.items import Item, ItemState, Origin, Update
from catch.domain.meeting.listing import AppearanceBasis, Section
from catch.domain.meeting.rules import in_agreement, may_be_heard, needs_text, series_of, zoned
from catch.domain.meeting.state import Attendee, Meeting, MeetingState, Mode, Stay
from catch.domain.naming import check_person
from catch.domain.plain import Few, Key, UserId
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

LEAST_AGENCIES = 2
RECENT = timedelta(days=7)


class Participant(Part, frozen=True):
    """Somebody who took part in an instant discussion."""

    user: UserId
    agency: Key


class InstantDiscussionHeld(Fact, frozen=True):
    meeting: UUID
    programme: Key
    series: Key
    item: UUID
    case: UUID
    held_at: datetime
    ended_at: datetime
    mode: Mode
    led_by: UserId
    seats: tuple[Participant, ...]
    quorum: int
    situation: Sealed | None = None
    action_to_date: Sealed | None = None
    update: Sealed | None = None
    next_steps: Sealed | None = None
    basis: AppearanceBasis | None = None


def evolve(_: Meeting | None, event: InstantDiscussionHeld, at: datetime) -> Meeting:
    """A meeting of one item, over as soon as it is recorded; its decisions and actions may still follow."""
    stay = (Stay(event.held_at, event.ended_at),)
    item = Item(
        event.item,
        Section.URGENT,
        1,
        minutes_between(event.held_at, event.ended_at),
        Origin.INSTANT,
        case=event.case,
        basis=event.basis,
        state=ItemState.DISCUSSED,
        opened_at=event.held_at,
        closed_at=event.ended_at,
        present=tuple(sorted({seat.agency for seat in event.seats})),
        update=Update(event.situation, event.action_to_date, event.update, event.next_steps),
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


class RecordInstantDiscussion(Command, frozen=True):
    """Record a discussion of one case between two agencies or more, held there and then. The case must be one that a
    meeting could hear; where the person has not agreed, name another `basis`.
    """

    meeting: UUID
    programme: Key
    series: Key
    item: UUID
    case: UUID
    held_at: datetime
    ended_at: datetime
    seats: Few[Participant]
    mode: Mode = Mode.IN_PERSON
    situation: Sealed | None = None
    action_to_date: Sealed | None = None
    update: Sealed | None = None
    next_steps: Sealed | None = None
    basis: AppearanceBasis | None = None
    LEAVES = Leaves((InstantDiscussionHeld,), "meeting", filled=("basis",))


class TooFewAgencies(Refused):
    """An instant discussion needs at least two agencies. Name all that took part."""


class InstantDiscussionsNotAllowed(Refused):
    """This programme discusses cases at its meetings only. Propose the case for the next one."""


class HeldTooLongAgo(Refused):
    """An instant discussion is recorded within a week, once it is over. Put what is older on record as a note."""


class EndsBeforeItStarts(Refused):
    """The end lies before the start. Correct one of the two."""


def decide(meeting: Meeting | None, command: RecordInstantDiscussion, given: Given) -> list[InstantDiscussionHeld]:
    if meeting is not None:
        return []
    zoned(held_at=command.held_at, ended_at=command.ended_at)
    if command.ended_at < command.held_at:
        raise EndsBeforeItStarts(field="ended_at")
    if command.ended_at > given.at + CLOCKS_MAY_DIFFER or command.held_at < given.at - RECENT:
        raise HeldTooLongAgo(earliest=(given.at - RECENT).isoformat(), latest=given.at.isoformat())
    # Any of the three will do: a discussion of which nothing is said cannot be read by anybody later.
    needs_text(update=command.update or command.situation or command.next_steps)
    agencies = sorted({seat.agency for seat in command.seats})
    if len(agencies) < LEAST_AGENCIES:
        raise TooFewAgencies(least=LEAST_AGENCIES)
    for seat in command.seats:
        check_person(seat.agency, seat.user, given)
    for agency in agencies:
        in_agreement(command.programme, agency, given)
    series_of(command.programme, command.series, given)
    if not (given.programme and given.programme.instant_discussions):
        raise InstantDiscussionsNotAllowed(programme=command.programme)
    may_be_heard(given.listed)
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
            LEAST_AGENCIES,
            command.situation,
            command.action_to_date,
            command.update,
            command.next_steps,
            given.listed.basis if given.listed else command.basis,
        )
    ]


SUBJECT = Subject(InstantDiscussionHeld, RecordInstantDiscussion, decide=decide, evolve=evolve)

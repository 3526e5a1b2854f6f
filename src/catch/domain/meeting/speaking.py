"""Who asks to speak on the open item, in the order of asking, and who has the floor.

Read downwards: what happened, where that leaves the meeting, what may be asked, what can be refused, what we answer.
"""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.facts import Command, Fact
from catch.domain.given import Given, not_before
from catch.domain.meeting.items import ItemState
from catch.domain.meeting.rules import ItemNotOpen, in_progress, on_agenda
from catch.domain.meeting.state import Attendee, Hand, Meeting
from catch.domain.plain import Key, UserId
from catch.domain.refusals import Refused
from catch.domain.subject import Subject


class HandRaised(Fact, frozen=True):
    item: UUID
    user: UserId
    agency: Key


class HandLowered(Fact, frozen=True):
    item: UUID
    user: UserId
    agency: Key


class FloorGiven(Fact, frozen=True):
    item: UUID
    user: UserId
    agency: Key


SpeakingEvent = HandRaised | HandLowered | FloorGiven


def evolve(meeting: Meeting, event: SpeakingEvent, at: datetime) -> Meeting:
    others = tuple(held for held in meeting.hands if (held.item, held.user) != (event.item, event.user))
    match event:
        case HandRaised(item=item, user=user, agency=agency):
            return replace(meeting, hands=(*others, Hand(item, user, agency, at)))
        case HandLowered():
            return replace(meeting, hands=others)
        case FloorGiven(item=item, user=user, agency=agency):
            # One speaks at a time: whoever spoke before has finished.
            waiting = (held for held in others if not held.speaks)
            return replace(meeting, hands=(Hand(item, user, agency, at, speaks=True), *waiting))
        case _:
            assert_never(event)


def only_at_the_table(meeting: Meeting) -> Meeting:
    """Asked after every fact: when the item is closed or put off, and when somebody leaves or may not be at it any
    more, they ask no longer, and nobody has to record that.
    """
    item = meeting.open_item
    seated = {(item.item, held.user) for held in meeting.at_the_table(item.item)} if item else set[tuple[UUID, str]]()
    kept = tuple(held for held in meeting.hands if (held.item, held.user) in seated)
    return meeting if len(kept) == len(meeting.hands) else replace(meeting, hands=kept)


class RaiseHand(Command, frozen=True):
    """Ask to speak on the open item. Who runs the meeting does so for somebody who is in the room without a screen."""

    meeting: UUID
    item: UUID
    user: UserId


class LowerHand(Command, frozen=True):
    """Ask to speak no longer, or have finished. Who runs the meeting lowers the hands of others."""

    meeting: UUID
    item: UUID
    user: UserId


class GiveFloor(Command, frozen=True):
    """Let somebody at the table speak on the open item, whether they have asked or not. Who spoke before has
    finished.
    """

    meeting: UUID
    item: UUID
    user: UserId


SpeakingCommand = RaiseHand | LowerHand | GiveFloor


class NoVoiceInTheItem(Refused):
    """This user is not at the table for this item. Join the meeting and accept confidentiality first. Whoever is kept
    out of the item, or has come for other items only, does not speak on it.
    """


def decide(meeting: Meeting, command: SpeakingCommand, given: Given) -> list[SpeakingEvent]:
    # First: who may not know of an item is answered as if there were none.
    on_agenda(meeting, command.item)
    held = meeting.hand(command.item, command.user)
    match command:
        case RaiseHand(item=item, user=user):
            return [] if held else [HandRaised(item, user, seated(meeting, command, given).agency)]
        case LowerHand():
            return [lowered(held, given)] if held else []
        case GiveFloor(item=item, user=user):
            speaks = held is not None and held.speaks
            return [] if speaks else [FloorGiven(item, user, seated(meeting, command, given).agency)]
        case _:
            assert_never(command)


def seated(meeting: Meeting, command: RaiseHand | GiveFloor, given: Given) -> Attendee:
    """Who is named, at the table of the open item."""
    in_progress(meeting)
    item = on_agenda(meeting, command.item)
    if item.state is not ItemState.OPEN:
        raise ItemNotOpen(item=item.item, state=item.state)
    here = next((held for held in meeting.at_the_table(item.item) if held.user == command.user), None)
    if here is None:
        raise NoVoiceInTheItem(user=command.user)
    not_before(given, item.opened_at, here.stays[-1].joined_at)
    return here


def lowered(held: Hand, given: Given) -> HandLowered:
    not_before(given, held.since)
    return HandLowered(held.item, held.user, held.agency)


SUBJECT = Subject(SpeakingEvent, SpeakingCommand, decide=decide, evolve=evolve)

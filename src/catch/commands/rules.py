"""Who may ask: the policy (`catch.access`), asked with what the book says of the case, the meeting and the asker."""

from datetime import datetime
from functools import cache

from catch.access import NotAllowed, Seat, may, role_may, seats_of
from catch.commands.book import Book
from catch.commands.questions import MeetingsHolding
from catch.domain.case import CaseCommand
from catch.domain.case.state import Case
from catch.domain.discussion import OfferActionInMeeting
from catch.domain.facts import Actor, Command, Role
from catch.domain.meeting import MeetingCommand
from catch.domain.partner import PartnerCommand
from catch.domain.person import PersonCommand
from catch.domain.programme import ProgrammeCommand

AtMeeting = MeetingCommand | OfferActionInMeeting
_role_may = cache(role_may)


def of_the_role(asker: Actor, command: Command) -> None:
    """Whether such a role may ask such a thing at all: rests on nothing that was recorded."""
    if not _role_may(asker.role, type(command)):
        raise NotAllowed(role=asker.role)


def by_role(asker: Actor, command: PersonCommand | PartnerCommand | ProgrammeCommand, book: Book, at: datetime) -> None:
    """No more than the role is asked for, and that the asker's agency has not suspended them."""
    of_the_role(asker, command)
    may(asker, command, own=book.partner(asker.agency), at=at)


def on_case(asker: Actor, command: CaseCommand, book: Book, at: datetime) -> None:
    of_the_role(asker, command)
    case, own = book.case(command.case), book.partner(asker.agency)
    seats = seats_at_meetings(case, book) if case is not None and asker.role is Role.CHAIR else ()
    may(asker, command, case, None, own, at=at, seats=seats)


def at_meeting(asker: Actor, command: AtMeeting, book: Book, at: datetime) -> None:
    of_the_role(asker, command)
    may(asker, command, None, book.meeting(command.meeting), book.partner(asker.agency), at=at)


def seats_at_meetings(case: Case, book: Book) -> tuple[Seat, ...]:
    """What meetings have to do with the case: found by the read side, as they stand in the log."""
    meetings = book.meetings(book.ask(MeetingsHolding(case.case)))
    return tuple(seat for meeting in meetings if meeting for seat in seats_of(meeting, case.case))

"""Who may ask: the policy (`catch.access`), asked with what the book says."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from catch.access import (
    Asker,
    RedactionReason,
    Seat,
    Sight,
    Told,
    Who,
    asks,
    kept_from,
    may,
    prepares,
    program,
    recused,
    seats_of,
    sight,
    told,
    told_at_meeting,
    who,
)
from catch.access.relations import Asked, Reads, kept_out, refers_as_known, sees_contact
from catch.access.restriction import goes_on, stopped
from catch.commands.book import Book
from catch.commands.merging import the_same
from catch.commands.questions import MeetingsHolding
from catch.domain.access_grant import OpenBreakGlass
from catch.domain.case.state import Case
from catch.domain.facts import Actor, Command, Fact, Role
from catch.domain.meeting.items import Item
from catch.domain.meeting.state import Meeting
from catch.domain.merging import MergeCommand
from catch.domain.person import Person
from catch.domain.processing import ProcessingIsRestricted
from catch.domain.refusals import Refused
from catch.domain.streams import CASE, CONTACT, MEETING, PARTNER, PROGRAMME, Stream


class Looked(Reads):
    """The book, as far as a rule asks."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def state(self, stream: Stream, id_: UUID) -> Any:
        return self._book.state(stream, id_)

    def seats(self, case: UUID, /) -> Sequence[Seat]:
        """What meetings have to do with the case: found by the read side, as they stand in the log. One that cannot be
        read seats nobody."""
        meetings = self._book.readable_meetings(self._book.ask(MeetingsHolding(case)))
        return [seat for meeting in meetings if meeting for seat in seats_of(meeting, case)]


def enrolled(by: Actor | Asker, book: Book, at: datetime) -> Who:
    """Who asks, as the log has it. Raises `NotEnrolled`."""
    # Importers and jobs of the operator come with an actor of their own; no token is ever made into this one.
    if isinstance(by, Actor) and by.role is Role.SYSTEM:
        return program(by)
    asker = Asker(by.user, by.agency, by.role) if isinstance(by, Actor) else by
    return who(asker, book.partner(by.agency), at)


SHOWN_WITHIN = timedelta(minutes=5)
"""How long ago somebody may have shown their issuer who they are, for what needs it."""
NEEDS_STEP_UP: frozenset[type[Command]] = frozenset({OpenBreakGlass})
"""What a screen that was left open, or a token that was taken, must not do."""


class StepUpNeeded(Refused):
    """Show once more who you are: sign in anew with your own account (`/sign-in/KEY?step_up=1`, where KEY is the issuer
    that you sign in at), and send this again within five minutes. For a token of your own, have your issuer ask you
    anew (`max_age`, `acr_values`).
    """


def stepped_up(who: Who, kind: type[Command], proved_at: datetime | None, at: datetime) -> None:
    """Raises `StepUpNeeded`. Whoever may not ask such a thing at all is told that, and not to sign in for it."""
    if kind not in NEEDS_STEP_UP or Role.SYSTEM in who.roles_held() or not asks(who, kind):
        return
    # Either way: a clock that was set back must not let an old proof count.
    if proved_at is None or abs(at - proved_at) > SHOWN_WITHIN:
        raise StepUpNeeded(minutes=SHOWN_WITHIN // timedelta(minutes=1))


def acting(who: Who, command: Command, book: Book, at: datetime) -> Actor:
    """As whom they do it, which signs the facts. Raises a `Refused`."""
    return who.acting_as(may(who, command, Looked(book), at))


def not_restricted(who: Who, command: Command, book: Book, at: datetime) -> None:
    """Raises `ProcessingIsRestricted` for what would be done with more of somebody than may be (`access.restriction`).

    Whom a command is about is found by what it names: who sees that is shown the banner, and so told nothing by this.
    """
    if Role.SYSTEM in who.roles_held() or goes_on(type(command)):
        return
    named = [each for name in OF_PEOPLE if (each := getattr(command, name, None))]
    # What cannot be read says nothing here; what is done with it is refused by its own name.
    cases = dict.fromkeys(cases_named(command, book))
    named += [each.person for each in book.readable_cases(cases) if each]
    for held in book.readable_people(dict.fromkeys(named)):
        if held is None:
            continue
        others: Iterable[Person | None] = ()
        if isinstance(command, MergeCommand):
            others = book.readable_people(each.other(held.person) for each in held.merges if each.open)
        if stopped([*the_same(book, held), *others], at):
            raise ProcessingIsRestricted


def is_stopped(book: Book, case: Case, at: datetime) -> bool:
    """Whether nothing is done with what is kept of the person of the case but to keep it."""
    (held,) = book.readable_people([case.person])
    return held is not None and stopped(the_same(book, held), at)


OF_PEOPLE = ("person", "retired")


def cases_named(command: Command, book: Book) -> Iterator[UUID]:
    """Those that a command is about: by itself, or by items of a meeting. Another that it names (`to_case`) is of the
    same person, or there is none for it: whose that is, is told to nobody here. Nor is anything of a case whose item
    its sender is kept out of, and yet may name: what they are answered must not hang on how it stands with the person.
    """
    if case := getattr(command, "case", None):
        yield case
    items = {getattr(command, "item", None), *getattr(command, "items", ())} - {None}
    named: UUID | None = getattr(command, "meeting", None) if items else None
    meeting = book.meeting(named) if named else None
    for item in meeting.items if meeting else ():
        if meeting and item.case and item.item in items and not kept_from_sender(book, meeting, item):
            yield item.case


def kept_from_sender(book: Book, meeting: Meeting, item: Item) -> bool:
    """Whether whoever asks is kept out of the item. Of a case that cannot be read, as far as the meeting says so."""
    who, at = book.who, book.asked_at
    if who is None or at is None or Role.SYSTEM in who.roles_held():
        return False
    if item.case is None or book.readable_cases([item.case]) == [None]:
        return kept_from(who, meeting, item)
    return kept_out(Asked(who, None, Looked(book), at, Role.CHAIR), meeting, item)


def referable(book: Book, person: UUID, programme: str, *, led_on: bool = False) -> Person | None:
    """Who is registered, as far as whoever asks may refer them to the programme; for all others nobody is there.
    `led_on`: by a contact.
    """
    held, who, at = book.person(person), book.who, book.asked_at
    if held is None or who is None or at is None or Role.SYSTEM in who.roles_held():
        return held
    asked = Asked(who, None, Looked(book), at, Role.COORDINATOR)
    return held if refers_as_known(asked, held, programme, led_on=led_on) else None


def counted(book: Book, stream: Stream, about: UUID) -> bool:
    """Whether whoever asks is shown the version of the stream: it counts what others may not know of, too."""
    who, at = book.who, book.asked_at
    if who is None or at is None or Role.SYSTEM in who.roles_held():
        return True
    if stream is MEETING:
        meeting = book.meeting(about)
        # Of what is not there, version 0 tells nothing.
        return meeting is None or (prepares(who, meeting, at) and not _kept_from_some(book, who, meeting))
    if stream is CASE:
        case = book.case(about)
        found = sight(who, case, Looked(book).seats(about), at) if case else None
        return case is None or (found is not None and found.everything)
    if stream is CONTACT:
        contact = book.contact(about)
        # Whoever sees it is told all of it.
        return contact is None or sees_contact(Asked(who, None, Looked(book), at, Role.COORDINATOR), contact)
    # A person's facts, and what is beside a case, are counted to nobody: nobody is told of all of them.
    return stream in (PARTNER, PROGRAMME)


def _kept_from_some(book: Book, who: Who, meeting: Meeting) -> bool:
    """Whether they are kept out of a case of the meeting: as it says itself, or the case does."""
    about = [item.case for item in meeting.items if item.case]
    kept = any(recused(who, case, ()) for case in book.readable_cases(about) if case)
    return kept or any(kept_from(who, meeting, item) for item in meeting.items)


def told_all(book: Book, stream: Stream, about: UUID, fact: Fact) -> bool:
    """Whether whoever asks is told all that this fact of the stream says."""
    who, at = book.who, book.asked_at
    if who is None or at is None or not counted(book, stream, about):
        return False
    if Role.SYSTEM in who.roles_held():
        return True
    id_ = about if stream is CASE else getattr(fact, "case", None)
    case = book.case(id_) if id_ else None
    if case is None:
        return True
    found = sight(who, case, Looked(book).seats(case.case), at)
    if found is None or found.hidden is RedactionReason.RECUSED:
        return False
    shown = Told.SHOWN
    if stream is CASE:
        shown = told(found, case, fact, at)
    elif stream is MEETING:
        shown = told_at_meeting(found, case, fact, at, prepares=True)  # to who does not, nothing is counted
    return shown is Told.SHOWN and all(map(found.mentions, getattr(fact, "categories", ())))


def seen(book: Book, case: Case, by: Actor) -> bool:
    """Whether whoever asks sees this other case; the program itself sees all."""
    return by.role is Role.SYSTEM or seen_of(book, case) is not None


def worked_on(book: Book, case: Case, by: Actor) -> bool:
    """Whether they work on it. Whoever only referred it could attach nothing to it."""
    found = seen_of(book, case)
    return by.role is Role.SYSTEM or (found is not None and (found.everything or case.involved(by.agency)))


def seen_of(book: Book, case: Case) -> Sight | None:
    if book.who is None or book.asked_at is None:
        return None
    found = sight(book.who, case, Looked(book).seats(case.case), book.asked_at)
    return found if found is not None and found.hidden is not RedactionReason.RECUSED else None

"""How it is decided that a person is erased: what of them is under way anywhere, and all whose key or hash goes."""

from collections.abc import Sequence
from uuid import UUID

from catch.commands.book import Book
from catch.commands.handler import Handler, handles, own_stream
from catch.commands.questions import ContactsAbout
from catch.commands.rules import seen
from catch.domain import erasing
from catch.domain.case.closing import CaseErased
from catch.domain.case.state import Case
from catch.domain.contact import Contact, ContactErased
from catch.domain.erasing import (
    ApproveErasure,
    ErasePerson,
    ErasingCommand,
    ErasingEvent,
    InTheWay,
    PersonErased,
    RequestErasure,
)
from catch.domain.facts import Role
from catch.domain.given import Given
from catch.domain.person import Person
from catch.domain.refusals import UnknownPerson
from catch.domain.streams import CASE, CONTACT, PERSON, contacts_stream

NOWHERE = InTheWay()


def erase(command: ErasingCommand, book: Book, given: Given) -> None:
    person = book.person(command.person)
    if person is None:
        raise UnknownPerson(person=command.person)
    facts: list[ErasingEvent] = erasing.decide(person.erasing, command, given, in_the_way(command, book, person, given))
    if isinstance(command, ErasePerson) and facts:
        facts = [_all_of(command, book, person)]
    book.write(PERSON, command.person, facts)


def in_the_way(command: ErasingCommand, book: Book, person: Person, given: Given) -> InTheWay:
    """Whoever asks for it as a coordinator is told of the cases that they see, and of nothing else."""
    if not isinstance(command, RequestErasure | ApproveErasure | ErasePerson):
        return NOWHERE
    way = InTheWay(
        asked=any(held.open for held in person.access_requests), restricted=person.processing.restriction is not None
    )
    if isinstance(command, RequestErasure) and given.by.role is Role.COORDINATOR:
        live = any(held.live and seen(book, held, given.by) for held in cases_of(book, person))
        return way._replace(under_way=live)
    merged = any(held.open for held in person.merges)
    live = any(held.live for held in cases_of(book, person))
    called = any(held.open for held in contacts_of(book, person))
    return way._replace(under_way=live or called, merged=merged)


def cases_of(book: Book, person: Person) -> list[Case]:
    """Raises an `Unreadable`: what cannot be read may be under way."""
    return [held for held in book.cases(case for case, _ in person.cases) if held]


def contacts_of(book: Book, person: Person) -> list[Contact]:
    # Before it is asked: of one that comes meanwhile the register tells, and it is decided again.
    book.register(contacts_stream(person.person))
    found: Sequence[UUID] = book.ask(ContactsAbout(person.person))
    return [held for each in found if (held := book.contact(each))]


def _all_of(command: ErasePerson, book: Book, person: Person) -> PersonErased:
    """Their cases and contacts say so as well, in the same append. A contact that led to somebody else, too, is still
    about them: it goes with the last of its people.
    """
    for case in cases_of(book, person):
        book.write(CASE, case.case, [CaseErased(command.erasure)])
    gone: list[UUID] = []
    for contact in contacts_of(book, person):
        others = book.people(sorted(contact.people - {person.person}))
        if all(other is None or other.erased for other in others):
            book.write(CONTACT, contact.contact, [ContactErased(command.erasure)])
            gone.append(contact.contact)
    return PersonErased(command.erasure, tuple(gone))


ERASING_HANDLERS: tuple[Handler, ...] = (
    handles(erasing.RequestErasure, subject=own_stream, decide=erase),
    handles(erasing.ApproveErasure, subject=own_stream, decide=erase),
    handles(erasing.StopErasure, subject=own_stream, decide=erase),
    handles(erasing.PlaceLegalHold, subject=own_stream, decide=erase),
    handles(erasing.LiftLegalHold, subject=own_stream, decide=erase),
    handles(erasing.ErasePerson, subject=own_stream, decide=erase),
)

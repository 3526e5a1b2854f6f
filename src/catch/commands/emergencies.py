"""How a case is opened in an emergency, ended, and looked into: what that needs of the case behind it."""

from uuid import UUID

from catch.access import RedactionReason, glass_shows, sight
from catch.commands.book import Book
from catch.commands.cases import pinned
from catch.commands.handler import Handler, handles, own_stream
from catch.commands.questions import CaseNumbered
from catch.commands.rules import Looked
from catch.domain import access_grant
from catch.domain.access_grant import Behind, EndBreakGlass, OpenBreakGlass, ReviewBreakGlass
from catch.domain.case.state import Case
from catch.domain.given import Given
from catch.domain.streams import ACCESS_GRANT, grants_stream


def numbered(book: Book, number: str) -> Case | None:
    """None too where whoever it was about was erased, so that nothing is left to read, and where it cannot be read: who
    knew of no such case is told of none.
    """
    id_ = book.ask(CaseNumbered(number))
    case = book.readable_cases([id_])[0] if id_ else None
    person = book.readable_people([case.person])[0] if case else None
    return case if person is not None and not person.erased else None


def person_numbered(command: OpenBreakGlass, book: Book) -> UUID:
    """Whose key seals why it was opened: it is about them, and goes with them. Of what is not theirs to open no key is
    looked for."""
    case = numbered(book, command.number)
    return case.person if case and behind(case, book) else own_stream(command, book)


def person_opened(command: ReviewBreakGlass, book: Book) -> UUID:
    held = book.grants(command.agency).glass(command.opening)
    case = book.case(held.opened.case) if held else None
    return case.person if case else own_stream(command, book)


def behind(case: Case, book: Book) -> Behind | None:
    """None where it is not for them: the same as where there is none."""
    who, at = book.who, book.asked_at
    if who is None or at is None:
        return None
    seen, shows = sight(who, case, Looked(book).seats(case.case), at), glass_shows(who, case)
    # Somebody close to them is so in every programme.
    (person,) = book.readable_people([case.person])
    others = book.readable_cases(each for each, _ in person.cases) if person else ()
    if any(other is not None and other.recused(who.user) for other in others):
        return None
    if not shows or (seen is not None and seen.hidden is RedactionReason.RECUSED):
        return None
    return Behind(case.case, case.programme, case.lead, shown=seen is not None and shows <= seen.categories)


def break_glass(command: OpenBreakGlass, book: Book, given: Given) -> None:
    case = numbered(book, command.number)
    found = behind(case, book) if case else None
    facts = access_grant.opened(book.grants(command.agency), command, given, found)
    if case and facts:
        book.programme = pinned(book, case)
    book.write(ACCESS_GRANT, grants_stream(command.agency), facts)


def answer(command: EndBreakGlass | ReviewBreakGlass, book: Book, given: Given) -> None:
    facts = access_grant.decide(book.grants(command.agency), command, given)
    book.write(ACCESS_GRANT, grants_stream(command.agency), facts)


EMERGENCY_HANDLERS: tuple[Handler, ...] = (
    handles(OpenBreakGlass, subject=person_numbered, decide=break_glass),
    handles(EndBreakGlass, subject=own_stream, decide=answer),
    handles(ReviewBreakGlass, subject=person_opened, decide=answer),
)

"""What a command names must exist, however deep it stands there; what it says of somebody must be such a thing."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from catch.access import may_attend
from catch.commands.book import Book
from catch.commands.questions import DayOfBirth, NhsNumber, Numbered
from catch.domain.calendar import london_day
from catch.domain.facts import Role, Sealed
from catch.domain.given import Given
from catch.domain.nhs_number import NhsNumberInvalid
from catch.domain.person import DateOfBirthInvalid
from catch.domain.refusals import UnknownMeeting, UnknownPartner, UnknownProgramme


def partners_exist(book: Book, keys: Iterable[str | None]) -> None:
    for key in keys:
        if key is not None and book.partner(key) is None:
            raise UnknownPartner(partner=key)


def programmes_exist(book: Book, keys: Iterable[str | None]) -> None:
    for key in keys:
        if key is not None and book.programmes(key) is None:
            raise UnknownProgramme(programme=key)


def meetings_exist(book: Book, ids: Iterable[UUID | None]) -> None:
    """For whoever asks."""
    for id_ in ids:
        if id_ is not None and not _meets(book, id_):
            raise UnknownMeeting(meeting=id_)


def _meets(book: Book, id_: UUID) -> bool:
    held, who, at = book.meeting(id_), book.who, book.asked_at
    if held is None or who is None or at is None or Role.SYSTEM in who.roles_held():
        return held is not None
    return may_attend(who, held, at)


def was_born(book: Book, text: Sealed, given: Given, field: str) -> date:
    """A date of birth is a day, and not one to come."""
    born = book.ask(DayOfBirth(text))
    if born is None or born > london_day(given.at):
        raise DateOfBirthInvalid(field=field)
    return born


def nhs_numbered(book: Book, text: Sealed, field: str) -> Numbered:
    """An NHS number is ten digits that fit together."""
    number = book.ask(NhsNumber(text))
    if number is None:
        raise NhsNumberInvalid(field=field)
    return number

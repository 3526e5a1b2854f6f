"""What a command names must exist, however deep it stands there; what it says of somebody must be such a thing."""

from collections.abc import Iterable
from uuid import UUID

from catch.commands.book import Book
from catch.commands.questions import DayOfBirth, NhsNumber, Numbered
from catch.domain.calendar import london_day
from catch.domain.facts import Sealed
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
    for id_ in ids:
        if id_ is not None and book.meeting(id_) is None:
            raise UnknownMeeting(meeting=id_)


def was_born(book: Book, text: Sealed, given: Given, field: str) -> None:
    """A date of birth is a day, and not one to come."""
    born = book.ask(DayOfBirth(text))
    if born is None or born > london_day(given.at):
        raise DateOfBirthInvalid(field=field)


def nhs_numbered(book: Book, text: Sealed, field: str) -> Numbered:
    """An NHS number is ten digits that fit together."""
    number = book.ask(NhsNumber(text))
    if number is None:
        raise NhsNumberInvalid(field=field)
    return number

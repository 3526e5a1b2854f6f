"""What a command names must exist, however deep it stands in the command."""

from collections.abc import Iterable
from uuid import UUID

from catch.commands.book import Book
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

"""What a command names must exist, however deep it stands in the command; and what is new must have a new id."""

from collections.abc import Iterable
from uuid import UUID

from catch.commands.book import Book
from catch.domain.facts import Actor, Role
from catch.domain.refusals import IdNotAllowed, UnknownMeeting, UnknownPartner, UnknownProgramme

DERIVED = (5, 8)
"""Versions of UUIDs that ids have which are worked out from something: partners', programmes', import rows'."""


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


def may_be_new(by: Actor, field: str, id_: UUID) -> None:
    """What clients begin must not lie where derived ids do. The importer's own are derived."""
    if by.role is not Role.SYSTEM and id_.version in DERIVED:
        raise IdNotAllowed(field=field, value=id_)

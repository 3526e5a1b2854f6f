"""Which commands somebody may ask about a case, a meeting or an item: what a screen offers them, and nothing else."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TypeVar
from uuid import UUID

import msgspec

from catch.access import ASKED, Seat, Who, may, may_ask_about
from catch.access.relations import Reads
from catch.commands.book import Book, NotRead
from catch.commands.questions import Asking, Records
from catch.commands.rules import Looked
from catch.commands.taking import fetch
from catch.domain.facts import Command
from catch.domain.refusals import Refused
from catch.log.entries import Unreadable


async def offered(who: Who, about: Mapping[str, UUID], records: Records, at: datetime) -> list[type[Command]]:
    """In the order in which commands are listed. `about` says by field what they name: `case`, `person`, `meeting`,
    `item`, `contact`.

    A command is offered where it names all of `about` that others of its kind do: of a meeting's commands those of an
    item only where an item is named, and of a contact only where that is.
    """
    looked = opened(who, records, at)
    return [kind for kind in naming(frozenset(about)) if await _offered(who, kind, about, looked, records)]


async def offered_at(who: Who, partner: str, user: str | None, records: Records, at: datetime) -> list[type[Command]]:
    """The same about an agency, or about somebody who acts for it."""
    looked = opened(who, records, at)
    named = {"partner"} if user is None else {"partner", "user"}
    # No user yet: somebody else than who asks, whoever that will be.
    about = {"partner": partner, "user": user or ""}
    kinds = [kind for kind in ASKED if named <= set(kind.__struct_fields__)]
    return [kind for kind in kinds if await _offered(who, kind, about, looked, records)]


C = TypeVar("C", bound=Command)


async def allowed_of(who: Who, commands: Iterable[C], records: Records, at: datetime) -> list[C]:
    """Those of these commands that they may ask for, each as it stands."""
    looked = opened(who, records, at)
    return [each for each in commands if await _allowed(who, each, looked, records)]


class LookedAgain(Looked):
    """For many commands about the same: what a book has read stands, and so do the seats that it comes to."""

    def __init__(self, book: Book) -> None:
        super().__init__(book)
        self.book = book
        self._seats: dict[UUID, Sequence[Seat]] = {}

    def seats(self, case: UUID, /) -> Sequence[Seat]:
        if case not in self._seats:
            self._seats[case] = super().seats(case)
        return self._seats[case]


def opened(who: Who, records: Records, at: datetime) -> LookedAgain:
    book = Book(records.states.seen)
    book.who, book.asked_at = who, at
    return LookedAgain(book)


@cache
def naming(about: frozenset[str]) -> Sequence[type[Command]]:
    """Asked for every screen at every event: what a command names is the same for ever."""
    return [kind for kind in ASKED if names(kind, about)]


def names(kind: type[Command], about: Collection[str]) -> bool:
    fields = kind.__struct_fields__
    # Led on, a contact opens a case: that is nothing to ask of one that is there.
    if ("contact" in about) != ("contact" in fields):
        return False
    if "item" in about:
        return "item" in fields and "meeting" in fields
    return any(name in fields for name in about) and ("case" in fields or "item" not in required(kind))


@cache
def required(kind: type[Command]) -> frozenset[str]:
    return frozenset(each.name for each in msgspec.structs.fields(kind) if each.required)


async def _offered(
    who: Who, kind: type[Command], about: Mapping[str, object], looked: LookedAgain, records: Records
) -> bool:
    return await _judged(lambda reads, at: may_ask_about(who, kind, about, reads, at), looked, records)


async def _allowed(who: Who, command: Command, looked: LookedAgain, records: Records) -> bool:
    def judge(reads: Reads, at: datetime) -> bool:
        try:
            may(who, command, reads, at)
        except Refused:
            return False
        return True

    return await _judged(judge, looked, records)


async def _judged(judge: Callable[[Reads, datetime], bool], looked: LookedAgain, records: Records) -> bool:
    at = looked.book.asked_at
    assert at is not None
    while True:
        try:
            return judge(looked, at)
        except NotRead as lacking:
            await fetch(lacking, looked.book, records, Asking(records, None, False))
        except Unreadable:
            # Of what cannot be read nobody can say who may do anything about it.
            return False

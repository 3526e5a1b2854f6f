"""Which commands somebody may ask about a case, a meeting or an item: what a screen offers them, and nothing else."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from uuid import UUID

import msgspec

from catch.access import Who, may_ask_about
from catch.commands.book import Book, NotRead
from catch.commands.questions import Asking, Records
from catch.commands.rules import Looked
from catch.commands.taking import fetch
from catch.domain.facts import Command
from catch.domain.streams import COMMANDS
from catch.log.entries import Unreadable


async def offered(who: Who, about: Mapping[str, UUID], records: Records, at: datetime) -> list[type[Command]]:
    """In the order in which commands are listed. `about` says by field what they name: `case`, `meeting`, `item`.

    A command is offered where it names all of `about` that others of its kind do: of a meeting's commands those of an
    item only where an item is named.
    """
    book = Book(records.states.seen)
    book.who, book.asked_at = who, at
    return [kind for kind in COMMANDS if names(kind, about) and await _offered(who, kind, about, book, records)]


def names(kind: type[Command], about: Mapping[str, UUID]) -> bool:
    fields = kind.__struct_fields__
    if "item" in about:
        return "item" in fields and "meeting" in fields
    return any(name in fields for name in about) and ("case" in fields or "item" not in required(kind))


@cache
def required(kind: type[Command]) -> frozenset[str]:
    return frozenset(each.name for each in msgspec.structs.fields(kind) if each.required)


async def _offered(who: Who, kind: type[Command], about: Mapping[str, UUID], book: Book, records: Records) -> bool:
    assert book.asked_at is not None
    while True:
        try:
            return may_ask_about(who, kind, about, Looked(book), book.asked_at)
        except NotRead as lacking:
            await fetch(lacking, book, records, Asking(records, None, False))
        except Unreadable:
            # Of what cannot be read nobody can say who may do anything about it.
            return False

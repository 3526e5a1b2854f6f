"""All that must be said of a kind of command, in one value."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct

from catch.commands.book import Book
from catch.domain.facts import Actor, Command
from catch.domain.given import Given

C = TypeVar("C", bound=Command)

Rule = Callable[[Actor, C, Book, datetime], None]
"""Raises a `Refused` unless this actor may ask for this now; may read the book."""
Subject = Callable[[C, Book], UUID]
"""Under whose key the command's texts are sealed: the person it is about, else the stream."""
Decide = Callable[[C, Book, Given], None]
"""Writes the facts that answer the command into the book, none where they hold already; or raises a `Refused`."""


class Handler(Struct, frozen=True):
    """Nothing here has a default: what is not said of a command does not type-check."""

    kind: type[Command]
    rule: Rule[Any]
    subject: Subject[Any]
    decide: Decide[Any]


def handles(kind: type[C], *, rule: Rule[C], subject: Subject[C], decide: Decide[C]) -> Handler:
    """Holds the three to the kind of command that they are for."""
    return Handler(kind, rule, subject, decide)

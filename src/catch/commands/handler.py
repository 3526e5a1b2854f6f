"""All that must be said of a kind of command besides who may ask for it, which is said in `catch.access.doing`."""

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct

from catch.commands.book import Book
from catch.domain.facts import Command
from catch.domain.given import Given
from catch.domain.streams import stream_of_command

C = TypeVar("C", bound=Command)

Subject = Callable[[C, Book], UUID]
"""Under whose key the command's texts are sealed: the person it is about, else the stream."""
Decide = Callable[[C, Book, Given], None]
"""Writes the facts that answer the command into the book, none where they hold already; or raises a `Refused`."""


class Handler(Struct, frozen=True):
    """Nothing here has a default: what is not said of a command does not type-check."""

    kind: type[Command]
    subject: Subject[Any]
    decide: Decide[Any]


def own_stream(command: Command, book: Book) -> UUID:
    """Of texts that are about nobody else: the stream that the command is about."""
    return stream_of_command(command).stream_of(command)


def alone(command: Command, book: Book, given: Given) -> None:
    """By what its own stream says, and nothing besides."""
    stream = stream_of_command(command)
    id_ = stream.stream_of(command)
    if stream.decide is None:
        raise TypeError(f"{type(command).__name__} is not decided by its {stream.name} alone")
    book.write(stream, id_, [*stream.decide(book.state(stream, id_), command, given)])


def handles(kind: type[C], *, subject: Subject[C], decide: Decide[C]) -> Handler:
    """Holds both to the kind of command that they are for."""
    return Handler(kind, subject, decide)

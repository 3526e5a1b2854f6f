"""The same again, or something else under the same id: asked once, of every command, when it has been decided.

Whoever recorded something, and whoever is told all of it, hears what differs; to others the id is taken, whatever they
say of it: an answer that depended on it would confirm what they may not know. A fact is opened here to be compared, and
plain text goes no further than the names of fields.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from msgspec import Struct

from catch.commands.book import Book, Question
from catch.commands.meetings import OnItem, item_of
from catch.commands.questions import Asking
from catch.commands.rules import told_all
from catch.domain.again import IN_THE_CASE, Named, RecordedOtherwise, differing, found, named
from catch.domain.contact import ConvertContact
from catch.domain.facts import Actor, Command, Fact, Leaves, Role
from catch.domain.refusals import IdAlreadyUsed, IdNotAllowed
from catch.domain.streams import CASE, Stream, stream_of_command
from catch.history.past import histories
from catch.personal import sealed_in, with_texts

DERIVED = (5, 8)
"""Versions of UUIDs that ids have which are worked out from something: partners', programmes', import rows'."""


class Before(NamedTuple):
    """What was recorded, by whom, and in which fields somebody who asks again says something else."""

    fact: Fact
    by: Actor
    differing: tuple[str, ...]


class RecordedBefore(Question["Before | None"], frozen=True):
    """What began under an id, or was settled, beside what is asked of it now. None where nothing was."""

    RECORDED = False  # it is read from the log itself

    stream: UUID
    leaves: Leaves
    asked: Struct
    at: datetime | None
    """When it is said to have occurred, None where nothing is said."""

    async def answer(self, source: Asking) -> Before | None:
        recorded = (await histories(source.records.log, [self.stream]))[self.stream]
        fact = found(self.leaves, self.asked, [held.event for held in recorded])
        if fact is None:
            return None
        envelope = next(held.envelope for held in recorded if held.event is fact)
        # What began under an id began at one time; that something holds is said as often as it is true.
        moved = self.leaves.new is not None and self.at not in (None, envelope.occurred_at)
        differing = await self._differing(fact, source)
        return Before(fact, envelope.actor, (*differing, *(["occurred_at"] if moved else [])))

    async def _differing(self, fact: Fact, source: Asking) -> Sequence[str]:
        assert source.sealing is not None
        plain = with_texts(self.asked, (source.sealing.plain(text) for text in sealed_in(self.asked)))
        opened = with_texts(fact, iter(await source.records.keyring.unseal(sealed_in(fact))))
        return differing(self.leaves, plain, opened)


def may_begin(command: Command, by: Actor) -> None:
    """What clients begin must not lie where derived ids do: there it would shut its owner out. The importer's own are
    derived. Raises `IdNotAllowed`.
    """
    for leaves, stream in ((command.LEAVES, stream_of_command(command).stream_of(command)), begins_beside(command)):
        id_: Any = getattr(command, leaves.new) if leaves and leaves.new else None
        begun = isinstance(id_, UUID) and id_ == stream
        if leaves and begun and id_.version in DERIVED and by.role is not Role.SYSTEM:
            raise IdNotAllowed(field=leaves.new, value=id_)


def begins_beside(command: Command) -> tuple[Leaves | None, UUID | None]:
    """A case that a contact leads to is begun, too. What is said of an item begins nothing: its case is there."""
    return (IN_THE_CASE[type(command)], command.case) if isinstance(command, ConvertContact) else (None, None)


def same_again(command: Command, book: Book, by: Actor, at: datetime | None = None) -> None:
    """Raises `IdAlreadyUsed`, or `RecordedOtherwise`, where anything that the command says would be lost.

    `at`: when it is said to have occurred, which is lost where nothing is recorded.
    """
    stream = stream_of_command(command)
    at = None if any(part.facts for part in book.written) else at
    for each in named(command):
        # A part that was there before came with another command.
        _same(each, stream, stream.stream_of(command), book, by, None if each.path else at)
    beside = IN_THE_CASE.get(type(command))
    case = case_beside(command, book) if beside else None
    if beside and case and book.case(case):
        _same(Named("", command, beside), CASE, case, book, by, None)


def case_beside(command: Command, book: Book) -> UUID | None:
    """The case that such a command writes in besides."""
    return command.case if isinstance(command, ConvertContact) else item_of(cast("OnItem", command), book)


def _same(asked: Named, stream: Stream, id_: UUID, book: Book, by: Actor, at: datetime | None) -> None:
    written = [fact for part in book.written if part.id == id_ for fact in part.facts]
    if found(asked.leaves, asked.asked, written) is not None:
        return
    before = book.ask(RecordedBefore(id_, asked.leaves, asked.asked, at))
    # Decided without looking at what the command says: to whom it is not told, both answers are one.
    told = before is not None and (_own(before, by) or told_all(book, stream, id_, before.fact))
    if asked.leaves.new is None:
        if before and not told:
            raise RecordedOtherwise
        if before and before.differing:
            raise RecordedOtherwise().where(_paths(asked, before))
        return
    if before is None or not told:
        raise IdAlreadyUsed(field=asked.field, value=asked.id)
    if before.differing:
        raise IdAlreadyUsed(field=asked.field, value=asked.id).where(_paths(asked, before))


def _own(before: Before, by: Actor) -> bool:
    return (before.by.user, before.by.agency) == (by.user, by.agency)


def _paths(asked: Named, before: Before) -> list[str]:
    """Each field that differs, by name: what stands there on record is for a query to tell."""
    return [f"{asked.path}{name}" for name in before.differing]

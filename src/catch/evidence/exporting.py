"""Writes a bundle: what was recorded in some streams, or in a part of the log, with what proves it."""

import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from catch.database import Connection
from catch.evidence import kept
from catch.evidence.bundles import FORM, TABLES, Contents, Fact, add, checkpoint_in, digests
from catch.evidence.kept import Nodes
from catch.evidence.leaves import microseconds
from catch.evidence.notes import Checkpoint, NotProved, PublicKey, Signer, as_lines
from catch.evidence.tree import consistency
from catch.evidence.verifying import Progress, Verified, line, verified
from catch.log import Log, Stored
from catch.log.entries import STORED
from catch.log.invented import NOTICE
from catch.slices import in_slices

PAGE = 1000

OF_STREAMS = f"""
    select {STORED} from stored_events
    where originator_id = any($1::uuid[]) and notification_id > $2 and notification_id <= $3
    order by notification_id limit {PAGE}
"""  # noqa: S608
OF_PART = f"""
    select {STORED} from stored_events where notification_id > $1 and notification_id <= $2
    order by notification_id limit {PAGE}
"""  # noqa: S608
PLACES = "select position, index from evidence_leaves where position = any($1::bigint[])"
BEFORE = "select count(*) from evidence_leaves where position < $1"
HEADS = """
    select originator_id, max(originator_version) from stored_events
    where originator_id = any($1::uuid[]) and notification_id <= $2 group by originator_id
"""


class Making(NamedTuple):
    """What a bundle is made of besides facts, as of a checkpoint over facts up to a position."""

    upto: int
    contents: Contents
    by: Signer
    documents: dict[str, str]
    schemas: Mapping[str, str]

    def whole(self, index: str, topics: Collection[str]) -> dict[str, str]:
        """All documents, when the facts are known."""
        known = {name: text for name, text in self.schemas.items() if name.split("/")[-1].split(".")[0] in topics}
        documents = {**self.documents, "index": index, **known}
        contents = self.contents._replace(documents=digests(documents))
        return {**documents, "contents": self.by.note(contents.text)}


Shown = Callable[[Sequence[Stored]], Awaitable[None]]
"""Records that these facts leave, before they do. Whatever it raises, no file is left."""


class Asked(NamedTuple):
    """Streams whole, or the facts from one position to another, both with them."""

    streams: tuple[UUID, ...] = ()
    part: tuple[int, int] | None = None


async def export(
    log: Log,
    secret: bytes,
    path: Path,
    asked: Asked,
    *,
    schemas: Mapping[str, str],
    shown: Shown,
    since: Path | None = None,
    texts: str | None = None,
    least: int | None = None,
    progress: Progress | None = None,
) -> Verified:
    """A bundle as of the last checkpoint, verified when it is written; with `least`, of those that hold this position
    the one that most witnesses have signed. `schemas` are the documents of the kinds of facts, by name; `shown` is told
    of each page of facts before it is written; `texts`: personal texts of these facts in plain, which nothing proves.

    Raises `NotProved` when the log is not what was signed, and OSError. No file is left then.
    """
    draft = path.with_name(f"{path.name}.{os.urandom(4).hex()}")
    connection = await log.database.connect()
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            generation = await log.generations.standing(connection)
            last = await kept.last(connection) if least is None else await kept.witnessed(connection, least)
            if last is None:
                raise NotProved("Nothing is signed here yet: start a server, and try again in a moment.")
            by = kept.signer(generation.log, last.generation, secret)
            checkpoint = kept.checked(last, by.public)
            contents = await holding(connection, checkpoint, last.position, asked)
            documents = {
                "form": FORM,
                "key": str(by.public),
                "checkpoint": last.note + "".join(await kept.cosignatures(connection, last)),
                **({"consistency": await continuation(connection, since, checkpoint, by.public)} if since else {}),
                **({"texts": texts} if texts is not None else {}),
                **({"place": NOTICE} if await log.mark.invented() else {}),
            }
            making = Making(last.position, contents, by, documents, schemas)
            await written(connection, draft, asked, making, shown, progress)
        found = verified(draft, since=since)
        draft.replace(path)
        return found
    finally:
        connection.terminate()
        draft.unlink(missing_ok=True)


async def holding(connection: Connection, checkpoint: Checkpoint, upto: int, asked: Asked) -> Contents:
    """What is said, and signed, to be whole in the bundle."""
    if asked.part is None:
        heads = {row[0]: row[1] for row in await connection.fetch(HEADS, list(asked.streams), upto)}
        if heads.keys() != {*asked.streams}:
            raise NotProved("There is no such case or meeting, or nothing of it is signed yet.")
        return Contents(checkpoint, heads, None, {})
    first, last = asked.part[0], min(asked.part[1], upto)
    leaf = await connection.fetchval(BEFORE, first)
    past = await connection.fetchval(BEFORE, last + 1)
    return Contents(checkpoint, {}, (first, last, leaf, max(leaf, past)), {})


async def continuation(connection: Connection, since: Path, checkpoint: Checkpoint, key: PublicKey) -> str:
    """The proof that the log only grew since then. None is made where it did not: `verified` then says why."""
    older = checkpoint_in(since, key)
    hashes = await Nodes(connection).roots(consistency(older.size, checkpoint.size))
    return as_lines(older.size, hashes)


async def written(
    connection: Connection, path: Path, asked: Asked, making: Making, shown: Shown, progress: Progress | None
) -> None:
    index, topics = list[str](), set[str]()
    # Made first, for whoever asked for it alone: SQLite would let all users of this machine read it.
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("pragma journal_mode = off")
        file.execute("begin")
        for table in TABLES.values():
            file.execute(table)
        async for facts in pages(connection, asked, making.upto):
            await shown(facts)
            async for fact in in_slices(await with_proofs(connection, facts, making.contents.checkpoint.size)):
                add(file, fact)
                index.append(f"{line(fact)}\n")
                topics.add(fact.topic)
            if progress:
                progress(facts[-1].position, making.upto)
        file.executemany("insert into catch_documents values (?, ?)", making.whole("".join(index), topics).items())
        file.execute("commit")


async def pages(connection: Connection, asked: Asked, upto: int) -> AsyncIterator[list[Stored]]:
    if asked.part is None:
        after, last = 0, upto
    else:
        after, last = asked.part[0] - 1, min(asked.part[1], upto)
    while after < last:
        rows = (
            await connection.fetch(OF_STREAMS, list(asked.streams), after, last)
            if asked.part is None
            else await connection.fetch(OF_PART, after, last)
        )
        if not rows:
            return
        facts = [*map(Stored._make, rows)]
        yield facts
        after = facts[-1].position


async def with_proofs(connection: Connection, facts: Sequence[Stored], size: int) -> list[Fact]:
    """Raises `NotProved` for a fact that was never signed."""
    positions = [fact.position for fact in facts]
    leaves: dict[int, int] = {row[0]: row[1] for row in await connection.fetch(PLACES, positions)}
    nodes = Nodes(connection)
    for fact in facts:
        if leaves.get(fact.position, size) >= size:
            raise NotProved("This fact was put into the log behind what was signed: see `catch doctor`.", fact.position)
    await nodes.read_paths([leaves[position] for position in positions], size)
    return [
        Fact(
            fact.position,
            fact.stream,
            fact.version,
            fact.topic,
            fact.state,
            leaves[fact.position],
            microseconds(fact.recorded_at),
            b"".join(await nodes.path(leaves[fact.position], size)),
        )
        async for fact in in_slices(facts)
    ]

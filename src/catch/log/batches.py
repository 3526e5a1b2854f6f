"""A batch of appends in one round trip and one commit, on the shortest way that its appends allow.

Nearly every batch is recorded as a whole or not at all. Where one of its appends conflicts or was recorded before, a
second call, of the function `append` of schema/sql, finds out which and records the others.
"""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from catch.database import Connection, Statements
from catch.log.entries import Answer, Append, CommandIdReused, Conflict, First, Looked, PositionsBehind, TimeNotTaken
from catch.log.waiting import Waiting, columns, lone_columns, topics

LONE, AT_ONCE, EACH = 8, 12, 18
"""How many arrays the functions take; those of `append_at_once` are the first of those of `append`."""

BEHIND = "CAT01"
"""What the database says where a position would not lie above the end of the log."""
GIVEN = "CAT02"
"""What it says where a session gives a time of recording that is not taken."""

Outcome = Answer | Conflict | CommandIdReused


class Batches:
    """Records batches in one place's log."""

    def __init__(self, schema: str) -> None:
        self._schema = schema
        self._one = f"select {schema}.append_one({parameters(LONE)})"
        self._lone = f"select {schema}.append_lone({parameters(LONE)})"
        self._at_once = f"select {schema}.append_at_once({parameters(AT_ONCE)})"
        self._each = f"select * from {schema}.append({parameters(EACH)})"  # noqa: S608

    async def record(self, connection: Connection, batch: Sequence[Waiting]) -> Sequence[Outcome]:
        """One answer an append. Raises `PositionsBehind` or `TimeNotTaken`: none of them was recorded; or what asyncpg
        raises: then none was, or it is unknown."""
        try:
            return await self._record(connection, batch)
        except asyncpg.PostgresError as error:
            if getattr(error, "sqlstate", None) == BEHIND:
                raise PositionsBehind from error
            if getattr(error, "sqlstate", None) == GIVEN:
                raise TimeNotTaken from error
            raise

    async def _record(self, connection: Connection, batch: Sequence[Waiting]) -> Sequence[Outcome]:
        try:
            if not all(waiting.lone for waiting in batch):
                if all(waiting.plain for waiting in batch):
                    return await self._record_at_once(connection, batch)
            elif len(batch) > 1:
                return await self._record_lone(connection, batch)
            elif (answer := await self._record_one(connection, batch[0])) is not None:
                return [answer]
        # Somebody conflicts or repeats, and nothing was recorded: which of them, the careful way below finds out.
        except asyncpg.UniqueViolationError:
            pass
        return await self._record_each(connection, batch)

    async def _record_one(self, connection: Connection, waiting: Waiting) -> Answer | None:
        """None where it does not follow what is there."""
        append = waiting.append
        stream, version, topic, state = append.events[0]
        rests = zip(*append.expects, strict=True) if append.expects else ((), ())
        position = await connection.fetchval(
            self._one, stream, version, topic, state, append.command, append.digest, *rests
        )
        return None if position is None else Answer(position, stream, version, (topic,), False)

    async def _record_lone(self, connection: Connection, batch: Sequence[Waiting]) -> list[Answer]:
        before: int = await connection.fetchval(self._lone, *lone_columns(batch))
        answers: list[Answer] = []
        for position, waiting in enumerate(batch, start=before + 1):
            (event,) = waiting.append.events
            answers.append(Answer(position, event.stream, event.version, (event.topic,), False))
        return answers

    async def _record_at_once(self, connection: Connection, batch: Sequence[Waiting]) -> list[Answer]:
        position: int = await connection.fetchval(self._at_once, *columns(batch)[:AT_ONCE])
        answers: list[Answer] = []
        for waiting in batch:
            append = waiting.append
            position += len(append.events)
            answers.append(Answer(position, append.stream, waiting.reached[append.stream], topics(append), False))
        return answers

    async def _record_each(self, connection: Connection, batch: Sequence[Waiting]) -> list[Outcome]:
        row = await connection.fetchrow(self._each, *columns(batch))
        assert row is not None
        answers: list[Outcome] = []
        for waiting, outcome, position, version in zip(batch, *row.values(), strict=True):
            append = waiting.append
            if outcome == "recorded":
                answers.append(Answer(position, append.stream, version, topics(append), False))
            elif outcome == "repeated":
                answers.append(await self._first(connection, append))
            else:
                answers.append(Conflict(stream=append.stream, expected=waiting.bases.get(append.stream, 0)))
        return answers

    async def _first(self, connection: Connection, append: Append) -> Answer | CommandIdReused:
        looked = await look(connection, self._schema, append.command, ())
        assert looked.first is not None
        return looked.first.answer if looked.first.digest == append.digest else CommandIdReused()


def parameters(count: int) -> str:
    return ", ".join(f"${number}" for number in range(1, count + 1))


async def look(statements: Statements, schema: str, command: UUID, streams: Sequence[UUID]) -> Looked:
    """What was answered under a command id, and the versions that streams stand at, at one moment."""
    # One statement, hence one moment for answer and versions. A look into the index for each stream, never a join: its
    # plan turns into a scan of the log as the log grows.
    row = await statements.fetchrow(
        f"""
        select c.position, c.stream, c.version, c.events, c.digest, array(
            select coalesce((
                select e.originator_version from {schema}.stored_events e where e.originator_id = s.stream
                order by e.originator_version desc limit 1), 0)
            from unnest($2::uuid[]) with ordinality as s (stream, n) order by s.n) as versions
        from (values ($1::uuid)) as asked (command_id) left join {schema}.commands c using (command_id)
        """,  # noqa: S608
        command,
        streams,
    )
    assert row is not None
    first = None
    if row["position"] is not None:
        answer = Answer(row["position"], row["stream"], row["version"], tuple(row["events"]), repeated=True)
        first = First(answer, row["digest"])
    return Looked(first, tuple(row["versions"]))

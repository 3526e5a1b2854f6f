"""A batch of appends in one round trip and one commit, on the shortest way that its appends allow.

Nearly every batch is recorded as a whole or not at all. Where one of its appends conflicts or was recorded before, a
second call, of the function `append` of schema/sql, finds out which and records the others.
"""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from catch.database import Connection, Statements
from catch.log.entries import Answer, Append, Conflict
from catch.log.waiting import Waiting, columns, lone_columns, topics

LONE, AT_ONCE, EACH = 5, 11, 13
"""How many arrays the functions take; those of `append_at_once` are the first of those of `append`."""


class Batches:
    """Records batches in one place's log."""

    def __init__(self, schema: str) -> None:
        self._schema = schema
        self._one = f"select {schema}.append_one($1, $2, $3, $4, $5)"
        self._lone = f"select {schema}.append_lone({parameters(LONE)})"
        self._at_once = f"select {schema}.append_at_once({parameters(AT_ONCE)})"
        self._each = f"select * from {schema}.append({parameters(EACH)})"  # noqa: S608

    async def record(self, connection: Connection, batch: Sequence[Waiting]) -> Sequence[Answer | Conflict]:
        """One answer an append. Raises what asyncpg raises: then none of them was recorded, or it is unknown."""
        try:
            if not all(waiting.lone for waiting in batch):
                if all(waiting.plain for waiting in batch):
                    return await self._record_at_once(connection, batch)
            elif len(batch) > 1:
                return await self._record_lone(connection, batch)
            elif (answer := await self._record_one(connection, batch[0].append)) is not None:
                return [answer]
        except asyncpg.UniqueViolationError:
            pass
        return await self._record_each(connection, batch)

    async def _record_one(self, connection: Connection, append: Append) -> Answer | None:
        """None where it does not follow what is there."""
        stream, version, topic, state = append.events[0]
        position = await connection.fetchval(self._one, stream, version, topic, state, append.command)
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

    async def _record_each(self, connection: Connection, batch: Sequence[Waiting]) -> list[Answer | Conflict]:
        row = await connection.fetchrow(self._each, *columns(batch))
        assert row is not None
        answers: list[Answer | Conflict] = []
        for waiting, outcome, position, version in zip(batch, *row.values(), strict=True):
            append = waiting.append
            if outcome == "recorded":
                answers.append(Answer(position, append.stream, version, topics(append), False))
            elif outcome == "repeated":
                first = await first_answer(connection, self._schema, append.command)
                assert first is not None
                answers.append(first)
            else:
                answers.append(Conflict(stream=append.stream, expected=waiting.bases.get(append.stream, 0)))
        return answers


def parameters(count: int) -> str:
    return ", ".join(f"${number}" for number in range(1, count + 1))


async def first_answer(statements: Statements, schema: str, command: UUID) -> Answer | None:
    """What the command was answered, if it was ever recorded."""
    row = await statements.fetchrow(
        f"select position, stream, version, events from {schema}.commands where command_id = $1",  # noqa: S608
        command,
    )
    if row is None:
        return None
    return Answer(row["position"], row["stream"], row["version"], tuple(row["events"]), repeated=True)

"""Where a rebuild stands, so that one that was broken off goes on from there.

Between two checkpoints all that a rebuild writes is one transaction, its checkpoint with it: whatever kills it, the new
tables hold what the checkpoints say and nothing else. One counts only while the log, the new table and the program are
those that it was made with; otherwise the rebuild begins afresh.
"""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import msgspec

import projections
from catch import access, domain, readside
from catch.database import Connection
from catch.log import codec, rows, upcasting
from catch.readside.building import Building
from catch.readside.folding import Parked

logger = logging.getLogger("catch.readside")

EVERY = 15.0
"""Seconds between two checkpoints: so much work is done twice at most."""

FIND = """
    select part, parts, position, recorded_at, rows, made, release, parked from rebuilds
    where projection = $1 order by part
"""
FORGET = "delete from rebuilds where projection = $1"
# The table's file: it is another one after the table was emptied or made anew.
MADE = "select pg_relation_filenode(to_regclass($1))::bigint"
KEEP = """
    insert into rebuilds (projection, part, parts, position, recorded_at, rows, made, release, parked)
    values ($1, $2, $3, $4, (select recorded_at from stored_events where notification_id = $4), $5, $6, $7, $8)
    on conflict (projection, part) do update
    set position = excluded.position, recorded_at = excluded.recorded_at, rows = excluded.rows, parked = excluded.parked
"""
SAME_LOG = """
    select count(*) from unnest($1::bigint[], $2::timestamptz[]) as m (position, recorded_at) where m.position > 0
    and not exists (
        select from stored_events e where e.notification_id = m.position and e.recorded_at = m.recorded_at)
"""


class Checkpoint(NamedTuple):
    part: int
    parts: int
    position: int
    recorded_at: datetime | None
    rows: int
    made: int
    release: str
    parked: tuple[Parked, ...]


@cache
def release() -> str:
    """A digest of all that decides what a fold makes of the log."""
    # `access` too: rows hold under which words somebody may find them.
    folded_by = [path for room in (access, domain, readside, projections) for path in _folder(room).rglob("*.py")]
    digest = hashlib.sha256()
    for path in sorted([*folded_by, *(Path(str(module.__file__)) for module in (codec, upcasting, rows))]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _folder(room: ModuleType) -> Path:
    return Path(str(room.__file__)).parent


async def read(connection: Connection, building: Building) -> list[Checkpoint]:
    """One a part, in order."""
    rows = await connection.fetch(FIND, building.projection.table)
    return [Checkpoint(*(row[name] for name in Checkpoint._fields[:-1]), parked=_parked(row["parked"])) for row in rows]


async def found(connection: Connection, building: Building) -> list[Checkpoint]:
    """Those of a rebuild that nobody is busy with; none where there is nothing to go on from."""
    checkpoints = await read(connection, building)
    if checkpoints and (why := await _unfit(connection, building, checkpoints)) is not None:
        logger.warning("a rebuild begins afresh: projection=%s reason=%s", building.projection.table, why)
        return []
    return checkpoints


async def _unfit(connection: Connection, building: Building, checkpoints: Sequence[Checkpoint]) -> str | None:
    first = checkpoints[0]
    if any(checkpoint.release != release() for checkpoint in checkpoints):
        return "another release began it"
    if [each.part for each in checkpoints] != [*range(first.parts)] or any(
        checkpoint.parts != first.parts for checkpoint in checkpoints
    ):
        return "a part has no checkpoint"
    made = await connection.fetchval(MADE, f'"{building.place.name}"')
    if any(checkpoint.made != made for checkpoint in checkpoints):
        return "its new table is another one"
    positions = (
        [checkpoint.position for checkpoint in checkpoints],
        [checkpoint.recorded_at for checkpoint in checkpoints],
    )
    if await connection.fetchval(SAME_LOG, *positions):
        return "the log is another one"
    rows = await connection.fetchval(f'select count(*) from "{building.place.name}"')  # noqa: S608
    if rows != sum(checkpoint.rows for checkpoint in checkpoints):
        return "its new table holds other rows"
    return None


async def begin(connection: Connection, building: Building, parts: int) -> None:
    """An empty new table, and checkpoints that say so."""
    async with connection.transaction():
        await connection.execute(FORGET, building.projection.table)
        await building.begin(connection)
        for part in range(parts):
            await keep(connection, building, part, parts, 0)


async def keep(connection: Connection, building: Building, part: int, parts: int, position: int) -> None:
    made = await connection.fetchval(MADE, f'"{building.place.name}"')
    parked = msgspec.json.encode(building.newly_parked).decode()
    name = building.projection.table
    await connection.execute(KEEP, name, part, parts, position, building.put, made, release(), parked)


def _parked(text: str) -> tuple[Parked, ...]:
    return tuple(msgspec.json.decode(text, type=list[Parked]))


class Marking:
    """What one process writes of a rebuild. `every` is in seconds."""

    def __init__(
        self, connection: Connection, buildings: Sequence[Building], part: int, parts: int, every: float
    ) -> None:
        self._connection = connection
        self._buildings = buildings
        self._part = part
        self._parts = parts
        self._every = every
        self._clock = asyncio.get_running_loop().time
        self._marked = self._clock()
        self._transaction: Any = None

    async def __aenter__(self) -> "Marking":
        await self._start()
        return self

    async def __aexit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            with suppress(Exception):  # the connection may be what went wrong, and the server rolls back by itself
                await self._transaction.rollback()

    async def _start(self) -> None:
        self._transaction = self._connection.transaction()
        await self._transaction.start()

    async def reached(self, position: int) -> None:
        """All facts up to there are taken in."""
        if self._clock() - self._marked >= self._every:
            await self._checkpoint(position)
            await self._start()

    async def ended(self, position: int) -> None:
        await self._checkpoint(position)

    async def _checkpoint(self, position: int) -> None:
        for building in self._buildings:
            await building.flush(self._connection)
            await keep(self._connection, building, self._part, self._parts, max(position, building.after))
        await self._transaction.commit()
        self._marked = self._clock()

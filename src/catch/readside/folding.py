"""One page of facts into rows and checkpoint, in one transaction: exactly once, whoever else tries the same.

The checkpoints are read under a lock by the transaction that moves them. So a fact that was folded is never folded
again, two nodes cannot both fold it, and a rebuild can put a table in place between two pages.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import asyncpg
from msgspec import Struct

from catch.database import Connection, Statements
from catch.domain.facts import Recorded
from catch.log import Stored
from catch.readside.projection import advance, completed
from catch.readside.tables import Table, live, load
from projections.read_model import Key, MadeOf, ReadModel

logger = logging.getLogger("catch.readside")

Decode = Callable[[Stored], Recorded[Any]]
Rows = dict[Key, Struct | None]
Touched = list[tuple[Recorded[Any], tuple[Key, ...]]]
"""Facts with the rows that each may change."""

REMEMBERED = 10_000  # facts: what none of the last so many concerned is read again when one does
ROWS = 500
"""Likewise, of twice as many at most: a case's row holds all of the case, some 10 to 20 KB. Facts that always concern
others must not fill the memory with what nobody asks for; what is spoken of in a meeting is asked for all the time."""

UNREAD = "?"
"""Begins what stands in `parked` for a fact whose keys could not be told: its position follows."""

# What a fold can cause that shows only when its row is written; everything else is the database's own trouble.
UNWRITABLE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, TypeError, ValueError)

# In one order, or two nodes could wait for each other.
LOCK = "select projection, position from checkpoints where projection = any($1::text[]) order by projection for update"
# Asked once the lock is held: the locking statement itself may still see what was parked before a rebuild.
PARKED = "select projection, key from parked where projection = any($1::text[]) and not starts_with(key, '?')"
MOVE = """
    update checkpoints set position = $2, recorded_at = $3 where projection = any($1::text[]) and position < $2
"""
PARK = """
    insert into parked (projection, key, position, error) values ($1, $2, $3, $4)
    on conflict (projection, key) do nothing
"""


class Rewound(Exception):
    """A projection stands further back than this page begins."""


class Parked(NamedTuple):
    projection: str
    key: str
    position: int
    error: str


class Memory:
    """Rows that recent pages wrote, so that the next one need not read them back.

    Right as long as all writing goes through it: whoever keeps it forgets it when anything went wrong or may have.
    """

    def __init__(self) -> None:
        self._recent: dict[str, Rows] = {}
        self._older: dict[str, Rows] = {}
        self._facts = 0

    def recall(self, name: str, keys: Iterable[Key]) -> Rows:
        recent, older = self._recent.get(name, {}), self._older.get(name, {})
        rows: Rows = {}
        for key in keys:
            if key in recent:
                rows[key] = recent[key]
            elif key in older:
                rows[key] = older[key]
        return rows

    def keep(self, foldings: Iterable["Folding"], facts: int) -> None:
        """Called once they are folded; the rows must be forgotten if they are not committed after all."""
        self._facts += facts
        if self._facts > REMEMBERED or sum(map(len, self._recent.values())) > ROWS:
            # Two generations in place of an order of use, which would have to be kept up at every look.
            self._older, self._recent, self._facts = self._recent, {}, 0
        for folding in foldings:
            if not folding.each_fact:
                recent = self._recent.setdefault(folding.projection.table, {})
                recent |= folding.rows
                # What is parked may be set right behind our back.
                for parked in [key for key in recent if str(key) in folding.parked] if folding.parked else ():
                    del recent[parked]

    def __len__(self) -> int:
        return sum(len(rows) for kept in (self._recent, self._older) for rows in kept.values())

    def forget(self) -> None:
        self.__init__()


class Folding:
    """The rows of one projection while facts are folded over them."""

    def __init__(self, projection: ReadModel, parked: Iterable[str] = ()) -> None:
        self.projection = projection
        self.each_fact = projection.made_of is MadeOf.EACH_FACT
        self.rows: Rows = {}
        self.changed: set[Key] = set()
        self.before: Rows | None = {} if projection.listed else None
        self.parked = set(parked)
        self.newly_parked: list[Parked] = []

    def touched(self, facts: Iterable[Recorded[Any]]) -> Touched:
        """Those that concern the projection, each key once, however often the projection names it."""
        if self.each_fact:
            return [(recorded, (recorded.position,)) for recorded in facts]
        found: Touched = []
        keys_of = self.projection.keys
        for recorded in facts:
            try:
                keys = tuple(keys_of(recorded))
                if len(keys) > 1:
                    keys = tuple(dict.fromkeys(keys))
            except Exception as error:
                self.park(f"{UNREAD}{recorded.position}", recorded.position, error)
                continue
            if keys:
                found.append((recorded, keys))
        return found

    def take(self, touched: Touched) -> None:
        """An error parks the key and leaves its row as it was; from then on the key is passed over."""
        rows, changed, projection, before = self.rows, self.changed, self.projection, self.before
        for recorded, keys in touched:
            for key in keys:
                if self.parked and str(key) in self.parked:
                    continue
                row = rows.get(key)
                try:
                    after = advance(projection, row, recorded, key)
                # A row that cannot be folded must not stop the others: it waits in `parked` for a release that can.
                except Exception as error:
                    self.park(str(key), recorded.position, error)
                    continue
                if after is not row:
                    if before is not None:
                        before.setdefault(key, row)
                    rows[key] = after
                    changed.add(key)

    def complete(self, rows: Rows, keys: Iterable[Key]) -> None:
        """Before they are written. An error parks the key; its row stays as it is in the table."""
        if self.projection.complete is None:
            return
        for key in self.changed.intersection(keys):
            row = rows[key]
            try:
                rows[key] = completed(self.projection, row)
            except Exception as error:
                del rows[key]
                self.changed.discard(key)
                self.park(str(key), getattr(row, "position", 0), error)

    def relisted(self, field: str) -> list[Key]:
        """The changed rows of which this field is another."""
        before = self.before or {}
        return [
            key for key in self.changed if getattr(before.get(key), field, None) != getattr(self.rows[key], field, None)
        ]

    def park(self, key: str, position: int, error: Exception) -> None:
        self.parked.add(key)
        self.newly_parked.append(Parked(self.projection.table, key, position, described(error)))


def described(error: Exception) -> str:
    """Class and place only: a message may quote the fact."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else ""
    return type(error).__name__ + place


def alert(foldings: Iterable[Folding]) -> None:
    """Called once the parked keys are committed."""
    for folding in foldings:
        for parked in folding.newly_parked:
            logger.error("parked: projection=%s key=%s position=%d error=%s", *parked)


def decoded(page: Sequence[Stored], decode: Decode, foldings: Sequence[Folding]) -> list[Recorded[Any]]:
    """The facts of a page; one that cannot be read is parked for every projection."""
    facts: list[Recorded[Any]] = []
    for stored in page:
        try:
            facts.append(decode(stored))
        except Exception as error:
            for folding in foldings:
                folding.park(f"{UNREAD}{stored.position}", stored.position, error)
    return facts


def shared_out(facts: Iterable[Recorded[Any]], foldings: Sequence[Folding]) -> list[list[Recorded[Any]]]:
    """For each projection the facts that may concern it."""
    shares: list[list[Recorded[Any]]] = [[] for _ in foldings]
    wanted = [folding.projection.topics for folding in foldings]
    takers: dict[str, list[list[Recorded[Any]]]] = {}
    for recorded in facts:
        topic = recorded.topic
        if topic not in takers:
            takers[topic] = [
                share for share, names in zip(shares, wanted, strict=True) if names is None or topic in names
            ]
        for share in takers[topic]:
            share.append(recorded)
    return shares


async def fold_page(
    connection: Connection,
    projections: Sequence[ReadModel],
    decode: Decode,
    after: int,
    page: Sequence[Stored],
    memory: Memory | None = None,
) -> None:
    """`page` is everything in the log behind `after`. Raises Rewound when a projection lacks something before it.

    When rows cannot be written, the page is halved until the fact is found whose rows they are; its keys are parked.
    """
    memory = Memory() if memory is None else memory
    try:
        foldings = await _fold(connection, projections, decode, after, page, memory, careful=False)
    except UNWRITABLE:
        memory.forget()
        if len(page) == 1:
            await _fold(connection, projections, decode, after, page, memory, careful=True)
            return
        middle = len(page) // 2
        await fold_page(connection, projections, decode, after, page[:middle], memory)
        await fold_page(connection, projections, decode, page[middle - 1].position, page[middle:], memory)
    except BaseException:
        memory.forget()
        raise
    else:
        memory.keep(foldings, len(page))


async def _fold(
    connection: Connection,
    projections: Sequence[ReadModel],
    decode: Decode,
    after: int,
    page: Sequence[Stored],
    memory: Memory,
    *,
    careful: bool,
) -> Sequence[Folding]:
    async with connection.transaction():
        positions, parked = await locked(connection, projections)
        if len(positions) < len(projections) or min(positions.values()) < after:
            raise Rewound
        if max(positions.values()) > after:  # a rebuild has put rows in place that are newer than what is remembered
            memory.forget()
        behind = [one for one in projections if positions[one.table] < page[-1].position]
        foldings = [Folding(one, parked[one.table]) for one in behind]
        shares = shared_out(decoded(page, decode, foldings), foldings)
        for folding, share in zip(foldings, shares, strict=True):
            done = positions[folding.projection.table]
            new = share if done == after else [recorded for recorded in share if recorded.position > done]
            await (_fold_carefully if careful else _fold_one)(connection, folding, new, memory)
        await connection.execute(MOVE, list(positions), page[-1].position, page[-1].recorded_at)
    alert(foldings)
    return foldings


async def locked(
    connection: Connection, projections: Iterable[ReadModel]
) -> tuple[dict[str, int], dict[str, set[str]]]:
    """The projections' checkpoints, locked until the transaction ends, and their parked keys."""
    names = [projection.table for projection in projections]
    positions = {row["projection"]: row["position"] for row in await connection.fetch(LOCK, names)}
    return positions, await parked_keys(connection, names)


async def parked_keys(database: Statements, names: Sequence[str]) -> dict[str, set[str]]:
    parked: dict[str, set[str]] = {name: set() for name in names}
    for row in await database.fetch(PARKED, names):
        parked[row["projection"]].add(row["key"])
    return parked


async def _fold_one(connection: Connection, folding: Folding, facts: Sequence[Recorded[Any]], memory: Memory) -> None:
    touched = folding.touched(facts)
    await gather(connection, folding, touched, memory)
    folding.take(touched)
    await write(connection, live(folding.projection), folding)


async def gather(database: Statements, folding: Folding, touched: Touched, memory: Memory) -> None:
    """The rows that these facts may change, remembered or read."""
    place = live(folding.projection)
    if not folding.each_fact and (wanted := {key for _, keys in touched for key in keys}):
        folding.rows = memory.recall(place.name, wanted)
        if lacking := [key for key in wanted if key not in folding.rows]:
            folding.rows |= dict.fromkeys(lacking) | await held(database, place, lacking)


async def held(database: Statements, place: Table, keys: Iterable[Key]) -> Rows:
    """The rows of these keys, as far as the table has them."""
    name = place.columns[0].name
    return {getattr(row, name): row for row in load(await database.fetch(place.find, list(keys)), place.row)}


async def _fold_carefully(
    connection: Connection, folding: Folding, facts: Sequence[Recorded[Any]], memory: Memory
) -> None:
    try:
        async with connection.transaction():
            await _fold_one(connection, folding, facts, memory)
    except UNWRITABLE as error:
        folding.changed.clear()
        for recorded, keys in folding.touched(facts):
            for key in keys:
                folding.park(str(key), recorded.position, error)
        await write(connection, live(folding.projection), folding)


async def write(connection: Connection, place: Table, folding: Folding) -> None:
    """The rows that changed, and the keys newly parked."""
    folding.complete(folding.rows, folding.changed)
    if folding.changed and not folding.each_fact:
        await connection.execute(place.delete, list(folding.changed))
    if kept := [row for key in folding.changed if (row := folding.rows[key]) is not None]:
        await place.copy(connection, kept)
    if place.listing is not None:
        await place.listing.renew(connection, folding.relisted(place.listing.field))
    if folding.newly_parked:
        await connection.executemany(PARK, folding.newly_parked)

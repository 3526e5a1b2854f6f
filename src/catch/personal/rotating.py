"""Another key-encryption key takes the place of the last one, while servers go on and no fact is touched.

A line is added to the key file, and every server hears of it (`Holding`). Once all have it, it becomes the place's
(`adopt`): from then on it wraps. What the older keys have wrapped is wrapped anew, some at a time (`rewrap`), and a key
that wraps nothing any more is retired (`retire`). Each step is whole or not at all, and can be repeated: whoever is
stopped anywhere begins again with the first that is not done.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from uuid import UUID, uuid4

from msgspec import Struct

from catch.database import Connection, Statements, lost
from catch.faults import fault
from catch.personal.belonging import KEEP, OtherKey, difference, follow, known, named
from catch.personal.keyring import Keyring
from catch.personal.keys import KeyEncryption
from catch.settings import BadSetting

logger = logging.getLogger("catch.place")

LOOK = 5.0
"""Seconds between two looks of a server at its key file and at what the place knows."""
BATCH = 500

Progress = Callable[[int, int], None]
"""Told how many are done, and of how many."""


class WrappingKey(Struct, frozen=True):
    """`since` is when it became the place's; without it, it wraps nothing yet. `held`: it can unwrap here. `wraps`: how
    many data keys it has wrapped. No `fingerprint`: nobody knows such a key here.
    """

    number: int
    fingerprint: str
    since: datetime | None
    age_days: int | None
    retired_at: datetime | None
    held: bool
    wraps: int


KEYS = """
    select line, fingerprint, recorded_at, retired_at, extract(day from clock_timestamp() - recorded_at)::int as days
    from key_encryption_keys order by line
"""
COUNTED = "select get_byte(wrapped, 0) as line, count(*) as wraps from data_keys where wrapped <> '' group by 1"


async def wrapping_keys(database: Statements, encryption: KeyEncryption) -> list[WrappingKey]:
    """All that the place or the key file knows, or that data keys say they were wrapped by."""
    rows = {row["line"]: row for row in await database.fetch(KEYS)}
    counted = {row["line"]: row["wraps"] for row in await database.fetch(COUNTED)}
    prints = dict(enumerate(encryption.fingerprints(), 1)) | {line: row["fingerprint"] for line, row in rows.items()}
    found: list[WrappingKey] = []
    for number in sorted(prints.keys() | counted.keys()):
        row = rows.get(number)
        since, days, retired = (row["recorded_at"], row["days"], row["retired_at"]) if row else (None, None, None)
        name = named(prints[number]) if number in prints else ""
        held = number in encryption.held()
        found.append(WrappingKey(number, name, since, days, retired, held, counted.get(number, 0)))
    return found


# What servers say of themselves. It may be forgotten, so that a standby that is lost holds nobody up.

SAY = """
    with briefly as materialized (select set_config('synchronous_commit', 'off', true)),
        gone as (delete from key_holders where beat < clock_timestamp() - interval '1 day')
    insert into key_holders (holder, knows, wraps, beat) select $1, $2, $3, clock_timestamp() from briefly
    on conflict (holder) do update set knows = excluded.knows, wraps = excluded.wraps, beat = excluded.beat
"""
LEAVE = "delete from key_holders where holder = $1"
LACKING = """
    select count(*) filter (where $1 <> all(knows)) as lack, count(*) filter (where $1 <> wraps) as others
    from key_holders where beat > clock_timestamp() - interval '30 seconds'
"""


class Holding:
    """A server's hold on its keys: it takes in what is added to the file and what becomes the place's, and says so."""

    def __init__(self, database: Statements, keyring: Keyring, read: Callable[[], KeyEncryption]) -> None:
        """`read` raises `BadSetting`, `OtherKey` or `OSError`."""
        self._database = database
        self._keyring = keyring
        self._read = read
        self._holder = uuid4()
        self._said: str | None = None

    async def run(self) -> None:
        while True:
            try:
                await self.look()
            except Exception as problem:
                if not lost(problem):
                    fault(problem, "keys")
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        place = await known(self._database)
        try:
            fresh = self._read()
            problem = follow(place, fresh)
        except (BadSetting, OtherKey, OSError) as error:
            fresh, problem = None, str(error)
        if fresh is not None and problem is None:
            self._keyring.encryption = fresh
        else:
            # What was good goes on, whatever happened to the file.
            follow(place, self._keyring.encryption)
        if problem is not None and problem != self._said:
            logger.error("the key file cannot be used as it is now, and the keys from before go on: %s", problem)
        self._said = problem
        prints, wraps = self._keyring.encryption.fingerprints(), self._keyring.encryption.wraps
        await self._database.execute(SAY, self._holder, prints, prints[wraps - 1])

    async def leave(self) -> None:
        try:
            async with asyncio.timeout(1):
                await self._database.execute(LEAVE, self._holder)
        except Exception as problem:
            # It falls silent, then, as it would if it were killed.
            if not lost(problem):
                raise


async def lacking(database: Statements, fingerprint: bytes) -> tuple[int, int]:
    """How many servers lack this key, and how many wrap by another."""
    row = await database.fetchrow(LACKING, fingerprint)
    assert row is not None
    return row["lack"], row["others"]


async def adopt(database: Statements, encryption: KeyEncryption) -> None:
    """Makes what was added to the key file the place's. Raises `OtherKey`."""
    await database.execute(KEEP, encryption.fingerprints())
    place = await known(database)
    # Of two that were added at once, the first one is the place's.
    if problem := difference(place, encryption.fingerprints()) or follow(place, encryption):
        raise OtherKey(problem)


OLDER = """
    select subject, wrapped from data_keys where subject > $1 and wrapped <> '' and get_byte(wrapped, 0) <> $2
    order by subject limit $3
"""
OF_THESE = """
    select subject, wrapped from data_keys
    where subject > $1 and wrapped <> '' and get_byte(wrapped, 0) = any($2::int[]) order by subject limit $3
"""
LEFT = "select count(*) from data_keys where wrapped <> '' and get_byte(wrapped, 0) <> $1"
# Waits for nobody, so that an erasure never stands against it; what is being destroyed is none of it any more.
ANEW = """
    with free as (select subject from data_keys where subject = any($1::uuid[]) for update skip locked)
    update data_keys d set wrapped = n.wrapped
    from unnest($1::uuid[], $2::bytea[], $3::bytea[]) as n (subject, was, wrapped) join free using (subject)
    where d.subject = n.subject and d.wrapped = n.was returning d.subject
"""


class Rewrapped(Struct, frozen=True):
    """How many data keys were wrapped anew, and whose could not be opened; they stay as they are."""

    count: int
    unreadable: list[UUID]
    left: int


async def unreadable_keys(database: Statements, encryption: KeyEncryption, batch: int = BATCH) -> AsyncIterator[UUID]:
    """Whose data keys cannot be opened by the key that is said to have wrapped them, and that is here."""
    after = UUID(int=0)
    while rows := await database.fetch(OF_THESE, after, sorted(encryption.held()), batch):
        after = rows[-1]["subject"]
        keys = await encryption.unwrap({row["subject"]: row["wrapped"] for row in rows})
        for row in rows:
            if row["subject"] not in keys:
                yield row["subject"]


async def rewrap(
    database: Statements,
    encryption: KeyEncryption,
    progress: Progress = lambda _done, _all: None,
    batch: int = BATCH,
) -> Rewrapped:
    """Until the newest key has wrapped all that can be opened."""
    count, total = 0, await database.fetchval(LEFT, encryption.wraps)
    while True:
        before, unreadable, after = count, list[UUID](), UUID(int=0)
        while rows := await database.fetch(OLDER, after, encryption.wraps, batch):
            after = rows[-1]["subject"]
            was = {row["subject"]: row["wrapped"] for row in rows}
            keys = await encryption.unwrap(was)
            unreadable += was.keys() - keys.keys()
            anew = {subject: await encryption.wrap(subject, key) for subject, key in keys.items()}
            done = await database.fetch(ANEW, [*anew], [was[each] for each in anew], [*anew.values()])
            count += len(done)
            progress(count, max(total, count))
        # Once more for what a server wrapped that had not heard yet, and for what was locked.
        if count == before:
            return Rewrapped(count, sorted(unreadable), await database.fetchval(LEFT, encryption.wraps))


class StillUsed(Exception):
    """Something is wrapped by this key."""


RETIRE = """
    update key_encryption_keys k set retired_at = coalesce(retired_at, clock_timestamp())
    where line = $1 and line < (select max(line) from key_encryption_keys)
    and not exists (select from data_keys where wrapped <> '' and get_byte(wrapped, 0) = k.line)
    returning line
"""


async def retire(connection: Connection, number: int) -> None:
    """From now on it wraps nothing in this place, whoever tries. Raises `StillUsed`."""
    async with connection.transaction():
        # Appends wait for it, so that it waits for nobody.
        await connection.execute("set local lock_timeout = '2s'")
        await connection.execute("lock table data_keys in share row exclusive mode")
        if await connection.fetchval(RETIRE, number) is None:
            raise StillUsed

"""A rebuild shared out among processes leaves the same bytes as one that is not, and parks the same keys."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from uuid import uuid4

import pytest
from conftest import Database

import projections
from catch.bench.history import copied, lived, moulded, repeated
from catch.database import Connection
from catch.log import Append, Log, NewEvent, Stored
from catch.log.codec import decode
from catch.readside import checksum, rebuild
from catch.readside.building import Building, Written, pages
from catch.readside.sharing import possible

ALL = projections.ALL
SEQUENCE = "catch.stored_events_notification_id_seq"


def silent(done: int, of: int, what: str) -> None:
    """Nobody watches."""


async def parked(log: Log) -> list[tuple[str, str, int]]:
    rows = await log.pool.fetch("select projection, key, position from parked order by 1, 2")
    return [(row[0], row[1], row[2]) for row in rows]


async def test_shared_or_alone_with_much_or_little_memory_the_rows_are_the_same(
    log: Log, database: Database, monkeypatch: pytest.MonkeyPatch
):
    year = moulded(await lived(2, 12, silent))
    await copied(database.admin, repeated(year, 3 * len(year.moulds)))
    stream = uuid4()
    await log.append(Append(uuid4(), stream, (NewEvent(stream, 1, "Unheard", b"{}"),)))
    await rebuild(log, decode, ALL)
    alone = [await checksum(log.pool, one) for one in ALL]
    assert len(await parked(log)) == len(ALL)
    # In these two weeks nobody raises a concern, calls, asks for their data, is to be erased or opens a case in need.
    empty = {each.name for each, rows in zip(ALL, alone, strict=True) if rows == sha256().hexdigest()}
    assert empty == {"break_glass", "concerns", "contacts", "data_requests", "erasures"}
    assert len(set(alone)) == len(ALL) - len(empty) + 1
    left = await parked(log)
    seen: list[int] = []
    await rebuild(log, decode, ALL, lambda position, _: seen.append(position), processes=2, alone=0)
    assert [await checksum(log.pool, one) for one in ALL] == alone
    assert await parked(log) == left
    assert seen[-1] == await log.head()
    # Rows are written out and read back all the time.
    monkeypatch.setattr(Building.__init__, "__defaults__", (7,))
    monkeypatch.setattr("catch.readside.rebuilding.PAGE", 50)
    await rebuild(log, decode, ALL)
    assert [await checksum(log.pool, one) for one in ALL] == alone
    assert await parked(log) == left


def test_every_read_model_can_be_shared_out():
    assert possible(decode, ALL)
    assert not possible(lambda stored: decode(stored), ALL)


def test_what_was_written_is_never_said_not_to_be():
    written, keys = Written(), [uuid4() for _ in range(200)]
    assert not any(key in written for key in keys)
    written.add(keys[:100])
    assert all(key in written for key in keys[:100])
    assert sum(key in written for key in keys[100:]) < 5


async def test_the_parts_of_a_log_are_the_whole_of_it_across_any_hole(log: Log, admin: Connection):
    streams = [uuid4() for _ in range(40)]
    for turn, hole in enumerate((0, 3, 5_000_000_000), start=1):
        await admin.execute(f"select setval('{SEQUENCE}', nextval('{SEQUENCE}') + {hole})")
        for stream in streams:
            await log.append(Append(uuid4(), stream, (NewEvent(stream, turn, "Happened", b"{}"),)))
    head = await log.head()
    parts = [[found async for page in pages(of_part(log, head, part)) for found in page] for part in range(3)]
    assert all(parts)
    assert sum(len({fact.stream for fact in part}) for part in parts) == len(streams)
    assert sorted(fact.position for part in parts for fact in part) == [
        each.position for each in await log.page(0, 200)
    ]
    assert all(part == sorted(part) for part in parts)


def of_part(log: Log, upto: int, part: int) -> Callable[[int], Awaitable[list[Stored]]]:
    return lambda after: log.share(after, 4, upto, part, 3)

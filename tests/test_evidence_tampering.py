"""Whatever a superuser does to the log in SQL is found, and the first position that it is about is named."""

import os
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

import pytest

from catch.app import opened
from catch.database import Connection
from catch.database.server import Server
from catch.doctor import examined
from catch.domain.facts import Sealed
from catch.domain.person import RegisterPerson
from catch.evidence import kept
from catch.evidence.examining import Wrong, compared
from catch.evidence.notes import Checkpoint
from catch.evidence.signing import Signing
from catch.log import Append, Log, NewEvent
from catch.log.codec import CODEC
from catch.settings import Settings
from tests.conftest import Database
from tests.damage import unguarded
from tests.place import SYSTEM
from tests.test_evidence_signing import SECRET, signed

TIMES = int(os.environ.get("CATCH_TAMPERINGS", "20"))
"""Of each kind."""
TABLES = ("stored_events", "evidence_leaves", "evidence_checkpoints", "evidence_nodes")


class Tampered(NamedTuple):
    """A log off its guard, in a transaction that is never committed."""

    log: Log
    admin: Connection
    positions: list[int]
    folder: Path

    async def found(self) -> tuple[list[Wrong], str | None]:
        generation = await self.log.generations.standing(self.admin)
        wrong = [each async for each in compared(self.admin, generation.log, SECRET)]
        return wrong, await Signing(self.log, SECRET, self.folder).obstacle(self.admin)


@pytest.fixture
async def tampered(log: Log, admin: Connection, tmp_path: Path) -> AsyncGenerator[Tampered]:
    streams, r = [uuid4() for _ in range(5)], random.Random(3)
    versions = dict.fromkeys(streams, 0)
    signing = Signing(log, SECRET, tmp_path)
    for n in range(60):
        stream = r.choice(streams)
        versions[stream] += 1
        event = NewEvent(stream, versions[stream], r.choice(["Opened", "Closed"]), b'{"event":{"n":%d}}' % n)
        await log.append(Append(uuid4(), stream, (event,)))
        if r.random() < 0.3 or n == 59:
            await signed(log, signing)
    positions = [stored.position for stored in await log.page(0, 1000)]
    async with admin.transaction(isolation="repeatable_read"):
        await admin.execute("set local search_path = catch_read, catch")
        for table in TABLES:
            await admin.execute(f"alter table {table} disable trigger user")
        yield Tampered(log, admin, positions, tmp_path)


@asynccontextmanager
async def undone(it: Tampered) -> AsyncGenerator[None]:
    await it.admin.execute("savepoint before")
    yield
    await it.admin.execute("rollback to savepoint before")


Tamper = Callable[[Tampered, random.Random], Awaitable[int]]
"""Does it, and says which position is the first that is not as it was."""


async def change(it: Tampered, r: random.Random) -> int:
    position = r.choice(it.positions)
    what = r.choice(
        [
            "state = set_byte(state, octet_length(state) - 3, 57 + get_byte(state, 0) % 2)",
            "topic = topic || 'd'",
            "recorded_at = recorded_at + interval '1 microsecond'",
            "originator_id = gen_random_uuid()",
            "originator_version = originator_version + 1000",
        ]
    )
    await it.admin.execute(f"update stored_events set {what} where notification_id = $1", position)
    return position


async def delete(it: Tampered, r: random.Random) -> int:
    first = r.randrange(len(it.positions))
    gone = it.positions[first : first + r.randrange(1, 4)]
    await it.admin.execute("delete from stored_events where notification_id = any($1::bigint[])", gone)
    return gone[0]


async def insert(it: Tampered, r: random.Random) -> int:
    # Where a hole can be: everything behind moves up by one, as if one had always been there.
    position = r.choice(it.positions)
    await it.admin.execute(
        "update stored_events set notification_id = -notification_id - 1 where notification_id >= $1", position
    )
    await it.admin.execute("update stored_events set notification_id = -notification_id where notification_id < 0")
    await it.admin.execute(
        "insert into stored_events values ($1, 1, 'Opened', '{}', $2, clock_timestamp())", UUID(int=9), position
    )
    return position


async def insert_before(it: Tampered, r: random.Random) -> int:
    position = r.choice([0, -5])
    await it.admin.execute(
        "insert into stored_events values ($1, 1, 'Opened', '{}', $2, clock_timestamp())", UUID(int=9), position
    )
    return position


async def reorder(it: Tampered, r: random.Random) -> int:
    one, other = sorted(r.sample(it.positions, 2))
    await it.admin.execute(
        "update stored_events set notification_id = case notification_id when $1 then -$2::bigint else -$1::bigint end"
        " where notification_id in ($1::bigint, $2::bigint)",
        one,
        other,
    )
    await it.admin.execute("update stored_events set notification_id = -notification_id where notification_id < 0")
    return one


async def truncate(it: Tampered, r: random.Random) -> int:
    first = r.choice(it.positions)
    await it.admin.execute("delete from stored_events where notification_id >= $1", first)
    return first


async def change_with_its_leaf(it: Tampered, r: random.Random) -> int:
    position = await change(it, r)
    row = await it.admin.fetchrow("select * from stored_events where notification_id = $1", position)
    assert row is not None
    await it.admin.execute("update evidence_leaves set hash = sha256($2) where position = $1", position, row["state"])
    return position


async def another_view(it: Tampered, r: random.Random) -> int:
    """Somebody who has the key signs another root over as many facts."""
    sizes = await it.admin.fetch("select generation, size, position from evidence_checkpoints order by size")
    chosen = r.randrange(len(sizes))
    generation, size, _ = sizes[chosen].values()
    log = (await it.log.generations.standing(it.admin)).log
    by = kept.signer(log, generation, SECRET)
    note = by.note(Checkpoint(by.public.name, size, r.randbytes(32)).text)
    await it.admin.execute("update evidence_checkpoints set note = $1 where size = $2", note, size)
    return sizes[chosen - 1]["position"] + 1 if chosen else 1


NAMED: dict[Tamper, str] = {
    change: "FACT_CHANGED",
    delete: "FACT_REMOVED",
    insert: "FACT_CHANGED",
    insert_before: "FACT_ADDED",
    reorder: "FACT_CHANGED",
    truncate: "FACT_REMOVED",
    another_view: "CHECKPOINT_DENIED",
}


@pytest.mark.parametrize("tamper", NAMED, ids=lambda each: each.__name__)
async def test_what_is_done_to_the_log_is_named_with_the_first_position(tampered: Tampered, tamper: Tamper):
    r = random.Random(tamper.__name__)
    assert await tampered.found() == ([], None)  # the control
    for _ in range(TIMES):
        async with undone(tampered):
            first = await tamper(tampered, r)
            wrong, _ = await tampered.found()
            assert min(each.position for each in wrong) == first
            assert next(each.code for each in wrong if each.position == first) == NAMED[tamper]
    assert await tampered.found() == ([], None)


async def test_with_its_proof_changed_as_well_the_stretch_is_named(tampered: Tampered):
    r = random.Random(5)
    signed_at = [row[0] for row in await tampered.admin.fetch("select position from evidence_checkpoints order by 1")]
    for _ in range(TIMES):
        async with undone(tampered):
            first = await change_with_its_leaf(tampered, r)
            wrong, why = await tampered.found()
            denied = next(each for each in wrong if each.code == "CHECKPOINT_DENIED")
            before = max((each for each in signed_at if each < first), default=0)
            assert denied.position == before + 1
            assert why is not None


async def test_an_old_copy_is_known_by_who_saw_a_newer_one(tampered: Tampered):
    r = random.Random(11)
    sizes: list[int] = [
        row[0] for row in await tampered.admin.fetch("select size from evidence_checkpoints order by size")
    ]
    for _ in range(TIMES):
        async with undone(tampered):
            size = r.choice(sizes[:-1])
            await tampered.admin.execute(
                "delete from stored_events where notification_id > $1", tampered.positions[size - 1]
            )
            await tampered.admin.execute("delete from evidence_leaves where index >= $1", size)
            await tampered.admin.execute("delete from evidence_checkpoints where size > $1", size)
            wrong, why = await tampered.found()
            assert wrong == []  # it is whole in itself: only a memory outside can tell
            assert why is not None
            assert "put back" in why


async def test_the_doctor_says_so(database: Database, admin: Connection, tmp_path: Path):
    async with opened(Server(database.admin, database.dsn), Settings(data_dir=tmp_path)) as catch:
        for _ in range(3):
            await catch.commands.take(
                RegisterPerson(uuid4(), name=Sealed("Ada Example")), by=SYSTEM, command_id=uuid4()
            )
        encryption, folder = catch.keyring.encryption, catch.settings.signed
    log = await Log.open(database.dsn)
    try:
        assert (await examined(log, CODEC, (), None, encryption, folder)).findings == []
        await log.append(Append(uuid4(), (stream := uuid4()), (NewEvent(stream, 1, "Unknown", b"{}"),)))
        codes = (await examined(log, CODEC, (), None, encryption, folder)).counts
        assert codes.keys() >= {"WAITING_TO_BE_SIGNED"}
        position = await admin.fetchval("select min(notification_id) from catch.stored_events")
        await unguarded(
            admin,
            "update catch.stored_events set recorded_at = recorded_at - interval '1 day' where notification_id = $1",
            position,
        )
        report = await examined(log, CODEC, (), None, encryption, folder)
        assert [each.position for each in report.findings if each.code == "FACT_CHANGED"] == [position]
        (folder / next(folder.iterdir()).name).write_text(
            signed_elsewhere(report, encryption.derive(b"catch evidence 1"), await standing(log))
        )
        report = await examined(log, CODEC, (), None, encryption, folder)
        assert "NOT_SIGNED" in report.counts
    finally:
        await log.close()


async def standing(log: Log) -> UUID:
    return (await log.generations.standing(log.pool)).log


def signed_elsewhere(_report: object, secret: bytes, log: UUID) -> str:
    by = kept.signer(log, 1, secret)
    return by.note(Checkpoint(by.public.name, 1000, bytes(32)).text)

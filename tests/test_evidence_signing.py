"""The log is signed as it grows, by one server at a time, and nothing is ever signed that denies what was signed."""

import asyncio
import random
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from catch.app import opened
from catch.database import Connection
from catch.database.server import Server
from catch.domain.facts import Sealed
from catch.domain.person import RegisterPerson
from catch.evidence import kept
from catch.evidence import signing as evidence_signing
from catch.evidence.kept import Nodes
from catch.evidence.leaves import hash_of
from catch.evidence.notes import Checkpoint
from catch.evidence.signing import BRIEFLY, PAGE, Signing
from catch.evidence.tree import Frontier, consistency, consistent, included
from catch.log import Append, Log, NewEvent
from catch.settings import Settings
from tests.conftest import Database, eventually
from tests.damage import lose, off_guard
from tests.place import SYSTEM

SECRET = bytes(range(32))
SIZES = "select size from catch.evidence_checkpoints order by generation, size"


async def some(log: Log, count: int) -> None:
    stream = uuid4()
    events = tuple(NewEvent(stream, n, "Happened", b'{"n":%d}' % n) for n in range(1, count + 1))
    await log.append(Append(uuid4(), stream, events))


async def signed(log: Log, signing: Signing) -> None:
    connection = await log.database.connect()
    try:
        while await signing.round(connection):
            pass
    finally:
        connection.terminate()


async def rooted(log: Log, upto: int) -> bytes:
    """The root of the first so many facts, from the facts."""
    frontier = Frontier()
    for stored in (await log.page(0, 10_000))[:upto]:
        frontier.add(hash_of(*stored))
    return frontier.root()


async def said(log: Log) -> Checkpoint:
    last, generation = await kept.last(log.pool), await log.generations.standing(log.pool)
    assert last is not None
    return kept.checked(last, kept.signer(generation.log, last.generation, SECRET).public)


async def test_what_is_recorded_is_signed_within_a_second(database: Database, tmp_path: Path):
    async with opened(Server(database.admin, database.dsn), Settings(data_dir=tmp_path)) as catch:
        for _ in range(3):
            await catch.commands.take(
                RegisterPerson(uuid4(), name=Sealed("Ada Example")), by=SYSTEM, command_id=uuid4()
            )
        head = await catch.log.head()

        async def all_signed() -> bool:
            last = await kept.last(catch.log.pool)
            return last is not None and last.position == head

        await eventually(all_signed)
        last, generation = await kept.last(catch.log.pool), await catch.log.generations.standing(catch.log.pool)
        assert last is not None
        by = kept.signer(generation.log, generation.number, catch.keyring.secret(kept.PURPOSE))
        assert kept.checked(last, by.public).root == await rooted(catch.log, last.size)
        # The last of all is signed when the program ends.
        await catch.commands.take(RegisterPerson(uuid4(), name=Sealed("Bo Example")), by=SYSTEM, command_id=uuid4())
        head = await catch.log.head()
    log = await Log.open(database.dsn)
    try:
        last = await kept.last(log.pool)
        assert last is not None
        assert last.position == head
    finally:
        await log.close()


async def test_many_facts_are_signed_a_page_at_a_time_and_each_can_be_proved(log: Log, tmp_path: Path):
    signing, r = Signing(log, SECRET, tmp_path), random.Random(7)
    await some(log, 3)
    await signed(log, signing)
    await some(log, 2 * PAGE)
    await signed(log, signing)
    await signed(log, signing)
    assert [row[0] for row in await log.pool.fetch(SIZES)] == [3, 3 + PAGE, 3 + 2 * PAGE]
    checkpoint, facts = await said(log), await log.page(0, 10_000)
    assert checkpoint.root == await rooted(log, checkpoint.size)
    for index in [0, 2, 255, 256, len(facts) - 1, *(r.randrange(len(facts)) for _ in range(10))]:
        path = await Nodes(log.pool).path(index, checkpoint.size)
        assert sum(map(len, path)) <= 1024
        assert included(index, checkpoint.size, hash_of(*facts[index]), path, checkpoint.root)
        assert not included(index, checkpoint.size, hash_of(*facts[index - 1]), path, checkpoint.root)
    old = 3 + PAGE
    proof = await Nodes(log.pool).roots(consistency(old, checkpoint.size))
    assert consistent(old, checkpoint.size, proof, await rooted(log, old), checkpoint.root)


async def test_another_server_goes_on_where_one_ended(log: Log, dsn: str):
    other = await Log.open(dsn)
    try:
        one, two = Signing(log, SECRET), Signing(other, SECRET)
        for n in range(12):
            await some(log, n + 1)
            await asyncio.gather(signed(log, one), signed(other, two))
        await signed(other, two)
        sizes = [row[0] for row in await log.pool.fetch(SIZES)]
        assert all(a < b for a, b in pairwise(sizes))
        assert (await said(log)).root == await rooted(log, sum(range(1, 13)))
        assert (one.stopped, two.stopped) == (None, None)
    finally:
        await other.close()


class Stuck(Signing):
    """A server that stops in the middle of its turn."""

    def __init__(self, log: Log) -> None:
        super().__init__(log, SECRET)
        self.began = asyncio.Event()

    async def _signed(self, connection: Connection, frontier: Frontier | None) -> None:
        self.began.set()
        while not connection.is_closed():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_one_that_stops_in_the_middle_signs_nothing_and_keeps_nobody_for_long(
    log: Log, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(evidence_signing, "BRIEFLY", BRIEFLY.replace("5s", "300ms"))
    signing = Signing(log, SECRET)
    await some(log, 5)
    stops = Stuck(log)
    stuck = asyncio.create_task(signed(log, stops))
    await stops.began.wait()

    async def by_another() -> bool:
        await signed(log, signing)
        return await kept.last(log.pool) is not None

    await eventually(by_another)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await stuck
    assert (await said(log)).size == 5


DAMAGES: dict[str, str] = {
    "update catch.evidence_leaves set hash = sha256(hash) where index = 3": "were changed",
    "delete from catch.evidence_leaves where index > 6": "are kept",
    "insert into catch.evidence_leaves values (8, 1000000, sha256('x'))": "are kept",
    "update catch.evidence_checkpoints set note = replace(note, E'\\n8\\n', E'\\n7\\n')": "does not fit",
    "delete from catch.evidence_checkpoints": "somebody removed the checkpoints",
}


@pytest.mark.parametrize("damage", DAMAGES)
async def test_signing_stops_where_what_is_kept_is_not_what_was_signed(log: Log, admin: Connection, damage: str):
    await some(log, 8)
    await signed(log, Signing(log, SECRET))
    untouched = Signing(log, SECRET)
    await some(log, 1)
    await signed(log, untouched)  # the control: it goes on where nothing was changed
    assert untouched.stopped is None
    await off_guard(admin, "catch.evidence_checkpoints", "delete from catch.evidence_checkpoints where size = 9")
    await off_guard(admin, "catch.evidence_leaves", "delete from catch.evidence_leaves where index = 8")
    await off_guard(admin, damage.split()[1 if damage.startswith("update") else 2], damage)
    signing = Signing(log, SECRET)
    before = await log.pool.fetchval("select count(*) from catch.evidence_checkpoints")
    await signed(log, signing)
    assert signing.stopped is not None
    assert DAMAGES[damage] in signing.stopped
    assert await log.pool.fetchval("select count(*) from catch.evidence_checkpoints") == before
    await some(log, 1)  # facts are recorded all the same


async def put_back(admin: Connection, size: int) -> None:
    """As whoever puts an older copy of the database's files in place."""
    position = await admin.fetchval("select position from catch.evidence_leaves where index = $1", size - 1)
    await off_guard(admin, "catch.evidence_checkpoints", "delete from catch.evidence_checkpoints where size > $1", size)
    await off_guard(admin, "catch.evidence_leaves", "delete from catch.evidence_leaves where index >= $1", size)
    await lose(admin, f"notification_id > {position}")


async def test_a_database_that_was_put_back_is_not_signed_for_until_somebody_says_so(
    log: Log, admin: Connection, tmp_path: Path
):
    for count in (4, 3):
        await some(log, count)
        await signed(log, Signing(log, SECRET, tmp_path))
    await put_back(admin, 4)
    forgetful = Signing(log, SECRET)  # the control: nothing in the database tells
    await signed(log, forgetful)
    assert forgetful.stopped is None
    signing = Signing(log, SECRET, tmp_path)
    await some(log, 1)
    await signed(log, signing)
    assert signing.stopped is not None
    assert "put back" in signing.stopped
    # Longer by now than what was seen, and another tree all the same.
    await some(log, 5)
    await signed(log, forgetful)
    await signed(log, signing)
    assert signing.stopped is not None
    assert "another tree" in signing.stopped
    await log.generations.begin(log.pool)
    await some(log, 1)
    await signed(log, signing)
    assert signing.stopped is None
    checkpoint = await said(log)
    assert checkpoint.origin.endswith("/2")
    assert checkpoint.root == await rooted(log, 11)


async def test_nobody_changes_what_was_signed(log: Log, dsn: str):
    await some(log, 1)
    await signed(log, Signing(log, SECRET))
    for table in ("leaves", "nodes", "checkpoints"):
        for change in (
            "update catch.evidence_{} set {} = {}",
            "delete from catch.evidence_{}",
            "truncate catch.evidence_{}",
        ):
            column = "size" if table == "checkpoints" else "index"
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await log.pool.execute(change.format(table, column, column))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        # When it was kept is the database's to say.
        await log.pool.execute(
            "insert into catch.evidence_checkpoints (generation, size, position, note, recorded_at)"
            " values (1, 2, 2, '', '2020-01-01')"
        )


async def test_other_secrets_have_other_names_and_keys():
    log = UUID(int=5)
    one, again, next_one = (kept.signer(log, number, SECRET).public for number in (1, 1, 2))
    assert one == again
    assert (one.key, one.name == next_one.name, one.id == next_one.id) == (next_one.key, False, False)
    assert str(one).startswith("catch/00000000-0000-0000-0000-000000000005/1+")


@pytest.mark.parametrize("between", ["last", "leaves"])
async def test_whoever_looks_while_another_signs_accuses_nobody(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, between: str
):
    other = Signing(log, SECRET, tmp_path)
    await some(log, 3)
    await signed(log, other)
    reads = getattr(kept, between)

    async def and_then_another_signs(connection: Connection) -> object:
        found = await reads(connection)
        monkeypatch.setattr(kept, between, reads)
        await some(log, 2)
        await signed(log, other)
        return found

    monkeypatch.setattr(kept, between, and_then_another_signs)
    connection = await log.database.connect()
    try:
        assert await Signing(log, SECRET, tmp_path).obstacle(connection) is None
    finally:
        connection.terminate()
    assert (await said(log)).size == 5

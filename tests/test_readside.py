"""The read side on a real log: exactly once, rebuilt equals live, poison kept apart, history from the same folds."""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace

from catch.database import Connection
from catch.domain.facts import Actor, Envelope, Part, Purpose, Recorded, Role, Sealed
from catch.log import Append, Log, NewEvent, Stored
from catch.log.rows import columns
from catch.readside import (
    AnotherRebuild,
    NotCaughtUp,
    ReadModel,
    ReadSide,
    as_at,
    checksum,
    known_at,
    load,
    rebuild,
    retry,
    true_at,
    up_to,
)
from catch.readside.folding import LOCK, ROWS, Folding, Memory, fold_page
from catch.readside.rebuilding import ONE_AT_A_TIME, session
from tests.conftest import eventually
from tests.damage import lose
from tests.toy_models import ToyModel

START = datetime(2026, 1, 6, 10, tzinfo=UTC)
ACTOR = Actor("u1", "housing-1", Role.CHAIR)


class Added(Struct, frozen=True, tag=True):
    box: UUID
    what: str
    also: tuple[UUID, ...] = ()


class Emptied(Struct, frozen=True, tag=True):
    box: UUID


class Noticed(Struct, frozen=True, tag=True):
    """Concerns no row."""


Toy = Added | Emptied | Noticed
_decoder = msgspec.json.Decoder(Envelope[Toy])


def decode(stored: Stored) -> Recorded[Any]:
    return Recorded(*stored[:4], stored.recorded_at, _decoder.decode(stored.state))


class BoxRow(Struct, frozen=True):
    """What is in a box, with every fact that changed it: a fact folded twice or left out shows."""

    box: UUID
    things: tuple[str, ...]
    trail: tuple[int, ...]
    position: int


class Boxes(ToyModel):
    NAME = "boxes"
    VERSION = 1
    ROW = BoxRow
    INDEXES = ("things", "(position) where things <> '{}'")
    poisoned: frozenset[str] = frozenset()

    def keys(self, recorded: Recorded[Any], /) -> Iterable[UUID]:
        match recorded.event:
            case Added(box, _, also):
                return (box, *also)
            case Emptied(box):
                return (box,)
            case _:
                return ()

    def fold(self, row: BoxRow | None, recorded: Recorded[Any], key: UUID, /) -> BoxRow | None:
        match recorded.event:
            case Added(_, what, _):
                if what in self.poisoned:
                    raise KeyError(f"cannot take {what}")
                row = row or BoxRow(key, (), (), recorded.position)
                return replace(row, things=(*row.things, what), trail=(*row.trail, recorded.position))
            case _:
                return None


class LabelRow(Struct, frozen=True):
    box: UUID
    things: tuple[str, ...]
    label: str
    position: int


class Labels(Boxes):
    """What is in a box, and a label that is written once for many things."""

    NAME = "labels"
    ROW = LabelRow
    INDEXES = ()

    def __init__(self) -> None:
        self.written: Counter[UUID] = Counter()
        self.complete = self.labelled

    def fold(self, row: LabelRow | None, recorded: Recorded[Any], key: UUID, /) -> LabelRow | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        match recorded.event:
            case Added(_, what, _):
                return LabelRow(key, (*(row.things if row else ()), what), "", recorded.position)
            case _:
                return None

    def labelled(self, row: LabelRow) -> LabelRow:
        if row.label:
            return row
        if self.poisoned & {*row.things}:
            raise KeyError("no such label")
        self.written[row.box] += 1
        return replace(row, label="+".join(row.things))


class CountRow(Struct, frozen=True):
    what: str
    times: int
    position: int


class Counts(ToyModel):
    """Of each thing, how often it was ever added."""

    NAME = "counts"
    VERSION = 3
    ROW = CountRow

    def keys(self, recorded: Recorded[Any], /) -> Iterable[str]:
        return (recorded.event.what,) if isinstance(recorded.event, Added) else ()

    def fold(self, row: CountRow | None, recorded: Recorded[Any], key: str, /) -> CountRow | None:
        return replace(row, times=row.times + 1) if row else CountRow(key, 1, recorded.position)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Piece(Part, frozen=True, omit_defaults=True):
    name: Sealed
    colours: frozenset[Colour] = frozenset()


class EveryRow(Struct, frozen=True):
    """One column of every kind."""

    number: int
    on: date
    at: datetime
    share: float
    done: bool
    note: Sealed
    colour: Colour
    people: tuple[UUID, ...]
    colours: tuple[Colour, ...]
    piece: Piece
    pieces: tuple[Piece, ...]
    by_colour: dict[str, int]
    position: int
    user: str | None = None
    until: date | None = None
    spare: Piece | None = None


class Every(ToyModel):
    NAME = "every"
    VERSION = 1
    ROW = EveryRow
    INDEXES = ("colour",)

    def keys(self, recorded: Recorded[Any], /) -> Iterable[int]:
        return (recorded.position % 7,) if isinstance(recorded.event, Added) else ()

    def fold(self, row: EveryRow | None, recorded: Recorded[Any], key: int, /) -> EveryRow | None:
        event: Added = recorded.event
        if row and recorded.position % 3 == 0:
            return None
        piece = Piece(Sealed(event.what), frozenset(Colour))
        pieces = (*(row.pieces if row else ()), piece)
        return EveryRow(
            number=key,
            on=recorded.envelope.occurred_at.date(),
            at=recorded.envelope.occurred_at + timedelta(microseconds=key),
            share=recorded.position / 7,
            done=key % 2 == 0,
            note=Sealed(f"{event.what} 'quoted\" \\ 🙂\n"),
            colour=Colour.RED,
            people=(event.box, *event.also),
            colours=tuple(Colour),
            piece=piece,
            pieces=pieces,
            by_colour={"red": len(pieces), "blue": key},
            position=recorded.position,
            user=event.what if key else None,
            spare=piece if key > 3 else None,
        )


BOXES, COUNTS = Boxes().model(), Counts().model()
ALL = (BOXES, COUNTS, Every().model())


class Recorder:
    """Records toy facts."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.versions: Counter[UUID] = Counter()

    async def __call__(self, *events: Toy, at: datetime = START) -> int:
        """One append; the position of its last event."""
        new: list[NewEvent] = []
        for event in events:
            stream = UUID(int=1) if isinstance(event, Noticed) else event.box
            self.versions[stream] += 1
            envelope = Envelope[Toy](at, ACTOR, Purpose.DIRECT_CARE, uuid4(), uuid4(), event)
            state = msgspec.json.encode(envelope)
            new.append(NewEvent(stream, self.versions[stream], type(event).__name__, state))
        return (await self.log.append(Append(uuid4(), new[0].stream, tuple(new)))).position

    async def undecodable(self, topic: str = "Odd") -> int:
        stream = uuid4()
        return (await self.log.append(Append(uuid4(), stream, (NewEvent(stream, 1, topic, b"{}"),)))).position


@pytest.fixture
def record(log: Log) -> Recorder:
    return Recorder(log)


@asynccontextmanager
async def running(
    log: Log, projections: Sequence[ReadModel] = ALL, *, patience: float = 0.05
) -> AsyncGenerator[ReadSide]:
    side = ReadSide(log, decode, projections, patience=patience)
    task = asyncio.create_task(side.run())
    try:
        yield side
    finally:
        await stopped(task)


async def stopped(task: "asyncio.Task[None]") -> None:
    task.cancel()
    _, still_running = await asyncio.wait([task], timeout=10)
    assert not still_running, "the read side did not stop when it was cancelled"


async def some_events(record: Recorder, seed: int, count: int) -> int:
    """Random facts about a few boxes, several to an append; the last position."""
    chance = random.Random(seed)
    boxes = [UUID(int=n) for n in range(100, 108)]
    last = 0
    for _ in range(count // 4):
        last = await record(
            *(a_fact(chance, boxes) for _ in range(4)), at=START + timedelta(hours=chance.randrange(99))
        )
    return last


def a_fact(chance: random.Random, boxes: list[UUID]) -> Toy:
    if chance.random() < 0.1:
        return Noticed()
    if chance.random() < 0.2:
        return Emptied(chance.choice(boxes))
    return Added(chance.choice(boxes), chance.choice("abcdef"), tuple(chance.sample(boxes, chance.choice([0, 0, 2]))))


async def history(log: Log) -> list[Recorded[Any]]:
    return [decode(stored) for stored in await log.page(0, 10_000)]


async def rows(log: Log, projection: ReadModel) -> dict[Any, Struct]:
    name = columns(projection.row)[0].name
    found = load(await log.pool.fetch(f"select * from {projection.table}"), projection.row)
    return {getattr(row, name): row for row in found}


def expected(projection: ReadModel, events: Sequence[Recorded[Any]]) -> dict[Any, Struct]:
    keys = {key for recorded in events for key in projection.keys(recorded)}
    folded = {key: as_at(projection, key, events) for key in keys}
    return {key: row for key, row in folded.items() if row is not None}


async def parked(log: Log) -> list[tuple[str, str, int, str]]:
    found = await log.pool.fetch("select projection, key, position, error from parked order by 1, 2")
    return [tuple(row) for row in found]  # pyright: ignore[reportReturnType]


async def test_live_rows_are_what_the_folds_say(log: Log, record: Recorder):
    async with running(log) as side:
        await side.reached(await some_events(record, 1, 400))
        events = await history(log)
        for projection in ALL:
            assert await rows(log, projection) == expected(projection, events)


async def test_a_late_start_and_a_rebuild_give_the_same_bytes_as_following_live(log: Log, record: Recorder):
    async with running(log) as side:
        await side.reached(await some_events(record, 2, 400))
    live = [await checksum(log.pool, projection) for projection in ALL]
    assert len(set(live)) == len(ALL)
    reports: list[tuple[int, int]] = []
    await rebuild(log, decode, ALL, lambda position, head: reports.append((position, head)))
    assert [await checksum(log.pool, projection) for projection in ALL] == live
    assert reports[-1] == (await log.head(), await log.head())
    await log.pool.execute("drop table boxes_v1, counts_v3, every_v1; truncate checkpoints")
    async with running(log) as side:
        await side.reached(await log.head())
    assert [await checksum(log.pool, projection) for projection in ALL] == live


async def test_a_checksum_sees_one_changed_row(log: Log, record: Recorder):
    async with running(log) as side:
        await side.reached(await some_events(record, 3, 40))
    before = await checksum(log.pool, ALL[0])
    a_row = "(select box from boxes_v1 order by box limit 1)"
    await log.pool.execute(f"update boxes_v1 set things = things || '{{x}}' where box = {a_row}")
    assert await checksum(log.pool, ALL[0]) != before


async def test_a_node_that_dies_at_any_step_folds_every_fact_once(log: Log, record: Recorder):
    async with running(log, patience=0.01) as side:
        await side.reached(await some_events(record, 4, 8))
    for steps in range(0, 120, 2):
        await some_events(record, steps, 8)
        async with running(log, patience=0.01):
            for _ in range(steps):
                await asyncio.sleep(0.0002)
    async with running(log) as side:
        await side.reached(await log.head())
    events = await history(log)
    for projection in ALL:
        assert await rows(log, projection) == expected(projection, events)


async def test_a_projection_ahead_of_the_others_takes_only_what_is_new_to_it(log: Log, record: Recorder):
    async with running(log) as side:
        await side.reached(await some_events(record, 15, 40))
    await some_events(record, 16, 40)
    await rebuild(log, decode, ALL[1:])
    last = await some_events(record, 17, 40)
    async with running(log) as side:
        await side.reached(last)
    for projection in ALL:
        assert await rows(log, projection) == expected(projection, await history(log))


@pytest.mark.parametrize("lost", ["drop table boxes_v1", "delete from checkpoints where projection = 'boxes_v1'"])
async def test_what_is_dropped_while_it_runs_is_built_anew(log: Log, record: Recorder, lost: str):
    async with running(log) as side:
        await side.reached(await some_events(record, 18, 40))
        await log.pool.execute(lost)
        await side.reached(await some_events(record, 19, 40))
        await side.reached(await some_events(record, 20, 40))
        for projection in ALL:
            assert await rows(log, projection) == expected(projection, await history(log))


LEASE_LOST = """
    select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'
    and database = (select oid from pg_database where datname = current_database())
"""


async def test_that_a_node_no_longer_keeps_the_read_side_is_said_where_nobody_told_it_to_stop(
    log: Log, record: Recorder, admin: Connection, caplog: pytest.LogCaptureFixture
):
    said = "this node no longer keeps the read side"
    async with running(log) as side:
        await side.reached(await some_events(record, 5, 5))
        assert side.leading
    assert not side.leading
    assert said not in caplog.messages
    async with running(log) as side:
        await side.reached(await some_events(record, 6, 5))
        await admin.execute(LEASE_LOST)

        async def told() -> bool:
            return said in caplog.messages

        await eventually(told)


async def test_two_nodes_share_the_work_of_one_and_the_second_takes_over(log: Log, record: Recorder, admin: Connection):
    async with running(log) as first:
        await first.reached(await some_events(record, 5, 40))
        async with running(log) as second:
            await second.reached(await some_events(record, 6, 40))
            assert (first.leading, second.leading) == (True, False)
            await admin.execute(LEASE_LOST)
            last = await some_events(record, 7, 40)
            await asyncio.gather(first.reached(last), second.reached(last))
            assert first.leading != second.leading
    async with running(log) as third:
        await third.reached(await some_events(record, 8, 40))
        assert third.leading
    assert await rows(log, ALL[0]) == expected(ALL[0], await history(log))


async def test_a_fact_is_folded_on_the_wake_up_without_polling(log: Log, record: Recorder):
    box, took = uuid4(), list[float]()
    async with running(log, patience=30) as side:
        for _ in range(20):
            position = await record(Added(box, "a"))
            since = time.perf_counter()
            await side.reached(position)
            took.append(time.perf_counter() - since)
    assert sorted(took)[10] < 0.5


async def test_a_node_that_stands_by_learns_how_far_the_other_has_come(log: Log, record: Recorder):
    async with running(log) as leader:
        await leader.reached(await record(Added(uuid4(), "a")))
        async with running(log, patience=2) as other:
            for _ in range(5):
                position = await record(Added(uuid4(), "a"))
                since = time.perf_counter()
                await other.reached(position)
                assert time.perf_counter() - since < 0.9
            assert (leader.leading, other.leading) == (True, False)


async def test_waiting_for_a_position_that_never_comes_is_refused(log: Log, record: Recorder):
    async with running(log) as side:
        await side.reached(await record(Noticed()))
        with pytest.raises(NotCaughtUp) as refused:
            await side.reached(side.position + 1, timeout=0.05)
        assert refused.value.details == {"position": str(side.position + 1), "reached": str(side.position)}


async def test_whoever_follows_changes_hears_of_the_last_one(log: Log, record: Recorder):
    async with running(log) as side:
        heard: list[int] = []
        last = await some_events(record, 9, 40)
        async for position in side.changes():
            heard.append(position)
            if position >= last:
                break
        assert heard == sorted(set(heard))


async def test_poison_parks_its_key_and_the_rest_goes_on(log: Log, record: Recorder, caplog: pytest.LogCaptureFixture):
    toy = Boxes()
    toy.poisoned, boxes = frozenset({"secret thing"}), toy.model()
    bad, good = UUID(int=7), UUID(int=8)
    async with running(log, (boxes, COUNTS)) as side:
        await side.reached(await record(Added(bad, "a")))
        with caplog.at_level(logging.ERROR, "catch.readside"):
            poison = await record(Added(good, "b"), Added(bad, "secret thing"))
            await side.reached(await record(Added(bad, "c"), Added(good, "d")))
        found = await rows(log, boxes)
        assert [row.things for row in (found[bad], found[good]) if isinstance(row, BoxRow)] == [("a",), ("b", "d")]
        assert (await rows(log, COUNTS))["c"] == CountRow("c", 1, poison + 1)
    ((projection, key, position, error),) = await parked(log)
    assert (projection, key, position) == ("boxes_v1", str(bad), poison)
    assert error.startswith("KeyError at ")
    assert [line.getMessage() for line in caplog.records if line.levelno == logging.ERROR] == [
        f"parked: projection=boxes_v1 key={bad} position={poison} error={error}"
    ]
    toy.poisoned = frozenset()
    await retry(log, decode, boxes)
    assert await rows(log, boxes) == expected(boxes, await history(log))
    assert await parked(log) == []


@pytest.mark.parametrize("how", ["live", "late", "rebuilt"])
async def test_what_the_fold_leaves_is_made_before_a_row_is_written(log: Log, record: Recorder, how: str):
    toy = Labels()
    labels, bad, good = toy.model(), UUID(int=7), UUID(int=8)
    things = [Added(good, each) for each in "abcdefgh"]
    await record(Noticed())
    async with running(log, (labels,)) as side:
        await side.reached(1)
        if how == "live":
            await side.reached(await record(*things))
    if how != "live":
        await record(*things)
    if how == "rebuilt":
        await rebuild(log, decode, (labels,))
    toy.poisoned = frozenset({"x"})
    async with running(log, (labels,)) as side:
        await side.reached(await record(Added(bad, "a")))
        before = (await rows(log, labels))[bad]
        poison = await record(Added(bad, "x"), Added(good, "i"))
        await side.reached(poison)
        await side.reached(await record(Added(bad, "b"), Added(good, "j")))
    found = await rows(log, labels)
    assert found[bad] == before == LabelRow(bad, ("a",), "a", poison - 2)
    assert found[good] == LabelRow(good, (*"abcdefghij",), "a+b+c+d+e+f+g+h+i+j", poison + 2)
    assert toy.written[good] < len(things), "once for each fact, where once for each page was enough"
    assert [(key, position) for _, key, position, _ in await parked(log)] == [(str(bad), poison - 1)]
    toy.poisoned = frozenset()
    await retry(log, decode, labels)
    assert await rows(log, labels) == expected(labels, await history(log))
    assert await parked(log) == []


async def test_a_retry_that_fails_again_stays_parked(log: Log, record: Recorder):
    toy = Boxes()
    toy.poisoned, boxes = frozenset({"x"}), toy.model()
    async with running(log, (boxes,)) as side:
        await side.reached(await record(Added(UUID(int=7), "a"), Added(UUID(int=7), "x"), Added(UUID(int=7), "c")))
    before = await parked(log), await rows(log, boxes)
    await retry(log, decode, boxes)
    assert (await parked(log), await rows(log, boxes)) == before
    await rebuild(log, decode, (boxes,))
    assert (await parked(log), await rows(log, boxes)) == before


@pytest.mark.parametrize("how", ["live", "late", "rebuilt"])
async def test_a_row_that_cannot_be_written_is_parked_too(log: Log, record: Recorder, how: str):
    bad, good = UUID(int=7), UUID(int=8)
    await record(Noticed())
    async with running(log, ALL[:1]) as side:
        await side.reached(1)
        if how == "live":
            await side.reached(await record(Added(good, "a"), Added(bad, "nul \0"), Added(good, "b")))
    if how != "live":
        await record(Added(good, "a"), Added(bad, "nul \0"), Added(good, "b"))
    if how == "rebuilt":
        await rebuild(log, decode, ALL[:1])
    async with running(log, ALL[:1]) as side:
        await side.reached(await record(Added(bad, "c"), Added(good, "d")))
    (row,) = (await rows(log, ALL[0])).values()
    assert isinstance(row, BoxRow)
    assert (row.box, row.things) == (good, ("a", "b", "d"))
    assert [key for _, key, _, _ in await parked(log)] == [str(bad)]


def newer(stored: Stored) -> Recorded[Any]:
    """How a later release reads what `decode` cannot."""
    if stored.topic != "Odd":
        return decode(stored)
    envelope = Envelope[Toy](START, ACTOR, Purpose.DIRECT_CARE, uuid4(), uuid4(), Added(UUID(int=9), "odd"))
    return Recorded(*stored[:4], stored.recorded_at, envelope)


async def test_a_fact_that_cannot_be_read_is_parked_and_read_by_a_release_that_can(log: Log, record: Recorder):
    async with running(log, ALL[:2]) as side:
        odd, other = await record.undecodable(), await record.undecodable("Never")
        await side.reached(await record(Added(UUID(int=7), "a")))
        assert [(name, key, at) for name, key, at, _ in await parked(log)] == [
            (name, f"?{at}", at) for name in ("boxes_v1", "counts_v3") for at in (odd, other)
        ]
        await retry(log, decode, ALL[0])
        assert len(await parked(log)) == 4
    made = "select pg_relation_filenode('boxes_v1')"
    before = await log.pool.fetchval(made)
    async with running(log, ALL[:2]) as side:
        await side.reached(await record(Noticed()))
        assert await log.pool.fetchval(made) == before, "built anew for nothing"
    task = asyncio.create_task((side := ReadSide(log, newer, ALL[:2])).run())
    await side.reached(await record(Noticed()))
    await stopped(task)
    assert [(key, at) for _, key, at, _ in await parked(log)] == [(f"?{other}", other)] * 2
    assert set(await rows(log, ALL[0])) == {UUID(int=7), UUID(int=9)}


async def test_what_a_former_release_sets_aside_beside_a_later_one_is_read_by_that(log: Log, record: Recorder):
    task = asyncio.create_task((side := ReadSide(log, newer, ALL[:2], patience=0.05)).run())
    await side.reached(after := await record(Added(UUID(int=7), "a")))
    async with log.pool.acquire() as connection, connection.transaction():
        await connection.fetch(LOCK, [one.table for one in ALL[:2]])
        odd = await record.undecodable()
        await fold_page(connection, ALL[:2], decode, after, await log.page(after, 1))

    async def read() -> bool:
        # Of both: each is put in place by itself, and what was set aside goes with it.
        return UUID(int=9) in await rows(log, ALL[0]) and not await parked(log)

    await eventually(read)
    await side.reached(odd)
    await stopped(task)
    assert await parked(log) == []


@pytest.mark.parametrize("grown", [0, 300])
async def test_after_a_backup_was_restored_beneath_them_read_models_are_built_anew(
    log: Log, record: Recorder, admin: Connection, caplog: pytest.LogCaptureFixture, grown: int
):
    """Whether the log has since grown beyond the checkpoints or not."""
    async with running(log) as side:
        await side.reached(await some_events(record, 21, 60))
    versions = record.versions.copy()
    await some_events(record, 22, 60)
    async with running(log) as side:
        await side.reached(ahead := await log.head())
    await lose(admin, f"notification_id > {ahead - 60}")
    record.versions = versions
    await admin.execute(f"select setval('catch.stored_events_notification_id_seq', {ahead - 60})")
    await some_events(record, 23, 4 + grown)
    assert (await log.head() > ahead) == bool(grown)
    with caplog.at_level(logging.ERROR, "catch.readside"):
        async with running(log) as side:
            await side.reached(await some_events(record, 24, 8))
    assert f"not of this log: projection=boxes_v1 position={ahead}; it is built anew" in caplog.messages
    for projection in ALL:
        assert await rows(log, projection) == expected(projection, await history(log))


async def test_while_a_rebuild_runs_the_old_rows_serve_and_never_go_back(log: Log, record: Recorder):
    seen: list[int] = []
    async with running(log) as side:
        await side.reached(await some_events(record, 10, 200))
        done = asyncio.Event()

        async def watch() -> None:
            while not done.is_set():
                seen.append(await log.pool.fetchval("select coalesce(max(position), 0) from counts_v3"))

        watcher, writer = asyncio.create_task(watch()), asyncio.create_task(some_events(record, 11, 200))
        for _ in range(3):
            await rebuild(log, decode, ALL)
        await side.reached(await writer)
        done.set()
        await watcher
        for projection in ALL:
            assert await rows(log, projection) == expected(projection, await history(log))
    assert seen == sorted(seen)
    assert seen[-1] > 0


async def test_an_index_that_takes_longer_than_a_query_may_is_built_all_the_same(
    dsn: str, admin: Connection, monkeypatch: pytest.MonkeyPatch
):
    await admin.execute(
        "create function catch_read.slow(uuid) returns uuid immutable language plpgsql"
        " as 'begin perform pg_sleep(0.15); return $1; end'"
    )

    slow = replace(BOXES, indexes=("(catch_read.slow(box))",))
    monkeypatch.setattr("catch.database.database.PATIENCE", 0.5)
    log = await Log.open(dsn)
    try:
        await some_events(Recorder(log), 25, 80)
        await rebuild(log, decode, (slow,))
        assert await rows(log, slow) == expected(slow, await history(log))
        with pytest.raises(TimeoutError):  # control
            await log.pool.execute("create index on boxes_v1 (catch_read.slow(box))")
    finally:
        await log.close()


async def test_only_one_rebuild_runs_at_a_time(log: Log):
    async with session(log.pool) as connection:
        assert await connection.fetchval(ONE_AT_A_TIME)
        with pytest.raises(AnotherRebuild):
            await rebuild(log, decode, ALL)


async def test_a_raised_version_gets_a_table_of_its_own_beside_the_old_one(log: Log, record: Recorder):
    newer = replace(BOXES, version=2)
    async with running(log) as side:
        await side.reached(await some_events(record, 12, 40))
    async with running(log, (newer, *ALL)) as side:
        await side.reached(await some_events(record, 13, 40))
    events = await history(log)
    assert await rows(log, newer) == await rows(log, BOXES) == expected(BOXES, events)


async def test_history_as_known_holds_nothing_recorded_later_and_as_true_nothing_that_happened_later(
    log: Log, record: Recorder
):
    box = UUID(int=7)
    await record(Added(box, "monday"), at=START)
    await record(Added(box, "wednesday"), at=START + timedelta(days=2))
    await record(Added(box, "tuesday, told late"), at=START + timedelta(days=1))
    events = await history(log)

    def things(chosen: Iterable[Recorded[Any]]) -> tuple[str, ...]:
        row = as_at(BOXES, box, chosen)
        return row.things if isinstance(row, BoxRow) else ()

    assert things(known_at(events, events[1].recorded_at)) == ("monday", "wednesday")
    assert things(true_at(events, START + timedelta(days=1))) == ("monday", "tuesday, told late")
    assert things(up_to(events, events[0].position)) == ("monday",)
    assert things(events) == ("monday", "wednesday", "tuesday, told late")


async def test_every_moment_of_the_past_can_be_asked_and_stays_as_it_was(log: Log, record: Recorder):
    await some_events(record, 14, 60)
    events = await history(log)
    for then in (recorded.recorded_at for recorded in events[::7]):
        known = list(known_at(events, then))
        assert all(recorded.recorded_at <= then for recorded in known)
        assert 0 < len(known) <= len(events)
        later = [recorded.position for recorded in events if recorded.recorded_at > then]
        for projection in ALL:
            found = expected(projection, known)
            assert all(row.position not in later for row in found.values() if isinstance(row, BoxRow | CountRow))
    assert expected(ALL[0], events) != expected(ALL[0], events[:30])


class Positionless(Struct, frozen=True):
    number: int


class Gappy(Struct, frozen=True, omit_defaults=True):
    number: int
    position: int = 0


@pytest.mark.parametrize("row", [Positionless, Gappy])
def test_a_row_that_cannot_be_a_tables_is_found_at_the_start(row: type[Struct]):
    with pytest.raises(TypeError, match=row.__name__):
        columns(row)


def test_rows_that_nobody_asks_for_again_are_not_kept_for_ever():
    memory, projection = Memory(), BOXES
    for number in range(3 * ROWS):
        folding = Folding(projection)
        folding.rows = {uuid4(): None}
        memory.keep([folding], 1)
        hot = Folding(projection)
        hot.rows = {UUID(int=1): None}
        memory.keep([hot], 1)
        assert UUID(int=1) in memory.recall(projection.table, [UUID(int=1)]), number
    assert len(memory) <= 2 * (ROWS + 2)

"""Clocks an hour apart: the database's, a server's, a client's. Positions do not care, and no history gets a hole."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from catch.commands import InTheFuture
from catch.database import Connection
from catch.domain.facts import Recorded
from catch.domain.partner import RegisterPartner
from catch.log import Log
from catch.readside import known_at
from tests.conftest import Database
from tests.faults import checkers
from tests.faults.history import seen
from tests.faults.node import Job
from tests.faults.nodes import caught_up, nodes, verdict, whole_log
from tests.faults.scenarios import OBSERVER, WRITER, busy, misread
from tests.place import ADMINISTRATOR, Place, placed

HOUR = timedelta(hours=1)


async def test_the_databases_clock_set_back_and_forth_changes_no_order_and_loses_nothing(
    log: Log, database: Database, admin: Connection, tmp_path: Path
):
    async with nodes(Job(database.dsn, str(tmp_path), pause=0.002), WRITER, WRITER, OBSERVER) as running:
        for shift in ("- interval '1 hour'", "+ interval '1 hour'", ""):
            await busy(running[:2], 4000)
            await admin.execute(
                f"alter table catch.stored_events alter column recorded_at set default clock_timestamp() {shift}"
            )
        await busy(running[:2], 4000)
        await asyncio.gather(*(node.stop() for node in running[:2]))
        head = await log.head()
        await caught_up(running[2:], head)
        _, found = await verdict(log, running[:2], running[2:])
        assert found + await misread(log, head, running[2:]) == []
    events = await whole_log(log)
    clock = [event.recorded_at for event in events]
    assert max(clock) - min(clock) > 2 * HOUR, "the clock did not jump"
    assert clock != sorted(clock)
    assert len(seen(running[2].lines)) == len(events)


async def test_control_a_follower_that_goes_by_the_clock_misses_what_comes_after_it_is_set_back(
    log: Log, database: Database, admin: Connection, tmp_path: Path
):
    job = Job(database.dsn, str(tmp_path), clients=2, commands=10)
    async with nodes(job, WRITER) as (node,):
        await node.said(b"done")
    seen_by_clock = await whole_log(log)
    await admin.execute(
        "alter table catch.stored_events alter column recorded_at set default clock_timestamp() - interval '1 hour'"
    )
    async with nodes(job, WRITER) as (node,):
        await node.said(b"done")
    await admin.execute("alter table catch.stored_events alter column recorded_at set default clock_timestamp()")
    async with nodes(job, WRITER) as (node,):
        await node.said(b"done")
    events = await whole_log(log)
    seen_by_clock += [event for event in events if event.recorded_at > seen_by_clock[-1].recorded_at]
    assert checkers.missed([(event.position, event.stream, event.version) for event in seen_by_clock], events)


MOMENTS = st.lists(st.integers(0, 20).map(lambda n: datetime(2026, 1, 6, tzinfo=UTC) + n * HOUR), max_size=12)


@forall(MOMENTS, st.integers(-1, 21).map(lambda n: datetime(2026, 1, 6, tzinfo=UTC) + n * HOUR))
def test_what_was_known_at_a_moment_is_a_whole_beginning_of_the_history(clock: list[datetime], moment: datetime):
    events = [
        Recorded[None](n, UUID(int=1), n, "Happened", at, None)  # pyright: ignore[reportArgumentType]
        for n, at in enumerate(clock, start=1)
    ]
    known = list(known_at(events, moment))
    assert known == events[: len(known)]
    assert all(each.recorded_at <= moment for each in known)
    assert known == events or events[len(known)].recorded_at > moment


@pytest.fixture
async def place(database: Database, tmp_path: Path):
    async with placed(database.admin, database.dsn, tmp_path) as set_up:
        yield set_up


async def register(place: Place, key: str, at: datetime) -> None:
    await place.take(RegisterPartner(key, f"Example {key}", "housing"), ADMINISTRATOR, at)


async def test_a_client_whose_clock_is_an_hour_ahead_is_refused_and_told_what_is_latest(place: Place):
    head = await place.catch.log.head()
    with pytest.raises(InTheFuture) as refused:
        await register(place, "housing-9", datetime.now(UTC) + HOUR)
    assert abs(datetime.fromisoformat(refused.value.details["latest"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert await place.catch.log.head() == head


async def test_a_client_whose_clock_is_an_hour_behind_is_recorded_late_and_in_its_turn(place: Place):
    before = await place.catch.log.head()
    await register(place, "housing-9", datetime.now(UTC) - HOUR)
    await register(place, "housing-10", datetime.now(UTC))
    late, present = await place.catch.log.page(before, 10)
    assert late.recorded_at < present.recorded_at
    assert late.position < present.position
    assert (await place.settled()) == present.position

"""A stock application of the eventsourcing library on our database: with a reader's rights it reads and follows.

Of the cases that ship with the library, those of recorders are in test_log_recorder; here is the one for positions.
ProcessRecorderTestCase does not apply: it writes events and a checkpoint of the same reader together, and our read side
keeps its checkpoints apart from the log. AggregateRecorderTestCase does not apply: it wants events without positions.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Timer
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import Notification, PersistenceError, StoredEvent
from eventsourcing.tests.persistence import NonInterleavingNotificationIDsBaseCase

from catch.database import Connection
from catch.log import Log
from catch.log.recorder import LogRecorder
from tests.conftest import Database
from tests.faults.checkers import missed
from tests.faults.node import Job
from tests.faults.nodes import nodes, whole_log
from tests.faults.scenarios import WRITER


class FromOne(LogRecorder):
    """The library's case counts versions from 0, our log from 1."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: object) -> Sequence[int] | None:
        return super().insert_events(
            [replace(event, originator_version=event.originator_version + 1) for event in stored_events], **kwargs
        )


class TestNonInterleavingPositions(NonInterleavingNotificationIDsBaseCase):
    @pytest.fixture(autouse=True)
    def _recorder(self, dsn: str) -> Iterator[None]:
        self.recorder = FromOne(dsn)
        yield
        self.recorder.close()

    def create_recorder(self) -> LogRecorder:
        return self.recorder


class Stored(Application[UUID]):
    """Its name tells the library that the table is called stored_events."""

    name = "stored"


@pytest.fixture
async def reader(database: Database, admin: Connection) -> AsyncIterator[dict[str, str]]:
    """The settings of a stock application that logs in with a reader's rights and nothing else."""
    role = f"auditor_{uuid4().hex[:12]}"
    await admin.execute(f"create role {role} login password 'only-for-this-test' in role catch_reader")
    address = urlsplit(database.admin)
    yield {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "CREATE_TABLE": "no",
        "POSTGRES_DBNAME": address.path[1:],
        "POSTGRES_HOST": parse_qs(address.query).get("host", [address.hostname or ""])[0],
        "POSTGRES_PORT": str(address.port or 5432),
        "POSTGRES_USER": role,
        "POSTGRES_PASSWORD": "only-for-this-test",
        "POSTGRES_SCHEMA": "catch",
        "POSTGRES_POOL_SIZE": "5",  # following takes a connection to listen on and another to read with
    }
    await admin.execute(f"drop role {role}")


def follow(application: Stored, until: int) -> list[tuple[int, UUID, int]]:
    """At most half a minute: whoever stands still has seen less."""
    found: list[tuple[int, UUID, int]] = []
    with application.recorder.subscribe() as subscription:
        patience = Timer(30, subscription.stop)
        patience.start()
        for event in subscription:
            assert isinstance(event.originator_id, UUID)
            found.append((event.id, event.originator_id, event.originator_version))
            if len(found) == until:
                break
        patience.cancel()
    return found


def read(application: Stored) -> list[Notification]:
    found: list[Notification] = []
    while section := application.notification_log.select(start=found[-1].id + 1 if found else 1, limit=10):
        found += section
    return found


async def test_it_reads_every_event_and_follows_under_load_with_a_readers_rights(
    log: Log, database: Database, reader: dict[str, str], tmp_path: Path
):
    until = 600
    application = Stored(env=reader)
    job = Job(database.dsn, str(tmp_path), clients=6, commands=60)
    async with nodes(job, WRITER, WRITER, WRITER) as running:
        seen = await asyncio.to_thread(follow, application, until)
        for node in running:
            await node.said(b"done")
    events = await whole_log(log)
    assert missed(seen, events) == []
    assert len(events) > len(seen) == until
    whole = await asyncio.to_thread(read, application)
    assert [(e.id, e.originator_id, e.originator_version, e.topic, e.state) for e in whole] == [
        (e.position, e.stream, e.version, e.topic, e.state) for e in events
    ]
    stream = events[0].stream
    stored = application.recorder.select_events(stream)
    assert [event.originator_version for event in stored] == list(range(1, len(stored) + 1))
    assert application.recorder.max_notification_id() == events[-1].position
    application.close()


async def test_its_attempt_to_write_is_refused_and_records_nothing(log: Log, reader: dict[str, str]):
    application = Stored(env=reader)
    with pytest.raises(PersistenceError, match="permission denied"):
        application.save(Aggregate())
    application.close()
    assert await log.head() == 0

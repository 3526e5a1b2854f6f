"""The recorder passes the cases that ship with the eventsourcing library, and its own applications run on it.

Of AggregateRecorderTestCase and ProcessRecorderTestCase none apply: a log always hands out positions, and it keeps no
checkpoint together with events. Two cases of ApplicationRecorderTestCase number streams from 0; they run from 1.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError, PersistenceError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from eventsourcing.tests.persistence import ApplicationRecorderTestCase, TrackingRecorderTestCase

from catch.database import Connection
from catch.log import Append, Log, NewEvent
from catch.log.recorder import LogRecorder
from tests.conftest import Database


class FromOne(LogRecorder):
    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: object) -> Sequence[int] | None:
        if stored_events and stored_events[0].originator_version == 0:
            stored_events = [replace(event, originator_version=event.originator_version + 1) for event in stored_events]
        return super().insert_events(stored_events, **kwargs)


@pytest.fixture
def recorder(dsn: str) -> Iterator[LogRecorder]:
    opened = FromOne(dsn)
    yield opened
    opened.close()


class Shipped:
    """Hands the test's recorder to a shipped case."""

    @pytest.fixture(autouse=True)
    def _recorder(self, recorder: LogRecorder) -> None:
        self.recorder = recorder

    def create_recorder(self) -> LogRecorder:
        return self.recorder


class TestApplicationRecorder(Shipped, ApplicationRecorderTestCase[LogRecorder]):
    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestTrackingRecorder(Shipped, TrackingRecorderTestCase):
    pass


class Dog(Aggregate):
    @event("Registered")
    def __init__(self, name: str) -> None:
        self.name = name
        self.tricks: list[str] = []

    @event("TrickAdded")
    def add_trick(self, trick: str) -> None:
        self.tricks.append(trick)


def test_an_application_of_the_library_runs_on_the_log(recorder: LogRecorder):
    application = Application[UUID]()
    application.recorder = recorder
    application.events.recorder = recorder
    dog = Dog("Fido")
    dog.add_trick("roll over")
    application.save(dog)
    again: Dog = application.repository.get(dog.id)
    assert again.tricks == ["roll over"]
    application.close()


def test_a_version_that_leaves_a_gap_is_refused(recorder: LogRecorder):
    stream = uuid4()
    recorder.insert_events([StoredEvent(stream, 1, "Happened", b"")])
    for versions in ((3,), (2, 2), (2, 4)):
        with pytest.raises(IntegrityError):
            recorder.insert_events([StoredEvent(stream, version, "Happened", b"") for version in versions])
    assert len(recorder.select_events(stream)) == 1


def test_a_waiting_subscription_is_stopped_from_another_thread(recorder: LogRecorder):
    subscription = recorder.subscribe()
    with ThreadPoolExecutor(1) as threads, subscription:
        waiting = threads.submit(list, subscription)
        recorder.insert_events([StoredEvent(uuid4(), 1, "Happened", b"")])
        subscription.stop()
        assert len(waiting.result(5)) <= 1


async def test_the_librarys_own_postgresql_recorder_reads_and_follows_the_log(log: Log, database: Database):
    """It reads as a reader, without the right to write."""
    stream = uuid4()
    await log.append(Append(uuid4(), stream, (NewEvent(stream, 1, "Happened", b"{}"),)))
    address = urlsplit(database.dsn)
    host = parse_qs(address.query).get("host", [address.hostname or ""])[0]
    with PostgresDatastore(
        address.path[1:],
        host,
        str(address.port or 5432),
        address.username or "",
        address.password or "",
        schema="catch",
    ) as datastore:
        stock = PostgresApplicationRecorder(datastore, events_table_name="stored_events")
        assert [notification.topic for notification in stock.select_notifications(None, 10)] == ["Happened"]
        with stock.subscribe() as following:
            assert next(following).originator_id == stream
        with pytest.raises(PersistenceError):
            stock.insert_events([StoredEvent(uuid4(), 1, "Happened", b"")])


async def test_the_table_is_the_librarys_with_recorded_at_behind_it(admin: Connection):
    rows = await admin.fetch(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = 'catch' and table_name = 'stored_events' order by ordinal_position"
    )
    assert [tuple(row) for row in rows] == [
        ("originator_id", "uuid"),
        ("originator_version", "bigint"),
        ("topic", "text"),
        ("state", "bytea"),
        ("notification_id", "bigint"),
        ("recorded_at", "timestamp with time zone"),
    ]

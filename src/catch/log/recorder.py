"""The log as the eventsourcing library knows it: a synchronous recorder over `Log`, with an event loop of its own.

For its applications, followers and test cases. Events of one call are one append, under a command id of their own.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Coroutine, Sequence
from concurrent.futures import CancelledError, Future
from typing import Any, TypeVar
from uuid import UUID, uuid4

from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    OperationalError,
    StoredEvent,
    Subscription,
    Tracking,
    TrackingRecorder,
)

from catch.log.entries import Append, Busy, Conflict, NewEvent, Stored, Unavailable
from catch.log.log import Log

T = TypeVar("T")


class LogRecorder(ApplicationRecorder, TrackingRecorder):
    """Close it when done. Versions are dense from 1; a gap or a version that is taken is an `IntegrityError`."""

    def __init__(self, dsn: str, schema: str = "catch") -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="catch log recorder", daemon=True)
        self._thread.start()
        try:
            self.log = self.run(Log.open(dsn, schema=schema))
        except BaseException:
            self._stop()
            raise

    def close(self) -> None:
        self.run(self.log.close())
        self._stop()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def start(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.start(work).result()

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: object) -> Sequence[int] | None:
        if not stored_events:
            return []
        events = tuple(
            NewEvent(as_uuid(event.originator_id), event.originator_version, event.topic, event.state)
            for event in stored_events
        )
        try:
            last = self.run(self.log.append(Append(uuid4(), events[0].stream, events))).position
        except (Conflict, ValueError) as error:
            raise IntegrityError(str(error)) from error
        except (Busy, Unavailable) as error:
            raise OperationalError(str(error)) from error
        # One append's positions stand in a row: nobody else takes any while the lock is held.
        return list(range(last - len(events) + 1, last + 1))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        order = "desc" if desc else "asc"
        rows = self.run(
            self.log.pool.fetch(
                "select originator_id, originator_version, topic, state"  # noqa: S608
                f" from {self.log.schema}.stored_events where originator_id = $1"
                " and ($2::bigint is null or originator_version > $2)"
                " and ($3::bigint is null or originator_version <= $3)"
                f" order by originator_version {order} limit $4",
                as_uuid(originator_id),
                gt,
                lte,
                limit,
            )
        )
        return [StoredEvent(*row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        after = 0 if start is None else start - inclusive_of_start
        rows = self.run(
            self.log.pool.fetch(
                "select originator_id, originator_version, topic, state, notification_id"  # noqa: S608
                f" from {self.log.schema}.stored_events where notification_id > $1"
                " and ($2::bigint is null or notification_id <= $2)"
                " and (cardinality($3::text[]) = 0 or topic = any($3))"
                " order by notification_id limit $4",
                after,
                stop,
                list(topics),
                limit,
            )
        )
        return [Notification(*row) for row in rows]

    def max_notification_id(self) -> int | None:
        # The library knows an empty log by None.
        return self.run(self.log.head()) or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> "LogSubscription":
        return LogSubscription(self, gt, topics)

    def insert_tracking(self, tracking: Tracking) -> None:
        # Only forwards: a follower that comes to a place twice has to hear of it, or it would process an event twice.
        done = self.run(
            self.log.pool.execute(
                f"insert into {self.log.schema}_read.checkpoints as c (projection, position) values ($1, $2)"  # noqa: S608
                " on conflict (projection) do update set position = excluded.position"
                " where c.position < excluded.position",
                tracking.application_name,
                tracking.notification_id,
            )
        )
        if done != "INSERT 0 1":
            raise IntegrityError(f"{tracking.application_name} has come as far as {tracking.notification_id} already")

    def max_tracking_id(self, application_name: str) -> int | None:
        return self.run(
            self.log.pool.fetchval(
                f"select position from {self.log.schema}_read.checkpoints where projection = $1",  # noqa: S608
                application_name,
            )
        )


class LogSubscription(Subscription[LogRecorder]):
    """Follows the log, blocking where there is nothing new. May be stopped from another thread."""

    def __init__(self, recorder: LogRecorder, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder, gt, topics)
        self._pages = recorder.log.follow(gt or 0)
        self._ready: deque[Stored] = deque()
        self._reading: Future[list[Stored]] | None = None

    def __next__(self) -> Notification:
        while not self._has_been_stopped:
            while self._ready:
                event = self._ready.popleft()
                if not self._topics or event.topic in self._topics:
                    return Notification(event.stream, event.version, event.topic, event.state, event.position)
            self._reading = self._recorder.start(self._read())
            try:
                self._ready.extend(self._reading.result())
            except CancelledError:
                break
        raise StopIteration

    def stop(self) -> None:
        super().stop()
        if self._reading is not None:
            self._reading.cancel()

    async def _read(self) -> list[Stored]:
        return await anext(self._pages)


def as_uuid(originator_id: UUID | str) -> UUID:
    return originator_id if isinstance(originator_id, UUID) else UUID(originator_id)

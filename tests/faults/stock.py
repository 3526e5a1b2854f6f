"""A process that knows nothing of this program but its database: `python -m tests.faults.stock DSN DIARY`.

It follows the log with the PostgreSQL recorder of the `eventsourcing` library and writes down what it saw, until its
standard input ends.
"""

import os
import sys
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from tests.faults.history import Diary, Saw


def opened(dsn: str) -> PostgresDatastore:
    address = urlsplit(dsn)
    return PostgresDatastore(
        address.path[1:],
        parse_qs(address.query).get("host", [address.hostname or ""])[0],
        str(address.port or 5432),
        address.username or "",
        address.password or "",
        pool_size=5,  # one of them listens
        schema="catch",
    )


def ends_with_its_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(0)


def follow(dsn: str, diary: Diary) -> None:
    with opened(dsn) as datastore:
        recorder = PostgresApplicationRecorder(datastore, events_table_name="stored_events")
        with recorder.subscribe(gt=0) as subscription:
            print("ready", flush=True)
            for notification in subscription:
                assert isinstance(notification.originator_id, UUID)
                event = (notification.id, notification.originator_id, notification.originator_version)
                diary.note(Saw([event]))


if __name__ == "__main__":
    threading.Thread(target=ends_with_its_parent, daemon=True).start()
    follow(sys.argv[1], Diary(Path(sys.argv[2])))

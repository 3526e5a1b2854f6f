"""The log: the only truth.

Read entries (what goes in and comes out), then writer (append), wake (follow) and log (the face).
`migrations` sets the database up; `codec` turns facts into stored bytes and back; `recorder` is the face that the
eventsourcing library knows.
"""

from catch.log.entries import Answer, Append, Busy, Conflict, NewEvent, Stored, Unavailable
from catch.log.log import Log
from catch.log.migrations import CannotMigrate, migrate

__all__ = [
    "Answer",
    "Append",
    "Busy",
    "CannotMigrate",
    "Conflict",
    "Log",
    "NewEvent",
    "Stored",
    "Unavailable",
    "migrate",
]

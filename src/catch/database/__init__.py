"""PostgreSQL as this program reaches it: at several hosts, with a deadline for every wait.

`statements` are the types, `hosts` and `connecting` one connection, `pool` several, `database` all that a process has.
"""

from catch.database.connecting import OLDEST_SERVER, SESSION, OldServer, connect
from catch.database.database import Database, application
from catch.database.losing import LOST, Demoted, Silent, Trouble, lost
from catch.database.statements import Connection, Listener, Pool, Record, Statements

__all__ = [
    "LOST",
    "OLDEST_SERVER",
    "SESSION",
    "Connection",
    "Database",
    "Demoted",
    "Listener",
    "OldServer",
    "Pool",
    "Record",
    "Silent",
    "Statements",
    "Trouble",
    "application",
    "connect",
    "lost",
]

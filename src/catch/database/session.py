"""Whether a session is what this program asked for: not changed on the way to the server, nor by what it inherits."""

from collections.abc import Mapping

from catch.database import SESSION, Record, Statements

INHERITED = ("database", "user", "database user")
"""Where a setting comes from that somebody gave to the database, to the role, or to both."""
NEVER = {
    "session_replication_role": frozenset({"replica", "local"}),  # no trigger would fire
    "transaction_timeout": frozenset[str](),
}
"""What a session cannot say for itself, with the values that it cannot work under; none named: all but 0."""


class UnfitSession(Exception):
    """The database does not give this program the session that it needs."""


async def fit(statements: Statements, settings: Mapping[str, str]) -> None:
    """Raises `UnfitSession`, which names the setting and says what to do."""
    asked = {**SESSION, **settings}
    names = [*asked, *NEVER]
    found = await statements.fetch("select name, setting, source from pg_settings where lower(name) = any($1)", names)
    for row in found:
        wanted = asked.get(row["name"].lower())
        if wanted is not None and row["setting"] != wanted:
            raise UnfitSession(dropped(row["name"], wanted, row["setting"]))
        if wanted is None and row["source"] in INHERITED and forbidden(row):
            raise UnfitSession(inherited(row["name"], row["setting"]))


def forbidden(row: Record) -> bool:
    values = NEVER[row["name"]]
    return row["setting"] in values if values else row["setting"] != "0"


def dropped(name: str, wanted: str, setting: str) -> str:
    return (
        f"the session has {name} = {setting!r} where {wanted!r} was asked for: something between here and PostgreSQL,"
        " a connection pooler perhaps, drops what a session asks for. Connect to PostgreSQL itself."
    )


def inherited(name: str, setting: str) -> str:
    return (
        f"{name} = {setting} is set for the database or for the role that this program logs in as, and it cannot work"
        f" under that: alter role ... reset {name}, or alter database ... reset {name}, then start again."
    )

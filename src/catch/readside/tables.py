"""The table of a projection, generated from its `Row`: its definition, and its statements."""

from collections.abc import Sequence
from functools import cache

import msgspec
from msgspec import Struct

from catch.database import Statements
from catch.log.rows import Column as Column
from catch.log.rows import columns, load
from catch.readside.projection import Projection, table

__all__ = ["Column", "Table", "checksum", "columns", "document", "live", "load"]

# Sets in a fixed order, so that equal rows have equal bytes.
_json = msgspec.json.Encoder(order="deterministic")


class Table:
    """A projection's table under its own name, or under another while it is being rebuilt.

    Rows go in as one JSON document a statement: unlike `unnest` it can carry arrays, and every type has one way in.
    """

    def __init__(self, projection: Projection, name: str | None = None) -> None:
        self.row = projection.Row
        self.columns = columns(self.row)
        self.name = name or table(projection)
        key = self.columns[0]
        listed = ", ".join(f'"{column.name}" {column.sql}' for column in self.columns)
        updates = ", ".join(f'"{column.name}" = excluded."{column.name}"' for column in self.columns[1:])
        self.create = (
            f'create table if not exists "{self.name}" '
            f'({", ".join(column.definition for column in self.columns)}, primary key ("{key.name}"))'
        )
        self.indexes = [f'create index on "{self.name}" {index}' for index in map(_listed, projection.INDEXES)]
        self.find = f'select * from "{self.name}" where "{key.name}" = any($1::{key.sql}[])'  # noqa: S608
        self.upsert = (
            f'insert into "{self.name}" select r.* from json_to_recordset($1::json) as r({listed}) '  # noqa: S608
            f'on conflict ("{key.name}") do update set {updates}'
        )
        self.delete = f'delete from "{self.name}" where "{key.name}" = any($1::{key.sql}[])'  # noqa: S608

    def record(self, row: Struct) -> tuple[object, ...]:
        """The row as COPY takes it."""
        return tuple(_copied(getattr(row, column.name), column) for column in self.columns)


@cache
def live(projection: Projection) -> Table:
    return Table(projection)


def _listed(index: str) -> str:
    """`agency, due where open` as well as `(agency, due) where open` and `using gin (cases)`."""
    if index.lstrip().startswith(("(", "using ")):
        return index
    names, where, condition = index.partition(" where ")
    return f"({names}){where}{condition}"


def _copied(value: object, column: Column) -> object:
    return _json.encode(value).decode() if column.sql == "jsonb" and value is not None else value


def document(rows: Sequence[Struct]) -> str:
    """Rows as `upsert` takes them."""
    return _json.encode(rows).decode()


async def checksum(database: Statements, projection: Projection) -> str:
    """A digest of all rows: equal tables, and only they, have equal ones (within one server version)."""
    name, key = table(projection), columns(projection.Row)[0].name
    rows = f"""string_agg(sha256(convert_to(t::text, 'UTF8')), ''::bytea order by "{key}")"""
    return str(await database.fetchval(f"""select encode(sha256(coalesce({rows}, '')), 'hex') from "{name}" t"""))  # noqa: S608

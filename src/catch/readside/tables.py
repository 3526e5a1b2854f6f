"""The table of a projection, generated from its `Row`: its definition, and its statements."""

import types
import typing
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple, NewType, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from msgspec import Struct

from catch.database import Record, Statements
from catch.readside.projection import Projection, table

R = TypeVar("R", bound=Struct)

SQL: dict[object, str] = {
    UUID: "uuid",
    int: "bigint",
    str: "text",
    bool: "boolean",
    datetime: "timestamptz",
    date: "date",
    float: "double precision",
}
# Sets in a fixed order, so that equal rows have equal bytes.
_json = msgspec.json.Encoder(order="deterministic")


class Column(NamedTuple):
    name: str
    sql: str
    nullable: bool

    @property
    def definition(self) -> str:
        return f'"{self.name}" {self.sql}{"" if self.nullable else " not null"}'


@cache
def columns(row: type[Struct]) -> tuple[Column, ...]:
    """Raises TypeError when the row cannot be a table's."""
    hints = get_type_hints(row)
    if hints.get("position") is not int or row.__struct_config__.omit_defaults:
        raise TypeError(f"{row.__qualname__} needs a `position: int` and may not omit defaults")
    return tuple(_column(name, hints[name]) for name in row.__struct_fields__)


def _column(name: str, hint: Any) -> Column:
    if get_origin(hint) not in (typing.Union, types.UnionType):
        return Column(name, _sql(hint), nullable=False)
    members = [member for member in get_args(hint) if member is not types.NoneType]
    return Column(name, _sql(members[0]) if len(members) == 1 else "jsonb", len(members) < len(get_args(hint)))


def _sql(hint: object) -> str:
    if plain := SQL.get(hint):
        return plain
    if isinstance(hint, NewType):
        return _sql(hint.__supertype__)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return "text"
    if get_origin(hint) is tuple and get_args(hint)[1:] == (Ellipsis,):
        element = _sql(get_args(hint)[0])
        return f"{element}[]" if element in ("text", "uuid") else "jsonb"
    return "jsonb"


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


def load(records: Iterable[Record], row: type[R]) -> list[R]:
    """Rows as the database gave them. Raises msgspec.ValidationError when the table is not this row's."""
    documents = [column.name for column in columns(row) if column.sql == "jsonb"]
    found = [dict(record.items()) for record in records]
    for record in found:
        for name in documents:
            if record[name] is not None:
                record[name] = msgspec.json.decode(record[name])
    return msgspec.convert(found, list[row])


async def checksum(database: Statements, projection: Projection) -> str:
    """A digest of all rows: equal tables, and only they, have equal ones (within one server version)."""
    name, key = table(projection), columns(projection.Row)[0].name
    rows = f"""string_agg(sha256(convert_to(t::text, 'UTF8')), ''::bytea order by "{key}")"""
    return str(await database.fetchval(f"""select encode(sha256(coalesce({rows}, '')), 'hex') from "{name}" t"""))  # noqa: S608

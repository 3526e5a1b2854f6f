"""Rows of a read model as the database keeps them: one column a field, what has no SQL type of its own as json."""

import types
import typing
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple, NewType, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from msgspec import Struct

from catch.database import Record

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


class Column(NamedTuple):
    name: str
    sql: str
    nullable: bool

    @property
    def definition(self) -> str:
        # Documents are written anew whenever a row changes: to compress them takes longer than to fold and write them.
        stored = " storage external" if self.sql == "json" else ""
        return f'"{self.name}" {self.sql}{stored}{"" if self.nullable else " not null"}'


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
    return Column(name, _sql(members[0]) if len(members) == 1 else "json", len(members) < len(get_args(hint)))


def _sql(hint: object) -> str:
    if plain := SQL.get(hint):
        return plain
    if isinstance(hint, NewType):
        return _sql(hint.__supertype__)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return "text"
    if get_origin(hint) is tuple and get_args(hint)[1:] == (Ellipsis,):
        element = _sql(get_args(hint)[0])
        return f"{element}[]" if element in ("text", "uuid") else "json"
    return "json"


class Listed(NamedTuple):
    """A field of a row whose parts are also kept one a row, in a table beside, so that an index finds them.

    Their columns are the row's key and the fields of `part`. Defaults other than None are not written.
    """

    field: str
    part: type[Struct]
    indexes: tuple[str, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        hints = get_type_hints(self.part)
        return tuple(_column(name, hints[name]) for name in self.part.__struct_fields__)


def load(records: Iterable[Record], row: type[R]) -> list[R]:
    """Rows as the database gave them. Raises msgspec.ValidationError when the table is not this row's."""
    documents = _documents(row)
    found = [dict(record.items()) for record in records]
    for record in found:
        for name, decoder in documents:
            if (document := record[name]) is not None:
                record[name] = decoder.decode(document)
    return msgspec.convert(found, list[row])


@cache
def _documents(row: type[Struct]) -> tuple[tuple[str, msgspec.json.Decoder[Any]], ...]:
    """The fields kept as json, each with what reads its type straight from the text."""
    hints = get_type_hints(row)
    return tuple(
        (column.name, msgspec.json.Decoder(hints[column.name])) for column in columns(row) if column.sql == "json"
    )

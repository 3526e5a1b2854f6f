"""The table of a projection, generated from its `Row`: its definition, and its statements."""

from collections.abc import Iterable, Sequence
from functools import cache
from operator import attrgetter

import msgspec
from msgspec import Struct

from catch.database import Connection, Statements
from catch.log.rows import Column as Column
from catch.log.rows import Listed, columns, load
from projections.read_model import ReadModel

__all__ = ["Column", "Table", "checksum", "columns", "live", "load"]

# Sets in a fixed order, so that equal rows have equal bytes.
_json = msgspec.json.Encoder(order="deterministic")


class Table:
    """A projection's table under its own name, or under another while it is being rebuilt.

    Rows go in through COPY only, those that were there are deleted first: it takes half as long as `on conflict`, whose
    rows have to come as JSON or as arrays and are read twice.
    """

    def __init__(self, projection: ReadModel, name: str | None = None) -> None:
        self.row = projection.row
        self.columns = columns(self.row)
        self.name = name or projection.table
        key = self.columns[0]
        definitions = ", ".join(column.definition for column in self.columns)
        self.create = f'create table if not exists "{self.name}" ({definitions}, primary key ("{key.name}"))'
        self.create_bare = f'create table "{self.name}" ({definitions})'
        self.indexes = [f'create index on "{self.name}" {index}' for index in map(_listed, projection.indexes)]
        self.find = f'select * from "{self.name}" where "{key.name}" = any($1::{key.sql}[])'  # noqa: S608
        self.all_keys = f'select "{key.name}" from "{self.name}"'  # noqa: S608
        self.delete = f'delete from "{self.name}" where "{key.name}" = any($1::{key.sql}[])'  # noqa: S608
        held = projection.listed
        self.listing = Listing(self, held, projection) if held else None
        if self.listing:
            self.indexes = [*self.listing.made, *self.indexes]
        self.keyed = f'alter table "{self.name}" add primary key ("{key.name}")'
        self._names = [column.name for column in self.columns]
        self._values = attrgetter(*self._names)
        self._documents = [place for place, column in enumerate(self.columns) if column.sql == "json"]

    @property
    def names(self) -> list[str]:
        """Of its table, and of the one beside it."""
        return [self.name, *([self.listing.name] if self.listing else [])]

    async def copy(self, connection: Connection, rows: Iterable[Struct]) -> None:
        """Rows whose keys the table does not have yet."""
        await connection.copy_records_to_table(self.name, columns=self._names, records=map(self.record, rows))

    def record(self, row: Struct) -> Sequence[object]:
        """The row as COPY takes it."""
        values: Sequence[object] = self._values(row)
        if not self._documents:
            return values
        written = list(values)
        for place in self._documents:
            if written[place] is not None:
                written[place] = _json.encode(written[place]).decode()
        return written


class Listing:
    """The table beside, whose rows follow from those of the projection's own: it is made like an index of that one."""

    def __init__(self, place: Table, held: Listed, projection: ReadModel) -> None:
        self.field = held.field
        suffix = place.name.removeprefix(projection.table)
        self.name = f"{projection.beside}{suffix}"
        key = place.columns[0]
        definitions = ", ".join(column.definition for column in (key, *held.columns))
        parts = ", ".join(f'"{column.name}" {column.sql}' for column in held.columns)
        whole = f"""
            insert into "{self.name}" select t."{key.name}", part.*
            from "{place.name}" t cross join json_to_recordset(t."{held.field}") as part ({parts})
        """  # noqa: S608
        indexes = [f'create index on "{self.name}" {_listed(index)}' for index in held.indexes]
        self.drop = f'drop table if exists "{self.name}"'
        self.made = [self.drop, f'create table "{self.name}" ({definitions})', whole, *indexes]
        mine = f'"{key.name}" = any($1::{key.sql}[])'
        self._delete = f'delete from "{self.name}" where {mine}'  # noqa: S608
        self._insert = f"{whole} where t.{mine}"
        self._changed = f'select "{key.name}" from "{place.name}" where position > $1'  # noqa: S608

    async def renew(self, connection: Connection, keys: Sequence[object]) -> None:
        """After their rows were written."""
        if keys:
            await connection.execute(self._delete, keys)
            await connection.execute(self._insert, keys)

    async def renew_since(self, connection: Connection, position: int) -> None:
        """What any later fact has changed. Of rows with parts, none goes away."""
        await self.renew(connection, [row[0] for row in await connection.fetch(self._changed, position)])


@cache
def live(projection: ReadModel) -> Table:
    return Table(projection)


def _listed(index: str) -> str:
    """`agency, due where open` as well as `(agency, due) where open` and `using gin (cases)`."""
    if index.lstrip().startswith(("(", "using ")):
        return index
    names, where, condition = index.partition(" where ")
    return f"({names}){where}{condition}"


async def checksum(database: Statements, projection: ReadModel) -> str:
    """A digest of all rows: equal tables, and only they, have equal ones (within one server version)."""
    name, key = projection.table, columns(projection.row)[0].name
    rows = f"""string_agg(sha256(convert_to(t::text, 'UTF8')), ''::bytea order by "{key}")"""
    return str(await database.fetchval(f"""select encode(sha256(coalesce({rows}, '')), 'hex') from "{name}" t"""))  # noqa: S608

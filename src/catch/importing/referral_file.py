"""A team's list of referrals, taken apart: a workbook, or delimited text in whatever encoding, becomes rows of cells.

Read `encodings`, `delimited` and `workbook` (how it comes apart), `columns` (what the cells are), `days`, and `rows`
(what they say).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from catch.importing.columns import BY_NAME, COLUMNS, EMPTY_IT, FileUnusable, is_rejection, names_in, places
from catch.importing.days import TWO_WAYS, Order, like_a_day, order_of
from catch.importing.delimited import Delimited, LikeARow, Record
from catch.importing.encodings import decoded
from catch.importing.workbook import FORMER, SIGNATURE, WorkbookUnusable, sheets

_LARGEST = 50_000_000
_BEFORE = 20
"""Rows among which the one with the names is looked for: a title may stand above it."""
_NAMED = 3
"""Names of columns that make a row the one with the names. What stands in any other row is never repeated."""
_HEAD = 200_000
DELIMITERS = ",;\t|"
"""What stands between the cells, where no first line says that it is something else."""


class ReferralFile(Struct):
    """A file taken apart: the cells of its `rows` are in the order of `header`; `place` finds a column's.

    `orders` say how the days of a column are read.
    """

    encoding: str
    delimiter: str
    header: list[str]
    rows: list[Record]
    place: Mapping[str, int]
    orders: Mapping[str, Order]


class Table(NamedTuple):
    """The rows below the one with the names."""

    header: list[str]
    rows: list[Record]


def read(path: Path, *, month_first: bool = False) -> ReferralFile:
    """`month_first`: how days like 02/03/2026 were written. Raises FileUnusable."""
    raw = bytes_of(path)
    try:
        encoding, delimiter, table = _of_workbook(raw) if raw.startswith((SIGNATURE, FORMER)) else _of_text(raw)
        place = places(table.header)
    except (FileUnusable, WorkbookUnusable) as problem:
        raise FileUnusable(f"{path}: {problem}") from None
    said = _said_before(table)
    rows = [_as_before(row, said.get(row.line, "")) for row in table.rows]
    orders = {
        column: order_of(
            ((row.line, row.cells[at]) for row in rows if at < len(row.cells)),
            month_first,
            next((line for line, reason in said.items() if f"{column}: {TWO_WAYS}" in reason), None),
        )
        for column, at in place.items()
        if column in ("received", "date of birth")
    }
    return ReferralFile(encoding, delimiter, table.header, rows, place, orders)


def _said_before(table: Table) -> dict[int, str]:
    """By line, why it was rejected the last time."""
    ours = [at for at, name in enumerate(table.header) if is_rejection(name)]
    return {row.line: " | ".join(row.cells[at] for at in ours if at < len(row.cells)) for row in table.rows}


def _as_before(row: Record, said: str) -> Record:
    """A row that could not be taken apart is none yet, until somebody says that it was written anew."""
    return row if row.fault or EMPTY_IT not in said else row._replace(fault=f"could not be read before: {EMPTY_IT}")


def bytes_of(path: Path, largest: int = _LARGEST) -> bytes:
    """Raises FileUnusable."""
    try:
        if path.stat().st_size > largest:
            raise FileUnusable(f"{path}: larger than {largest // 1_000_000} MB; split the file")
        return path.read_bytes()
    except OSError as error:
        raise FileUnusable(f"{path}: {error.strerror}") from None


def _of_workbook(raw: bytes) -> tuple[str, str, Table]:
    if raw.startswith(FORMER):
        raise FileUnusable("a workbook of Excel before 2007, or one with a password; save it as .xlsx without")
    # The names may run over two rows; below them no cell may.
    lists = [(each, header) for each in sheets(raw) if (header := _header(map(_sound, each.records)))]
    if len(lists) > 1:
        raise FileUnusable(f"{len(lists)} sheets hold a list; save the one that you mean in a workbook of its own")
    if not lists:
        raise FileUnusable(f"no sheet that is shown has {_EXPECTED}")
    ((sheet, header),) = lists
    return "Excel", ",", Table(header.cells, [row for row in sheet.records if row.line > header.line])


def _of_text(raw: bytes) -> tuple[str, str, Table]:
    text, encoding = decoded(raw)
    said = _SEPARATOR.match(text)
    start = said.end() if said else 0
    heads = [
        (each, _header(Delimited(text[:_HEAD], each).records(start))) for each in (said[1] if said else DELIMITERS)
    ]
    found = [(delimiter, header) for delimiter, header in heads if header]
    if not text.strip():
        raise FileUnusable("the file is empty")
    if not found:
        raise FileUnusable(f"no line has {_EXPECTED}. If it is no list as text, save it as .xlsx or as CSV UTF-8")
    delimiter, header = max(found, key=lambda each: _known(each[1].cells))
    whole = Delimited(text, delimiter)
    like_a_row = _like_a_row(places(header.cells), whole.records(header.end))
    rows = list(whole.records(header.end, like_a_row))
    return encoding, delimiter, Table(header.cells, rows)


_SEPARATOR = re.compile(r'"?sep=([^\r\n"])"?[^\r\n\w]*(?:\r\n|\n|\r)', re.IGNORECASE)
"""A first line that tells Excel what stands between the cells."""
_EXPECTED = f"the names of columns. They are: {', '.join(BY_NAME)}"


def _header(records: Iterable[Record]) -> Record | None:
    return next((each for each in islice(records, _BEFORE) if not each.fault and _known(each.cells) >= _NAMED), None)


def _sound(record: Record) -> Record:
    return record._replace(fault="")


def _known(cells: Sequence[str]) -> int:
    return len({*names_in(cells)} & {*BY_NAME})


def _like_a_row(place: Mapping[str, int], records: Iterable[Record]) -> LikeARow:
    """By the day on which it was received, or by a source and a channel that the file has in other rows."""

    def at(column: str, cells: Sequence[str]) -> str:
        return cells[place[column]].strip(' "\r\n').casefold() if place[column] < len(cells) else ""

    sound = [record.cells for record in records if not record.fault]
    codes = {column: {at(column, cells) for cells in sound} - {""} for column in ("source", "channel")}
    least = 1 + max(place[column.name] for column in COLUMNS if column.filled)

    def like(cells: Sequence[str], whole: bool) -> bool:
        if whole and len(cells) < least:
            return False
        # Days may stand one after the other in a text as well.
        came = like_a_day(at("received", cells)) and not any(like_a_day(at(column, cells)) for column in codes)
        return came or all(at(column, cells) in known for column, known in codes.items())

    return like

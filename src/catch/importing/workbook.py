"""A list as an Excel workbook: the cells of its sheets, as somebody would have typed them.

python-calamine reads the values. What it passes over in silence is looked for beside it: a cell that shows an error or
that was never worked out would be an empty one, and a stray cell in the last row costs as much memory as a full sheet.
"""

import io
import re
import zlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from xml.etree import ElementTree
from zipfile import BadZipFile, ZipFile

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from catch.importing.columns import EMPTY_IT
from catch.importing.delimited import Record

Value = int | float | str | bool | time | date | datetime | timedelta

SIGNATURE = b"PK\x03\x04"
FORMER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""How a workbook begins that was saved by Excel before 2007, or with a password."""

_LARGEST = 500_000_000
"""Bytes that a workbook may become when it is unpacked."""
_CELLS = 5_000_000
"""Cells between the first and the last that is filled: each takes memory, filled or not."""
_PRECISE = 10**15
"""A spreadsheet keeps fifteen digits of a number."""


_DAMAGED = (
    BadZipFile,
    CalamineError,
    ElementTree.ParseError,
    EOFError,
    KeyError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    zlib.error,
)
"""What a package, or a part of it, may turn out to be."""


class WorkbookUnusable(Exception):
    """The workbook cannot be read. The text says why."""


class Sheet(NamedTuple):
    name: str
    records: list[Record]


class Marked(NamedTuple):
    """What is said of cells beside their values, by row and column from 0."""

    wrong: dict[tuple[int, int], str]
    last: tuple[int, int]


def sheets(raw: bytes) -> list[Sheet]:
    """The sheets that are shown, with their rows. Raises WorkbookUnusable."""
    try:
        with ZipFile(io.BytesIO(raw)) as packed:
            if sum(part.file_size for part in packed.infolist()) > _LARGEST:
                raise WorkbookUnusable("the workbook is too large; save the list alone in a workbook of its own")
            marked = {name: _marked(packed, part) for name, part in _parts(packed).items()}
        with CalamineWorkbook.from_filelike(io.BytesIO(raw)) as workbook:
            shown = [
                sheet.name
                for sheet in workbook.sheets_metadata
                if (sheet.typ, sheet.visible) == (SheetTypeEnum.WorkSheet, SheetVisibleEnum.Visible)
            ]
            return [_sheet(workbook, name, marked[name]) for name in shown]
    except _DAMAGED:
        raise WorkbookUnusable("this workbook cannot be read; save it anew as .xlsx, or as CSV UTF-8") from None


def _sheet(workbook: CalamineWorkbook, name: str, marked: Marked) -> Sheet:
    row, column = marked.last
    if (row + 1) * (column + 1) > _CELLS:
        raise WorkbookUnusable(f"a sheet goes on to {column_name(column)}{row + 1}: delete what stands so far out")
    return Sheet(name, list(_records(workbook.get_sheet_by_name(name), marked.wrong)))


def _records(sheet: CalamineSheet, wrong: Mapping[tuple[int, int], str]) -> Iterator[Record]:
    faults: dict[int, str] = {}
    for (row, column), what in wrong.items():
        faults.setdefault(row, f"the cell {column_name(column)}{row + 1} {what}")
    merged = _merged(sheet)
    for row, values in enumerate(sheet.to_python(skip_empty_area=False)):
        cells = [_written(value) for value in values]
        if row in faults or any(cell.strip() for cell in cells):
            fault = faults.get(row, merged.get(row, ""))
            yield Record(row + 1, cells, fault=f"{fault}: {EMPTY_IT}" if fault else "")


def _merged(sheet: CalamineSheet) -> dict[int, str]:
    """Of cells that are merged over several rows only the first has the value."""
    return {
        row: f"the cell {column_name(left)}{top + 1} is one for several rows, and each row needs its own"
        for (top, left), (bottom, _) in sheet.merged_cell_ranges or ()
        if bottom > top
        for row in range(top, bottom + 1)
    }


def column_name(column: int) -> str:
    """As a spreadsheet calls it: A for 0, AA for 26."""
    before, last = divmod(column, 26)
    return (column_name(before - 1) if before else "") + chr(ord("A") + last)


def _written(value: Value) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer() and abs(value) < _PRECISE:
            return str(int(value))
        case datetime():
            return value.isoformat(" ", "seconds")
        case time():
            return value.isoformat("seconds")
        case _:
            return str(value)


def _parts(packed: ZipFile) -> dict[str, str]:
    """Where each sheet stands in the package."""
    relations = _elements(packed, "xl/_rels/workbook.xml.rels", "Relationship")
    places = {each.get("Id"): _place(each.get("Target", "")) for each in relations}
    named = {each.get("name", ""): each for each in _elements(packed, "xl/workbook.xml", "sheet")}
    return {name: places[relation] for name, each in named.items() if (relation := _relation(each)) in places}


def _relation(element: ElementTree.Element) -> str | None:
    return next((value for key, value in element.items() if key.endswith("}id")), None)


def _place(target: str) -> str:
    return target[1:] if target.startswith("/") else f"xl/{target}"


def _elements(packed: ZipFile, part: str, tag: str) -> Iterator[ElementTree.Element]:
    """Those with this name, whatever the namespace."""
    with packed.open(part) as text:
        for _, element in ElementTree.iterparse(text):  # noqa: S314  (expat itself bounds what an entity may become)
            if _tag(element) == tag:
                yield element


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _marked(packed: ZipFile, part: str) -> Marked:
    wrong: dict[tuple[int, int], str] = {}
    row, last_row, last_column = -1, 0, 0
    for element in _elements(packed, part, "row"):
        row = int(element.get("r", row + 2)) - 1
        column = -1
        for cell in element:
            column = _column(cell.get("r", "")) if cell.get("r") else column + 1
            parts = {_tag(each) for each in cell}
            if cell.get("t") == "e":
                wrong[row, column] = "shows an error"
            elif "f" in parts and "v" not in parts:
                wrong[row, column] = "has a formula that was not worked out by saving the workbook"
            if parts:
                last_row, last_column = max(last_row, row), max(last_column, column)
        element.clear()  # a sheet may be long
    return Marked(wrong, (last_row, last_column))


def _column(place: str) -> int:
    """The number of the column from 0: 0 for `A7`, 26 for `AA7`."""
    found = re.match(r"[A-Z]+", place)
    if found is None:
        raise ValueError(place)
    number = 0
    for letter in found[0]:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1

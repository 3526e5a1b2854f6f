"""A report's tables as they go on being worked with: one CSV with all of them, or a workbook with a sheet each.

Numbers are numbers and not texts. A text that a spreadsheet would work out is written as a text.
"""

import csv
from datetime import datetime
from io import BytesIO, StringIO
from typing import Any, cast

from catch.report.content import Cell, Kind, Report, Untold
from catch.spreadsheets import written_out

_EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001  (a workbook knows no zones)
_SHEET = 31
"""Characters that the name of a sheet may have."""
_FORMATS = {Kind.SHARE: "0%", Kind.MONEY: "£#,##0.00", Kind.SCORE: "0.00", Kind.COUNT: "#,##0.##", Kind.DAYS: "0"}


def csv_of(report: Report) -> str:
    """Every number in a row of its own: section, table, what it is about, column, value. UTF-8 with a mark, as Excel
    expects it."""
    out = StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("section", "table", "row", "column", "value"))
    for label, value in (("title", report.title), ("subtitle", report.subtitle), *report.about):
        writer.writerow(("about", "", _safe(label), "", _safe(value)))
    for section, table in report.tables():
        for number, row in enumerate(table.rows, start=1):
            about, *values = row
            name = f"{number} {_plain(about)}" if len({each[0] for each in table.rows}) < len(table.rows) else about
            for column, cell in zip(table.columns[1:], values, strict=True):
                writer.writerow((section.title, table.title, _safe(_plain(name)), column.title, _safe(cell)))
    return out.getvalue()


def workbook_of(report: Report) -> bytes:
    """Raises ImportError without the extra `report`."""
    import xlsxwriter

    out = BytesIO()
    # In memory and without a date of its own: the same report gives the same bytes.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    workbook = cast("Any", xlsxwriter.Workbook)  # its stubs say nothing of what they take
    with workbook(out, options) as book:
        book.set_properties({"title": report.title, "created": _EPOCH})
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        formats = {kind: book.add_format({"num_format": form}) for kind, form in _FORMATS.items()}
        about = book.add_worksheet("About")
        about.set_column(0, 0, 28)
        about.set_column(1, 1, 90)
        for line, (label, value) in enumerate((("Report", report.title), ("Of", report.subtitle), *report.about)):
            about.write_string(line, 0, label, bold)
            about.write_string(line, 1, value, wrapped)
        taken: set[str] = {"about"}
        for _, table in report.tables():
            sheet = book.add_worksheet(_name(table.title, taken))
            sheet.set_column(0, 0, 36)
            sheet.set_column(1, max(1, len(table.columns) - 1), 16)
            sheet.freeze_panes(1, 1)
            for column, of in enumerate(table.columns):
                sheet.write_string(0, column, of.title, bold)
            for line, row in enumerate(table.rows, start=1):
                for column, (cell, of) in enumerate(zip(row, table.columns, strict=True)):
                    _write(sheet, line, column, cell, formats.get(of.kind))
            if table.note:
                sheet.write_string(len(table.rows) + 2, 0, table.note, wrapped)
    return out.getvalue()


def _write(sheet: Any, line: int, column: int, cell: Cell, form: Any) -> None:
    if isinstance(cell, int | float):
        sheet.write_number(line, column, cell, form)
    else:
        sheet.write_string(line, column, _plain(cell))


def _plain(cell: Cell) -> Cell:
    return cell.value if isinstance(cell, Untold) else cell


def _safe(cell: Cell) -> Cell:
    plain = _plain(cell)
    return written_out(plain) if isinstance(plain, str) else plain


def _name(title: str, taken: set[str]) -> str:
    """As Excel takes it: short, without some signs, and no two alike."""
    clean = "".join(sign for sign in title if sign not in "[]:*?/\\'").strip() or "Table"
    name, number = clean[:_SHEET], 2
    while name.casefold() in taken:
        end = f" {number}"
        name, number = clean[: _SHEET - len(end)] + end, number + 1
    taken.add(name.casefold())
    return name

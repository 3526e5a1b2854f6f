"""The forms in which a report is written, by how their files' names end."""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import NamedTuple

from catch.report import page, printing, sheets
from catch.report.content import Report


def as_html(report: Report) -> bytes:
    return page.html(report).encode()


def as_csv(report: Report) -> bytes:
    return sheets.csv_of(report).encode()


class Form(NamedTuple):
    """`needs` is what must be installed for it, with the extra `report`."""

    called: str
    media: str
    needs: str | None
    write: Callable[[Report], bytes]

    @property
    def available(self) -> bool:
        return self.needs is None or find_spec(self.needs) is not None


FORMS: Mapping[str, Form] = {
    ".html": Form("One page with charts", "text/html", "vl_convert", as_html),
    ".pdf": Form("Print (PDF)", "application/pdf", "typst", printing.pdf),
    ".csv": Form("Numbers (CSV)", "text/csv", None, as_csv),
    ".xlsx": Form(
        "Workbook (Excel)",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xlsxwriter",
        sheets.workbook_of,
    ),
}

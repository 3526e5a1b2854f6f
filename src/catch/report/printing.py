"""A report as PDF, set by Typst: tagged (PDF/UA-1), without a browser, and the same bytes for the same report."""

from importlib.resources import files

import msgspec

from catch.report.content import Drawn, Report, Table, written
from catch.report.drawing import svg


def pdf(report: Report) -> bytes:
    """Raises ImportError without the extra `report`."""
    import typst

    template = (files("catch.report") / "report.typ").read_bytes()
    # As data, and never as part of the template: what people wrote sets nothing.
    said = msgspec.json.encode(as_data(report)).decode()
    return typst.compile(
        template, ignore_system_fonts=True, format="pdf", sys_inputs={"report": said}, pdf_standards=["ua-1"]
    )


def as_data(report: Report) -> dict[str, object]:
    return {
        "title": report.title,
        "subtitle": report.subtitle,
        "about": report.about,
        "sections": [
            {"title": section.title, "said": section.said, "parts": [_part(part) for part in section.parts]}
            for section in report.sections
        ],
    }


def _part(part: Table | Drawn) -> dict[str, object]:
    if isinstance(part, Table):
        return {"table": _table(part)}
    return {"svg": svg(part), "title": part.title, "description": part.description, "table": _table(part.table())}


def _table(table: Table) -> dict[str, object]:
    kinds = [column.kind for column in table.columns]
    return {
        "title": table.title,
        "note": table.note,
        "columns": [column.title for column in table.columns],
        "rows": [[written(cell, kind) for cell, kind in zip(row, kinds, strict=True)] for row in table.rows],
    }

"""A report as one page of HTML that needs nothing else: styles and charts are in it, and no script."""

from markupsafe import Markup

from catch.report.content import Drawn, Report, Table, written
from catch.report.drawing import svg
from catch.templates import template


def html(report: Report) -> str:
    """Raises ImportError without the extra `report`."""
    page = template("catch.report", "report.html")
    return page.render(report=report, written=written, drawn=_drawn, is_table=_is_table)


def _is_table(part: Table | Drawn) -> bool:
    return isinstance(part, Table)


def _drawn(part: Drawn) -> Markup:
    return Markup(svg(part))  # noqa: S704  (drawn from data, in which every text was escaped)

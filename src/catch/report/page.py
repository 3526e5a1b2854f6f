"""A report as one page of HTML that needs nothing else: styles and charts are in it, and no script."""

from importlib.resources import files

from jinja2 import Environment, StrictUndefined, select_autoescape
from markupsafe import Markup

from catch.report.content import Drawn, Report, Table, written
from catch.report.drawing import svg


def html(report: Report) -> str:
    """Raises ImportError without the extra `report`."""
    made = Environment(
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = (files("catch.report") / "report.html").read_text(encoding="utf-8")
    return made.from_string(template).render(report=report, written=written, drawn=_drawn, is_table=_is_table)


def _is_table(part: Table | Drawn) -> bool:
    return isinstance(part, Table)


def _drawn(part: Drawn) -> Markup:
    return Markup(svg(part))  # noqa: S704  (drawn from data, in which every text was escaped)

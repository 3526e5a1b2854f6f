"""What a report holds: sections of sentences, tables and charts, each chart with the table that it draws.

Values only. Whoever makes a form of it (`page`, `printing`, `sheets`) adds nothing and leaves nothing out.
"""

from collections.abc import Iterator
from enum import Enum, StrEnum

from msgspec import Struct

from catch.statistics.charts import Chart, Sign
from catch.statistics.funnels import Funnel


class Untold(Enum):
    """Why there is no number."""

    FEW = "*"
    """People would be known by it."""
    NONE = "–"
    """There is none: nobody was measured, or the curve does not reach so far."""


Cell = str | int | float | Untold


class Kind(StrEnum):
    """How a column's numbers are written."""

    TEXT = "text"
    COUNT = "count"
    SHARE = "share"
    DAYS = "days"
    SCORE = "score"
    MONEY = "money"


class Column(Struct, frozen=True):
    title: str
    kind: Kind = Kind.COUNT


class Table(Struct, frozen=True):
    """`columns` begin with what a row is about."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


class Step(Struct, frozen=True):
    """A curve from this day on. The interval is None where none is defined."""

    day: int
    share: float
    lower: float | None = None
    upper: float | None = None


class Line(Struct, frozen=True):
    """`at_risk`: how many were still waiting, by day."""

    name: str
    steps: tuple[Step, ...]
    at_risk: tuple[tuple[int, int], ...]


class Curves(Struct, frozen=True):
    """How many of a hundred have had it by each day."""

    title: str
    description: str
    across: str
    up: str
    lines: tuple[Line, ...]

    def table(self) -> Table:
        numbered = [
            (line.name, day, _share_at(line, day), at_risk) for line in self.lines for day, at_risk in line.at_risk
        ]
        columns = (Column("Group", Kind.TEXT), Column("Day", Kind.DAYS), Column("Share", Kind.SHARE), Column("At risk"))
        return Table(self.title, columns, tuple(numbered))


class Unjudged(Struct, frozen=True):
    """A month that is not counted in full: it would look like a fall, and says nothing of what is usual."""

    label: str
    value: float


class Process(Struct, frozen=True):
    """A figure month by month, with the limits of chance. `labels` name the months, one a point; months in part stand
    `before` and `after` them.
    """

    title: str
    description: str
    up: str
    labels: tuple[str, ...]
    chart: Chart
    kind: Kind = Kind.COUNT
    target: float | None = None
    before: tuple[Unjudged, ...] = ()
    after: tuple[Unjudged, ...] = ()

    def table(self) -> Table:
        points = zip(self.labels, self.chart.points, strict=True)
        judged = [(label, point.value, MEANINGS[point.sign, point.better]) for label, point in points]
        before, after = ([(each.label, each.value, IN_PART) for each in ends] for ends in (self.before, self.after))
        return Table(
            self.title,
            (Column("Month", Kind.TEXT), Column(self.up, self.kind), Column("What it means", Kind.TEXT)),
            (*before, *judged, *after),
        )


class Apart(Struct, frozen=True):
    """Shares of groups of unlike size, with the limits of chance round the share of all."""

    title: str
    description: str
    across: str
    up: str
    funnel: Funnel

    def table(self) -> Table:
        titles = ("Count", "Of", "Share", "95 % from", "95 % to")
        kinds = (Kind.COUNT, Kind.COUNT, Kind.SHARE, Kind.SHARE, Kind.SHARE)
        return Table(
            self.title,
            (
                Column("Group", Kind.TEXT),
                *(Column(title, kind) for title, kind in zip(titles, kinds, strict=True)),
                Column("What it means", Kind.TEXT),
            ),
            tuple(
                (one.name, one.count, one.of, one.share, one.lower, one.upper, _meaning(one.apart, one.to_look_at))
                for one in self.funnel.groups
            ),
        )


class Bars(Struct, frozen=True):
    """One number each, the largest first as given."""

    title: str
    description: str
    of: str
    up: str
    bars: tuple[tuple[str, Cell], ...]
    kind: Kind = Kind.COUNT

    def table(self) -> Table:
        return Table(self.title, (Column(self.of, Kind.TEXT), Column(self.up, self.kind)), self.bars)


Drawn = Curves | Process | Apart | Bars


class Section(Struct, frozen=True):
    title: str
    said: tuple[str, ...] = ()
    parts: tuple[Table | Drawn, ...] = ()


class Report(Struct, frozen=True):
    """`about` says what it was made from, so that anybody can make the same again."""

    title: str
    subtitle: str
    about: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]

    def tables(self) -> Iterator[tuple[Section, Table]]:
        """Every table, those of charts included."""
        for section in self.sections:
            for part in section.parts:
                yield section, part if isinstance(part, Table) else part.table()


IN_PART = "part of a month: not judged"
MEANINGS: dict[tuple[Sign | None, bool | None], str] = {
    (None, None): "no more than chance",
    **{
        (sign, better): f"{what}{whose}"
        for sign, what in (
            (Sign.OUTSIDE, "beyond the limits"),
            (Sign.TREND, "seven in a row that rise or fall"),
            (Sign.TWO_OF_THREE, "two of three near a limit"),
            (Sign.SHIFT, "seven in a row at one side"),
        )
        for better, whose in ((True, ": better"), (False, ": worse"), (None, ""))
    },
}


def written(cell: Cell, kind: Kind) -> str:
    """A cell as people read it."""
    match cell:
        case Untold():
            return cell.value
        case str():
            return cell
        case _ if kind is Kind.SHARE:
            return f"{cell * 100:.0f} %"
        case _ if kind is Kind.MONEY:
            return f"£{cell:,.2f}"
        case _ if kind is Kind.SCORE:
            return f"{cell:.2f}"
        case float() if not cell.is_integer():
            return f"{cell:,.1f}"
        case _:
            return f"{cell:,.0f}"


def _share_at(line: Line, day: int) -> Cell:
    before = [step for step in line.steps if step.day <= day]
    if not line.steps or day > line.steps[-1].day:
        return Untold.NONE
    return before[-1].share if before else 0.0


def _meaning(apart: bool, to_look_at: bool) -> str:
    return "beyond 99.8 % limits" if apart else "beyond 95 % limits" if to_look_at else "no more than chance"

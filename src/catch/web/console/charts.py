"""Charts of pages as SVG: where each line, mark and word stands. A template writes it, and each mark is a link.

Drawn here, and not as the charts of a report: Vega stops a whole process for as long as it draws, and is not on every
server. What is drawn is the same value (`report.content`): what it does not hold is not drawn, and moves no axis.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from math import ceil, floor, log10
from typing import NamedTuple, assert_never

from catch.report.content import Apart, Bars, Curves, Drawn, Kind, Process, Step, written
from catch.statistics.charts import Plotted
from catch.statistics.funnels import limits

WIDTH, LEFT, RIGHT, TOP, TALL = 640, 56, 20, 28, 220
"""Of a sheet, the room left on three sides of it, and how high the drawing is."""
TICKS, APART = 5, 40
"""About so many numbers on an axis; and how far apart, at least, numbers along it stand."""
NAMED = 8
"""Of more groups than these only those to look at have their names beside them: the table has all."""
LIMITS = 60
"""Sizes at which the limits of a funnel are worked out."""
SHAPES = {
    "dot": "M{x} {y}m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0Z",
    "circle": "M{l} {y}a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0Z",
    "up": "M{x} {t}l5.5 10h-11Z",
    "diamond": "M{x} {t}l6 6l-6 6l-6 -6Z",
    "square": "M{l} {s}h9v9h-9Z",
    "cross": "M{l} {s}l2 -2l2.5 2.5l2.5 -2.5l2 2l-2.5 2.5l2.5 2.5l-2 2l-2.5 -2.5l-2.5 2.5l-2 -2l2.5 -2.5Z",
}


class Text(NamedTuple):
    """`turned`: written upwards, so that many fit beside each other."""

    x: float
    y: float
    says: str
    anchor: str = "middle"
    turned: bool = False


class Path(NamedTuple):
    d: str
    kind: str


class Mark(NamedTuple):
    """What can be pointed at: what it says, and the address it leads to, if any."""

    x: float
    y: float
    shape: str
    says: str
    lead: str
    kind: str = "plain"

    @property
    def d(self) -> str:
        x, y = self.x, self.y
        return SHAPES[self.shape].format(x=x, y=y, t=round(y - 6, 1), l=round(x - 4.5, 1), s=round(y - 4.5, 1))


class Bar(NamedTuple):
    y: float
    width: float
    says: str
    lead: str


class Picture(NamedTuple):
    title: str
    description: str
    key: str
    width: float
    height: float
    texts: list[Text]
    paths: list[Path]
    marks: list[Mark]
    bars: list[Bar]


class Sheet:
    """What lies between two numbers each way, put where it belongs."""

    def __init__(self, right: float, low: float, high: float) -> None:
        self.right, self.low, self.high = right or 1.0, low, high if high > low else low + 1

    def x(self, value: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * value / self.right, 1)

    def y(self, value: float) -> float:
        return round(TOP + TALL * (self.high - value) / (self.high - self.low), 1)

    def line(self, points: Iterable[tuple[float, float]]) -> str:
        return "M" + "L".join(f"{self.x(x)} {self.y(y)}" for x, y in points)

    def across(self, value: float) -> str:
        return f"M{LEFT} {self.y(value)}H{WIDTH - RIGHT}"

    def grid(self, up: str, say: Callable[[float], str], least: float) -> tuple[list[Path], list[Text]]:
        at = ticks(self.low, self.high, least)
        paths = [Path(self.across(each), "grid") for each in at]
        texts = [Text(LEFT - 8, self.y(each) + 4, say(each), "end") for each in at]
        return paths, [Text(4, 14, up, "start"), *texts]


def ticks(low: float, high: float, least: float = 0.0) -> list[float]:
    """Round numbers from the one to the other, `least` apart at least."""
    rough = max((high - low) / TICKS, least, 1e-9)
    power = 10.0 ** floor(log10(rough))
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough * 0.999)
    return [step * each for each in range(ceil(low / step - 1e-9), floor(high / step + 1e-9) + 1)]


def picture(chart: Drawn, leads: Sequence[str]) -> Picture:
    """`leads`: of each step, point, group or bar the address of its facts; empty where there is none."""
    match chart:
        case Curves():
            return curves(chart, leads)
        case Process():
            return process(chart, leads)
        case Apart():
            return apart(chart, leads)
        case Bars():
            return bars(chart, leads)
        case _:
            assert_never(chart)


def percent(share: float) -> str:
    return f"{share * 100:.3g} %"


def curves(chart: Curves, leads: Sequence[str]) -> Picture:
    (line,) = chart.lines
    last = line.steps[-1].day
    sheet = Sheet(last, 0, 1)
    paths, texts = sheet.grid(chart.up, percent, 0.25)
    sure = [(each.day, each.lower, each.upper) for each in line.steps if each.lower is not None and each.upper]
    if len(sure) > 1:
        upper, lower = [(day, high) for day, _, high in sure], [(day, low) for day, low, _ in sure]
        band = [*stairs(upper), *reversed([*stairs(lower)])]
        paths.append(Path(f"{sheet.line(band)}Z", "band"))
    paths.append(Path(sheet.line(stairs([(0, 0.0), *((each.day, each.share) for each in line.steps)])), "line"))
    waiting = spaced([(sheet.x(day), str(day), str(count)) for day, count in line.at_risk if day <= last])
    days = [(x, day) for x, day, _ in waiting] or [(sheet.x(day), f"{day:g}") for day in ticks(0, last, 1)]
    texts += [Text(x, TOP + TALL + 18, day) for x, day in days]
    texts.append(Text((LEFT + WIDTH - RIGHT) / 2, TOP + TALL + 38, chart.across))
    height = TOP + TALL + 50
    if waiting:
        # Below the curve: without it the end of a curve says more than it knows.
        texts.append(Text(4, height + 12, "Still waiting on that day", "start"))
        texts += [Text(x, height + 32, count) for x, _, count in waiting]
        height += 42
    marks = [
        Mark(sheet.x(each.day), sheet.y(each.share), "dot", f"By day {each.day}: {percent(each.share)}", lead)
        for (before, each), lead in zip(pairwise([Step(0, 0.0), *line.steps]), leads, strict=True)
        # Where somebody was followed no further, and nobody reached anything, the line goes on as it was.
        if each.share > before.share
    ]
    key = "The shaded band is the 95 % interval." if len(sure) > 1 else ""
    return Picture(chart.title, chart.description, key, WIDTH, height, texts, paths, marks, [])


def stairs(points: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """Level until the next."""
    yield points[0]
    for (_, before), (x, y) in pairwise(points):
        yield x, before
        yield x, y


def spaced(texts: Sequence[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    """Of words in a row those that do not run into each other."""
    shown: list[tuple[float, str, str]] = []
    for each in texts:
        if not shown or each[0] - shown[-1][0] >= APART:
            shown.append(each)
    return shown


SIGNED = {True: ("up", "better"), False: ("diamond", "worse"), None: ("square", "signal")}


def process(chart: Process, leads: Sequence[str]) -> Picture:
    found, shares = chart.chart, chart.kind is Kind.SHARE
    # What is judged stands between what is not.
    points: list[Plotted | None] = [*(None for _ in chart.before), *found.points, *(None for _ in chart.after)]
    labels = [*(each.label for each in chart.before), *chart.labels, *(each.label for each in chart.after)]
    values = [each.value for each in (*chart.before, *found.points, *chart.after)]
    # Neither a count nor a share is less than nothing, whatever limits come out.
    low, high = min(*values, found.lower), max(*values, found.upper)
    low = max(0.0, low - (high - low) / 20)
    high = min(1.0, high) if shares else high
    sheet = Sheet(len(values), low, high)
    paths, texts = sheet.grid(chart.up, percent if shares else "{:g}".format, 0.01 if shares else 1)
    rules = ((found.mean, "rule"), (found.upper, "limit"), (found.lower, "limit"))
    paths += [Path(sheet.across(at), kind) for at, kind in rules if low <= at <= high]
    places = [(number + 0.5, value) for number, value in enumerate(values)]
    paths.append(Path(sheet.line(places), "thread"))
    every = ceil(len(values) / 24)
    texts += [
        Text(sheet.x(place), TOP + TALL + 14, label, "end", turned=True)
        for (place, _), label in [*zip(places, labels, strict=True)][::every]
    ]
    marks: list[Mark] = []
    for (place, value), (label, told, meaning), point, lead in zip(
        places, chart.table().rows, points, leads, strict=True
    ):
        if point is None:
            shape, kind = "cross", "part"
        else:
            shape, kind = SIGNED[point.better] if point.sign else ("circle", "plain")
        said = f"{label}: {written(told, chart.kind)}, {meaning}"
        marks.append(Mark(sheet.x(place), sheet.y(value), shape, said, lead, kind))
    key = (
        "Solid: the mean. Dashed: the limits of chance. Round: no more than chance; triangle: better; diamond: worse;"
        " square: more than chance."
    ) + (" Cross: part of a month, not judged." if None in points else "")
    return Picture(chart.title, chart.description, key, WIDTH, TOP + TALL + 74, texts, paths, marks, [])


def apart(chart: Apart, leads: Sequence[str]) -> Picture:
    found = chart.funnel
    drawn = limits(found, LIMITS)
    tallest = max([each.share for each in found.groups] + [each.upper_action for each in drawn[len(drawn) // 4 :]])
    sheet = Sheet(drawn[-1].of, 0, min(1.0, tallest * 1.05))
    paths, texts = sheet.grid(chart.up, percent, 0.01)
    paths.append(Path(sheet.across(found.share or 0), "rule"))
    for ends, kind in (
        ([(each.of, each.lower, each.upper) for each in drawn], "limit"),
        ([(each.of, each.lower_action, each.upper_action) for each in drawn], "limit catch-chart__limit--outer"),
    ):
        within = [(of, low, min(high, sheet.high)) for of, low, high in ends]
        paths.append(Path(sheet.line((of, low) for of, low, _ in within), kind))
        paths.append(Path(sheet.line((of, high) for of, _, high in within), kind))
    texts += [Text(sheet.x(of), TOP + TALL + 18, f"{of:g}") for of in ticks(0, sheet.right, 1)]
    texts.append(Text((LEFT + WIDTH - RIGHT) / 2, TOP + TALL + 38, "How many stand behind each"))
    marks = [
        Mark(
            sheet.x(each.of),
            sheet.y(each.share),
            "diamond" if each.to_look_at else "circle",
            f"{each.name}: {percent(each.share)} of {each.of}",
            lead,
            "signal" if each.to_look_at else "plain",
        )
        for each, lead in zip(found.groups, leads, strict=True)
    ]
    few = len(found.groups) <= NAMED
    shown = [(mark, each.name) for mark, each in zip(marks, found.groups, strict=True) if few or each.to_look_at]
    texts += named(shown)
    key = "Level: the share of all together. Dashed: 95 % limits; solid: 99.8 %. Diamond: beyond the 95 % limits."
    return Picture(chart.title, chart.description, key, WIDTH, TOP + TALL + 50, texts, paths, marks, [])


def named(marks: Iterable[tuple[Mark, str]]) -> Iterator[Text]:
    """A name beside each mark, lower where another stands there already."""
    taken: list[tuple[float, float]] = []
    for mark, name in sorted(marks, key=lambda each: (each[0].y, each[0].x)):
        y = mark.y + 4
        while any(abs(mark.x - x) < 8 * len(name) and abs(y - other) < 14 for x, other in taken):
            y += 14
        taken.append((mark.x, y))
        right = mark.x + 8 * len(name) > WIDTH - RIGHT
        yield Text(mark.x - 10 if right else mark.x + 10, y, name, "end" if right else "start")


ROW, NARROW = 44, 340
"""How high a bar is with its name above it; and how wide a sheet of bars, which a telephone shows whole."""


def bars(chart: Bars, leads: Sequence[str]) -> Picture:
    held = [
        (name, float(value), lead)
        for (name, value), lead in zip(chart.bars, leads, strict=True)
        if isinstance(value, int | float)
    ]
    most = max((value for _, value, _ in held), default=1.0)
    texts: list[Text] = []
    drawn: list[Bar] = []
    for number, (name, value, lead) in enumerate(held):
        y, width, told = number * ROW + 14, round((NARROW - 60) * value / most, 1), written(value, chart.kind)
        texts += [Text(4, y, name, "start"), Text(width + 12, y + 19, told, "start")]
        drawn.append(Bar(y + 6, width, f"{name}: {told}", lead))
    return Picture(chart.title, chart.description, "", NARROW, len(held) * ROW + 8, texts, [], [], drawn)

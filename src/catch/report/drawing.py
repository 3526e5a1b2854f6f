"""Charts as SVG, drawn by Vega without a browser. Colour is never all that tells two things apart.

A chart is described as data (Vega-Lite), and the same description gives the same bytes.
"""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from catch.report.content import Apart, Bars, Curves, Drawn, Kind, Line, Process
from catch.statistics.funnels import limits

Spec = dict[str, Any]
WIDTH, HEIGHT = 600, 280
BLUE, ORANGE, GREY, DARK = "#005eb8", "#b85c00", "#768692", "#212b32"
LINES = ((BLUE, [1, 0]), (ORANGE, [6, 3]), ("#007f3b", [2, 2]), ("#7c2855", [8, 3, 2, 3]))
"""A colour and a dash for each line."""
STYLE: Spec = {
    "background": "white",
    "font": "Libertinus Serif, Georgia, serif",
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "gridColor": "#e8edee"},
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "orient": "top", "symbolSize": 200, "symbolStrokeWidth": 2},
    "view": {"stroke": None},
    "text": {"fontSize": 12},
}
FORMATS = {Kind.SHARE: ".0%", Kind.MONEY: ",.0f", Kind.SCORE: ".1f"}
BARE: Spec = {"title": None, "domain": False, "ticks": False, "grid": False, "offset": 18}
NUMBER = ",.1~f"
POINTS_OF_LIMITS = 80
"""Sizes at which a funnel's limits are worked out."""


def svg(chart: Drawn) -> str:
    """Raises ImportError without the extra `report`."""
    import vl_convert

    drawn = vl_convert.vegalite_to_svg({**spec(chart), "config": STYLE}, vl_version="5.21")
    # A picture with a name, and not hundreds of marks that are read out one by one.
    named = f'<svg role="img" aria-label="{escape(f"{chart.title}. {chart.description}")}" '
    return drawn.replace("<svg ", named, 1)


def spec(chart: Drawn) -> Spec:
    match chart:
        case Curves():
            return curves(chart)
        case Process():
            return process(chart)
        case Apart():
            return apart(chart)
        case Bars():
            return bars(chart)


def curves(chart: Curves) -> Spec:
    last = max((step.day for line in chart.lines for step in line.steps), default=0)
    days = {"field": "day", "type": "quantitative", "scale": {"domain": [0, last or 1], "nice": False}}
    names = [line.name for line in chart.lines]
    several = len(names) > 1
    colour = {"field": "name", "scale": {"domain": names, "range": [colour for colour, _ in LINES]}, "title": None}
    dash = {"field": "name", "scale": {"domain": names, "range": [dash for _, dash in LINES]}, "title": None}
    line: Spec = {
        "x": {**days, "axis": {"title": chart.across, "tickCount": 8}},
        "y": {**_up("share", chart.up, Kind.SHARE), "scale": {"domain": [0, 1]}},
        "color": {**colour, **({} if several else {"legend": None})},
        "strokeDash": {**dash, **({} if several else {"legend": None})},
    }
    band: Spec = {"x": days, "y": {"field": "lower", "type": "quantitative"}, "y2": {"field": "upper"}}
    # A legend that one of two layers refuses is shown by neither.
    band["color"] = line["color"]
    steps = list(_steps(chart.lines))
    drawn = {
        "width": WIDTH,
        "height": HEIGHT,
        "layer": [
            {
                "data": {"values": [step for step in steps if step["lower"] is not None]},
                "mark": {"type": "area", "interpolate": "step-after", "opacity": 0.18},
                "encoding": band,
            },
            {
                "data": {"values": steps},
                "mark": {"type": "line", "interpolate": "step-after", "strokeWidth": 2},
                "encoding": line,
            },
        ],
    }
    return {"vconcat": [drawn, _at_risk(chart.lines, days, last)], "spacing": 8}


def _steps(lines: Sequence[Line]) -> Iterator[Spec]:
    for line in lines:
        yield {"name": line.name, "day": 0, "share": 0.0, "lower": None, "upper": None}
        for step in line.steps:
            yield {"name": line.name, "day": step.day, "share": step.share, "lower": step.lower, "upper": step.upper}


def _at_risk(lines: Sequence[Line], days: Spec, last: int) -> Spec:
    """How many were still waiting, below the curve: without it the end of a curve says more than it knows."""
    values = [
        {"name": line.name, "day": day, "count": count} for line in lines for day, count in line.at_risk if day <= last
    ]
    return {
        "width": WIDTH,
        "height": 20 * max(1, len(lines)),
        "data": {"values": values},
        "mark": {"type": "text", "color": DARK},
        "encoding": {
            "x": {**days, "axis": None},
            "y": {
                "field": "name",
                "type": "nominal",
                "sort": None,
                "axis": {
                    "title": None,
                    "domain": False,
                    "ticks": False,
                    "labels": len(lines) > 1,
                    "grid": False,
                    "offset": 18,
                },
            },
            "text": {"field": "count", "type": "quantitative"},
        },
        "title": {"text": "Still waiting", "anchor": "start", "fontSize": 12, "fontWeight": "normal", "offset": 2},
    }


def process(chart: Process) -> Spec:
    found = chart.chart
    judged = [
        {"month": label, "value": point.value, "what": WHATS[point.sign is not None, point.better]}
        for label, point in zip(chart.labels, found.points, strict=True)
    ]
    before, after = (
        [{"month": each.label, "value": each.value, "what": PART} for each in ends]
        for ends in (chart.before, chart.after)
    )
    values = [*before, *judged, *after]
    signs = (*SIGNS, (PART, DARK, "cross")) if before or after else SIGNS
    month = {"field": "month", "type": "ordinal", "sort": None, "axis": {"title": None, "labelAngle": -45}}
    up = _up("value", chart.up, chart.kind)
    up["scale"] = {"zero": False}
    what = {"field": "what", "type": "nominal", "title": None}
    names = [name for name, _, _ in signs]
    rules = [(found.mean, [1, 0]), (found.upper, [6, 3]), (found.lower, [6, 3])]
    if chart.target is not None:
        rules.append((chart.target, [2, 2]))
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "data": {"values": values},
        "layer": [
            *(
                {
                    "data": {"values": [{"at": at}]},
                    "mark": {"type": "rule", "strokeDash": dash, "color": GREY if dash != [2, 2] else DARK},
                    "encoding": {"y": {"field": "at", "type": "quantitative"}},
                }
                for at, dash in rules
            ),
            {"mark": {"type": "line", "color": GREY}, "encoding": {"x": month, "y": up}},
            {
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
                "encoding": {
                    "x": month,
                    "y": up,
                    "color": {**what, "scale": {"domain": names, "range": [colour for _, colour, _ in signs]}},
                    "shape": {**what, "scale": {"domain": names, "range": [shape for _, _, shape in signs]}},
                },
            },
        ],
    }


SIGNS = (
    ("chance", GREY, "circle"),
    ("better", BLUE, "triangle-up"),
    ("worse", ORANGE, "diamond"),
    ("more than chance", DARK, "square"),
)
"""What a point means, its colour, and its shape."""
PART = "part of a month"
WHATS: dict[tuple[bool, bool | None], str] = {
    (False, None): "chance",
    (True, True): "better",
    (True, False): "worse",
    (True, None): "more than chance",
}


def apart(chart: Apart) -> Spec:
    share, groups = chart.funnel.share, chart.funnel.groups
    drawn = [
        {"of": each.of, "which": which, "low": low, "high": high}
        for each in limits(chart.funnel, POINTS_OF_LIMITS)
        for which, low, high in (
            ("95 %", each.lower, each.upper),
            ("99.8 %", each.lower_action, each.upper_action),
        )
    ]
    size = {"field": "of", "type": "quantitative", "axis": {"title": chart.across}}
    dash = {"field": "which", "title": None, "scale": {"domain": ["95 %", "99.8 %"], "range": [[4, 3], [1, 0]]}}
    limit: Spec = {"data": {"values": drawn}, "mark": {"type": "line", "color": GREY}}
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "layer": [
            *(
                {**limit, "encoding": {"x": size, "y": {**_up(end, chart.up, Kind.SHARE)}, "strokeDash": dash}}
                for end in ("low", "high")
            ),
            {
                "data": {"values": [{"share": share}] if share is not None else []},
                "mark": {"type": "rule", "color": GREY},
                "encoding": {"y": {"field": "share", "type": "quantitative"}},
            },
            {
                "data": {"values": [{"of": each.of, "share": each.share, "out": each.to_look_at} for each in groups]},
                "mark": {"type": "point", "filled": True, "size": 80, "opacity": 1},
                "encoding": {
                    "x": size,
                    "y": _up("share", chart.up, Kind.SHARE),
                    "color": {"condition": {"test": "datum.out", "value": ORANGE}, "value": BLUE},
                    "shape": {"condition": {"test": "datum.out", "value": "diamond"}, "value": "circle"},
                },
            },
            {
                "data": {"values": [{"of": each.of, "share": each.share, "name": each.name} for each in groups]},
                "mark": {"type": "text", "align": "left", "dx": 8, "color": DARK},
                "encoding": {"x": size, "y": _up("share", chart.up, Kind.SHARE), "text": {"field": "name"}},
            },
        ],
    }


def bars(chart: Bars) -> Spec:
    values = [{"name": name, "value": value} for name, value in chart.bars if isinstance(value, int | float)]
    name = {"field": "name", "type": "nominal", "sort": None, "axis": {"title": None, "labelLimit": 260}}
    value = _up("value", chart.up, chart.kind)
    return {
        "width": WIDTH - 160,
        "height": {"step": 24},
        "data": {"values": values},
        "layer": [
            {"mark": {"type": "bar", "color": BLUE}, "encoding": {"y": name, "x": value}},
            {
                "mark": {"type": "text", "align": "left", "dx": 4, "color": DARK},
                "encoding": {
                    "y": name,
                    "x": value,
                    "text": {"field": "value", "type": "quantitative", "format": FORMATS.get(chart.kind, NUMBER)},
                },
            },
        ],
    }


def _up(field: str, title: str, kind: Kind) -> Spec:
    return {"field": field, "type": "quantitative", "axis": {"title": title, "format": FORMATS.get(kind, NUMBER)}}

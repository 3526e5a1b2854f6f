"""Charts of the console: every mark on its sheet, one for each number that is told, each leading to its facts; and of
what is not told, nothing anywhere.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from catch.domain.calendar import add_months
from catch.metrics.care import groups_told
from catch.metrics.estimates import Estimate, Value
from catch.metrics.reckoning import Figure
from catch.report.content import Bars, Kind
from catch.statistics.funnels import Group, funnel, limits
from catch.statistics.small_numbers import SMALLEST
from catch.web.console.charts import WIDTH, Mark, Picture, named, picture, ticks
from catch.web.console.pages.charted import Charted, charted, told_of

NOTHING: dict[str, Any] = {
    "number": 40,
    "values": [],
    "months": [],
    "groups": [],
    "curve": [],
    "atRisk": [],
    "cutOffAt": "2026-07-15T12:00:00Z",
}


def answer(code: str, **more: Any) -> dict[str, Any]:
    return NOTHING | {"definition": {"code": code}} | more


def value(count: int | None, of: int | None, code: str = "accepted", label: str = "Accepted") -> dict[str, Any]:
    share = count / of if count is not None and of else None
    told = share if of is not None else count
    return {"code": code, "label": label, "value": told, "share": of is not None, "count": count, "of": of}


def month(number: int, count: int | None, of: int | None, *, partial: bool = False) -> dict[str, Any]:
    at = add_months(date(2025, 1, 1), number)
    told = {name: value(count, of)[name] for name in ("value", "count", "of")}
    return {"month": at.isoformat(), **told, "partial": partial}


def group(key: str, count: int | None, of: int) -> dict[str, Any]:
    return {"key": key, "number": of, "values": [value(count, of)]}


def point(days: int, at_risk: int, share: float) -> dict[str, Any]:
    return {
        "days": float(days), "atRisk": at_risk, "achieved": 1, "competing": 0, "censored": 0, "survival": 1 - share,
        "lower": None, "upper": None, "incidence": share, "incidenceLower": share / 2, "incidenceUpper": share,
    }  # fmt: skip


def lead(part: Mapping[str, object]) -> str:
    return "?" + "&".join(f"{name}={told}" for name, told in part.items())


def drawn(held: dict[str, Any]) -> list[Charted]:
    return charted(held, lead)


MONTHS = [month(number, 10 + number % 3, 20) for number in range(18)]
GROUPS = [group("housing-1", 12, 40), group("police-1", 30, 60), group("snn", 45, 50)]
CURVE = [point(10, 40, 0.1), point(40, 30, 0.3), point(90, 20, 0.3), point(200, 9, 0.6), point(400, 2, 0.9)]
EACH = {
    "curve": answer("M07", curve=CURVE, atRisk=[{"days": 0, "count": 40}, {"days": 60, "count": 25}]),
    "months": answer("M02", months=MONTHS),
    "groups": answer("M02", groups=GROUPS),
    "bars": answer("M01", values=[value(9, None, "gp", "gp"), value(4, None, "self", "self")]),
}


def marks(held: Picture) -> list[tuple[float, float]]:
    return [(each.x, each.y) for each in held.marks] + [(each.width, each.y) for each in held.bars]


@pytest.mark.parametrize("held", EACH.values(), ids=EACH)
def test_everything_is_on_its_sheet_and_every_mark_leads_to_its_facts(held: dict[str, Any]):
    (chart,) = drawn(held)
    assert marks(chart.picture)
    places = [*marks(chart.picture), *((each.x, each.y) for each in chart.picture.texts)]
    assert all(0 <= x <= WIDTH and 0 <= y <= chart.picture.height for x, y in places)
    led = [each.lead for each in (*chart.picture.marks, *chart.picture.bars)]
    assert len({*led}) == len(led)
    # The table leads to the same places, for whoever has no mouse.
    assert {*led} <= {to for to, _ in chart.table.rows}
    assert drawn(held) == drawn(held)


def test_who_is_led_to_no_fact_sees_the_same_chart_without_links():
    for held in EACH.values():
        (chart,) = charted(held, lambda _: "")
        assert {each.lead for each in (*chart.picture.marks, *chart.picture.bars)} == {""}
        assert marks(chart.picture) == marks(drawn(held)[0].picture)


def test_a_point_leads_to_what_it_is_of():
    of = {name: [each.lead for each in (*one.picture.marks, *one.picture.bars)] for name, held in EACH.items()
          for one in drawn(held)}  # fmt: skip
    # Nobody reached anything on day 90; where fewer than five are watched the curve ends.
    assert of["curve"] == ["?days=10", "?days=40", "?days=200"]
    assert of["months"][:2] == ["?period=2025-01-1", "?period=2025-02-1"]
    assert of["groups"] == ["?group=housing-1", "?group=police-1", "?group=snn"]
    assert of["bars"] == ["?answer=gp", "?answer=self"]


def test_where_days_are_told_together_a_step_leads_to_the_whole_figure():
    (chart,) = drawn(answer("M07", curve=CURVE))
    assert {each.lead for each in chart.picture.marks} == {"?"}


def test_a_month_that_is_not_counted_in_full_is_shown_and_never_judged():
    # The first and the last are far below the others: judged, they would be signals, and move the limits.
    ends = month(0, 1, 20, partial=True), month(17, 1, 20, partial=True)
    (chart,) = drawn(answer("M02", months=[ends[0], *MONTHS[1:17], ends[1]]))
    (whole,) = drawn(answer("M02", months=MONTHS[1:17]))
    first, *judged, last = chart.table.rows
    assert judged == whole.table.rows
    assert [cells[-1] for _, cells in (first, last)] == ["part of a month: not judged"] * 2
    assert [each.shape for each in chart.picture.marks] == ["cross", *(["circle"] * 16), "cross"]
    assert [each.lead for each in chart.picture.marks][:2] == ["?period=2025-01-1", "?period=2025-02-1"]
    assert "not judged" in chart.picture.key
    assert "not judged" not in whole.picture.key
    judged_too = drawn(answer("M02", months=[month(0, 1, 20), *MONTHS[1:17], month(17, 1, 20)]))
    assert "circle" not in {each.shape for each in judged_too[0].picture.marks}


def test_what_is_not_told_is_not_drawn_and_moves_nothing():
    hidden = [*MONTHS[:5], month(18, None, None)]
    assert drawn(answer("M02", months=[*MONTHS[5:], *hidden])) == drawn(
        answer("M02", months=[*MONTHS[5:], *MONTHS[:5]])
    )
    none = {"key": "hospice", "number": 0, "values": [value(None, 40)]}
    assert drawn(answer("M02", groups=[*GROUPS, none])) == drawn(answer("M02", groups=GROUPS))
    few = value(None, None, "school", "school") | {"share": False}
    bars = EACH["bars"]["values"]
    assert drawn(answer("M01", values=[few, *bars])) == drawn(EACH["bars"])


def one_group(count: int, number: int) -> Estimate:
    accepted = Value("accepted", "Accepted", count / number, count, number, count, number, share=True)
    return Estimate(number, number, (accepted,))


def whole(groups: Sequence[tuple[str, int, int]]) -> Figure:
    of = tuple((key, one_group(count, number)) for key, count, number in groups)
    all_ = sum(number for _, _, number in groups)
    return Figure(Estimate(all_, all_, ()), (), of, ())


def as_told(figure: Figure) -> dict[str, Any]:
    told = [
        {"key": key, "number": each.number, "values": [value(one.count, one.of) for one in each.values]}
        for key, each in groups_told(figure, SMALLEST)
    ]
    return answer("M02", groups=told)


def test_two_places_that_differ_in_small_groups_alone_have_one_chart():
    """The control: where groups are not small the charts differ."""
    large = [("a", 30, 60), ("b", 20, 40), ("c", 60, 80)]
    one, other = ([*large, ("few", count, 4), ("less", 1, 3)] for count in (0, 4))
    assert drawn(as_told(whole(one))) == drawn(as_told(whole(other)))
    assert len(drawn(as_told(whole(one)))[0].picture.marks) == len(large)
    assert drawn(as_told(whole([*large, ("more", 10, 40)]))) != drawn(as_told(whole([*large, ("more", 30, 40)])))


def test_nothing_is_drawn_of_nothing():
    assert drawn(answer("M07")) == drawn(answer("M02")) == []
    assert drawn(answer("M02", groups=GROUPS[:2])) == []
    assert told_of(answer("M02")).months == []


def test_numbers_along_an_axis_are_round():
    assert ticks(0, 1, 0.25) == [0, 0.5, 1.0]
    assert ticks(0, 400, 1) == [0, 100, 200, 300, 400]
    assert ticks(3, 4, 1) == [3, 4]
    assert len(ticks(0, 1e6)) == len({*ticks(0, 1e6)}) <= 11


def test_names_of_points_that_lie_together_stand_below_each_other():
    points = [(Mark(100, 50, "circle", "", ""), name) for name in ("housing-1", "police-1", "snn")]
    heights = [each.y for each in named(points)]
    assert len({*heights}) == 3


def test_the_largest_bar_fills_its_row_and_bars_without_a_number_are_not_there():
    chart = Bars("t", "d", "Kind", "Number", (("a", 8), ("b", 4)), Kind.COUNT)
    first, second = picture(chart, ["", ""]).bars
    assert second.width == pytest.approx(first.width / 2, abs=0.1)
    assert first.width < WIDTH


def test_limits_of_a_funnel_close_as_groups_grow():
    found = limits(funnel([Group("a", 10, 20), Group("b", 50, 100)]), 40)
    widths = [each.upper - each.lower for each in found]
    assert widths[0] > widths[-1]
    assert all(each.lower_action <= each.lower <= each.upper <= each.upper_action for each in found)
    assert limits(funnel([]), 40) == ()

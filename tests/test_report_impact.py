"""The quarterly impact report: every figure of the catalogue has its place, nothing small is published, and the same
position gives the same report.
"""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from click.testing import CliRunner
from msgspec.structs import replace

from catch.app import Catch, opened
from catch.cli import cli
from catch.database.server import Server as Reached
from catch.demo.year import load_year
from catch.domain.refusals import UnknownProgramme
from catch.log.invented import mark_invented
from catch.metrics import BY_CODE, CATALOGUE
from catch.metrics.estimates import Estimate, Value
from catch.metrics.reckoning import Month
from catch.report import page, printing, sheets
from catch.report.content import Apart, Bars, Curves, Process, Report, Table, Untold
from catch.report.impact import CHAPTERS, NOT_RECORDED, NOT_TOLD, About, ReportAudience, Told, impact
from catch.report.making import NotRecordedYet, QuarterNotOver, impact_report, quarter_of
from catch.settings import Settings
from catch.statistics.small_numbers import Period
from catch.statistics.survival import Point
from tests.conftest import Server, administer, at

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROGRAMME = "snn-catch"
QUARTER = quarter_of(2026, 3)
ABOUT = About(PROGRAMME, "Example", QUARTER, ReportAudience.INTERNAL, "30 September 2026", 48211, ("snn-catch@1",))


def share(count: int, of: int) -> Estimate:
    return Estimate(of, of, (Value("all", "All", count / of, count, of, count, of, share=True),))


def told(code: str, estimate: Estimate | None, **more: Any) -> Told:
    return Told(BY_CODE[code], estimate, None, more.get("months", ()), more.get("groups", ()))


def months(values: Sequence[tuple[int, int]]) -> list[Month]:
    return [Month(date(2025 + n // 12, n % 12 + 1, 1), count / of, count, of) for n, (count, of) in enumerate(values)]


def drawn(report: Report) -> list[Any]:
    return [part for section in report.sections for part in section.parts if not isinstance(part, Table)]


def numbers(report: Report) -> list[tuple[str, str, Any]]:
    return [(table.title, str(row[0]), cell) for _, table in report.tables() for row in table.rows for cell in row[1:]]


async def test_every_metric_has_one_place():
    placed = [code for _, codes in CHAPTERS for code in codes.split()]
    assert len(placed) == len({*placed})
    assert {*placed} <= {*BY_CODE}
    whole = impact(ABOUT, [Told(metric, None, "Not recorded.", (), ()) for metric in CATALOGUE])
    (only,) = whole.sections
    assert only.title == NOT_TOLD
    rows = [str(row[0]) for _, table in whole.tables() for row in table.rows]
    assert [row.split()[0] for row in rows[: len(BY_CODE)]] == [*BY_CODE]
    assert rows[len(BY_CODE) :] == [name for name, _ in NOT_RECORDED]
    nowhere = next((code for code in BY_CODE if code not in placed), None)
    if nowhere is not None:
        assert "More figures" in [each.title for each in impact(ABOUT, [told(nowhere, share(3, 9))]).sections]


async def test_a_share_by_month_and_by_agency_is_charted_where_it_means_something():
    by_month = months([(15 + n % 3, 20) for n in range(14)])
    groups = [("east", share(9, 30)), ("west", share(70, 80)), ("north", share(20, 40))]
    found = impact(ABOUT, [told("M20", share(99, 150), months=by_month, groups=groups)])
    process, apart = drawn(found)
    assert isinstance(process, Process)
    assert isinstance(apart, Apart)
    assert process.labels[0] == "Jan 2025"
    assert [each.name for each in apart.funnel.groups] == ["east", "west", "north"]
    assert "66 % (99 of 150)" in found.sections[0].said[0]
    few = impact(ABOUT, [told("M20", share(9, 15), months=months([(1, 2)] * 14), groups=groups[:2])])
    assert drawn(few) == []


async def test_the_month_in_which_a_programme_began_is_no_signal():
    by_month = months([(1, 20), *((15 + n % 3, 20) for n in range(14))])
    (judged,) = drawn(impact(ABOUT, [told("M20", share(99, 150), months=by_month)]))
    assert judged.chart.points[0].sign is not None
    began = [replace(by_month[0], partial=True), *by_month[1:]]
    (found,) = drawn(impact(ABOUT, [told("M20", share(99, 150), months=began)]))
    assert {each.sign for each in found.chart.points} == {None}
    assert (found.labels[0], found.before[0].label, found.before[0].value) == ("Feb 2025", "Jan 2025", 0.05)
    assert "not judged" in found.description
    assert found.table().rows[0][-1] == "part of a month: not judged"
    assert len(found.table().rows) == len(by_month)
    # Of eleven whole months and one in part there is no chart.
    assert drawn(impact(ABOUT, [told("M20", share(99, 150), months=began[:12])])) == []


async def test_a_curve_ends_where_few_are_watched():
    points = tuple(
        Point(day, at_risk, 1, 0, 0, 0.9, None, None, 0.1, None, None) for day, at_risk in ((5, 30), (60, 9), (90, 3))
    )
    estimate = Estimate(30, 30, (Value("median", "half", None, of=30, people_of=30),), censored=27, curve=points)
    ends = {
        audience: drawn(impact(ABOUT._replace(audience=audience), [told("M07", estimate)]))[0].lines[0].steps[-1].day
        for audience in ReportAudience
    }
    assert ends == {ReportAudience.PUBLISHED: 5, ReportAudience.INTERNAL: 60}


async def test_too_few_is_said_and_no_number_told():
    found = impact(ABOUT, [told("M20", None)])
    assert [cell for _, _, cell in numbers(found)][:3] == [Untold.FEW] * 3
    assert ("Not told", "M20 Actions on time", "Too few people stand behind it.") in numbers(found)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def year(server: Server, template: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Catch]:
    """Some weeks of the demonstration's year, up to the middle of October."""
    name = "catch_report"
    await administer(server.admin, f"create database {name} template {template}")
    await mark_invented(at(server.admin, name))
    place = Reached(at(server.admin, name), at(server.app, name))
    async with opened(place, Settings(data_dir=tmp_path_factory.mktemp("report"))) as catch:
        await load_year(catch, date(2026, 10, 14), weeks=7, referrals=60)
        yield catch
    await administer(server.admin, f"drop database {name} with (force)")


async def test_the_same_position_gives_the_same_report(year: Catch):
    first = await impact_report(year, PROGRAMME, QUARTER, ReportAudience.INTERNAL)
    position = await year.log.head()
    assert await impact_report(year, PROGRAMME, QUARTER, ReportAudience.INTERNAL, position) == first
    earlier = await impact_report(year, PROGRAMME, QUARTER, ReportAudience.INTERNAL, position // 2)
    assert earlier != first
    assert await impact_report(year, PROGRAMME, QUARTER, ReportAudience.INTERNAL, position // 2) == earlier
    assert [section.title for section in first.sections][-1] == NOT_TOLD
    assert any(isinstance(each, Curves) for each in drawn(first))
    assert any(isinstance(each, Bars) for each in drawn(first))


async def test_what_is_published_is_rounded_and_tells_of_no_few(year: Catch):
    internal = await impact_report(year, PROGRAMME, QUARTER, ReportAudience.INTERNAL)
    published = await impact_report(year, PROGRAMME, QUARTER, ReportAudience.PUBLISHED)
    whole = [cell for _, _, cell in numbers(published) if isinstance(cell, int)]
    assert whole
    assert [each for each in whole if each % 5] == []
    # The control: exact numbers are not all round.
    assert [each for _, _, each in numbers(internal) if isinstance(each, int) and each % 5]
    counts = [int(n) for text in (s for section in published.sections for s in section.said) for n in OF.findall(text)]
    assert [each for each in counts if each % 5] == []


OF = re.compile(r"\((\d+) of \d+\)")


async def test_every_form_of_it_can_be_made(year: Catch):
    found = await impact_report(year, PROGRAMME, QUARTER, ReportAudience.PUBLISHED)
    assert "Nobody in it is real" in page.html(found)
    assert printing.pdf(found).startswith(b"%PDF")
    assert sheets.workbook_of(found)
    assert "Time to outcome" in sheets.csv_of(found)


async def test_a_quarter_without_anything_is_a_report_too(year: Catch):
    found = await impact_report(year, PROGRAMME, quarter_of(2019, 2), ReportAudience.INTERNAL)
    assert printing.pdf(found)
    assert not [each for each in drawn(found) if isinstance(each, Curves)]


async def test_what_cannot_be_reported_is_said(year: Catch):
    with pytest.raises(UnknownProgramme):
        await impact_report(year, "nowhere", QUARTER, ReportAudience.INTERNAL)
    with pytest.raises(QuarterNotOver):
        await impact_report(year, PROGRAMME, Period(date(9000, 1, 1), date(9000, 3, 31)), ReportAudience.INTERNAL)
    for position in (-1, await year.log.head() + 1):
        with pytest.raises(NotRecordedYet):
            await impact_report(year, PROGRAMME, QUARTER, ReportAudience.INTERNAL, position)


@pytest.mark.parametrize(
    ("quarter", "name", "said"),
    [
        ("2026Q5", "r.html", "a quarter is a year"),
        ("0000Q1", "r.html", "a quarter is a year"),
        ("2026Q3", "r.doc", "ends with .html"),
        ("2026Q3", "there.html", "is there already"),
        ("2026Q3", "no/such/r.html", "no such folder"),
    ],
)
async def test_a_request_that_cannot_be_met_says_what_to_do(quarter: str, name: str, said: str, tmp_path: Path):
    (tmp_path / "there.html").write_text("kept")
    asked = ["report", "--programme", PROGRAMME, "--quarter", quarter, "-o", str(tmp_path / name)]
    done = CliRunner().invoke(cli, asked)
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())
    assert (tmp_path / "there.html").read_text() == "kept"

"""Metrics as they are told: freely to who sees every case, with care to everybody else, and never of what is hidden."""

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio
from markupsafe import escape

from catch.domain.calendar import london_day
from catch.domain.case.closing import CloseCase
from catch.domain.case.notes import AddNote
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.merging import ApproveMerge, RequestMerge, ReverseMerge
from catch.domain.streams import PROGRAMME as PROGRAMMES
from catch.domain.streams import programme_stream
from catch.figures import making, sharing
from catch.figures.gathering import Known, people
from catch.figures.making import Wanted, lacking, made
from catch.history.past import Moment
from catch.metrics import CATALOGUE
from catch.metrics.definition import Cut
from catch.report.forms import FORMS
from catch.report.impact import ReportAudience
from catch.report.making import impact_report
from catch.statistics.small_numbers import SMALLEST, quarter_before
from tests.browser import signed_in
from tests.conftest import Furnished
from tests.place import AUDITOR, CHAIR, COORDINATOR, HOUSING, PROGRAMME, Case, Place
from tests.visitors import visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

HERE = Path(__file__).parents[1] / "schema/graphql/operations"
ALL, ONE, EVIDENCE, DEFINITIONS, DEFINITION, REPORT = (
    (HERE / f"{name}.graphql").read_text(encoding="utf-8")
    for name in ("metrics", "metric", "metric_evidence", "metric_definitions", "metric_definition", "report")
)


COLLEAGUE = Actor("second@snn", "snn", Role.COORDINATOR)
ANALYST = Actor("analyst@audit", "audit", Role.ANALYST)
ELSEWHERE = Actor("coordinator@housing-1", "housing-1", Role.COORDINATOR)
"""Of an agency that coordinates none of these cases."""
ENDED = quarter_before(london_day(datetime.now(UTC)))
BEFORE = quarter_before(ENDED.first - timedelta(days=1))
TIME = """query($f: Date, $t: Date) { timeToOutcome(programme: "snn-catch", from: $f, to: $t) {
    medianDays achieved censored competing episodes naiveClosedMeanDays } }"""


class World:
    def __init__(self, place: Place, few: list[Case], many: list[Case]) -> None:
        self.place, self.few, self.many = place, few, many


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(furnished: Furnished) -> AsyncIterator[World]:
    """Four people referred in one quarter, six in the next; all but one of them were closed after ten days."""
    async with furnished() as place:
        await place.enrol(ANALYST)
        await place.enrol_elsewhere(ELSEWHERE)

        async def referred(day: date, number: int, closed: int) -> list[Case]:
            at = datetime.combine(day, time(9), UTC)
            held = [await place.worked_on(f"Ned Example {number}", at=at) for number in range(number)]
            over = at + timedelta(days=10)
            for case in held[:closed]:
                summary = Sealed("Well again")
                await place.take(CloseCase(case.case, "goals-achieved", london_day(over), summary), at=over)
            return held

        yield World(place, await referred(BEFORE.first, 4, 4), await referred(ENDED.first, 6, 5))


def between(first: date, last: date, /, **more: Any) -> dict[str, Any]:
    return {"programme": PROGRAMME, "from": first.isoformat(), "to": last.isoformat(), **more}


async def one(world: World, by: Actor, code: str, /, **asked: Any) -> dict[str, Any]:
    await world.place.settled()
    return (await world.place.ask(ONE, by, code=code, **{"programme": PROGRAMME, **asked}))["metric"]


def said(metric: Mapping[str, Any]) -> dict[str, Any]:
    return {each["code"]: each["value"] for each in metric["values"]}


async def test_who_sees_every_case_is_told_the_whole_catalogue(world: World):
    await world.place.settled()
    found = (await world.place.ask(ALL, AUDITOR, programme=PROGRAMME))["metrics"]
    assert [each["definition"]["code"] for each in found] == [metric.code for metric in CATALOGUE]
    for each in found:
        assert (each["notComputable"] is None) == bool(each["values"]), each["definition"]["code"]
        assert (each["number"] is None) == (each["notComputable"] is not None)
    by_code = {each["definition"]["code"]: each for each in found}
    assert by_code["M01"]["number"] == 10
    assert by_code["M07"]["programmeVersions"] == ["snn-catch@3"]
    assert said(by_code["M30"])["engaged"] == 1


async def test_the_headline_is_what_time_to_outcome_says(world: World):
    days = {"from": BEFORE.first.isoformat(), "to": ENDED.last.isoformat()}
    metric = await one(world, AUDITOR, "M07", **days)
    told = (await world.place.ask(TIME, AUDITOR, f=days["from"], t=days["to"]))["timeToOutcome"]
    assert said(metric)["median"] == told["medianDays"] == 10
    assert said(metric)["naive-closed-mean"] == told["naiveClosedMeanDays"] == 10
    assert (metric["number"], metric["censored"]) == (told["episodes"], told["censored"]) == (10, 1)


async def test_the_same_cut_off_gives_the_same_bytes_whatever_is_recorded_since(world: World):
    place = world.place
    head = await place.settled()
    past = {"programme": PROGRAMME, "asAt": {"position": str(head)}}
    now = msgspec.json.encode((await place.ask(ALL, AUDITOR, programme=PROGRAMME))["metrics"])
    assert msgspec.json.encode((await place.ask(ALL, AUDITOR, **past))["metrics"]) == now
    later = await place.referred("Nan Example")
    await place.take(AddNote(world.many[5].case, uuid4(), Category.ACTIONS, Sealed("A note")))
    await place.settled()
    assert msgspec.json.encode((await place.ask(ALL, AUDITOR, **past))["metrics"]) == now
    assert msgspec.json.encode((await place.ask(ALL, AUDITOR, programme=PROGRAMME))["metrics"]) != now
    # What a row says already is taken back where it came behind the cut-off.
    before = [case async for some in people(place.catch, PROGRAMME, Known(head, None)) for own in some for case in own]
    folded = Known(head, Moment(position=head))
    then = [case async for some in people(place.catch, PROGRAMME, folded) for own in some for case in own]
    assert before == then
    assert later.case not in {each.case.case for each in before}
    # Before anything was recorded there is one answer as well.
    never = {"programme": PROGRAMME, "asAt": {"position": "0"}}
    nothing = (await place.ask(ALL, AUDITOR, **never))["metrics"]
    assert (await place.ask(ALL, AUDITOR, **never))["metrics"] == nothing
    assert {each["number"] for each in nothing} == {0, None}
    # Days that are still to come add nothing.
    ahead = {"programme": PROGRAMME, "asAt": {"occurredAt": "2098-01-01T00:00:00Z"}}
    present = (await place.ask(ONE, AUDITOR, code="M07", programme=PROGRAMME))["metric"]
    assert (await place.ask(ONE, AUDITOR, code="M07", **ahead))["metric"] == present


async def test_processes_beside_count_what_is_counted_here(world: World, monkeypatch: pytest.MonkeyPatch):
    catch = world.place.catch
    known = Known(await world.place.settled(), None)
    history = (await catch.present.states.get(PROGRAMMES, programme_stream(PROGRAMME))).state
    cut = Cut(datetime.now(UTC), {held.version: held for held in history.versions})
    able = [metric for metric in CATALOGUE if lacking(metric, history.current) is None]
    wanted = [Wanted(metric, date.min, date.max, (), grouped=True) for metric in able]
    here = await made(catch, PROGRAMME, known, cut, wanted)
    monkeypatch.setattr(making, "MANY", 1)
    assert await made(catch, PROGRAMME, known, cut, wanted) == here
    then = Known(known.position, Moment(position=known.position))
    assert await made(catch, PROGRAMME, then, cut, wanted) == here
    # The control: they are other processes, and one that ends early is no answer.
    monkeypatch.setattr(sharing.sys, "executable", "/bin/false")
    with pytest.raises(sharing.SharedWorkFailed):
        await made(catch, PROGRAMME, known, cut, wanted)


OTHERS = (COORDINATOR, CHAIR, ANALYST, ELSEWHERE)


@pytest.mark.parametrize("by", OTHERS, ids=lambda each: each.user)
async def test_everybody_else_is_told_of_fixed_periods_and_of_no_small_group(world: World, by: Actor):
    told = await one(world, by, "M07", **between(ENDED.first, ENDED.last))
    # Six, to the nearest five; one of them is still waiting.
    assert (told["withheld"], told["number"], said(told)["reached"]) == (None, 5, SMALLEST)
    assert (told["censored"], told["administrative"], told["programmeVersions"], told["months"]) == (None, None, [], [])
    few = await one(world, by, "M07", **between(BEFORE.first, BEFORE.last))
    assert (few["withheld"], few["number"], few["values"]) == ("TOO_FEW", None, [])
    assert (await one(world, by, "M41", **between(ENDED.first, ENDED.last)))["withheld"] == "ROLE"
    refused = [
        {},
        between(ENDED.first, ENDED.last - timedelta(days=1)),
        between(ENDED.first + timedelta(days=1), ENDED.last),
        between(BEFORE.first, ENDED.last),
        between(ENDED.first, ENDED.last, asAt={"position": "100"}),
    ]
    for asked in refused:
        for document, more in ((ALL, {}), (ONE, {"code": "M07"})):
            asked = {"programme": PROGRAMME, **asked}
            assert await world.place.code(document, by, **asked, **more) == "FIXED_PERIODS_ONLY", asked
    groups = between(ENDED.first, ENDED.last, groups=True)
    assert await world.place.code(ONE, by, code="M07", **groups) == "GROUPS_BY_YEAR_ONLY"


async def test_no_two_answers_taken_from_each_other_tell_of_one_person(world: World):
    """One more outcome changes no count that is told to whoever does not see every case."""
    place, (case, *_) = world.place, world.many[5:]
    quarters = [between(period.first, period.last) for period in (BEFORE, ENDED)]
    april = BEFORE.first.replace(month=4, day=1)
    start = april if april <= BEFORE.first else april.replace(year=april.year - 1)
    years = [between(start, start.replace(year=start.year + 1) - timedelta(days=1), groups=True)]
    over = datetime.combine(ENDED.first, time(9), UTC) + timedelta(days=20)

    async def answers() -> list[Any]:
        await place.settled()
        asked = [*quarters, *(each for each in years if each["to"] <= ENDED.last.isoformat())]
        found = [
            await place.ask(ONE, COORDINATOR, code=code, **each) for each in asked for code in ("M07", "M11", "M04")
        ]
        for each in found:
            del each["metric"]["cutOff"]
        return found

    before = await answers()
    free = await one(world, AUDITOR, "M07", **between(ENDED.first, ENDED.last))
    await place.take(CloseCase(case.case, "goals-achieved", london_day(over), Sealed("Well")), at=over)
    # The control: to who sees every case it is another figure.
    assert await one(world, AUDITOR, "M07", **between(ENDED.first, ENDED.last)) != free
    after = await answers()
    numbers = [[each["metric"]["number"] for each in found] for found in (before, after)]
    assert numbers[0] == numbers[1]
    counts = [value["count"] for each in after for value in each["metric"]["values"] if value["count"] is not None]
    assert all(count >= SMALLEST and count % 5 == 0 for count in counts)


async def pages(world: World, by: Actor, /, first: int, **asked: Any) -> list[dict[str, Any]]:
    await world.place.settled()
    found: list[dict[str, Any]] = []
    after = None
    while True:
        page = (await world.place.ask(EVIDENCE, by, first=first, after=after, **asked))["metricEvidence"]
        found += [edge["node"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


async def test_every_figure_leads_to_the_facts_it_is_made_of(world: World):
    await world.place.settled()
    asked = {"programme": PROGRAMME}
    for metric in (await world.place.ask(ALL, AUDITOR, **asked))["metrics"]:
        code = metric["definition"]["code"]
        if metric["notComputable"] is not None:
            assert await world.place.code(EVIDENCE, AUDITOR, code=code, first=3, **asked) == "NO_EVIDENCE"
            continue
        found = await pages(world, AUDITOR, 3, code=code, **asked)
        lines = [line for each in found for line in each["facts"] if line["answer"] != "administrative"]
        assert len(lines) == metric["number"], code
    # One group of it.
    only = await pages(world, AUDITOR, 2, code="M30", answer="engaged", **asked)
    assert {line["answer"] for each in only for line in each["facts"]} == {"engaged"}
    assert await pages(world, AUDITOR, 2, code="M30", answer="none", **asked) == []


async def test_nobody_is_led_to_a_case_that_is_not_theirs_nor_told_that_there_are_others(world: World):
    asked = between(BEFORE.first, BEFORE.last, code="M30")
    own = await pages(world, COORDINATOR, 3, **asked)
    assert {each["caseId"] for each in own} == {str(case.case) for case in world.few}
    # The same page for who sees none, of a period with some and of one with none.
    for by in (ELSEWHERE, CHAIR):
        empty = between(BEFORE.first, BEFORE.last, code="M30", first=1)
        page = (await world.place.ask(EVIDENCE, by, **empty))["metricEvidence"]
        assert (page["edges"], page["pageInfo"]) == ([], {"hasNextPage": False, "endCursor": None})
    for by in (ANALYST, HOUSING):
        assert await world.place.code(EVIDENCE, by, first=1, **asked) == "NOT_FOR_YOUR_ROLE"
    # What rests on another case of the person is for who sees every case.
    assert await pages(world, COORDINATOR, 3, **{**asked, "code": "M32"}) == []
    assert await world.place.code(EVIDENCE, COORDINATOR, first=1, **{**asked, "code": "M41"}) == "NOT_FOR_YOUR_ROLE"
    narrow = between(BEFORE.first, BEFORE.first, code="M30", first=1)
    assert await world.place.code(EVIDENCE, COORDINATOR, **narrow) == "FIXED_PERIODS_ONLY"


async def test_the_catalogue_is_read_from_the_definitions(world: World):
    found = (await world.place.ask(DEFINITIONS, HOUSING))["metricDefinitions"]
    assert [(each["code"], each["question"]) for each in found] == [(each.code, each.question) for each in CATALOGUE]
    assert (await world.place.ask(DEFINITION, HOUSING, code="M07"))["metricDefinition"] in found
    assert await world.place.code(DEFINITION, HOUSING, code="M99") == "UNKNOWN_METRIC"
    assert await world.place.code(ONE, HOUSING, code="M07", programme=PROGRAMME) == "NOT_FOR_YOUR_ROLE"
    assert await world.place.code(ALL, AUDITOR, programme="none") == "NOT_FOR_YOUR_ROLE"


async def test_the_console_shows_every_figure_and_the_facts_behind_it(world: World):
    await world.place.settled()
    async with signed_in(world.place, AUDITOR) as visitor:
        page = (await visitor.get(f"/figures?programme={PROGRAMME}&period=all")).text
        for metric in CATALOGUE:
            assert escape(f"{metric.code}: {metric.name}") in page, metric.code
            assert escape(metric.question) in page, metric.code
        for metric in CATALOGUE:
            answer = await visitor.get(f"/figures/facts?code={metric.code}&programme={PROGRAMME}&period=all")
            assert answer.status_code == 200, metric.code
            assert escape(metric.denominator) in answer.text, metric.code
        facts = (await visitor.get(f"/figures/facts?code=M30&programme={PROGRAMME}&period=all")).text
        assert f'href="/cases/{world.few[0].case}"' in facts
        assert "There is no such figure" in (await visitor.get(f"/figures/facts?code=M99&programme={PROGRAMME}")).text
    async with signed_in(world.place, HOUSING) as visitor:
        assert "There is no such figure" in (await visitor.get(f"/figures/facts?programme={PROGRAMME}")).text


async def test_facts_are_asked_for_by_what_a_point_of_a_chart_is_of(world: World):
    asked = {"programme": PROGRAMME, "code": "M07"}
    ten = await pages(world, AUDITOR, 3, days=10, **asked)
    assert {line["amount"] for each in ten for line in each["facts"]} == {10}
    assert {str(case.case) for case in world.few} <= {each["caseId"] for each in ten}
    assert await pages(world, AUDITOR, 3, days=11, **asked) == []
    assert len(await pages(world, AUDITOR, 4, group=COORDINATOR.agency, **asked)) == 10
    assert await pages(world, AUDITOR, 3, group="police-1", **asked) == []
    # By group as groups are told.
    narrow = between(BEFORE.first, BEFORE.last, code="M07", group=COORDINATOR.agency, first=1)
    assert await world.place.code(EVIDENCE, COORDINATOR, **narrow) == "GROUPS_BY_YEAR_ONLY"


async def test_a_chart_leads_to_its_facts_whoever_may_be_led_there(world: World):
    await world.place.settled()
    here = f"/figures/facts?code=M07&programme={PROGRAMME}"
    async with visiting(world.place, AUDITOR) as visitor:
        page = await visitor.get(f"{here}&period=all")
        assert "<svg" in page.html
        assert re.search('<a href="[^"]*days=10#facts" tabindex="-1" aria-label="By day 10: [0-9.]+ %">', page.html)
        (led, *_) = [each for each in page.links if "days=10" in each]
        facts = await visitor.get(led.partition("#")[0])
        assert "Only those that took 10 days." in facts.text
        assert f"/cases/{world.few[0].case}" in facts.links
        assert "<svg" not in facts.html
        month = await visitor.get(f"/figures/facts?code=M01&programme={PROGRAMME}&period={BEFORE.first:%Y-%m}-1")
        assert f"{BEFORE.first:%B %Y}" in month.text
        assert "Referrals 4 –" in " ".join(month.text.split())
        beside = await visitor.get(f"/figures/groups?programme={PROGRAMME}&period=all&key={COORDINATOR.agency}")
        assert "M07: Time to outcome" in beside.text
        assert any(f"group={COORDINATOR.agency}" in each for each in beside.links)
    for by, period in ((COORDINATOR, "all"), (COORDINATOR, f"{BEFORE.first:%Y-%m}-1"), (HOUSING, "all")):
        async with visiting(world.place, by) as visitor:
            assert "There is no such figure" in (await visitor.get(f"{here}&period={period}")).text
            if period == "all":
                assert "There are no figures" in (await visitor.get(f"/figures/groups?period={period}")).text
    async with visiting(world.place, ANALYST) as visitor:
        # An analyst is told figures, and led to no fact.
        page = await visitor.get(f"{here}&period={ENDED.first:%Y-%m}-3")
        assert "What it comes to" in page.text
        assert not [each for each in page.links if "#facts" in each]


async def test_the_report_is_for_whoever_sees_every_case(world: World):
    await world.place.settled()
    asked = {"programme": PROGRAMME, "year": ENDED.first.year, "quarter": (ENDED.first.month + 2) // 3}
    for audience in ("PUBLISHED", "INTERNAL"):
        asked["audience"] = audience
        found = (await world.place.ask(REPORT, AUDITOR, **asked))["report"]
        made = await impact_report(world.place.catch, PROGRAMME, ENDED, ReportAudience(audience.lower()))
        tables = [(section["title"], table["title"]) for section in found["sections"] for table in section["tables"]]
        assert tables == [(section.title, table.title) for section, table in made.tables()]
        assert found["title"] == made.title
        for by in (ANALYST, COORDINATOR, CHAIR, HOUSING):
            assert await world.place.code(REPORT, by, **asked) == "NOT_FOR_YOUR_ROLE"
        assert await world.place.code(REPORT, AUDITOR, **{**asked, "programme": "none"}) == "NOT_FOR_YOUR_ROLE"
    # Before anything was recorded there is a report of nothing, and another one for every position after it.
    nothing = (await world.place.ask(REPORT, AUDITOR, **asked, position="0"))["report"]
    assert nothing != found
    assert await world.place.code(REPORT, AUDITOR, **asked, position=str(2**50)) == "NOT_RECORDED_YET"
    assert await world.place.code(REPORT, AUDITOR, **{**asked, "quarter": 5}) == "NO_SUCH_QUARTER"
    assert await world.place.code(REPORT, AUDITOR, **{**asked, "year": -1}) == "NO_SUCH_QUARTER"
    assert await world.place.code(REPORT, AUDITOR, **{**asked, "year": 2150}) == "QUARTER_NOT_OVER"


async def test_the_report_is_shown_and_handed_out_as_a_file(world: World):
    await world.place.settled()
    here = f"programme={PROGRAMME}&quarter={ENDED.first:%Y-%m}-3&audience=internal"
    made = await impact_report(world.place.catch, PROGRAMME, ENDED, ReportAudience.INTERNAL)
    async with signed_in(world.place, AUDITOR) as visitor:
        page = (await visitor.get(f"/figures/report?{here}")).text
        assert all(escape(section.title) in page for section in made.sections)
        for ending, form in FORMS.items():
            if form.available:
                assert f"form={ending}" in page
                answer = await visitor.get(f"/figures/report/file?{here}&form={ending}")
                assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, form.media)
                assert answer.headers["content-disposition"].startswith(f'attachment; filename="{PROGRAMME}-')
                if ending in (".html", ".csv"):
                    assert answer.content == form.write(made)
        assert (await visitor.get(f"/figures/report/file?{here}&form=.exe")).status_code == 404
    for by in (COORDINATOR, HOUSING):
        async with signed_in(world.place, by) as visitor:
            assert "There is no report for you here" in (await visitor.get(f"/figures/report?{here}")).text
            assert (await visitor.get(f"/figures/report/file?{here}&form=.csv")).status_code == 403


async def test_whoever_was_merged_into_somebody_else_is_counted_once_from_then_on(world: World):
    """As it was known: at an earlier cut-off, and after they were two again, they are two."""
    place = world.place
    await place.enrol(COLLEAGUE)
    since, merge = datetime.combine(ENDED.first, time(9), UTC), uuid4()
    one, other = [await place.worked_on("Una Quillbrook", at=since, date_of_birth=Sealed("1951-05-21")) for _ in "12"]
    over = since + timedelta(days=10)
    await place.take(CloseCase(one.case, "goals-achieved", london_day(over), Sealed("Well again")), at=over)
    heads: list[int] = []

    async def counted(head: int | None = None) -> tuple[int, float | None]:
        await place.settled()
        asked = {"asAt": {"position": str(head)}} if head else {}
        found = await place.ask(ONE, AUDITOR, code="M01", programme=PROGRAMME, **asked)
        return found["metric"]["number"], said(found["metric"])["people"]

    before = await counted()
    heads.append(await place.settled())
    await place.mutate(RequestMerge(one.person, other.person, merge, Sealed("One person")))
    assert await counted() == before
    await place.mutate(ApproveMerge(one.person, merge), COLLEAGUE)
    assert before[1] is not None
    assert await counted() == (before[0], before[1] - 1)
    heads.append(await place.settled())
    await place.mutate(ReverseMerge(one.person, merge, Sealed("Two cousins")))
    assert await counted() == before
    assert [await counted(head) for head in heads] == [before, (before[0], before[1] - 1)]

"""Pages of auditors: a timeline with both clocks, every field, how it stood then, masked as the API masks; figures."""

import re
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from catch.domain.calendar import LONDON, london_day
from catch.domain.case.closing import CloseCase
from catch.domain.case.eligibility import AcceptReferral
from catch.domain.case.notes import AddNote
from catch.domain.facts import Category, Sealed, Tag
from catch.domain.restricted import AddRestrictedNote
from catch.web.console.pages.figures import periods
from tests.conftest import Furnished
from tests.place import (
    ADMINISTRATOR,
    AUDITOR,
    CHAIR,
    COORDINATOR,
    HOUSING,
    PROGRAMME,
    REFERRER,
    Case,
    Place,
    ago,
)
from tests.visitors import visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")


class World:
    place: Place
    case: Case
    number: str
    meeting: UUID


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(furnished: Furnished) -> AsyncIterator[World]:
    async with furnished() as place:
        made = World()
        made.place = place
        made.case = await place.worked_on("Ada Quillbrook", "housing-1", at=ago(days=6))
        await place.take(AddNote(made.case.case, uuid4(), Category.DISCUSSION, Sealed("A note of the talk")))
        await place.take(AddRestrictedNote(made.case.case, uuid4(), Tag.WARNING, Sealed("A restricted note")))
        made.meeting = (await place.published("housing-1")).meeting
        for number in range(6):
            ended = await place.referred(f"Dora {number}", at=ago(days=200))
            await place.take(AcceptReferral(ended.case), at=ago(days=199))
            closed = CloseCase(ended.case, "disengaged", london_day(ago(days=100)), Sealed("Not wanted"))
            await place.take(closed, at=ago(days=100))
        await place.settled()
        found = await place.ask("query($c: UUID!) { case(id: $c) { number } }", c=str(made.case.case))
        made.number = found["case"]["number"]
        yield made


async def test_a_case_is_found_by_its_number_and_no_address_holds_it(world: World):
    async with visiting(world.place, AUDITOR) as visitor:
        page = await visitor.get("/audit")
        wrong = await visitor.send(page, "/audit", {"number": "XXXX-0000"})
        assert wrong.status == 400
        assert wrong.form("/audit")["number"] == ["XXXX-0000"]
        found = await visitor.send(wrong, "/audit", {"number": world.number})
        assert (found.status, found.address) == (200, f"/audit/{world.case.case}")
        assert f"/audit/{world.meeting}" in page.links


async def test_the_trail_is_for_those_who_read_it_and_holds_no_text_of_a_person(world: World):
    for by in (AUDITOR, COORDINATOR, HOUSING, CHAIR, ADMINISTRATOR, REFERRER):
        async with visiting(world.place, by) as visitor:
            page = await visitor.get(f"/audit/{world.case.case}")
            assert page.status == (200 if by in (AUDITOR, COORDINATOR) else 404), by
            assert (await visitor.get(f"/audit/{uuid4()}")).status == 404, by
            for secret in (*world.case.secrets, "A note of the talk", "A restricted note"):
                assert secret not in page.html, (by, secret)


async def test_every_fact_of_the_timeline_says_both_its_clocks_and_every_field(world: World):
    async with visiting(world.place, AUDITOR) as visitor:
        page = await visitor.get(f"/audit/{world.case.case}")
        told = await world.place.ask(
            "query($s: UUID!) { auditTrail(stream: $s) { edges { node { position event fact } } } }",
            AUDITOR,
            s=str(world.case.case),
        )
        nodes = [each["node"] for each in told["auditTrail"]["edges"]]
        assert len(re.findall('<li class="catch-panel" id="fact-', page.html)) == len(nodes) > 5
        for node in nodes:
            assert f'id="fact-{node["position"]}"' in page.html
        assert page.text.count("Occurred") == page.text.count("Recorded") == len(nodes)
        # What occurred six days ago was recorded today: both stand there.
        assert f"{ago(days=6).astimezone(LONDON):%-d %B %Y}" in page.text
        assert f"{ago().astimezone(LONDON):%-d %B %Y}" in page.text
        assert "«sealed»" in page.text


async def test_a_case_as_it_stood_behind_a_fact_marks_what_that_fact_changed(world: World):
    told = await world.place.ask(
        "query($s: UUID!) { auditTrail(stream: $s) { edges { node { position event } } } }",
        AUDITOR,
        s=str(world.case.case),
    )
    nodes = [each["node"] for each in told["auditTrail"]["edges"]]
    accepted = next(n for n, each in enumerate(nodes) if "Accepted" in each["event"])
    async with visiting(world.place, AUDITOR) as visitor:
        here = f"/audit/{world.case.case}"
        page = await visitor.get(f"{here}?position={nodes[accepted]['position']}")
        then = page.html.partition('id="then"')[2].partition("<ol")[0]
        assert "The case as it stood" in then
        assert "Received" in then.partition("What this fact changed")[2].partition("In short")[0].title()
        then = then.partition("In short")[2]
        state = then.partition('<th scope="row">State</th>')[2].partition("</tr>")[0]
        assert {"Accepted", "Received", "Changed"} <= {*re.findall(r"\w+", state)}, state
        programme = then.partition('<th scope="row">Episode</th>')[2].partition("</tr>")[0]
        assert "the same" in programme
        # Hidden is said to be hidden.
        assert "Closed to you" in page.text
        assert f"{here}?position={nodes[accepted - 1]['position']}#then" in page.links
        assert f"{here}?position={nodes[accepted + 1]['position']}#then" in page.links
        first = await visitor.get(f"{here}?position={nodes[0]['position']}")
        assert "The fact before" not in first.text
        assert "The next fact" in first.text


async def test_a_moment_is_asked_for_by_either_clock_and_a_wrong_one_stays_in_the_form(world: World):
    """Four days ago the case was there, and nothing of it was recorded."""
    at = ago(days=4).astimezone(LONDON)
    moment = f"moment-day={at.day}&moment-month={at.month}&moment-year={at.year}&moment-time=10:00"
    async with visiting(world.place, AUDITOR) as visitor:
        here = f"/audit/{world.case.case}"
        true = await visitor.get(f"{here}?clock=occurred&{moment}")
        assert "The case as it stood" in true.text
        assert "what was true" in true.text
        knew = await visitor.get(f"{here}?clock=recorded&{moment}")
        assert "There was nothing yet at that moment" in knew.text
        wrong = await visitor.get(f"{here}?clock=occurred&moment-day=31&moment-month=2&moment-year=2026")
        assert wrong.status == 400
        assert "must be a date that exists" in wrong.text
        assert re.search('name="moment-day"[^>]* value="31"', wrong.html)
        assert (await visitor.get(f"{here}?position=junk&after=junk")).status == 200


def typed(name: str, days: int, time: str = "10:00") -> str:
    at = ago(days=days).astimezone(LONDON)
    return f"{name}-day={at.day}&{name}-month={at.month}&{name}-year={at.year}&{name}-time={time}"


async def test_two_moments_are_compared_by_either_clock_and_what_is_otherwise_is_marked(world: World):
    """It was worked on from six days ago; six more came, and all of it was recorded today."""
    note = AddNote(world.case.case, uuid4(), Category.PLAN, Sealed("Two days ago"))
    await world.place.take(note, at=ago(days=2, hours=12))
    await world.place.settled()
    async with visiting(world.place, AUDITOR) as visitor:
        here = f"/audit/{world.case.case}?clock=occurred"
        page = await visitor.get(f"{here}&{typed('moment', 1)}&{typed('since', 4)}")
        then = page.html.partition('id="then"')[2].partition("<ol")[0]
        assert "compared with" in then
        otherwise = then.partition("What is otherwise than at")[2].partition("</table>")[0]
        assert str(note.note) in otherwise or "Notes: " in otherwise
        assert '<tr class="catch-changed">' in then
        assert "Notes (changed)" in then
        same = await visitor.get(f"{here}&{typed('moment', 3, '10:01')}&{typed('since', 3)}")
        assert "Nothing that is for you is otherwise" in same.text
        assert "(changed)" not in same.text
        # Nothing is said to be the same as what was not there, nor where nothing is compared.
        for query in (f"{typed('moment', 1)}&{typed('since', 30)}", typed("moment", 1)):
            alone = (await visitor.get(f"{here}&{query}")).html.partition('id="then"')[2].partition("<ol")[0]
            assert "In short" in alone
            assert "the same" not in alone
        assert "all of this came since" in (await visitor.get(f"{here}&{typed('moment', 1)}&{typed('since', 30)}")).text
        for query, told in (
            (f"{typed('moment', 4)}&{typed('since', 1)}", "must be before the other"),
            (typed("since", 1), "Enter the moment to compare"),
        ):
            wrong = await visitor.get(f"{here}&{query}")
            assert wrong.status == 400
            assert told in wrong.text
            assert re.search('name="since-day"[^>]* value="[0-9]+"', wrong.html)


async def test_a_meeting_as_it_stood(world: World):
    told = await world.place.ask(
        "query($s: UUID!) { auditTrail(stream: $s) { edges { node { position event } } } }",
        AUDITOR,
        s=str(world.meeting),
    )
    nodes = [each["node"] for each in told["auditTrail"]["edges"]]
    async with visiting(world.place, AUDITOR) as visitor:
        page = await visitor.get(f"/audit/{world.meeting}?position={nodes[-1]['position']}")
        assert "The meeting as it stood" in page.text
        assert world.case.secrets[0] not in page.html


async def test_the_trail_goes_on_by_the_page(world: World):
    case = await world.place.referred("Long Story")
    for number in range(40):
        await world.place.take(AddNote(case.case, uuid4(), Category.PLAN, Sealed(f"note {number}")))
    await world.place.settled()
    async with visiting(world.place, AUDITOR) as visitor:
        here, seen = f"/audit/{case.case}", set[str]()
        page = await visitor.get(here)
        for _ in range(3):
            facts = {*re.findall(r'id="fact-(\d+)"', page.html)}
            assert not facts & seen
            seen |= facts
            following = [each for each in page.links if each.startswith(f"{here}?after=") and "position" not in each]
            if not following:
                break
            page = await visitor.get(following[0])
        assert len(seen) == 41


async def test_figures_are_those_of_the_api_and_small_numbers_are_not_told(world: World):
    for by in (AUDITOR, COORDINATOR, HOUSING, ADMINISTRATOR, REFERRER):
        async with visiting(world.place, by) as visitor:
            page = await visitor.get("/figures")
            assert page.status == 200, by
            assert ("Ended otherwise 6" in page.text) is (by is AUDITOR), by
            assert ("<svg" in page.html) is (by is AUDITOR), by
            if by in (HOUSING, ADMINISTRATOR, REFERRER):
                assert "There are no figures for you here" in page.text, by
    async with visiting(world.place, COORDINATOR) as visitor:
        page = await visitor.get(f"/figures?programme={PROGRAMME}&period=all")
        assert "There are no figures for you here" in page.text
        # A year in which nobody was referred.
        page = await visitor.get(f"/figures?programme={PROGRAMME}&period={periods(london_day(ago()))[-1].value}")
        assert "Too few to tell" in page.text


async def test_who_looked_at_a_case_is_shown_to_those_who_may_know(world: World):
    """Everybody to whoever coordinates or audits it, its own people to an agency with a part in it; else no page."""
    path = f"/cases/{world.case.case}/looks"
    async with visiting(world.place, COORDINATOR) as visitor:
        await visitor.get(f"/cases/{world.case.case}")
    async with visiting(world.place, HOUSING) as visitor:
        assert path in (await visitor.get(f"/cases/{world.case.case}")).links
        own = await visitor.get(path)
        assert own.status == 200
        assert HOUSING.user in own.text
        assert COORDINATOR.user not in own.text
    for by in (COORDINATOR, AUDITOR):
        async with visiting(world.place, by) as visitor:
            text = (await visitor.get(path)).text
            assert HOUSING.user in text
            assert COORDINATOR.user in text
    for by, address in ((REFERRER, path), (COORDINATOR, f"/cases/{uuid4()}/looks")):
        async with visiting(world.place, by) as visitor:
            assert (await visitor.get(address)).status == 404

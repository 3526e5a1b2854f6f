"""Pages of agencies and people: what each role sees on each, what it may do there, and the forms behind that."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
import pytest_asyncio

from catch.domain.calendar import london_day
from catch.domain.case.actions import OfferAction
from catch.domain.facts import Actor, Role, Sealed
from tests.conftest import Furnished
from tests.place import (
    ADMINISTRATOR,
    AUDITOR,
    CHAIR,
    COORDINATOR,
    HOUSING,
    PROGRAMME,
    REFERRER,
    SERIES,
    Case,
    Place,
    ago,
)
from tests.visitors import visiting

pytestmark = pytest.mark.asyncio(loop_scope="module")

MANAGER = Actor("manager@snn", "snn", Role.MEMBER_ADMINISTRATOR)
THEIRS = Actor("manager@housing-1", "housing-1", Role.MEMBER_ADMINISTRATOR)
OFFICER = Actor("officer@snn", "snn", Role.APPOINTING_OFFICER)
CALDICOTT = Actor("caldicott@snn", "snn", Role.CALDICOTT)
COLLEAGUE = Actor("second@snn", "snn", Role.COORDINATOR)
LOOK_AFTER = (ADMINISTRATOR, MANAGER, THEIRS, OFFICER, CALDICOTT)


class World:
    place: Place
    case: Case


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(furnished: Furnished) -> AsyncIterator[World]:
    async with furnished() as place:
        made = World()
        made.place = place
        for somebody in (MANAGER, THEIRS, OFFICER, CALDICOTT, COLLEAGUE):
            await place.enrol(somebody)
        made.case = await place.worked_on("Ada Quillbrook", "housing-1")
        await place.settled()
        yield made


async def test_everybody_reads_their_own_agency_and_whoever_looks_after_them_the_others(world: World):
    for by in (*LOOK_AFTER, COORDINATOR, HOUSING, CHAIR, AUDITOR, REFERRER):
        async with visiting(world.place, by) as visitor:
            page = await visitor.get("/people")
            assert page.status == 200, by
            assert f"/people/{by.agency}" in page.links, by
            others = "/people/police-1" in page.links
            assert others is (by in (ADMINISTRATOR, OFFICER, CALDICOTT)), by
            assert (await visitor.get(f"/people/{by.agency}")).status == 200, by
            assert (await visitor.get("/people/police-1")).status == (200 if others else 404), by
            assert (await visitor.get("/people/nobody")).status == 404, by


async def test_members_are_listed_for_those_who_look_after_them_with_who_gave_what_until_when(world: World):
    for by in (*LOOK_AFTER, COORDINATOR, CHAIR, AUDITOR):
        async with visiting(world.place, by) as visitor:
            page = await visitor.get("/people/snn")
            listed = f"/people/snn/{COORDINATOR.user}" in page.links
            assert listed is (by in (ADMINISTRATOR, MANAGER, OFFICER, CALDICOTT)), by
            assert ("given by" in page.text) is listed, by
            # Names are for the agency's own member administrator.
            assert (f"{COORDINATOR.user} Example" in page.text) is (by is MANAGER), by
            one = await visitor.get(f"/people/snn/{COORDINATOR.user}")
            assert one.status == (200 if listed else 404), by
            assert (await visitor.get("/people/snn/nobody")).status == 404, by


OFFERED = {
    MANAGER: {"enrol-member", "enrol-service"},
    ADMINISTRATOR: {"run-programme", "sign-agreement", "leave-programme", "terminate-agreement", "register-partner"},
    OFFICER: set[str](),
    CALDICOTT: set[str](),
    COORDINATOR: set[str](),
    AUDITOR: set[str](),
}
"""What is offered about the agency `snn`, whose member administrator there is already."""
ABOUT_ONE = {
    MANAGER: {"give-role", "end-role", "bind-subject", "suspend-member"},
    ADMINISTRATOR: {"suspend-member", "give-role"},
    OFFICER: {"give-role", "end-role"},
    CALDICOTT: {"give-role", "give-tag", "end-tag"},
}
"""What is offered about its coordinator."""


@pytest.mark.parametrize("by", OFFERED, ids=lambda by: by.role)
async def test_what_is_offered_about_an_agency_is_what_the_viewer_may_do_there(world: World, by: Actor):
    async with visiting(world.place, by) as visitor:
        people, agency = await visitor.get("/people"), await visitor.get(f"/people/{by.agency}")
        found = (people.offers() | agency.offers()) - {"suspend-programme", "resume-programme"}
        assert found == OFFERED[by]


@pytest.mark.parametrize("by", ABOUT_ONE, ids=lambda by: by.role)
async def test_what_is_offered_about_a_member_is_what_the_viewer_may_do_about_them(world: World, by: Actor):
    async with visiting(world.place, by) as visitor:
        assert (await visitor.get(f"/people/snn/{COORDINATOR.user}")).offers() == ABOUT_ONE[by]


async def test_nobody_is_offered_anything_about_themselves(world: World):
    for by in (MANAGER, OFFICER, CALDICOTT, ADMINISTRATOR):
        async with visiting(world.place, by) as visitor:
            assert (await visitor.get(f"/people/{by.agency}/{by.user}")).offers() == set(), by


async def test_nothing_of_a_case_stands_on_any_of_these_pages_for_those_who_look_after_people(world: World):
    for by in LOOK_AFTER:
        async with visiting(world.place, by) as visitor:
            for address in ("/people", f"/people/{by.agency}", f"/people/{by.agency}/{by.user}"):
                page = await visitor.get(address)
                for secret in (*world.case.secrets, str(world.case.case)):
                    assert secret not in page.html, (by, address)
            assert (await visitor.get(f"/people/snn/{COORDINATOR.user}/leave")).status == 404, by
            assert (await visitor.get(f"/audit/{world.case.case}")).status == 404, by


async def test_a_member_is_enrolled_given_a_role_that_ends_and_suspended_by_forms_alone(world: World):
    async with visiting(world.place, MANAGER) as visitor:
        form = await visitor.get("/do/enrol-member?partner=snn&next=/people/snn")
        page = await visitor.send(form, "/do/enrol-member", {"user": "new@snn", "name": "Nova Example"})
        assert (page.status, page.address) == (200, "/people/snn")
        assert "Nova Example" in page.text
        form = await visitor.get("/do/give-role?partner=snn&user=new@snn&next=/people/snn/new@snn")
        # Only what this viewer may give.
        assert 'value="COORDINATOR"' in form.html
        assert 'value="CHAIR"' not in form.html
        assert 'value="AUDITOR"' not in form.html
        day = {"startsOn-day": "1", "startsOn-month": "3", "startsOn-year": "2026"}
        wrong = await visitor.send(form, "/do/give-role", {**day, "role": "COORDINATOR", "startsOn-month": "13"})
        assert wrong.status == 400
        assert wrong.form("/do/give-role")["startsOn-month"] == ["13"]
        assert wrong.form("/do/give-role")["role"] == ["COORDINATOR"]
        ending = {"endsOn-day": "1", "endsOn-month": "2", "endsOn-year": "2026"}
        refused = await visitor.send(
            wrong, "/do/give-role", {**day, **ending, "role": "COORDINATOR", "programme": PROGRAMME}
        )
        assert refused.status == 400
        assert refused.form("/do/give-role")["endsOn-year"] == ["2026"]
        soon = london_day(ago(days=-20))
        until = {"endsOn-day": str(soon.day), "endsOn-month": str(soon.month), "endsOn-year": str(soon.year)}
        page = await visitor.send(refused, "/do/give-role", {**until, "programme": PROGRAMME})
        assert (page.status, page.address) == (200, "/people/snn/new@snn"), page.text
        assert "Coordinator, Support North Northants (CATCH)" in page.text
        people = await visitor.get("/people")
        assert "new@snn" in people.text.partition("What ends within")[2]
        page = await visitor.send(page, "/do/suspend-member", {})
        assert "Suspended" in page.text
        assert "reinstate-member" in page.offers()
        page = await visitor.send(page, "/do/reinstate-member", {})
        page = await visitor.send(page, "/do/end-role", {}, role="COORDINATOR")
        assert "Nothing that you are told of." in page.text


async def test_a_programs_form_holds_what_it_may_ask_for_now(world: World):
    async with visiting(world.place, MANAGER) as visitor:
        form = await visitor.get("/do/enrol-service?partner=snn&next=/people/snn")
        named = {"user": "robot@snn", "name": "Robot", "commands": ["submit-referral", "register-person"]}
        assert (await visitor.send(form, "/do/enrol-service", named)).status == 200
        page = await visitor.get("/people/snn/robot@snn")
        assert {"allow-service", "suspend-member"} <= page.offers()
        form = await visitor.get("/do/allow-service?partner=snn&user=robot@snn&next=/people/snn/robot@snn")
        assert form.form("/do/allow-service")["commands"] == ["register-person", "submit-referral"]


async def test_an_account_is_bound_and_taken_away_by_forms(world: World):
    await world.place.enrol(Actor("bound@snn", "snn", Role.PARTNER))
    await world.place.settled()
    async with visiting(world.place, MANAGER) as visitor:
        here = "/people/snn/bound@snn"
        assert "unbind-subject" not in (await visitor.get(here)).offers()
        form = await visitor.get(f"/do/bind-subject?partner=snn&user=bound@snn&next={here}")
        named = {"issuer": "example-issuer", "subject": "subject-2"}
        page = await visitor.send(form, "/do/bind-subject", named)
        assert "example-issuer" in page.text, page.text
        form = await visitor.get(f"/do/unbind-subject?partner=snn&user=bound@snn&next={here}")
        assert '<option value="example-issuer"' in form.html
        page = await visitor.send(form, "/do/unbind-subject", {"issuer": "example-issuer"})
        assert "example-issuer" not in page.text


async def test_an_officer_appoints_to_the_series_there_are_and_is_shown_who_is(world: World):
    async with visiting(world.place, OFFICER) as visitor:
        form = await visitor.get(f"/do/give-role?partner=snn&user={COLLEAGUE.user}&next=/people/snn/{COLLEAGUE.user}")
        assert 'value="DEPUTY"' in form.html
        assert 'value="COORDINATOR"' not in form.html
        day = {"startsOn-day": "1", "startsOn-month": "3", "startsOn-year": "2026"}
        given = {**day, "role": "DEPUTY", "programme": PROGRAMME, "series": SERIES}
        page = await visitor.send(form, "/do/give-role", given)
        assert "Deputy, Support North Northants (CATCH), CATCH collaboration meeting" in page.text, page.text
        assert COLLEAGUE.user in (await visitor.get("/people")).text.partition("Appointed in")[2]


async def test_an_administrator_registers_an_agency_signs_for_it_and_suspends_a_programme(world: World):
    async with visiting(world.place, ADMINISTRATOR) as visitor:
        form = await visitor.get("/do/register-partner?next=/people/advice-9")
        named = {"partner": "advice-9", "name": "Example Advice", "kind": "voluntary"}
        page = await visitor.send(form, "/do/register-partner", named)
        assert page.address == "/people/advice-9"
        form = await visitor.get("/do/sign-agreement?partner=advice-9&next=/people/advice-9")
        signed = {
            "agreement": "isa-9", "programmes": PROGRAMME, "categories": ["IDENTITY", "NEEDS"], "signatory": "S. Igner",
            "startsOn-day": "1", "startsOn-month": "3", "startsOn-year": "2026",
        }  # fmt: skip
        page = await visitor.send(form, "/do/sign-agreement", signed)
        assert "isa-9" in page.text, page.text
        form = await visitor.get("/do/run-programme?partner=advice-9&next=/people/advice-9")
        runs = {"programme": PROGRAMME, "part": "DELIVERY", "startsOn-day": "1", "startsOn-month": "3"}
        page = await visitor.send(form, "/do/run-programme", {**runs, "startsOn-year": "2026"})
        page = await visitor.send(page, "/do/leave-programme", {}, part="DELIVERY")
        assert "It runs no programme" in page.text
        page = await visitor.send(await visitor.get("/people"), "/do/suspend-programme", {}, programme=PROGRAMME)
        assert "It takes no referrals." in page.text
        page = await visitor.send(page, "/do/resume-programme", {}, programme=PROGRAMME)
        assert "It takes no referrals." not in page.text


async def test_what_somebody_has_is_handed_over_in_one_go_and_a_form_that_comes_twice_once(world: World):
    place = world.place
    mine = [await place.worked_on(f"Case {name}", "housing-1") for name in ("One", "Two")]
    await place.share(mine[0].case, "snn")
    due = london_day(ago(days=-9))
    await place.take(OfferAction(mine[0].case, uuid4(), Sealed("Ring the landlord"), "snn", due, COORDINATOR.user))
    await place.settled()
    here = f"/people/snn/{COORDINATOR.user}/leave"
    async with visiting(place, COLLEAGUE) as visitor:
        page = await visitor.get(here)
        parts = page.form(here)["part"]
        assert {f"case/{each.case}" for each in mine} < {*parts}
        assert "Ring the landlord" in page.text
        nobody = await visitor.send(page, here, {"reason": "Leaves us"})
        assert nobody.status == 400
        assert nobody.form(here)["reason"] == ["Leaves us"]
        assert nobody.form(here)["part"] == parts
        stranger = await visitor.send(page, here, {"to": "nobody@snn"})
        assert f"{len(parts)} refused" in stranger.text
        assert stranger.form(here)["to"] == ["nobody@snn"]
        wanted = {**page.form(here), "to": COLLEAGUE.user, "reason": "Leaves us", "note": "All are well known"}
        done = await visitor.post(here, wanted)
        assert f"{len(parts)} handed over to {COLLEAGUE.user}" in done.text, done.text
        assert "own no action" in done.text
        head = await place.catch.log.head()
        again = await visitor.post(here, wanted)
        assert f"{len(parts)} handed over to {COLLEAGUE.user}" in again.text
        assert await place.catch.log.head() == head
        theirs = await visitor.get(f"/people/snn/{COLLEAGUE.user}/leave")
        assert {*parts} == {*theirs.form(f"/people/snn/{COLLEAGUE.user}/leave")["part"]}


async def test_a_handover_is_for_those_who_may_send_its_commands(world: World):
    for by in (HOUSING, CHAIR, AUDITOR, REFERRER, MANAGER, ADMINISTRATOR):
        async with visiting(world.place, by) as visitor:
            assert (await visitor.get(f"/people/snn/{COORDINATOR.user}/leave")).status == 404, by
            assert (await visitor.get(f"/handover?agency=snn&user={COORDINATOR.user}")).status == 404, by


async def test_the_actions_of_somebody_are_told_as_the_case_tells_them(world: World):
    place = world.place
    held = await place.worked_on("Berta Ownwork", "housing-1", "police-1")
    due = london_day(ago(days=-9))
    await place.take(OfferAction(held.case, uuid4(), Sealed("Look at the boiler"), "housing-1", due, HOUSING.user))
    await place.settled()
    query = """query($a: String!, $u: String!) { ownedActions(agency: $a, user: $u) { edges { node { title } } } }"""

    async def titles(by: Actor) -> list[str]:
        found = await place.ask(query, by, a="housing-1", u=HOUSING.user)
        return [each["node"]["title"] for each in found["ownedActions"]["edges"]]

    assert await titles(HOUSING) == await titles(COORDINATOR) == ["Look at the boiler"]
    assert await place.code(query, AUDITOR, a="housing-1", u=HOUSING.user) == "NOT_FOR_YOUR_ROLE"
    assert await titles(Actor("member@police-1", "police-1", Role.PARTNER)) == ["Look at the boiler"]
    await place.enrol(Actor("m@advice-1", "advice-1", Role.PARTNER))
    assert await titles(Actor("m@advice-1", "advice-1", Role.PARTNER)) == []

"""A case's whole life by its forms alone, without a script: what is wrong is answered beside the field, and put right
there.
"""

import html
from collections.abc import AsyncGenerator
from datetime import date, timedelta
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio

from catch.domain.calendar import add_months, london_day
from catch.domain.facts import Actor, Role
from tests.browser import signed_in
from tests.conftest import Furnished
from tests.pages import Fields, PageForm, PageRead
from tests.place import COORDINATOR, HOUSING, SERIES, Place, ago

pytestmark = pytest.mark.asyncio(loop_scope="module")

TODAY = london_day(ago())
SECOND = Actor("second@snn", "snn", Role.COORDINATOR)
"""Who answers what somebody else has asked."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(furnished: Furnished) -> AsyncGenerator[Place]:
    async with furnished() as found:
        await found.settled()
        yield found


def typed(path: str, day: date) -> dict[str, str]:
    return {f"{path}-day": str(day.day), f"{path}-month": str(day.month), f"{path}-year": str(day.year)}


class Hand:
    """Somebody at a case's page: finds a form on it, or behind one of its links, fills it in and sends it."""

    def __init__(self, place: Place, client: httpx.AsyncClient, address: str) -> None:
        self.place, self.client, self.address = place, client, address

    async def page(self) -> PageRead:
        answer = await self.client.get(self.address)
        assert answer.status_code == 200, answer.text[-500:]
        return PageRead(answer.text).sound()

    async def form(self, key: str, **about: str) -> PageForm:
        page, action = await self.page(), f"/do/{key}"
        if page.has(action):
            return page.form(action, **about)
        links = [html.unescape(each) for each in page.links if urlsplit(html.unescape(each)).path == action]
        assert links, (key, "is not offered")
        answer = await self.client.get(links[0])
        return PageRead(answer.text).sound().form(action)

    async def wrong(self, form: PageForm, field: str, values: Fields) -> PageForm:
        """Sent with this wrong, it is answered beside the field, and what else was typed stays."""
        answer = await self.client.post(form.action, data=form.fields | values)
        assert answer.status_code == 400, (form.action, field, answer.status_code)
        page = PageRead(answer.text).sound()
        # Beside it, or beside the group that it stands in.
        assert {field, field.rpartition(".")[0]} & page.errors.keys(), (form.action, field, page.errors)
        again = page.form(form.action)
        for name, value in values.items():
            # What stands in no list cannot be chosen in it.
            assert name in again.options or again.fields.get(name) == value, name
        return again

    async def sent(self, form: PageForm, values: dict[str, str | list[str]]) -> None:
        """Its button is pressed twice."""
        answer = await self.client.post(form.action, data=form.sent(**values))
        assert answer.status_code == 303, (form.action, PageRead(answer.text).summary, PageRead(answer.text).errors)
        head = await self.place.catch.log.head()
        again = await self.client.post(form.action, data=form.sent(**values))
        assert (again.status_code, again.headers["location"]) == (303, answer.headers["location"]), form.action
        assert await self.place.catch.log.head() == head, form.action
        self.address = answer.headers["location"]

    async def do(self, key: str, values: dict[str, str | list[str]], wrong: dict[str, str] | None = None) -> None:
        """`wrong`: by field, what is no value for it, each tried first."""
        form = await self.form(key)
        for name, value in (wrong or {}).items():
            field = name.rpartition("-")[0] if name.endswith(("-day", "-time")) else name
            given: Fields = {each: held if isinstance(held, list) else [held] for each, held in values.items()}
            await self.wrong(form, field, given | {name: [value]})
        await self.sent(form, values)


async def test_a_case_lives_from_its_referral_to_its_end_by_forms_alone(place: Place) -> None:
    await place.widened()
    await place.enrol(SECOND)
    async with (
        signed_in(place, COORDINATOR) as client,
        signed_in(place, HOUSING) as housing,
        signed_in(place, SECOND) as second,
    ):
        at = Hand(place, client, "/refer-somebody?programme=snn-catch")
        form = (await at.page()).form("/refer-somebody")
        who = {"name": "Rosa Whole-Example", "source": "police", "channel": "phone", "reason": "Alone since June"}
        await at.sent(form, {**who, "safeContact.ok": "true", "safeContact.how": "Text only"})
        case = urlsplit(at.address).path
        await at.do("accept-referral", {})
        await at.do("allocate-coordinator", {"handoverNote": "New"}, {"user": "Not A User!"} | {"agency": ""})
        await at.do(
            "record-conversation",
            {"format": "HOME", "whatMatters": "A warm kitchen", "needs": ["home", "money"]},
            {"whatMatters": "", "format": ""},
        )
        await at.do("record-agreement", {"evidence": "She said yes"}, {"by": "NOBODY"})
        await at.do(
            "authorise-disclosure",
            {
                "agency": "housing-1",
                "categories": ["IDENTITY", "CONTACT", "NEEDS", "PLAN", "DISCUSSION", "ACTIONS"],
                "basis.article6": "PUBLIC_TASK",
                "basis.commonLaw": "IMPLIED_CONSENT",
                "necessity": "To mend the heating",
            },
            {"necessity": "", "until-day": "31", "basis.article6": ""},
        )
        await at.do("involve-partner", {"agency": "housing-1", "role": "support"}, {"role": "Not one word!"})
        await at.do(
            "propose-for-meeting",
            {"series": SERIES, "purpose": "NEW", **typed("earliest", TODAY + timedelta(days=8))},
            {"purpose": "", "earliest-day": "x", "presenter.user": "nobody@nowhere"},
        )
        await at.do("add-note", {"category": "DISCUSSION", "text": "The boiler is cold"}, {"text": ""})
        await at.do(
            "offer-action",
            {"title": "Mend the boiler", "owner": "housing-1", **typed("due", TODAY + timedelta(days=9))},
            {"title": "", "due-day": "99"},
        )
        await place.settled()
        partner = Hand(place, housing, "/inbox")
        await partner.do("respond-to-action", {})
        await partner.do(
            "progress-action", {"note": "A part is on its way", "percent": "50"}, {"percent": "many", "note": ""}
        )
        await partner.do(
            "complete-action", {"outcome": "helped"}, {"outcome": "Not one word!", "completedOn-day": "40"}
        )
        await at.do(
            "agree-plan",
            {
                "whatMatters": "A warm kitchen",
                "goals.0.text": "The kitchen is warm",
                "goals.0.domain": "home",
                "goals.0.baseline": "1",
                "goals.0.target": "4",
                "agreedByPerson": "true",
            },
            {"whatMatters": "", "reviewDue-day": "31x"},
        )
        await at.do("score-goal", {"score": "3", "stage": "review"}, {"score": "", "stage": "Not one word!"})
        await at.do(
            "set-goal",
            {"goal.text": "Sees somebody", "goal.domain": "connections", "goal.baseline": "1", "goal.target": "2"},
            {"goal.text": ""},
        )
        await at.do(
            "hold-review",
            {"decision": "CONTINUE", "agreementConfirmed": "true", "summary": "Better"},
            {"decision": "", "nextDue-day": "0"},
        )
        asked: dict[str, str | list[str]] = {"whom": "Her GP", "what": "Which tablets?"}
        await at.do("request-information", asked | typed("due", TODAY), {"what": ""})
        await at.do("receive-information", {"text": "None that matter"})
        await at.do("start-intervention", {"intervention": "befriending", "provider": "housing-1"}, {"provider": ""})
        await at.do("end-intervention", {"outcome": "helped"})
        risk: dict[str, str | list[str]] = {"kind": "falls", "level": "HIGH", "mitigation": "A rail by the stairs"}
        await at.do("record-risk", risk | typed("reviewOn", TODAY + timedelta(days=9)), {"level": ""})
        await at.do("review-risk", {"level": "LOW", "mitigation": "The rail is there"})
        await at.do("escalate-case", {"to": "CRISIS", "reason": "Nobody answered at night"}, {"to": ""})
        await at.do("record-feedback", {"experience": "GOOD", "text": "They listened"}, {"experience": ""})
        death: dict[str, str | list[str]] = {"source": "FAMILY"}
        await at.do("record-death", death | typed("on", TODAY), {"source": ""})
        assert "They have died" in (await at.page()).main
        await at.do("withdraw-death", {"reason": "It was her neighbour"}, {"reason": ""})
        await at.do("pause-case", {"reason": "in-hospital", **typed("expectedResume", TODAY + timedelta(days=9))})
        assert "On hold" in (await at.page()).main
        await at.do("resume-case", {})
        ticked = {f"readings.{item}.score": "3" for item in range(7)}
        await at.do("record-measure", {"stage": "start", **ticked}, {"readings.0.score": "9", "stage": ""})
        again = {f"readings.{item}.score": "4" for item in range(1, 6)} | {"readings.6.score": "3"}
        await at.do("record-no-measure", {"stage": "closure", "why": "DECLINED"}, {"why": ""})
        assert "19.25 (metric), 21 raw" in (await at.page()).main
        await at.do("correct-measure", {"reason": "Another line", "readings.0.score": "4", **again}, {"reason": ""})
        assert "27 raw" in (await at.page()).main
        put: dict[str, str | list[str]] = {"which": "WHAT_MATTERS", "text": "A warm kitchen and her cat"}
        await at.do("correct-entry", put | {"reason": "Misheard"}, {"reason": "", "text": ""})
        assert "A warm kitchen and her cat" in (await at.page()).main
        drop: dict[str, str | list[str]] = {"reason": "DUPLICATE", "explanation": "Ticked twice"}
        await at.do("request-entry-withdrawal", drop, {"reason": "", "explanation": ""})
        other = Hand(place, second, case)
        assert "Ticked twice" in (await other.page()).main
        await other.do("refuse-entry-withdrawal", {"reason": "Once only"}, {"reason": ""})
        await at.do("request-entry-withdrawal", drop)
        assert "27 raw" in (await at.page()).main
        await other.do("approve-entry-withdrawal", {})
        assert "27 raw" not in (await at.page()).main
        await at.do("propose-closure", {"reason": "goals-achieved", "summary": "Nearly there"}, {"reason": "boredom"})
        await at.do(
            "close-case",
            {
                "reason": "goals-achieved",
                "summary": "Warm",
                "outcomes.0.result": "ACHIEVED",
                "outcomes.1.result": "PARTLY",
            },
            {"summary": "", "closedOn-day": "99"},
        )
        assert "Closed on" in (await at.page()).main
        await at.do("reopen-case", {"reason": "It is cold again"}, {"reason": ""})
        page = (await at.page()).main
        wrong: dict[str, str | list[str]] = {"reason": "WRONG_PERSON", "explanation": "Meant for her sister"}
        await at.do("request-voiding", wrong, {"reason": "", "explanation": ""})
        assert "Somebody else who coordinates the case answers this" in (await at.page()).main
        assert "Meant for her sister" in (await other.page()).main
        await other.do("refuse-voiding", {"reason": "It is hers"}, {"reason": ""})
        await at.do("request-voiding", wrong)
        await other.do("approve-voiding", {})
        over = await at.page()
        assert {"/do/add-note", "/do/reopen-case", "/do/request-voiding"} & {
            urlsplit(each).path for each in over.links
        } == set()
        assert "It is hers" in over.main
    assert urlsplit(at.address).path == case
    for told in (
        "A part is on its way",
        "The kitchen is warm",
        "Sees somebody",
        "Better",
        "It is cold again",
        "50 %",
        "The rail is there",
    ):
        assert told in page, told


async def test_a_domains_refusal_stands_beside_the_field_that_it_is_about(place: Place) -> None:
    case = await place.worked_on("Sol Example", "housing-1")
    await place.settled()
    async with signed_in(place, COORDINATOR) as client:
        at = Hand(place, client, f"/cases/{case.case}")
        # A plan without a goal; a review that is due too late; a day that is over; a partner who may be told nothing.
        form = await at.form("agree-plan")
        late = typed("reviewDue", add_months(TODAY, 11))
        form = await at.wrong(form, "goals", {"whatMatters": ["Warmth"]})
        await at.wrong(form, "reviewDue", {"noGoalsReason": ["She wants none"]} | {k: [v] for k, v in late.items()})
        form = await at.form("offer-action")
        when = {name: [value] for name, value in typed("due", TODAY - timedelta(days=1)).items()}
        await at.wrong(form, "due", {"title": ["Mend it"], "owner": ["housing-1"]} | when)
        form = await at.form("involve-partner")
        answer = await client.post(form.action, data=form.fields | {"agency": ["police-1"], "role": ["support"]})
        assert "agency" in PageRead(answer.text).errors
        assert "Authorise a disclosure" in answer.text

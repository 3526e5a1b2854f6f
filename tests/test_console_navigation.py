"""The head of every page leads to what somebody may read, and to nothing else; the API says what that is."""

import re
from collections.abc import AsyncIterator, Iterable

import pytest
import pytest_asyncio

from catch.access.listing import READS
from catch.domain.facts import Actor, Role
from catch.web.console.pages import ADDRESSES
from catch.web.console.rendering import TEMPLATES
from catch.web.console.site import Address
from tests.browser import signed_in
from tests.conftest import Furnished
from tests.place import ADMINISTRATOR, AUDITOR, CHAIR, COORDINATOR, HOUSING, PROGRAMME, REFERRER, Place

pytestmark = pytest.mark.asyncio(loop_scope="module")

MANAGER = Actor("manager@snn", "snn", Role.MEMBER_ADMINISTRATOR)
CALDICOTT = Actor("caldicott@snn", "snn", Role.CALDICOTT)
EVERYBODY = (ADMINISTRATOR, AUDITOR, CALDICOTT, CHAIR, COORDINATOR, HOUSING, MANAGER, REFERRER)
ASKED = {
    "agencyInbox": "{ agencyInbox(first: 1) { edges { cursor } } }",
    "agendaPreview": "query ($meeting: UUID!) { agendaPreview(meetingId: $meeting) { asOf } }",
    "auditTrail": "query ($case: UUID!) { auditTrail(stream: $case, first: 1) { edges { cursor } } }",
    "breakGlass": "{ breakGlass(first: 1) { edges { cursor } } }",
    "contacts": "{ contacts(first: 1) { edges { cursor } } }",
    "dataRequests": "{ dataRequests(first: 1) { edges { cursor } } }",
    "erasures": "{ erasures(first: 1) { edges { cursor } } }",
    "firstContact": """query ($programme: String!) {
        firstContact(programme: $programme, from: "2025-01-01", to: "2025-03-31") { __typename } }""",
    "lapsing": "{ lapsing(first: 1) { edges { cursor } } }",
    "members": "query ($agency: String!) { members(agency: $agency, first: 1) { edges { cursor } } }",
    "metric": """query ($programme: String!) {
        metric(code: "M07", programme: $programme, from: "2025-01-01", to: "2025-03-31") { number } }""",
    "metricEvidence": """query ($programme: String!) {
        metricEvidence(code: "M07", programme: $programme, from: "2025-01-01", to: "2025-03-31", first: 1) {
            cutOff } }""",
    "metrics": """query ($programme: String!) {
        metrics(programme: $programme, from: "2025-01-01", to: "2025-03-31") { number } }""",
    "ownedActions": "query ($agency: String!) { ownedActions(agency: $agency, user: $agency) { edges { cursor } } }",
    "report": "query ($programme: String!) { report(programme: $programme, year: 2025, quarter: 1) { title } }",
    "retentionDue": "{ retentionDue(first: 1) { edges { cursor } } }",
    "timeToOutcome": "query ($programme: String!) { timeToOutcome(programme: $programme) { cutOffAt } }",
    "whyNotOnAgenda": """query ($case: UUID!, $meeting: UUID!) {
        whyNotOnAgenda(caseId: $case, meetingId: $meeting) { text } }""",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        await made.enrol(MANAGER)
        await made.enrol(CALDICOTT)
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def about(place: Place) -> dict[str, str]:
    case, meeting = await place.worked_on("Ada Example"), await place.published()
    await place.settled()
    return {"case": str(case.case), "meeting": str(meeting.meeting), "programme": PROGRAMME}


@pytest.mark.parametrize("by", EVERYBODY, ids=lambda each: each.user)
async def test_the_head_leads_to_every_page_that_is_theirs_and_to_no_other(place: Place, by: Actor) -> None:
    reads = (await place.ask("{ viewer { reads } }", by))["viewer"]["reads"]
    async with signed_in(place, by) as client:
        head = re.search(r'aria-label="Main">(.*?)</nav>', (await client.get("/")).text, re.DOTALL)
        assert head is not None
        led = re.findall(r'href="([^"]+)"', head[1])
        assert led == [each.path for each in ADDRESSES if each.text and (not each.reads or each.reads in reads)]
        for address in led:
            assert (await client.get(address)).status_code == 200, address


async def test_a_chair_is_led_to_audit_and_figures_and_a_partner_is_not(place: Place) -> None:
    shown = {by: (await place.ask("{ viewer { reads } }", by))["viewer"]["reads"] for by in (CHAIR, HOUSING)}
    assert {"auditTrail", "timeToOutcome", "agencyInbox"} <= {*shown[CHAIR]}
    assert {*shown[HOUSING]} == {"agencyInbox", "breakGlass", "ownedActions"}


@pytest.mark.parametrize("by", EVERYBODY, ids=lambda each: each.user)
async def test_what_is_said_to_be_open_is_open_and_the_rest_is_refused(
    place: Place, about: dict[str, str], by: Actor
) -> None:
    assert ASKED.keys() == READS.keys()
    reads = (await place.ask("{ viewer { reads } }", by))["viewer"]["reads"]
    given = about | {"agency": by.agency}
    for query, text in ASKED.items():
        body = await place.answer(text, by, **{name: value for name, value in given.items() if f"${name}" in text})
        codes = {each["extensions"]["code"] for each in body.get("errors", ())}
        if query in reads:
            # Which of their cases and meetings, and which days, is another question.
            assert "NOT_FOR_YOUR_ROLE" not in codes, query
        else:
            assert codes & {"NOT_FOR_YOUR_ROLE", "UNKNOWN_CASE"}, query


def led_to(template: str) -> set[tuple[bool, str]]:
    """Where links and forms lead, and whether something is sent there, as a template has it written; what it fills in
    stands for a part of an address."""
    filled = re.sub(r"\{\{.*?\}\}", "part", template)
    found = re.findall(r'<\w+\b([^>]*?)\b(?:href|action)="(/[^"]*)"', filled)
    return {('method="post"' in before, re.split(r"[?#]|\{%", to)[0]) for before, to in found}


async def test_no_link_and_no_form_leads_to_an_address_that_is_none() -> None:
    def ways(addresses: Iterable[Address]) -> re.Pattern[str]:
        return re.compile("|".join(re.sub(r"\{\w+:\w+\}", "[^/]+", each.path) for each in addresses))

    opened, sent = ways(ADDRESSES), ways(each for each in ADDRESSES if each.post)
    found = {(each.name, *to) for each in TEMPLATES.glob("*.html") for to in led_to(each.read_text("utf-8"))}
    assert {each for each in found if not (sent if each[1] else opened).fullmatch(each[2])} == set()
    assert any(each[1] for each in found)
    # Programs refer there: a link to it led nowhere.
    assert not opened.fullmatch("/refer")

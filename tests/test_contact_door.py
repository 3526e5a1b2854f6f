"""Contacts at the front door: who keeps it works on them, nobody else knows of them; one append leads them on."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.recusal import DeclareRecusal
from catch.domain.case.state import Described
from catch.domain.contact import ConvertContact, LinkRepeat, ReceiveContact, ResolveContact, TriageContact
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.person import RegisterPerson
from catch.log.codec import decode
from catch.statistics.small_numbers import quarter_before
from tests.conftest import Furnished
from tests.place import (
    ADMINISTRATOR,
    AUDITOR,
    CHAIR,
    COORDINATOR,
    HOUSING,
    POLICE,
    PROGRAMME,
    REFERRER,
    Place,
    ago,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

HERE = Path(__file__).parents[1] / "schema/graphql/operations"
LIST, ONE, EARLIER, FIRST, EVIDENCE = (
    (HERE / f"{name}.graphql").read_text(encoding="utf-8")
    for name in ("contacts", "contact", "earlier_contacts", "first_contact", "metric_evidence")
)
COLLEAGUE = Actor("colleague@snn", "snn", Role.COORDINATOR)
ELSEWHERE = Actor("coordinator@housing-1", "housing-1", Role.COORDINATOR)
"""Of an agency that delivers the programme, and so keeps its front door as well."""
NOT_THEIRS = (CHAIR, HOUSING, POLICE, AUDITOR, REFERRER, ADMINISTRATOR)
ANN = Described(Sealed("Ann Quillbrook"), Sealed("1950-02-01"), address=Sealed("1 Elm Road"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as found:
        await found.enrol(COLLEAGUE)
        await found.enrol_elsewhere(ELSEWHERE)
        await found.take_contacts()
        yield found


async def came(place: Place, text: str, by: Actor = COORDINATOR, /, days: float = 0, **more: Any) -> UUID:
    contact = uuid4()
    await place.take(
        ReceiveContact(contact, PROGRAMME, "police", "phone", Sealed(text), **more), by, ago(days=days, minutes=1)
    )
    return contact


async def one(place: Place, contact: UUID, by: Actor = COORDINATOR) -> Any:
    await place.settled()
    return (await place.ask(ONE, by, id=str(contact)))["contact"]


async def listed(place: Place, by: Actor = COORDINATOR, **asked: Any) -> list[str]:
    await place.settled()
    return [each["node"]["id"] for each in (await place.ask(LIST, by, **asked))["contacts"]["edges"]]


async def known(place: Place, name: str) -> UUID:
    person = uuid4()
    await place.take(RegisterPerson(person, name=Sealed(name)))
    return person


def leads(contact: UUID, person: UUID, programme: str = PROGRAMME, source: str = "police") -> ConvertContact:
    return ConvertContact(contact, uuid4(), person, programme, uuid4(), source, "phone", Sealed("Needs more."))


async def test_whoever_keeps_the_front_door_sees_all_of_it_and_nobody_else_knows_of_it(place: Place):
    closed = {"path": "described.address", "reason": "RESTRICTED"}
    contact = await came(place, "Fell again", described=ANN, caller=Sealed("Her daughter"), on_behalf_of="police-1")
    for by in (COORDINATOR, COLLEAGUE, ELSEWHERE):
        shown = await one(place, contact, by)
        assert (shown["text"], shown["caller"], shown["described"]["name"]) == ("Fell again", "Her daughter", ANN.name)
        assert str(contact) in await listed(place, by)
        # Where she lives is for who is told it once it is protected: nobody knows yet whether it has to be.
        hidden = by is ELSEWHERE
        assert shown["described"]["address"] == (None if hidden else "1 Elm Road")
        assert (closed in shown["redactions"]) is hidden
    for by in NOT_THEIRS:
        assert await one(place, contact, by) is None
        assert await place.code(LIST, by) == "NOT_FOR_YOUR_ROLE"
        assert await place.code(EARLIER, by, id=str(contact)) == "UNKNOWN_CONTACT"
        assert await place.refused(ResolveContact(contact, "advice-given"), by) == "NOT_ALLOWED"
    assert await place.code(LIST, COORDINATOR, which={"programme": "bexley-icm"}) == "NOT_FOR_YOUR_ROLE"
    # What is not there is answered the same.
    assert await place.code(EARLIER, COORDINATOR, id=str(uuid4())) == "UNKNOWN_CONTACT"
    assert await place.refused(ResolveContact(uuid4(), "advice-given")) == "UNKNOWN_CONTACT"


async def test_what_waits_stands_first_by_the_page_and_by_state(place: Place):
    first, second, third = [await came(place, f"Page {n}", days=50 - n) for n in range(3)]
    await place.take(TriageContact(second, "now"))
    await place.take(TriageContact(third, "week"))
    await place.take(ResolveContact(first, "told-where"))
    mine = {str(each) for each in (first, second, third)}
    assert [each for each in await listed(place) if each in mine] == [str(second), str(third), str(first)]
    waiting = await listed(place, which={"states": ["TRIAGED"]})
    assert [each for each in waiting if each in mine] == [str(second), str(third)]
    paged: list[str] = []
    after = None
    while True:
        page = (await place.ask(LIST, COORDINATOR, first=1, after=after))["contacts"]
        paged += [each["node"]["id"] for each in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert paged == await listed(place)
    assert await place.code(LIST, COORDINATOR, after="x") == "UNKNOWN_CURSOR"


async def test_it_leads_to_a_case_in_one_append_and_into_another_programme_as_well(place: Place):
    person, contact = await known(place, "Basil Thistlewane"), await came(place, "About nobody yet")
    here, there = leads(contact, person), leads(contact, person, "bexley-icm", "gp")
    answer = await place.mutate(here)
    assert answer["events"] == ["ContactConvertedToReferral", "ReferralReceived", "PersonReferred"]
    await place.mutate(there)
    shown = await one(place, contact)
    assert shown["state"] == "CONVERTED"
    # Where it went is known to who led it on; the case of the other programme is not theirs to see.
    assert [(each["programme"], each["caseId"]) for each in shown["referrals"]] == [
        (PROGRAMME, str(here.case)),
        ("bexley-icm", None),
    ]
    seen = await place.ask("query($id: UUID!) { case(id: $id) { referrals { reason } } }", id=str(here.case))
    assert seen["case"]["referrals"] == [{"reason": "Needs more."}]


async def test_nothing_is_recorded_of_a_contact_whose_referral_is_refused(place: Place):
    person, contact = await known(place, "Cora Ombersnook"), await came(place, "Comes twice")
    await place.mutate(leads(contact, person))
    before = (await one(place, contact))["version"]
    assert await place.refused(leads(contact, person)) == "DUPLICATE_OPEN_CASE"
    assert await place.refused(leads(contact, person, source="nowhere")) == "SOURCE_NOT_ALLOWED"
    other = await came(place, "Another matter")
    taken = replace(leads(other, person), case=await led(place, contact))
    assert await place.refused(taken) == "ID_ALREADY_USED"
    assert (await one(place, contact))["version"] == before
    assert (await one(place, other))["referrals"] == []


async def led(place: Place, contact: UUID) -> UUID:
    return UUID((await one(place, contact))["referrals"][0]["caseId"])


async def test_whoever_is_kept_out_of_a_case_knows_of_no_contact_about_it(place: Place):
    person, contact = await known(place, "Dora Larkspindle"), await came(place, "Neighbour of mine")
    again = await came(place, "Of the same person", person=person)
    await place.mutate(leads(contact, person))
    case = await led(place, contact)
    assert {str(contact), str(again)} <= {*await listed(place, COLLEAGUE)}
    await place.take(DeclareRecusal(case, COLLEAGUE.user, COLLEAGUE.agency, Sealed("A neighbour")))
    assert {str(contact), str(again)}.isdisjoint(await listed(place, COLLEAGUE))
    for each in (contact, again):
        assert await one(place, each, COLLEAGUE) is None
        assert await place.refused(ResolveContact(each, "ambulance"), COLLEAGUE) == "UNKNOWN_CONTACT"
        assert await one(place, each) is not None


async def test_somebody_alike_who_came_before_is_found_by_keyed_hashes_alone(place: Place):
    said = Described(Sealed("Edwin Tanglewood"), Sealed("1948-05-06"), phone=Sealed("01632 960555"))
    otherwise = Described(Sealed("TANGLEWOOD, Edwin"), phone=Sealed("01632960555"))
    first = await came(place, "First", days=10, described=said)
    long_ago = await came(place, "Long ago", days=40, described=said)
    other = Described(Sealed("Edwin Oakley"), Sealed("1948-05-06"))
    stranger = await came(place, "Somebody else", days=5, described=other)
    now = await came(place, "Again", described=otherwise)
    await place.settled()
    found = (await place.ask(EARLIER, COORDINATOR, id=str(now)))["earlierContacts"]
    assert [each["id"] for each in found] == [str(first)]
    await place.mutate(LinkRepeat(now, first))
    assert (await one(place, now))["repeats"] == str(first)
    assert await place.refused(LinkRepeat(now, long_ago)) == "NOT_A_REPEAT"
    assert await place.refused(LinkRepeat(first, now)) == "NOT_A_REPEAT"
    # Said by somebody who knows them, also where nothing is alike.
    await place.mutate(LinkRepeat(now, stranger))


async def test_a_person_is_named_only_by_who_sees_a_case_of_theirs(place: Place):
    hidden = await place.worked_on("Fenella Underbough")
    asked = ReceiveContact(uuid4(), PROGRAMME, "police", "phone", Sealed("Rang"), person=hidden.person)
    assert await place.refused(asked, ELSEWHERE) == "UNKNOWN_PERSON"
    assert await place.refused(asked) is None
    # Nor does another door read in the contact who it is.
    assert (await one(place, asked.contact))["personName"] == "Fenella Underbough"
    shown = await one(place, asked.contact, ELSEWHERE)
    assert (shown["text"], shown["personName"]) == ("Rang", None)
    assert {"path": "personName", "reason": "NOT_INVOLVED"} in shown["redactions"]
    wrong = replace(asked, contact=uuid4(), described=Described(date_of_birth=Sealed("long ago")))
    assert await place.refused(wrong) == "DATE_OF_BIRTH_INVALID"
    nobody = ReceiveContact(uuid4(), PROGRAMME, "police", "phone", Sealed("Rang"), person=uuid4())
    assert await place.refused(nobody) == "UNKNOWN_PERSON"


async def test_what_is_erased_with_a_person_is_what_was_said_of_them(place: Place):
    person = await known(place, "Gideon Yarrowmere")
    theirs, nobodys = await came(place, "Of him", person=person), await came(place, "Of nobody")
    assert (await one(place, theirs))["personName"] == "Gideon Yarrowmere"
    await place.catch.keyring.erase(person)
    shown = await one(place, theirs)
    assert (shown["text"], shown["personName"]) == (None, None)
    assert {"path": "text", "reason": "ERASED"} in shown["redactions"]
    assert (await one(place, nobodys))["text"] == "Of nobody"
    assert await place.refused(ResolveContact(theirs, "advice-given", Sealed("Said so"))) == "SUBJECT_ERASED"


async def test_what_may_be_done_about_it_is_offered_for_it_alone(place: Place):
    contact, case = await came(place, "What now"), await place.referred("Hesper Fairweather")
    query = "query($a: UUID, $b: UUID) { offered(contactId: $a, caseId: $b) }"
    offered = (await place.ask(query, COORDINATOR, a=str(contact)))["offered"]
    assert {"triageContact", "resolveContact", "convertContact", "linkRepeat"} <= {*offered}
    assert "submitReferral" not in offered
    assert "convertContact" not in (await place.ask(query, COORDINATOR, b=str(case.case)))["offered"]
    for by in NOT_THEIRS:
        assert (await place.ask(query, by, a=str(contact)))["offered"] == []


async def test_figures_are_told_freely_to_who_sees_every_case_and_to_others_where_nobody_is_singled_out(place: Place):
    today = datetime.now(UTC).date()
    asked = {"programme": PROGRAMME, "from": str(today - timedelta(days=60)), "to": str(today)}
    await place.settled()
    told = (await place.ask(FIRST, AUDITOR, **asked))["firstContact"]
    assert told["withheld"] is None
    assert told["contacts"] >= told["resolved"] >= told["lasting"]
    assert told["contacts"] >= told["followed"] > 0
    assert await place.code(FIRST, COORDINATOR, **asked) == "FIXED_PERIODS_ONLY"
    quarter = asked | {"from": "2020-01-01", "to": "2020-03-31"}
    few = (await place.ask(FIRST, COORDINATOR, **quarter))["firstContact"]
    assert (few["withheld"], few["contacts"], few["administrative"]) == ("TOO_FEW", None, None)
    assert await place.code(FIRST, HOUSING, **asked) == "NOT_FOR_YOUR_ROLE"


async def test_nothing_of_it_is_said_in_plain_in_the_log(place: Place):
    contact = await came(place, "A plain secret", described=ANN)
    (stored,) = await place.catch.log.stream(contact)
    assert b"plain secret" not in stored.state
    assert decode(stored).event.contact == contact
    assert decode(stored).event.marks


async def test_the_share_resolved_at_once_leads_to_its_contacts_whoever_keeps_the_door(place: Place):
    quarter = quarter_before(london_day(ago()))
    back = (london_day(ago()) - quarter.first).days - 3
    first = await came(place, "A question", days=back, described=ANN)
    again = await came(place, "The same", days=back - 5, described=ANN)
    await place.take(ResolveContact(first, "told-where"), COORDINATOR, ago(days=back))
    await place.settled()
    asked = {"programme": PROGRAMME, "code": "M29", "from": quarter.first.isoformat(), "to": quarter.last.isoformat()}

    async def behind(by: Actor) -> dict[str, list[str]]:
        found = (await place.ask(EVIDENCE, by, first=50, **asked))["metricEvidence"]["edges"]
        return {each["node"]["contactId"]: [line["answer"] for line in each["node"]["facts"]] for each in found}

    for by in (COORDINATOR, ELSEWHERE):
        found = await behind(by)
        # Back within a week: neither within 7 nor within 28 days did they stay away.
        assert found[str(first)][0].endswith("-0"), found
        assert str(again) in found
    # No auditor and no chair is shown a contact, and none is told how many there are.
    for by in (AUDITOR, CHAIR):
        assert await behind(by) == {}
    page = (await place.ask(EVIDENCE, COORDINATOR, first=1, **asked))["metricEvidence"]
    assert page["pageInfo"]["hasNextPage"]
    following = await place.ask(EVIDENCE, COORDINATOR, first=1, after=page["pageInfo"]["endCursor"], **asked)
    assert following["metricEvidence"]["edges"][0]["node"]["contactId"] == str(again)

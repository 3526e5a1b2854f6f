"""What no plain field, list or filter takes is refused through the API with its code, as data, and changes nothing."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from catch.domain.case.actions import OfferAction
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.streams import partner_stream
from tests.conftest import Database
from tests.place import ADMINISTRATOR, COORDINATOR, HOUSING, Place, ago, placed
from tests.test_identity import signed_with
from tests.test_plain import FREE

SUBMIT = """mutation($i: SubmitReferralInput!, $c: UUID!, $o: DateTime) {
  submitReferral(input: $i, commandId: $c, occurredAt: $o) {
    ... on Accepted { position } ... on Refused { code message details { path name value } } } }"""
REGISTER = """mutation($i: RegisterPartnerInput!, $c: UUID!) { registerPartner(input: $i, commandId: $c) {
    ... on Accepted { position } ... on Refused { code details { name value } } } }"""
CASES = "query($f: CaseFilter, $a: String) { cases(filter: $f, after: $a) { edges { cursor } } }"
MEETINGS = "query($s: String) { meetings(series: $s) { edges { cursor } } }"


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


def referral(**changed: Any) -> dict[str, Any]:
    known = {"case": str(uuid4()), "person": str(uuid4()), "programme": "snn-catch", "referral": str(uuid4())}
    said = {"source": "police", "channel": "phone", "receivedAt": ago(hours=1).isoformat(), "reason": "Lonely"}
    return known | said | changed


async def submitted(place: Place, /, occurred_at: datetime | None = None, **changed: Any) -> Any:
    head = await place.catch.log.head()
    at = occurred_at.isoformat() if occurred_at else None
    answer = (await place.ask(SUBMIT, COORDINATOR, i=referral(**changed), c=str(uuid4()), o=at))["submitReferral"]
    assert await place.catch.log.head() == head
    return answer


async def test_seventy_thousand_needs_are_refused_with_field_and_bound(place: Place):
    answer = await submitted(place, needs=["debt"] * 70_000)
    assert answer["code"] == "TOO_MANY"
    assert {each["name"]: each["value"] for each in answer["details"]} == {"field": "needs", "most": "50"}


async def test_free_text_is_refused_where_a_key_or_code_belongs(place: Place):
    for field in ("onBehalfOf", "source", "channel", "programme"):
        answer = await submitted(place, None, **{field: FREE})
        assert answer["code"] == "KEY_MALFORMED"
        assert "Quennell" not in str(answer)


async def test_what_occurred_before_2000_is_a_mistake(place: Place):
    assert (await submitted(place, datetime(1999, 12, 31, tzinfo=UTC)))["code"] == "OUT_OF_RANGE"


@pytest.mark.parametrize("agency", [" ", "snn ", "SNN", "snn\n", "", "s" * 65])
async def test_no_agency_is_registered_under_what_is_no_key(place: Place, agency: str):
    partner = {"partner": agency, "name": "Somebody", "kind": "housing"}
    answer = (await place.ask(REGISTER, ADMINISTRATOR, i=partner, c=str(uuid4())))["registerPartner"]
    assert answer["code"] in ("KEY_MALFORMED", "MISSING_TEXT")
    assert answer["details"][0]["value"] == "partner"


async def test_nobody_opens_a_stream_where_a_partners_will_lie(place: Place):
    taken = str(partner_stream("fire-9"))
    person = {"person": taken, "name": "Ada"}
    query = REGISTER.replace("registerPartner", "registerPerson").replace("RegisterPartner", "RegisterPerson")
    answer = (await place.ask(query, COORDINATOR, i=person, c=str(uuid4())))["registerPerson"]
    assert (answer["code"], answer["details"][0]["value"]) == ("ID_NOT_ALLOWED", "person")
    assert (await submitted(place, None, case=taken))["code"] == "ID_NOT_ALLOWED"
    partner = {"partner": "fire-9", "name": "Fire station", "kind": "fire"}
    assert "position" in (await place.ask(REGISTER, ADMINISTRATOR, i=partner, c=str(uuid4())))["registerPartner"]


FILTERS: list[tuple[str, dict[str, Any]]] = [
    (CASES, {"f": {"programme": "a\0b"}}),
    (CASES, {"f": {"lead": "a\0b"}}),
    (CASES, {"f": {"agency": "a\0b"}}),
    (CASES, {"a": "a\0b"}),
    (MEETINGS, {"s": "a\0b"}),
    ("query($k: String!) { programme(key: $k) { key } }", {"k": "a\0b"}),
    ("query($k: String!) { timeToOutcome(programme: $k) { __typename } }", {"k": "a\0b"}),
    ('{ cases(filter: {lead: "a\\u0000b"}) { edges { cursor } } }', {}),
    ('{ programme(key: "a\\u0000b") { key } }', {}),
    ('fragment P on Query { programme(key: "a\\u0000b") { key } } { ...P }', {}),
]


@pytest.mark.parametrize(("query", "variables"), FILTERS)
async def test_a_filter_that_no_database_takes_is_a_bad_value(place: Place, query: str, variables: dict[str, Any]):
    assert await place.code(query, COORDINATOR, **variables) == "BAD_VALUE"


async def test_the_same_queries_with_words_are_answered(place: Place):
    await place.ask(CASES, COORDINATOR, f={"programme": "snn-catch", "lead": "nobody", "agency": "housing-1"})
    await place.ask(MEETINGS, COORDINATOR, s="catch-weekly")


async def test_on_a_socket_it_is_an_error_of_that_operation(place: Place):
    async with place.live(COORDINATOR) as client:
        query = "subscription($m: UUID!) { meeting(id: $m) { __typename } }"
        await client.subscribe("q", CASES, f={"lead": "a\0b"})
        message = await client.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "BAD_VALUE")
        await client.subscribe("s", query, m="a\0b")
        message = await client.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "BAD_VALUE")


@pytest.mark.parametrize("change", [{"sub": "ada\ud800"}, {"agency": "SNN"}, {"agency": "snn "}, {"exp": float("nan")}])
async def test_a_token_with_such_a_claim_is_401(place: Place, change: dict[str, Any]):
    folder = place.catch.settings.data_dir
    await place.enrol(Actor("u1", "snn", Role.PARTNER))
    good = await place.post({"query": "{ viewer { user } }"}, signed_with(folder, {"agency": "snn"}))
    assert good.status_code == 200
    answer = await place.post({"query": "{ viewer { user } }"}, signed_with(folder, change))
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (401, "TOKEN_INCOMPLETE")


async def test_another_cases_action_of_the_same_id_leaves_an_inbox_as_it_was(place: Place):
    ours = await place.worked_on("Edmund Pennywhistle", "housing-1")
    theirs = await place.worked_on("Fern Dapplemere", "police-1")
    action, due = uuid4(), ago(days=-7).date()
    await place.take(OfferAction(ours.case, action, Sealed("Mend the cooker"), "housing-1", due))
    await place.settled()
    inbox = "{ agencyInbox { edges { node { id actionId caseId title } } } }"
    before = await place.ask(inbox, HOUSING)
    assert [edge["node"]["actionId"] for edge in before["agencyInbox"]["edges"]] == [str(action)]
    await place.take(OfferAction(theirs.case, action, Sealed("Watch the house"), "police-1", due))
    await place.settled()
    assert await place.ask(inbox, HOUSING) == before

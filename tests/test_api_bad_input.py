"""Whatever is wrong with what a client sends has its code and its sentence, and changes nothing."""

import types
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from pathlib import Path
from random import Random
from typing import Annotated, Any, NewType, Union, get_args, get_origin
from uuid import UUID, uuid4

import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey
from msgspec import Struct

from catch.access import ASKED
from catch.api.mutations import camel
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.person import CorrectIdentity
from catch.domain.streams import PERSON
from catch.identity.tokens import AUDIENCE, ISSUER, KEY_FILE
from tests.conftest import Database
from tests.place import ADMINISTRATOR, AUDITOR, CHAIR, COORDINATOR, HOUSING, REFERRER, Place, ago, placed

REGISTER = """mutation($i: RegisterPersonInput!, $c: UUID!, $v: Int, $o: DateTime) {
  registerPerson(input: $i, commandId: $c, expectedVersion: $v, occurredAt: $o) {
    ... on Accepted { position stream version events }
    ... on Refused { code message details { path name value } } } }"""
SUBMIT = """mutation($i: SubmitReferralInput!, $c: UUID!, $o: DateTime) {
  submitReferral(input: $i, commandId: $c, occurredAt: $o) {
    ... on Accepted { position version events }
    ... on Refused { code message details { path name value } } } }"""
ACCEPT = """mutation($i: AcceptReferralInput!, $c: UUID!, $v: Int) {
  acceptReferral(input: $i, commandId: $c, expectedVersion: $v) {
    ... on Accepted { position version events }
    ... on Refused { code message details { path name value } } } }"""


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


def person() -> dict[str, Any]:
    return {"person": str(uuid4()), "name": "Ada Quillbrook"}


def referral(**changed: Any) -> dict[str, Any]:
    known = {"case": str(uuid4()), "person": str(uuid4()), "programme": "snn-catch", "referral": str(uuid4())}
    said = {"source": "police", "channel": "phone", "receivedAt": ago(hours=1).isoformat(), "reason": "Lonely"}
    return known | said | changed


async def outcome(place: Place, mutation: str, by: Actor = COORDINATOR, /, **variables: Any) -> Any:
    return next(iter((await place.ask(mutation, by, **{"c": str(uuid4())} | variables)).values()))


async def refused(place: Place, mutation: str, by: Actor = COORDINATOR, /, **variables: Any) -> Any:
    """The refusal, after which the log is as it was."""
    head = await place.catch.log.head()
    answer = await outcome(place, mutation, by, **variables)
    assert answer["code"], answer
    assert answer["message"]
    assert await place.catch.log.head() == head
    return answer


BODIES: list[tuple[bytes, int, str]] = [
    (b"", 400, "MALFORMED_JSON"),
    (b"{", 400, "MALFORMED_JSON"),
    (b"\xff\xfe", 400, "MALFORMED_JSON"),
    (b'"query"', 400, "NOT_A_GRAPHQL_REQUEST"),
    (b"[]", 400, "NOT_A_GRAPHQL_REQUEST"),
    (b'[{"query":"{viewer{user}}"}]', 400, "NOT_A_GRAPHQL_REQUEST"),
    (b'{"query":1}', 400, "NOT_A_GRAPHQL_REQUEST"),
    (b'{"query":"{viewer{user}}","variables":[]}', 400, "NOT_A_GRAPHQL_REQUEST"),
    (b'{"query":"{"}', 200, "SYNTAX"),
    (b'{"query":"{ nothing }"}', 200, "INVALID_DOCUMENT"),
    (b'{"query":"{ viewer { user, secret } }"}', 200, "INVALID_DOCUMENT"),
    (b'{"query":"{ viewer { user } } { programmes { key } }"}', 200, "INVALID_DOCUMENT"),
    (b'{"query":"query A{viewer{user}}","operationName":"B"}', 200, "UNKNOWN_OPERATION"),
    (b'{"query":"subscription{agencyInbox{__typename}}"}', 400, "NEEDS_WEBSOCKET"),
    (b"[" * 60_000, 400, "NOT_A_GRAPHQL_REQUEST"),
    (b'{"query":"{viewer{user}}","variables":{"a":' + b"[" * 60_000, 400, "JSON_TOO_DEEP"),
]


@pytest.mark.parametrize(("body", "status", "code"), BODIES, ids=[repr(body[:40]) for body, _, _ in BODIES])
async def test_what_is_no_request_is_said_to_be_none(place: Place, body: bytes, status: int, code: str):
    head = await place.catch.log.head()
    answer = await place.post(body)
    assert answer.status_code == status
    error = answer.json()["errors"][0]
    assert error["extensions"]["code"] == code
    assert error["message"]
    assert "Traceback" not in answer.text
    assert await place.catch.log.head() == head


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "BAD_VALUE"),
    ({"i": None}, "BAD_VALUE"),
    ({"i": {"name": "x"}}, "BAD_VALUE"),
    ({"i": {"person": "not an id", "name": "x"}}, "BAD_VALUE"),
    ({"i": person() | {"name": 5}}, "BAD_VALUE"),
    ({"i": person() | {"name": {"a": 1}}}, "BAD_VALUE"),
    ({"i": person() | {"unknown": 1}}, "BAD_VALUE"),
    ({"i": person() | {"nhsDigest": "00"}}, "BAD_VALUE"),
    ({"i": person(), "c": "1"}, "BAD_VALUE"),
    ({"i": person(), "v": "2"}, "BAD_VALUE"),
    ({"i": person(), "v": 2**40}, "BAD_VALUE"),
    ({"i": person(), "o": "2026-02-30T10:00:00Z"}, "BAD_VALUE"),
    ({"i": person(), "o": "2026-02-03T10:00:00"}, "BAD_VALUE"),
    ({"i": person(), "o": "yesterday"}, "BAD_VALUE"),
    ({"i": person(), "o": "0001-01-01T00:00:00Z"}, "BAD_VALUE"),
    ({"i": person(), "o": 1}, "BAD_VALUE"),
]


@pytest.mark.parametrize(("variables", "code"), WRONG)
async def test_a_value_of_the_wrong_kind_is_named(place: Place, variables: dict[str, Any], code: str):
    head = await place.catch.log.head()
    body = await place.answer(REGISTER, COORDINATOR, **{"c": str(uuid4())} | variables)
    assert "data" not in body
    assert body["errors"][0]["extensions"]["code"] == code
    assert body["errors"][0]["message"]
    assert await place.catch.log.head() == head


async def test_a_day_that_is_typed_where_none_is_known_is_none(place: Place):
    """As in an import; and the same again is the same."""
    typed = person() | {"dateOfBirth": "1900-01-01"}
    for _ in range(2):
        assert "position" in await outcome(place, REGISTER, i=typed)
    held = (await place.catch.present.states.get(PERSON, UUID(typed["person"]))).state
    assert held.registered.date_of_birth is None
    put_right = CorrectIdentity(held.person, Sealed("Wrong"), date_of_birth=Sealed("1900-01-01"))
    assert await place.refused(put_right) == "DATE_OF_BIRTH_INVALID"


async def test_text_that_cannot_be_kept_is_refused(place: Place):
    assert (await refused(place, REGISTER, i=person() | {"name": "a\0b"}))["code"] == "INVALID_INPUT"
    assert (await refused(place, REGISTER, i=person() | {"name": "  "}))["code"] == "MISSING_TEXT"
    long = await refused(place, REGISTER, i=person() | {"name": "x" * 10_001})
    assert (long["code"], long["details"][0]["value"]) == ("TEXT_TOO_LONG", "name")
    wrong = await refused(place, REGISTER, i=person() | {"nhsNumber": "999 000 0011"})
    assert wrong["code"] == "NHS_NUMBER_INVALID"
    assert "999 000 0011" not in str(wrong)


async def test_an_impossible_day_is_refused(place: Place):
    for received in ("2026-13-01T00:00:00Z", "2026-06-31T10:00:00Z", "9999-12-31T23:59:59Z"):
        body = await place.answer(SUBMIT, COORDINATOR, i=referral(receivedAt=received), c=str(uuid4()))
        assert body["errors"][0]["extensions"]["code"] == "BAD_VALUE"
    query = "query($d: Date) { meetings(from: $d) { edges { cursor } } }"
    for day in ("2026-02-29", "2026-2-1", "20260201", "1066-10-14"):
        assert await place.code(query, COORDINATOR, d=day) == "BAD_VALUE"


async def test_ids_that_name_nothing_are_refused(place: Place):
    assert (await refused(place, ACCEPT, i={"case": str(uuid4())}))["code"] == "UNKNOWN_CASE"
    unknown = await refused(place, SUBMIT, i=referral())
    assert unknown["code"] == "UNKNOWN_PERSON"
    # Where nobody works, as where they have no role: which programmes there are is not told.
    assert (await refused(place, SUBMIT, i=referral(programme="none")))["code"] == "NOT_ALLOWED"
    door = await refused(place, SUBMIT, i=referral(source="nobody"))
    assert (door["code"], door["details"][0]) == (
        "SOURCE_NOT_ALLOWED", {"path": "input.source", "name": "source", "value": "nobody"},
    )  # fmt: skip
    start = """mutation($m: UUID!, $c: UUID!) { startMeeting(input: {meeting: $m}, commandId: $c) {
        ... on Refused { code message } } }"""
    assert (await refused(place, start, CHAIR, m=str(uuid4())))["code"] == "UNKNOWN_MEETING"


async def test_commands_out_of_order_are_refused(place: Place):
    case = await place.referred("Ada Quillbrook")
    plan = """mutation($c: UUID!, $k: UUID!) { agreePlan(commandId: $c, input: {
        case: $k, plan: $k, whatMatters: "Home", reviewDue: "2199-01-01", noGoalsReason: "None yet" }) {
        ... on Accepted { version } ... on Refused { code message } } }"""
    assert (await refused(place, plan, k=str(case.case)))["code"]
    close = """mutation($c: UUID!, $k: UUID!) { closeCase(commandId: $c, input: {
        case: $k, reason: "goals-achieved", closedOn: "2199-01-01", summary: "Done" }) {
        ... on Accepted { version } ... on Refused { code message } } }"""
    assert (await refused(place, close, k=str(case.case)))["code"]
    meeting = await place.published("housing-1", starts_at=datetime.now(UTC) + timedelta(hours=1))
    end = """mutation($c: UUID!, $m: UUID!) { endMeeting(commandId: $c, input: { meeting: $m }) {
        ... on Accepted { version } ... on Refused { code message } } }"""
    assert (await refused(place, end, CHAIR, m=str(meeting.meeting)))["code"] == "NOT_IN_PROGRESS"


async def test_who_may_not_ask_is_refused(place: Place):
    case = await place.referred("Ada Quillbrook")
    for by in (HOUSING, ADMINISTRATOR, AUDITOR, REFERRER):
        assert (await refused(place, ACCEPT, by, i={"case": str(case.case)}))["code"] == "NOT_ALLOWED"
    asked = {"query": ACCEPT, "variables": {"i": {"case": str(case.case)}, "c": str(uuid4())}}
    stranger = await place.post(asked, Actor("a", "snn", Role.CHAIR))
    assert stranger.json()["errors"][0]["extensions"]["code"] == "NOT_ENROLLED"


async def test_a_repeated_command_gets_its_first_answer_and_records_nothing(place: Place):
    given, command = person(), str(uuid4())
    first = await outcome(place, REGISTER, i=given, c=command)
    head = await place.catch.log.head()
    assert await outcome(place, REGISTER, i=given, c=command) == first
    # Even where by now it would be refused, or lies behind what was expected.
    assert await outcome(place, REGISTER, i=given, c=command, v=0) == first
    other = await refused(place, REGISTER, i=given | {"name": "Somebody else"}, c=command)
    assert (other["code"], other["details"]) == ("COMMAND_ID_REUSED", [])
    assert await place.catch.log.head() == head
    case = await place.referred("Basil Thistlewane")
    command = str(uuid4())
    answers = [await outcome(place, ACCEPT, i={"case": str(case.case)}, c=command, v=1)]
    answers += [await outcome(place, ACCEPT, i={"case": str(case.case)}, c=command, v=1) for _ in range(2)]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["events"] == ["ReferralAccepted"]


async def test_who_acted_on_what_has_changed_since_is_told_so(place: Place):
    case = await place.referred("Ada Quillbrook")
    stale = await refused(place, ACCEPT, i={"case": str(case.case)}, v=0)
    assert stale["code"] == "STALE"
    assert {each["name"]: each["value"] for each in stale["details"]} == {"expected": "0"}
    assert (await refused(place, ACCEPT, i={"case": str(case.case)}, v=7))["code"] == "STALE"
    assert (await outcome(place, ACCEPT, i={"case": str(case.case)}, v=1))["version"] == 2


async def test_nothing_can_have_occurred_later_than_now(place: Place):
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    future = await refused(place, REGISTER, i=person(), o=later)
    assert (future["code"], future["details"][0]["value"]) == ("IN_THE_FUTURE", "occurredAt")
    assert (await refused(place, SUBMIT, i=referral(receivedAt=later)))["code"]


def tokens(place: Place) -> dict[str, str]:
    """Bad tokens by the code they are refused with."""
    key = OKPKey.import_key(msgspec.json.decode((place.catch.settings.data_dir / KEY_FILE).read_bytes()))
    stranger = OKPKey.generate_key("Ed25519")
    now = int(datetime.now(UTC).timestamp())
    good: dict[str, Any] = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "a", "agency": "snn", "role": "coordinator", "exp": now + 60,
    }  # fmt: skip

    def signed(by: OKPKey = key, **changed: Any) -> str:
        return "Bearer " + jwt.encode({"alg": "Ed25519"}, good | changed, by, algorithms=["Ed25519"])

    return {
        "TOKEN_MISSING": "",
        "TOKEN_MALFORMED": "Bearer nonsense",
        "TOKEN_EXPIRED": signed(exp=now - 60),
        "TOKEN_NOT_YET_VALID": signed(nbf=now + 600),
        "TOKEN_FORGED": signed(by=stranger),
        "TOKEN_FOR_ANOTHER_AUDIENCE": signed(aud="another"),
        "TOKEN_FROM_ANOTHER_ISSUER": signed(iss="another"),
        "TOKEN_INCOMPLETE": signed(role="king"),
    }


async def test_a_token_that_proves_nothing_opens_nothing(place: Place):
    head = await place.catch.log.head()
    for code, token in tokens(place).items():
        body = {"query": REGISTER, "variables": {"i": person(), "c": str(uuid4())}}
        answer = await place.post(body, token)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["errors"][0]["extensions"]["code"] == code
        async with place.live(COORDINATOR) as standing, place.knock() as client:
            await client.send(type="connection_init", payload={"authorization": token})
            closing, reason = await client.closed()
            assert (closing, reason.partition(":")[0]) == (4403, code)
            await standing.subscribe("1", "{ viewer { user } }")
            assert (await standing.next("1"))["user"] == COORDINATOR.user
    assert await place.catch.log.head() == head


OPERATIONS: list[tuple[str, dict[str, Any], str]] = [
    ("{", {}, "SYNTAX"),
    ("{ nothing }", {}, "INVALID_DOCUMENT"),
    (REGISTER, {"i": {"person": 5}}, "BAD_VALUE"),
    ("subscription($m: UUID!) { meeting(id: $m) { __typename } }", {"m": "x"}, "BAD_VALUE"),
    ("subscription($m: UUID!) { meeting(id: $m) { __typename } }", {"m": str(uuid4())}, "UNKNOWN_MEETING"),
    ("subscription($a: Position) { agencyInbox(after: $a) { __typename } }", {"a": "-1"}, "BAD_VALUE"),
    ("subscription($a: Position) { agencyInbox(after: $a) { __typename } }", {"a": 5}, "BAD_VALUE"),
]


async def test_over_the_websocket_a_bad_operation_ends_alone(place: Place):
    head = await place.catch.log.head()
    async with place.live(COORDINATOR) as client:
        for number, (query, variables, code) in enumerate(OPERATIONS):
            await client.subscribe(str(number), query, **variables)
            answer = await client.receive()
            assert (answer["type"], answer["id"]) == ("error", str(number))
            assert answer["payload"][0]["extensions"]["code"] == code
        await client.subscribe("refused", ACCEPT, i={"case": str(uuid4())}, c=str(uuid4()))
        assert (await client.next("refused"))["code"] == "UNKNOWN_CASE"
        assert (await client.receive())["type"] == "complete"
    assert await place.catch.log.head() == head


async def test_a_position_that_has_not_been_reached_ends_in_a_resynchronisation(place: Place):
    async with place.live(COORDINATOR) as client:
        query = 'subscription { agencyInbox(after: "9000000000") { __typename } }'
        await client.subscribe("1", query)
        assert (await client.next("1"))["__typename"] == "ResyncRequired"
        assert (await client.receive())["type"] == "complete"


# Every mutation, given whatever its types allow


class Guess:
    """Values that the types of an input allow: sometimes sensible, mostly at their limits."""

    def __init__(self, dice: Random, ids: Sequence[UUID]) -> None:
        self.dice, self.ids = dice, ids

    def input(self, kind: type[Struct]) -> dict[str, Any]:
        return {
            camel(field.name): self.value(field.type)
            for field in msgspec.structs.fields(kind)
            if field.required or self.dice.random() < 0.7
        }

    def value(self, hint: Any) -> Any:
        pick = self.dice.choice
        if isinstance(hint, NewType):
            return pick(("Some text", "x" * 9_000, "é\u202e😀", " ", "2026-01-01"))
        if hint is UUID:
            return str(pick((*self.ids, uuid4(), UUID(int=0), UUID(int=2**128 - 1))))
        if hint is datetime:
            limits = ("1900-01-01T00:00:00Z", "2199-12-31T23:59:59Z", "2026-03-29T01:30:00Z")
            return pick((*limits, ago(hours=1).isoformat()))
        if hint is date:
            return pick(("1900-01-01", "2199-12-31", "2024-02-29", "2026-10-25"))
        if hint is bool:
            return pick((True, False))
        if hint is int:
            return pick((0, 1, -1, 2**31 - 1, -(2**31), 60))
        if hint is float:
            return pick((0.0, -1.0, 1e308, 0.5))
        if hint is str:
            return pick(("snn-catch", "catch-weekly", "housing-1", "snn", "x" * 5_000, "", "é😀", "coordinator@snn"))
        return self.composed(hint, get_origin(hint), get_args(hint))

    def composed(self, hint: Any, origin: Any, inner: tuple[Any, ...]) -> Any:
        if isinstance(hint, type) and issubclass(hint, Enum):
            return self.dice.choice([*hint]).name
        if isinstance(hint, type) and issubclass(hint, Struct):
            return self.input(hint)
        if origin is Annotated:
            return self.value(inner[0])
        if origin in (Union, types.UnionType):
            present = [one for one in inner if one is not type(None)]
            return None if len(present) < len(inner) and self.dice.random() < 0.2 else self.value(present[0])
        return [self.value(inner[0]) for _ in range(self.dice.choice((0, 1, 2)))]


async def test_no_mutation_breaks_whatever_its_types_allow(place: Place):
    """Each command many times, on streams that exist and that do not: taken, or refused with a code."""
    dice = Random(11)
    case = await place.worked_on("Ada Quillbrook", "housing-1")
    meeting = await place.published("housing-1")
    ids = [case.case, case.person, meeting.meeting, *(item.item for item in meeting.items)]
    guess = Guess(dice, ids)
    codes: set[str] = set()
    for kind in (kind for kind in ASKED for _ in range(6)):
        name = kind.__name__[0].lower() + kind.__name__[1:]
        query = f"""mutation($i: {kind.__name__}Input!, $c: UUID!, $o: DateTime) {{
            {name}(input: $i, commandId: $c, occurredAt: $o) {{
                ... on Accepted {{ position }} ... on Refused {{ code }} }} }}"""
        by = dice.choice((COORDINATOR, CHAIR, ADMINISTRATOR, HOUSING))
        occurred = dice.choice((None, None, "1900-01-01T00:00:00Z", "2026-03-29T00:59:59Z"))
        body = await place.answer(query, by, i=guess.input(kind), c=str(uuid4()), o=occurred)
        found = body["errors"][0]["extensions"]["code"] if "errors" in body else body["data"][name].get("code", "")
        assert found != "INTERNAL", (kind, body)
        codes.add(found)
    assert {"", "UNKNOWN_CASE", "NOT_ALLOWED"} <= codes
    await place.settled()
    whole = "{ cases(first: 50) { edges { node { number redactions { path } } } } programmes { key } }"
    assert await place.ask(whole)

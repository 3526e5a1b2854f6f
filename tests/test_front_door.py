"""The open front door on a real server: anybody may refer, and learns nothing from the answer."""

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import msgspec
import pytest

from catch.database import Connection, Pool, Record
from catch.database.server import binaries
from catch.domain.case.referral import SubmitReferral
from catch.domain.case.state import Case
from catch.domain.facts import Actor, Sealed
from catch.domain.person import Person, RegisterPerson
from catch.domain.programme import ResumeProgramme, SuspendProgramme
from catch.domain.streams import CASE, PERSON
from catch.log.entries import Unavailable
from catch.settings import BadSetting, Settings
from catch.web.door import (
    FRONT_DOOR,
    PATH,
    Door,
    Form,
    age_from,
    neighbourhood,
    receipt,
    referred_with,
    registration,
    submission,
)
from tests.conftest import Database
from tests.place import ADMINISTRATOR, COORDINATOR, HOUSING, PROGRAMME, REFERRER, Place, ago, placed

SITE = "https://council.example.org"
NUMBER = "943 476 5919"
SELF: dict[str, Any] = {
    "programme": PROGRAMME,
    "source": "self",
    "reason": "Quennellbright01: I cannot manage alone.",
    "name": "Quennellbright02 Example",
    "dateOfBirth": "1960-02-29",
    "nhsNumber": NUMBER,
    "phone": "Quennellbright03",
    "address": "Quennellbright04",
    "needs": ["housing", "isolation"],
    "urgency": "soon",
    "knows": True,
    "agrees": "yes",
    "safeToContact": True,
    "howToContact": "Quennellbright05",
}
OTHER = {
    "programme": PROGRAMME,
    "source": "vcse",
    "reason": "Quennellbright06",
    "name": "Quennellbright07",
    "organisation": "Quennellbright08 Food Bank",
    "whoRefers": "Quennellbright09",
    "safeToContact": False,
}
LEAST = {"programme": PROGRAMME, "source": "self", "reason": "Help", "name": "Ada"}
WAITING = f"""{{ cases(first: 50, filter: {{programme: "{PROGRAMME}"}}) {{ edges {{ node {{
    id state person {{ name }} referrals {{ source channel reason needs urgency unverifiedOrganisation
    referrer {{ user agency }} }} safeContact {{ ok how }} }} }} }} }}"""
_numbers = count(1)


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    settings = Settings(data_dir=tmp_path, origins=(SITE,))
    async with placed(database.admin, database.dsn, tmp_path, settings) as found:
        yield found


def elsewhere() -> str:
    """An address that nobody has asked from."""
    number = next(_numbers)
    return f"192.0.{number >> 8}.{number & 255}"


async def send(place: Place, body: Any, *, address: str | None = None, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    sent = {"content-type": "application/json", "x-forwarded-for": address or elsewhere()}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return await place.http.post(PATH, content=content, headers=sent)


async def refer(place: Place, body: Any = LEAST, **more: Any) -> str:
    response = await send(place, body, **more)
    assert response.status_code == 200, response.text
    assert [*response.json()] == ["receipt"]
    return response.json()["receipt"]


async def refused(place: Place, body: Any, **more: Any) -> tuple[int, str, str | None]:
    response = await send(place, body, **more)
    (problem,) = response.json()["errors"]
    assert problem["message"]
    assert response.headers["content-type"].startswith("application/json")
    return response.status_code, problem["extensions"]["code"], problem["extensions"].get("field")


async def last(place: Place) -> tuple[Case, Person]:
    """Whatever was referred last."""
    found = await place.catch.log.pool.fetch("select originator_id from stored_events where topic = 'ReferralReceived' "
                                             "order by notification_id desc limit 1")  # fmt: skip
    case: Case = (await place.catch.present.states.get(CASE, found[0][0])).state
    return case, (await place.catch.present.states.get(PERSON, case.person)).state


async def at_the_door(place: Place, by: Actor = COORDINATOR) -> list[Any]:
    await place.settled()
    return [edge["node"] for edge in (await place.ask(WAITING, by))["cases"]["edges"]]


async def test_somebody_refers_themselves_and_it_waits_for_who_keeps_the_front_door(place: Place):
    told = await refer(place, SELF)
    (case,) = await at_the_door(place)
    assert told == receipt(place.catch, UUID(case["id"]))
    assert case["state"] == "RECEIVED"
    assert case["person"]["name"] == SELF["name"]
    assert case["safeContact"] == {"ok": True, "how": SELF["howToContact"]}
    (referral,) = case["referrals"]
    assert (referral["source"], referral["channel"], referral["urgency"]) == ("self", "online", "SOON")
    assert (referral["reason"], referral["needs"]) == (SELF["reason"], SELF["needs"])
    assert referral["unverifiedOrganisation"] is None
    assert referral["referrer"] == {"user": FRONT_DOOR.user, "agency": FRONT_DOOR.agency}
    held, person = await last(place)
    assert person.registered.provisional
    assert held.referrals[0].agreement is not None


@pytest.mark.parametrize(
    ("born", "kept", "age"), [("1900-01-01", None, None), ("1900-01-02", "1900-01-02", 126), (None, None, None)]
)
async def test_what_stands_for_no_day_of_birth_is_none_and_makes_no_age(
    born: str | None, kept: str | None, age: int | None
):
    form = msgspec.convert(LEAST | {"dateOfBirth": born}, Form, dec_hook=lambda _kind, text: Sealed(text))
    said = registration(form, uuid4()).date_of_birth
    referred = submission(form, uuid4(), uuid4(), uuid4(), datetime(2026, 11, 20, tzinfo=UTC))
    assert (said, referred.age) == (kept and Sealed(kept), age)
    assert age_from(born, date(2026, 11, 20)) == age


async def test_an_organisation_that_is_no_partner_is_named_sealed_and_unverified(place: Place):
    await refer(place, OTHER)
    (case,) = await at_the_door(place)
    assert case["referrals"][0]["unverifiedOrganisation"] == f"{OTHER['whoRefers']}, {OTHER['organisation']}"
    assert case["safeContact"] == {"ok": False, "how": None}
    held, _ = await last(place)
    assert "Quennellbright" not in str(held)


async def test_a_registered_name_makes_nobody_the_referrer(place: Place):
    """Nobody has checked it: else whoever names an agency hands it a case, or reads what became of one."""
    await refer(place, {**LEAST, "organisation": "housing-1"})
    assert [case["state"] for case in await at_the_door(place)] == ["RECEIVED"]
    for by in (HOUSING, REFERRER):
        assert await at_the_door(place, by) == []


async def test_no_agency_takes_the_name_of_the_front_door(place: Place):
    for key in ("front-door", "referral-import"):
        answer = await place.answer(
            """mutation($i: RegisterPartnerInput!, $c: UUID!) { registerPartner(input: $i, commandId: $c) {
            ... on Accepted { position } ... on Refused { code } } }""",
            ADMINISTRATOR,
            i={"partner": key, "name": "Example", "kind": "voluntary"},
            c=str(uuid4()),
        )
        assert answer["data"]["registerPartner"] == {"code": "KEY_RESERVED"}


async def test_no_token_is_needed_and_one_is_passed_over(place: Place):
    await refer(place)
    for authorization in (place.token(HOUSING), "Bearer nonsense", "Basic eDp5"):
        await refer(place, authorization=authorization)
    held, _ = await last(place)
    assert held.referrals[0].referrer == FRONT_DOOR.user


async def test_a_receipt_leads_to_the_case_it_was_given_for(place: Place):
    told = {await refer(place): (await last(place))[0].case for _ in range(2)}
    for written, case in told.items():
        assert await referred_with(place.catch, written) == case
        assert await referred_with(place.catch, f" {written.lower().replace('-', ' ')} ") == case
    for wrong in ("", "0000-0000-0000", "nonsense", str(next(iter(told.values())))):
        assert await referred_with(place.catch, wrong) is None


async def test_the_command_line_says_the_number_and_nothing_else(place: Place, database: Database, tmp_path: Path):
    written = await refer(place, SELF)
    case, _ = await last(place)
    environment = os.environ | {
        "CATCH_DATABASE_URL": database.dsn, "CATCH_OWNER_URL": database.admin, "CATCH_DATA_DIR": str(tmp_path)
    }  # fmt: skip

    async def said(asked: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "catch", "receipt", asked]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, env=environment)
        return done.returncode, done.stdout

    assert await said(written) == (0, f"{case.number}\n")
    assert await said("0000-0000-0000") == (1, "")


# What the answer tells


AT_THE_DOOR = ContextVar("AT_THE_DOOR", default=False)


class Heard:
    """A pool that keeps the text of every statement it passes on for whoever is at the door."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.statements: list[str] = []

    async def _heard(self, ask: Callable[..., Awaitable[Any]], query: str, *args: object) -> Any:
        if AT_THE_DOOR.get():
            self.statements.append(query)
        return await ask(query, *args)

    async def fetch(self, query: str, *args: object) -> list[Record]:
        return await self._heard(self.pool.fetch, query, *args)

    async def fetchrow(self, query: str, *args: object) -> Record | None:
        return await self._heard(self.pool.fetchrow, query, *args)

    async def fetchval(self, query: str, *args: object) -> Any:
        return await self._heard(self.pool.fetchval, query, *args)

    async def execute(self, query: str, *args: object) -> str:
        return await self._heard(self.pool.execute, query, *args)

    async def executemany(self, command: str, args: Any) -> None:
        await self._heard(self.pool.executemany, command, args)

    def acquire(self) -> AbstractAsyncContextManager[Connection]:
        return self.pool.acquire()

    async def close(self) -> None:
        await self.pool.close()

    def terminate(self) -> None:
        self.pool.terminate()


def seen(response: httpx.Response) -> Any:
    """All that whoever refers can compare: everything but the receipt itself, and the time."""
    headers = {name: value for name, value in response.headers.items() if name != "date"}
    told = response.json()
    assert len(told.pop("receipt")) == 14
    return response.status_code, headers, told, len(response.content)


async def recorded(place: Place, since: int) -> list[tuple[str, str, int]]:
    """What was recorded: the kinds of facts, their streams as first or second, and their versions."""
    rows = await place.catch.log.pool.fetch(
        "select topic, originator_id, originator_version from stored_events where notification_id > $1 "
        "order by notification_id",
        since,
    )
    order = {row["originator_id"]: str(number) for number, row in reversed([*enumerate(rows)])}
    return [(row["topic"], order[row["originator_id"]], row["originator_version"]) for row in rows]


async def test_who_is_known_already_is_answered_like_who_is_not(place: Place, monkeypatch: pytest.MonkeyPatch):
    """In every byte but the receipt, in what is asked of the database, and in what is recorded."""
    known = uuid4()
    born = Sealed("1960-02-29")
    await place.take(RegisterPerson(known, name=Sealed(SELF["name"]), nhs_number=Sealed(NUMBER), date_of_birth=born))
    await place.take(
        SubmitReferral(uuid4(), known, PROGRAMME, uuid4(), "police", "phone", ago(hours=1), Sealed("Known"))
    )
    take = Door._take  # pyright: ignore[reportPrivateUsage]

    async def taken(door: Door, form: Any) -> str:
        AT_THE_DOOR.set(True)
        return await take(door, form)

    monkeypatch.setattr(Door, "_take", taken)
    catch, pool = place.catch, place.catch.log.pool
    answers: list[Any] = []
    for number in (NUMBER, "401 023 2137"):
        await place.settled()
        heard = Heard(pool)
        catch.log.pool = heard
        before = await catch.log.head()
        response = await send(place, SELF | {"nhsNumber": number})
        catch.log.pool = pool
        assert heard.statements
        answers.append((seen(response), heard.statements, await recorded(place, before)))
    assert answers[0] == answers[1]
    assert [topic for topic, _, _ in answers[0][2]] == ["PersonRegistered", "ReferralReceived", "PersonReferred"]


async def test_the_same_referral_again_is_a_new_one_with_another_receipt(place: Place):
    receipts = {await refer(place, SELF) for _ in range(3)}
    assert len(receipts) == 3
    assert len(await at_the_door(place)) == 3
    for case in await at_the_door(place):
        assert case["id"].replace("-", "").upper()[:4] not in "".join(receipts)


async def test_a_form_sent_again_under_its_own_id_is_the_same_referral(place: Place, monkeypatch: pytest.MonkeyPatch):
    form = SELF | {"sendId": str(uuid4())}
    # Half of it is recorded before the records are away: the next try completes it.
    take, away = place.catch.commands.take, iter((False, True))

    async def breaks(*args: Any, **more: Any) -> Any:
        if next(away, False):
            raise Unavailable
        return await take(*args, **more)

    with monkeypatch.context() as once:
        once.setattr(place.catch.commands, "take", breaks)
        assert (await refused(place, form))[0] == 503
    assert await at_the_door(place) == []
    receipts = [await refer(place, form) for _ in range(3)]
    assert len({*receipts}) == 1
    assert len(await at_the_door(place)) == 1
    registered = "select count(*) from stored_events where topic = 'PersonRegistered'"
    people = await place.catch.log.pool.fetchval(registered)
    # Whoever corrects something has sent another form: none of it is lost.
    corrected = await refer(place, form | {"reason": "Now sleeps in a car."})
    assert corrected not in receipts
    assert len(await at_the_door(place)) == 2
    assert await place.catch.log.pool.fetchval(registered) == people + 1


# What is wrong

WRONG: list[tuple[dict[str, Any], str, str | None]] = [
    ({"programme": "nowhere"}, "UNKNOWN_PROGRAMME", "programme"),
    ({"programme": "No Such"}, "KEY_MALFORMED", "programme"),
    ({"source": "moon"}, "SOURCE_NOT_ALLOWED", "source"),
    ({"channel": "pigeon"}, "CHANNEL_NOT_ALLOWED", "channel"),
    ({"reason": " "}, "MISSING_TEXT", "reason"),
    ({"name": ""}, "MISSING_TEXT", "name"),
    ({"name": None}, "NOT_A_REFERRAL", "name"),
    ({"name": 5}, "NOT_A_REFERRAL", "name"),
    ({"name": "a\0b"}, "UNUSABLE_TEXT", "name"),
    ({"reason": "x" * 10_001}, "TEXT_TOO_LONG", "reason"),
    ({"needs": ["housing"] * 51}, "TOO_MANY", "needs"),
    ({"needs": ["not a code"]}, "KEY_MALFORMED", "needs[0]"),
    ({"needs": "housing"}, "NOT_A_REFERRAL", "needs"),
    ({"urgency": "now"}, "NOT_A_REFERRAL", "urgency"),
    ({"agrees": "perhaps", "knows": True}, "NOT_A_REFERRAL", "agrees"),
    ({"agrees": "yes"}, "MISSING_TEXT", "knows"),
    ({"knows": True}, "MISSING_TEXT", "agrees"),
    ({"howToContact": "By phone"}, "MISSING_TEXT", "safeToContact"),
    ({"howToContact": " ", "safeToContact": True}, "MISSING_TEXT", "howToContact"),
    ({"organisation": " "}, "MISSING_TEXT", "organisation"),
    ({"organisation": "x" * 10_001}, "TEXT_TOO_LONG", "organisation"),
    ({"whoRefers": ""}, "MISSING_TEXT", "whoRefers"),
    ({"nhsNumber": "943 476 5918"}, "NHS_NUMBER_INVALID", "nhsNumber"),
    ({"nhsNumber": "１２３"}, "NHS_NUMBER_INVALID", "nhsNumber"),
    ({"dateOfBirth": "29/02/1960"}, "NOT_A_REFERRAL", "dateOfBirth"),
    ({"dateOfBirth": "2960-01-01"}, "OUT_OF_RANGE", "dateOfBirth"),
    ({"dateOfBirth": "1066-10-14"}, "OUT_OF_RANGE", "dateOfBirth"),
    ({"case": str(uuid4())}, "NOT_A_REFERRAL", None),
    ({"person": str(uuid4())}, "NOT_A_REFERRAL", None),
    ({"onBehalfOf": "housing-1"}, "NOT_A_REFERRAL", None),
]


async def test_what_is_wrong_is_named_by_code_and_field_and_nothing_is_recorded(place: Place):
    before = await place.catch.log.head()
    keys = await place.catch.log.pool.fetchval("select count(*) from data_keys")
    for wrong, code, field in WRONG:
        assert await refused(place, LEAST | wrong) == (400, code, field), wrong
    for needed in LEAST:
        less = {name: value for name, value in LEAST.items() if name != needed}
        assert await refused(place, less) == (400, "NOT_A_REFERRAL", needed)
    assert await place.catch.log.head() == before
    assert await place.catch.log.pool.fetchval("select count(*) from data_keys") == keys


async def test_what_a_field_would_have_to_be_is_said(place: Place):
    for wrong, said in (
        ({"dateOfBirth": "1961-02-29"}, "dateOfBirth is no day of the calendar: write it YYYY-MM-DD, or leave it out."),
        ({"name": 5}, "name must be there, and must be what the form has it as. The README describes each field."),
        ({"urgency": "now"}, "urgency must be what the form has it as. The README describes each field."),
    ):
        assert (await send(place, LEAST | wrong)).json()["errors"][0]["message"] == said


async def test_a_refusal_repeats_nothing_of_what_was_sent(place: Place):
    for wrong in ({"urgency": "Quennellbright"}, {"name": "a\0Quennellbright"}, {"nhsNumber": "Quennellbright"},
                  {"quennellbright": 1}, {"programme": "Quennellbright"}):  # fmt: skip
        response = await send(place, LEAST | wrong)
        assert response.status_code == 400
        assert "uennellbright" not in response.text


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "MALFORMED_JSON"),
        (b"{", 400, "MALFORMED_JSON"),
        (b"\xff\xfe", 400, "MALFORMED_JSON"),
        (b'{"name": "\xff"}', 400, "NOT_UTF8"),
        (b"[" * 60_000, 400, "NOT_A_REFERRAL"),
        (b"null", 400, "NOT_A_REFERRAL"),
        (b"[]", 400, "NOT_A_REFERRAL"),
        (b'"x"', 400, "NOT_A_REFERRAL"),
        (msgspec.json.encode(LEAST) + b" " * 65_536, 413, "BODY_TOO_LARGE"),
    ],
)
async def test_what_is_no_form_is_turned_away(place: Place, body: bytes, status: int, code: str):
    assert (await refused(place, body))[:2] == (status, code)


async def test_only_json_by_post_is_taken(place: Place):
    for kind, code in (("text/plain", "NOT_JSON"), ("application/x-www-form-urlencoded", "NOT_JSON"),
                       ("application/json; charset=latin-1", "NOT_UTF8")):  # fmt: skip
        assert (await refused(place, LEAST, content_type=kind))[:2] == (415, code)
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        response = await place.http.request(method, PATH, headers={"x-forwarded-for": elsewhere()})
        assert (response.status_code, response.headers["allow"]) == (405, "POST, OPTIONS")
        assert response.json()["errors"][0]["extensions"]["code"] == "POST_ONLY"


async def test_a_programme_that_is_suspended_takes_none(place: Place):
    await place.take(SuspendProgramme(PROGRAMME), ADMINISTRATOR)
    before = await place.catch.log.head()
    assert await refused(place, LEAST) == (400, "PROGRAMME_NOT_RUNNING", "programme")
    assert await place.catch.log.head() == before
    await place.take(ResumeProgramme(PROGRAMME), ADMINISTRATOR)
    await refer(place)


# How often, and from where


async def test_an_address_sends_in_three_at_once_and_then_waits(place: Place):
    address = elsewhere()
    for _ in range(3):
        await refer(place, address=address)
    response = await send(place, LEAST, address=address)
    assert response.status_code == 429
    assert response.json()["errors"][0]["extensions"]["code"] == "TOO_OFTEN"
    assert 1 <= int(response.headers["retry-after"]) <= 10
    assert (await refused(place, b"{", address=address))[:2] == (429, "TOO_OFTEN")
    await refer(place, address=elsewhere())


async def test_what_is_no_form_counts_too(place: Place):
    address = elsewhere()
    codes = [(await refused(place, b"{", address=address))[1] for _ in range(4)]
    assert codes == ["MALFORMED_JSON"] * 3 + ["TOO_OFTEN"]


async def test_whoever_is_no_proxy_of_ours_does_not_say_where_they_come_from(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # Whoever asks here comes from 127.0.0.1, which is then no proxy.
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "192.0.2.1")
    async with placed(database.admin, database.dsn, tmp_path) as place:
        statuses = [(await send(place, LEAST)).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


def test_whoever_has_one_address_has_its_network():
    assert neighbourhood("2001:db8::1") == neighbourhood("2001:db8::ffff") != neighbourhood("2001:db8:0:1::1")
    assert neighbourhood("::ffff:192.0.2.1") == neighbourhood("192.0.2.1") != neighbourhood("192.0.2.2")
    assert len(neighbourhood("x" * 1_000)) == 64


async def test_other_sites_pages_come_in_as_over_the_websocket(place: Place):
    own = f"http://127.0.0.1:{place.port}"
    for origin in (own, SITE):
        response = await send(place, LEAST, origin=origin)
        assert (response.status_code, response.headers["access-control-allow-origin"]) == (200, origin)
        asked = await place.http.options(PATH, headers={"origin": origin, "access-control-request-method": "POST"})
        assert asked.status_code == 204
        assert asked.headers["access-control-allow-origin"] == origin
        assert asked.headers["access-control-allow-headers"] == "content-type"
    before = await place.catch.log.head()
    for origin in ("https://elsewhere.example.org", "null", "http://[", "x"):
        response = await send(place, LEAST, origin=origin)
        assert response.status_code == 403
        assert response.json()["errors"][0]["extensions"]["code"] == "ORIGIN_NOT_ALLOWED"
        assert "access-control-allow-origin" not in response.headers
    assert await place.catch.log.head() == before


async def test_a_place_may_keep_it_closed(database: Database, tmp_path: Path):
    settings = Settings(data_dir=tmp_path, door=False)
    async with placed(database.admin, database.dsn, tmp_path, settings) as place:
        response, nothing = await send(place, LEAST), await place.http.post("/nothing", json={})
        assert (response.status_code, response.content) == (nothing.status_code, nothing.content)
        assert response.status_code == 404


def test_it_is_open_unless_a_place_says_otherwise():
    read = Settings.read({})
    assert (read.door, read.door_rate) == (True, 6)
    read = Settings.read({"CATCH_DOOR": "closed", "CATCH_DOOR_RATE": "60"})
    assert (read.door, read.door_rate) == (False, 60)
    with pytest.raises(BadSetting, match="CATCH_DOOR"):
        Settings.read({"CATCH_DOOR": "ajar"})


# What stays


async def test_nothing_that_was_said_lies_anywhere_in_plain(
    place: Place, database: Database, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    await refer(place, SELF)
    await refer(place, OTHER)
    await send(place, LEAST | {"name": "Quennellbright10\0"})
    await place.settled()
    dumped = await asyncio.to_thread(
        subprocess.run,
        [str(binaries() / "pg_dump"), "--dbname", database.admin],
        capture_output=True,
        check=True,
    )
    assert b"ReferralReceived" in dumped.stdout
    for held in (dumped.stdout, caplog.text.encode()):
        for secret in (b"uennellbright", NUMBER.encode(), NUMBER.replace(" ", "").encode(), b"1960-02-29"):
            assert secret not in held
    assert '"kind":"refer"' in caplog.text


async def test_what_cannot_be_kept_just_now_is_to_be_sent_again(place: Place, monkeypatch: pytest.MonkeyPatch):
    async def away(*_: Any, **__: Any) -> Any:
        raise ConnectionRefusedError

    monkeypatch.setattr(place.catch.log, "append", away)
    response = await send(place, LEAST)
    assert response.status_code == 503
    assert response.headers["retry-after"]


async def test_a_fault_tells_nothing_of_itself(place: Place, monkeypatch: pytest.MonkeyPatch):
    async def broken(*_: Any) -> str:
        raise RuntimeError("Quennellbright")

    monkeypatch.setattr(Door, "_take", broken)
    response = await send(place, LEAST)
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (500, "INTERNAL")
    assert "Quennellbright" not in response.text

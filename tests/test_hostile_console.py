"""The console before somebody who means ill: what they send is answered with a page, and tells and changes nothing."""

import asyncio
import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest

from catch.access import ASKED_BY_KEY
from catch.domain.calendar import LONDON
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.partner import EndRole, ReinstateMember, SuspendMember
from catch.domain.streams import CASE
from catch.rates import Rates
from catch.web.console.fields import Kind, fields_of
from catch.web.console.forms import Form
from catch.web.console.pages import issuers
from catch.web.console.pages.audit import Moment
from catch.web.console.sent import ASKED
from catch.web.console.visit import NotShown, Visit
from tests.addresses import PATHS, address_of
from tests.browser import signed_in
from tests.conftest import Database
from tests.place import CHAIR, COORDINATOR, HOUSING, PROGRAMME, SERIES, SYSTEM, Place, placed
from tests.test_console_axe import furnish
from tests.test_matches import ELSEWHERE, OTTO

HTML = {"accept": "text/html"}
MUCH = str(10**20)


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncGenerator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


def key_in(page: str) -> str:
    found = re.search(r'name="form-key" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


async def test_an_address_that_asks_for_too_much_is_answered_with_a_page(place: Place) -> None:
    address = "/sign-in?" + "&".join(["a=b"] * (ASKED + 1))
    answer = await place.http.get(address, headers=HTML)
    assert (answer.status_code, f"{ASKED} things at once" in answer.text) == (400, True)
    assert (await place.http.get("/sign-in?" + "&".join(["a=b"] * ASKED), headers=HTML)).status_code == 200


@pytest.mark.parametrize("path", ["/cases", "/inbox", "/referrals", "/people"])
async def test_a_position_that_no_fact_has_is_not_waited_for(place: Place, path: str) -> None:
    async with signed_in(place, COORDINATOR) as client:
        assert (await client.get(path, params={"at": "9" * 18})).status_code == 200


@pytest.mark.parametrize("host", ["x:99999", "x:y", "[", "a]"])
@pytest.mark.parametrize(("path", "status"), [("/sign-in", 200), ("/nowhere", 404), ("/meetings", 303)])
async def test_a_host_that_is_none_changes_nothing(place: Place, host: str, path: str, status: int) -> None:
    answer = await place.http.get(path, headers={"host": host, **HTML})
    assert (answer.status_code, answer.headers.get("location", "/sign-in?next=/meetings")) == (
        status,
        "/sign-in?next=/meetings",
    )


@pytest.mark.parametrize(
    "typed",
    [
        {"moment-day": "1", "moment-month": "1", "moment-year": MUCH},
        {"moment-day": MUCH, "moment-month": "1", "moment-year": "2026", "moment-time": "10:00"},
        {"moment-time": "10:00", "moment": "T"},
        {"moment-time": "10:00", "moment": "2026-01-01 T"},
        {"moment-time": "10:00", "moment": "0001-01-01T00:00:00+14:00"},
        {"moment-time": "10:00", "moment": "9999-12-31T23:59:59-14:00"},
    ],
)
async def test_a_moment_that_no_clock_shows_is_said_to_be_wrong(place: Place, typed: dict[str, str]) -> None:
    form = Form(Moment, {name: [value] for name, value in typed.items()})
    assert (form.moment("moment", "The moment"), len(form.problems)) == (None, 1)
    case = await place.referred("Ada Example")
    async with signed_in(place, COORDINATOR) as client:
        answer = await client.get(f"/audit/{case.case}", params=typed)
    assert answer.status_code < 500


@pytest.mark.parametrize("whole", ["2026-01-01T10:00:00+00:00", "2026-07-01T10:00:00Z", "0001-01-01T00:00:00+00:00"])
def test_a_moment_that_a_clock_shows_is_taken_as_it_stands(whole: str) -> None:
    form = Form(Moment, {"moment": [whole]})
    try:
        datetime.fromisoformat(whole).astimezone(LONDON)
    except OverflowError:
        assert form.moment("moment", "The moment") is None
    else:
        assert (form.moment("moment", "The moment"), form.problems) == (whole, [])


def hostile(key: str, about: dict[str, str], text: str) -> dict[str, str]:
    """Every field of a command's form, filled in by somebody who means ill."""
    found: dict[str, str] = {}
    for field in fields_of(ASKED_BY_KEY[key]):
        for part in (field, *field.parts):
            path = part.path.replace("*", "49")
            found[path] = about.get(path, text)
            if part.kind in (Kind.DATE, Kind.MOMENT):
                found |= {f"{path}-day": "1", f"{path}-month": "1", f"{path}-year": MUCH, f"{path}-time": text}
    return found


@pytest.mark.parametrize("text", ["\0", MUCH, "T", "‮\U0001f600<script>", "a" * 10_001, "²"])
async def test_no_form_of_any_command_breaks_the_server(place: Place, text: str) -> None:
    told = await place.worked_on("Ada Example", HOUSING.agency)
    meeting = await place.published(HOUSING.agency)
    await place.settled()
    item = str(meeting.items[0].item) if meeting.items else str(uuid4())
    about = {"case": str(told.case), "meeting": str(meeting.meeting), "item": item, "person": str(told.person)}
    sent = 0
    for by in (COORDINATOR, CHAIR):
        async with signed_in(place, by) as client:
            key = key_in((await client.get("/")).text)
            beside = {"form-key": key, "expected-version": text, "seen-at": text, "command-id": text, "next": text}
            for command in ASKED_BY_KEY:
                form = hostile(command, about, text)
                answers = [
                    await client.post(f"/do/{command}", data={**form, **beside, "occurred-at": text}),
                    await client.get(f"/do/{command}", params={name: each[:99] for name, each in form.items()}),
                ]
                sent += len(answers)
                assert all(each.status_code < 500 for each in answers), (command, by)
                assert all("<script>" not in each.text for each in answers), (command, by)
    assert sent == 4 * len(ASKED_BY_KEY)


async def test_an_nhs_number_stands_in_no_address(place: Place) -> None:
    number = "999 000 0018"
    told = await place.referred("Carl Example", nhs_number=Sealed(number))
    meeting = uuid4()
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, datetime.now(UTC) + timedelta(days=1), CHAIR.user))
    await place.settled()
    held = (await place.catch.present.states.get(CASE, told.case)).state
    desk = f"/meetings/{meeting}/prepare"
    async with signed_in(place, COORDINATOR) as client:
        page = await client.get(desk)
        assert f'<form method="post" action="{desk}#case">' in page.text
        found = await client.post(desk, data={"form-key": key_in(page.text), "case": number})
        assert (found.status_code, found.headers["location"]) == (303, f"{desk}?case={held.number}#case")
        assert held.number in (await client.get(found.headers["location"])).text
        nobody = await client.post(desk, data={"form-key": key_in(page.text), "case": "999 000 0026"})
        asked = await client.get(desk, params={"case": number})
    assert nobody.status_code == 200
    for each in (nobody, asked):
        assert "There is no such case for you to ask about" in each.text


@pytest.mark.parametrize(
    "who", ["", "\0 \0 \0", "nobody snn ", "system snn system", "chair@snn snn administrator", " " * 5_000]
)
async def test_nobody_is_signed_in_who_is_nobody(place: Place, who: str) -> None:
    answer = await place.http.post("/sign-in", data={"who": who, "next": "/\r\nset-cookie: a=b"}, headers=HTML)
    assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None)


@pytest.mark.parametrize(
    "to", ["//elsewhere.example", "/\\elsewhere", "https://elsewhere.example", "/a\nb", "javascript:x"]
)
async def test_what_was_kept_is_sent_to_no_other_site(place: Place, to: str) -> None:
    async with signed_in(place, CHAIR) as client:
        answer = await client.post("/resend", data={"resend-to": to, "text": "What was typed"})
        assert (answer.status_code, '<form method="post" action="/">' in answer.text) == (200, True)
        other = await client.post(
            "/resend", data={"resend-to": "/do/add-note"}, headers={"sec-fetch-site": "cross-site"}
        )
        assert (other.status_code, key_in(answer.text) in other.text) == (403, False)


@pytest.mark.parametrize("path", ["/front-door", "/refer-somebody"])
@pytest.mark.parametrize("text", ["\0", MUCH, "T"])
async def test_no_referral_breaks_the_server(place: Place, path: str, text: str) -> None:
    names = ("source", "reason", "name", "nhsNumber", "phone", "needs", "urgency", "sendId", "send-id", "safeToContact")
    days = ("dateOfBirth", "receivedAt")
    form = dict.fromkeys(names, text) | {f"{day}-{part}": text for day in days for part in ("day", "month", "year")}
    async with signed_in(place, COORDINATOR) as client:
        form["form-key"] = key_in((await client.get("/")).text)
        for programme in (PROGRAMME, text):
            assert 400 <= (await client.post(path, data={**form, "programme": programme})).status_code < 500


async def test_a_ticket_is_for_a_page_of_ours_alone(place: Place) -> None:
    async with signed_in(place, CHAIR) as client:
        assert (await client.get("/ticket")).status_code == 404
        assert (await client.post("/ticket", headers={"sec-fetch-site": "cross-site"})).status_code == 403
        given = await client.post("/ticket")
    assert (given.status_code, given.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert given.headers["cross-origin-resource-policy"] == "same-origin"


def test_strangers_of_one_network_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuers, "STRANGERS", Rates(1, 1, clock=lambda: 0))
    console = SimpleNamespace(web=SimpleNamespace(issuer=None))
    answered: list[int] = []
    for peer in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"):
        with pytest.raises(NotShown) as refused:
            issuers.issuers_of(cast("Visit", SimpleNamespace(peer=peer, console=console)))
        answered.append(refused.value.status)
    assert answered == [404, 429, 404]


async def test_what_is_offered_tells_nothing_of_what_is_hidden(place: Place) -> None:
    case, meeting = await place.worked_on("Ada Example"), await place.published()
    await place.settled()
    query = (
        "query ($case: UUID, $meeting: UUID, $item: UUID, $person: UUID) {"
        " offered(caseId: $case, meetingId: $meeting, itemId: $item, personId: $person) }"
    )
    item = meeting.items[0].item if meeting.items else uuid4()
    hidden = {"case": case.case, "meeting": meeting.meeting, "person": case.person, "item": item}
    for names in (["case"], ["person"], ["case", "person"], ["meeting"], ["meeting", "item"], ["case", "meeting"]):
        there = await place.ask(query, HOUSING, **{name: str(hidden[name]) for name in names})
        absent = await place.ask(query, HOUSING, **{name: str(uuid4()) for name in names})
        # A core member comes to every meeting of the programme without an invitation: that is theirs to be told.
        more = {*there["offered"]} ^ {*absent["offered"]}
        assert more == ({"joinMeeting", "leaveMeeting", "sendApology"} if names[-1] == "meeting" else set()), names
    shown = await place.ask(query, COORDINATOR, case=str(case.case))
    assert shown != await place.ask(query, COORDINATOR, case=str(uuid4()))


HEADERS = {
    "forwarded": "for=192.0.2.1;host=elsewhere.example;proto=x",
    "x-forwarded-host": "elsewhere.example",
    "x-forwarded-server": "elsewhere.example",
    "x-forwarded-proto": "elsewhere.example",
    "x-forwarded-prefix": "//elsewhere.example",
    "x-original-url": "/people",
    "x-rewrite-url": "/people",
    "x-http-method-override": "POST",
    "x-method-override": "DELETE",
    "x-real-ip": "elsewhere.example",
}


async def test_what_a_header_says_of_another_address_or_method_changes_nothing(place: Place) -> None:
    async with signed_in(place, COORDINATOR) as client:
        for path in ("/", "/sign-in", f"/meetings?series={SERIES}", "/cases", "/nowhere"):
            plain = await client.get(path)
            for name, value in HEADERS.items():
                other = await client.get(path, headers={name: value})
                assert other.status_code == plain.status_code, (path, name)
                assert other.headers.get("location") == plain.headers.get("location"), (path, name)
                assert masked(other.text, {}) == masked(plain.text, {}), (path, name)


LARGE: dict[str, list[tuple[str, str]]] = {
    "one long cookie": [("cookie", "catch=" + "a" * 60_000)],
    "many cookies": [("cookie", "; ".join(f"c{n}=a" for n in range(4_000)))],
    "cookies that are none": [("cookie", "catch=; catch=\xff; ;;=; catch")],
    "many headers": [(f"x-{n}", "a") for n in range(2_000)],
}


async def test_whoever_brings_too_much_is_nobody_and_is_led_to_sign_in(place: Place) -> None:
    for name, head in LARGE.items():
        lines = "".join(f"{each}: {value}\r\n" for each, value in head)
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        writer.write(f"GET /meetings HTTP/1.1\r\nhost: x\r\naccept: text/html\r\n{lines}\r\n".encode("latin-1"))
        answer = await reader.readline()
        writer.transport.abort()
        assert answer.startswith(b"HTTP/1.1 303 "), name


async def test_a_form_leads_on_to_no_other_site_and_into_no_header(place: Place) -> None:
    case = await place.worked_on("Ada Example")
    async with signed_in(place, COORDINATOR) as client:
        key = key_in((await client.get("/")).text)
        for to in ("/\r\nset-cookie: a=b", "/\u2028", "//elsewhere.example", "/\\elsewhere", "\0"):
            note = {"case": str(case.case), "note": str(uuid4()), "category": "PLAN", "text": "Well."}
            sent = {"form-key": key, "command-id": str(uuid4()), "next": to, **note}
            answer = await client.post("/do/add-note", data=sent)
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/"), to
            assert "a=b" not in answer.headers.get("set-cookie", "")


async def test_whose_enrolment_ends_reads_and_sends_nothing_more_in_the_session_they_have(place: Place) -> None:
    """Suspended, without a role, and back again: what they may is looked up each time, never kept in a session."""
    case = await place.worked_on("Ada Quillbrook-Example", HOUSING.agency)
    await place.settled()
    note = {"case": str(case.case), "category": "PLAN", "text": "Well.", "next": "/"}
    async with signed_in(place, HOUSING) as client:
        page = (await client.get(f"/cases/{case.case}")).text
        assert case.name in page
        suspended = SuspendMember(HOUSING.agency, HOUSING.user)
        ended = EndRole(HOUSING.agency, HOUSING.user, HOUSING.role, PROGRAMME)
        for ending, beginning in ((suspended, ReinstateMember(HOUSING.agency, HOUSING.user)), (ended, None)):
            await place.take(ending, SYSTEM)
            head = await place.catch.log.head()
            for path in ("/", "/inbox", "/cases", f"/cases/{case.case}", f"/do/add-note?case={case.case}", "/meetings"):
                for headers in ({}, {"x-fragments": "1"}):
                    answer = await client.get(path, headers=headers)
                    assert case.name not in answer.text, (path, ending)
                    assert answer.status_code in (200, 403, 404), (path, ending)
            ids = {"form-key": key_in(page), "command-id": str(uuid4()), "note": str(uuid4())}
            refused = await client.post("/do/add-note", data=note | ids)
            assert (refused.status_code in (403, 404), await place.catch.log.head()) == (True, head)
            if beginning is not None:
                await place.take(beginning, SYSTEM)
                assert case.name in (await client.get(f"/cases/{case.case}")).text


STRANGER = Actor("crew@fire-1", "fire-1", Role.PARTNER)
NAMES = ("case", "meeting", "item", "person")


def masked(text: str, values: dict[str, str]) -> str:
    """Without what is another each time: ids, positions and the time of day."""
    for value in values.values():
        if len(value) == len(MUCH_LIKE_IT):
            text = text.replace(value, MUCH_LIKE_IT)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", MUCH_LIKE_IT, text)
    text = re.sub(r'data-at="\d+"|data-since="[^"]*"|name="position" value="\d+"|at=\d+', "", text)
    return re.sub(r"\d\d:\d\d(:\d\d)?", "", text)


MUCH_LIKE_IT = str(UUID(int=0))
A_TAKEN_ID = {"register-person"}
"""Whoever makes up a person's id is told that it is taken: it is random, and tells of nobody."""


@pytest.mark.parametrize("by", [STRANGER, OTTO], ids=["of no agency with a part", "of another programme"])
async def test_what_is_not_theirs_and_what_is_not_there_look_the_same_on_every_page_and_form(
    place: Place, by: Actor
) -> None:
    values = await furnish(place)
    await place.enrol(by, ELSEWHERE if by is OTTO else PROGRAMME)
    await place.settled()
    nothing = {name: str(uuid4()) if len(each) == len(MUCH_LIKE_IT) else each for name, each in values.items()}
    differ: list[str] = []
    async with signed_in(place, by) as client:
        key = key_in((await client.get("/")).text)

        async def seen(about: dict[str, str], path: str, sent: dict[str, str] | None = None) -> tuple[int, str, str]:
            answer = await (client.get(path) if sent is None else client.post(path, data=sent))
            assert answer.status_code not in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR), path
            return answer.status_code, masked(answer.text, about), masked(answer.headers.get("location", ""), about)

        for path in PATHS:
            theirs, none = [await seen(each, address_of(path, each)) for each in (values, nothing)]
            if theirs != none:
                differ.append(path)
        for command in ASKED_BY_KEY:
            looked, sent = list[object](), list[object]()
            for each in (values, nothing):
                named = {name: each[name] for name in NAMES}
                looked.append(await seen(each, f"/do/{command}?{urlencode(named)}"))
                form = {"form-key": key, "command-id": str(uuid4()), "next": "/", **named}
                sent.append(await seen(each, f"/do/{command}", form))
            if looked[0] != looked[1] or (sent[0] != sent[1] and command not in A_TAKEN_ID):
                differ.append(command)
    assert differ == []

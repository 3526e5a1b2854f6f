"""The console as anybody may meet it: signed in or not, from another site's page, with a form of somebody else."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from catch.domain.facts import Sealed
from catch.domain.person import RegisterPerson
from tests.browser import at_the_console, browser, signed_in, who
from tests.conftest import Database
from tests.place import CHAIR, COORDINATOR, HOUSING, Place, placed


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncGenerator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


@pytest.fixture
async def chair(place: Place) -> AsyncGenerator[httpx.AsyncClient]:
    async with signed_in(place, CHAIR) as client:
        yield client


def key_in(page: str) -> str:
    found = re.search(r'name="form-key" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


async def test_whoever_is_not_signed_in_is_led_there_and_comes_back(place: Place) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{place.port}", headers={"accept": "text/html"}) as client:
        answer = await client.get("/meetings")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/meetings")
        asked = await client.get("/cases", params={"state": "CLOSED", "at": "7"})
        assert asked.headers["location"] == "/sign-in?next=/cases%3Fstate%3DCLOSED", "with all that was asked of it"
        chosen = await client.post("/sign-in", data={"who": who(CHAIR), "next": "/meetings"})
        assert (chosen.status_code, chosen.headers["location"]) == (303, "/meetings")
        assert (await client.get("/meetings")).status_code == 200


@pytest.mark.parametrize(
    "next_",
    ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere", "javascript:alert(1)", "", "/\nx", "x"],
)
async def test_nobody_is_led_to_another_site(place: Place, next_: str) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{place.port}", headers={"accept": "text/html"}) as client:
        chosen = await client.post("/sign-in", data={"who": who(CHAIR), "next": next_})
        assert chosen.headers["location"] == "/"


async def test_a_cookie_is_out_of_scripts_reach_and_nobody_elses_page_sends_it(place: Place) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{place.port}") as client:
        cookie = (await client.post("/sign-in", data={"who": who(CHAIR)})).headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie


async def test_pages_say_what_browsers_may_do_with_them(chair: httpx.AsyncClient) -> None:
    page = await chair.get("/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert "<script>" not in page.text
    assert not re.search(r"<[^>]+ (style|on\w+)=", page.text)


async def test_a_program_that_looks_in_is_told_where_things_are(place: Place) -> None:
    answer = await place.http.get("/", headers={"accept": "*/*"})
    assert answer.headers["content-type"].startswith("text/plain")
    assert "POST /graphql" in answer.text


async def test_an_address_that_leads_nowhere_is_a_page_for_people_and_an_error_for_programs(
    place: Place, chair: httpx.AsyncClient
) -> None:
    page = await chair.get("/nowhere")
    assert (page.status_code, "Page not found" in page.text) == (404, True)
    assert (await place.http.get("/nowhere")).json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_signed_out_is_signed_out_wherever_the_cookie_lies(place: Place, chair: httpx.AsyncClient) -> None:
    page = await chair.get("/")
    stolen = dict(chair.cookies)
    answer = await chair.post("/sign-out", data={"form-key": key_in(page.text)})
    assert answer.status_code == 303
    assert "You are signed out." in (await chair.get(answer.headers["location"])).text
    async with httpx.AsyncClient(base_url=chair.base_url, cookies=stolen) as thief:
        assert (await thief.get("/meetings", headers={"accept": "text/html"})).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_another_sites_page_sends_no_form(chair: httpx.AsyncClient, headers: dict[str, str]) -> None:
    page = await chair.get("/")
    answer = await chair.post("/sign-out", data={"form-key": key_in(page.text)}, headers=headers)
    assert answer.status_code == 403
    assert (await chair.get("/meetings")).status_code == 200


@pytest.mark.parametrize("key", ["", "0" * 32, "é"])
async def test_a_form_without_its_key_does_nothing(chair: httpx.AsyncClient, key: str) -> None:
    assert (await chair.post("/sign-out", data={"form-key": key})).status_code == 403
    assert (await chair.get("/meetings")).status_code == 200


async def test_a_form_that_was_made_for_somebody_else_is_not_sent(place: Place, chair: httpx.AsyncClient) -> None:
    async with signed_in(place, COORDINATOR) as other:
        theirs = key_in((await other.get("/")).text)
    answer = await chair.post("/sign-out", data={"form-key": theirs})
    assert answer.status_code == 403
    assert "made for somebody else" in answer.text


@pytest.mark.parametrize("text", ["Zusammengebrochen.", "彼は一週間電話に出ていません。", "\nانهار", "Two words"])
async def test_what_was_typed_is_shown_where_it_could_not_be_taken_however_it_is_written(
    place: Place, chair: httpx.AsyncClient, text: str
) -> None:
    """One word, or a script that sets no spaces, is as much somebody's as a sentence."""
    async with signed_in(place, COORDINATOR) as other:
        theirs = key_in((await other.get("/")).text)
    command = str(uuid4())
    answer = await chair.post("/do/add-note", data={"form-key": theirs, "command-id": command, "text": text})
    assert answer.status_code == 403
    assert f'dir="auto">{text}</pre>' in answer.text
    assert command not in answer.text


async def test_what_is_not_there_and_what_is_not_theirs_look_the_same(place: Place) -> None:
    meeting = await place.published()
    async with signed_in(place, HOUSING) as client:
        hidden = await client.get(f"/meetings/{meeting.meeting}")
        nothing = await client.get(f"/meetings/{uuid4()}")
    assert (hidden.status_code, nothing.status_code) == (404, 404)
    assert hidden.text == nothing.text.replace(nothing.request.url.path, hidden.request.url.path)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a" * 2_000_000, b"x" * 100, b"&".join([b"a=b"] * 3000)])
async def test_what_is_no_form_is_answered_with_a_page(chair: httpx.AsyncClient, body: bytes) -> None:
    answer = await chair.post("/sign-out", content=body, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code in (400, 403, 413)
    assert "<h1" in answer.text


async def test_a_form_that_comes_when_its_session_is_over_is_kept(place: Place, chair: httpx.AsyncClient) -> None:
    case = await place.worked_on("Ada Example")
    async with signed_in(place, COORDINATOR) as client:
        page = await client.get(f"/do/add-note?case={case.case}")
        fields = {
            "form-key": key_in(page.text),
            "command-id": str(uuid4()),
            "case": str(case.case),
            "note": str(uuid4()),
            "category": "PLAN",
            "text": "A long note that nobody wants to type twice.",
            "next": "/",
        }
        await client.post("/sign-out", data={"form-key": key_in(page.text)})
        kept = await client.post("/do/add-note", data=fields)
        assert kept.status_code == 401
        assert fields["text"] in kept.text
        await client.post("/sign-in", data={"who": who(COORDINATOR)})
        resend = {name: value for name, value in fields.items() if name != "form-key"}
        again = await client.post("/resend", data={**resend, "resend-to": "/do/add-note"})
        assert fields["text"] in again.text
        sent = await client.post("/do/add-note", data=resend | {"form-key": key_in(again.text)})
        assert sent.status_code == 303, sent.text


async def test_a_page_follows_what_happens_and_shows_it(place: Place) -> None:
    meeting = await place.published()
    async with browser() as running, at_the_console(running, place, CHAIR) as page:
        await page.goto(f"/meetings/{meeting.meeting}")
        await page.get_by_text("Agenda published").first.wait_for()
        async with signed_in(place, CHAIR) as other:
            key = key_in((await other.get("/")).text)
            started = await other.post(
                "/do/start-meeting",
                data={"form-key": key, "command-id": str(uuid4()), "meeting": str(meeting.meeting), "next": "/"},
            )
            assert started.status_code == 303, started.text
        await page.get_by_text("In progress").first.wait_for(timeout=5000)


async def test_a_page_after_a_form_asks_the_log_nothing_of_how_far_it_has_come(
    place: Place, chair: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def head() -> int:
        raise AssertionError

    await place.settled()
    monkeypatch.setattr(place.catch.log, "head", head)
    for _ in range(3):
        at = (await place.take(RegisterPerson(uuid4(), name=Sealed("Ada Example")))).position
        page = await chair.get("/inbox", params={"at": at})
        assert page.status_code == 200
        assert f'data-at="{at}"' in page.text
    assert (await chair.get("/inbox")).status_code == 200


async def test_a_page_says_that_it_holds_no_more_than_its_rows_do(
    place: Place, chair: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The read side comes after what was heard, and a page's script follows from where the page stands."""
    await place.settled()
    behind = place.catch.readside.position - 3
    monkeypatch.setattr(place.catch.readside, "_position", behind)
    assert f'data-at="{behind}"' in (await chair.get("/inbox")).text

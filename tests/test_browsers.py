"""What a browser meets: pages of other sites, how addresses may be written, and somebody who looks in."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from catch.live.origins import Origins
from catch.settings import BadSetting, Settings, site
from tests.conftest import Database
from tests.place import COORDINATOR, Place, placed

SITE = "https://app.example.org"
QUERY = {"query": "{ viewer { user } }"}


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    # As an operator copies it from a browser's address bar.
    settings = Settings(data_dir=tmp_path, origins=("HTTPS://App.Example.org:443/",))
    async with placed(database.admin, database.dsn, tmp_path, settings) as opened:
        yield opened


async def asks(place: Place, origin: str, **more: str) -> httpx.Response:
    headers = {"origin": origin, "authorization": place.token(COORDINATOR)} | more
    return await place.http.post("/graphql", json=QUERY, headers=headers)


async def test_a_site_that_is_named_asks_over_http_as_over_a_websocket(place: Place):
    asked = {"origin": SITE, "access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    before = await place.http.options("/graphql", headers=asked)
    assert (before.status_code, before.content) == (204, b"")
    assert before.headers["access-control-allow-origin"] == SITE
    assert before.headers["access-control-allow-headers"] == "authorization, content-type"
    assert "POST" in before.headers["access-control-allow-methods"]
    answer = await asks(place, SITE)
    assert (answer.status_code, answer.json()) == (200, {"data": {"viewer": {"user": COORDINATOR.user}}})
    assert answer.headers["access-control-allow-origin"] == SITE
    assert "origin" in answer.headers["vary"]
    # A page has to be shown why it was refused, too.
    refused = await asks(place, SITE, authorization="Bearer x")
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, SITE)
    async with connect(socket_of(place), subprotocols=[WS], origin=Origin(SITE)):
        pass


async def answers_to(place: Place, origin: str) -> list[httpx.Response]:
    with pytest.raises(InvalidStatus) as refused:
        await connect(socket_of(place), subprotocols=[WS], origin=Origin(origin))
    handshake = refused.value.response
    return [
        await asks(place, origin),
        await place.http.options("/graphql", headers={"origin": origin}),
        await place.http.post("/refer", json={}, headers={"origin": origin}),
        httpx.Response(handshake.status_code, content=bytes(handshake.body or b"")),
    ]


WS = Subprotocol("graphql-transport-ws")


def socket_of(place: Place) -> str:
    return f"ws://127.0.0.1:{place.port}/graphql"


OTHERS = ("https://elsewhere.example.org", "http://app.example.org", "null", "http://[", "")


async def test_any_other_site_is_told_what_would_have_to_be_done(place: Place):
    for answer in [answer for origin in OTHERS for answer in await answers_to(place, origin)]:
        assert answer.status_code == 403
        problem = answer.json()["errors"][0]
        assert (problem["extensions"]["code"], "CATCH_ORIGINS" in problem["message"]) == ("ORIGIN_NOT_ALLOWED", True)
        assert "access-control-allow-origin" not in answer.headers


WELCOME = [
    ("https://catch.example.org", "catch.example.org"),
    ("https://catch.example.org", "catch.example.org:443"),
    ("http://catch.example.org", "catch.example.org:80"),
    ("https://catch.example.org", "Catch.Example.ORG"),
    ("https://catch.example.org:8443", "CATCH.example.org:8443"),
    ("http://[2001:db8::1]", "[2001:DB8::1]:80"),
]
NOT_WELCOME = [
    ("https://catch.example.org", "catch.example.org:80"),
    ("http://catch.example.org", "catch.example.org:443"),
    ("https://catch.example.org", "catch.example.org.evil.example"),
    ("https://catch.example.org", "evil@catch.example.org"),
    ("https://catch.example.org", ""),
    ("https://catch.example.org", None),
    ("null", "null"),
    ("file://", ""),
]


def test_the_servers_own_address_is_known_however_it_is_written():
    for origin, host in WELCOME:
        assert Origins().welcome(origin.encode(), host.encode()), (origin, host)
    for origin, host in NOT_WELCOME:
        assert not Origins().welcome(origin.encode(), None if host is None else host.encode()), (origin, host)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_whatever_is_sent_as_an_address_lets_in_nobody_but_whom_it_names(origin: bytes, host: bytes):
    said = origin.decode("latin-1")
    if Origins([SITE]).welcome(origin, host):
        assert site(said) is not None
    assert site(said) in (None, site(site(said) or ""))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("https://catch.example.org", ("https://catch.example.org",)),
        ("https://catch.example.org/", ("https://catch.example.org",)),
        ("HTTPS://Catch.example.org:443", ("https://catch.example.org",)),
        ("http://[::1]:3000 http://localhost:80", ("http://[::1]:3000", "http://localhost")),
        ("", ()),
    ],
)
def test_sites_are_understood_as_operators_write_them(text: str, found: tuple[str, ...]):
    assert Settings.read({"CATCH_ORIGINS": text}).origins == found


@pytest.mark.parametrize(
    "text", ["*", "catch.example.org", "https://catch.example.org/app", "https://a.example,https://b.example", "x://y"]
)
def test_what_would_never_match_is_no_setting(text: str):
    with pytest.raises(BadSetting, match="CATCH_ORIGINS must be sites such as"):
        Settings.read({"CATCH_ORIGINS": text})


IN_A_BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def test_whoever_looks_in_is_told_where_things_are(place: Place):
    page = await place.http.get("/", headers={"accept": IN_A_BROWSER})
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=/")
    front = await place.http.get("/", headers={"accept": "*/*"})
    assert (front.status_code, front.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    told = await place.http.get("/graphql", headers={"accept": IN_A_BROWSER})
    assert (told.status_code, told.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    for text in (front.text, told.text):
        assert "POST /graphql" in text
        assert "Authorization: Bearer TOKEN" in text
    assert "POST /refer" in front.text
    # A program that asks the same is answered as a program.
    assert (await place.http.get("/graphql")).json()["errors"][0]["extensions"]["code"] == "TOKEN_MISSING"


async def test_what_is_not_there_is_said_in_the_form_of_everything_else(place: Place):
    for answer, status, code in (
        (await place.http.get("/nothing"), 404, "NOT_FOUND"),
        (await place.http.post("/health/live"), 405, "METHOD_NOT_ALLOWED"),
    ):
        problem: Any = answer.json()["errors"][0]
        assert (answer.status_code, problem["extensions"]["code"]) == (status, code)
        assert "GET /" in problem["message"]


async def test_a_door_that_is_closed_is_not_named(database: Database, tmp_path: Path):
    settings = Settings(data_dir=tmp_path, door=False)
    async with placed(database.admin, database.dsn, tmp_path, settings) as place:
        assert "/refer" not in (await place.http.get("/")).text

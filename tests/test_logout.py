"""A session that its issuer ends is over on every server: its tokens are refused and its sockets closed."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OKPKey

from catch.domain.facts import Actor, Role
from catch.identity import tokens
from catch.identity.logout import PATH
from catch.identity.tokens import LOGOUT_EVENT, DevelopmentIssuer, LogoutTokenRefused
from tests.conftest import Database
from tests.place import Client, Place, placed

NOW = 1_780_000_000.0


def claims(**change: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "iss": tokens.ISSUER,
        "aud": "catch",
        "iat": NOW,
        "exp": NOW + 120,
        "jti": uuid4().hex,
        "events": {LOGOUT_EVENT: {}},
        "sub": "u1",
        "sid": "s1",
    }
    return {name: value for name, value in (made | change).items() if value is not None}


@pytest.fixture
def issuer(tmp_path: Path) -> DevelopmentIssuer:
    return DevelopmentIssuer(tmp_path, clock=lambda: NOW)


def signed(folder: Path, content: dict[str, Any], typ: str | None = tokens.LOGOUT_TYPE) -> str:
    key = OKPKey.import_key(json.loads((folder / tokens.KEY_FILE).read_text()))
    header = {"alg": "Ed25519"} | ({"typ": typ} if typ else {})
    return jwt.encode(header, content, key, algorithms=["Ed25519"])


def test_a_logout_token_says_whose_session_ends(issuer: DevelopmentIssuer, tmp_path: Path):
    asked = issuer.verify_logout(signed(tmp_path, claims()))
    assert (asked.issuer, asked.subject, asked.session, asked.issued_at) == (tokens.ISSUER, None, "s1", NOW)
    whole = issuer.verify_logout(issuer.issue_logout(user="u1"))
    assert (whole.subject, whole.session) == (f"{tokens.ISSUER} u1", None)


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "another"},
        {"aud": "another"},
        {"iat": None},
        {"iat": NOW + 60},
        {"iat": NOW - 700},
        {"exp": None},
        {"exp": NOW - 60},
        {"jti": None},
        {"jti": ""},
        {"events": None},
        {"events": {}},
        {"events": {"http://schemas.openid.net/event/other": {}}},
        {"events": {LOGOUT_EVENT: "yes"}},
        {"events": LOGOUT_EVENT},
        {"nonce": "n"},
        {"sub": None, "sid": None},
        {"sub": 5},
    ],
    ids=str,
)
def test_a_logout_token_that_is_not_as_the_specification_has_it_is_refused(
    issuer: DevelopmentIssuer, tmp_path: Path, change: dict[str, Any]
):
    with pytest.raises(LogoutTokenRefused):
        issuer.verify_logout(signed(tmp_path, claims(**change)))


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "x" * 10_000, "ä"])
def test_what_is_no_token_at_all_is_refused(issuer: DevelopmentIssuer, token: str):
    with pytest.raises(LogoutTokenRefused):
        issuer.verify_logout(token)


def test_a_logout_token_of_another_key_or_of_another_kind_is_refused(issuer: DevelopmentIssuer, tmp_path: Path):
    stranger = tmp_path / "stranger"
    DevelopmentIssuer(stranger, clock=time.time)
    access = issuer.issue(role=Role.CHAIR, agency="snn")
    for forged in (
        signed(stranger, claims()),
        signed(tmp_path, claims(), "JWT"),
        signed(tmp_path, claims(), None),
        access,
    ):
        with pytest.raises(LogoutTokenRefused):
            issuer.verify_logout(forged)
    with pytest.raises(tokens.TokenIncomplete):
        issuer.verify("Bearer " + signed(tmp_path, claims()))


def test_a_server_without_an_issuer_ends_no_session(issuer: DevelopmentIssuer):
    with pytest.raises(LogoutTokenRefused):
        tokens.NoTokens().verify_logout(issuer.issue_logout(user="u1"))


@pytest.fixture
async def servers(database: Database, tmp_path: Path) -> AsyncIterator[list[Place]]:
    """Two servers of one place."""
    async with AsyncExitStack() as stack:
        places = [await stack.enter_async_context(placed(database.admin, database.dsn, tmp_path)) for _ in range(2)]
        for user in ("u1", "u2", "u3"):
            await places[0].enrol(Actor(user, "snn", Role.CHAIR))
        await places[0].settled()
        await places[1].settled()
        yield places


async def signed_in(place: Place, token: str) -> tuple[Any, Client]:
    knocking = place.knock()
    client = await knocking.__aenter__()
    await client.send(type="connection_init", payload={"authorization": f"Bearer {token}"})
    assert (await client.receive())["type"] == "connection_ack"
    return knocking, client


async def logged_out(place: Place, token: str) -> tuple[int, str]:
    answer = await place.http.post(PATH, data={"logout_token": token})
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.text


async def test_a_logout_told_to_one_server_closes_the_sessions_sockets_on_all(servers: list[Place]):
    issuer = servers[0].issuer
    mine = issuer.issue(role=Role.CHAIR, agency="snn", user="u1", session="s1")
    other = issuer.issue(role=Role.CHAIR, agency="snn", user="u1", session="s2")
    opened = [await signed_in(place, token) for place in servers for token in (mine, other)]
    logout = issuer.issue_logout(session="s1")
    assert (await logged_out(servers[0], logout))[0] == 200
    for _, client in opened[::2]:
        code, reason = await client.closed()
        assert (code, reason) == (4403, "SESSION_ENDED: You have been signed out. Sign in again.")
    for place in servers:
        refused = await place.post({"query": "{ viewer { user } }"}, f"Bearer {mine}")
        assert refused.status_code == 401
        assert refused.json()["errors"][0]["extensions"]["code"] == "SESSION_ENDED"
        assert (await place.post({"query": "{ viewer { user } }"}, f"Bearer {other}")).status_code == 200
    for _, client in opened[1::2]:
        await client.send(type="ping")
        assert (await client.receive())["type"] == "pong"
    # Once more, to the other server: the same token is not taken twice.
    status, said = await logged_out(servers[1], logout)
    assert (status, json.loads(said)["error"]) == (400, "invalid_request")
    for knocking, _ in opened:
        await knocking.__aexit__(None, None, None)


async def test_a_logout_of_a_user_ends_every_session_that_had_begun(servers: list[Place]):
    first, second = servers
    earlier = first.issuer.issue(role=Role.CHAIR, agency="snn", user="u2")
    knocking, client = await signed_in(second, earlier)
    assert (await logged_out(first, first.issuer.issue_logout(user="u2")))[0] == 200
    assert (await client.closed())[0] == 4403
    await knocking.__aexit__(None, None, None)
    first.issuer.clock = lambda: time.time() + 4
    later = first.issuer.issue(role=Role.CHAIR, agency="snn", user="u2")
    assert (await second.post({"query": "{ viewer { user } }"}, f"Bearer {later}")).status_code == 200


async def test_forged_logouts_end_nothing(servers: list[Place], tmp_path: Path):
    place = servers[0]
    token = place.issuer.issue(role=Role.CHAIR, agency="snn", user="u3", session="s3")
    stranger = DevelopmentIssuer(tmp_path / "stranger", clock=time.time)
    for forged in (stranger.issue_logout(session="s3"), token, "", "x" * 9000):
        status, said = await logged_out(place, forged)
        assert status == 400
        assert json.loads(said)["error"] == "invalid_request"
    large = await place.http.post(PATH, content=b"logout_token=" + b"x" * 20_000)
    assert large.status_code == 413
    assert (await place.post({"query": "{ viewer { user } }"}, f"Bearer {token}")).status_code == 200


async def test_a_server_that_starts_later_knows_who_has_been_signed_out(database: Database, tmp_path: Path):
    async with placed(database.admin, database.dsn, tmp_path) as place:
        token = place.issuer.issue(role=Role.CHAIR, agency="snn", session="s4")
        assert (await logged_out(place, place.issuer.issue_logout(session="s4")))[0] == 200
    await asyncio.sleep(0)
    async with placed(database.admin, database.dsn, tmp_path) as place:
        assert (await place.post({"query": "{ viewer { user } }"}, f"Bearer {token}")).status_code == 401

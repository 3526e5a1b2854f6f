"""`catch identity check` says of each issuer what is wrong with it, and what to do."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any

import pytest
import yaml

from catch.identity.checking import checked, redirected
from catch.identity.settings import Secret, Trusted
from tests.issuer import CLIENT, CURVE, OTHER_KEY, SECRET, Answer, LocalIssuer, local_issuer, said, trusting


@pytest.fixture
async def issuer() -> AsyncIterator[LocalIssuer]:
    async with local_issuer() as held:
        yield held


async def wrong(trusted: Trusted) -> list[str]:
    found = await checked(trusted)
    assert {finding.issuer for finding in found} == {each.key for each in trusted.issuers}
    assert SECRET not in str(found)
    return [finding.sentence for finding in found if not finding.good]


async def test_an_issuer_that_is_set_up_well_is_in_order(issuer: LocalIssuer):
    assert await wrong(trusting(issuer)) == []


async def test_we_prove_who_we_are_by_a_key_as_well(issuer: LocalIssuer):
    trusted = trusting(issuer)
    issuer.public_key = CURVE
    assert len(await wrong(trusted)) == 1
    key = type(CURVE).import_key({**CURVE.as_dict(private=True), "alg": "ES256"})
    assert await wrong(Trusted(trusted.identity, {"first": Secret(key=key)})) == []
    assert {claims["aud"] for claims in issuer.assertions} == {f"{issuer.url}/token"}


def at(path: str, answer: Answer) -> Callable[[LocalIssuer], None]:
    def change(issuer: LocalIssuer) -> None:
        issuer.answers[path] = lambda _: answer

    return change


def published(**changed: Any) -> Callable[[LocalIssuer], None]:
    def change(issuer: LocalIssuer) -> None:
        told = issuer.metadata() | changed
        issuer.answers["/.well-known/openid-configuration"] = lambda _: said(told)

    return change


def another_secret(issuer: LocalIssuer) -> None:
    issuer.secret = "another"


FAULTS: dict[str, tuple[Callable[[LocalIssuer], None], str]] = {
    "another address": (published(issuer="https://id.example.org"), "it calls itself otherwise"),
    "no document": (at("/.well-known/openid-configuration", Answer(404)), "answered with 404"),
    "no PKCE": (published(code_challenge_methods_supported=["plain"]), "PKCE"),
    "no such client authentication": (
        published(token_endpoint_auth_methods_supported=["private_key_jwt"]),
        "It takes no client_secret_basic",
    ),
    "another algorithm": (published(id_token_signing_alg_values_supported=["HS256"]), "It signs by HS256"),
    "no keys": (at("/keys", Answer(500)), "Its keys cannot be read"),
    "keys of another kind": (lambda issuer: issuer.rotate("x", CURVE), "None of the keys"),
    "another secret": (another_secret, f"It does not take us for the client {CLIENT}"),
    "no such redirect address": (
        at("/authorize", Answer(400)),
        "Register http://127.0.0.1:1/sign-in/callback/first there",
    ),
    "no such scope": (
        at(
            "/authorize",
            Answer(302, b"", {"location": "http://127.0.0.1:1/sign-in/callback/first?error=invalid_scope"}),
        ),
        "(invalid_scope)",
    ),
    "a fault where codes are exchanged": (at("/token", Answer(500)), "answers with 500"),
    "another clock": (
        lambda issuer: issuer.headers.update(date=formatdate(time() + 300, usegmt=True)),
        "ahead of ours: tokens are refused",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_thing_that_is_wrong_is_said_with_what_to_do(issuer: LocalIssuer, fault: str):
    change, sentence = FAULTS[fault]
    change(issuer)
    trusted = trusting(issuer, algorithms=("RS256",))
    found = await wrong(trusted)
    assert any(sentence in each for each in found), found


async def test_an_issuer_that_is_away_keeps_nobody_from_the_others(issuer: LocalIssuer):
    async with local_issuer() as away:
        await away.go_away()
        found = await checked(trusting(away, issuer))
    assert [finding.good for finding in found if finding.issuer == "first"] == [False]
    assert all(finding.good for finding in found if finding.issuer == "second")


@pytest.mark.parametrize(
    ("elsewhere", "status", "good"),
    [
        ("https://here/cb?error=login_required", 302, True),
        ("https://here/cb?code=x", 302, True),
        ("https://here/cb?error=unauthorized_client", 302, False),
        ("https://id/login", 302, True),
        (None, 200, True),
        (None, 400, False),
    ],
)
def test_what_becomes_of_somebody_who_is_sent_to_sign_in(elsewhere: str | None, status: int, good: bool):
    assert redirected(elsewhere, status, "https://here/cb")[0] is good


async def test_the_command_says_it_and_its_status(issuer: LocalIssuer, tmp_path: Path):
    (tmp_path / "secret").write_text(SECRET)
    one = {
        "key": "county",
        "name": "Example",
        "issuer": issuer.url,
        "client_id": CLIENT,
        "client_secret_file": "secret",
    }
    (tmp_path / "identity.yaml").write_text(yaml.safe_dump({"address": "http://127.0.0.1:8000", "issuers": [one]}))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CATCH_")}

    async def run(**more: str) -> "subprocess.CompletedProcess[str]":
        import asyncio

        command = [sys.executable, "-m", "catch", "identity", "check"]
        return await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, env=environ | more, timeout=60, check=False
        )

    named = {"CATCH_IDENTITY_FILE": str(tmp_path / "identity.yaml")}
    done = await run(**named)
    assert (done.returncode, done.stdout.count("in order"), done.stderr) == (0, 5, "")
    issuer.secret, issuer.keys = "another", {"x": OTHER_KEY}
    done = await run(**named)
    assert done.returncode == 1
    assert "county: wrong: It does not take us for the client" in done.stdout
    assert SECRET not in done.stdout + done.stderr
    for more, sentence in (
        ({}, "no issuer is set up"),
        ({"CATCH_IDENTITY_FILE": str(tmp_path / "none")}, "No such file"),
        (named | {"CATCH_DEVELOPMENT": "yes"}, "Take away one of them"),
    ):
        done = await run(**more)
        assert done.returncode == 2
        assert sentence in done.stderr

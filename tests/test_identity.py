"""A token proves who asks, and each bad token is refused for its own reason."""

import base64
import json
import math
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey

from catch.domain.facts import Role
from catch.identity import tokens
from catch.identity.tokens import DevelopmentIssuer, Viewer

NOW = 1_780_000_000.0


@pytest.fixture
def issuer(tmp_path: Path) -> DevelopmentIssuer:
    return DevelopmentIssuer(tmp_path / "data", clock=lambda: NOW)


def refused(issuer: DevelopmentIssuer | tokens.NoTokens, authorization: str | None) -> str:
    with pytest.raises(tokens.TokenRefused) as refusal:
        issuer.verify(authorization)
    assert refusal.value.message
    return refusal.value.code


def signed(tmp_path: Path, change: dict[str, Any]) -> str:
    return signed_with(tmp_path / "data", {"exp": NOW + 60} | change)


def signed_with(folder: Path, change: dict[str, Any]) -> str:
    """A token by the issuer whose key lies in the folder, with claims that it would not make."""
    key = OKPKey.import_key(json.loads((folder / tokens.KEY_FILE).read_text()))
    claims: dict[str, Any] = {
        "iss": tokens.ISSUER,
        "aud": "catch",
        "sub": "u1",
        "agency": "housing-1",
        "role": "partner",
        "exp": time.time() + 60,
    }
    claims = {name: value for name, value in (claims | change).items() if value is not None}
    # In ASCII, so that a claim can hold what no UTF-8 spells.
    return "Bearer " + jws.serialize_compact({"alg": "Ed25519"}, json.dumps(claims), key, algorithms=["Ed25519"])


def test_a_token_without_a_role_narrows_nothing(issuer: DevelopmentIssuer, tmp_path: Path):
    assert issuer.verify(signed(tmp_path, {"role": None})).role is None


def test_a_token_that_was_issued_here_proves_who_asks(issuer: DevelopmentIssuer):
    token = issuer.issue(role=Role.PARTNER, agency="housing-1", user="u1", hours=2, session="s1")
    assert issuer.verify(f"Bearer {token}") == Viewer(
        "u1", "housing-1", Role.PARTNER, NOW + 7200, "s1", NOW, tokens.ISSUER, f"{tokens.ISSUER} u1", proved=NOW
    )
    assert issuer.verify(f"bearer  {token} ").asker.agency == "housing-1"


def test_the_key_is_kept_and_only_its_owner_can_read_it(issuer: DevelopmentIssuer, tmp_path: Path):
    token = issuer.issue(role=Role.CHAIR, agency="council")
    again = DevelopmentIssuer(tmp_path / "data", clock=lambda: NOW)
    assert again.verify(f"Bearer {token}").user == "chair@council"
    files = list((tmp_path / "data").iterdir())
    assert [file.name for file in files] == [tokens.KEY_FILE]
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_a_missing_token_is_refused(issuer: DevelopmentIssuer, nothing: str | None):
    assert refused(issuer, nothing) == "TOKEN_MISSING"


@pytest.mark.parametrize(
    "odd", ["Bearer", "Basic abc", "Bearer x", "Bearer a.b", "Bearer a.b.c", "Bearer é.é.é", "x.y.z"]
)
def test_what_is_not_a_token_is_refused(issuer: DevelopmentIssuer, odd: str):
    assert refused(issuer, odd) == "TOKEN_MALFORMED"


def test_an_overlong_token_is_refused(issuer: DevelopmentIssuer):
    assert refused(issuer, "Bearer " + "a" * 9_000) == "TOKEN_MALFORMED"


def test_an_expired_token_is_refused(issuer: DevelopmentIssuer, tmp_path: Path):
    token = issuer.issue(role=Role.CHAIR, agency="council", hours=1)
    later = DevelopmentIssuer(tmp_path / "data", clock=lambda: NOW + 3600 + tokens.LEEWAY)
    assert refused(later, f"Bearer {token}") == "TOKEN_EXPIRED"


def test_a_token_of_another_key_is_refused(issuer: DevelopmentIssuer, tmp_path: Path):
    other = DevelopmentIssuer(tmp_path / "other", clock=lambda: NOW)
    assert refused(issuer, "Bearer " + other.issue(role=Role.CHAIR, agency="council")) == "TOKEN_FORGED"


def test_a_changed_token_is_refused(issuer: DevelopmentIssuer):
    head, claims, signature = issuer.issue(role=Role.PARTNER, agency="housing-1").split(".")
    changed = json.loads(base64.urlsafe_b64decode(claims + "=="))
    changed["role"] = "chair"
    claims = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=").decode()
    assert refused(issuer, f"Bearer {head}.{claims}.{signature}") == "TOKEN_FORGED"


def test_other_ways_of_signing_are_refused(issuer: DevelopmentIssuer, tmp_path: Path):
    public = (tmp_path / "data" / tokens.KEY_FILE).read_bytes()
    confused = jwt.encode({"alg": "HS256"}, {"sub": "u"}, OctKey.import_key(public))
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode() + ".e30."
    curve = jwt.encode({"alg": "ES256"}, {"sub": "u"}, ECKey.generate_key("P-256"))
    assert {refused(issuer, f"Bearer {token}") for token in (confused, unsigned, curve)} == {"TOKEN_ALGORITHM_REFUSED"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"aud": "other"}, "TOKEN_FOR_ANOTHER_AUDIENCE"),
        ({"aud": ["other"]}, "TOKEN_FOR_ANOTHER_AUDIENCE"),
        ({"aud": None}, "TOKEN_FOR_ANOTHER_AUDIENCE"),
        ({"aud": {"catch": 1}}, "TOKEN_FOR_ANOTHER_AUDIENCE"),
        ({"iss": "other"}, "TOKEN_FROM_ANOTHER_ISSUER"),
        ({"iss": None}, "TOKEN_FROM_ANOTHER_ISSUER"),
        ({"nbf": NOW + 60}, "TOKEN_NOT_YET_VALID"),
        ({"exp": NOW - 60}, "TOKEN_EXPIRED"),
        ({"exp": None}, "TOKEN_INCOMPLETE"),
        ({"exp": "soon"}, "TOKEN_INCOMPLETE"),
        ({"role": "king"}, "TOKEN_INCOMPLETE"),
        ({"role": "system"}, "TOKEN_INCOMPLETE"),
        ({"agency": ""}, "TOKEN_INCOMPLETE"),
        ({"sub": 5}, "TOKEN_INCOMPLETE"),
        ({"agency": " "}, "TOKEN_INCOMPLETE"),
        ({"agency": "snn "}, "TOKEN_INCOMPLETE"),
        ({"agency": "SNN"}, "TOKEN_INCOMPLETE"),
        ({"sub": "Ada Quillbrook"}, "TOKEN_INCOMPLETE"),
        ({"sub": "ada\ud800"}, "TOKEN_INCOMPLETE"),
        ({"sub": "ada\0"}, "TOKEN_INCOMPLETE"),
        ({"sid": "\udfff"}, "TOKEN_INCOMPLETE"),
        ({"sid": "s" * 257}, "TOKEN_INCOMPLETE"),
        *[
            ({claim: value}, "TOKEN_INCOMPLETE")
            for claim in ("exp", "nbf", "iat")
            for value in (math.nan, math.inf, -math.inf, 10**400)
        ],
    ],
)
def test_each_wrong_claim_has_its_own_code(
    issuer: DevelopmentIssuer, tmp_path: Path, change: dict[str, Any], code: str
):
    assert refused(issuer, signed(tmp_path, change)) == code


def test_outside_development_a_development_token_is_worth_nothing(issuer: DevelopmentIssuer, tmp_path: Path):
    token = issuer.issue(role=Role.CHAIR, agency="council")
    server = tokens.NoTokens()
    assert refused(server, f"Bearer {token}") == "NO_ISSUER"
    assert refused(server, None) == "TOKEN_MISSING"

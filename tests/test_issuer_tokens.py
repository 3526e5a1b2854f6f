"""Tokens of real issuers: each that is forged, stale or meant for somebody else is refused for its own reason, and the
same token without that fault is taken.
"""

import base64
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, Key, OctKey, OKPKey
from msgspec import Struct
from msgspec.structs import replace

from catch.domain.facts import Role
from catch.domain.partner import Binding
from catch.identity import issuers, verifying
from catch.identity.bindings import viewer_of
from catch.identity.claims import Claims, Times, half_hash
from catch.identity.flow import begun
from catch.identity.keys import Published
from catch.identity.settings import Trusted
from catch.identity.tokens import LOGOUT_EVENT, LogoutTokenRefused, TokenRefused, Viewer
from catch.identity.trust import Issuers
from catch.identity.trusted import ForASecond
from catch.identity.verifying import Asked, Proven
from projections.members import Membership
from tests.issuer import AUDIENCE, CLIENT, CURVE, KEY, OTHER_KEY, Answer, LocalIssuer, local_issuer, said, trusting

NOW = datetime(2026, 12, 1, tzinfo=UTC)


class Somebody:
    """Whoever is asked for is bound at these agencies."""

    def __init__(self, *agencies: str) -> None:
        self.agencies = agencies

    async def of(self, binding: Binding) -> Sequence[Membership]:
        return [Membership(agency, f"hana@{agency}", NOW) for agency in self.agencies]


def hashed(issuer: str, named: str) -> str:
    return f"{issuer}/{named}"


def trust(trusted: Trusted, *agencies: str) -> Issuers:
    return Issuers(trusted, hashed, Somebody(*(agencies or ("housing-1",))), time.time)


@pytest.fixture
async def issuer() -> AsyncIterator[LocalIssuer]:
    async with local_issuer() as held:
        yield held


async def code(server: Issuers, token: str) -> str | None:
    """Why it is refused; None where it is taken."""
    try:
        await server.verify(f"Bearer {token}")
    except TokenRefused as refused:
        return refused.code
    return None


class Fault(Struct, frozen=True):
    """What is otherwise than in a good token, and why that is refused."""

    code: str
    claims: dict[str, Any] = {}
    header: dict[str, Any] = {}
    key: Key | None = None
    made: Callable[[LocalIssuer, str], str] = lambda _, token: token


def b64(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def part(token: str, which: int) -> dict[str, Any]:
    text = token.split(".")[which]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def with_part(token: str, which: int, value: object) -> str:
    """The same signature under something else."""
    parts = token.split(".")
    parts[which] = b64(value)
    return ".".join(parts)


def keyed_by_the_public_key(issuer: LocalIssuer, token: str) -> str:
    """Signed symmetrically, with what everybody may read for a secret."""
    secret = OctKey.import_key(base64.urlsafe_b64encode(KEY.as_pem(private=False)).decode())
    claims = json.dumps(part(token, 1))
    return jws.serialize_compact({"alg": "HS256", "kid": "one", "typ": "at+jwt"}, claims, secret, algorithms=["HS256"])


def unsigned(token: str, algorithm: str) -> str:
    return f"{b64({'alg': algorithm, 'typ': 'at+jwt'})}.{token.split('.')[1]}."


def detached(issuer: LocalIssuer, token: str) -> str:
    head, _, signature = token.split(".")
    return f"{head}..{signature}"


def of_another(issuer: LocalIssuer, **changed: Any) -> str:
    return issuer.sign(issuer.claims(**({"aud": AUDIENCE} | changed)), key=OTHER_KEY)


NOTHING_CRITICAL: dict[str, Any] = {"crit": []}
STRANGER = ECKey.generate_key("P-256")
ITS_OWN = STRANGER.as_dict(private=False)

FORGED: dict[str, Fault] = {
    "signed by somebody else": Fault("TOKEN_FORGED", key=OTHER_KEY),
    "signed by somebody else, with their key in its header": Fault(
        "TOKEN_FORGED", header={"alg": "ES256", "jwk": ITS_OWN}, key=STRANGER
    ),
    "signed by somebody else, whose keys lie at an address": Fault(
        "TOKEN_FORGED", header={"jku": "https://keys.example.org/"}, key=OTHER_KEY
    ),
    "signed by somebody else, with a certificate's address": Fault(
        "TOKEN_FORGED", header={"x5u": "https://keys.example.org/one.pem"}, key=OTHER_KEY
    ),
    "a key that the issuer does not publish": Fault("TOKEN_FORGED", header={"kid": "another"}),
    "a key named by a path": Fault("TOKEN_FORGED", header={"kid": "../../../../dev/null"}, key=OTHER_KEY),
    "a key named by a statement": Fault("TOKEN_FORGED", header={"kid": "one' or '1'='1"}, key=OTHER_KEY),
    "a key named by an address": Fault("TOKEN_FORGED", header={"kid": "http://127.0.0.1/keys"}, key=OTHER_KEY),
    "no key named, and not by the only one": Fault("TOKEN_FORGED", header={"kid": None}, key=OTHER_KEY),
    "the name of a key that is no text": Fault(
        "TOKEN_MALFORMED", made=lambda _, token: with_part(token, 0, part(token, 0) | {"kid": 1})
    ),
    "another way of signing than the key's": Fault(
        "TOKEN_FORGED", made=lambda _, token: with_part(token, 0, part(token, 0) | {"alg": "ES256"})
    ),
    "another padding than it was signed with": Fault(
        "TOKEN_FORGED", made=lambda _, token: with_part(token, 0, part(token, 0) | {"alg": "PS256"})
    ),
    "no signature": Fault("TOKEN_FORGED", made=lambda _, token: token.rsplit(".", 1)[0] + "."),
    "half a signature": Fault("TOKEN_FORGED", made=lambda _, token: token[:-100]),
    "another's signature": Fault(
        "TOKEN_FORGED", made=lambda issuer, token: token.rsplit(".", 1)[0] + "." + of_another(issuer).rsplit(".", 1)[1]
    ),
    "another subject under the signature": Fault(
        "TOKEN_FORGED", made=lambda _, token: with_part(token, 1, part(token, 1) | {"sub": "person-2"})
    ),
    "a role under the signature": Fault(
        "TOKEN_FORGED", made=lambda _, token: with_part(token, 1, part(token, 1) | {"catch_role": "chair"})
    ),
    "a later end under the signature": Fault(
        "TOKEN_FORGED", made=lambda _, token: with_part(token, 1, part(token, 1) | {"exp": 2_000_000_000})
    ),
    "another type under the signature": Fault(
        "TOKEN_FORGED", made=lambda _, token: with_part(token, 0, part(token, 0) | {"typ": "application/at+jwt"})
    ),
    "not signed, and it says so": Fault(
        "TOKEN_ALGORITHM_REFUSED",
        made=lambda _, token: unsigned(token, "none"),
    ),
    "not signed, and it says so in capitals": Fault(
        "TOKEN_ALGORITHM_REFUSED",
        made=lambda _, token: unsigned(token, "NoNe"),
    ),
    "signed with the public key for a secret": Fault("TOKEN_ALGORITHM_REFUSED", made=keyed_by_the_public_key),
    "signed with nothing for a secret": Fault(
        "TOKEN_ALGORITHM_REFUSED", made=lambda _, token: with_part(token, 0, part(token, 0) | {"alg": "HS256"})
    ),
    "a way of signing that nobody knows": Fault(
        "TOKEN_ALGORITHM_REFUSED", made=lambda _, token: with_part(token, 0, part(token, 0) | {"alg": "RS1"})
    ),
    "a way of signing that this issuer does not use": Fault("TOKEN_ALGORITHM_REFUSED", header={"alg": "RS512"}),
    "no way of signing": Fault(
        "TOKEN_MALFORMED", made=lambda _, token: with_part(token, 0, {"typ": "at+jwt", "kid": "one"})
    ),
    "something critical that nobody understands": Fault("TOKEN_MALFORMED", made=lambda issuer, token: critical(token)),
    "nothing critical, said so": Fault(
        "TOKEN_MALFORMED", made=lambda _, token: with_part(token, 0, part(token, 0) | NOTHING_CRITICAL)
    ),
    "a body that is not encoded": Fault(
        "TOKEN_MALFORMED", made=lambda _, token: with_part(token, 0, part(token, 0) | {"b64": False, "crit": ["b64"]})
    ),
    "no body": Fault("TOKEN_MALFORMED", made=detached),
    "a body that is no object": Fault("TOKEN_MALFORMED", made=lambda issuer, _: issuer.sign(["person-1"])),
    "a body that is no JSON": Fault("TOKEN_MALFORMED", made=lambda _, token: f"{token.split('.')[0]}.bm8.x"),
    "five parts, as what is encrypted has": Fault("TOKEN_MALFORMED", made=lambda _, token: f"{token}.a.b"),
    "two parts": Fault("TOKEN_MALFORMED", made=lambda _, token: token.rsplit(".", 1)[0]),
    "too large": Fault("TOKEN_MALFORMED", claims={"more": "x" * 9_000}),
    "too large a header": Fault("TOKEN_MALFORMED", header={"x5c": ["x" * 700]}),
    "letters beyond ASCII": Fault("TOKEN_MALFORMED", made=lambda _, token: token + "é"),
    # Stale
    "over": Fault("TOKEN_EXPIRED", claims={"exp": -60}),
    "over for as long as clocks may differ": Fault("TOKEN_EXPIRED", claims={"exp": -31}),
    "not yet": Fault("TOKEN_NOT_YET_VALID", claims={"nbf": 60}),
    "made in the future": Fault("TOKEN_NOT_YET_VALID", claims={"iat": 60}),
    "good for days": Fault("TOKEN_LASTS_TOO_LONG", claims={"exp": 2 * 86_400}),
    "without an end": Fault("TOKEN_INCOMPLETE", claims={"exp": None}),
    "without a beginning": Fault("TOKEN_INCOMPLETE", claims={"iat": None}),
    "an end that is text": Fault("TOKEN_INCOMPLETE", claims={"exp": "2099-01-01"}),
    "an end that is yes": Fault("TOKEN_INCOMPLETE", claims={"exp": True}),
    "an end that is no number": Fault("TOKEN_MALFORMED", claims={"exp": float("nan")}),
    "an end that never comes": Fault("TOKEN_MALFORMED", claims={"exp": float("inf")}),
    "an end too great to count": Fault("TOKEN_INCOMPLETE", claims={"exp": 10**400}),
    "an end before all time": Fault("TOKEN_INCOMPLETE", claims={"exp": -(10**12)}),
    "a start that is nothing": Fault("TOKEN_INCOMPLETE", made=lambda issuer, _: issuer.access(nbf="soon")),
    # Misdirected
    "for another service": Fault("TOKEN_FOR_ANOTHER_AUDIENCE", claims={"aud": "another"}),
    "for other services": Fault("TOKEN_FOR_ANOTHER_AUDIENCE", claims={"aud": ["another", "third"]}),
    "for nobody": Fault("TOKEN_FOR_ANOTHER_AUDIENCE", claims={"aud": None}),
    "for something like us": Fault("TOKEN_FOR_ANOTHER_AUDIENCE", claims={"aud": f"{AUDIENCE} "}),
    "for us, in another shape": Fault("TOKEN_FOR_ANOTHER_AUDIENCE", claims={"aud": {AUDIENCE: 1}}),
    "for our pages": Fault("TOKEN_FOR_ANOTHER_AUDIENCE", claims={"aud": CLIENT}),
    "by another issuer": Fault("TOKEN_FROM_ANOTHER_ISSUER", claims={"iss": "https://id.example.org"}),
    "by the issuer with a stroke": Fault(
        "TOKEN_FROM_ANOTHER_ISSUER", made=lambda issuer, _: issuer.access(iss=f"{issuer.url}/")
    ),
    "by the issuer in capitals": Fault(
        "TOKEN_FROM_ANOTHER_ISSUER", made=lambda issuer, _: issuer.access(iss=issuer.url.upper())
    ),
    "by nobody": Fault("TOKEN_MALFORMED", claims={"iss": None}),
    "by several": Fault("TOKEN_MALFORMED", made=lambda issuer, _: issuer.access(iss=[issuer.url])),
    # Of another kind
    "an ID token": Fault("TOKEN_OF_ANOTHER_KIND", header={"typ": "JWT"}, claims={"nonce": "n"}),
    "an ID token, called an access token": Fault("TOKEN_OF_ANOTHER_KIND", claims={"nonce": "n"}),
    "a token of no type": Fault("TOKEN_OF_ANOTHER_KIND", header={"typ": None}),
    "a logout token": Fault(
        "TOKEN_OF_ANOTHER_KIND", header={"typ": "logout+jwt"}, claims={"events": {LOGOUT_EVENT: {}}}
    ),
    "a logout token, called an access token": Fault("TOKEN_OF_ANOTHER_KIND", claims={"events": {LOGOUT_EVENT: {}}}),
    "bound to a key that the sender must have": Fault("TOKEN_OF_ANOTHER_KIND", claims={"cnf": {"jkt": "x"}}),
    # Incomplete
    "without a subject": Fault("TOKEN_INCOMPLETE", claims={"sub": None}),
    "a subject that is nothing": Fault("TOKEN_INCOMPLETE", claims={"sub": ""}),
    "a subject that is a number": Fault("TOKEN_INCOMPLETE", claims={"sub": 5}),
    "a subject too long": Fault("TOKEN_INCOMPLETE", claims={"sub": "s" * 256}),
    "a subject with a line break": Fault("TOKEN_INCOMPLETE", claims={"sub": "person-1\n"}),
    "a subject with a space behind": Fault("TOKEN_INCOMPLETE", claims={"sub": "person-1 "}),
    "a session too long": Fault("TOKEN_INCOMPLETE", claims={"sid": "s" * 257}),
    "a session that is a number": Fault("TOKEN_INCOMPLETE", claims={"sid": 5}),
    "a role that nobody has": Fault("TOKEN_INCOMPLETE", claims={"catch_role": "king"}),
    "the program's own role": Fault("TOKEN_INCOMPLETE", claims={"catch_role": "system"}),
    "several roles": Fault("TOKEN_INCOMPLETE", claims={"catch_role": ["partner", "chair"]}),
    "an agency that is no key": Fault("TOKEN_INCOMPLETE", claims={"catch_agency": "Housing 1"}),
}
TIMES = ("exp", "nbf", "iat")


def critical(token: str) -> str:
    head = {"alg": "RS256", "kid": "one", "typ": "at+jwt", "crit": ["exp"], "exp": 1}
    return with_part(token, 0, head)


def shifted(claims: dict[str, Any]) -> dict[str, Any]:
    """Times are said from now on."""
    now = int(time.time())
    small = {name for name in TIMES if isinstance(claims.get(name), int) and abs(claims[name]) < 10**6}
    return {name: now + value if name in small and value is not True else value for name, value in claims.items()}


@pytest.mark.parametrize("fault", FORGED)
async def test_each_token_that_is_not_good_is_refused_and_the_same_without_its_fault_is_taken(
    issuer: LocalIssuer, fault: str
):
    server, wrong = trust(trusting(issuer)), FORGED[fault]
    good = issuer.access()
    claims = {name: value for name, value in (part(good, 1) | shifted(wrong.claims)).items() if value is not None}
    bad = wrong.made(issuer, issuer.sign(claims, wrong.header, wrong.key))
    assert await code(server, good) is None
    assert await code(server, bad) == wrong.code
    assert await code(server, good) is None
    await server.close()


def test_there_are_fifty_kinds_of_them_at_the_least():
    assert len(FORGED) >= 50


async def test_a_token_says_who_and_the_log_says_the_rest(issuer: LocalIssuer):
    server = trust(trusting(issuer))
    claims = issuer.claims(aud=[AUDIENCE, "another"], catch_role="partner")
    viewer = await server.verify(f"Bearer {issuer.sign(claims)}")
    assert viewer == Viewer(
        "hana@housing-1",
        "housing-1",
        Role.PARTNER,
        claims["exp"],
        "session-1",
        claims["iat"],
        "first",
        "first/person-1",
        named=False,
    )
    assert viewer.asker.said_by == Binding("first", "first/person-1")
    assert not viewer.asker.named
    await server.close()


@pytest.mark.parametrize(
    ("said", "proves"),
    [
        ({"auth_time": 1_790_000_000, "acr": "high"}, 1_790_000_000),
        ({"auth_time": 1_790_000_000, "acr": "low"}, 0),
        ({"auth_time": 1_790_000_000}, 0),
        ({"acr": "high"}, 0),
        ({}, 0),
    ],
)
async def test_an_access_token_says_when_somebody_was_looked_at_closely_or_proves_nothing_of_it(
    issuer: LocalIssuer, said: dict[str, Any], proves: float
):
    """RFC 9470: what needs stepping up is asked of this alone."""
    server = trust(trusting(issuer, step_up_acr_values=("high",)))
    assert (await server.verify(f"Bearer {issuer.access(**said)}")).proved == proves
    await server.close()
    # Without values of its own an issuer's word that it looked is enough.
    server = trust(trusting(issuer))
    assert (await server.verify(f"Bearer {issuer.access(**said)}")).proved == said.get("auth_time", 0)
    await server.close()


async def test_who_is_bound_to_nothing_is_nobody_here(issuer: LocalIssuer):
    server = Issuers(trusting(issuer), hashed, Somebody(), time.time)
    viewer = await server.verify(f"Bearer {issuer.access()}")
    assert (viewer.user, viewer.agency, viewer.named) == ("", "", False)
    await server.close()


async def test_who_acts_for_several_agencies_says_for_which(issuer: LocalIssuer):
    server = trust(trusting(issuer), "housing-1", "police-1")
    assert await code(server, issuer.access()) == "TOKEN_NEEDS_AGENCY"
    viewer = await server.verify(f"Bearer {issuer.access(catch_agency='police-1')}")
    assert viewer.agency == "police-1"
    assert (await server.verify(f"Bearer {issuer.access(catch_agency='another')}")).agency == ""
    await server.close()


@pytest.mark.parametrize("typ", ["JWT", "jwt", None])
async def test_an_issuer_without_a_type_of_its_own_is_taken_where_that_is_said(issuer: LocalIssuer, typ: str | None):
    server = trust(trusting(issuer, token_type="jwt"))
    token = issuer.sign(issuer.claims(aud=AUDIENCE), {"typ": typ})
    assert await code(server, token) is None
    assert await code(server, issuer.access()) == "TOKEN_OF_ANOTHER_KIND"
    nonce = issuer.sign(issuer.claims(aud=AUDIENCE, nonce="n"), {"typ": typ})
    assert await code(server, nonce) == "TOKEN_OF_ANOTHER_KIND"
    await server.close()


async def test_an_issuer_for_pages_alone_opens_nothing_else(issuer: LocalIssuer):
    server = trust(trusting(issuer, audience=None))
    assert await code(server, issuer.access()) == "TOKEN_FROM_ANOTHER_ISSUER"
    await server.close()


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("PS256", KEY),
        ("RS512", KEY),
        ("ES256", CURVE),
        ("Ed25519", OKPKey.generate_key("Ed25519")),
    ],
)
async def test_what_an_issuer_may_sign_with_is_what_is_said_of_it(issuer: LocalIssuer, algorithm: str, key: Key):
    issuer.rotate("two", key)
    token = issuer.sign(issuer.claims(aud=AUDIENCE), {"alg": algorithm})
    server = trust(trusting(issuer, algorithms=(algorithm,)))
    other = trust(trusting(issuer, algorithms=("ES384",)))
    assert await code(server, token) is None
    assert await code(other, token) == "TOKEN_ALGORITHM_REFUSED"
    await server.close()
    await other.close()


async def test_one_issuers_key_signs_nothing_of_anothers(issuer: LocalIssuer):
    async with local_issuer() as second:
        second.rotate("one", OTHER_KEY)
        server = trust(trusting(issuer, second))
        assert await code(server, second.access()) is None
        assert await code(server, issuer.access()) is None
        # Under the same name of a key, each way round.
        assert await code(server, second.sign(issuer.claims(aud=AUDIENCE))) == "TOKEN_FORGED"
        assert await code(server, issuer.sign(second.claims(aud=AUDIENCE))) == "TOKEN_FORGED"
        await server.close()


# What an issuer publishes, rotates, and where it is away


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def on(server: Issuers, clock: Clock) -> Issuers:
    """The server keeps what is published by this clock."""
    for name, known in server.known.items():
        server.known[name] = issuers.Known(known.issuer, known.secret, known.reach, clock)
    server.tokens = verifying.Tokens(server.known, hashed, time.time)
    return server


async def test_a_new_key_is_read_when_a_token_names_it_and_not_oftener_than_now_and_then(issuer: LocalIssuer):
    clock = Clock()
    server = on(trust(trusting(issuer)), clock)
    before = issuer.access()
    assert await code(server, before) is None
    issuer.rotate("two", OTHER_KEY)
    after = issuer.access()
    clock.now += issuers.AGAIN
    assert await code(server, after) is None
    assert issuer.asked.count("/keys") == 2
    assert await code(server, before) == "TOKEN_FORGED"
    for kid in range(50):
        assert await code(server, issuer.sign(issuer.claims(aud=AUDIENCE), {"kid": str(kid)})) == "TOKEN_FORGED"
    assert issuer.asked.count("/keys") == 2
    clock.now += issuers.AGAIN
    assert await code(server, before) == "TOKEN_FORGED"
    assert issuer.asked.count("/keys") == 3
    await server.close()


async def test_a_key_that_is_withdrawn_is_trusted_for_minutes_and_no_longer(issuer: LocalIssuer):
    clock = Clock()
    server = on(trust(trusting(issuer)), clock)
    token = issuer.access()
    assert await code(server, token) is None
    issuer.rotate("two", OTHER_KEY)
    clock.now += issuers.OLD + 1
    # Nobody waits for what is read again meanwhile.
    assert await code(server, token) is None
    await server.known["first"]._keys.renewed()  # pyright: ignore[reportPrivateUsage]
    assert await code(server, token) == "TOKEN_FORGED"
    await server.close()


async def test_an_issuer_that_is_away_is_done_without_for_a_day(issuer: LocalIssuer):
    clock = Clock()
    server = on(trust(trusting(issuer)), clock)
    token = issuer.access()
    assert await code(server, token) is None
    await issuer.go_away()
    for hours in (1, 22):
        clock.now += hours * 3600
        assert await code(server, token) is None
    assert await code(server, issuer.sign(issuer.claims(aud=AUDIENCE), {"kid": "two"})) == "TOKEN_FORGED"
    clock.now += 2 * 3600
    assert await code(server, token) == "ISSUER_AWAY"
    await issuer.start()
    clock.now += issuers.AGAIN
    assert await code(server, token) is None
    await server.close()


async def test_an_issuer_that_was_never_there_is_away(issuer: LocalIssuer):
    await issuer.go_away()
    server = trust(trusting(issuer))
    assert await code(server, issuer.access()) == "ISSUER_AWAY"
    await server.close()


LIES: dict[str, Callable[[LocalIssuer], None]] = {
    "it calls itself otherwise": lambda issuer: lie(issuer, issuer="https://id.example.org"),
    "its keys lie in the open": lambda issuer: lie(issuer, jwks_uri="http://keys.example.org/"),
    "its keys lie in a file": lambda issuer: lie(issuer, jwks_uri="file:///etc/passwd"),
    "it says nothing of its keys": lambda issuer: lie(issuer, jwks_uri=None),
    "it sends us elsewhere": lambda issuer: answer(issuer, "/keys", 302, b"", location="http://127.0.0.1:9/keys"),
    "its keys are no JSON": lambda issuer: answer(issuer, "/keys", 200, b"<html>"),
    "its keys are no set": lambda issuer: answer(issuer, "/keys", 200, b'{"keys": 5}'),
    "it has no keys": lambda issuer: answer(issuer, "/keys", 200, b'{"keys": []}'),
    "its keys are secrets": lambda issuer: answer(issuer, "/keys", 200, b'{"keys": [{"kty": "oct", "k": "AAAA"}]}'),
    "its keys are for encrypting": lambda issuer: answer(issuer, "/keys", 200, as_keys(KEY, use="enc")),
    "its keys are without end": lambda issuer: answer(issuer, "/keys", 200, b'{"keys": [' + b" " * 300_000 + b"]}"),
    "its keys are compressed": lambda issuer: answer(issuer, "/keys", 200, b"x", **{"content-encoding": "gzip"}),
    "it has a fault": lambda issuer: answer(issuer, "/keys", 500, b"{}"),
    "two keys have one name": lambda issuer: answer(issuer, "/keys", 200, as_keys(KEY, OTHER_KEY)),
}


def lie(liar: LocalIssuer, **changed: Any) -> None:
    told = {name: value for name, value in (liar.metadata() | changed).items() if value is not None}
    liar.answers["/.well-known/openid-configuration"] = lambda _: said(told)


def answer(issuer: LocalIssuer, path: str, status: int, body: bytes, **headers: str) -> None:

    issuer.answers[path] = lambda _: Answer(status, body, headers)


def as_keys(*keys: Key, **changed: Any) -> bytes:
    return json.dumps({"keys": [{**key.as_dict(private=False), "kid": "one", **changed} for key in keys]}).encode()


@pytest.mark.parametrize("which", LIES)
async def test_an_issuer_that_lies_or_errs_is_not_believed(issuer: LocalIssuer, which: str):
    LIES[which](issuer)
    server = trust(trusting(issuer))
    refused = await code(server, issuer.access())
    assert refused == ("TOKEN_FORGED" if which == "two keys have one name" else "ISSUER_AWAY")
    issuer.answers.clear()
    honest = trust(trusting(issuer))
    assert await code(honest, issuer.access()) is None
    await server.close()
    await honest.close()


async def test_an_issuer_that_dawdles_is_away(issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("catch.identity.reaching.DEADLINE", 0.2)
    issuer.dawdles = 2
    server = trust(trusting(issuer))
    began = time.monotonic()
    assert await code(server, issuer.access()) == "ISSUER_AWAY"
    assert time.monotonic() - began < 1
    await server.close()


def test_a_small_key_is_no_key():
    small = '{"keys":[{"kty":"RSA","e":"AQAB","n":"' + "z" * 171 + '"}]}'
    assert Published(small.encode()).keys == []
    assert len(Published(as_keys(KEY)).keys) == 1


async def test_a_token_is_verified_once_a_second(issuer: LocalIssuer):
    server = trust(trusting(issuer))
    kept = ForASecond(server)
    token = f"Bearer {issuer.access()}"
    first = kept.verify(token)
    assert not isinstance(first, Viewer)
    viewer = await first
    assert kept.verify(token) is viewer
    began = time.perf_counter()
    for _ in range(1_000):
        kept.verify(token)
    assert (time.perf_counter() - began) / 1_000 < 0.005
    await server.close()


# ID tokens


ASKED = Asked("the-nonce", time.time(), "an access token")
WRONG_IDENTITY: dict[str, tuple[dict[str, Any], str]] = {
    "another nonce": ({"nonce": "another"}, "TOKEN_FORGED"),
    "no nonce": ({"nonce": None}, "TOKEN_FORGED"),
    "a nonce that is a number": ({"nonce": 5}, "TOKEN_FORGED"),
    "for another": ({"aud": "another"}, "TOKEN_FOR_ANOTHER_AUDIENCE"),
    "for us as an API": ({"aud": AUDIENCE}, "TOKEN_FOR_ANOTHER_AUDIENCE"),
    "made for another": ({"azp": "another"}, "TOKEN_FOR_ANOTHER_AUDIENCE"),
    "for several, made for nobody in particular": ({"aud": [CLIENT, "another"]}, "TOKEN_FOR_ANOTHER_AUDIENCE"),
    "with another access token": ({"at_hash": half_hash("RS256", "another")}, "TOKEN_FORGED"),
    "over": ({"exp": -60}, "TOKEN_EXPIRED"),
    "from before it was asked for": ({"iat": -300}, "TOKEN_EXPIRED"),
    "made in the future": ({"iat": 90}, "TOKEN_NOT_YET_VALID"),
    "by another issuer": ({"iss": "https://id.example.org"}, "TOKEN_FROM_ANOTHER_ISSUER"),
    "without a subject": ({"sub": None}, "TOKEN_INCOMPLETE"),
    "a logout token": ({"events": {LOGOUT_EVENT: {}}}, "TOKEN_OF_ANOTHER_KIND"),
}


def identity_token(issuer: LocalIssuer, change: dict[str, Any], **header: Any) -> str:
    claims = issuer.claims(aud=CLIENT, nonce=ASKED.nonce, at_hash=half_hash("RS256", ASKED.access_token))
    told = {name: value for name, value in (claims | shifted(change)).items() if value is not None}
    return issuer.sign(told, {"typ": "JWT"} | header)


@pytest.mark.parametrize("which", WRONG_IDENTITY)
async def test_each_id_token_that_is_not_good_is_refused_and_the_same_without_its_fault_is_taken(
    issuer: LocalIssuer, which: str
):
    server, asked = trust(trusting(issuer)), replace(ASKED, began=time.time())
    change, refused = WRONG_IDENTITY[which]
    known = server.known["first"]
    good = await server.tokens.identified(known, identity_token(issuer, {}), asked)
    assert (good.named, good.subject, good.session) == ("person-1", "first/person-1", "session-1")
    with pytest.raises(TokenRefused) as problem:
        await server.tokens.identified(known, identity_token(issuer, change), asked)
    assert problem.value.code == refused
    await server.close()


async def test_an_access_token_is_no_id_token(issuer: LocalIssuer):
    server = trust(trusting(issuer))
    token = identity_token(issuer, {}, typ="at+jwt")
    with pytest.raises(TokenRefused):
        await server.tokens.identified(server.known["first"], token, replace(ASKED, began=time.time()))
    await server.close()


@pytest.mark.parametrize(
    ("change", "asked", "good"),
    [
        ({"acr": "high"}, {"acr": ("high",)}, True),
        ({"acr": "low"}, {"acr": ("high",)}, False),
        ({}, {"acr": ("high",)}, False),
        ({"auth_time": 0}, {"anew": True}, True),
        ({"auth_time": -900}, {"anew": True}, False),
        ({}, {"anew": True}, False),
        ({"auth_time": -900}, {}, True),
    ],
)
async def test_how_closely_somebody_was_looked_at_is_held_to_what_was_asked(
    issuer: LocalIssuer, change: dict[str, Any], asked: dict[str, Any], good: bool
):
    server = trust(trusting(issuer))
    if "auth_time" in change:
        change = {"auth_time": int(time.time()) + change["auth_time"]}
    token, wanted = identity_token(issuer, change), replace(ASKED, began=time.time(), **asked)
    try:
        await server.tokens.identified(server.known["first"], token, wanted)
        taken = True
    except verifying.NotStrongEnough:
        taken = False
    assert taken is good
    await server.close()


# Logout tokens


@pytest.mark.parametrize(
    ("header", "change"),
    [
        ({}, {"aud": AUDIENCE}),
        ({}, {"iss": "https://id.example.org"}),
        ({}, {"events": {}}),
        ({}, {"events": None}),
        ({}, {"events": {LOGOUT_EVENT: "yes"}}),
        ({}, {"nonce": "n"}),
        ({}, {"jti": None}),
        ({}, {"jti": ""}),
        ({}, {"sub": None, "sid": None}),
        ({}, {"sub": 5}),
        ({}, {"sid": 5}),
        ({}, {"exp": -60}),
        ({}, {"iat": -700}),
        ({}, {"iat": 60}),
        ({"typ": "at+jwt"}, {}),
        ({"kid": "another"}, {}),
        ({"alg": "RS512"}, {}),
    ],
    ids=str,
)
async def test_each_logout_token_that_is_not_good_is_refused(
    issuer: LocalIssuer, header: dict[str, Any], change: dict[str, Any]
):
    server = trust(trusting(issuer))
    asked = await server.verify_logout(issuer.logout())
    assert (asked.issuer, asked.subject, asked.session) == ("first", None, "session-1")
    whole = await server.verify_logout(issuer.logout(sid=None))
    assert (whole.subject, whole.session) == ("first/person-1", None)
    with pytest.raises(LogoutTokenRefused):
        await server.verify_logout(issuer.logout(header, **shifted(change)))
    await server.close()


def test_each_attempt_has_secrets_of_its_own():
    first, second = begun("first", 0), begun("first", 0)
    assert not {first.state, first.nonce, first.verifier} & {second.state, second.nonce, second.verifier}
    assert len({first.state, first.nonce, first.verifier}) == 3
    assert len(first.verifier) >= 43


# Each rule taken away is noticed


def nothing(*_: Any, **__: Any) -> Any:
    return True


def at_any_time(_claims: object, now: float, _leeway: float) -> Times:
    return Times(now, now + 60)


def any_moment(said: Any) -> float:
    return float(said)


def any_subject(claims: Claims) -> str:
    return str(claims.get("sub"))


def any_role(said: Any) -> Any:
    return said and Role(said)


HOLES: dict[str, tuple[str, object, str]] = {
    "whom it is for": ("meant", nothing, "for another service"),
    "what kind it is": ("of_type", nothing, "a token of no type"),
    "when it ends": ("in_time", at_any_time, "over"),
    "what is a moment": ("claims.moment", any_moment, "an end that is yes"),
    "how a subject is written": ("subject", any_subject, "a subject that is a number"),
    "the program's role": ("role", any_role, "the program's own role"),
    "what tells an ID token": ("OF_ID_TOKENS", frozenset[str](), "an ID token, called an access token"),
    "how long it lasts": ("LONGEST", 10**9, "good for days"),
}


@pytest.mark.parametrize("hole", HOLES)
async def test_control_each_rule_taken_away_lets_its_token_in(
    issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch, hole: str
):
    name, was, fault = HOLES[hole]
    module, _, name = f"verifying.{name}".rpartition(".")
    monkeypatch.setattr(f"catch.identity.{module.rpartition('.')[2]}.{name}", was)
    with pytest.raises(AssertionError):
        await test_each_token_that_is_not_good_is_refused_and_the_same_without_its_fault_is_taken(issuer, fault)


async def test_control_any_algorithm_lets_a_public_key_in_for_a_secret_no_further_than_the_key(issuer: LocalIssuer):
    """Were the list of algorithms no rule, the key's own kind would still be one."""
    server = trust(trusting(issuer, algorithms=("RS256", "HS256")))
    assert await code(server, keyed_by_the_public_key(issuer, issuer.access())) == "TOKEN_ALGORITHM_REFUSED"
    await server.close()


def test_what_is_proven_is_all_that_is_taken_from_a_token():
    taken = ("issuer", "subject", "expires_at", "issued_at", "session", "agency", "role", "proved")
    assert Proven.__struct_fields__ == taken


async def test_a_viewer_of_a_real_issuer_never_names_themselves():
    proven = Proven("first", "digest", 1, 0, "", "housing-1", None)
    assert not (await viewer_of(proven, Somebody("housing-1"))).named

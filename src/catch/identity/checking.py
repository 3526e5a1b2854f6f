"""Whether the issuers that are set up answer, know us and can be understood, as far as that shows without a person."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
from msgspec import Struct

from catch.identity.flow import authenticated
from catch.identity.issuers import Known, Metadata, discovered, published
from catch.identity.keys import Published, suits
from catch.identity.reaching import Unreachable
from catch.identity.settings import Issuer, Trusted, where_to_sign_in
from catch.identity.trust import known

FAR_APART: Final = 5.0
"""Seconds of difference between two clocks that are worth a word."""


class Finding(Struct, frozen=True):
    """Of one issuer, by its key: what was tried, in a sentence, and whether that is in order."""

    issuer: str
    good: bool
    sentence: str


async def checked(trusted: Trusted) -> list[Finding]:
    """All issuers at once: one that is away keeps nobody waiting for the others."""
    each = await asyncio.gather(*(_one(trusted, issuer) for issuer in trusted.issuers))
    return [finding for found in each for finding in found]


async def _one(trusted: Trusted, issuer: Issuer) -> list[Finding]:
    held = known(trusted, issuer.key)
    try:
        return [Finding(issuer.key, good, sentence) async for good, sentence in _tried(trusted, held)]
    finally:
        await held.close()


Said = tuple[bool, str]


async def _tried(trusted: Trusted, held: Known) -> AsyncIterator[Said]:
    issuer = held.issuer
    try:
        metadata = await discovered(issuer, held.reach)
    except Unreachable as problem:
        yield False, f"{issuer.issuer} is no issuer that can be used: {problem}. Compare the setting `issuer`."
        return
    yield True, f"{issuer.issuer} says where its addresses are."
    for sentence in misunderstood(issuer, metadata, held):
        yield False, sentence
    try:
        keys = await published(metadata, held.reach)
    except Unreachable as problem:
        yield False, f"Its keys cannot be read: {problem}. Whoever runs the issuer can say why."
    else:
        yield signs(issuer, keys)
    yield await _clock(held, metadata)
    yield await _redirect(trusted, held, metadata)
    yield await _client(held, metadata)


def misunderstood(issuer: Issuer, metadata: Metadata, held: Known) -> Iterator[str]:
    """What it says that it cannot do, and we need."""
    if "S256" not in (metadata.code_challenge_methods_supported or ("S256",)):
        yield "It takes no PKCE with S256. Switch that on there: no sign-in is begun without."
    signing = metadata.id_token_signing_alg_values_supported
    if signing is not None and not {*signing} & {*issuer.algorithms}:
        yield f"It signs by {' '.join(signing)}, and the setting `algorithms` allows none of them."
    method = "private_key_jwt" if held.secret.key is not None else f"client_secret_{issuer.client_auth}"
    if method not in (metadata.token_endpoint_auth_methods_supported or (method,)):
        yield f"It takes no {method}. Change the setting `client_auth`, or use `private_key_file`."


def signs(issuer: Issuer, keys: Published) -> Said:
    good = [key for key in keys.keys if any(suits(key, each) for each in issuer.algorithms)]
    if good:
        return True, f"It publishes {len(good)} {'key that fits' if len(good) == 1 else 'keys that fit'}."
    return False, "None of the keys that it publishes can sign by what the setting `algorithms` allows."


async def _clock(held: Known, metadata: Metadata) -> Said:
    try:
        apart = (await held.reach.get(metadata.jwks_uri)).apart
    except Unreachable:
        apart = None
    if apart is None:
        return True, "It does not say what time it is, so that the clocks could not be compared."
    ahead = f"{abs(apart):.0f} seconds {'ahead of' if apart > 0 else 'behind'} ours"
    if abs(apart) > max(held.issuer.leeway, FAR_APART):
        return False, f"Its clock is {ahead}: tokens are refused. Set this machine's clock (chrony, ntp) or theirs."
    return True, "Its clock and ours agree." if abs(
        apart
    ) <= FAR_APART else f"Its clock is {ahead}, which is allowed for."


async def _redirect(trusted: Trusted, held: Known, metadata: Metadata) -> Said:
    """Asked to sign in nobody without a page, an issuer sends back to an address that it knows, and to no other."""
    redirect = where_to_sign_in(trusted, held.issuer.key)
    asked = urlencode(
        {
            "response_type": "code",
            "client_id": held.issuer.client_id,
            "redirect_uri": redirect,
            "scope": " ".join(held.issuer.scopes),
            "state": "check",
            "nonce": "check",
            "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
            "code_challenge_method": "S256",
            "prompt": "none",
        }
    )
    endpoint = metadata.authorization_endpoint
    try:
        answer = await held.reach.sent_to(f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{asked}")
    except Unreachable as problem:
        return False, f"Where people sign in cannot be reached: {problem}."
    return redirected(answer.elsewhere, answer.status, redirect)


NOBODY_THERE: Final = frozenset(
    {"login_required", "interaction_required", "consent_required", "account_selection_required"}
)
"""What an issuer answers in order, where it may show no page."""


def redirected(elsewhere: str | None, status: int, redirect: str) -> Said:
    if elsewhere is not None and elsewhere.partition("?")[0] == redirect:
        said = parse_qs(urlsplit(elsewhere).query)
        refused = (said.get("error") or [""])[0]
        if not refused or refused in NOBODY_THERE:
            return True, f"It sends people back to {redirect}."
        return False, f"It refuses to sign anybody in ({refused[:40]}). Compare scopes and client with what it has."
    if status >= 400:
        return False, f"It does not know the client, or not its redirect address. Register {redirect} there."
    return True, f"Whether it knows the redirect address could not be tried. Register {redirect} there."


async def _client(held: Known, metadata: Metadata) -> Said:
    """With a code that nobody was given, an issuer that knows us complains of the code; any other of the client."""
    form = {
        "grant_type": "authorization_code",
        "code": "check",
        "redirect_uri": "https://check.invalid/",
        "code_verifier": "c" * 43,
    }
    # No place is asked here: it is this machine's own clock that is tried.
    own, headers = authenticated(held, metadata, time.time())
    try:
        answer = await held.reach.post(metadata.token_endpoint, {**form, **own}, headers)
    except Unreachable as problem:
        return False, f"Where codes are exchanged cannot be reached: {problem}."
    refused = _error(answer.body)
    what = "private_key_file and key_id" if held.secret.key is not None else "client_secret_file and client_auth"
    if answer.status == 401 or refused in ("invalid_client", "unauthorized_client"):
        return False, f"It does not take us for the client {held.issuer.client_id}. Compare client_id, {what}."
    if answer.status == 400:
        return True, f"It takes us for the client {held.issuer.client_id}."
    return False, f"Where codes are exchanged answers with {answer.status}, which says nothing. Ask whoever runs it."


class _Refusal(msgspec.Struct):
    """What an issuer answers that does not take somebody (RFC 6749, 5.2), as far as it is read here."""

    error: str = ""


def _error(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Refusal).error
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""

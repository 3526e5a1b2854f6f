"""Signing in by an issuer, and out again: who comes back is asked of the log, and what they act as they choose."""

import hmac
import secrets
from collections.abc import AsyncIterator, Iterator
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from catch.access.standing import APART
from catch.domain.calendar import london_day
from catch.domain.facts import Role
from catch.domain.partner import Binding, Member, Partner
from catch.domain.streams import PARTNER, partner_stream
from catch.identity import flow
from catch.identity.cookies import Session
from catch.identity.flow import Attempt, NoSuchAttempt
from catch.identity.tokens import IssuerAway, TokenRefused, Viewer
from catch.identity.trust import Issuers
from catch.identity.verifying import Identified, NotStrongEnough
from catch.rates import Rates, neighbourhood, whole_seconds
from catch.web.console.pages.signing_in import nothing
from catch.web.console.site import Address
from catch.web.console.visit import Moved, NotShown, Page, Reply, Visit, nothing_here
from catch.web.console.wording import words
from projections.members import Membership

AT_ONCE: Final = 4
"""Sign-ins that may be under way in one browser: the one that was begun first is forgotten."""
ATTEMPTS, PENDING = "-attempts", "-pending"
STRANGERS: Final = Rates(1, 60)
"""How often one address may begin or end a sign-in."""


class Attempts(Struct, frozen=True):
    held: tuple[Attempt, ...] = ()


class Way(Struct, frozen=True):
    """For which agency somebody may act, and as what: all roles that go together, or one that never does."""

    agency: str
    user: str
    at: float
    agency_name: str
    text: str
    role: Role | None = None


class Pending(Struct, frozen=True):
    """Somebody who has signed in, and has not chosen yet. `key` stands in the form: no other page can send it."""

    found: Identified
    ways: tuple[Way, ...]
    until: float
    key: str
    goes_to: str


def issuers_of(visit: Visit) -> Issuers:
    """Raises `NotShown` where none is set up, or for who asks too often."""
    if wait := STRANGERS.wait(neighbourhood(visit.peer)):
        seconds = whole_seconds(wait)
        raise NotShown(429, "TOO_MANY_REQUESTS", f"Too many sign-ins were begun from here. Wait {seconds} seconds.")
    found = visit.console.web.issuer
    if not isinstance(found, Issuers):
        raise nothing_here()
    return found


def attempts(visit: Visit) -> tuple[Attempt, ...]:
    now, held = visit.console.cookies.clock(), visit.remembered(ATTEMPTS, Attempts) or Attempts()
    return tuple(each for each in held.held if now - each.began < flow.PATIENCE)


def kept(visit: Visit, held: tuple[Attempt, ...]) -> dict[str, str]:
    return {ATTEMPTS: visit.to_remember(ATTEMPTS, Attempts(held[-AT_ONCE:])) if held else ""}


async def begin(visit: Visit) -> Reply:
    """To the issuer, with a secret that stays in this browser."""
    issuers, key = issuers_of(visit), visit.path["issuer"]
    if key not in issuers.known:
        raise nothing_here()
    step_up = visit.query.get("step_up") == "1"
    attempt = flow.begun(key, issuers.clock(), visit.query.get("next", "/"), step_up=step_up)
    try:
        address = await flow.address(issuers, attempt)
    except TokenRefused as refused:
        raise told(refused) from None
    return Moved(address, beside=kept(visit, (*attempts(visit), attempt)))


async def come_back(visit: Visit) -> Reply:
    """From the issuer. An answer is good once, in the browser that it was asked for in, from whom was asked."""
    issuers, key, held = issuers_of(visit), visit.path["issuer"], attempts(visit)
    state = visit.query.get("state", "")
    attempt = next((each for each in held if hmac.compare_digest(each.state.encode(), state.encode())), None)
    try:
        if attempt is None or not await visit.console.web.sessions.use(attempt.state):
            raise NoSuchAttempt
        if attempt.issuer != key or key not in issuers.known:
            raise flow.AnotherIssuerAnswered
        found = await flow.identified(issuers, attempt, visit.query)
        reply = await signed_in(visit, issuers, attempt, found)
    except TokenRefused as refused:
        raise told(refused, stays=visit.session is not None) from None
    reply.beside = {**kept(visit, tuple(each for each in held if each is not attempt)), **reply.beside}
    return reply


def told(refused: TokenRefused, *, stays: bool = False) -> NotShown:
    """What is wrong with a token says nothing to whoever signs in: it is for those who run the system. `stays`: they
    were signed in before, and are so still."""
    said = refused.message if isinstance(refused, FOR_PEOPLE) else f"{NOT_BELIEVED} {refused.code}. {refused.message}"
    if stays:
        return NotShown(refused.STATUS, "You are signed in as you were", f"You were not signed in anew. {said}")
    return NotShown(refused.STATUS, "You are not signed in", said, ("/sign-in", "Sign in again"))


FOR_PEOPLE = (
    *(NoSuchAttempt, NotStrongEnough, IssuerAway),
    *(flow.AnotherIssuerAnswered, flow.IssuerRefused, flow.CodeRefused),
)
NOT_BELIEVED = (
    "What came back from where you signed in cannot be believed, so nobody was signed in and nothing was told. Begin"
    " again; if it happens again, tell whoever runs the system this:"
)


async def signed_in(visit: Visit, issuers: Issuers, attempt: Attempt, found: Identified) -> Reply:
    """Who comes back is one member, several, or nobody here."""
    before = visit.session
    if attempt.step_up and before is not None and is_of(before, found):
        return await go_on(visit, replace(before.viewer, issued_at=found.issued_at), found, attempt.goes_to)
    ways = tuple([way async for way in ways_of(visit, issuers, found)])
    if not ways:
        issuer = issuers.known[found.issuer].issuer
        return visit.page("not_enrolled.html", 403, issuer=issuer, named=found.named, open=bool(visit.console.web.door))
    if len(ways) == 1:
        return await go_on(visit, viewer(visit, found, ways[0]), found, attempt.goes_to)
    until = visit.console.cookies.clock() + flow.PATIENCE
    pending = Pending(found, ways, until, secrets.token_urlsafe(18), attempt.goes_to)
    page = visit.page("act_as.html", ways=ways, key=pending.key)
    page.beside = {PENDING: visit.to_remember(PENDING, pending)}
    return page


def is_of(session: Session, found: Identified) -> bool:
    """It is the same somebody, by the same account."""
    return (session.viewer.issuer, session.viewer.subject) == (found.issuer, found.subject)


async def ways_of(visit: Visit, issuers: Issuers, found: Identified) -> AsyncIterator[Way]:
    for held in await issuers.bindings.of(Binding(found.issuer, found.subject)):
        stream = partner_stream(held.agency)
        partner: Partner | None = (await visit.console.web.catch.present.states.get(PARTNER, stream)).state
        member = partner.member(held.user) if partner else None
        # A program has no pages.
        if partner is not None and member is not None and not member.suspended and member.service is None:
            for way in ways(visit, held, partner, member):
                yield way


def ways(visit: Visit, held: Membership, partner: Partner, member: Member) -> Iterator[Way]:
    roles = {each.role: None for each in member.roles_on(london_day(visit.console.now()))}
    base = Way(held.agency, held.user, held.at.timestamp(), partner.name, "")
    if together := [role for role in roles if role not in APART and role is not Role.SYSTEM]:
        yield replace(base, text=", ".join(words(role) for role in together).lower())
    yield from (replace(base, role=role, text=words(role).lower()) for role in roles if role in APART)


def viewer(visit: Visit, found: Identified, way: Way) -> Viewer:
    cookies = visit.console.cookies
    return Viewer(
        way.user,
        way.agency,
        way.role,
        cookies.clock() + cookies.absolute,
        found.session,
        found.issued_at,
        found.issuer,
        found.subject,
        named=False,
        signed_in=way.at,
    )


async def go_on(visit: Visit, who: Viewer, found: Identified, goes_to: str) -> Moved:
    """A new session; the one that this browser had ends."""
    if visit.session is not None:
        await visit.console.web.sessions.sign_out(visit.session.viewer)
    cookies = visit.console.cookies
    session = cookies.begun(who, acr=found.acr, signed_in_at=found.seen)
    return Moved(goes_to, cookie=cookies.sealed(session), beside={PENDING: ""})


async def act_as(visit: Visit) -> Reply:
    """What they chose, of what was offered to them alone. It is judged at every request whether they still may."""
    issuers_of(visit)
    pending = visit.remembered(PENDING, Pending)
    if pending is None:
        raise told(NoSuchAttempt())
    asked, chosen = visit.sent("pending"), visit.sent("way")
    mine = hmac.compare_digest(asked.encode(), pending.key.encode()) and visit.console.cookies.clock() < pending.until
    if not mine or not await visit.console.web.sessions.use(pending.key):
        raise told(NoSuchAttempt())
    if not (chosen.isascii() and chosen.isdecimal() and int(chosen[:6]) < len(pending.ways)):
        raise told(NoSuchAttempt())
    who = viewer(visit, pending.found, pending.ways[int(chosen[:6])])
    return await go_on(visit, who, pending.found, pending.goes_to)


async def sign_out(visit: Visit) -> Reply:
    """Here, and then where they signed in: by a page, since no form of ours may be sent on to another site."""
    assert visit.session is not None
    who = visit.session.viewer
    await visit.console.web.sessions.sign_out(who)
    visit.session = None
    issuer = visit.console.web.issuer
    farewell = await flow.farewell(issuer, who.issuer) if isinstance(issuer, Issuers) else None
    if farewell is None:
        return Moved("/sign-in?signed-out=1", cookie="")
    page: Page = visit.page("signed_out.html", farewell=farewell)
    page.headers = {"set-cookie": visit.console.set_cookie(""), "refresh": f"0; url={farewell}"}
    return page


ADDRESSES = (
    Address("/sign-in/{issuer:str}", begin, closed=False),
    Address("/sign-in/callback/{issuer:str}", come_back, closed=False),
    Address("/sign-in/act-as", nothing, act_as, closed=False),
    Address("/sign-out", nothing, sign_out),
)

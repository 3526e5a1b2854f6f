"""Signing in and out, the ticket for a page's websocket, and what was typed when a session ended."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from catch.access import NotEnrolled
from catch.access.standing import APART, IN_TURN
from catch.domain.facts import Role
from catch.identity.flow import own_path
from catch.identity.settings import Issuer
from catch.identity.tokens import ISSUER, Viewer
from catch.identity.trust import Issuers
from catch.web.console.site import NOT_KEPT, Address
from catch.web.console.visit import ONWARD, Moved, NotShown, Page, Reply, Visit, nothing_here
from catch.web.console.wording import words
from projections.members import MEMBERS

SESSION = 12 * 3600.0
"""Seconds for which the development issuer vouches for somebody."""


class Chosen(NamedTuple):
    """Somebody to be, and in which roles: all that go together, or one that is never used with others."""

    user: str
    agency: str
    role: str
    text: str

    @property
    def value(self) -> str:
        return f"{self.user} {self.agency} {self.role}"


SHOWN_FIRST = (Role.CHAIR, Role.DEPUTY, Role.COORDINATOR, Role.AUDITOR, Role.CALDICOTT, Role.APPOINTING_OFFICER)
TURN = {role.value: place for place, role in enumerate(dict.fromkeys((*SHOWN_FIRST, *IN_TURN)))}


def ways(user: str, agency: str, held: Sequence[str]) -> Iterator[Chosen]:
    apart = {role.value for role in APART}
    if together := [role for role in held if role not in apart]:
        yield Chosen(user, agency, "", ", ".join(map(words, together)))
    yield from (Chosen(user, agency, role, words(role)) for role in held if role in apart)


async def sign_in(visit: Visit) -> Reply:
    """In development: who to be."""
    people: list[Chosen] = []
    if visit.console.development:
        rows = await visit.console.web.catch.log.pool.fetch(
            f"select agency, user_id, acts_as from {MEMBERS.table} where not suspended"  # noqa: S608
            " order by agency, user_id limit 1000"
        )
        # Who runs meetings and looks at cases first: of partners there are many.
        rows.sort(key=lambda row: min((TURN[role] for role in row["acts_as"]), default=len(TURN)))
        people = [each for row in rows for each in ways(row["user_id"], row["agency"], row["acts_as"])]
    return visit.page(
        "sign_in.html",
        people=people,
        issuers=issuers_of(visit),
        next=next_of(visit),
        ended="ended" in visit.query,
        signed_out="signed-out" in visit.query,
    )


def issuers_of(visit: Visit) -> list[Issuer]:
    found = visit.console.web.issuer
    return [*found.trusted.issuers] if isinstance(found, Issuers) else []


def next_of(visit: Visit) -> str:
    return own_path(visit.query.get("next", "/"))


async def choose(visit: Visit) -> Reply:
    """In development alone: be this member, in this role or in all that go together."""
    if not visit.console.development:
        raise NotShown(404, "Page not found", "There is no such page.")
    user, agency, role = ([*visit.sent("who").split(" "), "", "", ""])[:3]
    console = visit.console
    now = console.cookies.clock()
    hashed = console.web.catch.keyring.subject_digest(ISSUER, user)
    viewer = Viewer(
        user,
        agency,
        Role(role) if role in {each.value for each in Role} else None,
        now + SESSION,
        "",
        now,
        ISSUER,
        hashed,
    )
    try:
        await console.web.rights.who(viewer.asker)
    except NotEnrolled as refused:
        raise NotShown(403, "NOT_ENROLLED", refused.message) from None
    return Moved(own_path(visit.sent("next") or "/"), cookie=console.cookies.sealed(console.cookies.begun(viewer)))


async def ticket(visit: Visit) -> Reply:
    """With which the page's script opens a websocket. No other site's page can ask: it says from where it comes."""
    if visit.session is None:
        return Page("", 401)
    return Page(visit.console.cookies.ticket(visit.session), media="text/plain")


async def nothing(visit: Visit) -> Reply:
    """What only a form or a script sends to, and nobody opens."""
    raise nothing_here()


async def signed_in(visit: Visit) -> Reply:
    return visit.page(
        "told.html", title="You are signed in", text="Go back to the other tab and go on there.", kept={}, onward=ONWARD
    )


async def resend(visit: Visit) -> Reply:
    """What was typed when a session ended, to be sent in the one that is."""
    to = own_path(visit.sent("resend-to"))
    fields = [(name, values) for name, values in visit.form.items() if name not in {"resend-to", *NOT_KEPT}]
    if visit.session is None:
        kept = [(name, each) for name, values in fields for each in values]
        visit.address = to
        return visit.page("kept.html", 401, why="You are still signed out.", kept=kept)
    return visit.page("resend.html", to=to, fields=fields)


ADDRESSES = (
    Address("/sign-in", sign_in, choose, closed=False),
    Address("/signed-in", signed_in, closed=False),
    Address("/ticket", nothing, ticket, closed=False),
    Address("/resend", signed_in, resend, closed=False),
)

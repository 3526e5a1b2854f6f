"""The inbox of the viewer's agency: what is to be answered, what is due, what it is invited to."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

from msgspec import Struct

from catch.domain.calendar import london_day
from catch.domain.streams import COMMANDS_BY_KEY
from catch.web.console import clocks, following
from catch.web.console.asking import form_of
from catch.web.console.fields import mutation_of
from catch.web.console.forms import Form
from catch.web.console.known import Known, everything
from catch.web.console.site import Address
from catch.web.console.visit import Json, Moved, NotShown, Reply, Visit

SOON = 7
"""Days within which something is due soon."""
COOKIE = "-inbox"
DIGITS = 19
"""Fewer than these fit into a position."""


class Look(Struct, frozen=True):
    """Up to where somebody has seen their agency's inbox in this browser: a position of the log, and when they said so
    (seconds since 1970)."""

    user: str
    agency: str
    position: int
    at: float


async def inbox(visit: Visit) -> Reply:
    # Refused for a role without an inbox: the first page says so.
    await visit.ask("inbox", first=1, atLeast=visit.at_least)
    entries = await everything(visit, "inbox")
    may = (await visit.ask("viewer"))["viewer"]["may"]
    known = Known(visit, {})
    look = await last_look(visit)
    return visit.page(
        "inbox.html",
        look=look,
        looked_at=datetime.fromtimestamp(look.at, UTC) if look else None,
        fresh={each["id"] for each in entries if look and int(each["position"]) > look.position},
        groups=[(title, text, held) for title, text, held in sorted_out(entries, known) if held],
        answers=Answers(known, may),
        until=partial(clocks.until_day, now=known.now),
        new_id=lambda: str(uuid4()),
        follows=following.INBOX,
    )


async def seen(visit: Visit) -> Reply:
    """They have seen what their page showed. What came since stays new, and an older tab takes nothing back."""
    assert visit.session is not None
    viewer, before = visit.session.viewer, await last_look(visit)
    shown = visit.sent("position")
    upto = min(int(shown), visit.position) if shown.isascii() and shown.isdecimal() and len(shown) < DIGITS else 0
    look = Look(viewer.user, viewer.agency, max(upto, before.position if before else 0), visit.console.cookies.clock())
    return Moved("/inbox", lasting={COOKIE: visit.to_remember(COOKIE, look)})


async def last_look(visit: Visit) -> Look | None:
    """Nobody takes over what another has seen in the same browser."""
    assert visit.session is not None
    viewer = visit.session.viewer
    found = visit.remembered(COOKIE, Look)
    if found is None or (found.user, found.agency) != (viewer.user, viewer.agency):
        return None
    try:
        await visit.ask("inbox", first=1, atLeast=str(found.position))
    except NotShown as problem:
        # What was recorded up to there is lost: then nobody knows what they have seen of what is there.
        if problem.title == "POSITION_LOST":
            return None
        raise
    return found


def sorted_out(entries: list[Json], known: Known) -> list[tuple[str, str, list[Json]]]:
    """Each entry in one place: where it presses most."""
    today = london_day(known.now)

    def place(entry: Json) -> int:
        if entry["kind"] == "INVITATION":
            return 6
        if entry["kind"] in ("BREAK_GLASS", "BREAK_GLASS_REVIEW"):
            return 0
        if entry["kind"] == "CLOCK_BREACHED":
            return 1
        if entry["state"] == "OFFERED":
            return 2
        if entry["overdueDays"]:
            return 3
        days = (known.today.fromisoformat(entry["due"]) - today).days if entry["due"] else SOON + 1
        return 4 if days <= SOON else 5

    return [
        (title, text, [each for each in entries if place(each) == number])
        for number, (title, text) in enumerate(GROUPS)
    ]


GROUPS = (
    ("Break-glass", "Somebody has opened a case in an emergency."),
    ("Past their deadline", "That a clock of these cases has passed was recorded in the last two weeks."),
    ("To answer", "Offered to your agency: until you answer, nobody does it."),
    ("Overdue", "Say how it is going, or move the day with whoever coordinates the case."),
    ("Due soon", "Within a week."),
    ("Under way", "Accepted, and not due yet."),
    ("Invitations", "Meetings that your agency is asked to come to."),
)


class Answers:
    """The forms by which an entry is answered at its place."""

    def __init__(self, known: Known, may: Sequence[str]) -> None:
        self._known, self._may = known, may

    def may(self, key: str) -> bool:
        return mutation_of(COMMANDS_BY_KEY[key]) in self._may

    def of(
        self,
        key: str,
        entry: Json,
        fixed: Mapping[str, str] | None = None,
        only: Sequence[str] | None = None,
        title: str | None = None,
    ) -> Form | None:
        """None where the viewer may not."""
        if not self.may(key):
            return None
        about = {"case": str(entry["caseId"]), "action": str(entry["actionId"])} | dict(fixed or {})
        prefix = "-".join([key, entry["id"][:13], *(fixed or {}).values(), ""])
        return form_of(self._known, COMMANDS_BY_KEY[key], {}, about, only=only, title=title, prefix=prefix)

    def apology(self, entry: Json) -> Form | None:
        if not self.may("send-apology"):
            return None
        about = {"meeting": str(entry["meetingId"]), "user": self._known.user, "agency": self._known.agency}
        kind = COMMANDS_BY_KEY["send-apology"]
        return form_of(self._known, kind, {}, about, title="I cannot come", prefix=f"apology-{entry['id'][:13]}-")


ADDRESSES = (Address("/inbox", inbox, seen, text="Inbox", reads="agencyInbox"),)

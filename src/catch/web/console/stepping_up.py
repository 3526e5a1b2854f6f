"""What somebody may do only shortly after they have shown who they are: the page says so before its form is filled in,
and one that comes too late is kept while they show it once more.
"""

from datetime import datetime
from urllib.parse import urlencode

from catch.commands.rules import NEEDS_STEP_UP, SHOWN_WITHIN
from catch.domain.facts import Command
from catch.identity.trust import Issuers
from catch.web.console.visit import Visit


def shown_until(visit: Visit) -> datetime | None:
    """Until when it counts that they have shown who they are; None where it does not now."""
    assert visit.session is not None
    at = visit.proved(visit.session).proved_at
    return at + SHOWN_WITHIN if at is not None and abs(visit.console.now() - at) <= SHOWN_WITHIN else None


def step_up(visit: Visit, back: str) -> str:
    """Where they show it anew, and come back from to this page."""
    assert visit.session is not None
    issuer, whose = visit.console.web.issuer, visit.session.viewer.issuer
    if isinstance(issuer, Issuers) and whose in issuer.known:
        return f"/sign-in/{whose}?{urlencode({'step_up': '1', 'next': back})}"
    return f"/sign-in?{urlencode({'next': back})}"


class Asked:
    """What the form of such a command says of it. `typed`: something stands in it that must not be lost, so that they
    sign in on another tab."""

    def __init__(self, visit: Visit, *, typed: bool) -> None:
        self.until = shown_until(visit)
        self.minutes = int(SHOWN_WITHIN.total_seconds() // 60)
        self.typed = typed
        self.to = step_up(visit, "/signed-in" if typed else visit.again())


def asked(visit: Visit, kind: type[Command], *, typed: bool) -> Asked | None:
    """None for a command that asks for nothing of the kind."""
    return Asked(visit, typed=typed) if kind in NEEDS_STEP_UP else None

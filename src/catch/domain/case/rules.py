"""What every subject of a case shares: whether the case is live, since when something can be true of it, and who
says it or answers what somebody else asked for.
"""

from datetime import datetime

from catch.domain.case.state import Case, CaseState, Worker
from catch.domain.given import Given, not_before
from catch.domain.refusals import Refused


class NotAccepted(Refused):
    """The referral has not been accepted yet. Those who keep the front door accept it first: `acceptReferral`."""


class CaseNotLive(Refused):
    """The case is not live: it was declined, redirected, closed or voided. Reopen it where it was closed, or make a new
    referral.
    """


class AskedByYourself(Refused):
    """You have asked for this yourself, so you cannot answer it. Ask somebody else who coordinates the case."""


def author(given: Given) -> Worker:
    return Worker(given.by.user, given.by.agency)


def by_another(by: Worker, at: datetime, given: Given, **about: object) -> None:
    """Whoever answers is not who asked, and answers after it. Raises `AskedByYourself`."""
    if by.user == given.by.user:
        raise AskedByYourself(**about)
    not_before(given, at)


def require_live(case: Case, given: Given, *since: datetime | None) -> None:
    """The case is live, and what is said to have occurred did so in this episode, and not before `since`."""
    if case.state is CaseState.RECEIVED:
        raise NotAccepted(state=case.state)
    if not case.live:
        raise CaseNotLive(state=case.state)
    not_before(given, case.milestones.received_at, *since)

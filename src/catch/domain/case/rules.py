"""What every subject of a case shares: whether the case is live, and since when something can be true of it."""

from datetime import datetime

from catch.domain.case.state import Case, CaseState
from catch.domain.given import Given, not_before
from catch.domain.refusals import Refused


class NotAccepted(Refused):
    """The referral has not been accepted yet. Those who keep the front door accept it first: `acceptReferral`."""


class CaseNotLive(Refused):
    """The case is not live: it was declined, redirected, closed or voided. Reopen it where it was closed, or make a new
    referral.
    """


def require_live(case: Case, given: Given, *since: datetime | None) -> None:
    """The case is live, and what is said to have occurred did so in this episode, and not before `since`."""
    if case.state is CaseState.RECEIVED:
        raise NotAccepted(state=case.state)
    if not case.live:
        raise CaseNotLive(state=case.state)
    not_before(given, case.milestones.received_at, *since)

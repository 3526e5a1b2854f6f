"""What every subject of a case shares: whether the case is live, and that support goes on."""

from msgspec.structs import replace

from catch.domain.case.state import Case, CaseState
from catch.domain.refusals import Refused


class NotAccepted(Refused):
    """The referral has not been accepted yet. Those who keep the front door accept it first: `acceptReferral`."""


class CaseNotLive(Refused):
    """The case is not live: it was declined, redirected or closed. Reopen it where it was closed, or make a new
    referral.
    """


def require_live(case: Case) -> None:
    if case.state is CaseState.RECEIVED:
        raise NotAccepted(state=case.state)
    if not case.live:
        raise CaseNotLive(state=case.state)


def supported(case: Case) -> Case:
    """Support goes on: a closure that was proposed or decided before is off the table."""
    milestones = replace(case.milestones, closure_proposed_at=None, review_decided_close_at=None)
    return replace(case, milestones=milestones, state=CaseState.IN_SUPPORT)

"""The Case stream: everything that can happen to one person's involvement with one programme.

To add an event, put it in the subject's module (its class, its union, its `evolve`); a command likewise with its
`decide`. The type checker then lists what else must know.
"""

from datetime import datetime

from msgspec.structs import replace

from catch.domain.case import actions, closing, notes, plan, proposals, referral, sharing
from catch.domain.case.actions import ActionCommand, ActionEvent
from catch.domain.case.closing import ClosingCommand, ClosingEvent
from catch.domain.case.notes import NoteCommand, NoteEvent
from catch.domain.case.plan import PlanCommand, PlanEvent
from catch.domain.case.proposals import ProposalCommand, ProposalEvent
from catch.domain.case.referral import ReferralCommand, ReferralEvent, ReferralReceived, SubmitReferral
from catch.domain.case.sharing import SharingCommand, SharingEvent
from catch.domain.case.state import Case
from catch.domain.facts import Recorded
from catch.domain.given import Given
from catch.domain.refusals import UnknownCase

CaseEvent = ReferralEvent | SharingEvent | ProposalEvent | ActionEvent | PlanEvent | NoteEvent | ClosingEvent
CaseCommand = (
    ReferralCommand | SharingCommand | ProposalCommand | ActionCommand | PlanCommand | NoteCommand | ClosingCommand
)


def decide(case: Case | None, command: CaseCommand, given: Given) -> list[CaseEvent]:
    """The facts that answer the command, none where they hold already; or a refusal."""
    if isinstance(command, SubmitReferral):
        return [*referral.submit(case, command, given)]
    if case is None:
        raise UnknownCase(case=command.case)
    if isinstance(command, ReferralCommand):
        return [*referral.decide(case, command, given)]
    if isinstance(command, SharingCommand):
        return [*sharing.decide(case, command, given)]
    if isinstance(command, ProposalCommand):
        return [*proposals.decide(case, command, given)]
    if isinstance(command, ActionCommand):
        return [*actions.decide(case, command, given)]
    if isinstance(command, PlanCommand):
        return [*plan.decide(case, command, given)]
    if isinstance(command, NoteCommand):
        return [*notes.decide(case, command, given)]
    return [*closing.decide(case, command, given)]


def evolve(case: Case | None, recorded: Recorded[CaseEvent]) -> Case | None:
    """Where the fact leaves the case. A stream that does not begin with its referral stays None."""
    event, at = recorded.event, recorded.envelope.occurred_at
    if case is None:
        return referral.opened(recorded.stream, event) if isinstance(event, ReferralReceived) else None
    return replace(_evolve(case, event, at), last_activity_at=max(case.last_activity_at or at, at))


def _evolve(case: Case, event: CaseEvent, at: datetime) -> Case:
    if isinstance(event, ReferralEvent):
        return referral.evolve(case, event, at)
    if isinstance(event, SharingEvent):
        return sharing.evolve(case, event, at)
    if isinstance(event, ProposalEvent):
        return proposals.evolve(case, event, at)
    if isinstance(event, ActionEvent):
        return actions.evolve(case, event, at)
    if isinstance(event, PlanEvent):
        return plan.evolve(case, event, at)
    if isinstance(event, NoteEvent):
        return notes.evolve(case, event, at)
    return closing.evolve(case, event, at)


__all__ = ["Case", "CaseCommand", "CaseEvent", "decide", "evolve"]

"""The Case stream: everything that can happen to one person's involvement with one programme.

Read it as a case lives: `referral`, `eligibility`, `coordination`, `agreement`, `disclosure`, `proposals`, `plan`,
`goals`, `reviews`, `actions`, `notes`, `recusal`, `closing`; `state` is what they build, `rules` what they share.

To add an event, put it in its subject's module (its class, its union, its `evolve`); a command likewise with its
`decide`. The type checker then lists what else must know.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from msgspec.structs import replace

from catch.domain.case import (
    actions,
    agreement,
    closing,
    coordination,
    disclosure,
    eligibility,
    goals,
    notes,
    plan,
    proposals,
    recusal,
    referral,
    reviews,
)
from catch.domain.case.actions import ActionCommand, ActionEvent
from catch.domain.case.agreement import AgreementCommand, AgreementEvent
from catch.domain.case.closing import ClosingCommand, ClosingEvent
from catch.domain.case.coordination import CoordinationCommand, CoordinationEvent
from catch.domain.case.disclosure import DisclosureCommand, DisclosureEvent
from catch.domain.case.eligibility import EligibilityCommand, EligibilityEvent
from catch.domain.case.goals import GoalCommand, GoalEvent
from catch.domain.case.notes import NoteCommand, NoteEvent
from catch.domain.case.plan import PlanCommand, PlanEvent
from catch.domain.case.proposals import ProposalCommand, ProposalEvent
from catch.domain.case.recusal import RecusalCommand, RecusalEvent
from catch.domain.case.referral import ReferralCommand, ReferralEvent, ReferralReceived, SubmitReferral
from catch.domain.case.reviews import ReviewCommand, ReviewEvent
from catch.domain.case.state import Case
from catch.domain.facts import Recorded
from catch.domain.given import Given
from catch.domain.refusals import UnknownCase

CaseEvent = (
    ReferralEvent
    | EligibilityEvent
    | CoordinationEvent
    | AgreementEvent
    | DisclosureEvent
    | ProposalEvent
    | PlanEvent
    | GoalEvent
    | ReviewEvent
    | ActionEvent
    | NoteEvent
    | RecusalEvent
    | ClosingEvent
)
CaseCommand = (
    ReferralCommand
    | EligibilityCommand
    | CoordinationCommand
    | AgreementCommand
    | DisclosureCommand
    | ProposalCommand
    | PlanCommand
    | GoalCommand
    | ReviewCommand
    | ActionCommand
    | NoteCommand
    | RecusalCommand
    | ClosingCommand
)


def decide(case: Case | None, command: CaseCommand, given: Given) -> list[CaseEvent]:
    """The facts that answer the command, none where they hold already; or a refusal."""
    if isinstance(command, SubmitReferral):
        return [*referral.submit(case, command, given)]
    if case is None:
        raise UnknownCase(case=command.case)
    if isinstance(command, ReferralCommand):
        return [*referral.decide(case, command, given)]
    if isinstance(command, EligibilityCommand):
        return [*eligibility.decide(case, command, given)]
    if isinstance(command, CoordinationCommand):
        return [*coordination.decide(case, command, given)]
    if isinstance(command, AgreementCommand):
        return [*agreement.decide(case, command, given)]
    if isinstance(command, DisclosureCommand):
        return [*disclosure.decide(case, command, given)]
    if isinstance(command, ProposalCommand):
        return [*proposals.decide(case, command, given)]
    if isinstance(command, PlanCommand):
        return [*plan.decide(case, command, given)]
    if isinstance(command, GoalCommand):
        return [*goals.decide(case, command, given)]
    if isinstance(command, ReviewCommand):
        return [*reviews.decide(case, command, given)]
    if isinstance(command, ActionCommand):
        return [*actions.decide(case, command, given)]
    if isinstance(command, NoteCommand):
        return [*notes.decide(case, command, given)]
    if isinstance(command, RecusalCommand):
        return [*recusal.decide(case, command, given)]
    return [*closing.decide(case, command, given)]


def evolve(case: Case | None, recorded: Recorded[CaseEvent]) -> Case | None:
    """Where the fact leaves the case. A stream that does not begin with its referral stays None."""
    event, at = recorded.event, recorded.envelope.occurred_at
    if case is None:
        return referral.opened(recorded.stream, event, at) if isinstance(event, ReferralReceived) else None
    return replace(_evolve_of(type(event))(case, event, at), last_activity_at=max(case.last_activity_at or at, at))


@cache  # a log is folded by the million: to ask its facts for their subject one by one takes longer than to fold them
def _evolve_of(kind: type[CaseEvent]) -> Callable[[Case, Any, datetime], Case]:
    if issubclass(kind, ReferralEvent):
        return referral.evolve
    if issubclass(kind, EligibilityEvent):
        return eligibility.evolve
    if issubclass(kind, CoordinationEvent):
        return coordination.evolve
    if issubclass(kind, AgreementEvent):
        return agreement.evolve
    if issubclass(kind, DisclosureEvent):
        return disclosure.evolve
    if issubclass(kind, ProposalEvent):
        return proposals.evolve
    if issubclass(kind, PlanEvent):
        return plan.evolve
    if issubclass(kind, GoalEvent):
        return goals.evolve
    if issubclass(kind, ReviewEvent):
        return reviews.evolve
    if issubclass(kind, ActionEvent):
        return actions.evolve
    if issubclass(kind, NoteEvent):
        return notes.evolve
    if issubclass(kind, RecusalEvent):
        return recusal.evolve
    _: type[ClosingEvent] = kind  # does not type-check while a subject is missing above
    return closing.evolve


__all__ = ["Case", "CaseCommand", "CaseEvent", "decide", "evolve"]

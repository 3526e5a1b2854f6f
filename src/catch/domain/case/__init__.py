"""The Case stream: everything that can happen to one person's involvement with one programme.

Read it as a case lives: `referral`, `information`, `eligibility`, `coordination`, `agreement`, `disclosure`,
`proposals`, `plan`, `goals`, `interventions`, `milestones`, `versions`, `deadlines`, `measures`, `reviews`, `risks`,
`household`, `actions`, `notes`, `pauses`, `funds`, `recusal`, `transfers`, `closing`, `telling`, `correcting`,
`voiding`; `state` is what they build, `rules` what they share.

To add an event, put it in its subject's module (its class, its union, its `evolve`); a command likewise with its
`decide`. The type checker then lists what else must know.
"""

from msgspec.structs import replace

from catch.domain.case import (
    actions,
    agreement,
    closing,
    coordination,
    correcting,
    deadlines,
    disclosure,
    eligibility,
    funds,
    goals,
    household,
    information,
    interventions,
    measures,
    milestones,
    notes,
    pauses,
    plan,
    proposals,
    recusal,
    referral,
    reviews,
    risks,
    telling,
    transfers,
    versions,
    voiding,
)
from catch.domain.case.actions import ActionCommand, ActionEvent
from catch.domain.case.agreement import AgreementCommand, AgreementEvent
from catch.domain.case.closing import CaseErased, ClosingCommand, ClosingEvent
from catch.domain.case.coordination import CoordinationCommand, CoordinationEvent
from catch.domain.case.correcting import CorrectingCommand, CorrectingEvent, gone
from catch.domain.case.deadlines import DeadlineCommand, DeadlineEvent
from catch.domain.case.disclosure import DisclosureCommand, DisclosureEvent
from catch.domain.case.eligibility import EligibilityCommand, EligibilityEvent
from catch.domain.case.funds import FundCommand, FundEvent
from catch.domain.case.goals import GoalCommand, GoalEvent
from catch.domain.case.household import HouseholdCommand, HouseholdEvent
from catch.domain.case.information import InformationCommand, InformationEvent
from catch.domain.case.interventions import InterventionCommand, InterventionEvent
from catch.domain.case.measures import MeasureCommand, MeasureEvent
from catch.domain.case.milestones import MilestoneCommand, MilestoneEvent
from catch.domain.case.notes import NoteCommand, NoteEvent
from catch.domain.case.pauses import PauseCommand, PauseEvent
from catch.domain.case.plan import PlanCommand, PlanEvent
from catch.domain.case.proposals import ProposalCommand, ProposalEvent
from catch.domain.case.recusal import RecusalCommand, RecusalEvent
from catch.domain.case.referral import (
    AttachReferral,
    ReferralCommand,
    ReferralEvent,
    ReferralReceived,
    SubmitReferral,
)
from catch.domain.case.reviews import ReviewCommand, ReviewEvent
from catch.domain.case.risks import RiskCommand, RiskEvent
from catch.domain.case.state import Case, CaseState
from catch.domain.case.telling import TellingCommand, TellingEvent
from catch.domain.case.transfers import TransferCommand, TransferEvent
from catch.domain.case.versions import VersionCommand, VersionEvent
from catch.domain.case.voiding import CaseIsVoided, VoidingCommand, VoidingEvent
from catch.domain.facts import Recorded
from catch.domain.given import Given, not_before
from catch.domain.refusals import Refused, UnknownCase
from catch.domain.subject import Subjects

CaseEvent = (
    ReferralEvent
    | EligibilityEvent
    | CoordinationEvent
    | AgreementEvent
    | DisclosureEvent
    | ProposalEvent
    | PlanEvent
    | GoalEvent
    | MeasureEvent
    | MilestoneEvent
    | VersionEvent
    | TransferEvent
    | FundEvent
    | HouseholdEvent
    | DeadlineEvent
    | InterventionEvent
    | InformationEvent
    | RiskEvent
    | TellingEvent
    | ReviewEvent
    | ActionEvent
    | NoteEvent
    | PauseEvent
    | RecusalEvent
    | ClosingEvent
    | CorrectingEvent
    | VoidingEvent
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
    | MeasureCommand
    | MilestoneCommand
    | VersionCommand
    | TransferCommand
    | FundCommand
    | HouseholdCommand
    | DeadlineCommand
    | InterventionCommand
    | InformationCommand
    | RiskCommand
    | TellingCommand
    | ReviewCommand
    | ActionCommand
    | NoteCommand
    | PauseCommand
    | RecusalCommand
    | ClosingCommand
    | CorrectingCommand
    | VoidingCommand
)


SUBJECTS = Subjects(
    (
        referral.SUBJECT,
        eligibility.SUBJECT,
        coordination.SUBJECT,
        agreement.SUBJECT,
        disclosure.SUBJECT,
        proposals.SUBJECT,
        plan.SUBJECT,
        goals.SUBJECT,
        measures.SUBJECT,
        milestones.SUBJECT,
        versions.SUBJECT,
        transfers.SUBJECT,
        funds.SUBJECT,
        household.SUBJECT,
        deadlines.SUBJECT,
        interventions.SUBJECT,
        information.SUBJECT,
        risks.SUBJECT,
        telling.SUBJECT,
        reviews.SUBJECT,
        actions.SUBJECT,
        notes.SUBJECT,
        pauses.SUBJECT,
        recusal.SUBJECT,
        closing.SUBJECT,
        correcting.SUBJECT,
        voiding.SUBJECT,
    ),
    CaseEvent,
    CaseCommand,
)


def decide(case: Case | None, command: CaseCommand, given: Given) -> list[CaseEvent]:
    """The facts that answer the command, none where they hold already; or a refusal."""
    if isinstance(command, SubmitReferral):
        return [*referral.submit(case, command, given)]
    if case is None:
        raise UnknownCase(case=command.case)
    if not isinstance(command, AttachReferral):  # it may have come before the one that opened the case
        not_before(given, case.opened_at)
    if case.withdrawn and gone(case, command):
        return []
    if case.state is CaseState.VOIDED:
        return of_voided(case, command, given)
    return [*SUBJECTS.decide_of[type(command)](case, command, given)]


def of_voided(case: Case, command: CaseCommand, given: Given) -> list[CaseEvent]:
    """What holds already is still answered so; whatever else would be recorded, or lacks something, is refused."""
    try:
        facts = SUBJECTS.decide_of[type(command)](case, command, given)
    except Refused as refused:
        raise CaseIsVoided from refused
    if facts:
        raise CaseIsVoided
    return []


def evolve(case: Case | None, recorded: Recorded[CaseEvent]) -> Case | None:
    """Where the fact leaves the case. A stream that does not begin with its referral stays None."""
    event, at = recorded.event, recorded.envelope.occurred_at
    if case is None:
        return referral.opened(recorded.stream, event, at) if isinstance(event, ReferralReceived) else None
    after: Case = SUBJECTS.evolve_of[type(event)](case, event, at)
    # That time passed is nothing that anybody has done for them, nor is that what was kept has gone.
    if isinstance(event, DeadlineEvent | CaseErased):
        return after
    latest = max(case.last_activity_at or at, at)
    return after if after.last_activity_at == latest else replace(after, last_activity_at=latest)


__all__ = ["SUBJECTS", "Case", "CaseCommand", "CaseEvent", "decide", "evolve"]

"""The end of an episode: proposed, closed with a class that statistics can trust, and perhaps opened again."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import end_of_day, london_day
from catch.domain.case.actions import ActionCancelled
from catch.domain.case.course import stepped
from catch.domain.case.goals import GoalAbandoned, GoalAchieved, UnknownGoal
from catch.domain.case.measures import check_measured
from catch.domain.case.rules import require_live
from catch.domain.case.state import (
    Case,
    CaseState,
    ClosureProposal,
    Ending,
    GoalOutcome,
    GoalResult,
    GoalState,
    Measured,
    Milestones,
    Reopening,
    StepKind,
)
from catch.domain.case.transfers import CaseTransferredOut, handed_over
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before, within
from catch.domain.keys import is_key
from catch.domain.plain import Code, Few, Key
from catch.domain.programme.configuration import ClosureClass, Programme
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

# What happened


class ClosureProposed(Fact, frozen=True, omit_defaults=True):
    reason: Code
    summary: Sealed | None = None


class CaseClosed(Fact, frozen=True, omit_defaults=True):
    reason: Code
    ending: ClosureClass
    closed_on: date
    summary: Sealed
    measured: Measured
    outcomes: tuple[GoalOutcome, ...] = ()
    message_back_to: tuple[Key, ...] = ()
    ongoing_plan: Sealed | None = None
    feedback_invited: bool = False


class CaseReopened(Fact, frozen=True, omit_defaults=True):
    episode: int
    reason: Sealed


class CaseErased(Fact, frozen=True):
    """Whom it was about was erased: what was written in it can be read no more, and by no number is it found."""

    erasure: UUID


ClosingEvent = ClosureProposed | CaseClosed | CaseReopened | CaseErased
Answer = ClosingEvent | ActionCancelled | GoalAchieved | GoalAbandoned | CaseTransferredOut


# What may be asked


class ProposeClosure(Command, frozen=True):
    """Propose to close the case, for the meeting to decide."""

    case: UUID
    reason: Code
    summary: Sealed | None = None
    LEAVES = Leaves((ClosureProposed,))


class CloseCase(Command, frozen=True):
    """Close the episode: its reason, how each goal stands, and the summary. Mandatory actions are settled first."""

    case: UUID
    reason: Code
    closed_on: date
    summary: Sealed
    outcomes: Few[GoalOutcome] = ()
    message_back_to: Few[Key] = ()
    ongoing_plan: Sealed | None = None
    feedback_invited: bool = False
    LEAVES = Leaves((CaseClosed,), filled=("message_back_to",))


class ReopenCase(Command, frozen=True):
    """Open the case again: its next episode starts."""

    case: UUID
    reason: Sealed
    LEAVES = Leaves((CaseReopened,))


ClosingCommand = ProposeClosure | CloseCase | ReopenCase


# What can be refused


class UnknownClosureReason(Refused):
    """The programme has no such closure reason. Choose one of those in the details."""


class MandatoryActionsOpen(Refused):
    """A mandatory action is still open. Complete it, or end it and say why."""


class GoalWithoutOutcome(Refused):
    """Say how every goal stands before the case is closed."""


class CaseNotClosed(Refused):
    """Only a closed case can be opened again. This one is open: go on with it."""


class ReopenTooLate(Refused):
    """The case closed too long ago to be opened again. Make a new referral."""


# What we answer


def closure_class(programme: Programme | None, reason: str) -> ClosureClass:
    held = programme.closure_reason(reason) if programme else None
    if held is None:
        known = ", ".join(each.code for each in programme.closure.reasons) if programme else ""
        raise UnknownClosureReason(reason=reason, known=known)
    return held.ending


def measure(milestones: Milestones, closed_on: date) -> Measured:
    start = london_day(milestones.received_at)

    def days(step: datetime | None) -> int | None:
        return (london_day(step) - start).days if step and london_day(step) <= closed_on else None

    return Measured(
        closed=(closed_on - start).days,
        conversation=days(milestones.conversation_at),
        discussed=days(milestones.discussed_at),
        plan=days(milestones.plan_agreed_at),
    )


def referring_agencies(case: Case) -> set[str]:
    return {
        held.referrer_agency
        for held in case.referrals
        if held.source not in ("self", "carer") and is_key(held.referrer_agency)
    }


def close(case: Case, command: CloseCase, given: Given) -> list[Answer]:
    if case.state is CaseState.CLOSED:
        return []
    require_live(case, given, *ended_by(case))
    ending = closure_class(given.programme, command.reason)
    transfer = case.open_transfer
    begun = max(case.milestones.received_at, transfer.at) if transfer else case.milestones.received_at
    within(command.closed_on, london_day(begun), london_day(given.at), field="closedOn")
    mandatory = [held for held in case.actions if held.mandatory and held.unsettled]
    if mandatory:
        raise MandatoryActionsOpen(actions=", ".join(str(held.action) for held in mandatory))
    told = {outcome.goal for outcome in command.outcomes}
    unknown = told - {held.goal for held in case.goals}
    if unknown:
        raise UnknownGoal(goal=min(unknown))
    check_measured(case, given)
    silent = [held.goal for held in case.goals if held.state is GoalState.OPEN and held.goal not in told]
    if silent:
        raise GoalWithoutOutcome(goals=", ".join(str(goal) for goal in silent))
    closed = CaseClosed(
        reason=command.reason,
        ending=ending,
        closed_on=command.closed_on,
        summary=command.summary,
        measured=measure(case.milestones, command.closed_on),
        outcomes=command.outcomes,
        # Whoever referred hears how it ended, named or not.
        message_back_to=tuple(sorted({*command.message_back_to, *referring_agencies(case)})),
        ongoing_plan=command.ongoing_plan,
        feedback_invited=command.feedback_invited,
    )
    cancelled = [ActionCancelled(held.action) for held in case.actions if held.unsettled]
    return [*cancelled, *settled(case, command), *handed_over(case), closed]


def ended_by(case: Case) -> Iterator[datetime | None]:
    """When that began which the closure ends: what it does is not done before."""
    for action in case.actions:
        if action.unsettled:
            yield from (action.handed_at, action.answered_at, action.progressed_at)
    for goal in case.goals:
        if goal.state is GoalState.OPEN:
            yield from (goal.set_at, goal.scored_at)
    if case.open_transfer is not None:
        yield case.open_transfer.at


def settled(case: Case, command: CloseCase) -> Iterator[GoalAchieved | GoalAbandoned]:
    """Goals that stand achieved or abandoned at the end. The others stay open, should the case open again."""
    still_open = {held.goal for held in case.goals if held.state is GoalState.OPEN}
    results = {outcome.goal: outcome.result for outcome in command.outcomes if outcome.goal in still_open}
    for goal, result in results.items():
        if result is GoalResult.ACHIEVED:
            yield GoalAchieved(goal)
        elif result is GoalResult.ABANDONED:
            yield GoalAbandoned(goal)


def reopen(case: Case, command: ReopenCase, given: Given) -> list[ClosingEvent]:
    if case.state is not CaseState.CLOSED:
        if case.episode > 1 and case.live:
            return []
        raise CaseNotClosed(state=case.state)
    not_before(given, case.latest_at)
    closed_at = case.endings[-1].closed_at
    within = given.programme.closure.reopen_within_days if given.programme else 0
    if london_day(given.at) > london_day(closed_at) + timedelta(days=within):
        raise ReopenTooLate(closed_on=london_day(closed_at), within_days=within)
    return [CaseReopened(case.episode + 1, command.reason)]


def decide(case: Case, command: ClosingCommand, given: Given) -> list[Answer]:
    match command:
        case ProposeClosure():
            if case.state is CaseState.CLOSING and case.milestones.closure_proposed_at:
                return []
            require_live(case, given)
            closure_class(given.programme, command.reason)
            return [ClosureProposed(command.reason, command.summary)]
        case CloseCase():
            return close(case, command, given)
        case ReopenCase():
            return [*reopen(case, command, given)]
        case _:
            assert_never(command)


# Where that leaves us


def over_at(event: CaseClosed, at: datetime) -> datetime:
    """The episode ended on the day it says, which may lie before the day on which somebody recorded it."""
    return min(at, end_of_day(event.closed_on))


def evolve(case: Case, event: ClosingEvent, at: datetime) -> Case:
    match event:
        case ClosureProposed():
            proposed, last = ClosureProposal(at, event.reason, event.summary), case.closure_proposed
            # Of what is typed in late the latest still counts.
            proposed = last if last is not None and last.at > at else proposed
            return replace(stepped(case, StepKind.CLOSURE_PROPOSED, at), closure_proposed=proposed)
        case CaseClosed():
            over = over_at(event, at)
            ending = Ending(
                event.reason,
                event.ending,
                event.closed_on,
                over,
                event.summary,
                event.outcomes,
                event.message_back_to,
                event.ongoing_plan,
                event.feedback_invited,
                event.measured,
            )
            return replace(
                stepped(case, StepKind.CLOSED, over),
                endings=(*case.endings, ending),
                proposals=(),
                settled_proposals=(*case.settled_proposals, *(held.proposal for held in case.proposals)),
                past_proposals=(*case.past_proposals, *case.proposals),
            )
        case CaseReopened():
            opened = stepped(case, StepKind.REOPENED, at)
            reopenings = (*case.reopenings, Reopening(event.episode, at, event.reason))
            return replace(opened, episode=event.episode, episode_started_at=at, plan=None, reopenings=reopenings)
        case CaseErased():
            return replace(case, referrals=tuple(replace(held, reference_digest=None) for held in case.referrals))
        case _:
            assert_never(event)


SUBJECT = Subject(ClosingEvent, ClosingCommand, decide=decide, evolve=evolve)

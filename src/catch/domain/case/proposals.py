"""The case and the meeting: it is proposed, talked about and decided on. The last two are written with the Meeting."""

from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.course import stepped
from catch.domain.case.reviews import ends_on
from catch.domain.case.rules import require_live
from catch.domain.case.state import (
    Amended,
    Case,
    CaseState,
    Decided,
    Discussion,
    Proposal,
    ProposalPurpose,
    StepKind,
    Worker,
)
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before
from catch.domain.meeting.items import Amendment, Decision
from catch.domain.meeting.rules import UnknownSeries
from catch.domain.naming import check_acts_for
from catch.domain.parts import in_order
from catch.domain.plain import Few, Key
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

# What happened


class MeetingProposed(Fact, frozen=True, omit_defaults=True):
    proposal: UUID
    series: Key
    purpose: ProposalPurpose
    presenter: Worker
    by_agency: Key
    question: Sealed | None = None
    requested_partners: tuple[Key, ...] = ()
    earliest: date | None = None
    person_informed: bool = True
    not_informed_reason: Sealed | None = None


class ProposalWithdrawn(Fact, frozen=True, omit_defaults=True):
    proposal: UUID
    reason: Sealed | None = None


class CaseDiscussed(Fact, frozen=True, omit_defaults=True):
    discussion: Discussion


class MeetingDecisionRecorded(Fact, frozen=True, omit_defaults=True):
    meeting: UUID
    item: UUID
    decision: Decision
    planned_end: date | None = None  # where support was extended


class DiscussionAmended(Fact, frozen=True, omit_defaults=True):
    """What the minutes of the case's item should have said."""

    meeting: UUID
    item: UUID
    amendment: Amendment


ProposalEvent = MeetingProposed | ProposalWithdrawn | CaseDiscussed | MeetingDecisionRecorded | DiscussionAmended


# What may be asked


class ProposeForMeeting(Command, frozen=True):
    """Ask for the case to be talked about at the next meeting of a series, and say who presents it."""

    case: UUID
    proposal: UUID
    series: Key
    purpose: ProposalPurpose
    presenter: Worker
    question: Sealed | None = None
    requested_partners: Few[Key] = ()
    earliest: date | None = None
    person_informed: bool = False
    not_informed_reason: Sealed | None = None
    LEAVES = Leaves((MeetingProposed,), "proposal")


class WithdrawProposal(Command, frozen=True):
    """Take a proposal back."""

    case: UUID
    proposal: UUID
    reason: Sealed | None = None
    LEAVES = Leaves((ProposalWithdrawn,), about=("proposal",))


ProposalCommand = ProposeForMeeting | WithdrawProposal


# What can be refused


class PersonNotInformed(Refused):
    """Say that the person was told that the meeting will talk about them, or why not."""


class PresenterDoesNotKnowThePerson(Refused):
    """The presenter must be the coordinator or belong to a partner involved in the case. Name one of these, or
    involve the presenter's partner first: `involvePartner`.
    """


class ProposalOver(Refused):
    """The case has been talked about since, or its episode has ended: there is nothing to take back any more. Look at
    the case again.
    """


class UnknownProposal(Refused):
    """The case has no such proposal. Look at the case again."""


# What we answer


def propose(case: Case, command: ProposeForMeeting, given: Given) -> list[ProposalEvent]:
    if command.proposal in case.settled_proposals or any(held.proposal == command.proposal for held in case.proposals):
        return []
    require_live(case, given)
    if given.programme is not None and given.programme.series(command.series) is None:
        raise UnknownSeries(series=command.series)
    presenter = command.presenter
    if presenter not in (case.lead, case.clinical) and not case.involved(presenter.agency):
        raise PresenterDoesNotKnowThePerson(presenter=presenter.user, agency=presenter.agency)
    check_acts_for(presenter.agency, presenter.user, case.programme, given)
    if not command.person_informed and command.not_informed_reason is None:
        raise PersonNotInformed
    return [
        MeetingProposed(
            proposal=command.proposal,
            series=command.series,
            purpose=command.purpose,
            presenter=presenter,
            by_agency=given.by.agency,
            question=command.question,
            requested_partners=command.requested_partners,
            earliest=command.earliest,
            person_informed=command.person_informed,
            not_informed_reason=command.not_informed_reason,
        )
    ]


def decide(case: Case, command: ProposalCommand, given: Given) -> list[ProposalEvent]:
    match command:
        case ProposeForMeeting():
            return propose(case, command, given)
        case WithdrawProposal():
            open_ones = [held for held in case.proposals if held.proposal == command.proposal]
            if open_ones:
                not_before(given, open_ones[0].proposed_at)
                return [ProposalWithdrawn(command.proposal, command.reason)]
            over = next((held for held in case.past_proposals if held.proposal == command.proposal), None)
            if over is not None and not over.withdrawn:
                raise ProposalOver(proposal=command.proposal)
            if command.proposal in case.settled_proposals:
                return []
            raise UnknownProposal(proposal=command.proposal)
        case _:
            assert_never(command)


# Where that leaves us


def after_discussion(case: Case, discussion: Discussion) -> Case:
    """The first discussion brings the person into support. It answers what was proposed before it ended, for then."""
    answered = tuple(held for held in case.proposals if answers(discussion, held))
    return replace(
        stepped(case, StepKind.DISCUSSED, discussion.ended_at),
        discussions=in_order(case.discussions, discussion, lambda held: held.ended_at),
        proposals=tuple(held for held in case.proposals if held not in answered),
        settled_proposals=(*case.settled_proposals, *(held.proposal for held in answered)),
        past_proposals=(*case.past_proposals, *answered),
    )


def settled(case: Case, proposal: UUID) -> Case:
    """Once: an episode's end settles what was taken back later, too."""
    known = proposal in case.settled_proposals
    return case if known else replace(case, settled_proposals=(*case.settled_proposals, proposal))


def proposed(case: Case, proposal: Proposal) -> Case:
    """What is typed in late may have been answered by then, or ended with its episode."""
    if case.state is CaseState.CLOSED or any(answers(held, proposal) for held in case.discussions):
        return settled(replace(case, past_proposals=(*case.past_proposals, proposal)), proposal.proposal)
    return replace(case, proposals=in_order(case.proposals, proposal, lambda held: held.proposed_at))


def answers(discussion: Discussion, proposal: Proposal) -> bool:
    """What was proposed for one series is not answered by another. Older discussions do not say which they were of."""
    elsewhere = discussion.series not in (None, proposal.series)
    wanted_later = proposal.earliest is not None and proposal.earliest > london_day(discussion.ended_at)
    return proposal.proposed_at <= discussion.ended_at and not wanted_later and not elsewhere


def taken_back(held: Proposal, event: ProposalWithdrawn) -> Proposal:
    return replace(held, withdrawn=True, withdrawn_reason=event.reason) if held.proposal == event.proposal else held


def evolve(case: Case, event: ProposalEvent, at: datetime) -> Case:
    match event:
        case MeetingProposed():
            held = Proposal(
                proposal=event.proposal,
                series=event.series,
                purpose=event.purpose,
                presenter=event.presenter,
                proposed_at=at,
                by_agency=event.by_agency,
                question=event.question,
                requested_partners=event.requested_partners,
                earliest=event.earliest,
                person_informed=event.person_informed,
                not_informed_reason=event.not_informed_reason,
            )
            return proposed(case, held)
        case ProposalWithdrawn():
            # Also where it is past already: what was typed in meanwhile may have answered it.
            open_still = (held for held in case.proposals if held.proposal == event.proposal)
            past = tuple(taken_back(held, event) for held in (*case.past_proposals, *open_still))
            others = tuple(held for held in case.proposals if held.proposal != event.proposal)
            return settled(replace(case, proposals=others, past_proposals=past), event.proposal)
        case CaseDiscussed():
            return after_discussion(case, event.discussion)
        case MeetingDecisionRecorded():
            held = Decided(event.meeting, event.item, event.decision)
            decided = replace(case, decisions=(*case.decisions, held))
            return ends_on(decided, event.planned_end, at) if event.planned_end else decided
        case DiscussionAmended():
            held = Amended(event.meeting, event.item, event.amendment)
            return replace(case, amendments=(*case.amendments, held))
        case _:
            assert_never(event)


SUBJECT = Subject(ProposalEvent, ProposalCommand, decide=decide, evolve=evolve)

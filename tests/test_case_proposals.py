"""A case is proposed for a meeting; a discussion answers what was proposed before it."""

from datetime import timedelta

from msgspec.structs import replace

from catch.domain.case.proposals import (
    CaseDiscussed,
    MeetingDecisionRecorded,
    MeetingProposed,
    PersonNotInformed,
    PresenterDoesNotKnowThePerson,
    ProposalOver,
    ProposalWithdrawn,
    ProposeForMeeting,
    UnknownProposal,
    WithdrawProposal,
)
from catch.domain.case.rules import NotAccepted
from catch.domain.case.state import CaseState, Discussion, ProposalPurpose, Worker
from catch.domain.meeting.items import Decision, DecisionCode
from catch.domain.meeting.rules import UnknownSeries
from catch.domain.partner import MemberNotEnrolled
from tests.cases import (
    ACCEPTED,
    CASE,
    GIVEN,
    LEAD,
    NOW,
    SHARED,
    START,
    TEXT,
    TODAY,
    case_given,
    fold_recorded,
    folded,
    history,
    received,
    recorded,
    uid,
)

propose = ProposeForMeeting(CASE, uid(40), "weekly", ProposalPurpose.STUCK, LEAD, question=TEXT, person_informed=True)
proposed = MeetingProposed(uid(40), "weekly", ProposalPurpose.STUCK, LEAD, "snn", question=TEXT)
talked = CaseDiscussed(Discussion(uid(50), uid(51), NOW, NOW + timedelta(minutes=8), ("housing-1", "snn")))


def test_a_case_is_proposed_by_somebody_who_says_who_presents_it():
    case_given(*SHARED).when(propose, GIVEN).then(proposed)
    case_given(*SHARED, proposed).when(propose, GIVEN).then()
    case_given(received).when(propose, GIVEN).refused(NotAccepted)
    case_given(*SHARED).when(replace(propose, series="monthly"), GIVEN).refused(UnknownSeries)


def test_the_presenter_knows_the_person():
    by_partner = replace(propose, presenter=Worker("hana", "housing-1"))
    case_given(*SHARED).when(by_partner, GIVEN).recorded(MeetingProposed)
    case_given(*ACCEPTED).when(by_partner, GIVEN).refused(PresenterDoesNotKnowThePerson)
    case_given(*ACCEPTED).when(propose, GIVEN).refused(PresenterDoesNotKnowThePerson, presenter="cora")


def test_the_presenter_acts_for_the_agency_they_are_said_to_act_for():
    for user in ("carl", "nobody"):
        other = replace(propose, presenter=Worker(user, "housing-1"))
        case_given(*SHARED).when(other, GIVEN).refused(MemberNotEnrolled, user=user, agency="housing-1")


def test_the_person_is_told_or_there_is_a_reason_why_not():
    untold = replace(propose, person_informed=False)
    case_given(*SHARED).when(untold, GIVEN).refused(PersonNotInformed)
    case_given(*SHARED).when(replace(untold, not_informed_reason=TEXT), GIVEN).recorded(MeetingProposed)


def test_a_proposal_is_withdrawn_and_does_not_come_back_with_a_repeated_command():
    withdraw = WithdrawProposal(CASE, uid(40))
    withdrawn = ProposalWithdrawn(uid(40))
    case_given(*SHARED, proposed).when(withdraw, GIVEN).then(withdrawn)
    case_given(*SHARED, proposed, withdrawn).when(withdraw, GIVEN).then()
    case_given(*SHARED, proposed, withdrawn).when(propose, GIVEN).then()
    case_given(*SHARED).when(withdraw, GIVEN).refused(UnknownProposal)
    # What was answered meanwhile is not taken back, and nobody is told that it was.
    case_given(*SHARED, proposed, talked).when(withdraw, GIVEN).refused(ProposalOver, proposal=uid(40))


def test_the_first_discussion_brings_the_person_into_support_and_answers_what_was_proposed():
    case = folded(*SHARED, proposed, talked)
    assert case.state is CaseState.IN_SUPPORT
    assert (case.proposals, case.settled_proposals) == ((), (uid(40),))
    assert case.milestones.discussed_at == talked.discussion.ended_at
    case_given(*SHARED, proposed, talked).when(propose, GIVEN).then()


def test_a_discussion_answers_nothing_that_was_proposed_after_it_or_for_later():
    next_month = replace(proposed, earliest=TODAY + timedelta(days=30))
    assert folded(*SHARED, next_month, talked).proposals
    afterwards = [*history(*SHARED), recorded(proposed, NOW + timedelta(hours=1)), recorded(talked, NOW)]
    assert fold_recorded(afterwards).proposals


def test_a_discussion_recorded_late_is_the_first_if_it_was_held_first():
    earlier = CaseDiscussed(Discussion(uid(52), uid(53), START, START + timedelta(minutes=5), ("snn",)))
    assert folded(*SHARED, talked, earlier).milestones.discussed_at == START + timedelta(minutes=5)


def test_what_a_meeting_decided_is_kept_with_the_case():
    decision = Decision(uid(54), DecisionCode.CONTINUE, NOW)
    (held,) = folded(*SHARED, MeetingDecisionRecorded(uid(50), uid(51), decision)).decisions
    assert (held.meeting, held.item, held.decision) == (uid(50), uid(51), decision)

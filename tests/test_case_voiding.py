"""Cases that should never have been: one person asks, another answers, and from then on nothing more is recorded."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.access.learning import state_told
from catch.access.seeing import RedactionReason, Sight
from catch.domain.case import SUBJECTS, CaseCommand, CaseEvent, decide
from catch.domain.case.actions import ActionCancelled
from catch.domain.case.clocks import clocks_of
from catch.domain.case.closing import CaseClosed, CloseCase, Measured, ReopenCase
from catch.domain.case.coordination import ConversationHeld
from catch.domain.case.eligibility import ReferralDeclined
from catch.domain.case.goals import GoalSet
from catch.domain.case.notes import AddNote
from catch.domain.case.proposals import MeetingProposed
from catch.domain.case.rules import AskedByYourself
from catch.domain.case.state import Case, CaseState, ConversationFormat, ProposalPurpose, VoidReason
from catch.domain.case.voiding import (
    ApproveVoiding,
    CaseIsVoided,
    CaseVoided,
    RefuseVoiding,
    RequestVoiding,
    UnknownVoiding,
    VoidingAlreadyRequested,
    VoidingAnswered,
    VoidingRefused,
    VoidingRequested,
)
from catch.domain.discussion import decide_beside, decide_referral
from catch.domain.facts import Category, Tag
from catch.domain.given import Given
from catch.domain.programme.clocks import ClockState
from catch.domain.programme.configuration import ClockRule, ClosureClass, Span, Unit
from catch.domain.refusals import OutOfRange, Refused
from catch.domain.restricted import (
    AddRestrictedNote,
    Beside,
    RaiseSafeguardingConcern,
    SafeguardingConcernRaised,
)
from projections import outcomes
from tests.cases import (
    ACCEPTED,
    BY_OWNER,
    CASE,
    GIVEN,
    LEAD,
    NOW,
    OFFERED,
    SHARED,
    START,
    TEXT,
    case_given,
    fold_recorded,
    folded,
    goal,
    offered,
    received,
    recorded,
    uid,
)
from tests.test_case_properties import commands
from tests.test_discussion import person, submit

VOIDING = uid(71)
ask = RequestVoiding(CASE, VOIDING, VoidReason.WRONG_PERSON, TEXT)
asked = VoidingRequested(VOIDING, VoidReason.WRONG_PERSON, TEXT, LEAD)
approve, refuse = ApproveVoiding(CASE, VOIDING), RefuseVoiding(CASE, VOIDING, TEXT)
voided, kept = CaseVoided(VOIDING), VoidingRefused(VOIDING, TEXT)
ANOTHER = replace(GIVEN, by=replace(GIVEN.by, user="cody"))
"""A second coordinator of the same agency."""
CLOSED = CaseClosed("goals-achieved", ClosureClass.OUTCOME_ACHIEVED, NOW.date(), TEXT, Measured(8))


def voided_case(*before: CaseEvent) -> Case:
    return folded(*before, asked, voided)


# Who asks and who answers


@pytest.mark.parametrize("before", [(received,), ACCEPTED, (received, ReferralDeclined("x")), (*ACCEPTED, CLOSED)])
def test_a_case_is_voided_wherever_it_stands_once_somebody_else_says_so(before: tuple[CaseEvent, ...]):
    case_given(*before).when(ask, GIVEN).then(asked)
    case_given(*before, asked).when(approve, ANOTHER).then(voided)
    assert folded(*before, asked).state is not CaseState.VOIDED
    case = voided_case(*before)
    assert (case.state, case.live) == (CaseState.VOIDED, False)


def test_what_was_asked_or_answered_is_not_recorded_again():
    case_given(*ACCEPTED, asked).when(ask, GIVEN).then()
    case_given(*ACCEPTED, asked, voided).when(approve, ANOTHER).then()
    case_given(*ACCEPTED, asked, kept).when(refuse, ANOTHER).then()
    case_given(*ACCEPTED, asked, voided).when(ask, GIVEN).then()


@pytest.mark.parametrize("answer", [approve, refuse])
def test_nobody_answers_what_they_have_asked_themselves(answer: CaseCommand):
    case_given(*ACCEPTED, asked).when(answer, GIVEN).refused(AskedByYourself)
    # By another of their roles, or for another agency, they are the same person.
    elsewhere = replace(GIVEN, by=replace(GIVEN.by, agency="housing-1"))
    case_given(*ACCEPTED, asked).when(answer, elsewhere).refused(AskedByYourself)
    case_given(*ACCEPTED).when(answer, ANOTHER).refused(UnknownVoiding)


def test_a_case_whose_voiding_was_refused_goes_on_and_may_be_asked_about_anew():
    outcome = case_given(*ACCEPTED, asked).when(refuse, ANOTHER).then(kept)
    assert outcome.state is not None
    assert outcome.state.live
    assert outcome.state.voiding_asked is None
    case_given(*ACCEPTED, asked, kept).when(approve, ANOTHER).refused(VoidingAnswered)
    again = replace(ask, voiding=uid(72))
    case_given(*ACCEPTED, asked).when(again, ANOTHER).refused(VoidingAlreadyRequested, voiding=VOIDING, by="cora")
    case_given(*ACCEPTED, asked, kept).when(again, GIVEN).then(replace(asked, voiding=uid(72)))


def test_nothing_comes_after_a_voiding_so_it_comes_after_everything():
    earlier = replace(ANOTHER, at=NOW - timedelta(minutes=1))
    case_given(*ACCEPTED, asked).when(approve, earlier).refused(OutOfRange, field="occurredAt")
    case_given(*ACCEPTED, asked).when(refuse, earlier).refused(OutOfRange, field="occurredAt")


# Where that leaves it


def test_its_actions_and_proposals_wait_for_nobody():
    proposal = MeetingProposed(uid(40), "weekly", ProposalPurpose.NEW, LEAD, "snn", person_informed=True)
    case = case_given(*OFFERED, proposal, asked)
    outcome = case.when(approve, ANOTHER).then(ActionCancelled(offered.action), voided)
    assert outcome.state is not None
    assert not any(held.unsettled for held in outcome.state.actions)
    assert outcome.state.proposals == ()
    assert [held.proposal for held in outcome.state.past_proposals] == [uid(40)]


def test_what_was_recorded_is_still_there():
    case = voided_case(*OFFERED)
    assert case.plan is not None
    assert (case.referrals, case.goals) == (folded(*OFFERED).referrals, folded(*OFFERED).goals)


@pytest.mark.parametrize("command", [CloseCase(CASE, "moved-away", NOW.date(), TEXT), ReopenCase(CASE, TEXT),
                                     AddNote(CASE, uid(61), Category.PLAN, TEXT)])  # fmt: skip
def test_nothing_more_is_recorded_of_it(command: CaseCommand):
    case_given(*OFFERED, asked, voided).when(command, GIVEN).refused(CaseIsVoided)
    case_given(*OFFERED, CLOSED, asked, voided).when(command, GIVEN).refused(CaseIsVoided)


@for_any(commands, st.sampled_from([(received,), SHARED, OFFERED]), st.sampled_from([GIVEN, ANOTHER, BY_OWNER]))
def test_of_a_voided_case_no_command_at_all_records_anything(command: Any, before: Any, facts: Any):
    later = replace(facts, at=NOW + timedelta(days=1))
    assert answered(voided_case(*before), command, later) in ([], CaseIsVoided)


def answered(case: Case, command: Any, facts: Given) -> object:
    try:
        return decide(case, command, facts)
    except Refused as refused:
        return type(refused)


def test_control_without_the_gate_a_note_is_still_recorded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("catch.domain.case.of_voided", voiding_ignored)
    with pytest.raises(AssertionError, match="not refused"):
        test_nothing_more_is_recorded_of_it(AddNote(CASE, uid(61), Category.PLAN, TEXT))


def voiding_ignored(case: Case, command: Any, given: Any) -> Any:
    return [*SUBJECTS.decide_of[type(command)](case, command, given)]


def test_a_concern_is_taken_all_the_same_and_no_note_beside_it():
    case = voided_case(*ACCEPTED)
    concern = RaiseSafeguardingConcern(CASE, uid(80), TEXT)
    (raised,) = decide_beside(None, case, concern, GIVEN)
    assert isinstance(raised, SafeguardingConcernRaised)
    with pytest.raises(CaseIsVoided):
        decide_beside(Beside(CASE), case, AddRestrictedNote(CASE, uid(81), Tag.OFFENCES, TEXT), GIVEN)


def test_it_is_no_open_case_of_the_persons():
    other = replace(voided_case(*ACCEPTED), case=uid(9))
    opened, _ = decide_referral(None, person(), [other], submit, GIVEN, [other])
    assert len(opened) == 1


RULE = ClockRule("talk", "ReferralReceived", "ConversationHeld", Span(2, Unit.DAY))
TALKED = ConversationHeld(uid(5), ConversationFormat.PHONE, TEXT)


@pytest.mark.parametrize(("more", "state"), [((), ClockState.LAPSED), ((TALKED,), ClockState.MET)])
def test_its_clocks_lapse_however_late_they_were_but_for_what_had_come(more: Any, state: ClockState):
    facts = [received, *more, asked, voided]
    times = [START + timedelta(days=2 * place) if place > 1 else START for place in range(len(facts))]
    case = fold_recorded(
        recorded(fact, at, version=place) for place, (fact, at) in enumerate(zip(facts, times, strict=True), start=1)
    )
    (held,) = clocks_of(case, [RULE], START + timedelta(days=30))
    assert held.state is state


def test_a_referrer_is_told_that_it_is_closed():
    referrer = Sight(frozenset(), RedactionReason.NOT_INVOLVED, "gp-1")
    assert state_told(referrer, CaseState.VOIDED) is CaseState.CLOSED


def test_an_episode_that_never_should_have_been_is_in_no_figure_whenever_one_looks():
    row = None
    for place, fact in enumerate((received, GoalSet(goal), CLOSED, asked, voided), start=1):
        row = outcomes.fold(row, recorded(fact, NOW, version=place), CASE)
    assert row is not None
    for cut_off in (START + timedelta(days=1), NOW + timedelta(days=9)):
        (episode,) = row.episodes
        assert outcomes.observation(episode, cut_off) is None
    assert outcomes.observation(replace(row.episodes[0], voided=False), NOW + timedelta(days=9)) is not None

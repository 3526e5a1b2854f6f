"""Help that begins and ends, questions that are asked and answered, risks that are looked at again."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from catch.domain.case.actions import UnknownAction, UnknownIntervention
from catch.domain.case.clocks import clocks_of
from catch.domain.case.eligibility import ReferralDeclined
from catch.domain.case.information import (
    InformationReceived,
    InformationRequested,
    ReceiveInformation,
    RequestInformation,
    UnknownRequest,
)
from catch.domain.case.interventions import (
    EndIntervention,
    InterventionEnded,
    InterventionStarted,
    StartIntervention,
    UnknownSupport,
)
from catch.domain.case.risks import RecordRisk, ReviewRisk, RiskRecorded, RiskReviewed, UnknownRisk
from catch.domain.case.rules import CaseNotLive, NotAccepted
from catch.domain.case.state import RiskLevel
from catch.domain.programme.clocks import Clock, ClockState
from catch.domain.programme.configuration import ClockRule, Span, Unit
from catch.domain.refusals import OutOfRange
from tests.cases import (
    ACCEPTED,
    CASE,
    GIVEN,
    NOW,
    OFFERED,
    START,
    TEXT,
    case_given,
    fold_recorded,
    offered,
    received,
    recorded,
    uid,
)

SOON, TODAY = date(2026, 4, 1), date(2026, 3, 10)
EARLIER = replace(GIVEN, at=NOW - timedelta(minutes=1))

# Help

start = StartIntervention(CASE, uid(65), "befriending", "housing-1")
started = InterventionStarted(uid(65), "befriending", "housing-1")
end = EndIntervention(CASE, uid(65), "helped", TEXT)


def test_help_begins_once_and_ends_once():
    case_given(*ACCEPTED).when(start, GIVEN).then(started)
    case_given(*ACCEPTED, started).when(start, GIVEN).then()
    case_given(received).when(start, GIVEN).refused(NotAccepted)
    ended = InterventionEnded(uid(65), "helped", TEXT)
    outcome = case_given(*ACCEPTED, started).when(end, GIVEN).then(ended)
    assert outcome.state is not None
    assert outcome.state.interventions[0].ended_at == NOW
    case_given(*ACCEPTED, started, ended).when(end, GIVEN).then()
    case_given(*ACCEPTED).when(end, GIVEN).refused(UnknownSupport)
    case_given(*ACCEPTED, started).when(end, EARLIER).refused(OutOfRange, field="occurredAt")


def test_help_is_of_the_programmes_kinds_and_of_an_action_that_there_is():
    assert GIVEN.programme is not None
    narrow = replace(GIVEN, programme=replace(GIVEN.programme, interventions=("benefits-check",)))
    case_given(*ACCEPTED).when(start, narrow).refused(UnknownIntervention, known="benefits-check")
    case_given(*ACCEPTED).when(replace(start, action=uid(1)), GIVEN).refused(UnknownAction)
    by_action = replace(start, action=offered.action)
    case_given(*OFFERED).when(by_action, GIVEN).then(replace(started, action=offered.action))


# Questions

ask = RequestInformation(CASE, uid(66), TEXT, TEXT, SOON)
asked = InformationRequested(uid(66), TEXT, TEXT, SOON)
answer = ReceiveInformation(CASE, uid(66), TEXT)


def test_a_question_is_asked_at_the_front_door_too_and_answered_once():
    case_given(received).when(ask, GIVEN).then(asked)
    case_given(received, asked).when(ask, GIVEN).then()
    told = InformationReceived(uid(66), TEXT)
    case_given(received, asked).when(answer, GIVEN).then(told)
    case_given(received, asked, told).when(answer, GIVEN).then()
    case_given(received).when(answer, GIVEN).refused(UnknownRequest)
    case_given(received, asked).when(answer, EARLIER).refused(OutOfRange, field="occurredAt")
    case_given(received, ReferralDeclined("out-of-area")).when(ask, GIVEN).refused(CaseNotLive)
    case_given(received).when(replace(ask, due=date(2026, 3, 9)), GIVEN).refused(OutOfRange, earliest=TODAY)


WAITS = ClockRule("decide", "ReferralReceived", "ReferralAccepted", Span(12, Unit.DAY), waits_for_referrer=True)


def at_rest(*asked_at: tuple[InformationRequested | InformationReceived, int], rule: ClockRule = WAITS) -> Clock:
    """The clock as it stands 20 days after the referral, of what was asked and answered so many days after it."""
    facts = [recorded(received, START), *(recorded(fact, START + timedelta(days=days)) for fact, days in asked_at)]
    (clock,) = clocks_of(fold_recorded(facts), [rule], START + timedelta(days=20))
    return clock


def test_a_clock_stands_still_while_whoever_referred_is_asked_and_goes_on_at_their_answer():
    question, told = replace(asked, of_referrer=True), InformationReceived(uid(66), TEXT)
    assert at_rest((question, 2)).state is ClockState.PAUSED
    answered = at_rest((question, 2), (told, 12))
    assert (answered.state, answered.due_at - at_rest().due_at) == (ClockState.WARNED, timedelta(days=10))
    assert at_rest((question, 2), (told, 3)).state is ClockState.BREACHED
    # Of somebody else, or where the programme does not say so, it goes on.
    assert at_rest((asked, 2)).state is ClockState.BREACHED
    assert at_rest((question, 2), rule=replace(WAITS, waits_for_referrer=False)).state is ClockState.BREACHED


def test_two_questions_at_once_stop_it_once_and_a_late_one_stops_nothing():
    question, told = replace(asked, of_referrer=True), InformationReceived(uid(66), TEXT)
    other, answered = replace(question, request=uid(166)), replace(told, request=uid(166))
    both = at_rest((question, 2), (other, 4), (told, 8), (answered, 12))
    assert both == at_rest((question, 2), (told, 12))
    assert at_rest((question, 2), (other, 4), (answered, 8), (told, 12)) == both
    assert at_rest((question, 2), (other, 4), (answered, 8)).state is ClockState.PAUSED
    assert at_rest((question, 15)).state is ClockState.BREACHED


# Risks

record = RecordRisk(CASE, uid(67), "falls", RiskLevel.HIGH, TEXT, SOON)
risk = RiskRecorded(uid(67), "falls", RiskLevel.HIGH, TEXT, SOON)
review = ReviewRisk(CASE, uid(67), RiskLevel.LOW, TEXT)


def test_a_risk_is_recorded_once_and_looked_at_again():
    case_given(*ACCEPTED).when(record, GIVEN).then(risk)
    case_given(*ACCEPTED, risk).when(record, GIVEN).then()
    outcome = case_given(*ACCEPTED, risk).when(review, GIVEN).then(RiskReviewed(uid(67), RiskLevel.LOW, TEXT))
    assert outcome.state is not None
    assert (outcome.state.risks[0].level, outcome.state.risks[0].review_on) == (RiskLevel.LOW, None)
    case_given(*ACCEPTED).when(review, GIVEN).refused(UnknownRisk)


@pytest.mark.parametrize("command", [record, replace(review, review_on=SOON)])
def test_a_risk_is_looked_at_again_from_today(command: RecordRisk | ReviewRisk):
    facts = (*ACCEPTED, risk) if isinstance(command, ReviewRisk) else ACCEPTED
    yesterday = replace(command, review_on=date(2026, 3, 9))
    case_given(*facts).when(yesterday, GIVEN).refused(OutOfRange, earliest=TODAY)


def test_a_risk_stands_as_it_was_found_last_whatever_was_typed_in_last():
    found = [RiskReviewed(uid(67), level, TEXT, SOON) for level in (RiskLevel.MEDIUM, RiskLevel.LOW)]
    facts = [*ACCEPTED, risk, *found]
    times = [NOW, NOW, NOW, NOW + timedelta(days=9), NOW + timedelta(days=2)]
    case = fold_recorded(
        recorded(fact, at, version=place) for place, (fact, at) in enumerate(zip(facts, times, strict=True), start=1)
    )
    assert case.risks[0].level is RiskLevel.MEDIUM

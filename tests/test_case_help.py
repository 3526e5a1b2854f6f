"""Help that begins and ends, questions that are asked and answered, risks that are looked at again."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace

from catch.domain.case.actions import UnknownAction, UnknownIntervention
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
from catch.domain.refusals import OutOfRange
from tests.cases import (
    ACCEPTED,
    CASE,
    GIVEN,
    NOW,
    OFFERED,
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

"""The front door: referred, decided on, given a coordinator, talked with."""

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from catch.domain.case.coordination import (
    AllocateCoordinator,
    CaseloadFull,
    ConversationAttempted,
    ConversationHeld,
    CoordinatorAllocated,
    CoordinatorChanged,
    RecordConversation,
    RecordConversationAttempt,
    WorkerNotActive,
)
from catch.domain.case.eligibility import (
    AcceptReferral,
    AlreadyDecided,
    CriteriaNotMet,
    DeclineReferral,
    EvaluatedCriterion,
    Redirection,
    RedirectNeedsTarget,
    RedirectNeedsWarmHandover,
    RedirectReferral,
    ReferralAccepted,
    ReferralDeclined,
    ReferralRedirected,
    UnknownCriterion,
)
from catch.domain.case.referral import (
    AttachReferral,
    ChannelNotAllowed,
    DifferentPerson,
    ProgrammeNotRunning,
    ReferralAttached,
    ReferralReceived,
    SourceNotAllowed,
    SubmitReferral,
    case_number,
)
from catch.domain.case.rules import CaseNotLive, NotAccepted
from catch.domain.case.state import CaseState, ConversationFormat, Worker
from catch.domain.refusals import MissingText, OutOfRange, UnknownCase, UnknownPartner, UnknownProgramme
from tests.cases import (
    ACCEPTED,
    CASE,
    CRITERIA,
    GIVEN,
    LEAD,
    NOW,
    PERSON,
    PROGRAMME,
    REFERRAL,
    REFERRER,
    START,
    TEXT,
    accepted,
    allocated,
    case_given,
    fold_recorded,
    folded,
    history,
    received,
    recorded,
    uid,
)

submit = SubmitReferral(CASE, PERSON, PROGRAMME.key, REFERRAL, "gp", "phone", START, TEXT, ("loneliness",), age=70)
attach = AttachReferral(CASE, PERSON, uid(4), "self", "online", START, TEXT)
conversation = RecordConversation(CASE, uid(5), ConversationFormat.HOME, TEXT)
declined = ReferralDeclined("out-of-area")
redirected = ReferralRedirected("other-service", Redirection(agency="housing-1", warm_handover=True))


def test_a_referral_opens_a_case_with_a_number_people_can_say():
    by_gp = replace(GIVEN, by=REFERRER)
    case_given().when(submit, by_gp).then(replace(received, number=case_number(CASE)))
    assert folded(received).state is CaseState.RECEIVED
    assert case_number(uid(2**128 - 1)) == "ZZZZ-ZZZZ"


def test_whoever_refers_for_another_agency_names_it():
    (event,) = case_given().when(replace(submit, on_behalf_of="gp-7"), GIVEN).events
    assert isinstance(event, ReferralReceived)
    assert (event.referral.referrer, event.referral.referrer_agency) == ("cora", "gp-7")


@pytest.mark.parametrize(
    ("age", "most", "warned"),
    [(None, None, False), (17, None, True), (18, None, False), (99, None, False), (25, 25, False), (26, 25, True)],
)
def test_nobody_is_turned_away_for_their_age_but_it_warns(age: int | None, most: int | None, warned: bool):
    for_some = replace(PROGRAMME, eligibility=replace(PROGRAMME.eligibility, max_age=most))
    (event,) = case_given().when(replace(submit, age=age), replace(GIVEN, programme=for_some)).events
    assert isinstance(event, ReferralReceived)
    assert event.age_warning is warned


def test_a_repeated_referral_records_nothing_and_another_does_not_take_its_case():
    case_given(received).when(submit, GIVEN).then()
    case_given(received).when(replace(submit, referral=uid(9)), GIVEN).then()


def test_only_a_running_programme_takes_referrals_through_its_own_doors():
    new = case_given()
    new.when(submit, replace(GIVEN, programme=None)).refused(UnknownProgramme)
    new.when(replace(submit, programme="other"), GIVEN).refused(UnknownProgramme)
    new.when(replace(submit, source="police"), GIVEN).refused(SourceNotAllowed, source="police", allowed="self, gp")
    new.when(replace(submit, channel="fax"), GIVEN).refused(ChannelNotAllowed)
    new.when(replace(submit, received_at=NOW + timedelta(minutes=6)), GIVEN).refused(OutOfRange)


def test_a_programme_runs_by_the_days_of_london():
    from_june = replace(GIVEN, programme=replace(PROGRAMME, effective_from=date(2025, 6, 1)))
    eve, midnight = datetime(2025, 5, 31, 22, 59, tzinfo=UTC), datetime(2025, 5, 31, 23, 0, tzinfo=UTC)
    case_given().when(replace(submit, received_at=eve), from_june).refused(ProgrammeNotRunning, day="2025-05-31")
    case_given().when(replace(submit, received_at=midnight), from_june).recorded(ReferralReceived)
    until_may = replace(GIVEN, programme=replace(PROGRAMME, effective_to=date(2025, 5, 31)))
    case_given().when(replace(submit, received_at=eve), until_may).recorded(ReferralReceived)
    case_given().when(replace(submit, received_at=midnight), until_may).refused(ProgrammeNotRunning)


def test_a_second_door_attaches_its_referral_to_the_case_there_is():
    outcome = case_given(received).when(attach, GIVEN).recorded(ReferralAttached)
    assert outcome.state is not None
    assert [held.referral for held in outcome.state.referrals] == [REFERRAL, uid(4)]
    case_given(received, *outcome.events).when(attach, GIVEN).then()
    case_given(received).when(replace(attach, person=uid(8)), GIVEN).refused(DifferentPerson)
    case_given(received, declined).when(attach, GIVEN).refused(CaseNotLive)
    case_given(received).when(replace(attach, source="police"), GIVEN).refused(SourceNotAllowed)
    case_given().when(attach, GIVEN).refused(UnknownCase)


def test_a_referral_is_accepted_once():
    case_given(received).when(AcceptReferral(CASE), GIVEN).then(accepted)
    case_given(*ACCEPTED).when(AcceptReferral(CASE), GIVEN).then()
    for decided in (declined, redirected):
        case_given(received, decided).when(AcceptReferral(CASE), GIVEN).refused(AlreadyDecided)


def test_criteria_are_met_or_overridden_with_a_reason():
    strict = replace(GIVEN, programme=CRITERIA)
    unmet, met = EvaluatedCriterion("lives-here", met=False), EvaluatedCriterion("lives-here", met=True, fact=TEXT)
    new = case_given(received)
    new.when(AcceptReferral(CASE), strict).refused(CriteriaNotMet, criteria="lives-here")
    new.when(AcceptReferral(CASE, (unmet,)), strict).refused(CriteriaNotMet)
    new.when(AcceptReferral(CASE, (met,)), strict).then(ReferralAccepted((met,)))
    new.when(AcceptReferral(CASE, (unmet,), TEXT), strict).then(ReferralAccepted((unmet,), TEXT))
    never = replace(CRITERIA, eligibility=replace(CRITERIA.eligibility, override_allowed=False))
    new.when(AcceptReferral(CASE, (unmet,), TEXT), replace(GIVEN, programme=never)).refused(CriteriaNotMet)


def test_a_criterion_nobody_configured_is_refused_in_every_decision():
    odd = (EvaluatedCriterion("shoe-size", met=True),)
    new = case_given(received)
    new.when(AcceptReferral(CASE, odd), GIVEN).refused(UnknownCriterion)
    new.when(DeclineReferral(CASE, "out-of-area", odd), GIVEN).refused(UnknownCriterion)
    new.when(RedirectReferral(CASE, "x", redirected.redirection, odd), GIVEN).refused(UnknownCriterion)


def test_declining_says_why():
    decline = DeclineReferral(CASE, "out-of-area")
    case_given(received).when(decline, GIVEN).then(declined)
    case_given(received, declined).when(decline, GIVEN).then()
    case_given(received).when(replace(decline, reason=" "), GIVEN).refused(MissingText)
    case_given(*ACCEPTED).when(decline, GIVEN).refused(AlreadyDecided)
    assert not folded(received, declined).live


@pytest.mark.parametrize(
    "decision", [DeclineReferral(CASE, "out-of-area"), RedirectReferral(CASE, "other", redirected.redirection)]
)
def test_a_decision_rests_on_what_was_and_is_told_afterwards(decision: DeclineReferral | RedirectReferral):
    today, by = NOW.date(), replace(GIVEN, programme=CRITERIA)
    met = EvaluatedCriterion("lives-here", False, as_of=today)
    right, new = replace(decision, criteria=(met,), message_back_due=today), case_given(received)
    assert new.when(right, by).events
    later = replace(right, criteria=(replace(met, as_of=today + timedelta(days=1)),))
    new.when(later, by).refused(OutOfRange, latest=today)
    before = replace(right, message_back_due=today - timedelta(days=1))
    new.when(before, by).refused(OutOfRange, field="messageBackDue")


def test_nobody_is_sent_to_a_wrong_door():
    redirect = RedirectReferral(CASE, "other-service", redirected.redirection)
    case_given(received).when(redirect, GIVEN).then(redirected)
    case_given(received, redirected).when(redirect, GIVEN).then()
    case_given(*ACCEPTED).when(redirect, GIVEN).refused(AlreadyDecided)
    nowhere = replace(redirect, redirection=Redirection(warm_handover=True))
    case_given(received).when(nowhere, GIVEN).refused(RedirectNeedsTarget)
    cold = replace(redirect, redirection=Redirection(programme="other"))
    case_given(received).when(cold, GIVEN).refused(RedirectNeedsWarmHandover)
    case_given(received).when(replace(redirect, reason=""), GIVEN).refused(MissingText)


def test_there_is_one_lead_coordinator_and_a_change_says_who_was_before():
    allocate = AllocateCoordinator(CASE, "cora", "snn")
    case_given(*ACCEPTED).when(allocate, GIVEN).then(allocated)
    case_given(*ACCEPTED, allocated).when(allocate, GIVEN).then()
    other = AllocateCoordinator(CASE, "hal", "housing-1", handover_note=TEXT)
    change = CoordinatorChanged(Worker("hal", "housing-1"), LEAD, handover_note=TEXT)
    outcome = case_given(*ACCEPTED, allocated).when(other, GIVEN).then(change)
    assert outcome.state is not None
    assert outcome.state.lead == Worker("hal", "housing-1")
    clinical = replace(allocate, lead=False)
    outcome = case_given(*ACCEPTED).when(clinical, GIVEN).then(CoordinatorAllocated(LEAD, lead=False))
    assert outcome.state is not None
    assert (outcome.state.lead, outcome.state.clinical) == (None, LEAD)


def test_a_coordinator_is_given_that_role_by_an_agency_that_runs_the_programme_under_agreement():
    new = case_given(*ACCEPTED)
    new.when(AllocateCoordinator(CASE, "x", "nobody-1"), GIVEN).refused(UnknownPartner)
    new.when(AllocateCoordinator(CASE, "lee", "left-1"), GIVEN).refused(WorkerNotActive)
    new.when(AllocateCoordinator(CASE, "sue", "strict-1"), GIVEN).refused(WorkerNotActive)
    new.when(AllocateCoordinator(CASE, "sam", "strict-1"), GIVEN).recorded(CoordinatorAllocated)
    # Not enrolled there; in another role; yesterday was the last day; the agency has no part in the programme.
    for user, agency in (("sam", "snn"), ("carl", "snn"), ("lou", "snn"), ("ida", "idle-1")):
        new.when(AllocateCoordinator(CASE, user, agency), GIVEN).refused(WorkerNotActive, user=user)
        new.when(AllocateCoordinator(CASE, user, agency, lead=False), GIVEN).refused(WorkerNotActive, user=user)
    until = replace(GIVEN, at=GIVEN.at - timedelta(days=1))
    new.when(AllocateCoordinator(CASE, "lou", "snn"), until).recorded(CoordinatorAllocated)


def test_a_full_caseload_takes_one_more_only_for_a_reason():
    full = replace(GIVEN, caseload=2)
    case_given(*ACCEPTED).when(AllocateCoordinator(CASE, "cora", "snn"), full).refused(CaseloadFull, limit=2)
    case_given(*ACCEPTED).when(AllocateCoordinator(CASE, "cora", "snn", lead=False), full).recorded(
        CoordinatorAllocated
    )
    case_given(*ACCEPTED).when(AllocateCoordinator(CASE, "cora", "snn", reason=TEXT), full).then(
        CoordinatorAllocated(LEAD, reason=TEXT)
    )


def test_a_conversation_held_goes_on_to_the_meeting_or_was_enough():
    held = ConversationHeld(uid(5), ConversationFormat.HOME, TEXT)
    outcome = case_given(*ACCEPTED).when(conversation, GIVEN).then(held)
    assert outcome.state is not None
    assert (outcome.state.state, outcome.state.milestones.conversation_at) == (CaseState.AWAITING_MEETING, NOW)
    case_given(*ACCEPTED, held).when(conversation, GIVEN).then()
    outcome = case_given(*ACCEPTED).when(replace(conversation, for_meeting=False), GIVEN)
    assert outcome.state is not None
    assert outcome.state.state is CaseState.CONVERSATION_HELD


def test_an_attempt_does_not_stop_the_clock():
    attempt = RecordConversationAttempt(CASE, uid(5), ConversationFormat.PHONE, "no-answer")
    missed = ConversationAttempted(uid(5), ConversationFormat.PHONE, "no-answer")
    outcome = case_given(*ACCEPTED).when(attempt, GIVEN).then(missed)
    assert outcome.state is not None
    assert (outcome.state.state, outcome.state.milestones.conversation_at) == (CaseState.ACCEPTED, None)
    case_given(*ACCEPTED, missed).when(attempt, GIVEN).then()


def test_work_on_a_case_waits_for_its_acceptance_and_ends_with_it():
    for command in (conversation, AllocateCoordinator(CASE, "cora", "snn")):
        case_given(received).when(command, GIVEN).refused(NotAccepted)
        case_given(received, declined).when(command, GIVEN).refused(CaseNotLive)


def test_a_conversation_recorded_late_is_the_first_if_it_was_held_first():
    later, earlier = START + timedelta(days=5), START + timedelta(days=2)
    facts = [
        *history(*ACCEPTED),
        recorded(ConversationHeld(uid(5), ConversationFormat.HOME, TEXT), later, version=3),
        recorded(ConversationHeld(uid(6), ConversationFormat.PHONE, TEXT), earlier, version=4, known=NOW),
    ]
    case = fold_recorded(facts)
    assert case.milestones.conversation_at == earlier
    assert case.last_activity_at == later


def test_a_history_without_its_beginning_is_no_case():
    assert case_given().state is None
    with pytest.raises(AssertionError):
        fold_recorded([recorded(accepted)])

"""What was typed in late stands where it occurred; nothing is said to have come before what it must have followed."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st
from msgspec.structs import replace
from test_meeting import CHAIR, RUNNING, M
from test_meeting_properties import EVERY

from catch.domain import case as case_stream
from catch.domain.agenda.case_facts import presenter
from catch.domain.calendar import london_day
from catch.domain.case import (
    Case,
    CaseCommand,
    CaseEvent,
    actions,
    agreement,
    closing,
    coordination,
    correcting,
    decide,
    disclosure,
    eligibility,
    funds,
    goals,
    household,
    information,
    interventions,
    notes,
    pauses,
    plan,
    proposals,
    recusal,
    reviews,
    risks,
    telling,
    transfers,
    versions,
    voiding,
)
from catch.domain.case.actions import (
    ActionAccepted,
    ActionAnswer,
    ActionCompleted,
    ActionDueChanged,
    ActionReassigned,
    ChangeActionDue,
    CompleteAction,
    RespondToAction,
)
from catch.domain.case.agreement import (
    AgreedBy,
    AgreementWithdrawn,
    RecordAgreement,
    RefusedSince,
    SupportAgreed,
    WithdrawAgreement,
)
from catch.domain.case.closing import CaseClosed, CloseCase, GoalOutcome, GoalResult, ReopenCase, ReopenTooLate
from catch.domain.case.coordination import (
    AllocateCoordinator,
    CoordinatorAllocated,
    CoordinatorChanged,
    RecordConversation,
)
from catch.domain.case.entries import KEPT
from catch.domain.case.goals import GoalAchieved, GoalScored, NewGoal, ScoreGoal
from catch.domain.case.milestones import ReachMilestone
from catch.domain.case.proposals import MeetingProposed
from catch.domain.case.referral import AttachReferral, ReferralReceived
from catch.domain.case.reviews import ReviewHeld
from catch.domain.case.state import (
    ActionState,
    Agrees,
    CaseState,
    ConversationFormat,
    EscalatedTo,
    Experience,
    GoalState,
    KindOfEntry,
    ProposalPurpose,
    ReferralAgreement,
    RelationRole,
    ReviewDecision,
    RiskLevel,
    SafeContact,
    Turn,
    VoidReason,
    WithdrawReason,
    Worker,
)
from catch.domain.discussion import decide_in_meeting
from catch.domain.facts import Category, Recorded, Sealed
from catch.domain.given import Given
from catch.domain.meeting import Meeting
from catch.domain.meeting import decide as decide_meeting
from catch.domain.meeting import evolve as evolve_meeting
from catch.domain.meeting.floor import CloseItem, OpenItem
from catch.domain.meeting.instant import HeldTooLongAgo, Participant, RecordInstantDiscussion
from catch.domain.occurrence import true_from
from catch.domain.programme.clocks import ClockState, clock
from catch.domain.programme.configuration import ClockRule, ClosureClass, Span, Unit
from catch.domain.refusals import OutOfRange, Refused
from catch.domain.streams import CASE as CASES
from catch.domain.streams import fold
from catch.history.past import Moment, chosen
from tests.cases import (
    ACCEPTED,
    BY_OWNER,
    CASE,
    CONSENT,
    GIVEN,
    LEAD,
    NOW,
    OFFERED,
    PERSON,
    PLANNED,
    PROGRAMME,
    SHARED,
    START,
    TEXT,
    case_given,
    fold_recorded,
    goal,
    history,
    offered,
    planned,
    recorded,
    uid,
)

DAY = timedelta(days=1)
Evolve = Callable[[Case | None, Recorded[CaseEvent]], Case | None]
Told = tuple[int, CaseEvent]
"""A day after the first, and what occurred on it."""


def told(*facts: Told, after: Sequence[CaseEvent] = PLANNED) -> list[Recorded[Any]]:
    """What occurred on these days, typed in in this order, long afterwards."""
    before = history(*after)
    late = (
        recorded(event, START + days * DAY, version=place, known=START + 300 * DAY)
        for place, (days, event) in enumerate(facts, start=len(before) + 1)
    )
    return [*before, *late]


def at(days: float, facts: Given = GIVEN) -> Given:
    return replace(facts, at=START + days * DAY)


def after(facts: list[Recorded[Any]], command: CaseCommand, when: Given) -> Case:
    """The case once the command, too, has been accepted."""
    return fold_recorded([*facts, *(recorded(each, when.at) for each in decide(fold_recorded(facts), command, when))])


# The laws


NEED = notes.RecordUnmetNeed(CASE, uid(60), "transport", notes.UnmetReason.NO_SERVICE)
CONTACT = SafeContact(True, TEXT)
TALK = RecordConversation(CASE, uid(5), ConversationFormat.HOME, TEXT)
PLAN = plan.AgreePlan(CASE, uid(21), TEXT, date(2026, 5, 30), goals=(goal,))
DOOR = AttachReferral(CASE, PERSON, uid(4), "gp", "phone", START, TEXT, safe_contact=SafeContact(False, TEXT))
SHARE = disclosure.AuthoriseDisclosure(CASE, uid(11), "housing-1", frozenset({Category.ACTIONS}), CONSENT, TEXT)
OFFER = actions.OfferAction(CASE, uid(31), TEXT, "housing-1", date(2026, 6, 1))


OTHERWISE = Sealed("b3RoZXJ3aXNl")
ENTRIES = (
    (KindOfEntry.CONVERSATION, uid(5)),
    (KindOfEntry.CONVERSATION, uid(6)),
    (KindOfEntry.CONVERSATION, uid(7)),
    (KindOfEntry.NOTE, uid(61)),
    (KindOfEntry.REQUEST, uid(66)),
    (KindOfEntry.RISK, uid(67)),
    (KindOfEntry.RELATION, uid(84)),
    (KindOfEntry.UNMET_NEED, uid(60)),
    (KindOfEntry.SUPPORT, uid(65)),
    (KindOfEntry.FEEDBACK, uid(69)),
    (KindOfEntry.ESCALATION, uid(68)),
    (KindOfEntry.MILESTONE, uid(0)),
)
"""A milestone is called by when it was reached: whichever was first (`of_first_milestone`)."""


def likely() -> Iterator[CaseCommand]:
    """Commands of every kind, most of which are accepted at one stage or another."""
    yield from (eligibility.AcceptReferral(CASE), eligibility.DeclineReferral(CASE, "out-of-area"))
    for user, agency in (("cora", "snn"), ("hal", "housing-1"), ("sam", "strict-1")):
        yield from (AllocateCoordinator(CASE, user, agency), AllocateCoordinator(CASE, user, agency, lead=False))
    yield from (TALK, replace(TALK, conversation=uid(6), for_meeting=False))
    yield coordination.RecordConversationAttempt(CASE, uid(7), ConversationFormat.PHONE, "no-answer")
    yield from (RecordAgreement(CASE), WithdrawAgreement(CASE), agreement.RecordRefusalOfSupport(CASE)) * 2
    yield agreement.RecordObjection(CASE, uid(70), frozenset({Category.HEALTH}))
    yield from (agreement.ConfirmSafeContact(CASE, each) for each in (CONTACT, SafeContact(False)))
    yield from (DOOR, replace(DOOR, referral=uid(8), safe_contact=None, agreement=ReferralAgreement(True, Agrees.NO)))
    yield from (SHARE, disclosure.EndDisclosure(CASE, uid(11)), disclosure.EndDisclosure(CASE, uid(10)))
    yield from (disclosure.EndInvolvement(CASE, "housing-1"), disclosure.InvolvePartner(CASE, "housing-1", "support"))
    for number in (40, 41):
        yield proposals.ProposeForMeeting(CASE, uid(number), "weekly", ProposalPurpose.NEW, LEAD, person_informed=True)
        yield proposals.WithdrawProposal(CASE, uid(number))
    yield from (PLAN, plan.RevisePlan(CASE, uid(21), 2, TEXT, date(2026, 6, 10)))
    yield goals.SetGoal(CASE, NewGoal(uid(28), TEXT, "home", 1, 3))
    for number, score in ((20, 1), (20, 3), (20, 4), (28, 1), (28, 2), (28, 3)):
        yield ScoreGoal(CASE, uid(number), score, "review")
    yield from (goals.AchieveGoal(CASE, uid(28)), goals.AbandonGoal(CASE, uid(20), TEXT))
    for number in (22, 23):
        yield from (reviews.ScheduleReview(CASE, uid(number), date(2026, 6, day)) for day in (1, 8))
        for decision in (ReviewDecision.CHANGE, ReviewDecision.CLOSE):
            yield reviews.HoldReview(CASE, uid(number), decision, next_due=date(2026, 6, 20))
    yield OFFER
    for each in (offered.action, uid(31)):
        yield from (RespondToAction(CASE, each, ActionAnswer.ACCEPT),) * 2
        yield RespondToAction(CASE, each, ActionAnswer.DECLINE, TEXT)
        yield RespondToAction(CASE, each, ActionAnswer.REASSIGN, to="housing-1")
        yield from (actions.ProgressAction(CASE, each, uid(80 + n), TEXT, 10 * n) for n in range(3))
        yield from (ChangeActionDue(CASE, each, date(2026, 6, day), TEXT) for day in (3, 9))
        yield from (CompleteAction(CASE, each, "done", date(2026, 3, day)) for day in (5, 12, 25))
        yield actions.CloseActionIncomplete(CASE, each, actions.Incomplete.NOT_POSSIBLE, TEXT)
    yield from (notes.AddNote(CASE, uid(n), Category.PLAN, TEXT) for n in (61, 62))
    yield interventions.StartIntervention(CASE, uid(65), "befriending", "housing-1")
    yield interventions.EndIntervention(CASE, uid(65), "helped", TEXT)
    yield information.RequestInformation(CASE, uid(66), TEXT, TEXT, date(2026, 6, 1))
    yield information.ReceiveInformation(CASE, uid(66), TEXT)
    yield telling.EscalateCase(CASE, uid(68), EscalatedTo.CRISIS, TEXT)
    yield telling.RecordFeedback(CASE, uid(69), Experience.GOOD, TEXT)
    yield risks.RecordRisk(CASE, uid(67), "falls", RiskLevel.HIGH, TEXT, date(2026, 6, 1))
    yield from (risks.ReviewRisk(CASE, uid(67), level, TEXT) for level in (RiskLevel.LOW, RiskLevel.MEDIUM))
    yield household.LinkRelation(CASE, uid(84), RelationRole.CARER, TEXT, safe_to_discuss=True)
    yield household.EndRelation(CASE, uid(84), TEXT)
    yield from (ReachMilestone(CASE, code) for code in ("home", "seen"))
    yield from (pauses.PauseCase(CASE, uid(n), "away", date(2026, 6, 1)) for n in (63, 64))
    yield from (pauses.ResumeCase(CASE, uid(n)) for n in (63, 64))
    yield from (versions.MoveToVersion(CASE, version, TEXT) for version in (2, 3))
    yield from (transfers.OfferTransfer(CASE, uid(75), uid(77), TEXT), transfers.WithdrawTransfer(CASE, uid(75), TEXT))
    for number, pence in ((78, 4000), (79, 2000)):
        yield funds.RequestFundAward(CASE, uid(number), "hardship-fund", pence, TEXT, TEXT)
        yield funds.ApproveFundAward(CASE, uid(number))
        yield funds.DeclineFundAward(CASE, uid(number), TEXT)
        yield from (funds.RecordFundPayment(CASE, uid(number), date(2026, 3, day)) for day in (12, 25))
    yield from (NEED, notes.MeetUnmetNeed(CASE, uid(60)))
    yield from (recusal.DeclareRecusal(CASE, "carl", "snn", TEXT), recusal.ResolveRecusal(CASE, "carl", TEXT)) * 2
    yield closing.ProposeClosure(CASE, "moved-away")
    ends = tuple(GoalOutcome(uid(number), GoalResult.PARTLY) for number in (20, 28))
    for told, day in ((ends, 30), (ends[:1], 12), (ends[:1], 30), ((), 12)):
        yield CloseCase(CASE, "moved-away", date(2026, 3, day), TEXT, told)
    yield from (ReopenCase(CASE, TEXT),) * 2
    for number, (kind, id_) in enumerate(ENTRIES):
        ask = correcting.RequestEntryWithdrawal(CASE, uid(110 + number), kind, id_, WithdrawReason.ERROR, TEXT)
        yield from (ask, replace(ask, withdrawal=uid(130 + number)))
        for withdrawal in (110 + number, 130 + number):
            yield from (correcting.ApproveEntryWithdrawal(CASE, uid(withdrawal)),) * 2
            yield correcting.RefuseEntryWithdrawal(CASE, uid(withdrawal), TEXT)
        for place, field in enumerate(KEPT[kind].texts):
            for text in (TEXT, OTHERWISE):
                made = uid(200 + 10 * number + 2 * place + (text is TEXT))
                yield correcting.CorrectEntry(CASE, made, kind, id_, field, text, TEXT)
    yield voiding.RequestVoiding(CASE, uid(71), VoidReason.DUPLICATE, TEXT)
    yield from (voiding.ApproveVoiding(CASE, uid(71)), voiding.RefuseVoiding(CASE, uid(71), TEXT))


Wanted = list[tuple[int, CaseCommand, Given]]
LIKELY = [*likely()]
STAGES = (ACCEPTED, SHARED, PLANNED, OFFERED)
A_WEEK_BEFORE, FORTY_DAYS = -7 * 24 * 60, 40 * 24 * 60
seeds = st.integers(0, 2**32).map(Random)
"""Hypothesis makes the seeds: histories of forty commands are too long for it to draw a value at a time."""


def a_history(random: Random) -> list[Recorded[Any]]:
    """Forty commands, mostly one after the other, some of them typed in late."""
    minutes = random.sample(range(A_WEEK_BEFORE, FORTY_DAYS), 40)
    minutes.sort(key=lambda minute: minute + random.choice((0, 0, 9000, 90_000)))
    wanted = [(minute, random.choice(LIKELY), random.choice((GIVEN, BY_OWNER))) for minute in minutes]
    return played(random.choice(STAGES), wanted)


def played(stage: tuple[CaseEvent, ...], wanted: Wanted) -> list[Recorded[Any]]:
    """What is accepted of these, each at its own time, in the order in which they are typed in."""
    facts = history(*stage)
    case: Case | None = fold_recorded(facts)
    for minute, command, by in wanted:
        when = NOW + timedelta(minutes=minute, seconds=1)
        try:
            answer = decide(case, of_first_milestone(case, command), replace(by, at=when))
        except Refused:
            continue
        for event in answer:
            facts.append(recorded(event, when, version=len(facts) + 1))
            case = case_stream.evolve(case, facts[-1])
    return facts


def of_first_milestone(case: Case | None, command: CaseCommand) -> CaseCommand:
    asks = isinstance(command, correcting.RequestEntryWithdrawal) and command.among is KindOfEntry.MILESTONE
    return replace(command, entry=case.reached[0].reached) if asks and case and case.reached else command


def by_occurrence(facts: list[Recorded[Any]]) -> list[Recorded[Any]]:
    """In the order in which they were true; nothing is known of a case before the referral that opened it."""
    first, *rest = facts
    return [first, *sorted(rest, key=lambda fact: (true_from(fact.event, fact.envelope.occurred_at), fact.version))]


def contents(value: object) -> object:
    """The same for lists that differ in their order only: `course` and the like are ordered by their own times."""
    match value:
        case dict():
            return {name: contents(each) for name, each in cast("dict[str, object]", value).items()}
        case tuple():
            return sorted(map(contents, cast("tuple[object, ...]", value)), key=repr)
        case _:
            return value


def folded_by(evolve: Evolve, facts: list[Recorded[Any]]) -> Any:
    state: Case | None = None
    for fact in facts:
        state = evolve(state, fact)
    return contents(msgspec.to_builtins(state))


def depends_on_typing(evolve: Evolve, facts: list[Recorded[Any]]) -> bool:
    return folded_by(evolve, facts) != folded_by(evolve, by_occurrence(facts))


@for_any(seeds)
def test_the_present_state_does_not_depend_on_the_order_in_which_facts_were_typed_in(random: Random):
    facts = a_history(random)
    assert not depends_on_typing(case_stream.evolve, facts)
    # As true at any moment, likewise: those that had occurred by then, in whatever order.
    moment = facts[len(facts) // 2].envelope.occurred_at
    true = chosen(facts, Moment(occurred_at=moment))
    assert not true or not depends_on_typing(case_stream.evolve, true)


LATER = date(2026, 6, 1)


@pytest.mark.parametrize("typed", [(20, 40), (40, 20)])
@pytest.mark.parametrize("first", [20, 40])
def test_what_was_said_of_an_action_stands_with_whose_it_was_and_when_it_was_due_then(
    typed: tuple[int, int], first: int
):
    """A move of the day and a handing on, whichever occurred first and whichever was typed in first."""
    action, due = offered.action, offered.due
    said = {
        first: ActionDueChanged(action, due, LATER, TEXT),
        60 - first: ActionReassigned(action, "strict-1", "housing-1"),
    }
    held = fold_recorded(told(*((days, said[days]) for days in typed), after=OFFERED)).action(action)
    assert held is not None
    moved_first = first == 20
    moved = (Turn.DUE_CHANGED, "housing-1" if moved_first else "strict-1", due)
    handed_on = (Turn.REASSIGNED, "housing-1", LATER if moved_first else due)
    turned = [(each.turn, each.owner, each.due) for each in held.turns]
    assert turned == ([moved, handed_on] if moved_first else [handed_on, moved])


def typed_last(case: Case | None, fact: Recorded[CaseEvent]) -> Case | None:
    """The control: whoever was typed in last leads."""
    held = case_stream.evolve(case, fact)
    match fact.event:
        case CoordinatorAllocated(worker=worker) | CoordinatorChanged(worker=worker):
            return held and replace(held, lead=worker)
        case _:
            return held


HANA, SAM = Worker("hal", "housing-1"), Worker("sam", "strict-1")


def test_a_fold_by_which_the_last_that_was_typed_wins_is_caught():
    facts = told((40, CoordinatorChanged(HANA, LEAD)), (20, CoordinatorChanged(SAM, LEAD)))
    assert depends_on_typing(typed_last, facts)
    assert not depends_on_typing(case_stream.evolve, facts)


def pairs(case: Case) -> Iterator[tuple[str, datetime | None, datetime | None]]:
    """What comes first, and what comes after it."""
    for held in case.actions:
        yield "handed", held.offered_at, held.handed_at
        yield "answered", held.handed_at, held.answered_at
        yield "changed", held.offered_at, held.due_changed_at
        if held.completed_on is None:
            yield "ended", held.handed_at, held.ended_at
        else:
            assert london_day(held.handed_at) <= held.completed_on
            yield "done", held.handed_at, held.ended_at
    for held in case.goals:
        yield "achieved", held.set_at, held.ended_at
        yield "last scored", held.scored_at, held.ended_at
        yield from (("scored", held.set_at, each.at) for each in held.scores)
    yield from (("ended", held.authorised_at, held.ended_at) for held in case.disclosures)
    yield from (("left", held.since, held.ended_at) for held in case.involvements)
    yield from (("met", held.since, held.met_at) for held in case.unmet_needs)
    yield from (("resolved", held.since, held.resolved_at) for held in case.recusals)
    yield from (("reviewed", held.arranged_at, held.held_at) for held in case.reviews)
    if case.plan:
        yield "written", case.plan.agreed_at, case.plan.written_at
    milestones = msgspec.structs.asdict(case.milestones)
    begun = milestones.pop("received_at")
    yield from ((name, begun, when) for name, when in milestones.items() if isinstance(when, datetime))


def impossible(case: Case) -> list[str]:
    return [name for name, first, then in pairs(case) if first and then and then < first]


@for_any(seeds)
def test_whatever_is_accepted_has_times_that_can_be_true(random: Random):
    facts = a_history(random)
    assert impossible(fold_recorded(facts)) == []
    assert all(fact.envelope.occurred_at >= START for fact in facts if fact.topic != "ReferralAttached")


def test_times_that_cannot_be_true_are_caught():
    wrong = told((20, GoalAchieved(goal.goal)), (-400, GoalScored(goal.goal, 3, "review")))
    assert impossible(fold_recorded(wrong)) == ["scored"]


# The present follows the order of occurrence


def test_a_score_of_january_typed_after_marchs_is_not_the_score():
    facts = told((60, GoalScored(goal.goal, 3, "review")), (5, GoalScored(goal.goal, 2, "baseline")))
    held = fold_recorded(facts).goals[0]
    assert (held.score, held.stage, held.scored_at) == (3, "review", START + 60 * DAY)
    assert [each.score for each in held.scores] == [2, 3]


def test_a_late_score_that_reached_the_target_then_does_not_achieve_the_goal_now():
    facts = told((60, GoalScored(goal.goal, 3, "review")))
    case = after(facts, ScoreGoal(CASE, goal.goal, goal.target, "baseline"), at(5))
    assert (case.goals[0].state, case.goals[0].score) == (GoalState.OPEN, 3)
    # The same score again, later, is a score of its own.
    case = after(facts, ScoreGoal(CASE, goal.goal, 2, "baseline"), at(5))
    assert len(case.goals[0].scores) == 2


AGREED, WITHDRAWN = SupportAgreed(AgreedBy.PERSON, "support-and-meeting"), AgreementWithdrawn(AgreedBy.PERSON)


def test_an_agreement_of_the_first_does_not_undo_the_withdrawal_of_the_tenth():
    facts = told((0, AGREED), (9, WITHDRAWN))
    with pytest.raises(RefusedSince):
        decide(fold_recorded(facts), RecordAgreement(CASE), at(1))
    assert fold_recorded([*facts, *told((1, AGREED))[-1:]]).agreement is Agrees.NO


def test_a_withdrawal_of_the_first_does_not_undo_the_agreement_of_the_tenth():
    facts = told((0, AGREED), (9, WITHDRAWN), (12, AGREED))
    case = after(facts, WithdrawAgreement(CASE), at(5))
    assert (case.agreement, case.disclosures_to_review) == (Agrees.YES, False)
    assert [each.agrees for each in case.answers] == [Agrees.YES, Agrees.NO, Agrees.NO, Agrees.YES]
    # What held already then is not said again.
    assert decide(fold_recorded(facts), WithdrawAgreement(CASE), at(10)) == []


def test_a_disclosure_from_before_the_withdrawal_waits_to_be_reviewed_however_late_it_is_typed():
    (disclosure,) = (event for event in SHARED if type(event).__name__ == "DisclosureAuthorised")
    without = [event for event in SHARED if event is not disclosure]
    facts = told((1, AGREED), (9, WITHDRAWN), (5, disclosure), after=without)
    assert fold_recorded(facts).disclosures_to_review
    assert not fold_recorded(told((1, AGREED), (9, WITHDRAWN), (10, disclosure), after=without)).disclosures_to_review


def test_an_older_lead_does_not_replace_the_present_one():
    facts = told((40, CoordinatorChanged(HANA, LEAD)))
    case = after(facts, AllocateCoordinator(CASE, "sam", "strict-1"), at(20))
    assert case.lead == HANA
    assert [held.worker for held in case.allocations] == [LEAD, SAM, HANA]
    (fact,) = decide(fold_recorded(facts), AllocateCoordinator(CASE, "sam", "strict-1"), at(20))
    assert fact == CoordinatorChanged(SAM, LEAD)
    assert decide(case, AllocateCoordinator(CASE, "sam", "strict-1"), at(20)) == []
    assert fold(CASES, chosen(facts, Moment(occurred_at=START + 30 * DAY))).lead == LEAD


def test_the_latest_proposal_names_the_presenter_whichever_was_typed_last():
    def proposal(number: int, by: Worker) -> MeetingProposed:
        return MeetingProposed(uid(number), "weekly", ProposalPurpose.NEW, by, "snn")

    case = fold_recorded(told((9, proposal(40, HANA)), (4, proposal(41, LEAD))))
    assert presenter(case, "weekly") == HANA.user


# The day that is said counts


REVIEW = ClockRule("max-support", "PlanAgreed", "CaseClosed", Span(6, Unit.MONTH))
CLOSED_IN_JUNE = CloseCase(CASE, "goals-achieved", date(2026, 6, 20), TEXT)
SEPTEMBER = replace(GIVEN, at=datetime(2026, 9, 25, 9, tzinfo=UTC))


def closed_late() -> list[Recorded[Any]]:
    """Closed on 20 June, as was recorded on 25 September."""
    facts = told(after=(*SHARED, planned))
    closed = decide(fold_recorded(facts), CLOSED_IN_JUNE, SEPTEMBER)
    return [*facts, *(recorded(event, SEPTEMBER.at, version=99) for event in closed)]


def test_a_case_closed_in_june_and_recorded_in_september_was_closed_in_june():
    facts = closed_late()
    closed_at = fold_recorded(facts).milestones.closed_at
    assert closed_at is not None
    assert london_day(closed_at) == date(2026, 6, 20)
    assert clock(REVIEW, START, closed_at, SEPTEMBER.at).state is ClockState.MET
    july = datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert fold(CASES, chosen(facts, Moment(occurred_at=july))).state is CaseState.CLOSED
    assert fold(CASES, chosen(facts, Moment(recorded_at=july))).state is CaseState.IN_SUPPORT
    assert fold(CASES, chosen(facts, Moment(occurred_at=datetime(2026, 6, 20, 12, tzinfo=UTC)))).live


def test_reopening_counts_from_the_day_on_which_it_closed_and_not_from_the_recording():
    case = fold_recorded(closed_late())
    last = datetime(2026, 12, 17, 23, 30, tzinfo=UTC)  # 180 days after 20 June
    assert decide(case, ReopenCase(CASE, TEXT), replace(GIVEN, at=last)) != []
    with pytest.raises(ReopenTooLate) as refused:
        decide(case, ReopenCase(CASE, TEXT), replace(GIVEN, at=last + DAY))
    assert refused.value.details["closed_on"] == "2026-06-20"


def test_an_action_done_in_time_and_recorded_late_was_done_in_time():
    late = replace(BY_OWNER, at=datetime(2026, 4, 30, 9, tzinfo=UTC))
    case = after(told(after=OFFERED), CompleteAction(CASE, offered.action, "done", date(2026, 3, 18)), late)
    (action,) = case.actions
    assert (action.state, action.completed_on) == (ActionState.COMPLETED, date(2026, 3, 18))
    assert action.ended_at is not None
    assert london_day(action.ended_at) == date(2026, 3, 18) < offered.due
    # Although its owner said only afterwards that they take it on.
    done = ActionCompleted(offered.action, "done", date(2026, 3, 18))
    either = [told((30, ActionAccepted(offered.action, "hana")), (30, done), after=OFFERED)]
    either.append(by_occurrence(either[0]))
    assert [fold_recorded(facts).actions[0].state for facts in either] == [ActionState.COMPLETED] * 2


def test_a_review_held_half_an_hour_into_the_london_day_is_due_on_it():
    held = datetime(2026, 6, 7, 23, 30, tzinfo=UTC)  # Monday 8 June, 00:30
    review = recorded(ReviewHeld(uid(22), 1, ReviewDecision.CHANGE), held, version=99)
    assert fold_recorded([*told(), review]).reviews[0].due == date(2026, 6, 8)


def test_what_came_after_the_end_opens_nothing_again():
    early = replace(GIVEN, at=START + 90 * DAY)
    facts = told((60, planned), after=PLANNED)
    case = fold_recorded(facts)
    closed = CaseClosed("moved-away", ClosureClass.COMPETING_NEUTRAL, date(2026, 3, 20), TEXT, CLOSED_NOTHING)
    both = [recorded(closed, early.at, version=99), recorded(ReviewHeld(uid(22), 1, ReviewDecision.CHANGE), early.at)]
    for last in ([*facts, *both], [*facts, *reversed(both)]):
        assert fold_recorded(last).state is CaseState.CLOSED
    assert case.state is CaseState.IN_SUPPORT


CLOSED_NOTHING = case_stream.closing.measure(fold_recorded(told()).milestones, date(2026, 3, 20))


# What cannot be true is refused, with the earliest that can be


def refused(facts: list[Recorded[Any]], command: CaseCommand, when: Given) -> dict[str, str]:
    with pytest.raises(OutOfRange) as found:
        decide(fold_recorded(facts), command, replace(when, now=START + 300 * DAY))
    return found.value.details


def test_a_conversation_years_before_the_referral_is_refused_with_the_earliest_and_the_latest():
    talk = RecordConversation(CASE, uid(5), ConversationFormat.HOME, TEXT)
    found = refused(told(after=ACCEPTED), talk, at(-16))
    assert found == {
        "field": "occurredAt",
        "earliest": START.isoformat(),
        "latest": (START + 300 * DAY).isoformat(),
    }
    # The first conversation may come before the referral is accepted: then the case waits for its meeting.
    talked = told(after=ACCEPTED[:1])
    talked += [recorded(event, START + DAY, version=9) for event in ACCEPTED[1:]]
    assert after(talked, talk, at(0.5)).state is CaseState.AWAITING_MEETING


def test_a_case_is_not_reopened_before_all_that_is_known_of_it():
    assert refused(closed_late(), ReopenCase(CASE, TEXT), replace(GIVEN, at=START + 50 * DAY))["earliest"] == (
        SEPTEMBER.at.isoformat()
    )


def test_an_action_is_not_answered_done_or_moved_before_it_was_offered():
    facts = told(after=OFFERED)
    offered_at = fold_recorded(facts).actions[0].offered_at.isoformat()
    for command in (
        RespondToAction(CASE, offered.action, ActionAnswer.ACCEPT),
        ChangeActionDue(CASE, offered.action, date(2026, 5, 1), TEXT),
    ):
        assert refused(facts, command, at(0.1, BY_OWNER))["earliest"] == offered_at
    done = refused(facts, CompleteAction(CASE, offered.action, "done", date(2026, 3, 1)), at(9, BY_OWNER))
    assert done == {"field": "completedOn", "earliest": "2026-03-02", "latest": "2026-03-11"}


def test_an_episode_ends_from_its_beginning_to_today():
    early = refused(told(), replace(CLOSED_IN_JUNE, closed_on=date(2026, 3, 1)), SEPTEMBER)
    assert early == {"field": "closedOn", "earliest": "2026-03-02", "latest": "2026-09-25"}


# Meetings


def running(until: int) -> Meeting:
    meeting: Meeting | None = None
    for minute, command in enumerate(RUNNING):
        for event in decide_meeting(meeting, command, replace(CHAIR, at=CHAIR.at + timedelta(minutes=minute))):
            meeting = evolve_meeting(meeting, event, CHAIR.at + timedelta(minutes=minute))
    assert meeting is not None
    return meeting


def test_an_item_is_not_closed_before_it_was_opened():
    meeting = running(0)
    item, opened_at = meeting.items[0].item, CHAIR.at + timedelta(hours=4)
    (opened,) = decide_meeting(meeting, OpenItem(M, item, override_reason=TEXT), replace(CHAIR, at=opened_at))
    held = evolve_meeting(meeting, opened, opened_at)
    with pytest.raises(OutOfRange) as found:
        decide_meeting(held, CloseItem(M, item), replace(CHAIR, at=opened_at - timedelta(hours=3)))
    assert found.value.details["earliest"] == opened_at.isoformat()
    assert decide_meeting(held, CloseItem(M, item), replace(CHAIR, at=opened_at)) != []


@for_any(st.lists(st.tuples(st.integers(-600, 600), st.sampled_from(EVERY)), max_size=40))
def test_a_meeting_has_times_that_can_be_true_whatever_is_typed_in_when(wanted: list[tuple[int, Any]]):
    meeting: Meeting | None = running(0)
    for minute, command in wanted:
        when = CHAIR.at + timedelta(minutes=minute)
        try:
            events = decide_meeting(meeting, command, replace(CHAIR, at=when))
        except Refused:
            continue
        for event in events:
            meeting = evolve_meeting(meeting, event, when)
    assert meeting is not None
    spans = [(item.opened_at, item.closed_at) for item in meeting.items]
    spans += [(stay.joined_at, stay.left_at) for held in meeting.attendance for stay in held.stays]
    spans += [(meeting.published_at, meeting.started_at), (meeting.started_at, meeting.ended_at)]
    spans += [(meeting.ended_at, meeting.confirmed_at)]
    spans += [(meeting.started_at, item.opened_at) for item in meeting.items]
    assert [(first, then) for first, then in spans if first and then and then < first] == []


def instantly(held_at: datetime) -> RecordInstantDiscussion:
    seats = (Participant("cora", "snn"), Participant("hana", "housing-1"))
    until = held_at + timedelta(minutes=10)
    return RecordInstantDiscussion(uid(50), PROGRAMME.key, "weekly", uid(51), CASE, held_at, until, seats, update=TEXT)


def test_an_instant_discussion_was_held_by_now_and_not_before_the_case_was_there():
    case = fold_recorded(told((0, AGREED), after=SHARED))
    with pytest.raises(HeldTooLongAgo):
        decide_in_meeting(None, case, instantly(datetime(2099, 1, 1, 9, tzinfo=UTC)), at(1))
    with pytest.raises(OutOfRange) as found:
        decide_in_meeting(None, case, instantly(START - timedelta(hours=1)), at(1))
    assert (found.value.details["field"], found.value.details["earliest"]) == ("held_at", START.isoformat())
    assert decide_in_meeting(None, case, instantly(START + timedelta(hours=9)), at(1))[0]


def test_the_referral_that_opened_a_case_is_true_from_its_receipt_on():
    facts = [recorded(ACCEPTED[0], START + 9 * DAY)]
    assert isinstance(facts[0].event, ReferralReceived)
    assert chosen(facts, Moment(occurred_at=START + DAY)) == facts
    assert chosen(facts, Moment(recorded_at=START + DAY)) == []


def test_nothing_that_is_typed_in_at_its_time_is_refused_for_it():
    case_given(*OFFERED).when(CompleteAction(CASE, offered.action, "done", NOW.date()), BY_OWNER).recorded(
        ActionAccepted, ActionCompleted
    )

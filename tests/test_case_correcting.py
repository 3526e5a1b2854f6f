"""What was recorded wrongly is put right, or withdrawn once a second person agrees; nobody learns of it who could not
know of the entry.
"""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.access import learning
from catch.access.learning import Told, entry_shown, told
from catch.access.seeing import RedactionReason, Sight
from catch.domain.case import CaseCommand, decide, entries, evolve
from catch.domain.case.clocks import clocks_of
from catch.domain.case.coordination import ConversationHeld
from catch.domain.case.correcting import (
    ApproveEntryWithdrawal,
    CorrectEntry,
    CorrectMeasure,
    EntryCorrected,
    EntryWithdrawalRefused,
    EntryWithdrawalRequested,
    EntryWithdrawn,
    MeasureCorrected,
    RefuseEntryWithdrawal,
    RequestEntryWithdrawal,
    UnknownWithdrawal,
    WithdrawalAlreadyRequested,
    WithdrawalAnswered,
)
from catch.domain.case.entries import KEPT, NoSuchText, UnknownEntry
from catch.domain.case.information import InformationRequested
from catch.domain.case.measures import TotalsDiffer
from catch.domain.case.milestones import MilestoneAlreadyReached, MilestoneReached, ReachMilestone
from catch.domain.case.notes import AddNote, NoteAdded
from catch.domain.case.rules import AskedByYourself
from catch.domain.case.state import (
    Case,
    CaseState,
    ConversationFormat,
    Entry,
    EntryField,
    KindOfEntry,
    WithdrawReason,
    Worker,
)
from catch.domain.facts import Category, Recorded, Sealed
from catch.domain.given import Given
from catch.domain.programme.clocks import ClockState
from catch.domain.programme.configuration import ClockRule, Span, Unit
from catch.domain.refusals import OutOfRange
from catch.history.past import Moment, chosen
from catch.readside import projection
from projections import outcomes
from tests.cases import ACCEPTED, CASE, GIVEN, LEAD, NOW, START, TEXT, case_given, fold_recorded, folded, recorded, uid
from tests.test_case_measures import LICENSED, TODAY, ticked
from tests.test_case_measures import recorded as measured
from tests.test_order_of_occurrence import DAY, ENTRIES, a_history, at, depends_on_typing
from tests.test_order_of_occurrence import told as lately

NOTE, MADE, ASKED = uid(61), uid(75), uid(76)
RIGHT, WHY = Sealed("cmlnaHQ="), Sealed("d2h5")
added = NoteAdded(NOTE, Category.PLAN, TEXT, Worker("hana", "housing-1"), frozenset({"housing-1"}))
entry = Entry(KindOfEntry.NOTE, NOTE, NOW, Category.PLAN, "housing-1", frozenset({"housing-1"}))
correct = CorrectEntry(CASE, MADE, KindOfEntry.NOTE, NOTE, EntryField.TEXT, RIGHT, WHY)
corrected = EntryCorrected(MADE, entry, EntryField.TEXT, RIGHT, WHY, LEAD)
ask = RequestEntryWithdrawal(CASE, ASKED, KindOfEntry.NOTE, NOTE, WithdrawReason.WRONG_PERSON, WHY)
asked = EntryWithdrawalRequested(ASKED, entry, WithdrawReason.WRONG_PERSON, WHY, LEAD)
approve, refuse = ApproveEntryWithdrawal(CASE, ASKED), RefuseEntryWithdrawal(CASE, ASKED, WHY)
gone, kept = EntryWithdrawn(ASKED, entry, WithdrawReason.WRONG_PERSON), EntryWithdrawalRefused(ASKED, WHY)
ANOTHER = replace(GIVEN, by=replace(GIVEN.by, user="cody"))
NOTED = (*ACCEPTED, added)


# Putting right


def test_a_note_reads_as_it_should_have_and_says_who_put_it_right():
    outcome = case_given(*NOTED).when(correct, GIVEN).then(corrected)
    assert outcome.state is not None
    assert [held.text for held in outcome.state.notes] == [RIGHT]
    assert [(held.by, held.reason) for held in outcome.state.corrections] == [(LEAD, WHY)]
    case_given(*NOTED, corrected).when(correct, GIVEN).then()
    again = replace(correct, correction=uid(77), text=TEXT)
    outcome = case_given(*NOTED, corrected).when(again, GIVEN).recorded(EntryCorrected)
    assert outcome.state is not None
    assert [held.text for held in outcome.state.notes] == [TEXT]


def test_what_was_put_right_earlier_does_not_go_before_what_was_put_right_since():
    right = CorrectMeasure(CASE, MADE, measured.measure, TODAY, WHY, ticked(5, 5, 5, 5, 5, 5, 5))
    once_more = replace(right, correction=uid(77), readings=ticked(1, 1, 1, 1, 1, 1, 1))
    for before, first, then, given in (
        (NOTED, correct, replace(correct, correction=uid(77), text=TEXT), GIVEN),
        ((*ACCEPTED, measured), right, once_more, LICENSED),
    ):
        facts = [recorded(event, NOW, version=place) for place, event in enumerate(before, start=1)]
        day = replace(given, at=NOW + timedelta(days=3))
        facts += [recorded(each, day.at, version=9) for each in decide(fold_recorded(facts), first, day)]
        with pytest.raises(OutOfRange) as early:
            decide(fold_recorded(facts), then, replace(given, at=NOW + timedelta(days=1)))
        assert early.value.details == {"field": "occurredAt", "earliest": day.at.isoformat()}
        # Of another text of the same entry nothing was said yet, and the same at its time is taken.
        assert decide(fold_recorded(facts), then, replace(given, at=NOW + timedelta(days=4)))


def test_what_is_not_there_or_was_not_said_is_not_put_right():
    case_given(*ACCEPTED).when(correct, GIVEN).refused(UnknownEntry)
    case_given(*NOTED).when(replace(correct, among=KindOfEntry.CONVERSATION), GIVEN).refused(UnknownEntry)
    case_given(*NOTED).when(replace(correct, which=EntryField.WHAT), GIVEN).refused(NoSuchText, known="text")
    question = (*ACCEPTED, InformationRequested(uid(66), TEXT, TEXT, TODAY))
    early = replace(correct, among=KindOfEntry.REQUEST, entry=uid(66))
    case_given(*question).when(early, GIVEN).refused(NoSuchText, known="whom, what")
    before = replace(GIVEN, at=NOW - timedelta(minutes=1))
    case_given(*NOTED).when(correct, before).refused(OutOfRange, field="occurredAt")


def test_what_is_restricted_and_stands_in_an_older_case_is_as_if_it_were_not_there():
    hidden = replace(added, category=Category.RESTRICTED)
    for command in (correct, ask):
        case_given(*ACCEPTED, hidden).when(command, GIVEN).refused(UnknownEntry)


def test_a_measure_is_scored_anew():
    right = CorrectMeasure(CASE, MADE, measured.measure, TODAY, WHY, ticked(5, 5, 5, 5, 5, 5, 5))
    outcome = case_given(*ACCEPTED, measured).when(right, LICENSED).recorded(MeasureCorrected)
    assert outcome.state is not None
    (held,) = outcome.state.measures
    assert (held.raw_total, held.metric_total, held.instrument) == (35, 35.0, "swemwbs")
    case_given(*ACCEPTED, measured, *outcome.events).when(right, LICENSED).then()
    case_given(*ACCEPTED, measured).when(replace(right, raw_total=9), LICENSED).refused(TotalsDiffer)
    case_given(*ACCEPTED).when(right, LICENSED).refused(UnknownEntry)


def test_every_text_of_every_kind_of_entry_is_one_that_it_has():
    case = folded(*ACCEPTED)
    for kind, where in KEPT.items():
        assert getattr(case, where.parts) == (), kind
    assert {kind for kind, _ in ENTRIES} | {KindOfEntry.MEASURE} == {*KindOfEntry}


# Withdrawing


def test_an_entry_goes_once_somebody_else_says_so():
    case_given(*NOTED).when(ask, GIVEN).then(asked)
    case_given(*NOTED, asked).when(ask, GIVEN).then()
    assert folded(*NOTED, asked).notes != ()
    outcome = case_given(*NOTED, corrected, asked).when(approve, ANOTHER).then(gone)
    assert outcome.state is not None
    assert (outcome.state.notes, outcome.state.corrections) == ((), ())
    case_given(*NOTED, asked, gone).when(approve, ANOTHER).then()
    case_given(*NOTED, asked, gone).when(refuse, ANOTHER).refused(WithdrawalAnswered)


@pytest.mark.parametrize("answer", [approve, refuse])
def test_nobody_answers_what_they_have_asked_themselves(answer: CaseCommand):
    case_given(*NOTED, asked).when(answer, GIVEN).refused(AskedByYourself)
    case_given(*NOTED).when(answer, ANOTHER).refused(UnknownWithdrawal)


def test_what_is_not_withdrawn_stands_and_may_be_asked_about_anew():
    outcome = case_given(*NOTED, asked).when(refuse, ANOTHER).then(kept)
    assert outcome.state is not None
    assert len(outcome.state.notes) == 1
    case_given(*NOTED, asked, kept).when(refuse, ANOTHER).then()
    case_given(*NOTED, asked, kept).when(approve, ANOTHER).refused(WithdrawalAnswered)
    again = replace(ask, withdrawal=uid(77))
    case_given(*NOTED, asked).when(again, ANOTHER).refused(WithdrawalAlreadyRequested, by="cora")
    case_given(*NOTED, asked, kept).when(again, GIVEN).recorded(EntryWithdrawalRequested)


def test_what_was_withdrawn_does_not_come_back_by_being_sent_again():
    send = AddNote(CASE, NOTE, Category.PLAN, TEXT)
    case_given(*NOTED, asked, gone).when(send, GIVEN).then()
    case_given(*NOTED, asked, gone).when(replace(send, note=uid(62)), GIVEN).recorded(NoteAdded)
    case_given(*NOTED, asked, gone).when(correct, GIVEN).refused(UnknownEntry)


TALK = ConversationHeld(uid(5), ConversationFormat.PHONE, TEXT)
OF_TALK = Entry(KindOfEntry.CONVERSATION, uid(5), NOW, Category.PLAN)
NO_TALK = EntryWithdrawn(ASKED, OF_TALK, WithdrawReason.WRONG_PERSON)


def test_a_conversation_with_somebody_else_was_none():
    assert folded(*ACCEPTED, TALK).state is CaseState.AWAITING_MEETING
    case = folded(*ACCEPTED, TALK, NO_TALK)
    assert (case.state, case.milestones.conversation_at, case.conversations) == (CaseState.ACCEPTED, None, ())
    row = None
    for place, fact in enumerate((*ACCEPTED, TALK, replace(TALK, conversation=uid(6))), start=1):
        row = outcomes.fold(row, recorded(fact, NOW + timedelta(days=place), version=place), CASE)
    left = outcomes.fold(row, recorded(NO_TALK, NOW + timedelta(days=9), version=9), CASE)
    assert left is not None
    assert left.episodes[0].conversation_at == NOW + timedelta(days=4)


# Looking back


def test_as_it_was_known_both_are_there_and_as_it_was_true_the_right_one():
    times = (START, START, NOW, NOW + timedelta(days=5), NOW + timedelta(days=6), NOW + timedelta(days=7))
    facts = [
        recorded(fact, at, version=place)
        for place, (fact, at) in enumerate(zip((*NOTED, corrected, asked, gone), times, strict=True), start=1)
    ]

    def texts(**moment: Any) -> list[Sealed]:
        return [held.text for held in fold_recorded(chosen(facts, Moment(**moment))).notes]

    assert texts(recorded_at=NOW + timedelta(days=1)) == [TEXT]
    assert texts(recorded_at=NOW + timedelta(days=5)) == [RIGHT]
    assert texts(recorded_at=NOW + timedelta(days=8)) == []
    assert texts(occurred_at=NOW + timedelta(days=1)) == []
    without_withdrawal = chosen(facts[:-2], Moment(occurred_at=NOW + timedelta(days=1)))
    assert [held.text for held in fold_recorded(without_withdrawal).notes] == [RIGHT]
    assert texts(occurred_at=START + timedelta(days=1)) == []


seeds = st.integers(0, 2**32).map(Random)


@for_any(seeds)
def test_a_history_with_corrections_says_the_same_in_whatever_order_it_is_folded(random: Random):
    facts = a_history(random)
    assert not depends_on_typing(evolve, facts)


def test_such_histories_put_right_and_withdraw():
    found: set[type[Any]] = {type(fact.event) for seed in range(500) for fact in a_history(Random(seed))}
    assert {EntryCorrected, EntryWithdrawalRequested, EntryWithdrawn, EntryWithdrawalRefused} <= found


def test_control_a_withdrawal_that_is_true_only_since_it_was_said_is_told_from_one_that_always_was(
    monkeypatch: pytest.MonkeyPatch,
):
    def as_said(_: object, at: datetime) -> datetime:
        return at

    monkeypatch.setattr(projection, "true_from", as_said)
    with pytest.raises(AssertionError):
        test_as_it_was_known_both_are_there_and_as_it_was_true_the_right_one()


def test_control_a_course_that_keeps_the_withdrawn_step_is_caught(monkeypatch: pytest.MonkeyPatch):
    def kept_as_it_is(case: Case, *_: object) -> Case:
        return case

    monkeypatch.setattr(entries, "unstepped", kept_as_it_is)
    with pytest.raises(AssertionError):
        test_a_conversation_with_somebody_else_was_none()


# Who is told

categories = st.frozensets(st.sampled_from([each for each in Category if each is not Category.RESTRICTED]))
agencies = st.sampled_from(["snn", "housing-1", "police-1"])
sights = st.builds(
    Sight,
    categories,
    st.sampled_from([RedactionReason.ROLE, RedactionReason.NO_DISCLOSURE, RedactionReason.NOT_INVOLVED]),
    agencies,
    everything=st.booleans(),
    part=st.booleans(),
)
noted = st.builds(
    NoteAdded,
    st.just(NOTE),
    st.sampled_from(Category),
    st.just(TEXT),
    st.builds(Worker, st.just("u"), agencies),
    st.frozensets(agencies),
)


@for_any(sights, noted)
def test_whoever_is_not_told_of_a_note_is_told_nothing_of_what_became_of_it(seen: Sight, note: NoteAdded):
    whose = Entry(KindOfEntry.NOTE, NOTE, NOW, note.category, note.by.agency, note.audience)
    case = folded(*ACCEPTED, note)
    later = NOW + timedelta(days=1)
    for fact in (replace(corrected, entry=whose), replace(gone, entry=whose)):
        assert told(seen, case, fact, later) is told(seen, case, note, later)
    for fact in (replace(asked, entry=whose), kept):
        assert told(seen, case, fact, later) is Told.UNTOLD or seen.everything


def test_control_a_correction_told_by_its_category_alone_is_caught(monkeypatch: pytest.MonkeyPatch):
    def careless(seen: Sight, entry: Entry) -> bool:
        return entry.category in seen.categories

    police = Sight(frozenset({Category.PLAN}), RedactionReason.NO_DISCLOSURE, "police-1", part=True)
    assert not entry_shown(police, entry)
    assert told(police, folded(*NOTED), corrected, NOW) is Told.UNTOLD
    monkeypatch.setattr(learning, "entry_shown", careless)
    assert told(police, folded(*NOTED), corrected, NOW) is Told.SHOWN
    with pytest.raises(AssertionError):
        test_whoever_is_not_told_of_a_note_is_told_nothing_of_what_became_of_it()


# A milestone


HOME = ReachMilestone(CASE, "home")
TO_HOME = ClockRule("to-home", "ReferralReceived", "MilestoneReached[milestone=home]", Span(15, Unit.DAY))


def test_a_milestone_that_was_recorded_too_early_is_withdrawn_and_reached_anew():
    """Its clock goes on as if it had never been, and stops when it really came about, too late."""

    def clock_at(facts: list[Recorded[Any]]) -> tuple[ClockState, datetime | None]:
        (held,) = clocks_of(fold_recorded(facts), (TO_HOME,), START + 30 * DAY)
        return held.state, held.stopped_at

    early, really = at(10), at(20)
    facts = lately((10, MilestoneReached("home")), after=ACCEPTED)
    (held,) = fold_recorded(facts).reached
    assert clock_at(facts) == (ClockState.MET, early.at)
    with pytest.raises(MilestoneAlreadyReached):
        decide(fold_recorded(facts), HOME, really)
    asking = RequestEntryWithdrawal(CASE, ASKED, KindOfEntry.MILESTONE, held.reached, WithdrawReason.ERROR, WHY)
    for command, by in ((asking, GIVEN), (approve, ANOTHER)):
        facts = [*facts, *typed_in(facts, command, replace(by, at=at(21).at))]
    assert fold_recorded(facts).reached == ()
    assert clock_at(facts) == (ClockState.BREACHED, None)
    facts = [*facts, *typed_in(facts, HOME, really)]
    assert clock_at(facts) == (ClockState.MISSED, really.at)
    assert not depends_on_typing(evolve, facts)
    # It may be reached at the very time that was withdrawn, after all.
    again = [*facts, *typed_in(facts, HOME, early)]
    assert clock_at(again) == (ClockState.MET, early.at)
    assert not depends_on_typing(evolve, again)


def typed_in(facts: list[Recorded[Any]], command: CaseCommand, given: Given) -> list[Recorded[Any]]:
    answer = decide(fold_recorded(facts), command, given)
    known = START + 300 * DAY
    return [recorded(each, given.at, version=len(facts) + 1 + place, known=known) for place, each in enumerate(answer)]

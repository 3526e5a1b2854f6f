"""What each fact changed, and what a replay shows: as known and as true at a time."""

from datetime import timedelta
from itertools import accumulate
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from catch.domain.case import CaseEvent
from catch.domain.case.actions import ActionAccepted, ActionDueChanged
from catch.domain.case.coordination import ConversationHeld
from catch.domain.case.disclosure import PartnerInvolvementEnded
from catch.domain.case.notes import NoteAdded
from catch.domain.case.state import ConversationFormat, Worker
from catch.domain.facts import Category, Fact, Recorded, Sealed
from catch.domain.streams import CASE as CASES
from catch.domain.streams import fold
from catch.history.changes import SEALED, Change, standing, steps
from catch.history.past import Moment, chosen
from tests.cases import (
    CASE,
    NOW,
    OFFERED,
    PERSON,
    SHARED,
    START,
    TEXT,
    accepted,
    allocated,
    disclosed,
    history,
    involved,
    offered,
    received,
    recorded,
    uid,
)
from tests.made import struct

EVENTS = st.sampled_from(CASES.events).flatmap(struct)
DAYS = st.integers(-40, 40).map(lambda days: timedelta(days=days))


def changes(*events: CaseEvent) -> list[Change]:
    """What the last of these events changed."""
    return list(steps(CASES, history(*events))[-1].changes)


def test_the_first_fact_makes_everything_from_nothing():
    found = {change.path: change for change in changes(received)}
    assert found["state"] == Change("state", None, "received")
    assert found["person"] == Change("person", None, str(PERSON))
    assert found["milestones"].after is not None
    assert '"needs":["loneliness"]' in (found["referrals[00000000-0000-0000-0000-000000000003]"].after or "")
    assert "last_activity_at" not in found


def test_a_change_inside_a_list_is_named_by_the_id_of_its_part():
    assert changes(*OFFERED, ActionAccepted(offered.action, "hana")) == [
        Change(f"actions[{offered.action}].state", "offered", "accepted"),
        Change(f"actions[{offered.action}].owner_user", None, "hana"),
        Change(f"actions[{offered.action}].answered_at", None, "2026-03-02T17:00:00Z"),
    ]


def test_a_part_that_is_new_is_told_whole_and_one_that_stays_is_not_told():
    (change,) = changes(*SHARED, offered)
    assert change.path == f"actions[{offered.action}]"
    assert change.before is None
    assert '"owner":"housing-1"' in (change.after or "")
    assert f'"title":"{SEALED}"' in (change.after or "")


def test_parts_without_an_id_of_their_own_are_told_apart_by_what_does():
    (change,) = changes(*SHARED, PartnerInvolvementEnded("housing-1"))
    assert change.path == "involvements[housing-1].ended_at"
    again = changes(*SHARED, PartnerInvolvementEnded("housing-1"), involved)
    assert [change.path for change in again] == ["involvements[1]"]


def test_days_and_plain_values_are_written_as_they_are():
    moved = ActionDueChanged(offered.action, offered.due, offered.due + timedelta(days=7), TEXT)
    due, *others = changes(*OFFERED, moved)
    turn = others[-1]
    assert due == Change(f"actions[{offered.action}].due", "2026-03-20", "2026-03-27")
    assert turn.path == f"actions[{offered.action}].turns[due-changed]"
    assert '"due":"2026-03-20"' in (turn.after or "")
    assert changes(received, accepted)[0] == Change("state", "received", "accepted")


def test_personal_text_stays_sealed_unless_its_plain_form_is_given():
    note = NoteAdded(uid(60), Category.PLAN, Sealed("c2VjcmV0"), Worker("cora", "snn"))
    facts = history(*SHARED, note)
    sealed = str(steps(CASES, facts)[-1].changes)
    assert "c2VjcmV0" not in sealed
    assert SEALED in sealed
    assert "she likes tea" in str(steps(CASES, facts, {Sealed("c2VjcmV0"): "she likes tea"})[-1].changes)


def test_a_fact_recorded_more_than_a_week_late_is_marked():
    on_time = recorded(accepted, NOW, known=NOW + timedelta(days=7))
    late = recorded(accepted, NOW, known=NOW + timedelta(days=7, seconds=1))
    assert [step.late for step in steps(CASES, [on_time, late])] == [False, True]


def test_where_a_stream_stands_is_the_sum_of_what_its_facts_did():
    found = {change.path: change.after for change in standing(CASES, history(*OFFERED))}
    assert found["state"] == "in-support"
    assert found["lead"] == '{"agency":"snn","user":"cora"}'
    assert f"actions[{offered.action}]" in found
    assert standing(CASES, history(accepted)) == []


TALKED = ConversationHeld(uid(5), ConversationFormat.HOME, TEXT)
LATE = START + timedelta(days=30)
BACK_DATED: list[Recorded[Any]] = [
    *history(received, accepted, allocated, disclosed),
    recorded(TALKED, START + timedelta(days=2), version=5, known=LATE),
]


def topics(facts: list[Recorded[Any]]) -> list[str]:
    return [fact.topic for fact in facts]


def test_a_back_dated_fact_changes_what_was_true_and_not_what_was_known():
    then = START + timedelta(days=10)
    known, true = chosen(BACK_DATED, Moment(recorded_at=then)), chosen(BACK_DATED, Moment(occurred_at=then))
    assert topics(known) == topics(BACK_DATED[:4])
    assert topics(true) == topics(BACK_DATED)
    before = [*BACK_DATED[:4]]
    assert steps(CASES, known) == steps(CASES, chosen(before, Moment(recorded_at=then)))
    assert steps(CASES, true) != steps(CASES, chosen(before, Moment(occurred_at=then)))
    assert fold(CASES, true).milestones.conversation_at == START + timedelta(days=2)
    assert fold(CASES, known).milestones.conversation_at is None


def test_both_times_together_ask_what_was_then_known_of_an_earlier_day():
    then = START + timedelta(days=10)
    assert topics(chosen(BACK_DATED, Moment(recorded_at=then, occurred_at=START + timedelta(hours=1)))) == [
        "ReferralReceived",
        "ReferralAccepted",
    ]
    assert chosen(BACK_DATED, Moment()) == BACK_DATED


def in_their_turn(made: list[tuple[Fact, timedelta, timedelta]]) -> list[Recorded[Any]]:
    """What occurred in any order, some of it told late; what is recorded later is never recorded earlier."""
    clock = accumulate((max(occurred + abs(later), timedelta()) for _, occurred, later in made), max)
    return [
        *history(received),
        *(
            recorded(event, START + occurred, version=place, known=START + known)
            for place, ((event, occurred, _), known) in enumerate(zip(made, clock, strict=True), start=2)
        ),
    ]


histories = st.lists(st.tuples(EVENTS, DAYS, DAYS), max_size=15).map(in_their_turn)


def replayed_after(shown: list[Recorded[Any]], moment: Any) -> list[str]:
    """The law: what a replay as known at a moment shows although nobody knew it then."""
    return [fact.topic for fact in shown if fact.recorded_at > moment]


@given(histories, DAYS)
def test_a_replay_as_known_shows_nothing_recorded_after(facts: list[Recorded[Any]], when: timedelta):
    moment = START + when
    shown = chosen(facts, Moment(recorded_at=moment))
    assert replayed_after(shown, moment) == []
    assert [fact for fact in facts if fact not in shown and fact.recorded_at <= moment] == []
    assert len(steps(CASES, shown)) == len(shown)


def test_a_replay_that_went_by_when_things_occurred_would_be_caught():
    moment = START + timedelta(days=10)
    wrong = [fact for fact in BACK_DATED if fact.envelope.occurred_at <= moment]
    assert replayed_after(wrong, moment) == ["ConversationHeld"]
    assert replayed_after(chosen(BACK_DATED, Moment(recorded_at=moment)), moment) == []


@given(histories)
def test_the_steps_add_up_whatever_happened(facts: list[Recorded[Any]]):
    shown = steps(CASES, facts)
    assert [step.recorded for step in shown] == facts
    assert all(change.before != change.after or SEALED in str(change) for step in shown for change in step.changes)
    assert CASE in {fact.stream for fact in facts}

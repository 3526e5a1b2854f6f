"""Every read model as a fold over lists of facts."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import projections
from catch.domain.case.actions import (
    ActionAccepted,
    ActionCancelled,
    ActionCompleted,
    ActionDeclined,
    ActionDueChanged,
    ActionNotPossible,
    ActionNotUndertaken,
    ActionProgressed,
    ActionReassigned,
)
from catch.domain.case.closing import CaseClosed, CaseReopened, Measured
from catch.domain.case.coordination import ConversationHeld, CoordinatorChanged
from catch.domain.case.disclosure import PartnerInvolvementEnded
from catch.domain.case.eligibility import ReferralDeclined
from catch.domain.case.goals import GoalAbandoned, GoalAchieved, GoalSet
from catch.domain.case.proposals import CaseDiscussed
from catch.domain.case.state import ActionState, CaseState, ConversationFormat, Discussion, Worker
from catch.domain.facts import Actor, Fact, Recorded, Role
from catch.domain.meeting.adding import AgendaItemAdded
from catch.domain.meeting.attendance import ApologyReceived, AttendeeJoined, AttendeeLeft, InterestDeclared
from catch.domain.meeting.deciding import DecisionRecorded, ItemActionLinked, ItemUpdateRecorded
from catch.domain.meeting.floor import ItemClosed, ItemDeferred, ItemNoted, ItemOpened
from catch.domain.meeting.instant import InstantDiscussionHeld, Participant
from catch.domain.meeting.invitations import InvitationWithdrawn, MemberInvited
from catch.domain.meeting.items import DecisionCode, DeferReason, ItemState, LinkedAction
from catch.domain.meeting.listing import Section
from catch.domain.meeting.planning import MeetingPlanned, MeetingRescheduled
from catch.domain.meeting.session import MeetingEnded, MeetingStarted, MinutesConfirmed
from catch.domain.meeting.state import OVER, InterestAction, MeetingState, Mode
from catch.domain.programme.configuration import ClosureClass
from catch.domain.streams import CASE as CASES
from catch.domain.streams import MEETING as MEETINGS
from catch.log.rows import columns
from catch.readside import as_at
from catch.statistics import Observation, Status
from projections import agency_inbox, agenda, case_summary, minutes, outcomes, timeline
from projections.outcomes import Episode
from tests.cases import (
    ACCEPTED,
    CASE,
    NOW,
    OFFERED,
    PLANNED,
    SHARED,
    START,
    TEXT,
    allocated,
    goal,
    history,
    offered,
    planned,
    received,
    recorded,
    uid,
)
from tests.made import struct

MEETING, ITEM, LATER = uid(50), uid(51), uid(52)
DAY = timedelta(days=1)
planned_meeting = MeetingPlanned(MEETING, "snn-catch", "weekly", NOW, 120, Mode.HYBRID, "carl")


def summary(*events: Fact) -> case_summary.Row:
    row = as_at(case_summary.CASE_SUMMARY, CASE, history(*events))
    assert isinstance(row, case_summary.Row)
    return row


def words_of(row: case_summary.Row) -> list[str]:
    return [each.token for each in row.viewers]


def test_a_row_of_every_read_model_can_be_a_table():
    for projection in projections.ALL:
        assert columns(projection.row)
        assert f"{projection.name}_v{projection.version}" == projection.table


def test_a_case_is_summed_up_as_it_stands():
    row = summary(*OFFERED)
    assert (row.state, row.live, row.lead_user, row.received_at) == (CaseState.IN_SUPPORT, True, "cora", START)
    assert words_of(row) == ["in/snn-catch", "coordinates/snn", "involved/housing-1", "referred/gp-1"]
    assert row.viewers[0].agencies == ("gp-1", "housing-1", "snn")
    assert (row.opened_at, row.position, row.version) == (1, len(OFFERED), len(OFFERED))
    assert row.case.actions[0].owner == "housing-1"


def test_a_partner_that_has_left_and_a_case_that_is_over_are_summed_up_as_that():
    left = summary(*SHARED, PartnerInvolvementEnded("housing-1"))
    assert words_of(left) == ["in/snn-catch", "coordinates/snn", "referred/gp-1"]
    assert not summary(received, ReferralDeclined("x")).live
    moved = CoordinatorChanged(Worker("hal", "housing-1"), allocated.worker)
    assert summary(*SHARED, moved).lead_user == "hal"


def test_facts_of_other_streams_concern_no_case():
    assert not case_summary.keys(recorded(planned_meeting, stream=MEETING))
    assert as_at(case_summary.CASE_SUMMARY, CASE, history(ReferralDeclined("x"))) is None


def entries(*events: Fact) -> agency_inbox.Row | None:
    row = as_at(agency_inbox.AGENCY_INBOX, agency_inbox.action_entry(CASE, offered.action), history(*OFFERED, *events))
    assert row is None or isinstance(row, agency_inbox.Row)
    return row


def test_an_action_waits_for_its_owner_until_it_ends():
    row = entries()
    assert row is not None
    assert (row.agency, row.state, row.due, row.case_id) == ("housing-1", ActionState.OFFERED, offered.due, CASE)
    accepted = entries(ActionAccepted(offered.action, "hana"))
    assert accepted is not None
    assert (accepted.state, accepted.user_id) == (ActionState.ACCEPTED, "hana")
    at_work = entries(ActionAccepted(offered.action, "hana"), ActionProgressed(offered.action, uid(31), TEXT))
    assert at_work is not None
    assert at_work.state is ActionState.IN_PROGRESS


@pytest.mark.parametrize(
    "ending",
    [
        ActionCompleted(offered.action, "done", NOW.date()),
        ActionNotPossible(offered.action, TEXT),
        ActionNotUndertaken(offered.action, TEXT),
        ActionCancelled(offered.action),
    ],
)
def test_an_ended_action_waits_for_nobody(ending: Fact):
    assert entries(ending) is None


def test_an_action_moves_with_its_owner_and_its_day():
    row = entries(ActionDeclined(offered.action, TEXT), ActionReassigned(offered.action, "fire-1", "housing-1"))
    assert row is not None
    assert (row.agency, row.state, row.user_id) == ("fire-1", ActionState.OFFERED, None)
    later = entries(ActionDueChanged(offered.action, offered.due, date(2026, 5, 1), TEXT))
    assert later is not None
    assert (later.due, later.original_due) == (date(2026, 5, 1), offered.due)


def test_an_entry_says_when_it_was_last_changed_and_nothing_else_moves_that():
    facts = history(*OFFERED, ActionDueChanged(offered.action, offered.due, date(2026, 5, 1), TEXT))
    entry = agency_inbox.action_entry(CASE, offered.action)
    for number, fact in enumerate(facts):
        row = as_at(agency_inbox.AGENCY_INBOX, entry, facts[: number + 1])
        if entry in {*agency_inbox.keys(fact)}:
            assert isinstance(row, agency_inbox.Row)
            assert (row.position, row.changed_at) == (fact.position, fact.recorded_at)
    last = as_at(agency_inbox.AGENCY_INBOX, entry, facts)
    # What else is said of the case, hidden from them or not, is no change of what waits for them.
    assert as_at(agency_inbox.AGENCY_INBOX, entry, [*facts, *history(SHARED[-1])]) == last


def test_an_actions_id_counts_inside_its_case():
    row = entries()
    assert row is not None
    assert row.action_id == offered.action
    stranger = agency_inbox.action_entry(uid(99), offered.action)
    assert {*agency_inbox.keys(recorded(offered, stream=uid(99)))} == {stranger} != {row.entry}
    # What another case says of an action with this id is not said of this one.
    assert as_at(
        agency_inbox.AGENCY_INBOX,
        row.entry,
        [*history(*OFFERED), recorded(ActionCancelled(offered.action), stream=uid(99))],
    )


def test_an_invitation_waits_until_it_is_withdrawn():
    key = agency_inbox.invitation(MEETING, "housing-1", None)
    invited = history(planned_meeting, MemberInvited("housing-1"), stream=MEETING)
    row = as_at(agency_inbox.AGENCY_INBOX, key, invited)
    assert isinstance(row, agency_inbox.Row)
    assert (row.agency, row.meeting_id, row.kind) == ("housing-1", MEETING, agency_inbox.EntryKind.INVITATION)
    withdrawn = history(planned_meeting, MemberInvited("housing-1"), InvitationWithdrawn("housing-1"), stream=MEETING)
    assert as_at(agency_inbox.AGENCY_INBOX, key, withdrawn) is None
    assert key != agency_inbox.invitation(MEETING, "housing-1", "hana")


# With that one a meeting begins that is over: nobody was invited to it.
@pytest.mark.parametrize("kind", [kind for kind in MEETINGS.events if kind is not InstantDiscussionHeld])
def test_what_an_invitation_says_changes_by_no_fact_but_those_that_an_open_inbox_is_told_of(kind: type[Fact]):
    """Of every kind of fact, at a meeting that is planned and at one that has begun."""

    @given(struct(kind))
    def moves(event: Fact):
        for before in ([planned_meeting], [planned_meeting, MeetingStarted(NOW, "carl", "1", "1", 2)]):
            was, now = (
                as_at(agenda.AGENDA, MEETING, history(*each, stream=MEETING)) for each in (before, [*before, event])
            )
            if isinstance(was, agenda.Row) and isinstance(now, agenda.Row):
                moved.append((was.moved, was.state in OVER) != (now.moved, now.state in OVER))

    moved = list[bool]()
    moves()
    assert any(moved) == (kind in agency_inbox.OF_MEETINGS)


def test_the_timeline_knows_which_facts_were_recorded_in_a_meeting():
    assert as_at(timeline.TIMELINE, 9, [recorded(offered, START, position=9, meeting=MEETING)]) == timeline.Row(
        9, MEETING
    )
    assert as_at(timeline.TIMELINE, 9, [recorded(offered, START, position=9)]) is None


on_agenda = AgendaItemAdded(ITEM, Section.NEW, 8, 1, case=CASE, number="0000-0000")
SITTING: tuple[Fact, ...] = (
    planned_meeting,
    on_agenda,
    AgendaItemAdded(LATER, Section.QUESTION, 5, 2, case=uid(7), number="0000-0001"),
    MeetingStarted(NOW, "carl", "1", "1", 2),
    AttendeeJoined("carl", "snn", NOW),
    AttendeeJoined("hana", "housing-1", NOW),
    ApologyReceived("pat", "police-1"),
    InterestDeclared(ITEM, "pia", "police-1", InterestAction.RECUSED),
    ItemOpened(ITEM, NOW, CASE, "cora"),
    ItemUpdateRecorded(ITEM, CASE, TEXT),
    DecisionRecorded(ITEM, uid(70), DecisionCode.CONTINUE, NOW, CASE),
    ItemActionLinked(ITEM, uid(30), "housing-1", CASE, uid(70)),
    ItemClosed(ITEM, NOW, NOW + timedelta(minutes=6), ("housing-1", "snn"), CASE),
    ItemDeferred(LATER, DeferReason.RAN_OUT_OF_TIME, 1, NOW, uid(7)),
    MeetingEnded(NOW + timedelta(hours=1)),
    MinutesConfirmed(NOW + DAY, "carl"),
)


def test_a_meeting_stands_in_the_agenda_with_the_cases_of_its_items():
    row = as_at(agenda.AGENDA, MEETING, history(*SITTING, stream=MEETING))
    assert isinstance(row, agenda.Row)
    assert (row.state, row.cases) == (MeetingState.MINUTES_CONFIRMED, (CASE, uid(7)))
    assert (row.programme, row.series, row.version) == ("snn-catch", "weekly", len(SITTING))
    assert row.meeting.items[0].decisions[0].decision == uid(70)


def taken(*events: Fact) -> minutes.Row:
    row = as_at(minutes.MINUTES, MEETING, history(*events, stream=MEETING))
    assert isinstance(row, minutes.Row)
    return row


def test_the_minutes_say_who_was_there_and_what_became_of_each_item():
    row = taken(*SITTING)
    assert [(each.user, each.apology) for each in row.people] == [("carl", False), ("hana", False), ("pat", True)]
    heard, deferred = row.entries
    assert (heard.item, heard.outcome, heard.minutes) == (ITEM, ItemState.DISCUSSED, 6.0)
    assert (heard.present, heard.recused, heard.case) == (("housing-1", "snn"), ("pia",), CASE)
    assert heard.update is not None
    assert heard.update.situation == TEXT
    assert [held.decision for held in heard.decisions] == [uid(70)]
    assert heard.actions == (LinkedAction(uid(30), "housing-1", uid(70)),)
    assert (deferred.item, deferred.deferred) == (LATER, DeferReason.RAN_OUT_OF_TIME)
    assert (row.started_at, row.ended_at) == (NOW, NOW + timedelta(hours=1))
    assert (row.confirmed_at, row.confirmed_by) == (NOW + DAY, "carl")


def test_entries_stand_in_the_order_in_which_items_were_taken():
    opened = ItemOpened(ITEM, NOW, CASE, "cora")
    row = taken(
        planned_meeting, InterestDeclared(ITEM, "pia", "p", InterestAction.LEAVES), ItemNoted(LATER, NOW), opened
    )
    assert [entry.item for entry in row.entries] == [LATER, ITEM]


def test_minutes_follow_a_meeting_to_its_new_day():
    moved = MeetingRescheduled(NOW + 7 * DAY, 90, NOW, TEXT)
    assert taken(planned_meeting, moved).starts_at == NOW + 7 * DAY


def test_an_instant_discussion_has_minutes_at_once():
    seats = (Participant("cora", "snn"), Participant("hana", "housing-1"))
    held = InstantDiscussionHeld(
        MEETING, "snn-catch", "weekly", ITEM, CASE, NOW, NOW + timedelta(minutes=9), Mode.REMOTE, "cora", seats, 2, TEXT
    )
    row = taken(held)
    (entry,) = row.entries
    assert (entry.minutes, entry.present, row.ended_at) == (9.0, ("housing-1", "snn"), NOW + timedelta(minutes=9))
    assert as_at(minutes.MINUTES, MEETING, history(MeetingEnded(NOW), stream=MEETING)) is None


def test_who_comes_twice_or_after_an_apology_is_there_once():
    left = AttendeeLeft("hana", "housing-1", NOW)
    joined = AttendeeJoined("hana", "housing-1", NOW)
    row = taken(planned_meeting, ApologyReceived("hana", "housing-1"), joined, left, joined)
    assert row.people == (minutes.Present("hana", "housing-1"),)


def at(day: float, event: Fact) -> tuple[datetime, Fact]:
    return START + day * DAY, event


def closed(day: int, ending: ClosureClass = ClosureClass.OUTCOME_ACHIEVED) -> CaseClosed:
    return CaseClosed("x", ending, (START + day * DAY).date(), TEXT, Measured(day))


def episodes(*facts: tuple[datetime, Fact]) -> tuple[Episode, ...]:
    opening = [recorded(received, START)]
    rest = [recorded(event, moment, version=place) for place, (moment, event) in enumerate(facts, start=2)]
    row = as_at(outcomes.OUTCOMES, CASE, [*opening, *rest])
    assert isinstance(row, outcomes.Row)
    return row.episodes


def test_an_episode_runs_from_the_referral_to_the_day_it_closed():
    (open_one,) = episodes(at(1, ACCEPTED[1]))
    assert (open_one.started_at, open_one.accepted_at, open_one.ended_at) == (START, START + DAY, None)
    (late,) = episodes(at(1, ACCEPTED[1]), at(40, closed(30)))
    assert late.ended_at is not None
    assert late.ended_at.date() == (START + 30 * DAY).date()
    assert late.ending is ClosureClass.OUTCOME_ACHIEVED


def test_first_moments_are_first_also_when_they_are_recorded_late():
    talked = ConversationHeld(uid(5), ConversationFormat.HOME, TEXT)
    again = CaseDiscussed(Discussion(uid(50), uid(51), START + 9 * DAY, START + 9 * DAY, ("snn",)))
    first = CaseDiscussed(Discussion(uid(52), uid(53), START + 4 * DAY, START + 4 * DAY, ("snn",)))
    (found,) = episodes(at(6, talked), at(3, talked), at(9, again), at(10, first), at(12, planned), at(11, planned))
    assert found.conversation_at == START + 3 * DAY
    assert found.discussed_at == START + 4 * DAY
    assert found.plan_at == START + 11 * DAY


TWO = (GoalSet(goal), GoalSet(replace(goal, goal=uid(28))))


def test_all_goals_achieved_is_an_outcome_before_any_closure():
    (found,) = episodes(at(5, TWO[0]), at(5, TWO[1]), at(20, GoalAchieved(goal.goal)), at(50, GoalAchieved(uid(28))))
    assert found.achieved_at == START + 50 * DAY
    (one_of_two,) = episodes(at(5, TWO[0]), at(5, TWO[1]), at(20, GoalAchieved(goal.goal)))
    assert one_of_two.achieved_at is None
    (given_up,) = episodes(
        at(5, TWO[0]), at(5, TWO[1]), at(20, GoalAbandoned(goal.goal)), at(50, GoalAchieved(uid(28)))
    )
    assert given_up.achieved_at is None


def test_a_reopened_case_begins_its_next_episode_with_the_goals_still_open():
    facts = (at(5, TWO[0]), at(30, closed(30, ClosureClass.PARTIAL_OUTCOME)), at(60, CaseReopened(2, TEXT)))
    first, second = episodes(*facts, at(80, GoalAchieved(goal.goal)))
    assert (first.number, first.ending) == (1, ClosureClass.PARTIAL_OUTCOME)
    assert (second.number, second.started_at, second.ended_at) == (2, START + 60 * DAY, None)
    assert (len(second.aims), second.achieved_at) == (1, START + 80 * DAY)


def test_the_last_goal_that_was_achieved_makes_the_outcome_and_not_the_last_that_was_typed_in():
    a, b = GoalAchieved(goal.goal), GoalAchieved(uid(28))
    for facts in ((at(46, a), at(15, b)), (at(15, b), at(46, a))):
        (found,) = episodes(at(5, TWO[0]), at(5, TWO[1]), *facts)
        assert found.achieved_at == START + 46 * DAY
    # A goal that was set when all others were achieved does not undo that they were.
    (again,) = episodes(at(5, TWO[0]), at(15, a), at(20, TWO[1]), at(46, b))
    assert again.achieved_at == START + 15 * DAY


def test_whoever_was_led_elsewhere_can_no_longer_reach_the_outcome_here():
    (found,) = episodes(at(3, ReferralDeclined("x")))
    assert (found.ended_at, found.ending) == (START + 3 * DAY, ClosureClass.COMPETING_NEUTRAL)


def episode(**fields: Any) -> Episode:
    return replace(Episode(1, START), **fields)


CUT_OFF = START + 100 * DAY
OBSERVED = {
    "open": (episode(), Observation(100, Status.CENSORED)),
    "achieved by closure": (
        episode(ended_at=START + 40 * DAY, ending=ClosureClass.OUTCOME_ACHIEVED),
        Observation(40, Status.TARGET, closed_days=40),
    ),
    "achieved by goals, still open": (episode(achieved_at=START + 20 * DAY), Observation(20, Status.TARGET)),
    "goals first, then closed": (
        episode(achieved_at=START + 20 * DAY, ended_at=START + 40 * DAY, ending=ClosureClass.COMPETING_NEUTRAL),
        Observation(20, Status.TARGET, closed_days=40),
    ),
    "moved away": (
        episode(ended_at=START + 10 * DAY, ending=ClosureClass.COMPETING_NEUTRAL),
        Observation(10, Status.COMPETING_NEUTRAL, closed_days=10),
    ),
    "part of it": (
        episode(ended_at=START + 10 * DAY, ending=ClosureClass.PARTIAL_OUTCOME),
        Observation(10, Status.COMPETING_NEUTRAL, closed_days=10),
    ),
    "disengaged": (
        episode(ended_at=START + 10 * DAY, ending=ClosureClass.COMPETING_ADVERSE),
        Observation(10, Status.COMPETING_ADVERSE, closed_days=10),
    ),
    "opened in error": (episode(ended_at=START + 10 * DAY, ending=ClosureClass.ADMINISTRATIVE), None),
    "opened in error, with goals": (
        episode(achieved_at=START + DAY, ended_at=START + 10 * DAY, ending=ClosureClass.ADMINISTRATIVE),
        None,
    ),
    "closed after the cut-off": (
        episode(ended_at=CUT_OFF + DAY, ending=ClosureClass.ADMINISTRATIVE),
        Observation(100, Status.CENSORED),
    ),
    "achieved after the cut-off": (episode(achieved_at=CUT_OFF + DAY), Observation(100, Status.CENSORED)),
    "begun after the cut-off": (Episode(1, CUT_OFF + DAY), None),
    "closed on the first day": (
        episode(ended_at=START, ending=ClosureClass.OUTCOME_ACHIEVED),
        Observation(0, Status.TARGET, closed_days=0),
    ),
    "brought in from a list": (
        episode(watched_from=START + 30 * DAY, ended_at=START + 40 * DAY, ending=ClosureClass.OUTCOME_ACHIEVED),
        Observation(40, Status.TARGET, entry_days=30, closed_days=40),
    ),
    "over before it was brought in": (
        episode(watched_from=START + 60 * DAY, ended_at=START + 40 * DAY, ending=ClosureClass.OUTCOME_ACHIEVED),
        Observation(40, Status.TARGET, entry_days=60, closed_days=40),
    ),
}


@pytest.mark.parametrize("what", OBSERVED)
def test_how_an_episode_counts(what: str):
    held, expected = OBSERVED[what]
    assert outcomes.observation(held, CUT_OFF) == expected


def test_a_case_from_a_list_is_watched_from_when_it_was_brought_in():
    envelope = replace(recorded(received, START).envelope, actor=Actor("list", "list", Role.SYSTEM), programme="x@2")
    fact = replace(recorded(received, START), envelope=envelope, recorded_at=START + 30 * DAY)
    row = as_at(outcomes.OUTCOMES, CASE, [fact])
    assert isinstance(row, outcomes.Row)
    assert (row.episodes[0].watched_from, row.episodes[0].programme) == (START + 30 * DAY, "x@2")
    assert outcomes.versions([row], START) == ["x@2"]
    (seen,) = episodes()
    assert seen.watched_from is None


def test_what_was_opened_in_error_is_counted_apart():
    rows = [row_of(after(10, ClosureClass.ADMINISTRATIVE), after(20, ClosureClass.OUTCOME_ACHIEVED))]
    figures = outcomes.time_to_outcome_of(rows, CUT_OFF)
    assert (figures.administrative, figures.episodes, figures.naive_closed_mean_days) == (1, 1, 20)


def row_of(*held: Episode, case: int = 1) -> outcomes.Row:
    return outcomes.Row(uid(case), 1, "snn-catch", held)


def after(days: int, ending: ClosureClass | None) -> Episode:
    """An episode that ended so many days after its beginning, or was that old and open at the cut-off."""
    if ending is None:
        return Episode(1, CUT_OFF - days * DAY)
    return episode(ended_at=START + days * DAY, ending=ending)


def test_the_worked_example_of_the_spreadsheet():
    achieved = [after(days, ClosureClass.OUTCOME_ACHIEVED) for days in (10, 20, 30)]
    figures = outcomes.time_to_outcome_of([row_of(*achieved, after(40, None), after(50, None))], CUT_OFF)
    assert (figures.naive_closed_mean_days, figures.median_days) == (20.0, 30)
    assert (figures.achieved, figures.censored, figures.competing) == (3, 2, 0)
    moved = [*achieved[::2], after(20, ClosureClass.COMPETING_NEUTRAL), after(40, None), after(50, None)]
    figures = outcomes.time_to_outcome_of([row_of(*moved)], CUT_OFF)
    (at_30,) = [point for point in figures.curve if point.days == 30]
    assert at_30.incidence == pytest.approx(0.4)


def test_a_cohort_is_the_episodes_that_began_in_the_period_however_they_ended():
    rows = [row_of(episode(), Episode(2, START + 50 * DAY)), row_of(Episode(1, START - 40 * DAY), case=2)]
    first = START.date()
    assert [len(row.episodes) for row in outcomes.cohort(rows)] == [2, 1]
    assert outcomes.cohort(rows, first, first) == [row_of(episode())]
    assert outcomes.cohort(rows, to=first - DAY) == [rows[1]]
    assert outcomes.cohort(rows, from_=first + 51 * DAY) == []


EVENTS = st.sampled_from(CASES.events).flatmap(struct)


def folded_by_all(facts: Iterable[Recorded[Any]]) -> dict[tuple[str, object], object]:
    rows: dict[tuple[str, object], object] = {}
    for fact in facts:
        for projection in projections.ALL:
            for key in projection.keys(fact):
                rows[projection.name, key] = projection.fold(rows.get((projection.name, key)), fact, key)
    return rows


@given(st.lists(EVENTS, max_size=15))
def test_no_history_of_a_case_breaks_a_fold(events: list[Any]):
    rows = folded_by_all(history(*PLANNED, *events))
    assert isinstance(rows["case_summary", CASE], case_summary.Row)
    assert isinstance(rows["outcomes", CASE], outcomes.Row)

"""What a programme waits for beside what all do: reached once an episode, by its clocks too."""

from datetime import timedelta

from msgspec.structs import replace

from catch.domain.case import CaseEvent
from catch.domain.case.clocks import clocks_of
from catch.domain.case.closing import CaseClosed, CaseReopened, Measured
from catch.domain.case.milestones import MilestoneAlreadyReached, MilestoneReached, ReachMilestone, UnknownMilestone
from catch.domain.case.rules import CaseNotLive
from catch.domain.programme.clocks import ClockState
from catch.domain.programme.configuration import ClockRule, ClosureClass, Span, Unit
from catch.domain.refusals import OutOfRange
from tests.cases import ACCEPTED, CASE, GIVEN, NOW, START, TEXT, case_given, fold_recorded, folded, received, recorded

HOME = "home"
home, reached = ReachMilestone(CASE, HOME), MilestoneReached(HOME)
RULE = ClockRule("seen-at-home", "ReferralReceived", "MilestoneReached[milestone=home]", Span(12, Unit.HOUR))
closed = CaseClosed("moved-away", ClosureClass.COMPETING_NEUTRAL, NOW.date(), TEXT, Measured(8))


def test_a_milestone_is_reached_once_and_before_anybody_decides():
    case_given(*ACCEPTED).when(home, GIVEN).then(reached)
    case_given(*ACCEPTED, reached).when(home, GIVEN).then()
    case_given(received).when(home, GIVEN).then(reached)


def test_one_that_is_said_later_than_it_was_is_another_request_and_names_the_time():
    later = replace(GIVEN, at=NOW + timedelta(hours=1), now=NOW + timedelta(hours=2))
    case_given(*ACCEPTED, reached).when(home, replace(later, at=later.now)).then()
    case_given(*ACCEPTED, reached).when(home, later).refused(
        MilestoneAlreadyReached, milestone=HOME, at=NOW.isoformat()
    )


def test_what_came_earlier_than_is_known_is_recorded_and_counts():
    earlier = replace(GIVEN, at=NOW - timedelta(hours=3))
    case_given(*ACCEPTED, reached).when(home, earlier).then(reached)
    both = [*map(recorded, ACCEPTED), recorded(reached, NOW), recorded(reached, NOW - timedelta(hours=3))]
    case = fold_recorded(both)
    assert case
    assert [held.at for held in case.reached] == [NOW - timedelta(hours=3), NOW]


def test_one_that_the_programme_does_not_know_is_refused_and_so_is_one_of_a_case_that_is_over():
    moon = ReachMilestone(CASE, "moon")
    case_given(*ACCEPTED).when(moon, GIVEN).refused(UnknownMilestone, milestone="moon", known="home, seen")
    case_given(*ACCEPTED, closed).when(home, GIVEN).refused(CaseNotLive, state="closed")


def test_nothing_is_reached_before_the_referral_came():
    long_ago = replace(GIVEN, at=START - timedelta(days=1))
    case_given(received).when(home, long_ago).refused(OutOfRange, earliest=START.isoformat())


def test_a_clock_stops_at_it_and_runs_anew_in_the_next_episode():
    def state(*facts: CaseEvent) -> ClockState:
        case = folded(*facts)
        assert case
        (clock,) = clocks_of(case, [RULE], NOW + timedelta(days=1))
        return clock.state

    assert state(*ACCEPTED) is ClockState.BREACHED
    assert state(*ACCEPTED, reached) is ClockState.MISSED
    assert state(*ACCEPTED, MilestoneReached("seen")) is ClockState.BREACHED
    assert state(*ACCEPTED, reached, closed, CaseReopened(2, TEXT)) is not ClockState.MISSED

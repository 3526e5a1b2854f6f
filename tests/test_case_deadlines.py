"""What fell due is recorded once, at its true time, and of no clock that stands still or is over."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain.case import Case, CaseCommand
from catch.domain.case.clocks import Fallen, clocks_of, fallen, falls_due
from catch.domain.case.closing import CaseClosed, CaseReopened, Measured
from catch.domain.case.coordination import ConversationHeld, CoordinatorChanged
from catch.domain.case.deadlines import (
    ClockBreached,
    ClockWarned,
    NothingFellDue,
    RecordClockBreach,
    RecordClockWarning,
    untold,
)
from catch.domain.case.pauses import CasePaused, CaseResumed
from catch.domain.case.state import ConversationFormat, Worker
from catch.domain.facts import Fact
from catch.domain.given import Given
from catch.domain.programme.clocks import ClockState
from catch.domain.programme.configuration import ClockRule, ClosureClass, Span, Unit
from projections import agency_inbox
from tests.cases import (
    ACCEPTED,
    CASE,
    GIVEN,
    LEAD,
    NOW,
    START,
    TEXT,
    allocated,
    case_given,
    fold_recorded,
    recorded,
    uid,
)

LONDON = ZoneInfo("Europe/London")
INSTANT = timedelta(microseconds=1)
TALK = ClockRule("talk", "ReferralAccepted", "ConversationHeld", Span(4, Unit.DAY), warn_at_fraction=0.5)
WAITS = replace(TALK, waits_for=("in-hospital",))
# `ACCEPTED` is at NOW, 10 March: due at the end of the 14th.
DUE = datetime(2026, 3, 14, 23, 59, 59, 999999, tzinfo=UTC)
WARN = NOW + (DUE - NOW) / 2
assert GIVEN.programme is not None
PROGRAMME = replace(GIVEN.programme, clocks=(TALK,))
talked = ConversationHeld(uid(70), ConversationFormat.HOME, TEXT)
paused, resumed = CasePaused(uid(90), "in-hospital", date(2026, 4, 1), TEXT), CaseResumed(uid(90))
closed = CaseClosed("moved-away", ClosureClass.COMPETING_NEUTRAL, date(2026, 3, 12), TEXT, Measured(8))
warn, breach = RecordClockWarning(CASE, "talk", 1), RecordClockBreach(CASE, "talk", 1)
warned = ClockWarned("talk", 1, PROGRAMME.version, DUE)
breached = ClockBreached("talk", 1, PROGRAMME.version, DUE)


def case_of(*later: tuple[Fact, datetime]) -> Case:
    facts = [*((event, NOW) for event in ACCEPTED), *later]
    case = fold_recorded([recorded(event, at, version=place) for place, (event, at) in enumerate(facts, start=1)])
    assert case
    return case


def at(moment: datetime, now: datetime) -> Given:
    return replace(GIVEN, programme=PROGRAMME, at=moment, now=now)


def due_by(now: datetime, *later: tuple[Fact, datetime], rule: ClockRule = TALK) -> list[tuple[bool, datetime]]:
    return [(held.breach, held.at) for held in fallen(case_of(*later), [rule], now)]


def days(count: float) -> datetime:
    return NOW + timedelta(days=count)


BOTH = [(False, WARN), (True, DUE + INSTANT)]


def test_each_is_recorded_once_at_the_time_at_which_it_fell_due():
    case_given(*ACCEPTED).when(warn, at(WARN, WARN + INSTANT)).then(warned)
    case_given(*ACCEPTED).when(breach, at(DUE + INSTANT, days(30))).then(breached)
    case_given(*ACCEPTED, breached).when(breach, at(DUE + INSTANT, days(31))).then()
    # Whom it concerns: who coordinates the case, once somebody does.
    led = replace(breached, agency=LEAD.agency)
    case_given(*ACCEPTED, allocated).when(breach, at(DUE + INSTANT, days(30))).then(led)
    case_given(*ACCEPTED, breached).when(warn, at(WARN, days(31))).then(warned)


@pytest.mark.parametrize(
    ("command", "moment", "now"),
    [
        (breach, DUE + INSTANT, DUE),  # not yet
        (breach, DUE, days(30)),  # at another time
        (warn, WARN, WARN - INSTANT),
        (replace(breach, clock="other"), DUE + INSTANT, days(30)),
        (replace(breach, episode=2), DUE + INSTANT, days(30)),
    ],
)
def test_whatever_else_is_refused(command: CaseCommand, moment: datetime, now: datetime):
    case_given(*ACCEPTED).when(command, at(moment, now)).refused(NothingFellDue)


def test_nothing_falls_due_of_what_is_over_or_came_in_time():
    assert due_by(days(30)) == BOTH
    assert due_by(days(30), (closed, days(6))) == []
    assert due_by(days(30), (talked, days(3))) == []
    assert due_by(days(30), (talked, days(6))) == BOTH
    assert due_by(days(3)) == [(False, WARN)]


def test_of_a_clock_that_stands_still_nothing_falls_due_until_it_goes_on():
    assert due_by(days(30), (paused, days(1)), rule=WAITS) == []
    assert due_by(days(30), (paused, days(1)), (resumed, days(29)), rule=WAITS) == []
    # By the end of a day of summer, which comes an hour earlier.
    later = [(False, WARN + timedelta(days=28)), (True, datetime(2026, 4, 12, tzinfo=LONDON).astimezone(UTC))]
    assert due_by(days(60), (paused, days(1)), (resumed, days(29)), rule=WAITS) == later
    (_, held) = fallen(case_of((paused, days(1)), (resumed, days(29))), [WAITS], days(60))
    assert held.paused == timedelta(days=28)


def test_a_breach_stays_on_record_where_it_turns_out_later_that_all_came_in_time():
    case = case_of((breached, DUE + INSTANT), (talked, days(2)))
    (held,) = clocks_of(case, [TALK], days(30))
    assert held.state is ClockState.MET
    assert [(each.clock, each.breach, each.at) for each in case.passed] == [("talk", True, DUE + INSTANT)]


def test_that_time_passed_is_no_activity():
    assert case_of((breached, DUE + INSTANT)).last_activity_at == NOW


def test_the_next_episode_has_clocks_of_its_own():
    reopened = CaseReopened(2, TEXT)
    case = case_of((breached, DUE + INSTANT), (closed, days(6)), (reopened, days(10)))
    # Opened again it counts as accepted: the clock runs anew.
    (first, second) = fallen(case, [TALK], days(30))
    assert (first.breach, second.breach) == (False, True)
    assert all(untold(case, held) for held in (first, second))
    anew = (replace(breached, episode=2), second.at)
    told = case_of((breached, DUE + INSTANT), (closed, days(6)), (reopened, days(10)), anew)
    assert [untold(told, held) for held in (first, second)] == [True, False]


TWICE = datetime(2026, 10, 25, 0, 59, tzinfo=LONDON)
"""A minute before an hour that comes twice."""
UNITS = {
    Unit.WORKING_DAY: (datetime(2026, 4, 2, 9, tzinfo=LONDON), 2, datetime(2026, 4, 9, tzinfo=LONDON)),  # Easter
    Unit.HOUR: (datetime(2026, 3, 28, 9, tzinfo=LONDON), 24, datetime(2026, 3, 29, 10, tzinfo=LONDON)),
    Unit.DAY: (datetime(2026, 3, 28, 9, tzinfo=LONDON), 1, datetime(2026, 3, 30, tzinfo=LONDON)),
    Unit.MONTH: (datetime(2026, 8, 31, 9, tzinfo=LONDON), 3, datetime(2026, 12, 1, tzinfo=LONDON)),
    Unit.WEEK: (datetime(2026, 10, 24, 9, tzinfo=LONDON), 1, datetime(2026, 11, 1, tzinfo=LONDON)),
    Unit.MINUTE: (TWICE, 62, datetime(2026, 10, 25, 1, 1, fold=1, tzinfo=LONDON)),
}


@pytest.mark.parametrize("unit", Unit)
def test_a_breach_occurs_at_the_first_instant_of_being_late_as_london_counts(unit: Unit):
    """Over Easter, and over the nights in which the clocks change: where a day ends, the next one begins."""
    start, count, expected = UNITS[unit]
    rule = replace(TALK, target=Span(count, unit))
    facts = [recorded(event, start.astimezone(UTC), version=place) for place, event in enumerate(ACCEPTED, start=1)]
    case = fold_recorded(facts)
    assert case
    last = [held.at for held in fallen(case, [rule], days(400)) if held.breach]
    exact = unit in (Unit.MINUTE, Unit.HOUR)
    assert last == [expected.astimezone(UTC) + (INSTANT if exact else timedelta())]


moments = st.integers(0, 60 * 24).map(lambda hours: NOW + timedelta(hours=hours))


@given(st.lists(st.tuples(moments, moments), max_size=3), st.none() | moments, st.none() | moments, moments)
@settings(max_examples=40)
def test_whenever_the_ticker_looks_it_comes_to_the_same(
    rests: list[tuple[datetime, datetime]], stop: datetime | None, over: datetime | None, now: datetime
):
    """Looked at every six hours or once at the end: the same facts, but for what was over or at rest when it looked."""
    later: list[tuple[Fact, datetime]] = []
    ends = START
    for number, (since, until) in enumerate(sorted(rests)):
        if ends < since < until:
            pause = uid(200 + number)
            later += [(replace(paused, pause=pause), since), (CaseResumed(pause), until)]
            ends = until
    later += [(talked, stop)] if stop else []
    later += [(closed, over)] if over else []
    later.sort(key=lambda held: held[1])

    def seen(moment: datetime) -> set[Fallen]:
        known = [(fact, when) for fact, when in later if when <= moment]
        return {*fallen(case_of(*known), [WAITS], moment)}

    end = max([now, *(when for _, when in later)]) + timedelta(days=1)
    ticked: dict[bool, Fallen] = {}
    look = NOW
    while look <= end:
        for held in seen(look):
            ticked.setdefault(held.breach, held)
        look += timedelta(hours=6)
    for held in seen(end):
        assert ticked[held.breach].at == held.at
    # What is missed by looking late is a case that is over, or a warning of what then came in time.
    (state,) = clocks_of(case_of(*later), [WAITS], end)
    if not over:
        late = {held.breach for held in seen(end)}
        assert ticked.keys() - late <= ({False} if state.state is not ClockState.BREACHED else set())


@given(moments)
def test_what_falls_due_next_is_what_has_fallen_due_then_and_not_before(now: datetime):
    case = case_of()
    due = falls_due(case, [TALK], now)
    known = {*fallen(case, [TALK], now)}
    assert (due is None) == (len(known) == 2)
    if due is not None:
        assert {*fallen(case, [TALK], due)} - known
        assert {*fallen(case, [TALK], due - INSTANT)} == known


def test_in_an_inbox_it_follows_who_coordinates_the_case_and_ends_with_it_or_after_two_weeks():
    row, key = None, agency_inbox.clocks_of(CASE)
    # Of a case of which nothing has passed there is no entry.
    for fact in (allocated, closed):
        assert [*agency_inbox.keys(recorded(fact))] == [key]
        assert agency_inbox.fold(row, recorded(fact), key) is None
    row = agency_inbox.fold(None, recorded(replace(breached, agency="snn")), key)
    assert row
    assert (row.agency, row.clock) == ("snn", "talk")
    assert [row.told(NOW + timedelta(days=passed)) for passed in (13, 15)] == [True, False]
    changed = CoordinatorChanged(Worker("otto", "other-1"), Worker("hal", "snn"))
    moved = agency_inbox.fold(row, recorded(changed), key)
    stays = agency_inbox.fold(row, recorded(replace(changed, lead=False)), key)
    assert moved
    assert stays
    assert (moved.agency, stays.agency) == ("other-1", "snn")
    assert agency_inbox.fold(moved, recorded(closed), key) is None

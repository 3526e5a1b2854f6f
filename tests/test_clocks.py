"""Deadlines on London days: bank holidays, short months, and the two nights on which the clocks change."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain.calendar import (
    LONDON,
    add_months,
    add_working_days,
    age_on,
    bank_holidays,
    end_of_day,
    is_holiday,
    is_working_day,
    london_day,
)
from catch.domain.programme.clocks import Clock, ClockState, Rest, add_span, clock, matches
from catch.domain.programme.configuration import ClockRule, Span, Unit

# gov.uk/bank-holidays, England and Wales, as month.day.
PUBLISHED = {
    2018: "1.1 3.30 4.2 5.7 5.28 8.27 12.25 12.26",
    2019: "1.1 4.19 4.22 5.6 5.27 8.26 12.25 12.26",
    2020: "1.1 4.10 4.13 5.8 5.25 8.31 12.25 12.28",
    2021: "1.1 4.2 4.5 5.3 5.31 8.30 12.27 12.28",
    2022: "1.3 4.15 4.18 5.2 6.2 6.3 8.29 9.19 12.26 12.27",
    2023: "1.2 4.7 4.10 5.1 5.8 5.29 8.28 12.25 12.26",
    2024: "1.1 3.29 4.1 5.6 5.27 8.26 12.25 12.26",
    2025: "1.1 4.18 4.21 5.5 5.26 8.25 12.25 12.26",
    2026: "1.1 4.3 4.6 5.4 5.25 8.31 12.25 12.28",
    2027: "1.1 3.26 3.29 5.3 5.31 8.30 12.27 12.28",
    2028: "1.3 4.14 4.17 5.1 5.29 8.28 12.25 12.26",
}
REVIEW = ClockRule("review", "PlanAgreed", "ReviewHeld", Span(3, Unit.MONTH), outer=Span(4, Unit.MONTH))
CONVERSATION = ClockRule(
    "first-conversation", "ReferralReceived", "ConversationHeld", Span(2, Unit.WORKING_DAY), warn_at_fraction=0.5
)
moments = st.datetimes(datetime(2021, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
spans = st.builds(Span, st.integers(1, 60), st.sampled_from(Unit))
rules = st.builds(
    ClockRule,
    code=st.just("clock"),
    start=st.just("ReferralReceived"),
    stop=st.just("CaseClosed"),
    target=spans,
    warn_at_fraction=st.floats(0.05, 1),
)


def london(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=LONDON).astimezone(UTC)


def due_day(start: datetime, n: int, unit: Unit) -> date:
    due = add_span(start, Span(n, unit))
    assert due == end_of_day(london_day(due))
    return london_day(due)


@pytest.mark.parametrize("year", PUBLISHED)
def test_bank_holidays_are_those_published(year: int):
    published = {date(year, *map(int, day.split("."))) for day in PUBLISHED[year].split()}
    assert bank_holidays(year) == published


# Days proclaimed once, and those that moved for them.
ONCE = {
    date(2002, 6, 3): date(2002, 5, 27),
    date(2002, 6, 4): date(2002, 5, 27),
    date(2011, 4, 29): None,
    date(2012, 6, 4): date(2012, 5, 28),
    date(2012, 6, 5): date(2012, 5, 28),
}


@pytest.mark.parametrize("proclaimed", ONCE)
def test_days_were_proclaimed_and_moved_before(proclaimed: date):
    assert not is_working_day(proclaimed)
    moved = ONCE[proclaimed]
    assert moved is None or is_working_day(moved)


def test_the_early_may_holiday_of_2020_was_on_the_eighth():
    assert due_day(london(2020, 4, 30, 10), 2, Unit.WORKING_DAY) == date(2020, 5, 4)
    assert due_day(london(2020, 5, 7, 10), 2, Unit.WORKING_DAY) == date(2020, 5, 12)


def test_christmas_on_a_saturday_is_a_holiday_besides_the_monday_that_stands_in_for_it():
    assert is_holiday(date(2027, 12, 25))
    assert is_holiday(date(2027, 12, 27))
    assert not is_holiday(date(2027, 12, 24))


def test_somebody_is_eighteen_from_the_first_minute_of_the_london_day():
    received = datetime(2026, 7, 2, 23, 30, tzinfo=UTC)  # Friday 3 July, 00:30 in London
    assert age_on(london_day(received), date(2008, 7, 3)) == 18
    assert age_on(london_day(received), date(2008, 7, 4)) == 17
    assert age_on(date(2026, 2, 28), date(2008, 2, 29)) == 17
    assert age_on(date(2026, 3, 1), date(2008, 2, 29)) == 18


@given(st.integers(2024, 2200))
def test_every_later_year_has_eight_bank_holidays_on_weekdays(year: int):
    assert len(bank_holidays(year)) == 8
    assert all(day.weekday() < 5 for day in bank_holidays(year))


def test_two_working_days_from_a_friday_end_on_tuesday():
    assert due_day(london(2026, 6, 5, 15), 2, Unit.WORKING_DAY) == date(2026, 6, 9)


def test_working_days_step_over_easter_and_the_change_to_summer_time():
    assert due_day(london(2026, 4, 2, 16, 30), 2, Unit.WORKING_DAY) == date(2026, 4, 8)
    assert due_day(london(2026, 3, 27, 9), 2, Unit.WORKING_DAY) == date(2026, 3, 31)


def test_working_days_step_over_christmas_and_its_substitute_day():
    assert due_day(london(2026, 12, 24, 12), 2, Unit.WORKING_DAY) == date(2026, 12, 30)


def test_a_start_late_in_a_summer_evening_belongs_to_the_next_london_day():
    late = datetime(2026, 6, 7, 23, 30, tzinfo=UTC)  # Monday 00:30 in London
    assert due_day(late, 1, Unit.WORKING_DAY) == date(2026, 6, 9)
    assert due_day(late, 1, Unit.DAY) == date(2026, 6, 9)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.sampled_from([UTC, LONDON])))  # noqa: DTZ001
@example(datetime(1941, 6, 1, 22, 30, tzinfo=UTC))
@example(datetime(1970, 1, 1, 23, 0, tzinfo=UTC))
@example(datetime(2026, 7, 3, 22, 59, 59, 999999, tzinfo=UTC))
@example(datetime(2026, 7, 3, 23, 0, tzinfo=UTC))
def test_the_day_in_london_is_what_the_clock_there_says(at: datetime):
    assert london_day(at) == at.astimezone(LONDON).date()


def test_days_and_weeks_end_at_london_midnight_when_the_clocks_change():
    assert add_span(london(2026, 3, 28, 10), Span(1, Unit.DAY)) == datetime(2026, 3, 29, 22, 59, 59, 999999, UTC)
    assert add_span(london(2026, 10, 24, 10), Span(1, Unit.DAY)) == datetime(2026, 10, 25, 23, 59, 59, 999999, UTC)
    assert due_day(london(2026, 10, 22, 23, 59), 1, Unit.WEEK) == date(2026, 10, 29)


def test_hours_are_exact_through_the_change_of_the_clocks():
    night = london(2026, 3, 29, 0, 30)
    assert add_span(night, Span(2, Unit.HOUR)).astimezone(LONDON).hour == 3
    assert add_span(london(2026, 10, 25, 0, 30), Span(90, Unit.MINUTE)) == datetime(2026, 10, 25, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2025, 11, 30), 3, date(2026, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 8, 31), 1, date(2026, 9, 30)),
        (date(2026, 8, 14), 3, date(2026, 11, 14)),
        (date(2026, 12, 31), 12, date(2027, 12, 31)),
    ],
)
def test_months_end_on_the_last_day_where_the_month_is_too_short(day: date, months: int, expected: date):
    assert add_months(day, months) == expected


def test_a_clock_runs_warns_breaches_and_stops():
    start, review = london(2026, 1, 14, 11), REVIEW

    def state(at: datetime, stopped: datetime | None = None) -> ClockState:
        return clock(review, start, stopped, at).state

    assert state(london(2026, 2, 1)) is ClockState.RUNNING
    assert state(london(2026, 3, 28)) is ClockState.WARNED
    assert state(london(2026, 4, 14, 23, 59)) is ClockState.WARNED
    assert state(london(2026, 4, 15)) is ClockState.BREACHED
    assert state(london(2026, 4, 20), london(2026, 4, 14, 18)) is ClockState.MET
    assert state(london(2026, 4, 20), london(2026, 4, 15, 9)) is ClockState.MISSED


def test_a_stop_after_the_moment_asked_about_has_not_happened_yet():
    held = clock(REVIEW, london(2026, 1, 14), london(2026, 4, 1), at=london(2026, 3, 1))
    assert (held.state, held.stopped_at) == (ClockState.RUNNING, None)


def test_two_working_days_warn_after_the_first_even_over_a_weekend():
    held = clock(CONVERSATION, london(2026, 6, 5, 15), None, london(2026, 6, 8, 9))
    assert held.warn_at == end_of_day(date(2026, 6, 8))
    assert held.due_at == end_of_day(date(2026, 6, 9))
    assert held.outer_due_at is None


def test_the_ratio_is_one_when_due_and_never_rounded_up_to_it():
    start = london(2026, 6, 1, 12)
    rule = ClockRule("c", "ReferralReceived", "CaseClosed", Span(10, Unit.HOUR))
    assert clock(rule, start, None, start + timedelta(hours=9, minutes=59)).ratio == 0.9
    assert clock(rule, start, None, start + timedelta(hours=10)).ratio == 1.0
    assert clock(rule, start, None, start + timedelta(hours=25)).ratio == 2.5
    assert clock(rule, start, None, start - timedelta(hours=1)).ratio == 0.0


def test_no_clock_runs_on_when_the_case_is_over():
    start, over = london(2026, 1, 14, 11), london(2026, 3, 1)
    running = clock(REVIEW, start, None, london(2026, 2, 28), over)
    assert (running.state, running.stopped_at) == (ClockState.RUNNING, None)
    ended = clock(REVIEW, start, None, london(2027, 1, 1), over)
    assert (ended.state, ended.stopped_at, ended.ratio) == (ClockState.LAPSED, over, 0.5)
    late = clock(REVIEW, start, None, london(2027, 1, 1), london(2026, 5, 1))
    assert (late.state, late.stopped_at) == (ClockState.MISSED, london(2026, 5, 1))
    # What is said to have come after the end stopped nothing any more; what came before it did.
    assert clock(REVIEW, start, london(2026, 4, 1), london(2027, 1, 1), over) == ended
    assert clock(REVIEW, start, london(2026, 2, 1), london(2027, 1, 1), over).state is ClockState.MET


# Clocks that stand still

DAYS = ClockRule("c", "ReferralReceived", "CaseClosed", Span(10, Unit.DAY))
HOURS = ClockRule("c", "ReferralReceived", "CaseClosed", Span(24, Unit.HOUR))
WEEKDAYS = ClockRule("c", "ReferralReceived", "CaseClosed", Span(3, Unit.WORKING_DAY))


def resting(rule: ClockRule, start: datetime, at: datetime, *rests: Rest) -> Clock:
    return clock(rule, start, None, at, rests=rests)


def test_a_deadline_comes_later_by_the_days_that_the_case_rested():
    start, long_after = london(2026, 3, 2, 9), london(2026, 6, 1)
    held = resting(DAYS, start, long_after, Rest(london(2026, 3, 5, 15), london(2026, 3, 9, 8)))
    assert held.due_at == end_of_day(date(2026, 3, 16))
    assert resting(DAYS, start, long_after).due_at == end_of_day(date(2026, 3, 12))


def test_of_working_days_only_those_are_made_up_for_that_fell_into_the_rest():
    # From Thursday before Easter 2026: Good Friday and Easter Monday are no working days.
    start = london(2026, 3, 31, 9)
    assert resting(WEEKDAYS, start, start).due_at == end_of_day(date(2026, 4, 7))
    over_easter = Rest(london(2026, 4, 2, 9), london(2026, 4, 7, 9))
    assert resting(WEEKDAYS, start, london(2026, 5, 1), over_easter).due_at == end_of_day(date(2026, 4, 8))
    weekend = Rest(london(2026, 4, 3, 9), london(2026, 4, 6, 9))
    assert resting(WEEKDAYS, start, london(2026, 5, 1), weekend).due_at == end_of_day(date(2026, 4, 7))


@pytest.mark.parametrize("night", [(2026, 3, 29), (2026, 10, 25)])
def test_hours_are_made_up_for_exactly_when_the_clocks_change(night: tuple[int, int, int]):
    start = london(*night) - timedelta(hours=2)
    rest = Rest(london(*night), london(*night) + timedelta(hours=7))
    assert resting(HOURS, start, start + timedelta(days=9), rest).due_at == start + timedelta(hours=31)


def test_a_clock_stands_still_until_the_case_goes_on_and_is_warned_of_later():
    start, rest = london(2026, 3, 2, 9), Rest(london(2026, 3, 5, 9), None)
    months_later = [resting(DAYS, start, london(2026, month, 1), rest) for month in (4, 5, 6)]
    assert {held.state for held in months_later} == {ClockState.PAUSED}
    assert len({held.ratio for held in months_later}) == 1
    on = Rest(rest.since, london(2026, 6, 1, 9))
    assert resting(DAYS, start, london(2026, 6, 2), on).state is ClockState.RUNNING
    assert resting(DAYS, start, london(2026, 6, 7), on).state is ClockState.WARNED
    assert resting(DAYS, start, london(2026, 6, 9), on).state is ClockState.BREACHED


def test_what_was_late_before_the_case_rested_stays_late():
    start, rest = london(2026, 3, 2, 9), Rest(london(2026, 3, 20), None)
    held = resting(DAYS, start, london(2026, 4, 1), rest)
    assert (held.state, held.due_at) == (ClockState.BREACHED, end_of_day(date(2026, 3, 12)))


def test_a_clock_that_stopped_or_ended_while_the_case_rested_does_not_stand_still():
    start, rest = london(2026, 3, 2, 9), Rest(london(2026, 3, 5), None)
    met = clock(DAYS, start, london(2026, 3, 30), london(2026, 5, 1), rests=[rest])
    assert (met.state, met.due_at) == (ClockState.MET, end_of_day(date(2026, 4, 6)))
    ended = clock(DAYS, start, None, london(2026, 5, 1), london(2026, 3, 30), [rest])
    assert ended.state is ClockState.LAPSED


lengths = st.lists(st.tuples(st.integers(1, 20_000), st.integers(1, 40_000)), min_size=1, max_size=4)


def laid_out(start: datetime, minutes: list[tuple[int, int]]) -> list[Rest]:
    """Rests one after the other, so many minutes apart and so many long."""
    rests: list[Rest] = []
    for apart, long in minutes:
        since = (rests[-1].until or start if rests else start) + timedelta(minutes=apart)
        rests.append(Rest(since, since + timedelta(minutes=long)))
    return rests


@given(moments, rules, lengths)
def test_a_rest_never_brings_a_deadline_forward_and_a_longer_one_never_back(
    start: datetime, rule: ClockRule, minutes: list[tuple[int, int]]
):
    at = start + timedelta(days=20_000)
    rests = laid_out(start, minutes)
    plain, rested = resting(rule, start, at), resting(rule, start, at, *rests)
    shorter = resting(rule, start, at, *rests[:-1])
    assert plain.due_at <= shorter.due_at <= rested.due_at
    assert plain.warn_at <= rested.warn_at
    assert rested.ratio <= plain.ratio


@given(moments, rules, lengths)
def test_no_deadline_passes_while_a_clock_stands_still(
    start: datetime, rule: ClockRule, minutes: list[tuple[int, int]]
):
    rests = laid_out(start, minutes)
    due = resting(rule, start, start + timedelta(days=20_000), *rests).due_at
    assert not [rest for rest in rests if rest.since <= due < (rest.until or due)]


@given(moments, st.integers(1, 30), lengths)
def test_working_days_are_those_on_which_the_case_did_not_rest(start: datetime, n: int, minutes: list[tuple[int, int]]):
    """Held to counting them one by one: the day on which a rest begins counts, the one on which it ends does not, and
    where the last one falls into a rest it is the first behind it.
    """
    rests = [(london_day(rest.since), london_day(rest.until or start)) for rest in laid_out(start, minutes)]
    rule = replace(WEEKDAYS, target=Span(n, Unit.WORKING_DAY))
    day, counted = london_day(start), 0
    while counted < n or not is_working_day(day) or any(first <= day < last for first, last in rests):
        day += timedelta(days=1)
        counted += is_working_day(day) and not any(first < day <= last for first, last in rests)
    ends = start + timedelta(days=9000)
    assert london_day(resting(rule, start, ends, *laid_out(start, minutes)).due_at) == day


@pytest.mark.parametrize(
    ("spec", "event", "narrowing", "expected"),
    [
        ("ReviewHeld", "ReviewHeld", None, True),
        ("ReviewHeld", "ReviewHeld", "decision=continue", True),
        ("ReviewHeld[decision=close]", "ReviewHeld", "decision=close", True),
        ("ReviewHeld[decision=close]", "ReviewHeld", "decision=continue", False),
        ("ReviewHeld[decision=close]", "ReviewHeld", "milestone=close", False),
        ("ReviewHeld[decision=close]", "ReviewHeld", None, False),
        ("ReviewHeld[decision=close]", "CaseClosed", "decision=close", False),
        ("MilestoneReached[milestone=home]", "MilestoneReached", "milestone=home", True),
        ("MilestoneReached[milestone=home]", "MilestoneReached", "milestone=seen", False),
        ("ReviewHeld[", "ReviewHeld", None, False),
    ],
)
def test_a_rule_names_an_event_and_may_narrow_it(spec: str, event: str, narrowing: str, expected: bool):
    assert matches(spec, event, narrowing) is expected


@given(moments, spans)
def test_a_deadline_comes_after_its_start_and_longer_spans_never_end_earlier(start: datetime, span: Span):
    due = add_span(start, span)
    assert start < due <= add_span(start, Span(span.n + 1, span.unit))
    assert due.tzinfo is UTC


@given(moments, st.integers(1, 40))
def test_working_days_count_exactly(start: datetime, n: int):
    day = london_day(start)
    due = add_working_days(day, n)
    between = [day + timedelta(days=step) for step in range(1, (due - day).days + 1)]
    assert sum(map(is_working_day, between)) == n
    assert is_working_day(due)


@given(rules, moments, st.lists(st.timedeltas(timedelta(0), timedelta(days=3000)), min_size=2, max_size=2))
def test_a_running_clock_only_ever_gets_worse(rule: ClockRule, start: datetime, waits: list[timedelta]):
    order = [ClockState.RUNNING, ClockState.WARNED, ClockState.BREACHED]
    earlier, later = (clock(rule, start, None, start + wait) for wait in sorted(waits))
    assert order.index(earlier.state) <= order.index(later.state)
    assert earlier.ratio <= later.ratio
    assert earlier.warn_at <= earlier.due_at


waits = st.timedeltas(timedelta(0), timedelta(days=3000))


@given(rules, moments, waits, waits)
def test_after_the_end_of_a_case_its_clocks_stand_still(
    rule: ClockRule, start: datetime, until: timedelta, after: timedelta
):
    over = start + until
    assert clock(rule, start, None, over + after, over) == clock(rule, start, None, over, over)


@given(rules, moments, waits)
def test_a_stopped_clock_does_not_change_any_more(rule: ClockRule, start: datetime, wait: timedelta):
    stopped = start + wait

    def seen(after: int) -> Clock:
        return clock(rule, start, stopped, stopped + timedelta(days=after))

    assert seen(0) == seen(1) == seen(4000)
    assert seen(0).state is (ClockState.MET if stopped <= seen(0).due_at else ClockState.MISSED)

"""A programme's versions never change once they are loaded, and what is loaded makes sense."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain.calendar import is_holiday, is_working_day
from catch.domain.facts import Actor, Role
from catch.domain.given import Given
from catch.domain.programme import (
    ConfigurationForAnotherProgramme,
    ConfigurationInvalid,
    LoadProgramme,
    ProgrammeActivated,
    ProgrammeCommand,
    ProgrammeEvent,
    ProgrammeHistory,
    ProgrammeResumed,
    ProgrammeSuspended,
    ResumeProgramme,
    SuspendProgramme,
    VersionAlreadyLoaded,
    VersionMustIncrease,
    decide,
    evolve,
)
from catch.domain.programme.check import problems
from catch.domain.programme.configuration import (
    AgendaPolicy,
    Caseload,
    ClockRule,
    Closure,
    ClosureClass,
    ClosureReason,
    ContactOutcome,
    ContactPriority,
    Contacts,
    CoreMember,
    Disposition,
    Eligibility,
    Framework,
    Minutes,
    PlanRules,
    Programme,
    Series,
    Source,
    Span,
    Unit,
)
from catch.domain.programme.recurrence import meets_after, meets_from, occurrences
from catch.domain.refusals import Refused, UnknownProgramme
from tests.given import at_once

GIVEN = Given(datetime(2026, 6, 2, 10, tzinfo=UTC), Actor("ada", "snn", Role.ADMINISTRATOR))
KEY = "place"
CLOCK = ClockRule("review", "PlanAgreed", "ReviewHeld[decision=close]", Span(3, Unit.MONTH), Span(4, Unit.MONTH))
WEEKLY = Series("weekly", "Weekly meeting", "FREQ=WEEKLY;BYDAY=TU", 120)
SOUND = Programme(
    KEY,
    1,
    "A place",
    date(2026, 4, 1),
    sources=(Source("self", self_referral=True),),
    channels=("phone",),
    clocks=(CLOCK,),
    meetings=(WEEKLY,),
    interventions=("benefits-check",),
    mandatory_interventions=("benefits-check",),
    contacts=Contacts(
        (ContactOutcome("advice", "Advice given", Disposition.RESOLVED),), (ContactPriority("soon", "Today"),)
    ),
    closure=Closure(tuple(ClosureReason(ending.value, ending.value, ending) for ending in ClosureClass)),
)
SECOND = replace(SOUND, version=2, name="A place, later")

commands: st.SearchStrategy[ProgrammeCommand] = st.one_of(
    st.builds(
        LoadProgramme,
        st.just(KEY),
        st.builds(replace, st.just(SOUND), version=st.integers(0, 4), name=st.sampled_from(["A", "B"])),
    ),
    st.just(SuspendProgramme(KEY)),
    st.just(ResumeProgramme(KEY)),
)
events: st.SearchStrategy[ProgrammeEvent] = st.sampled_from(
    [ProgrammeActivated(SOUND), ProgrammeActivated(SECOND), ProgrammeSuspended(KEY), ProgrammeResumed(KEY)]
)


@dataclass(frozen=True)
class Mistake:
    """A configuration with one mistake, and the path the answer must begin with."""

    path: str
    configuration: Programme


def meeting(**changes: object) -> Programme:
    return replace(SOUND, meetings=(replace(WEEKLY, **changes),))


def policy(**changes: object) -> Programme:
    return meeting(policy=replace(AgendaPolicy(), **changes))


def clocks(**changes: object) -> Programme:
    return replace(SOUND, clocks=(replace(CLOCK, **changes),))


def contacts(**changes: object) -> Programme:
    assert SOUND.contacts
    return replace(SOUND, contacts=replace(SOUND.contacts, **changes))


MISTAKES = [
    Mistake("key", replace(SOUND, key="A Place")),
    Mistake("version", replace(SOUND, version=0)),
    Mistake("name", replace(SOUND, name=" ")),
    Mistake("effective_to", replace(SOUND, effective_to=date(2026, 3, 31))),
    Mistake("sources", replace(SOUND, sources=(Source("self", active=False),))),
    Mistake("sources", replace(SOUND, sources=(Source("self"), Source("self")))),
    Mistake("sources", replace(SOUND, sources=(Source("Self"),))),
    Mistake("channels", replace(SOUND, channels=())),
    Mistake("eligibility.mode", replace(SOUND, eligibility=Eligibility(mode="closed"))),
    Mistake("eligibility.max_age", replace(SOUND, eligibility=Eligibility(min_age=18, max_age=17))),
    Mistake("clocks", replace(SOUND, clocks=(CLOCK, CLOCK))),
    Mistake("clocks[0].start", clocks(start="PlanAgred")),
    Mistake("clocks[0].stop", clocks(stop="ReviewHeld[close]")),
    Mistake("clocks[0].warn_at_fraction", clocks(warn_at_fraction=0)),
    Mistake("clocks[0].target.n", clocks(target=Span(0, Unit.MONTH))),
    Mistake("clocks[0].outer", clocks(outer=Span(2, Unit.MONTH))),
    Mistake("clocks[0].outer", clocks(outer=Span(200, Unit.DAY))),
    Mistake("meetings", replace(SOUND, meetings=(WEEKLY, WEEKLY))),
    Mistake("meetings[0].rrule", meeting(rrule="FREQ=DAILY")),
    Mistake("meetings[0].rrule", meeting(rrule="FREQ=WEEKLY;BYDAY=TU,TU")),
    Mistake("meetings[0].rrule", meeting(rrule="FREQ=WEEKLY;BYDAY=XX")),
    Mistake("meetings[0].rrule", meeting(rrule="FREQ=MONTHLY;BYDAY=5TH")),
    Mistake("meetings[0].starts_at", meeting(starts_at="24:00")),
    Mistake("meetings[0].duration_minutes", meeting(duration_minutes=0)),
    Mistake("meetings[0].cycle_days", meeting(cycle_days=0)),
    Mistake("meetings[0].quorum", meeting(quorum=0)),
    Mistake("meetings[0].core_members", meeting(core_members=(CoreMember("fire"), CoreMember("fire")))),
    Mistake("meetings[0].policy.min_existing_share", policy(min_existing_share=-0.1)),
    Mistake("meetings[0].policy.min_new_share", policy(min_new_share=-0.1)),
    Mistake("meetings[0].policy", policy(min_new_share=0.6, min_existing_share=0.6)),
    Mistake("meetings[0].policy.max_items", policy(min_items=8, max_items=7)),
    Mistake("meetings[0].policy.max_noting", policy(max_noting=-1)),
    Mistake("meetings[0].policy.minutes.new", policy(minutes=Minutes(new=-1))),
    Mistake("plan.max_months", replace(SOUND, plan=PlanRules(min_months=7))),
    Mistake("caseload.target_max", replace(SOUND, caseload=Caseload(22, 20))),
    Mistake("caseload.hard_max", replace(SOUND, caseload=Caseload(target_max=22, hard_max=20))),
    Mistake("framework.scale_max", replace(SOUND, framework=Framework("f", 5, 5))),
    Mistake("mandatory_interventions", replace(SOUND, mandatory_interventions=("befriending",))),
    Mistake("closure.reasons", replace(SOUND, closure=Closure(SOUND.closure.reasons[1:]))),
    Mistake("contacts.outcomes", contacts(outcomes=(ContactOutcome("gone", "Gone", Disposition.ADMINISTRATIVE),))),
    Mistake("contacts.outcomes", contacts(outcomes=(ContactOutcome("A B", "Said", Disposition.RESOLVED),))),
    Mistake("contacts.priorities", contacts(priorities=())),
    Mistake("contacts.priorities", contacts(priorities=(ContactPriority("soon", "Soon"),) * 2)),
    Mistake("contacts.repeat_within_days", contacts(repeat_within_days=0)),
    Mistake("closure.reopen_within_days", replace(SOUND, closure=replace(SOUND.closure, reopen_within_days=-1))),
]


def fold(*history: ProgrammeEvent) -> ProgrammeHistory | None:
    return reduce(at_once(evolve, GIVEN.at), history, None)


def load(configuration: Programme) -> LoadProgramme:
    return LoadProgramme(KEY, configuration)


def refused(why: type[Refused], history: ProgrammeHistory | None, command: ProgrammeCommand) -> Refused:
    with pytest.raises(why) as refusal:
        decide(history, command, GIVEN)
    return refusal.value


def test_a_version_comes_into_use_and_the_earlier_one_stays_for_its_cases():
    assert decide(fold(ProgrammeActivated(SOUND)), load(SECOND), GIVEN) == [ProgrammeActivated(SECOND)]
    history = fold(ProgrammeActivated(SOUND), ProgrammeActivated(SECOND))
    assert history
    assert history.current == SECOND
    assert history.pinned("place@1") == history.version(1) == SOUND
    assert history.pinned("place@3") is None


def test_the_same_version_with_the_same_content_is_loaded_once_however_late():
    history = fold(ProgrammeActivated(SOUND), ProgrammeActivated(SECOND))
    assert decide(history, load(SOUND), GIVEN) == decide(history, load(SECOND), GIVEN) == []


def test_a_loaded_version_never_changes():
    refused(VersionAlreadyLoaded, fold(ProgrammeActivated(SOUND)), load(replace(SOUND, name="Another")))


def test_a_version_below_the_one_in_use_is_refused():
    refused(VersionMustIncrease, fold(ProgrammeActivated(SECOND)), load(SOUND))


def test_a_configuration_belongs_to_the_programme_it_names():
    refused(ConfigurationForAnotherProgramme, None, LoadProgramme("other", SOUND))


def test_an_unusable_configuration_is_refused_with_its_mistakes():
    refusal = refused(ConfigurationInvalid, None, load(replace(SOUND, channels=())))
    assert refusal.details == {"problems": "channels: at least one way to refer is needed."}


def test_a_programme_stops_taking_referrals_and_takes_them_again():
    history = fold(ProgrammeActivated(SOUND))
    assert decide(history, ResumeProgramme(KEY), GIVEN) == []
    assert decide(history, SuspendProgramme(KEY), GIVEN) == [ProgrammeSuspended(KEY)]
    suspended = fold(ProgrammeActivated(SOUND), ProgrammeSuspended(KEY), ProgrammeActivated(SECOND))
    assert suspended
    assert not suspended.active
    assert decide(suspended, ResumeProgramme(KEY), GIVEN) == [ProgrammeResumed(KEY)]


def test_a_programme_that_was_never_loaded_cannot_be_suspended():
    refused(UnknownProgramme, None, SuspendProgramme(KEY))
    refused(UnknownProgramme, None, ResumeProgramme(KEY))


def test_a_sound_configuration_has_no_problems():
    assert problems(SOUND) == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.path)
def test_each_mistake_is_named_with_its_path(mistake: Mistake):
    assert [problem.split(":")[0] for problem in problems(mistake.configuration)] == [mistake.path]


def test_a_clock_may_name_only_events_it_is_told_of():
    assert problems(SOUND, events=frozenset({"PlanAgreed", "ReviewHeld"})) == []
    assert len(problems(SOUND, events=frozenset())) == 2


def test_a_weekly_meeting_keeps_its_hour_when_the_clocks_change():
    march = occurrences(WEEKLY, date(2026, 3, 24), date(2026, 3, 31))
    assert march == [datetime(2026, 3, 24, 10, tzinfo=UTC), datetime(2026, 3, 31, 9, tzinfo=UTC)]
    october = occurrences(WEEKLY, date(2026, 10, 20), date(2026, 10, 27))
    assert october == [datetime(2026, 10, 20, 9, tzinfo=UTC), datetime(2026, 10, 27, 10, tzinfo=UTC)]


def days(rrule: str | None, from_day: date, to_day: date) -> list[date]:
    return [at.date() for at in occurrences(replace(WEEKLY, rrule=rrule), from_day, to_day)]


def test_a_monthly_meeting_falls_on_its_weekday_of_the_month():
    first = [date(2026, 1, 1), date(2026, 2, 5), date(2026, 3, 5), date(2026, 4, 2)]
    assert days("FREQ=MONTHLY;BYDAY=1TH", date(2026, 1, 1), date(2026, 4, 30)) == first
    last = [date(2026, 1, 30), date(2026, 2, 27)]
    assert days("FREQ=MONTHLY;BYDAY=-1FR", date(2026, 1, 1), date(2026, 2, 28)) == last


def test_alternate_weeks_are_the_same_days_wherever_one_begins_to_look():
    rule = "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH"
    whole = days(rule, date(2026, 1, 1), date(2026, 3, 31))
    assert whole[-5:] == [day for day in days(rule, date(2026, 2, 3), date(2026, 3, 31)) if day >= whole[-5]]
    assert {(later - earlier).days for earlier, later in zip(whole, whole[2:], strict=False)} == {14}


def test_a_series_without_a_rule_meets_only_when_called():
    assert days(None, date(2026, 1, 1), date(2026, 12, 31)) == []
    assert days("FREQ=WEEKLY;BYDAY=TU", date(2026, 1, 2), date(2026, 1, 1)) == []


@given(st.dates(date(2021, 1, 1), date(2040, 1, 1)), st.integers(0, 100), st.integers(1, 100))
def test_looking_in_two_halves_finds_the_same_meetings(start: date, first: int, second: int):
    middle, end = (date.fromordinal(start.toordinal() + n) for n in (first, first + second))
    after = date.fromordinal(middle.toordinal() + 1)
    halves = occurrences(WEEKLY, start, middle) + occurrences(WEEKLY, after, end)
    assert halves == occurrences(WEEKLY, start, end)


EXPECTED = [
    ("FREQ=MONTHLY;BYDAY=1TH", date(2026, 12, 3), 1, date(2027, 1, 7)),
    ("FREQ=MONTHLY;BYDAY=1TH", date(2026, 12, 3), 2, date(2027, 2, 4)),
    ("FREQ=WEEKLY;BYDAY=FR", date(2026, 12, 18), 1, date(2027, 1, 8)),  # Christmas Day, New Year's Day
    ("FREQ=WEEKLY;BYDAY=SA", date(2027, 12, 18), 1, date(2028, 1, 8)),  # both on a Saturday, and Monday stands in
    ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", date(2026, 3, 23), 1, date(2026, 4, 20)),  # Easter Monday
    (None, date(2026, 12, 18), 1, date(2026, 12, 29)),
]


@pytest.mark.parametrize(("rrule", "on", "meetings", "expected"), EXPECTED)
def test_a_series_is_expected_on_a_day_of_its_own_rule_that_is_no_holiday(
    rrule: str | None, on: date, meetings: int, expected: date
):
    assert meets_after(replace(WEEKLY, rrule=rrule), on, meetings) == expected


rules = st.sampled_from([rrule for rrule, *_ in EXPECTED])


@given(rules, st.dates(date(2021, 1, 1), date(2040, 1, 1)), st.integers(0, 6), st.integers(1, 400))
def test_no_meeting_is_expected_on_a_day_on_which_the_series_does_not_meet(
    rrule: str | None, on: date, meetings: int, later: int
):
    series = replace(WEEKLY, rrule=rrule)
    from_day = on + timedelta(days=later)
    for expected in (meets_after(series, on, meetings + 1), meets_from(series, on, from_day)):
        assert not is_holiday(expected)
        assert days(rrule, expected, expected) == [expected] if rrule else is_working_day(expected)
    first = meets_from(series, on, from_day)
    assert first >= from_day
    assert rrule is None or all(map(is_holiday, days(rrule, from_day, first - timedelta(days=1))))
    assert meets_from(series, on, on) == on


@given(st.lists(commands, max_size=12))
def test_an_accepted_command_repeated_records_nothing(asked: list[ProgrammeCommand]):
    history: ProgrammeHistory | None = None
    for command in asked:
        try:
            history = reduce(at_once(evolve, GIVEN.at), decide(history, command, GIVEN), history)
        except Refused:
            continue
        assert decide(history, command, GIVEN) == []
    versions = [held.version for held in history.versions] if history else []
    assert versions == sorted(set(versions))


@given(st.lists(events, max_size=12))
def test_any_history_can_be_folded(history: list[ProgrammeEvent]):
    activated = any(isinstance(event, ProgrammeActivated) for event in history)
    assert (fold(*history) is not None) == activated

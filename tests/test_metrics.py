"""Every metric of the catalogue, from facts to figure: what each strange case comes to, by values alone."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain.case.actions import ActionAccepted, ActionCompleted, ActionDeclined
from catch.domain.case.closing import CaseClosed, CaseReopened
from catch.domain.case.correcting import EntryWithdrawn
from catch.domain.case.funds import FundAwardApproved, FundAwardDeclined, FundAwardPaid, FundAwardRequested
from catch.domain.case.measures import MeasureRecorded
from catch.domain.case.notes import UnmetNeedRecorded, UnmetReason
from catch.domain.case.state import Entry, KindOfEntry, Measured, WithdrawReason
from catch.domain.case.voiding import CaseVoided
from catch.domain.facts import Category, Fact
from catch.domain.instruments import Reading
from catch.domain.programme.configuration import ClockRule, ClosureClass, Span, Unit
from catch.figures.gathering import facts_of, pieces
from catch.metrics import BY_CODE, CATALOGUE
from catch.metrics.care import careful, groups_told
from catch.metrics.definition import CaseFacts, Cut, FromCases, Metric, NotComputable
from catch.metrics.estimates import Estimate, Value, among
from catch.metrics.lines import Counted, Line
from catch.metrics.reckoning import Figure, Tally, figure
from catch.statistics.publishing import NEAREST, rounded
from catch.statistics.small_numbers import SMALLEST
from projections import outcomes
from tests.cases import (
    ACCEPTED,
    CASE,
    LEAD,
    NOW,
    OFFERED,
    PLANNED,
    PROGRAMME,
    SHARED,
    START,
    TEXT,
    history,
    offered,
    received,
    uid,
)

DAY = timedelta(days=1)
CLOCKED = replace(
    PROGRAMME,
    clocks=(ClockRule("first-conversation", "ReferralReceived", "ConversationHeld", Span(2, Unit.WORKING_DAY)),),
)
CUT = Cut(START + 100 * DAY, {PROGRAMME.version: CLOCKED})
closed = CaseClosed("goals-achieved", ClosureClass.OUTCOME_ACHIEVED, NOW.date(), TEXT, Measured(8))


def facts(*events: Fact, case: UUID = CASE) -> CaseFacts:
    found = facts_of(case, history(*events))
    assert found is not None
    return found


def lines(code: str, *held: CaseFacts, cut: Cut = CUT) -> list[Line]:
    computed = BY_CODE[code].computed
    assert isinstance(computed, FromCases)
    return [line for each in held for line in computed.lines(each, cut)]


def worked_out(code: str, *held: CaseFacts, cut: Cut = CUT) -> Estimate:
    metric = BY_CODE[code]
    tally = Tally(metric, date.min, date.max)
    for person, each in enumerate(held):
        tally.take(lines(code, each, cut=cut), person)
    return figure(metric, tally.counted(), (), grouped=False).whole


def said(estimate: Estimate) -> dict[str, float | None]:
    return {each.code: each.value for each in estimate.values}


def test_every_metric_of_the_catalogue_is_defined_once():
    wanted = {f"M{number:02}" for number in range(1, 44)} | {"M07b"}
    assert wanted <= {*BY_CODE}
    assert [metric.code for metric in CATALOGUE] == sorted(BY_CODE)
    for metric in CATALOGUE:
        assert metric.question.endswith("?"), metric.code
        assert re.fullmatch(r"\S.*[^.]", metric.denominator), metric.code
        assert metric.open_cases.endswith("."), metric.code
        assert metric.smallest >= SMALLEST, metric.code
        # Closed by default: what leads to a case says what of it one must see.
        if isinstance(metric.computed, FromCases):
            assert metric.computed.shows is None or metric.computed.shows, metric.code


def test_what_cannot_be_worked_out_says_why_and_is_never_nought():
    without = [metric for metric in CATALOGUE if isinstance(metric.computed, NotComputable)]
    assert all(isinstance(metric.computed, NotComputable) and metric.computed.reason for metric in without)
    with pytest.raises(TypeError):
        figure(without[0], [], (), grouped=False)
    assert BY_CODE["M14"].lacking(PROGRAMME) is not None
    assert BY_CODE["M29"].lacking(PROGRAMME) is not None


COMPUTED = [metric for metric in CATALOGUE if not isinstance(metric.computed, NotComputable)]


@pytest.mark.parametrize("metric", COMPUTED, ids=lambda metric: metric.code)
def test_of_no_cases_there_is_a_count_of_none_and_no_share(metric: Metric):
    whole = figure(metric, [], (), grouped=True).whole
    assert (whole.number, whole.people) == (0, 0)
    assert all(value.value is None for value in whole.values if value.share or value.count is None)


@pytest.mark.parametrize("metric", COMPUTED, ids=lambda metric: metric.code)
def test_one_case_closed_before_it_was_referred_and_opened_again_has_an_answer(metric: Metric):
    if not isinstance(metric.computed, FromCases):
        return
    held = facts_of(
        CASE,
        [
            replace(each, envelope=replace(each.envelope, occurred_at=at))
            for each, at in zip(
                history(*OFFERED, ActionAccepted(offered.action), closed, CaseReopened(2, TEXT)),
                # Typed in backwards: everything came before the referral, but for the last.
                [*(START - n * DAY for n in range(len(OFFERED) + 2)), NOW],
                strict=True,
            )
        ],
    )
    assert held is not None
    found = [*metric.computed.lines(held, CUT), *metric.computed.lines(held, Cut(START - 999 * DAY, CUT.versions))]
    assert all(line.amount >= 0 or metric.code == "M12" for line in found)
    assert all(line.entry_days >= 0 and (line.closed_days or 0) >= 0 for line in found)
    figure(metric, [Counted(line, [1]) for line in found], (), grouped=True)


@pytest.mark.parametrize("metric", COMPUTED, ids=lambda metric: metric.code)
def test_a_voided_case_is_in_no_figure_and_counted_apart(metric: Metric):
    if isinstance(metric.computed, FromCases):
        voided = facts(*OFFERED, closed, CaseVoided(uid(80)))
        assert {line.answer for line in lines(metric.code, voided)} <= {"administrative"}


def episode(took: int | None, ending: ClosureClass = ClosureClass.OUTCOME_ACHIEVED, age: int = 50) -> CaseFacts:
    """Of which nothing matters but its episode: it ended after so many days, or is open and so old."""
    began = CUT.at - age * DAY
    over = None if took is None else began + took * DAY
    held = outcomes.Episode(1, began, accepted_at=began, ended_at=over, ending=ending if over else None)
    return CaseFacts(facts(*ACCEPTED).case, (held,))


def test_time_to_outcome_is_the_worked_example_with_the_spreadsheets_mean_beside_it():
    """The catalogue's own check: 10, 20 and 30 days, two still open after 40 and 50: median 30, not 20."""
    held = [episode(10), episode(20), episode(30), episode(None, age=40), episode(None, age=50)]
    found = worked_out("M07", *held)
    assert (said(found)["median"], said(found)["naive-closed-mean"]) == (30, 20)
    assert next(each for each in found.values if each.code == "naive-closed-mean").label.endswith("too short")
    assert (found.number, found.censored, found.competing, found.administrative) == (5, 2, 0, 0)
    moved = [episode(10), episode(20, ClosureClass.COMPETING_NEUTRAL), *held[2:]]
    (at_30,) = [point for point in worked_out("M07", *moved).curve if point.days == 30]
    assert at_30.incidence == pytest.approx(0.4)


def test_what_was_opened_in_error_is_counted_apart_and_nowhere_else():
    found = worked_out("M07", episode(10), episode(10, ClosureClass.ADMINISTRATIVE))
    assert (found.number, found.administrative) == (1, 1)
    assert worked_out("M11", episode(10, ClosureClass.ADMINISTRATIVE)).number == 0


def test_first_conversations_are_held_to_the_clock_of_the_version_that_the_case_is_pinned_to():
    on_time, waiting = facts(*ACCEPTED), facts(received)
    kept = {line.within for line in lines("M04", waiting)}
    assert kept == {"late"}
    assert {line.within for line in lines("M04", waiting, cut=replace(CUT, at=START + DAY))} == {""}
    # Half-way the programme changed, and has no such clock any more: who came before keeps theirs.
    newer = replace(CLOCKED, version=PROGRAMME.version + 1, clocks=())
    both = replace(CUT, versions={PROGRAMME.version: CLOCKED, newer.version: newer})
    assert {line.within for line in lines("M04", waiting, cut=both)} == {"late"}
    assert {line.within for line in lines("M04", on_time, cut=replace(CUT, versions={}))} == {""}


def test_a_cut_off_before_the_referral_knows_of_nothing():
    early = replace(CUT, at=START - DAY)
    for metric in COMPUTED:
        if isinstance(metric.computed, FromCases):
            assert lines(metric.code, facts(*OFFERED, closed), cut=early) == [], metric.code


def test_actions_are_on_time_by_the_day_that_was_promised_first():
    accepted = ActionAccepted(offered.action)
    done = facts(*OFFERED, accepted, ActionCompleted(offered.action, "done", NOW.date()))
    assert [line.answer for line in lines("M20", done)] == ["on-time"]
    assert [line.answer for line in lines("M20", facts(*OFFERED, accepted))] == ["overdue"]
    assert [line.answer for line in lines("M20", facts(*OFFERED, ActionDeclined(offered.action, TEXT)))] == ["declined"]
    # What is not due yet is in no figure.
    assert lines("M20", done, cut=replace(CUT, at=NOW)) == []
    assert [line.answer for line in lines("M22", done)] == ["completed"]
    assert [line.group for line in lines("M21", done)] == ["housing-1"]


def swemwbs(number: int, metric: float, day: date) -> MeasureRecorded:
    return MeasureRecorded(uid(number), "swemwbs", "start", day, raw_total=20, metric_total=metric)


def test_scores_are_compared_over_all_who_were_asked_twice_and_bands_end_where_they_say():
    def change(by: float) -> str:
        held = facts(*ACCEPTED, swemwbs(70, 20.0, NOW.date()), swemwbs(71, 20.0 + by, NOW.date() + DAY))
        (line,) = lines("M14", held)
        return line.answer

    bands = {
        2.87: "reliably-improved",
        2.86: "possibly-improved",
        1.03: "possibly-improved",
        1.02: "unchanged",
        0: "unchanged",
    }
    assert {by: change(by) for by in bands} == bands
    assert (change(-1.03), change(-2.87)) == ("possibly-worse", "reliably-worse")
    once = facts(*ACCEPTED, swemwbs(70, 20.0, NOW.date()))
    assert [line.answer for line in lines("M14", once)] == ["once"]
    twice = facts(*ACCEPTED, swemwbs(70, 20.0, NOW.date()), swemwbs(71, 24.0, NOW.date() + DAY))
    told = said(worked_out("M14", once, twice))
    # Nothing is made up for who was asked once: what they might have said is told as two ends.
    assert (told["mean"], told["both"], told["improvers-mean"]) == (4, 0.5, 4)
    assert (told["worst"], told["best"]) == ((4 - 13) / 2, (4 + 15) / 2)
    assert [line.answer for line in lines("M13", once)] == ["not-due"]


def test_what_was_withdrawn_is_in_no_figure():
    held = (*ACCEPTED, swemwbs(70, 20.0, NOW.date()), swemwbs(71, 25.0, NOW.date() + DAY))
    entry = Entry(KindOfEntry.MEASURE, uid(71), NOW, Category.HEALTH)
    found = facts(*held, EntryWithdrawn(uid(81), entry, WithdrawReason.WRONG_PERSON))
    assert [line.answer for line in lines("M14", found)] == ["once"]


def test_who_comes_back_as_another_case_has_returned():
    began = CUT.at - 300 * DAY
    first = episode(10, age=300)
    again = CaseFacts(first.case, (outcomes.Episode(1, began + 60 * DAY),))
    assert [line.answer for line in lines("M32", first._replace(others=(again,)))] == ["returned"]
    assert [line.answer for line in lines("M32", first)] == ["stayed-away"]
    late = CaseFacts(first.case, (outcomes.Episode(1, began + 250 * DAY),))
    assert [line.answer for line in lines("M32", first._replace(others=(late,)))] == ["stayed-away"]
    assert [line.answer for line in lines("M32", episode(10))] == ["too-early"]


def test_one_case_planned_is_in_the_figures_of_support():
    held = facts(*PLANNED)
    assert [line.answer for line in lines("M12", held)] == ["unscored"]
    assert [line.amount for line in lines("M17", facts(*OFFERED, ActionAccepted(offered.action)))] == [1]
    assert {line.answer for line in lines("M41", facts(*SHARED))} == {"6-1-a, explicit-consent"}
    assert said(worked_out("M01", held))["people"] == 1


def test_the_order_of_cases_changes_nothing():
    held = [episode(days, age=200) for days in (3, 90, 41, 17, 120)]
    assert worked_out("M07", *held) == worked_out("M07", *reversed(held))


def test_groups_that_are_counted_are_among_those_they_are_counted_of():
    with pytest.raises(TypeError):
        among("x", "X", "a b", "a")


# What is told to whoever does not see every case

people = st.integers(0, 30)


def shares(count: int, of: int, group: str = "") -> Estimate:
    value = Value("x", "X", count / of if of else None, count, of, count, of, share=True)
    return Estimate(of, of, (value,), administrative=1)


quarters = st.lists(people.flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))), min_size=4, max_size=4)


@given(quarters)
def test_nothing_is_told_of_a_small_group_not_even_by_taking_quarters_from_a_year(found: list[tuple[int, int]]):
    parts = tuple(shares(count, of) for count, of in found)
    year = shares(sum(count for count, _ in found), sum(of for _, of in found))
    told = {number: careful(Figure(part, (), (), ()), SMALLEST) for number, part in enumerate(parts)}
    whole = careful(Figure(year, parts, (), ()), SMALLEST)
    for estimate in (*told.values(), whole):
        for value in estimate.values if estimate else ():
            for number in (value.count, value.of):
                assert number is None or (number >= SMALLEST and number % NEAREST == 0)
            assert (value.people, value.people_of) == (0, 0)
        assert estimate is None or estimate.administrative is None
    if whole is None:
        return
    # By the true counts, as if nothing had been rounded: whatever is taken away, none or many are left.
    shown = [number for number, estimate in told.items() if estimate is not None]
    for taken in (some for size in range(len(shown) + 1) for some in combinations(shown, size)):
        left = year.people - sum(parts[number].people for number in taken)
        assert left == 0 or left >= SMALLEST
    if whole.values[0].count is not None:
        hidden = [count for count, _ in found if count < SMALLEST]
        assert sum(hidden) == 0 or sum(hidden) >= SMALLEST


@given(st.lists(people, max_size=7))
def test_groups_left_out_are_many_together(sizes: list[int]):
    whole = Figure(
        shares(0, sum(sizes)), (), tuple((str(number), shares(0, size)) for number, size in enumerate(sizes)), ()
    )
    told = {key for key, _ in groups_told(whole, SMALLEST)}
    assert all(sizes[int(key)] >= SMALLEST for key in told)
    left = sum(size for number, size in enumerate(sizes) if str(number) not in told)
    assert left == 0 or left >= SMALLEST or not told


def test_the_control_without_care_one_person_is_what_is_left():
    sizes = (9, 9, 9, 1)
    assert sum(sizes) - sum(sizes[:3]) == 1
    parts = tuple(shares(0, size) for size in sizes)
    assert careful(Figure(shares(0, 28), parts, (), ()), SMALLEST) is None
    assert groups_told(Figure(shares(0, 28), (), (("a", parts[0]), ("b", parts[3])), ()), SMALLEST) == ()


def test_what_may_be_one_persons_is_not_told_with_care():
    found = worked_out("M07", *(episode(days, age=400) for days in range(10, 40)))
    told = careful(Figure(found, (found,), (), ()), SMALLEST)
    assert told is not None
    codes = {each.code for each in told.values}
    assert {"median", "reached", "naive-closed-mean"} <= codes
    assert codes.isdisjoint({"longest", "lower-quartile", "upper-quartile", "restricted-mean", "by-90"})
    assert (told.at_risk, told.never_at_risk) == ((), None)
    assert all(point.events + point.competing + point.censored >= SMALLEST for point in told.curve)


@pytest.mark.parametrize(("count", "told"), [(5, 5), (7, 5), (8, 10), (12, 10), (13, 15)])
def test_counts_are_rounded_to_the_nearest_five(count: int, told: int):
    assert rounded(count) == told


def test_a_figure_is_the_same_bytes_whatever_order_lines_came_in():
    metric = BY_CODE["M24"]
    held = [Line(date(2026, 1, 1), "heard", minutes / 7, "weekly", "new") for minutes in range(40)]

    def made(of: Sequence[Line]) -> bytes:
        tally = Tally(metric, date.min, date.max)
        for number, line in enumerate(of):
            tally.take((line,), number)
        whole = figure(metric, tally.counted(), (), grouped=True)
        return msgspec.json.encode((whole.whole.values, whole.groups, whole.months))

    assert made(held) == made(held[::-1])


def test_lines_outside_the_days_asked_for_are_not_counted_and_what_stands_now_always_is():
    for code, wanted in (("M07", 0), ("M18", 1)):
        tally = Tally(BY_CODE[code], date(1990, 1, 1), date(1990, 3, 31))
        tally.take(lines(code, facts(*ACCEPTED)), 1, "snn-catch@3")
        assert len(tally.counted()) == wanted
        assert tally.pins == ({"snn-catch@3"} if wanted else set())
    assert datetime.now(UTC) > START


@pytest.mark.parametrize(
    ("begun", "first", "last", "cut", "partial"),
    [
        # It began on the 14th; and the cut-off lies within the last month.
        (date(2026, 1, 14), date.min, date.max, date(2026, 4, 10), ["2026-01", "2026-04"]),
        # The 1st of January is no working day: whoever begins on the 2nd has the whole month.
        (date(2026, 1, 2), date.min, date.max, date(2026, 4, 30), []),
        # A month over which less is asked for, at either end.
        (date(2026, 1, 2), date(2026, 1, 5), date(2026, 4, 29), date(2026, 9, 1), ["2026-01", "2026-04"]),
        # It began long before: that nothing happened in the first days of a month makes it no part of one.
        (date(2025, 6, 14), date(2026, 1, 1), date.max, date(2026, 4, 30), []),
    ],
)
def test_a_month_of_which_some_days_are_not_counted_is_marked(
    begun: date, first: date, last: date, cut: date, partial: list[str]
):
    days = [begun, *(date(2026, month, 20) for month in range(1, 5)), date(2026, 4, 9)]
    metric = BY_CODE["M01"]
    cut_off = Cut(datetime(cut.year, cut.month, cut.day, 12, tzinfo=UTC), {})
    tally, beside = Tally(metric, first, last), Tally(metric, first, last)
    # What a process beside counted begins where that began.
    beside.take([Line(days[0], "gp")], 1)
    tally.take([Line(day, "gp") for day in days[1:]], 2)
    tally.add(beside.taken)
    months = figure(metric, tally.counted(), (), grouped=False, whole=tally.whole(cut_off)).months
    assert [f"{each.month:%Y-%m}" for each in months if each.partial] == partial
    assert [f"{each.month:%Y-%m}" for each in months] == ["2026-01", "2026-02", "2026-03", "2026-04"]
    assert Tally(metric, first, last).whole(cut_off) is None


def test_nobodys_cases_are_parted():
    found = [(UUID(int=person), UUID(int=person * 10 + case)) for person in range(9) for case in range(3)]
    parts = [*pieces(found, 4)]
    assert [each for part in parts for each in part] == found
    assert all(len(part) >= 4 or part is parts[-1] for part in parts)
    assert {person for person, _ in parts[0]}.isdisjoint({person for person, _ in parts[1]})


def test_the_four_questions_of_ons4_are_told_apart_and_less_anxious_is_better():
    asked = [
        MeasureRecorded(
            uid(number),
            "ons4",
            "start",
            NOW.date(),
            tuple(map(Reading, range(1, 5), scores)),
            complete=len(scores) == 4,
        )
        for number, scores in ((71, (4, 6, 5, 8)), (72, (7, 6, 3)), (73, (6, 6, 4, 2)))
    ]
    held = facts(*ACCEPTED, *asked)
    means = {code: said(worked_out(code, held))["mean"] for code in ("M15b", "M15c", "M15d", "M15e")}
    assert means == {"M15b": 2, "M15c": 0, "M15d": -1, "M15e": -6}
    (less_anxious,) = lines("M15e", held)
    assert (less_anxious.answer, less_anxious.before) == ("better", 8)
    # Of each question apart: what was left out once was answered twice all the same.
    whole = facts(*ACCEPTED, *asked[:2])
    assert [line.answer for line in lines("M15e", whole)] == ["once"]
    assert [line.answer for line in lines("M15d", whole)] == ["worse"]
    assert BY_CODE["M15b"].lacking(PROGRAMME) is not None


def test_unmet_needs_are_told_by_the_place_that_was_said():
    held = facts(
        *ACCEPTED,
        UnmetNeedRecorded(uid(81), "transport", UnmetReason.NO_SERVICE, "kettering"),
        UnmetNeedRecorded(uid(82), "respite", UnmetReason.WAITING, "corby"),
        UnmetNeedRecorded(uid(83), "respite", UnmetReason.WAITING, None),
    )
    found = [Counted(line, [1]) for line in lines("M33", held)]
    groups = {key: each.number for key, each in figure(BY_CODE["M33"], found, (), grouped=True).groups}
    assert groups == {"": 1, "corby": 1, "kettering": 1}
    # Of so few nothing is told to whoever does not see every case.
    assert groups_told(figure(BY_CODE["M33"], found, (), grouped=True), SMALLEST) == ()


def test_money_from_funds_is_what_was_paid_by_the_cut_off_and_what_waits_is_in_no_sum():
    asked = [
        FundAwardRequested(uid(90 + number), fund, pence, TEXT, TEXT, LEAD)
        for number, (fund, pence) in enumerate(
            (("hardship", 4550), ("hardship", 12000), ("food", 99999), ("food", 2500))
        )
    ]
    held = facts(
        *ACCEPTED,
        *asked,
        FundAwardApproved(uid(90), LEAD),
        FundAwardPaid(uid(90), NOW.date()),
        FundAwardApproved(uid(91), LEAD),
        FundAwardDeclined(uid(92), TEXT, LEAD),
    )
    assert [(line.answer, line.amount, line.part) for line in lines("M39b", held)] == [
        ("paid", 45.5, "hardship"),
        ("approved", 120.0, "hardship"),
        ("declined", 999.99, "food"),
        ("waiting", 25.0, "food"),
    ]
    whole = said(worked_out("M39b", held))
    assert (whole["mean"], whole["total"], whole["hardship"], whole["paid"], whole["declined"]) == (45.5,) * 3 + (
        0.25,
    ) * 2
    # On the day before it was paid it was not; and nothing of nobody is 0.
    before = Cut(datetime.combine(NOW.date() - DAY, time(12), UTC), CUT.versions)
    assert "paid" not in {line.answer for line in lines("M39b", held, cut=before)}
    assert said(worked_out("M39b", facts(*ACCEPTED)))["total"] is None
    # A sum to the penny is told to nobody who may not know of a small group.
    many = careful(figure(BY_CODE["M39b"], [Counted(lines("M39b", held)[0], range(9))], (), grouped=False), SMALLEST)
    assert many is not None
    assert "total" not in {each.code for each in many.values}
    assert BY_CODE["M39b"].lacking(replace(PROGRAMME, funds=())) == "The programme has no fund."

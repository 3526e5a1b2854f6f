"""Every reason of the agenda rules, the order, the mix, the windows, and the words."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import combinations, pairwise
from random import Random
from typing import Any, cast
from uuid import uuid5

import pytest
from msgspec import Struct
from msgspec.structs import replace

from catch.domain.agenda.draft import agenda_json, draft_agenda, item_id
from catch.domain.agenda.facts import ActionFact, CaseFacts, ClockFact, ProposalFact
from catch.domain.agenda.mix import Room, mixed, room
from catch.domain.agenda.order import one_by_one
from catch.domain.meeting.listing import (
    Agenda,
    DraftedItem,
    Gap,
    Missing,
    ReasonCode,
    Section,
    WarningCode,
    WhyNotPlaced,
)
from catch.domain.meeting.state import Availability
from catch.domain.programme.configuration import AgendaPolicy
from tests.agendas import (
    MEETING,
    QUIET,
    SALT,
    SERIES,
    SPACE,
    START,
    a_case,
    a_random_meeting,
    ago,
    carried,
    day,
    new_case,
)


def draft(*facts: CaseFacts, **policy: object) -> Agenda:
    series = replace(SERIES, policy=replace(AgendaPolicy(), **policy))
    return draft_agenda(series, MEETING, facts, 7, SALT)


def only(facts: CaseFacts, **policy: object) -> DraftedItem:
    (item,) = draft(facts, **policy).items
    return item


def proposal(purpose: str, **more: object) -> ProposalFact:
    return replace(ProposalFact(uuid5(SPACE, "proposal"), purpose, day(-4), "age-well"), **more)


def action(due: int, **more: object) -> ActionFact:
    return replace(ActionFact(uuid5(SPACE, "action"), "housing-1", day(due)), **more)


def clock(warn: int, due: int) -> ClockFact:
    return ClockFact("first-discussion", ago(10), START + timedelta(days=warn), START + timedelta(days=due))


NEW = replace(QUIET, discussed_at=None, conversation_at=ago(3))
REASONS: list[tuple[dict[str, object], ReasonCode, Section, bool]] = [
    ({"proposals": (proposal("urgent"),)}, ReasonCode.URGENT, Section.URGENT, True),
    ({"proposals": (proposal("", urgent=True),)}, ReasonCode.URGENT, Section.URGENT, True),
    ({"safeguarding_since": day(-2)}, ReasonCode.SAFEGUARDING_FOLLOW_UP, Section.URGENT, True),
    ({"actions": (action(-1),)}, ReasonCode.ACTION_OVERDUE, Section.MATTERS_ARISING, False),
    ({"actions": (action(-14),)}, ReasonCode.ACTION_OVERDUE, Section.MATTERS_ARISING, False),
    ({"actions": (action(-15),)}, ReasonCode.ACTION_OVERDUE, Section.MATTERS_ARISING, True),
    ({"actions": (action(-1, mandatory=True),)}, ReasonCode.ACTION_OVERDUE, Section.MATTERS_ARISING, True),
    ({"actions": (action(9, declined_on=day(-1)),)}, ReasonCode.ACTION_DECLINED, Section.MATTERS_ARISING, True),
    ({"discussed_at": None, "conversation_at": ago(14)}, ReasonCode.NEW, Section.NEW, False),
    ({"discussed_at": None, "conversation_at": ago(15)}, ReasonCode.NEW, Section.NEW, True),
    ({"proposals": (proposal("new"),)}, ReasonCode.NEW, Section.NEW, False),
    ({"review_due": day(14)}, ReasonCode.REVIEW_DUE, Section.REVIEW, False),
    ({"review_due": day(-28)}, ReasonCode.REVIEW_DUE, Section.REVIEW, False),
    ({"review_due": day(-29)}, ReasonCode.REVIEW_DUE, Section.REVIEW, True),
    ({"proposals": (proposal("review"),)}, ReasonCode.REVIEW_DUE, Section.REVIEW, False),
    ({"clocks": (clock(0, 2),)}, ReasonCode.CLOCK_WARNED, Section.AT_RISK, False),
    ({"clocks": (clock(-3, -1),)}, ReasonCode.CLOCK_BREACHED, Section.AT_RISK, True),
    ({"last_activity_at": ago(28)}, ReasonCode.NO_ACTIVITY, Section.AT_RISK, False),
    ({"proposals": (proposal("stuck"),)}, ReasonCode.NO_ACTIVITY, Section.AT_RISK, False),
    ({"planned_end": day(28)}, ReasonCode.MAX_SUPPORT, Section.CLOSE_OR_EXTEND, False),
    ({"planned_end": day(-1)}, ReasonCode.MAX_SUPPORT, Section.CLOSE_OR_EXTEND, True),
    ({"proposals": (proposal("extension"),)}, ReasonCode.MAX_SUPPORT, Section.CLOSE_OR_EXTEND, False),
    ({"closure_proposed_on": day(-1)}, ReasonCode.CLOSURE_PROPOSED, Section.CLOSE_OR_EXTEND, False),
    ({"closure_proposed_on": day(-1), "ready_to_close": True}, ReasonCode.CLOSURE_PROPOSED, Section.NOTING, False),
    ({"proposals": (proposal("closure"),)}, ReasonCode.CLOSURE_PROPOSED, Section.CLOSE_OR_EXTEND, False),
    ({"proposals": (proposal("", question=True),)}, ReasonCode.PARTNER_QUESTION, Section.QUESTION, False),
]


@pytest.mark.parametrize(("change", "code", "section", "must"), REASONS)
def test_a_reason_puts_a_case_in_its_section(change: dict[str, object], code: ReasonCode, section: Section, must: bool):
    item = only(replace(QUIET, **change))
    assert [reason.code for reason in item.reasons] == [code]
    assert (item.section, item.must) == (section, must)


SILENT: list[dict[str, object]] = [
    {},
    {"actions": (action(0),)},
    {"discussed_at": None, "conversation_at": None},
    {"review_due": day(15)},
    {"clocks": (clock(1, 2),)},
    {"last_activity_at": ago(27)},
    {"planned_end": day(29)},
    {"proposals": (proposal("urgent", earliest=day(1)),)},
    {"live": False, "review_due": day(0)},
    {"programme": "other", "review_due": day(0)},
]


@pytest.mark.parametrize("change", SILENT)
def test_no_reason_fires_before_its_time(change: dict[str, object]):
    assert draft(replace(QUIET, **change)) == Agenda(7, "1")


def test_every_reason_of_the_rules_is_tried():
    tried = {code for _, code, _, _ in REASONS} | {ReasonCode.CARRIED, ReasonCode.UNMET_NEED}
    assert tried == set(ReasonCode)


@pytest.mark.parametrize(("count", "must"), [(1, False), (2, True)])
def test_a_carried_case_keeps_its_section_and_is_a_must_after_two_deferrals(count: int, must: bool):
    item = only(carried(QUIET, Section.REVIEW, count))
    assert (item.section, item.must, item.defer_count) == (Section.REVIEW, must, count)


def test_unmet_needs_are_counted_and_name_no_case():
    facts = [replace(a_case(n), unmet_needs=("transport", "day-care")[: n + 1]) for n in range(2)]
    assert draft(*facts) == Agenda(7, "1", gaps=(Gap("day-care", 1), Gap("transport", 2)))


def test_every_new_case_is_a_must_where_all_are_discussed():
    assert only(NEW, discuss_all=True).must


def test_reasons_merge_into_one_item_in_the_highest_section():
    item = only(replace(QUIET, review_due=day(0), actions=(action(-3),), planned_end=day(5)))
    assert [reason.code for reason in item.reasons] == [
        ReasonCode.ACTION_OVERDUE,
        ReasonCode.REVIEW_DUE,
        ReasonCode.MAX_SUPPORT,
    ]
    assert (item.section, item.minutes) == (Section.MATTERS_ARISING, 3)
    assert item.item == item_id(MEETING, QUIET.case, SALT)
    # Nobody who knows meeting and case works it out without the place's secret.
    assert item.item not in (item_id(MEETING, QUIET.case, ""), uuid5(MEETING.meeting, str(QUIET.case)))
    assert item.item.version == 8
    # What was drafted before under another id keeps it, and everything that was said of it.
    known = replace(item, item=uuid5(SPACE, "known before"))
    drafted = replace(MEETING, draft=replace(draft(QUIET), items=(known,)))
    assert item_id(drafted, QUIET.case, SALT) == known.item


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"presenter": None}, Missing.PRESENTER),
        ({"basis": None}, Missing.BASIS),
        ({"visible_to": frozenset[str]()}, Missing.AGENCY),
    ],
)
def test_a_case_that_may_not_appear_is_a_warning_that_says_what_is_missing(change: dict[str, object], missing: Missing):
    agenda = draft(replace(NEW, **change))
    (warning,) = agenda.warnings
    assert agenda.items == ()
    assert (warning.code, warning.case, warning.missing) == (WarningCode.NOT_READY, NEW.case, (missing,))


def test_a_required_partner_without_basis_is_a_warning_and_the_item_stays():
    agenda = draft(replace(QUIET, proposals=(proposal("review", requested_partners=("fire",)),)))
    assert len(agenda.items) == 1
    assert [(warning.code, warning.case) for warning in agenda.warnings] == [
        (WarningCode.PARTNER_WITHOUT_BASIS, QUIET.case)
    ]


def numbers(agenda: Agenda) -> list[str]:
    return [item.number[-1] for item in agenda.items]


def test_order_is_section_must_deferrals_wait_clock_presenter_number():
    review = replace(QUIET, review_due=day(0))
    agenda = draft(
        a_case(9, review),
        a_case(8, review),
        a_case(7, replace(review, presenter="abe")),
        a_case(6, replace(review, clocks=(ClockFact("x", ago(10), START + timedelta(1), START + timedelta(10)),))),
        a_case(5, replace(QUIET, review_due=day(-3))),
        carried(a_case(4, review), Section.REVIEW, 1),
        a_case(3, replace(QUIET, review_due=day(-40))),
        a_case(2, NEW),
        a_case(1, replace(QUIET, proposals=(proposal("urgent"),))),
    )
    assert numbers(agenda) == list("123456789")
    assert [item.order for item in agenda.items] == list(range(1, 10))


def test_musts_stand_even_over_budget_and_the_chair_is_warned():
    agenda = draft(*(new_case(n, waiting=30) for n in range(20)))
    (warning,) = agenda.warnings
    assert len(agenda.items) == 20
    assert (warning.code, warning.minutes_over) == (WarningCode.MUST_OVER_BUDGET, 20 * 8 - 110)


def test_what_does_not_fit_is_overflow_with_its_reason_and_its_day():
    agenda = draft(*(new_case(n) for n in range(15)))
    assert len(agenda.items) == 13
    assert {held.why for held in agenda.overflow} == {WhyNotPlaced.NO_MINUTES_LEFT}
    assert {held.predicted_on for held in agenda.overflow} == {day(7)}
    assert {(held.defer_count, held.displacements) for held in agenda.overflow} == {(1, 1)}


@pytest.mark.parametrize(
    ("policy", "why", "placed"),
    [({"max_items": 5}, WhyNotPlaced.MAX_ITEMS, 5), ({"max_new": 2}, WhyNotPlaced.MAX_NEW, 2)],
)
def test_places_are_limited_as_the_policy_says(policy: dict[str, object], why: WhyNotPlaced, placed: int):
    agenda = draft(*(new_case(n) for n in range(8)), **policy)
    assert len(agenda.items) == placed
    assert {held.why for held in agenda.overflow} == {why}


def test_the_noting_list_has_its_own_length_and_takes_no_minutes():
    closing = replace(QUIET, closure_proposed_on=day(-1), ready_to_close=True)
    agenda = draft(*(a_case(n, closing) for n in range(5)), *(new_case(n) for n in range(10, 23)), max_noting=3)
    assert [item.section for item in agenda.items].count(Section.NOTING) == 3
    assert [item.section for item in agenda.items].count(Section.NEW) == 13
    assert {held.why for held in agenda.overflow} == {WhyNotPlaced.NOTING_FULL}


@pytest.mark.parametrize(("share", "existing"), [({"min_existing_share": 0.33}, 4), ({"min_existing_share": 0.0}, 0)])
def test_a_share_is_kept_for_existing_cases_when_there_are_any(share: dict[str, object], existing: int):
    reviews = [a_case(n, replace(QUIET, review_due=day(0))) for n in range(50, 60)]
    agenda = draft(*(new_case(n) for n in range(30)), *reviews, max_items=12, **share)
    assert sum(item.section is Section.REVIEW for item in agenda.items) == existing
    assert len(agenda.items) == 12


def test_a_share_is_kept_for_new_cases():
    chased = [a_case(n, replace(QUIET, actions=(action(-3),))) for n in range(50, 70)]
    agenda = draft(*chased, *(new_case(n) for n in range(10)), max_items=12, min_new_share=0.25)
    assert sum(item.section is Section.NEW for item in agenda.items) == 3


def test_the_mix_is_found_where_one_case_after_another_misses_it():
    """A long case that is not new comes first in the order, and leaves no time for the new one."""
    policy = AgendaPolicy(min_existing_share=0.5, min_new_share=0.5)
    long, short = Slot(new=False, minutes=20, number=1), Slot(new=False, minutes=10, number=2)
    fresh = Slot(new=True, minutes=15, number=3)
    left = room((), (long, short, fresh), policy, 30)
    assert mixed((long, short, fresh), left, policy) == [short, fresh]


class Slot(Struct, frozen=True):
    new: bool
    minutes: int
    number: int


@pytest.mark.parametrize("seed", range(40))
def test_the_mix_is_kept_wherever_it_can_be(seed: int):
    """Against every choice that there is, in meetings that are tight: as many as with any that keeps the mix, and the
    first of those by the order.
    """
    random, missed = Random(seed), 0
    for _ in range(100):
        waiting = [Slot(random.random() < 0.5, random.choice((3, 4, 5, 8, 10)), n) for n in range(random.randint(1, 9))]
        musts = [Slot(random.random() < 0.5, random.choice((3, 8)), -n) for n in range(1, random.randint(1, 4))]
        policy = AgendaPolicy(
            max_items=random.choice((None, 3, 5)),
            max_new=random.choice((None, 1, 2)),
            min_existing_share=random.choice((0.0, 0.3, 0.5)),
            min_new_share=random.choice((0.0, 0.25, 0.5)),
        )
        budget = random.randint(5, 45)
        left = room(musts, waiting, policy, budget)
        able = [
            choice
            for n in range(len(waiting), 0, -1)
            for choice in combinations(waiting, n)
            if allowed(choice, left, policy) and left.kept(*count(choice), policy)
        ]
        best = [choice for choice in able if len(choice) == len(able[0])]
        assert mixed(waiting, left, policy) == [
            *min(best, key=lambda choice: [slot.number for slot in choice], default=())
        ]
        missed += bool(able) and not left.kept(*count(greedy(musts, waiting, policy, budget)), policy)
    if seed == 0:
        # Otherwise nothing would be tried that the first way does not do as well.
        assert missed > 0


def count(choice: Sequence[Slot]) -> tuple[int, int]:
    new = sum(slot.new for slot in choice)
    return new, len(choice) - new


def allowed(choice: Sequence[Slot], left: Room, policy: AgendaPolicy) -> bool:
    new, _ = count(choice)
    few_enough = left.places is None or len(choice) <= left.places
    most_new = policy.max_new is None or left.new + new <= policy.max_new or new == 0
    return few_enough and most_new and sum(slot.minutes for slot in choice) <= left.minutes


def greedy(musts: Sequence[Slot], waiting: Sequence[Slot], policy: AgendaPolicy, budget: int) -> list[Slot]:
    return cast("list[Slot]", one_by_one(cast("Any", musts), cast("Any", waiting), policy, budget))


def test_too_few_or_too_many_items_for_the_series_is_a_warning():
    assert [held.code for held in draft(NEW, min_items=8).warnings] == [WarningCode.BELOW_MIN_ITEMS]
    many = draft(*(new_case(n, waiting=30) for n in range(6)), max_items=5)
    assert [held.code for held in many.warnings] == [WarningCode.MUST_OVER_MAX_ITEMS]
    assert len(many.items) == 6


def reviewed(n: int, *partners: str) -> CaseFacts:
    asked = proposal("review", requested_partners=partners)
    return replace(a_case(n), proposals=(asked,), visible_to=frozenset({"housing-1", "police"}))


def from_minute(agency: str, start: int, end: int) -> Availability:
    return Availability(agency, START + timedelta(minutes=start), START + timedelta(minutes=end))


def in_windows(facts: Sequence[CaseFacts], *windows: Availability) -> Agenda:
    return draft_agenda(SERIES, replace(MEETING, availability=windows), facts, 7, SALT)


def test_an_item_moves_within_its_section_to_when_its_partner_is_there():
    facts = [reviewed(1, "housing-1"), reviewed(2), reviewed(3), reviewed(4, "police")]
    agenda = in_windows(facts, from_minute("housing-1", 15, 60), from_minute("police", 0, 10))
    assert numbers(agenda) == list("4213")
    moved = {item.number[-1]: item.placement.moved_for for item in agenda.items}
    assert moved == {"4": "police", "2": None, "1": "housing-1", "3": "police"}
    assert "Needs: police (attending 10:00 to 10:10)." in agenda.items[0].explanation
    assert agenda.warnings == ()


def test_an_item_never_leaves_its_section_and_a_missed_window_is_a_warning():
    facts = [replace(a_case(0), proposals=(proposal("urgent"),)), reviewed(1, "police")]
    agenda = in_windows(facts, from_minute("police", 0, 10))
    assert numbers(agenda) == list("01")
    assert [held.code for held in agenda.warnings] == [WarningCode.PARTNER_WINDOW]


@pytest.mark.parametrize(("before", "warned"), [(0, True), (1, True), (2, False), (9, False)])
def test_what_is_proposed_after_the_papers_closed_is_warned_of_and_stays_where_it_is(before: int, warned: bool):
    late = replace(reviewed(1), proposals=(replace(proposal("review"), proposed_on=day(-before)),))
    agenda = in_windows([late])
    assert numbers(agenda) == ["1"]
    assert [held.code for held in agenda.warnings] == [WarningCode.AFTER_CUT_OFF] * warned
    urgent = replace(late, proposals=(replace(late.proposals[0], urgent=True),))
    assert in_windows([urgent]).warnings == ()


def test_an_item_explains_itself_with_dates_and_without_names():
    facts = replace(QUIET, review_due=day(-4), plan_agreed_on=day(-96), actions=(action(-9),))
    assert only(facts).explanation == (
        "Action of housing-1 overdue 9 days (due 9 Nov 2025). "
        "Review due 14 Nov 2025 (plan agreed 14 Aug 2025), 4 days overdue. "
        "Placed 1st in Matters arising: waiting since 9 Nov 2025. Needs: housing-1."
    )


def test_the_same_facts_in_any_order_give_the_same_bytes():
    random = Random(11)
    for _ in range(200):
        series, meeting, facts = a_random_meeting(random)
        first = agenda_json(draft_agenda(series, meeting, facts, 7, SALT))
        random.shuffle(facts)
        assert agenda_json(draft_agenda(series, meeting, facts, 7, SALT)) == first


def test_sections_follow_each_other_and_partners_windows_never_change_that():
    random = Random(12)
    for _ in range(200):
        series, meeting, facts = a_random_meeting(random)
        sections = [item.section for item in draft_agenda(series, meeting, facts, 7, SALT).items]
        assert all(before <= after for before, after in pairwise(sections))


def test_days_are_counted_in_london_across_the_change_of_the_clocks():
    late_evening = START.replace(month=6, day=30, hour=23, minute=30)
    meeting = replace(MEETING, starts_at=late_evening)
    due_on_the_first = replace(QUIET, last_activity_at=late_evening, actions=(action(0),))
    june, july = (replace(due_on_the_first.actions[0], due=late_evening.date() + timedelta(n)) for n in (0, 1))
    assert draft_agenda(SERIES, meeting, [replace(due_on_the_first, actions=(july,))], 7, SALT).items == ()
    (overdue,) = draft_agenda(SERIES, meeting, [replace(due_on_the_first, actions=(june,))], 7, SALT).items
    assert overdue.reasons[0].text.startswith("Action of housing-1 overdue 1 day ")

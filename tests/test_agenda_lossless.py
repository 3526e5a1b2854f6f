"""No case is ever lost silently: over 10,000 random meetings, and over a year of more referrals than fit."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from random import Random
from uuid import UUID, uuid5

import pytest
from msgspec.structs import replace

from catch.domain.agenda.carry import carry_over
from catch.domain.agenda.draft import draft_agenda
from catch.domain.agenda.facts import Carried, CaseFacts
from catch.domain.agenda.reasons import reasons_for
from catch.domain.calendar import london_day
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.given import Given
from catch.domain.meeting import Meeting, MeetingCommand, MeetingEvent, decide, evolve
from catch.domain.meeting.drafting import DraftAgenda, PublishAgenda
from catch.domain.meeting.editing import RemoveItem
from catch.domain.meeting.floor import CloseItem, DeferItem, NoteItem, OpenItem
from catch.domain.meeting.items import DeferReason, Item, ItemState
from catch.domain.meeting.listing import Agenda, Section, WarningCode
from catch.domain.meeting.session import EndMeeting, ItemStillOpen, ItemsUnresolved, StartMeeting
from catch.domain.meeting.state import MeetingState
from catch.domain.programme.configuration import AgendaPolicy, Programme, Series, Source
from tests.agendas import MEETING, SALT, SERIES, SPACE, START, a_case, a_random_meeting

Drafter = Callable[[Series, Meeting, Sequence[CaseFacts], int, str], Agenda]
MEETINGS = 10_000
PROGRAMME = Programme("snn", 1, "SNN", START.date(), (Source("self"),), ("phone",), meetings=(SERIES,))
CHAIR = Given(START, Actor("ann", "snn", Role.CHAIR), PROGRAMME)
TEXT = Sealed("sealed")


def candidates(series: Series, meeting: Meeting, facts: Sequence[CaseFacts]) -> set[UUID]:
    return {
        held.case
        for held in facts
        if held.live and held.programme == meeting.programme and reasons_for(held, series, meeting.starts_at)
    }


def places(agenda: Agenda) -> Counter[UUID | None]:
    """How often each case is placed, overflows, or is held back with what it lacks."""
    held_back = [warning.case for warning in agenda.warnings if warning.code is WarningCode.NOT_READY]
    return Counter([*(i.case for i in agenda.items), *(o.case for o in agenda.overflow), *held_back])


def meetings_that_lose_a_candidate(drafter: Drafter, count: int) -> int:
    random = Random(2)
    lost = 0
    for _ in range(count):
        series, meeting, facts = a_random_meeting(random, most=6)
        agenda = drafter(series, meeting, facts, 7, SALT)
        lost += places(agenda) != Counter(dict.fromkeys(candidates(series, meeting, facts), 1))
    return lost


def test_every_candidate_of_10_000_random_meetings_is_placed_overflows_or_is_held_back_once():
    assert meetings_that_lose_a_candidate(draft_agenda, MEETINGS) == 0


def test_the_check_catches_a_drafter_that_drops_its_last_candidate():
    def careless(series: Series, meeting: Meeting, facts: Sequence[CaseFacts], as_of: int, salt: str) -> Agenda:
        agenda = draft_agenda(series, meeting, facts, as_of, salt)
        return replace(agenda, items=agenda.items[:-1])

    assert meetings_that_lose_a_candidate(careless, 500) > 350


def does(meeting: Meeting, command: MeetingCommand, facts: Given | None = None) -> Meeting:
    held: Meeting = meeting
    events: list[MeetingEvent] = decide(meeting, command, facts or CHAIR)
    for event in events:
        held = evolve(held, event, START) or held
    return held


def resolve(meeting: Meeting, item: Item, random: Random) -> Meeting:
    """Deal with an item in one of the ways there are."""
    m = meeting.meeting
    way = random.random()
    if item.section is Section.NOTING and way < 0.7:
        return does(meeting, NoteItem(m, item.item))
    if way < 0.2:
        return does(meeting, DeferItem(m, item.item, random.choice(tuple(DeferReason))))
    if way < 0.3:
        return does(meeting, RemoveItem(m, item.item, TEXT))
    opened = does(meeting, OpenItem(m, item.item, override_reason=TEXT))
    with pytest.raises(ItemStillOpen):
        decide(opened, EndMeeting(m), CHAIR)
    return does(opened, CloseItem(m, item.item))


def held(random: Random, meeting: Meeting, agenda: Agenda) -> Meeting:
    """The meeting from its draft to its end, which is refused as long as an item is unresolved."""
    meeting = does(meeting, DraftAgenda(meeting.meeting), replace(CHAIR, draft=agenda))
    for command in (PublishAgenda(meeting.meeting), StartMeeting(meeting.meeting)):
        meeting = does(meeting, command)
    for item in random.sample(meeting.items, len(meeting.items)):
        with pytest.raises(ItemsUnresolved):
            decide(meeting, EndMeeting(meeting.meeting), CHAIR)
        meeting = resolve(meeting, item, random)
    return does(meeting, EndMeeting(meeting.meeting))


def lost(agenda: Agenda, ended: Meeting) -> set[UUID]:
    """Published and overflowing cases that were neither heard, nor taken off with a reason, nor carried on."""
    settled = {
        item.case
        for item in ended.items
        if item.state in (ItemState.DISCUSSED, ItemState.NOTED)
        or (item.state is ItemState.REMOVED and not item.must and item.removed_reason)
    }
    carried = {held.case for held in carry_over(ended)}
    return {*(i.case for i in agenda.items), *(o.case for o in agenda.overflow)} - settled - carried


def test_no_published_item_of_10_000_random_meetings_is_lost_on_the_way_to_the_next():
    random = Random(3)
    for _ in range(MEETINGS):
        series, meeting, facts = a_random_meeting(random, most=4)
        agenda = draft_agenda(series, meeting, facts, 7, SALT)
        ended = held(random, meeting, agenda)
        assert not any(item.unresolved for item in ended.items)
        assert lost(agenda, ended) == set()


def test_the_check_catches_a_carry_that_forgets_the_overflow():
    random = Random(4)
    forgotten = 0
    for _ in range(100):
        series, meeting, facts = a_random_meeting(random)
        agenda = draft_agenda(series, meeting, facts, 7, SALT)
        ended = held(random, meeting, replace(agenda, overflow=()))
        forgotten += lost(agenda, ended) != set()
    assert forgotten > 50


class Year:
    """Support North Northants with more referrals than its meeting takes (S02: 700 a year, 120 minutes a week)."""

    def __init__(self, seed: int, referrals_a_year: int, policy: AgendaPolicy) -> None:
        self.random = Random(seed)
        self.weekly = referrals_a_year / 52
        self.series = replace(SERIES, policy=policy)
        self.cases: dict[UUID, CaseFacts] = {}
        self.carried: dict[UUID, Carried] = {}
        self.displaced: Counter[UUID] = Counter()
        self.most_displaced = 0
        self.over_budget = 0

    def arrive(self, week: int) -> None:
        now = START + timedelta(weeks=week)
        count = int(self.weekly) + (self.random.random() < self.weekly % 1)
        for n in range(count):
            case = replace(
                a_case(f"{week}-{n}"),
                accepted_at=now - timedelta(days=3),
                conversation_at=now - timedelta(days=self.random.randint(0, 2)),
                discussed_at=None,
                last_activity_at=now,
                review_due=london_day(now) + timedelta(days=90),
            )
            self.cases[case.case] = case

    def meet(self, week: int) -> None:
        starts_at = START + timedelta(weeks=week)
        meeting = replace(MEETING, meeting=uuid5(SPACE, f"week {week}"), starts_at=starts_at)
        facts = [replace(case, carried=self.carried.get(case.case)) for case in self.cases.values()]
        agenda = draft_agenda(self.series, meeting, facts, week, SALT)
        assert set(places(agenda)) == candidates(self.series, meeting, facts)
        self.over_budget += any(warning.code is WarningCode.MUST_OVER_BUDGET for warning in agenda.warnings)
        self.displace(agenda, meeting)
        for item in agenda.items:
            self.hear(item.case, week)

    def displace(self, agenda: Agenda, meeting: Meeting) -> None:
        ended = replace(meeting, state=MeetingState.ENDED, draft=agenda)
        self.carried = {held.case: held for held in carry_over(ended)}
        for held in agenda.overflow:
            self.displaced[held.case] += 1
            assert held.displacements == self.displaced[held.case]
        self.most_displaced = max(self.most_displaced, *self.displaced.values(), 0)

    def hear(self, case: UUID, week: int) -> None:
        now = START + timedelta(weeks=week)
        self.displaced[case] = 0
        facts = self.cases[case]
        if facts.discussed_at is None:
            self.cases[case] = replace(facts, discussed_at=now, last_activity_at=now)
        else:
            del self.cases[case]


@pytest.mark.parametrize("referrals", [500, 700, 1000])
def test_nobody_is_displaced_more_than_twice_in_a_year_of_overload(referrals: int):
    year = Year(5, referrals, AgendaPolicy(min_existing_share=0.3))
    for week in range(52):
        year.arrive(week)
        year.meet(week)
    assert year.most_displaced <= 2
    if referrals >= 700:
        assert year.most_displaced == 2
        assert year.over_budget > 10


def test_the_year_shows_it_when_nothing_limits_how_often_a_case_waits():
    year = Year(5, 1000, AgendaPolicy(max_displacements=99, max_wait_cycles=99))
    for week in range(52):
        year.arrive(week)
        year.meet(week)
    assert year.most_displaced > 2

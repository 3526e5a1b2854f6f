"""Nothing is lost by hand: whatever is planned, drafted, added, put off, moved and called off in whatever order.

Every case of every meeting that is over is on a later agenda, in its overflow or its warnings, or somebody decided
otherwise. A naive ledger says which cases are owed; the agendas are drafted by the rules.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import given as for_any
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain.agenda.carry import carry_over, left_out, left_to, words
from catch.domain.agenda.draft import draft_agenda
from catch.domain.agenda.facts import Carried
from catch.domain.calendar import london_day
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.given import Given, Listed
from catch.domain.meeting import Meeting, MeetingCommand, MeetingEvent, decide, evolve
from catch.domain.meeting.adding import AddItem, AddLateItem
from catch.domain.meeting.deciding import RecordDecision
from catch.domain.meeting.drafting import DraftAgenda, PublishAgenda
from catch.domain.meeting.editing import RemoveItem
from catch.domain.meeting.floor import CloseItem, DeferItem, MeetingTakesNoMore, NoteItem, OpenItem, check_later
from catch.domain.meeting.instant import InstantDiscussionHeld, Participant
from catch.domain.meeting.items import DecisionCode, DeferReason, Item, ItemState
from catch.domain.meeting.listing import Agenda, AppearanceBasis, Section
from catch.domain.meeting.planning import CancelMeeting, PlanMeeting, RescheduleMeeting
from catch.domain.meeting.session import EndMeeting, StartMeeting
from catch.domain.meeting.state import NOT_OVER, MeetingState, Mode
from catch.domain.programme.configuration import Programme, Source
from catch.domain.refusals import Refused, UnknownMeeting
from tests.agendas import MEETING, SALT, SERIES, SPACE, START, a_case, day

PROGRAMME = Programme("snn", 1, "SNN", START.date(), (Source("self"),), ("phone",), meetings=(SERIES,))
ANN = Actor("ann", "snn", Role.CHAIR)
TEXT = Sealed("sealed")
WEEK = timedelta(days=7)

# Of five cases two have nothing of their own that would put them on an agenda, one is reviewed, one is new, one closes.
CASES = (
    a_case(1),
    a_case(2),
    replace(a_case(3), review_due=day(-40)),
    replace(a_case(4), discussed_at=None),
    replace(a_case(5), closure_proposed_on=day(-1), ready_to_close=True),
)
Carrier = Callable[[Meeting, Sequence[Meeting]], Mapping[UUID, Carried]]
Step = tuple[str, int, int, int]
"""What is tried, at which meeting, on which item or case, with which target."""


def by_rule(meeting: Meeting, meetings: Sequence[Meeting]) -> Mapping[UUID, Carried]:
    ours = sorted((each for each in meetings if each.meeting != meeting.meeting), key=lambda each: each.starts_at)
    said = [word for each in ours for word in words(each)]
    return {held.case: held for held in left_to(meeting, said, {each.meeting: each for each in meetings})}


def by_the_last_draft(meeting: Meeting, meetings: Sequence[Meeting]) -> Mapping[UUID, Carried]:
    """As if whatever was drafted had taken over all there was, and a named meeting never failed: the control."""
    found: dict[UUID, Carried] = {}
    drafted = False
    for each in sorted(meetings, key=lambda each: each.starts_at, reverse=True):
        if each.state in NOT_OVER or each.starts_at >= meeting.starts_at:
            continue
        for held in carry_over(each):
            if held.to_meeting == meeting.meeting or (held.to_meeting is None and not drafted):
                found.setdefault(held.case, held)
        drafted = drafted or each.draft is not None
    return found


class Place:
    """A series of meetings over five cases, with a ledger of what is owed to whom, kept as people would keep it."""

    def __init__(self, carrier: Carrier = by_rule) -> None:
        self.carrier = carrier
        self.meetings: dict[UUID, Meeting] = {}
        self.cases = {case.case: case for case in CASES}
        self.now = START - 4 * WEEK
        self.owed: dict[UUID, datetime] = {}
        self.settled: dict[UUID, datetime] = {}

    # What is done

    def does(self, command: MeetingCommand, **more: object) -> bool:
        """Whether it was accepted. An hour passes."""
        self.now += timedelta(hours=1)
        before = self.meetings.get(command.meeting)
        try:
            events = decide(before, command, replace(Given(self.now, ANN, PROGRAMME), **more))
        except Refused:
            return False
        self.happens(command.meeting, *events)
        return True

    def happens(self, meeting: UUID, *events: MeetingEvent) -> None:
        before = self.meetings.get(meeting)
        after = before
        for event in events:
            after = evolve(after, event, self.now)
        assert after is not None
        self.meetings[meeting] = after
        self.note(before, after)

    def plan(self, name: int) -> UUID:
        meeting = uuid5(SPACE, f"meeting {name}")
        self.does(PlanMeeting(meeting, "snn", "weekly", START + name * WEEK, "ann"))
        return meeting

    def draft(self, meeting: UUID) -> bool:
        held = self.meetings[meeting]
        return self.does(DraftAgenda(meeting), draft=self.drafted(held))

    def add(self, meeting: UUID, case: UUID, *, late: bool = False) -> bool:
        facts, item = self.cases[case], uuid5(meeting, f"{case} {self.now}")
        listed = Listed(facts.number, facts.presenter, facts.basis, ("housing-1",))
        basis = AppearanceBasis.AGREEMENT
        if late:
            return self.does(AddLateItem(meeting, item, case, TEXT, "hal", basis), listed=listed)
        return self.does(AddItem(meeting, item, Section.NEW, case), listed=listed)

    def defer(self, meeting: UUID, item: UUID, to: UUID | None = None) -> bool:
        if to is not None:
            try:
                check_later(self.meetings[meeting], self.meetings.get(to), to)
            except Refused:
                return False
        return self.does(DeferItem(meeting, item, DeferReason.CHAIR, to))

    def hear(self, meeting: UUID, item: UUID, code: DecisionCode | None = None) -> bool:
        opened = self.does(OpenItem(meeting, item, override_reason=TEXT))
        if opened and code is not None:
            self.does(RecordDecision(meeting, item, uuid5(item, str(self.now)), code, not_told_reason=TEXT))
        return opened and self.does(CloseItem(meeting, item))

    def at_once(self, case: UUID) -> None:
        """Two agencies talk about it there and then, and put it off."""
        meeting, item = uuid5(SPACE, f"instant {self.now}"), uuid5(SPACE, f"instant item {self.now}")
        seats = (Participant("ann", "snn"), Participant("hal", "housing-1"))
        self.now += timedelta(hours=1)
        self.happens(
            meeting,
            InstantDiscussionHeld(
                meeting, "snn", "weekly", item, case, self.now, self.now, Mode.REMOTE, "ann", seats, 2, TEXT
            ),
        )
        self.does(RecordDecision(meeting, item, uuid5(item, "x"), DecisionCode.DEFER, not_told_reason=TEXT))

    def close_case(self, case: UUID) -> None:
        self.cases[case] = replace(self.cases[case], live=False)

    def end(self, meeting: UUID) -> bool:
        for item in self.meetings[meeting].items:
            if item.unresolved:
                self.defer(meeting, item.item)
        return self.does(EndMeeting(meeting))

    # The ledger

    def note(self, before: Meeting | None, after: Meeting) -> None:
        known = {item.item: item.state for item in before.items} if before else {}
        for item in after.items:
            if item.case is not None and (item.state is not known.get(item.item) or after.instant):
                self.became(item, item.case)
        if after.state not in NOT_OVER and (before is None or before.state in NOT_OVER):
            self.over(after)

    def became(self, item: Item, case: UUID) -> None:
        if item.state is ItemState.REMOVED and not item.must:
            self.settled[case] = self.now
        elif item.state in (ItemState.DISCUSSED, ItemState.NOTED):
            put_off = [each.code for each in item.decisions[-1:]] == [DecisionCode.DEFER]
            (self.owed if put_off else self.settled)[case] = self.now

    def over(self, meeting: Meeting) -> None:
        for item in meeting.items:
            if item.case and item.state is ItemState.DEFERRED and item.deferral:
                self.owes(item.case, item.deferral.deferred_at)
            elif item.case and (item.unresolved or (item.state is ItemState.REMOVED and item.must)):
                self.owes(item.case, item.removed_at or self.now)
        on = {item.case for item in meeting.items}
        for held in meeting.draft.overflow if meeting.draft else ():
            if held.case not in on:
                self.owes(held.case, self.now)

    def owes(self, case: UUID, at: datetime) -> None:
        self.owed[case] = max(at, self.owed.get(case, at))

    # What the rules make of it

    def drafted(self, meeting: Meeting) -> Agenda:
        carried = self.carrier(meeting, [*self.meetings.values()])
        facts = [replace(case, carried=carried.get(case.case)) for case in self.cases.values()]
        return draft_agenda(SERIES, meeting, facts, 1, SALT)

    def lost(self) -> Iterator[UUID]:
        """Cases that are owed, and that a meeting after all there are would neither hear, nor list, nor warn of."""
        last = max((each.starts_at for each in self.meetings.values()), default=START)
        next_one = replace(MEETING, meeting=uuid5(SPACE, "the next"), starts_at=last + WEEK)
        found = placed(self.drafted(next_one))
        for case, at in self.owed.items():
            if self.cases[case].live and at > self.settled.get(case, self.now - 52 * WEEK) and case not in found:
                yield case


def placed(agenda: Agenda) -> set[UUID | None]:
    return {each.case for each in (*agenda.items, *agenda.overflow, *agenda.warnings)}


def some(held: Sequence[UUID], number: int) -> UUID | None:
    return held[number % len(held)] if held else None


def step(place: Place, what: str, which: int, on: int, to: int) -> None:
    if what == "plan":
        place.plan(which)
        return
    meetings = [each.meeting for each in place.meetings.values() if not each.instant]
    meeting, case = some(meetings, which), CASES[on % len(CASES)].case
    if what == "close case":
        place.close_case(case)
    elif what == "at once":
        place.at_once(case)
    elif meeting is not None:
        at_meeting(place, what, meeting, case, on, some(meetings, to))


def at_meeting(place: Place, what: str, meeting: UUID, case: UUID, on: int, other: UUID | None) -> None:
    item = some([each.item for each in place.meetings[meeting].items], on)
    match what:
        case "draft":
            place.draft(meeting)
        case "publish":
            place.does(PublishAgenda(meeting))
        case "add" | "late":
            place.add(meeting, case, late=what == "late")
        case "start":
            place.does(StartMeeting(meeting))
        case "cancel":
            place.does(CancelMeeting(meeting, TEXT))
        case "move":
            place.does(RescheduleMeeting(meeting, START + timedelta(days=3 * on), TEXT))
        case "end":
            place.end(meeting)
        case _:
            if item is not None:
                on_item(place, what, meeting, item, other)


def on_item(place: Place, what: str, meeting: UUID, item: UUID, other: UUID | None) -> None:
    match what:
        case "remove":
            place.does(RemoveItem(meeting, item, TEXT))
        case "hear":
            place.hear(meeting, item)
        case "hear and put off":
            place.hear(meeting, item, DecisionCode.DEFER)
        case "note":
            place.does(NoteItem(meeting, item))
        case "defer":
            place.defer(meeting, item)
        case "defer to":
            place.defer(meeting, item, other)
        case _:
            raise AssertionError(what)


WAYS = (
    *("plan", "draft", "publish", "start", "end", "cancel", "move", "add", "late", "remove", "hear", "note"),
    *("hear and put off", "defer", "defer to", "close case", "at once"),
    *("draft", "publish", "start", "end", "defer", "defer to"),  # more often, so that most meetings come to an end
)
steps = st.lists(st.tuples(st.sampled_from(WAYS), *[st.integers(0, 4)] * 3), min_size=5, max_size=50)


def played(sequence: Sequence[Step], carrier: Carrier = by_rule) -> list[UUID]:
    place = Place(carrier)
    place.plan(0)
    place.plan(1)
    for each in sequence:
        step(place, *each)
    return [*place.lost()]


@settings(max_examples=300)
@for_any(steps)
def test_whatever_is_done_by_hand_no_case_of_a_meeting_that_is_over_is_lost(sequence: list[Step]):
    assert played(sequence) == []


def test_the_ledger_catches_a_rule_that_takes_a_draft_for_having_taken_over_everything():
    quick = settings(
        max_examples=5000, database=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow]
    )
    sequence = find(steps, lambda tried: bool(played(tried, by_the_last_draft)), settings=quick)
    assert played(sequence) == []


# Each way in which a case was once lost, at its smallest


def deferring(carrier: Carrier = by_rule) -> tuple[Place, UUID, UUID]:
    """A meeting in progress with the first case on its agenda, which nothing else would bring back; its item."""
    place = Place(carrier)
    first = place.plan(0)
    place.add(first, QUIETEST)
    for command in (PublishAgenda(first), StartMeeting(first)):
        assert place.does(command)
    return place, first, place.meetings[first].items[0].item


QUIETEST = CASES[0].case


def on(place: Place, meeting: UUID) -> bool:
    return QUIETEST in placed(place.drafted(place.meetings[meeting]))


def test_nothing_is_put_off_to_a_meeting_that_cannot_take_it():
    place, first, _ = deferring()
    earlier, later, off, out = place.plan(-1), place.plan(1), place.plan(2), place.plan(3)
    place.does(CancelMeeting(off, TEXT))
    place.add(out, CASES[1].case)
    place.does(PublishAgenda(out))
    here = place.meetings[first]
    check_later(here, place.meetings[later], later)
    for named in (first, earlier, off, out):
        with pytest.raises(MeetingTakesNoMore):
            check_later(here, place.meetings[named], named)
    elsewhere = replace(place.meetings[later], series="other")
    for unseen in (None, elsewhere, replace(elsewhere, series="weekly", programme="other")):
        with pytest.raises(UnknownMeeting):
            check_later(here, unseen, later)


def test_a_case_waits_for_the_meeting_that_it_was_put_off_to_and_for_no_other():
    place, first, item = deferring()
    next_one, named = place.plan(1), place.plan(2)
    place.defer(first, item, named)
    place.end(first)
    assert (on(place, next_one), on(place, named)) == (False, True)


@pytest.mark.parametrize("out", ["cancel", "publish", "hold"])
def test_a_case_put_off_to_a_meeting_that_does_not_hear_it_goes_on_to_the_next(out: str):
    place, first, item = deferring()
    named, after = place.plan(1), place.plan(2)
    place.defer(first, item, named)
    if out == "cancel":
        place.does(CancelMeeting(named, TEXT))
    else:  # drafted before the first was over, and published as it was
        place.add(named, CASES[1].case)
        place.does(PublishAgenda(named))
    place.end(first)
    if out == "hold":
        place.does(StartMeeting(named))
        place.end(named)
    assert on(place, after)


def test_what_is_put_off_to_the_next_when_the_next_is_out_is_heard_by_the_one_after_and_shown_on_its_screen():
    place, first, item = deferring()
    next_one, after = place.plan(1), place.plan(2)
    place.draft(next_one)
    place.does(PublishAgenda(next_one))
    place.defer(first, item)
    place.end(first)
    held = place.meetings[next_one]
    assert [each.case for each in left_out(held, by_rule(held, [*place.meetings.values()]).values())] == [QUIETEST]
    place.does(StartMeeting(next_one))
    place.end(next_one)
    assert on(place, after)


def test_what_is_on_the_agenda_or_was_taken_off_it_by_hand_is_not_left_out():
    place, first, item = deferring()
    place.defer(first, item)
    place.end(first)
    next_one = place.plan(1)
    place.draft(next_one)
    held = place.meetings[next_one]
    left = by_rule(held, [*place.meetings.values()]).values()
    assert [each.case for each in left] == [QUIETEST]
    assert left_out(held, left) == ()
    place.does(RemoveItem(next_one, held.items[0].item))
    assert left_out(place.meetings[next_one], left) == ()


def test_a_decision_to_put_off_goes_before_the_close_of_the_item():
    place, first, item = deferring()
    place.hear(first, item, DecisionCode.DEFER)
    place.end(first)
    assert on(place, place.plan(1))
    settled, second, other = deferring()
    settled.hear(second, other, DecisionCode.CONTINUE)
    settled.end(second)
    assert not on(settled, settled.plan(1))


def test_two_cases_put_off_to_the_next_and_by_name_to_a_later_one_are_both_heard():
    place, first, item = deferring()
    place.add(first, CASES[1].case, late=True)
    other = next(each.item for each in place.meetings[first].items if each.item != item)
    next_one, later = place.plan(1), place.plan(2)
    place.defer(first, item)
    place.defer(first, other, later)
    place.end(first)
    for meeting, expected in ((next_one, QUIETEST), (later, CASES[1].case)):
        place.draft(meeting)
        assert expected in placed(place.drafted(place.meetings[meeting]))


def test_what_was_taken_off_before_it_was_put_off_elsewhere_is_not_settled_by_that():
    place, first, item = deferring()
    next_one = place.plan(1)
    place.add(next_one, QUIETEST)
    place.does(RemoveItem(next_one, place.meetings[next_one].items[0].item))
    place.defer(first, item)
    place.end(first)
    for command in (PublishAgenda(next_one), StartMeeting(next_one)):
        place.does(command)
    place.end(next_one)
    assert on(place, place.plan(2))


def test_a_meeting_called_off_long_before_its_day_leaves_its_cases_to_the_next_that_is_drafted():
    place = Place()
    late, next_one = place.plan(9), place.plan(1)
    place.add(late, QUIETEST)
    place.does(CancelMeeting(late, TEXT))
    held = by_rule(place.meetings[next_one], [*place.meetings.values()])[QUIETEST]
    assert (held.since, held.defer_count) == (london_day(place.now), 1)


def test_what_is_heard_is_settled_by_the_order_in_which_it_was_said():
    """Of two meetings of which one went on the longer, what was said last counts."""
    place, first, item = deferring()
    second = place.plan(1)
    place.add(second, QUIETEST)
    for command in (PublishAgenda(second), StartMeeting(second)):
        place.does(command)
    place.hear(first, item)
    place.defer(second, place.meetings[second].items[0].item)
    place.end(second)
    place.end(first)
    assert place.meetings[first].state is MeetingState.ENDED
    assert on(place, place.plan(2))


def test_the_first_two_cases_have_nothing_of_their_own_that_would_put_them_on_an_agenda():
    assert placed(Place().drafted(MEETING)).isdisjoint({each.case for each in CASES[:2]})

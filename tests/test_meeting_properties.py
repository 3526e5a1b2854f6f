"""What holds for any list of commands: repeating changes nothing, histories fold, nothing ends unresolved."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given as for_any
from hypothesis import strategies as st
from msgspec.structs import replace
from test_meeting import CHAIR, DRAFT, INSTANT, LINES, PLAN, PUBLISH, RECORDED, REFUSED, RUNNING, M

from catch.domain.given import Given
from catch.domain.meeting import Meeting, MeetingCommand, MeetingEvent, decide, evolve
from catch.domain.meeting.floor import CloseItem, DeferItem, NoteItem, OpenItem
from catch.domain.meeting.items import DeferReason, ItemState
from catch.domain.meeting.session import EndMeeting
from catch.domain.meeting.state import MeetingState
from catch.domain.refusals import Refused

EVERY = [command for _, command, _ in RECORDED] + [command for _, command, _ in REFUSED]
ITEMS = [line.item for line in LINES]
WAYS: list[MeetingCommand] = [
    *(OpenItem(M, item, "ann") for item in ITEMS),
    *(CloseItem(M, item) for item in ITEMS),
    *(NoteItem(M, item) for item in ITEMS),
    *(DeferItem(M, item, DeferReason.CHAIR) for item in ITEMS),
    EndMeeting(M),
]
any_commands = st.lists(st.sampled_from(EVERY), max_size=40)
openings = st.sampled_from([(), (PLAN,), (PLAN, DRAFT), (PLAN, DRAFT, PUBLISH), RUNNING, (INSTANT,)])


@dataclass
class Played:
    """A meeting's state and its facts, as commands are tried one by one."""

    meeting: Meeting | None
    facts: list[MeetingEvent]

    def attempt(self, command: MeetingCommand, given: Given) -> list[MeetingEvent] | None:
        try:
            events = decide(self.meeting, command, given)
        except Refused:
            return None
        for event in events:
            self.meeting = evolve(self.meeting, event, CHAIR.at)
        self.facts += events
        return events


def at_minute(n: int) -> Given:
    return replace(CHAIR, at=datetime(2025, 11, 18, 10, tzinfo=UTC) + timedelta(minutes=n))


@for_any(openings, any_commands)
def test_an_accepted_command_repeated_records_nothing(
    opening: tuple[MeetingCommand, ...], commands: list[MeetingCommand]
):
    played = Played(None, [])
    for minute, command in enumerate([*opening, *commands]):
        if played.attempt(command, at_minute(minute)) is not None:
            assert played.attempt(command, at_minute(minute)) == []


@for_any(openings, any_commands)
def test_any_history_folds_to_the_same_meeting(opening: tuple[MeetingCommand, ...], commands: list[MeetingCommand]):
    played = Played(None, [])
    for minute, command in enumerate([*opening, *commands]):
        played.attempt(command, at_minute(minute))
    folded: Meeting | None = None
    for event in played.facts:
        folded = evolve(folded, event, CHAIR.at)
    assert folded == played.meeting


@for_any(openings, any_commands)
def test_items_are_counted_from_one_and_at_most_one_is_open(
    opening: tuple[MeetingCommand, ...], commands: list[MeetingCommand]
):
    played = Played(None, [])
    for minute, command in enumerate([*opening, *commands]):
        played.attempt(command, at_minute(minute))
        items = played.meeting.items if played.meeting else ()
        kept = [item.order for item in items if item.state is not ItemState.REMOVED]
        assert kept == list(range(1, len(kept) + 1))
        assert sum(item.state is ItemState.OPEN for item in items) <= 1


@for_any(openings, any_commands)
def test_only_who_is_at_the_table_of_the_open_item_asks_to_speak_and_one_speaks(
    opening: tuple[MeetingCommand, ...], commands: list[MeetingCommand]
):
    played = Played(None, [])
    for minute, command in enumerate([*opening, *commands]):
        played.attempt(command, at_minute(minute))
        meeting = played.meeting
        if meeting is None or not meeting.hands:
            continue
        item = meeting.open_item
        assert item is not None
        seated = {held.user for held in meeting.at_the_table(item.item)}
        assert {(held.item, held.user in seated) for held in meeting.hands} == {(item.item, True)}
        assert len({held.user for held in meeting.hands}) == len(meeting.hands)
        assert [held.speaks for held in meeting.hands[1:]] == [False] * (len(meeting.hands) - 1)


@for_any(st.lists(st.sampled_from(WAYS), max_size=25))
def test_a_meeting_never_ends_with_an_unresolved_item(commands: list[MeetingCommand]):
    played = Played(None, [])
    for command in (*RUNNING, *commands):
        played.attempt(command, CHAIR)
    meeting = played.meeting
    assert meeting is not None
    assert meeting.state is MeetingState.IN_PROGRESS or not any(item.unresolved for item in meeting.items)

"""What a meeting's page works out: its pace, what comes next, what two writers have in common."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catch.web.console import room
from catch.web.console.agenda_rows import row
from catch.web.console.pages.writing import Written

TEN = datetime(2031, 7, 1, 10, 0, tzinfo=UTC)
CHAIRING = ("draftAgenda", "startMeeting", "endMeeting", "joinMeeting", "acceptConfidentiality", "resumeMeeting")


def item(order: int, state: str = "PENDING", **more: Any) -> dict[str, Any]:
    held: dict[str, Any] = {
        "id": f"item-{order}", "order": order, "section": 3, "minutes": 8, "state": state, "must": False,
        "number": f"N-{order}", "matter": None, "presenter": None, "openedAt": None, "closedAt": None,
        "withheld": None, "case": None,
    }  # fmt: skip
    return held | more


def held(state: str, *items: dict[str, Any], **more: Any) -> dict[str, Any]:
    current = next((each["id"] for each in items if each["state"] == "OPEN"), None)
    return {
        "id": "meeting", "state": state, "startsAt": TEN.isoformat(), "durationMinutes": 60, "currentItem": current,
        "attendance": [seat("chair")], "agenda": {"items": [*items]},
    } | more  # fmt: skip


def seat(user: str, *, present: bool = True, bound: bool = True) -> dict[str, Any]:
    return {"user": user, "agency": "snn", "present": present, "acceptedConfidentiality": bound}


def test_the_pace_counts_what_is_open_as_long_as_it_may_take_and_what_waits() -> None:
    meeting = held(
        "IN_PROGRESS", item(1, "DISCUSSED"), item(2, "OPEN", openedAt=TEN.isoformat()), item(3), item(4, "REMOVED")
    )
    pace = room.pace(meeting, TEN + timedelta(minutes=3))
    assert (pace.left, pace.waiting, pace.over, pace.done, pace.all) == (57, 8, 0, 1, 3)
    assert pace.finish == TEN + timedelta(minutes=16)


def test_an_item_that_takes_longer_than_it_may_pushes_the_end() -> None:
    meeting = held("IN_PROGRESS", item(1, "OPEN", openedAt=TEN.isoformat()), *(item(each) for each in range(2, 8)))
    pace = room.pace(meeting, TEN + timedelta(minutes=20))
    assert pace.finish == TEN + timedelta(minutes=68)
    assert pace.over == 8


def test_a_meeting_that_has_not_begun_is_reckoned_from_its_beginning() -> None:
    pace = room.pace(held("AGENDA_PUBLISHED", item(1)), TEN - timedelta(hours=5))
    assert pace.finish == TEN + timedelta(minutes=8)


@pytest.mark.parametrize(
    ("length", "text"), [(0, "0 min"), (59, "59 min"), (60, "1 h 0 min"), (-1, "1 min over"), (-75, "1 h 15 min over")]
)
def test_lengths_are_said_in_hours_and_minutes(length: int, text: str) -> None:
    assert room.lasting(length) == text


@pytest.mark.parametrize(
    ("meeting", "text"),
    [
        (held("PLANNED"), "Prepare the agenda"),
        (held("AGENDA_PUBLISHED", item(1)), "Start the meeting"),
        (held("IN_PROGRESS", item(1), attendance=[]), "Join the meeting"),
        (held("IN_PROGRESS", item(1), attendance=[seat("chair", bound=False)]), "Accept confidentiality"),
        (held("IN_PROGRESS", item(1)), "Open item 1"),
        (held("IN_PROGRESS", item(1, "OPEN"), item(2)), "Close item 1"),
        (held("IN_PROGRESS", item(1, "DEFERRED"), item(2, section=8)), "Note item 2"),
        (
            held("IN_PROGRESS", item(1, withheld="RECUSED")),
            "Hand over the chair",
        ),
        (held("IN_PROGRESS", item(1, "DISCUSSED")), "End the meeting"),
        (held("ADJOURNED", item(1)), "Go on with the meeting"),
        (held("ENDED"), "Read the minutes"),
    ],
)
def test_one_button_says_what_comes_next_for_the_chair(meeting: dict[str, Any], text: str) -> None:
    step = room.step(meeting, CHAIRING, "chair", "snn")
    assert step is not None
    assert step.text == text


def test_what_comes_next_is_called_by_the_persons_name_where_it_is_told() -> None:
    named = held("IN_PROGRESS", item(1, case={"person": {"name": "Ada Example"}}))
    steps = [room.step(each, CHAIRING, "chair", "snn") for each in (named, held("IN_PROGRESS", item(1)))]
    assert [each and each.about for each in steps] == ["Ada Example", room.title(item(1))]


def test_whoever_opens_an_item_is_asked_who_knows_the_person_where_its_presenter_is_away() -> None:
    away = held("IN_PROGRESS", item(1, presenter="worker"))
    here = held("IN_PROGRESS", item(1, presenter="worker"), attendance=[seat("chair"), seat("worker")])
    steps = [room.step(each, CHAIRING, "chair", "snn") for each in (away, here)]
    assert [each and each.ask for each in steps] == ["knower", ""]


def test_a_partner_who_is_in_the_room_has_nothing_to_press() -> None:
    meeting = held("IN_PROGRESS", item(1), attendance=[seat("partner")])
    assert room.step(meeting, ("joinMeeting", "acceptConfidentiality"), "partner", "housing") is None


# Two writers

texts = st.sampled_from(["", "a", "b", "c\nd", "é", "🧑‍🦽"])


@given(began=texts, mine=texts, now=texts)
def test_nothing_that_either_wrote_is_lost_unless_one_of_them_took_it_out(began: str, mine: str, now: str) -> None:
    merged = Written(mine, now, room.seen(began)).merged
    if mine == began:
        assert merged == now
    elif now == began:
        assert merged == mine
    else:
        assert merged == (now if mine == now else None)


@given(mine=texts, now=texts)
def test_where_nobody_knows_what_the_writer_saw_only_one_of_two_texts_is_taken_for_both(mine: str, now: str) -> None:
    merged = Written(mine, now, None).merged
    assert merged == (mine if not now else now if mine in ("", now) else None)


def test_how_lines_end_changes_nothing() -> None:
    assert room.seen("a\r\nb") == room.seen("a\nb") != room.seen("ab")


@pytest.mark.parametrize("leads", [True, False])
def test_a_row_is_html_of_ours_and_a_name_is_text(leads: bool) -> None:
    case = {"person": {"name": "<b>Ada</b>"}}
    drawn = row(item(1, must=True, number="AB12", case=case, reasons=[]), leads=leads)
    assert "<bdi>&lt;b&gt;Ada&lt;/b&gt;</bdi>" in drawn
    assert '<span class="catch-item__number">AB12</span>' in drawn
    assert "Must</strong>" in drawn

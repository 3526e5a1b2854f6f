"""A whole meeting in real browsers: a chair, a coordinator, two partners and an auditor, each in one of their own; the
same with JavaScript off; by keyboard alone; cut off and resumed; and two who write in one item.
"""

import random
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from msgspec import Struct
from playwright.async_api import Browser, Locator, Page, expect

from catch.domain.facts import Actor, Sealed
from catch.domain.meeting.attendance import JoinMeeting, LeaveMeeting
from catch.domain.meeting.deciding import RecordUpdate
from catch.domain.meeting.floor import CloseItem, OpenItem
from catch.domain.meeting.items import ItemState
from catch.domain.meeting.session import StartMeeting
from catch.domain.meeting.state import MeetingState
from catch.domain.partner import SuspendMember
from tests.browser import at_the_console, browser
from tests.conftest import Database
from tests.place import AUDITOR, CHAIR, COORDINATOR, HOUSING, POLICE, SYSTEM, Case, Place, placed

INSERT = "(field, sign) => { field.focus(); document.execCommand('insertText', false, sign) }"
SOON = 15_000
"""Milliseconds within which what happened must be on a screen; a busy machine takes its time."""


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncGenerator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


@pytest.fixture
async def running() -> AsyncGenerator[Browser]:
    async with browser() as one:
        yield one


class Agreed(Struct):
    """A published agenda of two cases: housing is told of the first, the police of the second."""

    meeting: UUID
    first: Case
    second: Case

    @property
    def address(self) -> str:
        return f"/meetings/{self.meeting}"


async def agreed(place: Place) -> Agreed:
    first = await place.worked_on("Ada Quillbrook-Example", HOUSING.agency)
    second = await place.worked_on("Basil Ombersnook-Example", POLICE.agency)
    starts = datetime.now(UTC) + timedelta(minutes=5)
    meeting = await place.published(HOUSING.agency, POLICE.agency, starts_at=starts)
    await place.settled()
    return Agreed(meeting.meeting, first, second)


def button(page: Page, text: str) -> Locator:
    return page.get_by_role("button", name=text, exact=True).first


async def shows(page: Page, text: str) -> None:
    await expect(page.get_by_text(text).filter(visible=True).first).to_be_visible(timeout=SOON)


class Room:
    """Everybody at the console. Without a script a page is looked at anew before it is believed."""

    def __init__(self, place: Place, held: Agreed, pages: dict[str, Page], *, script: bool) -> None:
        self.place, self.held, self.pages, self.script = place, held, pages, script

    @property
    def chair(self) -> Page:
        return self.pages["chair"]

    async def look(self, *who: str) -> None:
        if not self.script:
            for name in who or self.pages:
                await self.pages[name].reload()

    async def see(self, text: str, *who: str) -> None:
        await self.place.settled()
        await self.look(*who)
        for name in who:
            await shows(self.pages[name], text)

    async def press(self, text: str, who: str = "chair") -> None:
        page = self.pages[who]
        await expect(button(page, text)).to_be_visible(timeout=SOON)
        await button(page, text).click()
        await page.wait_for_load_state()


ACTORS: dict[str, Actor] = {
    "chair": CHAIR,
    "coordinator": COORDINATOR,
    "housing": HOUSING,
    "police": POLICE,
    "auditor": AUDITOR,
}


async def play(room: Room) -> None:
    """Start, come in, ask to speak, talk, decide, offer and accept, put off, end."""
    await room.press("Start the meeting")
    await room.see("In progress", "chair", "coordinator", "housing", "police")
    for who in ("chair", "coordinator", "housing", "police"):
        await come_in(room, who)
    await room.look("chair")
    await open_next(room, 1)
    first = await text_of_open(room)
    told, other = ("housing", "police") if "Ada" in first else ("police", "housing")
    await room.see(first, told)
    assert first not in await room.pages[other].inner_text("main")
    await speak(room, told, other)
    await say_and_decide(room)
    await room.see("Visits have begun.", told)
    await offer(room, ACTORS[told].agency)
    await room.see("Look at the boiler", told)
    await room.press("Accept: Look at the boiler", told)
    await room.see("Accepted", "chair")
    await room.press("Close item 1")
    await open_next(room, 2)
    await put_off(room)
    await room.look("chair")
    await room.press("End the meeting")
    await room.see("The meeting is over.", "housing", "police")


async def come_in(room: Room, who: str) -> None:
    page = room.pages[who]
    await room.look(who)
    for text in ("Join the meeting", "Accept confidentiality"):
        await page.wait_for_timeout(300)
        if await button(page, text).count():
            await room.press(text, who)


async def open_next(room: Room, number: int) -> None:
    page = room.chair
    await expect(button(page, f"Open item {number}")).to_be_visible(timeout=SOON)
    reason = page.get_by_label("If nobody does: why go on?").first
    if await reason.count():
        await reason.fill("The coordinator is on the phone.")
    await room.press(f"Open item {number}")
    await shows(page, f"Open: item {number}")


async def text_of_open(room: Room) -> str:
    title = await room.chair.locator("#item-title").inner_text()
    return "Ada Quillbrook-Example" if "Ada" in title else "Basil Ombersnook-Example"


async def speak(room: Room, who: str, other: str) -> None:
    await room.press("Ask to speak", who)
    await room.see("Asking to speak: 1", "chair", "coordinator")
    await room.press(f"Give the floor to {ACTORS[who].user}")
    await room.see("Speaks", who)
    assert "speak" not in await room.pages[other].inner_text("main")
    await room.press("I have finished", who)
    await room.see("Asking to speak: 0", "chair")


async def say_and_decide(room: Room) -> None:
    page = room.chair
    await page.get_by_label("Situation", exact=True).fill("Visits have begun.")
    await room.press("Save what is said")
    await shows(page, "Visits have begun.")
    await page.get_by_label("Decision", exact=True).select_option("CONTINUE")
    await page.get_by_label("In words (optional)").fill("We go on as we are.")
    await page.get_by_label("If nobody does: why not?").first.fill("They asked us not to ring.")
    await room.press("Record the decision")
    await shows(page, "We go on as we are.")


async def offer(room: Room, agency: str) -> None:
    page = room.chair
    await page.get_by_text("Offer an action", exact=True).first.click()
    await page.get_by_label("What is to be done").fill("Look at the boiler")
    await page.get_by_label("Who does it").fill(agency)
    due = datetime.now(UTC) + timedelta(days=14)
    for part, value in (("day", due.day), ("month", due.month), ("year", due.year)):
        await page.locator(f"#action-due-{part}").fill(str(value))
    await room.press("Offer the action")
    await shows(page, "Look at the boiler")


async def put_off(room: Room) -> None:
    page = room.chair
    await page.get_by_text("Put it off", exact=True).first.click()
    await page.get_by_label("Why", exact=True).first.select_option(index=1)
    await room.press("Put off")


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without"])
async def test_a_meeting_is_held_from_start_to_end_by_five_at_their_screens(
    place: Place, running: Browser, script: bool
) -> None:
    held = await agreed(place)
    async with AsyncExitStack() as stack:
        pages: dict[str, Page] = {}
        for name, actor in ACTORS.items():
            pages[name] = await stack.enter_async_context(at_the_console(running, place, actor, script=script))
            await pages[name].goto(held.address)
        await play(Room(place, held, pages, script=script))
    after = await place.meeting(held.meeting)
    assert after.state is MeetingState.ENDED
    assert sorted(each.state for each in after.items) == sorted([ItemState.DISCUSSED, ItemState.DEFERRED])
    spoken = next(each for each in after.items if each.state is ItemState.DISCUSSED)
    assert len(spoken.decisions) == 1


async def test_a_hand_that_is_raised_is_at_the_chair_within_a_second(place: Place, running: Browser) -> None:
    held, _ = await under_way(place)
    took: list[float] = []
    async with (
        at_the_console(running, place, CHAIR) as chair,
        at_the_console(running, place, HOUSING) as housing,
    ):
        for page in (chair, housing):
            await page.goto(held.address)
        # A busy machine is late now and then; one that is not idle must not be late for ever.
        while len(took) < 8 and not (took and took[-1] < 1):
            began = time.monotonic()
            await button(housing, "Ask to speak").click()
            await expect(button(chair, f"Give the floor to {HOUSING.user}")).to_be_visible(timeout=SOON)
            took.append(time.monotonic() - began)
            await button(housing, "Take it back").click()
            await expect(chair.get_by_text("Asking to speak: 0")).to_be_visible(timeout=SOON)
        await button(housing, "Ask to speak").click()
        await shows(chair, "Asking to speak: 1")
        await place.take(LeaveMeeting(held.meeting, HOUSING.user), HOUSING)
        await shows(chair, "Asking to speak: 0")
    assert min(took) < 1, took


async def test_the_chair_gets_through_an_item_by_keyboard_alone(place: Place, running: Browser) -> None:
    held = await agreed(place)
    async with at_the_console(running, place, CHAIR) as page:
        await page.goto(held.address)
        # Whoever starts it is there, and bound to keep what is said.
        await press(page, "Start the meeting")
        reason = page.get_by_label("If nobody does: why go on?").first
        if await reason.count():
            await tab_to(page, reason)
            await page.keyboard.type("The coordinator is on the phone.")
        await press(page, "Open item 1")
        await shows(page, "Open: item 1")
        await tab_to(page, page.get_by_label("Situation", exact=True))
        await page.keyboard.type("By keyboard.")
        await reach(page, "Save what is said")
        await page.keyboard.press("Enter")
        await shows(page, "By keyboard.")
        await press(page, "Close item 1")
    await place.settled()
    meeting = await place.meeting(held.meeting)
    assert ItemState.DISCUSSED in {each.state for each in meeting.items}


async def press(page: Page, text: str) -> None:
    """Once it is done, the button is gone."""
    await reach(page, text)
    await page.keyboard.press("Enter")
    await expect(button(page, text)).to_have_count(0, timeout=SOON)


async def reach(page: Page, text: str) -> None:
    await expect(button(page, text)).to_be_visible(timeout=SOON)
    await tab_to(page, button(page, text))


async def tab_to(page: Page, wanted: Locator) -> None:
    """By the tab key alone, from the top of the page."""
    await page.evaluate("document.activeElement?.blur(); window.getSelection()?.removeAllRanges()")
    for _ in range(300):
        await page.keyboard.press("Tab")
        if await wanted.evaluate("field => field === document.activeElement"):
            return
    raise AssertionError("no number of tabs leads there")


async def under_way(place: Place) -> tuple[Agreed, UUID]:
    """The first item is open."""
    held = await agreed(place)
    await place.take(StartMeeting(held.meeting), CHAIR)
    for somebody in (COORDINATOR, HOUSING):
        await place.take(JoinMeeting(held.meeting, somebody.user, somebody.agency), somebody)
    items = (await place.meeting(held.meeting)).items
    item = next(each.item for each in items if each.case == held.first.case)
    await place.take(OpenItem(held.meeting, item, override_reason=Sealed("Nobody else is here.")), CHAIR)
    await place.settled()
    return held, item


async def test_what_is_typed_stays_through_a_lost_connection_and_what_was_missed_comes(
    place: Place, running: Browser
) -> None:
    held, item = await under_way(place)
    async with at_the_console(running, place, CHAIR) as page:
        await page.goto(held.address)
        field = page.get_by_label("Situation", exact=True)
        await field.fill("Half a sentence")
        await page.context.set_offline(True)
        missed = RecordUpdate(held.meeting, item, next_steps=Sealed("Somebody rings on Thursday."))
        await place.take(missed, COORDINATOR)
        await page.wait_for_timeout(500)
        await field.press_sequentially(", and the rest")
        await page.context.set_offline(False)
        await place.take(JoinMeeting(held.meeting, POLICE.user, POLICE.agency), POLICE)
        await shows(page, POLICE.user)
        assert await field.input_value() == "Half a sentence, and the rest"


async def test_what_is_typed_for_an_item_that_is_closed_meanwhile_stays_to_be_copied(
    place: Place, running: Browser
) -> None:
    held, item = await under_way(place)
    async with at_the_console(running, place, CHAIR) as page:
        await page.goto(held.address)
        await page.get_by_label("Situation", exact=True).fill("Nobody else knows this yet.")
        await place.take(CloseItem(held.meeting, item), COORDINATOR)
        other = next(each.item for each in (await place.meeting(held.meeting)).items if each.item != item)
        await place.take(OpenItem(held.meeting, other, override_reason=Sealed("Nobody else is here.")), COORDINATOR)
        await shows(page, "What you typed, to copy")
        kept = page.locator("#typed textarea")
        await expect(kept).to_have_value("Nobody else knows this yet.")
        # It does not stand under the other item's heading, where it would be taken for that one's.
        await expect(page.get_by_label("Situation", exact=True)).to_have_value("")


async def test_whose_right_ends_keeps_what_they_typed_and_nothing_else(place: Place, running: Browser) -> None:
    held, item = await under_way(place)
    await place.take(RecordUpdate(held.meeting, item, situation=Sealed("What others said.")), COORDINATOR)
    async with at_the_console(running, place, COORDINATOR) as page:
        await page.goto(held.address)
        await shows(page, "Ada Quillbrook-Example")
        await page.get_by_label("Next steps", exact=True).fill("What I wanted to say.")
        await place.take(SuspendMember(COORDINATOR.agency, COORDINATOR.user), SYSTEM)
        await shows(page, "What you typed, to copy")
        left = await page.locator("body").inner_text()
        values = await page.locator("textarea").evaluate_all("fields => fields.map(field => field.value)")
        assert values == ["What I wanted to say."]
        assert "Ada" not in left
        assert "What others said." not in left


async def test_of_two_who_write_at_once_no_key_stroke_is_lost(place: Place, running: Browser) -> None:
    """A thousand steps in any order: either types a sign, sends what they have, or somebody else does something.
    Whatever was typed is recorded, or still before whoever typed it.
    """
    held, _ = await under_way(place)
    chance = random.Random(7)
    async with (
        at_the_console(running, place, CHAIR) as one,
        at_the_console(running, place, COORDINATOR) as other,
    ):
        writers = {"Situation": one, "Next steps": other}
        typed = dict.fromkeys(writers, "")
        there = True
        for page in writers.values():
            await page.goto(held.address)
        for _ in range(1_000):
            label, page = chance.choice([*writers.items()])
            field = page.get_by_label(label, exact=True)
            match chance.choices(("type", "send", "else"), (96, 2, 2))[0]:
                case "type":
                    sign = chance.choice("abcdefghij klmnop")
                    typed[label] += sign
                    await field.evaluate(INSERT, sign)
                case "send":
                    await button(page, "Save what is said").click()
                    await page.wait_for_load_state()
                    await field.evaluate("field => field.setSelectionRange(field.value.length, field.value.length)")
                case _:
                    came = JoinMeeting(held.meeting, POLICE.user, POLICE.agency)
                    went = LeaveMeeting(held.meeting, POLICE.user)
                    await place.take(came if there else went, POLICE)
                    there = not there
        for label, page in writers.items():
            assert await page.get_by_label(label, exact=True).input_value() == typed[label]

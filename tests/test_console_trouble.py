"""What goes wrong in a real browser while somebody writes: no word is lost, and nothing is recorded twice."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from catch.domain.calendar import add_months, london_day
from catch.domain.case.goals import AchieveGoal, NewGoal
from catch.domain.case.plan import AgreePlan
from catch.domain.case.state import GoalResult
from catch.domain.facts import Sealed
from catch.domain.meeting.attendance import JoinMeeting
from catch.domain.meeting.floor import OpenItem
from catch.domain.meeting.session import StartMeeting
from catch.domain.streams import CASE
from catch.settings import Settings
from catch.web.serving import serving
from tests.browser import at_the_console, browser, signed_in, who
from tests.conftest import Database
from tests.pages import PageRead
from tests.place import CHAIR, COORDINATOR, HOUSING, Case, Place, ago, placed
from tests.test_console_life import Hand
from tests.test_signing_in import free_port

SOON = 15_000
LONG = "A long afternoon on the stairs. " * 312 + "The end."
"""Nearly ten thousand characters."""


@pytest.fixture
async def running() -> AsyncIterator[Browser]:
    async with browser() as started:
        yield started


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncGenerator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


async def case_of(place: Place) -> Case:
    case = await place.worked_on("Ada Quillbrook-Example", HOUSING.agency)
    await place.settled()
    return case


async def notes(place: Place, case: Case) -> list[str]:
    found = await place.ask("query($c: UUID!) { notes(caseId: $c) { edges { node { text } } } }", c=str(case.case))
    return [each["node"]["text"] for each in found["notes"]["edges"]]


async def write(page: Page, text: str) -> None:
    await page.locator("#notes summary").filter(has_text="Add a note").click()
    await page.locator("#notes textarea").first.fill(text)


async def save(page: Page, **how: Any) -> None:
    await page.locator("#notes").get_by_role("button", name="Save the note").click(**how)
    await page.wait_for_load_state()


async def shows(page: Page, text: str) -> None:
    await expect(page.get_by_text(text).filter(visible=True).first).to_be_visible(timeout=SOON)


async def test_a_double_click_is_one_note_and_the_back_button_sends_nothing_twice(
    place: Place, running: Browser
) -> None:
    case = await case_of(place)
    async with at_the_console(running, place, COORDINATOR) as page:
        await page.goto(f"/cases/{case.case}")
        await write(page, "Pressed twice")
        await save(page, click_count=2)
        await shows(page, "Pressed twice")
        await page.go_back()
        await page.wait_for_load_state()
        await page.go_forward()
        await page.reload()
        await shows(page, "Pressed twice")
    assert await notes(place, case) == ["Pressed twice"]


async def test_two_tabs_of_one_person_lose_nothing_of_each_other(place: Place, running: Browser) -> None:
    case = await case_of(place)
    async with at_the_console(running, place, COORDINATOR) as first:
        second = await first.context.new_page()
        for page, text in ((first, "From the first tab"), (second, "From the second tab")):
            await page.goto(f"/cases/{case.case}")
            await write(page, text)
        await save(second)
        # What the other tab did stands there by now, around what is being written.
        await shows(first, "From the second tab")
        assert await first.locator("#notes textarea").first.input_value() == "From the first tab"
        await save(first)
        await shows(first, "From the first tab")
        await shows(second, "From the first tab")
    assert sorted(await notes(place, case)) == ["From the first tab", "From the second tab"]


async def test_a_session_that_ends_in_the_middle_of_a_form_keeps_every_word(place: Place, running: Browser) -> None:
    case = await case_of(place)
    async with at_the_console(running, place, COORDINATOR) as page:
        await page.goto(f"/cases/{case.case}")
        await write(page, LONG)
        # By another tab of the same browser, as somebody does before lunch.
        other = await page.context.new_page()
        await other.goto("/")
        await other.get_by_role("button", name="Sign out").click()
        await shows(page, "You are signed out. What you typed stays here")
        assert case.name not in await page.inner_text("body")
        await expect(page.locator("#typed textarea")).to_have_value(LONG)
        # Signed in again, the page is there again, and what was typed with it.
        async with page.context.expect_page() as opening:
            await page.get_by_role("link", name="Sign in on another tab").click()
        tab = await opening.value
        await tab.locator(f'button[value="{who(COORDINATOR)}"]').click()
        await shows(tab, "You are signed in")
        await page.bring_to_front()
        await shows(page, case.name)
        await expect(page.locator("#typed textarea")).to_have_value(LONG)


async def test_a_form_that_comes_after_its_session_is_sent_by_whoever_signs_in_again(
    place: Place, running: Browser
) -> None:
    case = await case_of(place)
    async with at_the_console(running, place, COORDINATOR, script=False) as page:
        await page.goto(f"/cases/{case.case}")
        await page.locator("#notes summary").filter(has_text="Add a note").click()
        await page.locator("#notes textarea").first.fill(LONG)
        kept = await page.context.cookies()
        await page.context.clear_cookies()
        await save(page)
        await shows(page, "Sign in to send this")
        assert LONG in await page.locator("textarea").first.input_value()
        async with page.context.expect_page() as opening:
            await page.get_by_role("link", name="Sign in on another tab").click()
        tab = await opening.value
        await tab.locator(f'button[value="{who(COORDINATOR)}"]').click()
        await shows(tab, "You are signed in")
        assert kept != await page.context.cookies()
        await page.get_by_role("button", name="Send it now").click()
        await shows(page, f"You are signed in as {COORDINATOR.user}")
        await page.get_by_role("button", name="Send", exact=True).click()
        await shows(page, "Ada Quillbrook-Example")
    assert await notes(place, case) == [LONG]


async def test_a_cookie_that_was_copied_is_good_for_nothing_once_its_owner_has_signed_out(
    place: Place, running: Browser
) -> None:
    case = await case_of(place)
    async with at_the_console(running, place, COORDINATOR) as page, AsyncExitStack() as stack:
        await page.goto("/")
        thief = await running.new_context(base_url=f"http://127.0.0.1:{place.port}")
        stack.push_async_callback(thief.close)
        stolen: Any = await page.context.cookies()
        await thief.add_cookies(stolen)
        theirs = await thief.new_page()
        await theirs.goto(f"/cases/{case.case}")
        await shows(theirs, case.name)
        await page.get_by_role("button", name="Sign out").click()
        # What is open before the thief goes, too, and nothing brings it back.
        await shows(theirs, "You are signed out")
        assert case.name not in await theirs.inner_text("body")
        for _ in range(2):
            await thief.add_cookies(stolen)
            await theirs.goto(f"/cases/{case.case}")
            assert "/sign-in" in theirs.url
        await theirs.go_back()
        assert case.name not in await theirs.inner_text("body")


async def test_the_longest_note_is_kept_and_one_sign_more_comes_back_with_it(place: Place, running: Browser) -> None:
    case = await case_of(place)
    longest = "é" * 9_999 + "🚀"
    assert len(longest) == 10_000
    async with at_the_console(running, place, COORDINATOR) as page:
        await page.goto(f"/cases/{case.case}")
        await write(page, longest + "x")
        await save(page)
        await shows(page, "There is a problem")
        field = page.get_by_label("Note", exact=True)
        assert await field.input_value() == longest + "x"
        await field.fill(longest)
        await page.get_by_role("button", name="Save the note").click()
        await page.wait_for_url(f"**/cases/{case.case}*")
        width: int = await page.evaluate("document.documentElement.scrollWidth")
        assert width <= 1280
    assert await notes(place, case) == [longest]


# A server that stops and comes back


@asynccontextmanager
async def restartable(database: Database, folder: Path) -> AsyncGenerator[tuple[Place, int]]:
    """A place whose pages are served beside it, at a port where they may stop and come back."""
    async with placed(database.admin, database.dsn, folder, Settings(data_dir=folder)) as place:
        yield place, free_port()


async def test_a_server_that_stops_while_somebody_types_takes_no_word_of_it(
    database: Database, tmp_path: Path, running: Browser
) -> None:
    async with restartable(database, tmp_path) as (place, port):
        await place.worked_on("Ada Quillbrook-Example", HOUSING.agency)
        meeting = (await place.published(HOUSING.agency)).meeting
        await place.take(StartMeeting(meeting), CHAIR)
        await place.take(JoinMeeting(meeting, CHAIR.user, CHAIR.agency), CHAIR)
        item = (await place.meeting(meeting)).items[0].item
        await place.take(OpenItem(meeting, item, override_reason=Sealed("Nobody else is here.")), CHAIR)
        await place.settled()
        beside = Place(place.catch, port, httpx.AsyncClient())
        async with AsyncExitStack() as open_:
            async with serving(place.catch, port, development=True):
                page = await open_.enter_async_context(at_the_console(running, beside, CHAIR))
                await page.goto(f"/meetings/{meeting}")
                field = page.get_by_label("Situation", exact=True)
                await field.fill("Half a sentence")
            # It is gone: what was typed stays, and one is told.
            await field.press_sequentially(", and the rest")
            await shows(page, "The connection is lost")
            async with serving(place.catch, port, development=True):
                await place.take(JoinMeeting(meeting, HOUSING.user, HOUSING.agency), HOUSING)
                await shows(page, HOUSING.user)
                assert await field.input_value() == "Half a sentence, and the rest"
                await page.get_by_role("button", name="Save what is said").click()
                await page.wait_for_load_state()
                await expect(field).to_have_value("Half a sentence, and the rest")
                async with signed_in(beside, CHAIR) as client:
                    assert "Half a sentence, and the rest" in (await client.get(f"/meetings/{meeting}")).text
                await open_.aclose()
        await beside.http.aclose()


async def test_a_goals_end_is_that_goals_whatever_was_done_since_the_page_was_opened(place: Place) -> None:
    """Of two goals somebody else has reached the first meanwhile: what is said of the second is not said of none, nor
    of another; and the button may be pressed twice."""
    case, first, second = await place.worked_on("Sol Example", "housing-1"), uuid4(), uuid4()
    goals = tuple(NewGoal(goal, Sealed("What she wants"), "home", 2, 4) for goal in (first, second))
    due = add_months(london_day(ago()), 2)
    await place.take(AgreePlan(case.case, uuid4(), Sealed("Warmth"), due, goals, agreed_by_person=True))
    await place.settled()
    async with signed_in(place, COORDINATOR) as client:
        at = Hand(place, client, f"/cases/{case.case}")
        form = await at.form("close-case")
        await place.take(AchieveGoal(case.case, first), COORDINATOR)
        await place.settled()
        told = {"outcomes.0.result": "ACHIEVED", "outcomes.1.result": "NOT_ACHIEVED"}
        stale = await client.post(form.action, data=form.sent(**told, reason="goals-achieved", summary="Well again"))
        assert stale.status_code == 409
        closing = PageRead(stale.text).sound().form(form.action).sent()
        answers = [await client.post(form.action, data=closing) for _ in range(2)]
        assert [each.status_code for each in answers] == [303, 303], PageRead(answers[-1].text).summary
    (ending,) = (await place.catch.present.states.get(CASE, case.case)).state.endings
    said = {each.goal: each.result for each in ending.outcomes}
    assert said == {first: GoalResult.ACHIEVED, second: GoalResult.NOT_ACHIEVED}

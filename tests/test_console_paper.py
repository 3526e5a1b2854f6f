"""A meeting held on paper while the system was down, entered days later, whole, in a browser without a script."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Page, expect

from catch.domain.calendar import LONDON
from catch.domain.case.state import ActionState
from catch.domain.meeting.attendance import AcceptConfidentiality
from catch.domain.meeting.drafting import DraftAgenda, PublishAgenda
from catch.domain.meeting.invitations import InviteMember
from catch.domain.meeting.items import ItemState
from catch.domain.meeting.planning import PlanMeeting
from catch.domain.meeting.state import Meeting, MeetingState
from catch.domain.streams import CASE
from tests.browser import at_the_console, browser, signed_in
from tests.conftest import Database
from tests.place import AUDITOR, CHAIR, COORDINATOR, HOUSING, PROGRAMME, SERIES, Place, ago, placed


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncGenerator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


def held_on() -> datetime:
    """Some days ago, at ten by London's clock."""
    return ago(days=3).astimezone(LONDON).replace(hour=10, minute=0, second=0, microsecond=0)


async def published(place: Place) -> Meeting:
    """Its agenda was published, and housing bound by confidentiality, days before it was held."""
    for name in ("Ada Example", "Bob Example"):
        await place.worked_on(name, HOUSING.agency, at=ago(days=20))
    meeting = uuid4()
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, held_on(), CHAIR.user), at=ago(days=12))
    await place.take(InviteMember(meeting, HOUSING.agency), at=ago(days=11))
    await place.take(DraftAgenda(meeting), at=ago(days=10))
    await place.take(PublishAgenda(meeting), CHAIR, at=ago(days=9))
    await place.take(AcceptConfidentiality(meeting, HOUSING.user), HOUSING, at=ago(days=8))
    await place.settled()
    return await place.meeting(meeting)


class Entering:
    """Whoever has the paper before them."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def unfold(self, text: str) -> None:
        await self.page.locator("summary", has_text=text).first.click()

    async def at(self, id_: str, time: str) -> None:
        """The day stands there already: it is the meeting's."""
        await expect(self.page.locator(f"#{id_}-day")).to_have_value(str(held_on().day))
        await self.page.locator(f"#{id_}-time").fill(time)

    async def press(self, text: str) -> None:
        await self.page.get_by_role("button", name=text, exact=True).first.click()
        await self.page.wait_for_load_state()
        assert "/paper" in self.page.url, await self.page.inner_text("main")

    async def sees(self, text: str) -> None:
        await expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()


async def first_item(paper: Entering, due: datetime) -> None:
    """Discussed, decided with one voice against, an action agreed in the room."""
    page = paper.page
    await paper.at("open-1", "10:05")
    await page.locator("#go-on-1").fill("It was so on paper.")
    await paper.press("Enter the opening")
    await page.get_by_label("Situation").fill("As it stands on paper.")
    await paper.at("said-at", "10:10")
    await paper.press("Enter what was said")
    await page.locator("#decision-code").select_option("CONTINUE")
    await page.locator("#decision-untold").fill("They are away.")
    await paper.at("decision-at", "10:15")
    await paper.press("Enter the decision")
    await paper.unfold("Enter an action")
    await page.locator("#action-title").fill("Mend the boiler")
    await page.locator("#action-owner").fill(HOUSING.agency)
    for part, value in (("day", due.day), ("month", due.month), ("year", due.year)):
        await page.locator(f"#action-due-{part}").fill(str(value))
    await page.get_by_label("Its owner said yes in the room").check()
    await paper.at("action-at", "10:18")
    await paper.press("Enter the action")
    await paper.unfold("The person, an advocate")
    await page.locator("#there-kind").select_option("ADVOCATE")
    await page.locator("#there-name").fill("Alex Advocate-Example")
    await paper.at("there-at", "10:19")
    await paper.press("Enter that they were there")
    await paper.at("close", "10:25")
    await paper.press("Enter the end of the item")


async def whole_meeting(paper: Entering) -> None:
    page = paper.page
    await paper.at("start", "10:02")
    await paper.press("Enter the start")
    await expect(page.locator("#join-time")).to_have_value("10:02")
    await paper.unfold("Enter somebody who came")
    await page.locator("#join-agency").fill(HOUSING.agency)
    await page.locator("#join-user").fill(HOUSING.user)
    await paper.at("join", "10:03")
    await paper.press("Enter")
    await first_item(paper, held_on() + timedelta(days=2))
    await paper.unfold("It was interrupted here")
    await paper.at("adjourned", "10:26")
    await paper.press("Enter the interruption")
    await paper.at("resume", "10:40")
    await paper.press("Enter")
    await page.locator("#defer-2").select_option("RAN_OUT_OF_TIME")
    await paper.at("deferred-2", "10:58")
    await paper.press("Enter that it was put off")
    await paper.at("end", "11:00")
    await paper.press("Enter the end")
    await paper.sees("The meeting is entered.")


async def test_a_meeting_of_last_week_is_entered_today_with_its_own_times(place: Place) -> None:
    before = await published(place)
    async with browser() as running, at_the_console(running, place, CHAIR, script=False) as page:
        await page.goto(f"/meetings/{before.meeting}")
        await page.get_by_role("link", name="It was held on paper").click()
        await whole_meeting(Entering(page))
        await page.get_by_role("link", name="Read the minutes").click()
        minutes = " ".join((await page.inner_text("main")).split())
    for said in (
        "10:02 to 11:00",
        "adjourned 10:26 to 10:40",
        "Discussed, 20 min.",
        "As it stands on paper.",
        "Decided: continue.",
        f"Agreed by {HOUSING.agency}",
        "Mend the boiler",
        "Alex Advocate-Example",
        "time ran out",
    ):
        assert said in minutes, said
    await recorded_so(place, before.meeting)


async def recorded_so(place: Place, id_: UUID) -> None:
    """Both clocks: what happened then, and that it was entered today."""
    day = held_on()
    meeting = await place.meeting(id_)
    first, second = meeting.items
    assert (meeting.state, first.state, second.state) == (
        MeetingState.ENDED,
        ItemState.DISCUSSED,
        ItemState.DEFERRED,
    )
    times = [meeting.started_at, first.opened_at, first.decisions[0].decided_at, first.closed_at, meeting.ended_at]
    london = [f"{each.astimezone(LONDON):%d %H:%M}" for each in times if each]
    assert london == [f"{day:%d} {time}" for time in ("10:02", "10:05", "10:15", "10:25", "11:00")]
    assert first.case is not None
    (action,) = (await place.catch.present.states.get(CASE, first.case)).state.actions
    assert action.state is ActionState.ACCEPTED
    await place.settled()
    async with signed_in(place, AUDITOR) as client:
        trail = (await client.get(f"/audit/{id_}")).text
    begun = trail.partition("Meeting started</h3>")[2].partition("</dl>")[0]
    assert f"{day.day} {day:%B %Y}, 10:02:00" in begun.partition("Recorded")[0]
    today = datetime.now(LONDON)
    assert f"{today.day} {today:%B %Y}" in begun.partition("Recorded")[2]


async def test_what_cannot_have_been_then_is_said_and_what_was_typed_stays(place: Place) -> None:
    before = await published(place)
    async with browser() as running, at_the_console(running, place, COORDINATOR, script=False) as page:
        await page.goto(f"/meetings/{before.meeting}/paper")
        await Entering(page).sees("Its chair, or somebody who stands in, enters the start.")
    async with browser() as running, at_the_console(running, place, CHAIR, script=False) as page:
        await page.goto(f"/meetings/{before.meeting}/paper")
        paper = Entering(page)
        await page.locator("#start-year").fill(str(held_on().year + 2))
        await page.get_by_role("button", name="Enter the start", exact=True).click()
        await paper.sees("There is a problem")
        assert await page.locator('[name="occurred-at-year"]').input_value() == str(held_on().year + 2)
        await page.locator('[name="occurred-at-year"]').fill(str(held_on().year))
        await page.locator('[name="occurred-at-time"]').fill("10:02")
        await page.get_by_role("button", name="Start the meeting", exact=True).click()
        await page.wait_for_load_state()
        assert "/paper" in page.url
        # Before the meeting began nothing was opened.
        await page.locator("#open-1-time").fill("09:30")
        await page.locator("#go-on-1").fill("It was so on paper.")
        await page.get_by_role("button", name="Enter the opening", exact=True).first.click()
        await paper.sees("There is a problem")
        assert await page.locator('[name="occurred-at-time"]').input_value() == "09:30"
        assert await page.locator('[name="overrideReason"]').input_value() == "It was so on paper."

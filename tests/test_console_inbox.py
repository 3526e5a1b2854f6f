"""What is new or changed in an agency's inbox since somebody looked: told by their own browser, lost by nothing."""

import re
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from catch.domain.calendar import LONDON, london_day
from catch.domain.case.actions import ChangeActionDue, OfferAction
from catch.domain.case.disclosure import EndInvolvement, InvolvePartner
from catch.domain.case.notes import AddNote
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.meeting.invitations import InviteMember
from catch.domain.meeting.planning import CancelMeeting, PlanMeeting, RescheduleMeeting
from catch.domain.meeting.session import EndMeeting, StartMeeting
from catch.domain.partner import TerminateAgreement
from projections import agency_inbox
from tests.browser import at_the_console, browser, signed_in
from tests.conftest import Database
from tests.pages import PageRead
from tests.place import ADMINISTRATOR, CHAIR, HOUSING, POLICE, PROGRAMME, SERIES, Case, Place, ago, placed

DUE = london_day(ago(days=-20))
LATER = london_day(ago(days=-27))


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncGenerator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


async def offered(place: Place, case: Case, title: str) -> UUID:
    action = uuid4()
    await place.take(OfferAction(case.case, action, Sealed(title), HOUSING.agency, DUE))
    await place.settled()
    return action


async def inbox(client: httpx.AsyncClient) -> PageRead:
    answer = await client.get("/inbox")
    assert answer.status_code == 200
    return PageRead(answer.text).sound()


async def say_seen(client: httpx.AsyncClient, page: PageRead) -> PageRead:
    """By the button of this page, and what they see then."""
    answer = await client.post("/inbox", data=page.form("/inbox").sent())
    assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")
    return await inbox(client)


def marked(page: PageRead) -> list[str]:
    """The titles of what is marked as new."""
    entries = page.html.split("<article")[1:]
    return [re.findall(r"<h3[^>]*>(?:<a[^>]*>)?([^<]*)<", each)[0] for each in entries if "New or changed" in each]


async def test_what_came_or_changed_since_is_marked_counted_and_stays_until_they_say_so(place: Place) -> None:
    case = await place.worked_on("Oli Example", HOUSING.agency)
    boiler = await offered(place, case, "Mend the boiler")
    async with signed_in(place, HOUSING) as client:
        first = await inbox(client)
        assert "Say when you have seen these" in first.html
        assert marked(first) == []
        assert "Nothing new or changed</strong> since you last looked" in (await say_seen(client, first)).html
        await offered(place, case, "Paint the hall")
        for _ in range(2):
            # To look is not to have seen: a page that is drawn anew, or gone back to, loses nothing.
            page = await inbox(client)
            assert marked(page) == ["Paint the hall"]
            assert "1 new or changed</strong> since you last looked" in page.html
        await place.take(ChangeActionDue(case.case, boiler, LATER, Sealed("No part before then")))
        await place.settled()
        assert sorted(marked(await inbox(client))) == ["Mend the boiler", "Paint the hall"]
        after = await say_seen(client, await inbox(client))
        assert marked(after) == []
        assert "I have seen these" not in after.html


async def test_an_invitation_changes_with_the_time_of_its_meeting(place: Place) -> None:
    case = await place.worked_on("Oli Example", HOUSING.agency)
    await offered(place, case, "Mend the boiler")
    meeting = await place.published(HOUSING.agency)
    await place.settled()
    async with signed_in(place, HOUSING) as client:
        await say_seen(client, await inbox(client))
        starts = meeting.starts_at + timedelta(hours=1)
        await place.take(RescheduleMeeting(meeting.meeting, starts, Sealed("The room is taken")), CHAIR)
        await place.settled()
        assert marked(await inbox(client)) == [invited_to(starts)]
        assert marked(await say_seen(client, await inbox(client))) == []


def invited_to(starts: datetime) -> str:
    at = starts.astimezone(LONDON)
    return f"Meeting on {at:%A} {at.day} {at:%B %Y} at {at:%H:%M}"


async def test_an_invitation_says_when_the_meeting_is_to_those_for_whom_it_exists(place: Place) -> None:
    """By the clocks of London, also in summer; and no longer once the agency's agreement has ended."""
    meeting, year = uuid4(), datetime.now(UTC).year
    summers = (datetime(each, 7, 1, 9, tzinfo=UTC) for each in (year, year + 1))
    summer = next(each for each in summers if each > datetime.now(UTC))
    await place.take(PlanMeeting(meeting, PROGRAMME, SERIES, summer, CHAIR.user))
    await place.take(InviteMember(meeting, HOUSING.agency))
    await place.settled()
    async with signed_in(place, HOUSING) as client:
        page = await inbox(client)
        assert (invited_to(summer) in page.html, "at 10:00" in invited_to(summer)) == (True, True)
        ended = TerminateAgreement(HOUSING.agency, f"isa-{HOUSING.agency}", Sealed("Not renewed."))
        await place.take(ended, ADMINISTRATOR)
        await place.settled()
        page = await inbox(client)
        assert invited_to(summer) not in page.html
        assert "A meeting (when it is, is closed to you)" in page.html


FOLLOW = """subscription($after: Position) { agencyInbox(after: $after) {
    __typename ... on InboxUpdate { position event entryId entry { id } } } }"""


async def test_an_open_inbox_is_told_when_a_meeting_moves_is_called_off_or_ends(place: Place) -> None:
    meeting, other = await place.published(HOUSING.agency), uuid4()
    later = meeting.starts_at + timedelta(days=7)
    await place.take(PlanMeeting(other, PROGRAMME, SERIES, later, CHAIR.user))
    await place.take(InviteMember(other, HOUSING.agency))
    await place.settled()
    entry = str(agency_inbox.invitation(other, HOUSING.agency, None))
    at_another_time = RescheduleMeeting(other, later + timedelta(hours=1), Sealed("The room is taken"))
    async with place.live(HOUSING) as client, place.live(POLICE) as nobody:
        await nobody.subscribe("i", FOLLOW)
        await client.subscribe("i", FOLLOW)
        await client.next("i")
        await nobody.next("i")
        moved = await place.take(at_another_time, CHAIR)
        [told] = await client.until("i", moved.position)
        assert (told["entryId"], told["entry"]) == (entry, {"id": entry})
        called_off = await place.take(CancelMeeting(other, Sealed("Nobody can come")), CHAIR)
        [told] = await client.until("i", called_off.position)
        assert (told["entryId"], told["entry"]) == (entry, None)
        await place.take(StartMeeting(meeting.meeting), CHAIR)
        ended = await place.take(EndMeeting(meeting.meeting), CHAIR)
        told = (await client.until("i", ended.position))[-1]
        assert (told["event"], told["entry"]) == ("MeetingEnded", None)
        await nobody.silent()
    # And whoever comes back later is told of the same.
    async with place.live(HOUSING) as client:
        await client.subscribe("i", FOLLOW, after=str(called_off.position - 1))
        again = await client.until("i", ended.position)
        assert [each["event"] for each in again if each["event"]] == ["MeetingCancelled", "MeetingEnded"]


async def test_an_inbox_on_a_screen_is_as_true_as_the_moment(place: Place) -> None:
    """Moved, called off, and an action that is no longer theirs to read: on the screen without a reload."""
    case = await place.worked_on("Oli Example", HOUSING.agency)
    await offered(place, case, "Mend the boiler")
    meeting = await place.published(HOUSING.agency)
    await place.settled()
    async with browser() as running, at_the_console(running, place, HOUSING) as page:
        await page.goto("/inbox")
        await page.get_by_role("button", name="I have seen these").click()
        await page.get_by_text("Nothing new or changed").wait_for()
        starts = meeting.starts_at + timedelta(hours=1)
        await place.take(RescheduleMeeting(meeting.meeting, starts, Sealed("The room is taken")), CHAIR)
        await page.get_by_text("1 new or changed", exact=True).wait_for()
        await place.take(CancelMeeting(meeting.meeting, Sealed("Nobody can come")), CHAIR)
        await page.get_by_role("heading", name="Invitations").wait_for(state="detached")
        await place.take(EndInvolvement(case.case, HOUSING.agency))
        await page.get_by_text("Nothing waits for your agency").wait_for()
        await place.take(InvolvePartner(case.case, HOUSING.agency, "support"))
        await page.get_by_role("heading", name="Mend the boiler").wait_for()


async def test_two_tabs_lose_nothing_and_an_older_one_takes_nothing_back(place: Place) -> None:
    case = await place.worked_on("Oli Example", HOUSING.agency)
    await offered(place, case, "Mend the boiler")
    async with signed_in(place, HOUSING) as client:
        older = await inbox(client)
        await offered(place, case, "Paint the hall")
        newer = await inbox(client)
        # What the older tab did not show is not seen by what is said there.
        assert marked(await say_seen(client, older)) == ["Paint the hall"]
        assert marked(await say_seen(client, newer)) == []
        assert marked(await say_seen(client, older)) == []


async def test_what_is_hidden_or_of_another_moves_nothing(place: Place) -> None:
    case, other = [await place.worked_on(f"{name} Example", HOUSING.agency) for name in ("Oli", "Una")]
    await offered(place, case, "Mend the boiler")
    async with signed_in(place, HOUSING) as client:
        await place.share(case.case, POLICE.agency)
        await place.settled()
        await say_seen(client, await inbox(client))
        before = (await inbox(client)).html
        await place.take(AddNote(case.case, uuid4(), Category.NEEDS, Sealed("For others"), frozenset({POLICE.agency})))
        police = uuid4()
        await place.share(other.case, POLICE.agency)
        await place.take(OfferAction(other.case, police, Sealed("Call round"), POLICE.agency, DUE))
        await place.settled()
        after = await inbox(client)
        assert marked(after) == []
        assert "Nothing new or changed" in before
        assert "Nothing new or changed" in after.html


async def test_what_one_has_seen_is_nobody_elses_in_the_same_browser(place: Place) -> None:
    colleague = Actor("another@housing-1", HOUSING.agency, Role.PARTNER)
    await place.enrol(colleague)
    case = await place.worked_on("Oli Example", HOUSING.agency)
    await offered(place, case, "Mend the boiler")
    async with signed_in(place, HOUSING) as client, signed_in(place, colleague) as other:
        await say_seen(client, await inbox(client))
        (mark,) = [each for each in client.cookies.jar if each.name.endswith("-inbox")]
        assert mark.has_nonstandard_attr("HttpOnly")
        assert mark.get_nonstandard_attr("SameSite") == "lax"
        assert HOUSING.user not in str(mark.value)
        other.cookies.set(mark.name, str(mark.value))
        assert "Say when you have seen these" in (await inbox(other)).html


@pytest.mark.parametrize("position", ["", "-1", "99999999999999999999999", "9" * 18, "x", "١٢"])
async def test_what_no_page_says_is_no_mark_to_lose_anything_by(place: Place, position: str) -> None:
    case = await place.worked_on("Oli Example", HOUSING.agency)
    await offered(place, case, "Mend the boiler")
    async with signed_in(place, HOUSING) as client:
        sent = (await inbox(client)).form("/inbox").sent(position=position)
        assert (await client.post("/inbox", data=sent)).status_code == 303
        await offered(place, case, "Paint the hall")
        assert "Paint the hall" in marked(await inbox(client))
        client.cookies.set("catch-inbox", "made-up", domain="127.0.0.1")
        assert (await client.get("/inbox")).status_code == 200


async def test_it_works_in_a_browser_with_and_without_its_script(place: Place) -> None:
    case = await place.worked_on("Oli Example", HOUSING.agency)
    await offered(place, case, "Mend the boiler")
    async with browser() as running:
        for script in (True, False):
            async with at_the_console(running, place, HOUSING, script=script) as page:
                await page.goto("/inbox")
                await page.get_by_role("button", name="I have seen these").click()
                await page.get_by_text("Nothing new or changed").wait_for()
                await offered(place, case, "Paint the hall")
                if not script:
                    await page.reload()
                await page.get_by_text("1 new or changed", exact=True).wait_for()
                assert await page.locator(".nhsuk-tag", has_text="New or changed").count() == 1

"""What is no longer theirs goes from every open page, and what has become theirs comes, without anything done to it."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from uuid import uuid4

import pytest

from catch.domain.calendar import london_day
from catch.domain.case.disclosure import AuthoriseDisclosure, EndDisclosure
from catch.domain.case.notes import AddNote
from catch.domain.facts import Category, Sealed
from catch.domain.meeting.attendance import AcceptConfidentiality, JoinMeeting
from catch.domain.meeting.floor import OpenItem
from catch.domain.meeting.session import StartMeeting
from catch.domain.partner import SignAgreement, TerminateAgreement
from catch.web.console.following import of_case, of_meeting
from tests.browser import at_the_console, browser, signed_in
from tests.conftest import Database
from tests.pages import PageRead
from tests.place import ADMINISTRATOR, BASIS, CHAIR, COORDINATOR, HOUSING, MOST, POLICE, PROGRAMME, Place, placed

FRAGMENTS = {"x-fragments": "1"}


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncGenerator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


async def test_open_pages_follow_what_their_reader_may_see(place: Place) -> None:
    """One disclosure ends, another begins, the agreement ends: the case, its notes, the room and the wall say so."""
    case = await place.worked_on("Oli Quillbrook")
    wide = await place.share(case.case, HOUSING.agency)
    narrow = AuthoriseDisclosure(
        case.case, uuid4(), HOUSING.agency, MOST - {Category.NEEDS, Category.IDENTITY}, BASIS, Sealed("Needed.")
    )
    await place.take(narrow)
    await place.take(AddNote(case.case, uuid4(), Category.NEEDS, Sealed("Sleeps in a car")))
    meeting = await place.published(HOUSING.agency)
    await place.take(StartMeeting(meeting.meeting), CHAIR)
    for who in (COORDINATOR, HOUSING):
        await place.take(JoinMeeting(meeting.meeting, who.user, who.agency), who)
        await place.take(AcceptConfidentiality(meeting.meeting, who.user), who)
    await place.take(OpenItem(meeting.meeting, meeting.items[0].item, known_by=COORDINATOR.user), CHAIR)
    await place.settled()
    room, of_it = f"/meetings/{meeting.meeting}", f"/cases/{case.case}"
    shown = {of_it: case.reason, f"{of_it}/notes": "Sleeps in a car", room: "Quillbrook", f"{room}/screen": "OQ"}
    async with browser() as running, AsyncExitStack() as stack:
        pages = {address: await stack.enter_async_context(at_the_console(running, place, HOUSING)) for address in shown}
        for address, page in pages.items():
            await page.goto(address)
            await page.locator("#maincontent", has_text=shown[address]).wait_for()
        await place.take(EndDisclosure(case.case, wide))
        for address, page in pages.items():
            await page.locator("#maincontent", has_not_text=shown[address]).wait_for()
        again = AuthoriseDisclosure(case.case, uuid4(), HOUSING.agency, MOST, BASIS, Sealed("Needed after all."))
        await place.take(again)
        for address, page in pages.items():
            await page.locator("#maincontent", has_text=shown[address]).wait_for()
        ended = TerminateAgreement(HOUSING.agency, f"isa-{HOUSING.agency}", Sealed("Not renewed."))
        await place.take(ended, ADMINISTRATOR)
        for page in pages.values():
            await page.get_by_text("This page is not one for you any more").wait_for()
            assert not (await page.locator("#maincontent").inner_text()).strip()


FOLLOW = """subscription($id: UUID!) { caseUpdates(caseId: $id) {
    __typename ... on CaseUpdate { position event case { referral { reason } } } } }"""


async def test_whose_rights_change_by_what_is_none_of_the_case_is_handed_it_as_it_is_and_nobody_else_is(
    place: Place,
) -> None:
    """An agreement of theirs gives less, and then as much again: the case's own stream says nothing of either."""
    case = await place.worked_on("Oli Quillbrook", HOUSING.agency, POLICE.agency)
    await place.settled()
    today = london_day(datetime.now(UTC))

    async def signed(key: str, categories: frozenset[Category], instead_of: str) -> None:
        agency = HOUSING.agency
        until = today + timedelta(days=90)
        await place.take(
            SignAgreement(agency, key, (PROGRAMME,), categories, today, until, Sealed("S. Igner")), ADMINISTRATOR
        )
        await place.take(TerminateAgreement(agency, instead_of, Sealed("Replaced.")), ADMINISTRATOR)

    async with place.live(HOUSING) as theirs, place.live(POLICE) as others, signed_in(place, HOUSING) as client:
        for each in (theirs, others):
            await each.subscribe("c", FOLLOW, id=str(case.case))
            assert (await each.next("c"))["case"]["referral"] == {"reason": case.reason}
        less = frozenset(Category) - {Category.NEEDS}
        for key, categories, before, reason in (
            ("isa-less", less, f"isa-{HOUSING.agency}", None),
            ("isa-again", frozenset(Category), "isa-less", case.reason),
        ):
            await signed(key, categories, before)
            told = await theirs.next("c")
            assert (told["event"], told["case"]["referral"]) == ("Present", {"reason": reason})
            page = await client.get(f"/cases/{case.case}", params={"at": told["position"]}, headers=FRAGMENTS)
            assert (case.reason in page.text) is (reason is not None)
        noted = await place.take(AddNote(case.case, uuid4(), Category.NEEDS, Sealed("Sleeps in a car")))
        for each in (theirs, others):
            told = await each.next("c")
            assert (told["event"], int(told["position"])) == ("NoteAdded", noted.position)


async def test_every_page_of_a_case_or_a_meeting_follows_it(place: Place) -> None:
    """All but those that are looked at once: what is printed, and whom somebody has looked for."""
    case = await place.worked_on("Oli Quillbrook", HOUSING.agency)
    meeting = await place.published(HOUSING.agency)
    await place.settled()
    pages = {f"/cases/{case.case}{part}": of_case(str(case.case)) for part in ("", "/notes", "/history")} | {
        f"/meetings/{meeting.meeting}{part}": of_meeting(str(meeting.meeting))
        for part in ("", "/prepare", "/screen", "/minutes")
    }
    async with signed_in(place, COORDINATOR) as client:
        for address, follows in pages.items():
            answer = await client.get(address)
            assert answer.status_code == 200, address
            page = PageRead(answer.text)
            assert all(cast("dict[str, str]", each["variables"])["id"] in page.html for each in follows), address
            assert "data-follow" in page.html, address

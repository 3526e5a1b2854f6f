"""The agenda and the minutes as they come out of a printer: all of it, once, in order, and nothing to press."""

import asyncio
import re
import shutil
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import Page

from catch.domain.facts import Sealed
from catch.domain.meeting.attendance import AcceptConfidentiality, JoinMeeting
from catch.domain.meeting.deciding import RecordDecision, RecordUpdate
from catch.domain.meeting.floor import CloseItem, OpenItem
from catch.domain.meeting.items import DecisionCode
from catch.domain.meeting.session import EndMeeting, StartMeeting
from catch.domain.meeting.state import Meeting
from catch.web.console.sealing import opened as unsealed
from tests.browser import at_the_console, browser
from tests.conftest import Database
from tests.needed import lacking
from tests.place import CHAIR, COORDINATOR, HOUSING, Place, placed

NAMES = ("Ada Example", "Bob Example", "Cyd Example", "Dot Example", "Eve Example", "Fay Example")
LONG = "This was said at some length, so that it takes more than one line on paper. " * 12
HEAD = re.compile(r"^\s*CATCH\s*$", re.MULTILINE)
"""The head of every page on a screen: a line of its own. Meetings have the word in their names."""
PRESSED = (
    *("Sign out", "Put right", "Confirm the minutes", "Print this page", "Passphrase", "Fetch the sealed", "Skip to"),
    "Close it",
)


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncGenerator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


@pytest.fixture(autouse=True)
def poppler() -> None:
    """Reads what was printed."""
    if shutil.which("pdftotext") is None:
        lacking("there is no pdftotext here: install it (apt-get install poppler-utils)")


async def run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode()


async def printed(page: Page, path: Path) -> str:
    """The text of the page as it is printed, pages apart by form feeds. What it looks like stays in the file."""
    await page.pdf(path=path, prefer_css_page_size=True, print_background=False)
    assert "(A4)" in await run("pdfinfo", str(path))
    return await run("pdftotext", "-layout", str(path), "-")


async def held(place: Place) -> Meeting:
    for name in NAMES:
        await place.worked_on(name, HOUSING.agency)
    meeting = await place.published(HOUSING.agency, starts_at=datetime.now(UTC) + timedelta(minutes=1))
    await place.settled()
    return meeting


async def test_the_agenda_on_paper_has_every_item_once_and_nothing_to_press(place: Place, tmp_path: Path) -> None:
    meeting = await held(place)
    async with browser() as running, at_the_console(running, place, CHAIR) as page:
        await page.goto(f"/meetings/{meeting.meeting}/pack")
        text = await printed(page, tmp_path / "pack.pdf")
        async with page.expect_download() as downloading:
            passphrase = await page.get_by_label("Passphrase").input_value()
            await page.get_by_role("button", name="Fetch the sealed file").click()
        file = await (await downloading.value).path()
        again = await running.new_page()
        await again.goto(file.rename(tmp_path / "sealed.html").as_uri())
        await again.get_by_label("Passphrase").fill(passphrase)
        await again.get_by_role("button", name="Open").click()
        await again.get_by_role("heading", name="agenda").wait_for()
        sealed = await printed(again, tmp_path / "sealed.pdf")
    assert "Ada Example" in unsealed((tmp_path / "sealed.html").read_text(encoding="utf-8"), passphrase).inside
    for paper in (text, sealed):
        assert [len(re.findall(rf"\d\. +{name}", paper)) for name in NAMES] == [1] * len(NAMES)
        assert re.findall(r"^[ \f]*(\d)\. +\w+ Example", paper, re.MULTILINE) == [*"123456"]
        assert paper.count("Who does what by when") == len(NAMES)
        assert not [each for each in PRESSED if each in paper]
        assert not HEAD.search(paper)
        # Room to write is never cut in two.
        for sheet in paper.split("\f"):
            assert sheet.count("From, to") == sheet.count("Who does what by when")


async def test_the_minutes_on_paper_have_every_item_once_and_nothing_to_press(place: Place, tmp_path: Path) -> None:
    meeting = await held(place)
    id_ = meeting.meeting
    await place.take(StartMeeting(id_), CHAIR)
    for somebody in (COORDINATOR, HOUSING):
        await place.take(JoinMeeting(id_, somebody.user, somebody.agency), somebody)
        await place.take(AcceptConfidentiality(id_, somebody.user), somebody)
    for number, item in enumerate(meeting.items):
        await place.take(OpenItem(id_, item.item, override_reason=Sealed("It went on.")), CHAIR)
        said = RecordUpdate(id_, item.item, Sealed(f"Situation {number}. {LONG}"), next_steps=Sealed(f"Next {number}."))
        await place.take(said, CHAIR)
        text, why = Sealed(f"Decision {number}."), Sealed("They are away.")
        decided = RecordDecision(
            id_, item.item, uuid4(), DecisionCode.CONTINUE, text, (HOUSING.agency,), not_told_reason=why
        )
        await place.take(decided, CHAIR)
        await place.take(CloseItem(id_, item.item), CHAIR)
    await place.take(EndMeeting(id_), CHAIR)
    await place.settled()
    async with browser() as running, at_the_console(running, place, CHAIR) as page:
        await page.goto(f"/meetings/{id_}/minutes")
        text = await printed(page, tmp_path / "minutes.pdf")
    flat = " ".join(text.split())
    for what in ("Situation", "Next", "Decision"):
        assert [flat.count(f"{what} {number}.") for number in range(len(NAMES))] == [1] * len(NAMES)
    assert [len(re.findall(rf"\d\. +{name}", text)) for name in NAMES] == [1] * len(NAMES)
    assert re.findall(r"Situation (\d)\.", flat) == [*"012345"]
    assert not [each for each in PRESSED if each in text]
    assert not HEAD.search(text)
    # No heading stands alone at the foot of a sheet.
    for sheet in text.split("\f"):
        last = [line for line in sheet.splitlines() if line.strip()][-1:]
        assert not any(re.match(rf"\s*\d\. +{name}", line) for line in last for name in NAMES)

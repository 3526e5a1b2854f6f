"""Whatever was typed anywhere is text on every page, in a real browser: it is never run, and what is written from right
to left turns nothing round that stands beside it.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Dialog, Page

from catch.access import ASKED_BY_KEY
from catch.domain.facts import Actor, Command, Sealed
from catch.domain.meeting.attendance import AcceptConfidentiality, JoinMeeting
from catch.domain.meeting.deciding import RecordUpdate
from catch.domain.meeting.floor import OpenItem
from catch.domain.meeting.session import EndMeeting, StartMeeting
from catch.domain.streams import CASE
from tests.addresses import PATHS, address_of
from tests.browser import at_the_console, browser
from tests.conftest import Furnished
from tests.place import AUDITOR, CHAIR, COORDINATOR, HOUSING, Place
from tests.test_nothing_plain import (
    Writer,
    beside_it,
    close_it,
    come_to_the_door,
    fill_a_case,
    hold_a_meeting,
    work_on_it,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOOKERS = (COORDINATOR, CHAIR, HOUSING, AUDITOR)
BEGINS, ENDS = "\u202e", "§"
"""From here on everything stands the wrong way round; and how each text that was typed ends."""
HOSTILE = f"{BEGINS}\"'><script>alert(1)</script><img src=x onerror=alert(1)> مرحبا 👩🏽‍🚀 {{number}}{ENDS}"
ALONE = f"""() => {{
    const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), wrong = [];
    // What keeps to itself: a block, or what is isolated within a line.
    const apart = (node) => {{
        for (let at = node.parentElement; ; at = at.parentElement) {{
            const {{unicodeBidi, display}} = getComputedStyle(at);
            if (/isolate|plaintext/.test(unicodeBidi) || !["inline", "contents"].includes(display)) return at;
        }}
    }};
    for (let node = nodes.nextNode(); node; node = nodes.nextNode()) {{
        if (!node.data.includes("{BEGINS}")) continue;
        const said = apart(node).textContent.replace(/\\u2068[^\\u2069]*\\u2069/g, "").trim();
        const alone = /^(Reason of |What matters to )?{BEGINS}[^{BEGINS}{ENDS}]*({ENDS}|\\.\\.\\.)$/.test(said);
        if (said.includes("{BEGINS}") && !alone) wrong.push(said.slice(0, 200));
    }}
    return wrong;
}}"""
"""Texts that do not keep to themselves."""


class Typist(Writer):
    """A hostile text in every place where personal text may stand."""

    over: UUID
    """The meeting that was held."""

    def text(self) -> Sealed:
        self.texts.append(HOSTILE.format(number=len(self.texts)))
        return Sealed(self.texts[-1])

    async def send(self, command: Command, by: Actor = COORDINATOR) -> None:
        await self.place.mutate(command, by)
        if isinstance(command, EndMeeting):
            self.over = command.meeting


class World:
    def __init__(self, place: Place, running: Browser, held: list[dict[str, str]]) -> None:
        self.place, self.browser, self.held = place, running, held
        """`held` is what the addresses' open parts are called, several times over."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(furnished: Furnished) -> AsyncIterator[World]:
    async with browser() as running, furnished() as place:
        yield World(place, running, await typed(place))


async def typed(place: Place) -> list[dict[str, str]]:
    """A case from its door to its end, one restricted, a meeting that is over, and one that is going on."""
    w = Typist(place)
    first, second = [await fill_a_case(w) for _ in range(2)]
    await hold_a_meeting(w, first, second)
    await work_on_it(w, first)
    await beside_it(w, second)
    await close_it(w, first)
    await come_to_the_door(w)
    told = await place.worked_on(w.text(), HOUSING.agency)
    # On another day than the one that is over, whenever this runs: a series meets once a day.
    meeting = await place.published(HOUSING.agency, starts_at=datetime.now(UTC) + timedelta(days=2))
    await place.take(StartMeeting(meeting.meeting), CHAIR)
    for somebody in (CHAIR, HOUSING):
        await place.take(JoinMeeting(meeting.meeting, somebody.user, somebody.agency), somebody)
    await place.take(AcceptConfidentiality(meeting.meeting, CHAIR.user), CHAIR)
    item = next(each.item for each in meeting.items if each.case == told.case)
    await place.take(OpenItem(meeting.meeting, item, override_reason=w.text()), CHAIR)
    await place.take(RecordUpdate(meeting.meeting, item, w.text(), w.text()), CHAIR)
    await place.settled()
    shared = {"agency": "snn", "user": COORDINATOR.user, "command": "add-note", "series": "catch-weekly"}
    shared |= {"issuer": "none", "address": "made-up.ics", "contact": str(w.contacts[0])}
    states = place.catch.present.states
    people = {case: (await states.get(CASE, case)).state.person for case in (told.case, first, second)}
    spoken_of = next(each.item for each in (await place.meeting(w.over)).items if each.case == first)
    return [
        shared
        | {"case": str(case), "stream": str(case), "person": str(people[case]), "meeting": str(at), "item": str(of)}
        for case, at, of in (
            (told.case, meeting.meeting, item),
            (first, w.over, spoken_of),
            (second, w.over, spoken_of),
        )
    ]


@pytest.mark.parametrize("by", LOOKERS, ids=lambda each: each.user)
async def test_what_was_typed_is_never_run_and_keeps_to_itself_on_any_page(world: World, by: Actor) -> None:
    shown = 0
    async with at_the_console(world.browser, world.place, by) as page:
        wrong = listened(page)
        for address in dict.fromkeys(address_of(path, values) for values in world.held for path in PATHS):
            shown += await keeps_to_itself(page, address, wrong)
        assert not wrong, "\n".join(wrong)
    assert shown > (4 if by is not COORDINATOR else 8), "nothing hostile was shown: this looks at nothing"


async def test_nor_in_the_form_of_any_command(world: World) -> None:
    shown = 0
    async with at_the_console(world.browser, world.place, COORDINATOR) as page:
        wrong = listened(page)
        for values in world.held[1:2]:
            about = "&".join(f"{name}={values[name]}" for name in ("case", "meeting", "item", "person"))
            for key in ASKED_BY_KEY:
                shown += await keeps_to_itself(page, f"/do/{key}?{about}&next=/", wrong)
        assert not wrong, "\n".join(wrong)
    assert shown > 4


async def keeps_to_itself(page: Page, address: str, wrong: list[str]) -> bool:
    """Whether anything hostile stood there."""
    answer = await page.goto(address)
    if answer is None or "html" not in answer.headers["content-type"] or BEGINS not in await page.content():
        return False
    wrong += [f"{address}: {each}" for each in await page.evaluate(ALONE)]
    return True


def listened(page: Page) -> list[str]:
    """What was run after all, and what only the browser's policy kept from it."""
    wrong: list[str] = []

    async def opened(dialog: Dialog) -> None:
        wrong.append(f"{page.url}: {dialog.message}")
        await dialog.dismiss()

    def said(message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Refused to" in message.text:
            wrong.append(f"{page.url}: {message.text}")

    page.on("dialog", opened)
    page.on("console", said)
    return wrong


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<p><bdi>{}</bdi>, 12 Elm Road</p>", 0),
        ('<p><span dir="auto">{}</span>, 12 Elm Road</p>', 0),
        ("<p>{}</p><p>12 Elm Road</p>", 0),
        ("<select><option>\u2068{}\u2069 (Example)</option></select>", 0),
        ("<p>{}, 12 Elm Road</p>", 1),
        ("<p><b>{}</b>, 12 Elm Road</p>", 1),
        ("<select><option>{} (Example)</option></select>", 1),
        ("<p><bdi>{0}, {0}</bdi></p>", 1),
    ],
)
async def test_control_what_turns_its_neighbours_round_is_found(world: World, html: str, found: int) -> None:
    context: Any = await world.browser.new_context()
    try:
        page = await context.new_page()
        await page.set_content(html.format(f"{BEGINS}Ada Example{ENDS}"))
        assert len(await page.evaluate(ALONE)) == found
    finally:
        await context.close()

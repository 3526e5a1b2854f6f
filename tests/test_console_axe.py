"""Every page of the console is for everybody: axe-core finds nothing against WCAG 2.2 AA, and a keyboard is enough.

Pages are enumerated, so that none can be forgotten: a page more is looked at as soon as its address is listed.
"""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from catch.access.doing import RULES
from catch.domain.access_grant import BreakGlassReason, OpenBreakGlass
from catch.domain.calendar import london_day
from catch.domain.case.actions import OfferAction
from catch.domain.case.notes import AddNote
from catch.domain.case.referral import case_number
from catch.domain.case.state import Described
from catch.domain.contact import ReceiveContact, TriageContact
from catch.domain.erasing import HoldReason, PlaceLegalHold
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.meeting.attendance import AcceptConfidentiality, JoinMeeting
from catch.domain.meeting.deciding import RecordUpdate
from catch.domain.meeting.floor import OpenItem
from catch.domain.meeting.session import StartMeeting
from catch.domain.meeting.speaking import RaiseHand
from catch.domain.processing import NameGround, RequestRestriction, RestrictionReason, UseGround
from catch.domain.streams import KEY_OF_COMMAND
from catch.domain.subject_access import AskedBy, RequestSubjectAccess
from catch.web.console.rendering import environment
from tests.addresses import PATHS, address_of
from tests.axe import problems, script
from tests.browser import at_the_console, browser
from tests.conftest import Furnished
from tests.place import ADMINISTRATOR, AUDITOR, CHAIR, COORDINATOR, HOUSING, PROGRAMME, Place, ago
from tests.test_charts import EACH, drawn
from tests.test_evidence_bundles import SAMPLE, SAMPLE_KEY

pytestmark = pytest.mark.asyncio(loop_scope="module")

OK, MANY = HTTPStatus.OK, 60
MANAGER = Actor("manager@snn", "snn", Role.MEMBER_ADMINISTRATOR)
OFFICER = Actor("officer@snn", "snn", Role.APPOINTING_OFFICER)
CALDICOTT = Actor("caldicott@snn", "snn", Role.CALDICOTT)
LOOKERS = (COORDINATOR, CHAIR, HOUSING, AUDITOR, MANAGER, ADMINISTRATOR)
LOOKERS_OF = {"/erasures": (CALDICOTT,), "/data-requests": (CALDICOTT,), "/break-glass": (CALDICOTT, CHAIR, AUDITOR)}
"""Where it is others."""
ACTOR_OF = {
    Role.COORDINATOR: COORDINATOR, Role.CHAIR: CHAIR, Role.PARTNER: HOUSING, Role.MEMBER_ADMINISTRATOR: MANAGER,
    Role.ADMINISTRATOR: ADMINISTRATOR, Role.APPOINTING_OFFICER: OFFICER, Role.CALDICOTT: CALDICOTT,
}  # fmt: skip


class World:
    place: Place
    browser: Browser
    axe: str
    values: dict[str, str]
    windows: dict[str, Page]
    open: AsyncExitStack

    async def window(self, by: Actor, width: int = 1280) -> Page:
        """Their own, as long as the module runs."""
        if by.user not in self.windows:
            self.windows[by.user] = await self.open.enter_async_context(at_the_console(self.browser, self.place, by))
        await self.windows[by.user].set_viewport_size({"width": width, "height": 900})
        return self.windows[by.user]

    async def shown(self, page: Page, address: str) -> bool:
        """Whether they are shown a page there."""
        answer = await page.goto(address)
        return answer is not None and answer.status == OK and "html" in answer.headers["content-type"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(furnished: Furnished) -> AsyncIterator[World]:
    axe = script()
    async with browser() as running, furnished() as place, AsyncExitStack() as windows:
        made = World()
        made.windows, made.open = {}, windows
        made.place, made.browser = place, running
        made.axe = axe
        made.values = await furnish(place)
        yield made


async def furnish(place: Place) -> dict[str, str]:
    """Something of everything, and what the addresses' open parts are then called."""
    for somebody in (MANAGER, OFFICER, CALDICOTT):
        await place.enrol(somebody)
    told = await place.worked_on("Ada Quillbrook", "housing-1", "police-1", phone=Sealed("01632 960123"))
    await place.worked_on("Basil Thistlewane", "police-1")
    await place.referred("Cora Ombersnook")
    await place.take(AddNote(told.case, uuid4(), Category.DISCUSSION, Sealed("A first note")))
    due = london_day(ago(days=-9))
    await place.take(OfferAction(told.case, uuid4(), Sealed("Mend the stairs"), "housing-1", due, HOUSING.user))
    meeting = await place.published("housing-1", "police-1")
    await place.take(StartMeeting(meeting.meeting), CHAIR)
    for somebody in (CHAIR, HOUSING):
        await place.take(JoinMeeting(meeting.meeting, somebody.user, somebody.agency), somebody)
    await place.take(AcceptConfidentiality(meeting.meeting, CHAIR.user), CHAIR)
    item = next(each.item for each in meeting.items if each.case == told.case)
    await place.take(OpenItem(meeting.meeting, item, override_reason=Sealed("nobody else")), CHAIR)
    await place.take(RecordUpdate(meeting.meeting, item, Sealed("the situation")), CHAIR)
    await place.take(RaiseHand(meeting.meeting, item, HOUSING.user), HOUSING)
    await place.take(PlaceLegalHold(told.person, uuid4(), HoldReason.COMPLAINT), CALDICOTT)
    asked = RequestSubjectAccess(told.person, uuid4(), AskedBy.PERSON, london_day(ago(days=40)))
    await place.take(asked)
    kept = RequestRestriction(told.person, uuid4(), RestrictionReason.ACCURACY_CONTESTED, london_day(ago(days=2)))
    await place.take(kept)
    await place.take(NameGround(told.person, uuid4(), UseGround.CONSENT, london_day(ago(days=-9))))
    contact = await at_the_door(place)
    number, why = case_number(told.case), Sealed("The coordinator cannot be reached.")
    await place.take(OpenBreakGlass(CHAIR.agency, uuid4(), number, BreakGlassReason.LEAD_ABSENT, why), CHAIR)
    await place.settled()
    case = str(told.case)
    return {
        "case": case, "stream": case, "person": str(told.person), "meeting": str(meeting.meeting), "item": str(item),
        "contact": contact,
        "agency": "snn", "user": COORDINATOR.user, "command": "add-note", "series": "catch-weekly", "issuer": "none",
        "address": "made-up.ics",
    }  # fmt: skip


async def at_the_door(place: Place) -> str:
    """Somebody who is described has come again."""
    await place.take_contacts()
    said = Described(Sealed("Eda Ottershaw"), Sealed("1950-01-02"), None, Sealed("01632 960777"), Sealed("1 Elm Road"))
    first, second = uuid4(), uuid4()
    for number in (first, second):
        await place.take(ReceiveContact(number, PROGRAMME, "police", "phone", Sealed("Fell"), ("falls",), None, said))
    await place.take(TriageContact(second, "now", Sealed("On the floor")))
    return str(second)


@pytest.mark.parametrize("path", PATHS)
async def test_axe_finds_nothing_on_any_page_for_anybody_who_is_shown_it(world: World, path: str):
    address, looked = address_of(path, world.values), 0
    everybody = LOOKERS_OF.get(path, LOOKERS)
    for width, lookers in ((1280, everybody), (390, everybody[:2])):
        for by in lookers:
            page = await world.window(by, width)
            if await world.shown(page, address):
                looked += 1
                assert await problems(page, world.axe) == [], (path, by, width)
                assert await page.locator("h1").count() == 1, (path, by)
    assert looked or path in NOT_PAGES, f"nobody is shown {path}: say who is, in LOOKERS, or that it is no page"


async def test_axe_finds_nothing_on_any_kind_of_chart(world: World):
    """With its styles: the cases of this place are too few for a chart."""
    macros: Any = environment(str).get_template("charts.html").module
    charts = [one for held in EACH.values() for one in drawn(held)]
    sections = "".join(str(macros.chart(one._replace(number=number))) for number, one in enumerate(charts))
    page = await world.window(AUDITOR)
    await page.goto("/figures")
    await page.locator("main").evaluate("(main, text) => { main.innerHTML = text }", f"<h1>Charts</h1>{sections}")
    assert await page.locator("svg a[href]").count() > len(charts)
    for width in (1280, 390):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await problems(page, world.axe) == [], width


NOT_PAGES = {
    "/ticket", "/handover", "/calendar/{address:str}", "/sign-out",
    "/sign-in/{issuer:str}", "/sign-in/callback/{issuer:str}", "/sign-in/act-as", "/figures/report/file",
}  # fmt: skip
"""What is no page of its own: a text for a script or a calendar, a way to another page or to an issuer, and where forms
are sent and nothing is shown, and a file."""


async def test_axe_finds_nothing_on_the_form_of_any_command(world: World):
    about = "&".join(f"{name}={world.values[name]}" for name in ("case", "meeting", "item", "person", "user"))
    looked, found = 0, dict[str, list[str]]()
    for by in ACTOR_OF.values():
        page = await world.window(by)
        for key in (KEY_OF_COMMAND[kind] for kind, rule in RULES.items() if by is whose(rule)):
            assert await world.shown(page, f"/do/{key}?{about}&partner=housing-1&next=/"), key
            looked += 1
            if wrong := await problems(page, world.axe):
                found[key] = wrong
    assert found == {}
    assert looked == sum(bool(whose(rule)) for rule in RULES.values()) > MANY


def whose(rule: dict[Role, Any]) -> Actor | None:
    return next((ACTOR_OF[role] for role in rule if role in ACTOR_OF), None)


async def test_axe_finds_nothing_on_pages_that_say_what_is_wrong(world: World):
    page = await world.window(COORDINATOR)
    for address in (f"/meetings/{uuid4()}", f"/audit/{world.values['case']}?moment-day=31&moment-month=2"):
        assert not await world.shown(page, address)
        assert await problems(page, world.axe) == [], address
    await page.goto(f"/do/add-note?case={world.values['case']}&next=/")
    await page.get_by_role("button", name="Save the note").click()
    await page.locator(".nhsuk-error-summary").wait_for()
    assert await problems(page, world.axe) == []


async def test_axe_finds_nothing_where_two_have_written_the_same_part(world: World):
    here = f"/meetings/{world.values['meeting']}?item={world.values['item']}"
    # Without a script, with which the page would have shown what came meanwhile.
    async with at_the_console(world.browser, world.place, CHAIR, script=False) as plain:
        await plain.goto(here)
        meeting, item = UUID(world.values["meeting"]), UUID(world.values["item"])
        await world.place.take(RecordUpdate(meeting, item, Sealed("what somebody else has said")), COORDINATOR)
        await plain.get_by_label("Situation", exact=True).fill("what the chair has said")
        await plain.get_by_role("button", name="Save what is said").click()
        shown = await plain.content()
    assert "Somebody else wrote here" in shown
    page = await world.window(CHAIR)
    await page.goto("/")
    await page.set_content(shown)
    assert await problems(page, world.axe) == []


async def test_axe_finds_nothing_where_a_form_comes_after_its_session(world: World):
    async with at_the_console(world.browser, world.place, COORDINATOR) as page:
        await page.goto(f"/do/add-note?case={world.values['case']}&next=/")
        await page.get_by_label("Note", exact=True).fill("What was typed before the session was over")
        kept = await page.context.cookies()
        await page.context.clear_cookies()
        await page.get_by_role("button", name="Save the note").click()
        assert await page.locator("h1").inner_text() == "Sign in to send this"
        assert await problems(page, world.axe) == []
        await page.context.add_cookies(cast("Any", kept))
        await page.get_by_role("button", name="Send it now").click()
        assert await page.locator("h1").inner_text() == "Send what you typed"
        assert await problems(page, world.axe) == []


# By keyboard alone


FOCUSED = """() => {
    const at = document.activeElement, style = getComputedStyle(at);
    const drawn = style.outlineStyle !== "none" || style.boxShadow !== "none";
    return {number: [...document.querySelectorAll("*")].indexOf(at), text: at.textContent.trim().slice(0, 60),
        tag: at.tagName, seen: drawn || style.backgroundColor !== "rgba(0, 0, 0, 0)"};
}"""
REACHABLE = """() => {
    const kinds = "a[href], button, input:not([type=hidden]), select, textarea, summary";
    // Of radio buttons that belong together the chosen one is reached, else the first; arrows do the rest.
    const first = (each) => {
        const all = [...document.getElementsByName(each.name)];
        return each.type !== "radio" || each === (all.find(one => one.checked) ?? all[0]);
    };
    return [...document.querySelectorAll("*")].flatMap((each, number) =>
        each.matches(kinds) && !each.disabled && each.tabIndex >= 0 && each.checkVisibility({visibilityProperty: true})
        && first(each) ? [number] : []);
}"""


@pytest.mark.parametrize("path", PATHS)
async def test_a_keyboard_reaches_everything_in_its_order_and_shows_where_it_is(world: World, path: str):
    address = address_of(path, world.values)
    for by in LOOKERS_OF.get(path, LOOKERS):
        page = await world.window(by)
        if await world.shown(page, address):
            wanted: list[int] = await page.evaluate(REACHABLE)
            reached = await walked(page, len(wanted) + 40)
            assert reached == sorted(reached), path
            assert {*wanted} <= {*reached}, path
            return
    assert path in NOT_PAGES


async def walked(page: Page, most: int) -> list[int]:
    """What the tabulator key leads to, one after the other, until it leaves the page or comes round."""
    reached: list[int] = []
    for _ in range(most):
        await page.keyboard.press("Tab")
        at: dict[str, Any] = await page.evaluate(FOCUSED)
        if at["tag"] == "BODY" or at["number"] in reached:
            break
        assert reached or at["text"] == "Skip to main content"
        assert at["seen"], at
        reached.append(at["number"])
    return reached


async def test_a_form_is_filled_in_and_sent_by_keyboard_alone(world: World):
    page = await world.window(MANAGER)
    await page.goto("/do/enrol-member?partner=snn&next=/people/snn")
    # The skip link leads past the head, into the page: behind the link back is the first field.
    for key in ("Tab", "Enter", "Tab", "Tab"):
        await page.keyboard.press(key)
    assert await page.evaluate("document.activeElement.name") == "user"
    await page.keyboard.type("typed@snn")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Typed Example")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/people/snn?at=*")
    assert await page.get_by_role("link", name="typed@snn").count() == 1


async def test_a_slider_leads_through_the_timeline_where_there_is_a_script_and_a_list_where_there_is_none(world: World):
    page, here = await world.window(AUDITOR), f"/audit/{world.values['case']}"
    await page.goto(here)
    await page.locator("#slider").focus()
    await page.keyboard.press("Home")
    await page.wait_for_url("**position=*")
    assert "behind referral received" in await page.locator("#then h2").inner_text()
    async with at_the_console(world.browser, world.place, AUDITOR, script=False) as plain:
        await plain.goto(here)
        assert not await plain.locator("#slider").is_visible()
        await plain.locator("#position").select_option(index=1)
        await plain.get_by_role("button", name="Show it as it stood then").first.click()
        assert "behind" in await plain.locator("#then h2").inner_text()


async def test_a_bundle_is_verified_in_the_browser_and_without_a_script_the_page_says_how(world: World, tmp_path: Path):
    page = await world.window(AUDITOR)
    await page.goto("/audit")
    await page.get_by_role("link", name="Verify a bundle").click()
    says, verify = page.locator("[data-bundle] [role=status]"), page.get_by_role("button", name="Verify it")
    await verify.click()
    assert await says.inner_text() == "Choose a bundle first."
    await page.get_by_label("The bundle").set_input_files(SAMPLE)
    for key, told in (
        (SAMPLE_KEY, "Proved: 10 facts"),
        ("", "the bundle's own"),
        ("junk", "NOT PROVED: This is no public key"),
    ):
        await page.get_by_label("The public key").fill(key)
        await verify.click()
        await says.get_by_text(told).wait_for()
    assert await problems(page, world.axe) == []
    changed = shutil.copyfile(SAMPLE, tmp_path / "changed.catch")
    with closing(sqlite3.connect(changed)) as file:
        file.execute("update stored_events set topic = 'Other' where topic = 'ReferralAccepted'")
        file.commit()
    await page.get_by_label("The public key").fill(SAMPLE_KEY)
    await page.get_by_label("The bundle").set_input_files(changed)
    await verify.click()
    await says.get_by_text("NOT PROVED at position").wait_for()
    async with at_the_console(world.browser, world.place, AUDITOR, script=False) as plain:
        await plain.goto("/audit/bundle")
        assert not await plain.locator("[data-bundle]").is_visible()
        assert "catch audit verify" in await plain.locator("main").inner_text()

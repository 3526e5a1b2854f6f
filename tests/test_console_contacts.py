"""Contacts in the console: listed, triaged, settled, and led on, by whoever keeps the front door."""

import re
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from catch.domain.case.state import Described
from catch.domain.contact import ReceiveContact
from catch.domain.facts import Sealed
from tests.browser import at_the_console, browser
from tests.conftest import Furnished
from tests.place import COORDINATOR, HOUSING, PROGRAMME, Place

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(furnished: Furnished) -> AsyncIterator[tuple[Browser, Place]]:
    async with browser() as running, furnished() as place:
        await place.take_contacts()
        await place.settled()
        yield running, place


async def came(place: Place, name: str) -> UUID:
    contact = uuid4()
    said = Described(Sealed(name), Sealed("1950-02-01"))
    await place.take(ReceiveContact(contact, PROGRAMME, "police", "phone", Sealed(f"About {name}"), described=said))
    await place.settled()
    return contact


async def opened(page: Page, title: str) -> None:
    await page.get_by_text(title, exact=True).first.click()


async def test_a_contact_is_recorded_triaged_and_settled_at_the_front_door(world: tuple[Browser, Place]):
    running, place = world
    async with at_the_console(running, place, COORDINATOR) as page:
        await page.goto("/contacts")
        await page.get_by_role("link", name="Record a contact").click()
        await page.get_by_label("Where it came from").select_option("police")
        await page.get_by_label("How it came").select_option("phone")
        await page.get_by_label("What it is about").fill("Fell in the kitchen")
        await page.get_by_label("Name").fill("Nora Ashgrove")
        await page.get_by_role("button", name="Record a contact").click()
        await expect(page.locator("h1")).to_contain_text("Contacts")
        await place.settled()
        await page.goto("/contacts")
        row = page.get_by_role("row").filter(has_text="Nora Ashgrove")
        await row.get_by_role("link").click()
        await expect(page.locator("main")).to_contain_text("Fell in the kitchen")
        await opened(page, "Say how pressing it is")
        await page.get_by_label("How pressing it is").select_option("now")
        await page.get_by_role("button", name="Say how pressing it is").click()
        await expect(page.locator("main")).to_contain_text("Now")
        await opened(page, "Say how it ended")
        await page.get_by_label("How it ended").select_option("advice-given")
        await page.get_by_role("button", name="Say how it ended").click()
        await expect(page.locator("main")).to_contain_text("Advice given")
        await expect(page.get_by_role("button", name="Say how it ended")).to_have_count(0)


async def test_somebody_described_is_registered_and_led_on_in_one_go(world: tuple[Browser, Place]):
    running, place = world
    contact = await came(place, "Oswin Hartree")
    async with at_the_console(running, place, COORDINATOR) as page:
        await page.goto(f"/contacts/{contact}")
        await page.get_by_role("link", name="Register them, and lead it on into a referral").click()
        await page.locator(f"main a[href*='programme={PROGRAMME}']").click()
        # What the contact said stands there already.
        await expect(page.get_by_label("Name")).to_have_value("Oswin Hartree")
        await expect(page.get_by_label("Reason", exact=True)).to_have_value("About Oswin Hartree")
        await page.get_by_role("button", name="Send the referral").click()
        await expect(page).to_have_url(re.compile(f"/contacts/{contact}"))
        await expect(page.locator("main")).to_contain_text("Where it led")
        await page.locator("main").get_by_role("link", name="-").first.click()


async def test_nobody_else_is_led_there_or_shown_anything(world: tuple[Browser, Place]):
    running, place = world
    contact = await came(place, "Petra Lindqvist")
    async with at_the_console(running, place, HOUSING) as page:
        await page.goto("/")
        await expect(page.get_by_role("link", name="Contacts")).to_have_count(0)
        for address, status in (("/contacts", 403), (f"/contacts/{contact}", 404), (f"/contacts/{uuid4()}", 404)):
            answer = await page.goto(address)
            assert answer is not None
            assert answer.status == status
            assert "Petra" not in await page.content()

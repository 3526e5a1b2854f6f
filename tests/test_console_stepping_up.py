"""What needs a recent sign-in says so before its form is filled in; one that comes too late loses nothing of it."""

import time
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from catch.domain.case.referral import case_number
from catch.web.console.pages import issuers as pages
from tests.browser import at_the_console, browser
from tests.conftest import Database, Furnished
from tests.pages import PageRead
from tests.place import POLICE
from tests.test_signing_in import Browser, World, world_of

WHY = "He has not answered for a week & <b>his</b> door is ajar.\nThe neighbour is worried."
OPENING = "/do/open-break-glass"


@pytest.fixture(autouse=True)
def as_often_as_they_like(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages.STRANGERS, "per_second", 0)


async def signed_in_long_ago(world: World, person: Browser) -> None:
    world.first.seen = time.time() - 3600
    await person.sign_in()
    world.first.seen = None


def led(page: httpx.Response) -> str:
    """Where a page sends somebody who has to show who they are."""
    (found,) = {unescape(each) for each in PageRead(page.text).links if "step_up=1" in each}
    return found


async def shows_it(person: Browser, link: str) -> str:
    """They follow the link and come back; to where."""
    parts = urlsplit(link)
    assert parts.path == "/sign-in/first"
    address = await person.to_the_issuer(query=f"?{parts.query}")
    assert parse_qs(urlsplit(address).query)["prompt"] == ["login"]
    answer = await person.client.get(await person.from_the_issuer(address))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def test_the_page_says_so_first_and_who_comes_too_late_sends_what_they_typed(database: Database, tmp_path: Path):
    async with world_of(database, tmp_path) as world:
        await world.bind(POLICE)
        case = await world.place.worked_on("Ada Quillbrook", "housing-1")
        await world.place.settled()
        said = {"agency": POLICE.agency, "number": case_number(case.case), "next": "/break-glass"}
        address = f"{OPENING}?{urlencode(said)}"
        async with world.browser() as person:
            await signed_in_long_ago(world, person)
            page = await person.client.get(address)
            assert "Show once more who you are" in page.text
            # Typed all the same, and sent too late: all of it stands in what is answered.
            form = PageRead(page.text).form(OPENING)
            typed = form.sent(reason="RISK_TO_LIFE", text=WHY)
            refused = await person.client.post(OPENING, data=typed)
            assert refused.status_code == 400
            again = PageRead(refused.text).sound().form(OPENING)
            sent = ("agency", "number", "reason", "text", "opening", "command-id", "next")
            assert {name: again.fields[name] for name in sent} == {name: typed[name] for name in sent}
            assert "step_up=1" not in PageRead(refused.text).form(OPENING).action
            assert 'target="_blank"' in refused.text
            assert WHY.split(" ", maxsplit=1)[0] not in led(refused)
            # On another tab; the one with the form is sent as it stands.
            assert await shows_it(person, led(refused)) == "/signed-in"
            taken = await person.client.post(OPENING, data=again.sent())
            assert (taken.status_code, urlsplit(taken.headers["location"]).path) == (303, "/break-glass")


async def test_who_is_told_first_comes_back_to_the_same_form_and_is_told_how_long_it_counts(
    database: Database, tmp_path: Path
):
    async with world_of(database, tmp_path) as world:
        await world.bind(POLICE)
        address = f"{OPENING}?{urlencode({'agency': POLICE.agency, 'number': '7K3M-9QP2', 'next': '/break-glass'})}"
        async with world.browser() as person:
            await signed_in_long_ago(world, person)
            page = await person.client.get(address)
            assert await shows_it(person, led(page)) == address
            page = await person.client.get(address)
            assert "You have shown who you are: send this before" in page.text
            assert "step_up=1" not in page.text
            assert PageRead(page.text).form(OPENING).fields["number"] == ["7K3M-9QP2"]
            # Of what needs nothing of the kind nothing is said.
            other = await person.client.get(f"/do/end-break-glass?agency={POLICE.agency}")
            assert "who you are" not in other.text


def an_hour_ago(*_: object) -> float:
    return time.time() - 3600


async def test_with_a_script_as_without(furnished: Furnished, monkeypatch: pytest.MonkeyPatch):
    """On a development server, where who to be is chosen anew."""
    async with furnished() as place, browser() as running:
        case = await place.worked_on("Bea Quillbrook", "housing-1")
        await place.settled()
        said = {"agency": POLICE.agency, "number": case_number(case.case), "next": "/break-glass"}
        async with at_the_console(running, place, POLICE) as page:
            with monkeypatch.context() as long_ago:
                long_ago.setattr("catch.web.console.visit.proved", an_hour_ago)
                await page.goto(f"{OPENING}?{urlencode(said)}")
                await page.get_by_text("Show once more who you are").wait_for()
                await page.locator("select[name=reason]").select_option("RISK_TO_LIFE")
                await page.locator("textarea[name=text]").fill(WHY)
                await page.locator("main .nhsuk-button[type=submit]").click()
                link = page.get_by_role("link", name="Sign in anew on another tab")
                await link.wait_for()
            async with page.context.expect_page() as opening:
                await link.click()
            other = await opening.value
            await other.locator(f"button[value^='{POLICE.user} {POLICE.agency}']").first.click()
            await other.get_by_text("You are signed in").first.wait_for()
            assert await page.locator("textarea[name=text]").input_value() == WHY
            await page.locator("main .nhsuk-button[type=submit]").click()
            await page.wait_for_url("**/break-glass?at=*")

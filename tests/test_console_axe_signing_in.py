"""The pages of signing in and out by an issuer are for everybody, too: axe-core finds nothing against WCAG 2.2 AA."""

from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route

from catch.domain.facts import Role
from catch.domain.partner import GiveRole
from catch.web.console.pages import issuers as pages
from tests.axe import problems, script
from tests.browser import browser
from tests.conftest import Database
from tests.issuer import Answer
from tests.place import HOUSING, PROGRAMME, SYSTEM, ago
from tests.test_signing_in import World, world_of


@pytest.fixture(autouse=True)
def as_often_as_they_like(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages.STRANGERS, "per_second", 0)


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncGenerator[World]:
    async with world_of(database, tmp_path) as made:
        yield made


@pytest.fixture
async def running() -> AsyncIterator[Browser]:
    async with browser() as started:
        yield started


async def sound(page: Page, title: str) -> None:
    assert await page.locator("h1").inner_text() == title
    for width in (1280, 390):
        await page.set_viewport_size({"width": width, "height": 900})
        assert await problems(page, script()) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


async def test_axe_finds_nothing_on_the_way_in_and_out(world: World, running: Browser) -> None:
    """Nobody here yet, what went wrong, who to act as, signed out."""
    context = await running.new_context(base_url=f"http://127.0.0.1:{world.place.port}")
    try:
        page = await context.new_page()
        await page.goto("/sign-in")
        await sound(page, "Sign in")
        await page.get_by_role("button", name="Example first").click()
        await sound(page, "You are not enrolled here")
        world.first.answers["/token"] = lambda _: Answer(status=500)
        await page.goto("/sign-in/first")
        await sound(page, "You are not signed in")
        world.first.answers.clear()
        await world.bind(HOUSING)
        given = GiveRole(HOUSING.agency, HOUSING.user, Role.AUDITOR, ago(days=9).date(), None, PROGRAMME)
        await world.place.take(given, SYSTEM)
        await world.place.settled()
        await page.goto("/sign-in/first")
        await sound(page, "Who do you act for now?")
        await page.get_by_label("partner").check()
        await page.get_by_role("button", name="Go on").click()
        # From here one is led on to the issuer's own page.
        await context.route(f"{world.first.url}/end**", lambda route: route.abort())
        told: list[str] = []

        async def kept(route: Route) -> None:
            """Read on its way: the browser may have left the page, and forgotten its text, before it is asked."""
            answer = await route.fetch(max_redirects=0)
            told.append(await answer.text())
            await route.fulfill(response=answer)

        await page.route("**/sign-out", kept)
        async with page.expect_response("**/sign-out"):
            await page.get_by_role("button", name="Sign out").click()
        other = await context.new_page()
        await other.goto("/sign-in")
        await other.set_content(told[0])
        await sound(other, "You are signed out")
    finally:
        await context.close()

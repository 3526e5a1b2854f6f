"""A real browser for a test: Chromium, without a head, driven by Playwright; and a person who signs in at the console.

Without Chromium these tests are skipped, which is said; where `CI` is set, they fail.
"""

import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import httpx
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from catch.domain.facts import Actor
from tests.needed import lacking
from tests.place import Place


def chromium() -> str:
    """Where it is. Skips, or fails, the test where there is none."""
    found = os.environ.get("CATCH_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        lacking("there is no Chromium here: install it (apt-get install chromium), or name it in CATCH_CHROMIUM")
    return found


@asynccontextmanager
async def browser() -> AsyncGenerator[Browser]:
    path = chromium()
    async with async_playwright() as playwright:
        # Without a sandbox: tests run as root as well, and it opens nothing but a server of ours.
        running = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield running
        finally:
            await running.close()


def who(actor: Actor) -> str:
    """As the development server's page of people says it: auditors and the like choose their role, others have all."""
    apart = actor.role.value if actor.role.value in ("auditor", "analyst", "administrator") else ""
    return f"{actor.user} {actor.agency} {apart}"


@asynccontextmanager
async def signed_in(place: Place, actor: Actor) -> AsyncGenerator[httpx.AsyncClient]:
    """A client without a script: its cookie is this person's."""
    address = f"http://127.0.0.1:{place.port}"
    async with httpx.AsyncClient(base_url=address, headers={"accept": "text/html"}, timeout=20) as client:
        answer = await client.post("/sign-in", data={"who": who(actor)})
        assert answer.status_code == 303, answer.text
        yield client


@asynccontextmanager
async def at_the_console(
    running: Browser, place: Place, actor: Actor, *, script: bool = True, width: int = 1280
) -> AsyncGenerator[Page]:
    """Somebody's own browser, signed in. A fault of the page's script fails the test."""
    context: BrowserContext = await running.new_context(
        base_url=f"http://127.0.0.1:{place.port}",
        java_script_enabled=script,
        viewport={"width": width, "height": 900},
    )
    faults: list[str] = []
    try:
        page = await context.new_page()
        page.on("pageerror", lambda problem: faults.append(str(problem)))
        async with signed_in(place, actor) as client:
            cookies = [(each.name, each.value or "") for each in client.cookies.jar]
        for name, value in cookies:
            address = f"http://127.0.0.1:{place.port}"
            await context.add_cookies(
                [{"name": name, "value": value, "url": address, "httpOnly": True, "sameSite": "Lax"}]
            )
        yield page
    finally:
        await context.close()
    assert faults == []

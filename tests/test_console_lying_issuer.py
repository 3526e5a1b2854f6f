"""An issuer that lies, as somebody meets it who signs in by it in a real browser: they are not signed in, read what to
do, and nothing is told to anybody.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from http import HTTPStatus
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Browser, Page

from catch.web.console.pages import issuers as pages
from tests.browser import browser
from tests.conftest import Database
from tests.issuer import CURVE, KEY, OTHER_KEY, Answer, LocalIssuer
from tests.place import HOUSING
from tests.test_signing_in import World, world_of

JWKS = "/keys"


@pytest.fixture(autouse=True)
def as_often_as_they_like(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages.STRANGERS, "per_second", 0)


@pytest.fixture
async def running() -> AsyncIterator[Browser]:
    async with browser() as started:
        yield started


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncGenerator[World]:
    async with world_of(database, tmp_path) as made:
        await made.bind(HOUSING)
        yield made


def published(*keys: dict[str, object]) -> Callable[[LocalIssuer], None]:
    body = msgspec.json.encode({"keys": list(keys)})

    def lie(issuer: LocalIssuer) -> None:
        issuer.answers[JWKS] = lambda _: Answer(body=body)

    return lie


def unreadable(answer: Answer) -> Callable[[LocalIssuer], None]:
    def lie(issuer: LocalIssuer) -> None:
        issuer.answers[JWKS] = lambda _: answer

    return lie


PUBLIC = dict(OTHER_KEY.as_dict(private=False))
LIES: dict[str, Callable[[LocalIssuer], None]] = {
    "another key under the same name": published({**PUBLIC, "kid": "one"}),
    "no keys at all": published(),
    "a key of another kind": published({**dict(CURVE.as_dict(private=False)), "kid": "one"}),
    "a key for encrypting": published({**dict(KEY.as_dict(private=False)), "kid": "one", "use": "enc"}),
    "no JSON": unreadable(Answer(body=b"<html>Sign in to the wireless network</html>")),
    "an error": unreadable(Answer(status=500)),
    "somewhere else": unreadable(Answer(status=302, headers={"location": "https://elsewhere.example/keys"})),
}


async def signed_in(page: Page, world: World) -> int:
    """What somebody is answered in the end who signs in."""
    await page.goto(f"http://127.0.0.1:{world.place.port}/sign-in?next=/meetings")
    async with page.expect_response(lambda answer: "/sign-in/callback/" in answer.url) as coming:
        await page.get_by_role("button", name="Example first").click()
    status = (await coming.value).status
    await page.wait_for_load_state()
    return status


@pytest.mark.parametrize("lie", LIES)
async def test_who_signs_in_by_an_issuer_that_lies_about_its_keys_is_told_what_to_do(
    world: World, running: Browser, lie: str
) -> None:
    LIES[lie](world.first)
    context = await running.new_context()
    try:
        page = await context.new_page()
        assert HTTPStatus.BAD_REQUEST <= await signed_in(page, world) < HTTPStatus.INTERNAL_SERVER_ERROR + 4
        assert await page.locator("h1").inner_text() == "You are not signed in"
        said = await page.inner_text("main")
        assert len(said.split()) > 8
        assert world.first.person not in said
        assert HOUSING.user not in said
        assert await page.get_by_role("link", name="Sign in again").count() == 1
        names = {each.get("name") for each in await context.cookies()}
        assert not {name for name in names if name and "-" not in name}
        await page.goto(f"http://127.0.0.1:{world.place.port}/meetings")
        assert "/sign-in" in page.url
        # Once it tells the truth again, the same person is let in from the page that they were shown.
        world.first.answers.clear()
    finally:
        await context.close()


async def test_control_who_signs_in_by_one_that_does_not_lie_is_let_in(world: World, running: Browser) -> None:
    context = await running.new_context()
    try:
        page = await context.new_page()
        assert await signed_in(page, world) == HTTPStatus.SEE_OTHER
        assert HOUSING.user in await page.inner_text("header")
    finally:
        await context.close()

"""A hostile page of somebody else, in the browser of somebody who is signed in here: it sends nothing, reads nothing,
frames nothing and holds no window of ours, from another host and from another port of this one, where a browser sends
the session along.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from catch.web.console.pages import ADDRESSES
from tests.addresses import address_of
from tests.browser import at_the_console, browser, who
from tests.conftest import Furnished
from tests.pages import PageRead
from tests.place import COORDINATOR, Case, Place

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOSTS = ("localhost", "127.0.0.1")
"""By the first name it is another site. By the second it is another port: to a browser the same site, whose pages are
sent with the session."""
SUBMIT = """([to, fields]) => {
    const form = Object.assign(document.createElement("form"), {method: "post", action: to});
    for (const [name, value] of Object.entries(fields))
        form.append(Object.assign(document.createElement("input"), {name, value}));
    document.body.append(form);
    form.submit();
}"""
READ = """async ([to, mode, method]) => {
    try {
        return await (await fetch(to, {mode, method, credentials: "include"})).text();
    } catch (problem) {
        return "refused";
    }
}"""
LISTEN = """([to, payload]) => new Promise((done) => {
    const heard = [], socket = new WebSocket(to, "graphql-transport-ws");
    socket.onopen = () => socket.send(JSON.stringify({type: "connection_init", payload}));
    socket.onmessage = ({data}) => heard.push(data);
    socket.onclose = () => done(heard);
})"""
FRAME = """(to) => new Promise((done) => {
    const frame = Object.assign(document.createElement("iframe"), {src: to});
    frame.onload = () => done();
    document.body.append(frame);
    setTimeout(done, 3000);
})"""
OPEN = """(to) => new Promise((done) => {
    const opened = window.open(to);
    const look = () => {
        try {
            return opened.document.body.innerText;
        } catch (problem) {
            return "refused";
        }
    };
    setTimeout(() => done([look(), opened.closed, opened.length]), 1500);
})"""


class World:
    def __init__(self, place: Place, running: Browser, port: int, case: Case) -> None:
        self.place, self.browser, self.port, self.case = place, running, port, case

    @property
    def here(self) -> str:
        return f"http://127.0.0.1:{self.place.port}"

    @asynccontextmanager
    async def lured(self, host: str) -> AsyncGenerator[Page]:
        """Somebody who is signed in, on the hostile page."""
        async with at_the_console(self.browser, self.place, COORDINATOR) as page:
            await page.goto("/")
            await page.goto(f"http://{host}:{self.port}/")
            yield page


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(furnished: Furnished) -> AsyncIterator[World]:
    async with browser() as running, furnished() as place, elsewhere() as port:
        case = await place.worked_on("Ada Example", "housing-1")
        await place.settled()
        yield World(place, running, port, case)


@asynccontextmanager
async def elsewhere() -> AsyncGenerator[int]:
    """A server of somebody else, which has one page."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        page = b"<!DOCTYPE html><title>Win a holiday</title><link rel=icon href=data:,><body>"
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n" + page)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def where(world: World, path: str) -> str:
    values = {"command": "add-note", "issuer": "none", "meeting": str(uuid4()), "agency": "snn", "user": "nobody"}
    values["contact"] = str(uuid4())
    return world.here + address_of(path, values | {"case": str(world.case.case), "address": "made-up.ics"})


SENT_TO = tuple(each.path for each in ADDRESSES if each.post)


@pytest.mark.parametrize("host", HOSTS)
async def test_no_form_of_its_is_taken_wherever_it_is_sent(world: World, host: str) -> None:
    async with world.lured(host) as page:
        own = await page.context.new_page()
        await own.goto(f"{world.here}/cases/{world.case.case}")
        # As if it had even got hold of the key that stands in forms.
        form = PageRead(await own.content()).form("/do/add-note")
        fields = {name: values[0] for name, values in form.fields.items()} | {"text": "Not by them"}
        before = await world.place.catch.log.head()
        for path in SENT_TO:
            await page.goto(f"http://{host}:{world.port}/")
            async with page.expect_response(lambda answer: world.here in answer.url) as sent:
                await page.evaluate(SUBMIT, [where(world, path), fields])
            assert (await sent.value).status == HTTPStatus.FORBIDDEN, path
            assert await page.locator("h1").inner_text() == "This form cannot be sent", path
        assert await world.place.catch.log.head() == before
        # Nor is anybody signed out, or signed in as somebody else.
        await own.reload()
        assert COORDINATOR.user in await own.locator("header").inner_text()


@pytest.mark.parametrize("host", HOSTS)
async def test_it_reads_nothing_by_the_session_of_who_looks_at_it(world: World, host: str) -> None:
    async with world.lured(host) as page:
        for path in ("/", f"/cases/{world.case.case}", "/ticket", "/graphql", "/inbox"):
            for mode, method in (("cors", "GET"), ("no-cors", "GET"), ("cors", "POST"), ("no-cors", "POST")):
                assert await page.evaluate(READ, [world.here + path, mode, method]) in ("refused", ""), (path, mode)
        # The same from a page of ours is read: it is not the question that is wrong.
        await page.goto(world.here)
        assert "Ada Example" in await page.evaluate(READ, [f"{world.here}/cases/{world.case.case}", "cors", "GET"])


@pytest.mark.parametrize("host", HOSTS)
async def test_it_opens_no_socket_by_that_session(world: World, host: str) -> None:
    socket = f"ws://127.0.0.1:{world.place.port}/graphql"
    async with world.lured(host) as page:
        for payload in ({}, {"authorization": "Session "}, {"authorization": world.place.token(COORDINATOR)}):
            heard: list[str] = await page.evaluate(LISTEN, [socket, payload])
            assert heard == [], payload


@pytest.mark.parametrize("host", HOSTS)
async def test_it_frames_no_page_of_ours(world: World, host: str) -> None:
    async with world.lured(host) as page:
        for path in ("/", "/sign-in", f"/cases/{world.case.case}", "/nowhere"):
            await page.goto(f"http://{host}:{world.port}/")
            await page.evaluate(FRAME, world.here + path)
            framed = page.frames[1]
            assert "CATCH" not in await framed.content(), path


@pytest.mark.parametrize("host", HOSTS)
async def test_it_holds_no_window_of_ours_that_it_opened(world: World, host: str) -> None:
    async with world.lured(host) as page, page.context.expect_page() as opening:
        told: list[Any] = await page.evaluate(OPEN, f"{world.here}/cases/{world.case.case}")
        ours = await opening.value
        # To the page that opened it, it is as if it had been shut.
        assert told == ["refused", True, 0]
        assert "Ada Example" in await ours.inner_text("main")
        assert await ours.evaluate("window.opener") is None


@pytest.mark.parametrize("host", HOSTS)
async def test_control_a_site_that_lets_itself_be_framed_read_and_held_is_found(world: World, host: str) -> None:
    """The hostile server's own page, under its other name, does none of what ours does."""
    other = next(each for each in HOSTS if each != host)
    address = f"http://{other}:{world.port}/"
    async with world.lured(host) as page:
        await page.evaluate(FRAME, address)
        assert "Win a holiday" in await page.frames[1].content()
        _, shut, _ = await page.evaluate(OPEN, address)
        assert not shut


async def test_what_a_hostile_address_says_goes_no_further_than_the_sign_in(world: World) -> None:
    """A link may say where to go on after signing in: to a page of ours, and nowhere else."""
    context = await world.browser.new_context()
    try:
        page = await context.new_page()
        for to in ("https://elsewhere.example", "//elsewhere.example", "/\\\\elsewhere.example", "javascript:alert(1)"):
            await page.goto(f"{world.here}/sign-in?next={to}")
            await page.locator(f'button[value="{who(COORDINATOR)}"]').click()
            assert page.url == f"{world.here}/"
            await page.get_by_role("button", name="Sign out").click()
    finally:
        await context.close()


async def test_no_text_of_a_case_stands_in_an_address_or_a_title(world: World) -> None:
    async with at_the_console(world.browser, world.place, COORDINATOR) as page:
        await page.goto("/search")
        await page.get_by_label("Case number, reference or NHS number").fill("Ada Example")
        await page.get_by_role("button", name="Search").click()
        assert "Ada" not in page.url
        await page.goto(f"/cases/{world.case.case}")
        assert "Ada" not in await page.title()

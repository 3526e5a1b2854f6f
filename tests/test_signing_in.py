"""Signing in and out at a real server by a real issuer: ways to get in that are none, and ways out that are one."""

import asyncio
import re
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import httpx
import pytest

from catch.access import Asker, standing
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.partner import (
    Binding,
    BindSubject,
    EnrolService,
    GiveRole,
    Member,
    ReinstateMember,
    SuspendMember,
    UnbindSubject,
)
from catch.identity import flow
from catch.identity.cookies import Cookies, Session, proved, stepped_up
from catch.identity.flow import own_path
from catch.identity.logout import PATH as BACKCHANNEL
from catch.identity.logout import Sessions
from catch.identity.settings import Trusted
from catch.identity.tokens import Viewer
from catch.rates import Rates
from catch.web.console.pages import issuers as pages
from tests.conftest import Database
from tests.issuer import CURVE, OTHER_KEY, LocalIssuer, local_issuer, trusting
from tests.place import CHAIR, COORDINATOR, HOUSING, POLICE, PROGRAMME, SYSTEM, Place, ago, placed

HTML = {"accept": "text/html"}
AUDITOR = Actor(HOUSING.user, HOUSING.agency, Role.AUDITOR)
VIEWER = {"documentId": "viewer"}


class World:
    """A server that trusts one or two issuers, and the people of the place."""

    def __init__(self, place: Place, first: LocalIssuer, second: LocalIssuer) -> None:
        self.place, self.first, self.second = place, first, second

    async def bind(self, who: Actor, issuer: str = "first", named: str = "person-1", *, beside: bool = False) -> None:
        await self.place.take(BindSubject(who.agency, who.user, issuer, Sealed(named), beside), SYSTEM)
        await self.place.settled()

    @asynccontextmanager
    async def browser(self, cookies: dict[str, str] | None = None) -> AsyncGenerator["Browser"]:
        address = f"http://127.0.0.1:{self.place.port}"
        async with httpx.AsyncClient(base_url=address, headers=HTML, cookies=cookies, timeout=30) as client:
            yield Browser(client)


class Browser:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def to_the_issuer(self, issuer: str = "first", query: str = "") -> str:
        """Where the server sends somebody who wants to sign in."""
        answer = await self.client.get(f"/sign-in/{issuer}{query}")
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def from_the_issuer(self, address: str) -> str:
        """What the issuer sends them back with, once they have shown who they are."""
        async with httpx.AsyncClient() as elsewhere:
            answer = await elsewhere.get(address)
        assert answer.status_code == 302
        return answer.headers["location"]

    async def sign_in(self, issuer: str = "first", query: str = "") -> httpx.Response:
        return await self.client.get(await self.from_the_issuer(await self.to_the_issuer(issuer, query)))

    async def signed_in(self) -> bool:
        answer = await self.client.get("/meetings")
        assert answer.status_code in (200, 303)
        return answer.status_code == 200

    async def sign_out(self) -> httpx.Response:
        key = re.search(r'name="form-key" value="([0-9a-f]+)"', (await self.client.get("/")).text)
        assert key is not None
        return await self.client.post("/sign-out", data={"form-key": key[1]})


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


@asynccontextmanager
async def world_of(database: Database, folder: Path, **changed: Any) -> AsyncGenerator[World]:
    async with local_issuer() as first, local_issuer() as second:
        second.rotate("one", OTHER_KEY)
        port = free_port()
        trusted = trusting(first, second, address=f"http://127.0.0.1:{port}", **changed)
        async with placed(database.admin, database.dsn, folder, None, trusted, port) as place:
            yield World(place, first, second)


@pytest.fixture(autouse=True)
def as_often_as_they_like(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages.STRANGERS, "per_second", 0)


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncGenerator[World]:
    async with world_of(database, tmp_path) as made:
        yield made


def code_of(answer: httpx.Response) -> str:
    return answer.json()["errors"][0]["extensions"]["code"]


# In


async def test_whoever_is_bound_signs_in_and_is_who_the_log_says(world: World):
    await world.bind(HOUSING)
    async with world.browser() as browser:
        offered = (await browser.client.get("/sign-in?next=/meetings")).text
        assert "Example first" in offered
        assert "/sign-in/second?next=%2Fmeetings" in offered
        assert not await browser.signed_in()
        address = await browser.to_the_issuer(query="?next=/meetings")
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["redirect_uri"] == f"http://127.0.0.1:{world.place.port}/sign-in/callback/first"
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        assert asked["state"] not in str(dict(browser.client.cookies))
        back = await browser.client.get(await browser.from_the_issuer(address))
        assert (back.status_code, back.headers["location"]) == (303, "/meetings")
        assert await browser.signed_in()
        assert HOUSING.user in (await browser.client.get("/")).text


async def test_who_goes_from_page_to_page_is_not_held_up(world: World):
    """As outside development, where what somebody asks costs them something."""
    await world.bind(HOUSING)
    async with world.browser() as browser:
        await browser.sign_in()
        assert [(await browser.client.get("/meetings")).status_code for _ in range(8)] == [200] * 8


async def test_who_is_not_bound_is_shown_what_to_give_to_whom_and_gets_nothing(world: World):
    async with world.browser() as browser:
        answer = await browser.sign_in()
        assert answer.status_code == 403
        assert "person-1" in answer.text
        assert '<dd class="nhsuk-summary-list__value">first</dd>' in answer.text
        assert not await browser.signed_in()


@pytest.mark.parametrize("which", ["suspended", "service", "no role"])
async def test_who_may_not_act_is_not_let_in(world: World, which: str):
    who = HOUSING if which != "no role" else Actor("new@housing-1", "housing-1", Role.PARTNER)
    if which == "service":
        who = Actor("program@housing-1", "housing-1", Role.PARTNER)
        await world.place.take(EnrolService(who.agency, who.user, Sealed("Case system")), SYSTEM)
    elif which == "no role":
        from catch.domain.partner import EnrolMember

        await world.place.take(EnrolMember(who.agency, who.user, Sealed("N. Example")), SYSTEM)
    await world.bind(who)
    if which == "suspended":
        await world.place.take(SuspendMember(who.agency, who.user), SYSTEM)
        await world.place.settled()
    async with world.browser() as browser:
        assert (await browser.sign_in()).status_code == 403
        assert not await browser.signed_in()
    if which == "suspended":
        await world.place.take(ReinstateMember(who.agency, who.user), SYSTEM)
        await world.place.settled()
        async with world.browser() as browser:
            assert (await browser.sign_in()).status_code == 303


async def test_who_may_act_in_several_ways_chooses_and_never_has_two_at_once(world: World):
    await world.bind(HOUSING)
    await world.place.take(
        GiveRole(HOUSING.agency, HOUSING.user, Role.AUDITOR, ago(days=9).date(), None, PROGRAMME), SYSTEM
    )
    await world.bind(POLICE)
    async with world.browser() as browser:
        page = await browser.sign_in()
        assert page.status_code == 200
        offered = re.findall(r'for="way-\d">([^<]+)<', page.text)
        assert offered == ["Example housing-1: partner", "Example housing-1: auditor", "Example police-1: partner"]
        assert not await browser.signed_in()
        pending = re.search(r'name="pending" value="([^"]+)"', page.text)
        assert pending is not None
        for wrong in ({"pending": "x", "way": "1"}, {"pending": pending[1], "way": "7"}):
            async with world.browser(dict(browser.client.cookies)) as other:
                assert (await other.client.post("/sign-in/act-as", data=wrong)).status_code == 400
                assert not await other.signed_in()
        # A choice that was no good is spent; signed in once more.
        page = await browser.sign_in()
        pending = re.search(r'name="pending" value="([^"]+)"', page.text)
        assert pending is not None
        stolen = dict(browser.client.cookies)
        chosen = await browser.client.post("/sign-in/act-as", data={"pending": pending[1], "way": "1"})
        assert chosen.status_code == 303
        assert "(auditor)" in (await browser.client.get("/")).text
        async with world.browser(stolen) as thief:
            again = await thief.client.post("/sign-in/act-as", data={"pending": pending[1], "way": "2"})
            assert again.status_code == 400


async def test_one_person_signs_in_by_two_issuers_where_an_administrator_says_so(world: World):
    world.second.person = "p-2"
    await world.bind(HOUSING)
    async with world.browser() as browser:
        assert (await browser.sign_in("second")).status_code == 403
    await world.bind(HOUSING, "second", "p-2", beside=True)
    for issuer in ("first", "second"):
        async with world.browser() as browser:
            assert (await browser.sign_in(issuer)).status_code == 303
            assert HOUSING.user in (await browser.client.get("/")).text
    # The same name at another issuer is somebody else.
    world.second.person = "person-1"
    async with world.browser() as browser:
        assert (await browser.sign_in("second")).status_code == 403


async def test_we_prove_who_we_are_by_a_key_where_that_is_set_up(database: Database, tmp_path: Path):
    from msgspec.structs import replace

    from catch.identity.settings import Secret

    async with local_issuer() as issuer:
        issuer.public_key, port = CURVE, free_port()
        trusted = trusting(issuer, address=f"http://127.0.0.1:{port}", key_id="ours")
        key = type(CURVE).import_key({**CURVE.as_dict(private=True), "alg": "ES256"})
        trusted = replace(trusted, secrets={"first": Secret(key=key)})
        async with placed(database.admin, database.dsn, tmp_path, None, trusted, port) as place:
            made = World(place, issuer, issuer)
            await made.bind(HOUSING)
            async with made.browser() as browser:
                assert (await browser.sign_in()).status_code == 303
                assert await browser.signed_in()
        (assertion,) = issuer.assertions
        assert assertion["aud"] == f"{issuer.url}/token"


# Not in


async def refused(world: World, browser: Browser, back: str) -> str:
    """The sentence on the page that somebody is answered with, who then is not signed in."""
    answer = await browser.client.get(back)
    assert answer.status_code in (400, 403, 502, 401, 503), answer.text
    assert not await browser.signed_in()
    return answer.text


def changed(back: str, **change: str | None) -> str:
    parts = urlsplit(back)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    told = {name: value for name, value in (query | change).items() if value is not None}
    return f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode(told)}"


NOT_BEGUN = "was not begun in this browser"
WRONG_ANSWERS: dict[str, tuple[Callable[[str], str], str]] = {
    "another state": (lambda back: changed(back, state="another"), NOT_BEGUN),
    "no state": (lambda back: changed(back, state=None), NOT_BEGUN),
    "a state beyond ASCII": (lambda back: changed(back, state="é"), NOT_BEGUN),
    "another code": (lambda back: changed(back, code="another"), "does not take back"),
    "no code": (lambda back: changed(back, code=None), "did not sign you in"),
    "an error": (lambda back: changed(back, code=None, error="access_denied"), "did not sign you in"),
    "an error beside a code": (lambda back: changed(back, error="access_denied"), "did not sign you in"),
    "another issuer": (lambda back: changed(back, iss="https://id.example.org"), "Another issuer answered"),
    "no issuer": (lambda back: changed(back, iss=None), "Another issuer answered"),
    "to another's address": (
        lambda back: back.replace("/callback/first", "/callback/second"),
        "Another issuer answered",
    ),
    "to nobody's address": (
        lambda back: back.replace("/callback/first", "/callback/fourth"),
        "Another issuer answered",
    ),
}


@pytest.mark.parametrize("which", WRONG_ANSWERS)
async def test_an_answer_that_is_not_the_one_that_was_asked_for_signs_nobody_in(world: World, which: str):
    await world.bind(HOUSING)
    change, sentence = WRONG_ANSWERS[which]
    async with world.browser() as browser:
        back = await browser.from_the_issuer(await browser.to_the_issuer())
        assert sentence in await refused(world, browser, change(back))
        assert "<script" not in (await browser.client.get(changed(back, state="<script>"))).text.split("</head>")[1]
    async with world.browser() as browser:
        assert (await browser.sign_in()).status_code == 303


async def test_an_answer_is_good_once_in_the_browser_that_asked(world: World):
    await world.bind(HOUSING)
    async with world.browser() as browser, world.browser() as victim:
        back = await browser.from_the_issuer(await browser.to_the_issuer())
        # Somebody is sent the attacker's answer: they are not signed in as the attacker.
        assert NOT_BEGUN in await refused(world, victim, back)
        await victim.to_the_issuer()
        assert NOT_BEGUN in await refused(world, victim, back)
        before = dict(browser.client.cookies)
        assert (await browser.client.get(back)).status_code == 303
        async with world.browser(before) as again:
            assert NOT_BEGUN in await refused(world, again, back)


async def test_the_code_of_one_sign_in_is_none_of_anothers(world: World):
    """PKCE: a code that was stolen on its way is put into another sign-in, with that one's own state."""
    await world.bind(HOUSING)
    async with world.browser() as victim, world.browser() as thief:
        stolen = parse_qs(urlsplit(await victim.from_the_issuer(await victim.to_the_issuer())).query)["code"][0]
        own = await thief.from_the_issuer(await thief.to_the_issuer())
        assert "does not take back" in await refused(world, thief, changed(own, code=stolen))


async def test_two_tabs_each_end_what_they_began(world: World):
    await world.bind(HOUSING)
    async with world.browser() as browser:
        asked = [await browser.to_the_issuer(query=f"?next=/meetings%3Ftab={tab}") for tab in range(2)]
        for tab, address in enumerate(asked):
            answer = await browser.client.get(await browser.from_the_issuer(address))
            assert answer.headers["location"] == f"/meetings?tab={tab}"


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"aud": "another"},
        {"iss": "https://id.example.org"},
        {"azp": "another"},
        {"at_hash": "another"},
        {"exp": 1},
        {"sub": None},
        {"iat": 1},
    ],
    ids=str,
)
async def test_an_issuer_that_lies_about_who_came_is_not_believed(world: World, lie: dict[str, Any]):
    await world.bind(HOUSING)
    world.first.lies = lie
    async with world.browser() as browser:
        await refused(world, browser, await browser.from_the_issuer(await browser.to_the_issuer()))
    world.first.lies = {}
    async with world.browser() as browser:
        assert (await browser.sign_in()).status_code == 303


async def test_one_issuer_never_stands_in_for_another(world: World):
    """The second sends people to the first and takes their answer for its own: neither its own page nor the first's
    answer at the second's address signs anybody in."""
    await world.bind(HOUSING)
    async with world.browser() as browser:
        asked = parse_qs(urlsplit(await browser.to_the_issuer("second")).query)
        mixed = {name: values[0] for name, values in asked.items()}
        at_the_first = f"{world.first.url}/authorize?{urlencode(mixed)}"
        back = await browser.from_the_issuer(at_the_first)
        assert "Another issuer answered" in await refused(world, browser, back)
    # Even where the first does not name itself, its token is none of the second's.
    world.first.names_itself = world.second.names_itself = False
    async with world.browser() as browser:
        asked = parse_qs(urlsplit(await browser.to_the_issuer("second")).query)
        mixed = {name: values[0] for name, values in asked.items()}
        back = await browser.from_the_issuer(f"{world.first.url}/authorize?{urlencode(mixed)}")
        await refused(world, browser, back)


async def test_a_hostile_page_signs_nobody_in_or_out(world: World):
    await world.bind(HOUSING)
    hostile = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}
    async with world.browser() as browser:
        assert (await browser.sign_in()).status_code == 303
        assert (await browser.client.post("/sign-out", headers=hostile)).status_code == 403
        assert (await browser.client.post("/sign-out", data={"form-key": "x"})).status_code == 403
        assert (await browser.client.post("/sign-in/act-as", headers=hostile)).status_code == 403
        assert await browser.signed_in()


@pytest.mark.parametrize(
    "to",
    [
        "//elsewhere.example",
        "https://elsewhere.example",
        "/\\elsewhere.example",
        "/\r\nx",
        "javascript:alert(1)",
        "elsewhere",
        "/\t/elsewhere.example",
        "/é",
        "/sign-in/first",
        "/" + "x" * 2_000,
        "",
    ],
)
async def test_nobody_is_led_to_another_site(world: World, to: str):
    await world.bind(HOUSING)
    assert own_path(to) == "/"
    async with world.browser() as browser:
        answer = await browser.sign_in(query=f"?next={quote(to)}")
        assert answer.headers["location"] == "/"
    assert own_path("/meetings?x=1") == "/meetings?x=1"


async def test_an_issuer_nobody_set_up_is_no_page(world: World):
    async with world.browser() as browser:
        assert (await browser.client.get("/sign-in/fourth")).status_code == 404
        assert (await browser.client.get("/sign-in/act-as")).status_code == 404


async def test_who_begins_too_often_waits(world: World, monkeypatch: pytest.MonkeyPatch):
    # Of its own: what others have begun meanwhile counts for others.
    monkeypatch.setattr(pages, "STRANGERS", Rates(0.01, 60))
    async with world.browser() as browser:
        found = [(await browser.client.get("/sign-in/first")).status_code for _ in range(62)]
    assert found[:60] == [303] * 60
    assert found[-1] == 429


# Sessions


async def test_a_cookie_that_was_stolen_is_good_for_nothing_once_its_owner_has_signed_out(world: World):
    await world.bind(HOUSING)
    async with world.browser() as browser:
        await browser.sign_in()
        stolen = dict(browser.client.cookies)
        ticket = (await browser.client.post("/ticket")).text
        assert (await world.place.post(VIEWER, f"Session {ticket}")).json()["data"]["viewer"]["user"] == HOUSING.user
        async with world.browser(stolen) as thief:
            assert await thief.signed_in()
        left = await browser.sign_out()
        assert left.status_code == 200
        farewell = left.headers["refresh"].removeprefix("0; url=")
        asked = parse_qs(urlsplit(farewell).query)
        assert farewell.startswith(f"{world.first.url}/end?")
        assert asked["post_logout_redirect_uri"] == [f"http://127.0.0.1:{world.place.port}/sign-in"]
        assert "form-action 'self'" in left.headers["content-security-policy"]
        async with world.browser(stolen) as thief:
            assert not await thief.signed_in()
        assert code_of(await world.place.post(VIEWER, f"Session {ticket}")) == "SESSION_ENDED"


async def test_who_signs_in_again_ends_the_session_that_the_browser_had(world: World):
    await world.bind(HOUSING)
    async with world.browser() as browser:
        await browser.sign_in()
        before = dict(browser.client.cookies)
        await browser.sign_in()
        assert await browser.signed_in()
        async with world.browser(before) as old:
            assert not await old.signed_in()


async def test_an_issuer_ends_its_own_sessions_and_no_others(world: World):
    world.second.person = "p-2"
    await world.bind(HOUSING)
    await world.bind(HOUSING, "second", "p-2", beside=True)
    async with world.browser() as one, world.browser() as two:
        await one.sign_in("first")
        await two.sign_in("second")
        # Both call their session the same.
        assert world.first.session == world.second.session

        async def told(token: str) -> int:
            return (await world.place.http.post(BACKCHANNEL, data={"logout_token": token})).status_code

        assert await told(world.second.logout(iss=world.first.url)) == 400
        assert await one.signed_in()
        token = world.first.logout()
        assert await told(token) == 200
        assert not await one.signed_in()
        assert await two.signed_in()
        assert await told(token) == 400
        assert await told(world.second.logout(sid=None)) == 200
        assert not await two.signed_in()


async def test_a_sign_out_that_cannot_be_judged_is_to_be_sent_again(world: World):
    token = world.first.logout()
    await world.first.go_away()
    answer = await world.place.http.post(BACKCHANNEL, data={"logout_token": token})
    assert answer.status_code == 503


async def test_who_is_signed_in_goes_on_while_the_issuer_is_away(world: World):
    await world.bind(HOUSING)
    token = f"Bearer {world.first.access()}"
    async with world.browser() as browser:
        await browser.sign_in()
        assert (await world.place.post(VIEWER, token)).status_code == 200
        await world.first.go_away()
        assert await browser.signed_in()
        await asyncio.sleep(1.1)
        assert (await world.place.post(VIEWER, token)).status_code == 200
        async with world.browser() as another:
            # Where to go is known; who comes back cannot be asked.
            back = f"/sign-in/callback/first?code=x&iss={quote(world.first.url)}"
            state = parse_qs(urlsplit(await another.to_the_issuer()).query)["state"][0]
            answer = await another.client.get(f"{back}&state={state}")
            assert answer.status_code == 503
            assert "cannot be reached" in answer.text


@pytest.mark.parametrize("way", ["another account", "unbound", "unbound and bound again", "suspended"])
async def test_unbinding_ends_what_was_signed_in_by_it_at_once(world: World, way: str):
    await world.bind(HOUSING)
    token = f"Bearer {world.first.access()}"
    async with world.browser() as browser:
        await browser.sign_in()
        assert await browser.signed_in()
        assert (await world.place.post(VIEWER, token)).status_code == 200
        async with world.place.knock() as client:
            await client.send(type="connection_init", payload={"authorization": token})
            assert (await client.receive())["type"] == "connection_ack"
        if way == "another account":
            await world.bind(HOUSING, named="person-2")
        elif way == "suspended":
            await world.place.take(SuspendMember(HOUSING.agency, HOUSING.user), SYSTEM)
        else:
            await world.place.take(UnbindSubject(HOUSING.agency, HOUSING.user, "first"), SYSTEM)
        await world.place.settled()
        again = way == "unbound and bound again"
        if again:
            await world.bind(HOUSING)
        answer = await browser.client.get("/meetings")
        assert answer.status_code == 403
        # A token that is issued anew, or still good, follows the log; a session began with what has ended.
        assert (await world.place.post(VIEWER, token)).status_code == (200 if again else 403)
        if again:
            await browser.sign_in()
            assert await browser.signed_in()


async def test_a_development_token_names_nobody_at_a_server_with_real_issuers(world: World):
    answer = await world.place.post(VIEWER, COORDINATOR)
    assert (answer.status_code, code_of(answer)) == (401, "TOKEN_FROM_ANOTHER_ISSUER")
    async with world.browser() as browser:
        assert (await browser.client.post("/sign-in", data={"who": f"{CHAIR.user} {CHAIR.agency} "})).status_code == 404


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


def session(cookies: Cookies) -> Session:
    return cookies.begun(Viewer("u", "a", None, cookies.clock() + 10**6), acr="high", signed_in_at=cookies.clock())


def test_a_session_ends_when_nothing_is_done_and_when_the_day_is_over():
    clock = Clock()
    cookies = Cookies(lambda: [b"k" * 32], clock=clock)
    held = session(cookies)

    def good() -> bool:
        from catch.identity.cookies import SessionExpired

        try:
            cookies.opened(cookies.sealed(held))
        except SessionExpired:
            return False
        return True

    clock.now += 29 * 60
    assert good()
    clock.now += 60
    assert not good()
    for _ in range(18):
        held = held.at(clock.now)
        clock.now += 29 * 60
    assert clock.now - 1_790_000_000.0 < 10 * 3600
    assert good()
    while clock.now < 1_790_000_000.0 + 10 * 3600:
        held = held.at(clock.now)
        clock.now += 600
    held = held.at(clock.now)
    assert not good()


def test_how_recently_and_closely_somebody_was_looked_at_is_asked_before_what_matters():
    clock = Clock()
    cookies = Cookies(lambda: [b"k" * 32], clock=clock)
    held = session(cookies)
    assert stepped_up(held, clock.now, 300)
    assert stepped_up(held, clock.now, 300, ("high",))
    assert not stepped_up(held, clock.now, 300, ("higher",))
    assert not stepped_up(held, clock.now + 301, 300)
    assert [proved(held), proved(held, ("high",)), proved(held, ("higher",))] == [clock.now, clock.now, 0]
    unsaid = cookies.begun(held.viewer, signed_in_at=0)
    assert not stepped_up(unsaid, clock.now, 300)


async def test_stepping_up_asks_anew_and_keeps_what_somebody_acts_as(database: Database, tmp_path: Path):
    async with world_of(database, tmp_path, step_up_acr_values=("high",)) as world:
        await world.bind(HOUSING)
        async with world.browser() as browser:
            await browser.sign_in()
            address = await browser.to_the_issuer(query="?step_up=1&next=/meetings")
            asked = parse_qs(urlsplit(address).query)
            assert (asked["acr_values"], asked["prompt"]) == (["high"], ["login"])
            assert asked["max_age"] == [str(flow.STEP_UP)]
            world.first.seen = time.time() - 3600
            await stays_as_they_are(browser, await browser.from_the_issuer(address))
            world.first.seen, world.first.acr = None, "low"
            await stays_as_they_are(
                browser, await browser.from_the_issuer(await browser.to_the_issuer(query="?step_up=1"))
            )
            world.first.acr = None
            answer = await browser.sign_in(query="?step_up=1&next=/meetings")
            assert answer.headers["location"] == "/meetings"
            assert await browser.signed_in()


async def stays_as_they_are(browser: Browser, back: str) -> None:
    answer = await browser.client.get(back)
    assert answer.status_code == 401
    assert "as closely as this needs" in answer.text
    assert "You are signed in as you were" in answer.text
    assert "cannot be believed" not in answer.text
    assert await browser.signed_in()


def test_cookies_of_a_place_with_https_are_for_this_host_alone():
    from catch.identity.settings import Identity, is_local

    assert not is_local(Trusted(Identity("https://catch.example.org")))
    assert is_local(Trusted(Identity("http://127.0.0.1:8000")))
    assert Cookies(lambda: [b"k" * 32], clock=time.time).safe


def test_a_cookie_is_opened_by_nobody_else_and_for_nothing_else():
    from catch.identity.cookies import NotSignedIn

    cookies = Cookies(lambda: [b"k" * 32], clock=time.time)
    sealed = cookies.sealed(session(cookies))
    others = Cookies(lambda: [b"o" * 32], clock=time.time)
    for wrong in (lambda: others.opened(sealed), lambda: cookies.verify(f"Session {sealed}")):
        with pytest.raises(NotSignedIn):
            wrong()
    assert cookies.opened(sealed).viewer.user == "u"


# Programs


async def test_a_program_signs_in_by_its_own_client_and_may_what_it_was_allowed(world: World):
    program = Actor("program@housing-1", "housing-1", Role.PARTNER)
    await world.place.take(EnrolService(program.agency, program.user, Sealed("Case system"), ("add-note",)), SYSTEM)
    await world.place.take(
        GiveRole(program.agency, program.user, Role.PARTNER, ago(days=9).date(), None, PROGRAMME), SYSTEM
    )
    await world.bind(program, named="client-7")
    token = f"Bearer {world.first.access(sub='client-7', sid=None)}"
    answer = await world.place.post(VIEWER, token)
    assert (answer.status_code, code_of(answer)) == (403, "DOCUMENT_NOT_ALLOWED")
    another = f"Bearer {world.first.access(sub='client-8', sid=None)}"
    assert code_of(await world.place.post(VIEWER, another)) == "NOT_ENROLLED"


async def test_a_role_in_a_token_narrows_and_gives_nothing(world: World):
    await world.bind(COORDINATOR)

    async def roles(**claims: Any) -> Any:
        answer = await world.place.post(VIEWER, f"Bearer {world.first.access(**claims)}")
        return answer.json()["data"]["viewer"]["roles"] if answer.status_code == 200 else code_of(answer)

    assert await roles() == ["COORDINATOR", "PREPARER"]
    assert await roles(catch_role="coordinator") == ["COORDINATOR"]
    assert await roles(catch_role="chair") == "NOT_ENROLLED"
    assert await roles(catch_role="administrator") == "NOT_ENROLLED"
    assert await roles(catch_role="system") == "TOKEN_INCOMPLETE"


async def test_a_socket_opens_by_a_token_that_has_to_be_asked_about(world: World):
    await world.bind(HOUSING)
    async with world.place.knock() as client:
        await client.send(type="connection_init", payload={"authorization": f"Bearer {world.first.access()}"})
        assert (await client.receive())["type"] == "connection_ack"
    async with world.place.knock() as client:
        await client.send(type="connection_init", payload={"authorization": f"Bearer {world.first.access(aud='x')}"})
        assert (await client.closed())[0] == 4403
    async with world.place.knock() as client:
        for _ in range(2):
            await client.send(type="connection_init", payload={"authorization": f"Bearer {world.first.access()}"})
        assert (await client.closed())[0] == 4429


async def test_nothing_of_who_signed_in_is_in_the_log(world: World, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO")
    await world.bind(HOUSING)
    async with world.browser() as browser:
        back = await browser.from_the_issuer(await browser.to_the_issuer())
        await browser.client.get(back)
        await browser.sign_out()
    code = parse_qs(urlsplit(back).query)["code"][0]
    assert "/sign-in/callback/" in caplog.text
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("catch"))
    for told in ("person-1", code, "session-1", HOUSING.user):
        assert told not in ours


# Each rule taken away is noticed


async def always(*_: object) -> bool:
    return True


def nothing(*_: object) -> None:
    return None


def at_any_time(self: Member, said_by: Binding | None, signed_in: datetime | None = None) -> bool:
    return any(held.binding == said_by for held in self.bound or ())


def by_any_word(_member: Member, _asker: Asker) -> bool:
    return True


def never_over(_sessions: Sessions, _viewer: Viewer) -> bool:
    return False


def anywhere(said: str | None) -> str:
    return said or "/"


Check = Callable[[World], Awaitable[None]]


async def an_answer_twice(world: World) -> None:
    await test_an_answer_is_good_once_in_the_browser_that_asked(world)


async def a_mix_up(world: World) -> None:
    await test_an_answer_that_is_not_the_one_that_was_asked_for_signs_nobody_in(world, "another issuer")


async def bound_again(world: World) -> None:
    await test_unbinding_ends_what_was_signed_in_by_it_at_once(world, "unbound and bound again")


async def unbound(world: World) -> None:
    await test_unbinding_ends_what_was_signed_in_by_it_at_once(world, "unbound")


async def led_away(world: World) -> None:
    await test_nobody_is_led_to_another_site(world, "//elsewhere.example")


HOLES: dict[str, tuple[object, str, object, Check]] = {
    "an answer's one use": (Sessions, "use", always, an_answer_twice),
    "who answers": (flow, "_from_whom_was_asked", nothing, a_mix_up),
    "since when somebody is bound": (Member, "known_by", at_any_time, bound_again),
    "whose word is taken": (standing, "known", by_any_word, unbound),
    "what has ended": (
        *(Sessions, "over", never_over),
        test_a_cookie_that_was_stolen_is_good_for_nothing_once_its_owner_has_signed_out,
    ),
    "where somebody is led": (flow, "own_path", anywhere, led_away),
}


@pytest.mark.parametrize("hole", HOLES)
async def test_control_each_hole_put_back_is_caught(world: World, monkeypatch: pytest.MonkeyPatch, hole: str):
    where, name, was, caught = HOLES[hole]
    monkeypatch.setattr(where, name, was)
    with pytest.raises(AssertionError):
        await caught(world)

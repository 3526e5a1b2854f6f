"""Which pages there are, and how a request for one is answered.

Whatever happens, a person gets a page with a sentence on it, and what they typed is not lost. Only forms change
anything: they come from this site's own pages, by whoever the page was made for.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote
from uuid import UUID

from litestar import MediaType, Request, Response, route
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from catch.domain.refusals import Refused
from catch.faults import RecordsAway, fault, outside_error
from catch.identity.cookies import Cookies, NotSignedIn, Session, SessionExpired
from catch.identity.flow import PATIENCE
from catch.identity.logout import SessionEnded
from catch.live.origins import Origins
from catch.log.invented import NOTICE
from catch.rates import Rates, identity, too_often
from catch.web.about import about
from catch.web.console.assets import Asset, assets
from catch.web.console.rendering import environment
from catch.web.console.sent import Sent, asked, form_of
from catch.web.console.served import served
from catch.web.console.visit import ONWARD, Moved, NotShown, Page, Reply, Visit, nothing_here, one
from catch.web.console.wording import words
from catch.web.http import Line
from catch.web.requests import Heading, Scope

if TYPE_CHECKING:
    from catch.web.serving import Web

log = logging.getLogger("catch.requests")

A_PAGE = 10
"""How much more pages may cost somebody than their own documents: each asks several of ours, with all that is shown."""
METHODS = ["GET", "HEAD", "POST"]
HEARING = 0.2
"""Seconds within which nearly everything that was recorded, here or by another server, is heard of."""
NAMED = 60.0
"""Seconds for which the names of programmes and series hold."""
TOUCHED = 60.0
"""Seconds after which a session's cookie says anew when it was last used."""
LASTING = 366 * 86_400.0
"""Seconds for which a browser remembers what somebody has looked at."""
PLAIN_COOKIE, SAFE_COOKIE = "catch", "__Host-catch"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": POLICY,
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
Answers = Callable[[Visit], Awaitable[Reply]]


class Address(Struct, frozen=True):
    """A page's address, as the framework has it (`/cases/{case:uuid}`), and what answers there.

    `closed`: only to whoever is signed in. `text`: what the head of every page calls it, where it leads there; `reads`:
    the query that the page is made of, where not everybody may ask it.
    """

    path: str
    get: Answers
    post: Answers | None = None
    closed: bool = True
    text: str = ""
    reads: str = ""


class Console:
    """One server's pages. `addresses` are all there are."""

    def __init__(self, web: "Web", cookies: Cookies, addresses: Sequence[Address], *, development: bool) -> None:
        self.web = web
        self.cookies = cookies
        self.development = development
        self.costs = Rates(web.costs.per_second * A_PAGE, web.costs.burst * A_PAGE)
        self.assets: dict[str, Asset] = assets()
        self._addresses = addresses
        self.names: dict[str, str] = {}
        self._named_at = -math.inf
        self._templates = environment(self.called)
        self._origins = Origins()

    def handlers(self) -> list[HTTPRouteHandler]:
        return [*(self._handler(each) for each in self._addresses), served(self.assets)]

    def rendered(self, template: str, visit: Visit, values: dict[str, object]) -> str:
        session = visit.session
        return self._templates.get_template(template).render(
            visit=visit,
            viewer=session.viewer if session else None,
            form_key=self.cookies.form_key(session) if session else "",
            layout="fragments.html" if visit.fragments else "layout.html",
            asset=self.asset,
            has=self.assets.__contains__,
            # Looked up already, for the header of this very answer.
            invented=NOTICE if self.web.catch.log.mark.known else "",
            **values,
        )

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.cookies.clock(), UTC)

    def navigation(self, visit: Visit) -> list[tuple[str, str]]:
        """Where the head of every page leads: the text, and the address. Nobody is led to what is not theirs."""
        return [
            (each.text, each.path)
            for each in self._addresses
            if each.text and (not each.reads or each.reads in visit.reads)
        ]

    def called(self, key: str) -> str:
        """A programme or a series of meetings by its name."""
        return self.names.get(key) or words(key)

    async def _know_names(self, visit: Visit) -> None:
        """As everybody who signs in is told them; they hardly ever change."""
        if time.monotonic() - self._named_at > NAMED:
            held = (await visit.maybe("programmes")).get("programmes", [])
            self.names = {each["key"]: each["name"] for one in held for each in (one, *one["series"])}
            self._named_at = time.monotonic()

    def asset(self, name: str) -> str:
        """Where it is: at another address whenever it is another, so that browsers may keep it."""
        return f"/assets/{name}?v={self.assets[name].version}"

    def nothing_at(self, request: Request[Any, Any, Any], status: int) -> Response[bytes]:
        """A page for an address that leads nowhere: the same as for one that is not theirs."""
        problem = nothing_here()
        visit = Visit(self, None, request.scope["path"], {}, {})
        return self._page(visit, self._told(visit, status, problem.title, problem.text))

    def _handler(self, address: Address) -> HTTPRouteHandler:
        methods = METHODS if address.post else METHODS[:2]

        @route(
            address.path,
            http_method=cast("Any", methods),
            media_type=MediaType.HTML,
            request_max_body_size=None,
            name=f"console {address.path}",
        )
        async def answer(request: Request[Any, Any, Any]) -> Response[bytes]:
            began, line = time.perf_counter(), Line(request.method, operation=address.path, kind="page")
            response = await self._answer(address, request, line)
            line.status = response.status_code or 200
            line.written(began)
            return response

        return answer

    async def _answer(self, address: Address, request: Request[Any, Any, Any], line: Line) -> Response[bytes]:
        heading = Heading.of(cast("Scope", request.scope))
        if address.path == "/" and "text/html" not in heading.accept.lower():
            # A program that looks in is told where things are, as ever.
            return Response(about(door=self.web.catch.settings.door), media_type=MediaType.TEXT, status_code=200)
        # The path as it came: a whole address is put together with Host, which is anybody's to write.
        path, fragments = request.scope["path"], request.headers.get("x-fragments") == "1"
        visit = Visit(self, None, path, request.path_params, {}, fragments=fragments)
        visit.host = (heading.host or b"").decode("latin-1")
        visit.cookies, visit.peer = request.cookies, heading.peer
        try:
            visit.query = asked(heading.query_string)
            return await self._reply(address, request, heading, visit, line)
        except NotShown as problem:
            line.code = problem.title
            return self._page(visit, self._told(visit, problem.status, problem.title, problem.text, problem.onward))
        except Refused as refused:
            line.code = refused.code
            status = 503 if refused.code == RecordsAway.code else 403
            return self._page(visit, self._told(visit, status, refused.code, refused.message))
        except Exception as unexpected:
            said = outside_error(unexpected, f"page {address.path}")
            code = said.get("extensions", {}).get("code", "INTERNAL")
            line.code = code
            status = 503 if code == RecordsAway.code else 500
            return self._page(visit, self._told(visit, status, "Something went wrong", str(said.get("message"))))

    async def _reply(
        self, address: Address, request: Request[Any, Any, Any], heading: Heading, visit: Visit, line: Line
    ) -> Response[bytes]:
        posted = request.method == "POST"
        if posted:
            self._from_our_pages(request, heading)
            visit.form = await form_of(request)
        try:
            visit.session = self._session(request)
        except (NotSignedIn, SessionExpired, SessionEnded) as why:
            if address.closed:
                return self._page(visit, self._sign_in_first(visit, why, posted=posted))
        session = visit.session
        if session is not None:
            line.role = session.viewer.role
            if wait := self.web.rates.wait(identity(session.viewer)):
                raise NotShown(429, "TOO_MANY_REQUESTS", str(too_often(wait).get("message")))
            if posted and address.closed:
                self._by_whom_it_was_made_for(visit, session)
            await self._no_farther_than_the_log(visit)
            await self._know_names(visit)
            if not visit.fragments:
                visit.reads = one(await visit.maybe("navigation"), "viewer").get("reads", ())
        answers = address.post if posted and address.post else address.get
        reply = await answers(visit)
        return self._page(visit, reply)

    # Who asks

    def _session(self, request: Request[Any, Any, Any]) -> Session:
        """Raises `NotSignedIn`, `SessionExpired`, `SessionEnded`, `SignOutsUnknown`."""
        session = self.cookies.opened(request.cookies.get(self.cookie_name))
        self.web.sessions.going_on(session.viewer)
        return session

    @property
    def cookie_name(self) -> str:
        """A name that starts so is taken by browsers only over https, from this very host."""
        return self.named("")

    def named(self, what: str) -> str:
        return (SAFE_COOKIE if self.cookies.safe else PLAIN_COOKIE) + what

    def set_cookie(self, value: str) -> str:
        """Empty: the browser forgets it."""
        safe = " Secure;" if self.cookies.safe else ""
        age = f"Max-Age={int(self.cookies.absolute)}" if value else "Max-Age=0"
        return f"{self.cookie_name}={value}; Path=/; HttpOnly;{safe} SameSite=Lax; {age}"

    def _from_our_pages(self, request: Request[Any, Any, Any], heading: Heading) -> None:
        """A browser says from which site's page a form comes. Raises `NotShown`."""
        site = request.headers.get("sec-fetch-site", "same-origin")
        if site not in ("same-origin", "none") or not self._origins.welcome(heading.origin, heading.host):
            raise NotShown(403, "NOT_FROM_HERE", "This form was not sent from a page of this site. Open the page here.")

    def _by_whom_it_was_made_for(self, visit: Visit, session: Session) -> None:
        if not self.cookies.is_form_key(session, visit.sent("form-key")):
            raise NotShown(
                403,
                "FORM_OF_ANOTHER",
                "This page was made for somebody else, or before you chose another role. Go back, copy what you typed,"
                " and open the page anew.",
            )

    async def _no_farther_than_the_log(self, visit: Visit) -> None:
        """A position that no fact has is not waited for: it was made up, or comes from before a restored backup."""
        wanted = int(visit.at_least or 0)
        if wanted <= visit.position:
            return
        if await self._heard_of(wanted):
            # The page waits until it holds this.
            visit.position = wanted
        else:
            visit.query = {name: value for name, value in visit.query.items() if name != "at"}

    async def _heard_of(self, position: int) -> bool:
        """Whether the log has come to it. What somebody has just done is heard of in a moment; only what is not costs a
        question."""
        try:
            async with asyncio.timeout(HEARING):
                await self.web.catch.present.follower.reached(position)
        except TimeoutError:
            return position <= await self.web.catch.log.head()
        return True

    # What is answered

    def _sign_in_first(self, visit: Visit, why: Refused, *, posted: bool) -> Reply:
        if visit.fragments:
            return Page("", 401)
        if posted:
            kept = [(name, each) for name, values in visit.form.items() for each in values if name not in NOT_KEPT]
            return visit.page("kept.html", 401, why=why.message, kept=kept)
        quiet = "" if isinstance(why, NotSignedIn) else "&ended=1"
        return Moved(f"/sign-in?next={quote(visit.again(), safe='/')}{quiet}")

    def _told(self, visit: Visit, status: int, title: str, text: str, onward: tuple[str, str] = ONWARD) -> Page:
        if visit.fragments:
            return Page("", status)
        try:
            said = TITLES.get(title, title)
            return visit.page("told.html", status, title=said, text=text, kept=typed(visit.form), onward=onward)
        except Exception as unexpected:
            fault(unexpected, "console")
            return Page(f"{title}: {text}", status, media="text/plain")

    def _page(self, visit: Visit, reply: Reply) -> Response[bytes]:
        if isinstance(reply, Moved):
            return self._moved(reply)
        headers = HEADERS | reply.headers
        session, now = visit.session, self.cookies.clock() if visit.session else 0
        if session is not None and abs(now - session.seen) > TOUCHED:
            headers["set-cookie"] = self.set_cookie(self.cookies.sealed(session.at(now)))
        return Response(
            reply.body.encode() if isinstance(reply.body, str) else reply.body,
            status_code=reply.status,
            media_type=reply.media.partition(";")[0],
            headers=cast("Any", headers),
            cookies=self._beside(reply),
        )

    def _moved(self, reply: Moved) -> Response[bytes]:
        headers = HEADERS | {"location": reply.to}
        if reply.cookie is not None:
            headers["set-cookie"] = self.set_cookie(reply.cookie)
        return Response(b"", status_code=303, headers=headers, cookies=self._beside(reply))

    def _beside(self, reply: Reply) -> list[Cookie]:
        return [
            *(self._cookie(name, value, PATIENCE) for name, value in reply.beside.items()),
            *(self._cookie(name, value, LASTING) for name, value in reply.lasting.items()),
        ]

    def _cookie(self, name: str, value: str, seconds: float) -> Cookie:
        return Cookie(
            self.named(name),
            value=value,
            max_age=int(seconds) if value else 0,
            secure=self.cookies.safe,
            httponly=True,
            samesite="lax",
        )


NOT_KEPT = frozenset({"form-key", "passphrase"})
"""What a form brings that is not shown again when it could not be taken."""
NOT_TYPED = NOT_KEPT | {"command-id", "expected-version", "seen-at", "next", "at", "resend-to"}
"""What it brings besides, and nobody has typed."""


def typed(form: Sent) -> dict[str, list[str]]:
    """What somebody may have typed, one word or many, in whatever script: all but what travels in a form by itself."""
    return {
        name: found
        for name, values in form.items()
        if name not in NOT_TYPED
        and not name.startswith("seen.")
        and (found := [each for each in values if worded(each)])
    }


def worded(value: str) -> bool:
    """An id is nothing that anybody types."""
    try:
        UUID(value)
    except ValueError:
        return bool(value.strip())
    return False


TITLES = {
    "TOO_MANY_REQUESTS": "Too many requests",
    "NOT_FOR_YOUR_ROLE": "Not for your role",
    "NOT_ENROLLED": "You are not enrolled here",
    "NOT_CAUGHT_UP": "Not up to date yet",
    "FORM_OF_ANOTHER": "This form cannot be sent",
    "NOT_FROM_HERE": "This form cannot be sent",
}

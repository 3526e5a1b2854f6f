"""One request of one person: what they ask of the API, what they send, and what they are shown."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from catch.domain.refusals import Refused
from catch.faults import Rejected
from catch.identity.cookies import NotSignedIn, Session, proved
from catch.identity.tokens import Viewer
from catch.identity.trust import Issuers
from catch.live.wire import Parameters

if TYPE_CHECKING:
    from catch.web.console.site import Console

Json = dict[str, Any]
S = TypeVar("S", bound=Struct)


def inside(held: Any, *names: str) -> Any:
    """What stands there in an answer; None where anything on the way is not there."""
    for name in names:
        held = held[name] if held is not None else None
    return held


def many(held: Json | None, name: str) -> list[Json]:
    """A list of an answer; none where it is closed, or was not asked for."""
    found: list[Json] | None = held.get(name) if held else None
    return found or []


def one(held: Json | None, name: str) -> Json:
    """A part of an answer; empty where it is closed, or was not asked for."""
    found: Json | None = held.get(name) if held else None
    return found or {}


class Page(Struct):
    """What is answered: HTML, or another text, or a file."""

    body: str | bytes
    status: int = 200
    media: str = "text/html"
    headers: dict[str, str] = {}
    beside: dict[str, str] = {}
    """Cookies beside the session's, for as long as a sign-in may take, by how their names end."""
    lasting: dict[str, str] = {}
    """Cookies that outlast the session: what this browser remembers for somebody."""


class Moved(Struct):
    """Go there instead. After a form it is what keeps a reload from sending it again."""

    to: str
    cookie: str | None = None
    """The session from now on; empty where it has ended."""
    beside: dict[str, str] = {}
    """As a page's."""
    lasting: dict[str, str] = {}


Reply = Page | Moved


ONWARD = ("/", "Go to the start page")


class NotShown(Exception):
    """There is no such page for whoever asks; the sentence says what to do. `onward`: an address to go on at, and what
    its link says.
    """

    def __init__(self, status: int, title: str, text: str, onward: tuple[str, str] | None = None) -> None:
        super().__init__(title)
        self.status, self.title, self.text, self.onward = status, title, text, onward or ONWARD


def nothing_here() -> NotShown:
    """Absent and forbidden look the same."""
    return NotShown(
        404,
        "Page not found",
        "There is no such page, or it is not one for you. If you followed a link, ask whoever sent it.",
    )


class Taken(Struct, frozen=True):
    """A command was taken."""

    position: int
    stream: UUID
    version: int
    events: list[str]


class Turned(Struct, frozen=True):
    """A command was refused: why, and where in its form."""

    code: str
    message: str
    details: list[Json] = []
    status: int = 400


def use_of(cookie: str) -> str:
    """What is sealed for one cookie is good for no other."""
    return cookie.removeprefix("-")


class Visit:
    """`path` are the parts of the address that were left open, `query` what stands behind its question mark, `form`
    what was sent. `fragments`: a page's own script asks for the parts that may have changed.
    """

    def __init__(
        self,
        console: "Console",
        session: Session | None,
        address: str,
        path: Mapping[str, Any],
        query: Mapping[str, str],
        form: Mapping[str, Sequence[str]] | None = None,
        *,
        fragments: bool = False,
    ) -> None:
        self.console = console
        self.session = session
        self.address = address
        self.path = path
        self.query = query
        self.form = form or {}
        self.fragments = fragments
        self.reads: Sequence[str] = ()
        """Of the queries for some roles alone, those open to whoever asks: the head of a page leads to no other."""
        self.host = ""
        """Under which name whoever asks has found this server."""
        self.cookies: Mapping[str, str] = {}
        self.peer = ""
        """The address that it comes from."""
        catch = console.web.catch
        # Before anything is asked: what is shown holds at least this, and a page's script follows from here on. The
        # less of both: rows come from the read side, states and rights from what was heard.
        self.position = min(catch.present.follower.position, catch.readside.position)

    def again(self) -> str:
        """Its address with all that is asked of it, to come back to; but for how new it must be, which was then."""
        asked = urlencode({name: value for name, value in self.query.items() if name != "at"})
        return f"{self.address}?{asked}" if asked else self.address

    @property
    def origin(self) -> str:
        """What an address of this site begins with where it is used outside a page."""
        return f"{'http' if self.console.development else 'https'}://{self.host}"

    @property
    def at_least(self) -> str | None:
        """The position that what is shown has to hold: of what this person has just done, or been told of."""
        given = self.query.get("at", "")
        return given if given.isascii() and given.isdecimal() and len(given) < 19 else None

    def sent(self, name: str) -> str:
        """The one value of a field of the form, or nothing."""
        return (self.form.get(name) or [""])[0]

    def remembered(self, cookie: str, kind: type[S]) -> S | None:
        """What this browser was given to keep under that name; None for whatever was not sealed here for it."""
        try:
            return self.console.cookies.open(use_of(cookie), self.cookies.get(self.console.named(cookie), ""), kind)
        except NotSignedIn:
            return None

    def to_remember(self, cookie: str, value: Struct) -> str:
        """As it is given to this browser, to be `remembered`."""
        return self.console.cookies.seal(use_of(cookie), value)

    def given_id(self, name: str) -> UUID | None:
        """An id behind the question mark."""
        try:
            return UUID(self.query.get(name, ""))
        except ValueError:
            return None

    async def ask(self, document: str, **variables: object) -> Json:
        """The data that a registered document comes to. Raises `NotShown` where it is refused."""
        assert self.session is not None
        web = self.console.web
        asked = Parameters(documentId=document)
        try:
            prepared = web.engine.prepare_asked(asked)
            context = await web.context(self.proved(self.session), prepared.text)
            context.costs, context.channel = self.console.costs, "page"
        except (Refused, Rejected) as problem:
            raise turned_down(problem) from None
        plain: Json = msgspec.to_builtins({name: each for name, each in variables.items() if each is not None})
        answer = await web.engine.execute(prepared, plain, context)
        if answer.written is not None:
            return msgspec.json.decode(answer.written, type=dict[str, Json])["data"]
        if answer.errors:
            raise refused_page(answer.errors[0])
        return msgspec.json.decode(answer.encoded(), type=dict[str, Json])["data"]

    def proved(self, session: Session) -> Viewer:
        """Who asks, and when they last showed who they are."""
        issuer = self.console.web.issuer
        acr = issuer.step_up_acr(session.viewer.issuer) if isinstance(issuer, Issuers) else ()
        return replace(session.viewer, proved=proved(session, acr))

    async def maybe(self, document: str, **variables: object) -> Json:
        """The same where a page goes on without it: nothing, where this person may not ask it."""
        try:
            return await self.ask(document, **variables)
        except NotShown:
            return {}

    async def send(
        self,
        mutation: str,
        input: Json,  # noqa: A002
        command_id: UUID,
        *,
        expected_version: int | None = None,
        occurred_at: str | None = None,
    ) -> Taken | Turned:
        """One command, as its mutation."""
        try:
            answer = (
                await self.ask(
                    mutation,
                    input=input,
                    commandId=command_id,
                    expectedVersion=expected_version,
                    occurredAt=occurred_at,
                )
            )[mutation]
        except NotShown as problem:
            return Turned(problem.title, problem.text, status=problem.status)
        if answer["__typename"] == "Refused":
            return Turned(answer["code"], answer["message"], answer["details"])
        return Taken(int(answer["position"]), UUID(answer["stream"]), answer["version"], answer["events"])

    def followed(self, follows: Sequence[Json]) -> list[Json]:
        """What a page's script subscribes to: registered documents (`document`, `variables`), by their text."""
        texts = self.console.web.engine.registered.texts
        return [{"query": texts[each["document"]], "variables": each["variables"]} for each in follows]

    def page(self, template: str, status: int = 200, **values: object) -> Page:
        return Page(self.console.rendered(template, self, values), status)

    def to(self, address: str, taken: Taken | None = None) -> Moved:
        """Go on to another page, which shows what has been done."""
        if taken is None:
            return Moved(address)
        address, _, anchor = address.partition("#")
        joined = "&" if "?" in address else "?"
        return Moved(f"{address}{joined}{urlencode({'at': taken.position})}" + (f"#{anchor}" if anchor else ""))


def turned_down(problem: Refused | Rejected) -> NotShown:
    if isinstance(problem, Rejected):
        return refused_page(problem.errors[0])
    return NotShown(403, problem.code, problem.message)


def refused_page(error: Mapping[str, Any]) -> NotShown:
    code = error.get("extensions", {}).get("code", "BAD_VALUE")
    status = STATUS.get(code, 404)
    if status == HTTPStatus.NOT_FOUND:
        return nothing_here()
    return NotShown(status, code, str(error.get("message")))


STATUS = {
    "NOT_FOR_YOUR_ROLE": 403,
    "TOO_MANY_REQUESTS": 429,
    "TOO_OFTEN": 429,
    "TOO_EXPENSIVE": 400,
    "BAD_VALUE": 400,
    "OUT_OF_RANGE": 400,
    "NOT_CAUGHT_UP": 503,
    "POSITION_LOST": 409,
    "UNAVAILABLE": 503,
    "INTERNAL": 500,
}

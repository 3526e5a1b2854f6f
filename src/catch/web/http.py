"""GraphQL over HTTP, as the graphql-over-http specification has it: POST, and GET where development allows it.

Whatever a client sends, the answer is JSON with `errors` that have a code and a sentence: 4xx where the request is not
a GraphQL request, 200 where it is one. One line is logged for each request, without variables or personal data.

It speaks ASGI itself (`__call__`): the server may hand it requests for its path without a framework in between.
"""

import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from graphql import OperationType
from msgspec import Struct

from catch import telemetry
from catch.api.engine.engine import Answer, Engine
from catch.api.engine.limits import encode
from catch.database import lost
from catch.domain.refusals import Refused
from catch.faults import RecordsAway, Rejected, error, fault_error, outside_error
from catch.live.origins import ORIGIN_NOT_ALLOWED, Origins, preflight, shared_with
from catch.live.wire import Parameters, Verifier, proven
from catch.rates import Rates, identity, neighbourhood, too_often, whole_seconds
from catch.web.about import about, looks_in
from catch.web.requests import (
    JSON,
    RESPONSE_JSON,
    Heading,
    Receive,
    Scope,
    Send,
    Turned,
    accepted,
    body_of,
    from_url,
)

__all__ = ["JSON", "RESPONSE_JSON", "GraphQLOverHTTP"]

log = logging.getLogger("catch.requests")

V = TypeVar("V")

PATH = "/graphql"
App = Callable[[Any, Any, Any], Awaitable[None]]
"""Of any ASGI framework."""
HEADERS = {"cache-control": "no-store", "vary": "accept, origin"}
TEXT = "text/plain"


class Line(Struct, omit_defaults=True):
    """What is logged of a request."""

    method: str
    operation: str | None = None
    kind: str | None = None
    status: int = 0
    ms: float = 0
    role: str | None = None
    code: str | None = None

    def turned(self, turned: Turned) -> bytes:
        """What is answered to whoever is turned away."""
        self.status, self.code = turned.status, str(turned.errors[0].get("extensions", {}).get("code"))
        return encode({"errors": turned.errors})

    def failed(self, problem: Exception, where: str) -> bytes:
        """What is answered where we are at fault, or the records are away."""
        said = outside_error(problem, where) if lost(problem) else fault_error(problem, where)
        self.code = str(said.get("extensions", {}).get("code"))
        self.status = 503 if self.code == RecordsAway.code else 500
        return encode({"errors": [said]})

    def written(self, began: float) -> None:
        """The request is answered: `began` by `perf_counter`."""
        self.ms = round((time.perf_counter() - began) * 1000, 2)
        if telemetry.on is not None:
            telemetry.on.answered(self.status)
            if self.code is not None:
                telemetry.on.refused(self.code)
        if log.isEnabledFor(logging.INFO):
            log.info(encode(self).decode())


class Reply(Struct):
    status: int
    headers: dict[str, str]
    body: bytes


class GraphQLOverHTTP(Generic[V]):
    """`context` makes what resolvers find in `info.context`, per request, of who asks and the document's text."""

    def __init__(
        self,
        engine: Engine,
        verifier: Verifier[V],
        context: Callable[[V, str], Awaitable[object]],
        rates: Rates | None = None,
        strangers: Rates | None = None,
        origins: Origins | None = None,
    ) -> None:
        """`rates` are those of an identity, `strangers` those of an address from which nobody says who they are;
        `origins` are whose pages may ask, besides our own.
        """
        self.engine = engine
        self.verifier = verifier
        self.context = context
        self.rates = rates or Rates()
        self.strangers = strangers or Rates()
        self.origins = origins or Origins()

    def before(self, app: App) -> App:
        """GraphQL is answered here, all else by this application: a framework's way costs more than a kept answer."""

        async def routed(scope: Scope, receive: Receive, send: Send) -> None:
            here = scope["type"] == "http" and scope["path"] == PATH
            await (self(scope, receive, send) if here else app(scope, receive, send))

        return routed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """For an ASGI server."""
        reply = await telemetry.within("request", self.respond(Heading.of(scope), receive))
        if reply.status != 204:  # which has no body to say the length of
            reply.headers["content-length"] = str(len(reply.body))
        headers = [(name.encode(), value.encode()) for name, value in reply.headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def respond(self, heading: Heading, receive: Receive) -> Reply:
        began, line = time.perf_counter(), Line(heading.method)
        headers, media = dict(HEADERS), JSON
        try:
            if not self.origins.welcome(heading.origin, heading.host):
                raise Turned(403, ORIGIN_NOT_ALLOWED)
            headers |= shared_with(heading.origin)
            if heading.method == "OPTIONS" and heading.origin is not None:
                headers |= preflight(self._methods, "authorization, content-type")
                line.status, body = 204, b""
            elif looks_in(heading):
                headers["allow"], media = self._methods, TEXT
                line.status, body = 400 if self.engine.development else 405, about()
            else:
                media = accepted(heading.accept)
                answer = await self._answer(heading, receive, line)
                # Clients of the older media type read errors only where the status is 200.
                line.status = 200 if answer.began or media == JSON else 400
                if answer.away:
                    line.status, line.code = 503, RecordsAway.code
                body = answer.encoded()
        except Turned as turned:
            body = line.turned(turned)
            headers |= turned.headers
        except Exception as unexpected:
            body = line.failed(unexpected, "http")
        line.written(began)
        headers["content-type"] = f"{media}; charset=utf-8"
        return Reply(line.status, headers, body)

    @property
    def _methods(self) -> str:
        return "GET, POST" if self.engine.development else "POST"

    async def _answer(self, heading: Heading, receive: Receive, line: Line) -> Answer:
        if heading.method not in ("GET", "POST"):
            raise Turned(405, error("POST_ONLY", "Send queries with POST."), allow="POST")
        if heading.method == "GET" and not self.engine.development:
            raise Turned(405, error("POST_ONLY", "Send queries with POST."), allow="POST")
        # Before the body is read: a stranger's megabyte is not waited for.
        viewer = await self._viewer(heading)
        line.role = getattr(viewer, "role", None)
        asked = (
            from_url(heading.query_string)
            if heading.method == "GET"
            else await body_of(heading, receive, self.engine.limits.body)
        )
        return await self._execute(heading, asked, viewer, line)

    async def _viewer(self, heading: Heading) -> V:
        try:
            viewer = await proven(self.verifier.verify(heading.authorization))
        except Refused as refused:
            # Not those who are known: all of them ask again while the records are away.
            known = refused.code == RecordsAway.code
            if wait := 0 if known else self.strangers.wait(neighbourhood(heading.peer)):
                # Whoever goes on has to connect anew each time.
                again = str(whole_seconds(wait))
                raise Turned(429, too_often(wait), retry_after=again, connection="close") from None
            status = getattr(refused, "STATUS", 401)
            raise Turned(status, error(refused.code, refused.message), www_authenticate="Bearer") from None
        if wait := self.rates.wait(identity(viewer)):
            raise Turned(429, too_often(wait), retry_after=str(whole_seconds(wait)))
        return viewer

    async def _execute(self, heading: Heading, asked: Parameters, viewer: V, line: Line) -> Answer:
        try:
            prepared = self.engine.prepare_asked(asked, asked.operationName)
        except Rejected as rejected:
            line.code = str(rejected.errors[0].get("extensions", {}).get("code"))
            return Answer(None, rejected.errors, began=False)
        # A client chooses the name: no more of it goes into the log than a line holds.
        line.operation, line.kind = prepared.name and prepared.name[:80], prepared.kind.value
        if prepared.kind is OperationType.SUBSCRIPTION:
            raise Turned(
                400, error("NEEDS_WEBSOCKET", "Subscribe over a websocket: graphql-transport-ws, same address.")
            )
        # GET changes nothing: whatever lies between may repeat or keep it.
        if heading.method == "GET" and prepared.kind is not OperationType.QUERY:
            raise Turned(405, error("POST_ONLY", "Send mutations with POST."), allow="POST")
        try:
            context = await self.context(viewer, prepared.text)
        except Refused as refused:
            raise Turned(getattr(refused, "STATUS", 403), error(refused.code, refused.message)) from None
        return await self.engine.execute(prepared, asked.variables, context)

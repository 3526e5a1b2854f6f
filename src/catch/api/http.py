"""GraphQL over HTTP, as the graphql-over-http specification has it: POST, and GET where development allows it.

Whatever a client sends, the answer is JSON with `errors` that have a code and a sentence: 4xx where the request is not
a GraphQL request, 200 where it is one. One line is logged for each request, without variables or personal data.
"""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from graphql import GraphQLFormattedError, OperationType
from litestar import MediaType, Request, Response, route
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from catch.api.engine import Answer, Engine
from catch.api.limits import encode
from catch.domain.refusals import Refused
from catch.faults import Rejected, error, fault_error

log = logging.getLogger("catch.requests")

RESPONSE_JSON = "application/graphql-response+json"
JSON = "application/json"

V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)


class Verifier(Protocol[V_co]):
    """Says who asks; refuses with a `Refused` that has a code and a sentence."""

    def verify(self, authorization: str | None) -> V_co: ...


class Asked(Struct):
    """The parameters of a GraphQL request. What else a client sends is passed over, as the specification asks."""

    query: str
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815
    extensions: dict[str, Any] | None = None


class Turned(Exception):
    """The request is answered with this status and these errors."""

    def __init__(self, status: int, *errors: GraphQLFormattedError, **headers: str) -> None:
        super().__init__(status)
        self.status = status
        self.errors = list(errors)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Line(Struct, omit_defaults=True):
    """What is logged of a request."""

    method: str
    operation: str | None = None
    kind: str | None = None
    status: int = 0
    ms: float = 0
    role: str | None = None
    code: str | None = None


class GraphQLOverHTTP(Generic[V]):
    """`context` makes what resolvers find in `info.context`, per request."""

    def __init__(self, engine: Engine, verifier: Verifier[V], context: Callable[[V], object]) -> None:
        self.engine = engine
        self.verifier = verifier
        self.context = context

    def handler(self, path: str = "/graphql") -> HTTPRouteHandler:
        @route(path, http_method=["GET", "POST"], media_type=MediaType.JSON, request_max_body_size=None)
        async def graphql(request: Request[Any, Any, Any]) -> Response[bytes]:
            return await self.respond(request)

        return graphql

    async def respond(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        began, line = time.perf_counter(), Line(request.method)
        headers, media = {"cache-control": "no-store", "vary": "accept"}, JSON
        try:
            media = _accepted(request.headers.get("accept"))
            answer = await self._answer(request, line)
            line.status = 200 if answer.began or media == JSON else 400
            body = answer.encoded()
        except Turned as turned:
            line.status, body = turned.status, encode({"errors": turned.errors})
            line.code = str(turned.errors[0].get("extensions", {}).get("code"))
            headers |= turned.headers
        except Exception as unexpected:
            body = encode({"errors": [fault_error(unexpected, "http")]})
            line.status, line.code = 500, "INTERNAL"
        line.ms = round((time.perf_counter() - began) * 1000, 2)
        log.info(encode(line).decode())
        return Response(body, status_code=line.status, media_type=f"{media}; charset=utf-8", headers=headers)

    async def _answer(self, request: Request[Any, Any, Any], line: Line) -> Answer:
        if request.method == "GET" and not self.engine.development:
            raise Turned(405, error("POST_ONLY", "Send queries with POST."), allow="POST")
        try:
            viewer = self.verifier.verify(request.headers.get("authorization"))
        except Refused as refused:
            raise Turned(401, error(refused.code, refused.message), www_authenticate="Bearer") from None
        line.role = getattr(viewer, "role", None)
        asked = _from_url(request) if request.method == "GET" else await self._from_body(request)
        try:
            prepared = self.engine.prepare(asked.query, asked.operationName)
        except Rejected as rejected:
            line.code = str(rejected.errors[0].get("extensions", {}).get("code"))
            return Answer(None, rejected.errors, began=False)
        line.operation, line.kind = prepared.name and prepared.name[:80], prepared.kind.value
        if prepared.kind is OperationType.SUBSCRIPTION:
            raise Turned(
                400, error("NEEDS_WEBSOCKET", "Subscribe over a websocket: graphql-transport-ws, same address.")
            )
        if request.method == "GET" and prepared.kind is not OperationType.QUERY:
            raise Turned(405, error("POST_ONLY", "Send mutations with POST."), allow="POST")
        return await self.engine.execute(prepared, asked.variables, self.context(viewer))

    async def _from_body(self, request: Request[Any, Any, Any]) -> Asked:
        kind, _, parameters = request.headers.get("content-type", "").partition(";")
        if kind.strip().lower() != JSON:
            raise Turned(415, error("NOT_JSON", "Send the request as content-type application/json."))
        charset = parameters.lower().replace(" ", "").partition("charset=")[2].strip('"')
        if charset not in ("", "utf-8", "utf8"):
            raise Turned(415, error("NOT_UTF8", "Send the request in UTF-8."))
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self.engine.limits.body:
                raise Turned(413, error("BODY_TOO_LARGE", f"A request may have {self.engine.limits.body} bytes."))
        return decoded(bytes(body))


def decoded(body: bytes) -> Asked:
    """The request in a JSON body; `Turned` says what is wrong with it."""
    try:
        return msgspec.json.decode(body, type=Asked)
    except msgspec.ValidationError as problem:
        raise Turned(
            400, error("NOT_A_GRAPHQL_REQUEST", f"{problem}. Send an object with query and variables.")
        ) from None
    except UnicodeDecodeError:
        raise Turned(400, error("NOT_UTF8", "The body is not UTF-8.")) from None
    except RecursionError:
        raise Turned(400, error("JSON_TOO_DEEP", "The body's JSON is nested too deeply.")) from None
    except msgspec.DecodeError as problem:
        raise Turned(400, error("MALFORMED_JSON", f"The body is not JSON: {problem}.")) from None


def _from_url(request: Request[Any, Any, Any]) -> Asked:
    given: Mapping[str, str] = {name: str(value) for name, value in request.query_params.items()}
    fields: dict[str, object] = {name: given[name] for name in ("query", "operationName") if name in given}
    try:
        fields |= {name: msgspec.json.decode(given[name]) for name in ("variables", "extensions") if name in given}
        return msgspec.convert(fields, Asked)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise Turned(400, error("NOT_A_GRAPHQL_REQUEST", "Send query, and variables as a JSON object.")) from None


def _accepted(accept: str | None) -> str:
    """The media type of the answer: the first of the best that the client accepts."""
    best, chosen = 0.0, ""
    for entry in (accept or JSON).split(","):
        kind, *parameters = [part.strip().lower() for part in entry.split(";")]
        offered = {RESPONSE_JSON: RESPONSE_JSON, JSON: JSON, "application/*": JSON, "*/*": JSON}.get(kind)
        quality = _quality(parameters)
        if offered and quality > best:
            best, chosen = quality, offered
    if not chosen:
        raise Turned(406, error("NOT_ACCEPTABLE", f"Answers are {RESPONSE_JSON} or {JSON}."))
    return chosen


def _quality(parameters: list[str]) -> float:
    try:
        return next((float(part[2:]) for part in parameters if part.startswith("q=")), 1.0)
    except ValueError:
        return 0.0

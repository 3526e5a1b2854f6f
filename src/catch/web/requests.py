"""A GraphQL request as HTTP carries it: its headers, its body, and what of both is no such request."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from graphql import GraphQLFormattedError
from msgspec import Struct

from catch.faults import error
from catch.live.wire import Parameters

RESPONSE_JSON = "application/graphql-response+json"
JSON = "application/json"
MEDIA = {RESPONSE_JSON: RESPONSE_JSON, JSON: JSON, "application/*": JSON, "*/*": JSON}

T = TypeVar("T")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Turned(Exception):
    """The request is answered with this status and these errors."""

    def __init__(self, status: int, *errors: GraphQLFormattedError, **headers: str) -> None:
        super().__init__(status)
        self.status = status
        self.errors = list(errors)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Heading(Struct):
    """What of a request's line and headers bears on the answer. Texts are Latin-1, as HTTP has them."""

    method: str
    query_string: bytes = b""
    accept: str = JSON
    content_type: str = ""
    authorization: str | None = None
    peer: str = ""
    origin: bytes | None = None
    host: bytes | None = None

    @classmethod
    def of(cls, scope: Scope) -> "Heading":
        found = cls(scope["method"], scope["query_string"])
        if client := scope.get("client"):
            found.peer = client[0]
        accepts: list[str] = []
        for name, value in scope["headers"]:
            if name == b"accept":
                accepts.append(value.decode("latin-1"))
            elif name == b"content-type":
                found.content_type = value.decode("latin-1")
            elif name == b"authorization":
                found.authorization = value.decode("latin-1")
            elif name == b"origin":
                found.origin = value
            elif name == b"host":
                found.host = value
        if accepts:
            found.accept = ",".join(accepts)
        return found


async def body_of(heading: Heading, receive: Receive, most: int) -> Parameters:
    """The request in a POST's body."""
    return decoded(await json_of(heading, receive, most))


async def json_of(heading: Heading, receive: Receive, most: int) -> bytes:
    """Reads a body that is said to be JSON, no further than allowed."""
    check_content_type(heading.content_type)
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Turned(400, error("MALFORMED_JSON", "The request broke off."))
        body += message.get("body", b"")
        # While it comes: a length that a client states need not be true.
        if len(body) > most:
            raise Turned(413, error("BODY_TOO_LARGE", f"A request may have {most} bytes."))
        if not message.get("more_body"):
            return body


def check_content_type(text: str) -> None:
    # As nearly everybody writes it: nothing has to be taken apart.
    if text == JSON:
        return
    kind, _, parameters = text.partition(";")
    if kind.strip().lower() != JSON:
        raise Turned(415, error("NOT_JSON", "Send the request as content-type application/json."))
    charset = parameters.lower().replace(" ", "").partition("charset=")[2].strip('"')
    if charset not in ("", "utf-8", "utf8"):
        raise Turned(415, error("NOT_UTF8", "Send the request in UTF-8."))


_DECODER = msgspec.json.Decoder(Parameters)


def decoded(body: bytes) -> Parameters:
    """The request in a JSON body; `Turned` says what is wrong with it."""
    try:
        return named(read(body, _DECODER))
    except msgspec.ValidationError as problem:
        raise not_a_request(f"{problem}. ") from None


def read(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """What is JSON, but not what was asked for, is a `msgspec.ValidationError`; what is no JSON, `Turned`."""
    try:
        return decoder.decode(body)
    # A kind of `DecodeError`, which is caught below.
    except msgspec.ValidationError:
        raise
    except UnicodeDecodeError:
        raise Turned(400, error("NOT_UTF8", "The body is not UTF-8.")) from None
    except RecursionError:
        raise Turned(400, error("JSON_TOO_DEEP", "The body's JSON is nested too deeply.")) from None
    except msgspec.DecodeError as problem:
        raise Turned(400, error("MALFORMED_JSON", f"The body is not JSON: {problem}.")) from None


def named(asked: Parameters) -> Parameters:
    """A request has to say which document it means."""
    persisted = asked.extensions is not None and "persistedQuery" in asked.extensions
    if asked.query is None and asked.documentId is None and not persisted:
        raise not_a_request("")
    return asked


def not_a_request(why: str) -> Turned:
    return Turned(400, error("NOT_A_GRAPHQL_REQUEST", f"{why}Send an object with query, or documentId, and variables."))


def from_url(query_string: bytes) -> Parameters:
    try:
        given: Mapping[str, str] = dict(
            parse_qsl(query_string.decode("ascii"), keep_blank_values=True, errors="strict")
        )
        plain = ("query", "operationName", "documentId")
        fields: dict[str, object] = {name: given[name] for name in plain if name in given}
        fields |= {name: msgspec.json.decode(given[name]) for name in ("variables", "extensions") if name in given}
        return named(msgspec.convert(fields, Parameters))
    except (msgspec.MsgspecError, RecursionError, ValueError):
        raise Turned(400, error("NOT_A_GRAPHQL_REQUEST", "Send query, and variables as a JSON object.")) from None


def accepted(accept: str) -> str:
    """The media type of the answer: the first of the best that the client accepts."""
    if accept in MEDIA:
        return MEDIA[accept]
    best, chosen = 0.0, ""
    for entry in accept.split(","):
        kind, *parameters = [part.strip().lower() for part in entry.split(";")]
        offered = MEDIA.get(kind)
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

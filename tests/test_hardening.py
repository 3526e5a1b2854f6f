"""What attackers try first: values that no database holds, documents that cost much, requests in disguise.

What is not here has its own place: shapes of bodies and documents in test_http.py, commands in test_api_bad_input.py,
the websocket in protocol_rules.py, slow clients in test_http_slow.py, and the rest is in the hands of the fuzzer.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    build_schema,
)

from tests.conftest import Database
from tests.fuzz.mutations import SCHEMA
from tests.place import CHAIR, COORDINATOR, HOUSING, Place, placed

TEXTS = ("\0", "a\0b", "\u202e", "x" * 200_000, "%", "'", "\\", "\ufffe", "😀", "", " ", "-1", "9" * 500)
POSITIONS = ("0", "1", "9223372036854775807", "9223372036854775808", "9" * 400, "-1", "\0", "1\0", " 1", "１", "1e3")
TIMES = ("1900-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00", "2026-01-01T00:00:00\0Z", "now")
DAYS = ("1900-01-01", "9999-12-31", "0000-00-00", "2026-02-30", "2026-01-01\0", "today")
NUMBERS = (0, 1, -1, 2**31 - 1, -(2**31), 2**31, 2**63, 10**30, 1.5)
BY_TYPE: dict[str, tuple[Any, ...]] = {
    "String": TEXTS, "ID": TEXTS, "Position": POSITIONS, "DateTime": TIMES, "Date": DAYS, "Int": NUMBERS,
    "UUID": (str(uuid4()), "", "\0", "0" * 31 + "\0", "x" * 100_000), "Boolean": (True, False),
}  # fmt: skip
TYPES = build_schema(SCHEMA.read_text(encoding="utf-8"))


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Place]:
    async with placed(database.admin, database.dsn, tmp_path) as opened:
        yield opened


def values(kind: Any, *, most: bool) -> list[Any]:
    """What to send for an argument of this type; the first is good enough not to be refused for its shape."""
    if isinstance(kind, GraphQLNonNull | GraphQLList):
        inner = values(cast("Any", kind).of_type, most=most)
        return [[one] for one in inner] if isinstance(kind, GraphQLList) else inner
    if isinstance(kind, GraphQLEnumType):
        return [next(iter(kind.values))]
    if isinstance(kind, GraphQLInputObjectType):
        return [{name: one} for name, field in kind.fields.items() for one in values(field.type, most=most)]
    return list(BY_TYPE[kind.name] if most else BY_TYPE[kind.name][:1])


def asked(name: str, field: Any) -> list[dict[str, Any]]:
    """A request for each argument of a query and each value of it, the others left out or good."""
    declared = ", ".join(f"${argument}: {each.type}" for argument, each in field.args.items())
    given = ", ".join(f"{argument}: ${argument}" for argument in field.args)
    query = f"query({declared}) {{ {name}({given}) {{ __typename }} }}"
    needed = {
        argument: values(each.type, most=False)[0]
        for argument, each in field.args.items()
        if str(each.type).endswith("!")
    }
    return [
        {"query": query, "variables": needed | {argument: value}}
        for argument, each in field.args.items()
        for value in values(each.type, most=True)
    ]


QUERIES: dict[str, Any] = cast("Any", TYPES.query_type).fields
REQUESTS = [request for name, field in QUERIES.items() if field.args for request in asked(name, field)]


async def test_no_argument_of_a_query_takes_a_value_that_breaks_it(place: Place):
    assert len(REQUESTS) > 200
    codes: set[str] = set()
    for request in REQUESTS:
        answer = await place.post(request)
        problems = answer.json().get("errors", [])
        codes |= {problem["extensions"]["code"] for problem in problems}
        assert answer.status_code == 200, (request, answer.text)
        assert "INTERNAL" not in answer.text, (request, answer.text)
    assert "BAD_VALUE" in codes


async def test_text_that_no_database_holds_is_refused_wherever_it_stands(place: Place):
    case = await place.referred("Ada Quillbrook")
    note = {"case": str(case.case), "note": str(uuid4()), "category": "PLAN", "text": "Tea", "audience": ["snn"]}
    query = """mutation($i: AddNoteInput!, $c: UUID!) { addNote(input: $i, commandId: $c) {
        ... on Accepted { position } ... on Refused { code message } } }"""
    for changed in ({"text": "a\0"}, {"audience": ["\0"]}, {"audience": ["x"] * 30_000}, {"text": "x" * 900_000}):
        answer = await place.answer(query, i=note | changed, c=str(uuid4()))
        assert "INTERNAL" not in str(answer), (changed, answer)
        assert "errors" in answer or "code" in answer["data"]["addNote"], (changed, answer)
    literal = query.replace("$i: AddNoteInput!, ", "").replace(
        "input: $i", f'input: {{case: "{case.case}", note: "{uuid4()}", category: PLAN, text: "a\\u0000"}}'
    )
    assert (await place.ask(literal, c=str(uuid4())))["addNote"]["code"] == "INVALID_INPUT"
    half = await place.post(b'{"query":"{ case(id: \\"\\ud800\\") { number } }"}')
    assert half.status_code == 400
    assert (await place.answer('{ case(id: "\\ud800") { number } }'))["errors"][0]["extensions"]["code"] == "SYNTAX"


BOMBS = {
    "directives": "{ viewer { user" + " @include(if: true)" * 700 + " } }",
    "unknown directives": "{ viewer { user" + "".join(f" @d{n}" for n in range(1400)) + " } }",
    "variables": "query(" + " ".join(f"$v{n}: Int" for n in range(700)) + ") { viewer { user } }",
    "operations": " ".join(f"query Q{n} {{ viewer {{ user }} }}" for n in range(400)),
    "fragments": "{ viewer { user } } " + " ".join(f"fragment F{n} on Viewer {{ user }}" for n in range(400)),
    "the same field": "{ viewer {" + " user" * 2900 + " } }",
    "overlapping": "{" + " viewer { user }" * 501 + " }",
    "arguments": "{ viewer(" + " ".join(f"a{n}: 1" for n in range(900)) + ") { user } }",
    "nested lists": "{ viewer(a: " + "[" * 1400 + "]" * 1400 + ") { user } }",
    "nested objects": "{ viewer(a: " + "{a:" * 700 + "1" + "}" * 700 + ") { user } }",
    "types in types": "query($a: " + "[" * 1400 + "Int" + "]" * 1400 + ") { viewer { user } }",
    "a long name": "query " + "Q" * 30_000 + " { viewer { user } nothing }",
    "a long text": '{ case(id: "' + "x" * 30_000 + '") { number } }',
    "a block text": '{ case(id: """' + "\n " * 15_000 + '""") { number } }',
    "comments": "#\n" * 16_000 + "{ viewer { user } }",
    "commas": "{ viewer { user " + "," * 30_000 + "nothing } }",
    "inline fragments": "{ viewer " + "{ ... " * 300 + "{ user }" + " }" * 300 + " }",
    "introspection": "{ __schema { types " + "{ fields { type " * 6 + "{ name }" + " } }" * 6 + " } }",
    "type names": "{ viewer { " + " ".join(f"a{n}: __typename" for n in range(31)) + " } }",
}


async def test_a_document_that_costs_much_is_refused_before_it_does(place: Place):
    for name, query in BOMBS.items():
        answer = await place.answer(query)
        assert "data" not in answer, name
        assert answer["errors"][0]["extensions"]["code"] in {
            "DOCUMENT_TOO_LARGE", "TOO_DEEP", "TOO_MANY_FIELDS", "TOO_MANY_ALIASES", "INVALID_DOCUMENT", "BAD_VALUE",
            "WHICH_OPERATION", "SYNTAX",
        }, (name, answer)  # fmt: skip
        assert len(str(answer)) < 50_000, name
    deep: Any = None
    for _ in range(900):
        deep = [deep]
    query = "query($i: AddNoteInput!, $c: UUID!) { viewer { user } }".replace("query", "mutation", 1)
    assert (await place.answer(query, i=deep, c=deep))["errors"]


DISGUISED = {
    "a length and chunks": b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"content-length: 5\r\ncontent-length: 6\r\n\r\n{}",
    "a signed length": b"content-length: +2\r\n\r\n{}",
    "a length below nothing": b"content-length: -1\r\n\r\n{}",
    "a length without end": b"content-length: " + b"9" * 40 + b"\r\n\r\n{}",
    "chunks of no size": b"transfer-encoding: chunked\r\n\r\nx\r\n{}\r\n0\r\n\r\n",
    "chunks of too great a size": b"transfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    "an unknown coding": b"transfer-encoding: chunked, x\r\n\r\n0\r\n\r\n",
    "two hosts": b"host: elsewhere.example\r\ncontent-length: 2\r\n\r\n{}",
    "a folded header": b"x: a\r\n b\r\ncontent-length: 2\r\n\r\n{}",
    "a space before the colon": b"content-length : 2\r\n\r\n{}",
    "a NUL in a header": b"x: \0\r\ncontent-length: 2\r\n\r\n{}",
    "a lone line feed": b"x: y\ncontent-length: 2\r\n\r\n{}",
}


async def spoken(port: int, data: bytes) -> bytes:
    """What comes for it and for the good request behind it, until the server ends the connection or is done."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data + b"GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    try:
        async with asyncio.timeout(30):
            return await reader.read()
    finally:
        writer.transport.abort()


async def test_a_request_in_disguise_is_refused_and_smuggles_nothing(place: Place):
    head = f"POST /graphql HTTP/1.1\r\nhost: x\r\nauthorization: {place.token(COORDINATOR)}\r\n".encode()
    head += b"content-type: application/json\r\n"
    for name, tail in DISGUISED.items():
        came = await spoken(place.port, head + tail)
        assert came.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 413 ")), (name, came)
        # Whatever stood behind it was not taken for a request of its own.
        assert came.count(b"HTTP/1.1 ") == 1, (name, came)
        assert b"connection: close" in came, (name, came)


async def test_a_person_with_a_browser_is_shown_no_console_for_queries(place: Place):
    for path in ("/graphql", "/graphiql", "/playground", "/schema", "/docs"):
        answer = await place.http.get(path, headers={"accept": "text/html", "authorization": place.token(CHAIR)})
        assert answer.status_code in (400, 404), path
        assert "graphiql" not in answer.text.replace("/graphiql", "").lower(), path
        # What is nowhere is a page like any other that is not there.
        assert ("Page not found" in answer.text) is (path != "/graphql"), path


async def test_names_of_operations_do_not_fill_the_log(place: Place, caplog: pytest.LogCaptureFixture):
    caplog.set_level("INFO")
    name = "Q" * 20_000
    assert (await place.ask(f"query {name} {{ viewer {{ user }} }}"))["viewer"]["user"] == COORDINATOR.user
    async with place.live(HOUSING) as client:
        await client.subscribe("i" * 256, f"query {name} {{ viewer {{ user }} }}")
        assert (await client.next("i" * 256))["user"] == HOUSING.user
    lines = [record.message for record in caplog.records if record.name == "catch.requests"]
    assert len(lines) >= 2
    assert max(len(line) for line in lines) < 1_000


ORIGINS = {
    None: 101,
    "http://127.0.0.1:{port}": 101,
    "https://elsewhere.example": 403,
    "http://127.0.0.1:1": 403,
    "http://127.0.0.1:{port}.elsewhere.example": 403,
    "http://elsewhere.example#127.0.0.1:{port}": 403,
    "null": 403,
    "http://[": 403,
    "": 403,
}


async def test_a_page_of_another_site_opens_no_socket(place: Place):
    for origin, status in ORIGINS.items():
        line = "" if origin is None else f"origin: {origin.format(port=place.port)}\r\n"
        handshake = (
            f"GET /graphql HTTP/1.1\r\nhost: 127.0.0.1:{place.port}\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
            f"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            f"sec-websocket-protocol: graphql-transport-ws\r\n{line}\r\n"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
        try:
            writer.write(handshake.encode())
            async with asyncio.timeout(30):
                assert (await reader.readline()).startswith(f"HTTP/1.1 {status} ".encode()), origin
        finally:
            writer.transport.abort()

"""GraphQL over HTTP: whatever is sent, the answer has a code and a sentence and shows nothing of the inside."""

import logging
from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import msgspec
import pytest
import strawberry
from litestar import Litestar
from msgspec import Struct

from catch.api.common.scalars import Position, schema_config
from catch.api.engine.engine import Engine
from catch.api.engine.limits import Limits
from catch.domain.refusals import Refused, UnknownCase
from catch.web.http import JSON, RESPONSE_JSON, GraphQLOverHTTP
from tests.listening import only


class TokenBad(Refused):
    """The token is bad."""


class Viewer(Struct, frozen=True):
    user: str
    role: str


class Tokens:
    def verify(self, authorization: str | None) -> Viewer:
        if authorization != "Bearer good":
            raise TokenBad
        return Viewer("u", "chair")


@strawberry.input(one_of=True)
class AsAt:
    position: strawberry.Maybe[Position]
    text: strawberry.Maybe[str]


@strawberry.type
class Thing:
    name: str = "thing"

    @strawberry.field
    def inner(self) -> "Thing":
        return Thing()


@strawberry.type
class Query:
    @strawberry.field
    def hello(self, info: strawberry.Info[Viewer, None], name: str = "you") -> str:
        return f"{name} {info.context.user}"

    @strawberry.field
    def thing(self) -> Thing:
        return Thing()

    @strawberry.field
    def after(self, position: Position) -> Position:
        return position

    @strawberry.field
    def at(self, as_at: AsAt) -> str:
        return "at"

    @strawberry.field
    async def breaks(self) -> str | None:
        raise RuntimeError("secret of the inside")

    @strawberry.field
    def hidden(self) -> str | None:
        raise UnknownCase(case="c1")


@strawberry.type
class Mutation:
    @strawberry.mutation
    def change(self) -> bool:
        return True


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticks(self) -> AsyncIterator[int]:
        yield 1


SCHEMA = strawberry.Schema(Query, Mutation, Subscription, config=schema_config())


def client(*, development: bool = False, limits: Limits | None = None) -> httpx.AsyncClient:
    over_http = GraphQLOverHTTP(Engine(SCHEMA, limits, development=development), Tokens(), only)
    app = over_http.before(Litestar(openapi_config=None, logging_config=None))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(cast("Any", app)),
        base_url="http://catch",
        headers={"authorization": "Bearer good"},
    )


async def post(body: bytes | dict[str, Any], *, to: httpx.AsyncClient | None = None, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    sent = {"content-type": JSON} | {name.replace("_", "-"): value for name, value in headers.items()}
    async with to or client() as http:
        return await http.post("/graphql", content=content, headers=sent)


def code(answer: httpx.Response) -> str:
    problem = answer.json()["errors"][0]
    assert problem["message"]
    assert "data" not in answer.json()
    return problem["extensions"]["code"]


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("*/*", JSON),
        (JSON, JSON),
        (RESPONSE_JSON, RESPONSE_JSON),
        (f"{RESPONSE_JSON}, {JSON};q=0.9", RESPONSE_JSON),
        (f"{RESPONSE_JSON};q=0.5, {JSON};q=0.9", JSON),
        (f"text/html, {JSON}; charset=utf-8", JSON),
    ],
)
async def test_a_query_is_answered_in_the_media_type_asked_for(accept: str | None, media: str):
    request = {"query": "query Q($n: String) { hello(name: $n) }", "variables": {"n": "é"}}
    answer = await (post(request, accept=accept) if accept else post(request))
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{media}; charset=utf-8")
    assert answer.json() == {"data": {"hello": "é u"}}


DEEP = b'{"query":"{hello}","variables":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "MALFORMED_JSON"),
        (b"{", "MALFORMED_JSON"),
        (b'{"query":"{hello}"}}', "MALFORMED_JSON"),
        (b'"{hello}"', "NOT_A_GRAPHQL_REQUEST"),
        (b"5", "NOT_A_GRAPHQL_REQUEST"),
        (b"null", "NOT_A_GRAPHQL_REQUEST"),
        (b"[]", "NOT_A_GRAPHQL_REQUEST"),
        (b"{}", "NOT_A_GRAPHQL_REQUEST"),
        (b'{"query":5}', "NOT_A_GRAPHQL_REQUEST"),
        (b'{"query":"{hello}","variables":[]}', "NOT_A_GRAPHQL_REQUEST"),
        (b'{"query":"{hello}","operationName":{}}', "NOT_A_GRAPHQL_REQUEST"),
        (b'{"query":"{hello}","extensions":"x"}', "NOT_A_GRAPHQL_REQUEST"),
        (b'{"query":"\xff{hello}"}', "NOT_UTF8"),
        (b'{"query":"\\ud800"}', "MALFORMED_JSON"),
        (DEEP, "JSON_TOO_DEEP"),
    ],
)
async def test_what_is_not_a_graphql_request_is_a_400(body: bytes, expected: str):
    answer = await post(body)
    assert (answer.status_code, code(answer)) == (400, expected)


async def test_nulls_and_unknown_members_of_a_request_are_passed_over():
    answer = await post({"query": "{hello}", "variables": None, "operationName": None, "extensions": None, "id": 5})
    assert answer.json() == {"data": {"hello": "you u"}}


@pytest.mark.parametrize("media", [JSON, RESPONSE_JSON])
@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"query": "{"}, "SYNTAX"),
        ({"query": ""}, "SYNTAX"),
        ({"query": "type A { b: Int }"}, "INVALID_DOCUMENT"),
        ({"query": "{ nothing }"}, "INVALID_DOCUMENT"),
        ({"query": "{ hello(name: 5) }"}, "INVALID_DOCUMENT"),
        ({"query": "{ after(position: 5) }"}, "INVALID_DOCUMENT"),
        ({"query": '{ at(asAt: {position: "1", text: "b"}) }'}, "INVALID_DOCUMENT"),
        ({"query": "query($p: Position!) { after(position: $p) }", "variables": {"p": "-1"}}, "BAD_VALUE"),
        ({"query": "query($p: Position!) { after(position: $p) }"}, "BAD_VALUE"),
        ({"query": "query($a: AsAt!) { at(asAt: $a) }", "variables": {"a": {}}}, "BAD_VALUE"),
        ({"query": "query A { hello } query B { hello }"}, "WHICH_OPERATION"),
        ({"query": "query A { hello }", "operationName": "C"}, "UNKNOWN_OPERATION"),
        ({"query": "{ __schema { types { name } } }"}, "INTROSPECTION_OFF"),
        ({"query": "{ a: thing { ...F } } fragment F on Thing { inner { ...F } }"}, "INVALID_DOCUMENT"),
        ({"query": "{ thing {" + " inner {" * 20 + "name" + "}" * 21 + " }"}, "TOO_DEEP"),
        ({"query": "{ thing {" + " inner {" * 900 + "name" + "}" * 901 + " }"}, "TOO_DEEP"),
        ({"query": "{" + " ".join(f"a{n}: hello" for n in range(2000)) + "}"}, "DOCUMENT_TOO_LARGE"),
        ({"query": "{" + " ".join(f"a{n}: hello" for n in range(31)) + "}"}, "TOO_MANY_ALIASES"),
        ({"query": "{" + " hello" * 1_001 + "}"}, "TOO_MANY_FIELDS"),
        ({"query": "{" + "thing { name } " * 400 + "}"}, "TOO_MUCH_REPEATED"),
        (
            {
                "query": "{"
                + "".join(f"...F{n} " for n in range(250))
                + "}"
                + "".join(f"fragment F{n} on Query {{ hello }} " for n in range(250))
            },
            "TOO_MUCH_REPEATED",
        ),
        ({"query": "{ hello #" + "x" * 40_000 + "\n}"}, "DOCUMENT_TOO_LARGE"),
        (
            {
                "query": "{ thing { ...F0 } } "
                + " ".join(f"fragment F{n} on Thing {{ inner {{ ...F{n + 1} }} ...F{n + 1} }}" for n in range(12))
                + " fragment F12 on Thing { name }"
            },
            "TOO_MANY_FIELDS",
        ),
    ],
)
async def test_a_document_that_cannot_run_is_400_or_200_as_the_media_type_has_it(
    media: str, request_: dict[str, Any], expected: str
):
    answer = await post(request_, accept=media)
    assert code(answer) == expected
    assert answer.status_code == (400 if media == RESPONSE_JSON else 200)


async def test_an_unexpected_error_shows_an_id_that_is_logged_and_nothing_else(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    answer = await post({"query": "{ hello breaks }"})
    [problem] = answer.json()["errors"]
    assert (answer.status_code, answer.json()["data"]) == (200, {"hello": "you u", "breaks": None})
    assert problem["extensions"]["code"] == "INTERNAL"
    assert "secret" not in answer.text
    [line] = [record.message for record in caplog.records if record.name == "catch.faults"]
    assert problem["extensions"]["id"] in line
    assert "RuntimeError" in line
    assert "secret" not in line


async def test_a_refusal_of_a_resolver_keeps_its_code():
    [problem] = (await post({"query": "{ hidden }"})).json()["errors"]
    assert problem["extensions"] == {"code": "UNKNOWN_CASE", "details": {"case": "c1"}}
    assert problem["message"] == UnknownCase().message


async def test_a_bad_token_is_a_401():
    answer = await post({"query": "{hello}"}, authorization="Bearer bad")
    assert (answer.status_code, code(answer), answer.headers["www-authenticate"]) == (401, "TOKEN_BAD", "Bearer")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=latin1"]
)
async def test_another_content_type_is_a_415(kind: str):
    answer = await post(b'{"query":"{hello}"}', content_type=kind)
    assert (answer.status_code, code(answer)) == (415, "NOT_UTF8" if "json" in kind else "NOT_JSON")


async def test_an_answer_nobody_asked_for_is_a_406():
    answer = await post({"query": "{hello}"}, accept="text/html")
    assert (answer.status_code, code(answer)) == (406, "NOT_ACCEPTABLE")


async def test_a_body_over_the_limit_is_a_413():
    answer = await post({"query": "{hello}", "variables": {"a": "x" * 2000}}, to=client(limits=Limits(body=1000)))
    assert (answer.status_code, code(answer)) == (413, "BODY_TOO_LARGE")


async def test_a_subscription_is_sent_to_the_websocket():
    answer = await post({"query": "subscription { ticks }"})
    assert (answer.status_code, code(answer)) == (400, "NEEDS_WEBSOCKET")


async def test_get_is_for_development_and_for_queries():
    async with client() as http:
        answer = await http.get("/graphql", params={"query": "{hello}"})
        assert (answer.status_code, code(answer), answer.headers["allow"]) == (405, "POST_ONLY", "POST")
    async with client(development=True) as http:
        query = "query($n: String) { hello(name: $n) }"
        answer = await http.get("/graphql", params={"query": query, "variables": '{"n":"z"}'})
        assert answer.json() == {"data": {"hello": "z u"}}
        for params in ({}, {"query": "{hello}", "variables": "["}, {"query": "{hello}", "variables": "5"}):
            answer = await http.get("/graphql", params=params)
            assert (answer.status_code, code(answer)) == (400, "NOT_A_GRAPHQL_REQUEST")
        answer = await http.get("/graphql", params={"query": "mutation { change }"})
        assert (answer.status_code, code(answer)) == (405, "POST_ONLY")


async def test_development_can_introspect():
    answer = await post({"query": "{ __schema { queryType { fields { name } } } }"}, to=client(development=True))
    assert "data" in answer.json()
    assert "errors" not in answer.json()


async def test_a_document_is_checked_once_and_the_oldest_is_forgotten():
    engine = Engine(SCHEMA, Limits(remembered=2))
    for text in ("{hello}", "{hello}", "{ hello }", "{hello}", "{  hello }", "{hello}"):
        engine.prepare(text)
    assert engine.documents.checked == 3
    engine.prepare("{ hello }")
    assert engine.documents.checked == 4


async def test_one_line_is_logged_for_each_request_without_what_was_sent(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO)
    await post({"query": "query Greet($n: String) { hello(name: $n) }", "variables": {"n": "Anna"}})
    [record] = [record for record in caplog.records if record.name == "catch.requests"]
    line = msgspec.json.decode(record.message)
    assert line.pop("ms") >= 0
    assert line == {"method": "POST", "operation": "Greet", "kind": "query", "status": 200, "role": "chair"}
    assert "Anna" not in caplog.text

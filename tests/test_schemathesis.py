"""Schemathesis makes operations that the schema allows, of any values that its types allow: none ends in a fault."""

import asyncio
import io
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import schemathesis
import strawberry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from catch.api.engine.engine import Engine
from catch.database.server import Server
from catch.web.http import GraphQLOverHTTP
from tests.conftest import Database
from tests.fuzz.mutations import SCHEMA
from tests.fuzz.place import place
from tests.fuzz.report import Report
from tests.listening import listening, only
from tests.test_http_audits import Tokens
from tests.toy_feed import Query

TIMES = ("1900-01-01T00:00:00Z", "2026-03-29T01:30:00Z", "2199-12-31T23:59:59.999999Z", "2026-11-22T02:00:00+01:00")
SCALARS = {
    "UUID": st.sampled_from([str(UUID(int=number)) for number in (0, 1, 2**128 - 1)]),
    "DateTime": st.sampled_from(TIMES),
    "Date": st.sampled_from(["1900-01-01", "2024-02-29", "2026-10-25", "2199-12-31"]),
    "Position": st.sampled_from(["0", "1", "9223372036854775807"]),
}


class Found:
    """What came of the operations: `report` has what may not be, `codes` what was answered."""

    def __init__(self) -> None:
        self.report = Report()
        self.codes: Counter[str] = Counter()

    def take(self, body: Any, answer: httpx.Response) -> None:
        self.report.status(answer.status_code, str(body).encode(), answer.content)
        problems = answer.json().get("errors", [])
        self.codes.update([error["extensions"]["code"] for error in problems] or ["DATA"])


def tried(sdl: str, url: str, authorization: str) -> Found:
    """Sends what schemathesis makes of a schema. Runs in a thread: hypothesis knows no event loop."""
    for name, values in SCALARS.items():
        schemathesis.graphql.scalar(name, values.map(nodes.String))
    schema: Any = schemathesis.graphql.from_file(io.StringIO(sdl))
    operations: list[Any] = [each.ok() for each in schema.get_all_operations()]
    cases: st.SearchStrategy[Any] = st.sampled_from(operations).flatmap(lambda operation: operation.as_strategy())
    found = Found()

    with httpx.Client(timeout=30, headers={"authorization": authorization}) as http:

        @settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much])
        @given(cases)
        def attempt(case: Any) -> None:
            body = {"query": case.body}
            found.take(body, http.post(url, json=body))

        attempt()
    return found


async def test_no_operation_that_the_schema_allows_ends_in_a_fault(database: Database, tmp_path: Path):
    sdl = SCHEMA.read_text(encoding="utf-8")
    async with place(Server(database.admin, database.dsn), tmp_path) as (target, served):
        found = await asyncio.to_thread(tried, sdl, served.url, target.tokens[0])
        found.report.logged(served.folder / "server.log")
    print(found.codes, found.report.answers)
    assert found.report.problems == []
    assert found.codes["DATA"] > found.codes.total() / 2


@strawberry.type
class Breaking(Query):
    @strawberry.field
    def half(self, of: int = 2) -> float:
        return 1 / of


async def test_control_a_resolver_that_breaks_for_some_value_is_found():
    schema = strawberry.Schema(Breaking)
    over_http = GraphQLOverHTTP(Engine(schema), Tokens(), only)
    async with listening(over_http) as port:
        url = f"http://127.0.0.1:{port}/graphql"
        found = await asyncio.to_thread(tried, schema.as_str(), url, "Bearer good")
    assert found.report.kinds() == {"inside"}

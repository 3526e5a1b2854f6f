"""The npm package graphql-http audits our real server: GraphQL over HTTP as others read its text."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from strawberry.litestar import make_graphql_controller

from catch.api.engine.engine import Engine
from catch.web.http import GraphQLOverHTTP
from tests import node_clients
from tests.conftest import Database
from tests.listening import listening, only
from tests.place import COORDINATOR, placed
from tests.toy_feed import SCHEMA, TokenBad, Viewer

AUDITS = 61
GETS = {"5A70", "6A70", "D6D5"}
INTROSPECTIONS = {"28B9", "2EA1"}


class Tokens:
    def verify(self, authorization: str | None) -> Viewer:
        if authorization != "Bearer good":
            raise TokenBad
        return Viewer("ann", "chair")


async def audited(port: int, token: str = "Bearer good") -> dict[str, Any]:
    node_clients.installed()
    found = await node_clients.ran("audits.mjs", f"http://127.0.0.1:{port}/graphql", token)
    assert len({audit["id"] for audit in found}) == AUDITS
    return {audit["id"]: audit for audit in found if audit["status"] != "ok"}


async def test_every_audit_is_passed_in_development(database: Database, tmp_path: Path):
    async with placed(database.admin, database.dsn, tmp_path) as place:
        assert await audited(place.port, place.token(COORDINATOR)) == {}


async def test_in_production_only_get_and_introspection_are_missed():
    over_http = GraphQLOverHTTP(Engine(SCHEMA), Tokens(), only)
    async with listening(over_http) as port:
        missed = await audited(port)
    assert missed.keys() == GETS | INTROSPECTIONS


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_control_the_stock_server_is_found_wanting():
    stock = make_graphql_controller(SCHEMA, path="/graphql")
    async with listening(Litestar([stock], openapi_config=None, logging_config=None)) as port:
        missed = await audited(port)
    assert Counter(audit["status"] for audit in missed.values()) == {"warn": 8}

"""What an operation costs is counted before it is executed: each expensive field, each alias, each entry of a page."""

from pathlib import Path
from typing import Any

import pytest
import strawberry
from graphql import GraphQLObjectType

from catch.api.documents import shipped
from catch.api.engine.costs import HEAVIEST, WEIGHT, weighs
from catch.api.engine.engine import Engine
from catch.api.engine.limits import Limits
from catch.api.engine.registered import Registered
from catch.api.schema import schema
from catch.rates import Rates
from catch.settings import Settings
from tests.conftest import Database
from tests.place import AUDITOR, COORDINATOR, placed

ENGINE = Engine(schema(), registered=Registered())


def cost(query: str, **variables: Any) -> int:
    return ENGINE.prepare(query).cost(variables)


PAGE = "cases(first: 50) { edges { node { id } } }"


def test_every_field_of_the_operations_says_what_it_weighs():
    """Should one not, it weighs as much as the heaviest: nothing comes in for nothing."""
    for root in (ENGINE.graphql.query_type, ENGINE.graphql.mutation_type, ENGINE.graphql.subscription_type):
        assert isinstance(root, GraphQLObjectType)
        unweighed = [n for n, f in root.fields.items() if WEIGHT not in f.extensions["strawberry-definition"].metadata]
        assert not unweighed
        for field in root.fields.values():
            weight = field.extensions["strawberry-definition"].metadata[WEIGHT]
            assert weight.base <= HEAVIEST.base
            assert weight.each <= HEAVIEST.each
            assert weight.past <= HEAVIEST.past


def test_what_nobody_weighed_is_the_heaviest():
    @strawberry.type
    class Query:
        @strawberry.field
        def unweighed(self, first: int = 3) -> int:
            return first

        @strawberry.field(metadata=weighs(1))
        def light(self) -> int:
            return 1

    engine = Engine(strawberry.Schema(Query))
    assert engine.prepare("{ light }").cost(None) == 1
    assert engine.prepare("{ unweighed }").cost(None) == HEAVIEST.base + 3 * HEAVIEST.each


def test_each_alias_costs_as_much_as_the_field():
    one = cost(f"{{ {PAGE} }}")
    assert cost("{" + " ".join(f"a{n}: {PAGE}" for n in range(30)) + "}") == 30 * one
    fragment = "fragment F on Query { " + " ".join(f"a{n}: {PAGE}" for n in range(10)) + " }"
    assert cost("{ ...F ... on Query { b: " + PAGE + " } } " + fragment) == 11 * one
    assert cost("{ ... on Query { ...F } } " + fragment) == 10 * one


@pytest.mark.parametrize(
    ("query", "variables", "entries"),
    [
        ("query($n: Int!) { cases(first: $n) { pageInfo { hasNextPage } } }", {"n": 7}, 7),
        ("query($n: Int! = 9) { cases(first: $n) { pageInfo { hasNextPage } } }", {}, 9),
        ("query { cases(first: 11) { pageInfo { hasNextPage } } }", {}, 11),
        ("query { cases { pageInfo { hasNextPage } } }", {}, 50),
        # What is no number of entries, or more than a page has, is priced as a full page.
        ("query($n: Int!) { cases(first: $n) { pageInfo { hasNextPage } } }", {"n": "x"}, 200),
        ("query($n: Int!) { cases(first: $n) { pageInfo { hasNextPage } } }", {"n": 10**12}, 200),
        ("query($n: Int!) { cases(first: $n) { pageInfo { hasNextPage } } }", {"n": -5}, 0),
    ],
)
def test_a_page_costs_by_its_entries(query: str, variables: dict[str, Any], entries: int):
    assert cost(query, **variables) == 10 + 2 * entries + 2 * max(entries, 1) // 10


def test_a_moment_of_history_costs_more_than_now():
    query = 'query($t: AsAt) { timeToOutcome(programme: "x", asAt: $t) { achieved } }'
    assert cost(query, t={"position": "1"}) > cost(query) == cost(query, t=None)
    assert cost('{ timeToOutcome(programme: "x", asAt: {position: "1"}) { achieved } }') > cost(query)


def test_our_own_documents_are_far_within_what_one_may_cost():
    engine = Engine(schema(), registered=Registered(shipped()))
    for kept in engine.documents.kept.values():
        for prepared in kept.values():
            assert prepared.cost({"first": 50}) <= Limits().cost / 2, prepared.name


async def test_thirty_of_the_dear_at_once_are_refused_before_any_is_done(database: Database, tmp_path: Path):
    async with placed(database.admin, database.dsn, tmp_path) as place:
        meeting = (await place.published()).meeting
        await place.settled()
        dear = {
            "cases": "cases(first: 200) { edges { node { id number state } } }",
            "agendaPreview": f'agendaPreview(meetingId: "{meeting}") {{ policyVersion }}',
            "timeToOutcome": 'timeToOutcome(programme: "snn-catch", asAt: {recordedAt: "2026-01-01T00:00:00Z"}) '
            "{ achieved }",
        }
        for name, field in dear.items():
            many = "{" + " ".join(f"a{n}: {field}" for n in range(30)) + "}"
            body = await place.answer(many, AUDITOR)
            assert [each["extensions"]["code"] for each in body["errors"]] == ["TOO_EXPENSIVE"], name
            assert "data" not in body
            # Three are no attack, and are worked out once.
            made = place.catch.present.works.made
            assert "errors" not in await place.answer("{" + " ".join(f"a{n}: {field}" for n in range(3)) + "}", AUDITOR)
            assert place.catch.present.works.made - made <= 1, name


async def test_whoever_asks_for_much_has_less_left_and_nobody_else_has(database: Database, tmp_path: Path):
    settings = Settings(data_dir=tmp_path, operations="any", rate=1, burst=50)
    async with placed(database.admin, database.dsn, tmp_path, settings=settings) as place:
        query = "{ cases(first: 200) { edges { node { id } } } }"
        codes = [
            [each["extensions"]["code"] for each in (await place.answer(query, AUDITOR)).get("errors", [])]
            for _ in range(4)
        ]
        assert codes[0] == []
        assert codes[-1] == ["TOO_OFTEN"]
        assert "errors" not in await place.answer(query, COORDINATOR)


def test_more_than_a_full_bucket_takes_a_full_one():
    now = [0.0]
    limit = Rates(10, 100, lambda: now[0])
    assert limit.wait("a", 1000) == 0
    assert limit.wait("a", 50) == pytest.approx(5)
    now[0] = 5
    assert limit.wait("a", 50) == 0

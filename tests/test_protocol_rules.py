"""Every rule of the protocol's text holds of our server; and that the rules can fail, a stock server shows."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import strawberry
from litestar import Litestar
from strawberry.litestar import BaseContext, make_graphql_controller

from catch.api.common.scalars import schema_config
from catch.api.engine.engine import Engine
from catch.live.protocol import GraphQLOverWebSocket
from catch.live.wire import Bounds
from tests.listening import listening, only
from tests.probes import Broken, Rule, Subject, keeps
from tests.protocol_rules import RULES
from tests.toy_feed import Message, Mutation, Position, Query, Subscription, TokenBad, Toy, Update, Viewer


@strawberry.type
class Asked(Query):
    @strawberry.field
    def fails(self) -> str | None:
        raise RuntimeError("what went wrong inside")

    @strawberry.field
    async def slow(self) -> str:
        await asyncio.sleep(0.1)
        return "at last"


class Tokens:
    """Lets everybody in who shows nothing."""

    def verify(self, authorization: str | None) -> Viewer:
        if authorization:
            raise TokenBad
        return Viewer("ann", "chair")


def app(*handlers: Any) -> Litestar:
    return Litestar([*handlers], openapi_config=None, logging_config=None)


@asynccontextmanager
async def ours(bounds: dict[str, Any]) -> AsyncGenerator[Subject]:
    toy = Toy()
    engine = Engine(strawberry.Schema(Asked, Mutation, Subscription, config=schema_config()))
    live = GraphQLOverWebSocket(engine, Tokens(), only, toy.feed, time.time, Bounds(**bounds))
    async with listening(app(live.handler())) as port:
        yield Subject(port, lambda text, room: toy.say(text, room=room))
    toy.feed.close()


ROOMS: defaultdict[str, set[asyncio.Queue[str]]] = defaultdict(set)


@strawberry.type
class Stream:
    @strawberry.subscription
    async def room(self, id: str, after: Position | None = None) -> AsyncIterator[Message]:  # noqa: A002
        heard: asyncio.Queue[str] = asyncio.Queue()
        ROOMS[id].add(heard)
        try:
            while True:
                yield Update(position=Position(1), text=await heard.get(), seen_as="")
        finally:
            ROOMS[id].discard(heard)


class Ann(BaseContext):
    user = "ann"


@asynccontextmanager
async def stock(bounds: dict[str, Any]) -> AsyncGenerator[Subject]:
    def happen(text: str, room: str) -> None:
        for heard in ROOMS[room]:
            heard.put_nowait(text)

    async def viewer() -> Ann:
        return Ann()

    controller = make_graphql_controller(
        strawberry.Schema(Asked, Mutation, Stream, config=schema_config()),
        path="/graphql",
        context_getter=viewer,
        connection_init_wait_timeout=timedelta(seconds=bounds.get("init", 3)),
    )
    async with listening(app(controller)) as port:
        yield Subject(port, happen)


async def broken(
    make: Callable[[dict[str, Any]], AbstractAsyncContextManager[Subject]], rules: list[Rule], patience: float
) -> set[str]:
    """What is wrong with a server: all rules at once, those with the same bounds on one server. Patience in seconds."""
    found: set[str] = set()

    async def probe(rule: Rule, server: Subject) -> None:
        try:
            await keeps(rule, server, patience=patience)
        except Broken as problem:
            found.add(str(problem))

    async with AsyncExitStack() as stack, asyncio.TaskGroup() as probes:
        servers: dict[bytes, Subject] = {}
        for rule in rules:
            key = msgspec.json.encode(rule.bounds)
            if key not in servers:
                servers[key] = await stack.enter_async_context(make(rule.bounds))
            probes.create_task(probe(rule, servers[key]))
    return found


async def test_every_rule_is_kept():
    assert await broken(ours, RULES, 20) == set()


def test_there_are_rules_enough_and_each_is_there_once():
    assert len([rule for rule in RULES if not rule.own]) >= 43
    assert len({(rule.says, rule.offered, repr(rule.steps)) for rule in RULES}) == len(RULES)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
async def test_control_the_stock_server_breaks_some_of_the_text_and_keeps_most():
    text = [rule for rule in RULES if not rule.own]
    found = await broken(stock, text, 2)
    print(*sorted(found), sep="\n")
    assert len(found) < len(text) / 2
    assert {problem.partition(":")[0] for problem in found} >= {
        "its payload may be null",
        "a message is an object",
        "bad syntax is answered with error, and no complete",
        "a mistake in one operation leaves the others alone",
    }

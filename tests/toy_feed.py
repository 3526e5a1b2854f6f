"""A toy to follow: a list for a log, rooms for topics, and rights that are events like any other."""

import asyncio
import random
from collections.abc import AsyncIterator, Collection, Hashable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from msgspec import Struct

from catch.api.common.messages import AccessEnded, GraphQLNotices, Hidden, ResyncRequired
from catch.api.common.scalars import Position, schema_config
from catch.api.engine.engine import Engine
from catch.domain.refusals import Refused
from catch.live.feed import Feed, Patience
from catch.live.source import Ended, Opening, Seen, Shown


class NoSuchRoom(Refused):
    """There is no such room, or you have no part in it."""


class TokenBad(Refused):
    """The token is bad."""


class Viewer(Struct, frozen=True):
    user: str
    role: str
    expires_at: float = 2**40


class Said(Struct, frozen=True):
    """`secret` is shown to chairs only; `bars` and `admits` change a role's rights."""

    position: int
    text: str
    room: str = "r"
    secret: bool = False
    bars: str = ""
    admits: str = ""
    breaks: bool = False


@strawberry.type
class Update:
    position: Position
    text: str
    seen_as: str

    @strawberry.field
    async def shouted(self) -> str:
        await asyncio.sleep(0)
        return self.text.upper()


@strawberry.type
class Present:
    position: Position
    count: int


Message = Annotated[Update | Present | Hidden | ResyncRequired | AccessEnded, strawberry.union("RoomMessage")]


@strawberry.type
class Query:
    @strawberry.field
    def me(self, info: strawberry.Info[Viewer, None]) -> str:
        return info.context.user


CHANGES: list[str] = []


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def change(self, to: str) -> bool:
        await asyncio.sleep(0.05)
        CHANGES.append(to)
        return True


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def room(self, id: str, after: Position | None = None) -> AsyncIterator[Message]:  # noqa: A002
        raise AssertionError("the live side never asks the schema for a stream")
        yield


SCHEMA = strawberry.Schema(Query, Mutation, Subscription, config=schema_config())
DOCUMENT = """subscription Follow($id: String!, $after: Position) { room(id: $id, after: $after) {
  __typename
  ... on Update { position text seenAs }
  ... on Present { position count }
  ... on Hidden { position }
  ... on ResyncRequired { position reason }
  ... on AccessEnded { position reason } } }"""


class Log:
    """The source: who is barred, and how often a message was made."""

    def __init__(self, *, delay: float = 0.0, page: int = 40) -> None:
        self.events: list[Said] = []
        self.barred: set[str] = set()
        self.made = 0
        self.delay = delay
        self.page = page
        self.broken: Exception | None = None

    async def _pause(self) -> None:
        if self.delay:
            await asyncio.sleep(random.random() * self.delay)

    async def open(self, viewer: Viewer, arguments: Mapping[str, object]) -> Opening:
        await self._pause()
        if arguments["id"] == "nowhere" or viewer.role in self.barred:
            raise NoSuchRoom
        return Opening(arguments["id"], viewer.role)

    async def classify(self, viewer: Viewer, topic: Hashable) -> Hashable | Ended:
        await self._pause()
        if viewer.role in self.barred:
            return Ended("You have left the room.")
        return "guest" if viewer.user in self.barred else viewer.role

    def topics(self, event: Said, followed: Collection[Hashable]) -> list[str]:
        return [event.room]

    def rights(self, event: Said, followed: Collection[Hashable]) -> Collection[Hashable]:
        return followed if event.bars or event.admits else []

    async def view(self, topic: Hashable, viewer_class: Hashable) -> Hashable:
        await self._pause()
        return viewer_class

    def runs_out(self, topic: Hashable, since: datetime, now: datetime) -> bool:
        return True

    async def published(self) -> None:
        await self._pause()

    async def lost(self, position: int) -> bool:
        return False

    async def head(self) -> int:
        await self._pause()
        return len(self.events)

    async def replay(self, topic: Hashable, after: int, upto: int) -> AsyncIterator[Said]:
        if self.broken:
            raise self.broken
        for start in range(after, upto, self.page):
            await self._pause()
            for event in self.events[start : min(start + self.page, upto)]:
                if event.room == topic:
                    yield event

    async def sees(self, topic: Hashable, viewer_class: Hashable, event: Said) -> Seen | Ended:
        await self._pause()
        if viewer_class in self.barred:
            return Ended("You have left the room.")
        if event.text == "untold":
            return Seen.UNTOLD
        return Seen.HIDDEN if event.secret and viewer_class != "chair" else Seen.SHOWN

    async def message(self, topic: Hashable, viewer_class: Hashable, event: Said) -> Update:
        await self._pause()
        self.made += 1
        if event.breaks:
            raise RuntimeError("something private")
        return Update(position=Position(event.position), text=event.text, seen_as=str(viewer_class))

    async def present(self, topic: Hashable, viewer_class: Hashable) -> tuple[int, object]:
        count = len(self.events)
        await self._pause()
        return count, Present(position=Position(count), count=count)

    async def shown(self, to: Sequence[Shown[Viewer]], position: int) -> None:
        await self._pause()

    def left(self, subscription: UUID, position: int) -> None: ...

    def context(self, topic: Hashable, viewer_class: Hashable) -> object:
        return None


class Toy:
    """The log, the feed over it, and the engine."""

    def __init__(self, *, delay: float = 0.0, patience: Patience | None = None) -> None:
        self.log = Log(delay=delay)
        self.feed: Feed[Viewer, Said] = Feed(
            {"room": self.log}, GraphQLNotices(), self.log, lambda: datetime.now(UTC), patience
        )
        self.engine = Engine(SCHEMA)

    def say(self, text: str = "", **more: Any) -> int:
        event = Said(len(self.log.events) + 1, text, **more)
        self.log.events.append(event)
        self.log.barred = (self.log.barred | {event.bars}) - {event.admits, ""}
        self.feed.publish(event)
        return event.position

    def standing(self, after: int | None = None, room: str = "r", document: str = DOCUMENT) -> Any:
        prepared = self.engine.prepare(document)
        return self.engine.subscription(prepared, {"id": room, "after": None if after is None else str(after)})

"""A model of servers and clients over one log, for following it in every order that chance can think of.

The log is a list. Each process hears it at its own pace, keeps rights as of what it has heard, and may read contents
that are newer than that, as a server reads the database. Clients attach, read a little, hang up, and go on at another
process from the last position they read. Time passes only when nobody has anything to do, so a seed plays the same
every time and nothing waits.
"""

import asyncio
import selectors
from collections.abc import Hashable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from catch.api.common.messages import GraphQLNotices
from catch.api.common.scalars import Position
from catch.api.engine.engine import Engine, Subscription
from catch.live.feed import Feed, Patience
from catch.live.frames import Payload
from tests.toy_feed import DOCUMENT, SCHEMA, Log, NoSuchRoom, Present, Said, Update, Viewer

ENGINE = Engine(SCHEMA)
PREPARED = ENGINE.prepare(DOCUMENT)
VIEWERS = (Viewer("ann", "chair"), Viewer("bob", "housing"), Viewer("cat", "housing"), Viewer("dan", "school"))


class Skipping(selectors.SelectSelector):
    """Never waits: time moves on instead."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "everybody waits for ever"
        self.now += max(timeout, 0)
        return []


class Hurried(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.skipping = Skipping()
        super().__init__(self.skipping)

    def time(self) -> float:
        return self.skipping.now


class Rights:
    """Who is barred after each event of the log."""

    def __init__(self) -> None:
        self.after: list[frozenset[str]] = [frozenset()]

    def add(self, event: Said) -> None:
        self.after.append((self.after[-1] | {event.bars}) - {event.admits, ""})


class Process(Log):
    """A server: the source, and the feed over it."""

    def __init__(self, events: list[Said], rights: Rights, chance: Random, kind: type[Feed[Viewer, Said]]) -> None:
        super().__init__(page=chance.choice([1, 3, 40]))
        self.events = events
        self.rights_after = rights
        self.chance = chance
        self.pauses = chance.choice([(0, 0, 1, 2), (0, 1, 9)])
        self.heard = self.furthest = chance.randint(0, len(events))
        patience = chance.choice([Patience(), Patience(), Patience(rounds=3, events=8, seconds=0.1)])
        self.feed = kind({"room": self}, GraphQLNotices(), self, lambda: datetime.now(UTC), patience)
        self.told_of = self.heard
        self.barred = set(rights.after[self.heard])
        self._told, self._more = asyncio.Event(), asyncio.Event()
        self._ear = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        """Hear what one is told of, one event after another, while everything else goes on."""
        while True:
            while self.heard < self.told_of:
                self.hear()
                await self._pause()
            self._more.clear()
            await self._more.wait()

    def tell(self, position: int) -> None:
        self.told_of = max(self.told_of, min(position, len(self.events)))
        self._more.set()

    def stop(self) -> None:
        self._ear.cancel()
        self.feed.close()

    def hear(self) -> None:
        event = self.events[self.heard]
        self.heard += 1
        self.barred = set(self.rights_after.after[self.heard])
        self._told.set()
        self._told = asyncio.Event()
        self.feed.publish(event)

    async def _pause(self) -> None:
        for _ in range(self.chance.choice(self.pauses)):
            await asyncio.sleep(0)

    async def head(self) -> int:
        await self._pause()
        return self.heard

    def _contents(self) -> int:
        """What is read may be newer than what was heard."""
        newest = self.chance.choice([self.heard, len(self.events)])
        self.furthest = max(self.furthest, newest)
        return newest

    async def published(self) -> None:
        while self.heard < self.furthest:
            await self._told.wait()

    async def message(self, topic: Hashable, viewer_class: Hashable, event: Said) -> Update:
        await self._pause()
        newest = self._contents()
        await self._pause()
        return Update(position=Position(event.position), text=str(newest), seen_as=str(viewer_class))

    async def present(self, topic: Hashable, viewer_class: Hashable) -> tuple[int, object]:
        position = self.heard
        await self._pause()
        self._contents()
        return position, Present(position=Position(position), count=position)


@cache
def standing(after: int | None) -> Subscription:
    return ENGINE.subscription(PREPARED, {"id": "r", "after": None if after is None else str(after)})


class Message(Struct):
    """`newest` is where its newest contents stand, `heard` how far the server had heard when it handed this on. Taken
    back, it is read again from `again` on."""

    position: int
    kind: str
    newest: int
    heard: int
    seen_as: str
    again: int


class Client:
    """Reads at leisure, or `hasty`, at once; what it has not read when it hangs up is lost to it."""

    def __init__(self, viewer: Viewer, room: int, after: int | None, *, hasty: bool = False) -> None:
        self.viewer = viewer
        self.most = room
        self.hasty = hasty
        self.start = self.last = after
        self.waiting: list[Message] = []
        self.read: list[Message] = []
        self.skipped: set[int] = set()
        self.process: Process | None = None
        self.task: asyncio.Task[None] | None = None
        self.live_from: int | None = None
        """How far its server had heard when it was seen to follow live: whoever comes back asks anew by themselves."""
        self.has_room = asyncio.Event()
        self.has_room.set()

    # What an outlet does

    def note(self, position: int, payload: Payload) -> bool:
        return self.offer(position, payload, 1)

    def offer(self, position: int, payload: Payload, behind: int = 0) -> bool:
        assert self.process is not None
        if len(self.waiting) >= self.most:
            self.has_room.clear()
            return False
        said = msgspec.json.decode(payload)["data"]["room"]
        position = int(said["position"])
        newest = int(said.get("text", position))
        kind, seen_as = said["__typename"], said.get("seenAs", "")
        self.waiting.append(Message(position, kind, newest, self.process.heard, seen_as, position + behind))
        if self.hasty:
            self.take(1)
        return True

    async def room(self) -> None:
        await self.has_room.wait()

    def cut(self) -> int | None:
        first = self.waiting[0].again if self.waiting else None
        self.waiting.clear()
        self.has_room.set()
        return first

    # What a client does

    def attach(self, process: Process) -> None:
        self.process, self.live_from = process, None
        self.task = asyncio.create_task(self._follow(process))

    async def _follow(self, process: Process) -> None:
        with suppress(NoSuchRoom):
            await process.feed.follow(self.viewer, standing(self.last), self)

    async def detach(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        self.process = self.task = None
        self.waiting.clear()
        self.has_room.set()

    def take(self, count: int) -> None:
        for message in self.waiting[:count]:
            self.read.append(message)
            if message.kind == "ResyncRequired":
                self.skipped.update(range((self.last or 0) + 1, message.position + 1))
            if message.kind != "AccessEnded":
                if self.start is None:
                    self.start = message.position
                self.last = message.position
        del self.waiting[:count]
        self.has_room.set()

    def observe(self) -> None:
        following = self.process.feed.following() if self.process and self.live_from is None else ()
        for subscriber in following:
            if subscriber.outlet is self and subscriber.live and self.process:
                self.live_from = self.process.heard

    @property
    def over(self) -> bool:
        return self.task is not None and self.task.done()


HABITS = ((3, 2, 2, 2, 1, 2, 1), (4, 8, 1, 3, 0, 4, 0))
"""How often what happens: many come and go, or most follow live while rights change."""


class World:
    """Everything in one place, moved on by chance."""

    def __init__(self, seed: int, feed: type[Feed[Viewer, Said]], process: type[Process]) -> None:
        self.chance = Random(seed)
        self.habits = self.chance.choice(HABITS)
        self.events: list[Said] = []
        self.rights = Rights()
        self._feed = feed
        self._process = process
        for _ in range(self.chance.randrange(20)):
            self.append()
        calm = not self.habits[-1]
        self.processes = [self.started() for _ in range(1 if calm else 2)]
        self.clients = [
            Client(
                viewer,
                1000 if calm else self.chance.choice([1, 4, 1000]),
                self.chance.choice([0, 0, None]),
                hasty=self.chance.choice([False, calm]),
            )
            for viewer in VIEWERS
        ]
        for client in self.clients if calm else ():
            client.attach(self.processes[0])

    def started(self) -> Process:
        return self._process(self.events, self.rights, self.chance, self._feed)

    def append(self, **more: Any) -> None:
        room = self.chance.choice(["r", "r", "r", "other"])
        secret, text = self.chance.random() < 0.2, self.chance.choice(["", "", "", "untold"])
        event = Said(len(self.events) + 1, text, room, secret, **more)
        self.events.append(event)
        self.rights.add(event)

    async def step(self) -> None:
        chance = self.chance
        client, process = chance.choice(self.clients), chance.choice(self.processes)
        match chance.choices(("say", "tell", "attach", "read", "hang up", "rights", "fail over"), self.habits)[0]:
            case "say":
                for _ in range(chance.choice([1, 1, 2, 12])):
                    self.append()
            case "tell":
                process.tell(process.told_of + chance.choice([1, 3, 100]))
            case "attach":
                if client.task is None or client.over:
                    client.take(1000)
                    await client.detach()
                    client.attach(process)
            case "read":
                client.take(chance.choice([1, 3, 1000]))
            case "hang up":
                await client.detach()
            case "rights":
                who = chance.choice(["housing", "school", "ann", "cat"])
                self.append(**{chance.choice(["bars", "admits"]): who})
            case _:
                await self.fail_over(process)
        for _ in range(chance.choice([0, 0, 1, 3, 20])):
            await asyncio.sleep(0)
        for each in self.clients:
            each.observe()

    async def fail_over(self, process: Process) -> None:
        for client in self.clients:
            if client.process is process:
                await client.detach()
        process.stop()
        self.processes.remove(process)
        self.processes.append(self.started())

    async def play(self, steps: int) -> list[str]:
        """What went wrong."""
        for _ in range(steps):
            await self.step()
        await self.end()
        # Behind everything, and with nothing behind it: rights change for two, and nothing that they are told of is
        # recorded.
        for user in ("ann", "cat"):
            self.append(**{"admits" if user in self.rights.after[-1] else "bars": user})
            self.events[-1] = replace(self.events[-1], text="untold")
        await self.end()
        problems = [problem for client in self.clients for problem in self.problems(client)]
        for process in self.processes:
            process.stop()
        return problems

    async def end(self) -> None:
        for process in self.processes:
            process.tell(len(self.events))
        for client in self.clients:
            await self.come_to_the_end(client)

    async def come_to_the_end(self, client: Client) -> None:
        """Everybody reads everything, coming back as often as they are sent away; time is no matter."""
        for _ in range(100):
            if client.task is None:
                client.attach(self.processes[0])
            await asyncio.sleep(1)
            client.observe()
            client.take(1000)
            refused = client.task is not None and client.over and not self.entitled(client)
            if refused or (client.task is not None and not client.over and not client.waiting and self.quiet(client)):
                return
            if client.over:
                await client.detach()

    def quiet(self, client: Client) -> bool:
        told = {message.position for message in client.read if message.kind in ("Update", "Hidden")}
        return not (set(self.owed(client)) - told - client.skipped) and self.shows_what_is_theirs(client)

    def shows_what_is_theirs(self, client: Client) -> bool:
        """Whether whoever is something else since they follow live was handed the state behind that."""
        user, after, since = client.viewer.user, self.rights.after, client.live_from
        turns = [at for at in range(1, len(after)) if (user in after[at]) != (user in after[at - 1])]
        turned = max((at for at in turns if since is not None and at > since), default=0)
        shown = [each for each in client.read if each.kind in ("Update", "Present")]
        return turned == 0 or any(max(each.heard, each.position) >= turned for each in shown)

    def entitled(self, client: Client) -> bool:
        return client.viewer.role not in self.rights.after[-1]

    def owed(self, client: Client) -> list[int]:
        start = len(self.events) if client.start is None else client.start
        return [e.position for e in self.events if e.position > start and e.room == "r" and e.text != "untold"]

    # The checker

    def problems(self, client: Client) -> list[str]:
        who = f"{client.viewer.user}/{client.viewer.role}"
        events = [m for m in client.read if m.kind in ("Update", "Hidden")]
        positions = [m.position for m in events]
        owed = [p for p in self.owed(client) if p not in client.skipped]
        found: list[str] = []
        if positions != sorted(set(positions)):
            found.append(f"{who}: twice or out of order: {positions}")
        until = len(self.events) if self.entitled(client) else max(positions, default=0)
        if gap := [p for p in owed if p <= until and p not in positions]:
            found.append(f"{who}: never told of {gap}")
        if strange := [p for p in positions if p not in owed and p not in client.skipped]:
            found.append(f"{who}: told of {strange}")
        if not (self.entitled(client) or client.over):
            found.append(f"{who}: still follows without the right to")
        if self.entitled(client) and not client.over and not self.shows_what_is_theirs(client):
            found.append(f"{who}: shows what it was shown under other rights")
        return found + [f"{who}: {wrong} {m}" for m in events if (wrong := self.leaks(client.viewer, m))]

    def leaks(self, viewer: Viewer, message: Message) -> str | None:
        """Contents from after a right's end, while it had not come back."""
        since = [self.rights.after[at] for at in range(message.newest, max(message.heard, message.newest) + 1)]
        if all(viewer.role in barred for barred in since):
            return "contents from after the right had ended:"
        if message.kind == "Hidden":
            return None
        if message.seen_as != "guest" and all(viewer.user in barred for barred in since):
            return "written for rights that had been narrowed:"
        if self.events[message.position - 1].secret and message.seen_as != "chair":
            return "a secret:"
        return None


def play(
    seed: int, feed: type[Feed[Viewer, Said]] = Feed, process: type[Process] = Process, steps: int = 30
) -> list[str]:
    async def world() -> list[str]:
        return await World(seed, feed, process).play(steps=30)

    with asyncio.Runner(loop_factory=Hurried) as runner:
        return runner.run(world())

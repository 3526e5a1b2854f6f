"""One history, run over the real server: who holds what they may not, and after which step."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from itertools import count
from random import Random
from uuid import uuid4

from msgspec import Struct
from websockets.exceptions import ConnectionClosed

from catch.domain.streams import CASE, CONTACT, MEETING, PARTNER, PERSON, partner_stream
from tests.canaries import channels
from tests.canaries.actors import AGENCIES, CAST, HERE, PROGRAMS, setting
from tests.canaries.history import history
from tests.canaries.model import Model
from tests.canaries.owned import Owner
from tests.canaries.world import Stage, Step
from tests.place import SYSTEM, Client, Place

RUNS = count(1)
ENROLLED = tuple(each.name for each in CAST if each.enrolled and not each.suspended)
READERS = (*ENROLLED, *(each.name for each in PROGRAMS for _ in range(3)))
"""Programs as often as some colleagues together."""
OFTEN_ASKED = ("cora", "cody", "carl", "pru", "hana", "hugo", "pol", "pip", "gita", "alma", "cole")
FOLLOWERS = 4
"""How many follow everything live, and read it again from the beginning."""
LOOKS = 150
"""How often anybody reads anything in one history."""
AFTER_A_STEP = 4


class Leak(Struct, frozen=True):
    """Somebody holds what they may not. `step` is the last one before it was seen."""

    who: str
    canary: str
    owner: Owner | None
    step: int
    channel: str

    def __str__(self) -> str:
        what = f"{self.owner.what} ({self.owner.kind})" if self.owner else "which is of another history"
        return f"{self.who} holds {self.canary}, {what}, after step {self.step}, by {self.channel}"


FAULT = b'"INTERNAL"'
"""What a client reads where something went wrong on our side."""


class Run:
    """A history under names of its own, so that many share one place."""

    def __init__(self, place: Place, seed: int, looks: int = LOOKS) -> None:
        self.place = place
        self.stage = Stage(f"r{next(RUNS)}x", seed)
        self.random = Random(f"reading/{seed}")
        self.looks = looks
        self.wire = channels.Wire(place.port)
        names = self.stage.names
        self.tokens = {each.name: names.token(each, place.issuer) for each in (*CAST, *PROGRAMS)}
        self.leaks: list[Leak] = []
        self.accepted = 0
        self.held = 0
        self.models: list[Model] = []
        self.sockets: dict[str, Client] = {}
        self._seen: list[tuple[str, frozenset[str], str]] = []

    async def whole(self, steps: Sequence[Step], *, until_found: bool = False) -> None:
        for command in setting(self.stage.names):
            await self.place.take(command, SYSTEM)
        began = await self.place.catch.log.head()
        self.models = [await self.model()]
        async with AsyncExitStack() as stack:
            for step in steps:
                if step.free and not self.sockets:
                    await self.follow(stack)
                await self.take(step)
                if step.free:
                    await self.look(self.near(step), AFTER_A_STEP)
                await self.judge(step.number, self.models)
                if until_found and self.leaks:
                    break
            await self.place.settled()
            await self.replay(began)
            await self.judge(len(steps), self.models)
            if not (until_found and self.leaks):
                await self.look_at_all()
            await self.judge(steps[-1].number if steps else 0, self.models)
        self.wire.close()

    async def take(self, step: Step) -> None:
        command = self.stage.command(step)
        body = channels.mutation(command, uuid4())
        answer = await self.wire.post(body, self.tokens[step.by])
        self.accepted += b'"Accepted"' in answer
        self.note(step.by, body, answer, type(command).__name__)
        # What was sent before may arrive later: two moments are good for an answer.
        self.models = [self.models[-1], await self.model()]

    def note(self, who: str, asked: bytes, answer: bytes, channel: str) -> None:
        """What the answer holds that was not in the question. A fault is nobody's to hold."""
        found = self.stage.seen_in(answer) - self.stage.seen_in(asked)
        if FAULT in answer:
            found = {*found, FAULT.decode()}
        if found:
            self._seen.append((who, frozenset(found), channel))

    async def look(self, asked: Sequence[bytes], times: int) -> None:
        for _ in range(min(times, self.looks)):
            self.looks -= 1
            who = self.random.choice(OFTEN_ASKED if self.random.random() < 0.7 else READERS)
            body = self.random.choice(asked)
            self.note(who, body, await self.wire.post(body, self.tokens[who]), channels.called(body))

    async def look_at_all(self) -> None:
        """Mostly at cases and meetings."""
        parts = [[*part] for part in (self.of_cases(), self.of_meetings(), self.others())]
        while self.looks > 0:
            await self.look(self.random.choices(parts, (5, 3, 2))[0], 1)

    async def judge(self, step: int, models: Sequence[Model]) -> None:
        for who, canaries, channel in self._seen:
            for canary in sorted(canaries):
                owners = self.stage.owners.get(canary)
                self.held += 1
                if owners is None or not any(model.may_hold(who, owners) for model in models):
                    self.leaks.append(Leak(who, canary, owners[0] if owners else None, step, channel))
        self._seen = []

    async def model(self) -> Model:
        """The facts as of now."""
        states, stage = self.place.catch.present.states, self.stage
        cases = [(await states.get(CASE, case)).state for case in stage.cases]
        meetings = [(await states.get(MEETING, meeting)).state for meeting in stage.meetings]
        people = [(await states.get(PERSON, person)).state for person in stage.people]
        keys = [stage.names.key(name) for name in AGENCIES]
        partners = {key: (await states.get(PARTNER, partner_stream(key))).state for key in keys}
        held = [each for each in meetings if each]
        stage.items = [(each.meeting, item.item, item.case) for each in held for item in each.items]
        contacts = [(await states.get(CONTACT, contact)).state for contact in stage.contacts]
        return Model(
            stage.names,
            partners,
            [c for c in cases if c],
            held,
            [p for p in people if p],
            [each for each in contacts if each],
        )

    # What is read

    def near(self, step: Step) -> Sequence[bytes]:
        """What is most likely to tell of a step."""
        case, meeting = self.stage.cases[step.case], self.random.choice(self.stage.meetings)
        of_them = (*channels.of_case(case), *channels.of_meeting(meeting), channels.between(case, meeting))
        contact = self.random.choice(self.stage.contacts)
        return [*of_them, *self.lists(), *channels.of_contact(contact)]

    def lists(self) -> Iterator[bytes]:
        names = self.stage.names
        agencies = (names.key("lead"), names.key("homes"))
        return channels.lists(names.key(HERE), names.key(HERE), agencies, (names.user("cora"),))

    def of_cases(self) -> Iterator[bytes]:
        return (body for case in self.stage.cases for body in (*channels.of_case(case), channels.looks_at(case)))

    def of_meetings(self) -> Iterator[bytes]:
        return (body for meeting in self.stage.meetings for body in channels.of_meeting(meeting))

    def others(self) -> Iterator[bytes]:
        cases, meetings = self.stage.cases, self.stage.meetings
        yield from (channels.between(case, meeting) for case in cases for meeting in meetings)
        yield from self.lists()
        yield from (body for contact in self.stage.contacts for body in channels.of_contact(contact))

    # Sockets

    async def follow(self, stack: AsyncExitStack) -> None:
        for who in (*self.random.sample(OFTEN_ASKED, FOLLOWERS), self.random.choice(PROGRAMS).name):
            client = await stack.enter_async_context(self.place.knock())
            await client.send(type="connection_init", payload={"authorization": self.tokens[who]})
            self.sockets[who] = client
            await self.subscribe(client, "live")
            hearing = asyncio.create_task(self.hear(who, client))
            stack.callback(hearing.cancel)

    async def subscribe(self, client: Client, name: str, **after: str) -> None:
        for number, (query, variables) in enumerate(channels.subscriptions(self.stage.cases, self.stage.meetings)):
            await client.subscribe(f"{name} {number}", query, **variables, **after)

    async def replay(self, began: int) -> None:
        """Everything again, from the beginning; and what is still on its way."""
        for client in self.sockets.values():
            await self.subscribe(client, "replayed", after=str(began))
        async with asyncio.timeout(30):
            before = -1
            while before != len(self._seen) or not all(each.live for each in self.place.feed.following()):
                before = len(self._seen)
                await asyncio.sleep(0.02)

    async def hear(self, who: str, client: Client) -> None:
        try:
            async for message in client.socket:
                text = message.encode() if isinstance(message, str) else message
                self.note(who, b"", text, "socket")
        except ConnectionClosed:
            return


async def leaks(
    place: Place, seed: int, steps: Sequence[Step] | None = None, looks: int = LOOKS, *, until_found: bool = False
) -> list[Leak]:
    run = Run(place, seed, looks)
    await run.whole(history(seed) if steps is None else steps, until_found=until_found)
    return run.leaks


async def shrunk(place: Place, seed: int, looks: int = LOOKS, tries: int = 60) -> tuple[list[Step], list[Leak]]:
    """Fewer steps after which something is still held: ever smaller parts are left out, for so many tries."""
    steps, found = history(seed), await leaks(place, seed, looks=looks)
    part = len(steps) // 2
    while part and tries > 0 and found:
        at = 0
        while at < len(steps) and tries > 0:
            fewer = [*steps[:at], *steps[at + part :]]
            tries -= 1
            if again := await leaks(place, seed, fewer, looks):
                steps, found = fewer, again
            else:
                at += part
        part //= 2
    return steps, found


def told(seed: int, steps: Iterable[Step], found: Sequence[Leak]) -> str:
    """A failure, as whoever mends it wants to read it."""
    lines = [f"  {step.number}: {step.by} {step.kind.__name__} of case {step.case}" for step in steps]
    return "\n".join([f"seed {seed}:", *lines, *(f"  {leak}" for leak in dict.fromkeys(map(str, found)))])

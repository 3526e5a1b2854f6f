"""Two worlds made alike, command by command with the same ids, but for one; and what somebody is told in each."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import chain
from typing import Any, cast
from uuid import uuid4

import msgspec
from msgspec import Struct

from catch.domain.partner import RegisterPartner
from catch.domain.streams import MEETING
from tests.canaries import channels
from tests.canaries.actors import CAST, HERE, PROGRAMS, setting
from tests.canaries.history import Said
from tests.canaries.pairs import Pair
from tests.canaries.permitted import Common
from tests.canaries.world import Stage, Step
from tests.place import SYSTEM, Client, Place

GLANCES = ("Case", "Agenda")


class Told(Struct):
    """What somebody was told by one channel in one of the worlds."""

    who: str
    channel: str
    answer: Any


class Twin:
    """One of the worlds. Both take every step; the step that makes the difference is sent in one of them."""

    def __init__(self, place: Place, run: str) -> None:
        self.place = place
        self.stage = Stage(run, seed=1)
        self.wire = channels.Wire(place.port)
        names = self.stage.names
        self.tokens = {each.name: names.token(each, place.issuer) for each in (*CAST, *PROGRAMS)}
        self.told: list[Told] = []
        self._steps = 0

    async def begin(self) -> None:
        for command in setting(self.stage.names):
            await self.place.take(command, SYSTEM)

    async def take(self, said: Iterable[Said], *, sent: bool = True) -> list[bytes]:
        answers: list[bytes] = []
        for by, kind, case, fixed in said:
            self._steps += 1
            command = self.stage.command(Step(self._steps, by, kind, case, fixed))
            if sent:
                answer = await self.wire.post(channels.mutation(command, uuid4()), self.tokens[by])
                answers.append(answer.partition(b"\r\n\r\n")[2])
                self.told.append(Told(by, kind.__name__, msgspec.json.decode(answers[-1])))
            await self.items()
        return answers

    async def items(self) -> None:
        """What an agenda was drafted with has ids that the place makes."""
        states = self.place.catch.present.states
        held = [(await states.get(MEETING, meeting)).state for meeting in self.stage.meetings]
        self.stage.items = [(each.meeting, item.item, item.case) for each in held if each for item in each.items]

    async def look(self, who: str) -> None:
        """By every channel."""
        for body in self.asked():
            await self.ask(who, body)

    async def glance(self, who: str) -> None:
        """At each case and meeting, before the difference is made."""
        for body in self.asked():
            if channels.called(body) in GLANCES:
                await self.ask(who, body)

    async def ask(self, who: str, body: bytes) -> None:
        answer = await self.wire.post(body, self.tokens[who])
        content = msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])
        self.told.append(Told(who, channels.called(body), content))

    def by(self, who: str) -> list[Told]:
        return [each for each in self.told if each.who == who]

    def asked(self) -> Sequence[bytes]:
        stage, names = self.stage, self.stage.names
        agencies = (names.key("lead"), names.key("homes"))
        return [
            *(body for case in stage.cases for body in channels.of_case(case)),
            *(body for meeting in stage.meetings for body in channels.of_meeting(meeting)),
            *(channels.between(case, stage.meetings[0]) for case in stage.cases),
            *channels.lists(names.key(HERE), names.key(HERE), agencies, (names.user("cora"),)),
        ]

    def known(self) -> set[str]:
        """The ids that were chosen alike."""
        chosen = {str(each) for each in (*self.stage.cases, *self.stage.people, *self.stage.meetings)}
        return chosen | self.stage.owners.keys()


async def differences(places: tuple[Place, Place], pair: Pair, run: str, viewers: Sequence[str] = ()) -> list[str]:
    """What the viewers are told otherwise in the world where it was said than in the other."""
    said, unsaid = Twin(places[0], run), Twin(places[1], run)
    with closing(said.wire), closing(unsaid.wire):
        return await told_apart(said, unsaid, pair, run, viewers or pair.viewers)


async def told_apart(said: Twin, unsaid: Twin, pair: Pair, run: str, viewers: Sequence[str]) -> list[str]:
    unsaid.stage.now = said.stage.now
    for twin in (said, unsaid):
        await twin.begin()
        await twin.take(pair.before())
        twin.told = []
        await twin.place.settled()
        for who in viewers:
            await twin.glance(who)
    before = [*said.told]
    only = await said.take(pair.only)
    await unsaid.take(pair.only, sent=False)
    assert all(b'"Accepted"' in answer for answer in only), only
    found: list[str] = []
    said.told = before
    for twin in (said, unsaid):
        # The log goes on in both.
        await twin.place.take(RegisterPartner(f"later-{run}", "Later", "voluntary"), SYSTEM)
        await twin.take(pair.after)
        await twin.place.settled()
        for who in viewers:
            await twin.look(who)
    followed = [follow(twin, who) for twin in (said, unsaid) for who in viewers]
    messages = await asyncio.gather(*followed)
    said.told += chain.from_iterable(messages[: len(followed) // 2])
    unsaid.told += chain.from_iterable(messages[len(followed) // 2 :])
    for who in viewers:
        one, other = said.by(who), unsaid.by(who)
        left = Common(said.known()).of([each.answer for each in one])
        right = Common(unsaid.known()).of([each.answer for each in other])
        pairs = [
            each for each in zip([told.channel for told in one], left, right, strict=True) if each[0] not in pair.but
        ]
        found += [f"{who} by {channel}: {first_difference(a, b)}" for channel, a, b in pairs if a != b]
    return found


async def follow(twin: Twin, who: str) -> list[Told]:
    """Every subscription from the beginning, each by itself: its messages, in order."""
    asked = [*channels.subscriptions(twin.stage.cases, twin.stage.meetings)]
    async with twin.place.knock() as client:
        await client.send(type="connection_init", payload={"authorization": twin.tokens[who]})
        for number, (query, variables) in enumerate(asked):
            await client.subscribe(str(number), query, **variables, after="0")
        messages = await whole(twin, twin.stage.names.user(who), client, len(asked))
    named = [[each for each in messages if each.get("id") == str(number)] for number in range(len(asked))]
    return [Told(who, f"subscription {number}", own) for number, own in enumerate(named)]


async def whole(twin: Twin, user: str, client: Client, operations: int) -> list[Any]:
    """All that comes until each operation has ended or follows live, however long that takes."""
    messages: list[Any] = []
    while True:
        following = [each for each in twin.place.feed.following() if each.viewer.user == user]
        caught_up = [each for each in following if each.live]
        await client.send(type="ping")
        while (message := await client.receive(30))["type"] != "pong":
            messages.append(message)
        ended = {each["id"] for each in messages if each["type"] in ("complete", "error")}
        if len(caught_up) + len(ended) == operations:
            return messages


def first_difference(one: Any, other: Any, path: str = "") -> str:
    """Where two answers part, in words."""
    parted = f"{path}: {str(one)[:300]} for {str(other)[:300]}"
    if isinstance(one, dict) and isinstance(other, dict):
        left, right = cast("dict[str, Any]", one), cast("dict[str, Any]", other)
        key = next(key for key in {**left, **right} if left.get(key) != right.get(key))
        return first_difference(left.get(key), right.get(key), f"{path}.{key}")
    if isinstance(one, list) and isinstance(other, list):
        return difference_in(cast("list[Any]", one), cast("list[Any]", other), path)
    return parted


def difference_in(one: list[Any], other: list[Any], path: str) -> str:
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return first_difference(left, right, f"{path}[{number}]")
    more = [*one[len(other) :], *other[len(one) :]]
    return f"{path}: {len(one)} for {len(other)}, {str(more)[:400]}"

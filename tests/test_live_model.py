"""Thousands of orders of append, attach, read, hang up, revoke and fail over: in order, no gap, no duplicate, nothing
after a revocation. And feeds broken on purpose, each of which the same checker must catch."""

import asyncio
from typing import Any

import pytest

from catch.live.feed import Feed
from catch.live.groups import Group, Subscriber, Topic
from catch.live.source import Seen
from tests.live_model import Process, play
from tests.toy_feed import Said, Viewer

BATCH = 250


@pytest.mark.parametrize("batch", range(8))
def test_in_2000_orders_everybody_is_told_everything_once_and_nothing_after_a_right_has_ended(batch: int):
    for seed in range(batch * BATCH, (batch + 1) * BATCH):
        assert play(seed) == [], f"seed {seed}"


class AwaitsBeforeItIsLive(Feed[Viewer, Said]):
    """Hands on what was kept aside, and lets others go first before it takes part."""

    async def _round(self, topic: Any, subscriber: Any, most: int) -> int:
        read = await super()._round(topic, subscriber, most)
        if not subscriber.again and subscriber.go_live():
            subscriber.live = False
            await asyncio.sleep(0)
            subscriber.aside.clear()
        return read


class ReadsTheHeadTooEarly(Feed[Viewer, Said]):
    """Takes the log's head, waits, and only then keeps live messages aside."""

    async def _round(self, topic: Any, subscriber: Any, most: int) -> int:
        read = await super()._round(topic, subscriber, most)
        subscriber.aside.clear()
        return read


class RepeatsTheLast(Feed[Viewer, Said]):
    """Resumes at the position instead of after it."""

    async def _reach(self, topic: Any, subscriber: Any) -> None:
        await super()._reach(topic, subscriber)
        subscriber.last = max(subscriber.last - 1, 0)


class ReadsAheadOfWhatItHeard(Process):
    """Contents may be newer than the event that ended the right to them."""

    async def published(self) -> None:
        await self._pause()


async def told_without_a_second_look(topic: Topic[Any, Any], group: Group[Any, Any], event: Any, _: object) -> Any:
    await topic.settle()
    seen = await topic.source.sees(topic.key, group.viewer_class, event)
    if isinstance(seen, Seen) and seen is not Seen.UNTOLD:
        seen = await topic.render(group, seen, event)
    await topic.source.published()
    return None if seen is Seen.UNTOLD else seen


UNSETTLE: Any = vars(Topic)["unsettle"]


def unsettles_too_late(topic: Topic[Any, Any], position: int = 0) -> None:
    """A change of rights is heeded a little later: a revoked subscriber is kept one event too long."""

    async def later() -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        UNSETTLE(topic, position)

    LATE.add(asyncio.create_task(later()))


LATE: set[asyncio.Task[None]] = set()


def forgets_what_it_took_back(subscriber: Subscriber[Any, Any]) -> None:
    subscriber.moves += 1
    subscriber.outlet.cut()
    subscriber.catch_up()


def stays_live_when_moved(subscriber: Subscriber[Any, Any]) -> None:
    subscriber.moves += 1
    if (first := subscriber.outlet.cut()) is not None:
        subscriber.last = min(subscriber.last, first - 1)
        subscriber.catch_up()


def owes_nothing(subscriber: Subscriber[Any, Any], view: object) -> bool:
    subscriber.view = view
    return False


def forgets_what_it_owed(subscriber: Subscriber[Any, Any], position: int, payload: Any) -> bool:
    """What was handed on and taken back is not handed on again."""
    if not subscriber.outlet.note(position, payload):
        return False
    subscriber.last, subscriber.owed = position, False
    return True


FEEDS = (AwaitsBeforeItIsLive, ReadsTheHeadTooEarly, RepeatsTheLast)
PARTS = (
    (Topic, "told", told_without_a_second_look),
    (Topic, "unsettle", unsettles_too_late),
    (Subscriber, "withdraw", forgets_what_it_took_back),
    (Subscriber, "withdraw", stays_live_when_moved),
    (Subscriber, "look", owes_nothing),
    (Subscriber, "note", forgets_what_it_owed),
)


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.__name__)
def test_control_a_feed_that_is_broken_is_caught(feed: type[Feed[Viewer, Said]]):
    assert any(play(seed, feed) for seed in range(BATCH))


@pytest.mark.parametrize(("where", "name", "instead"), PARTS, ids=[part[2].__name__ for part in PARTS])
def test_control_a_broken_part_is_caught(monkeypatch: pytest.MonkeyPatch, where: type, name: str, instead: Any):
    monkeypatch.setattr(where, name, instead)
    assert any(play(seed) for seed in range(BATCH))


def test_control_a_source_that_reads_ahead_unseen_is_caught():
    assert any(play(seed, process=ReadsAheadOfWhatItHeard) for seed in range(BATCH))

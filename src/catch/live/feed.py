"""Follows the log for subscribers: from where each left off, then live, in order, without a gap or a duplicate.

Attaching works like this: join the topic first; then read from the log up to its head while live messages are kept
aside; then hand those on and go live without waiting in between. What does not fit is another round of the same, and
so is a consumer that is too slow: it goes back to reading from the log where it stopped. After too many rounds or
events it is told to resynchronise.
"""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import datetime
from typing import Generic

from msgspec import Struct

from catch import telemetry
from catch.database import lost
from catch.live.frames import Payload
from catch.live.groups import Subscriber, Topic, said
from catch.live.source import E, Ended, Notices, NotYet, Outlet, Recording, Source, Subscription, TooFar, V

AT_ONCE = 32
"""How many find out at once what they may hear and how it stands. The others wait for their turn here, for as long as
it takes: of thousands who all ask the records at once most would be told that these cannot be reached."""
AWAY = 0.2
"""Seconds between two tries to read from a database that is away."""


class Patience(Struct, frozen=True):
    """How many rounds of catching up without getting live, how many messages to replay in all of them, and how many
    seconds to wait for a position that this server has not reached yet."""

    rounds: int = 10
    events: int = 5_000
    seconds: float = 2.0


class Feed(Generic[V, E]):
    """`sources` are under the names of their subscription fields."""

    def __init__(
        self,
        sources: Mapping[str, Source[V, E]],
        notices: Notices,
        recording: Recording[V],
        clock: Callable[[], datetime],
        patience: Patience | None = None,
    ) -> None:
        self.clock = clock
        self.sources = sources
        self.notices = notices
        self.recording = recording
        self.patience = patience or Patience()
        self._topics: dict[str, dict[Hashable, Topic[V, E]]] = {field: {} for field in sources}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._looked = clock()
        self._heard = 0

    def publish(self, event: E) -> None:
        """Something new in the log. Call in order of position; an event published before is passed over."""
        if event.position > self._heard:
            self._heard = event.position
        if telemetry.on is not None:
            telemetry.on.heard(event.position)
        for field, topics in self._topics.items():
            if not topics:
                continue
            try:
                self._publish(self.sources[field], topics, event)
            except Exception as unexpected:
                for topic in topics.values():
                    topic.fail(unexpected)

    def _publish(self, source: Source[V, E], topics: Mapping[Hashable, Topic[V, E]], event: E) -> None:
        # Rights before the event itself: nobody may be handed what the same event takes from them.
        for key in source.rights(event, topics.keys()):
            topics[key].unsettle(event.position)
        for key in source.topics(event, topics.keys()):
            if (topic := topics.get(key)) is not None:
                topic.push(event)

    def reconsider(self) -> None:
        """Rights may have changed without an event: something has run out. Call it at least every second."""
        # From the last look on, not from a second ago: a look that came late must leave no moment out.
        since, self._looked = self._looked, self.clock()
        for field, topics in self._topics.items():
            source = self.sources[field]
            for key, topic in topics.items():
                if source.runs_out(key, since, self._looked):
                    topic.unsettle()

    def following(self) -> Iterable[Subscriber[V, E]]:
        """Everybody who follows something. Whose `live` is false still catches up, or waits for their last word."""
        return [each for topics in self._topics.values() for topic in topics.values() for each in topic.subscribers()]

    def close(self) -> None:
        for topics in self._topics.values():
            for topic in topics.values():
                topic.close()
            topics.clear()

    async def follow(self, viewer: V, subscription: Subscription, outlet: Outlet) -> None:
        """Deliver until the right to it ends or the subscriber must resynchronise; cancel to stop. Raises `Refused`."""
        source = self.sources[subscription.field]
        async with self._turns:
            opening = await source.open(viewer, subscription.arguments)
        after = subscription.arguments.get("after")
        subscriber: Subscriber[V, E] = Subscriber(
            viewer, subscription, outlet, after if isinstance(after, int) else None
        )
        # Before anything is read: what happens while the log is read is kept aside for it.
        topic = self._join(subscription.field, opening.topic, subscriber, opening.viewer_class)
        try:
            await self._attend(topic, subscriber)
        except Exception as unexpected:
            reason = said(unexpected, "The log could not be read.")
            subscriber.end(self.notices.resync(max(self._heard, subscriber.last), reason))
        finally:
            self._leave(subscription.field, topic, subscriber)
            if subscriber.looks:
                self.recording.left(subscriber.recorded_as, subscriber.last)
        # After it has left: the last word is nobody else's, and no event may come behind it.
        payload = await topic.write(subscriber.group, subscriber.last_word)
        while not outlet.offer(subscriber.last, payload):
            await outlet.room()

    def _join(self, field: str, key: Hashable, subscriber: Subscriber[V, E], viewer_class: Hashable) -> Topic[V, E]:
        topic = self._topics[field].get(key)
        if topic is None:
            source, heard = self.sources[field], lambda: self._heard
            topic = self._topics[field][key] = Topic(source, self.notices, self.recording, key, heard)
        topic.join(subscriber, viewer_class)
        return topic

    def _leave(self, field: str, topic: Topic[V, E], subscriber: Subscriber[V, E]) -> None:
        topic.leave(subscriber)
        # The field may hold another topic under the key by now, which others have joined.
        if not topic.groups and self._topics[field].get(topic.key) is topic:
            del self._topics[field][topic.key]
            topic.close()

    async def _attend(self, topic: Topic[V, E], subscriber: Subscriber[V, E]) -> None:
        # A position of another server is waited for before it is called too far ahead.
        await self._reach(topic, subscriber)
        rounds, events = 0, self.patience.events
        while subscriber.last_word is None:
            await subscriber.outlet.room()
            try:
                events -= await self._round(topic, subscriber, events)
            except Exception as error:
                if not (lost(error) or isinstance(error, NotYet)):
                    raise
                # The records are away: nothing is lost, the subscriber reads on once they are back.
                await asyncio.sleep(AWAY)
                continue
            if subscriber.go_live():
                # What stirred it while it caught up has been seen to; another round now would run beside live delivery.
                subscriber.stirred.clear()
                await subscriber.stirred.wait()
                rounds, events = 0, self.patience.events
            elif subscriber.again and (rounds := rounds + 1) >= self.patience.rounds:
                await self._give_up(topic, subscriber, "New events come faster than they can be read.")
            elif events <= 0:
                await self._give_up(topic, subscriber, "Too much has happened since.")

    async def _give_up(self, topic: Topic[V, E], subscriber: Subscriber[V, E], reason: str) -> None:
        """A snapshot as new as this makes up for everything that was not delivered."""
        head = await topic.source.head()
        subscriber.end(self.notices.resync(max(head, subscriber.last), reason))

    async def _reach(self, topic: Topic[V, E], subscriber: Subscriber[V, E]) -> None:
        """A position that another server gave out may lie ahead of this one, but not by much."""
        deadline = asyncio.get_running_loop().time() + self.patience.seconds
        while (head := await topic.source.head()) < subscriber.last:
            if asyncio.get_running_loop().time() > deadline:
                subscriber.end(self.notices.resync(head, "The log does not reach this position."))
                return
            await asyncio.sleep(0.02)
        if await topic.source.lost(subscriber.last):
            subscriber.end(self.notices.resync(head, "The records were restored to a moment before this position."))

    async def _round(self, topic: Topic[V, E], subscriber: Subscriber[V, E], most: int) -> int:
        """Read from the log once, from where the subscriber stands to the head; how many messages that was."""
        async with self._turns:
            await topic.reclassify(subscriber)
            subscriber.again = False
            subscriber.aside.clear()
            if subscriber.wants_present and subscriber.last_word is None:
                await self._present(topic, subscriber)
        if subscriber.wants_present or subscriber.last_word is not None:
            subscriber.again = True
            return 0
        # Before anything is waited for: what is taken back meanwhile may have to begin with the present state again.
        moves, read, shows = subscriber.moves, 0, None
        head = await topic.source.head()
        if subscriber.owed:
            # Behind all that was recorded up to there, which is told before it. Recorded once it is handed on: until
            # then an event may show the same.
            async with self._turns:
                head, shows = await topic.present(subscriber.group, ())
        changed = topic.changed
        try:
            async for event in topic.source.replay(topic.key, subscriber.last, head):
                told = None if read == most else await self._replayed(topic, subscriber, event, moves)
                if told is None:
                    subscriber.again = True
                    return read
                # What is not told does not count: how much of it there is would show in when patience ends.
                read += told
        except TooFar:
            subscriber.again = True
            return most
        # Up to the head nothing else is the topic's: the next round need not read that again.
        if not subscriber.again:
            subscriber.last = max(subscriber.last, head)
            if shows is not None and not await self._noted(topic, subscriber, shows, moves, changed):
                subscriber.again = True
        return read

    async def _noted(
        self, topic: Topic[V, E], subscriber: Subscriber[V, E], shows: Payload, moves: int, changed: int
    ) -> bool:
        """Hand on the state that it is owed; False where that is another by now."""

        def stands() -> bool:
            return subscriber.last_word is None and (subscriber.moves, topic.changed) == (moves, changed)

        if not subscriber.owed:
            return True
        if stands():
            await topic.recorded(subscriber.group, shows, [subscriber], subscriber.last)
        return stands() and subscriber.note(subscriber.last, shows)

    async def _present(self, topic: Topic[V, E], subscriber: Subscriber[V, E]) -> None:
        group = subscriber.group
        position, payload = await topic.present(group, [subscriber])
        # While it was written the subscriber may have lost the right, or got another class.
        if subscriber.last_word is not None or subscriber.group is not group:
            subscriber.again = True
        elif subscriber.hand(position, payload):
            subscriber.presented = position
            subscriber.wants_present = False
        else:
            subscriber.again = True

    async def _replayed(self, topic: Topic[V, E], subscriber: Subscriber[V, E], event: E, moves: int) -> int | None:
        """Deliver one event read from the log, once there is room; None where the round must start over. How many
        messages that was."""
        while True:
            await subscriber.outlet.room()
            told = await topic.told(subscriber.group, event, [subscriber])
            if subscriber.last_word is not None or subscriber.moves != moves:
                return None
            if isinstance(told, Ended):
                subscriber.end(self.notices.ended(event.position, told.reason))
                return None
            if told is None:
                subscriber.last = event.position
                return 0
            if subscriber.hand(event.position, told):
                return 1

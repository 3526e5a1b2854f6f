"""Subscribers of one topic, grouped so that each event is executed and encoded once per group.

Read downwards: a subscriber, a group, and the topic with its one worker. The worker takes events in order: it moves
subscribers whose rights have changed, asks for each group what it may see, writes the message, and hands the same text
to everybody in the group. A subscriber that is still catching up keeps what it is handed aside.

Whoever is shown something else from a change of rights on, and is handed no event that shows it, is owed the present
state: they go back to reading from the log, and are handed it behind everything that was recorded before.

A message shows the present state, so a right that ends while it is written counts as much as one that ended before:
`Topic.changed` counts such events the moment they are published, and a message written across one is written anew.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Generic, cast
from uuid import uuid4

from catch import telemetry
from catch.database import lost
from catch.domain.refusals import Refused
from catch.faults import fault
from catch.live.frames import NOBODY, Payload
from catch.live.source import E, Ended, Notices, NotYet, Outlet, Recording, Seen, Shown, Source, Subscription, V
from catch.personal.looks import Looks, noting

ASIDE = 64
"""How many live messages a subscriber keeps aside while it catches up."""
NOT_LOOKED = object()
"""What a subscriber is shown before anybody has looked."""


class Subscriber(Generic[V, E]):
    """`last` is the last position handed to the outlet: what comes after it is still owed."""

    __slots__ = (
        "again",
        "aside",
        "group",
        "last",
        "last_word",
        "live",
        "looks",
        "moves",
        "noted",
        "outlet",
        "owed",
        "presented",
        "recorded_as",
        "shown",
        "stirred",
        "subscription",
        "view",
        "viewer",
        "wants_present",
    )  # fmt: skip

    def __init__(self, viewer: V, subscription: Subscription, outlet: Outlet, after: int | None) -> None:
        self.viewer = viewer
        self.subscription = subscription
        self.outlet = outlet
        self.last = after or 0
        self.wants_present = after is None
        self.presented = -1
        """Where the first message stands, if that was the present state."""
        self.live = False
        self.again = False
        self.view: object = NOT_LOOKED
        """What it was shown when rights were last looked at, in the source's own terms."""
        self.owed = False
        """Whether that has changed since it was last handed anything that shows it."""
        self.noted = -1
        """Where it was last handed the present state for that."""
        self.moves = 0
        self.aside: deque[tuple[int, Payload]] = deque()
        self.last_word: object = None
        self.stirred = asyncio.Event()
        self.group: Group[V, E]
        self.recorded_as = uuid4()
        self.looks = self.shown = NOBODY
        """Whom it is recorded that this subscription has told something of; and the last such set that was part of it,
        so that the same set need not be compared for each of thousands."""

    def recorded(self, payload: Payload) -> bool:
        """Whether it is recorded that they are shown this."""
        if payload.looks is not self.shown:
            if not payload.looks <= self.looks:
                return False
            self.shown = payload.looks
        return True

    def take(self, position: int, payload: Payload) -> None:
        # The log may have brought it already, while it was on its way here.
        if position <= self.last or self.last_word is not None:
            return
        if not self.recorded(payload):
            # They joined while the message was written: from the log they get it once it is.
            self.catch_up()
            return
        if not self.live:
            # No more is kept: the log has it all, and a slow reader must not grow the server's memory.
            if len(self.aside) < ASIDE:
                self.aside.append((position, payload))
            else:
                self.again = True
        elif self.outlet.offer(position, payload):
            # What `hand` does, without another call: the way of nearly every message there is.
            self.last = position
            if payload.state:
                self.owed = False
        else:
            self.catch_up()

    def hand(self, position: int, payload: Payload) -> bool:
        """Hand on an event, or the present state at first; False where there is no room."""
        if not self.outlet.offer(position, payload):
            return False
        self.last = position
        if payload.state:
            self.owed = False
        return True

    def note(self, position: int, payload: Payload) -> bool:
        """Hand on the present state that it is owed, at a position up to which it has been told everything."""
        if not self.outlet.note(position, payload):
            return False
        self.last = self.noted = position
        self.owed = False
        return True

    def look(self, view: object) -> bool:
        """What it is shown as of now; whether it is owed a word of that."""
        self.owed = self.owed or (self.view is not NOT_LOOKED and self.view != view)
        self.view = view
        return self.owed

    def catch_up(self) -> None:
        """Go back to reading from the log, from `last` on."""
        self.live, self.again = False, True
        self.aside.clear()
        self.stirred.set()

    def rewrite(self) -> None:
        """Rights have changed, though not its class: what waits was written before that. Mostly nothing waits."""
        first = self.outlet.cut()
        if first is not None or self.aside:
            self._begin_again(first)

    def withdraw(self) -> None:
        """Take back what has not been written yet: it was written for rights that the viewer had."""
        self._begin_again(self.outlet.cut())

    def _begin_again(self, first: int | None) -> None:
        """From the first message that was taken back."""
        self.moves += 1
        # What it was owed may be among what was taken back.
        self.owed = self.owed or (first is not None and first <= self.noted + 1)
        if first is not None and first == self.presented:
            self.wants_present = True
        elif first is not None:
            # What was taken back was counted as delivered: it is read again from the log, with the rights of now.
            self.last = min(self.last, first - 1)
        self.catch_up()

    def end(self, last_word: object) -> None:
        """Nothing more is delivered but this."""
        if self.last_word is None:
            # What waits was written for rights that have ended.
            self.outlet.cut()
            self.live, self.last_word = False, last_word
            self.stirred.set()

    def go_live(self) -> bool:
        """Hand on what was kept aside and take part in live delivery, in one step without a gap."""
        if self.again or self.owed or self.last_word is not None:
            return False
        # Nothing is awaited from here to `live`: an event in between would be lost or come twice.
        for position, payload in self.aside:
            if position > self.last and not self.hand(position, payload):
                return False
        self.aside.clear()
        self.live = True
        return True


def said(unexpected: Exception, failed: str) -> str:
    """What a subscriber reads of what went wrong: in words where there are any, or else what to quote."""
    if isinstance(unexpected, Refused):
        return unexpected.message
    return f"{failed} Quote {fault(unexpected, 'live')} when you report it."


class Group(Generic[V, E]):
    """Subscribers with the same document, variables and viewer class."""

    def __init__(self, subscription: Subscription, viewer_class: Hashable) -> None:
        self.subscription = subscription
        self.viewer_class = viewer_class
        self.looks = NOBODY
        # A dict for its order: in the order in which they came they lie side by side in memory, here and in the kernel.
        self.subscribers: dict[Subscriber[V, E], None] = {}

    def of(self, written: bytes, shown: Looks) -> Payload:
        """As a rule each message tells something of the same people as the one before."""
        payload, found = Payload.of(written), shown.all()
        if found != self.looks:
            self.looks = found
        payload.looks = self.looks
        return payload


class Topic(Generic[V, E]):
    """One topic of one source, while somebody follows it.

    `heard` is how far the whole log was heard. Whoever is told to resynchronise, or loses their right to the clock, is
    told that position: where the last fact of the topic stands may be nothing that they are told.
    """

    def __init__(
        self,
        source: Source[V, E],
        notices: Notices,
        recording: Recording[V],
        key: Hashable,
        heard: Callable[[], int],
    ) -> None:
        self.source = source
        self.notices = notices
        self.recording = recording
        self.key = key
        self.heard = heard
        self.groups: dict[tuple[bytes, Hashable], Group[V, E]] = {}
        self.pushed = 0
        self.changed = 0
        self.changed_at = 0
        self.considered = 0
        self._considering = asyncio.Lock()
        self._events: asyncio.Queue[E | None] = asyncio.Queue()
        self._owing = False
        self._digests: dict[Hashable, int] = {}
        self._digested = -1
        self._worker = asyncio.create_task(self._work())

    def push(self, event: E) -> None:
        if event.position > self.pushed:
            self.pushed = event.position
            self._events.put_nowait(event)

    def unsettle(self, position: int | None = None) -> None:
        """Rights may have changed, by the event at this position or by the clock: from now on nothing is handed out
        before they were looked at again."""
        self.changed += 1
        self.changed_at = max(self.changed_at, self.heard() if position is None else position)
        # Wakes the worker though there is no event: whoever has lost the right must hear of it now.
        self._events.put_nowait(None)

    def subscribers(self) -> Iterable[Subscriber[V, E]]:
        return [subscriber for group in self.groups.values() for subscriber in group.subscribers]

    def join(self, subscriber: Subscriber[V, E], viewer_class: Hashable) -> None:
        key = (subscriber.subscription.key, viewer_class)
        group = self.groups.setdefault(key, Group(subscriber.subscription, viewer_class))
        group.subscribers[subscriber] = None
        subscriber.group = group

    def leave(self, subscriber: Subscriber[V, E]) -> None:
        group = subscriber.group
        group.subscribers.pop(subscriber, None)
        if not group.subscribers:
            self.groups.pop((group.subscription.key, group.viewer_class), None)

    def close(self) -> None:
        self._worker.cancel()

    async def reclassify(self, subscriber: Subscriber[V, E]) -> None:
        """Put one subscriber where it belongs now, even if rights change meanwhile."""
        # None yet, so that it is looked at once at least.
        changed = -1
        while changed != self.changed and subscriber.last_word is None:
            changed = self.changed
            found = await self.source.classify(subscriber.viewer, self.key)
            if changed != self.changed:
                continue
            self._place(subscriber, found)
            await self._look(subscriber)

    async def _look(self, subscriber: Subscriber[V, E]) -> None:
        if subscriber.last_word is None and subscriber.look(await self._view(subscriber.group.viewer_class)):
            self._owing = True

    async def _view(self, viewer_class: Hashable) -> int:
        """What a class is shown, as a number alone: there are many classes, and it is only compared."""
        changed = self.changed
        if self._digested != changed:
            self._digests, self._digested = {}, changed
        known = self._digests.get(viewer_class)
        if known is None:
            known = hash(await self.source.view(self.key, viewer_class))
            if self._digested == changed == self.changed:
                self._digests[viewer_class] = known
        return known

    async def settle(self) -> None:
        """Returns once everybody is where they belong."""
        if self.considered == self.changed:
            return
        async with self._considering:
            while self.considered != self.changed:
                changed = self.changed
                await self._reconsider()
                # As it was before the look: what changed meanwhile is looked at again.
                self.considered = changed

    def _place(self, subscriber: Subscriber[V, E], found: Hashable | Ended) -> bool:
        """Whether that changed anything for them."""
        if isinstance(found, Ended):
            subscriber.end(self.notices.ended(max(self.changed_at, subscriber.last), found.reason))
        elif found != subscriber.group.viewer_class:
            self.leave(subscriber)
            self.join(subscriber, found)
            subscriber.withdraw()
        else:
            return False
        return True

    async def told(self, group: Group[V, E], event: E, to: Collection[Subscriber[V, E]]) -> Payload | Ended | None:
        """What the group is told of the event, with rights as they are when this returns, and recorded of those to whom
        it goes; None: nothing at all."""
        while True:
            await self.settle()
            changed = self.changed
            seen = await self.source.sees(self.key, group.viewer_class, event)
            told = None if seen is Seen.UNTOLD else seen
            if isinstance(seen, Seen) and told is not None:
                told = await self.render(group, seen, event)
            await self.source.published()
            # What has to be written anew is handed to nobody.
            if changed == self.changed and isinstance(told, Payload):
                await self.recorded(group, told, to, event.position)
            if changed == self.changed:
                return cast("Payload | Ended | None", told)

    async def present(self, group: Group[V, E], to: Collection[Subscriber[V, E]]) -> tuple[int, Payload]:
        """The present state for a group and its position, likewise."""
        while True:
            await self.settle()
            changed = self.changed
            with noting() as shown:
                position, root = await self.source.present(self.key, group.viewer_class)
                payload = group.of(await self._written(group, root), shown)
            payload.state = True
            await self.source.published()
            if changed == self.changed:
                await self.recorded(group, payload, to, position)
            if changed == self.changed:
                return position, payload

    async def render(self, group: Group[V, E], seen: Seen, event: E) -> Payload:
        if seen is Seen.HIDDEN:
            return await self.write(group, self.notices.hidden(event.position))
        with noting() as shown:
            root = await self.source.message(self.key, group.viewer_class, event)
            payload = group.of(await self._written(group, root), shown)
        payload.state = True
        return payload

    async def write(self, group: Group[V, E], root: object) -> Payload:
        """What tells nothing of anybody."""
        return Payload.of(await self._written(group, root))

    async def _written(self, group: Group[V, E], root: object) -> bytes:
        context = self.source.context(self.key, group.viewer_class)
        return await telemetry.within("message", group.subscription.payload(root, context))

    async def recorded(
        self, group: Group[V, E], payload: Payload, to: Collection[Subscriber[V, E]], position: int
    ) -> None:
        """Of those of them who are still of the group: nobody else is handed it."""
        here = [each for each in to if each.group is group and each.last_word is None]
        new = [each for each in here if not each.recorded(payload)]
        if new:
            shown = [Shown(each.viewer, each.recorded_as, payload.looks - each.looks) for each in new]
            await self.recording.shown(shown, position)
        for each in new:
            each.looks |= payload.looks

    async def _work(self) -> None:
        while True:
            event = await self._events.get()
            await self.settle()
            if event is not None:
                # One after the other: what the first has to look up, the others find.
                for group in list(self.groups.values()):
                    await self._deliver(group, event)
            # The event that has changed rights comes right behind the word of it, and shows that to most of them.
            if self._owing and (event is not None or self._events.empty()):
                self._owing = False
                for subscriber in list(self.subscribers()):
                    if subscriber.owed and subscriber.live:
                        subscriber.catch_up()

    def fail(self, unexpected: Exception) -> None:
        """Nobody here can be served: all are told to resynchronise."""
        self._broken(self.subscribers(), unexpected)

    async def _reconsider(self) -> None:
        found: dict[V, Hashable | Ended] = {}
        for subscriber in self.subscribers():
            try:
                # Many connections may be of one viewer.
                if subscriber.viewer not in found:
                    found[subscriber.viewer] = await self.source.classify(subscriber.viewer, self.key)
                if not self._place(subscriber, found[subscriber.viewer]):
                    subscriber.rewrite()
                await self._look(subscriber)
            except Exception as unexpected:
                self._broken([subscriber], unexpected)

    async def _deliver(self, group: Group[V, E], event: E) -> None:
        # Everybody has it from the log already: it need not be written.
        if all(event.position <= subscriber.last for subscriber in group.subscribers):
            return
        try:
            told = await self.told(group, event, list(group.subscribers))
        except Exception as unexpected:
            self._broken(list(group.subscribers), unexpected)
            return
        position, subscribers = event.position, list(group.subscribers)
        if isinstance(told, Ended):
            for subscriber in subscribers:
                subscriber.end(self.notices.ended(position, told.reason))
        elif told is not None:
            for subscriber in subscribers:
                subscriber.take(position, told)
            if telemetry.on is not None:
                telemetry.on.handed(position)

    def _broken(self, subscribers: Iterable[Subscriber[V, E]], unexpected: Exception) -> None:
        if lost(unexpected) or isinstance(unexpected, NotYet):
            for subscriber in subscribers:
                # The records are away. Back at reading, their rights are looked up first.
                subscriber.withdraw()
            return
        reason = said(unexpected, "A message could not be written.")
        for subscriber in subscribers:
            subscriber.end(self.notices.resync(max(self.heard(), subscriber.last), reason))

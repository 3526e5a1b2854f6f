"""What the three sources have in common."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from catch.access import Changes, NotEnrolled, Told, Who, bounds, telling
from catch.api.common import types
from catch.api.common.facts import Facts
from catch.app import Catch
from catch.database import Statements
from catch.domain.calendar import london_day
from catch.domain.facts import Recorded
from catch.domain.meeting.state import Meeting
from catch.identity.tokens import Viewer
from catch.live.feed import AT_ONCE
from catch.live.source import NotYet, Seen
from catch.log.codec import readable
from catch.log.entries import Stored
from catch.present.moment import FRESH
from catch.present.rights import Rights
from catch.readside import NotCaughtUp

Fact = Recorded[Any]
Timeline = Callable[[Statements, UUID, int, int, int], Awaitable[list[Stored]]]
"""`timeline.of_case` or `timeline.of_meeting`."""

NOBODY = ""
"""The user of a viewer class that stands for everybody of an agency and a role."""
PRESENT = "Present"
"""The event of a first message: the state as it is, before anything new."""
PAGE = 500
"""How many facts are read at once for a subscriber that catches up."""
SEEN = {Told.SHOWN: Seen.SHOWN, Told.HIDDEN: Seen.HIDDEN, Told.UNTOLD: Seen.UNTOLD}
"""What the policy says, in the words of the live side."""


class FollowedLive(Exception):
    """Subscriptions are followed over a websocket, graphql-transport-ws: no resolver of theirs is ever asked."""


def changes(event: Fact) -> Changes | None:
    """Whose rights the fact changes."""
    return telling(event.event).changes


def worker(event: Fact) -> types.Worker:
    actor = event.envelope.actor
    return types.Worker(user=actor.user, agency=actor.agency)


class Shared:
    """`facts` are one for all who hear of the same event: rights, seats and texts are read once."""

    def __init__(self, catch: Catch, rights: Rights | None = None, clock: Callable[[], datetime] | None = None) -> None:
        self.catch = catch
        self.clock = clock or catch.log.clock.now
        self._rights = rights or catch.present.rights
        self._facts = Facts(catch, self.clock(), self._rights)
        self._heard = -1
        self._reading = asyncio.Semaphore(AT_ONCE)

    async def head(self) -> int:
        return self.catch.present.follower.position

    async def lost(self, position: int) -> bool:
        return await self.catch.log.lost(position, await self.head())

    def context(self, topic: Hashable, viewer_class: Hashable) -> object:
        return None

    def facts(self) -> Facts:
        now = self.clock()
        # Also after a second without any event: rights end by the clock as well.
        if self._heard != self.catch.present.follower.position or not timedelta(0) <= now - self._facts.at <= FRESH:
            self._facts, self._heard = Facts(self.catch, now, self._rights), self.catch.present.follower.position
        return self._facts

    async def who(self, viewer: Viewer) -> Who | None:
        """Who asks, now; None where they are not, or no longer, enrolled."""
        try:
            return await self.facts().who(viewer.asker)
        except NotEnrolled:
            return None

    def standing(self, who: Who) -> Who:
        """What somebody may act as, wherever they and their colleagues sit: which other meetings take up a case is not
        theirs to know of by it."""
        return replace(who, user=NOBODY, bound=frozenset(), here=frozenset(), colleagues=frozenset(), glass=frozenset())

    async def published(self) -> None:
        """What was read may be newer than what was heard: a right may have ended before it was written."""
        await self.catch.present.follower.reached(self.catch.present.states.furthest)

    def ran_out(self, meetings: Iterable[UUID], since: datetime, now: datetime, more: Iterable[datetime] = ()) -> bool:
        """Whether an agreement or a disclosure may have ended, which last whole days, or the window of a meeting; or it
        is one of these moments.
        """
        moments = [*more, *(each for meeting in meetings for each in self._bounds(meeting))]
        # A clock that was set back gives some rights back, and takes those that began meanwhile.
        ended = (
            now < since
            or london_day(since) != london_day(now)
            or any(each is None or since < each <= now for each in moments)
        )
        if ended:
            # What was read just before is good for a while only because something is heard when it changes.
            self._heard = -1
        return ended

    def _bounds(self, meeting: UUID) -> Iterable[datetime | None]:
        """The moments at which the meeting's seats begin and end; None where it is not at hand."""
        held = self.catch.present.states.at_hand(meeting)
        state: Meeting | None = held.state if held else None
        return bounds(state) if state else (None,)

    async def reached(self, position: int) -> None:
        try:
            await self.catch.reached(position)
        except NotCaughtUp as late:
            raise NotYet from late

    async def _page(self, chosen: Timeline, key: UUID, after: int, upto: int) -> list[Stored]:
        # Thousands may come again at once: who waits here is not told that the records cannot be reached.
        async with self._reading:
            return await chosen(self.catch.log.pool, key, after, upto, PAGE)

    async def between(self, chosen: Timeline, key: UUID, after: int, upto: int) -> AsyncIterator[Fact]:
        """Facts of a stream or a meeting, in order, a page at a time."""
        if after >= upto:
            return
        await self.reached(upto)
        while page := await self._page(chosen, key, after, upto):
            for fact in readable(page):
                yield fact
            if len(page) < PAGE:
                return
            after = page[-1].position

"""What an answer, or a message, has shown somebody, as it is recorded before it leaves."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from catch.access import NotEnrolled
from catch.app import Catch
from catch.commands.enrolling import OPERATOR
from catch.evidence.reads import Read, Seen
from catch.faults import RecordsAway
from catch.identity.tokens import Viewer
from catch.live.source import NotYet, Shown
from catch.personal.looks import Look

LIVE = "subscription"
TERMINAL = "terminal"
"""The channels, as they are recorded."""
LARGEST = 500
"""Records in one read of an operator, who may be given a whole log."""


class By(NamedTuple):
    """Who looks."""

    user: str
    agency: str


def place(look: Look) -> tuple[int, int, tuple[str, ...], bool]:
    """In an order of their own: the same is always recorded in the same words."""
    return look.case.int if look.case else 0, look.person.int if look.person else 0, look.categories, look.glass


def reads_of(by: By, shown: Iterable[Look], channel: str, operation: str | None, **more: Any) -> list[Read]:
    """Nothing, where it shows nobody."""
    seen = tuple([Seen(*each) for each in sorted(shown, key=place)])
    read = Read(viewer=by.user, agency=by.agency, channel=channel, operation=operation, seen=seen, **more)
    return [read] if seen else []


async def by_operator(catch: Catch, shown: Iterable[Look], operation: str, **more: Any) -> None:
    """Returns once it is kept that an operator is shown these, or given them. Raises `RecordsAway`: then they may not
    be."""
    by, left = By(OPERATOR.user, OPERATOR.agency), iter(sorted(shown, key=place))
    while some := [*islice(left, LARGEST)]:
        await catch.reads.record(*reads_of(by, some, TERMINAL, operation, **more))


class LiveReads:
    """Records what subscriptions show. A message is written for a whole class of viewers; each of them is recorded."""

    def __init__(self, catch: Catch) -> None:
        self._catch = catch
        self._to: dict[UUID, By] = {}

    async def shown(self, to: Sequence[Shown[Viewer]], position: int) -> None:
        reads, by = list[Read](), dict[UUID, By]()
        for each in to:
            subscription = each.subscription
            by[subscription] = await self._by(each.viewer)
            reads += reads_of(by[subscription], each.looks, LIVE, None, subscription=subscription, after=position)
        try:
            await self._catch.reads.record(*reads)
        except RecordsAway as away:
            raise NotYet from away
        self._to |= by

    def left(self, subscription: UUID, position: int) -> None:
        by = self._to.pop(subscription, None)
        if by is not None:
            ended = Read(viewer=by.user, agency=by.agency, channel=LIVE, subscription=subscription, upto=position)
            self._catch.reads.later(ended)

    async def _by(self, viewer: Viewer) -> By:
        try:
            who = await self._catch.present.rights.who(viewer.asker)
        except NotEnrolled:
            # Whose enrolment has just ended is told so in a moment; whom the token means is recorded all the same.
            return By(viewer.user, viewer.agency)
        return By(who.user, who.agency)

"""What resolvers find in `info.context`: who asks, and the program they ask."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime
from uuid import UUID

import strawberry

from catch.access import Who
from catch.access.finding import Words, words
from catch.api.case.reading import Reading
from catch.api.common.facts import Facts
from catch.api.common.recording import By, reads_of
from catch.app import Catch
from catch.domain.facts import Command
from catch.domain.refusals import NotAnswered
from catch.faults import Rejected
from catch.identity.tokens import Viewer
from catch.log import Answer
from catch.log.generations import PositionLost
from catch.personal.looks import Looks
from catch.present.answers import Answers
from catch.present.rights import Rights
from catch.rates import Rates, identity, too_often
from catch.readside import NotCaughtUp

PATIENCE = 5.0
"""Seconds that a query waits for a position."""


class NotForYourRole(NotAnswered):
    """Your role does not see this. Ask somebody who looks after it."""


class Context:
    """One operation of one viewer."""

    def __init__(
        self,
        catch: Catch,
        viewer: Viewer,
        who: Who,
        rights: Rights | None = None,
        answers: Answers | None = None,
        costs: Rates | None = None,
    ) -> None:
        """`rights`, `answers` and `costs` are shared by all requests of a process, where there are such."""
        self.catch = catch
        self.viewer = viewer
        self.who = who
        self.answers = answers
        self.costs = costs or Rates()
        self.channel = "api"
        rights = rights or catch.present.rights
        self.reading = Reading(Facts(catch, rights.moment(), rights), who)

    @classmethod
    async def of(
        cls,
        catch: Catch,
        viewer: Viewer,
        rights: Rights | None = None,
        answers: Answers | None = None,
        costs: Rates | None = None,
    ) -> "Context":
        """Raises `NotEnrolled` where the log knows of nobody whom the token could mean."""
        rights = rights or catch.present.rights
        return cls(catch, viewer, await rights.who(viewer.asker), rights, answers, costs)

    async def looking(self) -> Reading:
        """For whoever reads one case: with what they have opened in an emergency, which opens nothing else."""
        facts = self.reading.facts
        return Reading(facts, await facts.looking(self.who))

    def spend(self, cost: int) -> None:
        """Raises `Rejected` where the viewer has asked for too much in too short a time."""
        if wait := self.costs.wait(identity(self.viewer), cost):
            raise Rejected(too_often(wait))

    async def record(self, shown: Looks, operation: str | None) -> None:
        """Returns once it is kept that the viewer was shown this. Raises `RecordsAway`."""
        await self.catch.reads.record(
            *reads_of(By(self.who.user, self.who.agency), shown.all(), self.channel, operation)
        )

    async def remembered(
        self, operation: Hashable, fields: int, make: Callable[[], Awaitable[bytes | None]]
    ) -> bytes | None:
        """What a query is answered with: kept, or made now. None where it cannot be kept."""
        if self.answers is None:
            return await make()
        facts = self.reading.facts
        # With the viewer in the key: what one is answered is never another's, whatever their rights.
        return await self.answers.get((operation, self.who), fields, facts.at, facts.rests, make)

    async def reached(self, position: int | None) -> None:
        """Returns once the answer holds everything up to this position. Raises `NotCaughtUp`, `PositionLost`."""
        if position:
            # Both: rows come from the read side, states and rights from what this process has heard.
            await self.catch.reached(position)
            try:
                async with asyncio.timeout(PATIENCE):
                    await self.catch.present.follower.reached(position)
            except TimeoutError:
                raise NotCaughtUp(position=position, reached=self.catch.present.follower.position) from None
            if await self.catch.log.lost(position, self.catch.present.follower.position):
                raise PositionLost(position=position)

    async def words(self) -> Words:
        """Where the viewer may look."""
        return words(self.who, await self.catch.running.get())

    async def take(
        self, command: Command, *, command_id: UUID, expected_version: int | None, occurred_at: datetime | None
    ) -> Answer:
        return await self.catch.commands.take(
            command,
            by=self.viewer.asker,
            command_id=command_id,
            expected_version=expected_version,
            occurred_at=occurred_at,
            proved_at=self.viewer.proved_at,
        )


Info = strawberry.Info[Context, None]

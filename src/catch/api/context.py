"""What resolvers find in `info.context`: who asks, and the program they ask."""

import asyncio
from datetime import datetime
from uuid import UUID

from catch.api.facts import Facts
from catch.api.identity import Viewer
from catch.api.reading import Reading
from catch.api.rights import Rights
from catch.app import Catch
from catch.domain.facts import Command
from catch.log import Answer
from catch.readside import NotCaughtUp

PATIENCE = 5.0
"""Seconds that a query waits for a position."""


class Context:
    """One operation of one viewer."""

    def __init__(self, catch: Catch, viewer: Viewer, rights: Rights | None = None) -> None:
        self.catch = catch
        self.viewer = viewer
        rights = rights or Rights(catch)
        self.reading = Reading(Facts(catch, rights.moment(), rights), viewer.actor)

    async def reached(self, position: int | None) -> None:
        """Returns once the answer holds everything up to this position. Raises `NotCaughtUp`."""
        if position:
            await self.catch.reached(position)
            try:
                async with asyncio.timeout(PATIENCE):
                    await self.catch.has_heard(position)
            except TimeoutError:
                raise NotCaughtUp(position=position, reached=self.catch.heard) from None

    async def take(
        self, command: Command, *, command_id: UUID, expected_version: int | None, occurred_at: datetime | None
    ) -> Answer:
        return await self.catch.desk.take(
            command,
            by=self.viewer.actor,
            command_id=command_id,
            expected_version=expected_version,
            occurred_at=occurred_at,
        )

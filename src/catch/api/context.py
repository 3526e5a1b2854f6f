"""What resolvers find in `info.context`: who asks, and the program they ask."""

from datetime import datetime
from uuid import UUID

from catch.api.facts import Facts
from catch.api.identity import Viewer
from catch.api.reading import Reading
from catch.api.rights import Rights
from catch.app import Catch
from catch.domain.facts import Command
from catch.log import Answer


class Context:
    """One operation of one viewer."""

    def __init__(self, catch: Catch, viewer: Viewer, rights: Rights | None = None) -> None:
        self.catch = catch
        self.viewer = viewer
        rights = rights or Rights(catch)
        self.reading = Reading(Facts(catch, rights.moment(), rights), viewer.actor)

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

"""The schema: queries, a mutation for every command, subscriptions. Its committed text is schema/graphql."""

from collections.abc import AsyncGenerator
from uuid import UUID

import strawberry

from catch.api import types
from catch.api.costs import weighs
from catch.api.from_commands import every_refusal, mutation_type
from catch.api.queries import Query
from catch.api.scalars import Position, schema_config
from catch.domain.streams import COMMANDS

MET = tuple(f"catch.{part}" for part in ("access", "commands", "domain", "log", "personal", "readside"))
FOLLOWED = "Subscriptions are followed over a websocket: graphql-transport-ws."


@strawberry.type(description="What can be followed. Without `after`, the first message is the present state.")
class Subscription:
    """Only declares: the live side delivers (`catch.api.sources`)."""

    @strawberry.subscription(
        description="Everything that happens at a meeting, in order, each once.", metadata=weighs(20)
    )
    async def meeting(
        self,
        id: UUID,  # noqa: A002
        after: Position | None = None,
    ) -> AsyncGenerator[types.MeetingMessage]:
        raise RuntimeError(FOLLOWED)
        yield

    @strawberry.subscription(
        description="Everything that happens in a case, as far as the viewer may see it.", metadata=weighs(20)
    )
    async def case_updates(self, case_id: UUID, after: Position | None = None) -> AsyncGenerator[types.CaseMessage]:
        raise RuntimeError(FOLLOWED)
        yield

    @strawberry.subscription(
        description="What reaches or leaves the inbox of the viewer's agency.", metadata=weighs(20)
    )
    async def agency_inbox(self, after: Position | None = None) -> AsyncGenerator[types.InboxMessage]:
        raise RuntimeError(FOLLOWED)
        yield


def schema() -> strawberry.Schema:
    """The schema as it is served. All refusals are known by now: the queries import everything a command meets.

    Only those a command can meet are codes, so that the schema is the same whatever else a process has imported.
    """
    refusals = [kind for kind in every_refusal() if kind.__module__.startswith(MET)]
    return strawberry.Schema(
        Query, mutation_type(COMMANDS, refusals), Subscription, types=[types.Redactable], config=schema_config()
    )


def sdl() -> str:
    """The schema's text, as it is committed."""
    return schema().as_str() + "\n"

"""The audit trail."""

from datetime import datetime
from uuid import UUID

import strawberry

from catch.api.common.scalars import Position
from catch.api.common.types import PageInfo, Worker
from catch.domain.facts import Purpose, Role


@strawberry.type(description="What a fact changed in its stream. Personal text is not repeated here.")
class Change:
    path: str
    before: str | None
    after: str | None


@strawberry.type(description="One fact: when it was true, when it was recorded, who recorded it, why, what it changed.")
class AuditEntry:
    position: Position
    stream: UUID
    version: int | None
    event: str
    occurred_at: datetime
    recorded_at: datetime
    by: Worker
    role: Role
    on_behalf_of: str | None
    purpose: Purpose
    programme: str | None
    meeting_id: UUID | None
    command_id: UUID
    fact: str = strawberry.field(
        description="Every field of the fact that is told, as JSON, whether or not it changed anything. Personal text"
        " stands as «sealed»: read it where it is told, in the case or the meeting, now or `asAt` this position."
    )
    changes: list[Change]


@strawberry.type
class AuditEntryEdge:
    cursor: str
    node: AuditEntry


@strawberry.type
class AuditEntryConnection:
    edges: list[AuditEntryEdge]
    page_info: PageInfo
    invented: bool = strawberry.field(description="The place is an invented one: nothing of this ever happened.")

"""The messages of subscriptions."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from catch.api.messages import AccessEnded, Hidden, ResyncRequired
from catch.api.scalars import Position
from catch.api.types.agenda import AgendaItem
from catch.api.types.basics import Worker
from catch.api.types.case import Case
from catch.api.types.inbox import InboxEntry
from catch.api.types.meeting import Meeting


@strawberry.type(description="Something happened that concerns the meeting.")
class MeetingUpdate:
    position: Position
    event: str
    at: datetime
    by: Worker | None
    meeting: Meeting
    item: AgendaItem | None


@strawberry.type(description="Something happened that concerns the case.")
class CaseUpdate:
    position: Position
    event: str
    at: datetime
    by: Worker | None
    case: Case


@strawberry.type(
    description="Something happened that concerns the agency's inbox. No entry: it is gone; no event: it is closed."
)
class InboxUpdate:
    position: Position
    event: str | None
    at: datetime
    entry_id: UUID | None
    entry: InboxEntry | None


MeetingMessage = Annotated[MeetingUpdate | Hidden | ResyncRequired | AccessEnded, strawberry.union("MeetingMessage")]
CaseMessage = Annotated[CaseUpdate | Hidden | ResyncRequired | AccessEnded, strawberry.union("CaseMessage")]
InboxMessage = Annotated[InboxUpdate | Hidden | ResyncRequired | AccessEnded, strawberry.union("InboxMessage")]

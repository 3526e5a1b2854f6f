"""What waits for an agency."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import strawberry

from catch.api.common.messages import AccessEnded, Hidden, ResyncRequired
from catch.api.common.scalars import Position
from catch.api.common.types import PageInfo, Redactable, Unreadable
from catch.domain.case.state import (
    ActionState,
)
from projections.agency_inbox import EntryKind


@strawberry.type(description="Something that waits for the viewer's agency.")
class InboxEntry(Redactable):
    id: UUID
    kind: EntryKind
    position: Position = strawberry.field(description="Of the last change: whoever has seen up to here has seen it.")
    since: datetime
    changed_at: datetime = strawberry.field(description="When the last change was recorded.")
    case_id: UUID | None
    case_number: str | None
    action_id: UUID | None = strawberry.field(description="The action's id in its case, to answer it by.")
    meeting_id: UUID | None
    starts_at: datetime | None = strawberry.field(description="Of an invitation: when the meeting is, as it is now.")
    title: str | None
    clock: str | None = strawberry.field(description="Which clock of the case has passed its deadline.")
    state: ActionState | None
    due: date | None
    overdue_days: int | None
    mandatory: bool | None


@strawberry.type
class InboxEdge:
    cursor: str
    node: InboxEntry


@strawberry.type
class InboxConnection:
    edges: list[InboxEdge]
    page_info: PageInfo
    unreadable: list[Unreadable] = strawberry.field(
        description="Cases in which something may wait that cannot be shown."
    )


@strawberry.type(
    description="Something happened that concerns the agency's inbox. No entry: it is gone; no event: it is closed. No"
    " entry id: more than one may have changed, or what the viewer reads of them; ask for the inbox anew."
)
class InboxUpdate:
    position: Position
    event: str | None
    at: datetime
    entry_id: UUID | None
    entry: InboxEntry | None


InboxMessage = Annotated[InboxUpdate | Hidden | ResyncRequired | AccessEnded, strawberry.union("InboxMessage")]

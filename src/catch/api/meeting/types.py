"""A meeting, who is there, its minutes, and where a case stands towards it."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import strawberry

from catch.api.case.types import Decision, Discussion
from catch.api.common.messages import AccessEnded, Hidden, ResyncRequired
from catch.api.common.scalars import Position
from catch.api.common.types import PageInfo, Redactable, Unreadable, Worker
from catch.api.meeting.agenda_types import Agenda, AgendaItem, InclusionReason
from catch.domain.agenda.absence import Standing
from catch.domain.meeting.items import DeferReason, ItemState
from catch.domain.meeting.listing import Missing, ReasonCode
from catch.domain.meeting.state import MeetingState


@strawberry.type(description="Somebody in the room, or who sent apologies.")
class Attendance:
    user: str
    agency: str
    present: bool
    accepted_confidentiality: bool
    apology: bool
    joined_at: datetime | None
    left_at: datetime | None


@strawberry.type(description="An agency asked to come: to everything, or to some items only.")
class Invitation:
    agency: str
    user: str | None
    items: list[UUID]


@strawberry.type(description="What became of one item, for the minutes.")
class MinutesEntry(Redactable):
    item_id: UUID
    number: str | None
    outcome: ItemState
    minutes: float | None
    present: list[str]
    recused: list[str] = strawberry.field(description="Named to those only who prepare the meeting.")
    discussion: Discussion | None
    decisions: list[Decision]
    actions_offered: int | None
    deferred: DeferReason | None


@strawberry.type(description="The minutes of a meeting, in the order in which the items were taken.")
class Minutes(Redactable):
    started_at: datetime | None
    ended_at: datetime | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    present: list[Worker]
    apologies: list[Worker]
    entries: list[MinutesEntry]


@strawberry.type(description="One occurrence of a series.")
class Meeting:
    id: UUID
    state: MeetingState
    starts_at: datetime
    duration_minutes: int
    version: int | None
    position: Position | None
    series: str
    programme: str
    chair: Worker
    attendance: list[Attendance]
    invitations: list[Invitation]
    current_item: UUID | None
    content_hash: str | None
    prepared: strawberry.Private[Callable[[], Awaitable[Agenda]]]
    taken: strawberry.Private[Callable[[], Awaitable[Minutes | None]]]

    @strawberry.field
    async def agenda(self) -> Agenda:
        return await self.prepared()

    @strawberry.field(description="Once the meeting has started.")
    async def minutes(self) -> Minutes | None:
        return await self.taken()


@strawberry.type(description="Where a case stands towards a meeting, and why.")
class Explanation:
    case_id: UUID
    standing: Standing
    text: str
    reasons: list[InclusionReason]
    missing: list[Missing]
    expected_on: date | None
    next_reason: ReasonCode | None
    next_reason_on: date | None


@strawberry.type
class MeetingEdge:
    cursor: str
    node: Meeting


@strawberry.type
class MeetingConnection:
    edges: list[MeetingEdge]
    page_info: PageInfo
    unreadable: list[Unreadable] = strawberry.field(description="Meetings of this page that cannot be shown.")


@strawberry.type(description="Something happened that concerns the meeting.")
class MeetingUpdate:
    position: Position
    event: str
    at: datetime
    by: Worker | None
    meeting: Meeting
    item: AgendaItem | None


MeetingMessage = Annotated[MeetingUpdate | Hidden | ResyncRequired | AccessEnded, strawberry.union("MeetingMessage")]

"""A meeting, who is there, its minutes, and where a case stands towards it."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import strawberry

from catch.api.case.types import Amendment, Decision, Discussion
from catch.api.common.messages import AccessEnded, Hidden, ResyncRequired
from catch.api.common.scalars import Position
from catch.api.common.types import PageInfo, Redactable, Unreadable, Worker
from catch.api.meeting.agenda_types import Agenda, AgendaItem, InclusionReason, ItemGuest
from catch.domain.agenda.absence import Standing
from catch.domain.meeting.items import DeferReason, ItemState
from catch.domain.meeting.listing import Missing, ReasonCode
from catch.domain.meeting.state import MeetingState, Mode


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
    amendments: list[Amendment]
    guests: list[ItemGuest]


@strawberry.type(description="The minutes of a meeting, in the order in which the items were taken.")
class Minutes(Redactable):
    started_at: datetime | None
    ended_at: datetime | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    confirmed_at_meeting_id: UUID | None
    amendments: list[Amendment] = strawberry.field(description="Of the meeting; of an item they stand in its entry.")
    present: list[Worker]
    apologies: list[Worker]
    entries: list[MinutesEntry]


@strawberry.type(description="The part of the meeting during which an agency can be there.")
class Availability:
    agency: str
    available_from: datetime
    available_until: datetime


@strawberry.type(description="The meeting was put at another time, or made longer or shorter.")
class Move:
    at: datetime
    before: datetime
    after: datetime
    minutes: int
    reason: str | None


@strawberry.type(description="The meeting was adjourned, and perhaps went on.")
class Interruption:
    at: datetime
    reason: str | None
    until: datetime | None


@strawberry.type(description="The meeting was called off.")
class Cancellation:
    at: datetime
    reason: str | None


@strawberry.type(description="Somebody sent apologies; told to those who prepare the meeting.")
class Apology:
    user: str
    agency: str
    note: str | None


@strawberry.type(description="An invitation was taken back; told to those who prepare the meeting.")
class Uninvited:
    agency: str
    user: str | None
    reason: str | None


@strawberry.type(description="What became of the meeting itself, and why.")
class Course(Redactable):
    moves: list[Move]
    cancellation: Cancellation | None
    interruptions: list[Interruption]
    apologies: list[Apology]
    withdrawn: list[Uninvited]


async def _version(root: strawberry.Parent["Meeting"]) -> int | None:
    return root.at[0] if await root.counted() else None


async def _position(root: strawberry.Parent["Meeting"]) -> Position | None:
    return root.at[1] if await root.counted() else None


@strawberry.type(description="One occurrence of a series.")
class Meeting:
    id: UUID
    state: MeetingState
    starts_at: datetime
    duration_minutes: int
    mode: Mode
    version: int | None = strawberry.field(resolver=_version, init=False)
    position: Position | None = strawberry.field(resolver=_position, init=False)
    series: str
    programme: str
    chair: Worker
    attendance: list[Attendance]
    invitations: list[Invitation]
    availability: list[Availability]
    confidentiality_statement: str | None = strawberry.field(description="That was in force when it started.")
    charter: str | None
    instant: bool = strawberry.field(description="A discussion there and then, of one case.")
    current_item: UUID | None
    content_hash: str | None
    at: strawberry.Private[tuple[int, Position]]
    counted: strawberry.Private[Callable[[], Awaitable[bool]]]
    prepared: strawberry.Private[Callable[[], Awaitable[Agenda]]]
    taken: strawberry.Private[Callable[[], Awaitable[Minutes | None]]]
    went: strawberry.Private[Callable[[], Awaitable[Course]]]

    @strawberry.field
    async def agenda(self) -> Agenda:
        return await self.prepared()

    @strawberry.field(description="Once the meeting has started.")
    async def minutes(self) -> Minutes | None:
        return await self.taken()

    @strawberry.field
    async def course(self) -> Course:
        return await self.went()


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
    counted: strawberry.Private[Callable[[], Awaitable[int | None]]]

    @strawberry.field(
        description="On all pages, for whoever sees every meeting where they look: who coordinates or audits, chairs"
        " or prepares. Null for guests, whose meetings are judged one by one when they are shown: a count of what was"
        " found would count what may not be."
    )
    async def total_count(self) -> int | None:
        # To count reads every meeting that there is: only for who asks.
        return await self.counted()


@strawberry.type(description="Something happened that concerns the meeting.")
class MeetingUpdate:
    position: Position
    event: str
    at: datetime
    by: Worker | None
    meeting: Meeting
    item: AgendaItem | None


MeetingMessage = Annotated[MeetingUpdate | Hidden | ResyncRequired | AccessEnded, strawberry.union("MeetingMessage")]

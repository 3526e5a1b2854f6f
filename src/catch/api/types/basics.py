"""What the other types are made of: who, under which programme, and what was withheld."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

import strawberry

from catch.access import RedactionReason
from catch.api.from_commands import graphql_enum
from catch.api.scalars import Position
from catch.domain.agenda_absence import Standing
from catch.domain.case.state import (
    ActionState,
    CaseState,
    GoalState,
    Priority,
    ProposalPurpose,
    ReviewDecision,
    Urgency,
)
from catch.domain.clocks import ClockState
from catch.domain.configuration import ClosureClass
from catch.domain.facts import Category, Purpose, Role
from catch.domain.meeting.items import DecisionCode, DeferReason, ItemState
from catch.domain.meeting.listing import Matter, Missing, ReasonCode, WarningCode, WhyNotPlaced
from catch.domain.meeting.state import MeetingState
from projections.agency_inbox import EntryKind

for _enum in (
    RedactionReason,
    Standing,
    ActionState,
    CaseState,
    GoalState,
    Priority,
    ProposalPurpose,
    ReviewDecision,
    Urgency,
    ClockState,
    ClosureClass,
    Category,
    Purpose,
    Role,
    DecisionCode,
    DeferReason,
    ItemState,
    Matter,
    Missing,
    ReasonCode,
    WarningCode,
    WhyNotPlaced,
    MeetingState,
    EntryKind,
):
    graphql_enum(_enum)


@strawberry.type(description="What was withheld, so that hidden is never taken for empty.")
class Redaction:
    path: str
    reason: RedactionReason


@strawberry.interface(description="Something of which parts may be withheld from the viewer.")
class Redactable:
    redactions: list[Redaction]


@strawberry.type(description="Somebody who works for an agency.")
class Worker:
    user: str
    agency: str | None


@strawberry.type(description="The adult at the centre.")
class Person:
    id: UUID
    name: str | None
    date_of_birth: str | None
    nhs_number: str | None
    communication_needs: str | None
    phone: str | None
    address: str | None
    address_protected: bool | None
    safe_channels: list[str]
    safe_times: str | None
    never: str | None


@strawberry.type(description="A standing meeting of a programme.")
class Series:
    key: str
    name: str
    duration_minutes: int
    rrule: str | None


@strawberry.type(description="A way an episode may end, and what it means for time to outcome.")
class ClosureReason:
    code: str
    label: str
    ending: ClosureClass


@strawberry.type(description="One version of the configuration under which cases run.")
class Programme:
    key: str
    version: int
    name: str
    effective_from: date
    sources: list[str]
    channels: list[str]
    series: list[Series]
    closure_reasons: list[ClosureReason]
    interventions: list[str]
    assumed: list[str] = strawberry.field(description="Settings that are proposals, not the programme's own words.")


@strawberry.input(one_of=True, description="A moment of history: as the log stood, as was known, or as was true.")
class AsAt:
    position: Position | None = strawberry.UNSET
    recorded_at: datetime | None = strawberry.UNSET
    occurred_at: datetime | None = strawberry.UNSET


class Edge(Protocol):
    cursor: str


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None

    @classmethod
    def of(cls, read: int, wanted: int, shown: Sequence[Edge]) -> "PageInfo":
        """`read` entries were found where `wanted` were asked for, of which these are shown."""
        return cls(has_next_page=read > wanted, end_cursor=shown[-1].cursor if shown else None)

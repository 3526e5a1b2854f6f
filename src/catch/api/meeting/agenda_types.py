"""An agenda: its items, why each is on it, and what did not fit."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

import strawberry
from msgspec import Struct

from catch.api.case.types import Action, Case, Decision, Discussion
from catch.api.common.scalars import Position
from catch.api.common.types import Redactable, Redaction
from catch.domain.meeting.items import DeferReason, ItemState
from catch.domain.meeting.listing import Matter, Missing, ReasonCode, WarningCode, WhyNotPlaced


@strawberry.type(description="Why a case is on the agenda, and what that rests on.")
class InclusionReason:
    code: ReasonCode
    text: str
    must: bool
    since: date | None


class Said(Struct, frozen=True):
    """What is personal about an item, as one viewer sees it."""

    discussion: Discussion | None
    decisions: list[Decision]
    actions: list[Action]
    redactions: list[Redaction]


class ItemInside(Protocol):
    """Reads what is personal about an item, and only when it is asked for."""

    async def case(self) -> Case | None: ...

    async def said(self) -> Said: ...


async def _withheld(root: strawberry.Parent["AgendaItem"]) -> list[Redaction]:
    return [*root.closed, *(await root.inside.said()).redactions]


@strawberry.type(description="One case, or one general matter. A withheld item keeps its place and its minutes.")
class AgendaItem(Redactable):
    id: UUID
    section: int
    order: int
    minutes: int
    state: ItemState
    must: bool | None
    reasons: list[InclusionReason]
    explanation: str
    number: str | None
    matter: Matter | None
    presenter: str | None
    defer_count: int | None
    opened_at: datetime | None
    closed_at: datetime | None
    deferred: DeferReason | None
    why_not_placed: WhyNotPlaced | None
    predicted_on: date | None
    inside: strawberry.Private[ItemInside]
    closed: strawberry.Private[Sequence[Redaction]]
    redactions: list[Redaction] = strawberry.field(resolver=_withheld, init=False)

    @strawberry.field
    async def case(self) -> Case | None:
        return await self.inside.case()

    @strawberry.field
    async def discussion(self) -> Discussion | None:
        return (await self.inside.said()).discussion

    @strawberry.field
    async def decisions(self) -> list[Decision]:
        return (await self.inside.said()).decisions

    @strawberry.field
    async def actions(self) -> list[Action]:
        return (await self.inside.said()).actions


@strawberry.type(description="Something the coordinator must see before the agenda is published.")
class AgendaWarning:
    code: WarningCode
    explanation: str
    case_id: UUID | None
    number: str | None
    missing: list[Missing]
    minutes_over: int


@strawberry.type(description="How many unmet needs of one kind were recorded. No names.")
class Gap:
    code: str
    count: int


@strawberry.type(description="The ordered list of items. `asOf` is the position of the facts it was drafted from.")
class Agenda:
    items: list[AgendaItem]
    overflow: list[AgendaItem]
    warnings: list[AgendaWarning]
    gaps: list[Gap]
    policy_version: str
    as_of: Position

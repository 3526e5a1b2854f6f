"""An agenda: its items, why each is on it, and what did not fit."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Protocol
from uuid import UUID

import strawberry
from msgspec import Struct

from catch.access import RedactionReason
from catch.api.case.types import Action, Amendment, Case, Decision, Discussion
from catch.api.common.scalars import Position
from catch.api.common.types import Redactable, Redaction
from catch.domain.meeting.items import DeferReason, Edit, GuestKind, ItemState, Origin
from catch.domain.meeting.listing import AppearanceBasis, Matter, Missing, ReasonCode, WarningCode, WhyNotPlaced
from catch.domain.meeting.state import InterestAction


@strawberry.type(description="Why a case is on the agenda, and what that rests on.")
class InclusionReason:
    code: ReasonCode
    text: str
    must: bool
    since: date | None


@strawberry.type(description="Somebody's interest in an item; told to those who prepare the meeting.")
class ItemInterest:
    user: str
    agency: str
    action: InterestAction
    note: str | None
    resolved_reason: str | None = strawberry.field(description="Why it no longer stands; null while it does.")


@strawberry.type(description="Somebody without an account who was there for the item: they have no rights by it.")
class ItemGuest:
    id: UUID
    kind: GuestKind
    name: str | None


@strawberry.type(description="Somebody at the table asks to speak on the open item, or speaks.")
class Hand:
    user: str
    agency: str
    since: datetime = strawberry.field(description="When they asked; of who speaks, when they were given the floor.")
    speaks: bool


@strawberry.type(description="An item was moved (places), given other minutes, or pulled from noting (sections).")
class ItemEdit:
    edit: Edit
    at: datetime
    before: int
    after: int
    reason: str | None
    by_agency: str | None


@strawberry.type(description="An action that was linked to the item, and the decision that it follows from.")
class LinkedAction:
    action_id: UUID
    owner: str
    decision_id: UUID | None


@strawberry.type(description="How an item was dealt with: why it was added, changed, opened, put off or taken off.")
class Handling:
    origin: Origin
    basis: AppearanceBasis | None
    requires: list[str]
    added_reason: str | None
    removed_reason: str | None
    edits: list[ItemEdit]
    known_by: str | None
    override_reason: str | None = strawberry.field(description="Why it was opened though nobody knew the person.")
    deferred_to: UUID | None
    deferred_note: str | None
    linked: list[LinkedAction]
    interests: list[ItemInterest]
    guests: list[ItemGuest]


class Said(Protocol):
    """What is personal about an item, as one viewer sees it."""

    @property
    def discussion(self) -> Discussion | None: ...
    @property
    def decisions(self) -> list[Decision]: ...
    @property
    def actions(self) -> list[Action]: ...
    @property
    def handling(self) -> Handling | None: ...
    @property
    def amendments(self) -> list[Amendment]: ...
    @property
    def redactions(self) -> list[Redaction]: ...


class NothingSaid(Struct, frozen=True):
    """Nothing, or nothing that is told."""

    redactions: list[Redaction]
    discussion: None = None
    decisions: list[Decision] = []
    actions: list[Action] = []
    handling: None = None
    amendments: list[Amendment] = []


class ItemInside(Protocol):
    """Reads what is personal about an item, and only when it is asked for."""

    async def case(self) -> Case | None: ...

    async def said(self) -> Said: ...
    async def withheld(self) -> RedactionReason | None: ...


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
    speaking: list[Hand] = strawberry.field(description="Whoever speaks first, then in the order of asking.")
    why_not_placed: WhyNotPlaced | None
    predicted_on: date | None
    inside: strawberry.Private[ItemInside]
    asked: strawberry.Private[Callable[[], Awaitable[list[str]]]]
    closed: strawberry.Private[Sequence[Redaction]]
    redactions: list[Redaction] = strawberry.field(resolver=_withheld, init=False)

    @strawberry.field
    async def case(self) -> Case | None:
        return await self.inside.case()

    @strawberry.field(
        description="Why it is closed as a whole; null where it is not. What is closed of it, `redactions` name."
    )
    async def withheld(self) -> RedactionReason | None:
        return await self.inside.withheld()

    @strawberry.field
    async def discussion(self) -> Discussion | None:
        return (await self.inside.said()).discussion

    @strawberry.field
    async def decisions(self) -> list[Decision]:
        return (await self.inside.said()).decisions

    @strawberry.field
    async def actions(self) -> list[Action]:
        return (await self.inside.said()).actions

    @strawberry.field(description="The mutations that the viewer may ask for about it, as the query `offered` says.")
    async def offered(self) -> list[str]:
        return await self.asked()

    @strawberry.field(description="Null where the discussion is withheld.")
    async def handling(self) -> Handling | None:
        return (await self.inside.said()).handling


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


async def _overflow(root: strawberry.Parent["Agenda"]) -> list[AgendaItem]:
    return await root.left_out()


async def _warnings(root: strawberry.Parent["Agenda"]) -> list[AgendaWarning]:
    return await root.warned()


@strawberry.type(description="The ordered list of items. `asOf` is the position of the facts it was drafted from.")
class Agenda:
    items: list[AgendaItem]
    overflow: list[AgendaItem] = strawberry.field(resolver=_overflow, init=False)
    warnings: list[AgendaWarning] = strawberry.field(resolver=_warnings, init=False)
    gaps: list[Gap]
    policy_version: str
    as_of: Position
    left_out: strawberry.Private[Callable[[], Awaitable[list[AgendaItem]]]]
    warned: strawberry.Private[Callable[[], Awaitable[list[AgendaWarning]]]]

"""A case that somebody opened in an emergency."""

from datetime import date, datetime
from uuid import UUID

import strawberry

from catch.api.common.types import PageInfo, Redactable, Worker
from catch.domain.access_grant import BreakGlassFinding, BreakGlassReason


@strawberry.type(description="What somebody else found of it. Why, in words, is for the Caldicott contact.")
class GlassReview:
    by: Worker
    at: datetime
    finding: BreakGlassFinding
    text: str | None


@strawberry.type(
    description="A case that somebody opened in an emergency. Why, in words, is for the Caldicott contact, and for"
    " whoever opened it, as long as it is open."
)
class BreakGlass(Redactable):
    id: UUID = strawberry.field(description="The opening's id at its agency, to end or review it by.")
    by: Worker
    case_id: UUID | None = strawberry.field(description="For whoever may look at the case.")
    number: str
    programme: str
    reason: BreakGlassReason
    text: str | None
    lead: Worker | None = strawberry.field(description="Who coordinated the case then, and was told.")
    opened_at: datetime
    minutes: int = strawberry.field(description="For how long it was asked.")
    until: datetime = strawberry.field(description="When it closes by itself.")
    ended_at: datetime | None = strawberry.field(description="When it was ended before its time.")
    open: bool
    review_due: date
    overdue: bool = strawberry.field(description="Nobody has looked into it, and the day for that has passed.")
    review: GlassReview | None
    may_end: bool
    may_review: bool


@strawberry.type
class BreakGlassEdge:
    cursor: str
    node: BreakGlass


@strawberry.type
class BreakGlassConnection:
    edges: list[BreakGlassEdge]
    page_info: PageInfo

"""What the person wants, and what may be told to whom."""

from datetime import date, datetime
from uuid import UUID

import strawberry

from catch.api.case.door_types import Basis
from catch.domain.case.state import AgreedBy, Agrees
from catch.domain.facts import Category


@strawberry.type(description="What the person wanted, as it was recorded then. `text`: the evidence, or why.")
class Wish:
    at: datetime
    agrees: Agrees
    by: AgreedBy | None
    scope: str | None
    text: str | None
    withdrawn: bool


@strawberry.type(description="Whether the person agrees to be supported and talked about: the careful answer.")
class Agreement:
    agrees: Agrees | None
    refused_at: datetime | None
    door_refused_at: datetime | None = strawberry.field(
        description="A referrer said that the person does not agree, and nobody has recorded otherwise since."
    )
    recorded: list[Wish]


@strawberry.type(description="What the person does not want told, and to whom (nobody named: to anybody).")
class Objection:
    id: UUID
    at: datetime | None
    categories: list[Category]
    partners: list[str]
    ground: str | None


@strawberry.type(description="A partner's part in the case.")
class Involvement:
    agency: str
    role: str
    contact: str | None = strawberry.field(description="Whom to ask for there.")
    since: datetime
    ended_at: datetime | None
    ended_reason: str | None


@strawberry.type(description="What may be told to one partner, and why.")
class Disclosure:
    id: UUID
    agency: str
    categories: list[Category]
    basis: Basis
    necessity: str | None
    authorised_at: datetime
    until: date | None
    ended_at: datetime | None
    ended_reason: str | None

"""A person who asked something of what is kept of them, as whoever answers for their data is told."""

from datetime import date
from uuid import UUID

import strawberry

from catch.api.case.types import PersonAccessRequest, PersonGround, PersonRestriction
from catch.api.common.types import PageInfo, Worker
from catch.api.erasing.types import ErasureCase
from catch.domain.processing import ToldHow


@strawberry.type(description="An agency was told that processing is restricted, or that it is so no longer.")
class RecipientTelling:
    restriction: UUID
    how: ToldHow
    told_on: date
    ended: bool = strawberry.field(description="That it is so no longer.")
    by: Worker | None = strawberry.field(description="Told to whoever answers for all that is kept of the person.")


@strawberry.type(
    description="An agency that something was disclosed to, of the cases that are listed. It is told that processing is"
    " restricted, and when that ends (article 19 of the UK GDPR)."
)
class DataRecipient:
    agency: str
    told: list[RecipientTelling]
    sees: bool = strawberry.field(
        description="Its people read a case of theirs now, and with it that it is restricted. To any other agency"
        " somebody says so."
    )


@strawberry.type(description="A person of whom somebody asked what is kept of them, or that it be restricted.")
class DataRequestPerson:
    person: UUID
    cases: list[ErasureCase] = strawberry.field(
        description="Those of programmes whose Caldicott contact the viewer is: that there is one, and no more."
    )
    access_requests: list[PersonAccessRequest]
    restrictions: list[PersonRestriction]
    grounds: list[PersonGround]
    recipients: list[DataRecipient] = strawberry.field(description="To whom they were disclosed, by now or before.")


@strawberry.type
class DataRequestEdge:
    cursor: str
    node: DataRequestPerson


@strawberry.type
class DataRequestConnection:
    edges: list[DataRequestEdge]
    page_info: PageInfo

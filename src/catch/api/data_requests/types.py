"""A person of whom somebody asked what is kept of them, as whoever answers for their data is told."""

from uuid import UUID

import strawberry

from catch.api.case.types import PersonAccessRequest
from catch.api.common.types import PageInfo
from catch.api.erasing.types import ErasureCase


@strawberry.type(description="A person of whom somebody asked what is kept of them.")
class DataRequestPerson:
    person: UUID
    cases: list[ErasureCase] = strawberry.field(
        description="Those of programmes whose Caldicott contact the viewer is: that there is one, and no more."
    )
    access_requests: list[PersonAccessRequest]


@strawberry.type
class DataRequestEdge:
    cursor: str
    node: DataRequestPerson


@strawberry.type
class DataRequestConnection:
    edges: list[DataRequestEdge]
    page_info: PageInfo

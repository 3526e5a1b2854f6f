"""A person of whom somebody asked that they be erased, as whoever answers for their data is told."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import strawberry

from catch.api.case.types import PersonErasure
from catch.api.common.types import PageInfo, Worker
from catch.domain.case.state import CaseState
from catch.domain.erasing import HoldReason


class ErasureObstacle(StrEnum):
    """What stands in its way at present. `UNREADABLE`: something of theirs cannot be read, and may be under way; `catch
    doctor` finds it.
    """

    LEGAL_HOLD = "legal-hold"
    UNDER_WAY = "under-way"
    MERGED = "merged"
    ACCESS_REQUEST = "access-request"
    RESTRICTION = "restriction"
    UNREADABLE = "unreadable"


@strawberry.type(description="Something for which all that is kept of the person must stay.")
class LegalHold:
    id: UUID
    reason: HoldReason
    by: Worker
    at: datetime
    lifted_at: datetime | None


@strawberry.type(description="A case of theirs: that there is one, and no more.")
class ErasureCase:
    number: str
    programme: str
    state: CaseState


@strawberry.type(description="A person whose erasure was asked for, or who is kept from it.")
class ErasurePerson:
    person: UUID
    cases: list[ErasureCase]
    erasures: list[PersonErasure]
    holds: list[LegalHold]
    obstacles: list[ErasureObstacle]
    erased_at: datetime | None


@strawberry.type
class ErasureEdge:
    cursor: str
    node: ErasurePerson


@strawberry.type
class ErasureConnection:
    edges: list[ErasureEdge]
    page_info: PageInfo


@strawberry.type(description="A person of whom everything has been kept long enough.")
class RetentionDue:
    person: UUID
    due_on: date
    cases: list[ErasureCase]


@strawberry.type
class RetentionEdge:
    cursor: str
    node: RetentionDue


@strawberry.type
class RetentionConnection:
    edges: list[RetentionEdge]
    page_info: PageInfo

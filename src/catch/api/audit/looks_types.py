"""Who looked at a record."""

from datetime import datetime
from uuid import UUID

import strawberry

from catch.api.common.types import PageInfo, Unreadable, Worker


@strawberry.input(one_of=True, description="Whose record: a case, or a person with all their cases.")
class Looked:
    case_id: UUID | None = strawberry.UNSET
    person_id: UUID | None = strawberry.UNSET


@strawberry.type(description="Somebody was shown something of a record, or given it. It was recorded before they were.")
class RecordedLook:
    at: datetime
    by: Worker
    channel: str = strawberry.field(
        description="`api`, `page`, `subscription`, or `terminal`, where an operator looked."
    )
    operation: str | None = strawberry.field(description="What they asked, by the name of a registered document.")
    purpose: str | None = strawberry.field(description="Why, where a reason was given.")
    break_glass: bool = strawberry.field(
        description="They had opened the case in an emergency, and may have been shown it because of that alone."
    )
    case_ids: list[UUID]
    categories: list[str] = strawberry.field(
        description="Of which categories something was shown; of none where it was no more than that there is such a"
        " case, its number and how it stands. `looks`: who else had looked."
    )
    follows: bool = strawberry.field(
        description="They followed it live from then on: until `until`, or, where that is null, for all that is known."
    )
    until: datetime | None


@strawberry.type
class RecordedLookEdge:
    cursor: str
    node: RecordedLook


@strawberry.type
class RecordedLookConnection:
    edges: list[RecordedLookEdge]
    page_info: PageInfo
    unreadable: list[Unreadable] = strawberry.field(
        description="The person's cases that cannot be read: who looked at those is not told meanwhile."
    )

"""What the other types are made of: who, under which programme, and what was withheld."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import strawberry

from catch.access import RedactionReason
from catch.api.common.scalars import Position


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

"""What the other types are made of: who, under which programme, and what was withheld."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import strawberry

from catch.access import RedactionReason
from catch.api.common.scalars import Position
from catch.log.entries import Unreadable as Problem
from catch.personal import looks


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


@strawberry.type(
    description="Something of a list that cannot be shown, because a fact of it cannot be read here. The rest of the"
    " list is whole. Whoever runs the system is told by `catch doctor` which fact it is, and what to do."
)
class Unreadable:
    id: UUID
    number: str | None = strawberry.field(description="A case's number.")
    code: str
    message: str

    @classmethod
    def of(cls, id_: UUID, number: str | None, problem: Problem) -> "Unreadable":
        looks.told(id_)
        return cls(id=id_, number=number, code=problem.code, message=problem.message)


class Edge(Protocol):
    cursor: str


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None

    @classmethod
    def after(cls, cursors: Sequence[str], wanted: int) -> "PageInfo":
        """Of what was found, shown or not, where `wanted` were asked for."""
        return cls(has_next_page=len(cursors) > wanted, end_cursor=cursors[:wanted][-1] if cursors else None)

    @classmethod
    def of(cls, read: int, wanted: int, shown: Sequence[Edge]) -> "PageInfo":
        """`read` entries were found where `wanted` were asked for, of which these are shown."""
        return cls(has_next_page=read > wanted, end_cursor=shown[-1].cursor if shown else None)

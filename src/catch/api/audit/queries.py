"""The audit trail of a case or a meeting."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from catch.access.listing import oversees
from catch.api.audit import looks_types
from catch.api.audit import types as audit_types
from catch.api.audit.looks import who_saw
from catch.api.audit.view import no_trail
from catch.api.audit.view import page as read_page
from catch.api.common import types as common_types
from catch.api.common.context import Context, Info
from catch.api.common.cursors import page_size
from catch.api.common.scalars import Position
from catch.api.engine.costs import weighs
from catch.api.meeting.queries import seen_meeting


async def trail_of(context: Context, stream: UUID, after: int, wanted: int) -> list[audit_types.AuditEntry]:
    """What the viewer may read of the stream's history behind a position, so many entries, and one more where there
    are more. Raises `UnknownCase`, or `TrailNotYours` where they see it."""
    if not oversees(context.who):
        raise await no_trail(context.reading, stream, None)
    row = await seen_meeting(context, stream)
    return await read_page(context.reading, stream, row.state if row else None, after, wanted)


@strawberry.type
class AuditQueries:
    @strawberry.field(
        description="Every fact of a case or a meeting in order, with what each changed.", metadata=weighs(50, each=2)
    )
    async def audit_trail(
        self, info: Info, stream: UUID, first: int = 50, after: Position | None = None
    ) -> audit_types.AuditEntryConnection:
        context, wanted = info.context, page_size(first)
        facts = await trail_of(context, stream, after or 0, wanted)
        edges = [audit_types.AuditEntryEdge(cursor=str(each.position), node=each) for each in facts[:wanted]]
        page = common_types.PageInfo.of(len(facts), wanted, edges)
        invented = await context.catch.log.mark.invented()
        return audit_types.AuditEntryConnection(edges=edges, page_info=page, invented=invented)

    @strawberry.field(
        description="Who was shown something of a case, or of a person: everybody, for those who audit or coordinate"
        " it; their own agency's people, for an agency with a part in it. The latest first. Asking is recorded, too.",
        metadata=weighs(50, each=1),
    )
    async def who_saw(
        self,
        info: Info,
        of: looks_types.Looked,
        from_: Annotated[datetime | None, strawberry.argument(name="from")] = None,
        to: datetime | None = None,
        first: int = 50,
        after: str | None = None,
    ) -> looks_types.RecordedLookConnection:
        return await who_saw(info.context, of, from_, to, page_size(first), after)

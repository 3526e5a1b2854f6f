"""What is told of an erasure: who asked and agreed, to the Caldicott contact alone, since a coordinator of another
programme may have been it.
"""

from catch.api.case import types
from catch.api.common.types import Worker
from catch.domain.erasing import Erasure


def erasure(held: Erasure, *, names: bool) -> types.PersonErasure:
    approved = held.approved_by is not None and names
    return types.PersonErasure(
        id=held.erasure,
        state=held.state,
        reason=held.reason,
        at=held.at,
        by=Worker(user=held.user, agency=held.agency) if names else None,
        approved_at=held.approved_at,
        approved_by=Worker(user=held.approved_by or "", agency=held.approved_for) if approved else None,
        due=held.due,
        stopped=held.stopped,
        ended_at=held.ended_at,
    )

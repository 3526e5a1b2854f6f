"""Every case as it stands: what a case page, a caseload list and the agenda's facts are read from."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

from catch.domain.case import evolve
from catch.domain.case.state import Case, CaseState
from catch.domain.facts import Recorded
from catch.domain.streams import CASE, stream_of_event

NAME = "case_summary"
VERSION = 1
INDEXES = ("programme, live", "lead_user", "person", "received_at, case_id")


class Row(Struct, frozen=True):
    """One case. `agencies` are the partners with a part in it now; `opened_at` is the position of its referral."""

    case_id: UUID
    position: int
    version: int
    opened_at: int
    programme: str
    person: UUID
    state: CaseState
    live: bool
    lead_user: str | None
    lead_agency: str | None
    agencies: tuple[str, ...]
    referrers: tuple[str, ...]
    received_at: datetime
    case: Case


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    return (recorded.stream,) if stream_of_event(recorded.event) is CASE else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row | None:
    case = evolve(row.case if row else None, recorded)
    if case is None:
        return None
    return Row(
        case_id=key,
        position=recorded.position,
        version=recorded.version,
        opened_at=row.opened_at if row else recorded.position,
        programme=case.programme,
        person=case.person,
        state=case.state,
        live=case.live,
        lead_user=case.lead.user if case.lead else None,
        lead_agency=case.lead.agency if case.lead else None,
        agencies=tuple(sorted({held.agency for held in case.involvements if held.ended_at is None})),
        referrers=tuple(sorted({held.referrer_agency for held in case.referrals})),
        received_at=case.milestones.received_at,
        case=case,
    )

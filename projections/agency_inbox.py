"""What waits for each agency: actions offered to it and not yet ended, meetings it is invited to, what was opened in an
emergency, until somebody has looked into it, and cases of which a clock has passed its deadline, for two weeks.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from catch.access.listing import carer
from catch.database import Statements
from catch.domain.access_grant import BreakGlassOpened, BreakGlassReviewed
from catch.domain.calendar import london_day
from catch.domain.case.actions import (
    ActionAccepted,
    ActionCancelled,
    ActionCompleted,
    ActionDeclined,
    ActionDueChanged,
    ActionNotPossible,
    ActionNotUndertaken,
    ActionOffered,
    ActionProgressed,
    ActionReassigned,
)
from catch.domain.case.closing import CaseClosed
from catch.domain.case.coordination import CoordinatorAllocated, CoordinatorChanged
from catch.domain.case.deadlines import ClockBreached
from catch.domain.case.eligibility import ReferralDeclined, ReferralRedirected
from catch.domain.case.state import ActionState, Priority
from catch.domain.case.voiding import CaseVoided
from catch.domain.facts import Recorded, Role, Sealed
from catch.domain.meeting.invitations import InvitationWithdrawn, MemberInvited
from catch.domain.meeting.planning import MeetingCancelled, MeetingRescheduled
from catch.domain.meeting.session import MeetingEnded, MinutesConfirmed
from catch.log.rows import load
from projections import agenda
from projections.read_model import MadeOf, ReadModel, names


class EntryKind(StrEnum):
    ACTION = "action"
    INVITATION = "invitation"
    BREAK_GLASS = "break-glass"
    """Whoever coordinates the case is told."""
    BREAK_GLASS_REVIEW = "break-glass-review"
    """A Caldicott contact looks into it: of which case it is, their list says."""
    CLOCK_BREACHED = "clock-breached"
    """Whoever coordinates the case is told, or who keeps the front door at which it waits: of a case the last one."""


TOLD_FOR = timedelta(days=14)
"""How long it is told that a clock has passed its deadline. Where it stands, the case says as long as it is so."""


class Row(Struct, frozen=True):
    """One thing that waits. Actions have a case and a due day, invitations a meeting. `agency`: for whom; what waits
    for the Caldicott contacts of a programme is theirs, whichever agency they are of (`guardians`).

    `position` and `changed_at` are of the last fact about it: where that stands in the log, and when it was recorded.
    """

    entry: UUID
    position: int
    agency: str
    kind: EntryKind
    since: datetime
    changed_at: datetime
    case_id: UUID | None = None
    action_id: UUID | None = None
    meeting_id: UUID | None = None
    title: Sealed | None = None
    state: ActionState | None = None
    due: date | None = None
    original_due: date | None = None
    mandatory: bool = False
    priority: Priority | None = None
    user_id: str | None = None
    clock: str | None = None

    def told(self, at: datetime) -> bool:
        """Whether it waits still."""
        return self.kind is not EntryKind.CLOCK_BREACHED or at < self.changed_at + TOLD_FOR

    @property
    def is_invitation(self) -> bool:
        """An action may name the meeting at which it was offered."""
        return self.kind is EntryKind.INVITATION


OF_ACTIONS = (
    ActionOffered,
    ActionAccepted,
    ActionDeclined,
    ActionReassigned,
    ActionProgressed,
    ActionCompleted,
    ActionNotPossible,
    ActionNotUndertaken,
    ActionCancelled,
    ActionDueChanged,
)

OF_CLOCKS = (
    ClockBreached,
    CoordinatorAllocated,
    CoordinatorChanged,
    ReferralDeclined,
    ReferralRedirected,
    CaseClosed,
    CaseVoided,
)
"""What says that a clock has passed, whom that concerns, and that it concerns nobody any more."""

OF_MEETINGS = (MeetingRescheduled, MeetingCancelled, MeetingEnded, MinutesConfirmed)
"""What moves every invitation to a meeting, or takes it away: their rows stay, and are read beside the meeting's."""


@lru_cache(8192)  # an action's facts follow one another, and to hash is dear
def action_entry(case: UUID, action: UUID) -> UUID:
    """The entry of an action. Its id counts inside its case: another case may have one of the same id."""
    return uuid5(case, f"action/{action}")


def invitation(meeting: UUID, agency: str, user: str | None) -> UUID:
    """The entry of an invitation."""
    return uuid5(meeting, f"invitation/{agency}/{user or ''}")


def review(stream: UUID, opening: UUID) -> UUID:
    return uuid5(stream, f"review/{opening}")


def alert(stream: UUID, opening: UUID) -> UUID:
    return uuid5(stream, f"alert/{opening}")


def clocks_of(case: UUID) -> UUID:
    return uuid5(case, "clocks")


def door(programme: str) -> str:
    """The inbox of those who keep the front door."""
    return carer(Role.COORDINATOR, programme)


def guardians(programme: str) -> str:
    """The inbox of those who look into what was opened in an emergency."""
    return carer(Role.CALDICOTT, programme)


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    event = recorded.event
    if isinstance(event, OF_ACTIONS):
        return (action_entry(recorded.stream, event.action),)
    if isinstance(event, MemberInvited | InvitationWithdrawn):
        return (invitation(recorded.stream, event.agency, event.user),)
    if isinstance(event, BreakGlassOpened | BreakGlassReviewed):
        return (review(recorded.stream, event.opening), alert(recorded.stream, event.opening))
    if isinstance(event, OF_CLOCKS):
        return (clocks_of(recorded.stream),)
    return ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row | None:
    event, at, position = recorded.event, recorded.envelope.occurred_at, recorded.position
    match event:
        case ActionOffered():
            return offered(recorded, event, key)
        case MemberInvited():
            return Row(
                entry=key,
                position=position,
                agency=event.agency,
                kind=EntryKind.INVITATION,
                since=at,
                changed_at=recorded.recorded_at,
                meeting_id=recorded.stream,
                user_id=event.user,
            )
        case BreakGlassOpened():
            return broken(recorded, event, key)
        case ClockBreached():
            return passed(recorded, event, key)
        case _:
            # An ended action waits for nobody, and neither does a withdrawn invitation.
            after = step(row, event) if row else None
            return replace(after, position=position, changed_at=recorded.recorded_at) if after else None


AGENCY_INBOX = ReadModel(
    name="agency_inbox",
    version=5,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=names((*OF_ACTIONS, *OF_CLOCKS, MemberInvited, InvitationWithdrawn, BreakGlassOpened, BreakGlassReviewed)),
    indexes=(
        "(agency, coalesce(due, 'infinity'), entry) where state is distinct from 'declined'",
        "agency, entry",
        "case_id",
        "meeting_id",
    ),
    listed=None,
    keys=keys,
    fold=fold,
    complete=None,
)
TABLE = AGENCY_INBOX.table


def offered(recorded: Recorded[Any], event: ActionOffered, entry: UUID) -> Row:
    return Row(
        entry=entry,
        position=recorded.position,
        agency=event.owner,
        kind=EntryKind.ACTION,
        since=recorded.envelope.occurred_at,
        changed_at=recorded.recorded_at,
        case_id=recorded.stream,
        action_id=event.action,
        meeting_id=event.meeting,
        title=event.title,
        state=ActionState.OFFERED,
        due=event.due,
        original_due=event.due,
        mandatory=event.mandatory,
        priority=event.priority,
        user_id=event.owner_user,
    )


def broken(recorded: Recorded[Any], event: BreakGlassOpened, entry: UUID) -> Row | None:
    """Neither why, nor whom it is about: it may be shown where others look over a shoulder."""
    row = Row(
        entry=entry,
        position=recorded.position,
        agency=guardians(event.programme),
        kind=EntryKind.BREAK_GLASS_REVIEW,
        since=recorded.envelope.occurred_at,
        changed_at=recorded.recorded_at,
        due=event.review_due,
    )
    if entry == review(recorded.stream, event.opening):
        return row
    if event.lead is None:
        return None
    told = replace(row, agency=event.lead.agency, user_id=event.lead.user, case_id=event.case, due=None)
    return replace(told, kind=EntryKind.BREAK_GLASS)


def passed(recorded: Recorded[Any], event: ClockBreached, entry: UUID) -> Row | None:
    programme = (recorded.envelope.programme or "").partition("@")[0]
    return Row(
        entry=entry,
        position=recorded.position,
        agency=event.agency or door(programme),
        kind=EntryKind.CLOCK_BREACHED,
        since=recorded.envelope.occurred_at,
        changed_at=recorded.recorded_at,
        case_id=recorded.stream,
        due=london_day(event.due_at),
        clock=event.clock,
    )


def step(row: Row, event: object) -> Row | None:
    match event:
        case ActionAccepted():
            return replace(row, state=ActionState.ACCEPTED, user_id=event.user or row.user_id)
        case ActionProgressed():
            return replace(row, state=ActionState.IN_PROGRESS)
        case ActionReassigned():
            return replace(row, state=ActionState.OFFERED, agency=event.owner, user_id=event.owner_user)
        case ActionDueChanged():
            return replace(row, due=event.due)
        case ActionDeclined():
            return replace(row, state=ActionState.DECLINED)
        case CoordinatorAllocated(worker=worker, lead=lead) | CoordinatorChanged(worker=worker, lead=lead):
            return replace(row, agency=worker.agency) if lead else row
        case _:
            return None


_BESIDE = f"""
    {TABLE} inbox left join {agenda.TABLE} meeting
        on inbox.kind = 'invitation' and meeting.meeting_id = inbox.meeting_id
"""
_TO_COME = "(inbox.kind <> 'invitation' or meeting.state <> all('{ended,minutes-confirmed,cancelled}'))"

Cursor = tuple[date, UUID]
"""Where a page of entries ended: the last one's due day (`date.max` where it has none) and its id."""


def cursor(row: Row) -> Cursor:
    return row.due or date.max, row.entry


async def of_agency(
    db: Statements, agency: str, after: Cursor | None = None, first: int = 50, user: str | None = None
) -> list[Row]:
    """What waits for the agency now, first what is due first, then invitations to meetings that are still to come.

    What it declined waits for the coordinator, not for the agency; what one of its people is invited to in person, for
    them: with `user`, other people's invitations are left out.
    """
    # By key and not by number of rows: what is answered meanwhile must not shift a page.
    due, entry = after or (None, None)
    rows = await db.fetch(
        f"""
        select inbox.* from {_BESIDE}
        where inbox.agency = $1 and inbox.state is distinct from 'declined' and {_TO_COME}
          and (inbox.kind = 'action' or inbox.user_id is null or inbox.user_id = coalesce($5, inbox.user_id))
          and (coalesce(inbox.due, 'infinity'), inbox.entry) >
            (coalesce($2::date, '-infinity'), coalesce($3::uuid, '00000000-0000-0000-0000-000000000000'))
        order by coalesce(inbox.due, 'infinity'), inbox.entry limit $4
        """,
        agency,
        due,
        entry,
        first,
        user,
    )
    return await as_moved(db, load(rows, Row))


async def as_moved(db: Statements, rows: list[Row]) -> list[Row]:
    """An invitation is to a time: it has changed where its meeting was put at another since."""
    invited = {row.meeting_id for row in rows if row.is_invitation and row.meeting_id}
    moved = await agenda.moved(db, invited) if invited else {}

    def later(row: Row) -> Row:
        position, at = moved.get(row.meeting_id, (0, row.changed_at)) if row.meeting_id else (0, row.changed_at)
        return replace(row, position=position, changed_at=at) if position > row.position else row

    return [later(row) if row.is_invitation else row for row in rows]


async def owned(db: Statements, agency: str, user: str, after: Cursor | None = None, first: int = 50) -> list[Row]:
    """Actions of one of the agency's people that have not ended, those included that were declined; first what is due
    first.
    """
    due, entry = after or (None, None)
    rows = await db.fetch(
        f"""
        select * from {TABLE} where agency = $1 and kind = 'action' and user_id = $2
          and (coalesce(due, 'infinity'), entry) >
            (coalesce($3::date, '-infinity'), coalesce($4::uuid, '00000000-0000-0000-0000-000000000000'))
        order by coalesce(due, 'infinity'), entry limit $5
        """,
        agency,
        user,
        due,
        entry,
        first,
    )
    return load(rows, Row)


async def entries(db: Statements, agencies: Iterable[str], wanted: Iterable[UUID]) -> list[Row]:
    """These entries, as far as they wait in these inboxes."""
    rows = await db.fetch(
        f"select inbox.* from {_BESIDE} where inbox.agency = any($1) and inbox.entry = any($2::uuid[]) and {_TO_COME}",
        list(agencies),
        list(wanted),
    )
    return await as_moved(db, load(rows, Row))

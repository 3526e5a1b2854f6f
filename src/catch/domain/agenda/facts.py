"""What the agenda needs to know of a case: plain values, no personal text."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from uuid import UUID

from catch.domain.facts import Part
from catch.domain.meeting.listing import AppearanceBasis, Missing, Section


class ProposalFact(Part, frozen=True, omit_defaults=True):
    """Somebody asked the meeting to talk about the case. `purpose` as proposed; `question`: whether one was put."""

    proposal: UUID
    purpose: str
    proposed_on: date
    by_agency: str
    question: bool = False
    urgent: bool = False
    requested_partners: tuple[str, ...] = ()
    earliest: date | None = None


class ActionFact(Part, frozen=True, omit_defaults=True):
    """An action that is open, or was declined and has no new owner. `left_on`: its owner's part ended. No title."""

    action: UUID
    owner: str
    due: date
    mandatory: bool = False
    declined_on: date | None = None
    left_on: date | None = None


class ClockFact(Part, frozen=True, omit_defaults=True):
    """A clock that runs. Whether it has warned or been breached is judged at the start of the meeting."""

    code: str
    started_at: datetime
    warn_at: datetime
    due_at: datetime


class Carried(Part, frozen=True, omit_defaults=True):
    """A case not reached before. `defer_count` counts every deferral, `displacements` those for want of room."""

    case: UUID
    section: Section
    defer_count: int
    since: date
    displacements: int = 0
    to_meeting: UUID | None = None


class CaseFacts(Part, frozen=True, omit_defaults=True):
    """One case as the agenda sees it.

    `visible_to` names the agencies expected at the meeting (core and invited) that may see the case.
    `ready_to_close`: no open action, goals scored, no partner objects. `planned_end` includes an extension.
    `on_hold_until`: it rests, and was to go on from that day.
    `elsewhere` is the other series of the programme that has it, where one does.
    `unmet_needs` are the codes recorded since the last meeting. `safeguarding_since` is set while a follow-up is due.
    """

    case: UUID
    number: str
    programme: str
    state: str
    live: bool
    kept_back: tuple[Missing, ...] = ()
    presenter: str | None = None
    basis: AppearanceBasis | None = None
    visible_to: frozenset[str] = frozenset()
    accepted_at: datetime | None = None
    conversation_at: datetime | None = None
    discussed_at: datetime | None = None
    last_activity_at: datetime | None = None
    on_hold_until: date | None = None
    proposals: tuple[ProposalFact, ...] = ()
    actions: tuple[ActionFact, ...] = ()
    clocks: tuple[ClockFact, ...] = ()
    plan_agreed_on: date | None = None
    review_due: date | None = None
    planned_end: date | None = None
    closure_proposed_on: date | None = None
    ready_to_close: bool = False
    safeguarding_since: date | None = None
    unmet_needs: tuple[str, ...] = ()
    carried: Carried | None = None
    elsewhere: str | None = None


def lacks(
    kept_back: Iterable[Missing],
    presenter: str | None,
    basis: AppearanceBasis | None,
    visible_to: Collection[str],
) -> tuple[Missing, ...]:
    """What a case needs before a meeting may hear it, whoever puts it forward: the rules or somebody by hand."""
    needs = {Missing.PRESENTER: presenter, Missing.BASIS: basis, Missing.AGENCY: visible_to}
    return (*kept_back, *(need for need, there in needs.items() if not there))

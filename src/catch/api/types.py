"""What the API answers with. A text that may be withheld can be null; `redactions` then names it and says why."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, Protocol
from uuid import UUID

import strawberry
from msgspec import Struct

from catch.access import RedactionReason
from catch.api.from_commands import graphql_enum
from catch.api.messages import AccessEnded, Hidden, ResyncRequired
from catch.api.scalars import Position
from catch.domain.agenda_absence import Standing
from catch.domain.case.state import (
    ActionState,
    CaseState,
    GoalState,
    Priority,
    ProposalPurpose,
    ReviewDecision,
    Urgency,
)
from catch.domain.clocks import ClockState
from catch.domain.configuration import ClosureClass
from catch.domain.facts import Category, Purpose, Role
from catch.domain.meeting.items import DecisionCode, DeferReason, ItemState
from catch.domain.meeting.listing import Matter, Missing, ReasonCode, WarningCode, WhyNotPlaced
from catch.domain.meeting.state import MeetingState
from projections.agency_inbox import EntryKind

for _enum in (
    RedactionReason,
    Standing,
    ActionState,
    CaseState,
    GoalState,
    Priority,
    ProposalPurpose,
    ReviewDecision,
    Urgency,
    ClockState,
    ClosureClass,
    Category,
    Purpose,
    Role,
    DecisionCode,
    DeferReason,
    ItemState,
    Matter,
    Missing,
    ReasonCode,
    WarningCode,
    WhyNotPlaced,
    MeetingState,
    EntryKind,
):
    graphql_enum(_enum)


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


@strawberry.type(description="The adult at the centre.")
class Person:
    id: UUID
    name: str | None
    date_of_birth: str | None
    nhs_number: str | None
    communication_needs: str | None
    phone: str | None
    address: str | None
    address_protected: bool
    safe_channels: list[str]
    safe_times: str | None
    never: str | None


@strawberry.type(description="A standing meeting of a programme.")
class Series:
    key: str
    name: str
    duration_minutes: int
    rrule: str | None


@strawberry.type(description="A way an episode may end, and what it means for time to outcome.")
class ClosureReason:
    code: str
    label: str
    ending: ClosureClass


@strawberry.type(description="One version of the configuration under which cases run.")
class Programme:
    key: str
    version: int
    name: str
    effective_from: date
    sources: list[str]
    channels: list[str]
    series: list[Series]
    closure_reasons: list[ClosureReason]
    interventions: list[str]
    assumed: list[str] = strawberry.field(description="Settings that are proposals, not the programme's own words.")


@strawberry.type(description="A request that the programme take the person on.")
class Referral:
    id: UUID
    source: str
    channel: str
    received_at: datetime
    urgency: Urgency
    needs: list[str] | None
    reason: str | None
    referrer: Worker | None


@strawberry.type(description="A person-centred conversation, held or attempted.")
class Conversation:
    id: UUID
    at: datetime
    held: bool
    what_matters: str | None
    strengths: str | None


@strawberry.type(description="The person's support plan.")
class Plan:
    id: UUID
    version: int
    agreed_at: datetime
    review_due: date
    planned_end: date
    what_matters: str | None
    strengths: str | None
    contingency: str | None
    agreed_by_person: bool
    shared_with: list[str]


@strawberry.type(description="An outcome the person wants, scored on the programme's scale.")
class Goal:
    id: UUID
    text: str | None
    domain: str
    baseline: int
    target: int
    score: int
    state: GoalState


@strawberry.type(description="A piece of work offered to a partner. `originalDue` is the promise first made.")
class Action:
    id: UUID
    title: str | None
    owner: str
    owner_user: str | None
    state: ActionState
    due: date
    original_due: date
    mandatory: bool
    priority: Priority
    intervention: str | None
    reason: str | None
    result: str | None
    meeting_id: UUID | None


@strawberry.type(description="A partner's part in the case.")
class Involvement:
    agency: str
    role: str
    since: datetime
    ended_at: datetime | None


@strawberry.type(description="What may be told to one partner.")
class Disclosure:
    id: UUID
    agency: str
    categories: list[Category]
    authorised_at: datetime
    until: date | None
    ended_at: datetime | None


@strawberry.type(description="One reading of an instrument. Instruments come with a later release; until then, none.")
class Measure:
    instrument: str
    stage: str
    administered_on: date


@strawberry.type(description="A structured check of plan and goals.")
class Review:
    id: UUID
    number: int
    due: date
    held_at: datetime | None
    decision: ReviewDecision | None
    summary: str | None


@strawberry.type(description="A named time between two facts. `ratio` is elapsed over allowed time.")
class Clock:
    code: str
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    state: ClockState
    ratio: float


@strawberry.type(description="A note for involved partners.")
class Note:
    id: UUID
    category: Category
    at: datetime
    by: Worker
    text: str | None


@strawberry.type(description="A need that no service meets.")
class UnmetNeed:
    id: UUID
    code: str
    reason: str
    locality: str | None
    met_at: datetime | None


@strawberry.type(description="Somebody asks for the case to be talked about at a meeting.")
class Proposal:
    id: UUID
    series: str
    purpose: ProposalPurpose
    by_agency: str
    question: str | None


@strawberry.type(description="How an episode closed.")
class Ending:
    reason: str
    ending: ClosureClass
    closed_on: date
    summary: str | None


@strawberry.type(description="An agency that did not agree, and its words.")
class Dissent:
    agency: str
    text: str | None


@strawberry.type(description="What the meeting agreed for a case. `inquorate`: too few agencies were there.")
class Decision:
    id: UUID
    code: DecisionCode
    at: datetime
    text: str | None
    agreed_by: list[str]
    dissent: list[Dissent]
    tell_person: Worker | None
    tell_person_by: date | None
    inquorate: bool


@strawberry.type(description="What was said about a case at a meeting.")
class Discussion:
    meeting_id: UUID
    started_at: datetime | None
    ended_at: datetime | None
    agencies: list[str]
    situation: str | None
    action_to_date: str | None
    update: str | None
    next_steps: str | None


@strawberry.type(description="One person's involvement with one programme.")
class Case(Redactable):
    id: UUID
    number: str
    state: CaseState
    episode: int
    version: int
    position: Position
    programme: Programme
    person: Person | None
    lead: Worker | None
    referral: Referral
    referrals: list[Referral]
    conversations: list[Conversation]
    plan: Plan | None
    goals: list[Goal]
    actions: list[Action]
    involvements: list[Involvement]
    disclosures: list[Disclosure]
    measures: list[Measure]
    reviews: list[Review]
    clocks: list[Clock]
    notes: list[Note]
    proposals: list[Proposal]
    discussions: list[Discussion]
    decisions: list[Decision]
    unmet_needs: list[UnmetNeed]
    endings: list[Ending]


@strawberry.type(description="Why a case is on the agenda, and what that rests on.")
class InclusionReason:
    code: ReasonCode
    text: str
    must: bool
    since: date | None


class Said(Struct, frozen=True):
    """What is personal about an item, as one viewer sees it."""

    discussion: Discussion | None
    decisions: list[Decision]
    actions: list[Action]
    redactions: list[Redaction]


class ItemInside(Protocol):
    """Reads what is personal about an item, and only when it is asked for."""

    async def case(self) -> Case | None: ...

    async def said(self) -> Said: ...


async def _withheld(root: strawberry.Parent["AgendaItem"]) -> list[Redaction]:
    return (await root.inside.said()).redactions


@strawberry.type(description="One case, or one general matter. A withheld item keeps its place and its minutes.")
class AgendaItem(Redactable):
    id: UUID
    section: int
    order: int
    minutes: int
    state: ItemState
    must: bool
    reasons: list[InclusionReason]
    explanation: str
    number: str | None
    matter: Matter | None
    presenter: str | None
    defer_count: int
    opened_at: datetime | None
    closed_at: datetime | None
    deferred: DeferReason | None
    why_not_placed: WhyNotPlaced | None
    predicted_on: date | None
    inside: strawberry.Private[ItemInside]
    redactions: list[Redaction] = strawberry.field(resolver=_withheld, init=False)

    @strawberry.field
    async def case(self) -> Case | None:
        return await self.inside.case()

    @strawberry.field
    async def discussion(self) -> Discussion | None:
        return (await self.inside.said()).discussion

    @strawberry.field
    async def decisions(self) -> list[Decision]:
        return (await self.inside.said()).decisions

    @strawberry.field
    async def actions(self) -> list[Action]:
        return (await self.inside.said()).actions


@strawberry.type(description="Something the coordinator must see before the agenda is published.")
class AgendaWarning:
    code: WarningCode
    explanation: str
    case_id: UUID | None
    number: str | None
    missing: list[Missing]
    minutes_over: int


@strawberry.type(description="How many unmet needs of one kind were recorded. No names.")
class Gap:
    code: str
    count: int


@strawberry.type(description="The ordered list of items. `asOf` is the position of the facts it was drafted from.")
class Agenda:
    items: list[AgendaItem]
    overflow: list[AgendaItem]
    warnings: list[AgendaWarning]
    gaps: list[Gap]
    policy_version: str
    as_of: Position


@strawberry.type(description="Somebody in the room, or who sent apologies.")
class Attendance:
    user: str
    agency: str
    present: bool
    accepted_confidentiality: bool
    apology: bool
    joined_at: datetime | None
    left_at: datetime | None


@strawberry.type(description="An agency asked to come: to everything, or to some items only.")
class Invitation:
    agency: str
    user: str | None
    items: list[UUID]


@strawberry.type(description="What became of one item, for the minutes.")
class MinutesEntry:
    item_id: UUID
    number: str | None
    outcome: ItemState
    minutes: float | None
    present: list[str]
    recused: list[str]
    discussion: Discussion | None
    decisions: list[Decision]
    actions_offered: int
    deferred: DeferReason | None


@strawberry.type(description="The minutes of a meeting, in the order in which the items were taken.")
class Minutes(Redactable):
    started_at: datetime | None
    ended_at: datetime | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    present: list[Worker]
    apologies: list[Worker]
    entries: list[MinutesEntry]


@strawberry.type(description="One occurrence of a series.")
class Meeting:
    id: UUID
    state: MeetingState
    starts_at: datetime
    duration_minutes: int
    version: int
    position: Position
    series: str
    programme: str
    chair: Worker
    attendance: list[Attendance]
    invitations: list[Invitation]
    current_item: UUID | None
    content_hash: str | None
    prepared: strawberry.Private[Callable[[], Awaitable[Agenda]]]
    taken: strawberry.Private[Callable[[], Awaitable[Minutes | None]]]

    @strawberry.field
    async def agenda(self) -> Agenda:
        return await self.prepared()

    @strawberry.field(description="Once the meeting has started.")
    async def minutes(self) -> Minutes | None:
        return await self.taken()


@strawberry.type(description="Where a case stands towards a meeting, and why.")
class Explanation:
    case_id: UUID
    standing: Standing
    text: str
    reasons: list[InclusionReason]
    missing: list[Missing]
    expected_on: date | None
    next_reason: ReasonCode | None
    next_reason_on: date | None


@strawberry.type(description="Something that waits for the viewer's agency.")
class InboxEntry(Redactable):
    id: UUID
    kind: EntryKind
    position: Position
    since: datetime
    case_id: UUID | None
    case_number: str | None
    meeting_id: UUID | None
    title: str | None
    state: ActionState | None
    due: date | None
    overdue_days: int | None
    mandatory: bool


@strawberry.type(description="What a fact changed in its stream. Personal text is not repeated here.")
class Change:
    path: str
    before: str | None
    after: str | None


@strawberry.type(description="One fact: when it was true, when it was recorded, who recorded it, why, what it changed.")
class AuditEntry:
    position: Position
    stream: UUID
    version: int
    event: str
    occurred_at: datetime
    recorded_at: datetime
    by: Worker
    role: Role
    on_behalf_of: str | None
    purpose: Purpose
    programme: str | None
    meeting_id: UUID | None
    command_id: UUID
    changes: list[Change]


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class CaseEdge:
    cursor: str
    node: Case


@strawberry.type
class CaseConnection:
    edges: list[CaseEdge]
    page_info: PageInfo


@strawberry.type
class MeetingEdge:
    cursor: str
    node: Meeting


@strawberry.type
class MeetingConnection:
    edges: list[MeetingEdge]
    page_info: PageInfo


@strawberry.type
class InboxEdge:
    cursor: str
    node: InboxEntry


@strawberry.type
class InboxConnection:
    edges: list[InboxEdge]
    page_info: PageInfo


@strawberry.type
class AuditEntryEdge:
    cursor: str
    node: AuditEntry


@strawberry.type
class AuditEntryConnection:
    edges: list[AuditEntryEdge]
    page_info: PageInfo


@strawberry.type(description="The curve at one day. `survival` (Kaplan-Meier): the share not yet ended in any way.")
class CurvePoint:
    days: float
    at_risk: int
    achieved: int
    competing: int
    censored: int
    survival: float
    lower: float | None
    upper: float | None
    incidence: float = strawberry.field(
        description="Aalen-Johansen: the share that has reached the outcome, other endings counted for what they are."
    )


@strawberry.type(description="How many episodes were still under observation on a day.")
class AtRisk:
    days: int
    count: int


@strawberry.type(description="Time from referral to outcome, open episodes censored; the naive mean stands beside it.")
class TimeToOutcome:
    median_days: float | None
    not_reached: bool
    curve: list[CurvePoint]
    at_risk: list[AtRisk]
    achieved: int
    censored: int
    competing: int
    naive_closed_mean_days: float | None = strawberry.field(
        description="The mean over closed episodes only: what a spreadsheet says. Open ones make it too short."
    )
    cut_off: Position


@strawberry.type(description="Who asks, and what they may do.")
class Viewer:
    user: str
    agency: str
    roles: list[Role]
    may: list[str] = strawberry.field(description="The mutations open to this role; each also depends on the case.")


@strawberry.input(one_of=True, description="A moment of history: as the log stood, as was known, or as was true.")
class AsAt:
    position: Position | None = strawberry.UNSET
    recorded_at: datetime | None = strawberry.UNSET
    occurred_at: datetime | None = strawberry.UNSET


@strawberry.input(description="Which cases. Everything left out does not narrow.")
class CaseFilter:
    programme: str | None = None
    states: list[CaseState] | None = None
    live: bool | None = None
    lead: str | None = None
    agency: str | None = None


@strawberry.type(description="Something happened that concerns the meeting.")
class MeetingUpdate:
    position: Position
    event: str
    at: datetime
    by: Worker | None
    meeting: Meeting
    item: AgendaItem | None


@strawberry.type(description="Something happened that concerns the case.")
class CaseUpdate:
    position: Position
    event: str
    at: datetime
    by: Worker | None
    case: Case


@strawberry.type(description="Something happened that concerns the agency's inbox; null once an entry is gone.")
class InboxUpdate:
    position: Position
    event: str
    at: datetime
    entry_id: UUID | None
    entry: InboxEntry | None


MeetingMessage = Annotated[MeetingUpdate | Hidden | ResyncRequired | AccessEnded, strawberry.union("MeetingMessage")]
CaseMessage = Annotated[CaseUpdate | Hidden | ResyncRequired | AccessEnded, strawberry.union("CaseMessage")]
InboxMessage = Annotated[InboxUpdate | Hidden | ResyncRequired | AccessEnded, strawberry.union("InboxMessage")]

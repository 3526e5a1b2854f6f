"""A case and everything that is part of it."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry

from catch.api.common.messages import AccessEnded, Hidden, ResyncRequired
from catch.api.common.scalars import Position
from catch.api.common.types import PageInfo, Redactable, Redaction, Unreadable, Worker
from catch.api.programme.types import Programme
from catch.domain.case.state import (
    ActionState,
    CaseState,
    GoalState,
    Priority,
    ProposalPurpose,
    ReviewDecision,
    Urgency,
)
from catch.domain.facts import Category, Tag
from catch.domain.meeting.items import DecisionCode
from catch.domain.programme.clocks import ClockState
from catch.domain.programme.configuration import ClosureClass
from catch.domain.restricted import CriterionMet, SafeguardingOutcome


@strawberry.type(description="The adult at the centre.")
class Person:
    id: UUID
    name: str | None
    date_of_birth: str | None
    nhs_number: str | None
    communication_needs: str | None
    phone: str | None
    address: str | None
    address_protected: bool | None
    safe_channels: list[str]
    safe_times: str | None
    never: str | None


@strawberry.type(description="The person as whoever referred them described them; `Case.person` may say otherwise.")
class Described:
    name: str | None
    date_of_birth: str | None
    nhs_number: str | None
    phone: str | None
    address: str | None


@strawberry.type(description="A request that the programme take the person on.")
class Referral:
    id: UUID
    source: str
    channel: str
    received_at: datetime
    urgency: Urgency | None
    needs: list[str] | None
    reason: str | None
    referrer: Worker | None
    unverified_organisation: str | None = strawberry.field(
        description="Whom whoever referred says they are from, where it is no partner. Nobody has checked it."
    )
    reference: str | None = strawberry.field(description="The sender's own number of it: `casesByReference` finds it.")
    described: Described | None


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
    outer_due_at: datetime | None = strawberry.field(description="The latest that the programme allows, if it says so.")
    stopped_at: datetime | None
    state: ClockState
    ratio: float


@strawberry.type(description="A note for involved partners; one with a `tag` for those who may see what is restricted.")
class Note:
    id: UUID
    category: Category
    tag: Tag | None
    at: datetime
    by: Worker
    text: str | None


@strawberry.type(description="A safeguarding concern, for those who may see what is restricted.")
class SafeguardingConcern:
    id: UUID
    at: datetime
    by: Worker
    text: str | None
    needs_care: CriterionMet
    at_risk: CriterionMet
    cannot_protect_themselves: CriterionMet
    immediate_danger: bool
    raised_to: str | None
    reference: str | None
    persons_wish: str | None
    outcome: SafeguardingOutcome | None
    outcome_at: datetime | None
    outcome_text: str | None


@strawberry.type(description="Somebody who is kept out of the case; told to those who coordinate it.")
class Recusal:
    user: str
    agency: str
    since: datetime
    resolved_at: datetime | None


@strawberry.type(description="Whether and how the person can be reached safely: the most careful answer so far.")
class SafeContact:
    ok: bool
    how: str | None
    not_when: str | None


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


@strawberry.type(description="Why the person was not taken on, and where they were led instead, if they were.")
class Answered:
    reason: str
    explanation: str | None
    agency: str | None
    programme: str | None


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
    episode: int | None
    version: int | None
    position: Position | None
    programme: Programme
    person: Person | None
    lead: Worker | None
    safe_contact: SafeContact | None
    referral: Referral
    referrals: list[Referral]
    answered: Answered | None
    conversations: list[Conversation]
    plan: Plan | None
    goals: list[Goal]
    actions: list[Action]
    involvements: list[Involvement]
    disclosures: list[Disclosure]
    measures: list[Measure]
    reviews: list[Review]
    clocks: list[Clock]
    notes: list[Note] = strawberry.field(
        description="The latest ones by time. Where there are more, `redactions` names `notes.earlier`: see `notes`."
    )
    concerns: list[SafeguardingConcern]
    recusals: list[Recusal]
    proposals: list[Proposal]
    discussions: list[Discussion]
    decisions: list[Decision]
    unmet_needs: list[UnmetNeed]
    endings: list[Ending]


@strawberry.type(description="A live case of somebody who may be the same person: whom to ask, how to reach them.")
class Match:
    number: str
    lead: Worker | None
    safe_contact: SafeContact | None


@strawberry.type(description="What the viewer's own look found. An hour later it is shown no more: look again.")
class Matches:
    looked_at: datetime
    found: list[Match]
    more: bool = strawberry.field(description="So many have this in common that some are left out: it says little.")


@strawberry.input(description="Which cases. Everything left out does not narrow.")
class CaseFilter:
    programme: str | None = None
    states: list[CaseState] | None = None
    live: bool | None = None
    lead: str | None = None
    agency: str | None = None
    number: str | None = strawberry.field(default=None, description="The number that people call the case by.")


class CaseOrder(Enum):
    """In which order cases are listed: by when their referrals, as shown, were received."""

    OLDEST_FIRST = "oldest-first"
    NEWEST_FIRST = "newest-first"


@strawberry.type
class CaseEdge:
    cursor: str
    node: Case


@strawberry.type
class NoteEdge:
    cursor: str
    node: Note


@strawberry.type
class NoteConnection:
    edges: list[NoteEdge]
    page_info: PageInfo
    redactions: list[Redaction]


@strawberry.type(
    description="A page of cases, without a `totalCount`: what is found is judged case by case when it is shown, and a"
    " count of what was found would count what may not be."
)
class CaseConnection:
    edges: list[CaseEdge]
    page_info: PageInfo
    unreadable: list[Unreadable] = strawberry.field(description="Cases of this page that cannot be shown.")


@strawberry.type(description="Something happened that concerns the case.")
class CaseUpdate:
    position: Position
    event: str
    at: datetime
    by: Worker | None
    case: Case


CaseMessage = Annotated[CaseUpdate | Hidden | ResyncRequired | AccessEnded, strawberry.union("CaseMessage")]

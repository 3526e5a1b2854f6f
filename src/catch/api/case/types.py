"""A case and everything that is part of it."""

from datetime import date, datetime
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry

from catch.access import Lookers
from catch.api.case.door_types import Acceptance, Answered, Referral, SafeContact
from catch.api.case.sharing_types import Agreement, Disclosure, Involvement, Objection
from catch.api.common.messages import AccessEnded, Hidden, ResyncRequired
from catch.api.common.scalars import Position
from catch.api.common.types import PageInfo, Redactable, Redaction, Unreadable, Worker
from catch.api.programme.types import Programme
from catch.domain.case.next_step import Adrift, StepFrom
from catch.domain.case.state import (
    ActionState,
    CaseState,
    ConversationFormat,
    EntryField,
    EscalatedTo,
    Experience,
    GoalResult,
    GoalState,
    KindOfEntry,
    MeasureMode,
    MessageChannel,
    Priority,
    ProposalPurpose,
    RelationRole,
    ReviewDecision,
    RiskLevel,
    Turn,
    VoidReason,
    WhyNot,
    WithdrawReason,
)
from catch.domain.erasing import ErasureReason, ErasureState, StopReason
from catch.domain.facts import Category, Tag
from catch.domain.meeting.items import DecisionCode
from catch.domain.merging import MergeState
from catch.domain.person import DeathSource, PersonDetail, ProtectionReason
from catch.domain.processing import LiftReason, RestrictionReason, RestrictionRefusal, RestrictionState, UseGround
from catch.domain.programme.clocks import ClockState
from catch.domain.programme.configuration import ClosureClass
from catch.domain.restricted import CriterionMet, SafeguardingOutcome
from catch.domain.subject_access import AccessState, AskedBy, ExtensionReason, RefusalReason


@strawberry.type(description="Details of the person were put right, and why. What they were before: `asAt`.")
class Correction:
    at: datetime
    details: list[PersonDetail]
    reason: str | None


@strawberry.type(description="The person has died. Nothing is to be sent to them.")
class Death:
    on: date
    source: DeathSource


@strawberry.type(description="A case of the other registration, as far as you see it.")
class MergedCase:
    id: UUID
    number: str
    state: CaseState
    lead: Worker | None


@strawberry.type(
    description="Somebody said that this registration and another are one: told to who coordinates a case of each."
)
class PersonMerge:
    id: UUID
    state: MergeState
    survivor: UUID = strawberry.field(description="Under whom they go on.")
    other: UUID = strawberry.field(description="The other registration.")
    other_name: str | None
    other_date_of_birth: str | None
    cases: list[MergedCase]
    reason: str | None
    by: Worker
    at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    because: str | None = strawberry.field(description="Why it was refused or taken back.")


@strawberry.type(description="Somebody asked that the person be erased, and what became of it.")
class PersonErasure:
    id: UUID
    state: ErasureState
    reason: ErasureReason
    at: datetime
    by: Worker | None = strawberry.field(description="Who asked: told to the Caldicott contact alone.")
    approved_at: datetime | None
    approved_by: Worker | None = strawberry.field(description="Likewise.")
    due: datetime | None = strawberry.field(description="When it is carried out: until then it can be taken back.")
    stopped: StopReason | None = strawberry.field(description="Why it was refused or taken back.")
    ended_at: datetime | None


@strawberry.type(description="Somebody asked what is kept of the person, and what became of it.")
class PersonAccessRequest:
    id: UUID
    state: AccessState
    asked_by: AskedBy
    received_on: date
    due: date = strawberry.field(description="The last day on which it is answered in time.")
    overdue: bool = strawberry.field(description="It was not answered in time, or has not been yet.")
    by: Worker | None = strawberry.field(
        description="Who wrote it down: told to the Caldicott contact of all their programmes alone."
    )
    extended: ExtensionReason | None = strawberry.field(description="Why it takes longer than a month.")
    extended_told_on: date | None
    refused: RefusalReason | None = strawberry.field(description="Why it was not given.")
    ended_on: date | None = strawberry.field(description="When it was given, or refused.")


@strawberry.type(
    description="What is kept of the person is restricted: it is kept, and nothing else is done with it, but to put it"
    " right and to protect somebody."
)
class RestrictionBanner:
    since: date
    stopped: bool = strawberry.field(description="False while a ground is named on which it is used all the same ...")
    until: date | None = strawberry.field(description="... up to and on this day.")


@strawberry.type(description="The person asked that what is kept of them be restricted, and what became of it.")
class PersonRestriction:
    id: UUID
    state: RestrictionState
    reason: RestrictionReason
    received_on: date
    due: date = strawberry.field(description="The last day on which it is decided in time.")
    overdue: bool
    by: Worker | None = strawberry.field(
        description="Who wrote it down: told to the Caldicott contact of all their programmes alone."
    )
    told_on: date | None = strawberry.field(description="When the person was last told of it.")
    refused: RestrictionRefusal | None
    lifted: LiftReason | None
    ended_at: datetime | None


@strawberry.type(description="A ground on which something is done with what is restricted.")
class PersonGround:
    id: UUID
    ground: UseGround
    until: date
    holds: bool
    by: Worker | None = strawberry.field(description="Likewise.")
    at: datetime
    withdrawn_at: datetime | None


@strawberry.type(description="The adult at the centre. What keeps them safe stands first.")
class Person:
    id: UUID
    merges: list[PersonMerge]
    erasures: list[PersonErasure] = strawberry.field(
        description="That somebody asked that they be erased, and what became of it: told to who coordinates the case."
    )
    access_requests: list[PersonAccessRequest] = strawberry.field(
        description="That somebody asked what is kept of them, and by when it is due: told to who coordinates the case."
    )
    restriction: RestrictionBanner | None = strawberry.field(
        description="Processing is restricted: read it before anything is done. Told to all who see the case."
    )
    restrictions: list[PersonRestriction] = strawberry.field(description="Told to who coordinates the case.")
    grounds: list[PersonGround] = strawberry.field(description="Likewise: on what it was used all the same.")
    safe_contact: SafeContact | None = strawberry.field(
        description="Read it before a telephone number or an address is used: the answer that stands in this case."
    )
    death: Death | None
    death_withdrawn: str | None = strawberry.field(description="It was recorded that they had died, wrongly: why.")
    address_protected: bool | None
    address_protected_because: ProtectionReason | None
    safe_channels: list[str]
    safe_times: str | None
    never: str | None
    provisional: bool | None = strawberry.field(description="Who they are is not settled yet.")
    name: str | None
    date_of_birth: str | None
    nhs_number: str | None
    communication_needs: str | None
    phone: str | None
    address: str | None
    identity_corrections: list[Correction]
    contact_corrections: list[Correction]


@strawberry.type(description="A person-centred conversation, held or attempted.")
class Conversation:
    id: UUID
    at: datetime
    held: bool
    format: ConversationFormat
    what_matters: str | None
    strengths: str | None
    needs: list[str]
    communication_needs: str | None
    for_meeting: bool = strawberry.field(description="False: information and support were enough.")
    outcome: str | None = strawberry.field(description="Of an attempt that did not reach the person.")


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
    how_agreed: str | None
    shared_with: list[str]
    no_goals_reason: str | None
    extensions: int = strawberry.field(description="How often its end was put off.")


@strawberry.type(description="An outcome the person wants, scored on the programme's scale.")
class Goal:
    id: UUID
    text: str | None
    domain: str
    baseline: int
    target: int
    score: int
    stage: str | None
    scored_at: datetime | None
    state: GoalState
    ended_at: datetime | None
    person_states_so: bool = strawberry.field(description="It was reached as the person says, whatever its score.")
    reason: str | None = strawberry.field(description="Why it was given up.")


@strawberry.type(description="How an action was getting on.")
class Progress:
    id: UUID
    at: datetime
    note: str | None
    percent: int | None


@strawberry.type(
    description="An action was answered, handed on or moved: whose it was and when it was due until then, and why."
)
class ActionTurn:
    turn: Turn
    at: datetime
    owner: str
    due: date
    reason: str | None
    counter_due: date | None


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
    service: str | None
    offered_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    percent: int | None
    counter_due: date | None = strawberry.field(description="The day that its owner proposed instead.")
    reason: str | None
    result: str | None
    outcome: str | None
    completed_on: date | None
    meeting_id: UUID | None
    decision_id: UUID | None
    progress: list[Progress]
    turns: list[ActionTurn]


@strawberry.type(description="One answer: the item's number, from 1, and what was ticked.")
class Reading:
    item: int
    score: int


@strawberry.type(
    description="One time that an instrument was used, as the server scored it. `rawTotal` is null where an item is"
    " missing or items are never added up; `metricTotal` is what it stands for, where the instrument has a table."
)
class Measure:
    id: UUID
    instrument: str
    stage: str
    administered_on: date
    mode: MeasureMode
    language: str
    complete: bool
    raw_total: int | None
    metric_total: float | None
    out_of_window: bool
    readings: list[Reading] = strawberry.field(description="For those who coordinate the case.")
    reference: str | None


@strawberry.type(description="An instrument was not used at a stage, and why.")
class Unmeasured:
    instrument: str
    stage: str
    why: WhyNot
    at: datetime
    reason: str | None


@strawberry.type(description="A structured check of plan and goals.")
class Review:
    id: UUID
    number: int
    due: date
    held_at: datetime | None
    decision: ReviewDecision | None
    agreement_confirmed: bool
    summary: str | None
    next_due: date | None


@strawberry.type(description="A named time between two facts. `ratio` is elapsed over allowed time.")
class Clock:
    code: str
    started_at: datetime
    due_at: datetime
    outer_due_at: datetime | None = strawberry.field(description="The latest that the programme allows, if it says so.")
    stopped_at: datetime | None
    state: ClockState
    ratio: float
    warned_at: datetime | None = strawberry.field(description="When it came near its deadline, once that is recorded.")
    breached_at: datetime | None = strawberry.field(
        description="When it passed its deadline, once that is recorded: that stays, also where it turns out later, and"
        " `state` says, that all had come in time."
    )


@strawberry.type(
    description="The next day in a live case, and what it comes from. `adrift`: there is none, and why; then `on` is"
    " the last that has passed, where there was one."
)
class NextStep:
    on: date | None
    step: StepFrom | None
    adrift: Adrift | None


@strawberry.type(description="A note for involved partners; one with a `tag` for those who may see what is restricted.")
class Note:
    id: UUID
    category: Category
    tag: Tag | None
    at: datetime
    by: Worker
    audience: list[str] = strawberry.field(description="The partners it is addressed to; none: all who see its kind.")
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
    by_other: bool = strawberry.field(description="Declared by somebody else.")
    reason: str | None
    meeting_id: UUID | None
    item_id: UUID | None
    resolved_at: datetime | None
    resolved_reason: str | None


@strawberry.type(description="Who coordinates the case from then on, and why; told to those who coordinate it.")
class Allocation:
    at: datetime
    worker: Worker
    lead: bool
    before: Worker | None
    reason: str | None
    handover_note: str | None


@strawberry.type(description="A kind of help that began, and which agency gives it.")
class Intervention:
    id: UUID
    intervention: str
    provider: str
    since: datetime
    action_id: UUID | None = strawberry.field(description="The action by which it was agreed.")
    ended_at: datetime | None
    outcome: str | None
    reason: str | None


@strawberry.type(description="What somebody was asked for, by when, and what they answered.")
class InformationRequest:
    id: UUID
    whom: str | None
    what: str | None
    asked_at: datetime
    due: date
    received_at: datetime | None
    text: str | None
    of_referrer: bool = strawberry.field(description="Of whoever referred: clocks may stand still until the answer.")


@strawberry.type(description="What might go wrong, as it was found last. Without `reviewOn` it is no risk any more.")
class Risk:
    id: UUID
    kind: str
    level: RiskLevel
    mitigation: str | None
    since: datetime
    looked_at: datetime
    review_on: date | None


@strawberry.type(description="Somebody around the person, and whether the case may be talked about with them.")
class Relation:
    id: UUID
    role: RelationRole
    whom: str | None
    safe_to_discuss: bool
    since: datetime
    ended_at: datetime | None = strawberry.field(description="Since when that holds no more.")
    reason: str | None = strawberry.field(description="Why it holds no more.")


@strawberry.type(description="The case was taken to somebody who can do more.")
class Escalation:
    id: UUID
    to: EscalatedTo
    at: datetime
    reason: str | None


@strawberry.type(description="An agency that referred was told how it went; told to those who coordinate the case.")
class MessageBack:
    id: UUID
    agency: str
    channel: MessageChannel
    sent_on: date
    failed_at: datetime | None
    reason: str | None
    acknowledged_at: datetime | None


@strawberry.type(description="How the person found it.")
class Feedback:
    id: UUID
    experience: Experience
    at: datetime
    text: str | None
    may_publish: bool


@strawberry.type(description="The case rested. `expectedResume`: the day on which it was to go on.")
class Pause:
    id: UUID
    since: datetime
    expected_resume: date
    resumed_at: datetime | None
    reason: str | None
    explanation: str | None


@strawberry.type(description="An entry was put right: which of its fields, and why. What it said before, `asAt` tells.")
class EntryCorrection:
    id: UUID
    kind: KindOfEntry
    entry_id: UUID
    field: EntryField
    at: datetime
    by: Worker
    reason: str | None


@strawberry.type(
    description="Somebody asked that an entry be withdrawn. Until `answeredAt` it waits for somebody else's answer; "
    "then the entry is withdrawn, or `refusedReason` says why not."
)
class EntryWithdrawal:
    id: UUID
    kind: KindOfEntry
    entry_id: UUID
    reason: WithdrawReason
    explanation: str | None
    by: Worker
    at: datetime
    answered_at: datetime | None
    refused_reason: str | None


@strawberry.type(
    description="Somebody asked that the case be voided. Until `answeredAt` it waits for somebody else's answer; then "
    "the case is voided, or `refusedReason` says why not."
)
class Voiding:
    id: UUID
    reason: VoidReason
    explanation: str | None
    by: Worker
    at: datetime
    answered_at: datetime | None
    refused_reason: str | None


@strawberry.type(description="One of the programme's own milestones that the case came to, and when.")
class Reached:
    id: UUID
    milestone: str
    at: datetime


@strawberry.type(description="The case was moved from one version of its programme to another.")
class MovedVersion:
    from_version: int
    to_version: int
    at: datetime
    reason: str | None


@strawberry.type(
    description="The case is or was handed over to another programme: offered, withdrawn, or taken on there when it"
    " closed here. Which case that is stands with that case, for those who see it."
)
class Transfer:
    id: UUID
    at: datetime
    reason: str | None
    withdrawn_at: datetime | None
    withdrawn_reason: str | None
    done_at: datetime | None


@strawberry.type(
    description="Money from a fund of the programme that was asked for, in pence. It waits until it is approved or"
    " declined; `paidOn` is the day on which it was paid."
)
class FundAward:
    id: UUID
    fund: str
    pence: int
    purpose: str | None
    payee: str | None
    at: datetime
    by: Worker
    approved_at: datetime | None
    declined_at: datetime | None
    declined_reason: str | None
    answered_by: Worker | None
    paid_on: date | None


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
    presenter: Worker
    proposed_at: datetime
    question: str | None
    requested_partners: list[str]
    earliest: date | None
    person_informed: bool
    not_informed_reason: str | None
    withdrawn: bool
    withdrawn_reason: str | None


@strawberry.type(description="How one goal stood when the episode closed.")
class GoalOutcome:
    goal_id: UUID
    result: GoalResult


@strawberry.type(description="Days from the referral to each step of the episode; null where the step never came.")
class Measured:
    closed: int
    conversation: int | None
    discussed: int | None
    plan: int | None


@strawberry.type(description="Somebody proposed to close the case.")
class ClosureProposal:
    at: datetime
    reason: str
    summary: str | None


@strawberry.type(description="The case was opened again.")
class Reopening:
    episode: int
    at: datetime
    reason: str | None


@strawberry.type(description="How an episode closed.")
class Ending:
    reason: str
    ending: ClosureClass
    closed_on: date
    closed_at: datetime
    summary: str | None
    outcomes: list[GoalOutcome]
    message_back_to: list[str]
    ongoing_plan: str | None
    feedback_invited: bool
    measured: Measured | None


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
    not_told_reason: str | None
    inquorate: bool


@strawberry.type(description="What minutes should have said. What they say stays as it was.")
class Amendment:
    id: UUID
    at: datetime
    by: str
    text: str | None
    at_meeting_id: UUID | None = strawberry.field(description="Where it was agreed to amend them.")


@strawberry.type(description="What was said about a case at a meeting, and what its minutes should have said.")
class Discussion:
    meeting_id: UUID
    item_id: UUID
    started_at: datetime | None
    ended_at: datetime | None
    agencies: list[str]
    situation: str | None
    action_to_date: str | None
    update: str | None
    next_steps: str | None
    amendments: list[Amendment]


@strawberry.type(description="One person's involvement with one programme. What keeps the person safe stands first.")
class Case(Redactable):
    id: UUID
    number: str
    safe_contact: SafeContact | None
    agreement: Agreement | None
    objections: list[Objection]
    state: CaseState
    episode: int | None
    version: int | None
    position: Position | None
    programme: Programme
    person: Person | None
    lead: Worker | None
    clinical: Worker | None
    allocations: list[Allocation]
    referral: Referral
    referrals: list[Referral]
    age_warning: bool | None = strawberry.field(description="The age is not one that the programme is for.")
    accepted: Acceptance | None
    answered: Answered | None
    conversations: list[Conversation]
    plan: Plan | None
    goals: list[Goal]
    actions: list[Action]
    involvements: list[Involvement]
    disclosures: list[Disclosure]
    disclosures_to_review: bool | None = strawberry.field(
        description="The agreement was withdrawn while disclosures were open: each waits to be looked at again."
    )
    measures: list[Measure]
    unmeasured: list[Unmeasured]
    interventions: list[Intervention]
    requests: list[InformationRequest]
    risks: list[Risk]
    relations: list[Relation]
    reached: list[Reached]
    moves: list[MovedVersion]
    transfers: list[Transfer]
    fund_awards: list[FundAward]
    escalations: list[Escalation]
    messages_back: list[MessageBack]
    feedback: list[Feedback]
    reviews: list[Review]
    clocks: list[Clock]
    next_step: NextStep | None = strawberry.field(description="Null where the case is not live: nothing comes.")
    on_hold: bool | None = strawberry.field(description="The case rests: the last of its pauses has not ended.")
    pauses: list[Pause]
    notes: list[Note] = strawberry.field(
        description="The latest ones by time. Where there are more, `redactions` names `notes.earlier`: see `notes`."
    )
    concerns: list[SafeguardingConcern]
    corrections: list[EntryCorrection] = strawberry.field(description="Of the entries that are told to the viewer.")
    withdrawals: list[EntryWithdrawal] = strawberry.field(
        description="Who asked that an entry be withdrawn, and what was answered: told to those who coordinate it."
    )
    voidings: list[Voiding] = strawberry.field(
        description="Who asked that the case be voided, and what was answered: told to those who coordinate it."
    )
    recusals: list[Recusal]
    proposals: list[Proposal]
    past_proposals: list[Proposal]
    discussions: list[Discussion]
    decisions: list[Decision]
    unmet_needs: list[UnmetNeed]
    closure_proposed: ClosureProposal | None
    endings: list[Ending]
    reopenings: list[Reopening]
    lookers: Lookers | None = strawberry.field(description="Of whom `whoSaw` tells the viewer that they looked.")


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
    adrift: bool | None = strawberry.field(
        default=None,
        description="True: of live cases whose next step is shown, those that have none. Some are looked through at a"
        " time: a page may be short, or empty, and others follow all the same.",
    )


class CaseOrder(Enum):
    """In which order cases are listed. OLDEST_FIRST, NEWEST_FIRST: by when their referrals, as shown, were received.
    NUMBER: by number. LATEST_CHANGE_FIRST: those whose every change is shown, to whoever coordinates them. DUE_FIRST:
    those with a plan that is shown to the viewer as coordinator, auditor or organiser of a meeting, by the day on which
    it is to be reviewed or ends, whichever is first. What is not shown puts nothing in order: other cases are not on
    these two lists.
    """

    OLDEST_FIRST = "oldest-first"
    NEWEST_FIRST = "newest-first"
    NUMBER = "number"
    LATEST_CHANGE_FIRST = "latest-change-first"
    DUE_FIRST = "due-first"


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

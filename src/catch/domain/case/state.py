"""A case: one person's involvement with one programme, and where its history leaves it.

The modules beside this one tell the story a subject at a time, each reading downwards (what happened, what may be
asked, what can be refused, what we answer, where it leaves us); `__init__` names them in order. This module holds what
they all build.
"""

from datetime import UTC, date, datetime
from enum import StrEnum
from uuid import UUID, uuid5

from catch.domain.calendar import london_day
from catch.domain.facts import Category, Part, Sealed
from catch.domain.instruments import Reading
from catch.domain.meeting.items import Amendment, Decision
from catch.domain.meeting.listing import Missing
from catch.domain.plain import Code, Key, Made, Pence, UserId
from catch.domain.programme.configuration import ClosureClass


class CaseState(StrEnum):
    """Where a case stands; always folded from its facts, never set."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REDIRECTED = "redirected"
    CONVERSATION_HELD = "conversation-held"
    AWAITING_MEETING = "awaiting-meeting"
    IN_SUPPORT = "in-support"
    IN_REVIEW = "in-review"
    CLOSING = "closing"
    CLOSED = "closed"
    VOIDED = "voided"


NOT_LIVE = frozenset({CaseState.DECLINED, CaseState.REDIRECTED, CaseState.CLOSED, CaseState.VOIDED})


class Urgency(StrEnum):
    ROUTINE = "routine"
    SOON = "soon"
    URGENT = "urgent"


class Agrees(StrEnum):
    """The person's own answer. `UNABLE`: they cannot decide at present; say why in the evidence."""

    YES = "yes"
    NO = "no"
    UNABLE = "unable"


class AgreedBy(StrEnum):
    """Who spoke for the person."""

    PERSON = "person"
    ATTORNEY = "attorney"
    BEST_INTERESTS = "best-interests"


class LegalBasis(StrEnum):
    """The basis under UK GDPR article 6 on which information is shared."""

    CONSENT = "6-1-a"
    LEGAL_OBLIGATION = "6-1-c"
    VITAL_INTERESTS = "6-1-d"
    PUBLIC_TASK = "6-1-e"
    LEGITIMATE_INTERESTS = "6-1-f"


class SpecialCategoryBasis(StrEnum):
    """The condition under UK GDPR article 9 for special category information."""

    EXPLICIT_CONSENT = "9-2-a"
    VITAL_INTERESTS = "9-2-c"
    SUBSTANTIAL_PUBLIC_INTEREST = "9-2-g"
    HEALTH_OR_SOCIAL_CARE = "9-2-h"


class CommonLawBasis(StrEnum):
    """The basis under the common law duty of confidentiality."""

    EXPLICIT_CONSENT = "explicit-consent"
    IMPLIED_CONSENT = "implied-consent"
    OVERRIDING_PUBLIC_INTEREST = "overriding-public-interest"
    STATUTORY = "statutory"


class Basis(Part, frozen=True, omit_defaults=True):
    """Why information may be shared: lawful basis and common law basis together."""

    article6: LegalBasis
    common_law: CommonLawBasis
    article9: SpecialCategoryBasis | None = None

    @property
    def overrides_objection(self) -> bool:
        """Safeguarding, vital interests and overriding public interest go before the person's objection."""
        return (
            self.article6 is LegalBasis.VITAL_INTERESTS
            or self.article9 in (SpecialCategoryBasis.VITAL_INTERESTS, SpecialCategoryBasis.SUBSTANTIAL_PUBLIC_INTEREST)
            or self.common_law is CommonLawBasis.OVERRIDING_PUBLIC_INTEREST
        )


class ReferralAgreement(Part, frozen=True, omit_defaults=True):
    """What the referrer says the person knows and wants."""

    knows: bool
    agrees: Agrees
    evidence: Sealed | None = None


class SafeContact(Part, frozen=True, omit_defaults=True):
    """Whether and how the person can be reached without putting them at risk."""

    ok: bool
    how: Sealed | None = None
    not_when: Sealed | None = None


def safer(known: SafeContact | None, said: SafeContact | None) -> SafeContact | None:
    """The more careful of two answers: not to make contact, then only at some times. Of two alike the first stands, so
    that nobody changes by another door how the person is reached.
    """
    if known is None or said is None:
        return known or said
    return said if _care(said) > _care(known) else known


def _care(contact: SafeContact) -> tuple[bool, bool]:
    return not contact.ok, contact.not_when is not None


class Described(Part, frozen=True, omit_defaults=True):
    """The person as whoever referred them described them. What is known of the person may say otherwise."""

    name: Sealed | None = None
    date_of_birth: Sealed | None = None
    nhs_number: Sealed | None = None
    phone: Sealed | None = None
    address: Sealed | None = None


class Referral(Part, frozen=True, omit_defaults=True):
    """One request that the programme take the person on. A case may have several, from different doors.

    `reference` is the sender's own number of it, `reference_digest` the keyed hash by which it is found.
    """

    referral: UUID
    source: Code
    channel: Code
    received_at: datetime
    reason: Sealed
    needs: tuple[Code, ...]
    urgency: Urgency
    referrer: UserId
    referrer_agency: Key
    agreement: ReferralAgreement | None = None
    basis: Basis | None = None
    safe_contact: SafeContact | None = None
    unverified_organisation: Sealed | None = None
    """Whom whoever referred says they are from. Nobody has checked it."""
    reference: Sealed | None = None
    reference_digest: Made | None = None
    described: Described | None = None


class Door(Part, frozen=True):
    """An agency that referred, and when we had it from them: what was before is not theirs to hear of."""

    agency: Key
    since: datetime


class Worker(Part, frozen=True, omit_defaults=True):
    """Somebody who works for an agency."""

    user: UserId
    agency: Key


class Allocation(Part, frozen=True, omit_defaults=True):
    """Who coordinated the case, or its clinical side, from when on, instead of whom, and why."""

    worker: Worker
    lead: bool
    since: datetime
    before: Worker | None = None
    reason: Sealed | None = None
    handover_note: Sealed | None = None


class Confirmed(Part, frozen=True):
    """How the person can be reached, as whoever spoke with them recorded it."""

    safe_contact: SafeContact
    at: datetime


class Answer(Part, frozen=True, omit_defaults=True):
    """What the person said to being supported, to those who work with them. `withdrawn`: they had agreed before;
    `text`: the evidence, or why.
    """

    at: datetime
    agrees: Agrees
    withdrawn: bool = False
    by: AgreedBy | None = None
    scope: Code | None = None
    text: Sealed | None = None


class ConversationFormat(StrEnum):
    FACE_TO_FACE = "face-to-face"
    HOME = "home"
    PHONE = "phone"
    VIDEO = "video"
    GROUP = "group"


class Conversation(Part, frozen=True, omit_defaults=True):
    """A person-centred conversation, held or attempted."""

    conversation: UUID
    at: datetime
    format: ConversationFormat
    held: bool
    what_matters: Sealed | None = None
    strengths: Sealed | None = None
    needs: tuple[Code, ...] = ()
    communication_needs: Sealed | None = None
    for_meeting: bool = True
    outcome: Code | None = None


class Objection(Part, frozen=True, omit_defaults=True):
    """The person does not want these categories shared with these partners (none named: with anybody)."""

    objection: UUID
    categories: frozenset[Category]
    partners: frozenset[Key] = frozenset()

    def covers(self, agency: str, categories: frozenset[Category]) -> bool:
        return bool(self.categories & categories) and (not self.partners or agency in self.partners)


class Objected(Objection, frozen=True, omit_defaults=True):
    """An objection, since when, and on what ground."""

    at: datetime | None = None
    ground: Sealed | None = None


NOTHING: frozenset[Category] = frozenset()


class Disclosure(Part, frozen=True, omit_defaults=True):
    """What may be told to one partner, and why."""

    disclosure: UUID
    agency: Key
    categories: frozenset[Category]
    basis: Basis
    authorised_at: datetime
    until: date | None = None
    ended_at: datetime | None = None
    necessity: Sealed | None = None
    ended_reason: Sealed | None = None

    def open_at(self, at: datetime) -> bool:
        return self.ended_at is None and (self.until is None or london_day(at) <= self.until)


class Involvement(Part, frozen=True, omit_defaults=True):
    """A partner's recorded part in the case, the basis of its access."""

    agency: Key
    role: Code
    since: datetime
    contact: Sealed | None = None
    ended_at: datetime | None = None
    ended_reason: Sealed | None = None


class ProposalPurpose(StrEnum):
    NEW = "new"
    REVIEW = "review"
    STUCK = "stuck"
    URGENT = "urgent"
    CLOSURE = "closure"
    EXTENSION = "extension"


class Proposal(Part, frozen=True, omit_defaults=True):
    """Somebody asks the meeting to talk about the case."""

    proposal: UUID
    series: Key
    purpose: ProposalPurpose
    presenter: Worker
    proposed_at: datetime
    by_agency: Key
    question: Sealed | None = None
    requested_partners: tuple[Key, ...] = ()
    earliest: date | None = None
    person_informed: bool = True
    not_informed_reason: Sealed | None = None
    withdrawn: bool = False
    withdrawn_reason: Sealed | None = None


class ActionState(StrEnum):
    """The handshake: offered, answered, worked on, and one of four endings."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    NOT_POSSIBLE = "not-possible"
    NOT_UNDERTAKEN = "not-undertaken"
    CANCELLED = "cancelled"


OPEN_ACTION = frozenset({ActionState.OFFERED, ActionState.ACCEPTED, ActionState.IN_PROGRESS})
"""Waiting for its owner. A declined action has no owner to wait for, and still waits for a new one."""


class Priority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class Progress(Part, frozen=True, omit_defaults=True):
    """How an action was getting on."""

    progress: UUID
    at: datetime
    note: Sealed
    percent: int | None = None


class Turn(StrEnum):
    """What was said of an action that it does not show by itself any more."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    REASSIGNED = "reassigned"
    DUE_CHANGED = "due-changed"


class ActionTurn(Part, frozen=True, omit_defaults=True):
    """Whose the action was and when it was due before it was answered, handed on or moved, and why that was done."""

    turn: Turn
    at: datetime
    owner: Key
    due: date
    reason: Sealed | None = None
    counter_due: date | None = None


class Action(Part, frozen=True, omit_defaults=True):
    """A piece of work offered to a partner. `original_due` never changes: it is the promise first made. `handed_at`:
    when it was offered to whoever owns it now; `completed_on`: the day on which it was done, which `ended_at` follows.
    """

    action: UUID
    title: Sealed
    owner: Key
    due: date
    original_due: date
    offered_at: datetime
    handed_at: datetime
    state: ActionState = ActionState.OFFERED
    owner_user: UserId | None = None
    intervention: Code | None = None
    priority: Priority = Priority.NORMAL
    mandatory: bool = False
    decision: UUID | None = None
    meeting: UUID | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    reason: Sealed | None = None
    counter_due: date | None = None
    result: Sealed | None = None
    outcome: Code | None = None
    percent: int | None = None
    percent_at: datetime | None = None
    progressed_at: datetime | None = None
    due_changed_at: datetime | None = None
    completed_on: date | None = None
    service: Code | None = None
    progress: tuple[Progress, ...] = ()
    turns: tuple[ActionTurn, ...] = ()

    @property
    def open(self) -> bool:
        return self.state in OPEN_ACTION

    @property
    def unsettled(self) -> bool:
        """Still somebody's to settle before the case may close: open, or declined with no new owner."""
        return self.open or self.state is ActionState.DECLINED


class GoalState(StrEnum):
    OPEN = "open"
    ACHIEVED = "achieved"
    ABANDONED = "abandoned"


class Scored(Part, frozen=True):
    """How a goal stood when somebody looked."""

    at: datetime
    score: int
    stage: Code


class Goal(Part, frozen=True, omit_defaults=True):
    """An outcome the person wants, scored on the programme's scale: by its last score, whichever was typed in last."""

    goal: UUID
    text: Sealed
    domain: Code
    baseline: int
    target: int
    score: int
    set_at: datetime
    state: GoalState = GoalState.OPEN
    stage: Code | None = None
    scored_at: datetime | None = None
    ended_at: datetime | None = None
    scores: tuple[Scored, ...] = ()
    person_states_so: bool = False
    reason: Sealed | None = None


class Plan(Part, frozen=True, omit_defaults=True):
    """The person's support plan. `reviewed`: the review that was due was held, and no other is arranged.

    `extensions`: how often its end was put off by a review or a meeting, in whatever order that was typed in.
    """

    plan: UUID
    version: int
    agreed_at: datetime
    written_at: datetime
    review_due: date
    due_set_at: datetime
    planned_end: date
    end_set_at: datetime
    what_matters: Sealed
    strengths: Sealed | None = None
    contingency: Sealed | None = None
    agreed_by_person: bool = True
    shared_with: tuple[Key, ...] = ()
    reviewed: bool = False
    how_agreed: Sealed | None = None
    no_goals_reason: Sealed | None = None
    extensions: int = 0


class ReviewDecision(StrEnum):
    CONTINUE = "continue"
    CHANGE = "change"
    CLOSE = "close"
    EXTEND = "extend"
    ESCALATE = "escalate"


class Review(Part, frozen=True, omit_defaults=True):
    """A structured check of plan and goals."""

    review: UUID
    number: int
    due: date
    arranged_at: datetime | None = None
    held_at: datetime | None = None
    decision: ReviewDecision | None = None
    summary: Sealed | None = None
    agreement_confirmed: bool = False
    next_due: date | None = None


class Discussion(Part, frozen=True, omit_defaults=True):
    """The case was talked through at a meeting."""

    meeting: UUID
    item: UUID
    started_at: datetime
    ended_at: datetime
    agencies: tuple[Key, ...]
    situation: Sealed | None = None
    action_to_date: Sealed | None = None
    update: Sealed | None = None
    next_steps: Sealed | None = None
    series: Key | None = None


class Decided(Part, frozen=True, omit_defaults=True):
    """What a meeting decided about the case."""

    meeting: UUID
    item: UUID
    decision: Decision


class Amended(Part, frozen=True):
    """What the minutes of the case's item should have said."""

    meeting: UUID
    item: UUID
    amendment: Amendment


class Note(Part, frozen=True, omit_defaults=True):
    """A note for some or all of the involved partners (`audience` empty: all)."""

    note: UUID
    category: Category
    text: Sealed
    at: datetime
    by: Worker
    audience: frozenset[Key] = frozenset()


class UnmetNeed(Part, frozen=True, omit_defaults=True):
    """A need that no service meets."""

    need: UUID
    code: Code
    reason: Code
    since: datetime
    locality: Code | None = None
    met_at: datetime | None = None


class Pause(Part, frozen=True, omit_defaults=True):
    """The case rested. `expected_resume`: the day on which it was to go on."""

    pause: UUID
    reason: Code
    since: datetime
    expected_resume: date
    explanation: Sealed | None = None
    resumed_at: datetime | None = None


class MeasureMode(StrEnum):
    """How an instrument was filled in. Read aloud, people say that they are better than on paper."""

    SELF = "self"
    ASSISTED = "assisted"
    TELEPHONE = "telephone"


class Measure(Part, frozen=True, omit_defaults=True):
    """One time that an instrument was used, as the server scored it. `recorded_at` is when that was said."""

    measure: UUID
    instrument: Code
    stage: Code
    administered_on: date
    recorded_at: datetime
    readings: tuple[Reading, ...] = ()
    complete: bool = True
    raw_total: int | None = None
    metric_total: float | None = None
    mode: MeasureMode = MeasureMode.SELF
    language: Code = "en"
    out_of_window: bool = False
    reference: Sealed | None = None


class WhyNot(StrEnum):
    """Why an instrument was not used: the person did not want to, or nobody asked them in time."""

    DECLINED = "declined"
    MISSED = "missed"


class Unmeasured(Part, frozen=True, omit_defaults=True):
    """An instrument was not used at a stage, and why."""

    instrument: Code
    stage: Code
    why: WhyNot
    at: datetime
    reason: Sealed | None = None


class Intervention(Part, frozen=True, omit_defaults=True):
    """A kind of help that began, and who gives it. `action`: by which it was agreed."""

    support: UUID
    intervention: Code
    provider: Key
    since: datetime
    action: UUID | None = None
    ended_at: datetime | None = None
    outcome: Code | None = None
    reason: Sealed | None = None


class InformationRequest(Part, frozen=True, omit_defaults=True):
    """What somebody was asked, by when, and what they answered."""

    request: UUID
    whom: Sealed
    what: Sealed
    asked_at: datetime
    due: date
    received_at: datetime | None = None
    text: Sealed | None = None
    of_referrer: bool = False


class RiskLevel(StrEnum):
    """In the judgement of those who work with the person: no score."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Risk(Part, frozen=True, omit_defaults=True):
    """What might go wrong, as it was found last. `review_on` None: it is none any more."""

    risk: UUID
    kind: Code
    level: RiskLevel
    mitigation: Sealed
    review_on: date | None
    since: datetime
    looked_at: datetime


class RelationRole(StrEnum):
    """What somebody is to the person."""

    CARER = "carer"
    CHILD = "child"
    COHABITANT = "cohabitant"
    OTHER = "other"


class Relation(Part, frozen=True, omit_defaults=True):
    """Somebody around the person, and whether the case may be talked about with them."""

    relation: UUID
    role: RelationRole
    whom: Sealed
    safe_to_discuss: bool
    since: datetime
    ended_at: datetime | None = None
    reason: Sealed | None = None


class EscalatedTo(StrEnum):
    """To whom a case was taken. What is restricted, a MARAC for one, is written beside the case."""

    STATUTORY = "statutory"
    CRISIS = "crisis"
    COMPLEX_CASE_PANEL = "complex-case-panel"


class Escalated(Part, frozen=True):
    """The case was taken to somebody who can do more."""

    escalation: UUID
    to: EscalatedTo
    at: datetime
    reason: Sealed


class MessageChannel(StrEnum):
    """How whoever referred was told."""

    EMAIL = "email"
    PHONE = "phone"
    LETTER = "letter"
    RECORD = "record"


class MessageBack(Part, frozen=True, omit_defaults=True):
    """An agency that referred was told how it went, and whether that arrived."""

    message: UUID
    agency: Key
    channel: MessageChannel
    sent_on: date
    recorded_at: datetime
    failed_at: datetime | None = None
    reason: Sealed | None = None
    acknowledged_at: datetime | None = None


class Experience(StrEnum):
    """Overall, how the person's experience of the service was: the answers of the friends and family test."""

    VERY_GOOD = "very-good"
    GOOD = "good"
    NEITHER = "neither-good-nor-poor"
    POOR = "poor"
    VERY_POOR = "very-poor"
    DO_NOT_KNOW = "do-not-know"


class Feedback(Part, frozen=True, omit_defaults=True):
    """How the person found it."""

    feedback: UUID
    experience: Experience
    at: datetime
    text: Sealed | None = None
    may_publish: bool = False


class Recusal(Part, frozen=True, omit_defaults=True):
    """Somebody has an interest in the case and is kept out of it until that is resolved."""

    user: str
    agency: str
    since: datetime
    resolved_at: datetime | None = None
    by_other: bool = False
    reason: Sealed | None = None
    meeting: UUID | None = None
    item: UUID | None = None
    resolved_reason: Sealed | None = None


class GoalResult(StrEnum):
    ACHIEVED = "achieved"
    PARTLY = "partly"
    NOT_ACHIEVED = "not-achieved"
    ABANDONED = "abandoned"


class GoalOutcome(Part, frozen=True, omit_defaults=True):
    """How one goal stands when the episode closes."""

    goal: UUID
    result: GoalResult


class Measured(Part, frozen=True, omit_defaults=True):
    """Days from the referral to each step of the episode; none where the step never came."""

    closed: int
    conversation: int | None = None
    discussed: int | None = None
    plan: int | None = None


class ClosureProposal(Part, frozen=True, omit_defaults=True):
    """Somebody proposed to close the case."""

    at: datetime
    reason: Code
    summary: Sealed | None = None


class Reopening(Part, frozen=True):
    """The case was opened again."""

    episode: int
    at: datetime
    reason: Sealed


class Ending(Part, frozen=True, omit_defaults=True):
    """How an episode closed."""

    reason: Code
    ending: ClosureClass
    closed_on: date
    closed_at: datetime
    summary: Sealed
    outcomes: tuple[GoalOutcome, ...] = ()
    message_back_to: tuple[Key, ...] = ()
    ongoing_plan: Sealed | None = None
    feedback_invited: bool = False
    measured: Measured | None = None


class KindOfEntry(StrEnum):
    """What of a case can be put right or withdrawn."""

    NOTE = "note"
    CONVERSATION = "conversation"
    MEASURE = "measure"
    FEEDBACK = "feedback"
    REQUEST = "request"
    ESCALATION = "escalation"
    RISK = "risk"
    UNMET_NEED = "unmet-need"
    SUPPORT = "support"
    RELATION = "relation"
    MILESTONE = "milestone"


class EntryField(StrEnum):
    """What of an entry was put right."""

    TEXT = "text"
    WHAT_MATTERS = "what-matters"
    STRENGTHS = "strengths"
    COMMUNICATION_NEEDS = "communication-needs"
    REFERENCE = "reference"
    WHOM = "whom"
    WHAT = "what"
    REASON = "reason"
    READINGS = "readings"

    @property
    def attribute(self) -> str:
        return self.value.replace("-", "_")


class Entry(Part, frozen=True, omit_defaults=True):
    """An entry, as a later fact about it names it: since when what it says was said, and who may know of it.

    `by`: whose note it is, `audience`: for whom it is. They never change, so that whoever may not know of the entry is
    told nothing of what became of it.
    """

    kind: KindOfEntry
    entry: UUID
    at: datetime
    category: Category
    by: Key | None = None
    audience: frozenset[Key] = frozenset()

    def same(self, other: "Entry") -> bool:
        return (self.kind, self.entry) == (other.kind, other.entry)


class Correction(Part, frozen=True):
    """An entry was put right: which of its fields, and why."""

    correction: UUID
    entry: Entry
    field: EntryField
    at: datetime
    by: Worker
    reason: Sealed


class WithdrawReason(StrEnum):
    """Why an entry should not stand in the case."""

    WRONG_PERSON = "wrong-person"
    DUPLICATE = "duplicate"
    ERROR = "error"


class Withdrawal(Part, frozen=True, omit_defaults=True):
    """Somebody asked that an entry be withdrawn. `refused_reason`: why it was not."""

    withdrawal: UUID
    entry: Entry
    reason: WithdrawReason
    explanation: Sealed
    by: Worker
    at: datetime
    refused_at: datetime | None = None
    refused_reason: Sealed | None = None


class Withdrawn(Part, frozen=True):
    """An entry that should not have stood in the case, and does so no more."""

    withdrawal: UUID
    entry: Entry
    reason: WithdrawReason
    at: datetime


class VoidReason(StrEnum):
    """Why a case should never have been."""

    OPENED_IN_ERROR = "opened-in-error"
    DUPLICATE = "duplicate"
    WRONG_PERSON = "wrong-person"


class Voiding(Part, frozen=True, omit_defaults=True):
    """Somebody asked that the case be voided, and what somebody else answered. `refused_reason`: why it was not."""

    voiding: UUID
    reason: VoidReason
    explanation: Sealed
    by: Worker
    at: datetime
    answered_at: datetime | None = None
    refused_reason: Sealed | None = None

    @property
    def voided(self) -> bool:
        return self.answered_at is not None and self.refused_reason is None


class EvaluatedCriterion(Part, frozen=True, omit_defaults=True):
    """One criterion as it was evaluated, with the fact it rested on and the day of that fact."""

    code: Code
    met: bool
    fact: Sealed | None = None
    as_of: date | None = None


class Acceptance(Part, frozen=True, omit_defaults=True):
    """Why the programme took the person on."""

    at: datetime
    criteria: tuple[EvaluatedCriterion, ...] = ()
    override_reason: Sealed | None = None


class Answered(Part, frozen=True, omit_defaults=True):
    """Why the programme did not take the person on, where they were led instead, if they were, and by which day
    whoever referred them hears of it.
    """

    reason: str
    explanation: Sealed | None = None
    agency: str | None = None
    programme: str | None = None
    warm_handover: bool = False
    criteria: tuple[EvaluatedCriterion, ...] = ()
    message_back_due: date | None = None


class StepKind(StrEnum):
    """The steps by which an episode goes on."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REDIRECTED = "redirected"
    TALKED = "talked"
    TALKED_FOR_MEETING = "talked-for-meeting"
    DISCUSSED = "discussed"
    PLANNED = "planned"
    REVIEW_ARRANGED = "review-arranged"
    REVIEWED = "reviewed"
    REVIEWED_TO_CLOSE = "reviewed-to-close"
    CLOSURE_PROPOSED = "closure-proposed"
    CLOSED = "closed"
    REOPENED = "reopened"
    VOIDED = "voided"


class Step(Part, frozen=True, array_like=True):
    """One step, and when it occurred."""

    at: datetime
    kind: StepKind


REACHED = UUID("0a5b53f6-6c0e-4f0e-9d4c-1f6a8d0b7c35")
"""Names of milestones that were reached are made of it."""


class Reached(Part, frozen=True):
    """One of the programme's own milestones, and when it came about."""

    milestone: Code
    at: datetime

    @property
    def reached(self) -> UUID:
        """What it is called where it is withdrawn: its fact has no id, and a milestone is reached once at a time."""
        return uuid5(REACHED, f"{self.milestone} {self.at.astimezone(UTC).isoformat()}")


class Transfer(Part, frozen=True, omit_defaults=True):
    """The case was offered to another programme, and what became of that. `to_case`: the person's case there."""

    transfer: UUID
    reason: Sealed
    at: datetime
    to_case: UUID | None = None
    withdrawn_at: datetime | None = None
    withdrawn_reason: Sealed | None = None
    done_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.over_at is None

    @property
    def over_at(self) -> datetime | None:
        return self.withdrawn_at or self.done_at


class FundAward(Part, frozen=True, omit_defaults=True):
    """Money from a fund that somebody asked for, and what somebody else answered. In pence."""

    award: UUID
    fund: Code
    pence: Pence
    purpose: Sealed
    payee: Sealed
    by: Worker
    at: datetime
    approved_at: datetime | None = None
    declined_at: datetime | None = None
    declined_reason: Sealed | None = None
    answered_by: Worker | None = None
    paid_on: date | None = None


class Moved(Part, frozen=True):
    """That the case was moved from one version of its programme to another, and why."""

    from_version: int
    to_version: int
    at: datetime
    reason: Sealed


class Passed(Part, frozen=True):
    """That a clock came near its deadline, or passed it (`breach`), as it was recorded. `at` is when that was."""

    clock: Code
    breach: bool
    episode: int
    programme_version: int
    at: datetime
    due_at: datetime


class Milestones(Part, frozen=True, omit_defaults=True):
    """When each step of the present episode first happened: what the clocks count from. `for_meeting`: a conversation
    was to lead to a meeting.
    """

    received_at: datetime
    accepted_at: datetime | None = None
    conversation_at: datetime | None = None
    discussed_at: datetime | None = None
    plan_agreed_at: datetime | None = None
    review_held_at: datetime | None = None
    review_decided_close_at: datetime | None = None
    closure_proposed_at: datetime | None = None
    closed_at: datetime | None = None
    turned_away_at: datetime | None = None  # declined, or led to a better door
    voided_at: datetime | None = None
    for_meeting: bool = False

    @property
    def over_at(self) -> datetime | None:
        """When nothing was waited for any more: closed, turned away, or voided."""
        return self.closed_at or self.turned_away_at or self.voided_at


def first(known: datetime | None, at: datetime) -> datetime:
    """The earlier moment: what is recorded late may have happened before what was known."""
    return at if known is None else min(known, at)


class Case(Part, frozen=True, omit_defaults=True):
    """One person's involvement with one programme, folded from its facts.

    Of whatever changes in time the latest holds, whenever it was typed in: `course`, `answers`, `allocations` and a
    goal's scores are kept in the order in which they occurred, and what the case says now follows from them.

    `safe_contact_confirmed`: by those who work with the person, not only said by a door.
    `agrees` is what those who work with the person recorded, `refused_at` since when it is no; `door_refused_at`: a
    referrer said that the person does not agree, and nobody has recorded otherwise since.
    """

    case: UUID
    number: Made
    person: UUID
    programme: Key
    programme_version: int
    state: CaseState
    milestones: Milestones
    referrals: tuple[Referral, ...]
    doors: tuple[Door, ...] = ()
    episode: int = 1
    lead: Worker | None = None
    clinical: Worker | None = None
    allocations: tuple[Allocation, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    agrees: Agrees | None = None
    objections: tuple[Objected, ...] = ()
    disclosures: tuple[Disclosure, ...] = ()
    involvements: tuple[Involvement, ...] = ()
    disclosures_to_review: bool = False
    proposals: tuple[Proposal, ...] = ()
    settled_proposals: tuple[UUID, ...] = ()
    past_proposals: tuple[Proposal, ...] = ()
    discussions: tuple[Discussion, ...] = ()
    decisions: tuple[Decided, ...] = ()
    amendments: tuple[Amended, ...] = ()
    actions: tuple[Action, ...] = ()
    progress: tuple[UUID, ...] = ()
    plan: Plan | None = None
    goals: tuple[Goal, ...] = ()
    reviews: tuple[Review, ...] = ()
    notes: tuple[Note, ...] = ()
    unmet_needs: tuple[UnmetNeed, ...] = ()
    pauses: tuple[Pause, ...] = ()
    measures: tuple[Measure, ...] = ()
    unmeasured: tuple[Unmeasured, ...] = ()
    interventions: tuple[Intervention, ...] = ()
    requests: tuple[InformationRequest, ...] = ()
    risks: tuple[Risk, ...] = ()
    relations: tuple[Relation, ...] = ()
    reached: tuple[Reached, ...] = ()
    moves: tuple[Moved, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    fund_awards: tuple[FundAward, ...] = ()
    passed: tuple[Passed, ...] = ()
    escalations: tuple[Escalated, ...] = ()
    messages_back: tuple[MessageBack, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    closure_proposed: ClosureProposal | None = None
    endings: tuple[Ending, ...] = ()
    reopenings: tuple[Reopening, ...] = ()
    recusals: tuple[Recusal, ...] = ()
    voidings: tuple[Voiding, ...] = ()
    corrections: tuple[Correction, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    withdrawn: tuple[Withdrawn, ...] = ()
    refused_at: datetime | None = None
    door_refused_at: datetime | None = None
    safe_contact: SafeContact | None = None
    safe_contact_confirmed: bool = False
    accepted: Acceptance | None = None
    contact_confirmed: Confirmed | None = None
    answers: tuple[Answer, ...] = ()
    course: tuple[Step, ...] = ()
    answered: Answered | None = None
    age_warning: bool = False
    episode_started_at: datetime | None = None
    last_activity_at: datetime | None = None

    @property
    def live(self) -> bool:
        return self.state not in NOT_LIVE

    @property
    def on_hold(self) -> Pause | None:
        """The pause that it rests in. The end of an episode ends its pauses too."""
        last = self.pauses[-1] if self.pauses and self.live else None
        resting = last is not None and last.resumed_at is None and last.since >= self.milestones.received_at
        return last if resting else None

    @property
    def of_another(self) -> bool:
        """Whether somebody has said that it is about another person, and nobody that it is not."""
        said = (held for held in self.voidings if held.reason is VoidReason.WRONG_PERSON)
        return any(held.refused_reason is None for held in said)

    @property
    def voiding_asked(self) -> Voiding | None:
        """What somebody has asked for and nobody has answered."""
        return next((held for held in self.voidings if held.answered_at is None), None)

    def waits(self, withdrawal: Withdrawal) -> bool:
        """Whether nobody has answered what somebody has asked for."""
        return withdrawal.refused_at is None and self.withdrawn_at(withdrawal.withdrawal) is None

    def withdrawn_at(self, withdrawal: UUID) -> datetime | None:
        """When it was approved."""
        return next((held.at for held in self.withdrawn if held.withdrawal == withdrawal), None)

    @property
    def reached_now(self) -> tuple[Reached, ...]:
        """What was reached in the present episode."""
        return tuple(held for held in self.reached if held.at >= self.milestones.received_at)

    @property
    def kept_back(self) -> tuple[Missing, ...]:
        """What of the case itself keeps it from every meeting."""
        live = () if self.live else (Missing.LIVE_CASE,)
        return (*live, Missing.ACCEPTANCE) if self.state is CaseState.RECEIVED else live

    @property
    def opened_at(self) -> datetime:
        """When the first referral was received: nothing about the case is older."""
        return self.course[0].at

    @property
    def latest_at(self) -> datetime:
        """When the last of all that is recorded occurred."""
        return max(self.last_activity_at or self.opened_at, self.course[-1].at)

    def held_by(self, agency: str) -> bool:
        """Whether the agency coordinates it."""
        lead, clinical = self.lead, self.clinical
        return (lead is not None and lead.agency == agency) or (clinical is not None and clinical.agency == agency)

    @property
    def holders(self) -> frozenset[str]:
        """The agencies that coordinate it."""
        return frozenset(worker.agency for worker in (self.lead, self.clinical) if worker)

    @property
    def agreement(self) -> Agrees | None:
        """The careful answer: a referrer's word for the person never makes them agree, but may say that they do not."""
        return self.agrees if self.door_refused_at is None else Agrees.NO

    @property
    def said_otherwise(self) -> tuple[SafeContact, ...]:
        """What doors said of how the person is reached, besides the answer that stands: until those who work with the
        person have confirmed one, nobody knows which of them is right.
        """
        said = [held.safe_contact for held in self.referrals if held.safe_contact]
        return () if self.safe_contact_confirmed else tuple(each for each in said if each != self.safe_contact)

    def referred_by(self, agency: str) -> datetime | None:
        """Since when the agency is one of those that referred."""
        return min((door.since for door in self.doors if door.agency == agency), default=None)

    def spoken_since(self, at: datetime) -> bool:
        """Whether a conversation with the person was held since."""
        return any(held.held and held.at >= at for held in self.conversations)

    def transfer(self, transfer: UUID) -> Transfer | None:
        return next((held for held in self.transfers if held.transfer == transfer), None)

    def fund_award(self, award: UUID) -> FundAward | None:
        return next((held for held in self.fund_awards if held.award == award), None)

    @property
    def open_transfer(self) -> Transfer | None:
        """Of several one at most is open."""
        return next((held for held in self.transfers if held.open), None)

    def action(self, action: UUID) -> Action | None:
        number = action.int
        for held in self.actions:
            if held.action.int == number:
                return held
        return None

    def involved(self, agency: str) -> bool:
        return agency in [held.agency for held in self.involvements if held.ended_at is None]

    def recused(self, user: str) -> bool:
        """Whether the user is kept out of the case, at every meeting and between meetings."""
        return bool(self.recusals) and any(held.user == user and held.resolved_at is None for held in self.recusals)

    def cleared(self, user: str) -> bool:
        """Whether the user was kept out, and somebody else has said since that they need not be."""
        return any(held.user == user and held.resolved_at is not None for held in self.recusals)

    def disclosed(self, agency: str, at: datetime) -> frozenset[Category]:
        """What the agency may be told at `at`: its open disclosures less what the person objects to."""
        opened = [held for held in self.disclosures if held.agency == agency and held.open_at(at)]
        if not self.objections:
            return NOTHING.union(*[held.categories for held in opened])
        return frozenset(
            category
            for held in opened
            for category in held.categories
            if held.basis.overrides_objection
            or not any(objection.covers(agency, frozenset({category})) for objection in self.objections)
        )

"""The front door: a referral arrives, is decided on, gets a coordinator, and the person is talked with."""

from datetime import date, datetime, timedelta
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.state import (
    Basis,
    Case,
    CaseState,
    Conversation,
    ConversationFormat,
    Milestones,
    Referral,
    ReferralAgreement,
    SafeContact,
    Urgency,
    Worker,
    first,
)
from catch.domain.configuration import Programme
from catch.domain.facts import Command, Fact, Part, Sealed
from catch.domain.given import Given
from catch.domain.refusals import (
    IdAlreadyUsed,
    MissingText,
    OutOfRange,
    Refused,
    UnknownPartner,
    UnknownProgramme,
)


class EvaluatedCriterion(Part, frozen=True, omit_defaults=True):
    """One criterion as it was evaluated, with the fact it rested on and the day of that fact."""

    code: str
    met: bool
    fact: str | None = None
    as_of: date | None = None


class Redirection(Part, frozen=True, omit_defaults=True):
    """Where the person was led instead: an agency or another programme, handed over warmly."""

    agency: str | None = None
    programme: str | None = None
    warm_handover: bool = False


# What happened


class ReferralReceived(Fact, frozen=True, omit_defaults=True):
    number: str
    person: UUID
    programme: str
    programme_version: int
    referral: Referral
    age_warning: bool = False


class ReferralAttached(Fact, frozen=True, omit_defaults=True):
    referral: Referral


class ReferralAccepted(Fact, frozen=True, omit_defaults=True):
    criteria: tuple[EvaluatedCriterion, ...] = ()
    override_reason: Sealed | None = None


class ReferralDeclined(Fact, frozen=True, omit_defaults=True):
    reason: str
    criteria: tuple[EvaluatedCriterion, ...] = ()
    explanation: Sealed | None = None
    message_back_due: date | None = None


class ReferralRedirected(Fact, frozen=True, omit_defaults=True):
    reason: str
    redirection: Redirection
    criteria: tuple[EvaluatedCriterion, ...] = ()
    message_back_due: date | None = None


class CoordinatorAllocated(Fact, frozen=True, omit_defaults=True):
    worker: Worker
    lead: bool = True
    reason: Sealed | None = None


class CoordinatorChanged(Fact, frozen=True, omit_defaults=True):
    worker: Worker
    before: Worker
    lead: bool = True
    reason: Sealed | None = None
    handover_note: Sealed | None = None


class ConversationHeld(Fact, frozen=True, omit_defaults=True):
    conversation: UUID
    format: ConversationFormat
    what_matters: Sealed
    strengths: Sealed | None = None
    needs: tuple[str, ...] = ()
    communication_needs: Sealed | None = None
    for_meeting: bool = True


class ConversationAttempted(Fact, frozen=True, omit_defaults=True):
    conversation: UUID
    format: ConversationFormat
    outcome: str


ReferralEvent = (
    ReferralReceived
    | ReferralAttached
    | ReferralAccepted
    | ReferralDeclined
    | ReferralRedirected
    | CoordinatorAllocated
    | CoordinatorChanged
    | ConversationHeld
    | ConversationAttempted
)


# What may be asked


class SubmitReferral(Command, frozen=True):
    """Ask a programme to take a person on. Opens a case; refused where the person already has an open one there."""

    case: UUID
    person: UUID
    programme: str
    referral: UUID
    source: str
    channel: str
    received_at: datetime
    reason: Sealed
    needs: tuple[str, ...] = ()
    urgency: Urgency = Urgency.ROUTINE
    on_behalf_of: str | None = None  # the referring agency, where somebody else types it in
    agreement: ReferralAgreement | None = None
    basis: Basis | None = None
    safe_contact: SafeContact | None = None
    age: int | None = None


class AttachReferral(Command, frozen=True):
    """Add a further referral, from another door, to the case the person already has."""

    case: UUID
    person: UUID
    referral: UUID
    source: str
    channel: str
    received_at: datetime
    reason: Sealed
    needs: tuple[str, ...] = ()
    urgency: Urgency = Urgency.ROUTINE
    on_behalf_of: str | None = None


class AcceptReferral(Command, frozen=True):
    """Accept the person, with the criteria as they were evaluated."""

    case: UUID
    criteria: tuple[EvaluatedCriterion, ...] = ()
    override_reason: Sealed | None = None


class DeclineReferral(Command, frozen=True):
    """Decline, with a reason, and say when the referrer hears of it."""

    case: UUID
    reason: str
    criteria: tuple[EvaluatedCriterion, ...] = ()
    explanation: Sealed | None = None
    message_back_due: date | None = None


class RedirectReferral(Command, frozen=True):
    """Lead the person to a better door, handing over warmly: nobody is turned away."""

    case: UUID
    reason: str
    redirection: Redirection
    criteria: tuple[EvaluatedCriterion, ...] = ()
    message_back_due: date | None = None


class AllocateCoordinator(Command, frozen=True):
    """Name the worker who coordinates the case (`lead`) or looks after its clinical side."""

    case: UUID
    user: str
    agency: str
    lead: bool = True
    reason: Sealed | None = None
    handover_note: Sealed | None = None


class RecordConversation(Command, frozen=True):
    """Record a person-centred conversation that was held; this stops the first-conversation clock."""

    case: UUID
    conversation: UUID
    format: ConversationFormat
    what_matters: Sealed
    strengths: Sealed | None = None
    needs: tuple[str, ...] = ()
    communication_needs: Sealed | None = None
    for_meeting: bool = True  # False: information and support were enough


class RecordConversationAttempt(Command, frozen=True):
    """Record an attempt that did not reach the person; the clock goes on."""

    case: UUID
    conversation: UUID
    format: ConversationFormat
    outcome: str


ReferralCommand = (
    SubmitReferral
    | AttachReferral
    | AcceptReferral
    | DeclineReferral
    | RedirectReferral
    | AllocateCoordinator
    | RecordConversation
    | RecordConversationAttempt
)


# What can be refused


class ProgrammeNotRunning(Refused):
    """The programme takes no referrals on this day."""


class SourceNotAllowed(Refused):
    """The programme takes no referrals from this source."""


class ChannelNotAllowed(Refused):
    """The programme takes no referrals through this channel."""


class DuplicateOpenCase(Refused):
    """The person already has an open case in this programme. Attach the referral to it instead."""


class DifferentPerson(Refused):
    """This case is about somebody else."""


class AlreadyDecided(Refused):
    """The referral has been decided already."""


class CriteriaNotMet(Refused):
    """A required criterion is not met. Give a reason to override it, or decline or redirect."""


class UnknownCriterion(Refused):
    """The programme has no such criterion."""


class RedirectNeedsTarget(Refused):
    """Say where the person is led: an agency or a programme."""


class RedirectNeedsWarmHandover(Refused):
    """No wrong door: a redirection needs a warm handover."""


class NotAccepted(Refused):
    """The referral has not been accepted yet."""


class CaseNotLive(Refused):
    """The case is not live: it was declined, redirected or closed."""


class WorkerNotActive(Refused):
    """A coordinator works for a partner with an agreement in force for the programme, which has not suspended them."""


class CaseloadFull(Refused):
    """The coordinator has as many cases as the programme allows. Give a reason to add one more."""


# What we answer

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: read aloud without mistakes


def case_number(case: UUID) -> str:
    """A number people can say: eight signs of the case's id, e.g. `7K3M-Q2XD`."""
    signs = [_ALPHABET[(case.int >> (123 - 5 * place)) & 31] for place in range(8)]
    return "".join(signs[:4]) + "-" + "".join(signs[4:])


def check_door(programme: Programme, source: str, channel: str) -> None:
    allowed = [held.code for held in programme.sources if held.active]
    if source not in allowed:
        raise SourceNotAllowed(source=source, allowed=", ".join(allowed))
    if channel not in programme.channels:
        raise ChannelNotAllowed(channel=channel, allowed=", ".join(programme.channels))


def referral_of(command: SubmitReferral | AttachReferral, given: Given) -> Referral:
    if command.received_at > given.at + timedelta(minutes=5):
        raise OutOfRange(field="receivedAt", latest=given.at.isoformat())
    whole = isinstance(command, SubmitReferral)
    return Referral(
        referral=command.referral,
        source=command.source,
        channel=command.channel,
        received_at=command.received_at,
        reason=command.reason,
        needs=command.needs,
        urgency=command.urgency,
        referrer=given.by.user,
        referrer_agency=command.on_behalf_of or given.by.agency,
        agreement=command.agreement if whole else None,
        basis=command.basis if whole else None,
        safe_contact=command.safe_contact if whole else None,
    )


def submit(case: Case | None, command: SubmitReferral, given: Given) -> list[ReferralEvent]:
    if case is not None:
        if any(held.referral == command.referral for held in case.referrals):
            return []
        raise IdAlreadyUsed(field="case", value=command.case)
    programme = given.programme
    if programme is None or programme.key != command.programme:
        raise UnknownProgramme(programme=command.programme)
    day = london_day(command.received_at)
    if day < programme.effective_from or (programme.effective_to is not None and day > programme.effective_to):
        raise ProgrammeNotRunning(programme=programme.pin, day=day)
    check_door(programme, command.source, command.channel)
    return [
        ReferralReceived(
            number=case_number(command.case),
            person=command.person,
            programme=programme.key,
            programme_version=programme.version,
            referral=referral_of(command, given),
            # Nobody is turned away for their age: it warns whoever decides.
            age_warning=command.age is not None and command.age < programme.eligibility.min_age,
        )
    ]


def attach(case: Case, command: AttachReferral, given: Given) -> list[ReferralEvent]:
    if case.person != command.person:
        raise DifferentPerson(case=case.number)
    if any(held.referral == command.referral for held in case.referrals):
        return []
    if not case.live:
        raise CaseNotLive(state=case.state)
    if given.programme is not None:
        check_door(given.programme, command.source, command.channel)
    return [ReferralAttached(referral_of(command, given))]


def accept(case: Case, command: AcceptReferral, given: Given) -> list[ReferralEvent]:
    if case.state not in (CaseState.RECEIVED, CaseState.DECLINED, CaseState.REDIRECTED):
        return []
    if case.state is not CaseState.RECEIVED:
        raise AlreadyDecided(state=case.state)
    check_known(command.criteria, given)
    if given.programme is not None:
        check_criteria(given.programme, command)
    return [ReferralAccepted(command.criteria, command.override_reason)]


def check_known(criteria: tuple[EvaluatedCriterion, ...], given: Given) -> None:
    known = [held.code for held in given.programme.eligibility.criteria] if given.programme else []
    for evaluated in criteria:
        if given.programme is not None and evaluated.code not in known:
            raise UnknownCriterion(criterion=evaluated.code, known=", ".join(known) or "none")


def check_criteria(programme: Programme, command: AcceptReferral) -> None:
    if programme.eligibility.mode != "criteria":
        return
    met = {evaluated.code for evaluated in command.criteria if evaluated.met}
    unmet = [held.code for held in programme.eligibility.criteria if held.required and held.code not in met]
    if unmet and not (command.override_reason and programme.eligibility.override_allowed):
        raise CriteriaNotMet(criteria=", ".join(unmet))


def decline(case: Case, command: DeclineReferral, given: Given) -> list[ReferralEvent]:
    if case.state is CaseState.DECLINED:
        return []
    if case.state is not CaseState.RECEIVED:
        raise AlreadyDecided(state=case.state)
    if not command.reason.strip():
        raise MissingText(field="reason")
    check_known(command.criteria, given)
    return [ReferralDeclined(command.reason, command.criteria, command.explanation, command.message_back_due)]


def redirect(case: Case, command: RedirectReferral, given: Given) -> list[ReferralEvent]:
    if case.state is CaseState.REDIRECTED:
        return []
    if case.state is not CaseState.RECEIVED:
        raise AlreadyDecided(state=case.state)
    if not (command.redirection.agency or command.redirection.programme):
        raise RedirectNeedsTarget
    if not command.redirection.warm_handover:
        raise RedirectNeedsWarmHandover
    if not command.reason.strip():
        raise MissingText(field="reason")
    check_known(command.criteria, given)
    return [ReferralRedirected(command.reason, command.redirection, command.criteria, command.message_back_due)]


def require_live(case: Case) -> None:
    if case.state is CaseState.RECEIVED:
        raise NotAccepted(state=case.state)
    if not case.live:
        raise CaseNotLive(state=case.state)


def allocate(case: Case, command: AllocateCoordinator, given: Given) -> list[ReferralEvent]:
    worker = Worker(command.user, command.agency)
    before = case.lead if command.lead else case.clinical
    if before == worker:
        return []
    require_live(case)
    check_worker(case, worker, given)
    limit = given.programme.caseload.hard_max if given.programme else None
    if command.lead and limit is not None and given.caseload >= limit and command.reason is None:
        raise CaseloadFull(user=command.user, open=given.caseload, limit=limit)
    if before is None:
        return [CoordinatorAllocated(worker, command.lead, command.reason)]
    return [CoordinatorChanged(worker, before, command.lead, command.reason, command.handover_note)]


def check_worker(case: Case, worker: Worker, given: Given) -> None:
    partner = given.partners.get(worker.agency)
    if partner is None:
        raise UnknownPartner(partner=worker.agency)
    member = partner.member(worker.user)
    if not partner.in_force(case.programme, given.at) or (member is not None and member.suspended):
        raise WorkerNotActive(user=worker.user, agency=worker.agency)


def converse(case: Case, command: RecordConversation | RecordConversationAttempt) -> list[ReferralEvent]:
    if any(held.conversation == command.conversation for held in case.conversations):
        return []
    require_live(case)
    if isinstance(command, RecordConversationAttempt):
        return [ConversationAttempted(command.conversation, command.format, command.outcome)]
    return [
        ConversationHeld(
            conversation=command.conversation,
            format=command.format,
            what_matters=command.what_matters,
            strengths=command.strengths,
            needs=command.needs,
            communication_needs=command.communication_needs,
            for_meeting=command.for_meeting,
        )
    ]


def decide(case: Case, command: ReferralCommand, given: Given) -> list[ReferralEvent]:
    match command:
        case SubmitReferral():
            return submit(case, command, given)
        case AttachReferral():
            return attach(case, command, given)
        case AcceptReferral():
            return accept(case, command, given)
        case DeclineReferral():
            return decline(case, command, given)
        case RedirectReferral():
            return redirect(case, command, given)
        case AllocateCoordinator():
            return allocate(case, command, given)
        case RecordConversation() | RecordConversationAttempt():
            return converse(case, command)
        case _:
            assert_never(command)


# Where that leaves us


def opened(case: UUID, event: ReferralReceived) -> Case:
    received = event.referral.received_at
    return Case(
        case=case,
        number=event.number,
        person=event.person,
        programme=event.programme,
        programme_version=event.programme_version,
        state=CaseState.RECEIVED,
        milestones=Milestones(received_at=received),
        referrals=(event.referral,),
        episode_started_at=received,
    )


def after_conversation(case: Case, event: ConversationHeld, at: datetime) -> Case:
    held = Conversation(
        conversation=event.conversation,
        at=at,
        format=event.format,
        held=True,
        what_matters=event.what_matters,
        strengths=event.strengths,
        needs=event.needs,
        communication_needs=event.communication_needs,
    )
    next_state = CaseState.AWAITING_MEETING if event.for_meeting else CaseState.CONVERSATION_HELD
    conversation_at = first(case.milestones.conversation_at, at)
    return replace(
        case,
        conversations=(*case.conversations, held),
        milestones=replace(case.milestones, conversation_at=conversation_at),
        state=next_state if case.state in (CaseState.ACCEPTED, CaseState.CONVERSATION_HELD) else case.state,
    )


def evolve(case: Case, event: ReferralEvent, at: datetime) -> Case:
    match event:
        case ReferralReceived():
            return case  # only ever first: `opened` made the case
        case ReferralAttached():
            return replace(case, referrals=(*case.referrals, event.referral))
        case ReferralAccepted():
            milestones = replace(case.milestones, accepted_at=at)
            return replace(case, state=CaseState.ACCEPTED, milestones=milestones)
        case ReferralDeclined():
            return replace(case, state=CaseState.DECLINED)
        case ReferralRedirected():
            return replace(case, state=CaseState.REDIRECTED)
        case CoordinatorAllocated() | CoordinatorChanged():
            return replace(case, lead=event.worker) if event.lead else replace(case, clinical=event.worker)
        case ConversationHeld():
            return after_conversation(case, event, at)
        case ConversationAttempted():
            attempt = Conversation(event.conversation, at, event.format, held=False)
            return replace(case, conversations=(*case.conversations, attempt))
        case _:
            assert_never(event)

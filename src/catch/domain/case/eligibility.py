"""What becomes of a referral: accepted, declined, or led to a better door."""

from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.course import stepped
from catch.domain.case.state import (
    Acceptance,
    Answered,
    Case,
    CaseState,
    EvaluatedCriterion,
    StepKind,
)
from catch.domain.facts import Command, Fact, Leaves, Part, Sealed
from catch.domain.given import Given, not_past
from catch.domain.keys import check_key
from catch.domain.plain import Code, Few, Key
from catch.domain.programme.configuration import Programme
from catch.domain.refusals import (
    MissingText,
    OutOfRange,
    Refused,
)
from catch.domain.subject import Subject


class Redirection(Part, frozen=True, omit_defaults=True):
    """Where the person was led instead: an agency or another programme, handed over warmly."""

    agency: Key | None = None
    programme: Key | None = None
    warm_handover: bool = False


# What happened


class ReferralAccepted(Fact, frozen=True, omit_defaults=True):
    criteria: tuple[EvaluatedCriterion, ...] = ()
    override_reason: Sealed | None = None


class ReferralDeclined(Fact, frozen=True, omit_defaults=True):
    reason: Code
    criteria: tuple[EvaluatedCriterion, ...] = ()
    explanation: Sealed | None = None
    message_back_due: date | None = None


class ReferralRedirected(Fact, frozen=True, omit_defaults=True):
    reason: Code
    redirection: Redirection
    criteria: tuple[EvaluatedCriterion, ...] = ()
    message_back_due: date | None = None


EligibilityEvent = ReferralAccepted | ReferralDeclined | ReferralRedirected


# What may be asked


class AcceptReferral(Command, frozen=True):
    """Accept the person, with the criteria as they were evaluated."""

    case: UUID
    criteria: Few[EvaluatedCriterion] = ()
    override_reason: Sealed | None = None
    LEAVES = Leaves((ReferralAccepted,))


class DeclineReferral(Command, frozen=True):
    """Decline, with a reason, and say when the referrer hears of it."""

    case: UUID
    reason: Code
    criteria: Few[EvaluatedCriterion] = ()
    explanation: Sealed | None = None
    message_back_due: date | None = None
    LEAVES = Leaves((ReferralDeclined,))


class RedirectReferral(Command, frozen=True):
    """Lead the person to a better door, handing over warmly: nobody is turned away."""

    case: UUID
    reason: Code
    redirection: Redirection
    criteria: Few[EvaluatedCriterion] = ()
    message_back_due: date | None = None
    LEAVES = Leaves((ReferralRedirected,))


EligibilityCommand = AcceptReferral | DeclineReferral | RedirectReferral


# What can be refused


class AlreadyDecided(Refused):
    """The referral has been decided already. Look at the case again."""


class CriteriaNotMet(Refused):
    """A required criterion is not met. Give a reason to override it, or decline or redirect."""


class UnknownCriterion(Refused):
    """The programme has no such criterion. Choose one of those in the details."""


class RedirectNeedsTarget(Refused):
    """Say where the person is led: an agency or a programme."""


class RedirectNeedsWarmHandover(Refused):
    """No wrong door: a redirection needs a warm handover. Hand the person over, and say so: `warmHandover`."""


# What we answer


def accept(case: Case, command: AcceptReferral, given: Given) -> list[EligibilityEvent]:
    if case.state not in (CaseState.RECEIVED, CaseState.DECLINED, CaseState.REDIRECTED):
        return []
    if case.state is not CaseState.RECEIVED:
        raise AlreadyDecided(state=case.state)
    check_known(command.criteria, given)
    if given.programme is not None:
        check_criteria(given.programme, command)
    return [ReferralAccepted(command.criteria, command.override_reason)]


def check_known(criteria: tuple[EvaluatedCriterion, ...], given: Given) -> None:
    """Criteria of the programme, by facts of today or earlier."""
    today = london_day(given.at)
    known = [held.code for held in given.programme.eligibility.criteria] if given.programme else []
    for evaluated in criteria:
        if given.programme is not None and evaluated.code not in known:
            raise UnknownCriterion(criterion=evaluated.code, known=", ".join(known) or "none")
        if evaluated.as_of is not None and evaluated.as_of > today:
            raise OutOfRange(field="criteria.asOf", latest=today)


def check_message(due: date | None, given: Given) -> None:
    """Whoever referred hears of it after it was decided."""
    if due is not None:
        not_past(due, given, field="messageBackDue")


def check_criteria(programme: Programme, command: AcceptReferral) -> None:
    unmet = programme.eligibility.unmet({evaluated.code for evaluated in command.criteria if evaluated.met})
    if unmet and not (command.override_reason and programme.eligibility.override_allowed):
        raise CriteriaNotMet(criteria=", ".join(unmet))


def decline(case: Case, command: DeclineReferral, given: Given) -> list[EligibilityEvent]:
    if case.state is CaseState.DECLINED:
        return []
    if case.state is not CaseState.RECEIVED:
        raise AlreadyDecided(state=case.state)
    if not command.reason.strip():
        raise MissingText(field="reason")
    check_key("reason", command.reason)
    check_known(command.criteria, given)
    check_message(command.message_back_due, given)
    return [ReferralDeclined(command.reason, command.criteria, command.explanation, command.message_back_due)]


def redirect(case: Case, command: RedirectReferral, given: Given) -> list[EligibilityEvent]:
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
    check_key("reason", command.reason)
    check_known(command.criteria, given)
    check_message(command.message_back_due, given)
    return [ReferralRedirected(command.reason, command.redirection, command.criteria, command.message_back_due)]


def decide(case: Case, command: EligibilityCommand, given: Given) -> list[EligibilityEvent]:
    match command:
        case AcceptReferral():
            return accept(case, command, given)
        case DeclineReferral():
            return decline(case, command, given)
        case RedirectReferral():
            return redirect(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: EligibilityEvent, at: datetime) -> Case:
    match event:
        case ReferralAccepted():
            accepted = Acceptance(at, event.criteria, event.override_reason)
            return replace(stepped(case, StepKind.ACCEPTED, at), accepted=accepted, answered=None)
        case ReferralDeclined():
            answered = Answered(
                event.reason,
                event.explanation,
                criteria=event.criteria,
                message_back_due=event.message_back_due,
            )
            return replace(stepped(case, StepKind.DECLINED, at), answered=answered)
        case ReferralRedirected(redirection=led):
            answered = Answered(
                event.reason,
                None,
                led.agency,
                led.programme,
                led.warm_handover,
                event.criteria,
                event.message_back_due,
            )
            return replace(stepped(case, StepKind.REDIRECTED, at), answered=answered)
        case _:
            assert_never(event)


SUBJECT = Subject(EligibilityEvent, EligibilityCommand, decide=decide, evolve=evolve)

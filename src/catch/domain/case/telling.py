"""What is told outside the meeting: the case is taken to somebody who can do more, whoever referred hears how it went,
and the person says how it was.
"""

from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.rules import require_live
from catch.domain.case.state import (
    Case,
    Escalated,
    EscalatedTo,
    Experience,
    Feedback,
    MessageBack,
    MessageChannel,
)
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before, within
from catch.domain.parts import in_order, otherwise
from catch.domain.plain import Key
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

# What happened


class CaseEscalated(Fact, frozen=True):
    escalation: UUID
    to: EscalatedTo
    reason: Sealed


class MessageBackSent(Fact, frozen=True):
    message: UUID
    agency: Key
    channel: MessageChannel
    sent_on: date


class MessageBackFailed(Fact, frozen=True):
    """It did not arrive."""

    message: UUID
    reason: Sealed


class MessageBackAcknowledged(Fact, frozen=True):
    message: UUID


class FeedbackReceived(Fact, frozen=True, omit_defaults=True):
    """`may_publish`: the person agrees that it is read by others than those who worked with them."""

    feedback: UUID
    experience: Experience
    text: Sealed | None = None
    may_publish: bool = False


TellingEvent = CaseEscalated | MessageBackSent | MessageBackFailed | MessageBackAcknowledged | FeedbackReceived


# What may be asked


class EscalateCase(Command, frozen=True):
    """Record that the case was taken to a statutory or crisis service, or to a panel for complex cases, and why.

    A safeguarding concern is raised by its own command, which waits for nothing: `raiseSafeguardingConcern`.
    """

    case: UUID
    escalation: UUID
    to: EscalatedTo
    reason: Sealed
    LEAVES = Leaves((CaseEscalated,), "escalation")


class RecordMessageBack(Command, frozen=True):
    """Record that an agency that referred was told how it went. What it was told is as little as it needs."""

    case: UUID
    message: UUID
    agency: Key
    channel: MessageChannel
    sent_on: date
    LEAVES = Leaves((MessageBackSent,), "message")


class RecordMessageFailed(Command, frozen=True):
    """Record that a message back did not arrive, and why. It is sent again as another one."""

    case: UUID
    message: UUID
    reason: Sealed
    LEAVES = Leaves((MessageBackFailed,), about=("message",))


class AcknowledgeMessageBack(Command, frozen=True):
    """Record that whoever it was sent to has said that they have it."""

    case: UUID
    message: UUID


class RecordFeedback(Command, frozen=True):
    """Record how the person found it, in their own words if they like, also after the case is closed."""

    case: UUID
    feedback: UUID
    experience: Experience
    text: Sealed | None = None
    may_publish: bool = False
    LEAVES = Leaves((FeedbackReceived,), "feedback")


TellingCommand = EscalateCase | RecordMessageBack | RecordMessageFailed | AcknowledgeMessageBack | RecordFeedback


# What can be refused


class NotAReferrer(Refused):
    """Only an agency that referred the person is sent a message back. Choose one of those in the details."""


class UnknownMessage(Refused):
    """No such message back was recorded. Look at the case again."""


class MessageSettled(Refused):
    """It was recorded before what became of this message. Look at the case again."""


# What we answer


def send(case: Case, command: RecordMessageBack, given: Given) -> list[TellingEvent]:
    if any(held.message == command.message for held in case.messages_back):
        return []
    since = referred_at(case, command.agency)
    if since is None:
        raise NotAReferrer(agency=command.agency, known=", ".join(sorted({door.agency for door in case.doors})))
    within(command.sent_on, london_day(since), london_day(given.at), field="sentOn")
    return [MessageBackSent(command.message, command.agency, command.channel, command.sent_on)]


def referred_at(case: Case, agency: str) -> datetime | None:
    """When the agency first referred the person, as it says itself: it may have been typed in later."""
    received = (
        min(referral.received_at, door.since)
        for referral, door in zip(case.referrals, case.doors, strict=True)
        if door.agency == agency
    )
    return min(received, default=None)


def settle(case: Case, command: RecordMessageFailed | AcknowledgeMessageBack, given: Given) -> list[TellingEvent]:
    held = next((held for held in case.messages_back if held.message == command.message), None)
    if held is None:
        raise UnknownMessage(message=command.message)
    failed = isinstance(command, RecordMessageFailed)
    if held.failed_at if failed else held.acknowledged_at:
        return []
    if held.failed_at or held.acknowledged_at:
        raise MessageSettled(message=command.message)
    not_before(given, held.recorded_at)
    return [MessageBackFailed(command.message, command.reason) if failed else MessageBackAcknowledged(command.message)]


def feedback(case: Case, command: RecordFeedback, given: Given) -> list[TellingEvent]:
    if any(held.feedback == command.feedback for held in case.feedback):
        return []
    not_before(given, case.opened_at)
    return [FeedbackReceived(command.feedback, command.experience, command.text, command.may_publish)]


def decide(case: Case, command: TellingCommand, given: Given) -> list[TellingEvent]:
    match command:
        case EscalateCase():
            if any(held.escalation == command.escalation for held in case.escalations):
                return []
            require_live(case, given)
            return [CaseEscalated(command.escalation, command.to, command.reason)]
        case RecordMessageBack():
            return send(case, command, given)
        case RecordMessageFailed() | AcknowledgeMessageBack():
            return settle(case, command, given)
        case RecordFeedback():
            return feedback(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: TellingEvent, at: datetime) -> Case:
    match event:
        case CaseEscalated():
            held = Escalated(event.escalation, event.to, at, event.reason)
            return replace(case, escalations=in_order(case.escalations, held, lambda each: each.at))
        case MessageBackSent():
            sent = MessageBack(event.message, event.agency, event.channel, event.sent_on, at)
            return replace(case, messages_back=in_order(case.messages_back, sent, lambda each: each.recorded_at))
        case MessageBackFailed():
            return replace(case, messages_back=settled(case, event.message, failed_at=at, reason=event.reason))
        case MessageBackAcknowledged():
            return replace(case, messages_back=settled(case, event.message, acknowledged_at=at))
        case FeedbackReceived():
            said = Feedback(event.feedback, event.experience, at, event.text, event.may_publish)
            return replace(case, feedback=in_order(case.feedback, said, lambda each: each.at))
        case _:
            assert_never(event)


def settled(case: Case, message: UUID, **how: object) -> tuple[MessageBack, ...]:
    return otherwise(case.messages_back, lambda held: held.message == message, **how)


SUBJECT = Subject(TellingEvent, TellingCommand, decide=decide, evolve=evolve)

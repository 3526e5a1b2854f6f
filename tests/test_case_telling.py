"""What is told outside the meeting, and what the person says of it; and that somebody has died."""

from datetime import date, timedelta

from msgspec.structs import replace

from catch.domain.case.referral import ReferralAttached
from catch.domain.case.rules import CaseNotLive
from catch.domain.case.state import EscalatedTo, Experience, MessageChannel
from catch.domain.case.telling import (
    AcknowledgeMessageBack,
    CaseEscalated,
    EscalateCase,
    FeedbackReceived,
    MessageBackAcknowledged,
    MessageBackFailed,
    MessageBackSent,
    MessageSettled,
    NotAReferrer,
    RecordFeedback,
    RecordMessageBack,
    RecordMessageFailed,
    UnknownMessage,
)
from catch.domain.facts import Sealed
from catch.domain.person import (
    DeathSource,
    DeathWithdrawn,
    NoDeathRecorded,
    Person,
    PersonCommand,
    PersonDeceased,
    PersonEvent,
    PersonRegistered,
    RecordDeath,
    WithdrawDeath,
    decide,
    evolve,
)
from catch.domain.refusals import OutOfRange
from tests.cases import ACCEPTED, CASE, GIVEN, NOW, PERSON, TEXT, case_given, folded, received, uid
from tests.given import Stream, given
from tests.test_case_pauses import closed

TODAY = date(2026, 3, 10)
DOOR = folded(received).doors[0].agency
EARLIER = replace(GIVEN, at=NOW - timedelta(minutes=1))

escalate = EscalateCase(CASE, uid(68), EscalatedTo.CRISIS, TEXT)
message = RecordMessageBack(CASE, uid(70), DOOR, MessageChannel.EMAIL, TODAY)
sent = MessageBackSent(uid(70), DOOR, MessageChannel.EMAIL, TODAY)
say = RecordFeedback(CASE, uid(69), Experience.GOOD, TEXT, may_publish=True)


def test_a_case_is_taken_further_once():
    escalated = CaseEscalated(uid(68), EscalatedTo.CRISIS, TEXT)
    case_given(*ACCEPTED).when(escalate, GIVEN).then(escalated)
    case_given(*ACCEPTED, escalated).when(escalate, GIVEN).then()
    case_given(*ACCEPTED, closed).when(escalate, GIVEN).refused(CaseNotLive)


def test_an_agency_that_referred_is_told_once_also_after_the_end():
    case_given(*ACCEPTED).when(message, GIVEN).then(sent)
    case_given(*ACCEPTED, closed).when(message, GIVEN).then(sent)
    case_given(*ACCEPTED, sent).when(message, GIVEN).then()
    case_given(*ACCEPTED).when(replace(message, agency="police-1"), GIVEN).refused(NotAReferrer, known=DOOR)
    tomorrow = replace(message, sent_on=TODAY + timedelta(days=1))
    case_given(*ACCEPTED).when(tomorrow, GIVEN).refused(OutOfRange, latest=TODAY)


def test_nobody_is_told_back_before_they_referred():
    police = replace(received.referral, referral=uid(4), referrer_agency="police-1", received_at=NOW)
    both = (*ACCEPTED, ReferralAttached(police))
    early = replace(message, sent_on=TODAY - timedelta(days=1))
    case_given(*both).when(early, GIVEN).then(replace(sent, sent_on=early.sent_on))
    other = replace(early, agency="police-1")
    case_given(*both).when(other, GIVEN).refused(OutOfRange, field="sentOn", earliest=TODAY)
    case_given(*both).when(replace(other, sent_on=TODAY), GIVEN).recorded(MessageBackSent)


def test_a_message_arrives_or_fails_and_not_both():
    got, lost = AcknowledgeMessageBack(CASE, uid(70)), RecordMessageFailed(CASE, uid(70), TEXT)
    acknowledged, failed = MessageBackAcknowledged(uid(70)), MessageBackFailed(uid(70), TEXT)
    for command, fact, other in ((got, acknowledged, lost), (lost, failed, got)):
        case_given(*ACCEPTED, sent).when(command, GIVEN).then(fact)
        case_given(*ACCEPTED, sent, fact).when(command, GIVEN).then()
        case_given(*ACCEPTED, sent, fact).when(other, GIVEN).refused(MessageSettled)
        case_given(*ACCEPTED).when(command, GIVEN).refused(UnknownMessage)
        case_given(*ACCEPTED, sent).when(command, EARLIER).refused(OutOfRange, field="occurredAt")


def test_what_the_person_says_is_kept_also_after_the_end():
    said = FeedbackReceived(uid(69), Experience.GOOD, TEXT, may_publish=True)
    case_given(*ACCEPTED, closed).when(say, GIVEN).then(said)
    case_given(*ACCEPTED, closed, said).when(say, GIVEN).then()


# Somebody has died

KNOWN = PersonRegistered(PERSON, False, Sealed("A. Example"))
died = PersonDeceased(date(2026, 3, 8), DeathSource.FAMILY)
record = RecordDeath(PERSON, died.on, died.source)
wrong = WithdrawDeath(PERSON, TEXT)


def evolved(person: Person | None, event: PersonEvent) -> Person:
    after = evolve(person, event, NOW)
    assert after is not None
    return after


def person_given(*events: PersonEvent) -> Stream[Person, PersonEvent, PersonCommand]:
    return given(decide, evolved, *events)


def test_a_death_is_recorded_once_and_may_be_put_right():
    person_given(KNOWN).when(record, GIVEN).then(died)
    person_given(KNOWN, died).when(record, GIVEN).then()
    person_given(KNOWN, died).when(replace(record, on=TODAY), GIVEN).then(replace(died, on=TODAY))
    person_given(KNOWN).when(replace(record, on=TODAY + timedelta(days=1)), GIVEN).refused(OutOfRange, latest=TODAY)
    person_given(KNOWN).when(wrong, GIVEN).refused(NoDeathRecorded)
    after = person_given(KNOWN, died).when(wrong, GIVEN).then(DeathWithdrawn(TEXT)).state
    assert after is not None
    assert (after.deceased, after.death_withdrawn) == (None, TEXT)
    person_given(KNOWN, died, DeathWithdrawn(TEXT)).when(wrong, GIVEN).then()


def test_what_was_typed_in_late_changes_nothing_of_what_holds_now():
    person: Person | None = None
    for event, at in ((KNOWN, NOW), (died, NOW), (DeathWithdrawn(TEXT), NOW - timedelta(days=1))):
        person = evolve(person, event, at)
    assert person is not None
    assert person.deceased == died

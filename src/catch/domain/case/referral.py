"""The front door: a referral arrives, or a further one of the same person."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import CLOCKS_MAY_DIFFER, london_day
from catch.domain.case.rules import CaseNotLive
from catch.domain.case.said import heard
from catch.domain.case.state import (
    Basis,
    Case,
    CaseState,
    Described,
    Door,
    Milestones,
    Referral,
    ReferralAgreement,
    SafeContact,
    Step,
    StepKind,
    Urgency,
)
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given
from catch.domain.keys import check_key, is_key
from catch.domain.parts import in_order
from catch.domain.plain import Age, Code, Few, Key, Made
from catch.domain.programme.configuration import Programme
from catch.domain.refusals import (
    OutOfRange,
    Refused,
    UnknownProgramme,
)
from catch.domain.subject import Subject

# What happened


class ReferralReceived(Fact, frozen=True, omit_defaults=True):
    number: Made
    person: UUID
    programme: Key
    programme_version: int
    referral: Referral
    age_warning: bool = False


class ReferralAttached(Fact, frozen=True, omit_defaults=True):
    referral: Referral


ReferralEvent = ReferralReceived | ReferralAttached


# What may be asked


class SubmitReferral(Command, frozen=True):
    """Ask a programme to take a person on. Opens a case; refused where the person already has an open one there."""

    case: UUID
    person: UUID
    programme: Key
    referral: UUID
    source: Code
    channel: Code
    received_at: datetime
    reason: Sealed
    needs: Few[Code] = ()
    urgency: Urgency = Urgency.ROUTINE
    on_behalf_of: Key | None = None  # the referring agency, where somebody else types it in
    unverified_organisation: Sealed | None = None  # its name, where it is no partner: nobody has checked it
    agreement: ReferralAgreement | None = None
    basis: Basis | None = None
    safe_contact: SafeContact | None = None
    age: Age | None = None
    reference: Sealed | None = None  # the sender's own number of the referral
    described: Described | None = None  # the person as the sender describes them
    LEAVES = Leaves(
        (ReferralReceived,),
        "case",
        inside="referral",
        kept_as=(("on_behalf_of", "referrer_agency"),),
        filled=("on_behalf_of",),
        unkept=("age",),
    )


class AttachReferral(Command, frozen=True):
    """Add a further referral, from another door, to the case the person already has."""

    case: UUID
    person: UUID
    referral: UUID
    source: Code
    channel: Code
    received_at: datetime
    reason: Sealed
    needs: Few[Code] = ()
    urgency: Urgency = Urgency.ROUTINE
    on_behalf_of: Key | None = None
    unverified_organisation: Sealed | None = None
    agreement: ReferralAgreement | None = None
    safe_contact: SafeContact | None = None
    reference: Sealed | None = None
    described: Described | None = None
    LEAVES = Leaves(
        (ReferralAttached, ReferralReceived),
        "referral",
        inside="referral",
        kept_as=(("on_behalf_of", "referrer_agency"),),
        filled=("on_behalf_of",),
    )


ReferralCommand = SubmitReferral | AttachReferral


# What can be refused


class ProgrammeNotRunning(Refused):
    """The programme takes no referrals on this day. Refer to another programme, or ask the agency that leads this
    one.
    """


class SourceNotAllowed(Refused):
    """The programme takes no referrals from this source. Choose one of those in the details."""


class ChannelNotAllowed(Refused):
    """The programme takes no referrals through this channel. Choose one of those in the details."""


class DuplicateOpenCase(Refused):
    """The person already has an open case in this programme. Attach the referral to it instead."""


class NumberHasOpenCase(Refused):
    """Somebody registered with the same NHS number has an open case in this programme. If they are one person, attach
    the referral to that case; if not, one of the numbers is wrong.
    """


class DifferentPerson(Refused):
    """This case is about somebody else. Name a case of the person who is referred, or open one: `submitReferral`."""


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
    if command.received_at > given.at + CLOCKS_MAY_DIFFER:
        raise OutOfRange(field="receivedAt", latest=given.at.isoformat())
    for need in command.needs:
        check_key("needs", need)
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
        agreement=command.agreement,
        basis=command.basis if isinstance(command, SubmitReferral) else None,
        safe_contact=command.safe_contact,
        unverified_organisation=command.unverified_organisation,
        reference=command.reference,
        reference_digest=given.digest,
        described=command.described,
    )


def submit(case: Case | None, command: SubmitReferral, given: Given) -> list[ReferralEvent]:
    if case is not None:
        return []
    programme = given.programme
    if programme is None or programme.key != command.programme:
        raise UnknownProgramme(programme=command.programme)
    day = london_day(command.received_at)
    if not programme.runs_on(day):
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
            age_warning=command.age is not None and not programme.eligibility.covers(command.age),
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


def decide(case: Case, command: ReferralCommand, given: Given) -> list[ReferralEvent]:
    match command:
        case SubmitReferral():
            return submit(case, command, given)
        case AttachReferral():
            return attach(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


UNREGISTERED = "(not registered)"
"""Stands for an organisation that was named in plain before such names were sealed. No key, so nobody acts for it."""


def kept(referral: Referral) -> Referral:
    """What somebody once typed where a key belongs is not shown."""
    return referral if is_key(referral.referrer_agency) else replace(referral, referrer_agency=UNREGISTERED)


def opened(stream: UUID, event: ReferralReceived, at: datetime) -> Case:
    referral, received = kept(event.referral), event.referral.received_at
    case = Case(
        case=stream,
        number=event.number,
        person=event.person,
        programme=event.programme,
        programme_version=event.programme_version,
        state=CaseState.RECEIVED,
        milestones=Milestones(received_at=received),
        referrals=(referral,),
        doors=(Door(referral.referrer_agency, at),),
        episode_started_at=received,
        course=(Step(received, StepKind.RECEIVED),),
        age_warning=event.age_warning,
    )
    return heard(case)


def attached(case: Case, referral: Referral, at: datetime) -> Case:
    """Somebody may refer another as if they were that person: of what two doors say, the more careful holds."""
    door = Door(referral.referrer_agency, at)
    doors = in_order(case.doors, door, lambda held: held.since, after=1)
    place = next(place for place, held in enumerate(doors) if held is door)
    referrals = (*case.referrals[:place], referral, *case.referrals[place:])
    return heard(replace(case, doors=doors, referrals=referrals))


def evolve(case: Case, event: ReferralEvent, at: datetime) -> Case:
    match event:
        case ReferralReceived():
            return case  # only ever first: `opened` made the case
        case ReferralAttached():
            return attached(case, kept(event.referral), at)
        case _:
            assert_never(event)


SUBJECT = Subject(ReferralEvent, ReferralCommand, decide=decide, evolve=evolve)

"""The organisation itself: registered under a key, its agreements, and the programmes that it runs."""

from datetime import date, datetime
from typing import TYPE_CHECKING, assert_never

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.facts import Category, Command, Fact, Leaves, Sealed
from catch.domain.keys import check_key
from catch.domain.partner.state import Agreement, Partner, Running, RunningPart, followed_by
from catch.domain.plain import Code, Few, FewOf, Key, OdsCode, PublicName
from catch.domain.refusals import MissingText, Refused, UnknownPartner
from catch.domain.subject import Subject

if TYPE_CHECKING:
    from catch.domain.given import Given  # which holds partners

THE_PROGRAM = frozenset({"front-door", "operator", "referral-import"})
"""What the program itself is called where it acts: an agency of that key would be taken for whoever referred."""

# What happened


class PartnerRegistered(Fact, frozen=True, omit_defaults=True):
    """An organisation came to the table. `kind` is what programmes ask for, e.g. `housing`; `ods` its NHS code."""

    partner: Key
    name: PublicName
    kind: Code
    ods: OdsCode | None = None


class AgreementSigned(Fact, frozen=True, omit_defaults=True):
    """An information sharing agreement was signed. It runs from the first day to the last, both included."""

    partner: Key
    agreement: Key
    programmes: tuple[Key, ...]
    categories: frozenset[Category]
    starts_on: date
    ends_on: date | None
    signatory: Sealed


class AgreementTerminated(Fact, frozen=True, omit_defaults=True):
    """An agreement was ended before its time: from `at` on nothing is shared under it."""

    partner: Key
    agreement: Key
    at: datetime
    reason: Sealed


class AgencyRunsProgramme(Fact, frozen=True, omit_defaults=True):
    """The agency took on a programme, or a part of it."""

    partner: Key
    programme: Key
    part: RunningPart
    starts_on: date
    ends_on: date | None = None


class AgencyLeftProgramme(Fact, frozen=True, omit_defaults=True):
    """The agency gave up its part in a programme."""

    partner: Key
    programme: Key
    part: RunningPart


OrganisationEvent = (
    PartnerRegistered | AgreementSigned | AgreementTerminated | AgencyRunsProgramme | AgencyLeftProgramme
)


# Where that leaves us


def evolve(partner: Partner, event: OrganisationEvent, at: datetime) -> Partner:
    match event:
        case PartnerRegistered():
            return partner  # only ever first
        case AgreementSigned(_, agreement, programmes, categories, starts_on, ends_on):
            signed = Agreement(agreement, programmes, categories, starts_on, ends_on)
            return replace(partner, agreements=(*partner.agreements, signed))
        case AgreementTerminated(_, agreement, at):
            return replace(partner, agreements=tuple(_terminated(held, agreement, at) for held in partner.agreements))
        case AgencyRunsProgramme(_, programme, part, starts_on, ends_on):
            new = Running(programme, part, starts_on, ends_on)
            running = followed_by(partner.running, new, london_day(at))
            return replace(partner, running=running)
        case AgencyLeftProgramme(_, programme, part):
            left = (held for held in partner.running if (held.programme, held.part) != (programme, part))
            return replace(partner, running=tuple(left))
        case _:
            assert_never(event)


def _terminated(held: Agreement, agreement: str, at: datetime) -> Agreement:
    return replace(held, terminated_at=at) if held.agreement == agreement else held


# What may be asked


class RegisterPartner(Command, frozen=True):
    """Register an organisation under a key of its own, e.g. `housing-1`."""

    partner: Key
    name: PublicName
    kind: Code
    ods: OdsCode | None = None
    LEAVES = Leaves((PartnerRegistered,), "partner")


class SignAgreement(Command, frozen=True):
    """Record an information sharing agreement: for which programmes, what may be shared, and for how long."""

    partner: Key
    agreement: Key
    programmes: Few[Key]
    categories: FewOf[Category]
    starts_on: date
    ends_on: date | None
    signatory: Sealed
    LEAVES = Leaves((AgreementSigned,), "agreement")


class TerminateAgreement(Command, frozen=True):
    """End an agreement at once. What was shared before stays on record."""

    partner: Key
    agreement: Key
    reason: Sealed
    LEAVES = Leaves((AgreementTerminated,), about=("agreement",))


class RunProgramme(Command, frozen=True):
    """Say that the agency runs a programme: as its lead, delivering it, or coordinating cases in it."""

    partner: Key
    programme: Key
    part: RunningPart
    starts_on: date
    ends_on: date | None = None


class LeaveProgramme(Command, frozen=True):
    """Say that the agency no longer has this part in the programme. What its people had by it ends at once."""

    partner: Key
    programme: Key
    part: RunningPart


OrganisationCommand = RegisterPartner | SignAgreement | TerminateAgreement | RunProgramme | LeaveProgramme


# What can be refused


class AgreementCoversNothing(Refused):
    """An agreement names at least one programme and one category of information. Add what is missing."""


class AgreementEndsBeforeItStarts(Refused):
    """An agreement's last day cannot come before its first. Correct one of the two."""


class KeyReserved(Refused):
    """This key stands for the program itself. Choose another one."""


class UnknownAgreement(Refused):
    """The partner has signed no agreement with this id. Look at its agreements again."""


class EndsBeforeItBegins(Refused):
    """The last day cannot come before the first. Correct one of the two."""


# What we answer


def decide(partner: Partner | None, command: OrganisationCommand, given: "Given") -> list[OrganisationEvent]:
    if isinstance(command, RegisterPartner):
        return _register(partner, command)
    if partner is None:
        raise UnknownPartner(partner=command.partner)
    match command:
        case SignAgreement():
            return _sign(partner, command)
        case TerminateAgreement():
            return _terminate(partner, command, given.at)
        case RunProgramme():
            return _run(partner, command)
        case LeaveProgramme(key, programme, part):
            had = any((held.programme, held.part) == (programme, part) for held in partner.running)
            return [AgencyLeftProgramme(key, programme, part)] if had else []
        case _:
            assert_never(command)


def _register(partner: Partner | None, command: RegisterPartner) -> list[OrganisationEvent]:
    check_key("partner", command.partner)
    check_key("kind", command.kind)
    if command.partner in THE_PROGRAM:
        raise KeyReserved(field="partner")
    if not command.name.strip():
        raise MissingText(field="name")
    return [] if partner else [PartnerRegistered(command.partner, command.name, command.kind, command.ods)]


def _sign(partner: Partner, command: SignAgreement) -> list[OrganisationEvent]:
    key, agreement, programmes, categories = command.partner, command.agreement, command.programmes, command.categories
    if not agreement:
        raise MissingText(field="agreement")
    if not programmes or not categories:
        raise AgreementCoversNothing(agreement=agreement)
    if command.ends_on is not None and command.ends_on < command.starts_on:
        raise AgreementEndsBeforeItStarts(starts_on=command.starts_on, ends_on=command.ends_on)
    # Ended or not, the same agreement signed again is a repetition: it does not come back by that.
    if partner.agreement(agreement):
        return []
    return [
        AgreementSigned(key, agreement, programmes, categories, command.starts_on, command.ends_on, command.signatory)
    ]


def _terminate(partner: Partner, command: TerminateAgreement, at: datetime) -> list[OrganisationEvent]:
    held = partner.agreement(command.agreement)
    if held is None:
        raise UnknownAgreement(agreement=command.agreement)
    if not command.reason:
        raise MissingText(field="reason")
    return [] if held.terminated_at else [AgreementTerminated(command.partner, command.agreement, at, command.reason)]


def _run(partner: Partner, command: RunProgramme) -> list[OrganisationEvent]:
    check_key("programme", command.programme)
    in_order(command.starts_on, command.ends_on)
    running = Running(command.programme, command.part, command.starts_on, command.ends_on)
    if running in partner.running:
        return []
    return [AgencyRunsProgramme(command.partner, running.programme, running.part, running.starts_on, running.ends_on)]


def in_order(starts_on: date, ends_on: date | None) -> None:
    if ends_on is not None and ends_on < starts_on:
        raise EndsBeforeItBegins(starts_on=starts_on, ends_on=ends_on)


SUBJECT = Subject(OrganisationEvent, OrganisationCommand, decide=decide, evolve=evolve)

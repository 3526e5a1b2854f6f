"""A partner: an organisation with an information sharing agreement, and the people who act for it.

Read downwards: what happened, where that leaves us, what may be asked, what we answer. The stream's id is made from
the partner's key, so every fact names the key.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, assert_never

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.facts import Category, Command, Fact, Part, Sealed
from catch.domain.keys import check_key
from catch.domain.plain import Code, Few, FewOf, Key, OdsCode, PublicName, UserId
from catch.domain.refusals import IdAlreadyUsed, MissingText, Refused, UnknownPartner

if TYPE_CHECKING:
    from catch.domain.given import Given  # which holds partners


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


class MemberEnrolled(Fact, frozen=True, omit_defaults=True):
    """Somebody may act for the partner."""

    partner: Key
    user: UserId
    name: Sealed


class MemberSuspended(Fact, frozen=True, omit_defaults=True):
    """Somebody may not act for the partner any more."""

    partner: Key
    user: UserId


class MemberReinstated(Fact, frozen=True, omit_defaults=True):
    """Somebody who was suspended may act again."""

    partner: Key
    user: UserId


PartnerEvent = (
    PartnerRegistered | AgreementSigned | AgreementTerminated | MemberEnrolled | MemberSuspended | MemberReinstated
)


class Agreement(Part, frozen=True, omit_defaults=True):
    """An information sharing agreement: what may be shared, for which programmes, and for how long."""

    agreement: Key
    programmes: tuple[Key, ...]
    categories: frozenset[Category]
    starts_on: date
    ends_on: date | None = None
    terminated_at: datetime | None = None

    def in_force(self, programme: str, at: datetime) -> bool:
        day = london_day(at)
        return (
            programme in self.programmes
            and (self.terminated_at is None or at < self.terminated_at)
            and self.starts_on <= day
            and (self.ends_on is None or day <= self.ends_on)
        )


class Member(Part, frozen=True, omit_defaults=True):
    """Somebody who acts for the partner."""

    user: UserId
    name: Sealed
    suspended: bool = False


class Partner(Part, frozen=True, omit_defaults=True):
    """Where the partner's history leaves it."""

    partner: Key
    name: PublicName
    kind: Code
    agreements: tuple[Agreement, ...] = ()
    members: tuple[Member, ...] = ()
    ods: OdsCode | None = None

    def in_force(self, programme: str, at: datetime) -> bool:
        """True when any agreement for the programme's key is in force at `at`."""
        return any(held.in_force(programme, at) for held in self.agreements)

    def covers(self, programme: str, categories: frozenset[Category], at: datetime) -> bool:
        """True when agreements in force at `at` cover all these categories for the programme's key."""
        return categories <= self.shares(programme, at)

    def shares(self, programme: str, at: datetime) -> frozenset[Category]:
        """What agreements in force at `at` allow to be shared for the programme's key."""
        return frozenset[Category]().union(*(held.categories for held in self._held(programme, at)))

    def agreement(self, agreement: str) -> Agreement | None:
        return next((held for held in self.agreements if held.agreement == agreement), None)

    def member(self, user: str) -> Member | None:
        return next((member for member in self.members if member.user == user), None)

    def _held(self, programme: str, at: datetime) -> Iterator[Agreement]:
        return (held for held in self.agreements if held.in_force(programme, at))


def evolve(partner: Partner | None, event: PartnerEvent) -> Partner | None:
    if isinstance(event, PartnerRegistered):
        return partner or Partner(event.partner, event.name, event.kind, ods=event.ods)
    if partner is None:
        return None
    match event:
        case AgreementSigned(_, agreement, programmes, categories, starts_on, ends_on):
            signed = Agreement(agreement, programmes, categories, starts_on, ends_on)
            return replace(partner, agreements=(*partner.agreements, signed))
        case AgreementTerminated(_, agreement, at):
            return replace(partner, agreements=tuple(_terminated(held, agreement, at) for held in partner.agreements))
        case MemberEnrolled(_, user, name):
            return replace(partner, members=(*partner.members, Member(user, name)))
        case MemberSuspended(_, user):
            return replace(partner, members=tuple(_suspended(member, user, True) for member in partner.members))
        case MemberReinstated(_, user):
            return replace(partner, members=tuple(_suspended(member, user, False) for member in partner.members))
        case _:
            assert_never(event)


def _terminated(held: Agreement, agreement: str, at: datetime) -> Agreement:
    return replace(held, terminated_at=at) if held.agreement == agreement else held


def _suspended(member: Member, user: str, suspended: bool) -> Member:
    return replace(member, suspended=suspended) if member.user == user else member


class RegisterPartner(Command, frozen=True):
    """Register an organisation under a key of its own, e.g. `housing-1`."""

    partner: Key
    name: PublicName
    kind: Code
    ods: OdsCode | None = None


class SignAgreement(Command, frozen=True):
    """Record an information sharing agreement: for which programmes, what may be shared, and for how long."""

    partner: Key
    agreement: Key
    programmes: Few[Key]
    categories: FewOf[Category]
    starts_on: date
    ends_on: date | None
    signatory: Sealed


class TerminateAgreement(Command, frozen=True):
    """End an agreement at once. What was shared before stays on record."""

    partner: Key
    agreement: Key
    reason: Sealed


class EnrolMember(Command, frozen=True):
    """Let somebody act for the partner."""

    partner: Key
    user: UserId
    name: Sealed


class SuspendMember(Command, frozen=True):
    """Stop somebody acting for the partner."""

    partner: Key
    user: UserId


class ReinstateMember(Command, frozen=True):
    """Let somebody who was suspended act again."""

    partner: Key
    user: UserId


PartnerCommand = RegisterPartner | SignAgreement | TerminateAgreement | EnrolMember | SuspendMember | ReinstateMember


class AgreementCoversNothing(Refused):
    """An agreement names at least one programme and one category of information."""


class AgreementEndsBeforeItStarts(Refused):
    """An agreement's last day cannot come before its first."""


class UnknownAgreement(Refused):
    """The partner has signed no agreement with this id."""


class MemberNotEnrolled(Refused):
    """This user does not act for the partner. Enrol them first."""


def decide(partner: Partner | None, command: PartnerCommand, given: "Given") -> list[PartnerEvent]:
    if isinstance(command, RegisterPartner):
        return _register(partner, command)
    if partner is None:
        raise UnknownPartner(partner=command.partner)
    match command:
        case SignAgreement():
            return _sign(partner, command)
        case TerminateAgreement():
            return _terminate(partner, command, given.at)
        case EnrolMember(key, user, name):
            if not user:
                raise MissingText(field="user")
            return [] if partner.member(user) else [MemberEnrolled(key, user, name)]
        case SuspendMember(key, user):
            return [] if _member(partner, user).suspended else [MemberSuspended(key, user)]
        case ReinstateMember(key, user):
            return [MemberReinstated(key, user)] if _member(partner, user).suspended else []
        case _:
            assert_never(command)


def _register(partner: Partner | None, command: RegisterPartner) -> list[PartnerEvent]:
    check_key("partner", command.partner)
    check_key("kind", command.kind)
    if not command.name.strip():
        raise MissingText(field="name")
    if partner is None:
        return [PartnerRegistered(command.partner, command.name, command.kind, command.ods)]
    if (partner.name, partner.kind, partner.ods) != (command.name, command.kind, command.ods):
        raise IdAlreadyUsed(partner=command.partner)
    return []


def _sign(partner: Partner, command: SignAgreement) -> list[PartnerEvent]:
    key, agreement, programmes, categories = command.partner, command.agreement, command.programmes, command.categories
    if not agreement:
        raise MissingText(field="agreement")
    if not programmes or not categories:
        raise AgreementCoversNothing(agreement=agreement)
    if command.ends_on is not None and command.ends_on < command.starts_on:
        raise AgreementEndsBeforeItStarts(starts_on=command.starts_on, ends_on=command.ends_on)
    signed = Agreement(agreement, programmes, categories, command.starts_on, command.ends_on)
    if held := partner.agreement(agreement):
        if replace(held, terminated_at=None) != signed:
            raise IdAlreadyUsed(agreement=agreement)
        return []
    return [
        AgreementSigned(key, agreement, programmes, categories, signed.starts_on, signed.ends_on, command.signatory)
    ]


def _terminate(partner: Partner, command: TerminateAgreement, at: datetime) -> list[PartnerEvent]:
    held = partner.agreement(command.agreement)
    if held is None:
        raise UnknownAgreement(agreement=command.agreement)
    if not command.reason:
        raise MissingText(field="reason")
    return [] if held.terminated_at else [AgreementTerminated(command.partner, command.agreement, at, command.reason)]


def _member(partner: Partner, user: str) -> Member:
    member = partner.member(user)
    if member is None:
        raise MemberNotEnrolled(user=user)
    return member

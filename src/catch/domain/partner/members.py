"""The partner's people: who is enrolled, what each may act as and for how long, and who gave it to them.

A giver is never given anything by their own hand; who may give what is said in `catch.access`.
"""

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.facts import Command, Fact, Leaves, Role, Sealed, Tag
from catch.domain.keys import check_key
from catch.domain.partner.organisation import in_order
from catch.domain.partner.state import Binding, Bound, HeldRole, HeldTag, Member, Partner, ServiceAccount, followed_by
from catch.domain.plain import Few, Key, Made, UserId
from catch.domain.refusals import Refused, UnknownPartner
from catch.domain.subject import Subject

if TYPE_CHECKING:
    from catch.domain.given import Given

AT_A_SERIES = frozenset({Role.CHAIR, Role.DEPUTY, Role.PREPARER})
"""Held at one meeting series."""
IN_THE_PLACE = frozenset({Role.ADMINISTRATOR, Role.MEMBER_ADMINISTRATOR})
"""Held wherever the agency is; every other role is held in one programme."""
OF_SERVICES = frozenset({Role.REFERRER, Role.PARTNER, Role.COORDINATOR})
"""What a program may act as."""
SHA256 = re.compile("[0-9a-f]{64}")
ACCOUNTS = 10
"""With how many accounts a member may be bound."""

# What happened


class MemberEnrolled(Fact, frozen=True, omit_defaults=True):
    """Somebody, or with `service` a program, may act for the partner, as whatever they are given.

    `subject` was never written: what an issuer calls somebody is `SubjectBound`.
    """

    partner: Key
    user: UserId
    name: Sealed
    subject: Made | None = None
    service: ServiceAccount | None = None


class ServiceAllowed(Fact, frozen=True, omit_defaults=True):
    """What a program may ask for from now on."""

    partner: Key
    user: UserId
    service: ServiceAccount


class SubjectBound(Fact, frozen=True, omit_defaults=True):
    """Nobody acts as the member but whom this issuer calls so; with `beside`, or whom the others do."""

    partner: Key
    user: UserId
    binding: Binding
    beside: bool = False


class SubjectUnbound(Fact, frozen=True, omit_defaults=True):
    """This issuer's word is not taken for the member any more."""

    partner: Key
    user: UserId
    issuer: Key


class CalendarRenewed(Fact, frozen=True, omit_defaults=True):
    """The secret addresses of a member's calendars ended, and others took their place."""

    partner: Key
    user: UserId


class MemberSuspended(Fact, frozen=True, omit_defaults=True):
    """Somebody may not act for the partner any more."""

    partner: Key
    user: UserId


class MemberReinstated(Fact, frozen=True, omit_defaults=True):
    """Somebody who was suspended may act again."""

    partner: Key
    user: UserId


class RoleGiven(Fact, frozen=True, omit_defaults=True):
    """A member may act as something, from the first day to the last. Given again, it lasts as it was given last."""

    partner: Key
    user: UserId
    held: HeldRole


class RoleEnded(Fact, frozen=True, omit_defaults=True):
    """A member may no longer act as that."""

    partner: Key
    user: UserId
    role: Role
    programme: Key | None = None
    series: Key | None = None


class TagGiven(Fact, frozen=True, omit_defaults=True):
    """A member may read restricted information of one kind in a programme."""

    partner: Key
    user: UserId
    held: HeldTag


class TagEnded(Fact, frozen=True, omit_defaults=True):
    """A member may no longer read it."""

    partner: Key
    user: UserId
    tag: Tag
    programme: Key


Changed = (
    MemberSuspended
    | MemberReinstated
    | ServiceAllowed
    | SubjectBound
    | SubjectUnbound
    | CalendarRenewed
    | RoleGiven
    | RoleEnded
    | TagGiven
    | TagEnded
)
MemberEvent = MemberEnrolled | Changed


# Where that leaves us


def evolve(partner: Partner, event: MemberEvent, at: datetime) -> Partner:
    if isinstance(event, MemberEnrolled):
        return replace(partner, members=(*partner.members, Member(event.user, event.name, service=event.service)))
    return replace(
        partner, members=tuple(_after(held, event, at) if held.user == event.user else held for held in partner.members)
    )


def _after(member: Member, event: Changed, at: datetime) -> Member:  # noqa: C901
    match event:
        case MemberSuspended():
            return replace(member, suspended=True)
        case MemberReinstated():
            return replace(member, suspended=False)
        case ServiceAllowed(service=service):
            return replace(member, service=service)
        case SubjectBound(binding=binding, beside=beside):
            others = (held for held in member.bound or () if beside and held.binding != binding)
            return replace(member, bound=(*others, Bound(binding, at)))
        case SubjectUnbound(issuer=issuer):
            return replace(member, bound=tuple(held for held in member.bound or () if held.binding.issuer != issuer))
        case CalendarRenewed():
            return replace(member, calendars=member.calendars + 1)
        case RoleGiven(held=given):
            return replace(member, roles=followed_by(member.roles, given, london_day(at)))
        case RoleEnded(role=role, programme=programme, series=series):
            ended = (role, programme, series)
            kept = (held for held in member.roles if (held.role, held.programme, held.series) != ended)
            return replace(member, roles=tuple(kept))
        case TagGiven(held=given):
            return replace(member, tags=followed_by(member.tags, given, london_day(at)))
        case TagEnded(tag=tag, programme=programme):
            kept_tags = (held for held in member.tags if (held.tag, held.programme) != (tag, programme))
            return replace(member, tags=tuple(kept_tags))
        case _:
            assert_never(event)


# What may be asked


class EnrolMember(Command, frozen=True):
    """Let somebody act for the partner. It gives them no role yet: give each of those with `giveRole`."""

    partner: Key
    user: UserId
    name: Sealed
    LEAVES = Leaves((MemberEnrolled,), "user")


class EnrolService(Command, frozen=True):
    """Let a program act for the partner, as a service account. It needs a role besides, and may ask for nothing else.

    `commands` by their names (submit-referral), `documents` by the SHA-256 of their text: 64 hexadecimal digits.
    """

    partner: Key
    user: UserId
    name: Sealed
    commands: Few[Key] = ()
    documents: Few[Key] = ()
    LEAVES = Leaves((MemberEnrolled,), "user", unkept=("commands", "documents"))


class AllowService(Command, frozen=True):
    """Change what a service account may ask for. It is said anew as a whole; what is open over a socket is closed."""

    partner: Key
    user: UserId
    commands: Few[Key] = ()
    documents: Few[Key] = ()


class BindSubject(Command, frozen=True):
    """Say which issuer's tokens are taken for a member, and what it calls them. No other token is, from then on; with
    `beside`, those of the issuers that were named before still are.
    """

    partner: Key
    user: UserId
    issuer: Key
    subject: Sealed
    beside: bool = False


class UnbindSubject(Command, frozen=True):
    """Take an issuer's word for a member no longer. Whoever signed in there as the member is signed out."""

    partner: Key
    user: UserId
    issuer: Key
    LEAVES = Leaves((SubjectUnbound,), about=("user", "issuer"))


class RenewCalendar(Command, frozen=True):
    """End the secret addresses of your own calendars. The console shows the new ones; subscribe to them again."""

    partner: Key


class SuspendMember(Command, frozen=True):
    """Stop somebody acting for the partner."""

    partner: Key
    user: UserId


class ReinstateMember(Command, frozen=True):
    """Let somebody who was suspended act again."""

    partner: Key
    user: UserId


class GiveRole(Command, frozen=True):
    """Let a member act as something: in a programme, at one of its series, or (administrators) in the whole place.

    An auditor may be assigned single cases. Nobody gives anything to themselves.
    """

    partner: Key
    user: UserId
    role: Role
    starts_on: date
    ends_on: date | None = None
    programme: Key | None = None
    series: Key | None = None
    cases: Few[UUID] = ()


class EndRole(Command, frozen=True):
    """Take a role back. What came with it ends at once."""

    partner: Key
    user: UserId
    role: Role
    programme: Key | None = None
    series: Key | None = None


class GiveTag(Command, frozen=True):
    """Let a member read restricted information of one kind in a programme."""

    partner: Key
    user: UserId
    tag: Tag
    programme: Key
    starts_on: date
    ends_on: date | None = None


class EndTag(Command, frozen=True):
    """Take it back."""

    partner: Key
    user: UserId
    tag: Tag
    programme: Key


MemberCommand = (
    EnrolMember
    | EnrolService
    | AllowService
    | BindSubject
    | UnbindSubject
    | RenewCalendar
    | SuspendMember
    | ReinstateMember
    | GiveRole
    | EndRole
    | GiveTag
    | EndTag
)


# What can be refused


class MemberNotEnrolled(Refused):
    """This user does not act for the partner, or not any more. Enrol them and give them a role first."""


class NotForYourself(Refused):
    """Nobody gives a right to themselves. Ask somebody else who may give it."""


class RoleNotGiven(Refused):
    """This role is the program's own. Nobody is given it: choose another one."""


class RoleNeedsProgramme(Refused):
    """Say in which programme this role is held; for chairs, deputies and preparers also at which series."""


class RoleHeldEverywhere(Refused):
    """This role is held in the whole place. Leave programme and series out."""


class OnlyAuditorsAreAssignedCases(Refused):
    """Cases can be assigned to auditors only. Leave them out."""


class NotForServices(Refused):
    """A service account is given no role or tag that only people hold. Give it one in which it refers, takes part or
    coordinates.
    """


class NotAService(Refused):
    """This member is a person, not a service account. Give them a role: people ask for whatever theirs allow."""


class NotAPerson(Refused):
    """This user id is a service account's, not a person's. Name a person."""


class DocumentMalformed(Refused):
    """A document is named by the SHA-256 of its text, as 64 lower-case hexadecimal digits."""


class TooManyAccounts(Refused):
    """This member is bound to as many accounts as anybody may be. Unbind one that is not used any more."""


class SubjectTaken(Refused):
    """Somebody else at this partner is bound to this subject of this issuer already. Compare the two, and bind the
    other one anew first.
    """


# What we answer


def decide(partner: Partner | None, command: MemberCommand, given: "Given") -> list[MemberEvent]:  # noqa: C901
    if partner is None:
        raise UnknownPartner(partner=command.partner)
    match command:
        case EnrolMember(key, user, name):
            return _enrol(partner.member(user), MemberEnrolled(key, user, name))
        case EnrolService(key, user, name):
            # Sent again with something else, it is what the program may ask for now.
            known = partner.member(user)
            return _allow(known, command) if known else [MemberEnrolled(key, user, name, service=_service(command))]
        case AllowService(key, user):
            return _allow(_member(partner, user), command)
        case BindSubject(key, user, issuer, beside=beside):
            return _bind(partner, _member(partner, user), Binding(issuer, given.digest or ""), beside=beside)
        case UnbindSubject(key, user, issuer):
            had = any(held.binding.issuer == issuer for held in _member(partner, user).bound or ())
            return [SubjectUnbound(key, user, issuer)] if had else []
        case RenewCalendar(key):
            return [CalendarRenewed(key, _member(partner, given.by.user).user)]
        case SuspendMember(key, user):
            return [] if _member(partner, user).suspended else [MemberSuspended(key, user)]
        case ReinstateMember(key, user):
            return [MemberReinstated(key, user)] if _member(partner, user).suspended else []
        case GiveRole():
            return _give(_member(partner, command.user), command, given)
        case EndRole(key, user, role, programme, series):
            # Only for comparing: `same` does not look at days.
            ended = HeldRole(role, date.min, None, programme, series)
            had = any(held.same(ended) for held in _member(partner, user).roles)
            return [RoleEnded(key, user, role, programme, series)] if had else []
        case GiveTag():
            return _tag(_member(partner, command.user), command, given)
        case EndTag(key, user, tag, programme):
            had = any((held.tag, held.programme) == (tag, programme) for held in _member(partner, user).tags)
            return [TagEnded(key, user, tag, programme)] if had else []
        case _:
            assert_never(command)


def _enrol(known: Member | None, enrolled: MemberEnrolled) -> list[MemberEvent]:
    """A person; a program's id is taken."""
    if known is not None and known.service is not None:
        raise NotAPerson(user=known.user)
    return [] if known else [enrolled]


def _service(command: EnrolService | AllowService) -> ServiceAccount:
    if wrong := [each for each in command.documents if not SHA256.fullmatch(each)]:
        raise DocumentMalformed(field="documents", first=wrong[0])
    return ServiceAccount(frozenset(command.commands), frozenset(command.documents))


def _allow(member: Member, command: EnrolService | AllowService) -> list[MemberEvent]:
    """Whoever is a person does not become a program: what they were given would be handed on."""
    if member.service is None:
        raise NotAService(user=member.user)
    allowed = _service(command)
    return [] if member.service == allowed else [ServiceAllowed(command.partner, command.user, allowed)]


def _bind(partner: Partner, member: Member, binding: Binding, *, beside: bool) -> list[MemberEvent]:
    check_key("issuer", binding.issuer)
    # Two people with one subject could not be told from each other by any token.
    if any(other.known_by(binding) for other in partner.members if other.user != member.user):
        raise SubjectTaken(issuer=binding.issuer)
    held = [each.binding for each in member.bound or ()]
    holds = binding in held and (beside or held == [binding])
    if not holds and len(held) >= ACCOUNTS and beside:
        raise TooManyAccounts(most=ACCOUNTS)
    return [] if holds else [SubjectBound(partner.partner, member.user, binding, beside)]


def _give(member: Member, command: GiveRole, given: "Given") -> list[MemberEvent]:
    if command.role is Role.SYSTEM:
        raise RoleNotGiven(role=command.role)
    _by_another(command.user, given)
    if member.service is not None and command.role not in OF_SERVICES:
        raise NotForServices(role=command.role)
    in_order(command.starts_on, command.ends_on)
    _where(command)
    if command.cases and command.role is not Role.AUDITOR:
        raise OnlyAuditorsAreAssignedCases(role=command.role)
    held = HeldRole(command.role, command.starts_on, command.ends_on, command.programme, command.series, command.cases)
    return [] if held in member.roles else [RoleGiven(command.partner, command.user, held)]


def _where(command: GiveRole) -> None:
    if command.role in IN_THE_PLACE:
        if command.programme or command.series:
            raise RoleHeldEverywhere(role=command.role)
        return
    if not command.programme or (command.series is not None) != (command.role in AT_A_SERIES):
        raise RoleNeedsProgramme(role=command.role)
    for name, key in (("programme", command.programme), ("series", command.series)):
        if key is not None:
            check_key(name, key)


def _tag(member: Member, command: GiveTag, given: "Given") -> list[MemberEvent]:
    _by_another(command.user, given)
    if member.service is not None:
        raise NotForServices(tag=command.tag)
    in_order(command.starts_on, command.ends_on)
    check_key("programme", command.programme)
    held = HeldTag(command.tag, command.programme, command.starts_on, command.ends_on)
    return [] if held in member.tags else [TagGiven(command.partner, command.user, held)]


def _by_another(user: str, given: "Given") -> None:
    if given.by.user == user:
        raise NotForYourself(user=user)


def _member(partner: Partner, user: str) -> Member:
    member = partner.member(user)
    if member is None:
        raise MemberNotEnrolled(user=user)
    return member


SUBJECT = Subject(MemberEvent, MemberCommand, decide=decide, evolve=evolve)

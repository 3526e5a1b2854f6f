"""The partner's people: who is enrolled, what each may act as and for how long, and who gave it to them.

A giver is never given anything by their own hand; who may give what is said in `catch.access`.
"""

from datetime import date
from typing import TYPE_CHECKING, assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.facts import Command, Fact, Role, Sealed, Tag
from catch.domain.keys import check_key
from catch.domain.partner.organisation import in_order
from catch.domain.partner.state import HeldRole, HeldTag, Member, Partner
from catch.domain.plain import Few, Key, Made, UserId
from catch.domain.refusals import MissingText, Refused, UnknownPartner

if TYPE_CHECKING:
    from catch.domain.given import Given

AT_A_SERIES = frozenset({Role.CHAIR, Role.DEPUTY, Role.PREPARER})
"""Held at one meeting series."""
IN_THE_PLACE = frozenset({Role.ADMINISTRATOR, Role.MEMBER_ADMINISTRATOR})
"""Held wherever the agency is; every other role is held in one programme."""

# What happened


class MemberEnrolled(Fact, frozen=True, omit_defaults=True):
    """Somebody may act for the partner, as whatever they are given. `subject`: what their issuer calls them, hashed."""

    partner: Key
    user: UserId
    name: Sealed
    subject: Made | None = None


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


MemberEvent = MemberEnrolled | MemberSuspended | MemberReinstated | RoleGiven | RoleEnded | TagGiven | TagEnded


# Where that leaves us


def evolve(partner: Partner, event: MemberEvent) -> Partner:
    if isinstance(event, MemberEnrolled):
        return replace(partner, members=(*partner.members, Member(event.user, event.name, subject=event.subject)))
    return replace(
        partner, members=tuple(_after(held, event) if held.user == event.user else held for held in partner.members)
    )


def _after(
    member: Member, event: MemberSuspended | MemberReinstated | RoleGiven | RoleEnded | TagGiven | TagEnded
) -> Member:
    match event:
        case MemberSuspended():
            return replace(member, suspended=True)
        case MemberReinstated():
            return replace(member, suspended=False)
        case RoleGiven(held=given):
            return replace(member, roles=(*(held for held in member.roles if not held.same(given)), given))
        case RoleEnded(role=role, programme=programme, series=series):
            ended = (role, programme, series)
            kept = (held for held in member.roles if (held.role, held.programme, held.series) != ended)
            return replace(member, roles=tuple(kept))
        case TagGiven(held=given):
            return replace(member, tags=(*_other_tags(member, given.tag, given.programme), given))
        case TagEnded(tag=tag, programme=programme):
            return replace(member, tags=_other_tags(member, tag, programme))
        case _:
            assert_never(event)


def _other_tags(member: Member, tag: Tag, programme: str) -> tuple[HeldTag, ...]:
    return tuple(held for held in member.tags if (held.tag, held.programme) != (tag, programme))


# What may be asked


class EnrolMember(Command, frozen=True):
    """Let somebody act for the partner. It gives them no role yet: give each of those with `giveRole`."""

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


MemberCommand = EnrolMember | SuspendMember | ReinstateMember | GiveRole | EndRole | GiveTag | EndTag


# What can be refused


class MemberNotEnrolled(Refused):
    """This user does not act for the partner, or not any more. Enrol them and give them a role first."""


class NotForYourself(Refused):
    """Nobody gives a right to themselves. Ask somebody else who may give it."""


class RoleNotGiven(Refused):
    """This role is the program's own. Nobody is given it."""


class RoleNeedsProgramme(Refused):
    """Say in which programme this role is held; for chairs, deputies and preparers also at which series."""


class RoleHeldEverywhere(Refused):
    """This role is held in the whole place. Leave programme and series out."""


class OnlyAuditorsAreAssignedCases(Refused):
    """Cases can be assigned to auditors only."""


# What we answer


def decide(partner: Partner | None, command: MemberCommand, given: "Given") -> list[MemberEvent]:
    if partner is None:
        raise UnknownPartner(partner=command.partner)
    match command:
        case EnrolMember(key, user, name):
            if not user:
                raise MissingText(field="user")
            return [] if partner.member(user) else [MemberEnrolled(key, user, name)]
        case SuspendMember(key, user):
            return [] if _member(partner, user).suspended else [MemberSuspended(key, user)]
        case ReinstateMember(key, user):
            return [MemberReinstated(key, user)] if _member(partner, user).suspended else []
        case GiveRole():
            return _give(_member(partner, command.user), command, given)
        case EndRole(key, user, role, programme, series):
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


def _give(member: Member, command: GiveRole, given: "Given") -> list[MemberEvent]:
    if command.role is Role.SYSTEM:
        raise RoleNotGiven(role=command.role)
    _by_another(command.user, given)
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

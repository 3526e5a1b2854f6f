"""A partner as its history leaves it: its agreements, the programmes it runs, its members and what each may act as.

Every right lasts from a first day to a last one, both included, in London; without a last day, until it is ended.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.facts import Category, Part, Role, Sealed, Tag
from catch.domain.plain import Code, Key, Made, OdsCode, PublicName, UserId

AT_WORK = frozenset({Role.PARTNER, Role.COORDINATOR, Role.CHAIR, Role.DEPUTY, Role.PREPARER})
"""As what people work in cases and meetings, and are named there."""


R = TypeVar("R", "HeldRole", "HeldTag", "Running")


def lasts(starts_on: date, ends_on: date | None, day: date) -> bool:
    return starts_on <= day and (ends_on is None or day <= ends_on)


def followed_by(held: Iterable[R], new: R, day: date) -> tuple[R, ...]:
    """The rights with a new one, given on that day. What was held of the same right holds until the new one begins."""
    kept = (until_then(each, new, day) if each.same(new) else each for each in held)
    return (*filter(None, kept), new)


def until_then(held: R, new: R, day: date) -> R | None:
    """What is left of a right, from that day on, until a new one of the same begins."""
    before = new.starts_on - timedelta(days=1)
    ends_on = before if held.ends_on is None else min(held.ends_on, before)
    return replace(held, ends_on=ends_on) if held.starts_on <= ends_on and day <= ends_on else None


class Agreement(Part, frozen=True, omit_defaults=True):
    """An information sharing agreement: what may be shared, for which programmes, and for how long."""

    agreement: Key
    programmes: tuple[Key, ...]
    categories: frozenset[Category]
    starts_on: date
    ends_on: date | None = None
    terminated_at: datetime | None = None

    def in_force(self, programme: str, at: datetime) -> bool:
        return (
            programme in self.programmes
            and (self.terminated_at is None or at < self.terminated_at)
            and lasts(self.starts_on, self.ends_on, london_day(at))
        )


class RunningPart(StrEnum):
    """What an agency does in a programme. Lead and delivery agencies keep its front door."""

    LEAD = "lead"
    DELIVERY = "delivery"
    COORDINATING = "coordinating"


class Running(Part, frozen=True, omit_defaults=True):
    """The agency runs a programme, or a part of it."""

    programme: Key
    part: RunningPart
    starts_on: date
    ends_on: date | None = None

    def same(self, other: "Running") -> bool:
        """Whether both are one part in one programme, for whatever time."""
        return (self.programme, self.part) == (other.programme, other.part)

    def on(self, day: date) -> bool:
        return lasts(self.starts_on, self.ends_on, day)


class HeldRole(Part, frozen=True, omit_defaults=True):
    """What a member may act as: in one programme, at one of its series, or in the whole place.

    `cases`, where there are any, are all that an auditor was assigned.
    """

    role: Role
    starts_on: date
    ends_on: date | None = None
    programme: Key | None = None
    series: Key | None = None
    cases: tuple[UUID, ...] = ()

    def same(self, other: "HeldRole") -> bool:
        """Whether both are one right, for whatever time."""
        return (self.role, self.programme, self.series) == (other.role, other.programme, other.series)


class HeldTag(Part, frozen=True, omit_defaults=True):
    """Restricted information that a member may read in one programme."""

    tag: Tag
    programme: Key
    starts_on: date
    ends_on: date | None = None

    def same(self, other: "HeldTag") -> bool:
        """Whether both are one right, for whatever time."""
        return (self.tag, self.programme) == (other.tag, other.programme)


class ServiceAccount(Part, frozen=True):
    """A program that acts for the partner: all it may ask for. `documents` by the SHA-256 of their text."""

    commands: frozenset[Key]
    documents: frozenset[Key]


class Binding(Part, frozen=True):
    """Whose word is taken for who somebody is: an issuer of tokens, and the keyed hash of what it calls them."""

    issuer: Key
    subject: Made


class Bound(Part, frozen=True):
    """A binding, and since when it holds: who signed in before that did so by an earlier one, which has ended."""

    binding: Binding
    since: datetime


class Member(Part, frozen=True, omit_defaults=True):
    """Somebody who acts for the partner; with `service` not a person.

    `bound` is by whose word they are known: None, nobody was ever asked; empty, by nobody's any more.
    """

    user: UserId
    name: Sealed
    suspended: bool = False
    service: ServiceAccount | None = None
    bound: tuple[Bound, ...] | None = None
    roles: tuple[HeldRole, ...] = ()
    tags: tuple[HeldTag, ...] = ()
    calendars: int = 0
    """How often they renewed the addresses of their calendars."""

    def known_by(self, said_by: Binding | None, signed_in: datetime | None = None) -> bool:
        """Whether that word is taken for who they are, from somebody who signed in then."""
        return any(
            held.binding == said_by and (signed_in is None or held.since <= signed_in) for held in self.bound or ()
        )

    def roles_on(self, day: date) -> Iterator[HeldRole]:
        return (held for held in self.roles if lasts(held.starts_on, held.ends_on, day))

    def tags_on(self, day: date) -> Iterator[HeldTag]:
        return (held for held in self.tags if lasts(held.starts_on, held.ends_on, day))


class Partner(Part, frozen=True, omit_defaults=True):
    """Where the partner's history leaves it."""

    partner: Key
    name: PublicName
    kind: Code
    agreements: tuple[Agreement, ...] = ()
    members: tuple[Member, ...] = ()
    ods: OdsCode | None = None
    running: tuple[Running, ...] = ()

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

    def chairs(self, user: str, programme: str, series: str, day: date) -> bool:
        """Whether the user is appointed on that day to chair the series, or to stand in."""
        member = self.member(user)
        return (
            member is not None
            and not member.suspended
            and any(
                held.role in (Role.CHAIR, Role.DEPUTY) and (held.programme, held.series) == (programme, series)
                for held in member.roles_on(day)
            )
        )

    def acts(self, user: str, programme: str, day: date, role: Role | None = None) -> bool:
        """Whether the user acts for the partner in the programme on that day: as this, or as anything. No program is
        named where a person is meant.
        """
        member = self.member(user)
        if member is None or member.suspended or member.service is not None:
            return False
        # None: held in the whole place.
        held = (each for each in member.roles_on(day) if each.programme in (None, programme))
        return any(role is None or each.role is role for each in held)

    def at_work(self, programme: str, day: date) -> dict[str, frozenset[Role]]:
        """The people who work in the programme's cases and meetings on that day, by user id, and as what."""
        people = (member for member in self.members if not member.suspended and member.service is None)
        held = {
            member.user: frozenset(each.role for each in member.roles_on(day) if each.programme == programme) & AT_WORK
            for member in people
        }
        return {user: held[user] for user in sorted(held) if held[user]}

    def concerns(self, programme: str) -> bool:
        """Whether it runs the programme, or ever signed an agreement for it."""
        signed = any(programme in held.programmes for held in self.agreements)
        return signed or any(held.programme == programme for held in self.running)

    def runs(self, programme: str, day: date) -> frozenset[RunningPart]:
        """The parts that the agency has in the programme on that day."""
        return frozenset(held.part for held in self.running_on(day) if held.programme == programme)

    def running_on(self, day: date) -> Iterator[Running]:
        return (held for held in self.running if held.on(day))

    def _held(self, programme: str, at: datetime) -> Iterator[Agreement]:
        return (held for held in self.agreements if held.in_force(programme, at))

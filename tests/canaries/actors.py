"""Who acts and reads in a history: people of every role, of agencies near and far, enrolled in every way or in none.

Everything is named anew for each history, so that many share one place and none meets another's.
"""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256

from msgspec import Struct

from catch.domain.calendar import london_day
from catch.domain.facts import Category, Command, Role, Sealed, Tag
from catch.domain.partner import (
    EnrolMember,
    EnrolService,
    GiveRole,
    GiveTag,
    RegisterPartner,
    RunningPart,
    RunProgramme,
    SignAgreement,
    SuspendMember,
)
from catch.domain.partner.members import AT_A_SERIES, IN_THE_PLACE
from catch.domain.programme import LoadProgramme
from catch.domain.programme.configuration import Programme
from catch.identity.tokens import DevelopmentIssuer
from catch.programmes import shipped
from tests.canaries import channels
from tests.contacts import TAKES
from tests.place import ago

HERE, ELSEWHERE = "here", "elsewhere"
AGENCIES: dict[str, str] = {
    "lead": "voluntary",
    "second": "voluntary",
    "homes": "housing",
    "police": "police",
    "surgery": "primary-care",
    "other": "voluntary",
    "audit": "voluntary",
}
"""By name, the kind of each."""
RUNS = (
    ("lead", HERE, RunningPart.LEAD),
    ("second", HERE, RunningPart.COORDINATING),
    ("other", ELSEWHERE, RunningPart.LEAD),
)
SHARE = ("lead", "homes", "police")
"""Agencies with an agreement on everything; `second` has one on less, the others have none here."""
LESS = frozenset({Category.IDENTITY, Category.NEEDS, Category.ACTIONS})


class Held(Struct, frozen=True):
    role: Role
    programme: str = HERE
    over: bool = False


class Somebody(Struct, frozen=True):
    """`claims` is the role that the token narrows to, if any."""

    name: str
    agency: str
    roles: tuple[Held, ...]
    claims: Role | None = None
    tags: tuple[Tag, ...] = ()
    enrolled: bool = True
    suspended: bool = False
    service: bool = False


def one(name: str, agency: str, *roles: Role, **more: object) -> Somebody:
    return Somebody(name, agency, tuple(Held(role) for role in roles), **more)  # type: ignore[arg-type]


CAST = (
    one("cora", "lead", Role.COORDINATOR, Role.PREPARER, tags=tuple(Tag)),
    one("cole", "lead", Role.COORDINATOR, tags=(Tag.OFFENCES,)),
    one("cody", "second", Role.COORDINATOR, Role.PARTNER, tags=(Tag.SAFEGUARDING,)),
    one("carl", "lead", Role.CHAIR),
    one("dora", "lead", Role.DEPUTY, Role.PARTNER),
    one("pru", "lead", Role.PREPARER),
    one("hana", "homes", Role.PARTNER),
    one("hugo", "homes", Role.PARTNER, Role.REFERRER),
    Somebody("pol", "police", (Held(Role.PARTNER), Held(Role.REFERRER, ELSEWHERE))),
    one("pip", "police", Role.PARTNER),
    one("gita", "surgery", Role.REFERRER),
    one("alma", "audit", Role.AUDITOR, claims=Role.AUDITOR),
    Somebody("xena", "other", (Held(Role.COORDINATOR, ELSEWHERE), Held(Role.PARTNER, ELSEWHERE))),
    Somebody("lars", "homes", (Held(Role.PARTNER, over=True),)),
    one("sue", "police", Role.PARTNER, suspended=True),
    one("nick", "homes", enrolled=False),
    one("ana", "lead", Role.ANALYST, claims=Role.ANALYST),
    one("ada", "lead", Role.ADMINISTRATOR, claims=Role.ADMINISTRATOR),
    one("mia", "homes", Role.MEMBER_ADMINISTRATOR),
    one("olaf", "lead", Role.APPOINTING_OFFICER),
    one("cal", "lead", Role.CALDICOTT),
)
PROGRAMS = (
    one("sync", "homes", Role.PARTNER, service=True),
    one("robo", "lead", Role.COORDINATOR, service=True),
)
"""They read all that a history asks for, and act in none: what they may ask for was listed for them."""
NAMED = {each.name: each for each in CAST}


class Names(Struct, frozen=True):
    """What things are called in one history."""

    run: str

    def key(self, name: str) -> str:
        """Of an agency, a programme, a series."""
        return f"{name}-{self.run}"

    def user(self, name: str) -> str:
        return f"{name}.{self.run}"

    def token(self, somebody: Somebody, issuer: DevelopmentIssuer) -> str:
        user, agency = self.user(somebody.name), self.key(somebody.agency)
        return "Bearer " + issuer.issue(role=somebody.claims, agency=agency, user=user)


def programme(names: Names, name: str) -> Programme:
    """The shipped one, under a name of its own and with a series of its own."""
    from msgspec.structs import replace

    like = next(each for each in shipped() if each.key == "snn-catch")
    series = tuple(replace(each, key=names.key(name)) for each in like.meetings)
    return replace(like, key=names.key(name), name=names.key(name), meetings=series, contacts=TAKES)


def setting(names: Names) -> Iterator[Command]:
    """What has been done before a history begins: who is registered, runs what, is enrolled as what."""
    long_ago, yesterday = london_day(ago(days=400)), london_day(ago(days=1))
    for name in (HERE, ELSEWHERE):
        made = programme(names, name)
        yield LoadProgramme(made.key, made)
    for name, kind in AGENCIES.items():
        yield RegisterPartner(names.key(name), names.key(name), kind)
        programmes, told = {
            "other": ((ELSEWHERE,), frozenset(Category)),
            "second": ((HERE,), LESS),
        }.get(name, ((HERE,) if name in SHARE else (), frozenset(Category)))
        if programmes:
            keys = tuple(names.key(each) for each in programmes)
            yield SignAgreement(names.key(name), "isa", keys, told, long_ago, None, Sealed("Signed."))
    for agency, name, part in RUNS:
        yield RunProgramme(names.key(agency), names.key(name), part, long_ago)
    for somebody in (*CAST, *PROGRAMS):
        if somebody.enrolled:
            yield from enrolment(names, somebody, long_ago, yesterday)


def enrolment(names: Names, somebody: Somebody, since: object, over: object) -> Iterator[Command]:
    agency, user = names.key(somebody.agency), names.user(somebody.name)
    if somebody.service:
        documents = tuple(sorted(sha256(each.encode()).hexdigest() for each in channels.documents()))
        yield EnrolService(agency, user, Sealed(f"{somebody.name} Example"), (), documents)
    else:
        yield EnrolMember(agency, user, Sealed(f"{somebody.name} Example"))
    for held in somebody.roles:
        where = None if held.role in IN_THE_PLACE else names.key(held.programme)
        series = names.key(held.programme) if held.role in AT_A_SERIES else None
        yield GiveRole(agency, user, held.role, since, over if held.over else None, where, series)  # type: ignore[arg-type]
    for tag in somebody.tags:
        yield GiveTag(agency, user, tag, names.key(HERE), since)  # type: ignore[arg-type]
    if somebody.suspended:
        yield SuspendMember(agency, user)


DAY = timedelta(days=1)

"""Who somebody is here, now: a token says who asks, the log says what they may act as.

`Who` is all that the rest of the policy asks about a person. It is worked out from the partner stream of their agency
alone, on a day in London: a right begins and ends with a day, unless somebody ends it at once.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from msgspec.structs import replace

from catch.domain.access_grant import Grants
from catch.domain.calendar import london_day
from catch.domain.facts import Actor, Category, Part, Role, Tag
from catch.domain.partner import Binding, HeldRole, Member, Partner, RunningPart, ServiceAccount
from catch.domain.partner.members import AT_A_SERIES, IN_THE_PLACE
from catch.domain.refusals import Refused

APART = frozenset({Role.AUDITOR, Role.ANALYST, Role.ADMINISTRATOR})
"""Chosen at sign-in and never exercised together with anything else."""
IN_TURN = (
    Role.CHAIR,
    Role.DEPUTY,
    Role.COORDINATOR,
    Role.PREPARER,
    Role.PARTNER,
    Role.REFERRER,
    Role.MEMBER_ADMINISTRATOR,
    Role.APPOINTING_OFFICER,
    Role.CALDICOTT,
    Role.AUDITOR,
    Role.ANALYST,
    Role.ADMINISTRATOR,
    Role.SYSTEM,
)
"""Where several roles allow something, it is done as the first of these."""
KEEPS_THE_DOOR = frozenset({RunningPart.LEAD, RunningPart.DELIVERY})
_NOTHING: frozenset[Category] = frozenset()
EVERYWHERE = ""
"""Stands where a programme would, for roles that are held in the whole place."""


class NotEnrolled(Refused):
    """You are not enrolled here, or not any more. Ask whoever looks after your agency's members."""


class Asker(Part, frozen=True, omit_defaults=True):
    """Somebody who asks, as their token says. A role in it narrows what they may act as; none narrows nothing.

    `said_by` is who issued the token, and the keyed hash of what they call the user. `named`: the token itself names
    user and agency, as development's do; else nothing but a binding says that they are this user. `signed_in`: when
    they did, by the database's clock, where they came by a page.
    """

    user: str
    agency: str
    role: Role | None = None
    said_by: Binding | None = None
    named: bool = True
    signed_in: datetime | None = None


class Who(Part, frozen=True, omit_defaults=True):
    """What somebody may act as now. Equal for colleagues with equal rights, once `user` is left out.

    `roles` are pairs of role and programme; `offices` are held at a series, whatever role the token narrows to;
    `shares` is what agreements in force let the agency be told, by programme; `assigned` are an auditor's cases, by
    programme, where not all of a programme's are; `bound` are the meetings whose confidentiality they have accepted and
    `here` those they have come in to, where `user` is left out and no longer says so. `coordinates` and `doors` follow
    from the rest and are asked most: the programmes that they coordinate cases of, and those whose front door they
    keep. `service`: they are a program, and may ask for this alone; `colleagues` are then the members of its agency.

    `glass` are the cases that they opened in an emergency, each until when. It is there for whoever reads one case
    (`looking`), and for nothing else: no command, list, count or meeting is asked with it.
    """

    user: str
    agency: str
    roles: frozenset[tuple[Role, str]]
    offices: frozenset[tuple[Role, str, str]] = frozenset()
    runs: frozenset[tuple[RunningPart, str]] = frozenset()
    shares: frozenset[tuple[str, frozenset[Category]]] = frozenset()
    tags: frozenset[tuple[Tag, str]] = frozenset()
    assigned: frozenset[tuple[str, UUID]] = frozenset()
    bound: frozenset[UUID] = frozenset()
    here: frozenset[UUID] = frozenset()
    coordinates: frozenset[str] = frozenset()
    doors: frozenset[str] = frozenset()
    service: ServiceAccount | None = None
    colleagues: frozenset[str] = frozenset()
    glass: frozenset[tuple[UUID, datetime]] = frozenset()

    def acts_as(self, role: Role, programme: str) -> bool:
        return (role, programme) in self.roles or (role in IN_THE_PLACE and (role, EVERYWHERE) in self.roles)

    def roles_held(self) -> frozenset[Role]:
        """In whatever programme."""
        return frozenset(role for role, _ in self.roles)

    def may_chair(self, programme: str, series: str) -> bool:
        """Appointed as a chair of the series, or to stand in for one."""
        return any(
            self.acts_as(role, programme) and (role, programme, series) in self.offices
            for role in (Role.CHAIR, Role.DEPUTY)
        )

    def chairs_in(self, programme: str) -> bool:
        """Appointed to chair any of the programme's series, or to stand in."""
        return any(key == programme and self.may_chair(programme, series) for _, key, series in self.offices)

    def prepares(self, programme: str, series: str) -> bool:
        # The office first: hardly anybody has one.
        if (Role.PREPARER, programme, series) not in self.offices:
            return False
        return any(self.acts_as(role, programme) for role in (Role.PREPARER, Role.COORDINATOR))

    def in_agreement(self, programme: str) -> bool:
        return any(key == programme for key, _ in self.shares)

    def told(self, programme: str) -> frozenset[Category]:
        """What the agency's agreements let it be told in the programme."""
        return next((categories for key, categories in self.shares if key == programme), _NOTHING)

    def coordinates_in(self, programme: str) -> bool:
        """A coordinator of an agency that runs the programme now, whatever its part."""
        return programme in self.coordinates

    def keeps_the_door(self, programme: str) -> bool:
        return programme in self.doors

    def leads(self, programme: str) -> bool:
        """Of the agency that leads the programme."""
        return (RunningPart.LEAD, programme) in self.runs

    def tagged(self, programme: str) -> frozenset[Tag]:
        return frozenset(tag for tag, key in self.tags if key == programme)

    def audits(self, programme: str, case: UUID | None = None) -> bool:
        """Assigned to the whole programme, or to this case of it; no case: to anything in it."""
        if not self.acts_as(Role.AUDITOR, programme):
            return False
        # Nobody is assigned no case: none named means the whole programme.
        some = {each for key, each in self.assigned if key == programme}
        return not some or case is None or case in some

    def audits_all(self, programme: str) -> bool:
        """Assigned to every case of the programme."""
        return self.audits(programme) and all(key != programme for key, _ in self.assigned)

    def looks_by_glass(self, case: UUID, at: datetime) -> bool:
        return any(opened == case and at < until for opened, until in self.glass)

    def may_send(self, document: str) -> bool:
        """Whether they may ask this at all: a program may ask the documents that it was allowed, by their text."""
        return self.service is None or sha256(document.encode()).hexdigest() in self.service.documents

    def acting_as(self, role: Role) -> Actor:
        """How the facts of what they do are signed."""
        return Actor(self.user, self.agency, role)


def program(actor: Actor) -> Who:
    """The program itself, as importers and other jobs of the operator act. Never made from a token."""
    return Who(actor.user, actor.agency, frozenset({(Role.SYSTEM, EVERYWHERE)}))


def who(asker: Asker, partner: Partner | None, at: datetime) -> Who:
    """`partner` is the agency that the token names. Raises `NotEnrolled`."""
    member = partner.member(asker.user) if partner else None
    # All of these look alike to who asks: to tell which it is would tell who is known here.
    if partner is None or member is None or member.suspended or asker.role is Role.SYSTEM:
        raise NotEnrolled
    if not known(member, asker):
        raise NotEnrolled
    day = london_day(at)
    held = [*member.roles_on(day)]
    acted = narrowed(held, asker.role)
    if not acted:
        raise NotEnrolled
    running = [*partner.running_on(day)]
    coordinated = {each.programme for each in acted if each.role is Role.COORDINATOR}
    return Who(
        user=asker.user,
        agency=partner.partner,
        roles=frozenset((each.role, each.programme or EVERYWHERE) for each in acted),
        offices=offices(held),
        runs=frozenset((each.part, each.programme) for each in running),
        shares=shares(partner, at),
        tags=tags(member, at),
        assigned=frozenset((each.programme or EVERYWHERE, case) for each in acted for case in each.cases),
        coordinates=frozenset(each.programme for each in running if each.programme in coordinated),
        doors=frozenset(
            each.programme for each in running if each.programme in coordinated and each.part in KEEPS_THE_DOOR
        ),
        service=member.service,
        colleagues=frozenset(each.user for each in partner.members) if member.service else frozenset(),
    )


def looking(who: Who, grants: Grants | None, at: datetime) -> Who:
    """The same, with what they opened in emergencies and have open; `grants` is what their agency's people did."""
    # A program opens nothing; and nobody else is another one because a colleague has.
    if grants is None or who.service is not None:
        return who
    glass = frozenset((each.opened.case, each.opened.until) for each in grants.open_to(who.user, at))
    return replace(who, glass=glass) if glass else who


def known(member: Member, asker: Asker) -> bool:
    """Bound once, no other token is taken for them; one that names no subject neither."""
    never_bound = member.bound is None
    return asker.named if never_bound else member.known_by(asker.said_by, asker.signed_in)


def narrowed(held: Iterable[HeldRole], claimed: Role | None) -> list[HeldRole]:
    if claimed is None:
        return [each for each in held if each.role not in APART and each.role is not Role.SYSTEM]
    return [each for each in held if each.role is claimed]


def offices(held: Iterable[HeldRole]) -> frozenset[tuple[Role, str, str]]:
    at_a_series = (each for each in held if each.role in AT_A_SERIES)
    return frozenset((each.role, each.programme or EVERYWHERE, each.series or "") for each in at_a_series)


def shares(partner: Partner, at: datetime) -> frozenset[tuple[str, frozenset[Category]]]:
    programmes = {programme for held in partner.agreements for programme in held.programmes}
    return frozenset((key, partner.shares(key, at)) for key in programmes if partner.in_force(key, at))


def tags(member: Member, at: datetime) -> frozenset[tuple[Tag, str]]:
    return frozenset((held.tag, held.programme) for held in member.tags_on(london_day(at)))

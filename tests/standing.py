"""A place and its people, and small worlds around them: what the proofs of the policy start from.

A `World` holds who asks, the agencies with their members, and the streams that a rule may look at. `neighbours` of a
world differ from it in one thing. Standing is always made by `who`, from facts, never by hand.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from catch.access import Asker, Seat, Sight, Who, looking, may, seats_of, sight, who
from catch.access.relations import Reads
from catch.domain import streams
from catch.domain.access_grant import Grants
from catch.domain.case.proposals import MeetingProposed
from catch.domain.case.state import Case, ProposalPurpose, Recusal
from catch.domain.contact import Contact
from catch.domain.facts import Command, Role
from catch.domain.meeting.items import Item, Origin
from catch.domain.meeting.listing import Section
from catch.domain.meeting.state import Attendee, Interest, InterestAction, Invitation, Meeting, MeetingState, Mode
from catch.domain.partner import Agreement, HeldRole, Member, Partner, Running, RunningPart
from catch.domain.person import Person, PersonRegistered
from catch.domain.programme import ProgrammeHistory
from catch.domain.restricted import Beside
from catch.domain.streams import Stream, grants_stream, partner_stream, programme_stream, restricted_stream
from tests.cases import CASE, EVERYTHING, LEAD, NOW, OFFERED, PERSON, PROGRAMME, TEXT, folded, uid

P, OTHER_PROGRAMME = PROGRAMME.key, "bexley-icm"
SERIES, OTHER_SERIES = "weekly", "monthly"
MEETING, ITEM, GENERAL, OLD_MEETING, OLD_ITEM = uid(50), uid(51), uid(52), uid(53), uid(54)
SINCE = date(2022, 4, 1)
TOMORROW, YESTERDAY = NOW.date() + timedelta(days=1), NOW.date() - timedelta(days=1)
AT_A_SERIES = (Role.CHAIR, Role.DEPUTY, Role.PREPARER)
EVERYWHERE = (Role.ADMINISTRATOR, Role.MEMBER_ADMINISTRATOR)
APART = (Role.AUDITOR, Role.ANALYST, Role.ADMINISTRATOR)

PEOPLE: dict[Role, tuple[str, str]] = {
    Role.CHAIR: ("carl", "snn"),
    Role.DEPUTY: ("dora", "snn"),
    Role.PREPARER: ("pru", "snn"),
    Role.COORDINATOR: ("cora", "snn"),
    Role.PARTNER: ("hana", "housing-1"),
    Role.REFERRER: ("gita", "gp-1"),
    Role.AUDITOR: ("alma", "auditors"),
    Role.ANALYST: ("anna", "auditors"),
    Role.MEMBER_ADMINISTRATOR: ("mia", "snn"),
    Role.APPOINTING_OFFICER: ("olaf", "snn"),
    Role.CALDICOTT: ("cal", "snn"),
    Role.ADMINISTRATOR: ("ada", "snn"),
}


def held(role: Role, programme: str = P, series: str = SERIES, **more: Any) -> HeldRole:
    where = None if role in EVERYWHERE else programme
    return HeldRole(role, SINCE, programme=where, series=series if role in AT_A_SERIES else None, **more)


def member(user: str, *roles: HeldRole) -> Member:
    return Member(user, TEXT, roles=roles)


def agency(key: str, *parts: RunningPart) -> Partner:
    people = tuple(member(user, held(role)) for role, (user, of) in PEOPLE.items() if of == key)
    signed = (Agreement("isa", (P,), EVERYTHING, SINCE),)
    running = tuple(Running(P, part, SINCE) for part in parts)
    return Partner(key, key, key.rstrip("-1"), signed, people, running=running)


AGENCIES: Mapping[str, Partner] = MappingProxyType(
    {
        "snn": agency("snn", RunningPart.LEAD),
        "other-1": agency("other-1"),
        **{key: agency(key) for key in ("housing-1", "gp-1", "auditors", "police-1")},
    }
)
item = Item(ITEM, Section.NOTING, 1, 8, Origin.DRAFTED, case=CASE, visible_to=("housing-1", "snn"))
general = Item(GENERAL, Section.GENERAL, 2, 8, Origin.ADDED)
meeting = Meeting(
    MEETING,
    P,
    SERIES,
    NOW + timedelta(hours=1),
    120,
    Mode.HYBRID,
    "carl",
    MeetingState.AGENDA_PUBLISHED,
    items=(item, general),
    published_at=NOW,
    invitations=(Invitation("housing-1"),),
    attendance=tuple(Attendee(user, of, accepted="statement") for user, of in PEOPLE.values()),
)
long_ago = replace(
    meeting,
    meeting=OLD_MEETING,
    starts_at=NOW - timedelta(days=300),
    published_at=NOW - timedelta(days=301),
    state=MeetingState.ENDED,
    items=(replace(item, item=OLD_ITEM),),
)
shared = folded(*OFFERED)
proposed = folded(*OFFERED, MeetingProposed(uid(40), SERIES, ProposalPurpose.STUCK, LEAD, "snn"))
person = Person(PERSON, PersonRegistered(PERSON, name=TEXT), cases=((CASE, P),))


class World(Reads, Struct, frozen=True):
    """What the log holds at `at`, and who asks as what: `claims` is the role in the token, if any."""

    user: str
    agency: str
    claims: Role | None = None
    at: datetime = NOW
    partners: Mapping[str, Partner] = AGENCIES
    cases: tuple[Case, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    people: tuple[Person, ...] = (person,)
    besides: tuple[Beside, ...] = ()
    contacts: tuple[Contact, ...] = ()
    opened: tuple[tuple[str, Grants], ...] = ()
    """What was opened in emergencies, by agency."""

    def state(self, stream: Stream, id_: UUID) -> Any:
        return next((each for named, each in HELD[stream.name](self) if named == id_), None)

    def seats(self, case: UUID) -> Sequence[Seat]:
        return [seat for each in self.meetings for seat in seats_of(each, case)]

    def who(self) -> Who:
        return who(Asker(self.user, self.agency, self.claims), self.partners.get(self.agency), self.at)

    def looking(self) -> Who:
        """The same, as they read one case."""
        return looking(self.who(), self.grants(self.agency), self.at)

    def may(self, command: Command) -> Role:
        return may(self.who(), command, self, self.at)

    def sight(self, case: UUID = CASE) -> Sight | None:
        held = self.case(case)
        return sight(self.who(), held, self.seats(case), self.at) if held else None


HELD: dict[str, Callable[[World], Iterable[tuple[UUID, object]]]] = {
    streams.CASE.name: lambda w: ((each.case, each) for each in w.cases),
    streams.MEETING.name: lambda w: ((each.meeting, each) for each in w.meetings),
    streams.PERSON.name: lambda w: ((each.person, each) for each in w.people),
    streams.PARTNER.name: lambda w: ((partner_stream(key), each) for key, each in w.partners.items()),
    streams.PROGRAMME.name: lambda w: [(programme_stream(P), ProgrammeHistory(P, (PROGRAMME,)))],
    streams.RESTRICTED.name: lambda w: ((restricted_stream(each.case), each) for each in w.besides),
    streams.ACCESS_GRANT.name: lambda w: ((grants_stream(key), each) for key, each in w.opened),
    streams.CONTACT.name: lambda w: ((each.contact, each) for each in w.contacts),
}
"""What a world holds of each kind of stream, by the ids of the streams."""


def world(role: Role, *cases: Case, meetings: Sequence[Meeting] = (), **more: Any) -> World:
    """Somebody who holds this role alone asks as it."""
    user, of = PEOPLE[role]
    return World(user, of, role, cases=cases, meetings=tuple(meetings), **more)


Change = Callable[[World], World]
"""One thing is otherwise."""


def with_partner(w: World, partner: Partner) -> World:
    return replace(w, partners={**w.partners, partner.partner: partner})


def own(w: World) -> Partner:
    return w.partners[w.agency]


def with_member(w: World, changed: Member) -> World:
    others = tuple(each for each in own(w).members if each.user != changed.user)
    return with_partner(w, replace(own(w), members=(*others, changed)))


def asking(w: World) -> Member:
    found = own(w).member(w.user)
    assert found
    return found


def with_roles(w: World, **changes: Any) -> World:
    """Every role of the one who asks, changed so."""
    return with_member(
        w, replace(asking(w), roles=tuple(replace(each, **changes_for(each, changes)) for each in asking(w).roles))
    )


def changes_for(role: HeldRole, changes: dict[str, Any]) -> dict[str, Any]:
    """A programme or series only where the role has one."""
    return {name: value for name, value in changes.items() if getattr(role, name) is not None or name == "ends_on"}


def suspended(w: World) -> World:
    return with_member(w, replace(asking(w), suspended=True))


def lapsed(w: World) -> World:
    return with_roles(w, ends_on=YESTERDAY)


def to_come(w: World) -> World:
    return with_roles(w, starts_on=TOMORROW)


def elsewhere(w: World) -> World:
    return with_roles(w, programme=OTHER_PROGRAMME)


def other_series(w: World) -> World:
    return with_roles(w, series=OTHER_SERIES)


def of_another_agency(w: World) -> World:
    """The same user with the same roles, enrolled by an agency that has no part in anything here."""
    moved = with_partner(w, replace(w.partners["other-1"], members=(asking(w),)))
    return replace(moved, agency="other-1")


def left_programme(w: World) -> World:
    return with_partner(w, replace(own(w), running=()))


def runs_no_more(w: World) -> World:
    over = tuple(replace(each, ends_on=YESTERDAY) for each in own(w).running)
    return with_partner(w, replace(own(w), running=over))


def terminated(w: World) -> World:
    ended = tuple(replace(each, terminated_at=NOW) for each in own(w).agreements)
    return with_partner(w, replace(own(w), agreements=ended))


def recused(w: World) -> World:
    """Said long ago, at another meeting, of another item of the same case."""
    interest = Interest(OLD_ITEM, w.user, w.agency, InterestAction.RECUSED)
    return replace(w, meetings=(*w.meetings, replace(long_ago, interests=(interest,))))


def recused_of_the_case(w: World) -> World:
    """The same of the case itself, between meetings."""
    recusal = Recusal(w.user, w.agency, NOW)
    return replace(w, cases=tuple(replace(each, recusals=(recusal,)) for each in w.cases))


def cleared(w: World) -> World:
    """Recused at a meeting long ago, and since then somebody has said that they need not be."""
    recusal = Recusal(w.user, w.agency, NOW, resolved_at=NOW)
    return replace(recused(w), cases=tuple(replace(each, recusals=(recusal,)) for each in w.cases))


def nothing(w: World) -> World:
    return replace(w, cases=(), meetings=(), people=(), contacts=(), opened=())


def at_meeting(**changes: Any) -> Change:
    """The meeting is otherwise."""

    def change(w: World) -> World:
        first, *others = w.meetings
        return replace(w, meetings=(replace(first, **changes), *others))

    return change


def at_item(**changes: Any) -> Change:
    """Its first item is."""

    def change(w: World) -> World:
        first = w.meetings[0].items[0]
        return at_meeting(items=(replace(first, **changes), *w.meetings[0].items[1:]))(w)

    return change


def of_case(case: Case) -> Change:
    def change(w: World) -> World:
        return replace(w, cases=(case,))

    return change


def after(delta: timedelta) -> Change:
    def change(w: World) -> World:
        return replace(w, at=w.at + delta)

    return change

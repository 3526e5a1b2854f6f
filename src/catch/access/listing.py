"""Who sees which lists of agencies, members, appointments and of what lapses: those who look after them, nobody else;
and which queries are for some roles alone.

Read `oversight` first: what each role looks after. The rest are questions about one viewer, and about one giving.
Nothing here shows anything of a case: those who look after people and agreements have no part in any.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum, auto
from typing import assert_never

from catch.access.seeing import Sight, guards, has_inbox, works
from catch.access.standing import EVERYWHERE, Who
from catch.domain.access_grant import BreakGlassOpened
from catch.domain.facts import Category, Part, Role
from catch.metrics.definition import MetricAudience


class Oversight(Enum):
    """What a role looks after."""

    PLACE = auto()
    AGENCY = auto()
    PROGRAMME = auto()
    SERIES = auto()
    NOTHING = auto()


def oversight(role: Role) -> Oversight:
    match role:
        case Role.ADMINISTRATOR:
            return Oversight.PLACE
        case Role.MEMBER_ADMINISTRATOR:
            return Oversight.AGENCY
        case Role.APPOINTING_OFFICER | Role.CALDICOTT:
            return Oversight.PROGRAMME
        case Role.CHAIR | Role.DEPUTY | Role.PREPARER:
            return Oversight.SERIES
        case Role.COORDINATOR | Role.PARTNER | Role.REFERRER | Role.AUDITOR | Role.ANALYST | Role.SYSTEM:
            return Oversight.NOTHING
        case _:
            assert_never(role)


class Reach(Part, frozen=True):
    """Which agencies are listed: all, or their own and those that have to do with these programmes."""

    agency: str
    everywhere: bool = False
    programmes: frozenset[str] = frozenset()


def looks_after(who: Who, *wanted: Oversight) -> bool:
    return any(oversight(role) in wanted for role in who.roles_held())


def overseen(who: Who) -> frozenset[str]:
    """The programmes whose appointing officer or Caldicott contact they are."""
    return frozenset(key for role, key in who.roles if oversight(role) is Oversight.PROGRAMME and key != EVERYWHERE)


# Agencies


def agencies(who: Who) -> Reach:
    """Everybody their own; the service administrator all; who oversees a programme for its lead agency, that one's."""
    # The role may outlast its agency's lead; what it looks after does not.
    led = frozenset(key for key in overseen(who) if who.leads(key))
    return Reach(who.agency, everywhere=looks_after(who, Oversight.PLACE), programmes=led)


def lists_agency(who: Who, agency: str, programmes: Iterable[str]) -> bool:
    """Whether this agency is within their reach. `programmes` are those it has an agreement for, or runs."""
    reach = agencies(who)
    return reach.everywhere or agency == reach.agency or not reach.programmes.isdisjoint(programmes)


def told_of_programme(who: Who, agency: str, programme: str) -> bool:
    """Whether an agreement or a part of the agency in this programme is listed for them."""
    reach = agencies(who)
    return reach.everywhere or agency == reach.agency or programme in reach.programmes


def names_partners(who: Who, programme: str) -> bool:
    """Whether they name partners and people of the programme in commands: they coordinate its cases, or chair or
    prepare one of its series.
    """
    series = [key for _, held, key in who.offices if held == programme]
    return who.coordinates_in(programme) or any(
        who.may_chair(programme, key) or who.prepares(programme, key) for key in series
    )


# Members


def lists_members(who: Who) -> bool:
    """Whether members of any agency are theirs to list."""
    return looks_after(who, Oversight.PLACE, Oversight.AGENCY, Oversight.PROGRAMME)


def members(who: Who, agency: str, programmes: Iterable[str]) -> bool:
    """Whether this agency's members are. `programmes` are those it has an agreement for, or runs."""
    if looks_after(who, Oversight.PLACE) or administers_members(who, agency):
        return True
    return not overseen(who).isdisjoint(programmes)


def administers_members(who: Who, agency: str) -> bool:
    """As the agency's own member administrator, who alone reads the names of its members."""
    return agency == who.agency and looks_after(who, Oversight.AGENCY)


def told_of_right(who: Who, agency: str, programme: str | None) -> bool:
    """Whether a role or a tag of a member is listed for them: of other programmes than theirs, no officer is told."""
    if looks_after(who, Oversight.PLACE) or administers_members(who, agency):
        return True
    return programme is None or programme in overseen(who)


def told_of_assigned(who: Who, programme: str | None) -> bool:
    """Which cases an auditor was assigned is for the Caldicott contact who assigned them; others are told how many."""
    return programme is not None and who.acts_as(Role.CALDICOTT, programme)


# Appointments


def appointments(who: Who, programme: str, series: str | None) -> bool:
    if looks_after(who, Oversight.PLACE) or programme in overseen(who):
        return True
    return series is not None and (who.may_chair(programme, series) or who.prepares(programme, series))


# What lapses


def cares_as(who: Who) -> tuple[str, ...]:
    """What they look after, in the words of `carers`."""
    return tuple(sorted(_cares(who)))


def _cares(who: Who) -> Iterator[str]:
    for role, programme in who.roles:
        match oversight(role):
            case Oversight.PLACE:
                yield carer(role)
            case Oversight.AGENCY:
                yield carer(role, who.agency)
            case Oversight.PROGRAMME:
                yield carer(role, programme)
            # Chairs see who is appointed, but it is not theirs to renew.
            case Oversight.SERIES | Oversight.NOTHING:
                pass


def carer(role: Role, of: str = "") -> str:
    return f"{role}/{of}" if of else str(role)


def carers_of_agency(agency: str, programmes: Iterable[str]) -> tuple[str, ...]:
    """Who looks after an agreement of the agency, or its part in a programme."""
    overseers = (carer(role, key) for key in programmes for role in (Role.APPOINTING_OFFICER, Role.CALDICOTT))
    return (carer(Role.ADMINISTRATOR), carer(Role.MEMBER_ADMINISTRATOR, agency), *overseers)


def carers_of_role(role: Role, agency: str, programme: str | None) -> tuple[str, ...]:
    """Who looks after what a member acts as: their agency's member administrator, and whoever else may give it."""
    own = carer(Role.MEMBER_ADMINISTRATOR, agency)
    key = programme or EVERYWHERE
    match role:
        case Role.PARTNER | Role.REFERRER | Role.COORDINATOR:
            return (own,)
        case Role.CHAIR | Role.DEPUTY | Role.PREPARER:
            return (own, carer(Role.APPOINTING_OFFICER, key))
        case Role.AUDITOR | Role.ANALYST:
            return (own, carer(Role.CALDICOTT, key))
        case Role.APPOINTING_OFFICER | Role.CALDICOTT:
            return (own, carer(role, key), carer(Role.ADMINISTRATOR))
        case Role.MEMBER_ADMINISTRATOR | Role.ADMINISTRATOR:
            return (own, carer(Role.ADMINISTRATOR))
        case Role.SYSTEM:
            return ()
        case _:
            assert_never(role)


def carers_of_tag(agency: str, programme: str) -> tuple[str, ...]:
    return (carer(Role.MEMBER_ADMINISTRATOR, agency), carer(Role.CALDICOTT, programme))


def inboxes(who: Who) -> tuple[str, ...]:
    """Whose inboxes they read: their agency's, where they take on actions, that of each front door that they keep, and
    that of the Caldicott contacts.
    """
    own = (who.agency, *(carer(Role.COORDINATOR, key) for key in sorted(who.doors))) if works(who) else ()
    led = {key for role, key in who.roles if role is Role.CALDICOTT and guards(who, {key})}
    return (*own, *(carer(Role.CALDICOTT, key) for key in sorted(led)))


# Queries for some roles alone

OVERSEERS = frozenset({Role.CHAIR, Role.DEPUTY, Role.PREPARER, Role.COORDINATOR, Role.AUDITOR})


def oversees(who: Who) -> bool:
    """Whether they follow cases and meetings through: what led to an agenda, trails, figures."""
    return not who.roles_held().isdisjoint(OVERSEERS)


def keeps_a_door(who: Who) -> bool:
    """Whether contacts at any front door are theirs to take."""
    return bool(who.doors)


def guards_people(who: Who) -> bool:
    """Whether they answer for anybody's data: a Caldicott contact of an agency that leads."""
    return guards(who, ())


class GlassTold(Enum):
    """As what somebody is told of a case that was opened in an emergency."""

    OPENER = auto()
    REVIEWER = auto()
    AUDITOR = auto()


def watches_glass(who: Who) -> bool:
    """Whether they may open a case in an emergency, or look into it where others did."""
    return works(who) or guards_people(who) or Role.AUDITOR in who.roles_held()


def told_of_glasses(who: Who) -> frozenset[str]:
    """The programmes in which they are told of what others opened."""
    held = ((role, key) for role, key in who.roles if role in (Role.CALDICOTT, Role.AUDITOR))
    return frozenset(key for _, key in held if who.audits(key) or guards(who, {key}))


def glass_told(who: Who, opened: BreakGlassOpened) -> GlassTold | None:
    """Nobody looks into what they opened themselves: of that they are told as whoever opened it."""
    if opened.user == who.user:
        return GlassTold.OPENER if opened.agency == who.agency and works(who) else None
    if guards(who, {opened.programme}):
        return GlassTold.REVIEWER
    return GlassTold.AUDITOR if who.audits(opened.programme, opened.case) else None


FIGURES = OVERSEERS | {Role.ANALYST}
"""Who is told figures. An analyst is told nothing else: of no case, and of no small group."""


def reads_figures(who: Who) -> bool:
    return not who.roles_held().isdisjoint(FIGURES)


def sees_figures(who: Who, programme: str) -> bool:
    return any(who.acts_as(role, programme) for role in FIGURES)


def sees_metric(who: Who, programme: str, audience: MetricAudience) -> bool:
    match audience:
        case MetricAudience.FIGURES:
            return sees_figures(who, programme)
        case MetricAudience.EVERY_CASE:
            return who.audits_all(programme)
        case _:
            assert_never(audience)


def led_to(who: Who, programme: str, seen: Sight, shows: frozenset[Category] | None) -> bool:
    """Whether a figure leads them to a case that they are shown. `shows`: what of the case that tells; None: it rests
    on more than the case, and only whoever sees every case may know of that.
    """
    return who.audits_all(programme) if shows is None else bool(shows) and shows <= seen.categories


def reads(who: Who) -> list[str]:
    """The queries of `READS` that are open to them."""
    return [query for query, open_to in READS.items() if open_to(who)]


READS: Mapping[str, Callable[[Who], bool]] = {
    "agencyInbox": has_inbox,
    "agendaPreview": oversees,
    "auditTrail": oversees,
    "breakGlass": watches_glass,
    "contacts": keeps_a_door,
    "dataRequests": guards_people,
    "erasures": guards_people,
    "firstContact": reads_figures,
    "lapsing": lambda who: bool(cares_as(who)),
    "members": lists_members,
    "metric": reads_figures,
    "metricEvidence": oversees,
    "metrics": reads_figures,
    "ownedActions": works,
    "report": lambda who: Role.AUDITOR in who.roles_held(),
    "retentionDue": guards_people,
    "timeToOutcome": reads_figures,
    "whyNotOnAgenda": oversees,
}
"""By query: to whom it is open at all. What of it they are shown depends on the case, the meeting, the programme."""

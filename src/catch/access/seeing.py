"""Who sees what: of a case by category, of an agenda by item, with the reason for whatever is withheld.

Somebody sees the union of what each of their roles shows them. A recusal goes before all of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from catch.access.seats import Seat, bounds, lasting, published
from catch.access.standing import Who
from catch.domain.case.state import Case, CaseState, Recusal
from catch.domain.contact import Contact
from catch.domain.facts import Category, Part, Role, Tag
from catch.domain.meeting.items import Item
from catch.domain.meeting.state import Interest, Meeting
from catch.domain.person import Look, Person

TURNED_AWAY = timedelta(days=28)
"""How long the front door still sees whom it has turned away."""


class RedactionReason(StrEnum):
    """Why something is withheld."""

    NO_DISCLOSURE = "no-disclosure"
    RESTRICTED = "restricted"
    NOT_INVOLVED = "not-involved"
    RECUSED = "recused"
    ROLE = "role"
    CONFIDENTIALITY = "confidentiality"
    ERASED = "erased"
    UNREADABLE = "unreadable"
    EARLIER = "earlier"
    OVER = "over"


_NO_TAGS: frozenset[Tag] = frozenset()


class Sight(Part, frozen=True):
    """What somebody sees of a case: these categories, the rest hidden for this reason.

    `everything`: they coordinate it, or keep the front door where it waits; `tags`: the restricted information they
    may read; `part`: their agency has a part in it and follows its own actions, whatever else it may be told; `glass`:
    they opened it in an emergency, and some of it may be shown because of that alone.
    """

    categories: frozenset[Category]
    hidden: RedactionReason
    agency: str
    everything: bool = False
    part: bool = False
    tags: frozenset[Tag] = _NO_TAGS
    glass: bool = False

    def hides(self, category: Category) -> RedactionReason | None:
        if category in self.categories:
            return None
        tagged = category is Category.RESTRICTED or (
            category is Category.THIRD_PARTY and self.hidden is RedactionReason.ROLE
        )
        ended = self.hidden in (RedactionReason.RECUSED, RedactionReason.NOT_INVOLVED)
        return RedactionReason.RESTRICTED if tagged and not ended else self.hidden

    def mentions(self, category: Category) -> bool:
        """False where not even the existence of such an entry is told."""
        return category is not Category.RESTRICTED or category in self.categories

    @property
    def takes_part(self) -> bool:
        """An agency with a part in the case follows its own actions, whatever else is disclosed to it."""
        return self.everything or self.part


EVERYTHING = frozenset(Category)
_NOTHING: frozenset[Category] = frozenset()
_RESTRICTED = frozenset({Category.RESTRICTED})
_TO_REACH = frozenset({Category.CONTACT})
_OPEN = EVERYTHING - _RESTRICTED
IN_MEETING = frozenset(
    {
        Category.IDENTITY,
        Category.CONTACT,
        Category.NEEDS,
        Category.PLAN,
        Category.DISCUSSION,
        Category.ACTIONS,
        Category.RISK,
    }
)
BY_GLASS = IN_MEETING | {Category.HEALTH}
"""What an agency with a part in a case may be told, but for what is restricted, of other people, or of money."""
SAID = frozenset({Category.DISCUSSION, Category.ACTIONS})
"""What a meeting under way adds to: heard by those members who have come in, or have a part in the case besides."""
# How a case was handled can be audited without knowing whom it is about.
_AUDITOR = EVERYTHING - {Category.IDENTITY, Category.CONTACT, Category.RESTRICTED, Category.THIRD_PARTY}


def coordinates(who: Who, case: Case, at: datetime) -> bool:
    """A coordinator works on their agency's cases; who keeps the front door, on those that wait there."""
    return _holds(who, case) or at_the_door(who, case, at)


class Lookers(StrEnum):
    """Of whom somebody is told that they looked at a case."""

    ALL = "all"
    COLLEAGUES = "colleagues"
    """Those of their own agency."""


def lookers_shown(who: Who, case: Case, seen: Sight | None, at: datetime) -> Lookers | None:
    """Everybody for those who audit the case and those who coordinate it; its own people for an agency with a part in
    it. None for everybody else: they are answered as if there were no such case.
    """
    if seen is None:
        return None
    if who.audits(case.programme, case.case) or coordinates(who, case, at):
        return Lookers.ALL
    return Lookers.COLLEAGUES if seen.takes_part and seen.categories else None


def _holds(who: Who, case: Case) -> bool:
    return who.coordinates_in(case.programme) and case.held_by(who.agency)


def at_the_door(who: Who, case: Case, at: datetime) -> bool:
    """From receipt until somebody is allocated, or four weeks after the person was turned away."""
    if case.lead or case.clinical or not who.keeps_the_door(case.programme):
        return False
    if case.state in (CaseState.DECLINED, CaseState.REDIRECTED):
        away = case.milestones.turned_away_at
        return away is not None and at <= away + TURNED_AWAY
    over = case.milestones.voided_at or case.milestones.closed_at
    return case.live or (over is not None and at <= over + TURNED_AWAY)


def recused(who: Who, case: Case, seats: Sequence[Seat]) -> bool:
    """Whether somebody is kept out of the case. In older logs an interest stands with the meeting alone: it counts
    until somebody has said of the case that they need not be kept out of it.

    A program is kept out of whatever a member of its agency is: nobody can tell to whom it hands on what it reads.
    """
    if who.service is not None:
        here = [held for seat in seats for held in seat.interests if not case.cleared(held.user)]
        kept = [held for held in case.recusals if held.resolved_at is None]
        return any(_behind(who, held) for held in (*kept, *here))
    if case.recused(who.user):
        return True
    return bool(seats) and any(who.user in seat.recused for seat in seats) and not case.cleared(who.user)


def _behind(program: Who, held: Recusal | Interest) -> bool:
    """Whether it is somebody of the program's agency that is kept out, whichever agency that was said of."""
    return held.agency == program.agency or held.user in program.colleagues


def sight(who: Who, case: Case, seats: Sequence[Seat], at: datetime) -> Sight | None:
    """What somebody sees of the case at `at`; None where, for them, there is no such case.

    `seats` are the case's places on agendas. What is restricted is for those only who were given the tag.
    """
    if recused(who, case, seats):
        return Sight(_NOTHING, RedactionReason.RECUSED, who.agency)
    found = [*_ways(who, case, seats, at)]
    if not found:
        return None
    return found[0] if len(found) == 1 else _together(found)


def _ways(who: Who, case: Case, seats: Sequence[Seat], at: datetime) -> Iterator[Sight]:
    """Each relationship that shows something of the case, the closest first."""
    programme = case.programme
    if who.acts_as(Role.COORDINATOR, programme):
        if _holds(who, case):
            yield _coordinating(who, programme)
        elif at_the_door(who, case, at):
            # The front door reads nothing that is restricted, whatever tags somebody was given.
            yield Sight(_OPEN, RedactionReason.ROLE, who.agency, everything=True)
    if seats and any(seat.organised_by(who, at) for seat in seats):
        yield Sight(IN_MEETING, RedactionReason.ROLE, who.agency)
    if who.audits(programme, case.case):
        yield Sight(_AUDITOR, RedactionReason.ROLE, who.agency)
    if who.acts_as(Role.PARTNER, programme):
        involved = case.involved(who.agency)
        part = involved or (bool(seats) and _at_the_table(who, case, seats, at))
        if part and (told := told_now(who, case, seats, at)):
            yield Sight(told, RedactionReason.NO_DISCLOSURE, who.agency, part=True)
    if who.glass and who.looks_by_glass(case.case, at) and (told := glass_shows(who, case)):
        yield Sight(told, RedactionReason.NO_DISCLOSURE, who.agency, glass=True)
    if refers(who, programme) and referred(who, case):
        yield Sight(_NOTHING, RedactionReason.NOT_INVOLVED, who.agency)


def _coordinating(who: Who, programme: str) -> Sight:
    tags = who.tagged(programme) if who.tags else _NO_TAGS
    return Sight(EVERYTHING if tags else _OPEN, RedactionReason.ROLE, who.agency, True, False, tags)


def _together(ways: Sequence[Sight]) -> Sight:
    # The reason that is named for what stays hidden is that of the closest way.
    closest = ways[0]
    return Sight(
        closest.categories.union(*(way.categories for way in ways)),
        closest.hidden,
        closest.agency,
        everything=any(way.everything for way in ways),
        part=any(way.part for way in ways),
        tags=closest.tags.union(*(way.tags for way in ways)),
        glass=any(way.glass for way in ways),
    )


def _at_the_table(who: Who, case: Case, seats: Sequence[Seat], at: datetime) -> bool:
    return any(seat.shows(who, at) and not _left_since(who, case, seat.published_at) for seat in seats)


def _left_since(who: Who, case: Case, published_at: datetime | None) -> bool:
    """A part that has ended is not had again by an agenda that was published before it ended."""
    ended = [held.ended_at for held in case.involvements if held.agency == who.agency and held.ended_at]
    return bool(ended) and (published_at is None or max(ended) >= published_at)


def told_to(who: Who, case: Case, at: datetime) -> frozenset[Category]:
    """What is disclosed to their agency, not objected to, and covered by an agreement in force. Nothing restricted."""
    return (case.disclosed(who.agency, at) & who.told(case.programme)) - _RESTRICTED


def glass_shows(who: Who, case: Case) -> frozenset[Category]:
    """What breaking the glass shows somebody of a case; nothing where they may not. Asked when it is opened, and at
    every look: whoever loses the role meanwhile, or whose agency's agreement ends, sees nothing any more.

    An emergency makes up for a missing relation, and for nothing else. So it is for those alone who work on cases of
    the programme: coordinators of an agency that runs it; its chairs and deputies, and partners' members, as far as
    their agency's agreements go. What the person does not want this agency to be told it is not told in an emergency
    either: who objects may be afraid of somebody there. Nobody else: auditors, analysts and administrators have no case
    work, preparers and referrers see no case beyond their part, and nobody can tell to whom a program hands on what it
    reads. A recusal goes before it (`sight`): that is how somebody's own case, or one close to them, is kept from them.
    """
    programme = case.programme
    if who.service is not None:
        return _NOTHING
    if who.coordinates_in(programme):
        told = BY_GLASS
    elif who.acts_as(Role.PARTNER, programme) or who.chairs_in(programme):
        told = BY_GLASS & who.told(programme)
    else:
        return _NOTHING
    objected = (held for held in case.objections if held.covers(who.agency, told))
    return told.difference(*(held.categories for held in objected))


def told_now(who: Who, case: Case, seats: Iterable[Seat], at: datetime) -> frozenset[Category]:
    """The same, but for what is being said of the case in a room that they have not come into."""
    # A meeting under way goes before an older seat: what it says is not heard by way of that.
    hears = case.involved(who.agency) or all(seat.hears(who, at) for seat in seats)
    return told_to(who, case, at) - (_NOTHING if hears else SAID)


def refers(who: Who, programme: str) -> bool:
    return who.acts_as(Role.PARTNER, programme) or who.acts_as(Role.REFERRER, programme)


def referred(who: Who, case: Case) -> bool:
    return who.agency in [held.referrer_agency for held in case.referrals]


def look_shown(who: Who, case: Case, seen: Sight, person: Person, at: datetime) -> Look | None:
    """What a look of theirs found: while they coordinate the live case at a front door that they keep, for an hour."""
    at_their_door = seen.everything and case.live and who.keeps_the_door(case.programme)
    look = person.look_of(who.user, who.agency, at) if at_their_door else None
    return look if look and look.case == case.case else None


def match_seen(who: Who, case: Case) -> Sight | None:
    """What a look shows of a case that it found, besides number and lead: how the person may safely be reached, unless
    they do not want the agency to be told. Whoever is recused from any case of a person is shown none of theirs.
    """
    if not case.live:
        return None
    objected = any(held.covers(who.agency, _TO_REACH) for held in case.objections)
    return Sight(_NOTHING if objected else _TO_REACH, RedactionReason.NO_DISCLOSURE, who.agency)


def contact_seen(who: Who, contact: Contact, *, recused: bool) -> bool:
    """Whoever keeps the front door that it came to, and nobody else: no agency that called, no auditor. `recused`: they
    are kept out of a case of somebody it is about, which it would tell of.
    """
    return who.keeps_the_door(contact.programme) and not recused


def contact_address_shown(who: Who, contact: Contact) -> bool:
    """Where somebody lives, as a caller said it, is for those alone who are told it once it is protected: nobody knows
    yet whether it has to be. As in a referral.
    """
    return Tag.PROTECTED_ADDRESS in who.tagged(contact.programme)


def names_person(sights: Sequence[Sight | None]) -> bool:
    """Whether a contact tells the name of a registered person whom it is about: as their cases do, where there are any.
    `sights` is what the viewer sees of each.
    """
    return not sights or any(seen is not None and seen.hides(Category.IDENTITY) is None for seen in sights)


def cases_behind(contact: Contact, people: Iterable[Person]) -> list[UUID]:
    """The cases of which a contact tells something: those that it led to, and all of the people it is about."""
    known = (case for person in people for case, _ in person.cases)
    return [*dict.fromkeys((*(held.case for held in contact.referrals), *known))]


def knows_as_one(sights: Sequence[Sight | None]) -> bool:
    """Whether somebody may know that the person is one with somebody else: who coordinates a case of theirs, where
    there is any, and is kept out of none. It is asked of each of the two. `sights`: what the viewer sees of each case.
    """
    kept = any(seen is not None and seen.hidden is RedactionReason.RECUSED for seen in sights)
    return not kept and (not sights or any(seen is not None and seen.everything for seen in sights))


def guards(who: Who, programmes: Iterable[str]) -> bool:
    """Whether they answer for the data of somebody with cases in these programmes: the Caldicott contact of each of
    them. Of one of two alone they would decide about what the other keeps.
    """
    own = {key for role, key in who.roles if role is Role.CALDICOTT and who.leads(key)}
    return bool(own) and own.issuperset(programmes)


def guards_some(who: Who, programmes: Iterable[str]) -> bool:
    """Whether they answer for some of it: the Caldicott contact of one of these programmes, or of any where there is no
    case yet.
    """
    alone = [frozenset({programme}) for programme in programmes] or [frozenset[str]()]
    return any(guards(who, each) for each in alone)


# Meetings


def chairs(who: Who, meeting: Meeting) -> bool:
    """In the chair of this meeting, and appointed to chair the series."""
    return who.user == meeting.chair and who.may_chair(meeting.programme, meeting.series)


def organises(who: Who, meeting: Meeting) -> bool:
    """Who runs the meeting, or prepares it."""
    return chairs(who, meeting) or who.prepares(meeting.programme, meeting.series)


def prepares(who: Who, meeting: Meeting, at: datetime) -> bool:
    """Who sees how the agenda came about, what did not fit, and why any case is not on it."""
    return who.audits_all(meeting.programme) or (organises(who, meeting) and at <= bounds(meeting)[2])


def warned_of_concerns(who: Who, meeting: Meeting, at: datetime) -> bool:
    """Whether they place by hand what moves nothing on an agenda: whoever organises it and was given the tag."""
    tagged = Tag.SAFEGUARDING in who.tagged(meeting.programme)
    return tagged and organises(who, meeting) and prepares(who, meeting, at)


def may_attend(who: Who, meeting: Meeting, at: datetime) -> bool:
    """Whether the meeting exists for them at all."""
    programme = meeting.programme
    if who.audits(programme) or who.coordinates_in(programme):
        return True
    if who.may_chair(programme, meeting.series) or who.prepares(programme, meeting.series):
        return True
    if not who.acts_as(Role.PARTNER, programme) or not who.in_agreement(programme) or at > bounds(meeting)[1]:
        return False
    invited = any(i.agency == who.agency and i.user in (None, who.user) for i in meeting.invitations)
    # Core members' agencies come in without an invitation.
    came = any(held.agency == who.agency and held.stays for held in meeting.attendance)
    return invited or (came and not meeting.uninvited(who.agency, who.user))


def kept_from(who: Who, meeting: Meeting, item: Item) -> bool:
    """Whether somebody is kept out of the item at this meeting; a program, whenever anybody of its agency is."""
    if who.service is not None:
        here = [held for held in meeting.interests if held.item == item.item]
        return any(_behind(who, held) for held in here)
    return meeting.recused(item.item, who.user)


def item_hidden(who: Who, meeting: Meeting, item: Item, at: datetime) -> RedactionReason | None:
    """Why somebody does not see this item; None where they do. A draft is the organisers' alone.

    Somebody who is kept from it always learns so; a program, which is so because of others, where it would see it.
    """
    kept = kept_from(who, meeting, item)
    if kept and who.service is None:
        return RedactionReason.RECUSED
    hidden = _item_hidden(who, meeting, item, at)
    return RedactionReason.RECUSED if kept and hidden is None else hidden


def _item_hidden(who: Who, meeting: Meeting, item: Item, at: datetime) -> RedactionReason | None:
    if who.audits(meeting.programme, item.case):
        return None
    _, over, minuted = bounds(meeting)
    organiser = organises(who, meeting)
    if organiser and (item.case is None or at <= minuted):
        return None
    if not any(who.acts_as(role, meeting.programme) for role in (Role.PARTNER, Role.COORDINATOR)):
        return RedactionReason.OVER if organiser else RedactionReason.ROLE
    seen = (
        published(meeting)
        and lasting(meeting, item)
        and at <= over
        and (item.case is None or who.agency in item.visible_to)
        and meeting.invited_to(item.item, who.agency, who.user)
    )
    if seen and item.case is not None and not bound(who, meeting):
        return RedactionReason.CONFIDENTIALITY
    if seen:
        return None
    return RedactionReason.OVER if organiser else RedactionReason.NOT_INVOLVED


def bound(who: Who, meeting: Meeting) -> bool:
    """Whether they have accepted the meeting's confidentiality statement: nobody reads an item before."""
    return meeting.meeting in who.bound or meeting.accepted_by(who.user)


def item_closed(
    who: Who, meeting: Meeting, item: Item, case: Case, seats: Sequence[Seat], at: datetime
) -> RedactionReason | None:
    """Like `item_hidden`, as things stand now: what was visible at publication may have been closed since. `seats` are
    the case's places on agendas, as for `sight`: to whom there is no such case, its item is closed.
    """
    # Without seats: what older logs keep with the meeting `item_hidden` asks of the meeting itself.
    kept = recused(who, case, ())
    if kept and who.service is None:
        return RedactionReason.RECUSED
    hidden = _item_closed(who, meeting, item, case, seats, at)
    return RedactionReason.RECUSED if kept and hidden is None else hidden


def _item_closed(
    who: Who, meeting: Meeting, item: Item, case: Case, seats: Sequence[Seat], at: datetime
) -> RedactionReason | None:
    hidden = item_hidden(who, meeting, item, at)
    if hidden or organises(who, meeting) or who.audits(meeting.programme, case.case):
        return hidden
    part = case.involved(who.agency) or not _left_since(who, case, meeting.published_at)
    shown = coordinates(who, case, at) or (part and told_now(who, case, seats, at))
    return None if shown else RedactionReason.NO_DISCLOSURE


AT_WORK = (Role.CHAIR, Role.DEPUTY, Role.COORDINATOR, Role.PARTNER)
"""Who works on cases: takes on actions, and may have to read a case in an emergency."""


def works(who: Who) -> bool:
    """Whether they take on actions."""
    return not who.roles_held().isdisjoint(AT_WORK)


def has_inbox(who: Who) -> bool:
    """Whether an agency's inbox is for them to read: those who take on actions, and those who look into what was opened
    in an emergency.
    """
    return works(who) or guards(who, ())

"""Who sees what: of a case by category, of an agenda by item, with the reason for whatever is withheld."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from catch.domain.case.state import Case
from catch.domain.facts import Actor, Category, Part, Role
from catch.domain.meeting.items import Item, ItemState
from catch.domain.meeting.state import LIVE, Invitation, Meeting
from catch.domain.partner import Partner

ATTENDEE_WINDOW = timedelta(days=7)
"""How long after a meeting those who sat in it still see its items."""


class RedactionReason(StrEnum):
    """Why something is withheld."""

    NO_DISCLOSURE = "no-disclosure"
    RESTRICTED = "restricted"
    NOT_INVOLVED = "not-involved"
    RECUSED = "recused"
    ROLE = "role"
    ERASED = "erased"


def chairs(actor: Actor, meeting: Meeting) -> bool:
    return actor.role is Role.CHAIR and actor.user == meeting.chair


def coordinates(actor: Actor, case: Case) -> bool:
    """A coordinator works on their agency's cases, and on those at the front door that nobody has taken yet."""
    if actor.role is not Role.COORDINATOR:
        return False
    return not holders(case) or actor.agency in holders(case)


def holders(case: Case) -> frozenset[str]:
    """The agencies that coordinate it."""
    return frozenset(worker.agency for worker in (case.lead, case.clinical) if worker)


class Sight(Part, frozen=True):
    """What somebody sees of a case: these categories, the rest hidden for this reason."""

    categories: frozenset[Category]
    hidden: RedactionReason
    agency: str
    everything: bool = False

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
        return self.everything or self.hidden is RedactionReason.NO_DISCLOSURE


EVERYTHING = frozenset(Category)
_IN_MEETING = frozenset(
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
_AUDITOR = EVERYTHING - {Category.IDENTITY, Category.CONTACT, Category.RESTRICTED, Category.THIRD_PARTY}
_NOTHING: frozenset[Category] = frozenset()


class Seat(Part, frozen=True):
    """What a meeting has to do with a case: who chairs it, who may see the item, who must not, and until when."""

    meeting: UUID
    chair: str
    visible_to: frozenset[str]
    recused: frozenset[str]
    until: datetime
    item: UUID
    invitations: tuple[Invitation, ...] = ()

    def shows(self, viewer: Actor) -> bool:
        """Its agency may be told, and it is not a guest who was asked to come for other items."""
        own = [i for i in self.invitations if i.agency == viewer.agency and i.user in (None, viewer.user)]
        invited = not own or any(not i.items or self.item in i.items for i in own)
        return viewer.agency in self.visible_to and invited

    def names(self, user: str) -> bool:
        """Whether the seat says something of this user in particular."""
        return user == self.chair or user in self.recused or any(i.user == user for i in self.invitations)


def seat_of(meeting: Meeting, item: Item) -> Seat:
    """The meeting's bearing on the case of one of its items."""
    removed = item.state is ItemState.REMOVED
    return Seat(
        meeting=meeting.meeting,
        chair="" if removed else meeting.chair,
        visible_to=frozenset(() if removed else item.visible_to),
        recused=frozenset(held.user for held in meeting.interests if held.item == item.item),
        until=(meeting.ended_at or meeting.ends_at) + ATTENDEE_WINDOW,
        item=item.item,
        invitations=meeting.invitations,
    )


def seats_of(meeting: Meeting, case: UUID) -> tuple[Seat, ...]:
    return tuple(seat_of(meeting, item) for item in meeting.items if item.case == case)


def recused(user: str, case: Case, seats: Sequence[Seat]) -> bool:
    """Whether the user is kept out of the case. In older logs an interest stands with the meeting alone: it counts
    until somebody has said of the case that they need not be kept out of it."""
    if case.recused(user):
        return True
    return any(user in seat.recused for seat in seats) and not case.cleared(user)


def sight(viewer: Actor, case: Case, partner: Partner | None, seats: Sequence[Seat], at: datetime) -> Sight | None:
    """What the viewer sees of the case at `at`; None where, for them, there is no such case.

    `partner` is the viewer's own agency; `seats` are the case's places on agendas. What is restricted, and a protected
    address, is for those only who coordinate the case.
    """
    if partner is not None and suspended(viewer, partner):
        return None
    if recused(viewer.user, case, seats):
        return Sight(_NOTHING, RedactionReason.RECUSED, viewer.agency)
    near = [seat for seat in seats if at <= seat.until]
    match viewer.role:
        case Role.COORDINATOR:
            if coordinates(viewer, case):
                return Sight(EVERYTHING, RedactionReason.ROLE, viewer.agency, everything=True)
            return Sight(_IN_MEETING, RedactionReason.ROLE, viewer.agency) if near else None
        case Role.CHAIR:
            seen = any(seat.chair == viewer.user for seat in near)
            return Sight(_IN_MEETING, RedactionReason.ROLE, viewer.agency) if seen else None
        case Role.AUDITOR:
            return Sight(_AUDITOR, RedactionReason.ROLE, viewer.agency)
        case Role.PARTNER:
            return partner_sight(viewer, case, partner, near, at)
        case Role.REFERRER:
            return Sight(_NOTHING, RedactionReason.ROLE, viewer.agency) if referred(viewer, case) else None
        case Role.ADMINISTRATOR | Role.SYSTEM:
            return None


def partner_sight(
    viewer: Actor, case: Case, partner: Partner | None, seats: Sequence[Seat], at: datetime
) -> Sight | None:
    """Access ends with the involvement, the disclosure or the agreement, whichever ends first."""
    told = told_to(viewer.agency, case, partner, at)
    if told and (case.involved(viewer.agency) or any(seat.shows(viewer) for seat in seats)):
        return Sight(told - {Category.RESTRICTED}, RedactionReason.NO_DISCLOSURE, viewer.agency)
    return Sight(_NOTHING, RedactionReason.NOT_INVOLVED, viewer.agency) if referred(viewer, case) else None


def told_to(agency: str, case: Case, partner: Partner | None, at: datetime) -> frozenset[Category]:
    """What is disclosed, not objected to, and covered by an agreement in force."""
    if partner is None:
        return _NOTHING
    return case.disclosed(agency, at) & partner.shares(case.programme, at)


def referred(viewer: Actor, case: Case) -> bool:
    return any(held.referrer_agency == viewer.agency for held in case.referrals)


def suspended(viewer: Actor, partner: Partner) -> bool:
    return any(member.user == viewer.user and member.suspended for member in partner.members)


def may_attend(viewer: Actor, meeting: Meeting, partner: Partner | None, at: datetime) -> bool:
    """Whether the meeting exists for the viewer at all."""
    if partner is not None and suspended(viewer, partner):
        return False
    match viewer.role:
        case Role.COORDINATOR | Role.AUDITOR | Role.SYSTEM:
            return True
        case Role.CHAIR:
            return True
        case Role.PARTNER:
            if partner is None or not partner.in_force(meeting.programme, at):
                return False
            if at > (meeting.ended_at or meeting.ends_at) + ATTENDEE_WINDOW:
                return False
            invited = any(i.agency == viewer.agency and i.user in (None, viewer.user) for i in meeting.invitations)
            # Core members' agencies come in without an invitation.
            return invited or any(held.agency == viewer.agency and held.stays for held in meeting.attendance)
        case Role.REFERRER | Role.ADMINISTRATOR:
            return False


def item_closed(
    viewer: Actor, meeting: Meeting, item: Item, case: Case, partner: Partner | None, at: datetime
) -> RedactionReason | None:
    """Like `item_hidden`, as things stand now: what was visible at publication may have been closed since."""
    if case.recused(viewer.user):
        return RedactionReason.RECUSED
    if viewer.role is not Role.PARTNER or viewer.agency in holders(case):
        return item_hidden(viewer, meeting, item)
    closed = None if told_to(viewer.agency, case, partner, at) else RedactionReason.NO_DISCLOSURE
    return item_hidden(viewer, meeting, item) or closed


def item_hidden(viewer: Actor, meeting: Meeting, item: Item) -> RedactionReason | None:
    """Why the viewer does not see this item; None where they do. A draft is the organisers' alone."""
    if meeting.recused(item.item, viewer.user):
        return RedactionReason.RECUSED
    return item_unknown(viewer, meeting, item)


def item_unknown(viewer: Actor, meeting: Meeting, item: Item) -> RedactionReason | None:
    """Why the viewer may not know which item this is, recused or not; None where they may."""
    match viewer.role:
        case Role.COORDINATOR | Role.AUDITOR | Role.SYSTEM:
            return None
        case Role.CHAIR:
            return None if chairs(viewer, meeting) else RedactionReason.ROLE
        case Role.PARTNER:
            published = meeting.published_at is not None or meeting.state in LIVE
            seen = (
                published
                and (item.case is None or viewer.agency in item.visible_to)
                and meeting.invited_to(item.item, viewer.agency, viewer.user)
            )
            return None if seen else RedactionReason.NOT_INVOLVED
        case Role.REFERRER | Role.ADMINISTRATOR:
            return RedactionReason.ROLE


def prepares(viewer: Actor, meeting: Meeting) -> bool:
    """Who sees how the agenda came about, what did not fit, and why any case is not on it."""
    return viewer.role in (Role.COORDINATOR, Role.AUDITOR) or chairs(viewer, meeting)


def has_inbox(viewer: Actor, partner: Partner | None) -> bool:
    """Whether an agency's inbox is for the viewer to read: those who take on actions, unless they are suspended."""
    takes_on = viewer.role in (Role.PARTNER, Role.COORDINATOR, Role.CHAIR)
    return takes_on and not (partner is not None and suspended(viewer, partner))

"""What a meeting has to do with a case: who may see it because it is on an agenda, from when, and until when.

A seat begins at most a fortnight before the meeting. It gives the case to those who prepare and chair the meeting until
its minutes are confirmed, at most 45 days, and to members from publication until a week after its planned end. An item
that was taken off the agenda leaves recusals alone.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from catch.access.standing import Who
from catch.domain.facts import Part
from catch.domain.meeting.items import Item, ItemState
from catch.domain.meeting.state import LIVE, UNDER_WAY, Interest, Invitation, Meeting, MeetingState

BEFORE = timedelta(days=14)
ATTENDEE_WINDOW = timedelta(days=7)
"""How long after a meeting's planned end its members still see its items."""
MINUTES_WINDOW = timedelta(days=45)
"""How long after it those who prepared it do, where its minutes are not confirmed before."""


class Seat(Part, frozen=True):
    """One item's bearing on its case. `opens` to `minuted` for organisers, to `over` for members."""

    meeting: UUID
    item: UUID
    programme: str
    series: str
    chair: str
    opens: datetime
    over: datetime
    minuted: datetime
    published_at: datetime | None
    visible_to: frozenset[str]
    interests: tuple[Interest, ...]
    bound: frozenset[str]
    invitations: tuple[Invitation, ...] = ()
    withdrawn: tuple[Invitation, ...] = ()
    held: bool = True
    """False where nothing but recusals is left of it."""
    under_way: bool = False
    here: frozenset[str] = frozenset()
    """Who is in the room."""

    def organised_by(self, who: Who, at: datetime) -> bool:
        """Whoever is in the chair, or prepares the series, while the seat lasts."""
        if not self.held or not self.opens <= at <= self.minuted:
            return False
        return self.chaired_by(who) or who.prepares(self.programme, self.series)

    def chaired_by(self, who: Who) -> bool:
        return who.user == self.chair and who.may_chair(self.programme, self.series)

    def shows(self, who: Who, at: datetime) -> bool:
        """Its agency may be told, it has accepted confidentiality, and is no guest who comes for other items."""
        if not self.held or self.published_at is None or not at <= self.over:
            return False
        # Where answers are made for a class of viewers, `who` has no user and says itself which meetings bind them.
        if who.user not in self.bound and self.meeting not in who.bound:
            return False
        own = [i for i in self.invitations if i.agency == who.agency and i.user in (None, who.user)]
        gone = any(i.agency == who.agency and i.user in (None, who.user) for i in self.withdrawn)
        # Core members come without an invitation: only one that was withdrawn keeps them out.
        invited = any(not i.items or self.item in i.items for i in own) if own else not gone
        return who.agency in self.visible_to and invited

    def hears(self, who: Who, at: datetime) -> bool:
        """What is said live is for those whom it is shown and who have come in; once the meeting has ended, for all
        whom it is shown.
        """
        here = who.user in self.here or self.meeting in who.here
        return not (self.held and self.under_way) or (here and self.shows(who, at))

    def names(self, user: str) -> bool:
        """Whether the seat says something of this user in particular."""
        return (
            user == self.chair
            or user in self.recused
            or any(i.user == user for i in (*self.invitations, *self.withdrawn))
        )

    @property
    def recused(self) -> frozenset[str]:
        return frozenset(held.user for held in self.interests)

    def binds(self, user: str) -> bool:
        return user in self.bound

    def hosts(self, user: str) -> bool:
        return user in self.here


def seat_of(meeting: Meeting, item: Item) -> Seat:
    """The meeting's bearing on the case of one of its items."""
    opens, over, minuted = bounds(meeting)
    return Seat(
        meeting=meeting.meeting,
        item=item.item,
        programme=meeting.programme,
        series=meeting.series,
        chair=meeting.chair,
        opens=opens,
        over=over,
        minuted=minuted,
        published_at=meeting.published_at,
        visible_to=frozenset(item.visible_to),
        interests=tuple(held for held in meeting.interests if held.item == item.item),
        bound=frozenset(held.user for held in meeting.attendance if held.accepted is not None),
        invitations=meeting.invitations,
        withdrawn=meeting.withdrawn,
        held=lasting(meeting, item),
        under_way=meeting.state in UNDER_WAY,
        here=frozenset(held.user for held in meeting.attendance if held.present),
    )


def lasting(meeting: Meeting, item: Item) -> bool:
    """A meeting that was called off, or moved far and not published since, has no seats; nor has a discussion held
    there and then, which whoever recorded it has brought about themselves."""
    off = meeting.moved_far or meeting.instant or meeting.state is MeetingState.CANCELLED
    return item.state is not ItemState.REMOVED and not off


def bounds(meeting: Meeting) -> tuple[datetime, datetime, datetime]:
    """When its seats begin, when they end for members, and when for those who organise it."""
    over = meeting.ends_at + ATTENDEE_WINDOW
    latest = meeting.ends_at + MINUTES_WINDOW
    return meeting.starts_at - BEFORE, over, min(meeting.confirmed_at or latest, latest)


def seats_of(meeting: Meeting, case: UUID) -> tuple[Seat, ...]:
    return tuple(_of(meeting, case))


def _of(meeting: Meeting, case: UUID) -> Iterator[Seat]:
    return (seat_of(meeting, item) for item in meeting.items if item.case == case)


def published(meeting: Meeting) -> bool:
    return meeting.published_at is not None or meeting.state in LIVE

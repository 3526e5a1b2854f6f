"""Where a meeting stands: the items, the people in the room, and everything a live screen and the minutes need."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from msgspec.structs import replace

from catch.domain.facts import Part, Sealed
from catch.domain.meeting.items import Amendment, Item, ItemState
from catch.domain.meeting.items import Update as Update
from catch.domain.meeting.listing import Agenda
from catch.domain.plain import Key, Label, Made, UserId


class MeetingState(StrEnum):
    """The stages of a meeting, in order; `cancelled` is reached from any before `in-progress`."""

    PLANNED = "planned"
    AGENDA_DRAFTED = "agenda-drafted"
    AGENDA_PUBLISHED = "agenda-published"
    IN_PROGRESS = "in-progress"
    ADJOURNED = "adjourned"
    ENDED = "ended"
    MINUTES_CONFIRMED = "minutes-confirmed"
    CANCELLED = "cancelled"


BEFORE_START = frozenset({MeetingState.PLANNED, MeetingState.AGENDA_DRAFTED, MeetingState.AGENDA_PUBLISHED})

UNPUBLISHED = frozenset({MeetingState.PLANNED, MeetingState.AGENDA_DRAFTED})

UNDER_WAY = frozenset({MeetingState.IN_PROGRESS, MeetingState.ADJOURNED})

LIVE = frozenset({MeetingState.AGENDA_PUBLISHED}) | UNDER_WAY

NOT_OVER = BEFORE_START | UNDER_WAY

OVER = frozenset(MeetingState) - NOT_OVER


class Mode(StrEnum):
    """How people take part."""

    IN_PERSON = "in-person"
    REMOTE = "remote"
    HYBRID = "hybrid"


class Invitation(Part, frozen=True, omit_defaults=True):
    """An agency, or one user of it, asked to come: to everything, or to the named items only. `reason`: why it was
    taken back.
    """

    agency: Key
    user: UserId | None = None
    items: tuple[UUID, ...] = ()
    reason: Sealed | None = None


class Availability(Part, frozen=True):
    """The part of the meeting during which an agency can be there."""

    agency: Key
    available_from: datetime
    available_until: datetime


class Stay(Part, frozen=True, omit_defaults=True):
    """From joining to leaving."""

    joined_at: datetime
    left_at: datetime | None = None


class Attendee(Part, frozen=True, omit_defaults=True):
    """Somebody who came, or sent apologies. `accepted`: the confidentiality statement they accepted."""

    user: UserId
    agency: Key
    stays: tuple[Stay, ...] = ()
    accepted: Label | None = None
    apology: bool = False
    note: Sealed | None = None

    @property
    def present(self) -> bool:
        return bool(self.stays) and self.stays[-1].left_at is None


class InterestAction(StrEnum):
    """What somebody with an interest does while the item is heard."""

    LEAVES = "leaves"
    RECUSED = "recused"


class Interest(Part, frozen=True, omit_defaults=True):
    """Somebody has an interest in an item and is kept out of it until that is resolved."""

    item: UUID
    user: UserId
    agency: Key
    action: InterestAction
    note: Sealed | None = None
    resolved_reason: Sealed | None = None


class Hand(Part, frozen=True, omit_defaults=True):
    """Somebody asks to speak on the open item, or `speaks`; `since` when they do."""

    item: UUID
    user: UserId
    agency: Key
    since: datetime
    speaks: bool = False


class Move(Part, frozen=True, omit_defaults=True):
    """The meeting was put at another time, or made longer or shorter."""

    at: datetime
    before: datetime
    after: datetime
    minutes: int
    reason: Sealed


class Interruption(Part, frozen=True, omit_defaults=True):
    """The meeting was adjourned, and perhaps went on."""

    at: datetime
    reason: Sealed | None = None
    until: datetime | None = None


class Cancellation(Part, frozen=True):
    """The meeting was called off."""

    at: datetime
    reason: Sealed


class Meeting(Part, frozen=True, omit_defaults=True):
    """Where the meeting's history leaves it. `items` are in order, removed ones last."""

    meeting: UUID
    programme: Key
    series: Key
    starts_at: datetime
    duration_minutes: int
    mode: Mode
    chair: UserId
    state: MeetingState = MeetingState.PLANNED
    quorum: int = 2
    draft: Agenda | None = None
    items: tuple[Item, ...] = ()
    content_hash: Made | None = None
    published_at: datetime | None = None
    invitations: tuple[Invitation, ...] = ()
    availability: tuple[Availability, ...] = ()
    attendance: tuple[Attendee, ...] = ()
    interests: tuple[Interest, ...] = ()
    resolved_interests: tuple[Interest, ...] = ()
    confidentiality_statement: Label | None = None
    charter: Label | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    cancelled_at: datetime | None = None
    confirmed_at: datetime | None = None
    confirmed_by: UserId | None = None
    last_at: datetime | None = None  # of what takes its course: who came and went may be told later
    instant: bool = False
    moved_far: bool = False  # by more than a fortnight, and not published since
    moved_from: datetime | None = None  # where it stood before it was moved, however often, since it was published
    withdrawn: tuple[Invitation, ...] = ()  # invitations taken back and not given again
    moves: tuple[Move, ...] = ()
    cancellation: Cancellation | None = None
    interruptions: tuple[Interruption, ...] = ()
    confirmed_at_meeting: UUID | None = None
    amendments: tuple[Amendment, ...] = ()  # of no item
    hands: tuple[Hand, ...] = ()  # whoever speaks first, then in the order of asking

    @property
    def latest_at(self) -> datetime:
        """When the last of all that is recorded of its course occurred."""
        return self.last_at or datetime.min.replace(tzinfo=UTC)

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.duration_minutes)

    @property
    def over_at(self) -> datetime | None:
        """When it ended or was called off."""
        return self.ended_at or self.cancelled_at

    @property
    def open_item(self) -> Item | None:
        return next((item for item in self.items if item.state is ItemState.OPEN), None)

    def spans(self, held: Availability) -> bool:
        return self.starts_at <= held.available_from < held.available_until <= self.ends_at

    def item(self, item: UUID) -> Item | None:
        # Found by number, here and in cases: `uuid.UUID` compares itself in Python code, five times as slowly.
        number = item.int
        for held in self.items:
            if held.item.int == number:
                return held
        return None

    def lists(self, case: UUID) -> bool:
        """Whether the case is on its agenda."""
        return any(held.case == case and held.state is not ItemState.REMOVED for held in self.items)

    def attendee(self, user: str) -> Attendee | None:
        return next((held for held in self.attendance if held.user == user), None)

    def hand(self, item: UUID, user: str) -> Hand | None:
        return next((held for held in self.hands if (held.item, held.user) == (item, user)), None)

    def recused(self, item: UUID, user: str) -> bool:
        """M2: such a member receives nothing of the item, in the room or on the wire."""
        return any((held.item, held.user) == (item, user) for held in self.interests)

    def invited_to(self, item: UUID, agency: str, user: str) -> bool:
        """False only for a guest who was asked to come for other items, and for whom is asked to come no more."""
        # Of several invitations the widest counts: their agency's to everything, or their own to some items.
        invitations = [i for i in self.invitations if i.agency == agency and i.user in (None, user)]
        if not invitations:
            return not self.uninvited(agency, user)
        return any(not i.items or item in i.items for i in invitations)

    def uninvited(self, agency: str, user: str) -> bool:
        """Their invitation was taken back, and they have no other."""
        return any(i.agency == agency and i.user in (None, user) for i in self.withdrawn) and not any(
            i.agency == agency and i.user in (None, user) for i in self.invitations
        )

    def accepted_by(self, user: str) -> bool:
        """Whether they are bound by the meeting's confidentiality statement."""
        held = self.attendee(user)
        return held is not None and held.accepted is not None

    def at_the_table(self, item: UUID) -> tuple[Attendee, ...]:
        """Present, bound by confidentiality, without an interest in the item, and not a guest for other items."""
        return tuple(
            held
            for held in self.attendance
            if held.present
            and held.accepted is not None
            and not self.recused(item, held.user)
            and self.invited_to(item, held.agency, held.user)
        )

    def agencies_at_the_table(self, item: UUID) -> tuple[str, ...]:
        return tuple(sorted({held.agency for held in self.at_the_table(item)}))


def ordered(meeting: Meeting, items: tuple[Item, ...]) -> Meeting:
    """The meeting with these items in this order, counted from 1; removed ones last with 0."""
    kept = [item for item in items if item.state is not ItemState.REMOVED]
    removed = [replace(item, order=0) for item in items if item.state is ItemState.REMOVED]
    numbered = [replace(item, order=place) for place, item in enumerate(kept, start=1)]
    return replace(meeting, items=(*numbered, *removed))


def with_item(meeting: Meeting, before: Item, after: Item) -> Meeting:
    """The meeting with one of its items as it is afterwards."""
    # By identity: comparing items one by one would compare everything said of them.
    return replace(meeting, items=tuple([after if held is before else held for held in meeting.items]))

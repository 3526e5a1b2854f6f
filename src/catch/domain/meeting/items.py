"""What stands on an agenda and what became of it: said, decided, linked, put off."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from catch.domain.facts import Part, Sealed
from catch.domain.meeting.listing import AppearanceBasis, Matter, Placement, Reason, Section
from catch.domain.plain import Key, Made, UserId


class ItemState(StrEnum):
    """What has become of an item. `pending` and `open` are unresolved: a meeting cannot end with either."""

    PENDING = "pending"
    OPEN = "open"
    DISCUSSED = "discussed"
    NOTED = "noted"
    DEFERRED = "deferred"
    REMOVED = "removed"


class Origin(StrEnum):
    """How an item came onto the agenda."""

    DRAFTED = "drafted"
    ADDED = "added"
    LATE = "late"
    INSTANT = "instant"


class Update(Part, frozen=True, omit_defaults=True):
    """What was said about a case, in four parts."""

    situation: Sealed | None = None
    action_to_date: Sealed | None = None
    update: Sealed | None = None
    next_steps: Sealed | None = None


class DecisionCode(StrEnum):
    """What the meeting may agree for a case."""

    ACCEPT_TO_SUPPORT = "accept-to-support"
    CONTINUE = "continue"
    CHANGE_PLAN = "change-plan"
    CLOSE = "close"
    EXTEND = "extend"
    ESCALATE = "escalate"
    INFORMATION_ONLY = "information-only"
    DEFER = "defer"
    NO_DECISION = "no-decision"


class Dissent(Part, frozen=True):
    """An agency that did not agree, and its words."""

    agency: Key
    text: Sealed


class ToTell(Part, frozen=True):
    """Who tells the person what was decided, and by which day."""

    who: UserId
    by: date


class Decision(Part, frozen=True, omit_defaults=True):
    """What was agreed. `inquorate` when too few agencies were there: flagged, never blocked."""

    decision: UUID
    code: DecisionCode
    decided_at: datetime
    text: Sealed | None = None
    agreed_by: tuple[Key, ...] = ()
    dissent: tuple[Dissent, ...] = ()
    to_tell_person: ToTell | None = None
    not_told_reason: Sealed | None = None
    inquorate: bool = False


class LinkedAction(Part, frozen=True, omit_defaults=True):
    """An action offered while the item was open. The action itself lives in the case."""

    action: UUID
    owner: Key
    decision: UUID | None = None


class DeferReason(StrEnum):
    """Why an item is not reached."""

    RAN_OUT_OF_TIME = "ran-out-of-time"
    REQUIRED_PARTNER_ABSENT = "required-partner-absent"
    PERSON_UNAVAILABLE = "person-unavailable"
    INFORMATION_MISSING = "information-missing"
    CHAIR = "chair"


class Deferral(Part, frozen=True, omit_defaults=True):
    """Not reached, and where it goes. Without `to_meeting`: the next meeting of the series."""

    reason: DeferReason
    deferred_at: datetime
    to_meeting: UUID | None = None
    note: Sealed | None = None


class Edit(StrEnum):
    """What was changed of an item by hand."""

    MOVED = "moved"
    RETIMED = "retimed"
    PULLED = "pulled"


class ItemEdit(Part, frozen=True, omit_defaults=True):
    """An item was moved (places), retimed (minutes), or pulled from the noting list (sections), and why."""

    edit: Edit
    at: datetime
    before: int
    after: int
    reason: Sealed | None = None
    by_agency: Key | None = None


class GuestKind(StrEnum):
    """Who somebody is that came to one item, and acts for no agency."""

    PERSON = "person"
    """Whom the item is about."""
    ADVOCATE = "advocate"
    INTERPRETER = "interpreter"
    OTHER = "other"


class Guest(Part, frozen=True):
    """Somebody without an account who was there while the item was heard. They have no rights by it."""

    guest: UUID
    kind: GuestKind
    name: Sealed


class Amendment(Part, frozen=True, omit_defaults=True):
    """What the minutes should have said: of one item, or of the meeting. What they said stays."""

    amendment: UUID
    at: datetime
    by: UserId
    text: Sealed
    at_meeting: UUID | None = None


class Item(Part, frozen=True, omit_defaults=True):
    """One case, or one general matter, on the agenda. `order` counts from 1; a removed item has 0."""

    item: UUID
    section: Section
    order: int
    minutes: int
    origin: Origin
    case: UUID | None = None
    number: Made | None = None
    matter: Matter | None = None
    must: bool = False
    reasons: tuple[Reason, ...] = ()
    explanation: Made = ""
    presenter: UserId | None = None
    basis: AppearanceBasis | None = None
    requires: tuple[Key, ...] = ()
    placement: Placement = Placement()
    defer_count: int = 0
    displacements: int = 0
    visible_to: tuple[Key, ...] = ()
    pulled: bool = False
    state: ItemState = ItemState.PENDING
    added_reason: Sealed | None = None
    removed_reason: Sealed | None = None
    removed_at: datetime | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    known_by: UserId | None = None
    override_reason: Sealed | None = None
    present: tuple[Key, ...] = ()
    update: Update | None = None
    decisions: tuple[Decision, ...] = ()
    actions: tuple[LinkedAction, ...] = ()
    deferral: Deferral | None = None
    edits: tuple[ItemEdit, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    guests: tuple[Guest, ...] = ()

    @property
    def unresolved(self) -> bool:
        return self.state in (ItemState.PENDING, ItemState.OPEN)

    @property
    def put_off(self) -> bool:
        """Talked about, and what was decided last is to hear it again."""
        return bool(self.decisions) and self.decisions[-1].code is DecisionCode.DEFER

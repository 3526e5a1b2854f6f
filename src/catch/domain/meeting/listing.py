"""What an agenda is made of: sections, reasons, items, what did not fit, and what is missing.

These values are made by `catch.domain.agenda.draft`, recorded with `AgendaDrafted`, and read by screens and minutes.
Rules: the agenda rules of the programme. No personal text anywhere: explanations are written from codes and dates.
"""

from datetime import date
from enum import IntEnum, StrEnum
from uuid import UUID

from catch.domain.facts import Part
from catch.domain.plain import Code, Key, Label, Made, UserId


class Section(IntEnum):
    """The order in which a meeting goes through its business. An item stands in exactly one."""

    GENERAL = 0
    URGENT = 1
    MATTERS_ARISING = 2
    NEW = 3
    REVIEW = 4
    AT_RISK = 5
    CLOSE_OR_EXTEND = 6
    QUESTION = 7
    NOTING = 8
    GAPS = 9


class ReasonCode(StrEnum):
    """Why a case is on the agenda."""

    URGENT = "R-URGENT"
    SAFEGUARDING_FOLLOW_UP = "R-SAFEGUARDING-FOLLOWUP"
    CARRIED = "R-CARRIED"
    ACTION_OVERDUE = "R-ACTION-OVERDUE"
    ACTION_DECLINED = "R-ACTION-DECLINED"
    NEW = "R-NEW"
    REVIEW_DUE = "R-REVIEW-DUE"
    CLOCK_WARNED = "R-CLOCK-WARN"
    CLOCK_BREACHED = "R-CLOCK-BREACH"
    NO_ACTIVITY = "R-NO-ACTIVITY"
    MAX_SUPPORT = "R-MAX-SUPPORT"
    CLOSURE_PROPOSED = "R-CLOSURE-PROPOSED"
    PARTNER_QUESTION = "R-PARTNER-QUESTION"
    UNMET_NEED = "R-UNMET"


class Reason(Part, frozen=True, omit_defaults=True):
    """One reason with what it rests on: the date that counts and the action, clock or proposal behind it."""

    code: ReasonCode
    section: Section
    text: Made
    must: bool = False
    since: date | None = None
    fact: Made | None = None


class AppearanceBasis(StrEnum):
    """Why the meeting may consider somebody's case."""

    AGREEMENT = "agreement"
    SAFEGUARDING = "safeguarding"
    VITAL_INTEREST = "vital-interest"
    PUBLIC_TASK_WITH_NOTICE = "public-task-with-notice"


class Matter(StrEnum):
    """General business without a case."""

    MINUTES = "minutes"
    GAPS = "gaps"
    ANY_OTHER_BUSINESS = "any-other-business"


class Placement(Part, frozen=True, omit_defaults=True):
    """How an item came to its place: the key it was ordered by, and the minutes already taken before it."""

    key: tuple[Made, ...] = ()
    minutes_before: int = 0
    moved_for: Made | None = None


class DraftedItem(Part, frozen=True, omit_defaults=True):
    """A case in its place on a draft. `order` counts from 1 over the whole agenda."""

    item: UUID
    case: UUID
    number: Made
    section: Section
    order: int
    minutes: int
    must: bool
    reasons: tuple[Reason, ...]
    explanation: Made
    presenter: UserId
    basis: AppearanceBasis
    requires: tuple[Key, ...] = ()
    defer_count: int = 0
    displacements: int = 0
    placement: Placement = Placement()


class WhyNotPlaced(StrEnum):
    """What kept a candidate off the agenda."""

    NO_MINUTES_LEFT = "no-minutes-left"
    MAX_ITEMS = "max-items"
    MAX_NEW = "max-new"
    MIX = "mix"
    NOTING_FULL = "noting-full"


class Overflow(Part, frozen=True, omit_defaults=True):
    """A candidate that did not fit, and the meeting day on which it is expected to. The counts include this time."""

    item: UUID
    case: UUID
    number: Made
    section: Section
    minutes: int
    reasons: tuple[Reason, ...]
    why: WhyNotPlaced
    explanation: Made
    predicted_on: date
    defer_count: int
    displacements: int
    placement: Placement = Placement()


class WarningCode(StrEnum):
    """What the coordinator must see before the agenda is published."""

    NOT_READY = "NOT-READY"
    MUST_OVER_BUDGET = "MUST-OVER-BUDGET"
    MUST_OVER_MAX_ITEMS = "MUST-OVER-MAX-ITEMS"
    BELOW_MIN_ITEMS = "BELOW-MIN-ITEMS"
    PARTNER_WINDOW = "PARTNER-WINDOW"
    PARTNER_WITHOUT_BASIS = "PARTNER-WITHOUT-BASIS"
    AFTER_CUT_OFF = "AFTER-CUT-OFF"
    SAFEGUARDING_CONCERN = "SAFEGUARDING-CONCERN"
    """Never in a draft, which stands in the meeting's stream: it is told to those only who were given the tag."""
    CHANGED_SINCE = "CHANGED-SINCE"
    """Never in a draft: what has become since of a case on the agenda, so that it is not heard as it stands there."""
    LEFT_OUT = "LEFT-OUT"
    """Never in a draft: something that was put off to this meeting, or to the next, after its agenda was made."""


class Missing(StrEnum):
    """What a case lacks before it may appear."""

    LIVE_CASE = "live-case"
    ACCEPTANCE = "acceptance"
    PRESENTER = "presenter"
    BASIS = "basis"
    AGENCY = "agency"
    RESTRICTED = "restricted"


class AgendaWarning(Part, frozen=True, omit_defaults=True):
    """Something wrong with the draft. With a case: it has reasons to appear and may not yet."""

    code: WarningCode
    explanation: Made
    case: UUID | None = None
    number: Made | None = None
    section: Section | None = None
    missing: tuple[Missing, ...] = ()
    reasons: tuple[Reason, ...] = ()
    minutes_over: int = 0
    defer_count: int = 0
    displacements: int = 0


class Gap(Part, frozen=True):
    """How many unmet needs of one kind were recorded since the last meeting. No names."""

    code: Code
    count: int


class Agenda(Part, frozen=True):
    """A draft: the same facts, position and policy always give the same one, to the byte."""

    as_of: int
    policy_version: Label
    items: tuple[DraftedItem, ...] = ()
    overflow: tuple[Overflow, ...] = ()
    warnings: tuple[AgendaWarning, ...] = ()
    gaps: tuple[Gap, ...] = ()

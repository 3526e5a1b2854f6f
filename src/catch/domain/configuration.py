"""What a programme is: its doors, clocks, meetings, plans and closures, as configuration.

One version of a programme is one `Programme` value. A case is pinned to the version it started under, so nothing in
the code asks which programme it is, only what its configuration says.
"""

from datetime import date
from enum import StrEnum

from catch.domain.facts import Part


class Unit(StrEnum):
    """How a clock counts. Working days follow the England and Wales bank holidays, in Europe/London."""

    MINUTE = "minute"
    HOUR = "hour"
    WORKING_DAY = "working-day"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Span(Part, frozen=True):
    """A length of time in one unit, e.g. 2 working days."""

    n: int
    unit: Unit


class ClockRule(Part, frozen=True, omit_defaults=True):
    """A named time between two facts. `start` and `stop` are event names, `ReviewHeld[decision=close]` narrows one."""

    code: str
    start: str
    stop: str
    target: Span
    outer: Span | None = None
    warn_at_fraction: float = 0.75
    source: str = "assumed"  # "seed" where a programme's own papers say it


class Source(Part, frozen=True, omit_defaults=True):
    """Where referrals come from."""

    code: str
    self_referral: bool = False
    active: bool = True


class Criterion(Part, frozen=True, omit_defaults=True):
    """One thing eligibility asks. A `required` one must be met unless overridden with a reason."""

    code: str
    label: str
    required: bool = True


class Eligibility(Part, frozen=True, omit_defaults=True):
    """Who the programme is for. `open`: everybody; the age warns and never blocks."""

    mode: str = "open"  # open | criteria
    min_age: int = 18
    max_age: int | None = None
    criteria: tuple[Criterion, ...] = ()
    override_allowed: bool = True


class Minutes(Part, frozen=True, omit_defaults=True):
    """Default time boxes by section, in minutes (`6-agenda.md` section 4)."""

    urgent: int = 10
    matters_arising: int = 3
    new: int = 8
    review: int = 5
    at_risk: int = 6
    close_or_extend: int = 4
    question: int = 5
    noting: int = 0
    opening: int = 5
    gaps: int = 5


class AgendaPolicy(Part, frozen=True, omit_defaults=True):
    """The numbers the agenda rules use."""

    version: str = "1"
    minutes: Minutes = Minutes()
    min_items: int = 0
    max_items: int | None = None
    max_new: int | None = None
    min_existing_share: float = 0.0
    min_new_share: float = 0.0
    max_noting: int = 20
    max_wait_cycles: int = 2
    max_displacements: int = 2
    review_lead_days: int = 14
    review_must_after_days: int = 28
    action_must_after_days: int = 14
    no_activity_days: int = 28
    max_support_lead_days: int = 28
    discuss_all: bool = False
    cut_off_hours: int = 48


class CoreMember(Part, frozen=True, omit_defaults=True):
    """A kind of organisation expected at every meeting of the series."""

    kind: str
    required: bool = False


class Series(Part, frozen=True, omit_defaults=True):
    """A standing meeting. `rrule` is RFC 5545, or empty where meetings are called when needed."""

    key: str
    name: str
    rrule: str | None
    duration_minutes: int
    starts_at: str = "10:00"  # Europe/London
    cycle_days: int = 7  # the usual time from one meeting to the next
    policy: AgendaPolicy = AgendaPolicy()
    core_members: tuple[CoreMember, ...] = ()
    quorum: int = 2  # agencies present
    confidentiality_statement: str = "1"
    charter: str = "1"


class PlanRules(Part, frozen=True, omit_defaults=True):
    """How long a support plan runs, in months."""

    min_months: int = 3
    max_months: int = 6
    review_every_months: int = 3
    review_outer_months: int = 4


class Caseload(Part, frozen=True, omit_defaults=True):
    """Open cases per lead coordinator."""

    target_min: int | None = None
    target_max: int | None = None
    hard_max: int | None = None


class ClosureClass(StrEnum):
    """What a closure means for time to outcome. Administrative ones are left out of statistics."""

    OUTCOME_ACHIEVED = "outcome-achieved"
    PARTIAL_OUTCOME = "partial-outcome"
    COMPETING_NEUTRAL = "competing-neutral"
    COMPETING_ADVERSE = "competing-adverse"
    ADMINISTRATIVE = "administrative"


class ClosureReason(Part, frozen=True, omit_defaults=True):
    """Why an episode ends, with its class."""

    code: str
    label: str
    ending: ClosureClass


class Closure(Part, frozen=True, omit_defaults=True):
    """How episodes end."""

    reasons: tuple[ClosureReason, ...] = ()
    reopen_within_days: int = 180


class Framework(Part, frozen=True, omit_defaults=True):
    """The scale goals are scored on, and the domains they belong to."""

    code: str
    scale_min: int = 1
    scale_max: int = 5
    domains: tuple[str, ...] = ()


class Programme(Part, frozen=True, omit_defaults=True):
    """One version of one programme. `effective_from` is the first day it runs."""

    key: str
    version: int
    name: str
    effective_from: date
    sources: tuple[Source, ...]
    channels: tuple[str, ...]
    duplicate_window_days: int = 365
    eligibility: Eligibility = Eligibility()
    clocks: tuple[ClockRule, ...] = ()
    meetings: tuple[Series, ...] = ()
    plan: PlanRules = PlanRules()
    interventions: tuple[str, ...] = ()
    mandatory_interventions: tuple[str, ...] = ()
    caseload: Caseload = Caseload()
    framework: Framework | None = None
    closure: Closure = Closure()
    effective_to: date | None = None
    assumed: tuple[str, ...] = ()  # settings that are our proposals, not the programme's own words

    @property
    def pin(self) -> str:
        return f"{self.key}@{self.version}"

    def series(self, key: str) -> Series | None:
        return next((series for series in self.meetings if series.key == key), None)

    def closure_reason(self, code: str) -> ClosureReason | None:
        return next((reason for reason in self.closure.reasons if reason.code == code), None)

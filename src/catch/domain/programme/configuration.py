"""What a programme is: its doors, clocks, meetings, plans and closures, as configuration.

One version of a programme is one `Programme` value. A case is pinned to the version it started under, so nothing in
the code asks which programme it is, only what its configuration says.
"""

from collections.abc import Collection
from datetime import date
from enum import StrEnum

from catch.domain.facts import Part
from catch.domain.instruments import KNOWN, Scale
from catch.domain.plain import (
    Code,
    Count,
    Key,
    Label,
    Many,
    Pence,
    Percent,
    Place,
    PublicName,
    Score,
    Share,
    Version,
    Years,
)


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

    n: Count
    unit: Unit


class ClockRule(Part, frozen=True, omit_defaults=True):
    """A named time between two facts. `start` and `stop` are event names, `ReviewHeld[decision=close]` narrows one."""

    code: Code
    start: Label
    stop: Label
    target: Span
    outer: Span | None = None
    warn_at_fraction: Share = 0.75
    waits_for: Many[Code] = ()  # reasons for a pause: while the case is on hold for one of them the clock stands still
    waits_for_referrer: bool = False  # likewise while something is asked of whoever referred, until they have answered
    source: Code = "assumed"  # "published" where a programme's own papers say it


class PauseReason(Part, frozen=True, omit_defaults=True):
    """Why a case may be put on hold."""

    code: Code
    label: Label


class Pauses(Part, frozen=True, omit_defaults=True):
    """How cases are put on hold; without a reason none is. `max_days`: the longest that may be expected."""

    reasons: Many[PauseReason] = ()
    max_days: Count = 92


class Sign(Part, frozen=True, omit_defaults=True):
    """What a column of a cohort says of somebody: a number `at_least` so high, or without that a yes."""

    column: Code
    at_least: Count | None = None


class Flag(Part, frozen=True):
    """A criterion of the programme that is met where any of these signs is there."""

    criterion: Code
    any_of: Many[Sign]


class CaseFinding(Part, frozen=True):
    """How people are found in a cohort: those in the `top_percent` by what stands in the column `ranked_by`, which
    meets `criterion`, with any of the flags.
    """

    ranked_by: Code
    top_percent: Percent
    criterion: Code
    flags: Many[Flag]


class Fund(Part, frozen=True, omit_defaults=True):
    """Money that the programme gives to or for people. `most_pence`: what one case may have of it altogether."""

    code: Code
    label: Label
    most_pence: Pence | None = None


class Milestone(Part, frozen=True):
    """What cases of the programme reach beside what all cases do. `MilestoneReached[milestone=code]` for clocks."""

    code: Code
    label: Label


class Source(Part, frozen=True, omit_defaults=True):
    """Where referrals come from."""

    code: Code
    self_referral: bool = False
    active: bool = True


class Criterion(Part, frozen=True, omit_defaults=True):
    """One thing eligibility asks. A `required` one must be met unless overridden with a reason; of those with the same
    `one_of`, one; and one that is an `exception` stands for all of them.
    """

    code: Code
    label: Label
    required: bool = True
    one_of: Code | None = None
    exception: bool = False


class Eligibility(Part, frozen=True, omit_defaults=True):
    """Who the programme is for. `open`: everybody; the age warns and never blocks."""

    mode: Code = "open"  # open | criteria
    min_age: Count = 18
    max_age: Count | None = None
    criteria: Many[Criterion] = ()
    override_allowed: bool = True

    def unmet(self, met: Collection[str]) -> list[str]:
        """What would still have to be met: the code of a criterion, or those of which one is enough."""
        if self.mode != "criteria" or any(each.exception and each.code in met for each in self.criteria):
            return []
        alone = [each.code for each in self.criteria if each.required and not each.one_of and not each.exception]
        groups = dict.fromkeys(each.one_of for each in self.criteria if each.one_of)
        several = [[each.code for each in self.criteria if each.one_of == group] for group in groups]
        return [
            *(code for code in alone if code not in met),
            *(" or ".join(codes) for codes in several if not any(code in met for code in codes)),
        ]

    def covers(self, age: int) -> bool:
        """From the least age to the greatest, both included."""
        return self.min_age <= age and (self.max_age is None or age <= self.max_age)


class Minutes(Part, frozen=True, omit_defaults=True):
    """Default time boxes by section, in minutes."""

    urgent: Count = 10
    matters_arising: Count = 3
    new: Count = 8
    review: Count = 5
    at_risk: Count = 6
    close_or_extend: Count = 4
    question: Count = 5
    noting: Count = 0
    opening: Count = 5
    gaps: Count = 5


class AgendaPolicy(Part, frozen=True, omit_defaults=True):
    """The numbers the agenda rules use."""

    version: Label = "1"
    minutes: Minutes = Minutes()
    min_items: Count = 0
    max_items: Count | None = None
    max_new: Count | None = None
    min_existing_share: Share = 0.0
    min_new_share: Share = 0.0
    max_noting: Count = 20
    max_wait_cycles: Count = 2
    max_displacements: Count = 2
    review_lead_days: Count = 14
    review_must_after_days: Count = 28
    action_must_after_days: Count = 14
    no_activity_days: Count = 28
    max_support_lead_days: Count = 28
    discuss_all: bool = False
    cut_off_hours: Count = 48  # so long before the meeting its papers close: what is proposed later is warned of


class CoreMember(Part, frozen=True, omit_defaults=True):
    """A kind of organisation expected at every meeting of the series."""

    kind: Code
    required: bool = False


class Series(Part, frozen=True, omit_defaults=True):
    """A standing meeting. `rrule` is RFC 5545, or empty where meetings are called when needed."""

    key: Key
    name: PublicName
    rrule: Label | None
    duration_minutes: Count
    starts_at: Label = "10:00"  # Europe/London
    cycle_days: Count = 7  # the usual time from one meeting to the next
    policy: AgendaPolicy = AgendaPolicy()
    core_members: Many[CoreMember] = ()
    quorum: Count = 2  # agencies present
    confidentiality_statement: Label = "1"
    charter: Label = "1"


class PlanRules(Part, frozen=True, omit_defaults=True):
    """How long a support plan runs, in months; where weeks are said, these count instead. The next review is
    `review_every_months` on, where nobody says when.

    `max_extensions`: how often it may be extended beyond its planned end; nothing said, as often as need be.
    """

    min_months: Count = 3
    max_months: Count = 6
    review_every_months: Count = 3
    review_outer_months: Count = 4
    max_extensions: Count | None = None
    max_weeks: Count | None = None
    review_every_weeks: Count | None = None
    review_outer_weeks: Count | None = None

    @property
    def least(self) -> Span:
        return Span(self.min_months, Unit.MONTH)

    @property
    def most(self) -> Span:
        return _either(self.max_weeks, self.max_months)

    @property
    def review_every(self) -> Span:
        return _either(self.review_every_weeks, self.review_every_months)

    @property
    def review_outer(self) -> Span:
        return _either(self.review_outer_weeks, self.review_outer_months)


def _either(weeks: int | None, months: int) -> Span:
    return Span(months, Unit.MONTH) if weeks is None else Span(weeks, Unit.WEEK)


class Counted(StrEnum):
    """Of what a caseload is the number: cases that are open now, or that began within a month or a year."""

    OPEN = "open"
    A_MONTH = "a-month"
    A_YEAR = "a-year"


class Caseload(Part, frozen=True, omit_defaults=True):
    """Cases per lead coordinator. Beyond `hard_max`, which is always of open ones, one more needs a reason."""

    target_min: Count | None = None
    target_max: Count | None = None
    hard_max: Count | None = None
    counted: Counted = Counted.OPEN


class ClosureClass(StrEnum):
    """What a closure means for time to outcome. Administrative ones are left out of statistics."""

    OUTCOME_ACHIEVED = "outcome-achieved"
    PARTIAL_OUTCOME = "partial-outcome"
    COMPETING_NEUTRAL = "competing-neutral"
    COMPETING_ADVERSE = "competing-adverse"
    ADMINISTRATIVE = "administrative"


class ClosureReason(Part, frozen=True, omit_defaults=True):
    """Why an episode ends, with its class."""

    code: Code
    label: Label
    ending: ClosureClass


class Closure(Part, frozen=True, omit_defaults=True):
    """How episodes end."""

    reasons: Many[ClosureReason] = ()
    reopen_within_days: Count = 180


class KeptFrom(StrEnum):
    """From when the time of keeping counts: the end of the case, the last that was done in it, or that they died."""

    CLOSURE = "closure"
    LAST_CONTACT = "last-contact"
    DEATH = "death"


class Retention(Part, frozen=True, omit_defaults=True):
    """How many years what is kept of somebody is kept. `schedule`: the paper that says so."""

    years: Years
    counted_from: KeptFrom = KeptFrom.CLOSURE
    schedule: Label | None = None


class Framework(Part, frozen=True, omit_defaults=True):
    """The scale goals are scored on, and the domains they belong to."""

    code: Code
    scale_min: Score = 1
    scale_max: Score = 5
    domains: Many[Code] = ()


class MeasureStage(Part, frozen=True, omit_defaults=True):
    """When an instrument is used: so many days after the fact that `anchor` names, give or take the window. One that is
    anchored at `CaseClosed` is asked for before a case closes.
    """

    code: Code
    anchor: Label
    offset_days: Count = 0
    window_days: Count = 30


class LocalScale(Part, frozen=True):
    """How an instrument is scored that only this programme has: `items` answers from `least` to `most`."""

    items: Place
    least: Score
    most: Score
    totalled: bool
    licensed: bool


class Instrument(Part, frozen=True, omit_defaults=True):
    """An instrument that the programme uses. One that is licensed is not used before `licence` names the licence or the
    registration that the place has for it; the newest version of the programme says so for all its cases.
    """

    code: Code
    stages: Many[MeasureStage]
    scale: LocalScale | None = None
    licence: Label | None = None

    @property
    def scored(self) -> Scale:
        """How: as the programme says, or as is known. A loaded programme has one for each of its instruments."""
        own = self.scale
        return Scale(own.items, own.least, own.most, own.totalled, own.licensed) if own else KNOWN[self.code]

    def usable(self, licensed: Collection[str]) -> bool:
        return not self.scored.licensed or self.code in licensed

    def stage(self, code: str) -> MeasureStage | None:
        return next((stage for stage in self.stages if stage.code == code), None)


class Disposition(StrEnum):
    """What it means that a contact ended so. Administrative ones are left out of figures: a wrong number, a test."""

    RESOLVED = "resolved-at-first-contact"
    INFORMATION = "information"
    REFERRED_ON = "referred-on"  # to somebody else, whom this place runs no programme for
    RESPONSE_SENT = "response-sent"  # a responder of the programme's own goes there
    EMERGENCY = "emergency"
    ADMINISTRATIVE = "administrative"


class ContactOutcome(Part, frozen=True, omit_defaults=True):
    """How a contact may end, and what that means. That it led to a referral is said by the referral, and is none."""

    code: Code
    label: Label
    means: Disposition


class ContactPriority(Part, frozen=True, omit_defaults=True):
    """How pressing a contact may be found to be."""

    code: Code
    label: Label


class Contacts(Part, frozen=True, omit_defaults=True):
    """How the programme's front door takes contacts, of which not every one becomes a case. They come from its sources,
    through its channels. `priorities`: the most pressing first. `anonymous`: may a contact be about nobody in
    particular? `repeat_within_days`: a further one within so many days of the last may be linked to it.
    """

    outcomes: Many[ContactOutcome]
    priorities: Many[ContactPriority]
    anonymous: bool = False
    repeat_within_days: Count = 28

    def outcome(self, code: str) -> ContactOutcome | None:
        return next((outcome for outcome in self.outcomes if outcome.code == code), None)


class Programme(Part, frozen=True, omit_defaults=True):
    """One version of one programme. `effective_from` is the first day it runs."""

    key: Key
    version: Version
    name: PublicName
    effective_from: date
    sources: Many[Source]
    channels: Many[Code]
    duplicate_window_days: Count = 365
    eligibility: Eligibility = Eligibility()
    clocks: Many[ClockRule] = ()
    meetings: Many[Series] = ()
    instant_discussions: bool = False  # may two agencies discuss a case there and then, outside a meeting?
    plan: PlanRules = PlanRules()
    interventions: Many[Code] = ()
    funds: Many[Fund] = ()  # without one no award is asked for
    mandatory_interventions: Many[Code] = ()  # whatever is offered of these has to be seen to before a case closes
    caseload: Caseload = Caseload()
    framework: Framework | None = None
    closure: Closure = Closure()
    pauses: Pauses = Pauses()
    milestones: Many[Milestone] = ()
    instruments: Many[Instrument] = ()
    retention: Retention | None = None  # without it nothing is ever said to have been kept long enough
    case_finding: CaseFinding | None = None  # for `catch case-finding`
    contacts: Contacts | None = None  # a programme without it takes referrals alone
    effective_to: date | None = None
    assumed: Many[Label] = ()  # settings that are our proposals, not the programme's own words

    @property
    def pin(self) -> str:
        return f"{self.key}@{self.version}"

    def runs_on(self, day: date) -> bool:
        return self.effective_from <= day and (self.effective_to is None or day <= self.effective_to)

    @property
    def series_keys(self) -> tuple[str, ...]:
        return tuple(series.key for series in self.meetings)

    def series(self, key: str) -> Series | None:
        return next((series for series in self.meetings if series.key == key), None)

    def instrument(self, code: str) -> Instrument | None:
        return next((each for each in self.instruments if each.code == code), None)

    def fund(self, code: str) -> Fund | None:
        return next((fund for fund in self.funds if fund.code == code), None)

    def closure_reason(self, code: str) -> ClosureReason | None:
        return next((reason for reason in self.closure.reasons if reason.code == code), None)

"""A programme, as everybody may read it."""

from datetime import date

import msgspec
import strawberry

from catch.domain.programme.configuration import ClosureClass, Counted
from catch.domain.programme.configuration import Programme as Configuration


@strawberry.type(description="A standing meeting of a programme.")
class Series:
    key: str
    name: str
    duration_minutes: int
    rrule: str | None


@strawberry.type(description="A way an episode may end, and what it means for time to outcome.")
class ClosureReason:
    code: str
    label: str
    ending: ClosureClass


@strawberry.type(
    description="How long a support plan runs, in months, and how often it is reviewed. Weeks, where they are said,"
    " count instead."
)
class PlanRules:
    min_months: int
    max_months: int
    review_every_months: int
    review_outer_months: int
    max_extensions: int | None
    max_weeks: int | None
    review_every_weeks: int | None
    review_outer_weeks: int | None


@strawberry.type(description="How many cases a lead coordinator should have, and how many open ones they may have.")
class Caseload:
    target_min: int | None
    target_max: int | None
    hard_max: int | None
    counted: Counted


@strawberry.type(description="The place that this server serves.")
class Place:
    invented: bool = strawberry.field(
        description="Nobody and nothing in it is real: it was marked so before its first fact, for good. Every answer"
        " over HTTP then has the header `catch-place: invented`."
    )


@strawberry.type(description="One version of the configuration under which cases run.")
class Programme:
    key: str
    version: int
    name: str
    effective_from: date
    sources: list[str]
    channels: list[str]
    series: list[Series]
    closure_reasons: list[ClosureReason]
    interventions: list[str]
    plan: PlanRules
    caseload: Caseload
    assumed: list[str] = strawberry.field(description="Settings that are proposals, not the programme's own words.")
    loaded: strawberry.Private[Configuration]

    @strawberry.field(description="The whole of this version as JSON, as it was loaded.")
    def definition(self) -> str:
        return msgspec.json.encode(self.loaded).decode()

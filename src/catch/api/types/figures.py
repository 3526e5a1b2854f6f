"""Time to outcome."""

import strawberry

from catch.api.scalars import Position


@strawberry.type(description="The curve at one day. `survival` (Kaplan-Meier): the share not yet ended in any way.")
class CurvePoint:
    days: float
    at_risk: int
    achieved: int
    competing: int
    censored: int
    survival: float
    lower: float | None
    upper: float | None
    incidence: float = strawberry.field(
        description="Aalen-Johansen: the share that has reached the outcome, other endings counted for what they are."
    )


@strawberry.type(description="How many episodes were still under observation on a day.")
class AtRisk:
    days: int
    count: int


@strawberry.type(description="Time from referral to outcome, open episodes censored; the naive mean stands beside it.")
class TimeToOutcome:
    median_days: float | None
    not_reached: bool
    curve: list[CurvePoint]
    at_risk: list[AtRisk]
    achieved: int
    censored: int
    competing: int
    naive_closed_mean_days: float | None = strawberry.field(
        description="The mean over closed episodes only: what a spreadsheet says. Open ones make it too short."
    )
    cut_off: Position

"""Time to outcome."""

from enum import Enum

import strawberry

from catch.api.common.scalars import Position


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


@strawberry.enum(description="Why figures are not told.")
class FiguresWithheld(Enum):
    TOO_FEW = strawberry.enum_value(
        "TOO_FEW",
        description="Fewer than 5 episodes started in the period, or in what is left of the year when its other"
        " quarters are taken from it: somebody might be singled out.",
    )


@strawberry.type(description="Time from referral to outcome, open episodes censored; the naive mean stands beside it.")
class TimeToOutcome:
    withheld: FiguresWithheld | None = strawberry.field(
        description="Null where the figures are told. Otherwise they are null, and the lists empty, for this reason."
    )
    median_days: float | None
    not_reached: bool | None
    curve: list[CurvePoint] = strawberry.field(
        description="Day by day for who sees every case. For others in steps of 5 endings at least, each as at the last"
        " day of its step; `atRisk` is how many there were when the step began."
    )
    at_risk: list[AtRisk] = strawberry.field(
        description="Empty for who does not see every case: the points of the curve say it for its steps."
    )
    achieved: int | None
    censored: int | None
    competing: int | None
    naive_closed_mean_days: float | None = strawberry.field(
        description="The mean over closed episodes only: what a spreadsheet says. Open ones make it too short."
    )
    cut_off: Position = strawberry.field(
        description="The position up to which the log was read. For who does not see every case the figures are those"
        " of the end of the last calendar quarter, as far as is known there."
    )

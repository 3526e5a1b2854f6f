"""Time to outcome."""

from datetime import datetime
from enum import Enum

import strawberry

from catch.api.common.scalars import Position
from catch.api.common.types import Unreadable


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
    incidence_lower: float | None = strawberry.field(
        description="With `incidenceUpper` its 95 % interval (log(-log)); `lower` and `upper` are that of `survival`."
    )
    incidence_upper: float | None


@strawberry.type(description="The share that has reached the outcome by a day, with its 95 % interval.")
class AchievedBy:
    days: int
    share: float | None = strawberry.field(description="Null where nobody was followed that long.")
    lower: float | None
    upper: float | None


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
    median_days: float | None = strawberry.field(
        description="The first day by which half have reached the outcome; null where `notReached`."
    )
    not_reached: bool | None
    lower_quartile_days: float | None = strawberry.field(
        description="The first day by which a quarter have. Null for who does not see every case, as are"
        " `upperQuartileDays`, `restrictedMeanDays`, `longestFollowUpDays`, `episodes`, `administrative` and"
        " `neverAtRisk`."
    )
    upper_quartile_days: float | None
    restricted_mean_days: float | None = strawberry.field(
        description="How many of the first 180 days go by without the outcome, on the mean; null where nobody was"
        " followed that long."
    )
    longest_follow_up_days: int | None
    achieved_by: list[AchievedBy] = strawberry.field(
        description="By 90, 180 and 365 days. Empty for who does not see every case."
    )
    episodes: int | None = strawberry.field(description="All that count below, administrative closures left out.")
    administrative: int | None = strawberry.field(
        description="Episodes whose closure says nothing about an outcome, such as one opened in error: left out"
        " everywhere else."
    )
    never_at_risk: int | None = strawberry.field(
        description="Episodes that were over when they came to us: in no curve and no count but this."
    )
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
        description="The mean from start to closure over closed episodes only, however they ended: what a spreadsheet"
        " says. Open ones are left out, so it is too short. Null where none is closed; for who does not see every case,"
        " where fewer than 5 are, or some but fewer than 5 in a quarter of it."
    )
    programme_versions: list[str] = strawberry.field(
        description="The versions of the programme, `key@version`, under which these episodes run or ran."
        " Empty for who does not see every case: one episode may be alone under its version."
    )
    incomplete: bool = strawberry.field(
        description="Facts of some case of the programme cannot be read here: they are in no figure. `catch doctor`"
        " says which, and what to do."
    )
    unreadable: list[Unreadable] = strawberry.field(
        description="Those cases, for who sees every case. Empty for others, and of a case whose programme cannot be"
        " read either."
    )
    cut_off_at: datetime = strawberry.field(
        description="Up to when episodes were followed: when the last fact was recorded that counts, or the moment that"
        " was asked for, where that is earlier."
    )
    cut_off: Position = strawberry.field(
        description="The position up to which the log was read. For who does not see every case the figures are those"
        " of the end of the last calendar quarter, as far as is known there."
    )

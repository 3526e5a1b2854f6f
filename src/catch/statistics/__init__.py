"""Figures that survive an auditor's second look. Pure, and without a numeric library.

How long something takes: `survival`, `time_to_outcome`, and whether groups differ in it: `comparing`. What became of a
score: `change`. A figure month by month: `charts`. Shares side by side: `funnels`. What may be told: `small_numbers` to
those who do not see every case, `publishing` to everybody.
"""

from catch.statistics.survival import Observation, Point, Status, truncated
from catch.statistics.time_to_outcome import AchievedBy, AtRisk, TimeToOutcome, status_of, time_to_outcome

__all__ = [
    "AchievedBy",
    "AtRisk",
    "Observation",
    "Point",
    "Status",
    "TimeToOutcome",
    "status_of",
    "time_to_outcome",
    "truncated",
]

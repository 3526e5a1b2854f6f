"""Figures that survive an auditor's second look. Pure, and without a numeric library."""

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

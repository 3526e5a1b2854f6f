"""Clocks in words: what is waited for, by when, and how it stands."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from catch.domain.calendar import london_day
from catch.web.console.visit import Json
from catch.web.console.wording import words


class Standing(NamedTuple):
    """How a clock stands: `text` says it, `colour` only stresses it."""

    name: str
    text: str
    colour: str
    due: str | None
    breached: str | None = None


COLOURS = {"RUNNING": "blue", "WARNED": "yellow", "BREACHED": "red", "MET": "green", "MISSED": "orange"}
WAITING = ("BREACHED", "WARNED", "RUNNING")


def standing(clock: Json, now: datetime) -> Standing:
    state = clock["state"]
    return Standing(
        words(clock["code"]), text_of(clock, now), COLOURS.get(state, "grey"), clock["dueAt"], unkept(clock)
    )


def unkept(clock: Json) -> str | None:
    """When a breach was recorded that turned out not to be one."""
    return clock.get("breachedAt") if clock["state"] not in ("BREACHED", "MISSED") else None


def text_of(clock: Json, now: datetime) -> str:
    state = clock["state"]
    if state in WAITING and clock["dueAt"]:
        return until(clock["dueAt"], now)
    return {"MET": "Done in time", "MISSED": "Done late", "LAPSED": "Not waited for any more", "PAUSED": "On hold"}.get(
        state, words(state)
    )


def until(due: str, now: datetime) -> str:
    """How far a day is: London's days, as people count them."""
    at = datetime.fromisoformat(due)
    days = (london_day(at) - london_day(now)).days
    if days == 0:
        return "Due today" if at > now else "Overdue since today"
    if days > 0:
        return "Due tomorrow" if days == 1 else f"Due in {days} days"
    return "Overdue by a day" if days == -1 else f"Overdue by {-days} days"


def until_day(day: str, now: datetime) -> str:
    """The same of a day without a time, which is over when the day is."""
    return until(f"{day}T23:59:59+00:00", now)


def every(clocks: Iterable[Json], now: datetime) -> list[Standing]:
    """Those that are waited for first, the most pressing first."""
    held = sorted(clocks, key=lambda each: (each["state"] not in WAITING, each["dueAt"] or "~"))
    return [standing(each, now) for each in held]


def pressing(clocks: Iterable[Json], now: datetime) -> list[Standing]:
    """Those that are waited for."""
    return every((each for each in clocks if each["state"] in WAITING), now)

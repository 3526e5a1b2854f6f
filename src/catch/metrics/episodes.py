"""Episodes with the moments that count: what every time-to-event figure is worked out from.

An episode runs from the referral (or the reopening) to its closure. It reaches its outcome at the closure, where
that has the class `outcome-achieved`, or when all its goals are achieved, whichever comes first.
"""

from datetime import datetime
from uuid import UUID

from catch.domain.calendar import london_day
from catch.domain.facts import Part
from catch.domain.programme.configuration import ClosureClass
from catch.statistics import Observation, Status, status_of


class Aim(Part, frozen=True, omit_defaults=True):
    """A goal, from when it was set until it was achieved or given up."""

    goal: UUID
    set_at: datetime
    ended_at: datetime | None = None
    abandoned: bool = False


class Talk(Part, frozen=True):
    """A conversation that was held."""

    conversation: UUID
    at: datetime


class Episode(Part, frozen=True, omit_defaults=True):
    """One open-to-closed period of a case.

    `watched_from` is when it was brought in from a list, None where its beginning was seen: had it ended earlier, it
    would not have been on the list. `programme` is the version that it is pinned to, `key@version`. `voided`: there
    should never have been one.
    """

    number: int
    started_at: datetime
    watched_from: datetime | None = None
    programme: str | None = None
    accepted_at: datetime | None = None
    conversation_at: datetime | None = None
    discussed_at: datetime | None = None
    talks: tuple[Talk, ...] = ()
    plan_at: datetime | None = None
    aims: tuple[Aim, ...] = ()
    achieved_at: datetime | None = None
    ended_at: datetime | None = None
    ending: ClosureClass | None = None
    voided: bool = False


def observation(episode: Episode, cut_off: datetime) -> Observation | None:
    """None for an episode that had not begun, for one whose closure was administrative, and, at every cut-off, for one
    that should never have been.
    """
    if episode.started_at > cut_off or episode.voided:
        return None
    over = episode.ended_at is not None and episode.ended_at <= cut_off
    status = status_of(episode.ending if over else None)
    until = episode.ended_at if over and episode.ended_at else cut_off
    # An administrative closure leaves the episode out altogether, whatever was achieved before.
    if status is not None and episode.achieved_at is not None and episode.achieved_at <= until:
        status, until = Status.TARGET, episode.achieved_at
    if status is None:
        return None
    return Observation(
        days_old(episode, until),
        status,
        entry_days=days_old(episode, episode.watched_from) if episode.watched_from else 0,
        closed_days=days_old(episode, episode.ended_at) if over and episode.ended_at else None,
    )


def days_old(episode: Episode, at: datetime) -> int:
    return days_between(episode.started_at, at)


def days_between(start: datetime, end: datetime) -> int:
    """In days of London, as people count them: neither the hour nor a change of the clocks makes one."""
    # Facts typed in late may say that something came before the beginning.
    return max(0, london_day(end).toordinal() - london_day(start).toordinal())

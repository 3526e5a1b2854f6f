"""Episodes with the moments that count: what every time-to-event figure is worked out from.

An episode runs from the referral (or the reopening) to its closure. It reaches its outcome at the closure, where
that has the class `outcome-achieved`, or when all its goals are achieved, whichever comes first (`7-metrics.md`, M07).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from catch.domain.case.closing import CaseClosed, CaseReopened
from catch.domain.case.plan import GoalAbandoned, GoalAchieved, GoalSet, PlanAgreed
from catch.domain.case.proposals import CaseDiscussed
from catch.domain.case.referral import (
    ConversationHeld,
    ReferralAccepted,
    ReferralDeclined,
    ReferralReceived,
    ReferralRedirected,
)
from catch.domain.configuration import ClosureClass
from catch.domain.facts import Part, Recorded
from catch.domain.streams import CASE, stream_of_event

NAME = "outcomes"
VERSION = 1
INDEXES = ("programme",)


class Episode(Part, frozen=True, omit_defaults=True):
    """One open-to-closed period of a case."""

    number: int
    started_at: datetime
    accepted_at: datetime | None = None
    conversation_at: datetime | None = None
    discussed_at: datetime | None = None
    plan_at: datetime | None = None
    goals_open: int = 0
    goals_achieved: int = 0
    goals_abandoned: int = 0
    achieved_at: datetime | None = None
    ended_at: datetime | None = None
    ending: ClosureClass | None = None


class Row(Struct, frozen=True):
    """The episodes of one case, oldest first."""

    case_id: UUID
    position: int
    programme: str
    episodes: tuple[Episode, ...]


def keys(recorded: Recorded[Any]) -> Iterable[UUID]:
    return (recorded.stream,) if stream_of_event(recorded.event) is CASE else ()


def fold(row: Row | None, recorded: Recorded[Any], key: UUID) -> Row | None:
    event, at = recorded.event, recorded.envelope.occurred_at
    if isinstance(event, ReferralReceived):
        return Row(key, recorded.position, event.programme, (Episode(1, event.referral.received_at),))
    if row is None:
        return None
    if isinstance(event, CaseReopened):
        return replace(row, position=recorded.position, episodes=(*row.episodes, Episode(event.episode, at)))
    latest = row.episodes[-1]
    after = step(latest, event, at)
    return row if after is latest else replace(row, position=recorded.position, episodes=(*row.episodes[:-1], after))


def step(episode: Episode, event: object, at: datetime) -> Episode:
    match event:
        case ReferralAccepted():
            return replace(episode, accepted_at=at)
        case ReferralDeclined() | ReferralRedirected():
            # Led elsewhere: the outcome can no longer come from here.
            return replace(episode, ended_at=at, ending=ClosureClass.COMPETING_NEUTRAL)
        case ConversationHeld():
            return replace(episode, conversation_at=episode.conversation_at or at)
        case CaseDiscussed():
            return replace(episode, discussed_at=episode.discussed_at or event.discussion.ended_at)
        case PlanAgreed():
            return replace(episode, plan_at=episode.plan_at or at)
        case GoalSet():
            return replace(episode, goals_open=episode.goals_open + 1)
        case GoalAchieved():
            return achieved(replace(episode, goals_achieved=episode.goals_achieved + 1), at)
        case GoalAbandoned():
            return replace(episode, goals_open=episode.goals_open - 1, goals_abandoned=episode.goals_abandoned + 1)
        case CaseClosed():
            return replace(episode, ended_at=at, ending=event.ending)
        case _:
            return episode


def achieved(episode: Episode, at: datetime) -> Episode:
    episode = replace(episode, goals_open=episode.goals_open - 1)
    whole = episode.goals_open == 0 and episode.goals_abandoned == 0
    return replace(episode, achieved_at=episode.achieved_at or at) if whole else episode

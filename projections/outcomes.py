"""The episodes of every case, with the moments that count (`catch.metrics.episodes` says which)."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from catch.database import Statements
from catch.domain.calendar import london_day
from catch.domain.case.closing import CaseClosed, CaseReopened, over_at
from catch.domain.case.coordination import ConversationHeld
from catch.domain.case.correcting import EntryWithdrawn
from catch.domain.case.eligibility import ReferralAccepted, ReferralDeclined, ReferralRedirected
from catch.domain.case.goals import GoalAbandoned, GoalAchieved, GoalSet
from catch.domain.case.plan import PlanAgreed
from catch.domain.case.proposals import CaseDiscussed
from catch.domain.case.referral import ReferralReceived
from catch.domain.case.state import Entry, KindOfEntry, first
from catch.domain.case.versions import ProgrammeVersionChanged
from catch.domain.case.voiding import CaseVoided
from catch.domain.facts import Recorded, Role
from catch.domain.programme.configuration import ClosureClass
from catch.domain.streams import CASE, EVENTS, stream_of_event
from catch.log.rows import load
from catch.metrics.episodes import Aim, Episode, Talk, observation
from catch.statistics import TimeToOutcome, time_to_outcome
from projections.read_model import MadeOf, ReadModel


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
        return Row(key, recorded.position, event.programme, (begun(recorded),))
    if row is None:
        return None
    if isinstance(event, CaseVoided):
        voided = tuple(replace(each, voided=True) for each in row.episodes)
        return replace(row, position=recorded.position, episodes=voided)
    if isinstance(event, EntryWithdrawn):
        left = tuple(unsaid(each, event.entry) for each in row.episodes)
        return row if left == row.episodes else replace(row, position=recorded.position, episodes=left)
    latest = row.episodes[-1]
    if isinstance(event, CaseReopened):
        # A goal that was open when the case closed is worked on again.
        aims = tuple(each for each in latest.aims if each.ended_at is None)
        again = Episode(event.episode, at, programme=latest.programme, accepted_at=at, aims=aims)
        return replace(row, position=recorded.position, episodes=(*row.episodes, again))
    after = step(latest, event, at)
    return row if after is latest else replace(row, position=recorded.position, episodes=(*row.episodes[:-1], after))


OUTCOMES = ReadModel(
    name="outcomes",
    version=7,
    row=Row,
    made_of=MadeOf.ONE_STREAM,
    topics=frozenset(
        event.__name__
        for event in (
            ReferralReceived,
            ReferralAccepted,
            ReferralDeclined,
            ReferralRedirected,
            ConversationHeld,
            CaseDiscussed,
            PlanAgreed,
            GoalSet,
            GoalAchieved,
            GoalAbandoned,
            CaseClosed,
            CaseReopened,
            CaseVoided,
            EntryWithdrawn,
            ProgrammeVersionChanged,
        )
    ),
    indexes=("programme",),
    listed=None,
    keys=keys,
    fold=fold,
    complete=None,
)
TABLE = OUTCOMES.table


def begun(recorded: Recorded[ReferralReceived]) -> Episode:
    envelope = recorded.envelope
    # The program itself refers nobody: it brings in what a list says, which we have not watched until then.
    brought_in = envelope.actor.role is Role.SYSTEM
    watched_from = recorded.recorded_at if brought_in else None
    return Episode(1, recorded.event.referral.received_at, watched_from, envelope.programme)


def step(episode: Episode, event: object, at: datetime) -> Episode:
    match event:
        case ReferralAccepted():
            return replace(episode, accepted_at=at)
        case ReferralDeclined() | ReferralRedirected():
            # Led elsewhere: the outcome can no longer come from here.
            return replace(episode, ended_at=at, ending=ClosureClass.COMPETING_NEUTRAL)
        case ConversationHeld():
            return talked(episode, (*episode.talks, Talk(event.conversation, at)))
        case CaseDiscussed():
            return replace(episode, discussed_at=first(episode.discussed_at, event.discussion.ended_at))
        case ProgrammeVersionChanged():
            key = (episode.programme or "").partition("@")[0]
            return replace(episode, programme=f"{key}@{event.to_version}")
        case PlanAgreed():
            return replace(episode, plan_at=first(episode.plan_at, at))
        case GoalSet():
            return aimed(episode, (*episode.aims, Aim(event.goal.goal, at)))
        case GoalAchieved() | GoalAbandoned():
            abandoned = isinstance(event, GoalAbandoned)
            return aimed(episode, tuple(ended(each, event.goal, at, abandoned) for each in episode.aims))
        case CaseClosed():
            return replace(episode, ended_at=over_at(event, at), ending=event.ending)
        case _:
            return episode


def talked(episode: Episode, talks: tuple[Talk, ...]) -> Episode:
    return replace(episode, talks=talks, conversation_at=min((each.at for each in talks), default=None))


def unsaid(episode: Episode, entry: Entry) -> Episode:
    """A conversation that was withdrawn was none."""
    if entry.kind is not KindOfEntry.CONVERSATION:
        return episode
    return talked(episode, tuple(each for each in episode.talks if each.conversation != entry.entry))


def ended(aim: Aim, goal: UUID, at: datetime, abandoned: bool) -> Aim:
    return replace(aim, ended_at=at, abandoned=abandoned) if aim.goal == goal else aim


def aimed(episode: Episode, aims: tuple[Aim, ...]) -> Episode:
    """All goals achieved is an outcome; giving one up is not a way to reach it. It came when the last of those that
    were set by then was achieved, whichever was typed in last.
    """
    moments = sorted(each.ended_at for each in aims if each.ended_at and not each.abandoned)
    whole = (at for at in moments if all(each.set_at > at or achieved_by(each, at) for each in aims))
    return replace(episode, aims=aims, achieved_at=next(whole, None))


def achieved_by(aim: Aim, at: datetime) -> bool:
    return aim.ended_at is not None and aim.ended_at <= at and not aim.abandoned


async def of_programme(db: Statements, programme: str, from_: date | None = None, to: date | None = None) -> list[Row]:
    """The programme's cases with the episodes that began from the one London day to the other, both included."""
    rows = load(await db.fetch(f"select * from {TABLE} where programme = $1 order by case_id", programme), Row)
    return cohort(rows, from_, to)


async def of_cases(db: Statements, cases: Iterable[UUID]) -> dict[UUID, Row]:
    rows = load(await db.fetch(f"select * from {TABLE} where case_id = any($1::uuid[])", list(cases)), Row)
    return {row.case_id: row for row in rows}


_LEFT_OUT = f"""
    select distinct coalesce(held.case_id, fact.originator_id) as case_id, held.programme is not null as placed
    from parked p
    left join stored_events fact on starts_with(p.key, '?') and fact.notification_id = p.position
    left join {TABLE} held on held.case_id =
        case when starts_with(p.key, '?') then fact.originator_id else p.key::uuid end
    where p.projection = '{TABLE}' and (held.programme is null or held.programme = $1) and (
        not starts_with(p.key, '?') or fact.topic = any($2::text[])
        or (held.case_id is not null and fact.topic <> all($3::text[]))
    )
"""


async def left_out(db: Statements, programme: str) -> list[UUID | None]:
    """The cases of the programme of which a fact that counts here cannot be read; None for one of which not even the
    programme is known. A fact of a kind that nobody knows may be one that counts.
    """
    rows = await db.fetch(_LEFT_OUT, programme, [*(OUTCOMES.topics or ())], [*EVENTS])
    return [row["case_id"] if row["placed"] else None for row in rows]


def cohort(rows: Iterable[Row], from_: date | None = None, to: date | None = None) -> list[Row]:
    """Only the episodes that began in the period, however long they were followed."""
    lowest, highest = from_ or date.min, to or date.max
    kept = (
        replace(row, episodes=tuple(e for e in row.episodes if lowest <= london_day(e.started_at) <= highest))
        for row in rows
    )
    return [row for row in kept if row.episodes]


def time_to_outcome_of(rows: Iterable[Row], cut_off: datetime) -> TimeToOutcome:
    """How long episodes took to their outcome, as far as is known at `cut_off`."""
    episodes = [episode for row in rows for episode in row.episodes]
    begun = [episode for episode in episodes if episode.started_at <= cut_off]
    observed = [found for episode in begun if (found := observation(episode, cut_off)) is not None]
    return time_to_outcome(observed, administrative=len(begun) - len(observed))


def versions(rows: Iterable[Row], cut_off: datetime) -> list[str]:
    """The versions of the programme, `key@version`, under which these episodes run or ran."""
    episodes = (episode for row in rows for episode in row.episodes if episode.started_at <= cut_off)
    return sorted({episode.programme for episode in episodes if episode.programme})

"""How long it takes: from referral to conversation, meeting, plan, outcome, closure, and how long partners take."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from catch.domain.calendar import london_day
from catch.domain.case.state import Action, ActionState, Case, StepKind
from catch.domain.facts import Category
from catch.domain.programme.clocks import add_span
from catch.domain.programme.configuration import ClosureClass, Programme
from catch.metrics.definition import CaseFacts, Cut, FromCases, Metric, MetricAudience, MetricBasis, MetricMeasure
from catch.metrics.episodes import Episode, days_between, observation
from catch.metrics.estimates import LATE, WITHIN, TimeTo
from catch.metrics.lines import ASIDE, Line
from catch.statistics import Status, status_of
from catch.statistics.small_numbers import SMALLEST

PLAN = frozenset({Category.PLAN})
ACTIONS = frozenset({Category.ACTIONS})
DISENGAGED = "disengaged"
"""The reason for which every shipped programme closes a case when contact is lost."""


def lead_of(case: Case, at: datetime) -> str:
    """The agency that coordinated it then; "" where none did yet."""
    led = [each.worker.agency for each in case.allocations if each.lead and each.since <= at]
    return led[-1] if led else ""


def over(episode: Episode, cut: Cut) -> datetime | None:
    return episode.ended_at if episode.ended_at is not None and episode.ended_at <= cut.at else None


def counts(episode: Episode, cut: Cut) -> bool:
    """Whether it is in any figure: it had begun, should have been, and did not end as opened in error or the like."""
    if episode.started_at > cut.at or episode.voided:
        return False
    return over(episode, cut) is None or episode.ending is not ClosureClass.ADMINISTRATIVE


def voided(facts: CaseFacts) -> bool:
    """Whether there should never have been such a case: it is in no figure at all, at any cut-off."""
    # Nearly every figure asks it of every case: a plain loop takes a quarter of the time of `all`.
    for each in facts.episodes:  # noqa: SIM110
        if not each.voided:
            return False
    return True


class Seen(NamedTuple):
    """What nearly every figure asks of a case at a cut-off: who led it, its episodes, and those in no figure."""

    lead: str
    begun: tuple[Episode, ...]
    aside: tuple[Line, ...]


class SeenLast:
    """Figures are worked out case by case, some thirty of each: what they all ask is worked out once for a case."""

    def __init__(self) -> None:
        self._held: tuple[CaseFacts, Cut, Seen] | None = None

    def of(self, facts: CaseFacts, cut: Cut) -> Seen:
        held = self._held
        if held is not None and held[0] is facts and held[1] is cut:
            return held[2]
        seen = seen_at(facts, cut)
        # In one piece, so that threads need no lock.
        self._held = (facts, cut, seen)
        return seen


def seen_at(facts: CaseFacts, cut: Cut) -> Seen:
    lead = lead_of(facts.case, cut.at)
    found: list[Episode] = []
    aside: list[Line] = []
    for each in facts.episodes:
        if each.started_at <= cut.at:
            if counts(each, cut):
                found.append(each)
            else:
                aside.append(Line(london_day(each.started_at), ASIDE, group=lead))
    return Seen(lead, tuple(found), tuple(aside))


_SEEN = SeenLast()


def lead_at(facts: CaseFacts, cut: Cut) -> str:
    return _SEEN.of(facts, cut).lead


def begun(facts: CaseFacts, cut: Cut) -> Iterable[Episode]:
    return _SEEN.of(facts, cut).begun


def put_aside(facts: CaseFacts, cut: Cut) -> Iterable[Line]:
    """Episodes that had begun, and are in no figure."""
    return _SEEN.of(facts, cut).aside


def line_of(facts: CaseFacts, episode: Episode, cut: Cut, answer: str, amount: float = 0.0, part: str = "") -> Line:
    return Line(london_day(episode.started_at), answer, amount, lead_at(facts, cut), part)


Moment = Callable[[CaseFacts, Episode], datetime | None]
Deadline = Callable[[CaseFacts, datetime, Cut], datetime | None]


def no_deadline(_: CaseFacts, __: datetime, ___: Cut) -> datetime | None:
    return None


def timed(start: Moment, reached: Moment, deadline: Deadline = no_deadline) -> Callable[..., Iterable[Line]]:
    """From one moment of an episode to another; its end before that is a competing event, no end yet is censoring."""

    def lines(facts: CaseFacts, cut: Cut) -> Sequence[Line]:
        lead, episodes, aside = _SEEN.of(facts, cut)
        found, known = [*aside], cut.at
        for episode in episodes:
            began = start(facts, episode)
            if began is None or began > known:
                continue
            at, end = reached(facts, episode), episode.ended_at
            if end is not None and end > known:
                end = None
            if at is not None and (at > known or (end is not None and at > end)):
                at = None
            status, until = ended(episode, at, end, cut)
            day, last = london_day(began), london_day(until)
            # By place: by name it takes twice the time, and a third of all lines are made here.
            line = Line(
                day,
                status,
                max(0, last.toordinal() - day.toordinal()),
                lead,
                "",
                kept(deadline(facts, began, cut), at, end, cut) if deadline is not no_deadline else "",
                days_between(began, episode.watched_from) if episode.watched_from else 0,
                # Facts typed in late may say that something ended before it began.
                max(0, (last if end is until else london_day(end)).toordinal() - day.toordinal()) if end else None,
            )
            found.append(line)
        return found

    return lines


def ended(episode: Episode, at: datetime | None, end: datetime | None, cut: Cut) -> tuple[Status, datetime]:
    if at is not None:
        return Status.TARGET, at
    if end is None:
        return Status.CENSORED, cut.at
    # The target was something else than a good end: such an end competes like any other.
    status = status_of(episode.ending)
    return Status.COMPETING_ADVERSE if status is Status.COMPETING_ADVERSE else Status.COMPETING_NEUTRAL, end


def kept(due: datetime | None, at: datetime | None, end: datetime | None, cut: Cut) -> str:
    """Whether it came in time; nothing where it still may."""
    if due is None:
        return ""
    if at is not None:
        return WITHIN if at <= due else LATE
    return LATE if end is not None or cut.at > due else ""


def by_clock(start: str, stop: str) -> Deadline:
    """When the programme's clock between these two facts runs out, under the version that the case is pinned to."""

    def deadline(facts: CaseFacts, began: datetime, cut: Cut) -> datetime | None:
        programme = cut.programme(facts.case.programme_version)
        for each in programme.clocks if programme else ():
            if each.start == start and each.stop == stop:
                return add_span(began, each.target)
        return None

    return deadline


def longest_support(facts: CaseFacts, began: datetime, cut: Cut) -> datetime | None:
    programme: Programme | None = cut.programme(facts.case.programme_version)
    return add_span(began, programme.plan.most) if programme else None


def started(_: CaseFacts, episode: Episode) -> datetime | None:
    return episode.started_at


def accepted(_: CaseFacts, episode: Episode) -> datetime | None:
    return episode.accepted_at


def talked(_: CaseFacts, episode: Episode) -> datetime | None:
    return episode.conversation_at


def discussed(_: CaseFacts, episode: Episode) -> datetime | None:
    return episode.discussed_at


def planned(_: CaseFacts, episode: Episode) -> datetime | None:
    return episode.plan_at


def closed(_: CaseFacts, episode: Episode) -> datetime | None:
    return episode.ended_at


def routed(facts: CaseFacts, episode: Episode) -> datetime | None:
    """When an episode was accepted that was to be talked about at a meeting."""
    # Whoever was talked about was to be: for most that is all there is to look at.
    if episode.accepted_at is None or episode.discussed_at:
        return episode.accepted_at
    case = facts.case
    asked = any(each.kind is StepKind.TALKED_FOR_MEETING and inside(episode, each.at) for each in case.course)
    proposed = any(inside(episode, each.proposed_at) for each in (*case.proposals, *case.past_proposals))
    return episode.accepted_at if asked or proposed else None


def inside(episode: Episode, at: datetime) -> bool:
    return episode.started_at <= at and (episode.ended_at is None or at <= episode.ended_at)


def first_goal(_: CaseFacts, episode: Episode) -> datetime | None:
    return min((each.ended_at for each in episode.aims if each.ended_at and not each.abandoned), default=None)


def first_help(facts: CaseFacts, episode: Episode) -> datetime | None:
    """When the first kind of help was over, or the first action that was one done."""
    ends = [each.ended_at for each in facts.case.interventions if each.ended_at]
    ends += [each.ended_at for each in facts.case.actions if each.intervention and each.ended_at and is_done(each)]
    return min([at for at in ends if inside(episode, at)], default=None)


def is_done(action: Action) -> bool:
    return action.state is ActionState.COMPLETED


def lost(facts: CaseFacts, episode: Episode) -> datetime | None:
    """When contact was lost."""
    for each in facts.case.endings:
        if each.reason == DISENGAGED and each.closed_at == episode.ended_at:
            return episode.ended_at
    return None


def to_outcome(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    lead, episodes, aside = _SEEN.of(facts, cut)
    yield from aside
    for episode in episodes:
        seen = observation(episode, cut.at)
        if seen is not None:
            day = london_day(episode.started_at)
            yield Line(day, seen.status, seen.days, lead, "", "", seen.entry_days, seen.closed_days)


def answers(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
    """From when an action was offered to whoever owns it now until they answered."""
    for each in facts.case.actions if not voided(facts) else ():
        if each.handed_at > cut.at:
            continue
        at = each.answered_at if each.answered_at and each.answered_at <= cut.at else None
        end = each.ended_at if each.ended_at and each.ended_at <= cut.at else None
        if at is not None and at >= each.handed_at:
            status, until = Status.TARGET, at
        elif end is not None:
            status, until = Status.COMPETING_NEUTRAL, end
        else:
            status, until = Status.CENSORED, cut.at
        closed_days = days_between(each.handed_at, end) if end else None
        amount = days_between(each.handed_at, until)
        yield Line(london_day(each.handed_at), status, amount, each.owner, "", "", 0, closed_days, 0.0, each.action)


AS_OPEN = "Open episodes count for as long as they were followed; other ends compete."


def time_metric(
    code: str,
    name: str,
    question: str,
    lines: Callable[..., Iterable[Line]],
    estimate: TimeTo,
    source: str,
    *,
    denominator: str = "Episodes that started in the days asked for",
    open_cases: str = AS_OPEN,
    shows: frozenset[Category] | None = PLAN,
) -> Metric:
    return Metric(
        code=code,
        name=name,
        question=question,
        measure=MetricMeasure.DAYS,
        denominator=denominator,
        open_cases=open_cases,
        source=source,
        basis=MetricBasis.COHORT,
        audience=MetricAudience.FIGURES,
        smallest=SMALLEST,
        version=2,
        computed=FromCases(lines, estimate, shows),
        grouped="agency",
    )


TIMES = (
    time_metric(
        "M04",
        "Time to first conversation",
        "How long do people wait until somebody has talked with them?",
        timed(started, talked, by_clock("ReferralReceived", "ConversationHeld")),
        TimeTo("Time to first conversation"),
        "ReferralReceived, ConversationHeld",
        open_cases="Open episodes count for as long as they were followed; other ends compete. Within its target: open"
        " ones whose time has not come are left out, ended ones without it count as late.",
    ),
    time_metric(
        "M05",
        "Time to first discussion",
        "How long after acceptance is a case first talked about at a meeting?",
        timed(routed, discussed, by_clock("ReferralAccepted", "CaseDiscussed")),
        TimeTo("Time to first discussion"),
        "ReferralAccepted, CaseDiscussed",
        denominator="Accepted episodes that were to be talked about at a meeting, by the day of acceptance",
    ),
    time_metric(
        "M06",
        "Time to plan",
        "How long after acceptance has the person a plan?",
        timed(accepted, planned),
        TimeTo("Time to plan"),
        "ReferralAccepted, PlanAgreed",
        denominator="Accepted episodes, by the day of acceptance",
    ),
    time_metric(
        "M07",
        "Time to outcome",
        "How long does it take from referral to outcome?",
        to_outcome,
        TimeTo("Time to outcome", naive=True),
        "ReferralReceived, CaseClosed, GoalAchieved",
    ),
    time_metric(
        "M07b",
        "Time to first goal achieved",
        "How long does it take until the first thing the person wanted is reached?",
        timed(started, first_goal),
        TimeTo("Time to first goal achieved"),
        "ReferralReceived, GoalAchieved",
    ),
    time_metric(
        "M07c",
        "Time to first help completed",
        "How long does it take until the first help that was arranged is complete?",
        timed(started, first_help),
        TimeTo("Time to first help completed"),
        "ReferralReceived, InterventionEnded, ActionCompleted",
        shows=PLAN | ACTIONS,
    ),
    time_metric(
        "M08",
        "Length of episodes",
        "How long are people supported, and how old are the episodes that are open?",
        timed(accepted, closed),
        TimeTo("Length of episodes", ages=True),
        "ReferralAccepted, CaseClosed",
        denominator="Accepted episodes, by the day of acceptance",
        open_cases="Open episodes count for as long as they were followed; their median age stands beside.",
    ),
    time_metric(
        "M09",
        "Support within its longest time",
        "How many are closed within the longest time that support may take?",
        timed(planned, closed, longest_support),
        TimeTo("From plan to closure", by=180),
        "PlanAgreed, CaseClosed",
        denominator="Episodes with a plan, by the day on which it was agreed",
        open_cases="Open episodes whose time has not come are left out of the share within the target.",
    ),
    time_metric(
        "M21",
        "Time to a partner's answer",
        "How long do partners take to answer an action that they are offered?",
        answers,
        TimeTo("Time to an answer"),
        "ActionOffered, ActionReassigned, ActionAccepted, ActionDeclined",
        denominator="Actions by the day on which they were offered to whoever owns them now",
        open_cases="Unanswered actions count for as long as they have waited; those that ended unanswered compete.",
        shows=ACTIONS,
    ),
    time_metric(
        "M31",
        "Contact lost",
        "How many lose contact, and when?",
        timed(started, lost),
        TimeTo("Time until contact was lost"),
        "ReferralReceived, CaseClosed",
        open_cases="Open episodes count for as long as they were followed; other ends compete.",
    ),
)

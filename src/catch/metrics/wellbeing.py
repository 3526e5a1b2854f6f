"""How people were, by the instruments that the programme uses, from the first time they were asked to the last."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import NamedTuple

from msgspec.structs import replace

from catch.domain.case.state import Case, Measure, WhyNot
from catch.domain.programme.configuration import Programme
from catch.metrics.definition import CaseFacts, Cut, Metric, MetricMeasure
from catch.metrics.doors import of_cases
from catch.metrics.episodes import Episode
from catch.metrics.estimates import ONCE, Paired, Shares, among
from catch.metrics.lines import Line
from catch.metrics.support import HEALTH
from catch.metrics.times import begun, inside, line_of, over
from catch.statistics.change import SWEMWBS, WEMWBS, Thresholds, band

FOLLOW_UP_AFTER = timedelta(days=105)
"""From acceptance: until then nobody is asked again, where the programme does not say when."""


class Taken(NamedTuple):
    """The first and the last time that an instrument was filled in whole in an episode."""

    first: Measure | None
    last: Measure | None


def taken(case: Case, episode: Episode, instrument: str, cut: Cut) -> Taken:
    held = [
        each
        for each in case.measures
        if each.instrument == instrument
        and each.complete
        and score(each) is not None
        and each.recorded_at <= cut.at
        and inside(episode, each.recorded_at)
    ]
    held.sort(key=lambda each: (each.administered_on, each.recorded_at))
    return Taken(held[0] if held else None, held[-1] if len(held) > 1 else None)


def score(measure: Measure) -> float | None:
    """The total that is published: the one converted, where the instrument has such."""
    return measure.raw_total if measure.metric_total is None else measure.metric_total


def why_not(case: Case, episode: Episode, instrument: str, cut: Cut) -> WhyNot | None:
    said = [
        each
        for each in case.unmeasured
        if each.instrument == instrument and each.at <= cut.at and inside(episode, each.at)
    ]
    return said[-1].why if said else None


def funnel(instrument: str) -> Callable[[CaseFacts, Cut], Iterator[Line]]:
    """How far each accepted episode came: asked at the start, due to be asked again, asked again."""

    def lines(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
        for episode in begun(facts, cut):
            if episode.accepted_at is None or episode.accepted_at > cut.at:
                continue
            held, why = taken(facts.case, episode, instrument, cut), why_not(facts.case, episode, instrument, cut)
            due = over(episode, cut) is not None or cut.at >= episode.accepted_at + FOLLOW_UP_AFTER
            yield line_of(facts, episode, cut, step(held, why, due=due))

    return lines


def step(held: Taken, why: WhyNot | None, *, due: bool) -> str:
    if held.last is not None:
        return "paired"
    if held.first is None:
        return f"start-{why}" if why else "start-missing"
    return (f"again-{why}" if why else "again-missing") if due else "not-due"


def change(instrument: str, thresholds: Thresholds) -> Callable[[CaseFacts, Cut], Iterator[Line]]:
    """The change of each person, and into which band it falls."""

    def lines(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
        for episode in begun(facts, cut):
            held = taken(facts.case, episode, instrument, cut)
            if held.first is None:
                continue
            if held.last is None:
                once = line_of(facts, episode, cut, ONCE)
                yield once._replace(before=score(held.first) or 0.0, entry=held.first.measure)
                continue
            before = score(held.first) or 0.0
            by = (score(held.last) or 0.0) - before
            line = line_of(facts, episode, cut, band(by, thresholds), by)
            yield line._replace(before=before, entry=held.last.measure)

    return lines


def uses(instrument: str) -> Callable[[Programme], str | None]:
    def lacking(programme: Programme) -> str | None:
        return None if programme.instrument(instrument) else f"The programme does not use the instrument {instrument}."

    return lacking


def changed(code: str, name: str, instrument: str, thresholds: Thresholds) -> Metric:
    metric = of_cases(
        code,
        name,
        f"How much better, or worse, are people by {instrument.upper()}?",
        change(instrument, thresholds),
        Paired(f"Points of {instrument.upper()}", thresholds),
        "MeasureRecorded, MeasureCorrected",
        "Episodes that started in the days asked for, with the instrument filled in whole at least twice",
        "Whoever was asked once is in no mean, and nothing is filled in for them; how many they are stands beside."
        " Fewer than 30 who were asked both times say little of a group.",
        shows=HEALTH,
        measure=MetricMeasure.POINTS,
    )
    return with_lacking(metric, instrument)


def with_lacking(metric: Metric, instrument: str) -> Metric:
    return replace(metric, lacking=uses(instrument))


_STARTED = "paired again-declined again-missed again-missing not-due"
_DUE = "paired again-declined again-missed again-missing"
_ALL = f"{_STARTED} start-declined start-missed start-missing"

WELLBEING = (
    with_lacking(
        of_cases(
            "M13",
            "SWEMWBS: who is asked",
            "How many are asked how they are at the start, and again later?",
            funnel("swemwbs"),
            Shares(
                (
                    among("paired", "Filled in both times, of those due", "paired", _DUE),
                    among("start", "Filled in at the start, of all accepted", _STARTED, _ALL),
                    among("due", "Due again, of those who filled it in", _DUE, _STARTED),
                    among("declined", "Did not want to, of all accepted", "start-declined again-declined", _ALL),
                    among("missed", "Were not asked in time, of all accepted", "start-missed again-missed", _ALL),
                ),
                (
                    ("start-missing", "Nothing recorded at the start"),
                    ("again-missing", "Due again, and nothing recorded"),
                    ("not-due", "Not due again yet"),
                ),
            ),
            "MeasureRecorded, MeasureDeclined, MeasureMissed",
            "Accepted episodes that started in the days asked for; each step of those that came to it",
            "Open episodes that are not due again yet stand beside.",
            shows=HEALTH,
        ),
        "swemwbs",
    ),
    changed("M14", "SWEMWBS: change", "swemwbs", SWEMWBS),
    changed("M15", "WEMWBS: change", "wemwbs", WEMWBS),
)

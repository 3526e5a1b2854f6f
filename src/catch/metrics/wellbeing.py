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
from catch.metrics.estimates import ONCE, Changed, Paired, Shares, among
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
    return ends(case, episode, instrument, cut, lambda each: score(each) if each.complete else None)


def ends(case: Case, episode: Episode, instrument: str, cut: Cut, scored: Callable[[Measure], float | None]) -> Taken:
    held = [
        each
        for each in case.measures
        if each.instrument == instrument
        and each.recorded_at <= cut.at
        and inside(episode, each.recorded_at)
        and scored(each) is not None
    ]
    if len(held) > 1:
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


def answer_change(item: int, *, less_is_better: bool) -> Callable[[CaseFacts, Cut], Iterator[Line]]:
    """The change of each person's answer to one question of ONS4. No error of its measurement is published, so that a
    change of any size is better or worse.
    """

    def answered(measure: Measure) -> float | None:
        return next((float(each.score) for each in measure.readings if each.item == item), None)

    def lines(facts: CaseFacts, cut: Cut) -> Iterator[Line]:
        for episode in begun(facts, cut):
            held = ends(facts.case, episode, "ons4", cut, answered)
            if held.first is None:
                continue
            before = answered(held.first) or 0.0
            if held.last is None:
                yield line_of(facts, episode, cut, ONCE)._replace(before=before, entry=held.first.measure)
                continue
            by = (answered(held.last) or 0.0) - before
            answer = "same" if by == 0 else "better" if (by < 0) is less_is_better else "worse"
            yield line_of(facts, episode, cut, answer, by)._replace(before=before, entry=held.last.measure)

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


def question_of_ons4(code: str, name: str, question: str, item: int, *, less_is_better: bool = False) -> Metric:
    metric = of_cases(
        code,
        f"ONS4: {name}",
        question,
        answer_change(item, less_is_better=less_is_better),
        Changed(
            "Points from 0 to 10, a fall is better" if less_is_better else "Points from 0 to 10",
            frozenset({"better", "same", "worse"}),
            ((ONCE, "Asked once"),),
            (("better", "Better"), ("same", "The same"), ("worse", "Worse")),
        ),
        "MeasureRecorded, MeasureCorrected",
        "Episodes that started in the days asked for in which the question was answered at least twice",
        "Whoever was asked once is in no mean. The four questions are never put together.",
        shows=HEALTH,
        measure=MetricMeasure.POINTS,
    )
    return with_lacking(metric, "ons4")


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
    question_of_ons4(
        "M15b", "satisfied with life", "How much more, or less, satisfied are people with their lives?", 1
    ),
    question_of_ons4("M15c", "worthwhile", "How much more, or less, do people find what they do worthwhile?", 2),
    question_of_ons4("M15d", "happy yesterday", "How much happier, or less happy, are people?", 3),
    question_of_ons4(
        "M15e", "anxious yesterday", "How much more, or less, anxious are people?", 4, less_is_better=True
    ),
)

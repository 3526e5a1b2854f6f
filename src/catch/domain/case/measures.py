"""How the person is, by an instrument: filled in, declined or missed. What was ticked is kept; the server scores it."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.clocks import moment
from catch.domain.case.rules import require_live
from catch.domain.case.state import Case, Measure, MeasureMode, Unmeasured, WhyNot
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given, within
from catch.domain.instruments import Reading, Scale, Totals, totals
from catch.domain.parts import in_order
from catch.domain.plain import Code, Few, Metric, Score
from catch.domain.programme.configuration import MeasureStage
from catch.domain.refusals import OutOfRange, Refused
from catch.domain.subject import Subject

# What happened


class MeasureRecorded(Fact, frozen=True, omit_defaults=True):
    """`complete`: every item was answered; else there is no total. `metric_total`: what the raw total stands for."""

    measure: UUID
    instrument: Code
    stage: Code
    administered_on: date
    readings: tuple[Reading, ...] = ()
    complete: bool = True
    raw_total: int | None = None
    metric_total: float | None = None
    mode: MeasureMode = MeasureMode.SELF
    language: Code = "en"
    out_of_window: bool = False
    reference: Sealed | None = None


class MeasureDeclined(Fact, frozen=True, omit_defaults=True):
    instrument: Code
    stage: Code
    reason: Sealed | None = None


class MeasureMissed(Fact, frozen=True, omit_defaults=True):
    instrument: Code
    stage: Code
    reason: Sealed | None = None


MeasureEvent = MeasureRecorded | MeasureDeclined | MeasureMissed


# What may be asked


class RecordMeasure(Command, frozen=True):
    """Record what the person ticked, item by item. An item that was left out is left out here too.

    The server adds up: totals, where you say them, must be what the items give. `reference`: where the filled-in form
    is kept, of an instrument whose answers are kept elsewhere.
    """

    case: UUID
    measure: UUID
    instrument: Code
    stage: Code
    administered_on: date
    readings: Few[Reading] = ()
    raw_total: Score | None = None
    metric_total: Metric | None = None
    mode: MeasureMode = MeasureMode.SELF
    language: Code = "en"
    reference: Sealed | None = None
    LEAVES = Leaves((MeasureRecorded,), "measure", filled=("raw_total", "metric_total"))


class RecordNoMeasure(Command, frozen=True):
    """Record that an instrument was not used at a stage: the person declined, or it was missed."""

    case: UUID
    instrument: Code
    stage: Code
    why: WhyNot
    reason: Sealed | None = None
    LEAVES = Leaves((MeasureDeclined, MeasureMissed), about=("instrument", "stage"), unkept=("why",))


MeasureCommand = RecordMeasure | RecordNoMeasure


# What can be refused


class UnknownInstrument(Refused):
    """The programme does not use this instrument. Choose one of those in the details."""


class UnknownStage(Refused):
    """The programme does not use the instrument at this stage. Choose one of those in the details."""


class NoLicence(Refused):
    """Nobody uses this instrument without a licence. Ask whoever runs the system to name it in the programme's
    configuration.
    """


class ItemTwice(Refused):
    """This item was answered twice. Say each item once."""


class TotalsDiffer(Refused):
    """The items do not add up to this total. Check what was ticked."""


class MeasureOutstanding(Refused):
    """An instrument that is used when a case closes was neither filled in, declined nor missed. Record which."""


# What we answer


def used(instrument: str, stage: str, given: Given) -> tuple[MeasureStage, Scale]:
    """The programme's own words of it. Raises `UnknownInstrument`, `UnknownStage`, `NoLicence`."""
    known = given.programme.instruments if given.programme else ()
    held = given.programme.instrument(instrument) if given.programme else None
    if held is None:
        raise UnknownInstrument(instrument=instrument, known=", ".join(each.code for each in known))
    at = held.stage(stage)
    if at is None:
        raise UnknownStage(stage=stage, known=", ".join(each.code for each in held.stages))
    if not held.usable(given.licensed):
        raise NoLicence(instrument=instrument)
    return at, held.scored


def check_readings(readings: tuple[Reading, ...], scale: Scale) -> None:
    for item, times in Counter(each.item for each in readings).items():
        if times > 1:
            raise ItemTwice(item=item)
    for each in readings:
        if not 1 <= each.item <= scale.items:
            raise OutOfRange(field="readings.item", earliest=1, latest=scale.items)
        if not scale.least <= each.score <= scale.most:
            raise OutOfRange(field="readings.score", earliest=scale.least, latest=scale.most)


def added_up(scale: Scale, readings: tuple[Reading, ...], raw: int | None, metric: float | None) -> Totals:
    """What the items give, which the totals must be where somebody says them. Raises `TotalsDiffer`."""
    check_readings(readings, scale)
    found = totals(scale, readings)
    for said, total in ((raw, found.raw), (metric, found.metric)):
        if said is not None and said != total:
            raise TotalsDiffer(said=said, found="none" if total is None else total)
    return found


def outside(case: Case, stage: MeasureStage, day: date) -> bool:
    """Whether it was used at another time than the programme says; what has not come yet is waited for by nobody."""
    anchor = moment(stage.anchor, case)
    if anchor is None:
        return False
    expected = london_day(anchor) + timedelta(days=stage.offset_days)
    return abs((day - expected).days) > stage.window_days


def record(case: Case, command: RecordMeasure, given: Given) -> list[MeasureEvent]:
    if any(held.measure == command.measure for held in case.measures):
        return []
    require_live(case, given)
    stage, scale = used(command.instrument, command.stage, given)
    within(command.administered_on, london_day(case.opened_at), london_day(given.at), field="administeredOn")
    found = added_up(scale, command.readings, command.raw_total, command.metric_total)
    return [
        MeasureRecorded(
            measure=command.measure,
            instrument=command.instrument,
            stage=command.stage,
            administered_on=command.administered_on,
            readings=command.readings,
            complete=found.complete,
            raw_total=found.raw,
            metric_total=found.metric,
            mode=command.mode,
            language=command.language,
            out_of_window=outside(case, stage, command.administered_on),
            reference=command.reference,
        )
    ]


def record_none(case: Case, command: RecordNoMeasure, given: Given) -> list[MeasureEvent]:
    began = case.milestones.received_at
    said = [held for held in case.unmeasured if held.at >= began and of(held, command.instrument, command.stage)]
    if said and said[-1].why is command.why:
        return []
    require_live(case, given)
    used(command.instrument, command.stage, given)
    kind = MeasureDeclined if command.why is WhyNot.DECLINED else MeasureMissed
    return [kind(command.instrument, command.stage, command.reason)]


def of(held: Measure | Unmeasured, instrument: str, stage: str) -> bool:
    return (held.instrument, held.stage) == (instrument, stage)


def check_measured(case: Case, given: Given) -> None:
    """Before an episode closes. Raises `MeasureOutstanding`."""
    waiting = next(outstanding(case, given), None)
    if waiting is not None:
        raise MeasureOutstanding(instrument=waiting[0], stage=waiting[1])


def outstanding(case: Case, given: Given) -> Iterator[tuple[str, str]]:
    """The instruments that this episode may use at its end, of which nothing was said."""
    began = case.milestones.received_at
    said = [each for each in case.unmeasured if each.at >= began]
    taken = [each for each in case.measures if each.recorded_at >= began]
    for held in given.programme.instruments if given.programme else ():
        for stage in held.stages:
            asked = stage.anchor == "CaseClosed" and held.usable(given.licensed)
            if asked and not _told([*said, *taken], held.code, stage.code):
                yield held.code, stage.code


def _told(held: list[Measure | Unmeasured], instrument: str, stage: str) -> bool:
    return any(of(each, instrument, stage) for each in held)


def decide(case: Case, command: MeasureCommand, given: Given) -> list[MeasureEvent]:
    match command:
        case RecordMeasure():
            return record(case, command, given)
        case RecordNoMeasure():
            return record_none(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: MeasureEvent, at: datetime) -> Case:
    match event:
        case MeasureRecorded():
            held = Measure(
                measure=event.measure,
                instrument=event.instrument,
                stage=event.stage,
                administered_on=event.administered_on,
                recorded_at=at,
                readings=event.readings,
                complete=event.complete,
                raw_total=event.raw_total,
                metric_total=event.metric_total,
                mode=event.mode,
                language=event.language,
                out_of_window=event.out_of_window,
                reference=event.reference,
            )
            return replace(case, measures=in_order(case.measures, held, lambda each: each.recorded_at))
        case MeasureDeclined():
            return without(case, Unmeasured(event.instrument, event.stage, WhyNot.DECLINED, at, event.reason))
        case MeasureMissed():
            return without(case, Unmeasured(event.instrument, event.stage, WhyNot.MISSED, at, event.reason))
        case _:
            assert_never(event)


def without(case: Case, held: Unmeasured) -> Case:
    return replace(case, unmeasured=in_order(case.unmeasured, held, lambda each: each.at))


SUBJECT = Subject(MeasureEvent, MeasureCommand, decide=decide, evolve=evolve)

"""Instruments: what was ticked is kept and scored here, what is missing is never made up, and is said in the end."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain.case import decide
from catch.domain.case.closing import CaseClosed, CaseReopened, CloseCase, Measured
from catch.domain.case.measures import (
    ItemTwice,
    MeasureDeclined,
    MeasureMissed,
    MeasureOutstanding,
    MeasureRecorded,
    NoLicence,
    RecordMeasure,
    RecordNoMeasure,
    TotalsDiffer,
    UnknownInstrument,
    UnknownStage,
)
from catch.domain.case.rules import NotAccepted
from catch.domain.case.state import MeasureMode, WhyNot
from catch.domain.instruments import KNOWN, Reading, totals
from catch.domain.programme.configuration import ClosureClass, Instrument, LocalScale, MeasureStage
from catch.domain.refusals import OutOfRange
from tests.cases import ACCEPTED, CASE, GIVEN, PROGRAMME, TEXT, case_given, fold_recorded, history, received, uid

START, CLOSURE = MeasureStage("start", "ReferralAccepted"), MeasureStage("closure", "CaseClosed", 0, 14)
AT_REVIEW = MeasureStage("review", "ReferralAccepted", 105, 30)
OWN = LocalScale(5, 0, 2, totalled=False, licensed=False)
USES = replace(
    PROGRAMME,
    instruments=(
        Instrument("swemwbs", (START, AT_REVIEW, CLOSURE)),
        Instrument("ons4", (START,)),
        Instrument("i-statements", (START,), OWN),
    ),
)
LICENSED = replace(GIVEN, programme=USES, licensed=frozenset({"swemwbs"}))
WITHOUT = replace(GIVEN, programme=USES)
TODAY = date(2026, 3, 10)


def ticked(*scores: int) -> tuple[Reading, ...]:
    return tuple(Reading(item, score) for item, score in enumerate(scores, start=1))


measure = RecordMeasure(CASE, uid(95), "swemwbs", "start", TODAY, ticked(1, 2, 3, 3, 3, 4, 5))
recorded = MeasureRecorded(uid(95), "swemwbs", "start", TODAY, measure.readings, True, 21, 19.25)

# Raw totals from 7, as the table of Stewart-Brown and others gives them; typed in here by themselves.
PUBLISHED = (
    "7.00 9.51 11.25 12.40 13.33 14.08 14.75 15.32 15.84 16.36 16.88 17.43 17.98 18.59 19.25 19.98 20.73 21.54 22.35 "
    "23.21 24.11 25.03 26.02 27.03 28.13 29.31 30.70 32.55 35.00"
)


@pytest.mark.parametrize(("raw", "metric"), list(enumerate(map(float, PUBLISHED.split()), start=7)))
def test_every_raw_total_of_swemwbs_stands_for_what_is_published(raw: int, metric: float):
    more, rest = divmod(raw - 7, 7)
    scores = [1 + more + (item < rest) for item in range(7)]
    assert sum(scores) == raw
    assert totals(KNOWN["swemwbs"], ticked(*scores)) == (True, raw, metric)


def test_the_table_has_all_29_rows_and_rises():
    table = KNOWN["swemwbs"].metric
    assert table is not None
    assert [*table] == [*range(7, 36)]
    assert [*table.values()] == sorted({*table.values()})


@given(st.sampled_from(sorted(KNOWN)), st.data())
def test_with_an_item_missing_there_is_no_total(code: str, data: st.DataObject):
    scale = KNOWN[code]
    answers = st.integers(scale.least, scale.most)
    whole = ticked(*data.draw(st.lists(answers, min_size=scale.items, max_size=scale.items)))
    assert totals(scale, whole).complete
    left_out = data.draw(st.sampled_from(whole))
    assert totals(scale, [each for each in whole if each != left_out]) == (False, None, None)


def test_what_was_ticked_is_scored_here_and_recorded_once():
    case_given(*ACCEPTED).when(measure, LICENSED).then(recorded)
    case_given(*ACCEPTED, recorded).when(measure, LICENSED).then()
    case_given(received).when(measure, LICENSED).refused(NotAccepted)
    read_aloud = replace(measure, mode=MeasureMode.TELEPHONE, raw_total=21, metric_total=19.25)
    case_given(*ACCEPTED).when(read_aloud, LICENSED).then(replace(recorded, mode=MeasureMode.TELEPHONE))


def test_a_missing_item_is_kept_as_missing():
    short = replace(measure, readings=ticked(1, 2, 3, 3, 3, 4))
    case_given(*ACCEPTED).when(short, LICENSED).then(
        replace(recorded, readings=short.readings, complete=False, raw_total=None, metric_total=None)
    )


def test_four_questions_of_the_ons_are_never_combined():
    four = replace(measure, instrument="ons4", readings=ticked(0, 10, 5, 5))
    case_given(*ACCEPTED).when(four, WITHOUT).then(
        MeasureRecorded(uid(95), "ons4", "start", TODAY, four.readings, True, None, None)
    )


def test_what_was_added_up_elsewhere_must_come_out_alike():
    for other in (replace(measure, raw_total=20), replace(measure, metric_total=19.0)):
        case_given(*ACCEPTED).when(other, LICENSED).refused(TotalsDiffer)
    short = replace(measure, readings=ticked(5, 5), raw_total=10)
    case_given(*ACCEPTED).when(short, LICENSED).refused(TotalsDiffer, found="none")


def test_what_is_not_on_the_scale_is_refused():
    case_given(*ACCEPTED).when(replace(measure, readings=ticked(6)), LICENSED).refused(OutOfRange, latest=5)
    nine = (Reading(8, 3),)
    case_given(*ACCEPTED).when(replace(measure, readings=nine), LICENSED).refused(OutOfRange, latest=7)
    twice = (Reading(1, 3), Reading(1, 3))
    case_given(*ACCEPTED).when(replace(measure, readings=twice), LICENSED).refused(ItemTwice, item=1)
    own = replace(measure, instrument="i-statements", readings=ticked(0, 1, 2, 2, 3))
    case_given(*ACCEPTED).when(own, WITHOUT).refused(OutOfRange, earliest=0, latest=2)


def test_nobody_uses_an_instrument_that_is_not_the_programmes_or_not_licensed():
    case_given(*ACCEPTED).when(measure, WITHOUT).refused(NoLicence, instrument="swemwbs")
    case_given(*ACCEPTED).when(replace(measure, instrument="gad7"), LICENSED).refused(
        UnknownInstrument, known="swemwbs, ons4, i-statements"
    )
    case_given(*ACCEPTED).when(replace(measure, stage="later"), LICENSED).refused(
        UnknownStage, known="start, review, closure"
    )


@pytest.mark.parametrize("day", [date(2026, 3, 11), date(2026, 3, 1)])
def test_it_was_filled_in_between_the_referral_and_today(day: date):
    case_given(*ACCEPTED).when(replace(measure, administered_on=day), LICENSED).refused(
        OutOfRange, earliest=date(2026, 3, 2), latest=TODAY
    )


def test_what_was_filled_in_at_another_time_than_planned_says_so():
    (event,) = case_given(*ACCEPTED).when(replace(measure, stage="review"), LICENSED).events
    assert isinstance(event, MeasureRecorded)
    assert event.out_of_window


def test_that_it_was_declined_or_missed_is_a_fact_too():
    declined = RecordNoMeasure(CASE, "swemwbs", "start", WhyNot.DECLINED, TEXT)
    said = MeasureDeclined("swemwbs", "start", TEXT)
    case_given(*ACCEPTED).when(declined, LICENSED).then(said)
    case_given(*ACCEPTED, said).when(declined, LICENSED).then()
    missed = replace(declined, why=WhyNot.MISSED, reason=None)
    case_given(*ACCEPTED, said).when(missed, LICENSED).then(MeasureMissed("swemwbs", "start"))
    case_given(*ACCEPTED).when(missed, WITHOUT).refused(NoLicence)


close = CloseCase(CASE, "moved-away", TODAY, TEXT)


def test_before_a_case_closes_it_is_said_what_became_of_its_last_measure():
    case_given(*ACCEPTED).when(close, LICENSED).refused(MeasureOutstanding, instrument="swemwbs", stage="closure")
    at_end = replace(recorded, stage="closure")
    for said in (at_end, MeasureDeclined("swemwbs", "closure"), MeasureMissed("swemwbs", "closure")):
        case_given(*ACCEPTED, said).when(close, LICENSED).recorded(CaseClosed)
    # What nobody may use is waited for by nobody.
    case_given(*ACCEPTED).when(close, WITHOUT).recorded(CaseClosed)


def test_a_new_episode_is_measured_anew():
    closed = CaseClosed("moved-away", ClosureClass.COMPETING_NEUTRAL, TODAY, TEXT, Measured(8))
    said = MeasureMissed("swemwbs", "closure")
    again = fold_recorded(history(*ACCEPTED, said, closed, CaseReopened(2, TEXT)))
    with pytest.raises(MeasureOutstanding):
        decide(again, close, LICENSED)

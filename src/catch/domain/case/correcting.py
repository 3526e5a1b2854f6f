"""What was recorded wrongly: put right by a later fact, or withdrawn once a second person agrees.

Nothing goes from the log: what an entry said before stays in the trail, for those who could read it. What is said of an
entry here is for those alone who may know of it.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.entries import KEPT, corrected, entry_of, part_of, without
from catch.domain.case.measures import UnknownInstrument, added_up, outside
from catch.domain.case.rules import author, by_another
from catch.domain.case.state import (
    Case,
    Correction,
    Entry,
    EntryField,
    KindOfEntry,
    Measure,
    Withdrawal,
    Withdrawn,
    WithdrawReason,
    Worker,
)
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given, not_before, within
from catch.domain.instruments import Reading
from catch.domain.parts import in_order, otherwise
from catch.domain.plain import Few, Metric, Score
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

# What happened


class EntryCorrected(Fact, frozen=True):
    """A text of an entry, as it should have been."""

    correction: UUID
    entry: Entry
    field: EntryField
    text: Sealed
    reason: Sealed
    by: Worker


class MeasureCorrected(Fact, frozen=True, omit_defaults=True):
    """What was ticked, as it should have been, scored anew."""

    correction: UUID
    entry: Entry
    administered_on: date
    reason: Sealed
    by: Worker
    readings: tuple[Reading, ...] = ()
    complete: bool = True
    raw_total: int | None = None
    metric_total: float | None = None
    out_of_window: bool = False


class EntryWithdrawalRequested(Fact, frozen=True):
    withdrawal: UUID
    entry: Entry
    reason: WithdrawReason
    explanation: Sealed
    by: Worker


class EntryWithdrawn(Fact, frozen=True):
    withdrawal: UUID
    entry: Entry
    reason: WithdrawReason


class EntryWithdrawalRefused(Fact, frozen=True):
    withdrawal: UUID
    reason: Sealed


CorrectingEvent = EntryCorrected | MeasureCorrected | EntryWithdrawalRequested | EntryWithdrawn | EntryWithdrawalRefused
OF_AN_ENTRY = EntryCorrected | MeasureCorrected | EntryWithdrawn
"""What is true from when the entry itself was: whoever looks back is told what should have been recorded."""


# What may be asked


class CorrectEntry(Command, frozen=True):
    """Put right what an entry says: which of its texts, how it should read, and why. Both stay in the history."""

    case: UUID
    correction: UUID
    among: KindOfEntry
    entry: UUID
    which: EntryField
    text: Sealed
    reason: Sealed
    LEAVES = Leaves((EntryCorrected,), "correction", inside="entry", kept_as=(("among", "kind"), ("which", "field")))


class CorrectMeasure(Command, frozen=True):
    """Put right what the person ticked, all of it, and why. The server adds up anew."""

    case: UUID
    correction: UUID
    measure: UUID
    administered_on: date
    reason: Sealed
    readings: Few[Reading] = ()
    raw_total: Score | None = None
    metric_total: Metric | None = None
    LEAVES = Leaves(
        (MeasureCorrected,),
        "correction",
        inside="entry",
        kept_as=(("measure", "entry"),),
        filled=("raw_total", "metric_total"),
    )


class RequestEntryWithdrawal(Command, frozen=True):
    """Ask that an entry be withdrawn, since it should not stand in this case. Somebody else who coordinates it
    answers.
    """

    case: UUID
    withdrawal: UUID
    among: KindOfEntry
    entry: UUID
    reason: WithdrawReason
    explanation: Sealed
    LEAVES = Leaves((EntryWithdrawalRequested,), "withdrawal", inside="entry", kept_as=(("among", "kind"),))


class ApproveEntryWithdrawal(Command, frozen=True):
    """Withdraw the entry, as somebody else has asked. It is shown no more, and stays in the history."""

    case: UUID
    withdrawal: UUID


class RefuseEntryWithdrawal(Command, frozen=True):
    """Say why the entry is not withdrawn. It stands as it was."""

    case: UUID
    withdrawal: UUID
    reason: Sealed
    LEAVES = Leaves((EntryWithdrawalRefused,), about=("withdrawal",))


CorrectingCommand = (
    CorrectEntry | CorrectMeasure | RequestEntryWithdrawal | ApproveEntryWithdrawal | RefuseEntryWithdrawal
)


# What can be refused


class WithdrawalAlreadyRequested(Refused):
    """Somebody has asked for this already, and nobody has answered. Ask somebody else who coordinates the case to
    answer that: `approveEntryWithdrawal` or `refuseEntryWithdrawal`.
    """


class UnknownWithdrawal(Refused):
    """Nobody has asked this of the case. Look at the case again."""


class WithdrawalAnswered(Refused):
    """This has been answered already. Look at the case again; if the entry must be withdrawn after all, ask anew."""


# What we answer


def gone(case: Case, command: Command) -> bool:
    """Whether the command would make an entry that was withdrawn: asked for again, it stays so."""
    new = command.LEAVES.new if command.LEAVES else None
    if not new:
        return False
    made = getattr(command, new)
    return any(KEPT[held.entry.kind].id == new and held.entry.entry == made for held in case.withdrawn)


def correct(case: Case, command: CorrectEntry, given: Given) -> list[CorrectingEvent]:
    if known(case, command.correction):
        return []
    entry = entry_of(case, command.among, command.entry, command.which)
    not_before(given, entry.at, *put_right_at(case, entry, command.which))
    return [EntryCorrected(command.correction, entry, command.which, command.text, command.reason, author(given))]


def known(case: Case, correction: UUID) -> bool:
    return any(held.correction == correction for held in case.corrections)


def put_right_at(case: Case, entry: Entry, field: EntryField) -> Iterator[datetime]:
    """When the same was put right before: what somebody said earlier does not go before that, however late it is typed
    in.
    """
    return (held.at for held in case.corrections if held.entry.same(entry) and held.field is field)


def correct_measure(case: Case, command: CorrectMeasure, given: Given) -> list[CorrectingEvent]:
    if known(case, command.correction):
        return []
    entry = entry_of(case, KindOfEntry.MEASURE, command.measure)
    not_before(given, entry.at, *put_right_at(case, entry, EntryField.READINGS))
    held: Measure = part_of(case, KindOfEntry.MEASURE, command.measure)
    instrument = given.programme.instrument(held.instrument) if given.programme else None
    if instrument is None:
        raise UnknownInstrument(instrument=held.instrument, known="")
    within(command.administered_on, london_day(case.opened_at), london_day(entry.at), field="administeredOn")
    found = added_up(instrument.scored, command.readings, command.raw_total, command.metric_total)
    stage = instrument.stage(held.stage)
    return [
        MeasureCorrected(
            correction=command.correction,
            entry=entry,
            administered_on=command.administered_on,
            reason=command.reason,
            by=author(given),
            readings=command.readings,
            complete=found.complete,
            raw_total=found.raw,
            metric_total=found.metric,
            out_of_window=stage is not None and outside(case, stage, command.administered_on),
        )
    ]


def request(case: Case, command: RequestEntryWithdrawal, given: Given) -> list[CorrectingEvent]:
    if any(held.withdrawal == command.withdrawal for held in case.withdrawals):
        return []
    entry = entry_of(case, command.among, command.entry)
    waiting = (each for each in case.withdrawals if each.entry.entry == command.entry and case.waits(each))
    if (held := next(waiting, None)) is not None:
        raise WithdrawalAlreadyRequested(withdrawal=held.withdrawal, by=held.by.user)
    not_before(given, entry.at)
    return [EntryWithdrawalRequested(command.withdrawal, entry, command.reason, command.explanation, author(given))]


def asked(case: Case, withdrawal: UUID, given: Given) -> Withdrawal:
    """What somebody else has asked for."""
    held = next((held for held in case.withdrawals if held.withdrawal == withdrawal), None)
    if held is None:
        raise UnknownWithdrawal(withdrawal=withdrawal)
    by_another(held.by, held.at, given, withdrawal=withdrawal)
    return held


def approve(case: Case, held: Withdrawal) -> list[CorrectingEvent]:
    if case.waits(held):
        return [EntryWithdrawn(held.withdrawal, held.entry, held.reason)]
    if held.refused_at is not None:
        raise WithdrawalAnswered(withdrawal=held.withdrawal)
    return []


def refuse(case: Case, held: Withdrawal, reason: Sealed) -> list[CorrectingEvent]:
    if case.waits(held):
        return [EntryWithdrawalRefused(held.withdrawal, reason)]
    if held.refused_at is None:
        raise WithdrawalAnswered(withdrawal=held.withdrawal)
    return []


def decide(case: Case, command: CorrectingCommand, given: Given) -> list[CorrectingEvent]:
    match command:
        case CorrectEntry():
            return correct(case, command, given)
        case CorrectMeasure():
            return correct_measure(case, command, given)
        case RequestEntryWithdrawal():
            return request(case, command, given)
        case ApproveEntryWithdrawal():
            return approve(case, asked(case, command.withdrawal, given))
        case RefuseEntryWithdrawal():
            return refuse(case, asked(case, command.withdrawal, given), command.reason)
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: CorrectingEvent, at: datetime) -> Case:
    match event:
        case EntryCorrected():
            return put_right(case, event, event.field, at, **{event.field.attribute: event.text})
        case MeasureCorrected():
            return put_right(
                case,
                event,
                EntryField.READINGS,
                at,
                administered_on=event.administered_on,
                readings=event.readings,
                complete=event.complete,
                raw_total=event.raw_total,
                metric_total=event.metric_total,
                out_of_window=event.out_of_window,
            )
        case EntryWithdrawalRequested():
            held = Withdrawal(event.withdrawal, event.entry, event.reason, event.explanation, event.by, at)
            return replace(case, withdrawals=in_order(case.withdrawals, held, lambda each: each.at))
        case EntryWithdrawn(entry=entry):
            return replace(
                without(case, entry.kind, entry.entry),
                corrections=tuple(held for held in case.corrections if not held.entry.same(entry)),
                withdrawn=(*case.withdrawn, Withdrawn(event.withdrawal, entry, event.reason, at)),
            )
        case EntryWithdrawalRefused():
            refused = otherwise(
                case.withdrawals,
                lambda each: each.withdrawal == event.withdrawal,
                refused_at=at,
                refused_reason=event.reason,
            )
            return replace(case, withdrawals=refused)
        case _:
            assert_never(event)


def put_right(
    case: Case, event: EntryCorrected | MeasureCorrected, field: EntryField, at: datetime, **said: object
) -> Case:
    entry = event.entry
    # Of an entry that was withdrawn, looked back at from later, there is nothing to put right.
    if part_of(case, entry.kind, entry.entry) is None:
        return case
    made = Correction(event.correction, entry, field, at, event.by, event.reason)
    case = corrected(case, entry.kind, entry.entry, **said)
    return replace(case, corrections=in_order(case.corrections, made, lambda each: each.at))


SUBJECT = Subject(CorrectingEvent, CorrectingCommand, decide=decide, evolve=evolve)

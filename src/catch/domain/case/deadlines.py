"""What fell due: that a clock came near its deadline, or passed it. Nobody says so; the program itself does, once each.

Where a clock stands is worked out from the facts whenever somebody asks (`clocks`), so what is typed in late is told
rightly. These facts witness when it fell due, and whoever follows the case hears of it.
"""

from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.case.clocks import Fallen, fallen
from catch.domain.case.state import Case, Passed
from catch.domain.facts import Command, Fact
from catch.domain.given import Given
from catch.domain.parts import in_order
from catch.domain.plain import Code, Key, Place
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

# What happened


class ClockWarned(Fact, frozen=True):
    clock: Code
    episode: int
    programme_version: int
    due_at: datetime


class ClockBreached(Fact, frozen=True, omit_defaults=True):
    """It occurred when the clock passed its deadline, whenever that was noticed. `paused_ms`: for so long it had stood
    still before; `agency`: who coordinated the case when it was noticed, None at a front door.
    """

    clock: Code
    episode: int
    programme_version: int
    due_at: datetime
    paused_ms: int = 0
    agency: Key | None = None


DeadlineEvent = ClockWarned | ClockBreached


# What may be asked


class RecordClockWarning(Command, frozen=True):
    """A clock of the case has come near its deadline. The program itself says so."""

    case: UUID
    clock: Code
    episode: Place


class RecordClockBreach(Command, frozen=True):
    """A clock of the case has passed its deadline. The program itself says so."""

    case: UUID
    clock: Code
    episode: Place


DeadlineCommand = RecordClockWarning | RecordClockBreach


# What can be refused


class NothingFellDue(Refused):
    """No such clock of the case fell due at this time, or nobody waits for it any more. Look at its clocks again."""


# What we answer


def fell(case: Case, command: DeadlineCommand, given: Given) -> Fallen | None:
    """None where it is on record. By all that is known when it is asked; raises `NothingFellDue` for anything else."""
    breach = isinstance(command, RecordClockBreach)
    if told(case, command.clock, breach=breach, episode=command.episode):
        return None
    rules = given.programme.clocks if given.programme and command.episode == case.episode else ()
    for held in fallen(case, rules, given.now or given.at):
        if (held.clock, held.breach, held.at) == (command.clock, breach, given.at):
            return held
    raise NothingFellDue(clock=command.clock)


def told(case: Case, clock: str, *, breach: bool, episode: int) -> bool:
    """Whether it is on record, by the version of the programme that the case is in."""
    wanted = (clock, breach, episode, case.programme_version)
    return any((held.clock, held.breach, held.episode, held.programme_version) == wanted for held in case.passed)


def untold(case: Case, fell_due: Fallen) -> bool:
    return not told(case, fell_due.clock, breach=fell_due.breach, episode=case.episode)


def decide(case: Case, command: DeadlineCommand, given: Given) -> list[DeadlineEvent]:
    held = fell(case, command, given)
    if held is None:
        return []
    match command:
        case RecordClockWarning():
            return [ClockWarned(held.clock, case.episode, case.programme_version, held.due_at)]
        case RecordClockBreach():
            paused = held.paused // timedelta(milliseconds=1)
            agency = case.lead.agency if case.lead else None
            return [ClockBreached(held.clock, case.episode, case.programme_version, held.due_at, paused, agency)]
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: DeadlineEvent, at: datetime) -> Case:
    match event:
        case ClockWarned() | ClockBreached():
            breach = isinstance(event, ClockBreached)
            said = Passed(event.clock, breach, event.episode, event.programme_version, at, event.due_at)
            return replace(case, passed=in_order(case.passed, said, lambda held: held.at))
        case _:
            assert_never(event)


SUBJECT = Subject(DeadlineEvent, DeadlineCommand, decide=decide, evolve=evolve)

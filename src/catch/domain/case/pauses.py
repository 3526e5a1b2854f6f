"""When a case rests, as while somebody is in hospital. Those clocks wait that the programme lets wait, and nobody is
reminded that nothing happens until the day on which it was to go on.
"""

from datetime import date, datetime, timedelta
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.calendar import london_day
from catch.domain.case.rules import require_live
from catch.domain.case.state import Case, Pause
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given, within
from catch.domain.parts import in_order, otherwise
from catch.domain.plain import Code
from catch.domain.programme.configuration import Programme
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

# What happened


class CasePaused(Fact, frozen=True, omit_defaults=True):
    pause: UUID
    reason: Code
    expected_resume: date
    explanation: Sealed | None = None


class CaseResumed(Fact, frozen=True):
    pause: UUID


PauseEvent = CasePaused | CaseResumed


# What may be asked


class PauseCase(Command, frozen=True):
    """Put the case on hold, for a reason of the programme's, and say when it is expected to go on.

    The clocks that wait for such a reason stand still until it does. From the day on which it was to go on, an agenda
    reminds of it.
    """

    case: UUID
    pause: UUID
    reason: Code
    expected_resume: date
    explanation: Sealed | None = None
    LEAVES = Leaves((CasePaused,), "pause")


class ResumeCase(Command, frozen=True):
    """The case goes on."""

    case: UUID
    pause: UUID


PauseCommand = PauseCase | ResumeCase


# What can be refused


class UnknownPauseReason(Refused):
    """The programme has no such reason to put a case on hold. Choose one of those in the details."""


class AlreadyOnHold(Refused):
    """The case is on hold already. Let it go on first: `resumeCase`."""


class PauseOver(Refused):
    """This pause ended with the episode in which it began. Look at the case again."""


class UnknownPause(Refused):
    """The case has no such pause. Look at the case again."""


# What we answer


def check_reason(programme: Programme | None, reason: str) -> None:
    known = [each.code for each in programme.pauses.reasons] if programme else []
    if reason not in known:
        raise UnknownPauseReason(reason=reason, known=", ".join(known))


def check_expected(day: date, given: Given) -> None:
    """From the day after it rests, and no longer than the programme lets a case rest."""
    today = london_day(given.at)
    most = given.programme.pauses.max_days if given.programme else 0
    within(day, today + timedelta(days=1), today + timedelta(days=most), field="expectedResume")


def pause(case: Case, command: PauseCase, given: Given) -> list[PauseEvent]:
    if any(held.pause == command.pause for held in case.pauses):
        return []
    if case.on_hold is not None:
        raise AlreadyOnHold(pause=case.on_hold.pause, since=london_day(case.on_hold.since))
    require_live(case, given, *(held.resumed_at or held.since for held in case.pauses))
    check_reason(given.programme, command.reason)
    check_expected(command.expected_resume, given)
    return [CasePaused(command.pause, command.reason, command.expected_resume, command.explanation)]


def resume(case: Case, command: ResumeCase, given: Given) -> list[PauseEvent]:
    held = next((held for held in case.pauses if held.pause == command.pause), None)
    if held is None:
        raise UnknownPause(pause=command.pause)
    if held.resumed_at is not None:
        return []
    require_live(case, given, held.since)
    if case.on_hold is not held:
        raise PauseOver(pause=command.pause)
    return [CaseResumed(command.pause)]


def decide(case: Case, command: PauseCommand, given: Given) -> list[PauseEvent]:
    match command:
        case PauseCase():
            return pause(case, command, given)
        case ResumeCase():
            return resume(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: PauseEvent, at: datetime) -> Case:
    match event:
        case CasePaused():
            held = Pause(event.pause, event.reason, at, event.expected_resume, event.explanation)
            return replace(case, pauses=in_order(case.pauses, held, lambda each: each.since))
        case CaseResumed():
            pauses = otherwise(case.pauses, lambda held: held.pause == event.pause, resumed_at=at)
            return replace(case, pauses=pauses)
        case _:
            assert_never(event)


SUBJECT = Subject(PauseEvent, PauseCommand, decide=decide, evolve=evolve)

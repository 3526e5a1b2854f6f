"""Registers: what may be there once, over many streams, and is therefore kept by the log and not looked up beside it.

Whoever plans a meeting enters its day in the calendar of its series, whoever opens a case under an NHS number in the
register of that number, whoever is given a case in their own caseload, whoever takes a contact about somebody who is
registered in the register of that person's contacts: in the append that does it. Of two at once the later finds the
register moved, and decides again.

Nothing is struck out. Whether an entry still counts is said by the meeting or the case that it names, as it stands.
Nobody is told of a register, and no command is about one. What stands in streams from before there were registers is
found by the read side.
"""

from datetime import date, datetime
from uuid import UUID

from catch.domain.facts import Fact, Part
from catch.domain.plain import Key


class DayTaken(Fact, frozen=True):
    """In the calendar of a series: a meeting was planned for this day, or moved to it."""

    meeting: UUID
    day: date


class NumberReferred(Fact, frozen=True):
    """In the register of an NHS number: somebody registered with it was referred."""

    case: UUID
    programme: Key


class CaseTakenOn(Fact, frozen=True):
    """In a caseload: its worker was named to coordinate the case."""

    case: UUID


class ContactTaken(Fact, frozen=True):
    """In the register of a person's contacts: somebody has come about them, so that nobody is erased beside it."""

    contact: UUID


RegisterEvent = DayTaken | NumberReferred | CaseTakenOn | ContactTaken


class Register(Part, frozen=True):
    """Its entries, each once, the first first."""

    entries: tuple[RegisterEvent, ...] = ()

    def meetings_on(self, day: date) -> list[UUID]:
        """Every meeting that was ever to be on this day."""
        return [held.meeting for held in self.entries if isinstance(held, DayTaken) and held.day == day]

    def cases_in(self, programme: str) -> list[UUID]:
        """Every case that was ever opened there under the number."""
        return [held.case for held in self.entries if isinstance(held, NumberReferred) and held.programme == programme]


def evolve(register: Register | None, event: RegisterEvent, at: datetime) -> Register:
    """Entries are few: a series has some fifty meetings a year, a worker some hundred cases."""
    held = register.entries if register else ()
    return Register(held if event in held else (*held, event))

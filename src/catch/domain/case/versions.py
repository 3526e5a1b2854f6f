"""Under which version of its programme a case runs: the one it began under, until it is moved to another.

From then on all that the case asks of its programme is asked of that version, its clocks from their beginning: nobody
is measured by two rules at once. What was recorded under the former stays as it was recorded.
"""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from msgspec.structs import replace

from catch.domain.case.rules import require_live
from catch.domain.case.state import Case, Moved
from catch.domain.facts import Command, Fact, Leaves, Sealed
from catch.domain.given import Given
from catch.domain.parts import in_order
from catch.domain.plain import Version
from catch.domain.refusals import Refused
from catch.domain.subject import Subject

# What happened


class ProgrammeVersionChanged(Fact, frozen=True):
    from_version: int
    to_version: int
    reason: Sealed


VersionEvent = ProgrammeVersionChanged


# What may be asked


class MoveToVersion(Command, frozen=True):
    """Let the case run under another version of its programme from now on, and say why.

    Its clocks are then judged by that version, from their beginning.
    """

    case: UUID
    version: Version
    reason: Sealed
    LEAVES = Leaves((ProgrammeVersionChanged,), about=("version",), kept_as=(("version", "to_version"),))


VersionCommand = MoveToVersion


# What can be refused


class UnknownVersion(Refused):
    """The programme has no such version. Choose one of those in the details."""


class BegunUnderVersion(Refused):
    """The case began under this version and was never moved from it. Choose another one."""


# What we answer


def move(case: Case, command: MoveToVersion, given: Given) -> list[VersionEvent]:
    if command.version == case.programme_version:
        if not case.moves:
            raise BegunUnderVersion(version=command.version)
        return []
    require_live(case, given, *(held.at for held in case.moves))
    return [ProgrammeVersionChanged(case.programme_version, command.version, command.reason)]


def decide(case: Case, command: VersionCommand, given: Given) -> list[VersionEvent]:
    match command:
        case MoveToVersion():
            return move(case, command, given)
        case _:
            assert_never(command)


# Where that leaves us


def evolve(case: Case, event: VersionEvent, at: datetime) -> Case:
    match event:
        case ProgrammeVersionChanged():
            moves = in_order(
                case.moves, Moved(event.from_version, event.to_version, at, event.reason), lambda held: held.at
            )
            return replace(case, moves=moves, programme_version=moves[-1].to_version)
        case _:
            assert_never(event)


SUBJECT = Subject(VersionEvent, VersionCommand, decide=decide, evolve=evolve)

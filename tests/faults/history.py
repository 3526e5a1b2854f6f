"""What a server process and its clients write down as it happens, in a file that survives a kill -9 of the process."""

import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import UUID

import msgspec
from msgspec import Struct

from catch.log import Answer, Stored


class Tried(Struct, frozen=True, tag=True):
    """A command is about to be sent for the first time. `at` is the machine's monotonic clock."""

    command: UUID
    stream: UUID
    places: list[tuple[UUID, int]]
    at: float


class Answered(Struct, frozen=True, tag=True):
    command: UUID
    position: int
    version: int
    events: tuple[str, ...]
    repeated: bool
    at: float


class Declined(Struct, frozen=True, tag=True):
    """Nothing was recorded, the client was told."""

    command: UUID
    code: str


class Troubled(Struct, frozen=True, tag=True):
    """Busy or Unavailable: the client tries again."""

    command: UUID
    code: str


class Saw(Struct, frozen=True, tag=True):
    """A follower was given these events: position, stream, version."""

    events: list[tuple[int, UUID, int]]


class Led(Struct, frozen=True, tag=True):
    """This process keeps the read side from now on."""

    at: float


class StoodBack(Struct, frozen=True, tag=True):
    """This process no longer keeps the read side."""

    at: float


Line = Tried | Answered | Declined | Troubled | Saw | Led | StoodBack
_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Line)


class Diary:
    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, line: Line) -> None:
        os.write(self._file, _encode(line) + b"\n")

    def tried(self, command: UUID, stream: UUID, places: list[tuple[UUID, int]]) -> None:
        self.note(Tried(command, stream, places, time.monotonic()))

    def answered(self, command: UUID, answer: Answer) -> None:
        at = time.monotonic()
        self.note(Answered(command, answer.position, answer.version, answer.events, answer.repeated, at))

    def saw(self, page: Sequence[Stored]) -> None:
        self.note(Saw([(event.position, event.stream, event.version) for event in page]))


def read(path: Path) -> list[Line]:
    """A process that was killed may have left half a line at the end."""
    if not path.exists():
        return []
    lines = path.read_bytes().split(b"\n")
    return [_decoder.decode(line) for line in lines[:-1]]


def seen(lines: Iterable[Line]) -> list[tuple[int, UUID, int]]:
    return [event for line in lines if isinstance(line, Saw) for event in line.events]


class History(Struct):
    """What all clients were told, by command."""

    tried: dict[UUID, Tried]
    answers: dict[UUID, list[Answered]]
    declined: set[UUID]
    troubles: int = 0

    @classmethod
    def of(cls, lines: Iterable[Line]) -> "History":
        history = cls({}, {}, set())
        for line in lines:
            match line:
                case Tried(command=command):
                    if command not in history.tried or line.at < history.tried[command].at:
                        history.tried[command] = line
                case Answered(command=command):
                    history.answers.setdefault(command, []).append(line)
                case Declined(command=command):
                    history.declined.add(command)
                case Troubled():
                    history.troubles += 1
                case _:
                    pass
        return history

    @property
    def open(self) -> list[Tried]:
        """Commands whose clients were told nothing yet."""
        return [tried for id_, tried in self.tried.items() if id_ not in self.answers and id_ not in self.declined]

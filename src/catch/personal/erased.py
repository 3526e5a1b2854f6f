"""Who was erased, in a file beside the database: a backup from before it brings their keys back, and by this list they
go again.

A line names a subject and proves that this place has written it: whoever could write lines of their own would destroy
whatever they like. A line that does not is no line, and `catch doctor` tells of it. The list of a machine that is gone,
or of another server, may be put beside: lines are in no order, and may stand there twice.
"""

import hmac
import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from catch.disk import settled

logger = logging.getLogger("catch.place")


class Listed(NamedTuple):
    """Whose keys have to be gone, and how many lines are none of this place's."""

    subjects: frozenset[UUID]
    strange: int


class ErasedList:
    """`secret`: the 32 bytes that prove a line."""

    def __init__(self, path: Path, secret: bytes) -> None:
        self.path = path
        self._secret = secret
        self._known: set[UUID] = set()

    def read(self) -> Listed:
        """Raises `OSError` where there is a file and it cannot be read: to begin without it would bring people back."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            lines = []
        found = [self._subject(line) for line in lines if line.strip()]
        self._known.update(subject for subject in found if subject)
        return Listed(frozenset(self._known), found.count(None))

    def add(self, subjects: Iterable[UUID]) -> None:
        """On disk when this returns. Raises `OSError`."""
        new = [subject for subject in dict.fromkeys(subjects) if subject not in self._known]
        if not new:
            return
        # One write, so that two servers on one machine do not mix theirs; the line break first, should one have been
        # stopped in the middle of a line.
        with self.path.open("ab", buffering=0) as file:
            file.write(b"\n" + b"".join(self._line(subject) for subject in new))
            os.fsync(file.fileno())
        settled(self.path.parent)
        self._known.update(new)

    def noted(self, subjects: Iterable[UUID]) -> None:
        """The same, where nothing may fail: of what another server has done, whose list has it."""
        try:
            self.add(subjects)
        except OSError as problem:
            # As with a read-only file system, or where this server was given no folder of its own.
            logger.warning("who was erased is not listed here: error=%s", type(problem).__name__)

    def _line(self, subject: UUID) -> bytes:
        return f"{subject} {self._proof(subject)}\n".encode()

    def _proof(self, subject: UUID) -> str:
        return hmac.digest(self._secret, subject.bytes, "sha256").hex()

    def _subject(self, line: bytes) -> UUID | None:
        name, _, proof = line.decode("ascii", "replace").strip().partition(" ")
        try:
            subject = UUID(name)
        except ValueError:
            return None
        return subject if hmac.compare_digest(self._proof(subject).encode(), proof.encode()) else None

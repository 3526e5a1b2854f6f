"""A witness, as in C2SP's tlog-witness: it remembers how far each log that it knows had come, and cosigns that the log
has grown since, and nothing else. A log that shows others another past than it showed this witness gets no cosignature
for it; one that was put back to an earlier state neither, until it has come that far again with the same past.

What it has signed is kept in a folder of its own, a file a log, before anybody is answered. Whoever puts that folder
back to an earlier state has a witness that may contradict itself.
"""

import fcntl
import logging
import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from catch.disk import settled, written
from catch.evidence.notes import (
    COSIGNATURE,
    ED25519,
    Checkpoint,
    NotProved,
    PublicKey,
    Signer,
    from_lines,
    opened,
    taken_apart,
)
from catch.evidence.tree import EMPTY, consistent

logger = logging.getLogger("catch.witness")

SIZE = "text/x.tlog.size"
TEXT = "text/plain; charset=utf-8"
LARGEST = 150_000
"""Bytes of a request."""
KEY = "witness.key"
LOCK = "lock"


class CannotWitness(Exception):
    """Says in a sentence why, and what to do."""


class Answer(NamedTuple):
    status: HTTPStatus
    text: str
    kind: str = TEXT


class Known(NamedTuple):
    """What was cosigned last of a log: `note` with the log's signatures and the witness's own."""

    checkpoint: Checkpoint
    note: str


NOTHING = Known(Checkpoint("", 0, EMPTY), "")


class Witness:
    """`by` signs, `logs` are the public keys of those it knows, each named as its log is; `clock` gives the seconds
    since 1970. Everything it does is done at once, so that two who ask never overtake each other.
    """

    def __init__(self, folder: Path, by: Signer, logs: Sequence[PublicKey], clock: Callable[[], float]) -> None:
        """Raises `CannotWitness`."""
        self._folder = folder
        self._by = by
        self._clock = clock
        self._logs: dict[str, list[PublicKey]] = {}
        for key in logs:
            if key.kind != ED25519:
                raise CannotWitness(
                    f"The key of {key.name} is a witness's, not a log's: ask for what `catch audit key` says"
                )
            self._logs.setdefault(key.name, []).append(key)
        self._known = {origin: self._kept(origin) for origin in self._logs}

    def add(self, body: bytes) -> Answer:
        """What `add-checkpoint` is answered."""
        try:
            old, proof, note = asked(body)
            text, signatures = taken_apart(note)
            said = Checkpoint.read(text)
        except NotProved as problem:
            return Answer(HTTPStatus.BAD_REQUEST, f"{problem}\n")
        keys = self._logs.get(said.origin)
        if keys is None:
            return Answer(HTTPStatus.NOT_FOUND, "This witness knows no such log. Ask whoever runs it to add its key.\n")
        try:
            opened(note, *keys)
        except NotProved as problem:
            return self._denied(said, HTTPStatus.FORBIDDEN, str(problem))
        if old > said.size:
            return self._denied(said, HTTPStatus.BAD_REQUEST, f"A log does not shrink from {old} facts to {said.size}.")
        known = self._known[said.origin]
        if old != known.checkpoint.size:
            why = f"It was asked to go on from {old} facts, and has signed {known.checkpoint.size}."
            self._denied(said, HTTPStatus.CONFLICT, why)
            return Answer(HTTPStatus.CONFLICT, f"{known.checkpoint.size}\n", SIZE)
        if why := contradiction(known.checkpoint, said, proof):
            if said.size == known.checkpoint.size:
                self._keep_both(known, note)
            return self._denied(said, HTTPStatus.UNPROCESSABLE_ENTITY, why)
        line = self._by.line(text, int(self._clock()))
        theirs = "".join(each.line for each in signatures if any(each.by(key) for key in keys))
        cosigned = f"{text}\n{theirs}{line}"
        try:
            written(self._path(said.origin), cosigned)
        except OSError as problem:
            # What is not kept is not signed.
            logger.error("nothing is cosigned: %s: %s", self._folder, problem.strerror)
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "This witness cannot keep what it signs. Try again later.\n")
        self._known[said.origin] = Known(said, cosigned)
        logger.info("cosigned: log=%s facts=%d", said.origin, said.size)
        return Answer(HTTPStatus.OK, line)

    def checkpoint(self, hashed: str) -> Answer:
        """The last that was cosigned of the log whose name has this hash, for whoever compares."""
        for origin, known in self._known.items():
            if known.note and sha256(origin.encode()).hexdigest() == hashed:
                return Answer(HTTPStatus.OK, known.note)
        return Answer(HTTPStatus.NOT_FOUND, "This witness has cosigned nothing of such a log.\n")

    def _denied(self, said: Checkpoint, status: HTTPStatus, why: str) -> Answer:
        logger.warning("not cosigned: log=%s facts=%d status=%d: %s", said.origin, said.size, status, why)
        return Answer(status, f"{why}\n")

    # What it has signed

    def _path(self, origin: str) -> Path:
        return self._folder / f"{sha256(origin.encode()).hexdigest()}.checkpoint"

    def _kept(self, origin: str) -> Known:
        path = self._path(origin)
        try:
            note = path.read_text(encoding="utf-8")
            known = Known(Checkpoint.read(opened(note, self._by.public)), note)
            if known.checkpoint.origin != origin:
                raise NotProved("It is of another log.")
        except FileNotFoundError:
            return NOTHING
        except (OSError, UnicodeDecodeError, NotProved) as problem:
            # Without it, this would sign anything.
            raise CannotWitness(
                f"{path}: what was signed of {origin} cannot be read ({problem}). Put the file back from a copy; if"
                " there is none, begin with a new folder and key, and tell the log's operator"
            ) from None
        return known

    def _keep_both(self, known: Known, note: str) -> None:
        """Two signed notes of which only one can be true are the evidence: the first such two are kept."""
        path = self._path(known.checkpoint.origin).with_suffix(".contradiction")
        if not path.exists():
            with suppress(OSError):
                written(path, f"{known.note}\n=====\n\n{note}")
        logger.error("two checkpoints of %s contradict each other: both are in %s", known.checkpoint.origin, path)


def asked(body: bytes) -> tuple[int, list[bytes], str]:
    """The old size, the proof and the note of a request. Raises `NotProved`."""
    try:
        before, _, note = body.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise NotProved("This is no text.") from None
    return *from_lines(f"{before}\n"), note


def contradiction(known: Checkpoint, said: Checkpoint, proof: Sequence[bytes]) -> str | None:
    """Why the log has not grown from what was known to what is said now, if so."""
    if said.size == 0 and said.root != EMPTY:
        return "A log without facts has another root than this."
    if said.size == known.size and said.root != known.root:
        return f"It has signed another log of {known.size} facts: somebody is shown another past."
    if known.size == 0:
        return "From nothing on, nothing is to be proved: leave the proof out." if proof else None
    if not consistent(known.size, said.size, proof, known.root, said.root):
        return f"The proof does not show that these {said.size} facts begin with the {known.size} that it has signed."
    return None


# Its folder


def signer(folder: Path, name: str | None) -> Signer:
    """The witness's key; made, where there is none, under this name. Raises `CannotWitness`."""
    path = folder / KEY
    try:
        if not path.exists():
            return _made(path, name)
        found = Signer.read(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise CannotWitness(f"{problem.filename or path}: {problem.strerror}") from None
    except (UnicodeDecodeError, NotProved) as problem:
        raise CannotWitness(f"{path}: {problem} Put it back from a copy") from None
    if found.public.kind != COSIGNATURE:
        raise CannotWitness(f"{path}: this is the key of a log, and a witness has one of its own")
    if name not in (None, found.public.name):
        raise CannotWitness(
            f"{path}: this witness is called {found.public.name}: leave --name out, or name a new folder"
        )
    return found


def _made(path: Path, name: str | None) -> Signer:
    if name is None:
        raise CannotWitness(f"there is no witness in {path.parent} yet: say what it is to be called, with --name")
    made = Signer(name, os.urandom(32), COSIGNATURE)
    try:
        PublicKey.read(str(made.public))
    except NotProved:
        raise CannotWitness("--name takes at most 200 characters, without spaces and +") from None
    if any(path.parent.glob("*.checkpoint")):
        raise CannotWitness(f"{path} is missing, and what was signed with it is there: put it back from a copy")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Whoever else reads it signs as this witness.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(f"{made.secret}\n")
        file.flush()
        os.fsync(file.fileno())
    settled(path.parent)
    return made


@contextmanager
def alone(folder: Path) -> Generator[None]:
    """Two of one folder would each sign what the other has not seen. Raises `CannotWitness`."""
    with (folder / LOCK).open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotWitness(f"another witness runs with {folder}: stop that first") from None
        yield

"""Our appends, the whole way: sealing of a personal field, envelope, conflict check, idempotency, commit."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter
from typing import NamedTuple
from uuid import UUID, uuid4

from catch.domain.case.notes import AddNote, NoteAdded
from catch.domain.case.state import Worker
from catch.domain.facts import Actor, Category, Envelope, Fact, Purpose, Role, Sealed
from catch.log import Append, Log, NewEvent
from catch.log.codec import encode
from catch.personal import KeyFile, Keyring

PEOPLE = 200
NOTE = "Spoke on the telephone; the boiler is mended and the letter to the landlord has gone out."


class Rate(NamedTuple):
    per_second: float
    p50_ms: float
    p99_ms: float


def percentile(seconds: Sequence[float], share: float) -> float:
    """In milliseconds."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


async def driven(work: Callable[[], Awaitable[object]], at_once: int, seconds: float) -> Rate:
    """So many callers, each beginning anew as soon as it is answered."""
    taken: list[float] = []
    began = perf_counter()

    async def caller() -> None:
        while (start := perf_counter()) - began < seconds:
            await work()
            taken.append(perf_counter() - start)

    await asyncio.gather(*(caller() for _ in range(at_once)))
    return Rate(len(taken) / (perf_counter() - began), percentile(taken, 0.5), percentile(taken, 0.99))


class Notes:
    """Adds notes, each to a stream of its own, about some hundred people whose keys are at hand."""

    def __init__(self, log: Log, keyring: Keyring) -> None:
        self._log = log
        self._keyring = keyring
        self._people = [uuid4() for _ in range(PEOPLE)]
        self._by = Actor("user-000123", "housing-1", Role.COORDINATOR)
        self._count = 0
        # Cheaper than `uuid4`, whose cost is the clients' and not the log's.
        self._bits = Random().getrandbits  # noqa: S311

    def _id(self) -> UUID:
        """In place of the ids that clients make."""
        return UUID(int=self._bits(128))

    async def ready(self) -> None:
        for person in self._people:
            await self._keyring.seal(person, [NOTE])

    async def add(self) -> None:
        self._count += 1
        person, case = self._people[self._count % PEOPLE], self._id()
        command = AddNote(case, self._id(), Category.NEEDS, Sealed(NOTE))
        sealed = await self._keyring.seal_command(command, person)
        await self._log.append(self._noted(case, sealed))

    def _noted(self, case: UUID, command: AddNote) -> Append:
        id_, now = self._id(), datetime.now(UTC)
        by = Worker(self._by.user, self._by.agency)
        fact = NoteAdded(command.note, command.category, command.text, by)
        envelope: Envelope[Fact] = Envelope(
            occurred_at=now,
            actor=self._by,
            purpose=Purpose.DIRECT_CARE,
            command=id_,
            correlation=id_,
            event=fact,
            programme="snn-catch@1",
        )
        return Append(id_, case, (NewEvent(case, 1, "NoteAdded", encode(envelope)),))


async def notes(log: Log) -> Notes:
    """With a key-encryption key that is forgotten when it is not used any more."""
    with tempfile.TemporaryDirectory() as folder:
        keys = KeyFile.read_or_create(Path(folder) / "kek")
    made = Notes(log, Keyring(log.pool, keys))
    await made.ready()
    return made

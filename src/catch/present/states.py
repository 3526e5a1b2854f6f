"""Streams folded and kept at hand, so that a command or a screen need not read them again."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from cachetools import TTLCache
from msgspec import Struct

from catch.domain.facts import Recorded
from catch.domain.streams import Stream, fold, stream_of_event
from catch.faults import fault
from catch.log.codec import decode
from catch.log.entries import MissingVersions, Stored, Undecodable, Unreadable
from catch.log.log import Log
from catch.present.moment import FRESH
from catch.slices import in_groups, in_slices


class Held(NamedTuple):
    """A stream's state and the version and position it stands at; None and 0 before its first fact."""

    state: Any
    version: int
    position: int


class Broken(NamedTuple):
    """A stream that cannot be folded, why, and how far it goes all the same."""

    problem: Unreadable
    version: int
    position: int


AT_ONCE = 200
"""Streams that are read with one query: as many as there are on a page."""
MOST_BYTES = 96 * 1024 * 1024
"""Of the stored facts whose states are kept. A state takes 0.8 to 1.4 times what its facts take in the log."""
EMPTY = 500
"""Bytes that a stream without a fact takes."""
NOTHING = Held(None, 0, 0)
MOST_BROKEN = 1_000
Folded = tuple[Stream, Held]


class Entry(Struct):
    """A stream at hand, how many bytes its facts take, and whether it was asked for since room was last sought."""

    folded: Folded
    bytes: int = 0
    used: bool = False


def folded(stream: Stream, recorded: Sequence[Recorded[Any]]) -> Held:
    """The state that these facts leave; nothing where there are none."""
    return Held(fold(stream, recorded), recorded[-1].version, recorded[-1].position) if recorded else NOTHING


def further(before: Folded | Broken | None, stored: Stored, expected: Stream) -> Folded | Broken:
    """The stream with its next fact. One that cannot be taken in keeps its whole stream shut, and no other."""
    if isinstance(before, Broken):
        return before._replace(version=stored.version, position=stored.position)
    kind, held = before or (expected, NOTHING)
    if stored.version != held.version + 1:
        return Broken(MissingVersions(version=stored.version, found=held.version), stored.version, stored.position)
    try:
        recorded = decode(stored)
        if held is NOTHING:
            # The id may name a stream of another kind than was asked for.
            kind = stream_of_event(recorded.event)
        return kind, evolved(kind, held, recorded)
    except Unreadable as problem:
        return Broken(problem, stored.version, stored.position)
    except Exception as unexpected:
        fault(unexpected, "states")
        damaged = Undecodable(event=stored.topic, position=stored.position)
        return Broken(damaged, stored.version, stored.position)


def evolved(kind: Stream, held: Held, recorded: Recorded[Any]) -> Held:
    """The stream with its next fact. Raises `Undecodable` for a fact that belongs to streams of another kind."""
    if stream_of_event(recorded.event) is not kind:
        raise Undecodable(event=type(recorded.event).__name__, position=recorded.position)
    return Held(kind.evolve(held.state, recorded), recorded.version, recorded.position)


def strictly(found: Held | Broken) -> Held:
    """Raises an `Unreadable`."""
    if isinstance(found, Broken):
        raise found.problem.with_traceback(None)
    return found


def of_kind(stream: Stream, known: Folded) -> Held:
    """Nothing, where the id names a stream of another kind."""
    kind, held = known
    return held if kind is stream else NOTHING


class States:
    """A bounded memory of folded streams. What others append arrives through `advance`, from the feed.

    A state may be older than the log by a moment; the append then conflicts and the caller reads again.
    """

    def __init__(self, log: Log, most: int = MOST_BYTES) -> None:
        self._log = log
        self._most = most
        self._held: OrderedDict[UUID, Entry] = OrderedDict()
        self.bytes = 0
        """Of the facts behind what is kept."""
        self.put_out = 0
        """How many were let go so that others had room: whoever keeps what was made of them lets that go, too."""
        # What cannot be read is looked at again after a moment: somebody may have mended it.
        self._broken: TTLCache[UUID, Broken] = TTLCache(MOST_BROKEN, FRESH.total_seconds())
        # Asked with every fact: to say that it is empty, such a cache looks at its clock.
        self._any_broken = False
        self._awaited: dict[UUID, int] = {}  # streams being read: the highest version that arrived meanwhile
        self.moves = 0
        """Grows whenever a state is taken in, advanced or forgotten: while it stands, so does what was made of them."""
        self.recent: deque[UUID] = deque(maxlen=4096)
        """The streams of the last so many moves."""
        self.furthest = 0
        """The highest position that anything was read at: the feed may not have come as far."""

    async def get(self, stream: Stream, id_: UUID) -> Held:
        """Raises an `Unreadable` rather than leave a fact out."""
        if (known := self._held.get(id_)) is not None:
            return self._of_kind(stream, known)
        (found,) = await self.gather(stream, [id_])
        return strictly(found)

    def _of_kind(self, stream: Stream, known: Entry) -> Held:
        # Marked, not moved: asked for every row, and to hash an id once more is Python code.
        known.used = True
        return of_kind(stream, known.folded)

    def seen(self, id_: UUID) -> tuple[Stream, Held] | None:
        """What the id names, whatever kind of stream it is, where that is folded already: without reading."""
        known = self._held.get(id_)
        if known is None:
            return None
        known.used = True
        return known.folded

    def at_hand(self, id_: UUID) -> Held | None:
        """What is folded already, without reading."""
        known = self._held.get(id_)
        return known.folded[1] if known else None

    async def get_many(self, stream: Stream, ids: Iterable[UUID]) -> list[Held]:
        """Several streams of one kind, in one query for all that are not at hand. Raises as `get`."""
        return [strictly(found) for found in await self.gather(stream, ids)]

    async def gather(self, stream: Stream, ids: Iterable[UUID]) -> list[Held | Broken]:
        """The same, where one that cannot be read is no reason to do without the others."""
        wanted = list(ids)
        if all(map(self._held.__contains__, wanted)):
            return [self._of_kind(stream, self._held[id_]) for id_ in wanted]
        lacking = [id_ for id_ in dict.fromkeys(wanted) if id_ not in self._held]
        read: dict[UUID, Folded | Broken] = self._broken_of(lacking)
        async for group in in_groups([id_ for id_ in lacking if id_ not in read] if read else lacking, AT_ONCE):
            read |= await self._read_group(stream, group)
        return [self._found(stream, id_, read.get(id_)) for id_ in wanted]

    def _broken_of(self, ids: Iterable[UUID]) -> dict[UUID, Folded | Broken]:
        """Those that cannot be read, as was found a moment ago. None as a rule: then they are not gone through."""
        if not self._any_broken:
            return {}
        return {id_: known for id_ in ids if (known := self._broken.get(id_)) is not None}

    def _found(self, stream: Stream, id_: UUID, read: Folded | Broken | None) -> Held | Broken:
        """As it is at hand by now; what was read and has been put out again, as it was read."""
        if (known := self._held.get(id_)) is not None:
            # What was read for this was not asked for again.
            return self._of_kind(stream, known) if read is None else of_kind(stream, known.folded)
        if read is None or isinstance(read, Broken):
            return read or NOTHING
        return of_kind(stream, read)

    async def _read_group(self, stream: Stream, ids: Sequence[UUID]) -> dict[UUID, Folded | Broken]:
        """Fold these; again, where a fact arrived while the log was being read."""
        for id_ in ids:
            # Before the log is read: what is recorded meanwhile may not be in what was read.
            self._awaited.setdefault(id_, 0)
        found: dict[UUID, Folded | Broken] = {}
        sizes = dict.fromkeys(ids, EMPTY)
        async for stored in in_slices(await self._log.rows(ids)):
            found[stored.stream] = further(found.get(stored.stream), stored, stream)
            sizes[stored.stream] += len(stored.state)
        missed = [id_ for id_ in ids if not self._take_in(id_, found.setdefault(id_, (stream, NOTHING)), sizes[id_])]
        return found | (await self._read_group(stream, missed) if missed else {})

    def _take_in(self, id_: UUID, read: Folded | Broken, size: int) -> bool:
        """False where a fact arrived that is not in it."""
        held = read if isinstance(read, Broken) else read[1]
        self.read_at(held.position)
        if self._awaited.pop(id_, 0) > held.version:
            return False
        if isinstance(read, Broken):
            self._broken[id_], self._any_broken = read, True
        # Another reader may have been quicker, and the feed may have moved that one on since.
        elif (known := self.at_hand(id_)) is None or known.version <= held.version:
            self._keep(id_, read[0], read[1], size)
        return True

    def advance(self, recorded: Recorded[Any], stream: Stream | None, size: int) -> None:
        """Take in a fact just recorded, of so many bytes. `stream` is given where the stream may be new here."""
        id_, version = recorded.stream, recorded.version
        self._moved(id_)
        known = self._held.get(id_)
        if known is None:
            if id_ in self._awaited:
                self._awaited[id_] = max(self._awaited[id_], version)
            # Only a stream's first fact is enough to begin with; of any later one the rest is not here.
            elif stream is not None and version == 1:
                self._keep(id_, stream, folded(stream, [recorded]), EMPTY + size)
            return
        kind, held = known.folded
        if held.version == 0:  # asked for before it was there, perhaps as something else
            kind = stream_of_event(recorded.event)
        if version == held.version + 1:
            try:
                known.folded = (kind, evolved(kind, held, recorded))
                self._grow(known, size)
            except Exception:
                # What is folded lacks this fact. Whoever asks for the stream is told why it cannot be read.
                self._drop(id_)
                raise
        # Something in between is missing: it is read anew when it is wanted. An older one was taken in before.
        elif version > held.version:
            self._drop(id_)

    def read_at(self, position: int) -> None:
        """Something was read that stands at this position, here or in a read model."""
        self.furthest = max(self.furthest, position)

    def forget(self, ids: Iterable[UUID]) -> None:
        for id_ in ids:
            self._moved(id_)
            self._drop(id_)

    def _moved(self, id_: UUID) -> None:
        self.moves += 1
        if self._any_broken:
            self._broken.pop(id_, None)
            self._any_broken = bool(self._broken)
        self.recent.append(id_)

    def _keep(self, id_: UUID, stream: Stream, held: Held, size: int) -> None:
        self._moved(id_)
        self._drop(id_)
        entry = self._held[id_] = Entry((stream, held))
        self._grow(entry, size)

    def _grow(self, entry: Entry, size: int) -> None:
        entry.bytes += size
        self.bytes += size
        # One stays, however large it is: somebody asks for it.
        while self.bytes > self._most and len(self._held) > 1:
            id_, oldest = self._held.popitem(last=False)
            if oldest.used or oldest is entry:
                # Another round for whatever was asked for since its last.
                oldest.used = False
                self._held[id_] = oldest
            else:
                self.bytes -= oldest.bytes
                self.put_out += 1

    def _drop(self, id_: UUID) -> None:
        if (entry := self._held.pop(id_, None)) is not None:
            self.bytes -= entry.bytes

"""Streams folded and kept at hand, so that a command or a screen need not read them again."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from catch.domain.facts import Recorded
from catch.domain.streams import Stream, fold, stream_of_event
from catch.log.codec import decode
from catch.log.log import Log
from catch.slices import each, in_groups, in_slices


class Held(NamedTuple):
    """A stream's state and the version and position it stands at; None and 0 before its first fact."""

    state: Any
    version: int
    position: int


AT_ONCE = 200
"""Streams that are read with one query: as many as there are on a page."""
NOTHING = Held(None, 0, 0)


def folded(stream: Stream, recorded: Sequence[Recorded[Any]]) -> Held:
    """The state that these facts leave; nothing where there are none."""
    return Held(fold(stream, recorded), recorded[-1].version, recorded[-1].position) if recorded else NOTHING


class States:
    """A bounded memory of folded streams. What others append arrives through `advance`, from the feed.

    A state may be older than the log by a moment; the append then conflicts and the caller reads again.
    """

    def __init__(self, log: Log, size: int = 20_000) -> None:
        self._log = log
        self._size = size
        self._held: OrderedDict[UUID, tuple[Stream, Held]] = OrderedDict()
        self._awaited: dict[UUID, int] = {}  # streams being read: the highest version that arrived meanwhile
        self.moves = 0
        """Grows whenever a state is taken in, advanced or forgotten: while it stands, so does what was made of them."""
        self.recent: deque[UUID] = deque(maxlen=4096)
        """The streams of the last so many moves."""
        self.furthest = 0
        """The highest position that anything was read at: the feed may not have come as far."""

    async def get(self, stream: Stream, id_: UUID) -> Held:
        known = self._held.get(id_)
        if known is None:
            await self._read(stream, [id_])
            known = self._held.get(id_)
        if known is None or known[0] is not stream:
            return NOTHING
        self._held.move_to_end(id_)
        return known[1]

    def seen(self, id_: UUID) -> tuple[Stream, Held] | None:
        """What the id names, whatever kind of stream it is, where that is folded already: without reading."""
        known = self._held.get(id_)
        if known is not None:
            self._held.move_to_end(id_)
        return known

    def at_hand(self, id_: UUID) -> Held | None:
        """What is folded already, without reading."""
        known = self._held.get(id_)
        return known[1] if known else None

    async def get_many(self, stream: Stream, ids: Iterable[UUID]) -> list[Held]:
        """Several streams of one kind, in one query for all that are not at hand."""
        wanted = list(ids)
        if missing := [id_ for id_ in dict.fromkeys(wanted) if id_ not in self._held]:
            await self._read(stream, missing)
        # One by one again: with more wanted than are kept, the first may have gone by now.
        return [await self.get(stream, id_) for id_ in wanted]

    async def _read(self, stream: Stream, ids: Sequence[UUID]) -> None:
        """Fold these from the log, so many at once that nobody else waits long. Raises as `_read_group`."""
        async for group in in_groups(ids, AT_ONCE):
            await self._read_group(stream, group)

    async def _read_group(self, stream: Stream, ids: Sequence[UUID]) -> None:
        """Fold these; again, where a fact arrived while the log was being read.

        Raises an `Unreadable` rather than leave a fact out.
        """
        for id_ in ids:
            # Before the log is read: what is recorded meanwhile may not be in what was read.
            self._awaited.setdefault(id_, 0)
        found: dict[UUID, list[Recorded[Any]]] = {id_: [] for id_ in ids}
        for recorded in await each(decode, await self._log.streams(ids)):
            found[recorded.stream].append(recorded)
        missed: list[UUID] = []
        async for id_, recorded in in_slices(found.items()):
            # The id may name a stream of another kind than was asked for.
            kind = stream_of_event(recorded[0].event) if recorded else stream
            held = folded(kind, recorded)
            self.read_at(held.position)
            if self._awaited.pop(id_, 0) > held.version:
                missed.append(id_)
            # Another reader may have been quicker, and the feed may have moved that one on since.
            elif id_ not in self._held or self._held[id_][1].version <= held.version:
                self._keep(id_, kind, held)
        if missed:
            await self._read_group(stream, missed)

    def advance(self, recorded: Recorded[Any], stream: Stream | None = None) -> None:
        """Take in a fact just recorded. `stream` is given where the stream may be new here."""
        self._moved(recorded.stream)
        known = self._held.get(recorded.stream)
        if known is None:
            if recorded.stream in self._awaited:
                self._awaited[recorded.stream] = max(self._awaited[recorded.stream], recorded.version)
            # Only a stream's first fact is enough to begin with; of any later one the rest is not here.
            elif stream is not None and recorded.version == 1:
                self._keep(recorded.stream, stream, folded(stream, [recorded]))
            return
        kind, held = known
        if held.version == 0:  # asked for before it was there, perhaps as something else
            kind = stream_of_event(recorded.event)
        if recorded.version == held.version + 1:
            state = kind.evolve(held.state, recorded)
            self._held[recorded.stream] = (kind, Held(state, recorded.version, recorded.position))
        # Something in between is missing: it is read anew when it is wanted. An older one was taken in before.
        elif recorded.version > held.version:
            del self._held[recorded.stream]

    def read_at(self, position: int) -> None:
        """Something was read that stands at this position, here or in a read model."""
        self.furthest = max(self.furthest, position)

    def forget(self, ids: Iterable[UUID]) -> None:
        for id_ in ids:
            self._moved(id_)
            self._held.pop(id_, None)

    def _moved(self, id_: UUID) -> None:
        self.moves += 1
        self.recent.append(id_)

    def _keep(self, id_: UUID, stream: Stream, held: Held) -> None:
        self._moved(id_)
        self._held[id_] = (stream, held)
        self._held.move_to_end(id_)
        while len(self._held) > self._size:
            self._held.popitem(last=False)

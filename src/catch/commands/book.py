"""The book of a decision: the streams it read, what it asked besides, and what it wrote.

A decision is a function of values. What it wants and the book has not is a `NotRead`: whoever decides fetches that and
decides again, so nobody has to say beforehand what a command will look at. What was read and not written must still
stand when the facts are recorded.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar, cast
from uuid import UUID

from msgspec import Struct

from catch.access import Who
from catch.domain.case.state import Case
from catch.domain.facts import Fact
from catch.domain.lookup import Lookup
from catch.domain.meeting.state import Meeting
from catch.domain.partner import Partner
from catch.domain.person import Person
from catch.domain.programme.configuration import Programme
from catch.domain.refusals import IdAlreadyUsed
from catch.domain.registers import Register, RegisterEvent
from catch.domain.streams import CASE, MEETING, PERSON, REGISTER, Stream
from catch.present.states import Broken, Held

A = TypeVar("A")
Seen = tuple[Stream, Held]
"""What an id was found to name: its kind of stream, and how that stands."""
AtHand = Callable[[UUID], Seen | None]


class Question(Struct, Generic[A], frozen=True):
    """Something that no stream says by itself. `A` is the type of the answer; equal questions are asked once."""

    RECORDED: ClassVar[bool] = True
    """Whether the answer rests on what was recorded: then it may be older than the log."""

    async def answer(self, source: Any) -> A:
        """Each kind knows what it needs of its source (`catch.commands.questions`)."""
        raise NotImplementedError


class NotRead(Exception):
    """The decision wants streams, or the answer to a question, that the book has not."""

    def __init__(self, stream: Stream | None, ids: Sequence[UUID], question: Question[Any] | None = None) -> None:
        self.stream, self.ids, self.question = stream, ids, question


class Written(NamedTuple):
    """What one stream gets: its kind, its id, the version decided on, the facts."""

    stream: Stream
    id: UUID
    version: int
    facts: Sequence[Fact]


class Book(Lookup):
    """`at_hand` gives what is folded in memory already: the usual command then waits for nothing.

    `programme` and `meeting` are what the facts belong to, said by the decision.
    """

    def __init__(self, at_hand: AtHand = lambda _: None) -> None:
        self._at_hand = at_hand
        self.seen: dict[UUID, Seen] = {}
        self.broken: dict[UUID, Broken] = {}
        """Streams that cannot be read: a decision that names one is refused, unless it can do without."""
        self.answers: dict[Question[Any], Any] = {}
        self.written: list[Written] = []
        self.programme: Programme | None = None
        self.meeting_held: UUID | None = None
        self.who: Who | None = None
        """Who asks, as soon as that is known; and when."""
        self.asked_at: datetime | None = None

    # Reading

    def cases(self, ids: Iterable[UUID]) -> list[Case | None]:
        return self._states(CASE, [*ids])

    def meetings(self, ids: Iterable[UUID]) -> list[Meeting | None]:
        return self._states(MEETING, [*ids])

    def readable_cases(self, ids: Iterable[UUID]) -> list[Case | None]:
        """None also in the place of one that cannot be read."""
        return self._states(CASE, [*ids], strictly=False)

    def readable_meetings(self, ids: Iterable[UUID]) -> list[Meeting | None]:
        return self._states(MEETING, [*ids], strictly=False)

    def people(self, ids: Iterable[UUID]) -> list[Person | None]:
        return self._states(PERSON, [*ids])

    def readable_people(self, ids: Iterable[UUID]) -> list[Person | None]:
        return self._states(PERSON, [*ids], strictly=False)

    def registers(self, ids: Iterable[UUID]) -> list[Register | None]:
        return self._states(REGISTER, [*ids])

    def version(self, stream: Stream, id_: UUID) -> int:
        """How many facts the stream has; 0 where the id names none of this kind."""
        self.state(stream, id_)
        kind, held = self.seen[id_]
        return held.version if kind is stream else 0

    def ask(self, question: Question[A]) -> A:
        try:
            return cast("A", self.answers[question])
        except KeyError:
            raise NotRead(None, (), question) from None

    def state(self, stream: Stream, id_: UUID) -> Any:
        """The same where the id names a stream of another kind as where it names nothing. Raises an `Unreadable`."""
        seen = self._look(id_)
        if seen is None:
            if (broken := self.broken.get(id_)) is not None:
                raise broken.problem
            raise NotRead(stream, (id_,))
        kind, held = seen
        return held.state if kind is stream else None

    def _states(self, stream: Stream, ids: Sequence[UUID], *, strictly: bool = True) -> list[Any]:
        """As one by one, but what is lacking is fetched at once."""
        lacking = [id_ for id_ in ids if self._look(id_) is None and id_ not in self.broken]
        if lacking:
            raise NotRead(stream, lacking)
        return [None if id_ in self.broken and not strictly else self.state(stream, id_) for id_ in ids]

    def _look(self, id_: UUID) -> Seen | None:
        seen = self.seen.get(id_)
        if seen is None:
            # Kept too: it may move between two looks, and the append rests on the version that was decided on.
            seen = self._at_hand(id_)
            if seen is not None:
                self.seen[id_] = seen
        return seen

    # Writing

    def write(self, stream: Stream, id_: UUID, facts: Sequence[Fact]) -> None:
        """What the stream gets, which was read before."""
        kind, held = self.seen[id_]
        # To look an id up as another kind reads as if nothing were there; only writing under it would mix two streams.
        if facts and kind is not stream and held.version:
            raise IdAlreadyUsed(field=stream.name, value=id_)
        self.written.append(Written(stream, id_, held.version, facts))

    def enter(self, register: UUID, *entries: RegisterEvent) -> None:
        """Something new in a register, which was read before anything was asked that it bears on.

        Before all other facts: the last fact of a command is one that somebody is told of.
        """
        _, held = self.seen[register]
        self.written.insert(0, Written(REGISTER, register, held.version, entries))

    def begin(self) -> None:
        """Decide from the start: what an attempt wrote before it found something lacking goes."""
        self.written.clear()

    @property
    def versions(self) -> dict[UUID, int]:
        """Everything that was read, and the version it was read at."""
        broken = {id_: held.version for id_, held in self.broken.items()}
        return {id_: held.version for id_, (_, held) in self.seen.items()} | broken

    @property
    def rests_on_records(self) -> bool:
        """Whether anything was asked besides the streams that may have been answered from behind the log's end."""
        return any(question.RECORDED for question in self.answers)

    def expects(self) -> tuple[tuple[UUID, int], ...]:
        """Streams that were looked at and get nothing: they must still be where they were."""
        written = {each.id for each in self.written if each.facts}
        return tuple([(id_, version) for id_, version in self.versions.items() if id_ not in written])


class Partners(Mapping[str, Partner]):
    """The registered partners, as a decision asks for them: each is read when it is named."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def __getitem__(self, key: str) -> Partner:
        partner = self._book.partner(key)
        if partner is None:
            raise KeyError(key)
        return partner

    def __iter__(self) -> Iterator[str]:
        # It would read every partner there is, and make the append rest on each of them.
        raise TypeError("nobody can go through all partners: name the one that is wanted")

    def __len__(self) -> int:
        raise TypeError("nobody can count all partners: name the one that is wanted")

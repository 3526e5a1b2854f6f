"""A command as it came: what is asked, by whom, under which id; and what of it goes into the log."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from catch.access import Asker
from catch.commands.book import Book
from catch.domain.facts import Actor, Command, Envelope, Fact, Purpose, Recorded
from catch.domain.streams import MEETING, Stream, stream_of_command
from catch.log.codec import encode
from catch.log.entries import Answer, Append, NewEvent
from catch.personal import NewKey
from catch.present.states import States

# Sets are written in one order: the same command sent twice must have the same digest.
_canonical = msgspec.json.Encoder(order="deterministic")


class Asked(Struct, frozen=True):
    """`at` is when it is said to have occurred, None where nothing is said; `now` is when it came; `proved_at` is when
    the sender last showed who they are, as closely as stepping up needs. `stream` and `about` are what the answer
    speaks of.
    """

    command: Command
    by: Actor | Asker
    id: UUID
    digest: bytes
    at: datetime | None
    now: datetime
    expected_version: int | None
    purpose: Purpose
    proved_at: datetime | None = None

    @property
    def stream(self) -> Stream:
        return stream_of_command(self.command)

    @property
    def about(self) -> UUID:
        return self.stream.stream_of(self.command)


def content(command: Command, by: Actor | Asker) -> bytes:
    """The same bytes for the same command of the same user for the same agency, and for no other."""
    # With who asks and the command's name: an id that somebody else repeats, or that stands for another command with
    # equal fields, must not get the first answer.
    asked = (by.user, by.agency, type(command).__name__, command)
    try:
        return _canonical.encode(asked)
    except UnicodeEncodeError:  # half a surrogate pair: it will be refused, as a text or by the log
        return repr(asked).encode("utf-8", "surrogatepass")


class Placed(NamedTuple):
    """A fact and its place: the kind and id of its stream, and its version in it."""

    stream: Stream
    id: UUID
    version: int
    envelope: Envelope[Fact]


def occurs(asked: Asked, book: Book) -> datetime:
    """When it occurs. Of two servers one may go before the other: what is said to happen now happens after all that is
    recorded of the case, meeting or contact that it is about, and of those that it writes to.

    Of no other that it looks at: the time of its facts would tell whoever asks that there is something.
    """
    if asked.at is not None:
        return asked.at
    own = {asked.about, *(part.id for part in book.written)}
    states = (held.state for id_, (stream, held) in book.seen.items() if id_ in own and stream.in_turn)
    return max((asked.now, *(state.latest_at for state in states if state is not None)))


def placed(asked: Asked, by: Actor, book: Book, at: datetime) -> list[Placed]:
    """The facts that were decided, in the order in which they are written."""
    pin = book.programme.pin if book.programme else None
    return [
        Placed(
            part.stream,
            part.id,
            part.version + place,
            Envelope(
                occurred_at=at,
                actor=by,
                purpose=asked.purpose,
                command=asked.id,
                correlation=asked.id,
                event=fact,
                programme=pin,
                # What a meeting is told in passing belongs to that meeting.
                meeting=part.id if part.stream is MEETING else book.meeting_held,
            ),
        )
        for part in book.written
        for place, fact in enumerate(part.facts, start=1)
    ]


def append_of(asked: Asked, book: Book, facts: Sequence[Placed], new: NewKey | None) -> Append:
    """What goes into the log: with the facts, the key that they are the first to be sealed under."""
    events = tuple([NewEvent(id_, version, type(env.event).__name__, encode(env)) for _, id_, version, env in facts])
    # A command that records nothing leaves no key behind either.
    keys = ((new.subject, new.wrapped),) if new and events else ()
    return Append(asked.id, asked.about, events, book.expects(), asked.digest, keys)


def keep(states: States, facts: Sequence[Placed], append: Append, answer: Answer) -> None:
    """What was just recorded, taken in without waiting for the feed."""
    written = zip(facts, append.events, strict=True)
    for place, ((stream, id_, version, envelope), event) in enumerate(written, start=1):
        # No fold reads `recorded_at`; the database's own time comes with the feed.
        position = answer.position - len(facts) + place
        topic = type(envelope.event).__name__
        recorded: Recorded[Any] = Recorded(position, id_, version, topic, envelope.occurred_at, envelope)
        states.advance(recorded, stream, len(event.state))

"""What goes into the log, what comes of it, and what can stand in the way."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from catch.domain.refusals import Refused


class NewEvent(NamedTuple):
    """An event to record. `state` is the stored bytes; `version` is its place in its stream, dense from 1."""

    stream: UUID
    version: int
    topic: str
    state: bytes


class Append(NamedTuple):
    """One command's events, recorded whole or not at all, in this order.

    `stream` is the one the answer speaks of. `events` may be empty: then only the command and its answer are kept.
    `expects` names streams that get no event but must still be at that version. `digest` says what was asked by whom,
    so that the same command repeated is told from another one under its id. `keys` are wrapped data keys, by subject,
    that are kept with the events; where a subject has one already, the append conflicts.
    """

    command: UUID
    stream: UUID
    events: tuple[NewEvent, ...]
    expects: tuple[tuple[UUID, int], ...] = ()
    digest: bytes | None = None
    keys: tuple[tuple[UUID, bytes], ...] = ()


class Answer(NamedTuple):
    """What came of a command. A `repeated` one recorded nothing: this is its first answer.

    `position` is that of the last event, or the head of the log where nothing was recorded: whoever has read up to
    there has seen what the command did. `version` is the stream's afterwards; `events` are the topics.
    """

    position: int
    stream: UUID
    version: int
    events: tuple[str, ...]
    repeated: bool


class First(NamedTuple):
    """The answer under a command id, and the digest of what it was given to; None for one recorded without."""

    answer: Answer
    digest: bytes | None


class Looked(NamedTuple):
    """How things stand in the log: what was answered under a command id, if it was used, and the streams' versions."""

    first: First | None
    versions: tuple[int, ...]


class Stored(NamedTuple):
    """An event as the log holds it; `recorded_at` is the database's clock."""

    position: int
    stream: UUID
    version: int
    topic: str
    state: bytes
    recorded_at: datetime


STORED = "notification_id, originator_id, originator_version, topic, state, recorded_at"
"""The columns of the table that make a `Stored`, in its order."""


class Conflict(Refused):
    """Somebody else changed this in the meantime. Look again and repeat what you still want."""


class CommandIdReused(Refused):
    """This command id was used for something else. Make a new id and try again."""


class Busy(Refused):
    """Too much is being recorded at once. Nothing was recorded; try again in a moment."""


class Unavailable(Refused):
    """The records cannot be reached. It is unknown whether this was recorded: send the same command id again."""


class PositionsBehind(Refused):
    """Nothing can be recorded just now, and nothing was: the database hands out positions that lie behind the end of
    the records. Whoever runs the system is told what to do by `catch doctor`."""


class TimeNotTaken(Refused):
    """Nothing was recorded: the session with the database says at what time, which only an invented place takes, in
    order and not later than now. Whoever runs the system takes the setting `recorded_at` away."""


class Unreadable(Refused):
    """The records hold something here that cannot be read. Tell whoever runs the system."""


class UnknownEvent(Unreadable):
    """The records hold a kind of fact here that this release does not know. It takes a newer release to read it."""


class FutureSchema(Unreadable):
    """The records hold a fact here in a form newer than this release. It takes a newer release to read it."""


class Undecodable(Unreadable):
    """The records hold a fact here that cannot be read. Whoever runs the system is told which by `catch doctor`."""


class MissingVersions(Unreadable):
    """Facts are missing from this history. Whoever runs the system is told which by `catch doctor`."""


class WentBack(Exception):
    """The log no longer holds what was read of it: a backup was restored, or a standby took over that lacked facts.

    Start the server again, so that nothing of what it remembers stays, and look at what `catch doctor` says.
    """

    def __init__(self, position: int) -> None:
        super().__init__(" ".join((type(self).__doc__ or "").split()) + f" It was seen at position {position}.")

"""What a server tells of itself while it runs: figures and traces, for whoever keeps it.

Off, which is how a server starts: `on` is None then, and each place that calls here makes one comparison. What measures
is in `catch.telemetry.exporting`, the only module that knows OpenTelemetry, which an install need not have.

Nothing of a case or of anybody is told: what may be said with a figure is a word of a vocabulary, and the words are
listed in `Said`. Traces bear ids made here, and none that a client sent.
"""

from collections.abc import Coroutine
from typing import Any, Literal, Protocol, TypedDict, TypeVar, Unpack

from msgspec import Struct

T = TypeVar("T")

Step = Literal["request", "query", "mutation", "command", "append", "message"]
"""What is timed and traced, from the outside in: an append is a step of its command, which is one of its request."""


class Said(TypedDict, total=False):
    """What may be said of a step: the kind of command, the name of one of our own documents, the code it ended with."""

    command: str
    operation: str
    code: str


class Standing(Struct, frozen=True):
    """How the database stands, as a server sees it.

    `lag` is how many positions the read models lack, `lag_seconds` how old the first fact is that they lack.
    `generation` is that of positions. `standbys` is how many receive what is recorded. `archive_age`: seconds since
    something was archived, None where nothing ever was; `failed_archiving`: how often it failed.
    """

    lag: int
    lag_seconds: float
    generation: int
    standbys: int
    archive_age: float | None
    failed_archiving: int


class Figures(Struct, frozen=True):
    """How a server stands. `standing` is None while the log cannot be asked.

    `queue` is how many appends wait their turn. `subscriptions` are those that are followed, `connections` the
    websockets. `busy` are the connections to the database that are in use, `waiting` who waits for one. `leading`:
    whether this server keeps the read models; `recording`: whether the last append could be recorded. `ahead`:
    by how many seconds this machine's clock is ahead of the database's.
    """

    queue: int = 0
    subscriptions: int = 0
    connections: int = 0
    busy: int = 0
    waiting: int = 0
    leading: bool = False
    recording: bool = True
    ahead: float = 0
    standing: Standing | None = None


class Measures(Protocol):
    """What measures, when anything does."""

    async def within(self, step: Step, work: Coroutine[Any, Any, T], said: Said) -> T: ...

    def answered(self, status: int) -> None:
        """A request, with this status."""
        ...

    def refused(self, code: str) -> None: ...

    def failed(self) -> None:
        """Something that nobody expected: our fault."""
        ...

    def heard(self, position: int) -> None:
        """A fact is about to be told to whoever follows."""
        ...

    def handed(self, position: int) -> None:
        """A group of those who follow has been handed it."""
        ...


on: Measures | None = None


def within(step: Step, work: Coroutine[Any, Any, T], **said: Unpack[Said]) -> Coroutine[Any, Any, T]:
    """The work, as a step that is timed and traced; where nothing is measured, the work itself."""
    return work if on is None else on.within(step, work, said)

"""What the live side needs of the rest: where events come from, who sees them, and what a message says.

A *topic* is what a subscription is about (a meeting, a case, an agency's inbox). A *viewer class* is all that an answer
may depend on besides the event: subscribers of one class are answered with the same bytes, so it must be as narrow as
the policy is, and hashable.
"""

from collections.abc import AsyncIterator, Collection, Hashable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from msgspec import Struct

from catch.live.frames import Payload
from catch.personal.looks import Look

V = TypeVar("V", bound=Hashable)
V_co = TypeVar("V_co", bound=Hashable, covariant=True)
V_contra = TypeVar("V_contra", bound=Hashable, contravariant=True)


class Event(Protocol):
    """Something recorded. `catch.domain.facts.Recorded` is one."""

    @property
    def position(self) -> int: ...


E = TypeVar("E", bound=Event)


class Seen(Enum):
    """What a viewer class learns of an event: all of it, that something happened, or nothing."""

    SHOWN = "shown"
    HIDDEN = "hidden"
    UNTOLD = "untold"


class Ended(Struct, frozen=True):
    """The viewer has no right to the topic any more. The reason is told to them."""

    reason: str


class Opening(Struct, frozen=True):
    """What a subscription turned out to be about, and as whom."""

    topic: Hashable
    viewer_class: Hashable


class Shown(NamedTuple, Generic[V_co]):
    """Somebody is shown this for the first time by their subscription."""

    viewer: V_co
    subscription: UUID
    looks: frozenset[Look]


class NotYet(Exception):
    """What is asked for cannot be read at the moment. The subscriber waits and reads on."""


class TooFar(Exception):
    """More would have to be read than is sensible: the subscriber is told to resynchronise."""


class Source(Protocol[V_contra, E]):
    """Behind one subscription field.

    An event must be readable with `replay`, and its effects on rights and state visible to every method here, before
    it is published to the feed; `head` must have reached it. Any method may raise: the subscribers concerned are then
    told to resynchronise.
    """

    async def open(self, viewer: V_contra, arguments: Mapping[str, object]) -> Opening:
        """Who asks for what; raise `Refused` where there is nothing for them. Arguments have their GraphQL names."""
        ...

    async def classify(self, viewer: V_contra, topic: Hashable) -> Hashable | Ended:
        """The viewer's class as rights are now."""
        ...

    def topics(self, event: E, followed: Collection[Hashable]) -> Iterable[Hashable]:
        """The topics that the event concerns, of the followed ones or of all."""
        ...

    def rights(self, event: E, followed: Collection[Hashable]) -> Collection[Hashable]:
        """Of the followed topics, those in which somebody may have another class from this event on, or be shown more
        or less of what was there before. Too many cost time; one too few is a leak."""
        ...

    async def view(self, topic: Hashable, viewer_class: Hashable) -> Hashable:
        """What those of a class are shown as of now, as far as rights decide it: where it is another than it was, they
        are handed the present state, though nothing of theirs was recorded. What they may not know of must make no
        difference to it."""
        ...

    def runs_out(self, topic: Hashable, since: datetime, now: datetime) -> bool:
        """True where somebody's class, or what it is shown, may have changed between the two by the clock alone."""
        ...

    async def published(self) -> None:
        """Returns once every event that was read by these methods so far has been published to the feed.

        State may be read that is newer than what the feed has heard, and the event that ended a right may be among what
        it has not.
        """
        ...

    async def head(self) -> int:
        """The last position that can be read."""
        ...

    async def lost(self, position: int) -> bool:
        """Whether the log was restored to a moment before this position: what was recorded there is not to be had."""
        ...

    def replay(self, topic: Hashable, after: int, upto: int) -> AsyncIterator[E]:
        """The topic's events with after < position <= upto, in order. May raise `NotYet` or `TooFar`."""
        ...

    async def sees(self, topic: Hashable, viewer_class: Hashable, event: E) -> Seen | Ended:
        """Asked before each delivery, live or replayed, with rights as they are now."""
        ...

    async def message(self, topic: Hashable, viewer_class: Hashable, event: E) -> object:
        """What the subscription's field resolves to for this event. Made once per group of subscribers."""
        ...

    async def present(self, topic: Hashable, viewer_class: Hashable) -> tuple[int, object]:
        """The present state as a first message, and the position it stands at."""
        ...

    def context(self, topic: Hashable, viewer_class: Hashable) -> object:
        """`info.context` while a message is executed."""
        ...


class Recording(Protocol[V_contra]):
    """Keeps who is shown what."""

    async def shown(self, to: Sequence[Shown[V_contra]], position: int) -> None:
        """Returns once it is kept that these are shown what they were not before, by a message of this position. May
        raise: then nobody is handed it."""
        ...

    def left(self, subscription: UUID, position: int) -> None:
        """Nothing more is shown by it; this was the last position that it came to."""
        ...


class Notices(Protocol):
    """The messages that are the same for every subscription, as the schema's own types."""

    def hidden(self, position: int) -> object: ...
    def resync(self, position: int, reason: str) -> object: ...
    def ended(self, position: int, reason: str) -> object: ...


class Subscription(Protocol):
    """A subscription that was checked: `key` is the same where document and variables are."""

    @property
    def field(self) -> str: ...
    @property
    def arguments(self) -> Mapping[str, object]: ...
    @property
    def key(self) -> bytes: ...
    async def payload(self, root: object, context: object) -> bytes: ...


class Outlet(Protocol):
    """Where one subscriber's messages go."""

    def offer(self, position: int, payload: Payload) -> bool:
        """False where there is no room for it."""
        ...

    def note(self, position: int, payload: Payload) -> bool:
        """The same for a message that is no event, at a position up to which everything was passed on before."""
        ...

    async def room(self) -> None: ...
    def cut(self) -> int | None:
        """Take back what was not sent yet: from which position on it is read again; None where nothing waited."""
        ...

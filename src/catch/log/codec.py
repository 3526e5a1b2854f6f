"""Between a stored row and a recorded fact: UTF-8 JSON, one decoder for every event name."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import msgspec
from msgspec.structs import replace

from catch.domain.facts import Envelope, Fact, Recorded
from catch.domain.streams import EVENTS
from catch.log.entries import FutureSchema, Stored, Undecodable, UnknownEvent, Unreadable
from catch.log.upcasting import UPCASTERS, Payload, Upcasters, upcast

_encoder = msgspec.json.Encoder(order="deterministic")
BROKEN = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises of bytes that are not what they should be."""


class _Document(msgspec.Struct):
    """An envelope as far as every schema number has it."""

    event: Payload
    schema: int = 1


_document = msgspec.json.Decoder(_Document)


class Codec:
    """Reads and writes these events; what was stored under a former schema number goes through its upcasters."""

    def __init__(self, events: Mapping[str, type[Fact]], upcasters: Upcasters) -> None:
        self.events = events
        self.upcasters = upcasters
        self._readers = {
            name: (msgspec.json.Decoder(Envelope[event]).decode, event.SCHEMA) for name, event in events.items()
        }

    @property
    def forms(self) -> int:
        """How many forms of facts it reads. Stored facts live for ever, so that a later release reads more."""
        return sum(event.SCHEMA for event in self.events.values())

    def encode(self, envelope: Envelope[Fact]) -> bytes:
        number = type(envelope.event).SCHEMA
        return _encoder.encode(envelope if envelope.schema == number else replace(envelope, schema=number))

    def decode(self, stored: Stored) -> Recorded[Any]:
        """Raises an `Unreadable`: `UnknownEvent`, `FutureSchema` or `Undecodable`."""
        reader = self._readers.get(stored.topic)
        if reader is None:
            raise UnknownEvent(event=stored.topic, position=stored.position)
        read, present = reader
        try:
            envelope: Envelope[Any] = read(stored.state)
            if envelope.schema != present:
                envelope = self._of_another_number(stored, present)
        # A former form need not even decode as the present one. The number is read apart only now: nearly every fact is
        # of the present one and is then decoded once.
        except BROKEN:
            envelope = self._of_another_number(stored, present)
        return Recorded(stored.position, stored.stream, stored.version, stored.topic, stored.recorded_at, envelope)

    def _of_another_number(self, stored: Stored, present: int) -> Envelope[Any]:
        """What was not stored as the present number has it."""
        read, _ = self._readers[stored.topic]
        try:
            return read(self._brought_up(stored, present))
        except BROKEN as error:
            raise Undecodable(event=stored.topic, position=stored.position) from error

    def _brought_up(self, stored: Stored, present: int) -> bytes:
        """The stored bytes as the present number would have them."""
        number = _document.decode(stored.state).schema
        if number > present:
            raise FutureSchema(event=stored.topic, schema=number, known=present, position=stored.position)
        # Of the present number and yet not readable: it is damaged.
        if not 0 < number < present:
            raise Undecodable(event=stored.topic, position=stored.position)
        whole: Payload = msgspec.json.decode(stored.state)
        try:
            payload = upcast(self.upcasters, stored.topic, whole["event"], number, present)
        # An upcaster may raise anything of a payload that it did not expect: whoever reads must be told of which fact.
        except Exception as error:
            raise Undecodable(event=stored.topic, position=stored.position) from error
        return _encoder.encode(whole | {"event": payload, "schema": present})


CODEC = Codec(EVENTS, UPCASTERS)
"""This release's."""
encode = CODEC.encode
decode = CODEC.decode


def readable(page: Iterable[Stored]) -> Iterator[Recorded[Any]]:
    """The facts of a page, without those that this release cannot read: of these whoever follows was told nothing
    either when they were recorded, and whoever asks for their stream is refused by name."""
    for stored in page:
        with suppress(Unreadable):
            yield decode(stored)

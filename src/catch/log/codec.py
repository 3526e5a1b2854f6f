"""Between a stored row and a recorded fact: UTF-8 JSON, one decoder for every event name."""

from typing import Any

import msgspec

from catch.domain.facts import Envelope, Fact, Recorded
from catch.domain.streams import EVENTS
from catch.log.entries import Stored

_encoder = msgspec.json.Encoder(order="deterministic")
_decoders: dict[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(Envelope[event]) for name, event in EVENTS.items()
}


class UnknownEvent(Exception):
    """The log holds an event that this release does not know. Run a newer release."""


def encode(envelope: Envelope[Fact]) -> bytes:
    return _encoder.encode(envelope)


def decode(stored: Stored) -> Recorded[Any]:
    decoder = _decoders.get(stored.topic)
    if decoder is None:
        raise UnknownEvent(stored.topic)
    envelope = decoder.decode(stored.state)
    return Recorded(stored.position, stored.stream, stored.version, stored.topic, stored.recorded_at, envelope)

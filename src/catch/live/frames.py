"""The messages of graphql-transport-ws as websocket frames, ready to be written to a socket.

A payload is encoded once for a whole group, and framed once for all in the group who chose the same operation id, as
most clients do.
"""

from functools import lru_cache

import msgspec
from graphql import GraphQLFormattedError

from catch.domain.refusals import NotAnswered
from catch.personal.looks import Look

NOBODY = frozenset[Look]()
SHORT, MEDIUM = 126, 65_536
PING = b"\x89\x00"
"""A ping frame without a payload: websocket's own, which every client answers by itself."""


def text_frame(text: bytes) -> bytes:
    """One unfragmented text message as a server sends it (RFC 6455, 5.2): unmasked, uncompressed."""
    length = len(text)
    if length < SHORT:
        return b"\x81%c%b" % (length, text)
    if length < MEDIUM:
        return b"\x81\x7e%b%b" % (length.to_bytes(2, "big"), text)
    return b"\x81\x7f%b%b" % (length.to_bytes(8, "big"), text)


def text_of(frame: bytes) -> str:
    """The message inside a frame of `text_frame`."""
    return frame[{126: 4, 127: 10}.get(frame[1], 2) :].decode()


LARGEST = 2**20 - 4096
"""Bytes of a payload. Stock clients read messages of up to 1 MiB and hang up on others; the rest is for the id."""


class MessageTooLarge(NotAnswered):
    """No message over a websocket is larger than 1 MiB, and this one would be. Ask for fewer fields or for fewer
    entries at once, or ask over HTTP."""


class Payload(bytes):
    """The payload of a `next` message, with the frame that it was last put into, and whom it tells something of.
    `state`: it tells how things stand."""

    head = b""
    frame = b""
    looks: frozenset[Look] = NOBODY
    state = False

    @classmethod
    def of(cls, written: bytes) -> "Payload":
        """Raises `MessageTooLarge`: a message that no client takes must not close its connection."""
        if len(written) > LARGEST:
            raise MessageTooLarge(bytes=len(written), most=LARGEST)
        return cls(written)

    # Only the last frame is remembered: clients of one kind choose the same id, and random ids would only fill memory.
    def framed(self, head: bytes) -> bytes:
        if head != self.head:
            self.head, self.frame = head, text_frame(b"%b%b}" % (head, self))
        return self.frame


@lru_cache(maxsize=4096)
def head(operation: str) -> bytes:
    """What stands before the payload of this operation's `next` messages; a closing brace follows it."""
    return b'{"id":%b,"type":"next","payload":' % msgspec.json.encode(operation)


def pong(payload: object) -> bytes:
    return text_frame(
        msgspec.json.encode({"type": "pong"} if payload is None else {"type": "pong", "payload": payload})
    )


def error(operation: str, errors: list[GraphQLFormattedError]) -> bytes:
    return text_frame(msgspec.json.encode({"id": operation, "type": "error", "payload": errors}))


def complete(operation: str) -> bytes:
    return text_frame(msgspec.json.encode({"id": operation, "type": "complete"}))


ACK = text_frame(b'{"type":"connection_ack"}')

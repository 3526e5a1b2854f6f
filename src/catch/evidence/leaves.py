"""What a leaf of the tree says of a fact: everything that is stored of it, personal text sealed as it is.

Every field has a fixed length or says its own, and what is stored comes last, so that no two facts have one encoding.
"""

import struct
from datetime import datetime, timedelta, timezone
from uuid import UUID

from catch.evidence.tree import leaf_hash

FORM = b"catch fact 1\n"
"""Of another form another beginning, should there ever be one."""
HEAD = struct.Struct(">q16sqqI")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 - read beside the README's pseudocode
MICROSECOND = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Since 1970, in UTC; whole, as the database has it."""
    return (moment - EPOCH) // MICROSECOND


def moment(since: int) -> datetime:
    return EPOCH + since * MICROSECOND


def encoded(position: int, stream: UUID, version: int, topic: str, state: bytes, recorded: int) -> bytes:
    """`recorded` in microseconds. Raises `struct.error` for numbers that no column can hold."""
    name = topic.encode()
    return FORM + HEAD.pack(position, stream.bytes, version, recorded, len(name)) + name + state


def hash_of(position: int, stream: UUID, version: int, topic: str, state: bytes, recorded_at: datetime) -> bytes:
    """The fields of a stored event, in their order."""
    return leaf_hash(encoded(position, stream, version, topic, state, microseconds(recorded_at)))

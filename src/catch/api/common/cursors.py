"""Cursors: where a page ended, as an opaque text that survives a round trip."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from catch.domain.refusals import NotAnswered, OutOfRange

T = TypeVar("T")

MOST = 200
"""Entries on one page."""


class UnknownCursor(NotAnswered):
    """This cursor was not given out by this list. Start again without one."""


def page_size(first: int) -> int:
    if not 1 <= first <= MOST:
        raise OutOfRange(field="first", allowed=f"1 to {MOST}")
    return first


def cursor(moment: datetime | date, id_: UUID) -> str:
    return urlsafe_b64encode(msgspec.json.encode((moment, id_))).decode().rstrip("=")


def key_cursor(key: str) -> str:
    return urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def key_in(text: str | None) -> str | None:
    return None if text is None else _read(text, str)


def instant_in(text: str | None) -> tuple[datetime, UUID] | None:
    return None if text is None else _read(text, tuple[datetime, UUID])


def day_in(text: str | None) -> tuple[date, UUID] | None:
    return None if text is None else _read(text, tuple[date, UUID])


def placed_cursor(order: str, key: str | int | date, id_: UUID) -> str:
    """In an order of its own, which it names: no other order reads it."""
    return urlsafe_b64encode(msgspec.json.encode((order, key, id_))).decode().rstrip("=")


def placed_in(text: str | None, order: str, kind: type[T]) -> tuple[T, UUID] | None:
    if text is None:
        return None
    said, key, id_ = _read(text, tuple[str, kind, UUID])
    if said != order:
        raise UnknownCursor(field="after")
    return key, id_


def _read(text: str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
    except (ValueError, msgspec.MsgspecError):
        raise UnknownCursor(field="after") from None

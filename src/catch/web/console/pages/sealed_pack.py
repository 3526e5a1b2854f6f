"""The agenda pack, sealed into one file for whoever runs the meeting, to open when the system is down."""

import asyncio
from datetime import UTC, datetime
from hashlib import sha256
from typing import cast

import msgspec
from msgspec import Struct

from catch.domain.calendar import LONDON
from catch.web.console import room, sealing
from catch.web.console.rendering import moment
from catch.web.console.visit import Json, Page, Visit

COOKIE = "-packs"
REMEMBERED = 5
"""Of so many meetings a browser remembers that their pack was fetched."""
PASSING = frozenset({"state", "openedAt", "closedAt"})
"""What a meeting changes by being held: a pack is not out of date by it."""
_SEALING = asyncio.Semaphore(1)


class Fetched(Struct, frozen=True):
    """`said` stands for all that the pack said; `at` is in seconds since 1970."""

    user: str
    meeting: str
    said: str
    at: float


class Packs(Struct, frozen=True):
    fetched: tuple[Fetched, ...] = ()


def keeps(meeting: Json, offered: list[str]) -> bool:
    """Whoever prepares a meeting or chairs it keeps its pack, from its publication to its end."""
    return "draftAgenda" in offered and meeting["state"] in room.LIVE


def kept(visit: Visit, meeting: Json) -> Json | None:
    """When this browser fetched the pack for whoever looks, and whether it says the same now."""
    found = next((each for each in packs(visit) if each.meeting == meeting["id"]), None)
    if found is None:
        return None
    return {"at": datetime.fromtimestamp(found.at, UTC), "same": found.said == said(meeting)}


def packs(visit: Visit) -> list[Fetched]:
    assert visit.session is not None
    held = visit.remembered(COOKIE, Packs) or Packs()
    return [each for each in held.fetched if each.user == visit.session.viewer.user]


def said(meeting: Json) -> str:
    return sha256(msgspec.json.encode(lasting(meeting), order="deterministic")).hexdigest()[:16]


def lasting(held: object) -> object:
    if isinstance(held, dict):
        return {name: lasting(each) for name, each in cast("Json", held).items() if name not in PASSING}
    return [lasting(each) for each in cast("list[object]", held)] if isinstance(held, list) else held


async def sealed(visit: Visit, meeting: Json, inside: str, passphrase: str) -> Page:
    """The file, as a download; this browser remembers what it said, and nothing of the passphrase."""
    assert visit.session is not None
    day = datetime.fromisoformat(meeting["startsAt"]).astimezone(LONDON).date()
    title = f"Meeting pack, {moment(day.isoformat())}, sealed"
    async with _SEALING:
        body = await asyncio.to_thread(sealing.sealed, title, inside, passphrase)
    before = [each for each in packs(visit) if each.meeting != meeting["id"]][: REMEMBERED - 1]
    now = Fetched(visit.session.viewer.user, meeting["id"], said(meeting), visit.console.cookies.clock())
    cookie = visit.to_remember(COOKIE, Packs((now, *before)))
    name = f'attachment; filename="meeting-pack-{day.isoformat()}-sealed.html"'
    return Page(body, headers={"content-disposition": name}, lasting={COOKIE: cookie})

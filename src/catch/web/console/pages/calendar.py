"""The meetings of a series as a calendar (RFC 5545): when they are and how people take part, nothing of what they are
about.

A calendar program cannot sign in, so the address itself says who asks: it is sealed under a key of the place and names
a user, their agency and a series. What it answers is asked for as that user, with the rights that they have then: with
their enrolment it ends, and when they renew it; one that was made up is answered as one that has ended.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from catch.access import NotEnrolled
from catch.domain.calendar import london_day
from catch.identity.cookies import Session
from catch.identity.tokens import Viewer
from catch.rates import Rates, identity
from catch.web.console.site import Address
from catch.web.console.visit import Json, NotShown, Page, Reply, Visit, nothing_here

BACK = timedelta(days=90)
A_MOMENT = 60.0
"""Seconds for which one request acts as whom its address names."""
ASKED = Rates(1, 60)
"""How often somebody's calendars are asked for. Apart from what they ask themselves: whoever has such an address, as
calendar programs do, must not keep them from their pages by it.
"""
MEDIA = "text/calendar"
MODES = {"IN_PERSON": "In person", "REMOTE": "Remote", "HYBRID": "In person and remote"}
LONGEST_LINE = 75
"""Octets; a longer line is folded."""
PAGES = 10


@lru_cache(maxsize=4)
def cipher(secret: bytes) -> AESSIV:
    """The same address for the same user, whenever it is shown: nothing is kept of it."""
    return AESSIV(secret)


def sealer(visit: Visit) -> AESSIV:
    return cipher(visit.console.web.catch.keyring.secret("calendar feed"))


async def feed_of(visit: Visit, series: str) -> str:
    """Where whoever looks finds the series for their calendar."""
    assert visit.session is not None
    viewer = visit.session.viewer
    renewed = await renewals(visit)
    # What was never renewed is named without a number, as all addresses once were.
    named = [viewer.user, viewer.agency, viewer.issuer, viewer.subject, series, *([renewed] if renewed else [])]
    sealed = sealer(visit).encrypt(json.dumps(named).encode(), None)
    return f"{visit.origin}/calendar/{urlsafe_b64encode(sealed).decode().rstrip('=')}.ics"


async def renewals(visit: Visit) -> int:
    """How often they have ended their addresses."""
    return (await visit.ask("calendars", atLeast=visit.at_least))["viewer"]["calendars"]


def named(visit: Visit) -> tuple[Viewer, str, int]:
    """Whom the address means, which series, and after how many renewals it was made. Raises `NotShown`."""
    text = visit.path["address"].removesuffix(".ics")
    try:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        user, agency, issuer, subject, series, *renewed = json.loads(sealer(visit).decrypt(sealed, None))
    except (InvalidTag, ValueError):
        raise nothing_here() from None
    ends = visit.console.cookies.clock() + A_MOMENT
    return Viewer(user, agency, None, ends, issuer=issuer, subject=subject), series, sum(renewed)


async def feed(visit: Visit) -> Reply:
    viewer, series, renewed = named(visit)
    console = visit.console
    if ASKED.wait(identity(viewer)):
        raise NotShown(429, "TOO_MANY_REQUESTS", "This calendar is asked for too often. Ask for it once an hour.")
    try:
        await console.web.rights.who(viewer.asker)
    except NotEnrolled:
        raise nothing_here() from None
    now = console.now()
    as_them = Visit(console, Session(viewer, console.cookies.clock()), visit.address, {}, {})
    if await renewals(as_them) != renewed:
        raise nothing_here()
    meetings = [each async for each in every(as_them, series, now)]
    return Page(calendar(meetings, now), media=MEDIA, headers={"cache-control": "private, max-age=900"})


async def every(visit: Visit, series: str, now: datetime):
    after: str | None = None
    for _ in range(PAGES):
        found = await visit.maybe(
            "calendar", **{"series": series, "from": london_day(now - BACK), "first": 100, "after": after}
        )
        if not found:
            return
        for edge in found["meetings"]["edges"]:
            yield edge["node"]
        page = found["meetings"]["pageInfo"]
        if not page["hasNextPage"]:
            return
        after = page["endCursor"]


def calendar(meetings: Iterable[Json], now: datetime) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//CATCH//Meetings//EN", "CALSCALE:GREGORIAN"]
    for meeting in meetings:
        lines += event(meeting, now)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in folded(line))


def event(meeting: Json, now: datetime) -> list[str]:
    """`SEQUENCE` grows with every change that a calendar has to show; `DTSTAMP` is when the last of them was made."""
    starts = datetime.fromisoformat(meeting["startsAt"])
    course = meeting["course"]
    cancelled = meeting["state"] == "CANCELLED"
    changed = [each["at"] for each in course["moves"]]
    changed += [course["cancellation"]["at"]] if course["cancellation"] else []
    stamp = max(map(datetime.fromisoformat, changed), default=now)
    return [
        "BEGIN:VEVENT",
        f"UID:{meeting['id']}@catch",
        f"DTSTAMP:{utc(stamp)}",
        f"DTSTART:{utc(starts)}",
        f"DTEND:{utc(starts + timedelta(minutes=meeting['durationMinutes']))}",
        f"SEQUENCE:{len(changed)}",
        "SUMMARY:Meeting",
        f"LOCATION:{escaped(MODES[meeting['mode']])}",
        f"STATUS:{'CANCELLED' if cancelled else 'CONFIRMED'}",
        "CLASS:PRIVATE",
        "END:VEVENT",
    ]


def utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def escaped(text: str) -> str:
    """A value of the type TEXT."""
    for plain, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\r\n", "\\n"), ("\n", "\\n"), ("\r", "\\n")):
        text = text.replace(plain, written)
    return text


def folded(line: str) -> Iterator[str]:
    """A line in parts of at most 75 octets, each but the first begun with a space; no character is cut in two."""
    part, size, first = "", 0, True
    for character in line:
        width = len(character.encode())
        if size + width > LONGEST_LINE - (0 if first else 1):
            yield part if first else f" {part}"
            part, size, first = "", 0, False
        part, size = part + character, size + width
    yield part if first else f" {part}"


ADDRESSES = (Address("/calendar/{address:str}", feed, closed=False),)

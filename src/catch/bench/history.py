"""A log of any length, quickly: the facts of one invented year, repeated with fresh ids year upon year.

The year comes out of the deciders as in the demonstration, so that topics, sizes and the order of a place's facts are
those of real use. A copy has other ids and other years and is otherwise the same, byte for byte; it is put into the
table by COPY. Copies follow one another as years do. What stays sealed under the first year's ids is never opened.
"""

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from catch.app import opened
from catch.database import connect
from catch.database.server import Server, ephemeral
from catch.demo.year import load_year
from catch.log import Stored
from catch.settings import Settings

TODAY = date(2025, 12, 1)
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
SPAN = 40
"""Years that copies go back; the copy after the fortieth begins anew, as another place's."""
COLUMNS = ("originator_id", "originator_version", "topic", "state", "recorded_at")
CHANGING = re.compile(
    rb'(?<=")[0-9a-f]{8}(?=-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")|(?<=")20\d\d(?=-\d\d-\d\d)'
)
# Odd, so that different copies have different masks, and far apart in their bits.
KNUTH = 2654435761

Progress = Callable[[int, int, str], None]
Row = tuple[UUID, int, str, bytes, datetime]


class Mould(NamedTuple):
    """One fact of the year: its text with places for what differs from copy to copy."""

    stream: UUID
    version: int
    topic: str
    text: bytes
    places: Callable[[Sequence[bytes]], tuple[bytes, ...]]


class Year(NamedTuple):
    moulds: list[Mould]
    words: list[bytes]
    """What differs from copy to copy: first parts of ids, and years."""


async def lived(weeks: int, referrals: int, progress: Progress) -> list[Stored]:
    """The facts of some weeks, decided by the program itself, in a place of their own that is gone afterwards."""
    with ephemeral() as server, tempfile.TemporaryDirectory() as folder:
        async with opened(server, Settings(data_dir=Path(folder))) as catch:
            await load_year(catch, TODAY, progress, weeks=weeks, referrals=referrals)
            return await catch.log.page(0, 1_000_000)


def moulded(facts: Iterable[Stored]) -> Year:
    places: dict[bytes, int] = {}
    moulds: list[Mould] = []
    for fact in facts:
        words = CHANGING.findall(fact.state)
        # Written once with places: a copy then costs one formatting, not a search.
        text = CHANGING.sub(b"%s", fact.state.replace(b"%", b"%%"))
        indexes = [places.setdefault(word, len(places)) for word in words]
        moulds.append(Mould(fact.stream, fact.version, fact.topic, text, itemgetter(*indexes)))
    return Year(moulds, list(places))


def repeated(year: Year, events: int, skip: int = 0) -> Iterator[Row]:
    """So many rows, in the order of the log; without the first ones, which are there already."""
    length = len(year.moulds)
    for copy in range(skip // length, -(-events // length)):
        mask = copy * KNUTH & 0xFFFFFFFF
        words = [fresh(word, mask, SPAN - copy % SPAN) for word in year.words]
        before = copy * length
        for place in range(max(skip - before, 0), min(events - before, length)):
            mould = year.moulds[place]
            at = BEGAN + timedelta(seconds=before + place)
            yield moved(mould.stream, mask), mould.version, mould.topic, mould.text % mould.places(words), at


def fresh(word: bytes, mask: int, back: int) -> bytes:
    return b"%d" % (int(word) - back) if len(word) == 4 else b"%08x" % (int(word, 16) ^ mask)


def moved(id_: UUID, mask: int) -> UUID:
    return UUID(int=id_.int ^ (mask << 96))


def a_busy_case(facts: Sequence[Stored], events: int, id_: UUID) -> list[Row]:
    """The case with most facts, under another id and gone on with: what partners do day by day, again and again."""
    streams = [fact.stream for fact in facts if fact.topic in ("NoteAdded", "ActionOffered")]
    case = max(dict.fromkeys(streams), key=streams.count)
    own = [fact for fact in facts if fact.stream == case]
    daily = moulded(fact for fact in own if fact.topic in DAILY)
    rows: list[Row] = [(case, fact.version, fact.topic, fact.state, BEGAN) for fact in own]
    # The case keeps its own id, and the years theirs; only what happens in it is new each time.
    keep = {str(case)[:8].encode(), *(word for word in daily.words if len(word) == 4)}
    turn = 0
    while len(rows) < events:
        turn += 1
        words = [word if word in keep else fresh(word, turn * KNUTH & 0xFFFFFFFF, 0) for word in daily.words]
        rows += [(case, 0, each.topic, each.text % each.places(words), BEGAN) for each in daily.moulds]
    return [
        (id_, version, topic, state, BEGAN + timedelta(hours=version))
        for version, (_, _, topic, state, _) in enumerate(rows[:events], start=1)
    ]


DAILY = ("NoteAdded", "ActionOffered", "ActionAccepted", "ActionProgressed", "ActionCompleted", "GoalSet", "GoalScored")


async def copied(admin: str, rows: Iterable[Row]) -> None:
    """Into the table at once, without the writer: past events for the readers to read."""
    connection = await connect(admin)
    try:
        await connection.copy_records_to_table("stored_events", schema_name="catch", columns=COLUMNS, records=rows)
        # As autovacuum would leave it: a plan made for an empty table would be measured otherwise.
        await connection.execute("vacuum (analyze) catch.stored_events")
    finally:
        await connection.close()


def database(server: Server, name: str) -> Server:
    """The server's other database of this name."""
    return Server(*(address.replace("/postgres?", f"/{name}?") for address in (server.admin, server.app)))

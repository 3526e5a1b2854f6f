"""An operator's command that answers with somebody's facts is among who looked at them, before it has answered."""

import asyncio
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
import rich_click as click
from rich.console import Console

from catch.cli import cli
from catch.cli.audit import exported
from catch.cli.looking import Looking, told_numbers
from catch.cli.replaying import replay
from catch.domain.facts import Category, Sealed
from catch.domain.person import RegisterPerson
from catch.evidence.exporting import Asked
from catch.evidence.reads import ROWS, Kept, Read
from catch.faults import RecordsAway
from catch.log import Stored
from catch.personal.looks import TEXTS
from tests.conftest import Furnished
from tests.lists import brought, somebody, word
from tests.place import Place
from tests.test_cli import commands

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        yield made


SHOW = {
    "audit export": "the facts in the bundle",
    "audit subject-access": "all that is kept of somebody; what else stands in the bundle that proves it",
    "audit who-saw": "who looked at them",
    "import find": "the cases' numbers",
    "import referrals": "who a row may be about, and which case has it already",
    "receipt": "the case's number",
    "replay": "the facts",
    "retention due": "people's ids and cases' numbers",
}
SHOW_NOBODY = {
    **dict.fromkeys(("keys list", "keys retire", "keys rotate"), "tells of keys by their fingerprints, and of no fact"),
    **dict.fromkeys(
        ("audit key", "audit verify", "contracts", "document", "migrate", "restored"), "no facts of a place"
    ),
    **dict.fromkeys(
        ("bench console", "bench live", "bench log", "bench reading", "bench turns"), "measures invented places"
    ),
    **dict.fromkeys(("demo", "scenario list", "scenario run"), "shows invented places"),
    **dict.fromkeys(("enrol", "identity check", "token"), "tells of workers"),
    **dict.fromkeys(
        ("programmes check", "programmes diff", "programmes list", "programmes load"), "tells of programmes"
    ),
    **dict.fromkeys(("programmes schema", "programmes shipped"), "tells of programmes"),
    **dict.fromkeys(("doctor", "parked"), "names what cannot be read or folded by ids, and says nothing of it"),
    **dict.fromkeys(("rebuild", "tidy"), "tells of tables"),
    "case-finding": "has no place: whoever runs it has the cohort",
    "pack open": "has no place: that it was fetched was recorded when it was sealed",
    "report": "counts, and names nobody",
    "serve": "shows nobody anything itself",
    "witness": "has no facts, only their hashes",
}


async def test_whether_a_command_shows_somebody_is_said_of_each():
    """A new command stands in one of these, or this fails."""
    leaves = {" ".join(path) for path, command in commands(cli) if not isinstance(command, click.Group)}
    assert {*SHOW} | {*SHOW_NOBODY} == leaves
    assert {*SHOW}.isdisjoint(SHOW_NOBODY)


async def begun(place: Place) -> int:
    return await place.catch.log.pool.fetchval("select coalesce(max(number), 0) from reads")


async def looks(place: Place, after: int) -> list[Read]:
    rows = [Kept(*row.values()) for row in await place.catch.log.pool.fetch(ROWS, after, 1_000_000)]
    return [row.read for row in rows if row.read.channel == "terminal"]


def shown(reads: list[Read], record: UUID) -> set[str] | None:
    """Of which categories, of a case or of somebody without one; None: nothing."""
    found = [each for read in reads for each in read.seen if record in (each.case, each.person)]
    return {category for each in found for category in each.categories} if found else None


async def test_a_part_of_the_log_leaves_as_a_look_at_each_whose_facts_are_in_it(place: Place, tmp_path: Path):
    before = await place.worked_on("Ada Quillfern")
    first = await place.catch.log.head() + 1
    one, other = await place.worked_on("Bo Quillfern", "housing-1"), await place.referred("Cy Quillfern")
    alone = uuid4()
    await place.take(RegisterPerson(alone, name=Sealed("Di Quillfern")))
    after = await begun(place)
    await exported(place.catch, Asked(part=(first, await place.catch.log.head())), tmp_path / "part.catch")
    reads = await looks(place, after)
    assert {each.operation for each in reads} == {"audit export"}
    for case in (one, other):
        assert shown(reads, case.case) is not None
        assert shown(reads, case.person) is not None
    assert Category.PLAN in (shown(reads, one.case) or ())
    assert shown(reads, alone) == set()
    # Sealed as they are, no text was read; and of others nothing left.
    assert TEXTS not in (shown(reads, one.case) or ())
    assert shown(reads, before.case) is None
    # Each once, however many pages there are.
    seen = [(each.case, category) for read in reads for each in read.seen for category in each.categories]
    assert len(seen) == len({*seen})


async def test_a_meeting_is_a_look_at_the_cases_on_its_agenda(place: Place, tmp_path: Path):
    case = await place.worked_on("Ed Quillfern", "housing-1")
    meeting = (await place.published("housing-1")).meeting
    after = await begun(place)
    await exported(place.catch, Asked((meeting,)), tmp_path / "meeting.catch")
    assert shown(await looks(place, after), case.case) is not None
    after = await begun(place)
    await replay(place.catch, meeting, console=Console(file=StringIO()))
    assert shown(await looks(place, after), case.case) is not None
    after = await begun(place)
    await replay(place.catch, case.person, console=Console(file=StringIO()))
    assert shown(await looks(place, after), case.person) is not None


async def test_texts_in_plain_are_said_to_have_been_read(place: Place, tmp_path: Path):
    case, after = await place.worked_on("Flo Quillfern"), await begun(place)
    await exported(place.catch, Asked((case.case,)), tmp_path / "case.catch", personal=True)
    assert TEXTS in (shown(await looks(place, after), case.case) or ())


async def test_a_fact_that_cannot_be_read_here_is_shown_of_whom_it_stands_with(place: Place):
    case, after = await place.referred("Gil Quillfern"), await begun(place)
    other = await place.referred("Hal Quillfern")
    await place.settled()
    at = place.catch.log.clock.now()
    newer = Stored(1, case.case, 99, "OfANewerRelease", f'{{"event":{{"like":"{other.case}"}}}}'.encode(), at)
    await Looking(place.catch, "audit export").leaves([newer, newer._replace(stream=uuid4())])
    reads = await looks(place, after)
    assert shown(reads, case.case) == shown(reads, other.case) == set()
    assert shown(reads, other.person) == set()


async def test_nothing_leaves_that_is_not_recorded(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    case, path = await place.referred("Ivy Quillfern"), tmp_path / "case.catch"

    async def away(*_: Read) -> None:
        raise RecordsAway

    monkeypatch.setattr(place.catch.reads, "record", away)
    for personal in (True, False):
        with pytest.raises(RecordsAway):
            await exported(place.catch, Asked((case.case,)), path, personal=personal)
    assert await asyncio.to_thread(lambda: [*tmp_path.iterdir()]) == []


async def test_a_number_that_is_told_is_a_look(place: Place):
    case = await place.referred("Jo Quillfern")
    await place.settled()
    after = await begun(place)
    (row,) = await told_numbers(place.catch, [case.case], "import find")
    assert row.person == case.person
    assert shown(await looks(place, after), case.case) == set()


async def test_whom_a_row_may_be_about_is_looked_at_by_whoever_brings_the_list(place: Place, tmp_path: Path):
    row = somebody()
    opened = await brought(place.catch, tmp_path, row)
    (case,) = [each.case for each in opened.kept]
    await place.settled()
    after = await begun(place)
    again = await brought(place.catch, tmp_path, row | {"reference": word(), "date of birth": ""})
    assert row["last name"] in again.waiting[0].beside
    assert TEXTS in (shown(await looks(place, after), case) or ())
    after = await begun(place)
    # Which case has it already is told by its number.
    changed = await brought(place.catch, tmp_path, row | {"reason for referral": "Another reason"})
    assert changed.amendments == 1
    assert shown(await looks(place, after), case) == set()

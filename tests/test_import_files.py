"""From a team's file to the log: whatever state the file is in, each row is told once, and what is recorded of it is
its own. What cannot be reported is not begun.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from catch.domain.streams import CASE, PERSON
from catch.importing.columns import FileUnusable
from catch.importing.outcomes import Report
from catch.importing.referral_file import read
from catch.importing.referrals import import_referrals
from catch.personal import sealed_in
from tests.conftest import Furnished
from tests.lists import COLUMNS, Row, somebody, word
from tests.place import Place
from tests.workbooks import workbook

pytestmark = pytest.mark.asyncio(loop_scope="module")

RUNS = 12


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def house(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as place:
        yield place


def referred(random: Random) -> tuple[str, Row]:
    """Somebody, and the word that stands in every text of theirs and in nobody else's."""
    own = word()
    return own, somebody(
        reference=own,
        received=f"{random.randint(1, 28):02}/02/2026",
        first_name=own,
        last_name=f"{own}-Example",
        address=random.choice((f"1 {own} Lane", f"Flat 2, 1 {own} Lane\nTown")),
        reason_for_referral=random.choice((f"{own} is cold", f'{own}, "cold",\nand tired')),
        safe_to_contact="yes",
        how_to_contact=f"write to {own}",
        referrer_organisation=random.choice(("", f"{own}, and others")),
    )


def line(random: Random, row: Row) -> str:
    cells = [row.get(name, "") for name in COLUMNS]
    quote = random.random() < 0.5
    return ",".join('"{}"'.format(cell.replace('"', '""')) if quote or {*cell} & {*'",\n'} else cell for cell in cells)


def hurt(random: Random, text: str) -> str:
    """Most harm is done where a cell begins or ends."""
    ends = [at for at, sign in enumerate(text) if sign == ","]
    at = random.choice([*ends, *(end + 1 for end in ends)])
    sign = random.choice(('"', '"', '"', "\0", "\ufffd", "\n", ","))
    return text[:at] + sign + text[at:]


def ugly(random: Random, rows: Sequence[Row]) -> bytes:
    lines = [line(random, row) for row in rows]
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(lines))
        lines[at] = hurt(random, lines[at])
    title = random.choice(("", "Referrals\n", "sep=,\n"))
    content = "\n".join([title + ",".join(COLUMNS), *lines, ""]).encode(random.choice(("utf-8-sig", "utf-16")))
    return content.replace(b"cold", b"c\xe9ld", random.randint(0, 1))


async def texts(house: Place, case: UUID) -> list[str]:
    """All that was recorded of one row, in plain."""
    held: Any = (await house.catch.present.states.get(CASE, case)).state
    person: Any = (await house.catch.present.states.get(PERSON, held.person)).state
    return [str(each) for each in await house.catch.keyring.unseal(sealed_in(*held.referrals, person.registered))]


async def registered(house: Place) -> int:
    return await house.catch.log.pool.fetchval("select count(*) from stored_events where topic = 'PersonRegistered'")


def lines_of(report: Report) -> list[int]:
    kept, waiting = [each.line for each in report.kept], [each.line for each in report.waiting]
    return sorted([*kept, *waiting, *{each.line for each in report.wrong}])


@pytest.mark.parametrize("run", range(RUNS))
async def test_whatever_is_in_a_file_each_row_is_told_once_and_its_own(house: Place, tmp_path: Path, run: int):
    random = Random(run)
    rows = dict(referred(random) for _ in range(random.randint(3, 7)))
    path = tmp_path / "list.csv"
    path.write_bytes(ugly(random, [*rows.values()]))
    before = await registered(house)
    report = await import_referrals(house.catch, path)
    assert lines_of(report) == [record.line for record in read(path).rows]
    assert await registered(house) == before + report.count("opened") == before + len(report.kept)
    for kept in report.kept:
        recorded = " ".join(await texts(house, kept.case))
        assert [own for own in rows if own in recorded] == [kept.reference]


async def test_a_workbook_goes_in_as_its_list_does(house: Place, tmp_path: Path):
    rows = dict(referred(Random(3)) for _ in range(3))
    path = tmp_path / "list.xlsx"
    cells = [[row.get(name, "") for name in COLUMNS] for row in rows.values()]
    path.write_bytes(workbook({"Referrals": [COLUMNS, *cells]}))
    report = await import_referrals(house.catch, path)
    assert [(kept.line, kept.how, kept.reference) for kept in report.kept] == [
        (at, "opened", own) for at, own in enumerate(rows, start=2)
    ]
    assert f"{next(iter(rows))}-Example" in " ".join(await texts(house, report.kept[0].case))


async def test_where_rejected_rows_cannot_be_written_nothing_is_imported(house: Place, tmp_path: Path):
    random = Random(4)
    path = tmp_path / "list.csv"
    path.write_text("\n".join([",".join(COLUMNS), line(random, referred(random)[1]), ""]))
    head = await house.catch.log.head()
    with pytest.raises(FileUnusable, match="nothing was imported"):
        await import_referrals(house.catch, path, rejected_to=tmp_path / "nowhere")
    assert await house.catch.log.head() == head
    assert (await import_referrals(house.catch, path, rejected_to=tmp_path)).count("opened") == 1


async def test_the_first_file_again_leaves_the_corrections_as_they_are(house: Place, tmp_path: Path):
    random = Random(5)
    path = tmp_path / "list.csv"
    good, bad = (referred(random)[1] for _ in range(2))
    path.write_text("\n".join([",".join(COLUMNS), line(random, good), line(random, bad | {"source": "the-moon"}), ""]))
    first = (await import_referrals(house.catch, path)).rejected_file
    assert first is not None
    first.write_text(first.read_text("utf-8").replace("the-moon", "self"), "utf-8")
    corrected = first.read_bytes()
    again = await import_referrals(house.catch, path)
    assert (again.rejected_file, first.read_bytes()) == (tmp_path / "list.rejected-2.csv", corrected)
    assert (await import_referrals(house.catch, first)).count("opened") == 1

"""`catch import referrals`: a team's list becomes referrals, each row on its own, and never twice.

Read `referral_file` (how a row is read), `people` (whom it is about: two identifiers must agree, and where that is
unclear the row waits for somebody to decide), `contents` (what a reference stands for), `keeping` (what becomes of it)
and `outcomes`. A further referral of somebody whose case is open is attached to that case.
"""

import asyncio
import csv
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from catch.app import Catch
from catch.domain.refusals import UnknownProgramme
from catch.domain.streams import PROGRAMME, programme_stream
from catch.importing.keeping import ANOTHER, Importing
from catch.importing.outcomes import Kept, NotKept, Outcome, Report, Waiting
from catch.importing.referral_file import ReferralFile, ReferralRow, Wrong, read, row_of, slug, written_out
from projections import agencies

DECISION = "decision"
"""The column in which somebody says whom a row that waited is about."""
Progress = Callable[[int, int], None]
"""Told how many rows are done, and how many there are."""


async def import_referrals(
    catch: Catch, path: Path, *, programme: str = "snn-catch", progress: Progress | None = None
) -> Report:
    """Raises FileUnusable, UnknownProgramme, or `Unavailable` when the database goes away: run it again then."""
    file = await asyncio.to_thread(read, path)
    if (await catch.present.states.get(PROGRAMME, programme_stream(programme))).state is None:
        raise UnknownProgramme(programme=programme)
    importing = Importing(catch, programme, await partner_keys(catch))
    rows, again, wrong = sorted_out(file, datetime.now(UTC))
    done = len(file.rows) - len(rows)

    def tick() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, len(file.rows))

    outcomes = await importing.all(rows, tick)
    outcomes += [repeated(row, first, outcomes) for row, first in again]
    not_kept = [each for each in outcomes if isinstance(each, NotKept)]
    wrong = sorted([*wrong, *(one for each in not_kept for one in each.wrong)], key=lambda one: one.line)
    waiting = sorted((each for each in outcomes if isinstance(each, Waiting)), key=lambda each: each.line)
    rejected = await asyncio.to_thread(write_rejected, path, file, wrong, waiting) if wrong or waiting else None
    return Report(
        file.encoding,
        file.delimiter,
        kept=sorted((each for each in outcomes if isinstance(each, Kept)), key=lambda each: each.line),
        waiting=waiting,
        wrong=wrong,
        clashes=sum(each.clashes for each in not_kept),
        amendments=sum(each.amends for each in not_kept),
        rejected_file=rejected,
        strangers=tuple(sorted(importing.strangers)),
    )


Again = tuple[ReferralRow, ReferralRow]
"""A row, and the one before it in the same file that says the same."""


def sorted_out(file: ReferralFile, now: datetime) -> tuple[list[ReferralRow], list[Again], list[Wrong]]:
    rows: dict[str, ReferralRow] = {}
    again: list[Again] = []
    wrong: list[Wrong] = []
    for line, cells in file.rows:
        row = row_of(file, line, cells, now)
        if isinstance(row, list):
            wrong += row
        elif (first := rows.setdefault(row.reference, row)) is row:
            continue
        elif replace(first, line=line) == row:
            again.append((row, first))
        else:
            wrong.append(Wrong(line, "reference", f"is the same as on line {first.line}"))
    return [*rows.values()], again, wrong


def repeated(row: ReferralRow, first: ReferralRow, outcomes: Sequence[Outcome]) -> Outcome:
    """The same again adds nothing to what became of it the first time."""
    held = next((each for each in outcomes if isinstance(each, Kept) and each.line == first.line), None)
    if held is not None:
        return Kept(row.line, "there", held.case, row.reference)
    return NotKept((Wrong(row.line, "reference", f"is the same as on line {first.line}"),))


async def partner_keys(catch: Catch) -> dict[str, str]:
    """Every registered partner's key, by its key and by its name as a code."""
    await catch.records.up_to_date()
    named = await agencies.named(catch.log.pool)
    by_name = {slug(name): key for key, name in reversed(named)}
    return by_name | {key: key for key, _ in named}


def write_rejected(path: Path, file: ReferralFile, wrong: Sequence[Wrong], waiting: Sequence[Waiting]) -> Path:
    """The rows that were not kept as they were, with the reasons behind: correct them there and import that file."""
    reasons: dict[int, list[str]] = defaultdict(list)
    for each in waiting:
        reasons[each.line].append(f"waits: {each.beside}. Under decision write whom it is about, or `{ANOTHER}`")
    for one in wrong:
        reasons[one.line].append(f"{one.column}: {one.reason}" if one.column else one.reason)
    target = path.with_suffix(".rejected.csv")
    ours = {at for at, name in enumerate(file.header) if name.strip() == file.reason_column}
    decision = [DECISION] if waiting and DECISION not in file.place else []
    with target.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out, delimiter=file.delimiter)
        header = [written_out(name) for at, name in enumerate(file.header) if at not in ours]
        writer.writerow([*header, *decision, file.reason_column])
        for line, cells in file.rows:
            if line in reasons:
                held = [*cells, *[""] * (len(file.header) - len(cells))]
                kept = [written_out(cell) for at, cell in enumerate(held) if at not in ours]
                undecided = [""] * len(decision)
                writer.writerow([*kept, *undecided, written_out(" | ".join(reasons[line]))])
    target.chmod(0o600)
    return target

"""`catch import referrals`: a team's list becomes referrals, each row on its own, and never twice.

Read `referral_file` and `rows` (how a list is read), `people` (whom it is about: two identifiers must agree, and where
that is unclear the row waits for somebody to decide), `contents` (what a reference stands for), `asking` and `keeping`
(what becomes of a row) and `outcomes`. A further referral of somebody whose case is open is attached to that case.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from catch.api.common.recording import by_operator
from catch.app import Catch
from catch.domain.matching import one_reference
from catch.domain.refusals import UnknownProgramme
from catch.domain.streams import PROGRAMME, programme_stream
from catch.importing.keeping import Importing
from catch.importing.outcomes import Kept, NotKept, Outcome, Report, Waiting
from catch.importing.referral_file import ReferralFile, read
from catch.importing.rejected import Rejected
from catch.importing.rows import ReferralRow, Wrong, row_of, slug
from catch.log.invented import NOTICE
from projections import agencies

Progress = Callable[[int, int], None]
"""Told how many rows are done, and how many there are."""


async def import_referrals(
    catch: Catch,
    path: Path,
    *,
    programme: str = "snn-catch",
    month_first: bool = False,
    rejected_to: Path | None = None,
    progress: Progress | None = None,
) -> Report:
    """`rejected_to`: the folder for rejected rows, if not the list's own. Raises FileUnusable, UnknownProgramme, or
    `Unavailable` when the database goes away: run it again then.
    """
    file = await asyncio.to_thread(read, path, month_first=month_first)
    if (await catch.present.states.get(PROGRAMME, programme_stream(programme))).state is None:
        raise UnknownProgramme(programme=programme)
    importing = Importing(catch, programme, await partner_keys(catch))
    rows, again, wrong = sorted_out(file, catch.log.clock.now())
    title = NOTICE if await catch.log.mark.invented() else None
    rejected = await asyncio.to_thread(Rejected.begun, file, path, rejected_to, wrong, title)
    done = len(file.rows) - len(rows)

    def tick() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, len(file.rows))

    outcomes = await importing.all(rows, tick)
    outcomes += [repeated(row, first, outcomes) for row, first in again]
    kept = sorted((each for each in outcomes if isinstance(each, Kept)), key=lambda each: each.line)
    not_kept = [each for each in outcomes if isinstance(each, NotKept)]
    wrong = sorted([*wrong, *(one for each in not_kept for one in each.wrong)], key=lambda one: one.line)
    waiting = sorted((each for each in outcomes if isinstance(each, Waiting)), key=lambda each: each.line)
    told = sorted([*wrong, *(each.told for each in waiting)], key=lambda one: one.line)
    # Before it is said whom a row may be about, or which case has it already.
    await by_operator(catch, importing.shown.all(), "import referrals")
    written = await asyncio.to_thread(rejected.ended, told)
    return Report(
        file.encoding,
        file.delimiter,
        kept=kept,
        waiting=waiting,
        wrong=wrong,
        clashes=sum(each.clashes for each in not_kept),
        amendments=sum(each.amends for each in not_kept),
        rejected_file=written,
        strangers=tuple(sorted(importing.strangers & {each.line for each in kept})),
    )


Again = tuple[ReferralRow, ReferralRow]
"""A row, and the one before it in the same file that says the same."""


def sorted_out(file: ReferralFile, now: datetime) -> tuple[list[ReferralRow], list[Again], list[Wrong]]:
    rows: dict[str, ReferralRow] = {}
    again: list[Again] = []
    wrong: list[Wrong] = []
    for record in file.rows:
        row = row_of(file, record, now)
        if isinstance(row, list):
            wrong += row
        elif (first := rows.setdefault(one_reference(row.reference), row)) is row:
            continue
        elif replace(first, line=row.line, reference=row.reference) == row:
            again.append((row, first))
        else:
            wrong.append(Wrong(row.line, "reference", f"is the same as on line {first.line}"))
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
    # Reversed, so that of two with one name the first to be registered is meant.
    by_name = {slug(name): key for key, name in reversed(named)}
    # A key goes before somebody's name that reads like it.
    return by_name | {key: key for key, _ in named}

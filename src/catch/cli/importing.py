"""`catch import`: what teams keep today, brought in."""

import sys
from pathlib import Path

import rich_click as click
from rich.table import Table

from catch.app import Catch
from catch.cli.common import IN_PART, UNUSABLE, bar, complain, console, on_place, tabled
from catch.cli.looking import told_numbers
from catch.cli.options import argument, option
from catch.cli.terminal import marked
from catch.commands.questions import reference_digest
from catch.domain.refusals import UnknownProgramme
from catch.importing.columns import COLUMNS, FileUnusable
from catch.importing.outcomes import Report
from catch.importing.referrals import import_referrals
from projections import references
from projections.case_summary import Row

SHOWN = 25
_COLUMNS = "\n".join(
    f"- **{column.name}**{'' if column.filled else ' (may be empty)'}{f': {column.means}' if column.means else ''}"
    for column in COLUMNS
)


@click.group("import")
def import_() -> None:
    """Bring in what teams keep today."""


@import_.command(
    help=f"""Import a list of referrals, one a row.

FILE is an Excel workbook (.xlsx), or CSV in UTF-8, UTF-16 or Windows-1252 with , ; | or a tab between the cells. One
row has the names of the columns; a title may stand above it. The columns, in any order:

{_COLUMNS}

Good rows are kept. Bad ones are listed with line, column and reason, and written to FILE.rejected.csv beside FILE; if
there is one already, to FILE.rejected-2.csv. Correct them there and import that file. Nothing that a cell says is
printed. A reference stands for what its row says: the same again adds nothing, and what says something else under the
same reference is listed by its columns and changes nothing.

A person whose case is open gets the further referral attached to it. It is the same person where NHS number and date of
birth agree, or name, date of birth and one more. Where less agrees, the row waits: FILE.rejected.csv shows whom it may
be about. Write their number under **decision**, or `new`, and import that file. What stands for nothing (`unknown`,
01/01/1900, 000 000 0000) is nobody's.

Days are read day first: 03/02/2026 is in February. If a column also has a day such as 02/13/2026, the days in it that
can be read in two ways are rejected. 2026-02-03 is always clear.

Exit status: 0 all rows kept, 1 some were rejected or wait, 2 the file cannot be read, or rejected rows could not be
written.

**Examples**

    catch import referrals referrals.xlsx
    catch import referrals referrals.csv --programme bexley-icm
    catch import referrals export.csv --month-first
    catch import referrals /shared/referrals.csv --rejected /home/me
    catch import referrals referrals.rejected.csv
"""
)
@argument("file", type=click.Path(path_type=Path))
@option("--programme", default="snn-catch", show_default=True, help="The programme they are for.")
@option("--month-first", is_flag=True, help="Days were written month first: 02/03/2026 is in February.")
@option("--rejected", type=click.Path(path_type=Path, file_okay=False), help="The folder for rejected rows.")
def referrals(file: Path, programme: str, month_first: bool, rejected: Path | None) -> None:
    async def run(catch: Catch) -> Report:
        with bar() as progress:
            rows = progress.add_task("referrals", total=None)
            return await import_referrals(
                catch,
                file,
                programme=programme,
                month_first=month_first,
                rejected_to=rejected,
                progress=lambda done, of: progress.update(rows, completed=done, total=of),
            )

    try:
        report = on_place(run)
    except FileUnusable as problem:
        complain(str(problem))
        sys.exit(UNUSABLE)
    except UnknownProgramme:
        complain(f"the programme {programme!r} is not loaded. Load it: catch programmes load")
        sys.exit(UNUSABLE)
    show(report)
    sys.exit(IN_PART if report.wrong or report.waiting else 0)


@import_.command()
@argument("reference")
def find(reference: str) -> None:
    """Say which cases have a referral that its sender calls by this reference, in capitals or not, however many spaces
    part it. That you look is recorded.

    **Example**

        catch import find R-2026-017
    """

    async def run(catch: Catch) -> list[Row]:
        await catch.records.up_to_date()
        found = await references.cases_of(catch.log.pool, reference_digest(catch.keyring, reference))
        return await told_numbers(catch, [each.case_id for each in found], "import find")

    cases = on_place(run)
    if not cases:
        complain("no referral has this reference")
        sys.exit(IN_PART)
    for case in cases:
        console.print(f"{case.number}  {case.programme}  {case.state}", highlight=False)


def show(report: Report) -> None:
    if report.wrong:
        table = Table("line", "column", "reason", title=f"{report.rejected} rejected")
        # A screenful, where all of them are in the file.
        shown = report.wrong[:SHOWN] if report.rejected_file else report.wrong
        for wrong in shown:
            table.add_row(str(wrong.line), marked(wrong.column), marked(wrong.reason))
        tabled(table)
        if len(report.wrong) > len(shown):
            console.print(f"... and {len(report.wrong) - SHOWN} more, all in {marked(report.rejected_file)}")
    console.print(
        f"{report.count('opened')} cases opened, {report.count('attached')} attached to an open case, "
        f"{report.count('there')} were there already, {len(report.waiting)} wait for you to decide, "
        f"{report.rejected} rejected ({report.encoding})",
        highlight=False,
    )
    if report.clashes or report.amendments:
        console.print(
            f"Of the rejected, {report.clashes} have a reference that stands for another referral, and "
            f"{report.amendments} say something else than was imported under it",
            highlight=False,
        )
    if report.waiting:
        lines = ", ".join(str(each.line) for each in report.waiting[:SHOWN])
        console.print(f"Whom they are about is not clear: lines {lines}{' ...' if len(report.waiting) > SHOWN else ''}")
    if report.strangers:
        lines = ", ".join(map(str, report.strangers[:SHOWN])) + (" ..." if len(report.strangers) > SHOWN else "")
        console.print(f"Organisations that are no registered partners stand on lines {lines}", highlight=False)
    if (report.wrong or report.waiting) and report.rejected_file is None:
        complain("the rows that were not kept could not be written: correct them in the list, and import it again")
    if report.rejected_file:
        console.print(f"Rows not kept, with reasons: {marked(report.rejected_file)}", soft_wrap=True)

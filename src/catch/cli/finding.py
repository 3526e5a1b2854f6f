"""`catch case-finding`: whom a programme's rule finds in a cohort."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path

import rich_click as click
from rich.table import Table

from catch.cli.common import IN_PART, UNUSABLE, complain, console, private, tabled
from catch.cli.options import argument, option
from catch.cli.programmes import named
from catch.cli.terminal import marked
from catch.domain.calendar import london_day
from catch.domain.programme.configuration import Programme
from catch.importing.cohort import Doubt, Finding, columns_of, find, list_of
from catch.importing.columns import FileUnusable

SHOWN = 10


@click.command("case-finding")
@argument("cohort", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@option("--programme", default="wokingham-mdt", show_default=True, help="A file, or the key of one shipped.")
@option(
    "--as-of",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The day of which the cohort's data are: it stands in every referral.",
)
@option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the list of referrals here.")
@option("--source", default="case-finding", show_default=True, help="Where the referrals come from.")
@option("--channel", help="How they come. Without it, the first channel of the programme.")
def case_finding(
    cohort: Path, programme: str, as_of: datetime, output: Path | None, source: str, channel: str | None
) -> None:
    """Say whom a programme's rule finds in a cohort, and write them as a list of referrals.

    COHORT is a workbook (.xlsx) or CSV with one person a row: `last name`, and as far as they are there `first name`,
    `date of birth`, `nhs number`, `phone` and `address`; and the columns that the rule names (`case_finding` in the
    programme's file). Needs no database and keeps nothing: run it where the data are. Nobody is referred before
    somebody has looked at the list and imported it.

    A cell in which nothing stands is no "no": who is found is found by what is said, and who is not, and of whom
    something is not said, is counted apart. Nothing that a cell says is printed.

    Exit status: 0 every row was judged, 1 some could not be, 2 the cohort or the programme cannot be used.

    **Examples**

        catch case-finding cohort.xlsx --as-of 2026-04-30
        catch case-finding cohort.csv --as-of 2026-04-30 -o found.csv
        catch import referrals found.csv --programme wokingham-mdt
    """
    (rule,) = named([programme])
    try:
        finding = find(cohort, rule)
        if output is not None:
            written = list_of(finding, rule, as_of.date(), today(), source, channel or rule.channels[0])
            write(output, written)
    except FileUnusable as problem:
        complain(str(problem))
        sys.exit(UNUSABLE)
    show(finding, rule)
    if output is not None:
        console.print(
            f"{len(finding.found)} written to {marked(output)}. Look at them, then: catch import referrals"
            f" {marked(output)} --programme {marked(rule.key)}",
            soft_wrap=True,
            highlight=False,
        )
    sys.exit(IN_PART if finding.left_out or finding.unclear else 0)


def today() -> date:
    return london_day(datetime.now(UTC))


def write(path: Path, text: str) -> None:
    """Nobody else may read it, and nothing is written over. Raises FileUnusable."""
    try:
        private(path, text, "utf-8-sig")
    except FileExistsError:
        raise FileUnusable(f"{path}: is there already; choose another name") from None
    except OSError as error:
        raise FileUnusable(f"{path}: {error.strerror}") from None


def show(finding: Finding, programme: Programme) -> None:
    rule = programme.case_finding
    assert rule is not None
    console.print(
        f"{finding.rows} people, {finding.ranked} ranked by {rule.ranked_by}: the first {rule.top_percent} % begin at"
        f" {finding.begins:g}, with {finding.top} people; {len(finding.found)} of them found",
        highlight=False,
        soft_wrap=True,
    )
    label = {criterion.code: criterion.label for criterion in programme.eligibility.criteria}
    table = Table("flag", "found by it", title="By flag; somebody may be found by several")
    for flag in rule.flags:
        by_it = sum(flag.criterion in {each.criterion for each in one.fired} for one in finding.found)
        table.add_row(marked(label[flag.criterion]), str(by_it))
    tabled(table)
    told(finding.unclear, "are among the first and could not be judged wholly")
    told(finding.left_out, "could not be ranked")
    if finding.unused:
        console.print(
            f"Columns that are not used: {marked(', '.join(finding.unused))}. The rule asks for"
            f" {', '.join(columns_of(rule))}",
            soft_wrap=True,
            highlight=False,
        )


def told(doubts: tuple[Doubt, ...], what: str) -> None:
    if doubts:
        console.print(f"{len(doubts)} {what}:", highlight=False)
        for doubt in doubts[:SHOWN]:
            console.print(f"  line {doubt.line}: {marked(doubt.why)}", highlight=False, soft_wrap=True)
        if len(doubts) > SHOWN:
            console.print(f"  ... and {len(doubts) - SHOWN} more", highlight=False)

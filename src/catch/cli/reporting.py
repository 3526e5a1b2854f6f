"""`catch report`."""

import re
import sys
from pathlib import Path
from typing import NoReturn

import rich_click as click

from catch.app import Catch
from catch.cli.common import UNUSABLE, complain, console, on_place, private
from catch.cli.options import option
from catch.report.content import Report
from catch.report.forms import FORMS
from catch.report.impact import ReportAudience
from catch.report.making import impact_report, quarter_of

QUARTER = re.compile(r"([12]\d{3})[- ]?[Qq]([1-4])")


@click.command()
@option("--programme", required=True, metavar="KEY", help="The programme, by its key.")
@option("--quarter", required=True, metavar="YEARQn", help="A calendar quarter that is over, such as 2026Q3.")
@option(
    "--audience",
    type=click.Choice([each.value for each in ReportAudience]),
    default=ReportAudience.PUBLISHED.value,
    show_default=True,
    help="For everybody, without small groups; or for those who run the programme, with exact numbers.",
)
@option(
    "--position", type=int, help="Only what was recorded up to this position of the log. The same one gives the same."
)
@option("-o", "--output", "output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="Where to.")
@option("--anew", is_flag=True, help="Write over the file that is there.")
def report(programme: str, quarter: str, audience: str, position: int | None, output: Path, anew: bool) -> None:
    """Write the quarterly impact report of a programme.

    The file's name says its form: `.html` (one file with charts), `.pdf` (tagged, for print), `.csv` or `.xlsx` (the
    numbers). Every figure has a code: ask for it as `metric(code: …)`, and for what it rests on as `metricEvidence`.

    Times and changes are of people who came in the year that ended with the quarter, everything else of the quarter.
    The one with exact numbers is a file that no other user of this machine can read.

    Charts, print and workbooks need the extra `report` (`pip install 'catch-meetings[report]'`).

    **Examples**

        catch report --programme snn-catch --quarter 2026Q3 -o impact.html
        catch report --programme snn-catch --quarter 2026Q3 --audience internal -o impact.xlsx
        catch report --programme snn-catch --quarter 2026Q3 --position 48211 -o impact.pdf
    """
    form, asked = FORMS.get(output.suffix.lower()), QUARTER.fullmatch(quarter.strip())
    if form is None:
        refuse(f"{output.name}: give a name that ends with .html, .pdf, .csv or .xlsx")
    if asked is None:
        refuse(f"{quarter}: a quarter is a year, Q and a number from 1 to 4, such as 2026Q3")
    if not form.available:
        refuse(f"{output.suffix} needs the extra: pip install 'catch-meetings[report]'")
    if output.exists() and not anew:
        refuse(f"{output} is there already: choose another name, or --anew to write over it")
    if not output.parent.is_dir():
        refuse(f"{output.parent}: there is no such folder")
    period = quarter_of(int(asked[1]), int(asked[2]))

    async def work(catch: Catch) -> Report:
        return await impact_report(catch, programme, period, ReportAudience(audience), position)

    made = form.write(on_place(work))
    keep(output, made, ReportAudience(audience), anew=anew)
    console.print(f"wrote {output} ({len(made):,} bytes)", highlight=False, soft_wrap=True)


def keep(output: Path, made: bytes, audience: ReportAudience, *, anew: bool) -> None:
    """What is for those who run the programme is no other user's of this machine."""
    if audience is ReportAudience.PUBLISHED:
        output.write_bytes(made)
    else:
        private(output, made, anew=anew)


def refuse(said: str) -> NoReturn:
    complain(said)
    sys.exit(UNUSABLE)

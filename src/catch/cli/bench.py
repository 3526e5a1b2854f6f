"""`catch bench log`: the log measured beside what else could be picked."""

import rich_click as click
import uvloop
from msgspec.structs import replace

from catch.bench.log import QUICK, Size, measured
from catch.bench.shape import as_json, as_markdown
from catch.cli.common import complaints
from catch.cli.options import option


@click.group()
def bench() -> None:
    """Measure, on a database of its own that is gone afterwards."""


@bench.command()
@option("--json", "form", flag_value="json", default=True, help="The figures as JSON (the default).")
@option("--markdown", "form", flag_value="markdown", help="The figures as tables.")
@option("--quick", is_flag=True, help="One short round over a short log: to see that it runs, not to quote.")
@option("--rounds", type=click.IntRange(1), help="How often appends are measured, each time all of them in turn.")
@option(
    "--growth",
    type=click.IntRange(20_000),
    metavar="EVENTS",
    help="Compare a log of 10,000 facts with one of so many (10000000 takes a quarter of an hour or more and some"
    " 20 GB of disk); left out without it.",
)
def log(form: str, quick: bool, rounds: int | None, growth: int | None) -> None:
    """Append, follow, rebuild, read: ours beside pgbench and the stock recorder of `eventsourcing`, in one run.

    Takes some five minutes, and wants the machine to itself: every figure is as noisy as the neighbours are.

    **Examples**

        catch bench log --json
        catch bench log --markdown --rounds 5
        catch bench log --growth 10000000
    """
    size = QUICK if quick else Size()
    size = replace(size, rounds=rounds or size.rounds, growth=growth)
    figures = uvloop.run(measured(size, lambda what: complaints.print(what, highlight=False)))
    click.echo(as_markdown(figures) if form == "markdown" else as_json(figures))

"""`catch bench`: what we are measured, beside what else could be picked where there is such."""

from pathlib import Path

import rich_click as click
import uvloop
from msgspec.structs import replace

from catch.bench import console as console_bench
from catch.bench import live as live_bench
from catch.bench import live_run, live_shape
from catch.bench import log as log_bench
from catch.bench import reading as reading_bench
from catch.bench import turns as turns_bench
from catch.bench.node import cores
from catch.bench.shape import as_json, as_markdown
from catch.cli.common import complaints
from catch.cli.options import argument, option


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
    size = log_bench.QUICK if quick else log_bench.Size()
    size = replace(size, rounds=rounds or size.rounds, growth=growth)
    figures = uvloop.run(log_bench.measured(size, say))
    click.echo(as_markdown(figures) if form == "markdown" else as_json(figures))


@bench.command()
@option("--json", "form", flag_value="json", default=True, help="The figures as JSON (the default).")
@option("--markdown", "form", flag_value="markdown", help="The figures as tables.")
@option("--quick", is_flag=True, help="A handful of clients for a moment: to see that it runs, not to quote.")
@option("--rounds", type=click.IntRange(1), help="How often the fan-out is measured, each time ours and every peer.")
@option(
    "--peers",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The folder of peers and of the load tool. It is copied, compiled with gcc and installed with npm, aside.",
)
def live(form: str, quick: bool, rounds: int | None, peers: Path | None) -> None:
    """Fan-out, 20,000 followers of 1,250 meetings, clients that do not read, queries: on servers of ours, as they are.

    With --peers beside bare C, graphql-ws and graphql-yoga, in one run; what cannot be run is said, and its ratios are
    null. Takes some ten minutes with them, and wants a machine of two cores to itself.

    **Examples**

        catch bench live --json
        catch bench live --markdown --peers FOLDER
    """
    size = live_run.QUICK if quick else live_run.Size(cores=cores())
    size = replace(size, rounds=rounds or size.rounds)
    figures = uvloop.run(live_bench.measured(size, peers, say))
    click.echo(live_shape.as_markdown(figures) if form == "markdown" else live_shape.as_json(figures))


@bench.command()
@option("--json", "form", flag_value="json", default=True, help="The figures as JSON (the default).")
@option("--markdown", "form", flag_value="markdown", help="The figures as tables.")
@option("--quick", is_flag=True, help="A few hundred cases: to see that it runs, not to quote.")
def reading(form: str, quick: bool) -> None:
    """A page of cases over 10,000 for who sees few, all or none of them; a draft over all, and who waits for it.

    Takes some two minutes.

    **Examples**

        catch bench reading --json
    """
    size = reading_bench.QUICK if quick else reading_bench.Size()
    figures = uvloop.run(reading_bench.measured(size, say))
    click.echo(reading_bench.as_markdown(figures) if form == "markdown" else reading_bench.as_json(figures))


@bench.command()
@option("--json", "form", flag_value="json", default=True, help="The figures as JSON (the default).")
@option("--markdown", "form", flag_value="markdown", help="The figures as tables.")
@option("--quick", is_flag=True, help="A few requests: to see that it runs, not to quote.")
def console(form: str, quick: bool) -> None:
    """The console's pages over the demonstration's year, their first load, and an event on 16 screens.

    Takes some three minutes, and wants the machine to itself.

    **Examples**

        catch bench console --markdown
    """
    size = console_bench.QUICK if quick else console_bench.Size()
    figures = uvloop.run(console_bench.measured(size, say))
    click.echo(console_bench.as_markdown(figures) if form == "markdown" else console_bench.as_json(figures))


@bench.command()
@argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@option("--json", "form", flag_value="json", default=True, help="The ratios as JSON (the default).")
@option("--markdown", "form", flag_value="markdown", help="The ratios as a table.")
@option("--quick", is_flag=True, help="Two short rounds: to see that it runs, not to quote.")
@option("--rounds", type=click.IntRange(1), help="How often each figure is measured, in each checkout.")
def turns(folder: Path, form: str, quick: bool, rounds: int | None) -> None:
    """This checkout beside another in FOLDER, by turns: what a change has done to appends and to pages.

    The other stands beside itself as well, as a control. Takes some five minutes, and bears neighbours better than
    figures of two runs do. The other checkout needs nothing installed: it is run with what this one has.

    **Examples**

        git worktree add ../before HEAD~10
        catch bench turns ../before --markdown
    """
    size = turns_bench.QUICK if quick else turns_bench.Size()
    size = replace(size, rounds=rounds or size.rounds)
    try:
        found = uvloop.run(turns_bench.measured(folder, size, say))
    except turns_bench.NotStarted as problem:
        raise click.ClickException(f"{folder}: {problem}") from None
    click.echo(turns_bench.as_markdown(found) if form == "markdown" else turns_bench.as_json(found))


def say(what: str) -> None:
    complaints.print(what, highlight=False)

"""`catch scenario`: what the programmes' papers report, played, and told beside what they say."""

import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import rich_click as click
import uvloop
from msgspec.structs import replace
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Drawn
from rich.table import Table

from catch.cli.common import IN_PART, complaints, console, key_column, nothing_is_real, tabled
from catch.cli.options import argument, option
from catch.database.server import Server, ephemeral
from catch.demo.show import make_room
from catch.scenarios.each import ALL
from catch.scenarios.playing import Outcome, outcome
from catch.scenarios.running import Progress
from catch.scenarios.scenario import Scenario
from catch.settings import Settings

SCHEMA = "catch_scenario"
PAUSE = 5.0
"""Seconds between two lines of progress where there is no terminal."""


@click.group()
def scenario() -> None:
    """What the programmes' papers report, played in an invented place."""


@scenario.command(name="list")
def list_() -> None:
    """The scenarios: their programmes, and what their papers ask for that is not played yet.

    **Examples**

        catch scenario list
    """
    table = Table(key_column("scenario"), "what", key_column("programmes"), "what is not played yet")
    for each in ALL:
        table.add_row(each.code, each.title, "\n".join(each.programmes), each.lacks)
    tabled(table)


@scenario.command()
@argument("names", nargs=-1, metavar="NAME...")
@option("--all", "everything", is_flag=True, help="Every scenario.")
@option("--seed", type=int, default=1, show_default=True, help="The same seed gives the same figures and the same ids.")
@option(
    "--scale",
    type=click.FloatRange(min=0.01, max=10),
    default=1.0,
    show_default=True,
    help="1 is as large as the papers say. A smaller one has fewer people, or fewer teams, and less time.",
)
def run(names: tuple[str, ...], everything: bool, seed: int, scale: float) -> None:
    """Play scenarios by their code, and tell what ran beside what the papers say.

    Each has an invented place of its own, on a server that is gone afterwards; with `CATCH_DATABASE_URL` it is a schema
    named `catch_scenario` on that server, made anew each time. Everything goes through the same commands as the API's
    mutations. Beside a line that has to be so stands `ok`, or `NOT SO`: then the exit status is 1.

    **Examples**

        catch scenario run S01
        catch scenario run S03 --scale 0.1
        catch scenario run --all --scale 0.05 --seed 7
    """
    chosen = which(names, everything=everything)
    outcomes = {each.code: play(each, seed, scale) for each in chosen}
    if len(chosen) > 1:
        summed_up(chosen, outcomes)
    if not all(each.holds for each in outcomes.values()):
        sys.exit(IN_PART)


def which(names: Sequence[str], *, everything: bool) -> list[Scenario]:
    known = {each.code: each for each in ALL}
    if everything:
        return [*known.values()]
    if not names:
        raise click.UsageError("name a scenario, or --all: `catch scenario list` lists them")
    if wrong := [name for name in names if name.upper() not in known]:
        raise click.BadParameter(f"there is no scenario {wrong[0]!r}: `catch scenario list` lists them")
    return [known[name.upper()] for name in names]


def play(each: Scenario, seed: int, scale: float) -> Outcome:
    settings = Settings.read()
    own = settings.database_url is not None
    with tempfile.TemporaryDirectory(prefix="catch-scenario-") as folder, server_for(settings) as running:
        # Its own keys, even on a server that is not ours.
        place = replace(settings, data_dir=Path(folder), kek_file=None, schema=SCHEMA if own else settings.schema)
        nothing_is_real()
        with drawn(each) as progress:
            found = uvloop.run(shown(running, place, each, seed, scale, progress, own=own))
    tell(each, found, seed, scale)
    return found


async def shown(
    running: Server, settings: Settings, each: Scenario, seed: int, scale: float, progress: Progress, *, own: bool
) -> Outcome:
    if own:
        await make_room(running, SCHEMA)
    return await outcome(running, settings, each, seed, scale, progress)


@contextmanager
def server_for(settings: Settings) -> Generator[Server]:
    if settings.database_url is not None:
        yield Server(settings.owner_url or settings.database_url, settings.database_url)
        return
    # Quick and forgetful: all of it is gone afterwards.
    with ephemeral() as running:
        yield running


@contextmanager
def drawn(each: Scenario) -> Generator[Progress]:
    """A bar; without a terminal, now and then a line."""
    if complaints.is_terminal:
        columns = (TextColumn("{task.description:36}"), BarColumn(), TimeElapsedColumn())
        with Drawn(*columns, console=complaints) as bar:
            task = bar.add_task(each.code, total=None)
            yield lambda done, of, what: bar.update(task, completed=done, total=of, description=f"{each.code}: {what}")
        return
    said = time.monotonic()

    def say(done: int, of: int, what: str) -> None:
        nonlocal said
        if time.monotonic() - said >= PAUSE:
            said = time.monotonic()
            complaints.print(f"{each.code}: {what}, day {done} of {of}", highlight=False, soft_wrap=True)

    yield say


def tell(each: Scenario, found: Outcome, seed: int, scale: float) -> None:
    table = Table("what", "the papers say", "what ran", "", title=f"{each.code} {each.title}")
    for line in found.lines:
        held = {None: "", True: "ok", False: "NOT SO"}[line.held]
        table.add_row(line.what, line.papers, line.ran, held)
    tabled(table)
    if each.lacks:
        console.print(f"not played yet: {each.lacks}", highlight=False, soft_wrap=True)
    rate = found.commands / found.seconds
    console.print(
        f"{found.seconds:.1f} s: {found.commands:,} commands ({rate:,.0f}/s), {found.events:,} events; seed {seed},"
        f" scale {scale:g}",
        highlight=False,
        soft_wrap=True,
    )


def summed_up(chosen: Sequence[Scenario], outcomes: dict[str, Outcome]) -> None:
    table = Table(
        key_column("scenario"),
        "what",
        key_column("programmes"),
        "commands",
        "seconds",
        "had to be so",
        title="all of them",
    )
    for each in chosen:
        found = outcomes[each.code]
        claims = [line.held for line in found.lines if line.held is not None]
        held = f"{sum(claims)} of {len(claims)}"
        table.add_row(
            each.code, each.title, "\n".join(each.programmes), f"{found.commands:,}", f"{found.seconds:.1f}", held
        )
    tabled(table)

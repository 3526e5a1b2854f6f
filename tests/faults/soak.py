"""The long form of the faults: `make soak`, or `python -m tests.faults.soak --kills 20 --servers 20 --cuts 100`.

It ends with 1 if anything was lost, doubled, torn, misordered, misread or misanswered, or if a control was not caught.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from catch.commands.book import Book
from catch.database.server import SAFE
from catch.log import Log
from tests.faults import disk, failovers, halfopen, holders, memory, races, real, releases, restores, scenarios, waits
from tests.faults.cluster import Cluster, cluster
from tests.faults.place import database

console = Console(highlight=False, soft_wrap=True)
PAUSE = 0.02
"""Seconds between a client's commands, so that the log stays small enough to be looked through."""
Found = scenarios.Outcome | real.Outcome | restores.Restores | waits.Waits | memory.Memory | races.Races
Scenario = Callable[[Cluster, Path, scenarios.Progress], Awaitable[Found]]
Apart = Callable[[Path, scenarios.Progress], Awaitable[Found]]
"""With servers of its own."""


def soaks(asked: argparse.Namespace) -> list[tuple[str, int, Scenario]]:
    kills, servers, cuts, others = asked.kills, asked.servers, asked.cuts, asked.others
    return [
        (
            "kill -9 of PostgreSQL",
            kills,
            lambda on, into, told: scenarios.database_killed(on, into, kills, told, pause=PAUSE),
        ),
        (
            "kill -9 of servers",
            servers,
            lambda on, into, told: scenarios.servers_killed(on, into, servers, told, pause=PAUSE),
        ),
        ("kill -9 of catch serve", others, lambda on, into, told: real.killed(on, into, others, told)),
        ("answers cut off after the commit", cuts, lambda on, into, told: scenarios.replies_cut(on, into, cuts, told)),
        (
            "PostgreSQL frozen and thawed",
            others,
            lambda on, into, _: scenarios.frozen_and_thawed(on, into, others, seconds=1.5),
        ),
        ("PostgreSQL restarted in order", others, lambda on, into, _: scenarios.restarted_in_order(on, into, others)),
        (
            "holder of the read side stopped",
            others,
            lambda on, into, told: holders.silenced(on, into, others, told, pause=PAUSE),
        ),
        ("races over two servers", asked.races, lambda on, into, told: races.raced(on, into, asked.races, told)),
        ("disk full, by a trigger", others, lambda on, into, _: disk.quota_reached(on, into, others)),
    ]


def apart(asked: argparse.Namespace) -> list[tuple[str, int, Apart]]:
    return [
        (
            "failover to a standby, with lag",
            asked.failovers,
            lambda into, told: failovers.failed_over(into, asked.failovers, told, pause=PAUSE),
        ),
        (
            "restore to a moment",
            asked.restores,
            lambda into, told: restores.restored_to_moments(into, asked.restores, told),
        ),
        ("database silent", asked.waits, lambda into, told: waits.fallen_silent(into, asked.waits, told)),
        (
            "connections half open",
            asked.waits if halfopen.possible() else 0,
            lambda into, told: halfopen.cut_off(into, asked.waits, told),
        ),
        ("disk full, as it is told", asked.waits, lambda into, told: waits.disk_full(into, asked.waits, told)),
        ("stopped while something hangs", asked.waits, lambda into, told: waits.stopped(into, asked.waits, told)),
        ("migrations held up", asked.waits, lambda into, told: waits.migrated_late(into, asked.waits, told)),
        (
            "memory, over minutes of load",
            asked.minutes,
            lambda into, told: memory.taken(into, asked.minutes, told, cases=asked.cases),
        ),
    ]


def controls(asked: argparse.Namespace) -> list[tuple[str, int, Apart]]:
    """In each of these something must be found."""

    async def unnoticed(into: Path, told: scenarios.Progress) -> Found:
        with waits.deaf():
            return await waits.fallen_silent(into, 1, told)

    return [
        ("a silent database that nobody notices", asked.waits, unnoticed),
        ("a disk that is not full", asked.waits, lambda into, told: waits.disk_full(into, 1, told, full="select 1")),
        ("a server that cannot end", asked.waits, lambda into, told: waits.stopped(into, 1, told, frozen=True)),
        (
            "migrations that nobody holds up",
            asked.waits,
            lambda into, told: waits.migrated_late(into, 1, told, held=False),
        ),
        (
            "a server that keeps all it has seen",
            asked.minutes if asked.cases >= memory.CASES else 0,
            lambda into, told: memory.taken(into, 0, told, cases=asked.cases, command=("-c", memory.UNBOUNDED)),
        ),
    ]


def on_a_cluster(scenario: Scenario) -> Apart:
    async def run(into: Path, told: scenarios.Progress) -> Found:
        with cluster(SAFE) as server:
            return await scenario(server, into, told)

    return run


async def control(folder: Path) -> bool:
    """A server that answers before it writes must be found to lose commands."""
    for attempt in range(10):
        (into := folder / f"control-{attempt}").mkdir()
        with cluster(scenarios.FORGETS) as forgetful:
            outcome = await scenarios.database_killed(forgetful, into, 1, hasty=True)
        if lost := sum(problem.startswith("lost") for problem in outcome.problems):
            console.print(f"control, synchronous_commit=off: {lost} lost after {attempt + 1} kills, as it must be")
            return True
    console.print("[bold]control, synchronous_commit=off: nothing was found to be lost[/bold]")
    return False


async def raced_control(folder: Path) -> bool:
    """Two servers without registers must be found to let two meetings through."""
    (into := folder / "no-registers").mkdir()
    with cluster(SAFE) as postgres, pytest.MonkeyPatch.context() as spoilt:
        spoilt.setattr(Book, "enter", races.no_registers)
        spoilt.setattr(Log, "append", races.abreast(Log.append))
        async with database(postgres.addresses, empty=True) as server, races.servers(server, into) as of:
            found = await races.run(of, races.meetings, "at_once", 50)
    console.print(f"control, two servers without registers: {len(found)} of 50 rounds wrong")
    return bool(found)


async def two_releases(folder: Path) -> bool:
    """The one that was committed before beside this one."""
    old = releases.committed(folder / "former")
    if old is None:
        console.print("a former release beside this one: skipped, there is no checkout with its history here")
        return True
    new = releases.copied(folder / "present")
    with cluster(SAFE) as postgres:
        async with database(postgres.addresses, empty=True) as server:
            (place := folder / "place").mkdir()
            outcome = await releases.rolled(server, place, old, new, restarts=releases.steps_aside(old))
    console.print(f"a former release beside this one: {outcome}")
    for problem in outcome.problems:
        console.print(f"  {problem}")
    return not outcome.problems


async def soak(asked: argparse.Namespace, folder: Path, progress: Progress) -> bool:
    good = await control(folder)
    good = await two_releases(folder) and good
    good = await raced_control(folder) and good
    every = [(name, times, on_a_cluster(scenario)) for name, times, scenario in soaks(asked)]
    for number, (name, times, scenario) in enumerate([*every, *apart(asked)]):
        if not times:
            continue
        bar = progress.add_task(name, total=times)
        (into := folder / str(number)).mkdir()
        began = time.monotonic()
        outcome = await scenario(into, lambda done, bar=bar: progress.update(bar, completed=done))
        progress.update(bar, completed=times)
        console.print(f"{name}: {outcome}, {time.monotonic() - began:.0f} s")
        for problem in outcome.problems[:20]:
            console.print(f"  {problem}")
        good = good and not outcome.problems
    for number, (name, times, scenario) in enumerate(controls(asked)):
        if times:
            (into := folder / f"control-of-{number}").mkdir()
            outcome = await scenario(into, lambda _: None)
            console.print(f"control, {name}: {len(outcome.problems)} found: {outcome.problems[:1]}")
            good = good and bool(outcome.problems)
    return good


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=200, help="kill -9 of PostgreSQL (default: 200)")
    parser.add_argument("--servers", type=int, default=200, help="kill -9 of a server process (default: 200)")
    parser.add_argument("--cuts", type=int, default=1000, help="answers cut off (default: 1000)")
    parser.add_argument(
        "--others",
        type=int,
        default=20,
        help="kills of `catch serve`, freezes, restarts and full disks, each (default: 20)",
    )
    parser.add_argument("--failovers", type=int, default=10, help="lost primaries (default: 10)")
    parser.add_argument(
        "--races",
        type=int,
        default=1000,
        help="rounds of each race of two servers, in turn and at once (default: 1000)",
    )
    parser.add_argument("--restores", type=int, default=5, help="restores to a moment (default: 5)")
    parser.add_argument(
        "--waits", type=int, default=6, help="silent databases, full disks, stops and starts held up, each (default: 6)"
    )
    parser.add_argument("--minutes", type=int, default=20, help="of mixed load, for its memory (default: 20)")
    parser.add_argument("--cases", type=int, default=memory.CASES, help="that are viewed before (default: 24000)")
    asked = parser.parse_args()
    columns = (TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as folder,
        Progress(*columns, TimeRemainingColumn(), console=console) as progress,
    ):
        good = asyncio.run(soak(asked, Path(folder), progress))
    console.print("nothing lost, doubled or out of order" if good else "[bold]problems were found[/bold]")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

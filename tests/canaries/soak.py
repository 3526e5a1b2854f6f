"""The long form of the canaries: `python -m tests.canaries.soak --histories 2000 --seed 1`.

It ends with 1 if anybody ever holds what they may not, and prints the history, shrunk.
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from catch.database.server import ephemeral
from catch.log import migrate
from tests.canaries.run import leaks, shrunk, told
from tests.place import placed

ENOUGH = 5
"""Histories after which there is nothing more to learn."""
RENEWED = 100
"""Histories in one place: a log that grows makes each of them longer."""
SAID = 50
"""Histories after which it is said how far it is, where nobody sees the bar."""
console = Console(highlight=False, soft_wrap=True)


async def part(seeds: range, progress: Progress, bar: TaskID, enough: int) -> list[str]:
    """So many histories in a place of their own."""
    found: list[str] = []
    with ephemeral() as server, TemporaryDirectory() as folder:
        await migrate(server.admin)
        async with placed(server.admin, server.app, Path(folder)) as place:
            for seed in seeds:
                if await leaks(place, seed):
                    found.append(told(seed, *await shrunk(place, seed)))
                progress.advance(bar)
                done = int(progress.tasks[bar].completed)
                if not console.is_terminal and done % SAID == 0:
                    console.print(f"{done} histories, {len(found)} leaks here")
                if len(found) >= enough:
                    break
    return found


def soak(histories: int, seed: int) -> list[str]:
    found: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        bar = progress.add_task("random histories", total=histories)
        first = seed * 1_000_000
        for begins in range(first, first + histories, RENEWED):
            seeds = range(begins, min(begins + RENEWED, first + histories))
            found += asyncio.run(part(seeds, progress, bar, ENOUGH - len(found)))
            if len(found) >= ENOUGH:
                break
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.canaries.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--histories", type=int, default=2_000, help="how many (default: 2000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other histories (default: 1)")
    asked = parser.parse_args()
    began = time.monotonic()
    found = soak(asked.histories, asked.seed)
    console.print(f"{asked.histories} histories in {time.monotonic() - began:.0f} s: {len(found)} with a leak")
    for failure in found:
        console.print(failure, markup=False)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()

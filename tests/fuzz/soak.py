"""The long form of the fuzzer: `make soak`, or `python -m tests.fuzz.soak --inputs 100000 --seed 7`.

It ends with 1 if anything was found, and prints what was sent and what came.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from catch.database.server import ephemeral
from tests.faults.place import database
from tests.fuzz.campaign import campaign
from tests.fuzz.place import place
from tests.fuzz.report import Report

console = Console(highlight=False, soft_wrap=True)


async def soak(inputs: int, seed: int, folder: Path) -> Report:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with ephemeral() as server, Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        bar = progress.add_task("bad requests, messages and frames", total=inputs)
        async with database(server) as on, place(on, folder) as (target, served):
            report = await campaign(target, inputs, seed, lambda done: progress.update(bar, completed=done))
            report.logged(served.folder / "server.log")
    return report


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--inputs", type=int, default=1_000_000, help="how many (default: 1000000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other inputs (default: 1)")
    asked = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        report = asyncio.run(soak(asked.inputs, asked.seed, Path(folder)))
    console.print(f"{report.inputs} inputs in {time.monotonic() - began:.0f} s: {len(report.problems)} problems")
    console.print(", ".join(f"{name}: {count}" for name, count in sorted(report.answers.items())))
    for problem in report.problems:
        console.print(f"  {problem}", markup=False)
    sys.exit(1 if report.problems else 0)


if __name__ == "__main__":
    main()

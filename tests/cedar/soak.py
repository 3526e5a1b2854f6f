"""The long form of the comparison: `python -m tests.cedar.soak --worlds 100000 --seed 1`.

It ends with 1 if the policy and the model in Cedar ever differ, and prints where.
"""

import argparse
import sys
import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tests.cedar.compare import differences

ENOUGH = 20
"""Differences after which there is nothing more to learn."""
SAID = 5_000
"""Worlds after which it is said how far it is, where nobody sees the bar."""
console = Console(highlight=False, soft_wrap=True)


def soak(worlds: int, seed: int) -> list[str]:
    found: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        bar = progress.add_task("random worlds", total=worlds)
        for number in range(worlds):
            found += differences(seed * worlds + number)
            progress.update(bar, completed=number + 1)
            if not console.is_terminal and (number + 1) % SAID == 0:
                console.print(f"{number + 1} worlds, {len(found)} differences")
            if len(found) >= ENOUGH:
                break
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.cedar.soak", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--worlds", type=int, default=100_000, help="how many (default: 100000)")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other worlds (default: 1)")
    asked = parser.parse_args()
    began = time.monotonic()
    found = soak(asked.worlds, asked.seed)
    console.print(f"{asked.worlds} worlds in {time.monotonic() - began:.0f} s: {len(found)} differences")
    for difference in found:
        console.print(f"  {difference}", markup=False)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()

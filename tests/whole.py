"""Every test, and those few that failed on a busy machine once more, alone. Whatever passed only then is named.

A fault of the program fails again. What a neighbour's hold-up of two cores did to a test about seconds does not.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

FEW = 5
"""More failures than these are not the machine's."""
SOME_FAILED = 1
"""The status with which pytest ends then, and with no other."""
FAILURES = "CATCH_FAILURES"
"""Names the file to which the names of tests that failed are added."""


def tried(*arguments: str, failures: Path) -> int:
    environment = os.environ | {FAILURES: str(failures)}
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode


def main(arguments: list[str]) -> int:
    with TemporaryDirectory() as folder:
        first = Path(folder, "first")
        status = tried(*arguments, failures=first)
        failed = [*dict.fromkeys(first.read_text(encoding="utf-8").splitlines())] if first.exists() else []
        if status != SOME_FAILED or not 0 < len(failed) <= FEW:
            return status
        print(f"once more, alone: {len(failed)} that failed", flush=True)
        status = tried(*failed, failures=Path(folder, "again"))
    if status == 0:
        print("passed only when they were tried once more:", *failed, sep="\n  ")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

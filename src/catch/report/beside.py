"""A report's file, written by a process beside this one: Vega stops a whole process for as long as it draws."""

import asyncio
import os
import pickle
import sys

from catch.beside import answer, beside
from catch.report.content import Report
from catch.report.forms import FORMS

WITHIN = 120.0
"""Seconds that it has."""


class NotWritten(Exception):
    """The process that writes reports has ended without one."""


async def written_beside(ending: str, report: Report) -> bytes:
    """The report in the form whose files' names end so. Raises `NotWritten` and `TimeoutError`."""
    # It needs no keys, and is given none.
    apart = {name: value for name, value in os.environ.items() if not name.startswith("CATCH_")}
    async with beside(__name__, apart) as process, asyncio.timeout(WITHIN):
        made, _ = await process.communicate(pickle.dumps((ending, report)))
    if process.returncode or not made:
        raise NotWritten(f"exit status {process.returncode}")
    return made


def main() -> None:
    """What the process does."""
    ending, report = pickle.load(sys.stdin.buffer)  # noqa: S301  (from whoever started it, and from nobody else)
    answer(FORMS[ending].write(report))

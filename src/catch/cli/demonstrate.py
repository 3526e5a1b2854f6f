"""`catch demo`."""

import sys
from pathlib import Path

import rich_click as click

from catch.cli.common import IN_PART, complain
from catch.cli.options import option
from catch.demo.client import WentWrong
from catch.demo.show import demonstrate


@click.command()
@option("--once", is_flag=True, help="End after the meeting; otherwise the server stays up until Ctrl-C.")
@option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the place in this empty folder. Without it everything is gone afterwards.",
)
@option("--anew", is_flag=True, help="With --keep: an earlier demonstration in that folder goes.")
def demo(once: bool, keep: Path | None, anew: bool) -> None:
    """Load a year of an invented programme and play the next meeting on a real server.

    Everything happens in a place of its own that is gone afterwards; your data are not touched. With
    `CATCH_DATABASE_URL` it is a schema named `catch_demo` on that server, made anew each time. With `--keep FOLDER` it
    stays: come back to it with `CATCH_DATA_DIR=FOLDER catch serve --development`.

    The meeting can be run in a browser: the address is printed before it begins. At a terminal it is played there once
    Enter is pressed, elsewhere and with `--once` at once.

    On the screen `!` is what must be heard; beside what waits stands why it is there, beside the open item how long it
    has been discussed. The place is marked as invented for good, and says so everywhere. Every fact of the year is
    recorded on the day on which it happened: ask for the past `asAt` as it was known (`recordedAt`) or as it was true
    (`occurredAt`).

    **Examples**

        catch demo
        catch demo --once
        catch demo --keep ~/catch-demo --anew
    """
    try:
        demonstrate(once=once, keep=keep, anew=anew)
    except WentWrong as problem:
        complain(str(problem))
        sys.exit(IN_PART)

"""`catch demo`."""

import sys

import rich_click as click

from catch.cli.common import IN_PART, complain
from catch.cli.options import option
from catch.demo.client import WentWrong
from catch.demo.show import demonstrate


@click.command()
@option("--once", is_flag=True, help="End after the meeting; otherwise the server stays up until Ctrl-C.")
def demo(once: bool) -> None:
    """Load a year of an invented programme and play the next meeting on a real server.

    Everything happens in a place of its own that is gone afterwards; your data are not touched. With
    `CATCH_DATABASE_URL` it is a schema named `catch_demo` on that server, made anew each time.

    **Examples**

        catch demo
        catch demo --once
    """
    try:
        demonstrate(once=once)
    except WentWrong as problem:
        complain(str(problem))
        sys.exit(IN_PART)

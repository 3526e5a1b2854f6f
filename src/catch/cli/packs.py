"""`catch pack`: a sealed meeting pack, opened without a browser."""

import sys
from pathlib import Path

import rich_click as click

from catch.cli.common import UNUSABLE, complain, complaints
from catch.cli.options import argument
from catch.web.console import sealing

LARGEST = 50_000_000
"""Bytes."""


@click.group("pack")
def pack() -> None:
    """The agenda of a meeting as it was sealed, for when the system is down."""


@pack.command("open")
@argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def open_(file: Path) -> None:
    """Open a sealed meeting pack where no browser will, and write it as plain HTML.

    It asks for the passphrase. No server, database or network is needed. What is written is not sealed any more.

    **Example**

        catch pack open meeting-pack-2026-12-01-sealed.html > pack.html
    """
    if file.stat().st_size > LARGEST:
        complain(f"a sealed pack has at most {LARGEST:,} bytes")
        sys.exit(UNUSABLE)
    passphrase = click.prompt("Passphrase", hide_input=True, err=True)
    found = sealing.opened(file.read_text(encoding="utf-8", errors="replace"), str(passphrase))
    complaints.print("[bold yellow]What is written is not sealed: delete it when it was used.[/]", soft_wrap=True)
    click.echo(sealing.plain(found), nl=False)

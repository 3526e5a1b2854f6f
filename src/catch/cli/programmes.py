"""`catch programmes`: configurations brought into use, and which there are."""

from pathlib import Path

import rich_click as click
from msgspec.json import encode
from rich.table import Table

from catch.app import Catch
from catch.cli.common import console, on_place
from catch.cli.options import argument
from catch.cli.terminal import marked
from catch.commands.enrolling import OPERATOR
from catch.domain.facts import Purpose
from catch.domain.programme import LoadProgramme, ProgrammeHistory
from catch.domain.programme.configuration import Programme
from catch.domain.streams import PROGRAMME, programme_stream
from catch.programmes import load_all, shipped


@click.group()
def programmes() -> None:
    """The programmes: their doors, clocks, meetings and closures."""


@programmes.command()
@argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def load(files: tuple[Path, ...]) -> None:
    """Bring programme files into use; without FILES those that are shipped.

    A version that is in use never changes: give a changed file a higher version. Loading it again records nothing.

    **Examples**

        catch programmes load
        catch programmes load our-programme.yaml
    """
    found = load_all(files) or shipped()

    async def run(catch: Catch) -> None:
        for programme in found:
            answer = await catch.commands.take(
                LoadProgramme(programme.key, programme),
                by=OPERATOR,
                command_id=catch.keyring.derived_id(f"catch load {encode(programme).hex()}"),
                purpose=Purpose.ADMINISTRATION,
            )
            fresh = "loaded" if answer.events and not answer.repeated else "in use already"
            console.print(f"{marked(programme.pin)}: {fresh}", highlight=False)

    on_place(run)


@programmes.command("list")
def list_() -> None:
    """Which programmes are in use, with their versions.

    **Example**

        catch programmes list
    """

    async def run(catch: Catch) -> list[ProgrammeHistory]:
        keys = await catch.programme_keys()
        return [(await catch.present.states.get(PROGRAMME, programme_stream(key))).state for key in keys]

    table = Table("programme", "version", "name", "meetings", "takes referrals")
    for history in on_place(run):
        present: Programme = history.current
        meetings = ", ".join(series.key for series in present.meetings)
        said = (present.key, str(present.version), present.name, meetings, "yes" if history.active else "no")
        table.add_row(*map(marked, said))
    console.print(
        table if table.row_count else "No programme is loaded. Load those that are shipped: catch programmes load"
    )

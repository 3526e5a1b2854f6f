"""`catch programmes`: configurations written, compared and brought into use, and which there are."""

from collections.abc import Sequence
from pathlib import Path

import rich_click as click
from msgspec.json import encode
from rich.table import Table

from catch.app import Catch
from catch.cli.common import IN_PART, console, key_column, on_place, tabled
from catch.cli.options import argument
from catch.cli.terminal import legible, marked
from catch.commands.enrolling import OPERATOR
from catch.domain.facts import Purpose
from catch.domain.programme import LoadProgramme, ProgrammeHistory
from catch.domain.programme.configuration import Programme
from catch.domain.streams import PROGRAMME, programme_stream
from catch.programmes import ProgrammeFileInvalid, load_all, shipped, starting
from catch.programmes import load as read
from catch.programmes.editing import differences, json_schema


@click.group()
def programmes() -> None:
    """The programmes: their doors, clocks, meetings and closures."""


def named(names: Sequence[str]) -> list[Programme]:
    """Of files, and of programmes that are shipped by their keys; what is wrong with any of them is all told."""
    known = {each.key: each for each in shipped()}
    paths = [Path(name) for name in names if name not in known]
    if missing := [str(path) for path in paths if not path.is_file()]:
        raise click.BadParameter(
            f"{missing[0]!r} is neither a file nor a programme that is shipped: `catch programmes shipped` lists them."
        )
    of_files = dict(zip(paths, load_all(paths), strict=True))
    return [known[name] if name in known else of_files[Path(name)] for name in names]


@programmes.command()
@argument("programmes", nargs=-1)
def load(programmes: tuple[str, ...]) -> None:
    """Bring programmes into use: files, or the keys of programmes that are shipped.

    Without PROGRAMMES, two to begin with: a weekly meeting and a monthly one. A version that is in use never changes:
    give a changed file a higher version. Loading it again records nothing.

    **Examples**

        catch programmes load
        catch programmes load spring ageing-well
        catch programmes load our-programme.yaml
    """
    found = named(programmes) or starting()

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


@programmes.command("shipped")
def shipped_() -> None:
    """Which programmes come with CATCH.

    **Example**

        catch programmes shipped
    """
    table = Table(key_column("programme"), "version", "name", "meetings")
    for each in shipped():
        meetings = f"{len(each.meetings)}" if each.meetings else "none"
        table.add_row(*map(marked, (each.key, str(each.version), each.name, meetings)))
    tabled(table)


@programmes.command()
@argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def check(files: tuple[Path, ...]) -> None:
    """Say what is wrong with programme files, with the line, before anybody loads them. Needs no database.

    **Examples**

        catch programmes check our-programme.yaml
        catch programmes check *.yaml
    """
    wrong = 0
    for path in files:
        try:
            found = read(path)
        except ProgrammeFileInvalid as problem:
            wrong += 1
            click.echo(legible(str(problem), lines=True))
            continue
        click.echo(legible(f"{path.name}: {found.pin} can be used"))
    if wrong:
        raise SystemExit(IN_PART)


@programmes.command()
@argument("before")
@argument("after")
def diff(before: str, after: str) -> None:
    """What one version of a programme says otherwise than another. Each is a file, or the key of a shipped programme.

    **Example**

        catch programmes diff snn-catch our-catch.yaml
    """
    one, other = named((before, after))
    found = differences(one, other)
    for each in found:
        click.echo(legible(str(each)))
    if not found:
        click.echo("They say the same.")
    elif one.pin == other.pin:
        click.echo(f"Both are {one.pin}: give the changed file a higher version. Cases that run keep theirs.")


@programmes.command()
def schema() -> None:
    """Print the JSON Schema of a programme's file, for an editor that helps with it.

    **Example**

        catch programmes schema > programme.json
    """
    click.echo(json_schema(), nl=False)


@programmes.command("list")
def list_() -> None:
    """Which programmes are in use, with their versions.

    **Example**

        catch programmes list
    """

    async def run(catch: Catch) -> list[ProgrammeHistory]:
        keys = await catch.programme_keys()
        return [(await catch.present.states.get(PROGRAMME, programme_stream(key))).state for key in keys]

    table = Table(key_column("programme"), "version", "name", "meetings", "takes referrals")
    for history in on_place(run):
        present: Programme = history.current
        meetings = ", ".join(series.key for series in present.meetings)
        said = (present.key, str(present.version), present.name, meetings, "yes" if history.active else "no")
        table.add_row(*map(marked, said))
    if table.row_count:
        tabled(table)
    else:
        console.print("No programme is loaded. Load those that are shipped: catch programmes load")

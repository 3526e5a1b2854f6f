"""`catch retention`: what has been kept long enough, for whoever has it decided."""

import msgspec
import rich_click as click

from catch.app import Catch
from catch.cli.common import console, on_place
from catch.cli.looking import listed_due
from catch.cli.options import option
from catch.commands.retention import NOBODY, Due, due

PAGE = 200


@click.group("retention")
def retention() -> None:
    """How long what is kept of somebody is kept."""


@retention.command("due")
@option("--json", "as_json", is_flag=True, help="As JSON, a line each.")
def due_(as_json: bool) -> None:
    """List the people of whom everything has been kept as long as their programmes say (`retention` of each).

    Nothing is erased by this, nor by itself: a Caldicott contact or coordinator asks for it (`requestErasure`), another
    Caldicott contact agrees. Listed are ids and case numbers, nothing personal. That you look is recorded.

    **Examples**

        catch retention due
        catch retention due --json | jq -r .person
    """

    async def run(catch: Catch) -> list[Due]:
        found, after, more = list[Due](), NOBODY, True
        while more:
            looked = await due(catch, after, PAGE, catch.log.clock.now())
            found += looked.found
            after, more = looked.last or after, looked.more and looked.last is not None
        await listed_due(catch, found)
        return found

    found = on_place(run)
    for each in found:
        numbers = [case.number for case in each.cases]
        line = {"person": each.person, "dueOn": each.on, "cases": numbers}
        text = msgspec.json.encode(line).decode() if as_json else f"{each.on} {each.person} {', '.join(numbers)}"
        click.echo(text)
    if not found and not as_json:
        console.print("nothing is due")

"""`catch migrate`, `catch rebuild`, `catch parked`, `catch contracts`, `catch replay`."""

import os
import sys
from collections.abc import Sequence
from typing import cast

import rich_click as click

import projections
from catch.app import Catch
from catch.cli.common import IN_PART, UNUSABLE, bar, complain, console, on_place, on_server
from catch.cli.options import argument, option
from catch.log import migrate
from catch.log.codec import decode
from catch.postgres import Server
from catch.readside import Projection, parked, rebuild, retry
from catch.readside.folding import Parked
from catch.settings import Settings


@click.command("migrate")
def migrate_() -> None:
    """Set the place up, or bring it up to date. Run by whoever owns the schema (`CATCH_OWNER_URL`).

    **Example**

        CATCH_OWNER_URL=postgresql://postgres@db/catch catch migrate
    """

    async def run(running: Server, settings: Settings) -> list[str]:
        return await migrate(running.admin, settings.schema)

    applied = on_server(run)
    for name in applied:
        console.print(f"applied {name}", highlight=False)
    if not applied:
        console.print("up to date")


@click.command("rebuild")
@argument("names", nargs=-1, metavar="[NAME]...")
def rebuild_(names: tuple[str, ...]) -> None:
    """Fold read models anew from the log, all or the named ones, while the present ones serve.

    **Examples**

        catch rebuild
        catch rebuild agenda case_summary
    """
    known = {projection.NAME: projection for projection in cast("Sequence[Projection]", projections.ALL)}
    unknown = [name for name in names if name not in known]
    if unknown:
        complain(f"no such read model: {', '.join(unknown)}. There are: {', '.join(known)}")
        sys.exit(UNUSABLE)
    chosen = [known[name] for name in names or known]

    async def run(catch: Catch) -> None:
        with bar() as progress:
            facts = progress.add_task("facts", total=None)
            await rebuild(
                catch.log,
                decode,
                chosen,
                lambda done, head: progress.update(facts, completed=done, total=head),
                processes=os.cpu_count() or 1,
            )

    on_place(run)
    console.print(f"rebuilt {', '.join(projection.NAME for projection in chosen)}", highlight=False)


@click.command("parked")
@option("--retry", "again", is_flag=True, help="Fold them anew; what fails again stays parked.")
def parked_(again: bool) -> None:
    """List the rows of read models that could not be folded, and perhaps try again.

    A fact that a read model cannot take is set aside with its row; everything else goes on. Exit status 1: some are
    parked.

    **Examples**

        catch parked
        catch parked --retry
    """
    everything = cast("Sequence[Projection]", projections.ALL)

    async def run(catch: Catch) -> list[tuple[Projection, Parked]]:
        if again:
            for projection in dict.fromkeys(projection for projection, _ in await parked(catch.log, everything)):
                await retry(catch.log, decode, projection)
        return await parked(catch.log, everything)

    found = on_place(run)
    for projection, row in found:
        console.print(f"{projection.NAME} {row.key}: {row.error}, at position {row.position}", highlight=False)
    if found:
        sys.exit(IN_PART)
    console.print("nothing is parked")


@click.command()
@option("--check", is_flag=True, help="Write nothing; exit status 1 when the committed files differ.")
def contracts(check: bool) -> None:
    """Write what others rely on: the GraphQL schema, the events' JSON Schemas, samples of new events.

    **Examples**

        catch contracts
        catch contracts --check
    """
    from catch import contracts as committed

    if not check:
        for path in committed.write():
            console.print(f"wrote {path}", highlight=False)
        return
    wrong = committed.check()
    for sentence in wrong:
        complain(sentence)
    if wrong:
        sys.exit(IN_PART)
    console.print("the contracts are those of this program")


@click.command()
@argument("stream", metavar="CASE")
@option("--as-known", metavar="T", help="Only what had been recorded by then.")
@option("--as-true", metavar="T", help="Only what had happened by then, whenever it was recorded.")
@option("--personal", is_flag=True, help="Show personal text; it stays sealed otherwise.")
def replay(stream: str, as_known: str | None, as_true: str | None, personal: bool) -> None:
    """Step through the history of a case (its id or number) or a meeting (its id), one fact at a time.

    T is a day or a time: 2026-03-10, or 2026-03-10T10:00. Without a terminal all facts are shown at once.

    **Examples**

        catch replay 7K3M-Q2XD
        catch replay 7K3M-Q2XD --as-known 2026-03-10
        catch replay 7K3M-Q2XD --as-true 2026-03-10T10:00
    """
    from catch.replay import find, from_terminal, moment
    from catch.replay import replay as stepped

    try:
        known, true = (moment(text) if text else None for text in (as_known, as_true))
    except ValueError as problem:
        complain(str(problem))
        sys.exit(UNUSABLE)

    async def run(catch: Catch) -> None:
        found = await find(catch, stream)
        pause = from_terminal(console)
        await stepped(catch, found, known, true, personal=personal, console=console, pause=pause)

    on_place(run)

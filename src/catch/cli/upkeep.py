"""`catch migrate`, `catch rebuild`, `catch tidy`, `catch parked`, `catch contracts`, `catch replay`."""

import os
import sys

import rich_click as click

import projections
from catch.app import Catch, key_path, keyring_of
from catch.cli.common import IN_PART, UNUSABLE, complain, console, nothing_is_real, on_log, on_place, on_server
from catch.cli.options import argument, option
from catch.cli.progress import facts
from catch.cli.terminal import marked
from catch.database.server import Server
from catch.domain.facts import Purpose
from catch.log import Log, migrate
from catch.log.codec import decode
from catch.log.invented import mark_invented, marked_invented
from catch.log.migrations import Migration, pending
from catch.readside import left_over, parked, rebuild, retry, still_read
from catch.readside.folding import UNREAD, Parked
from catch.settings import Settings
from projections.read_model import ReadModel


@click.command("migrate")
@option("--invented", is_flag=True, help="Mark a new place as invented, for good: nobody in it will be real.")
@option("--check", is_flag=True, help="Only say what would be applied; exit status 1 where there is something.")
def migrate_(invented: bool, check: bool) -> None:
    """Set the place up, or bring it up to date. Run by whoever owns the schema (`CATCH_OWNER_URL`).

    Servers of the release before go on meanwhile, and can start again, unless `--check` says of a migration that they
    cannot.

    A place for training or a demonstration is marked as invented before its first fact or never, and says so on every
    screen and in every answer and file.

    **Examples**

        CATCH_OWNER_URL=postgresql://postgres@db/catch catch migrate
        CATCH_SCHEMA=training catch migrate --invented
        catch migrate --check
    """
    if check:
        would_apply()
        return

    async def run(running: Server, settings: Settings) -> list[str]:
        applied = await migrate(running.admin, settings.schema)
        if invented:
            await mark_invented(running.admin, settings.schema)
        if await marked_invented(running.admin, settings.schema):
            nothing_is_real()
        return applied

    applied = on_server(run)
    for name in applied:
        console.print(f"applied {name}", highlight=False)
    if not applied:
        console.print("up to date")


def would_apply() -> None:
    async def run(running: Server, settings: Settings) -> list[Migration]:
        return await pending(running.admin, settings.schema)

    waiting = on_server(run)
    for migration in waiting:
        console.print(f"would apply {migration.name}: {what_becomes_of_others(migration)}", highlight=False)
    if waiting:
        sys.exit(IN_PART)
    console.print("up to date")


def what_becomes_of_others(migration: Migration) -> str:
    if migration.needs == 0:
        return "servers of former releases go on"
    return f"stop servers of releases that do not know migration {migration.needs} first"


@click.command("rebuild")
@argument("names", nargs=-1, metavar="[NAME]...")
@option("--fresh", is_flag=True, help="Begin anew instead of going on where a rebuild was broken off.")
@option("--processes", type=click.IntRange(1), help="[default: one a core]")
def rebuild_(names: tuple[str, ...], fresh: bool, processes: int | None) -> None:
    """Fold read models anew from the log, all or the named ones in one pass, while the present ones serve.

    Broken off (stopped, killed, machine gone), it goes on from its last mark, at most a quarter of a minute back, when
    it is asked for again.

    **Examples**

        catch rebuild
        catch rebuild agenda case_summary
        catch rebuild --fresh agenda
    """
    known = {projection.name: projection for projection in projections.ALL}
    unknown = [name for name in names if name not in known]
    if unknown:
        complain(f"no such read model: {', '.join(unknown)}. There are: {', '.join(known)}")
        sys.exit(UNUSABLE)
    chosen = [known[name] for name in names or known]

    async def run(log: Log) -> None:
        with facts("facts") as progress:
            await rebuild(log, decode, chosen, progress, processes=processes or os.cpu_count() or 1, fresh=fresh)

    on_log(run)
    console.print(f"rebuilt {', '.join(projection.name for projection in chosen)}", highlight=False)


@click.command()
@option("--dry-run", is_flag=True, help="Only say what would go.")
def tidy(dry_run: bool) -> None:
    """Drop the tables of former versions of read models that no server reads any more.

    What a server of another release reads, or read ten minutes ago, stays.

    **Examples**

        catch tidy --dry-run
        catch tidy
    """

    async def run(log: Log) -> tuple[list[str], list[str]]:
        return await left_over(log, projections.ALL, drop=not dry_run), await still_read(log, projections.ALL)

    found, read = on_log(run)
    for name in found:
        console.print(f"{'would drop' if dry_run else 'dropped'} {name}", highlight=False)
    for name in read:
        console.print(f"kept {name}: a server of another release reads it, or did ten minutes ago", highlight=False)
    if not found and not read:
        console.print("nothing is left over")


@click.command()
def restored() -> None:
    """Say that the database was put back to an earlier moment, where that cannot be told from the database itself.

    A dump that was restored, a restore to a point in time and a promoted standby are noticed when a server starts or
    connects. What cannot be noticed is that the files of a stopped server were put back, from a snapshot of its disk
    say. Begins a new generation of positions: clients that had seen later facts are told to ask anew.

    Whoever was erased since stays so: the keys of those who stand in the list of the data folder are destroyed again,
    here as by every server when it starts.

    **Examples**

        catch restored
    """
    settings = Settings.read()

    async def run(log: Log) -> int:
        if key_path(settings).exists():
            await keyring_of(log, settings)
        return await log.generations.begin(log.pool)

    number = on_log(run)
    console.print(f"the log is in generation {number}", highlight=False)


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
    everything = projections.ALL

    async def listed(log: Log) -> list[tuple[ReadModel, Parked]]:
        return await parked(log, everything)

    async def retried(catch: Catch) -> list[tuple[ReadModel, Parked]]:
        for projection in dict.fromkeys(projection for projection, _ in await listed(catch.log)):
            await retry(catch.log, decode, projection)
        return await listed(catch.log)

    found = on_place(retried) if again else on_log(listed)
    for projection, row in found:
        key = "a fact that cannot be read" if row.key.startswith(UNREAD) else row.key
        said = f"{projection.name} {key}: {row.error}, at position {row.position}"
        console.print(marked(said), highlight=False)
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
    # Here: it is for developers, and brings the whole schema with it.
    from catch.contracts import files as committed

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
@option("--purpose", type=click.Choice([*Purpose]), help="Why you look: it is recorded with who looked at whom.")
@option("--json", "as_json", is_flag=True, help="The facts as JSON, a line each, with everything stored of them.")
def replay(
    stream: str, as_known: str | None, as_true: str | None, personal: bool, purpose: str | None, as_json: bool
) -> None:
    """Step through the history of a case (its id or number) or a meeting (its id), one fact at a time.

    T is a day or a time: 2026-03-10, or 2026-03-10T10:00. Without a terminal all facts are shown at once. That an
    operator looked is recorded before anything is shown (`catch audit who-saw`).

    **Examples**

        catch replay 7K3M-Q2XD
        catch replay 7K3M-Q2XD --as-known 2026-03-10
        catch replay 7K3M-Q2XD --as-true 2026-03-10T10:00
        catch replay 7K3M-Q2XD --personal --purpose audit
        catch replay 7K3M-Q2XD --json | jq .envelope.event
    """
    from catch.cli.replaying import find, from_terminal, moment
    from catch.cli.replaying import replay as stepped

    try:
        known, true = (moment(text) if text else None for text in (as_known, as_true))
    except ValueError as problem:
        complain(str(problem))
        sys.exit(UNUSABLE)

    async def run(catch: Catch) -> None:
        found = await find(catch, stream)
        pause = from_terminal(console)
        why = Purpose(purpose) if purpose else None
        await stepped(
            catch, found, known, true, personal=personal, purpose=why, as_json=as_json, console=console, pause=pause
        )

    on_place(run)

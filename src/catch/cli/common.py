"""What the commands share: a place to work on, progress that is drawn, faults that are said in a sentence."""

import os
import sys
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import asyncpg
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from catch.app import Catch, opened
from catch.cli.terminal import marked
from catch.database import OldServer
from catch.database.reaching import reached
from catch.database.server import Server, ServerFailed, server
from catch.database.session import UnfitSession
from catch.domain.refusals import Refused
from catch.log import Log
from catch.log.entries import WentBack
from catch.log.invented import NOTICE, AlreadyBegun
from catch.log.migrations import CannotMigrate, pending
from catch.personal.belonging import OtherKey
from catch.programmes import ProgrammeFileInvalid
from catch.readside.rebuilding import AnotherRebuild
from catch.readside.sharing import SharedWorkFailed
from catch.settings import BadSetting, Settings

T = TypeVar("T")

UNUSABLE, IN_PART = 2, 1

WIDE = 10_000
"""Columns: more than any row has."""

console = Console()
complaints = Console(stderr=True)


def complain(text: str) -> None:
    complaints.print(f"[bold red]catch:[/] {marked(text, lines=True)}", soft_wrap=True, highlight=False)


@contextmanager
def failures() -> Generator[None]:
    """Faults of the world outside become one sentence and an exit status, never a traceback."""
    try:
        yield
    except Refused as refused:
        differing = dict.fromkeys(refused.otherwise, "differs")
        details = "; ".join(f"{name}: {value}" for each in (refused.details, differing) for name, value in each.items())
        complain(f"{refused.message} ({details})" if details else refused.message)
        sys.exit(IN_PART)
    except (
        AlreadyBegun,
        BadSetting,
        CannotMigrate,
        OldServer,
        OtherKey,
        ServerFailed,
        UnfitSession,
        ProgrammeFileInvalid,
        AnotherRebuild,
        SharedWorkFailed,
        WentBack,
    ) as problem:
        complain(str(problem))
        sys.exit(UNUSABLE)
    except asyncpg.PostgresError as problem:
        complain(f"the database refused: {problem}")
        sys.exit(UNUSABLE)
    except (OSError, asyncpg.InterfaceError) as problem:
        complain(f"{type(problem).__name__}: {problem}")
        sys.exit(UNUSABLE)
    except KeyboardInterrupt:
        complain("stopped")
        sys.exit(130)


async def said_if_invented(log: Log) -> None:
    """On standard error, so that what a program reads on standard output stays what it is."""
    if await log.mark.invented():
        nothing_is_real()


def nothing_is_real() -> None:
    complaints.print(f"[bold yellow]{NOTICE}[/]", soft_wrap=True, highlight=False)


def on_place(work: Callable[[Catch], Awaitable[T]], settings: Settings | None = None) -> T:
    """Run it on the configured place: its server started if need be, its log open, its read side running."""
    settings = settings or Settings.read()

    async def run(running: Server) -> T:
        await reached(settings)
        async with opened(running, settings) as catch:
            await said_if_invented(catch.log)
            return await work(catch)

    with server(settings) as running:
        return uvloop.run(run(running))


def on_server(work: Callable[[Server, Settings], Awaitable[T]]) -> T:
    """Run it on the configured server, without opening the place."""
    settings = Settings.read()

    async def run(running: Server) -> T:
        await reached(settings)
        return await work(running, settings)

    with server(settings) as running:
        return uvloop.run(run(running))


def on_log(work: Callable[[Log], Awaitable[T]]) -> T:
    """Run it on the configured place's log alone: nothing is migrated, and no read side runs."""

    async def run(running: Server, settings: Settings) -> T:
        try:
            missing = await pending(running.app, settings.schema)
        # A subclass of the next: a wrong password does not mean that the place is not set up.
        except asyncpg.InvalidPasswordError:
            raise
        except asyncpg.InvalidAuthorizationSpecificationError as problem:  # a new server has not even the roles
            raise CannotMigrate(f"the place is not set up ({problem}): run `catch migrate` first") from None
        if missing:
            name = missing[0].name
            raise CannotMigrate(f"the place is not set up for this release ({name}): run `catch migrate` first")
        log = await Log.open(running.app, schema=settings.schema, remembers=settings.remembers)
        try:
            await said_if_invented(log)
            return await work(log)
        finally:
            await log.close()

    return on_server(run)


def bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=complaints
    )


def key_column(header: str) -> Column:
    return Column(header, no_wrap=True)


def tabled(table: Table) -> None:
    """Nothing in it is cut: a terminal's rows are broken, and what another program reads is as wide as it has to be.
    A `key_column` is as wide as the longest of them on both."""
    for column in table.columns:
        column.overflow = "fold"
    to = console if console.is_terminal else Console(width=WIDE)
    to.print(table)


def private(path: Path, content: str | bytes, encoding: str = "utf-8", *, anew: bool = False) -> None:
    """For whoever asked for it alone: no other user of this machine reads it. Raises `FileExistsError` rather than
    write over anything, unless it is to be written `anew`.
    """
    if anew:
        path.unlink(missing_ok=True)  # whoever may read, or has open, what was there is not shown what comes
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode(encoding))

"""`catch keys`: which key-encryption keys there are, and how another one takes the place of the last."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
import rich_click as click

from catch.app import key_file, key_path, keys_of
from catch.cli.common import IN_PART, complain, console, on_log
from catch.cli.options import argument, option
from catch.cli.progress import facts
from catch.database import Connection
from catch.log import Log
from catch.personal import KeyFile
from catch.personal.belonging import named
from catch.personal.rotating import (
    LOOK,
    Progress,
    Rewrapped,
    StillUsed,
    WrappingKey,
    adopt,
    lacking,
    retire,
    rewrap,
    wrapping_keys,
)
from catch.readside.lease import FORMER
from catch.settings import Settings

T = TypeVar("T")

PAUSE = 0.5
ALONE = "select pg_try_advisory_lock(hashtextextended(current_schema() || ' key-encryption keys', 0))"
KNOWS = 23
"""The migration without which a server does not hear of another key."""
HEARD = 3 * LOOK
"""Seconds that servers are given to hear of what has changed."""


class NotYet(Exception):
    """Something else is to be done before."""


@click.group("keys")
def keys() -> None:
    """The key-encryption keys, which wrap the data key of everybody of whom something is kept."""


@keys.command("list")
@option("--json", "as_json", is_flag=True, help="As JSON, a line each.")
def list_(as_json: bool) -> None:
    """List the key-encryption keys: how old each is, and how many data keys it has wrapped. Tells nothing of them.

    **Examples**

        catch keys list
        catch keys list --json | jq .wraps
    """

    async def run(connection: Connection, _settings: Settings, held: KeyFile) -> list[WrappingKey]:
        return await wrapping_keys(connection, held)

    for key in with_keys(run, alone=False):
        click.echo(msgspec.json.encode(key).decode() if as_json else said(key))


@keys.command("rotate")
@option("--again", is_flag=True, help="Also where the present key is less than a day old.")
def rotate(again: bool) -> None:
    """Have a new key-encryption key wrap all data keys, while servers go on. No fact is touched.

    Makes a new line in the key file, or takes the one that was added to it where it is kept (`head -c 32 /dev/urandom |
    base64`). Once every running server has it, it becomes the place's, and what older keys have wrapped is wrapped
    anew. Stopped anywhere, killed too, it goes on when it is asked for again. Keep a copy of the new key file in a safe
    place before: without it nothing can be read.

    Exit status 1: a server lacks the key, or not everything could be wrapped anew.

    **Examples**

        catch keys rotate
        catch keys list
        catch keys retire 1
    """

    async def run(connection: Connection, settings: Settings, held: KeyFile) -> tuple[int, Rewrapped]:
        with facts("data keys") as progress:
            return await rotated(connection, settings, held, progress, again=again)

    number, done = with_keys(run)
    console.print(f"key {number} wraps from now on; {done.count:,} data keys were wrapped anew", highlight=False)
    for subject in done.unreadable:
        complain(f"the data key of {subject} cannot be opened, and stays as it is: see `catch doctor`")
    if more := done.left - len(done.unreadable):
        complain(f"{more:,} are wrapped by an older key still: run `catch keys rotate` again")
    if done.left:
        sys.exit(IN_PART)


@keys.command("retire")
@argument("number", type=click.IntRange(min=1), metavar="KEY")
@option("--print", "printed", is_flag=True, help="Print the key file as it is to be, instead of writing it: a secret.")
def retire_(number: int, printed: bool) -> None:
    """Retire a key-encryption key (its number in `catch keys list`) that wraps nothing any more.

    From then on nothing is wrapped by it, and of its line in the key file is left what lookup hashes and signatures
    are made with, from which the key cannot be found again. Refused while it wraps anything. A backup from before needs
    the key file from before: keep that as long as such a backup, apart from it.

    **Examples**

        catch keys retire 1
        catch keys retire 1 --print > kek.new
    """

    async def run(connection: Connection, _settings: Settings, held: KeyFile) -> KeyFile:
        if number >= held.wraps:
            raise NotYet(
                f"key {number} cannot be retired: only what is older than key {held.wraps}, which wraps, can be"
            )
        if others := await wrapping_otherwise(connection, held):
            raise NotYet(f"{others} servers do not wrap by key {held.wraps} yet: look at what they log, or stop them")
        try:
            await retire(connection, number)
        except StillUsed:
            raise NotYet(f"key {number} has wrapped data keys that are there: run `catch keys rotate` first") from None
        return held.without(number)

    left = with_keys(run)
    if printed:
        click.echo(left.text(), nl=False)
        return
    path = key_path(Settings.read())
    try:
        left.write(path)
    except OSError as problem:
        complain(
            f"nothing is wrapped by key {number} any more, but {path} cannot be written here ({problem.strerror}):"
            f" `catch keys retire {number} --print` says what is to stand in it, where it is kept"
        )
        sys.exit(IN_PART)
    console.print(f"key {number} is retired; keep the key file from before for backups from before", highlight=False)


def said(key: WrappingKey) -> str:
    name = f"key {key.number}" + (f" ({key.fingerprint})" if key.fingerprint else ", which is not known here")
    if key.since is None:
        when = ", not the place's yet: `catch keys rotate`" if key.fingerprint else ""
    else:
        when = f", since {key.since:%Y-%m-%d} ({key.age_days} days)"
    when += f", retired on {key.retired_at:%Y-%m-%d}" if key.retired_at else ""
    gone = "" if key.held or not key.wraps else "; it is not in the key file"
    return f"{name}{when}: wraps {key.wraps:,} data keys{gone}"


def with_keys(work: Callable[[Connection, Settings, KeyFile], Awaitable[T]], *, alone: bool = True) -> T:
    """On a connection of its own; `alone`: while nobody else does so."""
    settings = Settings.read()

    async def run(log: Log) -> T:
        connection = await log.database.connect()
        try:
            if alone and not await connection.fetchval(ALONE):
                raise NotYet("another `catch keys` is at work on this place: wait until it has ended")
            return await work(connection, settings, await keys_of(log, settings))
        finally:
            await connection.close()

    try:
        return on_log(run)
    except NotYet as problem:
        complain(str(problem))
        sys.exit(IN_PART)


async def rotated(
    connection: Connection, settings: Settings, held: KeyFile, progress: Progress, *, again: bool
) -> tuple[int, Rewrapped]:
    """The number of the key that wraps, and what was done. Whatever was begun goes on from where it was left."""
    held = await with_new(connection, settings, held, again=again)
    if len(held.keys) > held.wraps:
        await everywhere(connection, held)
        await adopt(connection, held)
        await until(lambda: wrapping_otherwise(connection, held))
    return held.wraps, await rewrap(connection, held, progress)


async def with_new(connection: Connection, settings: Settings, held: KeyFile, *, again: bool) -> KeyFile:
    """With a key that is not the place's yet, unless there is one to go on with."""
    present = (await wrapping_keys(connection, held))[: len(held.keys)]
    newest = present[held.wraps - 1]
    unfinished = any(key.wraps for key in present[: held.wraps - 1])
    if len(held.keys) > held.wraps or (unfinished and not again):
        return held
    if newest.age_days == 0 and not again:
        raise NotYet(f"key {held.wraps} is less than a day old, and wraps everything: --again for another one")
    path = key_path(settings)
    try:
        held.with_new().write(path)
    except OSError as problem:
        raise NotYet(
            f"{path} cannot be written here ({problem.strerror}): add a line to it where it is kept (head -c 32"
            " /dev/urandom | base64), give it to every server, and run this again"
        ) from None
    # From the disk: by what does not stand there nothing is ever wrapped.
    made = key_file(settings, begun=True)
    made.wraps = held.wraps
    return made


async def everywhere(connection: Connection, held: KeyFile) -> None:
    """Raises `NotYet` where a server lacks the key that is to wrap."""
    if former := await connection.fetchval(FORMER, KNOWS):
        raise NotYet(f"{former} servers are of a release that hears of no other key: upgrade them first")
    newest = held.fingerprints()[-1]

    async def lack() -> int:
        return (await lacking(connection, newest))[0]

    if lacks := await until(lack):
        raise NotYet(
            f"{lacks} servers do not have key {len(held.keys)} ({named(newest)}) yet: give each of them the key file as"
            " it is here, and run this again; none has to be restarted"
        )


async def wrapping_otherwise(connection: Connection, held: KeyFile) -> int:
    return (await lacking(connection, held.fingerprints()[held.wraps - 1]))[1]


async def until(count: Callable[[], Awaitable[int]]) -> int:
    """Until there are none, or it has taken too long; how many are left."""
    for _ in range(int(HEARD / PAUSE)):
        if not await count():
            return 0
        await asyncio.sleep(PAUSE)
    return await count()

"""The program put together: one place's log, read side and commands, on one event loop."""

import logging
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import projections
from catch.commands import Commands, Records
from catch.commands.destroying import stay_erased
from catch.database.server import Server
from catch.evidence.cosigning import Cosigning, witnesses
from catch.evidence.kept import PURPOSE
from catch.evidence.notes import NotProved
from catch.evidence.reads import Reads
from catch.evidence.signing import Signing
from catch.log import Log, migrate
from catch.log.codec import CODEC, decode
from catch.log.migrations import newest
from catch.personal import KeyFile, Keyring
from catch.personal.belonging import OtherKey, begun, belong
from catch.personal.keyring import erased_list
from catch.personal.rotating import Holding
from catch.present.moment import OnceFresh
from catch.present.present import Present
from catch.readside import NotCaughtUp, ReadSide
from catch.settings import BadSetting, Settings
from catch.supervised import living_on
from projections import programmes

logger = logging.getLogger("catch.place")

LOOK = 5.0
"""Seconds between two words about read models that are being built."""
STANDSTILL = 300.0
"""Seconds: an index over a long log takes some time, and shows nothing meanwhile."""


class Catch:
    """What a process works with."""

    def __init__(self, log: Log, keyring: Keyring, settings: Settings) -> None:
        """Raises `BadSetting`."""
        self.log = log
        self.keyring = keyring
        self.settings = settings
        self.readside = ReadSide(log, decode, projections.ALL, release=(newest(), CODEC.forms))
        self.present = Present(log, keyring, self.readside)
        self.records = Records(log, self.readside, keyring, self.present)
        self.commands = Commands(self.records)
        self.signing = Signing(log, keyring.secret(PURPOSE), settings.signed)
        try:
            asked = witnesses(settings.witnesses, keyring.secret(PURPOSE))
        except NotProved as problem:
            raise BadSetting(f"CATCH_WITNESSES: {problem}") from None
        self.cosigning = Cosigning(log, keyring.secret(PURPOSE), asked)
        self.reads = Reads(log, keyring.secret(PURPOSE), settings.signed)
        self.running = OnceFresh(self.programme_keys)
        """The programmes that run here: there is hardly ever a new one."""

    async def reached(self, position: int) -> None:
        """Returns once queries answer from at least this position. Raises `NotCaughtUp`."""
        await self.readside.reached(position)

    async def programme_keys(self) -> list[str]:
        """The keys of all programmes that were ever loaded, in order."""
        return await programmes.every(self.log.pool)


KEPT_SAFE = (
    "A place's key is made once and kept in a safe place (head -c 32 /dev/urandom | base64): with another one, nothing"
    " that was written before can be read."
)


def key_path(settings: Settings) -> Path:
    return settings.kek_file or Path(settings.data_dir) / "keys" / "kek"


def key_file(settings: Settings, *, begun: bool = False) -> KeyFile:
    """The operator's key-encryption keys; without a setting, a file of our own in the data folder, which is not made
    where the place was `begun` with another. Raises `OtherKey`, `BadSetting`.
    """
    path = key_path(settings)
    if settings.kek_file is None and begun and not path.exists():
        raise OtherKey(f"{TO_DO} (there is none at {path}, and this place was begun with one)")
    try:
        if settings.kek_file:
            return KeyFile.read(path)
        # What we have made ourselves nobody else needs to read.
        return KeyFile.read(path, forbidden=0o077) if begun else KeyFile.read_or_create(path)
    except (OSError, ValueError) as problem:
        said = problem.strerror if isinstance(problem, OSError) else problem
        raise BadSetting(f"CATCH_KEK_FILE: {path}: {said}. {KEPT_SAFE}") from None


TO_DO = "set CATCH_KEK_FILE to the key file of this place, or CATCH_DATA_DIR to the folder that holds it"


async def keys_of(log: Log, settings: Settings) -> KeyFile:
    """The place's keys. Raises `OtherKey` where they are another place's: nothing is read or sealed with those."""
    keys = key_file(settings, begun=await begun(log.pool))
    try:
        await belong(log.pool, keys)
    except OtherKey as problem:
        raise OtherKey(f"{key_path(settings)}: {problem}. {TO_DO[0].upper()}{TO_DO[1:]}.") from None
    return keys


async def keyring_of(log: Log, settings: Settings) -> Keyring:
    """With them, and with the list of who was erased. Raises as `keys_of`, and `BadSetting`."""
    keys = await keys_of(log, settings)
    keyring = Keyring(log.pool, keys, listed=erased_list(settings.erased, keys))
    try:
        # Before anything is opened.
        if back := await keyring.erase_again():
            logger.warning("keys that had come back were destroyed again: %d", len(back))
    except OSError as problem:
        raise BadSetting(f"CATCH_DATA_DIR: {settings.erased}: {problem.strerror}. {WITHOUT_LIST}") from None
    return keyring


WITHOUT_LIST = "It lists who was erased: without it somebody could be read again whom a backup brought back"


@asynccontextmanager
async def opened(server: Server, settings: Settings) -> AsyncGenerator[Catch]:
    """A place migrated and open, its read side and feed running until the block ends.

    The block is cancelled, and the reason raised, when one of them cannot go on. Raises `NotCaughtUp` when the read
    side makes no progress, and `FormerPrimary`.
    """
    await migrate(server.admin, settings.schema)
    async with AsyncExitStack() as stack:
        log = await Log.open(
            server.app,
            schema=settings.schema,
            pool=settings.pool,
            queue=settings.append_queue,
            deadline=settings.append_deadline,
            remembers=settings.remembers,
        )
        # Pushed first, so that it is closed last: everything behind it uses the log.
        stack.push_async_callback(log.close)
        await log.generations.settle(log.pool)
        catch = Catch(log, await keyring_of(log, settings), settings)
        stack.push_async_callback(catch.present.works.close)
        # Before anything is asked: queries find empty tables rather than none.
        await catch.readside.prepare()
        # From the end on: what was recorded before is read when somebody asks for it.
        head = catch.present.follower.position = await log.head()
        stack.push_async_callback(catch.signing.finish)
        stack.push_async_callback(catch.reads.close)
        holding = Holding(log.pool, catch.keyring, lambda: key_file(settings, begun=True))
        stack.push_async_callback(holding.leave)
        # Whoever rotates the keys knows of this server before it wraps any.
        await holding.look()
        for name, job in (
            ("read side", catch.readside.run()),
            ("feed", catch.present.follower.follow(head)),
            ("evidence", catch.signing.run()),
            *((("witnesses", catch.cosigning.run()),) if settings.witnesses else ()),
            ("recorded reads", catch.reads.run()),
            ("keys", holding.run()),
        ):
            await stack.enter_async_context(living_on(name, job))
        await caught_up(catch, head)
        await stay_erased(catch.commands, catch.records)
        yield catch


async def caught_up(catch: Catch, position: int) -> None:
    """Read models that are empty must not be mistaken for a place where nothing happened, so nobody is answered before.

    A long log takes minutes to be folded anew; it is given up when nothing moves any more.
    """
    standing, since = None, time.monotonic()
    while catch.readside.position < position:
        try:
            await catch.readside.reached(position, timeout=LOOK)
        except NotCaughtUp:
            rebuilt = await catch.log.pool.fetchval("select min(position) from rebuilds")
            now = (catch.readside.position, rebuilt)
            logger.warning("read models are being built: position=%s of=%d", rebuilt or now[0], position)
            # A rebuild moves its own checkpoints, while the read side's position stands still.
            if now != standing:
                standing, since = now, time.monotonic()
            elif time.monotonic() - since > STANDSTILL:
                raise

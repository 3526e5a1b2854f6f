"""`catch witness`: what somebody else runs, to cosign how far a place's log has come."""

import asyncio
import logging
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import rich_click as click

from catch.cli.common import UNUSABLE, complain
from catch.cli.options import argument, option
from catch.evidence.notes import NotProved, PublicKey
from catch.evidence.witness import CannotWitness, Witness, alone, signer

PORT = 7380


@click.command()
@argument("folder", type=click.Path(file_okay=False, path_type=Path))
@option("--name", help="What it is called, as in housing.example.org/witness; said once, when its key is made.")
@option("--log", "logs", multiple=True, metavar="KEY", help="The public key of a log (`catch audit key`), or its file.")
@option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 to be reached from other machines.")
@option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 takes a free one.")
@option("--show-key", is_flag=True, help="Print the witness's public key, made where there is none, and end.")
def witness(folder: Path, name: str | None, logs: Sequence[str], host: str, port: int, show_key: bool) -> None:
    """Be a witness to a log that somebody else keeps, until told to stop: cosign that it has only grown.

    A place whose database and key are in one hand could sign another past. It cannot sign it in your name: this
    remembers in FOLDER how far each log had come, and cosigns only what begins with that. What does not is refused and
    said on standard error; two checkpoints that contradict each other are kept in FOLDER.

    It needs no database, and sees no fact: numbers and hashes alone. Any log of C2SP's tlog-witness may be witnessed.
    Give the place's operator what `--show-key` prints and where this is reached (they set `CATCH_WITNESSES`), and
    auditors the same key. Keep FOLDER: whoever puts it back to an earlier state contradicts what was signed.

    **Examples**

        catch witness /srv/witness --name housing.example.org/witness --show-key > housing.pub
        catch witness /srv/witness --log catch.pub
        catch witness /srv/witness --log catch.pub --log other.pub --host 0.0.0.0 --port 7380
    """
    try:
        by = signer(folder, name)
        if show_key:
            click.echo(str(by.public))
            return
        if not logs:
            raise CannotWitness("say of which log, with --log: its operator has the key from `catch audit key`")
        keys = [log_key(each) for each in logs]
        with alone(folder):
            witnessing(Witness(folder, by, keys, time.time), host, port)
    except CannotWitness as problem:
        complain(str(problem))
        sys.exit(UNUSABLE)


def log_key(said: str) -> PublicKey:
    path = Path(said)
    try:
        return PublicKey.read(path.read_text(encoding="utf-8") if path.is_file() else said)
    except (OSError, UnicodeDecodeError, NotProved):
        raise CannotWitness(f"--log: {said} is no public key: it is what `catch audit key` prints") from None


def witnessing(made: Witness, host: str, port: int) -> None:
    # Here, since every other command would wait for the web framework to be imported.
    from catch.web.witness import served

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")

    async def run() -> None:
        told = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, told.set)
        async with served(made, host, port) as bound:
            print(f"witnessing at http://{host}:{bound}/add-checkpoint", flush=True)
            await told.wait()

    asyncio.run(run())

"""Connections that are half open, in a network of its own: packets vanish on their way, and neither end is told.

`cut_off` starts `python -m tests.faults.halfopen FOLDER ROUNDS` inside such a network, where nobody else is. The
database is at the end of a cable there, which is pulled out; or loopback swallows what is sent from or to a client.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import uvloop
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from catch.database.server import SAFE
from catch.live.wire import Bounds
from catch.web.serving import Web
from tests.faults.cluster import cluster
from tests.faults.place import database
from tests.faults.scenarios import Progress, silent
from tests.faults.waits import Cutting, Waits, deaf, silences
from tests.holes import hole
from tests.place import COORDINATOR, Client, Place, placed
from tests.test_api_outage import FOLLOW, noted

CLIENT = "127.0.0.8"
HERE, THERE = "cable0", "cable1"
"""The ends of a cable."""
LET_GO = 2 * Bounds().ping + 2
"""Seconds: a ping, and the time until the next, by when it has to be answered."""
TOLD_AT_ONCE = 2.0


async def cut_off(folder: Path, rounds: int, told: Progress = silent) -> Waits:
    process = await asyncio.create_subprocess_exec(
        "unshare", "--net", sys.executable, "-m", __spec__.name, str(folder), str(rounds),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await process.communicate()
    told(rounds)
    if process.returncode:
        return Waits(0, {}, [f"no network of its own: status {process.returncode}"])
    return msgspec.json.decode(out, type=Waits)


def possible() -> bool:
    """Only who may make a network can cut one."""
    try:
        return subprocess.run(["unshare", "--net", "ip", "link"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def network() -> None:
    """Loopback alone. What is local is looked up late, so that there is room for what vanishes."""
    ip("link", "set", "lo", "up")
    ip("rule", "add", "pref", "100", "lookup", "local")
    ip("rule", "del", "pref", "0")


WAYS = [["pref", str(50 + n), way, CLIENT, "blackhole"] for n, way in enumerate(("from", "to"))]


def vanish() -> None:
    for way in WAYS:
        ip("rule", "add", *way)


def come_back() -> None:
    for way in WAYS:
        ip("rule", "del", *way)


@asynccontextmanager
async def follower(place: Place, address: str) -> AsyncGenerator[Client]:
    """A client that comes from there."""
    url = f"ws://127.0.0.1:{place.port}/graphql"
    protocols = [Subprotocol("graphql-transport-ws")]
    async with connect(url, subprotocols=protocols, compression=None, local_addr=(address, 0), ping_interval=None,
                       close_timeout=0.1) as socket:  # fmt: skip
        client = Client(socket)
        await client.send(type="connection_init", payload={"authorization": place.token(COORDINATOR)})
        assert (await client.receive())["type"] == "connection_ack"
        yield client


async def clients(folder: Path, *, ping: float = Bounds().ping) -> Waits:
    """A client vanishes: it is let go, and the others hear of everything at once meanwhile. `ping`: as servers have it;
    for a control, another one.
    """
    found = Waits(1)
    with cluster(SAFE) as postgres:
        async with (
            database(postgres.addresses) as server,
            placed(server.admin, server.app, folder) as place,
            asking(place, ping),
            follower(place, CLIENT) as gone,
            follower(place, "127.0.0.1") as other,
        ):
            case = str((await place.worked_on("Ada Quillbrook")).case)
            for client in (gone, other):
                await client.subscribe("c", FOLLOW, case=case)
                await client.next("c")
            vanish()
            began = time.monotonic()
            while len([*place.feed.following()]) > 1 and time.monotonic() - began < LET_GO + 5:
                said = time.monotonic()
                await noted(place, case=case, note=str(uuid4()), c=str(uuid4()))
                await other.next("c")
                found.note("another was told", time.monotonic() - said, TOLD_AT_ONCE)
                await asyncio.sleep(0.5)
            found.note("a client that vanished was let go", time.monotonic() - began, LET_GO)
            come_back()
    return found


@asynccontextmanager
async def asking(place: Place, ping: float) -> AsyncGenerator[None]:
    """Clients that come from now on are asked so often whether they are there."""
    owners: list[Any] = [getattr(listener, "__self__", None) for listener in place.catch.present.follower.listeners]
    web: Web = next(owner for owner in owners if isinstance(owner, Web))
    web.live.bounds = Bounds(ping=ping)
    yield


def together(one: Waits, other: Waits) -> Waits:
    return Waits(one.rounds + other.rounds, {**one.took, **other.took}, [*one.problems, *other.problems])


async def here(folder: Path, rounds: int) -> Waits:
    found = await away(made(folder / "database"), rounds)
    with deaf():
        control = await away(made(folder / "deaf"), 1)
    found.expect(bool(control.problems), "control: a server that does not notice was not found")
    found = together(found, await clients(made(folder / "client")))
    control = await clients(made(folder / "trusting"), ping=3600)
    found.expect(bool(control.problems), "control: a server that does not ask its clients was not found")
    return found


async def away(folder: Path, rounds: int) -> Waits:
    """The database vanishes: its machine is at the other end of a cable."""
    with cluster(SAFE) as postgres:
        async with database(postgres.addresses) as server, machine(server.app) as cable:
            return await silences(folder, server.admin, cable.dsn, cable, rounds)


class Cable(Cutting):
    """`dsn`: the database at its other end. Pulled out there, what is sent here vanishes without a word."""

    def __init__(self, there: int, dsn: str) -> None:
        self._there = there
        self.dsn = dsn

    def _ip(self, *words: str) -> None:
        subprocess.run(["nsenter", "--target", str(self._there), "--net", "ip", *words], check=True)

    def lay(self) -> None:
        ip("link", "add", HERE, "type", "veth", "peer", "name", THERE, "netns", str(self._there))
        ip("addr", "add", "10.99.0.1/24", "dev", HERE)
        ip("link", "set", HERE, "up")
        self._ip("addr", "add", "10.99.0.2/24", "dev", THERE)
        self._ip("link", "set", THERE, "up")

    def cut(self) -> None:
        self._ip("link", "set", THERE, "down")

    def mend(self) -> None:
        self._ip("link", "set", THERE, "up")


@asynccontextmanager
async def machine(dsn: str) -> AsyncGenerator[Cable]:
    """One with a network of its own, through which the database is reached."""
    process = await asyncio.create_subprocess_exec(
        "unshare", "--net", sys.executable, "-m", __spec__.name, dsn,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        cable = Cable(process.pid, (await process.stdout.readline()).decode().strip())
        cable.lay()
        yield cable
    finally:
        # With its network, the cable is gone as well.
        process.stdin.close()
        await process.wait()


async def stand_in(dsn: str) -> None:
    """What runs there, until its standard input ends."""
    async with hole(dsn, "0.0.0.0") as way:
        print(way.over_tcp.replace("0.0.0.0", "10.99.0.2"), flush=True)
        await asyncio.to_thread(sys.stdin.read)


def made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


async def main(folder: str, rounds: str) -> None:
    network()
    found = await here(Path(folder), int(rounds))
    print(msgspec.json.encode(found).decode())


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]) if len(sys.argv) > 2 else stand_in(sys.argv[1]))

"""What the live side is measured against and with: bare C, graphql-ws, yoga and the load tool of the folder of peers.

The folder is copied, compiled and installed aside; nothing in it is changed.
"""

import asyncio
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from catch.bench.listening import free_port, listening
from catch.bench.node import ASKING, SERVING, Core

Say = Callable[[str], None]
INITIAL = r"{\"token\":\"t\"}"
"""What the load tool sends to initialise a connection, as its source has it."""
THEIRS = """subscription{meetingEvents(meetingId:"m1"){position kind sentNs at actor{id name agency}
 meeting{id title startsAt status version} item{id position title status minutesAllotted}}}"""
WHOLE = """{meeting(id:"m1"){id title startsAt status version items{id position title status minutesAllotted
 case{id reference riskLevel subject leadAgency actions{id description owner dueOn status}}}}}"""


class Fanned(Struct):
    """What the load tool prints, as far as it is used."""

    p50_ms: float
    p99_ms: float
    last_med_ms: float
    srv_us_per_msg: float
    srv_util: float
    rss_kb_per_conn: float
    rss_kb_per_conn_after: float
    sub_srv_ms_per_conn: float
    msg_bytes: float
    msgs: int
    want: int
    bad_conns: int


class Missing(Exception):
    """A peer or a tool cannot be run. The message says why."""


class Tools:
    """What could be made ready: `why` says of the others why not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.why: dict[str, str] = {}

    def there(self, name: str) -> bool:
        return name not in self.why


async def made_ready(source: Path | None, folder: Path, token: str, say: Say) -> Tools:
    tools = Tools(folder)
    if source is None:
        tools.why = dict.fromkeys(("wsload", "bare C", "graphql-ws", "yoga"), "no --peers")
        return tools
    await asyncio.to_thread(copied, source, folder)
    initialise(folder / "wsload.c", token)
    for name, program in (("wsload", "wsload"), ("bare C", "limit_ws")):
        try:
            await run("gcc", "-O2", "-w", "-o", str(folder / program), str(folder / f"{program}.c"))
        except Missing as missing:
            tools.why[name] = str(missing)
    try:
        say("npm install for the peers")
        await run("npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder / "peers"))
        await run("node", "--version")
    except Missing as missing:
        tools.why |= dict.fromkeys(("graphql-ws", "yoga"), str(missing))
    for name, why in tools.why.items():
        say(f"{name}: not measured: {why}")
    return tools


def copied(source: Path, folder: Path) -> None:
    """What was given may be read-only; the copy is not."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
    for each in (folder, *folder.rglob("*")):
        each.chmod(0o755 if each.is_dir() else 0o644)


def initialise(wsload: Path, token: str) -> None:
    """The copy of the load tool brings a real token, where the original has a word in its place."""
    if not wsload.exists():
        return
    text = wsload.read_text(encoding="utf-8")
    if INITIAL not in text:
        raise Missing("wsload.c: this is not the load tool that is known here")
    bearer = INITIAL.replace("}", rf",\"authorization\":\"{token}\"" + "}")
    wsload.write_text(text.replace(INITIAL, bearer), encoding="utf-8")


async def run(*command: str) -> bytes:
    try:
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
    except OSError as error:
        raise Missing(f"{command[0]}: {error.strerror}") from None
    out, complaint = await process.communicate()
    if process.returncode:
        lines = complaint.decode(errors="replace").strip().splitlines() or [f"status {process.returncode}"]
        raise Missing(f"{command[0]}: {lines[-1]}")
    return out


def on(core: Core, command: Sequence[str]) -> Sequence[str]:
    return command if core is None else ("taskset", "-c", str(core), *command)


@asynccontextmanager
async def peer(tools: Tools, name: str) -> AsyncGenerator[tuple[int, int]]:
    """The peer's process and port while it serves."""
    port = free_port()
    command = {
        "bare C": (str(tools.folder / "limit_ws"), str(port)),
        "graphql-ws": ("node", str(tools.folder / "peers" / "gqlws.mjs"), str(port)),
        "yoga": ("node", str(tools.folder / "peers" / "yoga.mjs"), str(port)),
    }[name]
    process = await asyncio.create_subprocess_exec(*on(SERVING, command), stdout=PIPE, stderr=sys.stderr)
    try:
        await listening(port)
        yield process.pid, port
    finally:
        process.terminate()
        await process.wait()


async def fanned(
    tools: Tools, pid: int, port: int, subscribe: str, *, clients: int, rate: float, count: int, bare: bool = False
) -> Fanned:
    """So many clients of the load tool, and so many events at this rate."""
    message = tools.folder / "subscribe.json"
    message.write_text(subscribe, encoding="utf-8")
    sized = (str(port), "/" if bare else "/graphql", str(clients), str(rate), str(count), "1" if bare else "0")
    out = await run(*on(ASKING, (str(tools.folder / "wsload"), *sized, str(pid), str(message))))
    return msgspec.json.decode(out, type=Fanned)


def subscribe_message(query: str) -> str:
    return msgspec.json.encode({"id": "1", "type": "subscribe", "payload": {"query": query}}).decode()

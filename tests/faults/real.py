"""`catch serve` as people run it, to be killed; and clients that know only its address and their command ids."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import httpx
from msgspec import Struct

from catch.database.server import Server
from catch.domain.facts import Role
from catch.identity.tokens import DevelopmentIssuer
from catch.log import Log, Stored
from catch.log.codec import decode
from tests.faults.cluster import Cluster
from tests.faults.nodes import close, whole_log
from tests.faults.place import database

REGISTER = """mutation($i: RegisterPartnerInput!, $c: UUID!) { registerPartner(input: $i, commandId: $c) {
    ... on Accepted { position version } ... on Refused { code } } }"""


ADMINISTRATOR = "administrator@snn"


class Serving:
    """`program` is the folder of the program that runs; None: of this one. `command`: what Python is started with."""

    def __init__(
        self, server: Server, folder: Path, program: Path | None = None, command: Sequence[str] = ("-m", "catch")
    ) -> None:
        self.folder = folder
        self.command = command
        self.program = program
        self.url = ""
        self.process: asyncio.subprocess.Process | None = None
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("CATCH_")} | {
            "CATCH_DATA_DIR": str(folder),
            "CATCH_DATABASE_URL": server.app,
            "CATCH_OWNER_URL": server.admin,
            # What clients are told here is held to what clients have asked for.
            "CATCH_TICKER": "off",
        }
        if program is not None:
            self.environment["PYTHONPATH"] = f"{program / 'src'}:{program}"

    async def enrol(self) -> None:
        """The administrator whom the clients act as, by the operator's hand."""
        await self.told(
            "enrol", "--agency", "snn", "--name", "Example snn", "--user", ADMINISTRATOR, "--called", "A. Example"
        )

    async def told(self, *arguments: str) -> None:
        """A command beside the server."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "catch", *arguments, env=self.environment, stdout=asyncio.subprocess.DEVNULL,
            cwd=self.program,
        )  # fmt: skip
        assert await process.wait() == 0

    async def start(self) -> None:
        with (self.folder / "server.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, *self.command, "serve", "--development", "--leash", "--port", "0",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log, env=self.environment,
                cwd=self.program,
            )  # fmt: skip
        assert self.process.stdout is not None
        async with asyncio.timeout(90):
            said = (await self.process.stdout.readline()).decode()
        assert said.startswith("listening on "), (self.folder / "server.log").read_text()[-2000:]
        self.url = said.removeprefix("listening on ").split()[0]

    async def stop(self, within: float = 40) -> None:
        """Told to stop, as an operator does."""
        assert self.process is not None
        self.process.terminate()
        async with asyncio.timeout(within):
            await self.process.wait()
        close(self.process)

    async def kill(self) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        close(self.process)


@asynccontextmanager
async def serving(
    server: Server, folder: Path, program: Path | None = None, *, served: Serving | None = None
) -> AsyncGenerator[Serving]:
    served = served or Serving(server, folder, program)
    try:
        await served.start()
        yield served
    finally:
        if served.process is not None:
            await served.kill()


class Told(Struct, frozen=True):
    partner: str
    position: int
    tries: int


class Outcome(Struct, frozen=True):
    kills: int
    told: dict[UUID, Told]
    problems: list[str]

    def __str__(self) -> str:
        again = sum(one.tries > 1 for one in self.told.values())
        commands = f"{len(self.told)} commands acknowledged ({again} sent more than once)"
        return f"{self.kills} faults: {commands}, {len(self.problems)} problems"


async def killed(
    cluster: Cluster, folder: Path, times: int, progress: Callable[[int], None] = lambda _: None
) -> Outcome:
    """kill -9 of `catch serve` while clients send commands over HTTP; they repeat them to the one that comes after."""
    told: dict[UUID, Told] = {}
    stopping = asyncio.Event()
    async with (
        database(cluster.addresses) as server,
        serving(server, folder) as served,
        asyncio.TaskGroup() as tasks,
    ):
        await served.enrol()
        before_them = await head(server)
        for _ in range(6):
            tasks.create_task(client(served, told, stopping))
        for done in range(1, times + 1):
            before = len(told)
            async with asyncio.timeout(20):
                while len(told) < before + 20:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            await served.kill()
            await served.start()
            progress(done)
        stopping.set()
    log = await Log.open(server.app)
    events = [stored for stored in await whole_log(log) if stored.position > before_them]
    await log.close()
    return Outcome(times, told, differing(told, events))


async def head(server: Server) -> int:
    log = await Log.open(server.app)
    position = await log.head()
    await log.close()
    return position


def differing(told: dict[UUID, Told], events: list[Stored]) -> list[str]:
    """What is in the log otherwise than its client was told."""
    recorded = [decode(stored) for stored in events]
    found = {each.envelope.command: (each.event.partner, each.position) for each in recorded}
    sent = {command: (one.partner, one.position) for command, one in told.items()}
    problems = [
        f"{command} differs" for command in found.keys() | sent.keys() if found.get(command) != sent.get(command)
    ]
    return problems if len(found) == len(recorded) else [*problems, "a command was recorded twice"]


async def client(served: Serving, told: dict[UUID, Told], stopping: asyncio.Event) -> None:
    """Registers partners, each until it is told what came of it, and each a second time."""
    issuer = DevelopmentIssuer(served.folder, clock=time.time)
    token = issuer.issue(role=Role.ADMINISTRATOR, agency="snn", user=ADMINISTRATOR)
    async with httpx.AsyncClient(timeout=5, headers={"authorization": f"Bearer {token}"}) as http:
        while not stopping.is_set():
            command = uuid4()
            partner = f"agency-{command.hex}"
            position, tries = await insisted(served, http, partner, command)
            told[command] = Told(partner, position, tries)
            again, more = await insisted(served, http, partner, command)
            assert again == position, "another answer to the same command"
            told[command] = Told(partner, position, max(tries, more))


async def insisted(served: Serving, http: httpx.AsyncClient, partner: str, command: UUID) -> tuple[int, int]:
    tries = 0
    variables = {"i": {"partner": partner, "name": "Example", "kind": "housing"}, "c": str(command)}
    while True:
        tries += 1
        try:
            body = (await http.post(served.url, json={"query": REGISTER, "variables": variables})).json()
            outcome = body["data"]["registerPartner"]
            if "position" in outcome:
                return int(outcome["position"]), tries
            assert outcome["code"] in ("UNAVAILABLE", "BUSY"), outcome
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.05)

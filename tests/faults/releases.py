"""Two releases of the program on one database: servers of the former go on while one of the later starts beside them.

Either is a copy of a program's folder, so that each runs with its own code, read models and migrations.
"""

import asyncio
import re
import shutil
import tarfile
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from io import BytesIO
from pathlib import Path
from random import Random
from subprocess import run
from typing import Any
from uuid import uuid4

import httpx
from msgspec import Struct

import projections
from catch.database import connect
from catch.database.server import Server
from catch.domain.facts import Role
from catch.identity.tokens import DevelopmentIssuer
from catch.log import Log
from catch.log.codec import decode
from catch.log.migrations import newest
from catch.readside import checksum, lease, parked, rebuild
from tests.faults.nodes import ROOT
from tests.faults.real import ADMINISTRATOR, REGISTER, Serving, serving

LATER = "later"
NOT_PACKED = shutil.ignore_patterns("__pycache__", "node_modules", "built")
UNKNOWN = "AgreementSigned"
"""A fact that the former release does not know."""
SIGN = """mutation($i: SignAgreementInput!, $c: UUID!) { signAgreement(input: $i, commandId: $c) {
    ... on Accepted { position } ... on Refused { code message } } }"""
LOOK = """query($a: String!, $p: Position) { lookedAfter(agency: $a, atLeast: $p) { agency { key } } }"""
PRESENT = f"select keeps from catch_read.servers where key in ({lease.PRESENT}) order by release desc"


def copied(into: Path) -> Path:
    """The program as it is here."""
    for name in ("src/catch", "projections", "schema"):
        shutil.copytree(ROOT / name, into / name, ignore=NOT_PACKED)
    return into


def changed(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    after = re.sub(old, new, text, count=1)
    assert after != text, f"{path.name} has no {old}"
    path.write_text(after)


def former(into: Path) -> Path:
    """One read model less, two of an older version, and a fact that it does not know."""
    program = copied(into)
    for name in ("agenda", "timeline"):
        changed(program / f"projections/{name}.py", r"\bversion=[0-9]+,", "version=1,")
    less = 'isinstance(value, ReadModel) and value.name != "references"'
    changed(program / "projections/__init__.py", r"isinstance\(value, ReadModel\)", less)
    known = f'{{n: e for n, e in EVENTS.items() if n != "{UNKNOWN}"}}'
    changed(program / "src/catch/log/codec.py", r"Codec\(EVENTS, UPCASTERS\)", f"Codec({known}, UPCASTERS)")
    return program


def later(into: Path) -> Path:
    """A migration more."""
    program = copied(into)
    number = newest() + 1
    sql = f"set local role catch_owner;\ncreate table catch.{LATER} (id int);\n"
    (program / f"schema/sql/{number:04}_{LATER}.sql").write_text(sql)
    return program


def committed(into: Path) -> Path | None:
    """The program as it was when it had a migration less; None where there is no checkout to take it from."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        return None
    present = migrated("HEAD")
    beginnings = [present[:count] for count in range(1, len(present))]
    before = git("rev-list", "HEAD", "--", "schema/sql").decode().split()
    rev = next((each for each in before if migrated(each) in beginnings), None)
    archive = git("archive", rev, "src", "projections", "schema") if rev else b""
    if not archive:  # a checkout without its history
        return None
    with tarfile.open(fileobj=BytesIO(archive)) as packed:
        packed.extractall(into, filter="data")
    return into


def migrated(rev: str) -> list[str]:
    """The migrations that a commit has, in their order, each with its content."""
    return git("ls-tree", rev, "schema/sql/").decode().splitlines()


def git(*arguments: str) -> bytes:
    return run(["git", *arguments], cwd=ROOT, check=False, capture_output=True).stdout


def steps_aside(program: Path) -> bool:
    """Whether this release knows of others beside it: without, its servers go on and cannot start again."""
    return any((program / "schema/sql").glob("*_servers.sql"))


class Load:
    """Clients that use whichever server is in rotation, and are to be told nothing but `Accepted`."""

    def __init__(self, folder: Path) -> None:
        self.rotation: list[Serving] = []
        self.accepted = Counter[str]()
        self.failures: list[str] = []
        self.stopping = asyncio.Event()
        self.token = "Bearer " + DevelopmentIssuer(folder, clock=time.time).issue(
            role=Role.ADMINISTRATOR, agency="snn", user=ADMINISTRATOR
        )
        self.asked: Counter[Serving] = Counter()

    @asynccontextmanager
    async def running(self, clients: int = 4) -> AsyncGenerator["Load"]:
        async with asyncio.TaskGroup() as tasks:
            for number in range(clients):
                tasks.create_task(self.client(number))
            try:
                yield self
            finally:
                self.stopping.set()

    async def client(self, number: int) -> None:
        chance = Random(number)
        async with httpx.AsyncClient(headers={"authorization": self.token}, timeout=20) as http:
            while not self.stopping.is_set():
                served = chance.choice(self.rotation)
                self.asked[served] += 1
                try:
                    await self.once(http, served)
                except Exception as error:
                    self.failures.append(f"{type(error).__name__}: {error}")
                finally:
                    self.asked[served] -= 1
                await asyncio.sleep(0.02)

    async def once(self, http: httpx.AsyncClient, served: Serving) -> None:
        """A command, and a look at what it has led to, on the server that took it."""
        agency = f"agency-{uuid4().hex}"
        sent = {"i": {"partner": agency, "name": "Example", "kind": "housing"}, "c": str(uuid4())}
        outcome = (await self.post(http, served, REGISTER, sent))["registerPartner"]
        if "position" not in outcome:
            self.failures.append(f"{served.program}: {outcome}")
            return
        seen = await self.post(http, served, LOOK, {"a": agency, "p": str(outcome["position"])})
        if seen["lookedAfter"]["agency"]["key"] != agency:
            self.failures.append(f"{served.program}: {agency} is not there: {seen}")
        self.accepted[served.url] += 1

    async def post(self, http: httpx.AsyncClient, served: Serving, query: str, variables: object) -> Any:
        answer = await http.post(served.url, json={"query": query, "variables": variables})
        body = answer.json()
        if answer.status_code != 200 or "errors" in body:
            raise AssertionError(f"{answer.status_code} {body.get('errors')}")
        return body["data"]

    async def out(self, served: Serving) -> None:
        """As a load balancer does before a server stops."""
        self.rotation.remove(served)
        while self.asked[served]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await served.stop()

    async def more(self, commands: int = 30, within: float = 60) -> None:
        """Returns once each server in rotation has taken so many more."""
        until = {one.url: self.accepted[one.url] + commands for one in self.rotation}
        async with asyncio.timeout(within):
            while any(self.accepted[url] < count for url, count in until.items()):  # noqa: ASYNC110
                await asyncio.sleep(0.05)


class Outcome(Struct, frozen=True):
    accepted: int
    kept: list[int]
    problems: list[str]

    def __str__(self) -> str:
        beside = " and ".join(map(str, self.kept))
        return f"{self.accepted} commands accepted, {beside} tables kept side by side, {len(self.problems)} problems"


async def rolled(server: Server, folder: Path, old: Path, new: Path, *, restarts: bool = True) -> Outcome:
    """The later release starts beside two servers of the former, and records what those cannot read; one of those
    starts again, the later one goes and comes back, and then the former ones go. `restarts`: a server of the former
    release can start where the later has migrated.
    """
    async with AsyncExitStack() as stack:
        olds = [await stack.enter_async_context(serving(server, folder, old)) for _ in range(2)]
        await olds[0].enrol()
        await olds[0].told("programmes", "load")
        load = Load(folder)
        load.rotation += olds
        async with load.running():
            await load.more()
            one = await stack.enter_async_context(serving(server, folder, new))
            load.rotation.append(one)
            await signed(load, one)
            await load.more()
            kept = await keeping(server)
            if restarts:
                for each in (olds[1], one):
                    await load.out(each)
                    await load.more()
                    await each.start()
                    load.rotation.append(each)
                    await load.more()
            for each in olds:
                await load.out(each)
            await load.more()
        return Outcome(load.accepted.total(), kept, [*load.failures[:20], *await differing(server)])


async def signed(load: Load, by: Serving) -> None:
    """What the former release cannot read."""
    headers = {"authorization": load.token}
    async with httpx.AsyncClient(headers=headers, timeout=20) as http:
        partner = {"partner": "signatory", "name": "Example", "kind": "housing"}
        agreement = {
            "partner": "signatory", "agreement": "isa", "programmes": ["snn-catch"], "categories": ["IDENTITY"],
            "startsOn": "2026-01-01", "signatory": "S. Igner",
        }  # fmt: skip
        for query, sent in ((REGISTER, partner), (SIGN, agreement)):
            said = await load.post(http, by, query, {"i": sent, "c": str(uuid4())})
            assert all("position" in outcome for outcome in said.values()), said


async def keeping(server: Server) -> list[int]:
    """How many tables each server keeps, of those that keep any, the later release first."""
    connection = await connect(server.admin)
    rows = await connection.fetch(PRESENT)
    await connection.close()
    return [len(row["keeps"]) for row in rows if row["keeps"]]


async def differing(server: Server) -> list[str]:
    """What the later release answers from and a rebuild does not make, and what it has set aside."""
    log = await Log.open(server.app)
    try:
        await until_current(log)
        live = [await checksum(log.pool, one) for one in projections.ALL]
        aside = [f"parked: {one.table} {row.key}" for one, row in await parked(log, projections.ALL)]
        await rebuild(log, decode, projections.ALL)
        again = [await checksum(log.pool, one) for one in projections.ALL]
    finally:
        await log.close()
    return aside + [f"misread: {one.table}" for one, a, b in zip(projections.ALL, live, again, strict=True) if a != b]


async def until_current(log: Log) -> None:
    there = "select count(*) from checkpoints where projection = any($1::text[]) and position >= $2"
    names, head = [one.table for one in projections.ALL], await log.head()
    async with asyncio.timeout(15):
        while await log.pool.fetchval(there, names, head) < len(names):  # noqa: ASYNC110
            await asyncio.sleep(0.05)

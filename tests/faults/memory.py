"""How much memory a server takes: once everything was looked at, and after it has worked for long.

`catch serve` over 24,000 cases, in a process of its own. The load is mixed: things are said in a meeting that people
follow, who come and go; notes are taken; cases, lists and an agenda are read.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
from msgspec import Struct, field

from catch.api.documents import shipped
from catch.app import Catch, opened
from catch.bench import reading, room
from catch.bench.crowd import Plan, Seat, followers, subscribing
from catch.bench.history import copied
from catch.bench.node import resident
from catch.bench.room import COORDINATOR, FOLLOW, SEATS, Room
from catch.database.server import SAFE, Server
from catch.domain.facts import Actor
from catch.identity.tokens import DevelopmentIssuer
from catch.settings import Settings
from tests.faults.cluster import cluster
from tests.faults.place import database
from tests.faults.real import Serving, serving
from tests.faults.scenarios import Progress, silent

CASES = 24_000
MOST = 400.0
"""Megabytes, whatever is looked at."""
DRIFT = 0.10
"""Of the memory that it had at first: by so much it may have more or less in the end."""
WARM = 60.0
"""Seconds of load before it is looked at for the first time."""
UNBOUNDED = """
from catch.cli import main
from catch.present.states import States
States.__init__.__defaults__ = (2**40,)
main()
"""
"""For a control: a server that keeps all that it has ever folded."""
NOTE = """mutation($c: UUID!, $i: AddNoteInput!) { addNote(commandId: $c, input: $i) {
    ... on Accepted { position } ... on Refused { code } } }"""
LIST = "query($n: Int!) { cases(first: $n) { edges { node { id number state } } } }"


class Memory(Struct):
    """Megabytes: after everything was looked at, and then every few seconds of the load."""

    viewed: int
    viewed_mb: float
    asked: int = 0
    minutes: float = 0
    series: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def ends(self) -> tuple[float, float]:
        """At the beginning and at the end: the middle of a tenth of the time each."""
        part = max(1, len(self.series) // 10)
        return statistics.median(self.series[:part]), statistics.median(self.series[-part:])

    def __str__(self) -> str:
        seen = f"{self.viewed} cases viewed: {self.viewed_mb:.0f} MB"
        if not self.series:
            return seen
        first, last = self.ends
        return f"{seen}; {self.asked} requests in {self.minutes:.0f} minutes: {first:.0f} MB, then {last:.0f} MB"

    def judge(self) -> None:
        if self.viewed_mb > MOST:
            self.problems.append(f"{self.viewed_mb:.0f} MB after {self.viewed} cases were viewed")
        if self.series:
            first, last = self.ends
            if abs(last / first - 1) > DRIFT:
                self.problems.append(f"it began with {first:.0f} MB and ended with {last:.0f} MB")


async def taken(
    folder: Path, minutes: int, told: Progress = silent, *, cases: int = CASES, warm: float = WARM,
    command: Sequence[str] = ("-m", "catch"),
) -> Memory:  # fmt: skip
    with cluster((*SAFE, "max_wal_size=4GB")) as postgres:
        async with database(postgres.addresses) as server:
            met, ids = await filled(server, folder, cases)
            served = Serving(server, folder, command=command)
            async with serving(server, folder, served=served), Load(served, met, ids) as load:
                await load.view()
                found = Memory(len(ids), load.megabytes)
                if minutes:
                    await load.go_on(server, found, minutes * 60, warm, told)
                found.judge()
                return found


async def filled(server: Server, folder: Path, cases: int) -> tuple[Room, list[UUID]]:
    settings = Settings(data_dir=folder)
    async with opened(server, settings) as catch:
        met = await room.prepared(catch)
        await room.worked_on(catch)
        facts = await catch.log.page(0, 100_000)
    await copied(server.admin, reading.cases(facts, reading.Size(cases=cases, few=0)))
    # Read models are filled here: what that takes is another matter.
    async with opened(server, settings) as catch:
        rows = await catch.log.pool.fetch(
            "select originator_id from stored_events where originator_version = 1 and topic = 'ReferralReceived'"
        )
    return met, [row[0] for row in rows]


class Load:
    def __init__(self, served: Serving, met: Room, ids: list[UUID]) -> None:
        self._served = served
        self._met = met
        self._ids = ids
        self._chance = Random(len(ids))
        self._issuer = DevelopmentIssuer(served.folder, clock=time.time)
        self._http = httpx.AsyncClient(timeout=60)
        self.asked = 0

    async def __aenter__(self) -> "Load":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    @property
    def megabytes(self) -> float:
        assert self._served.process is not None
        return resident(self._served.process.pid) / 1e6

    def token(self, who: Actor) -> str:
        return "Bearer " + self._issuer.issue(role=who.role, agency=who.agency, user=who.user)

    async def ask(self, query: str, by: Actor = COORDINATOR, **variables: Any) -> Any:
        body = {"query": query, "variables": variables}
        answer = await self._http.post(self._served.url, json=body, headers={"authorization": self.token(by)})
        self.asked += 1
        assert answer.status_code == 200, answer.text
        assert "errors" not in answer.json(), answer.text
        return answer.json()["data"]

    async def view(self) -> None:
        """Each case once, as whoever coordinates it opens it."""
        waiting = iter(self._ids)

        async def viewer() -> None:
            for case in waiting:
                await self.ask(shipped()["case"], id=str(case))

        await asyncio.gather(*(viewer() for _ in range(8)))

    async def go_on(self, server: Server, found: Memory, seconds: float, warm: float, told: Progress) -> None:
        before = self.asked
        async with opened(server, Settings(data_dir=self._served.folder)) as elsewhere:
            jobs = (self.reads(), self.notes(), self.says(elsewhere), self.comes_and_goes())
            working = [asyncio.create_task(job) for job in jobs]
            began = time.monotonic()
            while (gone := time.monotonic() - began) < warm + seconds:
                for job in working:
                    if job.done():
                        await job
                await asyncio.sleep(2)
                if gone >= warm:
                    found.series.append(self.megabytes)
                    told(int((gone - warm) / 60))
            for job in working:
                job.cancel()
            await asyncio.gather(*working, return_exceptions=True)
        found.asked, found.minutes = self.asked - before, seconds / 60

    async def reads(self) -> None:
        while True:
            await self.ask(shipped()["case"], id=str(self._chance.choice(self._ids)))
            await self.ask(shipped()["agenda"], id=str(self._met.meeting))
            await self.ask(LIST, n=50)
            await asyncio.sleep(0.1)

    async def notes(self) -> None:
        while True:
            note = {"case": str(self._chance.choice(self._ids)), "note": str(uuid4()), "category": "NEEDS"}
            await self.ask(NOTE, c=str(uuid4()), i=note | {"text": "The boiler is mended."})
            await asyncio.sleep(0.2)

    async def says(self, elsewhere: Catch) -> None:
        """By another server: this one hears of it."""
        while True:
            await room.said(elsewhere, self._met)
            await asyncio.sleep(0.2)

    async def comes_and_goes(self) -> None:
        """A hundred people follow for some seconds, then others."""
        port = int(self._served.url.rsplit(":", 1)[1].split("/")[0])
        follow = subscribing(FOLLOW, {"id": str(self._met.meeting)})
        seats = [Seat(port, number % len(SEATS), 0) for number in range(96)]
        while True:
            async with followers() as crowd:
                await crowd.arrive(Plan(None, [self.token(who) for who in SEATS], [follow], seats))
                await asyncio.sleep(10)

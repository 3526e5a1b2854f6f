"""What a page of cases costs who sees few of them, all of them, or none; and whether others wait for dear work.

A place of 10,000 cases, of which one agency coordinates 20 and another the rest. Pages are registered documents,
executed inside the server without a kept answer: what is measured is finding, judging, unsealing and writing. All has
been asked for before.
"""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time, thread_time
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct

from catch.access import Asker, Seat, may, sight, telling, told
from catch.access.relations import Reads
from catch.api.common.context import Context
from catch.api.engine.engine import Engine
from catch.api.engine.registered import Registered
from catch.api.schema import schema
from catch.app import Catch, opened
from catch.bench import room
from catch.bench.appends import percentile
from catch.bench.history import KNUTH, Row, copied, fresh, moulded, moved
from catch.bench.shape import table
from catch.database import connect
from catch.database.server import SAFE, ephemeral
from catch.domain.case.notes import AddNote
from catch.domain.case.state import Case
from catch.domain.facts import Actor, Category, Role, Sealed
from catch.domain.partner import EnrolMember, GiveRole, RegisterPartner, RunningPart, RunProgramme
from catch.domain.streams import CASE, Stream
from catch.identity.tokens import Viewer
from catch.log import Stored
from catch.log.codec import decode
from catch.personal.looks import Looks
from catch.present.rights import Rights
from catch.settings import Settings
from catch.web.serving import settle
from projections import agenda, case_summary

SMALL = Actor("coordinator@small", "small", Role.COORDINATOR)
STRANGER = Actor("member@small", "small", Role.PARTNER)
AUDITOR = Actor("auditor@audit", "audit", Role.AUDITOR)
CASES = """query Cases($n: Int!, $f: CaseFilter) { cases(first: $n, filter: $f) {
  edges { cursor node { id number state referral { urgency receivedAt } lead { user } person { name } } }
  pageInfo { hasNextPage endCursor } } }"""
ONE = "query One($id: UUID!) { case(id: $id) { number state person { name dateOfBirth } notes { text } } }"
MEETINGS = (
    "query Meetings($n: Int!) { meetings(first: $n) { edges { node { id startsAt } } pageInfo { hasNextPage } } }"
)
PREVIEW = "query Preview($m: UUID!) { agendaPreview(meetingId: $m) { items { number } overflow { number } } }"
TICK = 0.001


class Size(Struct, frozen=True):
    cases: int = 10_000
    few: int = 20
    page: int = 50
    times: int = 60
    turns: int = 400


QUICK = Size(cases=300, few=5, page=5, times=3, turns=3)


class Page(Struct):
    """`own_ms` is the processor's time in this process: what is left of the median where neighbours are noisy."""

    p50_ms: float
    p95_ms: float
    own_ms: float


class Apart(Struct):
    """A draft of the agenda over all live cases; the longest that anybody else's turn came late meanwhile; and the
    longest that the loop itself worked without giving anybody a turn.
    """

    took_ms: float
    others_late_ms: float
    loop_held_ms: float


class Policy(Struct):
    """Microseconds of the policy alone, in this process: what somebody sees of a case; whether a command that names it
    is theirs to ask for, with the case at hand; what a fact tells, whoever reads it, and what one viewer learns of it.
    """

    sight_us: dict[str, float]
    may_us: float
    telling_us: float
    told_us: float


class Recorded(Struct):
    """An answer before which it is recorded who is shown what, and the same without, by turns; how often the one takes
    as long as the other at the median."""

    p50_ms: float
    p99_ms: float
    without_p50_ms: float
    without_p99_ms: float
    times: float


class Figures(Struct):
    cases: int
    page: int
    pages: dict[str, Page]
    recorded: dict[str, Recorded]
    preview: Apart
    policy: Policy


class Unrecorded(Context):
    """What nobody is ever answered by: it is not recorded who is shown what."""

    async def record(self, shown: Looks, operation: str | None) -> None:
        return


class Server(Struct):
    """A place's engine, asked without the wire."""

    catch: Catch
    engine: Engine
    rights: Rights

    async def ask(self, query: str, by: Actor, /, recorded: bool = True, **variables: Any) -> Any:
        viewer = Viewer(by.user, by.agency, by.role, expires_at=0)
        kind = Context if recorded else Unrecorded
        context = await kind.of(self.catch, viewer, self.rights)
        answer = await self.engine.execute(self.engine.prepare(query), variables, context)
        body = msgspec.json.decode(answer.encoded())
        assert "errors" not in body, body["errors"]
        return body["data"]

    async def page(self, times: int, query: str, by: Actor, shown: int | None, **variables: Any) -> Page:
        """The first time everything is fetched; it does not count."""
        taken: list[float] = []
        own: list[float] = []
        for turn in range(times + 1):
            began, worked = perf_counter(), process_time()
            answer = await self.ask(query, by, **variables)
            if turn:
                taken.append(perf_counter() - began)
                own.append(process_time() - worked)
            (found,) = answer.values()
            assert shown is None or len(found["edges"]) == shown, (by, len(found["edges"]))
        return Page(percentile(taken, 0.5), percentile(taken, 0.95), percentile(own, 0.5))


@asynccontextmanager
async def place(size: Size) -> AsyncGenerator[Server]:
    """So many cases on a database of its own."""
    with ephemeral(options=(*SAFE, "max_wal_size=4GB")) as server, tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        async with opened(server, settings) as catch:
            await room.prepared(catch)
            for key in ("small", "audit"):
                await room.take(catch, RegisterPartner(key, f"Example {key}", "housing"), room.SYSTEM)
            await coordinating(catch, SMALL)
            for who in (STRANGER, AUDITOR):
                await room.enrol(catch, who)
            await room.worked_on(catch)
            facts = await catch.log.page(0, 100_000)
        await copied(server.admin, cases(facts, size))
        async with opened(server, settings) as catch:
            await analysed(server.admin)
            settle()  # as a server does, or the collector's pauses are measured too
            known = Registered({"cases": CASES, "meetings": MEETINGS, "preview": PREVIEW, "one": ONE})
            yield Server(catch, Engine(schema(), registered=known), catch.present.rights)


async def measured(size: Size, say: Callable[[str], None]) -> Figures:
    say(f"{size.cases:,} cases")
    async with place(size) as server:
        return await read(server, size, say)


async def coordinating(catch: Catch, who: Actor) -> None:
    """For their agency's own cases: they neither keep the front door nor prepare meetings."""
    since, programme = room.long_since(), room.PROGRAMME
    await room.take(catch, RunProgramme(who.agency, programme, RunningPart.COORDINATING, since), room.SYSTEM)
    await room.take(catch, EnrolMember(who.agency, who.user, Sealed(f"{who.user} Example")), room.SYSTEM)
    await room.take(catch, GiveRole(who.agency, who.user, who.role, since, None, programme), room.SYSTEM)


async def analysed(admin: str) -> None:
    """As autovacuum leaves a table within a minute."""
    connection = await connect(admin)
    try:
        await connection.execute(f"vacuum analyze catch_read.{case_summary.VIEWERS}, catch_read.{agenda.PLACES}")
    finally:
        await connection.close()


def cases(facts: list[Stored], size: Size) -> Iterator[Row]:
    """The last case again and again, of the same person; the first few are another agency's."""
    case = next(fact.stream for fact in reversed(facts) if fact.topic == "ReferralReceived")
    own = [fact for fact in facts if fact.stream == case]
    person = str(msgspec.json.decode(own[0].state)["event"]["person"])[:8].encode()
    year, now = moulded(own), datetime.now(UTC)
    for number in range(1, size.cases + 1):
        mask = number * KNUTH & 0xFFFFFFFF
        words = [word if word == person or len(word) == 4 else fresh(word, mask, 0) for word in year.words]
        for mould in year.moulds:
            text = mould.text % mould.places(words)
            if number <= size.few and mould.topic == "CoordinatorAllocated":
                text = text.replace(b'"worker":{"user":"coordinator@snn","agency":"snn"}', OF_SMALL)
            yield moved(mould.stream, mask), mould.version, mould.topic, text, now


OF_SMALL = b'"worker":{"user":"coordinator@small","agency":"small"}'


async def read(server: Server, size: Size, say: Callable[[str], None]) -> Figures:
    shown = {"few": (SMALL, size.few), "all": (room.COORDINATOR, size.page), "audited": (AUDITOR, size.page)}
    pages: dict[str, Page] = {}
    for name, (by, count) in shown.items():
        say(f"a page of cases: {name}")
        pages[name] = await server.page(size.times, CASES, by, min(count, size.page), n=size.page)
    say("a page of cases: none")
    nothing = {"programme": "no-such"}
    pages["none"] = await server.page(size.times, CASES, STRANGER, 0, n=size.page)
    pages["all_filtered_to_none"] = await server.page(size.times, CASES, room.COORDINATOR, 0, n=size.page, f=nothing)
    pages["meetings"] = await server.page(size.times, MEETINGS, room.COORDINATOR, None, n=size.page)
    pages["meetings_of_none"] = await server.page(size.times, MEETINGS, STRANGER, 0, n=size.page)
    say("who is shown what, recorded and not")
    kept = await recorded(server, size)
    say("a draft over all of them")
    drafted = await apart(server)
    say("the policy alone")
    return Figures(size.cases, size.page, pages, kept, drafted, await policy(server))


async def recorded(server: Server, size: Size) -> dict[str, Recorded]:
    # One that they are shown: of another nothing would be recorded.
    edges = (await server.ask(CASES, room.COORDINATOR, n=1))["cases"]["edges"]
    asked = {"one case": (ONE, {"id": edges[0]["node"]["id"]}), "a page": (CASES, {"n": size.page})}
    found: dict[str, Recorded] = {}
    for name, (query, variables) in asked.items():
        taken: dict[bool, list[float]] = {True: [], False: []}
        # The first two turns fetch what is not at hand yet.
        for turn in range(-2, size.turns * 2):
            began = perf_counter()
            await server.ask(query, room.COORDINATOR, turn % 2 == 0, **variables)
            if turn >= 0:
                taken[turn % 2 == 0].append(perf_counter() - began)
        (p50, p99), (without, without_p99) = (
            (percentile(taken[each], 0.5), percentile(taken[each], 0.99)) for each in (True, False)
        )
        found[name] = Recorded(p50, p99, without, without_p99, p50 / without)
    return found


async def policy(server: Server) -> Policy:
    """Each asked again and again of one case, in the quickest of some rounds."""
    edges = (await server.ask(CASES, SMALL, n=1))["cases"]["edges"]
    id_, now = UUID(edges[0]["node"]["id"]), datetime.now(UTC)
    case: Case = (await server.catch.present.states.get(CASE, id_)).state
    facts = [decode(each) for each in await server.catch.log.stream(id_)]
    asked = {name: await server.rights.who(asker(by)) for name, by in ASKED.items()}
    book, coordinator = Alone(case), asked["who coordinates it"]
    seen = sight(coordinator, case, (), now)
    note = AddNote(id_, id_, Category.PLAN, Sealed(""))
    return Policy(
        {name: quickest(lambda who=who: sight(who, case, (), now)) for name, who in asked.items()},
        quickest(lambda: may(coordinator, note, book, now)),
        quickest(lambda: [telling(each.event) for each in facts]) / len(facts),
        quickest(lambda: [told(seen, case, each.event, now) for each in facts]) / len(facts),
    )


class Alone(Reads):
    """All that a rule may look at: one case."""

    def __init__(self, case: Case) -> None:
        self._case = case

    def state(self, stream: Stream, id_: UUID) -> Case | None:
        return self._case if stream is CASE else None

    def seats(self, case: UUID, /) -> Sequence[Seat]:
        return ()


ASKED = {
    "who coordinates it": SMALL,
    "who keeps the door": room.COORDINATOR,
    "a stranger": STRANGER,
    "an auditor": AUDITOR,
}


def asker(by: Actor) -> Asker:
    return Asker(by.user, by.agency, by.role)


def quickest(act: Callable[[], object], times: int = 2_000, rounds: int = 7) -> float:
    """Microseconds of one, the processor's alone."""
    taken: list[float] = []
    for _ in range(rounds):
        began = thread_time()
        for _ in range(times):
            act()
        taken.append((thread_time() - began) / times)
    # The quickest: everything that others do to the machine only makes it slower.
    return min(taken) * 1e6


async def apart(server: Server) -> Apart:
    meeting = UUID((await server.ask(MEETINGS, room.COORDINATOR, n=1))["meetings"]["edges"][0]["node"]["id"])
    async with late() as worst:
        began = perf_counter()
        await server.ask(PREVIEW, room.COORDINATOR, m=str(meeting))
        took = perf_counter() - began
    return Apart(took * 1000, max(worst.late) * 1000, max(worst.held) * 1000)


class Turns(NamedTuple):
    """Seconds, one a turn: by which it came late, and for which the loop's own thread had worked since the last."""

    late: list[float]
    held: list[float]


@asynccontextmanager
async def late() -> AsyncGenerator[Turns]:
    """What somebody meets who wants a turn every millisecond."""
    turns = Turns([0.0], [0.0])

    async def watch() -> None:
        while True:
            began, worked = perf_counter(), thread_time()
            await asyncio.sleep(TICK)
            turns.late.append(perf_counter() - began - TICK)
            turns.held.append(thread_time() - worked)

    task = asyncio.create_task(watch())
    await asyncio.sleep(0)
    try:
        yield turns
        await asyncio.sleep(2 * TICK)
    finally:
        task.cancel()
        await asyncio.wait([task])


def as_json(figures: Figures) -> str:
    return msgspec.json.format(msgspec.json.encode(figures)).decode()


def as_markdown(figures: Figures) -> str:
    pages = [(name, each.p50_ms, each.p95_ms, each.own_ms) for name, each in figures.pages.items()]
    kept = [
        (name, each.p50_ms, each.p99_ms, each.without_p50_ms, each.without_p99_ms, each.times)
        for name, each in figures.recorded.items()
    ]
    heads = ("recorded before it leaves", "p50 ms", "p99 ms", "p50 ms without", "p99 ms without", "times")
    held = figures.preview
    preview = [
        ("took", held.took_ms),
        ("others were late by", held.others_late_ms),
        ("the loop was held for", held.loop_held_ms),
    ]
    found = figures.policy
    policy = [
        *((f"sight of {name}", each) for name, each in found.sight_us.items()),
        ("may", found.may_us),
        ("telling", found.telling_us),
        ("told", found.told_us),
    ]
    pages_table = table(("page", "p50 ms", "p95 ms", "own ms"), pages)
    tables = (
        pages_table,
        table(heads, kept),
        table(("preview", "ms"), preview),
        table(("policy", "µs"), policy),
    )
    return "\n".join("\n".join(each) + "\n" for each in tables).rstrip("\n")

"""The agenda's own document, asked for over HTTP again and again."""

from catch.api.documents import shipped
from catch.bench import callers, live_peers, room
from catch.bench.live_run import Bench
from catch.bench.live_shape import Query
from catch.bench.node import node

AGENDA = "agenda"


async def querying(bench: Bench) -> Query:
    """The agenda's own document over a long agenda, as the chair reads it; and yoga's like it."""
    bench.say("the agenda, asked for over HTTP")
    meeting = await room.called(bench.catch, bench.size.cases, days=7)
    await bench.catch.reached(await bench.catch.log.head())
    async with node(bench.server, bench.folder, bench.serving) as server:
        asks = callers.question(server.port, shipped()[AGENDA], {"id": str(meeting)}, bench.token(room.CHAIR))
        ours, body = await callers.asked(asks, bench.size.asking, bench.size.asking_seconds)
    assert b'"errors"' not in body, body[:500]
    theirs = await yoga(bench)
    return Query(
        requests_per_second=ours.per_second,
        p50_ms=ours.p50_ms,
        p99_ms=ours.p99_ms,
        ratio_to_yoga=ours.per_second / theirs if theirs else None,
        bytes=len(body),
    )


async def yoga(bench: Bench) -> float | None:
    """Its requests a second."""
    if not bench.tools.there("yoga"):
        return None
    async with live_peers.peer(bench.tools, "yoga") as (_, port):
        asks = callers.question(port, live_peers.WHOLE, {}, "")
        rate, _ = await callers.asked(asks, bench.size.asking, bench.size.asking_seconds)
    return rate.per_second

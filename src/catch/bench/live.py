"""One run of the live benchmark: a real place with its own PostgreSQL, servers of ours, and each peer in turn.

What is said in the meetings is said by commands, taken by a desk in this process: sealed, decided, appended. The server
that is measured hears of it through the log, asks what each class of viewers may see, and tells its clients.
"""

import tempfile
import time
from pathlib import Path

from catch.app import opened
from catch.bench import live_peers, room
from catch.bench.live_fanout import fanning
from catch.bench.live_national import convened, nationwide
from catch.bench.live_query import querying
from catch.bench.live_restart import restarting
from catch.bench.live_run import Bench, Say, Size, pinned, token
from catch.bench.live_shape import LiveFigures
from catch.bench.live_stalled import stalling
from catch.bench.live_unfollowed import unfollowed
from catch.bench.room import Room
from catch.database.server import SAFE, ephemeral
from catch.identity.tokens import DevelopmentIssuer
from catch.settings import Settings
from catch.web.serving import settle


async def measured(size: Size, peers: Path | None, say: Say) -> LiveFigures:
    with pinned(size.cores[1]), tempfile.TemporaryDirectory() as made:
        folder = Path(made) / "place"
        with ephemeral(options=SAFE) as server:
            tools = await live_peers.made_ready(
                peers, Path(made) / "peers", token(DevelopmentIssuer(folder, clock=time.time), room.COORDINATOR), say
            )
            async with opened(server, Settings(data_dir=folder)) as catch:
                say("a meeting is called")
                first = await room.prepared(catch)
                settle()  # as a server does that takes commands
                bench = Bench(catch, server, folder, tools, size, say)
                return await everything(bench, first)


async def everything(bench: Bench, first: Room) -> LiveFigures:
    fanout, fanned = await fanning(bench, first)
    query = await querying(bench)
    stalled = await stalling(bench, first)
    rooms = await convened(bench, first)
    before = await bench.catch.log.head()
    national = await nationwide(bench, rooms)
    return LiveFigures(
        fanout=fanout,
        national=national,
        unfollowed=await unfollowed(bench, rooms, before),
        restart=await restarting(bench, rooms),
        stalled=stalled,
        query=query,
        subscribe_ms=fanned[-1].sub_srv_ms_per_conn,
        message_bytes=fanned[-1].msg_bytes,
        client="wsload" if bench.tools.there("wsload") else "our own, in Python",
        missing=bench.tools.why,
    )

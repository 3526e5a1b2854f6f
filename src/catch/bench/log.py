"""One run of the benchmark: its own PostgreSQL with the settings of a real place, everything in turn, medians.

The server waits for the disk (`fsync=on`, default `synchronous_commit`) and can be reached through a unix socket only.
It and all that was written is gone when the run ends, however it ends.
"""

import gc
from collections.abc import Callable
from statistics import median
from uuid import UUID

from msgspec import Struct

from catch.bench import growth, peers, reads, rebuilds
from catch.bench.appends import Rate, driven, notes
from catch.bench.history import Year, a_busy_case, copied, database, lived, moulded, repeated
from catch.bench.shape import Appends, AsAt, Figures, Follow, Growth, Incremental, StreamRead
from catch.database import connect
from catch.database.server import SAFE, Server, ephemeral
from catch.log import Log, migrate

AT_ONCE = (1, 8, 32)
SERVER = (*SAFE, "max_wal_size=4GB")
BUSY = 500
STREAMS = 200


class Size(Struct, frozen=True):
    """`seconds` each rate is measured for; `weeks` and `referrals` of the invented year. `growth` None: left out."""

    rounds: int = 3
    seconds: float = 2.0
    weeks: int = 52
    referrals: int = 500
    events: int = 1_000_000
    fresh: int = 100_000
    growth: int | None = None


QUICK = Size(rounds=1, seconds=1.0, weeks=10, referrals=90, events=50_000, fresh=10_000)

Say = Callable[[str], None]
Round = tuple[float, Rate, Rate | None]
"""pgbench's rate, ours, and the stock recorder's."""


async def measured(size: Size, say: Say) -> Figures:
    with ephemeral(options=SERVER) as server:
        append = await appending(server, size, say)
        facts = await lived(size.weeks, size.referrals, lambda done, of, _: say(f"a year's facts: week {done} of {of}"))
        year = moulded(facts)
        history = await place(server, "history")
        say(f"putting {size.events:,} facts into the log")
        await copied(history.admin, repeated(year, size.events))
        say("rebuild of all projections")
        rebuild = await rebuilds.rebuilt(history.app)
        say(f"{size.fresh:,} facts more, folded as they come")
        await copied(history.admin, repeated(year, size.events + size.fresh, skip=size.events))
        streams = [UUID(int=number) for number in range(1, STREAMS + 1)]
        busy = a_busy_case(facts, BUSY, UUID(int=0))
        short = [row for stream in streams for row in a_busy_case(facts, reads.STREAM, stream)]
        del facts
        settle()
        log = await Log.open(history.app)
        try:
            incremental = await reads.caught_up(log)
            say("following, single streams, as at")
            follow = await reads.followed(log)
            await copied(history.admin, [*short, *busy])
            stream_read = await reads.streams_read(log, streams, size.seconds)
            as_at = await reads.seen_as_at(log, busy[0][0], 200 if size.rounds > 1 else 40)
        finally:
            await log.close()
        return Figures(
            append=append,
            follow=Follow(follow),
            rebuild=rebuild,
            incremental=Incremental(incremental),
            stream_read=StreamRead(reads.STREAM, stream_read),
            as_at=AsAt(BUSY, as_at),
            growth=await growing(server, year, size, say),
        )


def settle() -> None:
    """What the benchmark itself holds is no server's: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


async def place(server: Server, name: str) -> Server:
    """Another place on the server, set up and empty."""
    connection = await connect(server.admin)
    try:
        await connection.execute(f"create database {name}")
    finally:
        await connection.close()
    made = database(server, name)
    await migrate(made.admin)
    return made


async def growing(server: Server, year: Year, size: Size, say: Say) -> Growth:
    if size.growth is None:
        return Growth()
    short, long = [await place(server, name) for name in ("growth_short", "growth_long")]
    return await growth.grown(short, long, year, size.growth, 8 * size.seconds, say)


async def appending(server: Server, size: Size, say: Say) -> dict[str, Appends]:
    ours = await place(server, "appends")
    await peers.prepare_pgbench(server)
    stock = None
    if peers.stock_there():
        stock = peers.Stock(await place(server, "stock"))
    else:
        say(peers.NO_STOCK)
    log = await Log.open(ours.app)
    try:
        writing = await notes(log)
        await driven(writing.add, 8, size.seconds / 4)
        found: dict[int, list[Round]] = {count: [] for count in AT_ONCE}
        for round_ in range(1, size.rounds + 1):
            for count in AT_ONCE:
                say(f"appends, round {round_} of {size.rounds}: {count} at once")
                # Both within seconds, in every round: a ratio then does not depend on how busy the machine is.
                theirs = await peers.pgbench(server, count, size.seconds)
                rate = await driven(writing.add, count, size.seconds)
                found[count].append((theirs, rate, await stock.driven(count, size.seconds) if stock else None))
    finally:
        await log.close()
        if stock:
            stock.close()
    return {str(count): summed(rounds) for count, rounds in found.items()}


def summed(rounds: list[Round]) -> Appends:
    to_stock = [ours.per_second / stock.per_second for _, ours, stock in rounds if stock]
    return Appends(
        per_second=median(ours.per_second for _, ours, _ in rounds),
        p50_ms=median(ours.p50_ms for _, ours, _ in rounds),
        p99_ms=median(ours.p99_ms for _, ours, _ in rounds),
        ratio_to_pgbench=median(ours.per_second / theirs for theirs, ours, _ in rounds),
        ratio_to_stock=median(to_stock) if to_stock else None,
    )

"""Which tables of read models are there, which are to be built anew, and which are left over."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence

from catch.database import Connection
from catch.log import Log, Stored
from catch.readside.folding import UNREAD, Decode
from catch.readside.lease import PRESENT
from catch.readside.rebuilding import only_one, unhurried
from catch.readside.tables import live
from projections.read_model import ReadModel

logger = logging.getLogger("catch.readside")

# Whether a checkpoint `c` stands at a fact that this log holds.
# One that was kept before checkpoints named the fact's time is judged by its position alone.
OF_THIS_LOG = """(position = 0 or exists (
    select from stored_events e where e.notification_id = c.position
    and e.recorded_at = coalesce(c.recorded_at, e.recorded_at)))"""
STANDING = f"""
    select projection, position, {OF_THIS_LOG} as holds from checkpoints c where projection = any($1::text[])
"""  # noqa: S608
UNREADABLE = "select projection, position from parked where projection = any($1::text[]) and starts_with(key, $2)"
SET_ASIDE = "select count(*) from parked where projection = any($1::text[]) and starts_with(key, $2)"
MISSING = "select bool_or(to_regclass(quote_ident(name)) is null) from unnest($1::text[]) name"
TABLES = "select tablename from pg_tables where schemaname = current_schema() order by 1"
READ = f"""
    select distinct unnest(tables) from servers where beat > clock_timestamp() - interval '10 minutes'
    or key in ({PRESENT})
"""  # noqa: S608
GONE = """
    with gone as (delete from checkpoints where projection = $1),
        unmarked as (delete from rebuilds where projection = $1)
    delete from parked where projection = $1
"""


async def prepare(connection: Connection, projections: Iterable[ReadModel]) -> None:
    """Makes the tables that are not there (any more), so that queries find them; whoever leads fills them."""
    async with connection.transaction():
        # Servers that start together would make the same tables at the same moment.
        await connection.execute("select pg_advisory_xact_lock(hashtextextended(current_schema() || ' tables', 0))")
        for place in map(live, projections):
            if await connection.fetchval(MISSING, place.names):
                await connection.execute("delete from checkpoints where projection = $1", place.name)
                for statement in (f'drop table if exists "{place.name}"', place.create, *place.indexes):
                    await connection.execute(statement)


async def unfilled(
    log: Log, decode: Decode, projections: Sequence[ReadModel], unreadable: set[tuple[str, int]]
) -> set[str]:
    """The tables that are to be built anew: those without a checkpoint, those whose checkpoint is not of this log, and
    those that lack a fact which a former release could not read and this one can. What this one cannot read either is
    added to `unreadable`, and not looked at again.
    """
    names = [projection.table for projection in projections]
    standing = {row["projection"]: row for row in await log.pool.fetch(STANDING, names)}
    for name, row in standing.items():
        if not row["holds"]:
            logger.error("not of this log: projection=%s position=%d; it is built anew", name, row["position"])
    lacking = {name for name in names if name not in standing or not standing[name]["holds"]}
    return lacking | await _readable_now(log, decode, projections, unreadable)


async def _readable_now(
    log: Log, decode: Decode, projections: Sequence[ReadModel], unreadable: set[tuple[str, int]]
) -> set[str]:
    by_name = {projection.table: projection for projection in projections}
    by_position: dict[int, list[ReadModel]] = {}
    for row in await log.pool.fetch(UNREADABLE, list(by_name), UNREAD):
        name, position = row["projection"], row["position"]
        if (name, position) not in unreadable:
            by_position.setdefault(position, []).append(by_name[name])
    found: set[str] = set()
    for position, concerned in sorted(by_position.items()):
        for stored in await log.page(position - 1, 1, position):
            can = {one.table for one in concerned if _takes(one, decode, stored)}
            unreadable |= {(one.table, position) for one in concerned if one.table not in can}
            found |= can
    return found


def _takes(projection: ReadModel, decode: Decode, stored: Stored) -> bool:
    try:
        tuple(projection.keys(decode(stored)))
    # Still not readable, or its keys still fail: it stays parked, and does not cause a rebuild at each start.
    except Exception:
        return False
    return True


async def still_read(log: Log, projections: Sequence[ReadModel]) -> list[str]:
    """Tables of other releases from which a server answers, or did so ten minutes ago and may come back."""
    mine = {projection.table for projection in projections}
    return sorted({row[0] for row in await log.pool.fetch(READ)} - mine)


async def left_over(log: Log, projections: Sequence[ReadModel], *, drop: bool = False) -> list[str]:
    """Tables of former versions that nobody reads, and what is left of rebuilds that cannot go on. Raises
    AnotherRebuild.
    """
    read = await still_read(log, projections)
    versions = {projection.name: projection.version for projection in projections}
    beside = {f"{one.name}_{held.field}": one for one in projections if (held := one.listed)}
    versions |= {name: one.version for name, one in beside.items()}
    async with unhurried(log) as connection:
        await only_one(connection)
        marked = {row[0] for row in await connection.fetch("select distinct projection from rebuilds")}
        found: list[str] = []
        for row in await connection.fetch(TABLES):
            said = re.fullmatch(r"(?P<whole>(?P<name>\w+)_v(?P<version>\d+))(?P<new>_new)?", row[0])
            if said is None or said["name"] not in versions:
                continue
            version, present = int(said["version"]), versions[said["name"]]
            whole = beside[said["name"]].table if said["name"] in beside else said["whole"]
            if _owner(beside, said["name"], version) in read:
                continue
            if version < present or (version == present and said["new"] and whole not in marked):
                found.append(row[0])
                if drop:
                    async with connection.transaction():
                        await connection.execute(f'drop table if exists "{row[0]}"')
                        if version < present:
                            await connection.execute(GONE, said["whole"])
    return found


def _owner(beside: Mapping[str, ReadModel], name: str, version: int) -> str:
    """The table of the read model to which this one belongs."""
    return f"{beside[name].name if name in beside else name}_v{version}"

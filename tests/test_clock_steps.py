"""A server whose clock is an hour off, a database whose clock is set by an hour: what is recorded has the right time,
no sign-out is missed, nobody is let in or turned away for it. Further apart than a day, nobody is told anything.
"""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Hashable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import pytest

from catch.api.inbox.subscription import InboxSource
from catch.database import Connection, connect
from catch.doctor import examined
from catch.domain.case.notes import AddNote
from catch.domain.case.state import Category
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.partner import RegisterPartner
from catch.identity.logout import USED, Sessions
from catch.identity.tokens import ISSUER, Logout, Viewer
from catch.log import Log
from catch.log.clock import Clock, ClocksApart
from catch.log.codec import CODEC, decode
from catch.readside.lease import Watched
from projections import ALL
from tests.canaries.channels import OPERATIONS
from tests.conftest import Database, eventually
from tests.faults.cluster import possible
from tests.faults.place import database as database_on
from tests.place import ADMINISTRATOR, COORDINATOR, Place, placed
from tests.stepping import settable, step
from tests.test_faults_standby import alone, over_both, replicated
from tests.test_logout import logged_out, signed_in
from tests.visitors import visiting

HOUR, DAY = 3600.0, 86_400.0
MEMBER = Actor("u1", "snn", Role.CHAIR)
QUERY = {"query": "{ viewer { user } }"}


class Wall:
    """What a machine takes the time to be."""

    def __init__(self, ahead: float = 0.0) -> None:
        self.ahead = ahead

    def __call__(self) -> float:
        return time.time() + self.ahead


class Own(Clock):
    """The fault: to go by one's own clock."""

    def time(self) -> float:
        return self._wall()


@asynccontextmanager
async def serving(database: Database, folder: Path, wall: Wall, kind: type[Clock] = Clock) -> AsyncGenerator[Place]:
    """A server whose machine takes that to be the time. Issuers are right."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("catch.log.log.Clock", partial(kind, wall))
        async with placed(database.admin, database.dsn, folder) as place:
            yield place


async def code(place: Place, token: str) -> str | None:
    """Why the token is not taken; None where it is."""
    answer = (await place.post(QUERY, f"Bearer {token}")).json()
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else None


async def stamped(place: Place) -> float:
    """By how many seconds what is recorded without a time is ahead of when it is recorded."""
    key = f"agency-{uuid4().hex[:8]}"
    answer = await place.take(RegisterPartner(key, f"Example {key}", "housing"), ADMINISTRATOR)
    (stored,) = await place.catch.log.page(answer.position - 1, 1)
    return (decode(stored).envelope.occurred_at - stored.recorded_at).total_seconds()


# A server whose clock is wrong


@pytest.mark.parametrize("ahead", [HOUR, -HOUR])
async def test_a_server_an_hour_off_records_and_judges_as_the_others_do(
    database: Database, tmp_path: Path, ahead: float
):
    async with (
        serving(database, tmp_path, Wall()) as right,
        serving(database, tmp_path, Wall(ahead)) as wrong,
    ):
        await right.enrol(MEMBER)
        await right.settled()
        await wrong.settled()
        assert wrong.catch.log.clock.ahead == pytest.approx(ahead, abs=5)
        for place in (wrong, right):
            assert abs(await stamped(place)) < 5
        brief = right.issuer.issue(role=Role.CHAIR, agency="snn", user="u1", hours=0.5, session="s1")
        over = right.issuer.issue(role=Role.CHAIR, agency="snn", user="u1", hours=-0.5)
        assert [await code(place, brief) for place in (right, wrong)] == [None, None]
        assert [await code(place, over) for place in (right, wrong)] == ["TOKEN_EXPIRED"] * 2
        # A session of pages is the same wherever it began, and so is its ticket.
        for begun, other in ((wrong, right), (right, wrong)):
            async with visiting(begun, MEMBER) as visitor:
                visitor.http.base_url = other.http.base_url
                assert (await visitor.get("/signed-in")).status == 200
                ticket = (await visitor.http.post("/ticket")).text
                shown = await other.post(QUERY, f"Session {ticket}")
                assert shown.json()["data"]["viewer"]["user"] == "u1", shown.text
        said = (await wrong.http.get("/health/ready")).json()
        assert said == {"status": "ready", "writing": "yes", "clock": "apart"}
        # A logout that is told to the one is heard by the other, whichever is wrong.
        assert (await logged_out(wrong, right.issuer.issue_logout(session="s1")))[0] == 200
        await eventually(lambda: is_code(right, brief, "SESSION_ENDED"))
        assert await code(wrong, brief) == "SESSION_ENDED"


async def is_code(place: Place, token: str, expected: str) -> bool:
    return await code(place, token) == expected


async def test_control_a_server_that_goes_by_its_own_clock_is_an_hour_off(database: Database, tmp_path: Path):
    async with serving(database, tmp_path, Wall(HOUR), Own) as wrong:
        assert await stamped(wrong) == pytest.approx(HOUR, abs=5)
        issuer = wrong.issuer
        assert await code(wrong, issuer.issue(role=Role.CHAIR, agency="snn", user="u1", hours=0.5)) == "TOKEN_EXPIRED"


async def test_more_than_a_day_apart_nobody_is_told_anything_until_the_clocks_are_set(
    database: Database, tmp_path: Path
):
    wall = Wall()
    async with serving(database, tmp_path, wall) as place:
        await place.enrol(MEMBER)
        await place.settled()
        token = place.issuer.issue(role=Role.CHAIR, agency="snn", user="u1", session="s1")
        knocking, client = await signed_in(place, token)
        wall.ahead = 2 * DAY
        closed, why = await client.closed()
        assert (closed, why.split(":")[0]) == (1013, "UNAVAILABLE")
        await knocking.__aexit__(None, None, None)
        assert (await place.http.get("/health/ready")).status_code == 503
        refused = await place.post(QUERY, f"Bearer {token}")
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
        assert "more than a day apart" in refused.json()["errors"][0]["message"]
        head = await place.catch.log.head()
        with pytest.raises(ClocksApart):
            await stamped(place)
        assert await place.catch.log.head() == head
        # It is to be told again, and not lost.
        assert (await logged_out(place, place.issuer.issue_logout(session="s1")))[0] == 503
        wall.ahead = 0
        await eventually(lambda: ready(place))
        assert await code(place, token) is None
        assert (await logged_out(place, place.issuer.issue_logout(session="s1")))[0] == 200


async def ready(place: Place) -> bool:
    return (await place.http.get("/health/ready")).status_code == 200


async def test_the_doctor_tells_how_far_clocks_are_apart(database: Database, monkeypatch: pytest.MonkeyPatch):
    for ahead, told in ((HOUR, "3600 seconds ahead of"), (-HOUR, "3600 seconds behind"), (2 * DAY, "nobody can tell")):
        monkeypatch.setattr("catch.log.log.Clock", partial(Clock, Wall(ahead)))
        log = await Log.open(database.dsn)
        found = (await examined(log, CODEC, ALL)).findings
        assert [told in each.sentence for each in found if each.code == "CLOCK_APART"] == [True]
        await log.close()
    monkeypatch.setattr("catch.log.log.Clock", partial(Clock, Wall(30)))
    log = await Log.open(database.dsn)
    assert not [each for each in (await examined(log, CODEC, ALL)).findings if each.code == "CLOCK_APART"]
    await log.close()


# A database whose clock is set


class Servers(NamedTuple):
    both: list[Place]
    admin: Connection
    database: Database
    folder: Path

    async def set_by(self, seconds: float) -> None:
        """And they have noticed."""
        await step(self.admin, timedelta(seconds=seconds))

        async def noticed() -> bool:
            return all(abs(place.catch.log.clock.ahead + seconds) < 5 for place in self.both)

        await eventually(noticed)


@pytest.fixture
async def servers(
    database: Database, admin: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Servers]:
    await settable(admin, monkeypatch)
    async with AsyncExitStack() as stack:
        both = [await stack.enter_async_context(serving(database, tmp_path, Wall())) for _ in range(2)]
        await both[0].enrol(MEMBER)
        for place in both:
            await place.settled()
        yield Servers(both, admin, database, tmp_path)


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
async def test_a_step_of_the_databases_clock_loses_no_logout(servers: Servers, seconds: float):
    first, second = servers.both
    tokens = {
        name: first.issuer.issue(role=Role.CHAIR, agency="snn", user="u1", session=name)
        for name in ("before", "during", "after", "stays")
    }
    opened = {name: [await signed_in(place, token) for place in servers.both] for name, token in tokens.items()}

    async def ends(name: str, place: Place) -> None:
        assert (await logged_out(place, place.issuer.issue_logout(session=name)))[0] == 200

    await ends("before", first)
    await step(servers.admin, timedelta(seconds=seconds))
    await ends("during", second)
    await servers.set_by(seconds)
    await ends("after", first)
    for name in ("before", "during", "after"):
        for knocking, client in opened[name]:
            assert (await client.closed())[0] == 4403
            await knocking.__aexit__(None, None, None)
    # One that starts meanwhile knows of them, and so do all when it was set right.
    async with serving(servers.database, servers.folder, Wall()) as third:
        await servers.set_by(0)
        await eventually(lambda: noticed(third, 0))
        for place in (*servers.both, third):
            assert [await code(place, tokens[name]) for name in ("before", "during", "after")] == ["SESSION_ENDED"] * 3
    assert abs(await stamped(second)) < 5


async def test_control_by_the_databases_clock_alone_a_logout_is_refused(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
):
    def alone(clock: Clock) -> tuple[float, ...]:
        return (clock.time(),)

    monkeypatch.setattr(Clock, "either", alone)
    # The server was given the clock's own: it is asked by another.
    async with serving(servers.database, servers.folder, Wall()) as third:
        await servers.set_by(HOUR)
        await eventually(lambda: noticed(third, HOUR))
        assert (await logged_out(third, third.issuer.issue_logout(session="s1")))[0] == 400


async def noticed(place: Place, seconds: float) -> bool:
    return abs(place.catch.log.clock.ahead + seconds) < 5


@pytest.mark.parametrize("seconds", [HOUR, -HOUR])
async def test_a_step_of_the_databases_clock_loses_no_notification(servers: Servers, seconds: float):
    first, second = servers.both
    case = await first.worked_on("Ivo Example")
    await second.settled()
    async with first.live(COORDINATOR) as here, second.live(COORDINATOR) as there:
        for client in (here, there):
            await client.subscribe("case", OPERATIONS["follow_case"], caseId=str(case.case))
            await client.next("case")
        for shift in (seconds, 0):
            await step(servers.admin, timedelta(seconds=shift))
            told = await first.take(AddNote(case.case, uuid4(), Category.NEEDS, Sealed("Slept well.")))
            await servers.set_by(shift)
            again = await second.take(AddNote(case.case, uuid4(), Category.NEEDS, Sealed("Ate well.")))
            for client in (here, there):
                said = await client.until("case", again.position)
                assert {told.position, again.position} <= {int(each["position"]) for each in said}


async def test_rights_are_judged_anew_when_the_clock_was_set_back(database: Database, tmp_path: Path):
    async with serving(database, tmp_path, Wall()) as place:
        source, now = InboxSource(place.catch), place.catch.log.clock.now()
        assert source.ran_out((), now, now - timedelta(minutes=1))
        assert not source.ran_out((), now.replace(hour=12), now.replace(hour=12) + timedelta(minutes=1))


# Which server has fallen silent


HELD = """
    select array_agg(s.key order by s.key) from pg_locks l
    join catch_read.servers s on s.key = ((l.classid::bigint << 32) | l.objid::bigint)
    where l.locktype = 'advisory' and l.objsubid = 1
"""
BEATS = "select array_agg(beat) from catch_read.servers where key = any($1)"
BEATEN = f"""
    select count(*) filter (where beat <> all($2::timestamptz[])) = 2 or ({HELD}) is distinct from $1::bigint[]
    from catch_read.servers where key = any($1::bigint[])
"""
"""Both have beaten since, or one is gone."""


async def survive(servers: Servers, *steps: float, told: Wall | None = None) -> bool:
    """Whether both servers have the sessions that they had, after each has looked at the other at every step."""
    keys = await servers.admin.fetchval(HELD)
    assert len(keys) == 2
    for seconds in steps:
        await step(servers.admin, timedelta(seconds=seconds))
        if told is not None:
            told.ahead = seconds
        for _ in range(2):
            beats = await servers.admin.fetchval(BEATS, keys)
            await eventually(lambda beats=beats: servers.admin.fetchval(BEATEN, keys, beats))
    return await servers.admin.fetchval(HELD) == keys


async def test_no_server_is_taken_for_silent_because_the_clock_was_set(servers: Servers):
    assert await survive(servers, HOUR, -HOUR, 0)


async def test_control_by_the_age_of_its_beat_a_server_that_is_there_is_ended(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
):
    there = Wall()

    def by_its_beat(_: Watched, signs: Mapping[int, Hashable]) -> dict[int, float]:
        return {each: there() - sign.timestamp() for each, sign in signs.items() if isinstance(sign, datetime)}

    monkeypatch.setattr(Watched, "still", by_its_beat)
    assert not await survive(servers, HOUR, told=there)


# What is looked for


class Said:
    """An issuer that anybody may speak for: a token is the session that it ends."""

    def verify(self, authorization: str | None) -> Viewer:
        raise NotImplementedError

    def verify_logout(self, token: str) -> Logout:
        return Logout(ISSUER, uuid4().hex, 1_780_000_000.0, None, token)


class ByTheClock(Sessions):
    """The fault: what was received within the last half a minute."""

    async def look(self) -> None:
        rows = await self._pool.fetch(
            f"select issuer, subject, session from {self._table}"
            " where issuer <> $1 and received_at > clock_timestamp() - interval '30 seconds'",
            USED,
        )
        for row in rows:
            self._take(row["issuer"], row["subject"], row["session"], 0)


class ByTheHighest(Sessions):
    """The fault: what is behind the last that was seen, though one before it may not have been committed."""

    async def look(self) -> None:
        await super().look()
        highest = f"select coalesce(max(kept), '0')::text from {self._table}"
        self._since = str(int(await self._pool.fetchval(highest)) + 1)


class OfAnyServer(Sessions):
    """The fault: to go on counting by another server's count."""

    async def look(self) -> None:
        for row in await self._pool.fetch(self._look, USED, self._since):
            if row["issuer"] is not None:
                self._take(row["issuer"], row["subject"], row["session"], 0)
            self._since = row["since"]


def sessions(log: Log, kind: type[Sessions] = Sessions) -> Sessions:
    return kind(Said(), log.pool, "catch", lambda: None, log.clock.time)


def over(found: Sessions, name: str) -> bool:
    return found.over(Viewer("u1", "snn", None, 0, name, 2**40, ISSUER, "digest"))


async def heard_after_a_step(log: Log, admin: Connection, kind: type[Sessions], *steps: float) -> list[bool]:
    """Whether one server knows what another was told, each time just before the clock was set."""
    here, there, found = sessions(log, kind), sessions(log), list[bool]()
    for number, seconds in enumerate(steps):
        await here.look()
        await there.end(f"s{number}")
        await step(admin, timedelta(seconds=seconds))
        await here.look()
        found.append(over(here, f"s{number}"))
    return found


@pytest.fixture
async def set_log(database: Database, admin: Connection, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Log]:
    await settable(admin, monkeypatch)
    log = await Log.open(database.dsn)
    yield log
    await log.close()


STEPS = (HOUR, 0, -HOUR, HOUR, -HOUR, 0)


async def test_what_another_server_was_told_is_heard_however_the_clock_is_set(set_log: Log, admin: Connection):
    assert await heard_after_a_step(set_log, admin, Sessions, *STEPS) == [True] * len(STEPS)


async def test_control_a_window_by_the_clock_loses_it(set_log: Log, admin: Connection):
    assert not all(await heard_after_a_step(set_log, admin, ByTheClock, *STEPS))


async def committed_late(log: Log, database: Database, kind: type[Sessions]) -> bool:
    """Whether a sign-out is heard of that was begun before another, and committed after that was heard of."""
    here, there, late = sessions(log, kind), sessions(log), await connect(database.admin)
    await here.look()
    writing = late.transaction()
    await writing.__aenter__()
    await late.execute(
        "insert into catch.logouts (issuer, jti, session, issued_at, forgotten_at)"
        " values ($1, 'j', 'late', now(), now() + interval '1 day')",
        ISSUER,
    )
    await there.end("quick")
    await here.look()
    assert (over(here, "quick"), over(here, "late")) == (True, False)
    await writing.__aexit__(None, None, None)
    await late.close()
    await here.look()
    return over(here, "late")


async def test_a_sign_out_that_is_committed_behind_a_later_one_is_heard(log: Log, database: Database):
    assert await committed_late(log, database, Sessions)


async def test_control_behind_the_highest_that_was_seen_it_is_lost(log: Log, database: Database):
    assert not await committed_late(log, database, ByTheHighest)


@pytest.mark.skipif(not possible(), reason="no PostgreSQL programs to start a server with")
async def test_what_a_promoted_standby_is_told_is_heard_though_it_counts_from_before():
    with replicated() as pair:
        async with database_on(pair.primary.addresses) as server:
            log = await Log.open(over_both(server.app, pair))
            here, careless = sessions(log), sessions(log, OfAnyServer)
            standby = alone(server.admin, pair.standby)
            await eventually(lambda: has_it(standby))
            cut = await connect(standby)
            await cut.execute("alter system set primary_conninfo = ''")
            await cut.execute("select pg_reload_conf()")
            await eventually(lambda: cut.fetchval("select not exists (select from pg_stat_wal_receiver)"))
            await cut.close()
            for _ in range(300):
                await log.pool.execute("select pg_current_xact_id()")
            for each in (here, careless):
                await each.look()
            pair.primary.kill()
            pair.standby.promote()
            told = await Log.open(over_both(server.app, pair))
            await sessions(told).end("s1")
            await eventually(lambda: looked(here))
            assert over(here, "s1")
            # The control: by the count of the server that is gone it is not found.
            await eventually(lambda: looked(careless))
            assert not over(careless, "s1")
            await told.close()
            await log.close()


async def has_it(dsn: str) -> bool:
    try:
        connection = await connect(dsn)
    except Exception:
        return False
    try:
        return await connection.fetchval("select to_regclass('catch.logouts') is not null")
    finally:
        await connection.close()


async def looked(found: Sessions) -> bool:
    try:
        await found.look()
    except Exception:
        return False
    return True

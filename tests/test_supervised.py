"""What a server lives on is begun again where it fails; where that is in vain the server says so and ends."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from catch.database import Connection
from catch.domain.case.notes import AddNote
from catch.domain.facts import Category, Sealed
from catch.identity import logout
from catch.log import Append, Log, NewEvent
from catch.supervised import EndedByItself, kept_up, living_on
from catch.web import serving
from catch.web.serving import Web
from tests.conftest import Database, eventually
from tests.place import COORDINATOR, Place, placed
from tests.test_api_outage import FOLLOW, READ

QUICK = 0.001


class Failing(Exception):
    pass


def failing(times: int, done: asyncio.Event) -> Callable[[], Awaitable[None]]:
    """A job that fails so often, and then goes on."""
    tries = 0

    async def job() -> None:
        nonlocal tries
        tries += 1
        if tries <= times:
            raise Failing
        done.set()
        await asyncio.Event().wait()

    return job


async def test_what_fails_is_begun_again():
    done = asyncio.Event()
    async with living_on("job", kept_up("job", failing(4, done), pause=QUICK)):
        async with asyncio.timeout(30):
            await done.wait()


async def test_what_fails_too_often_ends_what_lives_on_it_with_the_reason():
    with pytest.raises(Failing):
        async with living_on("job", kept_up("job", failing(9, asyncio.Event()), tries=3, pause=QUICK)):
            await asyncio.sleep(30)


async def test_a_failure_long_ago_does_not_count():
    now, done = 0.0, asyncio.Event()

    def later() -> float:
        nonlocal now
        now += 100
        return now

    async with living_on("job", kept_up("job", failing(9, done), tries=3, pause=QUICK, clock=later)):
        async with asyncio.timeout(30):
            await done.wait()


async def test_what_ends_by_itself_ends_what_lives_on_it():
    async def nothing() -> None:
        pass

    with pytest.raises(EndedByItself, match="job"):
        async with living_on("job", nothing()):
            await asyncio.sleep(30)


async def test_what_is_over_is_cancelled_and_says_nothing():
    async with living_on("job", kept_up("job", failing(0, asyncio.Event()))):
        await asyncio.sleep(0)


# A server that is not let in for a while, which is not what it looks like when a database is away


def one() -> Append:
    stream = uuid4()
    return Append(uuid4(), stream, (NewEvent(stream, 1, "Happened", b"{}"),))


CUT = (
    "select pg_terminate_backend(pid) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid() and application_name = 'catch'"
)


async def shut_out(admin: Connection) -> None:
    """Connections are refused in a way that nobody would take for an outage."""
    name = await admin.fetchval("select current_database()")
    await admin.execute(f"revoke connect on database {name} from public")
    await admin.execute(CUT)


async def let_in(admin: Connection) -> None:
    name = await admin.fetchval("select current_database()")
    await admin.execute(f"grant connect on database {name} to public")


async def test_whoever_was_not_let_in_for_a_while_hears_of_others_again(dsn: str, admin: Connection):
    log, seen = await Log.open(dsn), 0

    async def follow() -> None:
        nonlocal seen
        async for page in log.follow(0):
            seen += len(page)

    async with living_on("follower", follow()):
        await asyncio.sleep(0.1)
        await shut_out(admin)
        await asyncio.sleep(1.2)
        await let_in(admin)
        other = await Log.open(dsn)
        await other.append(one())
        await eventually(lambda: true(seen == 1))
        # By a notification: the listener has come back, too.
        await eventually(lambda: heard_at_once(other, lambda: seen))
        await other.close()
    await log.close()


async def true(what: bool) -> bool:
    return what


async def heard_at_once(other: Log, seen: Callable[[], int]) -> bool:
    before = seen()
    await other.append(one())
    await asyncio.sleep(0.2)
    return seen() > before


@pytest.fixture
def soon_deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logout, "DEAF", 1.0)


async def code(place: Place, case: str) -> tuple[int, str]:
    answer = await place.post({"query": READ, "variables": {"case": case}})
    return answer.status_code, (answer.json().get("errors") or [{"extensions": {"code": ""}}])[0]["extensions"]["code"]


async def says(place: Place, case: str, status: int, said: str) -> bool:
    return await code(place, case) == (status, said)


@pytest.mark.usefixtures("soon_deaf")
async def test_a_server_that_cannot_hear_of_sign_outs_takes_nobodys_word(
    database: Database, admin: Connection, tmp_path: Path
):
    async with placed(database.admin, database.dsn, tmp_path) as place:
        made = await place.worked_on("Ada Quillbrook")
        case = str(made.case)
        async with place.live(COORDINATOR) as client:
            await client.subscribe("c", FOLLOW, case=case)
            assert (await client.next("c"))["event"] == "Present"
            assert await code(place, case) == (200, "")
            await admin.execute("revoke all on catch.logouts from catch_app")
            # The log is read on: all else would be answered.
            await eventually(lambda: says(place, case, 503, "UNAVAILABLE"))
            said = (await place.post({"query": READ, "variables": {"case": case}})).json()["errors"][0]["message"]
            assert "signed out" in said
            # A socket that is open is answered no more than a new one, and is closed before it is told anything.
            await client.subscribe("q", READ, case=case)
            assert (await client.receive())["payload"][0]["extensions"]["code"] == "UNAVAILABLE"
            await place.take(AddNote(made.case, uuid4(), Category.DISCUSSION, Sealed("Came by")))
            closed = await client.closed()
            assert closed[0] == 1013
            assert closed[1].startswith("UNAVAILABLE: ")
        await admin.execute("grant select, insert, delete on catch.logouts to catch_app")
        await eventually(lambda: says(place, case, 200, ""))


async def test_a_server_whose_work_cannot_go_on_ends_with_the_reason(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Whoever keeps it running starts it again; a server that lived on without would let rights outlast their day."""

    async def broken(_: Web) -> None:
        raise Failing

    monkeypatch.setattr(Web, "reconsider", broken)
    monkeypatch.setattr(serving, "kept_up", partial(kept_up, tries=2, pause=QUICK))
    with pytest.raises(Failing):
        async with placed(database.admin, database.dsn, tmp_path):
            await asyncio.sleep(30)

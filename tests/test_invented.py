"""A place is marked as invented before its first fact or never, for good; there alone time is told, and all it says
says so.
"""

import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import click
import httpx
import pytest

from catch.app import Catch, opened
from catch.cli import cli
from catch.database import Connection
from catch.database.server import Server
from catch.demo.people import AUDITOR, AUDITORS
from catch.demo.year import Year, load_year
from catch.domain.calendar import london_day
from catch.domain.case.state import Case
from catch.domain.facts import Role
from catch.domain.streams import CASE, fold
from catch.identity.tokens import DevelopmentIssuer
from catch.log import Append, Log, NewEvent
from catch.log.codec import decode
from catch.log.entries import TimeNotTaken
from catch.log.invented import NOTICE, AlreadyBegun, mark_invented, marked_invented
from catch.settings import Settings
from catch.web.serving import serving
from tests.conftest import Database
from tests.test_cli import Cli, commands

YEAR = datetime(2025, 7, 1, 12, tzinfo=UTC)


def appending(stream: UUID | None = None, version: int = 1) -> Append:
    stream = stream or uuid4()
    return Append(uuid4(), stream, (NewEvent(stream, version, "Toy", b"{}"),))


async def recorded(log: Log) -> list[datetime]:
    return [each.recorded_at for each in await log.page(0, 100)]


async def done_as(role: str | None, admin: Connection, statement: str) -> None:
    async with admin.transaction():
        await admin.execute(f"set local role {role}" if role else "select 1")
        await admin.execute(statement)


# The mark


async def test_a_place_is_marked_before_its_first_fact_or_never(database: Database, log: Log):
    assert not await log.mark.invented()
    await log.append(appending())
    with pytest.raises(AlreadyBegun):
        await mark_invented(database.admin)
    assert not await marked_invented(database.admin)
    assert not await log.mark.invented()


async def test_a_mark_is_seen_by_a_server_that_was_there_before(database: Database, log: Log):
    assert not await log.mark.invented()
    await mark_invented(database.admin)
    await mark_invented(database.admin)
    assert await log.mark.invented()


@pytest.mark.parametrize("role", ["catch_owner", None])
@pytest.mark.parametrize(
    "change",
    [
        "update catch.place set recorded_at = clock_timestamp()",
        "delete from catch.place",
        "truncate catch.place",
        "insert into catch.place (one, invented) values (false, true)",
        "insert into catch.place (invented) values (false) on conflict do nothing",
        "set local session_replication_role = replica; delete from catch.place",
    ],
)
async def test_a_mark_is_taken_back_by_nobody(database: Database, admin: Connection, change: str, role: str | None):
    await mark_invented(database.admin)
    with pytest.raises(asyncpg.PostgresError):
        await done_as(role, admin, change)
    assert await marked_invented(database.admin)


@pytest.mark.parametrize("role", ["catch_app", "catch_writer", "catch_reader"])
async def test_the_program_marks_nothing(admin: Connection, role: str):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await done_as(role, admin, "insert into catch.place (invented) values (true)")


# Times that are told


async def test_a_real_place_takes_no_time_but_the_clocks(log: Log):
    log.record_at(YEAR)
    one = appending()
    for append in (one, appending(), Append(uuid4(), one.stream, (*one.events, NewEvent(one.stream, 2, "Toy", b"")))):
        with pytest.raises(TimeNotTaken):
            await log.append(append)
    assert await log.head() == 0
    log.record_at(None)
    await log.append(one)
    assert datetime.now(UTC) - (await recorded(log))[0] < timedelta(minutes=1)


async def test_a_setting_of_the_role_is_refused_in_a_real_place_too(database: Database, admin: Connection):
    name = await admin.fetchval("select current_database()")
    await admin.execute(f"alter database {name} set catch.recorded_at = '2020-01-01T00:00:00+00:00'")
    log = await Log.open(database.dsn)
    try:
        with pytest.raises(TimeNotTaken):
            await log.append(appending())
    finally:
        await log.close()


async def test_no_role_of_the_program_names_the_time_itself(admin: Connection):
    insert = (
        "insert into catch.stored_events (originator_id, originator_version, topic, state, recorded_at)"
        " values (gen_random_uuid(), 1, '', '', '2020-01-01')"
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await done_as("catch_app", admin, insert)


async def test_an_invented_place_takes_times_in_order_and_none_to_come(database: Database, log: Log):
    await mark_invented(database.admin)
    stream = uuid4()
    for version, moment in enumerate((YEAR, YEAR, YEAR + timedelta(days=1)), start=1):
        log.record_at(moment)
        await log.append(appending(stream, version))
    for wrong in (YEAR, datetime.now(UTC) + timedelta(hours=1), datetime.min.replace(tzinfo=UTC)):
        log.record_at(wrong)
        with pytest.raises(TimeNotTaken):
            await log.append(appending())
    assert await recorded(log) == [YEAR, YEAR, YEAR + timedelta(days=1)]
    log.record_at(None)
    await log.append(appending())
    times = await recorded(log)
    assert times == sorted(times)
    assert await log.known_by(YEAR) == 2


# The demonstration's year


@pytest.fixture
async def place(database: Database, tmp_path: Path) -> AsyncIterator[Catch]:
    async with opened(Server(database.admin, database.dsn), Settings(data_dir=tmp_path / "data")) as running:
        await mark_invented(database.admin)
        yield running


async def the_year(catch: Catch) -> Year:
    year = await load_year(catch, london_day(datetime.now(UTC)), weeks=3, referrals=25)
    head = await catch.log.head()
    await catch.reached(head)
    return year


async def test_the_year_is_recorded_on_its_own_days_and_is_answered_as_it_was_known(place: Catch):
    year = await the_year(place)
    facts = [decode(stored) for stored in await place.log.page(0, 100_000)]
    times = [each.recorded_at for each in facts]
    assert times == sorted(times)
    apart = {london_day(each.recorded_at) - london_day(each.envelope.occurred_at) for each in facts}
    assert apart == {timedelta()}
    middle = year.starts_at - timedelta(weeks=2)
    known = [each for each in facts if each.recorded_at <= middle]
    assert 0 < len(known) < len(facts)
    cases = {each.stream for each in facts if each.topic == "ReferralReceived"}
    issuer = DevelopmentIssuer(place.settings.data_dir, clock=time.time)
    token = issuer.issue(role=Role.AUDITOR, agency=AUDITORS, user=AUDITOR)
    query = "query($c: UUID!, $t: DateTime!) { case(id: $c, asAt: {recordedAt: $t}) { number state } }"
    told = 0
    async with (
        serving(place, 0, development=True) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"authorization": f"Bearer {token}"}) as http,
    ):
        for case in sorted(cases):
            body = {"query": query, "variables": {"c": str(case), "t": middle.isoformat()}}
            answer = (await http.post("/graphql", json=body)).json()["data"]["case"]
            then: Case | None = fold(CASE, [each for each in known if each.stream == case])
            expected = then and {"number": then.number, "state": then.state.name}
            assert answer == expected
            told += answer is not None
    assert 0 < told < len(cases)


# All it says says so


async def test_every_answer_over_http_says_so(place: Catch):
    paths = ("/", "/graphql", "/health/live", "/health/ready", "/refer", "/logout/backchannel", "/nowhere")
    async with (
        serving(place, 0, development=True) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        for path in paths:
            for answer in (await http.get(path), await http.post(path, json={}), await http.options(path)):
                assert answer.headers["catch-place"] == "invented", (path, answer.status_code)


async def test_every_page_for_people_says_so(place: Catch):
    async with (
        serving(place, 0, development=True) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers={"accept": "text/html"}) as http,
    ):
        pages = [await http.get(path, follow_redirects=True) for path in ("/", "/sign-in", "/cases", "/nowhere")]
        for page in pages:
            if page.headers["content-type"].startswith("text/html"):
                assert NOTICE in page.text, page.url
        assert sum(page.headers["content-type"].startswith("text/html") for page in pages) > 1


async def test_a_real_place_says_nothing_of_it(database: Database, tmp_path: Path):
    async with (
        opened(Server(database.admin, database.dsn), Settings(data_dir=tmp_path / "data")) as catch,
        serving(catch, 0, development=True) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        assert "catch-place" not in (await http.get("/health/live")).headers


HEADER = "reference,received,source,channel,first name,last name,nhs number,reason for referral"
LIST = f"{HEADER}\nR1,03/02/2026 09:30,self,phone,Ada,Quillbrook-Example,999 000 0018,Lonely\nR2,x,self,phone,A,B,,C\n"
NO_PLACE = {
    "contracts",
    "document",
    "identity check",
    "case-finding",
    "pack open",
    "bench log",
    "bench live",
    "bench reading",
    "bench console",
    "bench turns",
    "programmes check",
    "programmes diff",
    "programmes schema",
    "programmes shipped",
    "scenario list",
    "witness",
}
"""What has to do with no place of anybody's."""
OF_ITS_OWN = {"demo", "serve", "scenario run"}
"""What is looked at by tests of its own: it makes its own place, or does not end by itself."""


LEAVES = [" ".join(path) for path, command in commands(cli) if not isinstance(command, click.Group)]


def test_every_command_says_so_or_has_no_place(database: Database, tmp_path: Path):
    """A new command stands in one of these lists, or this fails."""
    run = Cli(database, tmp_path)
    (tmp_path / "list.csv").write_text(LIST)
    arguments: dict[str, Callable[[], Sequence[str]]] = {
        "migrate": lambda: ["--invented"],
        "programmes load": list,
        "programmes list": list,
        "enrol": lambda: ["--agency", "snn", "--name", "S", "--user", "administrator-1", "--called", "A. Example"],
        "import referrals": lambda: [str(tmp_path / "list.csv")],
        "import find": lambda: ["R1"],
        "receipt": lambda: ["7K3M-Q2XD-0RWN"],
        "restored": list,
        "rebuild": lambda: ["--processes", "1", "programmes"],
        "tidy": list,
        "parked": list,
        "doctor": list,
        "keys list": list,
        "keys rotate": lambda: ["--again"],
        "keys retire": lambda: ["1"],
        "replay": lambda: [number_of(run)],
        "report": lambda: [*["--programme", "snn-catch", "--quarter", "2020Q1", "-o"], str(tmp_path / "impact.csv")],
        "audit key": list,
        "audit export": lambda: ["--from", "1", "--to", "3", "-o", str(tmp_path / "part.catch")],
        "retention due": list,
        "audit who-saw": lambda: [number_of(run)],
        "audit subject-access": lambda: [number_of(run), "-o", str(tmp_path / "theirs.html")],
        "audit verify": lambda: [str(tmp_path / "part.catch")],
    }
    assert {*arguments, "token"} | NO_PLACE | OF_ITS_OWN == {*LEAVES}
    for command, more in arguments.items():
        done = run(*command.split(), *more())
        assert NOTICE in done.stdout + done.stderr, (command, done.stdout, done.stderr)
    # What goes into files and to other programs says so itself.
    assert json.loads(run("doctor", "--json").stdout)["place"] == NOTICE
    lines = run("replay", number_of(run), "--json").stdout.splitlines()
    assert lines
    assert {json.loads(line)["place"] for line in lines} == {NOTICE}
    lines = run("audit", "who-saw", number_of(run), "--json").stdout.splitlines()
    assert lines
    assert {json.loads(line)["place"] for line in lines} == {NOTICE}
    run("audit", "export", "--from", "1", "--format", "ocel", "-o", str(tmp_path / "course.json"))
    events = json.loads((tmp_path / "course.json").read_text())["events"]
    assert events
    assert all({"name": "place", "value": NOTICE} in each["attributes"] for each in events)
    rejected = tmp_path / "list.rejected.csv"
    assert rejected.read_text("utf-8-sig").splitlines()[0] == f'"{NOTICE}"'
    again = run("import", "referrals", str(rejected))
    assert "1 rejected" in again.stdout
    with run.serving("--development") as (said, _):
        url, _, said = said.partition(" ")
        assert said == f"({NOTICE})"
        token = run("token", "--role", "coordinator", "--agency", "snn", "--enrol")
        assert NOTICE in token.stderr
        body = {"query": "{ place { invented } }"}
        headers = {"authorization": f"Bearer {token.stdout.strip()}"}
        assert httpx.post(url, json=body, headers=headers).json() == {"data": {"place": {"invented": True}}}


def number_of(run: Cli) -> str:
    return run("import", "find", "R1").stdout.split()[0]

"""The command line as people use it: a process of its own, real statuses, sentences instead of tracebacks."""

import inspect
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner

from catch.cli import COMMANDS, cli, said_of
from catch.database import Connection
from catch.domain.case.actions import ActionCancelled
from catch.domain.facts import Envelope, Fact, Purpose
from catch.log.codec import encode
from catch.log.migrations import migrations
from projections import timeline
from tests.cases import CORA, NOW, uid
from tests.conftest import Database
from tests.test_programme_files import SNN

HEADER = "reference,received,source,channel,first name,last name,nhs number,reason for referral"
GOOD = "R1,03/02/2026 09:30,self,phone,Ada,Quillbrook-Example,999 000 0018,Lonely"


class Cli:
    """`catch` on a test's own database, with a data folder of its own."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CATCH_")}
        self.environment = kept | {
            "CATCH_DATABASE_URL": database.dsn,
            "CATCH_OWNER_URL": database.admin,
            "CATCH_DATA_DIR": str(folder / "data"),
            "COLUMNS": "200",
        }

    def __call__(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-m", "catch", *arguments],
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in done.stderr
        return done

    @contextmanager
    def serving(self, *options: str) -> Generator[tuple[str, "subprocess.Popen[str]"]]:
        with (self.folder / "log").open("w") as log:
            command = [sys.executable, "-m", "catch", "serve", "--port", "0", *options]
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=self.environment
            )
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            yield process.stdout.readline().removeprefix("listening on ").strip(), process
        finally:
            process.stdin.close()
            process.terminate()
            process.wait(20)
            process.stdout.close()


@pytest.fixture
def catch(database: Database, tmp_path: Path) -> Cli:
    return Cli(database, tmp_path)


def asked(url: str, token: str | None, query: str) -> tuple[int, dict[str, object]]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, json.dumps({"query": query}).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def ready(url: str) -> bool:
    with urllib.request.urlopen(url.replace("/graphql", "/health/ready"), timeout=10) as answer:
        return answer.status == 200


def commands(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, group
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


@pytest.mark.parametrize(("path", "command"), [*commands(cli)], ids=str)
def test_every_command_explains_itself(path: tuple[str, ...], command: click.Command):
    done = CliRunner().invoke(cli, [*path, "--help"])
    assert done.exit_code == 0
    assert isinstance(command, click.Group) or "Example" in done.output
    assert not path or path[-1] == command.name


async def test_what_does_not_exist_is_a_usage_error(catch: Cli):
    assert catch("fly").returncode == 2
    assert catch("serve", "--port", "70000").returncode == 2
    done = catch("rebuild", "horoscope")
    assert done.returncode == 2
    assert "no such read model: horoscope" in done.stderr


async def test_a_setting_that_cannot_be_used_is_named(catch: Cli):
    catch.environment["CATCH_POOL"] = "many"
    done = catch("programmes", "list")
    assert done.returncode == 2
    assert "CATCH_POOL" in done.stderr


async def test_a_database_that_is_not_there_is_said_in_a_sentence(catch: Cli):
    catch.environment |= dict.fromkeys(
        ("CATCH_DATABASE_URL", "CATCH_OWNER_URL"), "postgresql://nobody@127.0.0.1:1/none"
    )
    done = catch("migrate")
    assert done.returncode == 2
    assert done.stderr.startswith("catch: CATCH_OWNER_URL: nothing answers at 127.0.0.1:1")


async def test_programmes_are_loaded_once_and_listed(catch: Cli, tmp_path: Path):
    assert "No programme is loaded" in catch("programmes", "list").stdout
    first, second = catch("programmes", "load"), catch("programmes", "load")
    assert "snn-catch@3: loaded" in first.stdout
    assert "snn-catch@3: in use already" in second.stdout
    assert "bexley-icm" in catch("programmes", "list").stdout
    broken = tmp_path / "broken.yaml"
    broken.write_text("key: nothing")
    assert "ageing-well@1: loaded" in catch("programmes", "load", "ageing-well").stdout
    assert "neither a file nor a programme" in catch("programmes", "load", "ageing-wel").stderr
    done = catch("programmes", "load", str(broken))
    assert done.returncode == 2
    assert "broken.yaml" in done.stderr


async def test_an_import_says_by_its_status_how_it_went(catch: Cli, tmp_path: Path):
    path = tmp_path / "list.csv"
    path.write_text(f"{HEADER}\n{GOOD}\n")
    unknown = catch("import", "referrals", str(path))
    assert unknown.returncode == 2
    assert "catch programmes load" in unknown.stderr
    catch("programmes", "load")
    first, again = catch("import", "referrals", str(path)), catch("import", "referrals", str(path))
    assert (first.returncode, again.returncode) == (0, 0)
    assert "1 cases opened" in first.stdout
    assert "1 were there already" in again.stdout
    path.write_text(f"{HEADER}\n{GOOD}\n{GOOD.replace('R1', 'R2').replace('0018', '0011')}\n")
    some = catch("import", "referrals", str(path))
    assert some.returncode == 1
    assert "nhs number" in some.stdout
    assert (tmp_path / "list.rejected.csv").exists()
    assert catch("import", "referrals", str(tmp_path / "none.csv")).returncode == 2


async def test_an_import_prints_nothing_that_a_cell_says(catch: Cli, tmp_path: Path):
    """What is filled in may stand in the wrong column."""
    catch("programmes", "load")
    path = tmp_path / "list.csv"
    swapped = [
        f"R{at},11/02/2026,self,phone,Secret Org,{','.join(cells)}"
        for at, cells in enumerate(
            [
                ("Ada", "Secret", "Secret Street", "999 secret", "", "Lonely", "", "", "", "", ""),
                ("Ada", "Secret", "21/05/1951", "", "", "Lonely", "Secret", "Secret", "secret", "secret", ""),
                ("Ada", "Secret", "21/05/1951", "", "", '"Secret', "", "yes", "yes", "", ""),
                ("Ada", "Secret", "21/05/1951", "", "", "Secret", "", "yes", "yes", "", ""),
            ]
        )
    ]
    header = (
        "reference,received,source,channel,referrer organisation,first name,last name,date of birth,nhs number,phone,"
        "reason,urgency,person knows,person agrees,safe to contact,how to contact"
    )
    path.write_text("\n".join([header, *swapped, swapped[3].replace("R3", "R4").replace("self", "secret"), ""]))
    done = catch("import", "referrals", str(path), "--rejected", str(tmp_path / "nowhere"))
    assert (done.returncode, "nothing was imported" in done.stderr) == (2, True)
    done = catch("import", "referrals", str(path))
    assert done.returncode == 1
    assert "no registered partners stand on lines 5" in done.stdout
    assert "secret" not in (done.stdout + done.stderr).casefold()
    path.write_text(path.read_text().removeprefix(header))
    assert "secret" not in catch("import", "referrals", str(path)).stderr.casefold()


async def test_a_history_that_does_not_exist_is_said_in_a_sentence(catch: Cli):
    assert catch("replay", "7K3M-Q2XD", "--as-known", "yesterday").returncode == 2
    catch("programmes", "load")
    unknown = catch("replay", "7K3M-Q2XD")
    assert unknown.returncode == 1
    assert "no case or meeting" in unknown.stderr


async def test_an_imported_case_is_replayed_by_its_id(catch: Cli, admin: Connection, tmp_path: Path):
    path = tmp_path / "list.csv"
    path.write_text(f"{HEADER}\n{GOOD}\n")
    catch("programmes", "load")
    catch("import", "referrals", str(path))
    case = await admin.fetchval("select originator_id::text from catch.stored_events where topic = 'ReferralReceived'")
    done = catch("replay", case)
    assert done.returncode == 0
    assert "ReferralReceived" in done.stdout
    assert "Lonely" not in done.stdout
    assert "Lonely" in catch("replay", case, "--personal").stdout
    assert catch("replay", case, "--as-known", "2026-01-01").returncode == 1
    looked = catch("audit", "who-saw", case)
    assert looked.returncode == 0
    assert "operator of operator  terminal  replay" in looked.stdout
    assert "texts" in looked.stdout


async def test_migrate_and_rebuild_say_what_they_did(catch: Cli):
    assert "up to date" in catch("migrate").stdout
    assert catch("programmes", "load").returncode == 0
    done = catch("rebuild", "agenda", "case_summary")
    assert done.returncode == 0
    assert "rebuilt agenda, case_summary" in done.stdout


async def test_migrate_says_what_it_would_apply_and_what_becomes_of_others(catch: Cli, admin: Connection):
    done = catch("migrate", "--check")
    assert (done.returncode, done.stdout) == (0, "up to date\n")
    await admin.execute("delete from catch.schema_migrations where number = $1", migrations()[-1].number)
    done = catch("migrate", "--check")
    last = migrations()[-1]
    said = "servers of former releases go on" if last.needs == 0 else f"do not know migration {last.needs} first"
    assert done.returncode == 1
    assert f"would apply {last.name}: " in done.stdout
    assert said in done.stdout


async def test_parked_rows_are_listed_and_folded_again(catch: Cli, admin: Connection):
    said = Envelope[Fact](NOW, CORA, Purpose.DIRECT_CARE, uid(90), uid(90), ActionCancelled(uid(30)), meeting=uid(50))
    await admin.execute(
        "insert into catch.stored_events (originator_id, originator_version, topic, state) values ($1, 1, $2, $3)",
        uid(1),
        "ActionCancelled",
        encode(said),
    )
    assert catch("programmes", "load").returncode == 0
    assert "nothing is parked" in catch("parked").stdout
    await admin.execute(f"delete from catch_read.{timeline.TABLE} where position = 1")
    await admin.execute(
        "insert into catch_read.parked (projection, key, position, error) values ($1, '1', 1, 'x')", timeline.TABLE
    )
    listed = catch("parked")
    assert listed.returncode == 1
    assert "timeline 1: x, at position 1" in listed.stdout
    assert "nothing is parked" in catch("parked", "--retry").stdout
    assert await admin.fetchval(f"select count(*) from catch_read.{timeline.TABLE} where position = 1") == 1


async def test_tokens_are_for_a_development_server_that_runs(catch: Cli):
    wanted = ("token", "--role", "auditor", "--agency", "audit-office")
    assert catch(*wanted).returncode == 1
    assert catch("programmes", "load").returncode == 0
    with catch.serving("--development") as (url, _):
        stranger = catch(*wanted)
        assert stranger.returncode == 1
        assert "--enrol" in stranger.stderr
        token = catch(*wanted, "--enrol").stdout.strip()
        assert catch(*wanted).returncode == 0
        status, answer = asked(url, token, "{ viewer { agency } }")
        assert (status, answer) == (200, {"data": {"viewer": {"agency": "audit-office"}}})
        assert catch("token", "--role", "auditor", "--agency", "Not A Key").returncode == 2
        assert catch("token", "--role", "emperor", "--agency", "a").returncode == 2
    refused = catch(*wanted)
    assert refused.returncode == 1
    assert "--development" in refused.stderr


async def test_a_server_without_development_takes_no_such_token(catch: Cli):
    assert catch("programmes", "load").returncode == 0
    with catch.serving("--development") as (url, _):
        token = catch("token", "--role", "auditor", "--agency", "audit-office", "--enrol").stdout.strip()
    assert token
    with catch.serving() as (url, _):
        assert asked(url, token, "{ viewer { agency } }")[0] == 401
        assert ready(url)


async def test_a_server_stops_when_told_to_and_when_its_leash_ends(catch: Cli):
    with catch.serving() as (_, process):
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    with catch.serving("--leash") as (_, process):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0


async def test_a_port_in_use_is_said_in_a_sentence(catch: Cli):
    with catch.serving() as (url, _):
        port = url.split(":")[2].split("/")[0]
        done = catch("serve", "--port", port)
    assert done.returncode == 2
    assert f"CATCH_PORT, or --port: {port} at 127.0.0.1 is in use already" in done.stderr


async def test_development_and_a_real_issuer_are_never_served_side_by_side(catch: Cli):
    (catch.folder / "secret").write_text("s3cret")
    catch.environment |= {
        "CATCH_ADDRESS": "http://127.0.0.1:8000",
        "CATCH_OIDC_ISSUER": "https://id.example.org",
        "CATCH_OIDC_CLIENT_ID": "catch",
        "CATCH_OIDC_CLIENT_SECRET_FILE": str(catch.folder / "secret"),
    }
    done = catch("serve", "--development", "--port", "0")
    assert done.returncode == 2
    assert "--development" in done.stderr
    assert "Take away one of them" in done.stderr
    assert "s3cret" not in done.stderr
    # An issuer that is away keeps no server from starting.
    with catch.serving() as (url, _):
        assert ready(url)
    assert "no issuer is set up" not in (catch.folder / "log").read_text()


async def test_a_server_without_an_issuer_says_what_is_missing(catch: Cli):
    with catch.serving() as (url, _):
        assert ready(url)
    assert "CATCH_IDENTITY_FILE" in (catch.folder / "log").read_text()


async def test_the_first_administrator_is_made_once_of_an_agency_that_may_be_there_already(catch: Cli):
    wanted = ("enrol", "--agency", "snn", "--name", "Support", "--called", "A. Example", "--user")
    partner = ("token", "--role", "partner", "--agency", "snn")
    with catch.serving("--development"):
        assert "catch programmes load" in catch(*partner, "--enrol").stderr
        catch("programmes", "load")
        assert "--enrol" in catch(*partner).stderr
        assert catch(*partner, "--enrol").stdout.count(".") == 2
        assert "is the administrator" in catch(*wanted, "administrator-1").stdout
        again = catch(*wanted, "administrator-2")
    assert again.returncode == 1
    assert "administrator-1 at snn" in again.stderr
    account = ("--issuer", "county", "--subject", "person-1")
    assert catch(*wanted, "administrator-2", *account).returncode == 1
    assert catch(*wanted, "administrator-1", "--issuer", "county").returncode == 2
    assert "is the administrator" in catch(*wanted, "administrator-1", *account).stdout
    assert catch(*wanted, "administrator-1", "--issuer", "county", "--subject", "person-2").returncode == 1
    assert catch("enrol", "--agency", "Snn", "--name", "x", "--called", "x", "--user", "x").returncode == 2


async def test_a_programme_is_checked_and_compared_before_anybody_loads_it(catch: Cli, tmp_path: Path):
    mine = tmp_path / "mine.yaml"
    mine.write_text(SNN.read_text("utf-8").replace("quorum: 3", "quorum: 4"), "utf-8")
    assert catch("programmes", "check", str(mine)).stdout == "mine.yaml: snn-catch@3 can be used\n"
    told = catch("programmes", "diff", "snn-catch", str(mine)).stdout.splitlines()
    assert told[0] == "~ meetings[catch-weekly].quorum: 3 -> 4"
    assert "higher version" in told[1]
    assert catch("programmes", "diff", "spring", "spring").stdout == "They say the same.\n"
    mine.write_text(SNN.read_text("utf-8").replace("quorum: 3", "quorum: 0"), "utf-8")
    wrong = catch("programmes", "check", str(mine), str(SNN))
    assert wrong.returncode == 1
    assert wrong.stdout.splitlines() == [
        "mine.yaml: line 44: meetings[0].quorum: 0 is below 1.",
        "snn-catch.yaml: snn-catch@3 can be used",
    ]
    assert "wokingham-mdt" in catch("programmes", "shipped").stdout
    assert msgspec.json.decode(catch("programmes", "schema").stdout)["$ref"] == "#/$defs/WrittenProgramme"


def test_what_commands_are_for_is_told_without_any_of_them_and_is_what_each_says_of_itself():
    program = click.Context(cli)
    for name, place in COMMANDS.items():
        command = cli.get_command(program, name)
        assert command is not None
        assert command.help is not None
        assert said_of(*place.split(":")) == inspect.cleandoc(command.help), name

"""The embedded PostgreSQL leaves no process and no folder behind, however its user goes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from catch.database.server import embedded, ephemeral
from catch.database.unprivileged import ROOT_DATA, ServerFailed, reachable
from catch.settings import BadSetting, Settings

USER = """
import signal, sys, time
from pathlib import Path
from catch.database.server import embedded, ephemeral
# A shell leaves SIGINT ignored in what it starts in the background, and so does everything that is started from there.
signal.signal(signal.SIGINT, signal.default_int_handler)
with (embedded(Path(sys.argv[1])) if len(sys.argv) > 1 else ephemeral()) as server:
    print(server.admin, flush=True)
    time.sleep(60)
"""


def somebody(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", USER, *arguments], stdout=subprocess.PIPE, text=True)


def address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    with process.stdout:
        return process.stdout.readline().strip()


def running(home: str) -> list[str]:
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode()
        except OSError:
            continue
        if home in command and "postgres" in command:
            found.append(command.replace("\0", " "))
    return found


def gone(home: str) -> bool:
    deadline = time.monotonic() + 10
    while running(home) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not running(home)


def folder(dsn: str) -> str:
    return dsn.split("host=")[1].replace("%2F", "/")


def answers(bin_folder: Path, dsn: str) -> bool:
    psql = [bin_folder / "psql", dsn, "-Atc", "select 1"]
    return subprocess.run(psql, capture_output=True, text=True, check=False).stdout == "1\n"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder that the server's user can reach: root's temporary folders are shut to others."""
    if os.geteuid() != 0:
        yield tmp_path / "data"
        return
    place = ROOT_DATA / "ephemeral" / f"test-{os.getpid()}-{time.monotonic_ns()}"
    yield place
    subprocess.run(["rm", "-rf", place], check=True)


def test_an_ephemeral_server_is_gone_with_its_folder_when_its_user_is_done():
    with ephemeral() as server:
        place = folder(server.admin)
        assert answers(server.bin, server.admin)
        assert Path(place).is_dir()
    assert not running(place)
    assert not Path(place).exists()


def test_an_error_ends_an_ephemeral_server_too():
    server = ephemeral()
    place = folder(server.__enter__().admin)
    error = KeyboardInterrupt()
    assert not server.__exit__(KeyboardInterrupt, error, None)
    assert not running(place)
    assert not Path(place).exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_to_its_user_ends_an_ephemeral_server_too(how: signal.Signals):
    process = somebody()
    place = folder(address(process))
    assert running(place)
    process.send_signal(how)
    process.wait(10)
    assert gone(place)
    assert not Path(place).exists()


def test_two_ephemeral_servers_are_apart():
    with ephemeral() as one, ephemeral() as other:
        assert one.admin != other.admin
        assert answers(one.bin, one.admin)
        assert answers(one.bin, other.admin)


def test_a_server_serves_until_its_last_user_is_gone_and_keeps_its_data(home: Path):
    first = somebody(str(home))
    dsn = address(first)
    with embedded(home) as server:
        assert server.admin == dsn
        first.kill()
        first.wait(10)
        psql = [server.bin / "psql", dsn, "-Atc", "create table kept (id int)"]
        assert subprocess.run(psql, capture_output=True, check=False).returncode == 0
    assert gone(str(home))
    with embedded(home) as server:
        psql = [server.bin / "psql", server.admin, "-Atc", "select to_regclass('kept'), current_setting('fsync')"]
        assert subprocess.run(psql, capture_output=True, text=True, check=True).stdout == "kept|on\n"
    assert gone(str(home))


def test_a_server_whose_keeper_was_killed_is_taken_over(home: Path):
    user = somebody(str(home))
    address(user)
    keeper = next(p for p in Path("/proc").glob("[0-9]*") if is_keeper(p, str(home)))
    os.kill(int(keeper.name), signal.SIGKILL)
    user.kill()
    user.wait(10)
    assert running(str(home))
    with embedded(home) as server:
        assert answers(server.bin, server.admin)
    assert gone(str(home))


def is_keeper(process: Path, home: str) -> bool:
    try:
        command = (process / "cmdline").read_bytes().decode()
    except OSError:
        return False
    return command.startswith("sh\0") and home in command


def test_a_server_that_cannot_start_says_why(home: Path):
    with embedded(home):
        pass
    (home / "data" / "postgresql.conf").write_text("no_such_setting = on\n", encoding="utf-8")
    with pytest.raises(ServerFailed, match="no_such_setting"), embedded(home):
        pass
    assert gone(str(home))


def test_programs_that_everybody_can_reach_are_used_where_they_are(tmp_path: Path):
    assert reachable(tmp_path, None) == tmp_path


def test_settings_come_from_the_environment_and_secrets_from_files(tmp_path: Path):
    secret = tmp_path / "url"
    secret.write_text("postgresql://catch@db/catch\n", encoding="utf-8")
    settings = Settings.read({"CATCH_DATABASE_URL_FILE": str(secret), "CATCH_PORT": "9000", "CATCH_DEVELOPMENT": "yes"})
    assert settings.database_url == "postgresql://catch@db/catch"
    assert (settings.port, settings.development, settings.schema) == (9000, True, "catch")
    assert Settings.read({"CATCH_DATA_DIR": str(tmp_path)}).data_dir == tmp_path


@pytest.mark.parametrize(
    ("environ", "complaint"),
    [
        ({"CATCH_PORT": "http"}, "CATCH_PORT must be a whole number"),
        ({"CATCH_DEVELOPMENT": "maybe"}, "CATCH_DEVELOPMENT must be yes or no"),
        ({"CATCH_DATABASE_URL": "x", "CATCH_DATABASE_URL_FILE": "y"}, "both set"),
        ({"CATCH_OWNER_URL_FILE": "/nowhere/at/all"}, "CATCH_OWNER_URL_FILE: No such file"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(environ: dict[str, str], complaint: str):
    with pytest.raises(BadSetting, match=complaint):
        Settings.read(environ)

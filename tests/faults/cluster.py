"""A PostgreSQL that may be killed, frozen and started again on the same data; gone with whoever made it."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from pathlib import Path

from catch.database.server import INITDB, SAFE, Server, addresses, binaries
from catch.database.unprivileged import ROOT_DATA, ServerFailed, as_user, os_user, prepare, reachable, run

# Ends the server whose process was last named, whatever state it is in, when whoever names them is gone.
LEASH = r"""
while read -r named; do server=$named; done
children() {
    for stat in /proc/[0-9]*/stat; do
        { read -r process name state parent rest <"$stat"; } 2>/dev/null || continue
        [ "$parent" = "$server" ] && [ "$name" = "(postgres)" ] && echo $process
    done
}
if [ -n "$server" ]; then
    kill -STOP $server 2>/dev/null
    for process in $(children) $server; do kill -KILL $process 2>/dev/null; done
fi
tries=0
until rm -rf "$1/data"/* "$1" 2>/dev/null || [ $tries -gt 50 ]; do
    umount "$1/data" 2>/dev/null
    tries=$((tries+1))
    sleep 0.1
done
"""
PATIENCE = 30.0  # seconds a server may take to start or to go


class Cluster:
    def __init__(self, home: Path, options: Iterable[str], leash: "subprocess.Popen[str]") -> None:
        self.home = home
        self.options = tuple(options)
        self.owner = os_user()
        self.bin = reachable(binaries(), self.owner)
        self._leash = leash
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def addresses(self) -> Server:
        return addresses(self.home, "catch_app")

    @property
    def log(self) -> str:
        return (self.home / "log").read_text(encoding="utf-8", errors="replace")

    def start(self) -> None:
        arguments = [self.bin / "postgres", "-D", self.home / "data", "-k", self.home, "-h", ""]
        for option in self.options:
            arguments += ["-c", option]
        with (self.home / "log").open("ab") as log:
            self._server = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
                **as_user(self.owner),
            )  # fmt: skip
        assert self._leash.stdin is not None
        self._leash.stdin.write(f"{self._server.pid}\n")
        self._leash.stdin.flush()
        self.ready()

    def ready(self) -> None:
        """Returns once it takes connections."""
        deadline = time.monotonic() + PATIENCE
        ready = [self.bin / "pg_isready", "-q", "-h", self.home, "-U", "postgres", "-d", "postgres"]
        while subprocess.run(ready, check=False).returncode:
            assert self.running, f"the server did not start:\n{self.log[-2000:]}"
            assert time.monotonic() < deadline, f"the server is not ready:\n{self.log[-2000:]}"
            time.sleep(0.02)

    def revive(self) -> None:
        """It may have gone down by itself, or be about to."""
        assert self._server is not None
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with suppress(AssertionError):
                self.ready() if self.running else self.start()
                return
        raise AssertionError(f"the server does not come back:\n{self.log[-2000:]}")

    @property
    def running(self) -> bool:
        return self._server is not None and self._server.poll() is None

    def kill(self) -> None:
        """kill -9 of every process of it at once, as when the machine stops."""
        assert self._server is not None
        pids = self.frozen()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._server.wait(PATIENCE)
        deadline = time.monotonic() + PATIENCE
        while any(map(alive, pids)):
            assert time.monotonic() < deadline
            time.sleep(0.002)

    def kill_one(self, pid: int) -> None:
        """kill -9 of one backend: PostgreSQL ends all others and recovers by itself."""
        assert self._server is not None
        if pid in children(self._server.pid):
            os.kill(pid, signal.SIGKILL)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """In order, without waiting for clients."""
        assert self._server is not None
        self._server.send_signal(how)
        self._server.wait(PATIENCE)

    def promote(self) -> None:
        """A standby becomes the primary."""
        run([self.bin / "pg_ctl", "promote", "-D", self.home / "data", "-w"], self.owner)

    def frozen(self) -> list[int]:
        """Stops every process where it stands; the postmaster first, so that no new ones come."""
        assert self._server is not None
        os.kill(self._server.pid, signal.SIGSTOP)
        pids = [*children(self._server.pid), self._server.pid]
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        return pids

    @contextmanager
    def freeze(self) -> Generator[None]:
        pids = self.frozen()
        try:
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)


def possible() -> bool:
    """Are there programs to start a server with? An operator's own (CATCH_DATABASE_URL) is not to be harmed."""
    try:
        return (binaries() / "postgres").exists()
    except ServerFailed:
        return False


def parent(pid: int) -> int:
    """0 when it is gone, or nothing but its exit status is left."""
    try:
        state, ppid = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return 0
    return 0 if state == "Z" else int(ppid)


def alive(pid: int) -> bool:
    return parent(pid) != 0


def children(pid: int) -> list[int]:
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdecimal() and parent(int(entry.name)) == pid
    ]


@contextmanager
def cluster(
    options: Iterable[str] = SAFE,
    *,
    tmpfs: str = "",
    initdb: Iterable[str] = (),
    standby_of: Cluster | None = None,
    restored: Callable[[Cluster], None] | None = None,
) -> Generator[Cluster]:
    """`tmpfs`: its data lie on a volume of this size (such as 128m). `CalledProcessError`: that cannot be done here.
    `restored` puts data of another one into its folder.
    """
    owner = os_user()
    if owner is not None:
        prepare(ROOT_DATA / "ephemeral", owner)
    home = Path(tempfile.mkdtemp(prefix="fault-", dir=ROOT_DATA / "ephemeral" if owner else "/tmp"))
    prepare(home, owner)
    leash = subprocess.Popen(
        ["sh", "-c", LEASH, "leash", home], stdin=subprocess.PIPE, text=True, start_new_session=True, cwd="/",
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    made = Cluster(home, options, leash)
    try:
        if tmpfs:
            prepare(home / "data", owner)
            size = [f"size={tmpfs},mode=0700" + (f",uid={owner.pw_uid},gid={owner.pw_gid}" if owner else "")]
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", *size, "tmpfs", home / "data"], check=True, capture_output=True
            )
        if restored is not None:
            restored(made)
        elif standby_of is None:
            run([made.bin / "initdb", "-D", home / "data", *INITDB, "--no-sync", *initdb], owner)
        else:
            copying = ["-h", standby_of.home, "-U", "postgres", "-D", home / "data", "-R", "-c", "fast", "--no-sync"]
            run([made.bin / "pg_basebackup", *copying], owner)
        made.start()
        yield made
    finally:
        if made.running:
            made.kill()
        assert leash.stdin is not None
        leash.stdin.close()
        leash.wait(PATIENCE)
        shutil.rmtree(home, ignore_errors=True)

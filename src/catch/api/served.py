"""The engine that servers of one process share: to check and compile the registered documents takes half a second."""

from functools import lru_cache
from pathlib import Path

from catch.api.documents import shipped
from catch.api.engine.engine import Engine
from catch.api.engine.registered import registered
from catch.api.schema import schema


@lru_cache(4)
def engine(operations: str | None, folder: Path | None, *, development: bool) -> Engine:
    """For these settings. Raises `UnusableDocument`."""
    known = registered(shipped(), operations, folder, development=development)
    return Engine(schema(), development=development, registered=known)

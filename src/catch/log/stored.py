"""An event as it is read back from the log."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID


class Stored(NamedTuple):
    """An event as the log holds it; `recorded_at` is the database's clock."""

    position: int
    stream: UUID
    version: int
    topic: str
    state: bytes
    recorded_at: datetime

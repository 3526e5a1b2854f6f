"""What became of each row of a list, and the report of all of them: what it says is what was recorded."""

from pathlib import Path
from typing import Literal
from uuid import UUID

from msgspec import Struct

from catch.importing.columns import DECISION
from catch.importing.rows import Wrong

ANOTHER = "new"
"""What somebody decides of a row that waits, where it is about nobody of those who are known."""


class Kept(Struct, frozen=True):
    """What became of a good row: `opened` a case, `attached` to an open one, or `there` already."""

    line: int
    how: Literal["opened", "attached", "there"]
    case: UUID
    reference: str


class Waiting(Struct, frozen=True):
    """A row of which nobody but a person can say whom it is about. `beside` shows those it may be about: it is for
    whoever decides, and for no screen or log.
    """

    line: int
    beside: str

    @property
    def told(self) -> Wrong:
        """As it stands in the file for whoever decides."""
        return Wrong(self.line, DECISION, f"waits. {self.beside}. Write here whom it is about, or `{ANOTHER}`")


class NotKept(Struct, frozen=True):
    """A row that was not kept, and why. `clashes`: its reference stands for another referral; `amends`: for the same
    with other content.
    """

    wrong: tuple[Wrong, ...]
    clashes: bool = False
    amends: bool = False


Outcome = Kept | Waiting | NotKept


class Report(Struct):
    """What an import did. `strangers` are the lines on which an organisation stands that is no registered partner;
    these rows were kept.

    Each row is in exactly one of `kept` (opened, attached or there), `waiting` and `wrong`.
    """

    encoding: str
    delimiter: str
    kept: list[Kept]
    waiting: list[Waiting]
    wrong: list[Wrong]
    clashes: int
    amendments: int
    rejected_file: Path | None
    strangers: tuple[int, ...]

    def count(self, how: str) -> int:
        return sum(kept.how == how for kept in self.kept)

    @property
    def rejected(self) -> int:
        return len({wrong.line for wrong in self.wrong})

"""A bundle: facts with everything that proves them, in one file that needs nobody to be running.

It is a SQLite database. Its first table is the one that the recorder of the eventsourcing library reads, with positions
as row ids, so that stock tools open it. Nothing of the form of a bundle is ever changed: another form has another
number.
"""

import re
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import UUID

from catch.evidence.notes import Checkpoint, NotProved, PublicKey, opened

FORM = "catch bundle 1"
SQLITE = b"SQLite format 3\x00"

TABLES = {
    "stored_events": (
        "CREATE TABLE stored_events (originator_id TEXT, originator_version INTEGER, topic TEXT, state BLOB,"
        " PRIMARY KEY (originator_id, originator_version))"
    ),
    # Of each fact: which leaf of the tree it is, when it was recorded (microseconds since 1970), and its path.
    "catch_proofs": (
        "CREATE TABLE catch_proofs (position INTEGER PRIMARY KEY, leaf INTEGER, recorded INTEGER, path BLOB)"
    ),
    # form, key, checkpoint, contents, index, a schema for every kind of fact, and perhaps consistency and texts.
    "catch_documents": "CREATE TABLE catch_documents (name TEXT PRIMARY KEY, content TEXT)",
}


class Fact(NamedTuple):
    """`recorded` in microseconds since 1970, `path` the hashes in a row."""

    position: int
    stream: UUID
    version: int
    topic: str
    state: bytes
    leaf: int
    recorded: int
    path: bytes


class Contents(NamedTuple):
    """What a bundle says it holds whole, signed with its checkpoint: streams up to their heads, or a part of the log
    (first and last position, first leaf and the one behind the last). `documents` are the digests of what it holds
    besides.
    """

    checkpoint: Checkpoint
    streams: dict[UUID, int]
    part: tuple[int, int, int, int] | None
    documents: dict[str, str]

    @property
    def text(self) -> str:
        # Its first line is no checkpoint's, so that none is ever taken for the other.
        lines = [f"{self.checkpoint.origin} contents", *self.checkpoint.text.split("\n")[1:3]]
        lines += [f"stream {stream} {head}" for stream, head in sorted(self.streams.items())]
        lines += [f"positions {self.part[0]} {self.part[1]} leaves {self.part[2]} {self.part[3]}"] if self.part else []
        lines += [f"document {name} {digest}" for name, digest in sorted(self.documents.items())]
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def read(cls, text: str) -> "Contents":
        """Raises `NotProved`."""
        said = Checkpoint.read(text)
        streams: dict[UUID, int] = {}
        digests: dict[str, str] = {}
        part = None
        for line in text.split("\n")[3:-1]:
            if found := re.fullmatch(r"stream ([0-9a-f-]{36}) ([0-9]{1,18})", line):
                streams[UUID(found[1])] = int(found[2])
            elif found := re.fullmatch(r"positions (\d{1,18}) (\d{1,18}) leaves (\d{1,18}) (\d{1,18})", line):
                part = (int(found[1]), int(found[2]), int(found[3]), int(found[4]))
            elif found := re.fullmatch(r"document ([\w./@-]{1,100}) ([0-9a-f]{64})", line):
                digests[found[1]] = found[2]
            else:
                raise NotProved("The bundle does not say what it holds in a way that is understood here.")
        return cls(Checkpoint(said.origin.removesuffix(" contents"), said.size, said.root), streams, part, digests)


def add(file: sqlite3.Connection, fact: Fact) -> None:
    file.execute(
        "insert into stored_events (rowid, originator_id, originator_version, topic, state) values (?, ?, ?, ?, ?)",
        (fact.position, fact.stream.hex, fact.version, fact.topic, fact.state),
    )
    file.execute("insert into catch_proofs values (?, ?, ?, ?)", (fact.position, fact.leaf, fact.recorded, fact.path))


def readable(text: bytes) -> str:
    return text.decode(errors="replace")


@contextmanager
def reading(path: Path) -> Generator[sqlite3.Connection]:
    """A bundle that somebody handed over: nothing in it is run, and nothing of it is believed. Raises `NotProved`."""
    if not path.is_file():
        raise NotProved(f"There is no file {path}.")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1", uri=True)) as file:
            # What is no UTF-8 is wrong in one place, which is to be named, and not in the whole file.
            file.text_factory = readable
            file.execute("pragma trusted_schema = off")
            file.execute("pragma cell_size_check = on")
            # A view or a trigger in the place of a table could show to some what it hides from others.
            found = dict(file.execute("select name, sql from sqlite_master where name not like 'sqlite_autoindex%'"))
            if found != TABLES:
                raise NotProved("This is no bundle: its tables are not those that a bundle has.")
            # Else an index could lead to other rows than the table has.
            if file.execute("pragma integrity_check(1)").fetchone() != ("ok",):
                raise NotProved("The file is damaged: it is no whole database.")
            yield file
    except (sqlite3.Error, OverflowError, UnicodeError) as problem:
        raise NotProved(f"The file is damaged, or no bundle: it cannot be read as a database ({problem}).") from None


def documents_of(file: sqlite3.Connection) -> dict[str, str]:
    found: dict[Any, Any] = dict(file.execute("select name, content from catch_documents"))
    if not all(isinstance(each, str) for pair in found.items() for each in pair) or found.get("form") != FORM:
        raise NotProved("This bundle is of a form that is not known here: it takes a newer release to verify it.")
    return found


SELF_PROVING = {"form", "key", "checkpoint", "contents", "consistency"}


def digests(documents: Mapping[str, str]) -> dict[str, str]:
    """Of what nothing else in a bundle proves."""
    return {name: sha256(text.encode()).hexdigest() for name, text in documents.items() if name not in SELF_PROVING}


def document(documents: dict[str, str], name: str) -> str:
    if name not in documents:
        raise NotProved(f"The bundle lacks its {name}: it was taken out.")
    return documents[name]


def checkpoint_in(path: Path, key: PublicKey) -> Checkpoint:
    """Of a bundle, or of a file that holds nothing but a checkpoint. Signed by this key. Raises `NotProved`."""
    try:
        with path.open("rb") as start:
            is_bundle = start.read(len(SQLITE)) == SQLITE
        if is_bundle:
            with reading(path) as file:
                note = document(documents_of(file), "checkpoint")
        else:
            note = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise NotProved(f"{path} cannot be read as a bundle or a checkpoint.") from None
    return Checkpoint.read(opened(note, key))

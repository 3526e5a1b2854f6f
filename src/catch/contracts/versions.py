"""Stale read models cannot happen: what each makes of the stored samples is committed, and so is each programme file.

A fold that changed, wherever it is written (also in the domain), makes other rows of the same facts. Then the read
model's `version` is raised, or tables folded the old way would go on serving. Likewise a programme file: its version
never changes once it is loaded.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID
from zlib import crc32

import msgspec
from msgspec import Struct

import projections
from catch.domain.facts import Recorded
from catch.log.codec import Codec
from catch.log.entries import Stored
from catch.programmes import shipped
from catch.readside import as_at
from projections.read_model import ReadModel

COMMITTED = Path("schema/versions.json")
OPENS = (
    "ProgrammeActivated",
    "PartnerRegistered",
    "PersonRegistered",
    "ReferralReceived",
    "MeetingPlanned",
    "MemberEnrolled",
    "CoordinatorAllocated",
    "PlanAgreed",
    "ActionOffered",
    "AgendaItemAdded",
    "AgendaPublished",
)
"""The facts that streams begin with, and that others build on: every other comes after them."""
AT = datetime(2026, 1, 6, 10, 30, tzinfo=UTC)
ID = UUID("0b5e11a5-0000-4000-8000-000000000001")
"""When everything in a sample occurred, and what everything in it is called."""
_json = msgspec.json.Encoder(order="deterministic")


class Held(Struct, frozen=True):
    """A version, and digests of what it stands for: of a read model, the row after each kind of fact."""

    version: int
    digests: dict[str, str]


class Versions(Struct, frozen=True):
    read_models: dict[str, Held] = {}
    programmes: dict[str, Held] = {}


def present(samples: Path, codec: Codec) -> Versions:
    facts = history(samples, codec)
    return Versions(
        {model.name: Held(model.version, rows_of(model, facts)) for model in projections.ALL},
        {each.key: Held(each.version, {"file": written(each.key)}) for each in shipped()},
    )


def stored(path: Path, position: int = 1) -> Stored:
    """A sample as the log would give it."""
    return Stored(position, ID, position, path.name.partition(".")[0], path.read_bytes().strip(), AT)


def history(samples: Path, codec: Codec) -> dict[str, Recorded[Any]]:
    """The stored samples by name and number, those that open streams at the first positions, in their order. Positions
    do not move when an event is added.
    """
    found: dict[str, Recorded[Any]] = {}
    for path in sorted(samples.glob("*.json")):
        topic = path.name.partition(".")[0]
        position = OPENS.index(topic) + 1 if topic in OPENS else len(OPENS) + 1 + crc32(path.stem.encode())
        found[path.stem] = codec.decode(stored(path, position))
    return found


def rows_of(model: ReadModel, facts: Mapping[str, Recorded[Any]]) -> dict[str, str]:
    """For each fact that concerns the read model, a digest of its row after the streams were opened and this came."""
    opened = sorted((fact for fact in facts.values() if fact.topic in OPENS), key=lambda fact: fact.position)
    rows = {name: _row(model, opened, fact) for name, fact in facts.items()}
    return {name: digest(row) for name, row in rows.items() if row is not None}


def digest(value: object) -> str:
    return sha256(_json.encode(value)).hexdigest()[:16]


def _row(model: ReadModel, opened: list[Recorded[Any]], fact: Recorded[Any]) -> object:
    """None where the fact concerns no row."""
    if model.topics is not None and fact.topic not in model.topics:
        return None
    try:
        keys = sorted(model.keys(fact), key=str)
        before = [each for each in opened if each is not fact]
        return [(str(key), as_at(model, key, [*before, fact])) for key in keys] or None
    except Exception as error:
        # A sample has every field filled in, which not every fold expects: that is as good a mark of it as a row.
        return type(error).__name__


def written(programme: str) -> str:
    return sha256((files("catch.programmes") / f"{programme}.yaml").read_bytes()).hexdigest()[:16]


def committed(root: Path) -> Versions:
    path = root / COMMITTED
    return msgspec.json.decode(path.read_bytes(), type=Versions) if path.exists() else Versions()


def complaints(root: Path, samples: Path, codec: Codec) -> Iterator[str]:
    """What changed under the same version, and what is not committed as it is."""
    before, now = committed(root), present(samples, codec)
    changed = "the read model {} makes other rows of the same facts"
    yield from _complaints(before.read_models, now.read_models, changed)
    yield from _complaints(before.programmes, now.programmes, "the programme {} is another")


def _complaints(was: Mapping[str, Held], now: Mapping[str, Held], changed: str) -> Iterator[str]:
    for name in sorted(was.keys() | now.keys()):
        before, held = was.get(name), now.get(name)
        if before and held and (of := moved(before, held)):
            why = f"{changed.format(name)} ({', '.join(of)})"
            yield f"{COMMITTED}: {why}: raise its version, then run `catch contracts`"
        elif before != held:
            yield f"{COMMITTED}: {name} is not held as it is; run `catch contracts`"


def moved(before: Held, now: Held) -> list[str]:
    """What is otherwise under the same version. What is new says nothing of what is there."""
    # It was raised: whatever else changed was meant to.
    if before.version != now.version:
        return []
    return sorted(name for name, was in before.digests.items() if now.digests.get(name, was) != was)


def text(root: Path, samples: Path, codec: Codec) -> str:
    """What is to be committed. What changed under the same version stays as it was: `complaints` says so."""
    before, now = committed(root), present(samples, codec)
    kept = Versions(_kept(before.read_models, now.read_models), _kept(before.programmes, now.programmes))
    return msgspec.json.format(_json.encode(kept), indent=2).decode() + "\n"


def _kept(was: Mapping[str, Held], now: Mapping[str, Held]) -> dict[str, Held]:
    return {name: was[name] if name in was and moved(was[name], held) else held for name, held in now.items()}

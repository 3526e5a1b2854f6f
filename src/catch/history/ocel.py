"""What happened as an object-centric event log: OCEL 2.0 in JSON (https://www.ocel-standard.org), for tools that look
into how work goes.

Its objects are cases, meetings, agencies and people. Of a fact it has the name, both clocks, the role, the purpose and
the programme, and what it concerns: no field of it, and no text.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, NamedTuple
from uuid import UUID

import msgspec

from catch.access import telling
from catch.access.telling import To
from catch.domain.facts import Category, Fact, Recorded
from catch.domain.streams import CASE, MEETING, PERSON, stream_of_event


class Kind(StrEnum):
    CASE = "case"
    MEETING = "meeting"
    AGENCY = "agency"
    PERSON = "person"


EVENT = {"recorded": "time", "role": "string", "purpose": "string", "programme": "string", "place": "string"}
"""What is said of an event beside its name and when it occurred, each with its type. `place`: that it is invented."""
OBJECT = {Kind.CASE: ("programme",), Kind.MEETING: ("programme",), Kind.AGENCY: (), Kind.PERSON: ()}
ALWAYS = "1970-01-01T00:00:00Z"
"""What does not change with time is said to be so from here on."""
AGENCIES = ("agency", "owner", "by_agency")
"""Fields that name one agency, whatever else a fact says. A new one is not told until it stands here."""

Name = Callable[[Kind, object], str]


def pseudonyms() -> Name:
    """Names for one file, by a key that nobody has when it is written: two files tell of nobody that they are the same.
    Agencies keep theirs.
    """
    key = os.urandom(32)

    def name(kind: Kind, id_: object) -> str:
        if kind is Kind.AGENCY:
            return plain(kind, id_)
        return f"{kind}-{blake2b(f'{kind}/{id_}'.encode(), key=key, digest_size=10).hexdigest()}"

    return name


def plain(kind: Kind, id_: object) -> str:
    return f"{kind}-{id_}"


class Related(NamedTuple):
    """`how` an event concerns this object."""

    kind: Kind
    id: object
    how: str


def is_told(event: Fact) -> bool:
    """What is restricted is told here to nobody, nor that there is such a thing; nor what nobody has thought about."""
    rule = telling(event)
    told = rule.to is not To.NOBODY and rule.category is not Category.RESTRICTED
    return told and stream_of_event(event) in (CASE, MEETING, PERSON)


def related(recorded: Recorded[Any], cases: Iterable[UUID], people: Iterable[UUID]) -> list[Related]:
    """What a fact concerns, `cases` and `people` as they were found for it."""
    event, envelope = recorded.event, recorded.envelope
    meeting = recorded.stream if stream_of_event(event) is MEETING else envelope.meeting
    named = [getattr(event, field, None) for field in AGENCIES]
    return [
        *(Related(Kind.CASE, case, "case") for case in cases),
        *(Related(Kind.PERSON, person, "person") for person in people),
        *([Related(Kind.MEETING, meeting, "meeting")] if meeting else []),
        Related(Kind.AGENCY, envelope.actor.agency, "by"),
        *([Related(Kind.AGENCY, envelope.actor.on_behalf_of, "for")] if envelope.actor.on_behalf_of else []),
        *(Related(Kind.AGENCY, each, "named") for each in dict.fromkeys(named) if isinstance(each, str) and each),
    ]


class OcelFile:
    """Written as the facts come: what is known at their end stands at the end. For whoever asked for it alone."""

    def __init__(self, path: Path, name: Name, place: str | None = None) -> None:
        """`place`: what it says of itself. Raises `OSError`, also where there is such a file."""
        self._name = name
        self._place = place
        self._objects: dict[str, dict[str, Any]] = {}
        self._types: set[str] = set()
        self.events = 0
        self._file: IO[bytes] = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        self._file.write(b'{"events":[')

    def add(self, recorded: Recorded[Any], concerned: Sequence[Related]) -> None:
        envelope = recorded.envelope
        said = {
            "recorded": time(recorded.recorded_at),
            "role": str(envelope.actor.role),
            "purpose": str(envelope.purpose),
            "programme": envelope.programme,
            "place": self._place,
        }
        self._file.write(b",\n" if self.events else b"\n")
        self.events += 1
        self._types.add(recorded.topic)
        event = {
            # By its number in the file: a position would lead from here to the trail.
            "id": f"event-{self.events}",
            "type": recorded.topic,
            "time": time(envelope.occurred_at),
            "attributes": [{"name": name, "value": value} for name, value in said.items() if value],
            "relationships": [{"objectId": self._object(each, recorded), "qualifier": each.how} for each in concerned],
        }
        self._file.write(msgspec.json.encode(event))

    def _object(self, of: Related, recorded: Recorded[Any]) -> str:
        id_ = self._name(of.kind, of.id)
        known = self._objects.setdefault(id_, {"id": id_, "type": str(of.kind), "attributes": [], "relationships": []})
        programme = recorded.envelope.programme
        # Of the streams' own facts alone: what happened at a meeting may be about cases of other programmes.
        if of.id == recorded.stream and programme and OBJECT[of.kind] and not known["attributes"]:
            known["attributes"].append({"name": "programme", "value": programme, "time": ALWAYS})
        return id_

    def about(self, case: UUID, person: UUID) -> None:
        """Whose case it is, where both are in the file."""
        one, other = self._objects.get(self._name(Kind.CASE, case)), self._name(Kind.PERSON, person)
        if one is not None and other in self._objects:
            one["relationships"] = [{"objectId": other, "qualifier": "about"}]

    def end(self) -> None:
        event = [{"name": name, "type": kind} for name, kind in EVENT.items()]
        rest = {
            "eventTypes": [{"name": name, "attributes": event} for name in sorted(self._types)],
            "objectTypes": [
                {"name": str(kind), "attributes": [{"name": name, "type": "string"} for name in names]}
                for kind, names in OBJECT.items()
            ],
            "objects": [*self._objects.values()],
        }
        self._file.write(b"],\n" + msgspec.json.encode(rest)[1:] + b"\n")
        self.close()

    def close(self) -> None:
        self._file.close()


def time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")

"""How work went, in OCEL 2.0: valid by the format's rules, nobody's name or text in it, closed where all else is."""

import json
import os
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from catch.cli.courses import OPERATION, UNMASKED, Written, course_exported
from catch.cli.replaying import NoSuchStream
from catch.domain.case.notes import AddNote
from catch.domain.facts import Category, Fact, Recorded, Sealed, Tag
from catch.domain.processing import NameGround, ProcessingIsRestricted, RequestRestriction, RestrictionReason, UseGround
from catch.domain.restricted import AddRestrictedNote
from catch.domain.streams import CASE, MEETING, PERSON, STREAMS
from catch.evidence.exporting import Asked
from catch.evidence.reads import Read
from catch.faults import RecordsAway
from catch.history.ocel import AGENCIES, is_told
from catch.history.past import histories
from catch.personal.looks import TEXTS
from tests.conftest import Furnished
from tests.place import Case, Place, ago
from tests.test_operators_looks import begun, looks, shown
from tests.test_restriction import today

pytestmark = pytest.mark.asyncio(loop_scope="module")
Json = Any
T = TypeVar("T")

TYPES: dict[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "time": lambda value: isinstance(value, str) and is_time(value),
    "integer": lambda value: type(value) is int,
    "float": lambda value: type(value) in (int, float),
    "boolean": lambda value: type(value) is bool,
}


def is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def problems(log: Json) -> list[str]:
    """What of it is not as OCEL 2.0 in JSON has to be, by the published specification (arXiv:2403.01975 and
    ocel-standard.org/specification/formats/json).
    """
    found = [f"no {name}" for name in ("eventTypes", "objectTypes", "events", "objects") if not is_list(log.get(name))]
    if found:
        return found
    objects = {each["id"] for each in log["objects"]}
    for kind, held in (("event", log["events"]), ("object", log["objects"])):
        types = log[f"{kind}Types"]
        found += [f"twice: type {name}" for name in repeated(each["name"] for each in types)]
        found += [f"twice: {id_}" for id_ in repeated(each["id"] for each in held)]
        declared = {each["name"]: {one["name"]: one["type"] for one in each["attributes"]} for each in types}
        found += [f"no type {type_}" for each in declared.values() for type_ in each.values() if type_ not in TYPES]
        for each in held:
            if each["type"] not in declared:
                found.append(f"{each['id']} is of no declared type")
                continue
            found += badly_said(each, declared[each["type"]], timed=kind == "object")
            told = [(one["objectId"], one["qualifier"]) for one in each.get("relationships", [])]
            found += [f"{each['id']} is related twice" for _ in repeated(told)]
            found += [f"{each['id']} is related to nothing there is" for id_, _ in told if id_ not in objects]
            if kind == "event" and not is_time(each["time"]):
                found.append(f"{each['id']} is at no time")
    return found


def badly_said(of: Json, declared: dict[str, str], *, timed: bool) -> list[str]:
    found = list[str]()
    for each in of.get("attributes", []):
        if each["name"] not in declared:
            found.append(f"{of['id']} has no attribute {each['name']}")
        elif not TYPES[declared[each["name"]]](each["value"]):
            found.append(f"{of['id']} says {each['name']} wrongly")
        if timed and not is_time(each.get("time", "")):
            found.append(f"{of['id']} says {each['name']} at no time")
    return found


def is_list(value: object) -> bool:
    return isinstance(value, list)


def repeated(of: Iterable[T]) -> list[T]:
    return [each for each, count in Counter(of).items() if count > 1]


def first_of(name: str, key: str, value: object) -> Callable[[Json], None]:
    def change(log: Json) -> None:
        log[name][0][key] = value

    return change


BROKEN: list[Callable[[Json], object]] = [
    lambda log: log.pop("objects"),
    lambda log: log["events"].append(log["events"][0]),
    lambda log: log["objects"].append(log["objects"][0]),
    lambda log: log["eventTypes"].append(log["eventTypes"][0]),
    lambda log: log["eventTypes"].pop(0),
    lambda log: log["objectTypes"][0]["attributes"].append({"name": "more", "type": "uuid"}),
    first_of("events", "time", "2026-03-10"),
    first_of("events", "time", "yesterday"),
    first_of("events", "attributes", [{"name": "recorded", "value": "now"}]),
    first_of("events", "attributes", [{"name": "unheard of", "value": "x"}]),
    first_of("objects", "attributes", [{"name": "programme", "value": "x"}]),
    first_of("events", "relationships", [{"objectId": "nobody", "qualifier": "by"}]),
    lambda log: log["events"][0]["relationships"].append(log["events"][0]["relationships"][0]),
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(furnished: Furnished) -> AsyncIterator[Place]:
    async with furnished() as made:
        yield made


class Exported:
    def __init__(self, path: Path, told: Written) -> None:
        self.text = path.read_text()
        self.log: Json = json.loads(self.text)
        self.told = told
        self.mode = path.stat().st_mode & 0o777

    def objects(self, kind: str) -> list[Json]:
        return [each for each in self.log["objects"] if each["type"] == kind]

    def related(self, type_: str, how: str) -> set[str]:
        events = [each for each in self.log["events"] if each["type"] == type_]
        return {one["objectId"] for each in events for one in each["relationships"] if one["qualifier"] == how}


async def course(place: Place, folder: Path, asked: Asked, *, personal: bool = False) -> Exported:
    path = folder / f"{uuid4()}.json"
    told = await course_exported(place.catch, asked, path, personal=personal)
    return Exported(path, told)


async def since(place: Place) -> Callable[[], Asked]:
    first = await place.catch.log.head() + 1
    return lambda: Asked(part=(first, 2**52))


async def test_a_part_of_the_log_is_a_valid_event_log(place: Place, tmp_path: Path):
    asked = await since(place)
    case = await place.worked_on("Ada Fernlea", "housing-1")
    await place.take(AddNote(case.case, uuid4(), Category.DISCUSSION, Sealed("A note of the talk")))
    meeting = (await place.published("housing-1")).meeting
    found = await course(place, tmp_path, asked(), personal=True)
    assert problems(found.log) == []
    assert found.told == (len(found.log["events"]), 0, 0)
    assert [each["id"] for each in found.objects("case")] == [f"case-{case.case}"]
    (told,) = found.objects("case")
    assert told["relationships"] == [{"objectId": f"person-{case.person}", "qualifier": "about"}]
    assert [each["name"] for each in told["attributes"]] == ["programme"]
    assert f"meeting-{meeting}" in {each["id"] for each in found.objects("meeting")}
    assert found.related("NoteAdded", "case") == {f"case-{case.case}"}
    assert found.related("AgendaPublished", "meeting") == {f"meeting-{meeting}"}
    assert "agency-housing-1" in found.related("PartnerInvolved", "named")
    assert f"person-{case.person}" in found.related("PersonRegistered", "person")


@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
async def test_the_check_of_the_format_finds_what_breaks_it(
    place: Place, tmp_path: Path, broken: Callable[[Json], object]
):
    """The control of the test before."""
    case = await place.referred(f"Bo Fernlea {uuid4().hex[:4]}")
    log = (await course(place, tmp_path, Asked((case.case,)))).log
    assert problems(log) == []
    changed = deepcopy(log)
    broken(changed)
    assert problems(changed) != []


UUIDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


async def test_nobody_is_named_unless_it_is_asked_for(place: Place, tmp_path: Path):
    asked = await since(place)
    case = await place.worked_on("Cy Fernlea", "housing-1")
    await place.published("housing-1", starts_at=ago(days=-7))
    one, other = [await course(place, tmp_path, asked()) for _ in range(2)]
    users = {row.envelope.actor.user for row in await facts(place, case.case)}
    for found in (one, other):
        assert problems(found.log) == []
        assert not UUIDS.search(found.text)
        for secret in (*case.secrets, "Cy Fernlea", *users, "position"):
            assert secret not in found.text, secret
        assert found.mode == 0o600
    # What is one in a file is one, and in two files nobody is known to be the same.
    assert len(one.objects("case")) == len(other.objects("case")) > 0
    for kind in ("case", "person", "meeting"):
        assert not {each["id"] for each in one.objects(kind)} & {each["id"] for each in other.objects(kind)}
    plain = await course(place, tmp_path, asked(), personal=True)
    assert [each["type"] for each in plain.log["events"]] == [each["type"] for each in one.log["events"]]
    assert str(case.case) in plain.text
    # Also then it is ids, and no text.
    for secret in case.secrets:
        assert secret not in plain.text


async def facts(place: Place, stream: UUID) -> list[Recorded[Any]]:
    return (await histories(place.catch.log, [stream]))[stream]


async def test_what_is_restricted_is_not_in_it_nor_that_there_is_such_a_thing(place: Place, tmp_path: Path):
    asked = await since(place)
    case = await place.worked_on("Di Fernlea", "housing-1")
    await place.take(AddRestrictedNote(case.case, uuid4(), Tag.WARNING, Sealed("A restricted note")))
    found = await course(place, tmp_path, asked(), personal=True)
    types = {each["type"] for each in found.log["events"]}
    assert "ReferralReceived" in types
    assert not types & {event.__name__ for stream in STREAMS if stream.name == "restricted" for event in stream.events}


async def test_what_nobody_has_thought_about_is_not_told():
    class Unheard(Fact, frozen=True):
        pass

    assert not is_told(Unheard())
    fields = {name for stream in (CASE, MEETING, PERSON) for event in stream.events for name in event.__struct_fields__}
    assert fields >= {*AGENCIES}


async def test_whose_record_is_only_kept_is_not_in_it(place: Place, tmp_path: Path):
    asked = await since(place)
    kept, other = [await place.worked_on(name, "housing-1") for name in ("Ed Fernlea", "Flo Fernlea")]
    await place.published("housing-1", starts_at=ago(days=-14))
    both = await course(place, tmp_path, asked(), personal=True)
    cases = {each["id"] for each in both.objects("case")}
    assert cases >= {f"case-{each.case}" for each in (kept, other)}
    await place.mutate(RequestRestriction(kept.person, uuid4(), RestrictionReason.ACCURACY_CONTESTED, today()))
    await place.settled()
    found = await course(place, tmp_path, asked(), personal=True)
    assert problems(found.log) == []
    assert {each["id"] for each in found.objects("case")} == cases - {f"case-{kept.case}"}
    assert found.told.people_left_out == 1
    for id_ in (kept.case, kept.person):
        assert str(id_) not in found.text
    # What was done at the meeting with their item alone is not there either; the meeting is.
    assert found.objects("meeting")
    for stream in (kept.case, kept.person):
        with pytest.raises(ProcessingIsRestricted):
            await course(place, tmp_path, Asked((stream,)))
    await place.mutate(NameGround(kept.person, uuid4(), UseGround.LEGAL_CLAIM, today(2)))
    await place.settled()
    assert (await course(place, tmp_path, Asked((kept.case,)))).told.facts > 3


async def test_it_is_a_look_at_those_who_are_in_it_and_says_whether_they_were_named(place: Place, tmp_path: Path):
    asked = await since(place)
    case: Case = await place.worked_on("Gil Fernlea", "housing-1")
    for personal, operation in ((False, OPERATION), (True, UNMASKED)):
        after = await begun(place)
        await course(place, tmp_path, asked(), personal=personal)
        reads = await looks(place, after)
        assert {each.operation for each in reads} == {operation}
        assert Category.PLAN in (shown(reads, case.case) or ())
        assert shown(reads, case.person) is not None
        assert TEXTS not in (shown(reads, case.case) or ())


async def test_nothing_leaves_that_is_not_recorded(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    case = await place.referred("Hal Fernlea")

    async def away(*_: Read) -> None:
        raise RecordsAway

    with monkeypatch.context() as patched:
        patched.setattr(place.catch.reads, "record", away)
        with pytest.raises(RecordsAway):
            await course(place, tmp_path, Asked((case.case,)))
    with pytest.raises(NoSuchStream):
        await course(place, tmp_path, Asked((uuid4(),)))
    assert os.listdir(tmp_path) == []  # noqa: PTH208

"""The committed contracts are those of this program, and what is stored stays readable."""

import json
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, cast

import msgspec
import pytest
from msgspec.structs import replace

import projections
from catch.contracts import files as contracts
from catch.contracts import versions
from catch.contracts.compatibility import broken
from catch.domain.case import SUBJECTS
from catch.domain.case.plan import PlanAgreed
from catch.domain.facts import Fact, Part, Recorded
from catch.domain.streams import EVENTS
from catch.log.codec import CODEC, Codec
from catch.log.upcasting import Payload
from catch.personal import sealed_in
from catch.programmes import shipped
from projections import agenda


@pytest.fixture
def root(tmp_path: Path) -> Path:
    contracts.write(tmp_path)
    return tmp_path


def test_the_committed_contracts_are_those_of_this_program():
    assert contracts.check() == []


def test_every_event_has_a_schema_and_a_stored_sample():
    for name, event in EVENTS.items():
        for number in range(1, event.SCHEMA + 1):
            assert (contracts.ROOT / contracts.schema_path(name, number)).exists()
            assert (contracts.ROOT / contracts.sample_path(name, number)).exists()


def test_writing_again_changes_nothing(root: Path):
    assert contracts.check(root) == []
    assert contracts.write(root) == []


def test_a_schema_that_differs_is_told_and_so_is_one_that_is_missing(root: Path):
    first, second = (root / contracts.SCHEMAS / f"{name}.1.json" for name in ("CaseClosed", "ActionOffered"))
    first.write_text(first.read_text().replace('"title": "CaseClosed"', '"title": "Closed"'))
    second.unlink()
    assert {problem.partition(",")[0].partition(";")[0] for problem in contracts.check(root)} == {
        "schema/events/CaseClosed.1.json: differs from this program",
        "schema/events/ActionOffered.1.json: is missing",
    }


def test_an_event_that_was_removed_is_told(root: Path):
    (root / contracts.SCHEMAS / "CaseForgotten.1.json").write_text("{}")
    (root / contracts.SAMPLES / "CaseForgotten.1.json").write_text("{}")
    schema, stored = contracts.check(root)
    assert "stored ones live for ever" in schema
    assert "can no longer be read" in stored


def test_a_stored_event_that_this_program_cannot_read_is_told(root: Path):
    path = root / contracts.SAMPLES / "ActionOffered.1.json"
    stored = json.loads(path.read_text())
    stored["event"]["owned_by"] = stored["event"].pop("owner")
    path.write_text(json.dumps(stored))
    (problem,) = contracts.check(root)
    assert problem.startswith("tests/samples/events/ActionOffered.1.json: a stored event can no longer be read")


def test_a_stored_sample_is_never_written_over(root: Path):
    path = root / contracts.SAMPLES / "ActionOffered.1.json"
    older = path.read_text().replace("word", "older")
    path.write_text(older)
    assert contracts.write(root) == []
    assert path.read_text() == older


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS.keys())
def test_a_sample_leaves_nothing_out(event: type[Fact]):
    held = contracts.sample(event).event
    assert not [name for name in held.__struct_fields__ if getattr(held, name) in (None, (), frozenset())]
    assert all(text == "AXNlYWxlZA" for text in sealed_in(held))


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class MoreColours(StrEnum):
    RED = "red"
    BLUE = "blue"
    GREEN = "green"


class Lid(Part, frozen=True):
    tight: bool = True
    colour: Colour = Colour.RED


class LooseLid(Part, frozen=True):
    tight: bool = False
    colour: Colour = Colour.RED


class AnyLid(Part, frozen=True):
    tight: bool = True
    colour: MoreColours = MoreColours.RED
    of: str | None = None


def kettle(schema: int = 1, **fields: Any) -> type[Fact]:
    """The event KettleBought with these fields; one with a default is a pair."""
    made: list[Any] = [(name, *hint) if isinstance(hint, tuple) else (name, hint) for name, hint in fields.items()]
    namespace = {"SCHEMA": schema, "__annotations__": {"SCHEMA": ClassVar[int]}}
    made_so = msgspec.defstruct("KettleBought", made, bases=(Fact,), frozen=True, kw_only=True, namespace=namespace)
    return cast("type[Fact]", made_so)


FIRST: dict[str, Any] = {"litres": float, "lid": Lid, "price": (int | None, None)}


def codec(schema: int = 1, upcasters: Any = None, **fields: Any) -> Codec:
    return Codec({"KettleBought": kettle(schema, **fields)}, upcasters or {})


@pytest.mark.parametrize(
    "now", [FIRST | {"shop": (str, "here")}, FIRST | {"lid": AnyLid}, FIRST | {"price": (int | None, None)}]
)
def test_a_payload_may_gain_fields_with_a_default_and_choices(tmp_path: Path, now: dict[str, Any]):
    contracts.write(tmp_path, codec(**FIRST))
    contracts.write(tmp_path, codec(**now))
    assert contracts.check(tmp_path, codec(**now)) == []


@pytest.mark.parametrize(
    ("now", "why"),
    [
        ({"lid": Lid, "price": (int | None, None)}, "litres is gone"),
        (FIRST | {"shop": str}, "shop must be there now"),
        (FIRST | {"price": int | None}, "price must be there now"),
        (FIRST | {"litres": (float, 1.0)}, "litres need not be there now"),
        (FIRST | {"litres": int}, "litres type has changed"),
        (FIRST | {"price": (int | None, 5)}, "price default has changed"),
        (FIRST | {"price": (int, 5)}, "price anyOf has changed"),
        (FIRST | {"lid": LooseLid}, "lid.tight default has changed"),
    ],
)
def test_any_other_change_is_told_and_not_written(tmp_path: Path, now: dict[str, Any], why: str):
    contracts.write(tmp_path, codec(**FIRST))
    (path,) = (tmp_path / contracts.SCHEMAS).iterdir()
    before = path.read_bytes()
    contracts.write(tmp_path, codec(**now))
    assert path.read_bytes() == before
    told = [problem for problem in contracts.check(tmp_path, codec(**now)) if "raise SCHEMA" in problem]
    assert len(told) == 1
    assert why in told[0]


def test_a_choice_that_went_is_told():
    with_blue, without = (msgspec.json.schema(kettle(colour=each)) for each in (MoreColours, Colour))
    assert broken(with_blue, without) == "colour: green can no longer be chosen"
    assert broken(without, with_blue) is None


def in_millilitres(payload: Payload) -> Payload:
    return {"millilitres": round(payload["litres"] * 1000)}


STEP = {("KettleBought", 1): in_millilitres}


def test_a_new_number_with_its_upcaster_is_written_beside_the_former_one(tmp_path: Path):
    contracts.write(tmp_path, codec(**FIRST))
    second = codec(2, STEP, millilitres=int)
    assert contracts.write(tmp_path, second) == [
        "schema/events/KettleBought.2.json",
        "tests/samples/events/KettleBought.2.json",
    ]
    assert contracts.check(tmp_path, second) == []
    assert json.loads((tmp_path / contracts.sample_path("KettleBought", 2)).read_text())["schema"] == 2


def test_what_a_new_number_lacks_is_told(tmp_path: Path):
    contracts.write(tmp_path, codec(**FIRST))
    second = codec(2, STEP, millilitres=int)
    contracts.write(tmp_path, second)

    (problem,) = contracts.check(tmp_path, codec(2, {("KettleBought", 1): dict}, millilitres=int))
    assert problem.startswith("tests/samples/events/KettleBought.1.json: a stored event can no longer be read")
    missing, _ = contracts.check(tmp_path, codec(2, millilitres=int))
    assert missing == "KettleBought: there is no upcaster from schema number 1 to 2"
    (needless,) = contracts.check(tmp_path, codec(2, STEP | {("KettleBought", 2): dict}, millilitres=int))
    assert needless == "KettleBought: the upcaster from schema number 2 leads nowhere"

    (tmp_path / contracts.sample_path("KettleBought", 1)).unlink()
    (tmp_path / contracts.schema_path("KettleBought", 1)).unlink()
    assert [problem.partition(":")[0] for problem in contracts.check(tmp_path, second)] == [
        "schema/events/KettleBought.1.json",
        "tests/samples/events/KettleBought.1.json",
    ]


def test_going_back_to_a_former_number_is_told(tmp_path: Path):
    contracts.write(tmp_path, codec(**FIRST))
    contracts.write(tmp_path, codec(2, STEP, millilitres=int))
    schema, sample = contracts.check(tmp_path, codec(**FIRST))
    assert "only knows this event up to schema number 1" in schema
    assert "newer than this release" in sample


def test_a_sample_under_a_wrong_number_is_told(tmp_path: Path):
    second = codec(2, STEP, millilitres=int)
    contracts.write(tmp_path, codec(**FIRST))
    contracts.write(tmp_path, second)
    first = tmp_path / contracts.sample_path("KettleBought", 1)
    first.write_bytes((tmp_path / contracts.sample_path("KettleBought", 2)).read_bytes())
    (problem,) = contracts.check(tmp_path, second)
    assert "under another schema number" in problem


def test_the_upcasters_of_this_program_are_those_its_events_need():
    assert CODEC.events is EVENTS
    assert not CODEC.upcasters.keys() - {(name, n) for name, event in EVENTS.items() for n in range(1, event.SCHEMA)}


def put_off_nowhere(row: Any, recorded: Recorded[Any], key: Any) -> Any:
    """Another fold, of which nobody has raised the version."""
    after = agenda.fold(row, recorded, key)
    return after and replace(after, instant=True)


def test_a_fold_that_changed_under_the_same_version_is_told(root: Path, monkeypatch: pytest.MonkeyPatch):
    was = (root / versions.COMMITTED).read_text()
    other = replace(agenda.AGENDA, fold=put_off_nowhere)
    others = (each for each in projections.ALL if each is not agenda.AGENDA)
    monkeypatch.setattr(projections, "ALL", (other, *others))
    (problem,) = contracts.check(root)
    assert "the read model agenda makes other rows of the same facts" in problem
    assert "MeetingPlanned" in problem
    # It is not written over: whoever changed it raises the version first.
    contracts.write(root)
    assert (root / versions.COMMITTED).read_text() == was
    monkeypatch.setattr(projections, "ALL", (replace(other, version=99), *projections.ALL[1:]))
    (problem,) = contracts.check(root)
    assert problem == "schema/versions.json: agenda is not held as it is; run `catch contracts`"
    contracts.write(root)
    assert contracts.check(root) == []


def test_a_change_in_the_domain_is_told_of_every_read_model_that_folds_it(root: Path, monkeypatch: pytest.MonkeyPatch):
    evolve = SUBJECTS.evolve_of[PlanAgreed]

    def forgets(case: Any, event: Any, at: datetime) -> Any:
        return replace(evolve(case, event, at), plan=None)

    monkeypatch.setattr(SUBJECTS, "evolve_of", {**SUBJECTS.evolve_of, PlanAgreed: forgets})
    (problem,) = contracts.check(root)
    assert "the read model case_summary makes other rows" in problem


def test_a_programme_that_is_another_under_the_same_version_is_told(root: Path, monkeypatch: pytest.MonkeyPatch):
    def another(programme: str) -> str:
        return f"another {programme}"

    monkeypatch.setattr(versions, "written", another)
    problems = contracts.check(root)
    assert [each.partition(" (")[0] for each in problems] == [
        f"schema/versions.json: the programme {each.key} is another" for each in shipped()
    ]


def test_an_event_that_is_added_says_nothing_of_the_rows_that_are_there():
    before = versions.Held(1, {"A": "1"})
    assert versions.moved(before, versions.Held(1, {"A": "1", "B": "2"})) == []
    assert versions.moved(before, versions.Held(1, {"A": "2"})) == ["A"]
    assert versions.moved(before, versions.Held(2, {"A": "2"})) == []

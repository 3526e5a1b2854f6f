"""The committed contracts are those of this program, and what is stored stays readable."""

import json
from pathlib import Path

import pytest

from catch import contracts
from catch.domain.facts import Fact
from catch.domain.streams import EVENTS
from catch.personal import sealed_in


@pytest.fixture
def root(tmp_path: Path) -> Path:
    contracts.write(tmp_path)
    return tmp_path


def test_the_committed_contracts_are_those_of_this_program():
    assert contracts.check() == []


def test_every_event_has_a_schema_and_a_stored_sample():
    for name in EVENTS:
        assert (contracts.ROOT / contracts.SCHEMAS / f"{name}.json").exists()
        assert (contracts.ROOT / contracts.SAMPLES / f"{name}.1.json").exists()


def test_writing_again_changes_nothing(root: Path):
    assert contracts.check(root) == []
    assert contracts.write(root) == []


def test_a_schema_that_differs_is_told_and_so_is_one_that_is_missing(root: Path):
    first, second = (root / contracts.SCHEMAS / f"{name}.json" for name in ("CaseClosed", "ActionOffered"))
    first.write_text(first.read_text().replace("closed_on", "closing_day"))
    second.unlink()
    assert {problem.partition(",")[0].partition(";")[0] for problem in contracts.check(root)} == {
        "schema/events/CaseClosed.json: differs from this program",
        "schema/events/ActionOffered.json: is missing",
    }


def test_an_event_that_was_removed_is_told(root: Path):
    (root / contracts.SCHEMAS / "CaseForgotten.json").write_text("{}")
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

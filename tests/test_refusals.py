"""What a refusal says: what to do next, and where in the arguments, in the schema's own spelling."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import catch.domain
from catch.api.mutations import BESIDE, camel, details_of, every_refusal, refusal_codes, spelled
from catch.api.schema import schema
from catch.cli import replaying, subject_access
from catch.domain.refusals import IdAlreadyUsed, MissingText, NotAnswered, OutOfRange, Refused
from catch.domain.streams import COMMANDS
from catch.web.serving import serving

SOURCES = Path(catch.domain.__file__).parents[1]
FIELDS = {camel(name) for command in COMMANDS for name in command.__struct_fields__}

ASKS = (
    "Accept|Add|Agree|Ask|Attach|Authorise|Begin|Check|Choose|Close|Compare|Complete|Connect|Correct|Decide|End|Enrol|Fill|Get|Give|Go|"
    "Have|Hold|Involve|Invite|Leave|Let|Look|Make|Move|Name|Offer|Open|Propose|Put|Record|Refer|Register|Remove|Reopen|"
    "Reschedule|Revise|Say|Schedule|Send|Set|Settle|Share|Shorten|Show|Sign|Speak|Start|Take|Tell|Try|Unbind|Write"
)
SAYS_WHO = (
    "details|by `catch doctor`|a newer release|somebody else|member administrator|contact gives it|added by the chair|"
    "coordinators of agencies that lead|administrator records one|query `viewer` lists|administrator says which|"
    "whoever runs the s(?:erver|ystem) (?:finds|takes)"
)
SAYS_THE_FORM = "is made of|is named by|is one line of|that is over, and as it is now|--development"
NEXT = re.compile(rf"(?:^|[.:;,] |, or |, and )(?:{ASKS})\b|\bfirst[.:]|{SAYS_WHO}|{SAYS_THE_FORM}", re.IGNORECASE)
"""What tells a person to do something, or who can."""
AT_FIRST = (
    "Only those who run or prepare this meeting may do this.",
    "This item is not listed for noting.",
    "The presenter must be the coordinator or belong to a partner involved in the case.",
    "There is no such item on this agenda.",
    "This item has been dealt with.",
    "The meeting is over or was called off.",
)
BASES = {"REFUSED", "NOT_ANSWERED"}
"""Of which refusals are made, and which nobody meets."""


def refusals() -> list[type[Refused]]:
    # Between them they import every module that defines one.
    assert schema()
    assert replaying
    assert subject_access
    assert serving
    found = [each for each in every_refusal() if each.__module__.startswith("catch.") and each.code not in BASES]
    assert len(found) > 150
    return found


def test_every_refusal_says_what_to_do_next_or_who_can():
    silent = [f"{each.code}: {each().message}" for each in refusals() if not NEXT.search(each().message)]
    assert silent == []


def test_sentences_that_only_say_how_things_stand_are_found():
    assert [said for said in AT_FIRST if NEXT.search(said)] == []


class Refuses(Refused):
    """Not so. Try otherwise."""


@pytest.mark.parametrize(
    ("refused", "path", "name", "value"),
    [
        (MissingText(field="safe_contact.how"), "input.safeContact.how", "field", "safeContact.how"),
        (OutOfRange(field="starts_at"), "input.startsAt", "field", "startsAt"),
        (OutOfRange(field="goals[2].target_score"), "input.goals.2.targetScore", "field", "goals[2].targetScore"),
        (OutOfRange(field="occurredAt"), "occurredAt", "field", "occurredAt"),
        (Refuses(starts_at="2026-03-03"), "input.startsAt", "startsAt", "2026-03-03"),
        (Refuses(within_days=5), None, "withinDays", "5"),
        (Refuses(**{"goals[0].title": "Expected `str`"}), "input.goals.0.title", "goals[0].title", "Expected `str`"),
    ],
)
def test_details_are_spelled_as_the_schema_spells_them(refused: Refused, path: str | None, name: str, value: str):
    arguments = ("safe_contact", "starts_at", "goals", "reason")
    detail = details_of(refused, arguments)[0]
    assert (detail.path, detail.name, detail.value) == (path, name, value)


@pytest.mark.parametrize("name", ["field", "value", "self", "message", "goals[0].value"])
def test_a_field_that_differs_may_have_any_name(name: str):
    """Beside the details of the refusal itself, which name a field and its value."""
    refused = IdAlreadyUsed(field="action", value="an id").where([name])
    arguments = (name.partition("[")[0], "action")
    about, used, differing = details_of(refused, arguments)
    assert (about.path, about.value, used.value) == ("input.action", "action", "an id")
    assert (differing.path, differing.name, differing.value) == (f"input.{spelled(path_of(name))}", name, "differs")


def path_of(name: str) -> str:
    return name.replace("[", ".").replace("]", "")


def test_two_refusals_of_one_name_are_found_with_both_their_places():
    """Which of the two the schema described would hang on the order of a set."""
    other = type("Refuses", (Refused,), {"__doc__": "Otherwise.", "__module__": "elsewhere"})
    for both in ([Refuses, other], [other, Refuses]):
        with pytest.raises(TypeError, match=rf"code REFUSES: elsewhere\.Refuses and {__name__}\.Refuses"):
            refusal_codes(both)
    # Control: those that a command meets have one each.
    ours = [each for each in refusals() if not issubclass(each, NotAnswered)]
    assert {each.name for each in refusal_codes(ours)} == {each.code for each in ours}


def named_fields() -> Iterator[tuple[str, str]]:
    """Each `field="..."` that the rules name, with where it stands."""
    for path in [*(SOURCES / "domain").rglob("*.py"), *(SOURCES / "commands").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            for keyword in node.keywords:
                if keyword.arg == "field" and isinstance(keyword.value, ast.Constant):
                    yield f"{path.name}:{node.lineno}", str(keyword.value.value)


def test_every_field_that_a_rule_names_is_an_argument_of_some_command():
    found = list(named_fields())
    assert len(found) > 30
    strange = [(at, name) for at, name in found if spelled(name).split(".")[0] not in FIELDS | {*BESIDE}]
    assert strange == []

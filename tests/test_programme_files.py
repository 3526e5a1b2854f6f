"""Programme files: those shipped are sound and unlike, and a mistake in one is found and named."""

import time
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
import yaml
from msgspec.structs import replace

from catch.domain.programme.check import problems
from catch.domain.programme.configuration import ClosureClass, Programme
from catch.programmes import ProgrammeFileInvalid, load, load_all, shipped
from catch.programmes.editing import differences, json_schema

SNN = Path(__file__).parent.parent / "src/catch/programmes/snn-catch.yaml"


def changed(folder: Path, old: str, new: str) -> Path:
    text = SNN.read_text("utf-8")
    assert old in text
    folder.mkdir(exist_ok=True)
    path = folder / "mine.yaml"
    path.write_text(text.replace(old, new, 1), "utf-8")
    return path


@pytest.mark.parametrize("programme", shipped(), ids=lambda programme: programme.pin)
def test_every_shipped_programme_is_sound(programme: Programme):
    assert problems(programme) == []
    assert {reason.ending for reason in programme.closure.reasons} == set(ClosureClass)
    assert programme.assumed


def test_support_north_northants_is_as_its_papers_say():
    snn = load(SNN)
    rules = {rule.code: (rule.target.n, rule.target.unit, rule.source) for rule in snn.clocks}
    assert rules["first-conversation"] == (2, "working-day", "published")
    assert rules["review"] == rules["closure-after-review"] == (3, "month", "published")
    assert rules["max-support"] == (6, "month", "published")
    assert rules["plan-agreed"][2] == "assumed"
    assert (snn.eligibility.mode, snn.eligibility.min_age) == ("open", 18)
    assert (snn.caseload.target_min, snn.caseload.target_max) == (20, 22)
    assert snn.mandatory_interventions == ("benefits-check",)
    weekly = snn.series("catch-weekly")
    assert weekly
    assert (weekly.rrule, weekly.starts_at, weekly.duration_minutes) == ("FREQ=WEEKLY;BYDAY=TU", "10:00", 120)


def test_bexley_meets_monthly_over_8_to_12_cases_of_both_kinds():
    bexley = next(each for each in shipped() if each.key == "bexley-icm")
    monthly = bexley.series("icm-monthly")
    assert monthly
    assert (monthly.policy.min_items, monthly.policy.max_items) == (8, 12)
    assert monthly.policy.min_existing_share > 0
    assert monthly.policy.min_new_share > 0
    assert [criterion.code for criterion in bexley.eligibility.criteria] == ["at-risk-of-crisis-if-no-action"]


@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [
        ("version: 3", "version: one", "mine.yaml: line 4: version: Expected `int`, got `str`."),
        ("version: 3", "", "mine.yaml: version: this setting is missing."),
        (
            "unit: working-day",
            "unit: fortnight",
            "mine.yaml: line 30: clocks[0].target.unit: Invalid enum value 'fortnight'.",
        ),
        ("quorum: 3", "quorom: 3", "mine.yaml: line 44: meetings[0].quorom: there is no such setting."),
        ("version: 3", "version: 3\nVersion: 2", "mine.yaml: line 5: Version: there is no such setting."),
        (
            "start: PlanAgreed",
            "start: PlanMade",
            "mine.yaml: line 33: clocks[3].start: no case event is called 'PlanMade'.",
        ),
        ("2022-04-01", "2022-04-31", "mine.yaml: line 6: effective_from: Invalid RFC3339 encoded date."),
        ("version: 3", "version: 1\nversion: 2", "mine.yaml: lines 4 and 5: 'version' is given twice."),
        ("channels: [phone", "channels: [phone: [", "mine.yaml: The file is not YAML"),
    ],
)
def test_a_mistake_is_answered_with_file_path_and_what_is_wrong(tmp_path: Path, old: str, new: str, answer: str):
    with pytest.raises(ProgrammeFileInvalid) as error:
        load(changed(tmp_path, old, new))
    assert answer in str(error.value)


TEAMS = """teams:
      - {key: north, name: North}
      - {key: south, name: South}
    key: catch-weekly"""


def test_one_meeting_of_several_teams_is_as_many_series(tmp_path: Path):
    several = load(changed(tmp_path, "key: catch-weekly", TEAMS))
    (weekly,) = load(SNN).meetings
    assert [(each.key, each.name) for each in several.meetings] == [
        ("catch-weekly-north", "CATCH collaboration meeting, North"),
        ("catch-weekly-south", "CATCH collaboration meeting, South"),
    ]
    assert {replace(each, key=weekly.key, name=weekly.name) for each in several.meetings} == {weekly}
    twice = changed(tmp_path / "twice", "key: catch-weekly", TEAMS.replace("south", "north"))
    with pytest.raises(ProgrammeFileInvalid, match="'catch-weekly-north' is there 2 times"):
        load(twice)


def test_what_a_version_changes_is_told_by_path(tmp_path: Path):
    path = changed(tmp_path, "{code: fire}", "{code: fire, active: false}")
    path.write_text(
        path.read_text("utf-8").replace("quorum: 3", "quorum: 4").replace("  - {code: police}\n", ""), "utf-8"
    )
    told = [str(each) for each in differences(load(SNN), load(path))]
    assert told == [
        "- sources[police].code: police",
        "~ meetings[catch-weekly].quorum: 3 -> 4",
        "+ sources[fire].active: False",
    ]
    assert differences(load(SNN), load(SNN)) == []


@pytest.mark.parametrize("programme", shipped(), ids=lambda programme: programme.pin)
def test_every_shipped_file_has_the_form_that_editors_are_told(programme: Programme):
    said = yaml.load((SNN.parent / f"{programme.key}.yaml").read_text("utf-8"), yaml.BaseLoader)
    properties = msgspec.json.decode(json_schema())["$defs"]["WrittenProgramme"]["properties"]
    assert said.keys() <= properties.keys()


def test_all_problems_come_at_once_a_line_each(tmp_path: Path):
    path = changed(tmp_path, "quorum: 3", "quorum: 0\n    tea: true")
    with pytest.raises(ProgrammeFileInvalid) as error:
        load(path)
    assert len(error.value.problems) == len(str(error.value).splitlines()) == 2


MISTAKES = {
    "version: 3": ("version: one\nversion: two", ["'version' is given twice.", "version: Expected `int`, got `str`."]),
    "2022-04-01": ("soon", ["effective_from: Invalid RFC3339 encoded date."]),
    "unit: working-day": ("unit: fortnight", ["clocks[0].target.unit: Invalid enum value 'fortnight'."]),
    "quorum: 3": ("quorum: 0\n    tea: true", ["tea: there is no such setting.", "quorum: 0 is below 1."]),
    "reopen_within_days: 180": ("reopen_within_days: -1", ["closure.reopen_within_days: it is below 0."]),
}
"""What is changed in a good file, and what has to be said of it."""


def test_five_mistakes_are_all_told(tmp_path: Path):
    text = SNN.read_text("utf-8")
    for old, (new, _) in MISTAKES.items():
        assert old in text, old
        text = text.replace(old, new, 1)
    path = tmp_path / "mine.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ProgrammeFileInvalid) as refused:
        load(path)
    told = refused.value.problems
    expected = [said for _, sentences in MISTAKES.values() for said in sentences]
    assert [said for said in expected if not any(each.endswith(said) for each in told)] == []
    assert len(told) == len(expected)


def test_nothing_is_said_to_follow_from_what_is_missing(tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.write_text("key: mine\nname: Mine\n", "utf-8")
    with pytest.raises(ProgrammeFileInvalid) as refused:
        load(path)
    missing = ("version", "effective_from", "sources", "channels")
    told = [said for said in refused.value.problems if "missing" in said]
    assert told == [f"{name}: this setting is missing." for name in missing]
    assert not [said for said in refused.value.problems if said.startswith(missing) and "missing" not in said]


def test_the_mistakes_of_several_files_are_told_together(tmp_path: Path):
    wrong = [changed(tmp_path / name, "version: 3", "version: one") for name in ("a", "b")]
    with pytest.raises(ProgrammeFileInvalid) as refused:
        load_all([*wrong, SNN])
    assert len(refused.value.problems) == 2


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"",
        b"- 1\n- 2\n",
        b"just words",
        b"[" * 2000,
        b"key: !!timestamp 2026-02-30",
        b"key: !!python/object:os.system {}",
    ],
)
def test_what_is_no_programme_at_all_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(ProgrammeFileInvalid, match=r"^mine\.yaml: "):
        load(path)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.yaml")


LAUGHS = "a: &a {x: 1}\nb: &b {<<: [*a, *a, *a]}\n"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("key: mine\nplan: &p {}\n", "line 2: anchors (&) and aliases (*) are not taken: write the setting out."),
        ("key: mine\nplan: *p\n", "line 2: anchors (&) and aliases (*) are not taken: write the setting out."),
        ("key: mine\n\nplan:\n  <<: {a: 1}\n", "line 4: merge keys (<<) are not taken: write the settings out."),
        (LAUGHS, "line 1: anchors (&) and aliases (*) are not taken: write the setting out."),
        ("a:\n" + "".join(" " * at + "a:\n" for at in range(1, 30)), "line 12: settings may lie 12 deep."),
        ("[" * 5_000, "line 1: settings may lie 12 deep."),
        ("#" * 65_537, "The file is larger than 65,536 bytes."),
    ],
)
def test_a_file_that_would_keep_a_server_busy_is_refused_at_its_line(tmp_path: Path, text: str, answer: str):
    path = tmp_path / "mine.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(ProgrammeFileInvalid) as refused:
        load(path)
    assert refused.value.problems == (answer,)


def test_a_billion_laughs_take_no_time(tmp_path: Path):
    path = tmp_path / "mine.yaml"
    names = "abcdefghijklmnopqrst"
    lines = [f"{one}: &{one} {{<<: [{', '.join(f'*{before}' for _ in range(8))}]}}" for before, one in pairwise(names)]
    path.write_text("a: &a {x: 1}\n" + "\n".join(lines), "utf-8")
    began = time.perf_counter()
    with pytest.raises(ProgrammeFileInvalid):
        load(path)
    assert time.perf_counter() - began < 1


def test_a_merge_key_in_quotes_is_a_setting_like_others(tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.write_text(SNN.read_text("utf-8") + "\n'<<': {}\n", "utf-8")
    with pytest.raises(ProgrammeFileInvalid, match="there is no such setting"):
        load(path)

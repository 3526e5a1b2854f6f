"""Case finding: whom the rule of a programme finds in a cohort, why, and what is told of whom it cannot judge."""

from collections.abc import Sequence
from datetime import date
from math import ceil
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.cli.finding import case_finding
from catch.domain.programme import LoadProgramme
from catch.domain.programme.check import problems
from catch.domain.programme.configuration import CaseFinding, Flag, Sign
from catch.importing.cohort import find, list_of, reason
from catch.importing.columns import FileUnusable
from catch.importing.referrals import import_referrals
from catch.programmes import shipped
from tests.conftest import Furnished
from tests.place import SYSTEM

WOKINGHAM = next(each for each in shipped() if each.key == "wokingham-mdt")
RULE = WOKINGHAM.case_finding
assert RULE is not None
COLUMNS = (
    *("nhs number", "first name", "last name", "date of birth", "service use", "unplanned admissions", "falls"),
    *("unstable conditions", "oral medicines", "medicines concern", "frequent attender"),
)
AS_OF, TODAY = date(2026, 4, 30), date(2026, 5, 4)
QUIET = ("0", "0", "0", "0", "no", "no")


def row(name: str, use: str, *signs: str, number: str = "", born: str = "21/05/1941") -> tuple[str, ...]:
    return number, "Ada", name, born, use, *(signs or QUIET)


def cohort(folder: Path, *rows: Sequence[str], header: Sequence[str] = COLUMNS) -> Path:
    path = folder / "cohort.csv"
    path.write_text("\n".join(",".join(cells) for cells in (header, *rows)), "utf-8")
    return path


def others(count: int) -> list[tuple[str, ...]]:
    return [row(f"Other{n}", "1") for n in range(count)]


@pytest.mark.parametrize(
    ("signs", "fired"),
    [
        (QUIET, {}),
        (("2", "0", "0", "0", "no", "no"), {"unplanned-admissions": ("unplanned-admissions: 2",)}),
        (("1", "1", "1", "4", "no", "no"), {}),
        (("0", "2", "0", "0", "no", "no"), {"falls": ("falls: 2",)}),
        (("0", "0", "2", "0", "no", "no"), {"unstable-conditions": ("unstable-conditions: 2",)}),
        (("0", "0", "0", "5", "no", "no"), {"medicines": ("oral-medicines: 5",)}),
        (("0", "0", "0", "0", "YES", "no"), {"medicines": ("medicines-concern: YES",)}),
        (("0", "0", "0", "9", "y", "no"), {"medicines": ("oral-medicines: 9", "medicines-concern: y")}),
        (("0", "0", "0", "0", "no", "true"), {"frequent-attender": ("frequent-attender: true",)}),
        (("", "3", "", "", "", ""), {"falls": ("falls: 3",)}),
    ],
)
def test_each_flag_fires_by_its_signs_and_says_which(
    tmp_path: Path, signs: tuple[str, ...], fired: dict[str, tuple[str, ...]]
):
    found = find(cohort(tmp_path, row("Testly", "50", *signs), *others(9)), WOKINGHAM).found
    assert [dict(each.fired) for each in found] == ([fired] if fired else [])


def test_of_the_first_tenth_alone_with_all_who_have_as_much_as_its_last(tmp_path: Path):
    often = ("2", "0", "0", "0", "no", "no")
    rows = [row(f"P{n}", str(n), *often) for n in range(1, 31)]
    finding = find(cohort(tmp_path, *rows), WOKINGHAM)
    assert (finding.begins, finding.top, [each.use for each in finding.found]) == (28, 3, [28, 29, 30])
    finding = find(cohort(tmp_path, *rows, row("Q", "28", *often)), WOKINGHAM)
    assert (finding.begins, finding.top) == (28, 4)
    # Of people who use nothing none is among those who use most.
    assert find(cohort(tmp_path, *(row(f"P{n}", "0", *often) for n in range(5))), WOKINGHAM).found == ()


def test_what_is_unsaid_is_no_no_and_is_told(tmp_path: Path):
    rows = [row("Testly", "50", "", "0", "0", "0", "no", "no"), row("Askly", "", *QUIET), *others(3)]
    finding = find(cohort(tmp_path, *rows), WOKINGHAM)
    assert finding.found == ()
    assert [(each.line, each.why) for each in finding.unclear] == [(2, "nothing stands under unplanned-admissions")]
    assert [(each.line, each.why) for each in finding.left_out] == [(3, "nothing stands under service-use")]
    found = find(cohort(tmp_path, row("Testly", "50", "", "2", "0", "0", "no", "")), WOKINGHAM)
    assert found.found[0].unsaid == ("unplanned-admissions", "frequent-attender")
    said = reason(found.found[0], found, WOKINGHAM, AS_OF)
    assert said.startswith("Found in a cohort, by data of 30 April 2026. Among the tenth")
    assert said.endswith(
        " Two or more falls in a year: falls: 2. Not said in the cohort: unplanned-admissions, frequent-attender."
        " They have not been asked yet."
    )


def test_nobody_is_judged_by_a_guess(tmp_path: Path):
    twice = [row("Testly", "7", number="999 000 0018"), row("Test-ly", "9", number="9990000018")]
    wrong = [
        row("A", "many"),
        row("B", "5", "-1", "0", "0", "0", "no", "no"),
        row("C", "5", "0", "0", "0", "0", "maybe", "no"),
    ]
    wrong += [row("D", "nan"), row("", "5"), row("E", "5", *QUIET[:5], "2")]
    finding = find(cohort(tmp_path, *twice, *wrong, row("Fine", "1")), WOKINGHAM)
    assert (finding.rows, finding.ranked) == (9, 1)
    assert [each.why for each in finding.left_out] == [
        *["stands there more than once"] * 2, "service-use is no number", "unplanned-admissions is no number",
        "medicines-concern is no yes or no", "service-use is no number", "nothing stands under last name",
        "frequent-attender is no yes or no",
    ]  # fmt: skip


uses = st.lists(st.integers(0, 40), min_size=1, max_size=60)


@given(uses, st.integers(1, 100))
def test_every_row_is_in_one_place_and_who_is_found_uses_no_less_than_anybody_who_is_not(
    tmp_path_factory: pytest.TempPathFactory, used: list[int], percent: int
):
    assert RULE is not None
    folder = tmp_path_factory.mktemp("cohort")
    rule = replace(WOKINGHAM, case_finding=replace(RULE, top_percent=percent))
    rows = [row(f"P{n}", str(use), "2", "0", "0", "0", "no", "no") for n, use in enumerate(used)]
    finding = find(cohort(folder, *rows), rule)
    found = sorted(each.use for each in finding.found)
    rest = sorted(set(range(len(used))) - {each.line - 2 for each in finding.found})
    assert finding.ranked == len(used)
    assert len(found) == finding.top
    assert not found or all(used[each] < found[0] for each in rest)
    assert len(found) >= min(ceil(len(used) * percent / 100), sum(use > 0 for use in used))


def test_a_file_that_is_no_cohort_is_told_from_one(tmp_path: Path):
    with pytest.raises(FileUnusable, match="missing columns: last name, falls"):
        find(cohort(tmp_path, header=[each for each in COLUMNS if each not in ("last name", "falls")]), WOKINGHAM)
    with pytest.raises(FileUnusable, match="columns given twice: falls"):
        find(cohort(tmp_path, header=(*COLUMNS, "Falls")), WOKINGHAM)
    with pytest.raises(FileUnusable, match="finds no cases"):
        find(cohort(tmp_path), replace(WOKINGHAM, case_finding=None))
    (tmp_path / "empty.csv").touch()
    with pytest.raises(FileUnusable, match="is empty"):
        find(tmp_path / "empty.csv", WOKINGHAM)


def test_a_programmes_rule_is_checked_before_anybody_loads_it():
    wrong = CaseFinding("falls", 0, "nowhere", (Flag("nothing", (Sign("falls"),)), Flag("falls", ())))
    assert problems(replace(WOKINGHAM, case_finding=wrong)) == [
        "case_finding.criterion: no criterion of eligibility is called 'nowhere'.",
        "case_finding.flags[0].criterion: no criterion of eligibility is called 'nothing'.",
        "case_finding.top_percent: 0 is not between 1 and 100.",
        "case_finding.flags: without a flag, and a sign for each, nobody is found.",
        "case_finding: the column 'falls' cannot hold a number and a yes or no.",
    ]


def test_the_command_prints_counts_and_nobody_and_writes_over_nothing(tmp_path: Path):
    rows = [row("Testly", "50", "2", "0", "0", "0", "no", "no"), row("Askly", "many"), *others(9)]
    path, output = cohort(tmp_path, *rows), tmp_path / "found.csv"
    asked = [str(path), "--as-of", "2026-04-30", "-o", str(output)]
    done = CliRunner().invoke(case_finding, asked)
    assert done.exit_code == 1
    assert (
        "11 people, 10 ranked by service-use: the first 10 % begin at 50, with 1 people; 1 of them found" in done.output
    )
    assert "line 3: service-use is no number" in done.output
    assert not [name for name in ("Testly", "Askly", "many") if name in done.output]
    assert output.stat().st_mode & 0o777 == 0o600
    before = output.read_bytes()
    again = CliRunner().invoke(case_finding, asked)
    assert (again.exit_code, output.read_bytes()) == (2, before)


async def test_what_was_found_is_imported_with_its_reasons_once(furnished: Furnished, tmp_path: Path):
    signs = ("2", "0", "0", "0", "no", "no")
    people = [row("Testly", "50", *signs, number="9990000018"), row("=1+1", "50", *signs, born="1950-02-01")]
    finding = find(cohort(tmp_path, *people, *others(8)), WOKINGHAM)
    path = tmp_path / "found.csv"
    path.write_text(list_of(finding, WOKINGHAM, AS_OF, TODAY, "case-finding", "email"), "utf-8-sig")
    async with furnished() as place:
        await place.take(LoadProgramme(WOKINGHAM.key, WOKINGHAM), SYSTEM)
        report = await import_referrals(place.catch, path, programme=WOKINGHAM.key)
        assert report.wrong == []
        assert (report.count("opened"), report.rejected, len(report.waiting)) == (2, 0, 0)
        report = await import_referrals(place.catch, path, programme=WOKINGHAM.key)
        assert (report.count("opened"), report.count("there")) == (0, 2)

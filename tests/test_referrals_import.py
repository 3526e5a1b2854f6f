"""A team's list goes in row by row: good rows are kept, bad ones come back with their reasons, nothing twice."""

import csv
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import pytest

from catch.app import Catch, opened
from catch.commands.enrolling import as_anything
from catch.database.server import Server
from catch.domain.case.referral import SubmitReferral
from catch.domain.case.state import Agrees, ReferralAgreement, SafeContact, Urgency
from catch.domain.facts import Actor, Role, Sealed
from catch.domain.partner import RegisterPartner
from catch.domain.person import RegisterPerson
from catch.domain.programme import LoadProgramme
from catch.domain.refusals import IdNotAllowed, UnknownProgramme
from catch.domain.streams import CASE, PERSON
from catch.importing.asking import IMPORTER
from catch.importing.columns import FileUnusable
from catch.importing.referral_file import read
from catch.importing.referrals import import_referrals
from catch.importing.rows import ReferralRow, row_of
from catch.programmes import starting
from catch.settings import Settings
from catch.spreadsheets import read_back, written_out
from tests.conftest import Database

SETTER = Actor("set-up", "snn", Role.SYSTEM)
HEADER = (
    "Reference,Received,Source,Channel,Referrer organisation,First name,Last name,Date of birth,NHS number,"
    "Needs,Reason for referral,Urgency,Person knows,Person agrees,Safe to contact,How to contact"
)
GOOD = (
    "R1,03/02/2026 09:30,self,phone,,Ada,Quillbrook-Example,21/05/1951,999 000 0018,"
    "debt advice; Befriending,Lonely,,yes,yes,yes,text first"
)
BO = GOOD.replace("R1", "R2").replace("Ada,Quillbrook", "Bo,Pattern").replace("1951,999 000 0018", "1961,999 000 0026")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
async def catch(database: Database, tmp_path: Path) -> AsyncIterator[Catch]:
    place = Server(database.admin, database.dsn)
    async with opened(place, Settings(data_dir=tmp_path / "data")) as running:
        for programme in starting():
            await running.commands.take(LoadProgramme(programme.key, programme), by=SETTER, command_id=uuid4())
        yield running


def written(folder: Path, *lines: str, header: str = HEADER, encoding: str = "utf-8") -> Path:
    path = folder / "list.csv"
    path.write_bytes("\r\n".join([header, *lines, ""]).encode(encoding))
    return path


def only_row(path: Path) -> ReferralRow:
    file = read(path)
    (record,) = file.rows
    row = row_of(file, record, NOW)
    assert isinstance(row, ReferralRow), row
    return row


def test_a_row_is_read_as_people_write_it(tmp_path: Path):
    row = only_row(written(tmp_path, GOOD))
    assert (row.line, row.name, row.nhs_number) == (2, "Ada Quillbrook-Example", "9990000018")
    assert row.received_at == datetime(2026, 2, 3, 9, 30, tzinfo=UTC)
    assert row.needs == ("debt-advice", "befriending")
    assert (row.urgency, row.knows, row.safe) == (Urgency.ROUTINE, True, True)


def test_a_day_without_a_time_is_nine_in_london(tmp_path: Path):
    row = only_row(written(tmp_path, GOOD.replace("03/02/2026 09:30", "2026-07-03")))
    assert row.received_at == datetime(2026, 7, 3, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(("encoding", "named"), [("utf-8-sig", "UTF-8"), ("cp1252", "Windows-1252")])
def test_both_encodings_of_office_programs_are_read(tmp_path: Path, encoding: str, named: str):
    path = written(tmp_path, GOOD.replace("Lonely", "Café closed"), encoding=encoding)
    assert read(path).encoding == named
    assert only_row(path).reason == "Café closed"


def test_semicolons_between_cells_are_found(tmp_path: Path):
    path = written(tmp_path, GOOD.replace(";", "/").replace(",", ";"), header=HEADER.replace(",", ";").upper())
    assert only_row(path).last_name == "Quillbrook-Example"


@pytest.mark.parametrize(
    ("was", "is_now", "column", "reason"),
    [
        ("03/02/2026 09:30", "31/02/2026", "received", "no such day"),
        ("03/02/2026 09:30", "03/02/2027", "received", "future"),
        ("03/02/2026 09:30", "03/02/26", "received", "write it as"),
        ("03/02/2026 09:30", "03/02/2026 25:10", "received", "09:30"),
        ("03/02/2026 09:30", "", "received", "empty"),
        ("21/05/1951", "21/05/2051", "date of birth", "future"),
        ("21/05/1951", "29/02/1951", "date of birth", "no such day"),
        ("999 000 0018", "999 000 0011", "nhs number", "ten digits"),
        ("Lonely", " ", "reason for referral", "empty"),
        ("yes,yes,yes", "perhaps,yes,yes", "person knows", "yes, no"),
        ("Lonely,,", "Lonely,yesterday,", "urgency", "routine"),
        ("R1,", ",", "reference", "empty"),
    ],
)
def test_a_bad_cell_is_named_with_its_column(tmp_path: Path, was: str, is_now: str, column: str, reason: str):
    file = read(written(tmp_path, GOOD.replace(was, is_now, 1)))
    wrong = row_of(file, file.rows[0], NOW)
    assert isinstance(wrong, list)
    assert [(one.line, one.column) for one in wrong] == [(2, column)]
    assert reason in wrong[0].reason


def test_everything_wrong_with_a_row_is_said_at_once(tmp_path: Path):
    file = read(written(tmp_path, GOOD.replace("Lonely", "").replace("0018", "0011")))
    wrong = row_of(file, file.rows[0], NOW)
    assert isinstance(wrong, list)
    assert [one.column for one in wrong] == ["nhs number", "reason for referral"]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (HEADER.replace("Source,", "Colour,"), "missing columns: source; unknown columns: Colour"),
        (HEADER.replace("Channel", "source"), "columns given twice: source"),
    ],
)
def test_a_header_that_does_not_fit_is_explained(tmp_path: Path, header: str, said: str):
    with pytest.raises(FileUnusable, match=said):
        read(written(tmp_path, header=header))


@pytest.mark.parametrize("content", [b"", b"\xff\xfeR\0e\0", b"a,b\0", b"PK\3\4", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "list.csv"
    path.write_bytes(content)
    with pytest.raises(FileUnusable):
        read(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(FileUnusable, match="No such file"):
        read(tmp_path / "nothing.csv")


async def test_good_rows_are_kept_and_bad_ones_written_back_with_reasons(catch: Catch, tmp_path: Path):
    path = written(
        tmp_path,
        GOOD,
        BO.replace("self", "the-moon"),
        BO.replace("R2", "R3").replace("Lonely", ""),
        GOOD.replace("R1", "R1").replace("Lonely", "Again"),
        BO.replace("R2", "R5").replace("phone", "pigeon"),
    )
    report = await import_referrals(catch, path)
    assert [(kept.line, kept.how) for kept in report.kept] == [(2, "opened")]
    assert [(one.line, one.column) for one in report.wrong] == [
        (3, "source"),
        (4, "reason for referral"),
        (5, "reference"),
        (6, "channel"),
    ]
    assert report.rejected_file == tmp_path / "list.rejected.csv"
    assert report.rejected_file is not None
    rows = list(csv.DictReader(report.rejected_file.read_text("utf-8-sig").splitlines()))
    assert [row["Reference"] for row in rows] == ["R2", "R3", "R1", "R5"]
    assert "Lonely" in [row["Reason for referral"] for row in rows]
    assert "adult-social-care" in rows[0]["rejection reason"]
    assert "Choose one of those behind this. (" in rows[0]["rejection reason"]


@pytest.mark.parametrize(
    ("was", "is_now"),
    [("self", "the-moon"), ("phone", "pigeon"), ("03/02/2026 09:30", "03/02/2001"), ("Lonely", "x" * 10_001)],
)
async def test_a_row_that_is_refused_leaves_nobody_registered(catch: Catch, tmp_path: Path, was: str, is_now: str):
    head = await catch.log.head()
    report = await import_referrals(catch, written(tmp_path, GOOD.replace(was, is_now)))
    assert (report.rejected, await catch.log.head()) == (1, head)


async def test_a_refused_row_in_which_other_cells_are_corrected_too_can_be_imported(catch: Catch, tmp_path: Path):
    report = await import_referrals(catch, written(tmp_path, GOOD.replace("self", "the-moon")))
    assert report.rejected_file is not None
    text = report.rejected_file.read_text("utf-8").replace("the-moon", "self")
    report.rejected_file.write_text(text.replace("21/05/1951", "22/05/1951").replace("999 000 0018", "999 000 0026"))
    again = await import_referrals(catch, report.rejected_file)
    assert (again.count("opened"), again.rejected) == (1, 0)


async def test_a_corrected_rejected_file_can_be_imported(catch: Catch, tmp_path: Path):
    report = await import_referrals(catch, written(tmp_path, GOOD.replace("self", "the-moon")))
    assert report.rejected_file is not None
    report.rejected_file.write_text(report.rejected_file.read_text("utf-8").replace("the-moon", "Adult social care"))
    again = await import_referrals(catch, report.rejected_file)
    assert (again.count("opened"), again.rejected) == (1, 0)


async def test_a_second_run_adds_nothing(catch: Catch, tmp_path: Path):
    path = written(tmp_path, GOOD, BO)
    first = await import_referrals(catch, path)
    head = await catch.log.head()
    second = await import_referrals(catch, path)
    assert (first.count("opened"), second.count("there"), await catch.log.head()) == (2, 2, head)


async def test_somebody_else_under_the_same_reference_is_told_and_not_taken_for_done(catch: Catch, tmp_path: Path):
    """Next year's list, whose references start at 1 again."""
    await import_referrals(catch, written(tmp_path, GOOD))
    another = GOOD.replace("Ada,Quillbrook-Example,21/05/1951,999 000 0018", "Bo,Pattern-Example,22/06/1961,")
    report = await import_referrals(catch, written(tmp_path, another))
    assert report.kept == []
    assert [(one.line, one.column) for one in report.wrong] == [(2, "reference")]
    assert "another referral" in report.wrong[0].reason
    assert "another referral" in (tmp_path / "list.rejected.csv").read_text("utf-8-sig")


async def test_a_further_referral_of_the_same_person_joins_the_open_case(catch: Catch, tmp_path: Path):
    later = GOOD.replace("R1", "R2").replace("03/02/2026 09:30", "04/02/2026").replace("Ada", "A.")
    report = await import_referrals(catch, written(tmp_path, later, GOOD))
    assert [(kept.reference, kept.how) for kept in report.kept] == [("R2", "attached"), ("R1", "opened")]
    assert len({kept.case for kept in report.kept}) == 1
    case = (await catch.present.states.get(CASE, report.kept[0].case)).state
    assert len(case.referrals) == 2


async def test_without_an_nhs_number_name_and_date_of_birth_and_one_more_tell_who_it_is(catch: Catch, tmp_path: Path):
    plain = GOOD.replace("999 000 0018", "")
    report = await import_referrals(
        catch,
        written(
            tmp_path,
            f"{plain},01536 496000",
            f"{plain.replace('R1', 'R2').replace('Ada', 'ADA')},+44 1536 496000",
            plain.replace("R1", "R3"),
            plain.replace("R1", "R4").replace("1951", "1952"),
            header=f"{HEADER},Phone",
        ),
    )
    assert [(kept.reference, kept.how) for kept in report.kept] == [
        ("R1", "opened"),
        ("R2", "attached"),
        ("R4", "opened"),
    ]
    assert [each.line for each in report.waiting] == [4]


async def test_personal_details_are_sealed_and_ids_do_not_tell_them(catch: Catch, tmp_path: Path):
    report = await import_referrals(catch, written(tmp_path, GOOD))
    case = (await catch.present.states.get(CASE, report.kept[0].case)).state
    person = (await catch.present.states.get(PERSON, case.person)).state
    assert "Ada" not in person.registered.name
    assert await catch.keyring.unseal([person.registered.name]) == ["Ada Quillbrook-Example"]
    assert case.referrals[0].received_at == datetime(2026, 2, 3, 9, 30, tzinfo=UTC)
    stored = await catch.log.page(0, 1000)
    assert not [event for event in stored if b"9990000018" in event.state or b"Lonely" in event.state]


async def test_the_referring_organisation_is_found_by_name(catch: Catch, tmp_path: Path):
    register = RegisterPartner("housing-01", "Housing provider 01", "housing")
    await catch.commands.take(register, by=SETTER, command_id=uuid4())
    named = GOOD.replace("phone,,", "phone,Housing Provider 01,")
    stranger = BO.replace("phone,,", "phone,Somebody else,")
    report = await import_referrals(catch, written(tmp_path, named, stranger))
    case = (await catch.present.states.get(CASE, report.kept[0].case)).state
    assert case.referrals[0].referrer_agency == "housing-01"
    assert report.strangers == (3,)
    kept = (await catch.present.states.get(CASE, report.kept[1].case)).state.referrals[0]
    assert kept.referrer_agency == IMPORTER.agency
    assert await catch.keyring.unseal([kept.unverified_organisation]) == ["Somebody else"]
    assert not [event for event in await catch.log.page(0, 1000) if b"omebody" in event.state]


async def test_no_id_of_an_import_can_be_worked_out(catch: Catch, tmp_path: Path):
    unknown = GOOD.replace("999 000 0018", "").replace("21/05/1951", "")
    report = await import_referrals(catch, written(tmp_path, GOOD, unknown.replace("R1", "R2")))
    for kept in report.kept:
        case = (await catch.present.states.get(CASE, kept.case)).state
        ids = {kept.case, case.person, case.referrals[0].referral}
        assert {each.version for each in ids} == {8}
        assert not ids & {former_id(kept.reference, what) for what in ("case", "person", "referral")}


def former_id(reference: str, what: str) -> UUID:
    """As ids were made before they were keyed, and as anybody can make them."""
    return uuid5(uuid5(NAMESPACE_URL, "https://catch.invalid/referral-import"), f"snn-catch/{reference}/{what}")


@pytest.mark.parametrize("row", [GOOD, GOOD.replace("999 000 0018", "").replace("21/05/1951", "")])
async def test_what_was_imported_before_ids_were_keyed_is_found(catch: Catch, tmp_path: Path, row: str):
    digest = catch.keyring.digest("referral import nhs 9990000018")
    identified = uuid5(uuid5(NAMESPACE_URL, "https://catch.invalid/referral-import"), digest)
    person, case = identified if row == GOOD else former_id("R1", "person"), former_id("R1", "case")
    born, number = ("1951-05-21", "9990000018") if row == GOOD else (None, None)
    before = RegisterPerson(
        person,
        name=Sealed("Ada Quillbrook-Example"),
        date_of_birth=Sealed(born) if born else None,
        nhs_number=Sealed(number) if number else None,
    )
    await catch.commands.take(before, by=IMPORTER, command_id=uuid4())
    referred = SubmitReferral(
        case,
        person,
        "snn-catch",
        former_id("R1", "referral"),
        "self",
        "phone",
        datetime(2026, 2, 3, 9, 30, tzinfo=UTC),
        Sealed("Lonely"),
        ("debt-advice", "befriending"),
        agreement=ReferralAgreement(True, Agrees.YES),
        safe_contact=SafeContact(True, Sealed("text first")),
    )
    await catch.commands.take(referred, by=IMPORTER, command_id=uuid4())
    report = await import_referrals(catch, written(tmp_path, row))
    assert [(kept.how, kept.case) for kept in report.kept] == [("there", case)]
    # Somebody else under the same reference is not taken for them.
    report = await import_referrals(catch, written(tmp_path, row.replace("Ada,Quillbrook", "Bo,Pattern")))
    assert (report.kept, report.waiting) == ([], [])
    assert {one.column for one in report.wrong} == ({"first name", "last name"} if row == GOOD else {"reference"})


async def test_nobody_makes_a_row_disappear_by_taking_its_ids_first(catch: Catch, tmp_path: Path):
    row = GOOD.replace("999 000 0018", "").replace("21/05/1951", "")
    person, case = former_id("R1", "person"), former_id("R1", "case")
    thief = Actor("mallory", "snn", Role.COORDINATOR)
    for given in as_anything(thief.agency, thief.user, thief.role, starting(), date(2020, 1, 1), known=False):
        await catch.commands.take(given, by=SETTER, command_id=uuid4())
    await catch.commands.take(RegisterPerson(person, name=Sealed("Ada")), by=SETTER, command_id=uuid4())
    taken = SubmitReferral(
        case, person, "snn-catch", former_id("R1", "referral"), "self", "phone", NOW - timedelta(days=300), Sealed("x")
    )
    with pytest.raises(IdNotAllowed):
        await catch.commands.take(taken, by=thief, command_id=uuid4())
    report = await import_referrals(catch, written(tmp_path, row))
    assert [kept.how for kept in report.kept] == ["opened"]
    assert report.kept[0].case != case


FORMULAS = ("=1+1", "+44 7700 900000", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''+x", "O'Neill", "'tis", "", "a=b")


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_cell_that_a_spreadsheet_would_run_is_written_so_that_it_does_not(cell: str):
    written_cell = written_out(read_back(cell))
    assert not written_cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert read_back(written_cell) == read_back(cell)


def test_what_no_spreadsheet_runs_is_written_as_it_is():
    assert [written_out(cell) for cell in ("O'Neill", "'tis", "a=b", "")] == ["O'Neill", "'tis", "a=b", ""]


async def test_a_rejected_formula_comes_back_as_what_it_was(catch: Catch, tmp_path: Path):
    bad = GOOD.replace("Lonely", "=HYPERLINK(0)").replace("self", "the-moon").replace("text first", "+44 7700 900000")
    report = await import_referrals(catch, written(tmp_path, bad))
    assert report.rejected_file is not None
    text = report.rejected_file.read_text("utf-8-sig")
    assert "'=HYPERLINK(0)" in text
    assert "'+44 7700 900000" in text
    report.rejected_file.write_text(text.replace("the-moon", "self"), "utf-8")
    again = await import_referrals(catch, report.rejected_file)
    (kept,) = again.kept
    referral = (await catch.present.states.get(CASE, kept.case)).state.referrals[0]
    assert await catch.keyring.unseal([referral.reason, referral.safe_contact.how]) == [
        "=HYPERLINK(0)",
        "+44 7700 900000",
    ]


async def test_a_programme_that_is_not_loaded_is_refused(catch: Catch, tmp_path: Path):
    with pytest.raises(UnknownProgramme):
        await import_referrals(catch, written(tmp_path, GOOD), programme="no-such")


async def test_progress_reaches_the_number_of_rows(catch: Catch, tmp_path: Path):
    told: list[tuple[int, int]] = []
    lines = [GOOD.replace("R1", "R2").replace("Lonely", ""), GOOD, GOOD.replace("R1", "R3")]
    await import_referrals(catch, written(tmp_path, *lines), progress=lambda done, of: told.append((done, of)))
    assert told == [(2, 3), (3, 3)]

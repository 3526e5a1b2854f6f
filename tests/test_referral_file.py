"""What teams have is read as it was meant, or told: a strange cell costs its row at the most, and no other's."""

import csv
import io
import resource
import zipfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from catch.importing.columns import FileUnusable
from catch.importing.referral_file import ReferralFile, read
from catch.importing.rejected import Rejected, text_of
from catch.importing.rows import ReferralRow, Wrong, row_of, slug
from catch.spreadsheets import read_back
from tests.workbooks import Error, Formula, Rows, workbook

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HEADER = (
    "Reference", "Received", "Source", "Channel", "First name", "Last name", "Date of birth", "NHS number", "Phone",
    "Address", "Reason for referral", "Person knows", "Person agrees",
)  # fmt: skip
LINE = ",".join(HEADER)
NINE_THIRTY = datetime(2026, 2, 3, 9, 30)  # noqa: DTZ001  (a spreadsheet knows no time zones)


def row(number: int, **cells: str) -> dict[str, str]:
    """A good row, told by its number in every cell that can hold it."""
    held = {
        "Reference": f"R{number}",
        "Received": f"{number + 10:02}/02/2026",
        "Source": "self",
        "Channel": "phone",
        "First name": f"Ada{number}",
        "Last name": f"Example{number}",
        "Reason for referral": f"Reason{number}",
    }
    return {name: cells.get(name.replace(" ", "_"), held.get(name, "")) for name in HEADER}


def line(number: int, **cells: str) -> str:
    """As it would stand in a file, nothing quoted."""
    return ",".join(row(number, **cells).values())


def saved(folder: Path, content: str | bytes, name: str = "list.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def of_lines(folder: Path, *lines: str, header: str = LINE, month_first: bool = False) -> ReferralFile:
    return read(saved(folder, "\r\n".join([header, *lines, ""])), month_first=month_first)


def good(file: ReferralFile) -> list[ReferralRow]:
    return [each for each in told(file) if isinstance(each, ReferralRow)]


def wrong(file: ReferralFile) -> list[Wrong]:
    return [one for each in told(file) if not isinstance(each, ReferralRow) for one in each]


def told(file: ReferralFile) -> list[ReferralRow | list[Wrong]]:
    return [row_of(file, record, NOW) for record in file.rows]


def names(file: ReferralFile) -> list[str]:
    return [each.last_name for each in good(file)]


class TestQuotationMarks:
    def test_one_that_is_never_closed_costs_its_own_row(self, tmp_path: Path):
        file = of_lines(tmp_path, line(1), line(2, Reason_for_referral='"Lonely'), line(3), line(4))
        assert names(file) == ["Example1", "Example3", "Example4"]
        assert [(one.line, one.reason) for one in wrong(file)] == [
            (3, "the quotation mark on line 3 takes in line 4: write the row anew, and empty its rejection reason")
        ]

    def test_one_that_closes_in_the_next_row_costs_both_rows_and_joins_neither(self, tmp_path: Path):
        file = of_lines(
            tmp_path, line(1), line(2, Reason_for_referral='"Lonely'), line(3, Reason_for_referral='cold"'), line(4)
        )
        assert names(file) == ["Example1", "Example4"]
        assert [one.line for one in wrong(file)] == [3, 4]

    def test_one_that_opens_before_the_day_takes_no_row_in(self, tmp_path: Path):
        header = "Reason,Reference,Received,Source,Channel,First name,Last name"
        rows = ('"Lonely,R1,11/02/2026,self,phone,Ada,Example1', 'cold",R2,12/02/2026,self,phone,Bo,Example2')
        file = of_lines(tmp_path, *rows, "tired,R3,13/02/2026,self,phone,Cy,Example3", header=header)
        assert names(file) == ["Example3"]
        assert [one.line for one in wrong(file)] == [2, 3]

    def test_one_on_the_last_line_is_told(self, tmp_path: Path):
        file = of_lines(tmp_path, line(1), line(2, Reason_for_referral='"Lonely'))
        assert names(file) == ["Example1"]
        assert [(one.line, "never closed" in one.reason) for one in wrong(file)] == [(3, True)]

    def test_a_row_without_a_day_is_not_taken_in_either(self, tmp_path: Path):
        file = of_lines(tmp_path, line(1), line(2, Address='"1 High St'), line(3, Received="", Address='2 Low St"'))
        assert names(file) == ["Example1"]
        assert [one.line for one in wrong(file)] == [3, 4]

    @pytest.mark.parametrize("cell", ['5" nail', 'called "Bo"', '"Bo" they say', '"a""', '""a"'])
    def test_one_in_the_middle_of_a_cell_costs_the_row(self, tmp_path: Path, cell: str):
        file = of_lines(tmp_path, line(1), line(2, Reason_for_referral=cell), line(3))
        assert names(file) == ["Example1", "Example3"]
        assert {one.line for one in wrong(file)} == {3}

    @pytest.mark.parametrize(
        ("cell", "is_read"),
        [
            ('"Cold, tired"', "Cold, tired"),
            (' "Cold, tired" ', "Cold, tired"),
            ('"called ""Bo"""', 'called "Bo"'),
            ('"Two lines,\r\nor three,\nat home"', "Two lines,\r\nor three,\nat home"),
            ('"Seen 03/02/2026, again\n04/02/2026, 05/02/2026"', "Seen 03/02/2026, again\n04/02/2026, 05/02/2026"),
            ('"Seen\n03/02/2026, 10/02/2026, 17/02/2026, 24/02/2026\nand once more"', None),
        ],
    )
    def test_what_is_quoted_as_it_should_be_is_read(self, tmp_path: Path, cell: str, is_read: str | None):
        file = of_lines(tmp_path, line(1), line(2, Reason_for_referral=cell), line(3))
        assert [each.reason for each in good(file)] == ["Reason1", is_read or cell[1:-1], "Reason3"]

    def test_an_address_of_several_lines_before_a_birth_date_is_no_row(self, tmp_path: Path):
        header = "Reference,Received,Source,Channel,Reason,Last name,First name,Address,Date of birth"
        rows = [f'R{at},11/02/2026,self,phone,Lonely,Example{at},Ada,"1 High St\nTown",21/05/1951' for at in (1, 2)]
        file = of_lines(tmp_path, *rows, header=header)
        assert [each.address for each in good(file)] == ["1 High St\nTown"] * 2

    @pytest.mark.parametrize("cell", ["x" * 140_000, '"' + "x\n" * 70_000 + '"'])
    def test_a_cell_too_long_costs_the_row(self, tmp_path: Path, cell: str):
        file = of_lines(tmp_path, line(1), line(2, Reason_for_referral=cell), line(3))
        assert names(file) == ["Example1", "Example3"]
        assert [one.line for one in wrong(file)] == [3]

    def test_a_code_or_a_name_is_on_one_line(self, tmp_path: Path):
        file = of_lines(tmp_path, line(1, Last_name='"Example\nOne"'), line(2))
        assert [(one.line, one.column) for one in wrong(file)] == [(2, "last name")]
        assert names(file) == ["Example2"]


class TestEncodings:
    def test_one_byte_of_another_encoding_costs_its_line(self, tmp_path: Path):
        lines = [line(at, Reason_for_referral="Café") for at in range(1, 4)]
        content = "\n".join([LINE, *lines]).encode().replace("Café".encode(), "Café".encode("cp1252"), 1)
        file = read(saved(tmp_path, content))
        assert (file.encoding, [each.reason for each in good(file)]) == ("UTF-8", ["Café", "Café"])
        assert [(one.line, one.column) for one in wrong(file)] == [(2, "reason for referral")]

    def test_a_line_of_utf_8_in_a_file_of_windows_1252_is_not_shown_as_two_strange_letters(self, tmp_path: Path):
        lines = [line(at, Reason_for_referral="Café") for at in range(1, 5)]
        content = "\n".join([LINE, *lines]).encode("cp1252").replace("Café".encode("cp1252"), "Café".encode(), 1)
        file = read(saved(tmp_path, content))
        assert (file.encoding, [each.reason for each in good(file)]) == ("Windows-1252", ["Café"] * 3)
        assert [(one.line, one.column) for one in wrong(file)] == [(2, "reason for referral")]

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
    def test_unicode_text_of_excel_is_read(self, tmp_path: Path, encoding: str):
        content = f"{LINE}\r\n{line(1, Reason_for_referral='Café')}\r\n".replace(",", "\t")
        file = read(saved(tmp_path, content.encode(encoding)))
        assert (file.encoding, [each.reason for each in good(file)]) == ("UTF-16", ["Café"])

    def test_a_byte_that_windows_1252_does_not_have_costs_its_line(self, tmp_path: Path):
        lines = [line(1, Reason_for_referral="Caf\xe9"), line(2, Reason_for_referral="Caf\x81"), line(3)]
        file = read(saved(tmp_path, "\n".join([LINE, *lines]).encode("latin-1")))
        assert names(file) == ["Example1", "Example3"]

    @pytest.mark.parametrize(
        ("name", "written", "taken_for"),
        [
            *[(name, "mac-roman", "cp1252") for name in ("Zoë", "Müller", "Jäger", "José", "Citroën", "Fábio")],
            *[(name, "cp850", "cp1252") for name in ("José", "André", "Müller", "Zoë", "García", "Muñoz", "López")],
            *[(name, "utf-8", "cp1252") for name in ("Müller", "Zoë", "O’Brien", "Łukasz", "Škoda", "Ïon", "Óscar")],
        ],
    )
    def test_a_letter_of_another_encoding_is_no_sign_in_a_name(
        self, tmp_path: Path, name: str, written: str, taken_for: str
    ):
        strange = name.encode(written).decode(taken_for, "replace")
        file = of_lines(
            tmp_path, line(1, First_name=strange), line(2, Reason_for_referral=f"Asks for {strange}."), line(3)
        )
        assert names(file) == ["Example3"]
        assert [(one.line, one.column) for one in wrong(file)] == [(2, "first name"), (3, "reason for referral")]

    @pytest.mark.parametrize(
        "name",
        ["O’Brien", "O'Brien", "Zoë", "Müller", "Šárka", "Łukasz", "MacÉoin", "RENÉ’S", "Smith–Jones", "Françoise",
         "JOÃO", "Ñuñez", "Cœur", "Dražen", "Ngũgĩ", "Strauß’", "Ann ‘Nan’", "José “Pepe”", "Αλέξης", "İnönü",
         "Þór", "Åse", "Ægir", "José …"],
    )  # fmt: skip
    def test_a_name_is_a_name(self, tmp_path: Path, name: str):
        assert [each.first_name for each in good(of_lines(tmp_path, line(1, First_name=name)))] == [name]

    def test_what_a_sentence_may_hold_is_no_letter(self, tmp_path: Path):
        said = "Cold—tired…ill. “Alone” since 2025; 5‰ of £40 or 20 €. «Très»"
        assert [each.reason for each in good(of_lines(tmp_path, line(1, Reason_for_referral=said)))] == [said]

    @pytest.mark.parametrize("sign", ["\0", "\x07", "\x7f"])
    def test_what_is_no_text_costs_its_row(self, tmp_path: Path, sign: str):
        file = of_lines(tmp_path, line(1), line(2, Address=sign), line(3))
        assert names(file) == ["Example1", "Example3"]
        assert [(one.line, one.column) for one in wrong(file)] == [(3, "address")]


class TestLayouts:
    @pytest.mark.parametrize("before", ["Referrals 2026", "Referrals, to date\n\n;;;;", 'All "open" ones', "sep=,"])
    def test_what_stands_above_the_names_is_passed_over(self, tmp_path: Path, before: str):
        assert names(read(saved(tmp_path, f"{before}\n{LINE}\n{line(1)}\n"))) == ["Example1"]

    def test_lines_are_counted_from_the_top_of_the_file(self, tmp_path: Path):
        file = read(saved(tmp_path, f"sep=,\nReferrals\n\n{LINE}\n{line(1)}\n\n{line(2, Received='')}\n"))
        assert [one.line for one in wrong(file)] == [7]

    @pytest.mark.parametrize("delimiter", [";", "\t", "|", "!"])
    def test_excel_is_told_the_delimiter_in_a_first_line(self, tmp_path: Path, delimiter: str):
        content = f"sep={delimiter}\r\n{LINE}\r\n{line(1)}\r\n".replace(",", delimiter)
        assert names(read(saved(tmp_path, content))) == ["Example1"]

    def test_blank_cells_behind_the_last_column_cost_nothing(self, tmp_path: Path):
        assert names(of_lines(tmp_path, line(1) + ",,, ", line(2), header=LINE + ",,,,")) == ["Example1", "Example2"]
        assert names(of_lines(tmp_path, line(1) + ",,, ", line(2))) == ["Example1", "Example2"]

    @pytest.mark.parametrize("header", [LINE, LINE + ","])
    def test_a_filled_cell_under_no_name_is_told(self, tmp_path: Path, header: str):
        file = of_lines(tmp_path, line(1) + ",text her sister", line(2), header=header)
        assert (names(file), [one.line for one in wrong(file)]) == (["Example2"], [2])

    def test_a_list_without_names_is_refused_without_a_word_of_it(self, tmp_path: Path):
        with pytest.raises(FileUnusable) as refused:
            of_lines(tmp_path, line(2), header=line(1))
        assert "Example1" not in str(refused.value)

    @pytest.mark.parametrize(
        ("header", "told"),
        [
            (LINE + ",NHS no.", r"unknown columns: NHS no\. \(rename or remove them\)\. The columns are: reference, "),
            (LINE + ",Surname", r"columns given twice: last name \(remove one, or rename it\)\. The"),
            (
                LINE.replace("Reason for referral", "Reason") + ",Reason",
                "columns given twice: reason for referral",
            ),
        ],
    )
    def test_what_is_wrong_with_the_columns_is_said_with_what_to_do(self, tmp_path: Path, header: str, told: str):
        with pytest.raises(FileUnusable, match=told) as refused:
            of_lines(tmp_path, line(1) + ",x", header=header)
        assert "unknown" in told or "unknown" not in str(refused.value)

    @pytest.mark.parametrize("begins", [b"\t\x08\x10\0\0\x06", b"<html><table><tr><td>reference", b"%PDF-1.7\n"])
    def test_what_is_no_list_as_text_is_told_how_it_is_saved(self, tmp_path: Path, begins: bytes):
        with pytest.raises(FileUnusable, match=r"save it as \.xlsx or as CSV UTF-8"):
            read(saved(tmp_path, begins + bytes(range(256)), "list.xls"))

    def test_a_column_that_may_be_empty_may_be_left_out(self, tmp_path: Path):
        whole = row(1)
        kept = [name for name in HEADER if name != "First name"]
        file = of_lines(tmp_path, ",".join(whole[name] for name in kept), header=",".join(kept))
        assert [(each.first_name, each.name) for each in good(file)] == [("", "Example1")]

    def test_a_reason_of_the_teams_own_is_not_dropped(self, tmp_path: Path):
        with pytest.raises(FileUnusable, match="unknown columns: Reason"):
            of_lines(tmp_path, line(1) + ",Homeless", header=LINE + ",Reason")

    @pytest.mark.parametrize(
        "cell",
        ["#REF!", "#N/A", "#value!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", " #REF! ", "Flat #REF!", "########"],
    )
    def test_an_error_of_a_spreadsheet_is_no_text_and_nothing_that_is_not_known(self, tmp_path: Path, cell: str):
        file = of_lines(tmp_path, *(line(at, **{name: cell}) for at, name in enumerate(("Address", "NHS_number"), 1)))
        assert (good(file), [(one.line, one.column) for one in wrong(file)]) == (
            [],
            [(2, "address"), (3, "nhs number")],
        )

    def test_a_hash_is_a_sign_like_others(self, tmp_path: Path):
        cells = ("Flat #2", "#7 High St", "her #1 wish", "ward#n/a")
        file = of_lines(tmp_path, *(line(at, Address=cell) for at, cell in enumerate(cells)))
        assert [each.address for each in good(file)] == [*cells]

    def test_digits_that_a_spreadsheet_cut_short_are_told(self, tmp_path: Path):
        file = of_lines(tmp_path, line(1, Phone="4.47701E+11"), line(2, NHS_number="9.99E+09"), line(3))
        assert [(one.line, one.column) for one in wrong(file)] == [(2, "phone"), (3, "nhs number")]


class TestDays:
    def test_a_column_that_is_month_first_in_one_row_is_doubted_in_all_that_are_unclear(self, tmp_path: Path):
        born = ("02/13/1951", "03/04/1951", "1951-04-03", "21/05/1951", "05/05/1951", "")
        file = of_lines(tmp_path, *(line(at, Date_of_birth=each) for at, each in enumerate(born, start=1)))
        assert [each.born for each in good(file)] == [
            date(1951, 4, 3),
            date(1951, 5, 21),
            date(1951, 5, 5),
            None,
        ]
        assert [(one.line, one.column) for one in wrong(file)] == [(2, "date of birth"), (3, "date of birth")]
        assert "line 2" in wrong(file)[1].reason

    def test_another_column_is_read_for_itself(self, tmp_path: Path):
        file = of_lines(tmp_path, line(1, Date_of_birth="02/13/1951"), line(2, Received="03/04/2026"))
        assert [each.received_at.date() for each in good(file)] == [date(2026, 4, 3)]

    @pytest.mark.parametrize(("month_first", "what"), [(False, "with --month-first"), (True, "without --month-first")])
    def test_a_list_in_the_other_order_is_told_how_it_is_read(self, tmp_path: Path, month_first: bool, what: str):
        received = "13/11/2026" if month_first else "11/13/2026"
        file = of_lines(tmp_path, line(1, Received=received), line(2, Received="31/31/2026"), month_first=month_first)
        assert [(one.line, what in one.reason) for one in wrong(file)] == [(2, True), (3, False)]

    def test_month_first_is_read_where_it_is_said(self, tmp_path: Path):
        born = ("02/13/1951", "03/04/1951")
        rows = [line(at, Received="02/03/2026", Date_of_birth=each) for at, each in enumerate(born, start=1)]
        file = of_lines(tmp_path, *rows, month_first=True)
        assert [each.born for each in good(file)] == [date(1951, 2, 13), date(1951, 3, 4)]
        assert {each.received_at.date() for each in good(file)} == {date(2026, 2, 3)}

    def test_then_a_day_first_is_what_makes_it_doubtful(self, tmp_path: Path):
        born = ("13/02/1951", "03/04/1951", "02/14/1951")
        rows = [line(at, Received="2026-02-03", Date_of_birth=each) for at, each in enumerate(born, start=1)]
        file = of_lines(tmp_path, *rows, month_first=True)
        assert [each.born for each in good(file)] == [date(1951, 2, 14)]

    @pytest.mark.parametrize(
        ("received", "at"),
        [
            ("46056", datetime(2026, 2, 3, 9, tzinfo=UTC)),
            ("46056.5", datetime(2026, 2, 3, 12, tzinfo=UTC)),
            ("46056.395833333336", datetime(2026, 2, 3, 9, 30, tzinfo=UTC)),
            ("03-02-2026 10:15", datetime(2026, 2, 3, 10, 15, tzinfo=UTC)),
        ],
    )
    def test_a_day_is_read_as_a_spreadsheet_counts_it(self, tmp_path: Path, received: str, at: datetime):
        assert [each.received_at for each in good(of_lines(tmp_path, line(1, Received=received)))] == [at]

    @pytest.mark.parametrize("born", ["1951", "9999", "195105", "5/1951", "21/05/51", "1.9E+4"])
    def test_a_number_that_is_no_day_is_not_taken_for_one(self, tmp_path: Path, born: str):
        assert [one.column for one in wrong(of_lines(tmp_path, line(1, Date_of_birth=born)))] == ["date of birth"]

    def test_two_times_that_differ_are_told(self, tmp_path: Path):
        header = LINE + ",Received time"
        rows = [
            line(1, Received=f"03/02/2026{said}") + f",{own}" for said, own in ((" 09:30", "10:30"), ("", "0.4375"))
        ]
        file = of_lines(tmp_path, *rows, header=header)
        assert [(one.line, one.column) for one in wrong(file)] == [(2, "received time")]
        assert [each.received_at.time() for each in good(file)] == [time(10, 30)]


def sheet(*rows: dict[str, str]) -> Rows:
    return [HEADER, *([*each.values()] for each in rows)]


class TestWorkbooks:
    @pytest.mark.parametrize(
        ("kept", "phone"),
        [(1632960051, "01632960051"), (7700900123, "07700900123"), (447700900123, "447700900123")],
    )
    def test_a_phone_that_is_kept_as_a_number_has_its_0_again(self, tmp_path: Path, kept: int, phone: str):
        cells = [*row(1).values()]
        numbered = [*cells[: HEADER.index("Phone")], kept, *cells[HEADER.index("Phone") + 1 :]]
        file = read(saved(tmp_path, workbook({"List": [HEADER, numbered]}), "list.xlsx"))
        assert [each.phone for each in good(file)] == [phone]

    def test_a_number_that_is_none_of_this_country_is_told(self, tmp_path: Path):
        rows = [line(at, Phone=cell) for at, cell in enumerate(("2125550123", "9990000018", "+1 212 555 0123", "n/a"))]
        file = of_lines(tmp_path, *rows)
        assert [(one.line, one.column) for one in wrong(file)] == [(2, "phone"), (3, "phone")]
        assert [each.phone for each in good(file)] == ["+1 212 555 0123", ""]

    def test_cells_are_read_as_they_were_typed(self, tmp_path: Path):
        cells = (
            "R1", NINE_THIRTY, "self", "phone", "Zoë", "O'Example", date(1951, 5, 21), 9990000018,
            "01632 960001", "1 High St\nTown", 'Called "Bo", cold', True, "yes",
        )  # fmt: skip
        file = read(saved(tmp_path, workbook({"List": [HEADER, cells]}), "list.xlsx"))
        (only,) = good(file)
        assert (file.encoding, only.line, only.name, only.nhs_number) == ("Excel", 2, "Zoë O'Example", "9990000018")
        assert (only.received_at, only.born) == (datetime(2026, 2, 3, 9, 30, tzinfo=UTC), date(1951, 5, 21))
        assert (only.address, only.reason, only.knows) == ("1 High St\nTown", 'Called "Bo", cold', True)

    def test_titles_other_sheets_and_hidden_ones_are_passed_over(self, tmp_path: Path):
        book = {"Codes": [["self"]], "Old": sheet(row(1)), "List": [["Referrals 2026"], [], *sheet(row(2))]}
        file = read(saved(tmp_path, workbook(book, hidden=["Old"]), "list.xlsx"))
        assert [(each.line, each.last_name) for each in good(file)] == [(4, "Example2")]

    def test_two_lists_are_not_one(self, tmp_path: Path):
        with pytest.raises(FileUnusable, match="2 sheets hold a list"):
            read(saved(tmp_path, workbook({"2025": sheet(row(1)), "2026": sheet(row(2))}), "list.xlsx"))

    @pytest.mark.parametrize("cell", [Error("#N/A"), Formula("VLOOKUP(A1,B1:C9,2)")])
    def test_a_cell_that_shows_no_value_is_not_an_empty_one(self, tmp_path: Path, cell: str):
        rows = sheet(row(1), row(2), row(3))
        at = HEADER.index("Phone")
        broken = [*rows[:2], [*rows[2][:at], cell, *rows[2][at + 1 :]], rows[3]]
        file = read(saved(tmp_path, workbook({"List": broken}), "list.xlsx"))
        assert names(file) == ["Example1", "Example3"]
        assert [(one.line, one.reason.split()[2]) for one in wrong(file)] == [(3, "I3")]

    def test_rows_that_share_a_cell_are_told(self, tmp_path: Path):
        content = workbook({"List": sheet(row(1), row(2), row(3))}, merged=["J3:J4", "A1:B1", "C1:C1"])
        file = read(saved(tmp_path, content, "list.xlsx"))
        assert (names(file), [one.line for one in wrong(file)]) == (["Example1"], [3, 4])

    def test_names_over_two_rows_are_names(self, tmp_path: Path):
        content = workbook({"List": [["Referrals"], HEADER, ["", "(day)"], *sheet(row(1))[1:]]}, merged=["A2:A3"])
        file = read(saved(tmp_path, content, "list.xlsx"))
        assert (names(file), [one.line for one in wrong(file)]) == (["Example1"], [3])

    def test_a_stray_cell_far_out_is_told_and_not_loaded(self, tmp_path: Path):
        stray = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
        packed = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(workbook({"List": sheet(row(1))}))) as old, zipfile.ZipFile(packed, "w") as new:
            for name in old.namelist():
                new.writestr(name, old.read(name).replace(b"</sheetData>", stray))
        with pytest.raises(FileUnusable, match="XFD1048576"):
            read(saved(tmp_path, packed.getvalue(), "list.xlsx"))


@contextmanager
def no_more_than(size: int) -> Generator[None]:
    """Files of more bytes cannot be written, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class TestRejected:
    def test_what_is_written_is_read_back_as_the_same_cells(self, tmp_path: Path):
        cells = ["=1+1", "+44", "-1", "@x", "\tx", "\rx", "'=1", "''x", 'a"b', "a;=b", "a\r\nb", " ", "＝1", "\0", "é"]
        content = io.StringIO()
        csv.writer(content).writerows([HEADER, cells[: len(HEADER)], [*cells[len(HEADER) :], *["x"] * len(HEADER)]])
        file = read(saved(tmp_path, content.getvalue()))
        every = [Wrong(record.line, "", "no") for record in file.rows]
        text = text_of(file, every)
        again = read(saved(tmp_path, text))
        width = len(again.header) - 1
        assert [record.cells[:width] for record in again.rows] == [
            [*record.cells, *[""] * (width - len(record.cells))] for record in file.rows
        ]
        plain = [cell for cells in csv.reader(io.StringIO(text, newline="")) for cell in cells]
        assert not [cell for cell in plain if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))]
        assert "=1+1" in {read_back(cell) for cell in plain}

    def test_a_delimiter_of_the_files_own_is_not_needed_to_read_it_back(self, tmp_path: Path):
        content = f"sep=!\n{LINE}\n{line(1, Received='')}\n".replace(",", "!")
        file = read(saved(tmp_path, content))
        assert len(read(saved(tmp_path, text_of(file, wrong(file)))).rows) == 1

    @staticmethod
    def again(folder: Path, file: ReferralFile, mend: Callable[[str], str] = str) -> ReferralFile:
        """The file of this one's rejected rows, imported as anybody would."""
        return read(saved(folder, mend(text_of(file, wrong(file))), "list.rejected.csv"))

    def test_a_day_that_was_read_month_first_is_the_same_day_in_the_file_of_rejected_rows(self, tmp_path: Path):
        held = line(1, Received="11/03/2026 09:30", Date_of_birth="02/03/1951", Source="")
        file = of_lines(tmp_path, held, month_first=True)
        (only,) = good(self.again(tmp_path, file, lambda text: text.replace('""', '"self"', 1)))
        assert (only.received_at, only.born) == (datetime(2026, 11, 3, 9, 30, tzinfo=UTC), date(1951, 2, 3))

    @pytest.mark.parametrize("month_first", [False, True])
    def test_a_day_that_was_doubted_is_doubted_again_when_the_others_were_put_right(
        self, tmp_path: Path, month_first: bool
    ):
        born = ("02/13/1951", "03/04/1951") if not month_first else ("13/02/1951", "03/04/1951")
        rows = [line(at, Received="2026-02-03", Date_of_birth=each) for at, each in enumerate(born, start=1)]
        file = of_lines(tmp_path, *rows, month_first=month_first)
        again = self.again(tmp_path, file, lambda text: text.replace(born[0], "1951-02-13"))
        assert ([each.born for each in good(again)], [one.line for one in wrong(again)]) == ([date(1951, 2, 13)], [3])
        clear = self.again(tmp_path, again, lambda text: text.replace(born[1], "1951-04-03"))
        assert [each.born for each in good(clear)] == [date(1951, 4, 3)]

    @pytest.mark.parametrize("cell", ['"Lonely', 'called "Bo"', '"Bo" they say', '"a""'])
    def test_a_row_that_was_not_taken_apart_is_rejected_until_somebody_says_that_it_was_written_anew(
        self, tmp_path: Path, cell: str
    ):
        file = of_lines(tmp_path, line(1, Reason_for_referral=cell))
        again = self.again(tmp_path, file)
        assert good(again) == good(self.again(tmp_path, again)) == []
        content = f"{LINE},Rejection reason\n{line(1)},\n"
        assert names(read(saved(tmp_path, content))) == ["Example1"]

    def test_nor_is_what_a_workbook_does_not_show_an_empty_cell_by_then(self, tmp_path: Path):
        cells = [*row(1).values()]
        for strange in (Error("#N/A"), Formula("A1")):
            cells[HEADER.index("Phone")] = strange
            file = read(saved(tmp_path, workbook({"List": [HEADER, cells]}), "list.xlsx"))
            assert good(self.again(tmp_path, file)) == []

    def test_nobodys_corrections_are_written_over(self, tmp_path: Path):
        file = of_lines(tmp_path, line(1, Received=""))
        listed = tmp_path / "list.csv"
        first = tmp_path / "list.rejected.csv"
        assert Rejected.begun(file, listed, None, []).ended(wrong(file)) == first
        assert Rejected.begun(file, listed, None, wrong(file)).ended(wrong(file)) == first
        first.write_text(first.read_text("utf-8").replace("R1", "R7"))
        corrected = first.read_bytes()
        second = Rejected.begun(file, listed, None, []).ended(wrong(file))
        assert (second, first.read_bytes()) == (tmp_path / "list.rejected-2.csv", corrected)

    def test_what_remains_of_a_rejected_file_has_a_name_of_the_same_list(self, tmp_path: Path):
        file = of_lines(tmp_path, line(1, Received=""))
        for name in ("list.csv", "list.rejected.csv", "list.rejected-2.csv"):
            ended = Rejected.begun(file, tmp_path / name, None, []).ended(wrong(file))
            assert ended == tmp_path / "list.rejected.csv"

    def test_without_a_rejected_row_no_file_is_left(self, tmp_path: Path):
        file = of_lines(tmp_path, line(1))
        assert Rejected.begun(file, tmp_path / "list.csv", None, []).ended([]) is None
        assert [each.name for each in tmp_path.iterdir()] == ["list.csv"]

    def test_what_cannot_be_written_in_the_end_is_left_to_the_screen(self, tmp_path: Path):
        file = of_lines(tmp_path, line(1, Received=""))
        begun = Rejected.begun(file, tmp_path / "list.csv", None, [])
        with no_more_than(100):
            assert begun.ended(wrong(file)) is None

    def test_a_full_disk_is_told_before_anything_is_imported(self, tmp_path: Path):
        file = of_lines(tmp_path, line(1, Received=""))
        with no_more_than(100), pytest.raises(FileUnusable, match="nothing was imported"):
            Rejected.begun(file, tmp_path / "list.csv", None, wrong(file))

    def test_nobody_else_may_read_it(self, tmp_path: Path):
        file = of_lines(tmp_path, line(1, Received=""))
        ended = Rejected.begun(file, tmp_path / "list.csv", None, []).ended(wrong(file))
        assert ended is not None
        assert ended.stat().st_mode & 0o777 == 0o600

    def test_a_folder_in_which_nothing_can_be_written_is_told(self, tmp_path: Path):
        file = of_lines(tmp_path, line(1))
        with pytest.raises(FileUnusable, match="nothing was imported"):
            Rejected.begun(file, tmp_path / "list.csv", tmp_path / "nowhere", [])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Adult social care", "adult-social-care"),
        ("Café work", "cafe-work"),
        ("Cafe\u0301 work", "cafe-work"),
        ("  Citizens’ Advice ", "citizens-advice"),
        ("ŁÓDŹ & Co.", "odz-co"),
        ("…", ""),
    ],
)
def test_an_accent_takes_no_letter_away(text: str, code: str):
    assert slug(text) == code

"""Random ugly lists, held to a model that knows what every row was meant to say.

Whatever is done to a file: each of its rows is told exactly once, what is told of one holds nothing of another, and
what was not damaged is read as it was meant.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import assume, find, given, settings
from hypothesis import strategies as st
from msgspec import Struct

from catch.importing.days import DAY_FIRST, Order, day, order_of
from catch.importing.referral_file import ReferralFile, read
from catch.importing.rejected import text_of
from catch.importing.rows import ReferralRow, Wrong, row_of
from tests.workbooks import workbook

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
CODES = {"Source": ("self", "police", "Adult social care"), "Channel": ("phone", "online", "email")}
LINES = ("Address", "Reason for referral", "Referrer organisation", "Needs")
NAMES = ("First name", "Last name", "Phone")
HEADER = ("Reference", "Received", *CODES, *NAMES, *LINES)
SAYS = st.text(st.sampled_from("aé£ ,;\t|\"'\n=+-@.0/"), max_size=12)
ON_ONE_LINE = st.text(st.sampled_from("aé£ ,;|\"'=+-@.0"), max_size=8)


class Told(Struct, frozen=True):
    """How the rows are written: the columns in their order, and what stands between the cells."""

    header: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]
    delimiter: str
    ends: str
    all_quoted: bool
    title: str = ""

    def lines(self) -> list[str]:
        """A row may hold several lines."""
        return [self.delimiter.join(self.written(row[name]) for name in self.header) for row in self.rows]

    def written(self, cell: str) -> str:
        plain = not re.search(r'["\r\n]|^ *$|^ | $', cell) and self.delimiter not in cell
        return cell if plain and not self.all_quoted else '"{}"'.format(cell.replace('"', '""'))

    def text(self, lines: Sequence[str]) -> str:
        return self.ends.join([self.title + self.delimiter.join(self.header), *lines, ""])


def sign(number: int) -> str:
    """What stands in every cell of a row and in none of another."""
    return f"q{number}z"


@st.composite
def rows(draw: st.DrawFn, number: int) -> dict[str, str]:
    own = sign(number)
    said = {name: own + draw(SAYS) + own for name in LINES}
    said |= {name: own + draw(ON_ONE_LINE) + own for name in NAMES}
    said |= {name: draw(st.sampled_from(codes)) for name, codes in CODES.items()}
    came = date(2026, 1, 1) + timedelta(days=draw(st.integers(0, 300)))
    written = draw(st.sampled_from(("%d/%m/%Y", "%Y-%m-%d", "%d.%m.%Y 09:30")))
    return {**said, "Reference": own, "Received": came.strftime(written)}


@st.composite
def lists(draw: st.DrawFn, least: int = 1, *, usual: bool = False) -> Told:
    """`usual`: what a row is known by stands before what people write in it."""
    count = draw(st.integers(least, 5))
    first, last = (HEADER[:4], HEADER[4:]) if usual else ((), HEADER)
    return Told(
        header=(*draw(st.permutations(first)), *draw(st.permutations(last))),
        rows=tuple(draw(rows(number)) for number in range(count)),
        delimiter=draw(st.sampled_from(",;\t|")),
        ends=draw(st.sampled_from(("\n", "\r\n"))),
        all_quoted=draw(st.booleans()),
        title=draw(st.sampled_from(("", "Referrals\n", 'All "open" ones;;\n\n'))),
    )


def opened(content: bytes, name: str = "list.csv") -> ReferralFile:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return read(path)


def good(file: ReferralFile) -> list[ReferralRow]:
    found = [row_of(file, record, NOW) for record in file.rows]
    return [each for each in found if isinstance(each, ReferralRow)]


def texts(row: ReferralRow) -> list[str]:
    return [
        row.reference,
        row.first_name,
        row.last_name,
        row.phone,
        row.address,
        row.reason,
        row.organisation,
        *row.needs,
    ]


def meant(row: Mapping[str, str]) -> list[str]:
    own = [row[name] for name in ("Reference", *NAMES, "Address", "Reason for referral", "Referrer organisation")]
    needs = [re.sub("[^a-z0-9]+", "-", bare(each).casefold()).strip("-") for each in re.split("[;,]", row["Needs"])]
    return [*(re.sub("\r\n?", "\n", each).strip() for each in own), *filter(None, needs)]


def bare(text: str) -> str:
    """Letters without what stands over or under them, as codes have them."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


def fit(row: Mapping[str, str]) -> bool:
    """Needs that are made of signs alone are told, and not kept."""
    return all(re.search("[A-Za-z0-9]", bare(each)) for each in re.split("[;,]", row["Needs"]) if each.strip())


def as_meant(found: Sequence[ReferralRow]) -> list[list[str]]:
    return [[re.sub("\r\n?", "\n", each) for each in texts(row)] for row in found]


@given(lists(), st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "cp1252")))
def test_a_sound_list_is_read_as_it_was_meant(told: Told, encoding: str):
    assume(all(map(fit, told.rows)))
    found = good(opened(told.text(told.lines()).encode(encoding)))
    assert as_meant(found) == [meant(row) for row in told.rows]


@given(lists())
def test_a_workbook_is_read_as_it_was_meant(told: Told):
    assume(all(map(fit, told.rows)))
    cells = [told.header, *([row[name] for name in told.header] for row in told.rows)]
    assert as_meant(good(opened(workbook({"List": cells}), "list.xlsx"))) == [meant(row) for row in told.rows]


Damage = Callable[[str, int], str]


def stray(line: str, at: int) -> str:
    return line[:at] + '"' + line[at:]


def missing(line: str, at: int) -> str:
    """The first quotation mark from there on."""
    place = line.find('"', at)
    return line if place < 0 else line[:place] + line[place + 1 :]


def zero(line: str, at: int) -> str:
    return line[:at] + "\0" + line[at:]


def cut(line: str, at: int) -> str:
    return line[:at]


def long(line: str, at: int) -> str:
    return line[:at] + "x" * 140_000 + line[at:]


DAMAGES: tuple[Damage, ...] = (stray, missing, zero, cut, long)


@given(lists(2, usual=True), st.data())
def test_what_is_damaged_costs_its_own_row_and_no_other(told: Told, data: st.DataObject):
    assume(all(map(fit, told.rows)))
    lines = told.lines()
    hurt = data.draw(st.integers(0, len(lines) - 1))
    damage = data.draw(st.sampled_from(DAMAGES))
    lines[hurt] = damage(lines[hurt], data.draw(places(lines[hurt], told.delimiter)))
    found = [each for each in as_meant(good(opened(told.text(lines).encode()))) if sign(hurt) not in "".join(each)]
    assert found == [meant(row) for at, row in enumerate(told.rows) if at != hurt]


def places(line: str, delimiter: str) -> st.SearchStrategy[int]:
    """Where a cell begins or ends, where a mark does most harm; or anywhere."""
    ends = [at for at, sign in enumerate(line) if sign == delimiter]
    return st.sampled_from([0, len(line), *ends, *(at + 1 for at in ends)]) | st.integers(0, len(line))


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Told, list[str]]:
    """Several rows, or one several times."""
    told = draw(lists(2))
    lines = told.lines()
    for _ in range(draw(st.integers(1, 4))):
        hurt = draw(st.integers(0, len(lines) - 1))
        damage = draw(st.sampled_from((stray, stray, missing, zero)))
        lines[hurt] = damage(lines[hurt], draw(places(lines[hurt], told.delimiter)))
    return told, lines


def mixed(cells: Sequence[str]) -> bool:
    """Whether texts of two rows stand in one."""
    return len(set(re.findall(r"q\d+z", " ".join(cells)))) > 1


@given(damaged())
def test_however_much_is_damaged_each_row_is_told_once_and_with_nothing_of_another(made: tuple[Told, list[str]]):
    told, lines = made
    file = opened(told.text(lines).encode())
    assert not [row for row in good(file) if mixed(texts(row))]
    begins = [record.line for record in file.rows]
    assert begins == sorted(set(begins))
    kept = "".join("".join(record.cells) for record in file.rows)
    for number in range(len(lines)):
        assert len(re.findall(sign(number), kept)) == len(re.findall(sign(number), "".join(lines)))


def test_a_reader_that_is_not_strict_is_caught():
    """As the standard library's would have it, other people's rows end in one cell of a row that looks sound."""

    def caught(made: tuple[Told, list[str]]) -> bool:
        told, lines = made
        rows = csv.reader(io.StringIO(told.text(lines), newline=""), delimiter=told.delimiter)
        return any(mixed(row) and len(row) == len(told.header) for row in rows)

    told, lines = find(damaged(), caught, settings=settings(max_examples=2_000))
    assert not any(mixed(texts(row)) for row in good(opened(told.text(lines).encode())))


@given(lists(2), st.data())
def test_what_is_rejected_comes_back_as_the_same_cells(told: Told, data: st.DataObject):
    lines = told.lines()
    hurt = data.draw(st.integers(0, len(lines) - 1))
    damage = data.draw(st.sampled_from(DAMAGES[:-1]))
    lines[hurt] = damage(lines[hurt], data.draw(st.integers(0, len(lines[hurt]))))
    file = opened(told.text(lines).encode())
    bad = [record for record in file.rows if not isinstance(row_of(file, record, NOW), ReferralRow)]
    assume(bad)
    again = opened(text_of(file, [Wrong(record.line, "", "no") for record in bad]).encode())
    width = len(again.header) - 1
    came = told.header.index("Received")
    assert [record.cells[:width] for record in again.rows] == [
        [*(cell if at != came or record.fault else clear(cell) for at, cell in enumerate(record.cells))]
        + [""] * (width - len(record.cells))
        for record in bad
    ]


def clear(cell: str) -> str:
    """Of the rows that are rejected the days are written so that nobody can misread them."""
    found = re.fullmatch(r" *(\d\d)([/.])(\d\d)\2(\d{4})((?: .*)?)", cell)
    return f"{found[4]}-{found[3]}-{found[1]}{found[5].rstrip()}" if found else cell


BYTES = st.integers(0x80, 0xFF).map(lambda byte: bytes([byte]))


@given(lists(2), BYTES, st.data())
def test_a_byte_of_another_encoding_costs_its_own_row(told: Told, byte: bytes, data: st.DataObject):
    assume(all(map(fit, told.rows)))
    lines = [line.encode() for line in told.lines()]
    hurt = data.draw(st.integers(0, len(lines) - 1))
    assume(sum("é" in line or "£" in line for line in told.lines()) > 1)
    at = data.draw(st.integers(0, len(told.lines()[hurt])))
    whole = told.lines()[hurt]
    lines[hurt] = whole[:at].encode() + byte + whole[at:].encode()
    head = told.text([]).encode()
    file = opened(head + told.ends.encode().join([*lines, b""]))
    found = [each for each in as_meant(good(file)) if sign(hurt) not in "".join(each)]
    assert found == [meant(row) for at, row in enumerate(told.rows) if at != hurt]
    assert not [row for row in good(file) if sign(hurt) in row.reference]


DAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31))


@given(st.lists(st.tuples(DAYS, st.sampled_from(("%d/%m/%Y", "%m/%d/%Y", "%Y-%m-%d"))), min_size=1, max_size=6))
def test_a_column_of_days_is_read_one_way_or_doubted(written: Sequence[tuple[date, str]]):
    """Where a day is read, no other reading of the column would give another."""
    cells = [(line, each.strftime(form)) for line, (each, form) in enumerate(written)]
    order = order_of(cells, month_first=False)
    contrary = [line for line, (each, form) in enumerate(written) if form == "%m/%d/%Y" and each.day > 12]
    assert order == Order(against=contrary[0] if contrary else None)
    for (_, cell), (each, form) in zip(cells, written, strict=True):
        unclear = form != "%Y-%m-%d" and max(each.day, each.month) <= 12 and each.day != each.month
        try:
            is_read = day(cell, order)
        except ValueError:
            assert contrary
            assert unclear or form == "%m/%d/%Y"
        else:
            assert not (contrary and unclear)
            assert is_read in (each, day(cell, DAY_FIRST))

"""A report in its four forms: the same numbers in each, nothing that was written takes part in how it is made."""

import csv
import re
from html.parser import HTMLParser
from io import BytesIO, StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from python_calamine import CalamineWorkbook

from catch.report import page, printing, sheets
from catch.report.content import (
    MEANINGS,
    Apart,
    Bars,
    Column,
    Curves,
    Kind,
    Line,
    Process,
    Report,
    Section,
    Step,
    Table,
    Unjudged,
    Untold,
    written,
)
from catch.report.drawing import spec, svg
from catch.statistics.charts import xmr
from catch.statistics.funnels import Group, funnel

HOSTILE = "<script>alert(1)</script> #panic() $x$ *b* =1+1 \u202egnirts"
CHART = xmr([40.0, 44, 38, 41, 46, 39, 43, 42, 45, 47, 49, 50, 52, 64], more_is_better=True, baseline=8)
assert CHART is not None
CURVES = Curves(
    "Time to outcome",
    "Share with an outcome by each day",
    "Days",
    "Share",
    (
        Line("Self", (Step(10, 0.25, 0.1, 0.4), Step(90, 0.5)), ((0, 20), (30, 15), (120, 3))),
        Line("Police & fire", (), ((0, 0),)),
    ),
)
PROCESS = Process("Referrals", "Each month", "Referrals", tuple(f"month {n}" for n in range(14)), CHART, target=45)
IN_PART = replace(PROCESS, before=(Unjudged("month -1", 3.0),), after=(Unjudged("month 14", 900.0),))
APART = Apart("In time", "By locality", "Referrals", "In time", funnel([Group("East", 9, 30), Group("West", 70, 80)]))
BARS = Bars("Interventions", "What helped", "Intervention", "People", (("Befriending", 64), ("Rare", Untold.FEW)))
CHARTS = [CURVES, PROCESS, APART, BARS]
TABLE = Table(
    "Sources",
    (Column("Source", Kind.TEXT), Column("Referrals"), Column("Share", Kind.SHARE), Column("Spent", Kind.MONEY)),
    (("Self", 1234, 0.405, 1250.5), (HOSTILE, Untold.FEW, Untold.FEW, Untold.NONE), ("=A1", 12, 0.125, 3)),
    "* fewer than eight people",
)
REPORT = Report(
    f"Report {HOSTILE}",
    "1 July to 30 September",
    (("Made from", "position 48,211"), (HOSTILE, HOSTILE)),
    (Section("How long", (HOSTILE,), (CURVES,)), Section("How many", (), (PROCESS, APART, BARS, TABLE))),
)


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def seen(html: str) -> Seen:
    parser = Seen()
    parser.feed(html)
    return parser


def cells(report: Report) -> list[str]:
    """Everything that the tables say, as people read it."""
    return [
        written(cell, column.kind)
        for _, table in report.tables()
        for row in table.rows
        for cell, column in zip(row, table.columns, strict=True)
    ]


def test_a_page_says_everything_and_asks_for_nothing():
    html = page.html(REPORT)
    found = seen(html)
    said = " ".join(found.text)
    assert [cell for cell in cells(REPORT) if cell not in said] == []
    assert not [tag for tag, _ in found.tags if tag in ("script", "link", "iframe", "img", "object")]
    assert not [at for _, held in found.tags for at in held if at.startswith("on")]
    asked = [value for _, held in found.tags for at, value in held.items() if at in ("src", "href", "xlink:href")]
    assert [address for address in asked if not (address or "").startswith("#")] == []
    assert HOSTILE in said


def test_every_chart_has_a_name_and_its_numbers_beside_it():
    found = seen(page.html(REPORT)).tags
    pictures = [held for tag, held in found if tag == "svg"]
    assert [held["role"] for held in pictures] == ["img"] * len(CHARTS)
    assert [held["aria-label"] for held in pictures] == [f"{each.title}. {each.description}" for each in CHARTS]
    assert sum(tag == "details" for tag, _ in found) == len(CHARTS)
    assert sum(tag == "caption" for tag, _ in found) == len([*REPORT.tables()])


def test_a_printed_report_is_accessible_and_the_same_each_time():
    """Typst refuses PDF/UA-1 where a picture has no text, the language is unknown, or a heading is left out."""
    found = printing.pdf(REPORT)
    assert found.startswith(b"%PDF-")
    assert b"pdfuaid:part" in found or b"/StructTreeRoot" in found
    assert printing.pdf(REPORT) == found


def test_what_people_wrote_sets_nothing_in_print():
    """Were it set and not shown, `#panic()` would end the setting."""
    said = str(printing.as_data(REPORT))
    assert HOSTILE in said.encode().decode("unicode_escape", "ignore") or "#panic()" in said
    printing.pdf(REPORT)


def test_a_workbook_has_a_sheet_for_each_table_with_numbers_as_numbers():
    book = CalamineWorkbook.from_filelike(BytesIO(sheets.workbook_of(REPORT)))
    assert book.sheet_names == ["About", *(table.title for _, table in REPORT.tables())]
    rows: list[Any] = book.get_sheet_by_name("Sources").to_python()
    assert rows[1] == ["Self", 1234.0, 0.405, 1250.5]
    assert rows[2] == [HOSTILE, "*", "*", "–"]
    assert rows[3][0] == "=A1"
    assert sheets.workbook_of(REPORT) == sheets.workbook_of(REPORT)


def test_sheets_have_names_that_a_workbook_takes():
    long = "A: very/long*title? that [goes] on and on and on"
    twice = Report(
        "r", "s", (), (Section("x", (), (Table(long, (Column("a"),), ()), Table(long, (Column("a"),), ()))),)
    )
    names = CalamineWorkbook.from_filelike(BytesIO(sheets.workbook_of(twice))).sheet_names
    assert len({*names}) == 3
    assert all(len(name) <= 31 and not re.search(r"[\[\]:*?/\\]", name) for name in names)


def test_a_csv_has_every_number_in_a_row_of_its_own_and_nothing_that_is_worked_out():
    text = sheets.csv_of(REPORT)
    assert text.startswith("\ufeff")
    rows = list(csv.reader(StringIO(text.removeprefix("\ufeff"))))
    assert rows[0] == ["section", "table", "row", "column", "value"]
    assert ["How many", "Sources", "Self", "Spent", "1250.5"] in rows
    assert ["How many", "Sources", "'=A1", "Referrals", "12"] in rows
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "@", "\t", "\r"))]
    numbers = sum(len(row) - 1 for _, table in REPORT.tables() for row in table.rows)
    assert len([row for row in rows[1:] if row[0] != "about"]) == numbers


@pytest.mark.parametrize("chart", [*CHARTS, IN_PART], ids=lambda chart: type(chart).__name__)
def test_a_chart_is_drawn_the_same_each_time(chart: Any):
    assert svg(chart) == svg(chart)
    assert "<text" in svg(chart)
    assert "NaN" not in svg(chart)


def test_what_nobody_had_is_drawn_empty():
    nobody = Curves("t", "d", "x", "y", (Line("All", (), ()),))
    for chart in (nobody, Apart("t", "d", "x", "y", funnel([])), Bars("t", "d", "o", "u", ())):
        assert "<svg" in svg(chart)
        assert not [row for row in chart.table().rows if not row]


def test_colour_is_never_all_that_tells_two_things_apart():
    drawn = spec(PROCESS)["layer"][-1]["encoding"]
    assert len({*drawn["shape"]["scale"]["range"]}) == len(drawn["color"]["scale"]["range"])
    lines = spec(CURVES)["vconcat"][0]["layer"][1]["encoding"]
    assert len({str(dash) for dash in lines["strokeDash"]["scale"]["range"]}) == 4


def test_no_number_is_drawn_where_none_is_told():
    assert [bar["name"] for bar in spec(BARS)["data"]["values"]] == ["Befriending"]
    assert "64" in svg(BARS)
    assert ("Rare", Untold.FEW) in BARS.table().rows


def test_part_of_a_month_is_drawn_and_moves_no_limit_and_no_judgement():
    first, *judged, last = IN_PART.table().rows
    assert (*judged,) == PROCESS.table().rows
    assert (first, last) == (
        ("month -1", 3.0, "part of a month: not judged"),
        ("month 14", 900.0, "part of a month: not judged"),
    )
    whats = [each["what"] for each in spec(IN_PART)["data"]["values"]]
    assert (whats[0], whats[-1]) == ("part of a month",) * 2
    assert whats[1:-1] == [each["what"] for each in spec(PROCESS)["data"]["values"]]


def test_every_sign_has_a_meaning():
    for chart in (xmr([1.0, 2] * 9 + [30], more_is_better=better) for better in (True, False, None)):
        assert chart is not None
        assert all((point.sign, point.better) in MEANINGS for point in chart.points)
    # A point that rises with others may lie at the mean itself, where neither side is better.
    assert {(sign, better) for sign, better in MEANINGS if sign} | {(None, None)} == {*MEANINGS}


@pytest.mark.parametrize(
    ("cell", "kind", "text"),
    [
        (0.405, Kind.SHARE, "40 %"),
        (1234567, Kind.COUNT, "1,234,567"),
        (12.5, Kind.DAYS, "12.5"),
        (12.0, Kind.DAYS, "12"),
        (1250.5, Kind.MONEY, "£1,250.50"),
        (2.8749, Kind.SCORE, "2.87"),
        (Untold.FEW, Kind.COUNT, "*"),
        ("some", Kind.COUNT, "some"),
    ],
)
def test_numbers_as_people_read_them(cell: Any, kind: Kind, text: str):
    assert written(cell, kind) == text


@given(st.text(max_size=60).filter(lambda text: "\x00" not in text))
@settings(max_examples=30)
def test_whatever_is_written_the_page_stays_a_page(text: str):
    html = page.html(Report(text, text, ((text, text),), (Section(text, (text,), ()),)))
    tags = [tag for tag, _ in seen(html).tags]
    plain = [tag for tag, _ in seen(page.html(Report("a", "a", (("a", "a"),), (Section("a", ("a",), ()),)))).tags]
    assert tags == plain

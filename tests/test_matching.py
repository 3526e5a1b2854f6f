"""Who may be the same person: two identifiers agree, however they are written; one alone never tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain.matching import Identifiers, born_on, marks

NUMBER = "999 000 0018"
MAY = Identifiers("Maylis Example", "1951-05-21", "01536 496000", NUMBER)
OTHER = Identifiers("Otto Pattern", "1960-02-29", "01604 496111", "999 000 0026")
WRITTEN = {
    "name": ["Example, Maylis", "MAYLIS EXAMPLE", "Mrs Maylis Example", "  maylis   example ", "Maýlis Example"],
    "phone": ["01536496000", "+44 1536 496000", "+44 (0)1536 496 000", "0044 1536 496000", "01536-496-000"],
    "nhs_number": ["9990000018", "999-000-0018"],
}


def common(one: Identifiers, other: Identifiers) -> int:
    return len({*marks(one)} & {*marks(other)})


@pytest.mark.parametrize(("field", "text"), [(field, text) for field, texts in WRITTEN.items() for text in texts])
def test_how_it_is_written_does_not_matter(field: str, text: str):
    assert common(MAY, replace(MAY, **{field: text})) == 6


@pytest.mark.parametrize("field", MAY.__struct_fields__)
def test_one_identifier_alone_matches_nobody(field: str):
    assert common(MAY, replace(OTHER, **{field: getattr(MAY, field)})) == 0
    assert marks(Identifiers(**{field: getattr(MAY, field)})) == []


@pytest.mark.parametrize("first", MAY.__struct_fields__)
@pytest.mark.parametrize("second", MAY.__struct_fields__)
def test_any_two_match(first: str, second: str):
    if first != second:
        other = replace(OTHER, **{field: getattr(MAY, field) for field in (first, second)})
        assert common(MAY, other) == 1
        assert common(MAY, Identifiers(**{field: getattr(MAY, field) for field in (first, second)})) == 1


NOTHING = {
    "name": ["Mr", "¿?", "Unknown", "Maylis", "M. E.", "not known", ""],
    "phone": ["none", "496000", "00000000000", "01010101010"],
    "nhs_number": ["9990000019"],
    "date_of_birth": ["21/05/1951", "1951-02-30", "1900-01-01"],
}
NAMES = [("राम कुमार", "रीमा कुमार"), ("رامي علي", "رامز علي"), ("李 小龙", "李 小明")]


@pytest.mark.parametrize(("field", "text"), [(field, text) for field, texts in NOTHING.items() for text in texts])
def test_what_is_no_identifier_is_left_out(field: str, text: str):
    said = replace(MAY, **{field: text})
    assert {*marks(said)} == {*marks(replace(MAY, **{field: None}))}
    assert len(marks(said)) == 3


@pytest.mark.parametrize(
    ("one", "other"), [("राम कुमार", "रीमा कुमार"), ("رامي علي", "رامز علي"), ("李 小龙", "李 小明")]
)
def test_names_in_other_scripts_are_told_apart(one: str, other: str):
    assert common(Identifiers(one, MAY.date_of_birth), Identifiers(other, MAY.date_of_birth)) == 0
    assert common(Identifiers(one, MAY.date_of_birth), Identifiers(one, MAY.date_of_birth)) == 1


@given(st.builds(Identifiers, *[st.none() | st.text(max_size=20)] * 4))
def test_any_text_has_marks_of_its_own(said: Identifiers):
    assert marks(said) == marks(said)
    assert len(marks(said)) in (0, 1, 3, 6)


@pytest.mark.parametrize("text", ["1951-05-21", "1900-01-01", "2000-02-29"])
def test_a_day_of_birth(text: str):
    assert str(born_on(text)) == text


@pytest.mark.parametrize(
    "text", ["1899-12-31", "1951-5-21", "1951-13-01", "1951-05-21T00:00", "", "１９５１-05-21", "19510521"]
)
def test_what_is_no_day_of_birth(text: str):
    assert born_on(text) is None

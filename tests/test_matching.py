"""Who may be the same person: two identifiers agree, however they are written; one alone never tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catch.domain.matching import Identifiers, Likeness, born_on, forms, likeness, marks, not_known

NUMBER = "999 000 0018"
MAY = Identifiers("Maylis Example", "1951-05-21", "01536 496000", NUMBER)
OTHER = Identifiers("Otto Pattern", "1960-02-29", "01604 496111", "999 000 0026")
MARKED = ("name", "date_of_birth", "phone", "nhs_number")
WRITTEN = {
    "name": ["Example, Maylis", "MAYLIS EXAMPLE", "Mrs Maylis Example", "  maylis   example ", "Maýlis Example"],
    "phone": [
        "01536496000",
        "+44 1536 496000",
        "+44 (0)1536 496 000",
        "0044 1536 496000",
        "01536-496-000",
        "1536496000",
        "441536496000",
    ],
    "nhs_number": ["9990000018", "999-000-0018"],
}


def common(one: Identifiers, other: Identifiers) -> int:
    return len({*marks(one)} & {*marks(other)})


@pytest.mark.parametrize(("field", "text"), [(field, text) for field, texts in WRITTEN.items() for text in texts])
def test_how_it_is_written_does_not_matter(field: str, text: str):
    assert common(MAY, replace(MAY, **{field: text})) == 6


@pytest.mark.parametrize("field", MARKED)
def test_one_identifier_alone_matches_nobody(field: str):
    assert common(MAY, replace(OTHER, **{field: getattr(MAY, field)})) == 0
    assert marks(Identifiers(**{field: getattr(MAY, field)})) == []


@pytest.mark.parametrize("first", MARKED)
@pytest.mark.parametrize("second", MARKED)
def test_any_two_match(first: str, second: str):
    if first != second:
        other = replace(OTHER, **{field: getattr(MAY, field) for field in (first, second)})
        assert common(MAY, other) == 1
        assert common(MAY, Identifiers(**{field: getattr(MAY, field) for field in (first, second)})) == 1


NOTHING = {
    "name": ["Mr", "¿?", "Unknown", "Maylis", "M. E.", "not known", "N/A", "NFA", "Unknown Unknown", ""],
    "phone": ["none", "496000", "00000000000", "01010101010"],
    "nhs_number": ["9990000019", "000 000 0000", "1111111111", "999 999 9999"],
    "date_of_birth": ["21/05/1951", "1951-02-30", "1900-01-01", "1899-12-31"],
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


SAID = st.builds(Identifiers, *[st.none() | st.text(max_size=20)] * 5)
FEW = st.builds(
    Identifiers,
    st.sampled_from([None, "Maylis Example", "Mayli's Exámple", "Otto Pattern", "Unknown"]),
    st.sampled_from([None, "1951-05-21", "1960-02-29", "1900-01-01"]),
    st.sampled_from([None, "01536 496000", "01604 496111"]),
    st.sampled_from([None, NUMBER, "999 000 0026", "000 000 0000"]),
    st.sampled_from([None, "1 Sample Lane", "NFA", "no fixed abode"]),
)
PERSON = Identifiers("Maylis Example", "1951-05-21", "01536 496000", NUMBER, "1 Sample Lane")


@given(SAID)
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


ALIKE = [
    (Identifiers(None, "1951-05-21", None, NUMBER), Likeness.SAME),
    (Identifiers("Otto Pattern", "1951-05-21", None, "9990000018"), Likeness.SAME),
    (Identifiers("Maylis Example", "1951-05-21", "01536 496000"), Likeness.SAME),
    (Identifiers("Maylis Example", "1951-05-21", None, None, "1 sample lane."), Likeness.SAME),
    (Identifiers("Maylis Example", "1951-05-21"), Likeness.UNCLEAR),
    (Identifiers("Maylis Example", "1951-05-21", None, None, "NFA"), Likeness.UNCLEAR),
    (Identifiers("Otto Pattern", "1960-02-29", None, NUMBER), Likeness.UNCLEAR),
    (Identifiers(None, None, None, NUMBER), Likeness.UNCLEAR),
    (Identifiers("Maylis Example", None, None, NUMBER), Likeness.UNCLEAR),
    (Identifiers("Maylis Example", "1951-05-21", "01536 496000", "999 000 0026"), Likeness.UNCLEAR),
    (Identifiers("Maylis Example", None, "01536 496000"), Likeness.UNCLEAR),
    (Identifiers("Otto Example", "1951-05-21", "01536 496000", "999 000 0026"), Likeness.OTHER),
    (Identifiers("Maylis Example"), Likeness.OTHER),
    (Identifiers(None, "1951-05-21"), Likeness.OTHER),
    (Identifiers("Maylis Example", "1900-01-01"), Likeness.OTHER),
    (Identifiers("Otto Pattern", "1960-02-29", None, None, "1 Sample Lane"), Likeness.OTHER),
    (Identifiers(), Likeness.OTHER),
]


@pytest.mark.parametrize(("said", "like"), ALIKE)
def test_number_and_birth_date_or_name_birth_date_and_one_more_are_one_person(said: Identifiers, like: Likeness):
    assert likeness(PERSON, said) is like


def test_two_who_are_known_by_nothing_but_placeholders_are_two():
    nobody = Identifiers("John Smith", "1900-01-01", "unknown", "000 000 0000", "NFA")
    assert likeness(nobody, nobody) is Likeness.OTHER


@given(FEW, FEW)
def test_likeness_goes_both_ways_and_whoever_is_alike_is_found(one: Identifiers, other: Identifiers):
    like = likeness(one, other)
    assert like is likeness(other, one)
    number = forms(one).get("nhs")
    found = common(one, other) > 0 or (number is not None and number == forms(other).get("nhs"))
    assert like is Likeness.OTHER or found


@pytest.mark.parametrize("text", ["N/A", "n/a", "unknown", "Not known", "NFA", "nil", "-", "???", "", " . "])
def test_what_people_type_where_they_know_nothing(text: str):
    assert not_known(text)


@pytest.mark.parametrize("text", ["Nile", "0", "No Street", "Unknowne"])
def test_what_is_something(text: str):
    assert not not_known(text)

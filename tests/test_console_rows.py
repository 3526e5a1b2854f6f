"""How the console lays out what the API answers: rows with what was before and periods."""

from datetime import date, timedelta

from catch.web.console.pages.figures import periods
from catch.web.console.rows import path_in_words, rows, sections

APRIL, LONG = 4, 360


def test_periods_are_whole_quarters_and_financial_years_that_are_over():
    for today in (date(2026, 11, 29) - timedelta(days=days) for days in range(0, 400, 17)):
        for each in periods(today):
            assert each.first
            assert each.last
            assert each.first.day == 1
            assert each.last < today
            assert (each.last + timedelta(days=1)).day == 1
            assert each.value.endswith("-12") is (each.first.month == APRIL and (each.last - each.first).days > LONG)


def test_whatever_is_answered_is_laid_out_in_rows_with_what_it_was_before():
    before = {"state": "RECEIVED", "lead": {"user": "a"}, "actions": [{"id": "1", "due": "2026-03-01"}], "gone": [1]}
    after = {
        "state": "IN_SUPPORT", "lead": {"user": "a"}, "open": True, "redactions": [{"path": "x", "reason": "ROLE"}],
        "actions": [{"id": "2", "due": "2026-04-01"}, {"id": "1", "due": "2026-03-02"}], "gone": [],
    }  # fmt: skip
    found = {section.title: section for section in sections(after, before)}
    assert [(row.label, row.text, row.was) for row in found["In short"].rows] == [
        ("State", "In support", "Received"),
        ("Open", "Yes", ""),
    ]
    assert not found["Lead"].changed
    # By id, not by place: what moved down did not change.
    assert [row.was for row in found["Actions"].rows] == ["", "", None, "Sunday 1 March 2026"]
    assert [(row.text, row.was) for row in found["Gone"].rows] == [("", "1")]
    assert rows(None) == rows([]) == rows({}) == []
    assert path_in_words("actions[7f3a].state") == "Actions, State"

"""What a screen of the demonstration shows: why an item is there, how long it is discussed, who was there."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from catch.demo.screen import LEGEND, MARKS, MUST, Listed, Meeting, Person, Screen, Somebody, Update, Why
from catch.demo.screen import Case as Told
from catch.demo.show import MARK, afterwards, empty
from catch.settings import BadSetting

TEN = datetime(2026, 3, 3, 10, tzinfo=UTC)
WHY = "Third place: a review is due since 1 March."


def item(state: str = "PENDING", *, whole: bool = False) -> Listed:
    listed = Listed("i", 4, 3, 5, state, must=True, redactions=[], number="SNN-2026-0007")
    if whole:
        listed.reasons, listed.explanation = [Why("REVIEW_DUE"), Why("ACTION_OVERDUE")], WHY
    else:
        listed.case = Told(Person("Ada Quillbrook-Example"))
    return listed


def update(event: str, minutes: float, changed: Listed | None = None, *, state: str = "IN_PROGRESS", here: bool = True):
    somebody = [Somebody("hal", "housing-1", present=here), Somebody("pia", "police-1")]
    return Update("7", event, TEN + timedelta(minutes=minutes), Meeting(state, somebody), None, changed)


def screen() -> Screen:
    shown = Screen("chair@snn")
    assert shown.take(update("Present", 0))
    shown.listed([item(whole=True)])
    shown.draw(7)
    return shown


def test_every_sign_has_its_word_and_the_legend_stands_above_the_items():
    assert screen().lines[2] == LEGEND
    for mark in (MUST, *(mark for mark in MARKS.values() if mark.strip())):
        assert f"{mark} " in LEGEND


def test_what_waits_says_why_and_what_is_open_how_long():
    shown = screen()
    assert shown.lines[-1].endswith("review due, action overdue")
    shown.take(update("ItemOpened", 4, item("OPEN")))
    assert "0:00 of 5 min  Ada Quillbrook-Example" in shown.drawn()[-2]
    assert shown.drawn()[-1].strip() == f"why: {WHY}"
    shown.take(update("CaseUpdateRecorded", 6.5, item("OPEN")))
    assert "2:30 of 5 min" in shown.drawn()[-2]
    shown.take(update("ItemClosed", 8, item("DISCUSSED")))
    assert "of 5 min" not in "".join(shown.drawn())


def test_at_the_end_stands_who_was_there():
    shown = screen()
    assert shown.drawn()[1] == "present: housing-1"
    shown.take(update("MeetingEnded", 90, state="ENDED", here=False))
    assert shown.drawn()[1] == "were present: housing-1"


def test_it_is_said_what_becomes_of_the_place(tmp_path: Path):
    assert "all of it goes" in afterwards(None, fresh=False)
    assert "its key goes" in afterwards(None, fresh=True)
    assert f"CATCH_DATA_DIR={tmp_path} catch serve --development" in afterwards(tmp_path, fresh=False)


def test_a_place_is_not_made_on_top_of_another(tmp_path: Path):
    assert empty(tmp_path / "new") == tmp_path / "new"
    (tmp_path / "keys").mkdir()
    with pytest.raises(BadSetting, match=r"--keep: there is something in .*: name another folder"):
        empty(tmp_path)
    # Made anew is a demonstration alone, by its own mark, and never under a server that runs.
    with pytest.raises(BadSetting, match="there is something in"):
        empty(tmp_path, anew=True)
    (tmp_path / MARK).touch()
    (tmp_path / "postgres" / "data").mkdir(parents=True)
    (tmp_path / "postgres" / "data" / "postmaster.pid").touch()
    with pytest.raises(BadSetting, match="a server runs on"):
        empty(tmp_path, anew=True)
    assert (tmp_path / "keys").is_dir()
    (tmp_path / "postgres" / "data" / "postmaster.pid").unlink()
    assert empty(tmp_path, anew=True) == tmp_path
    assert not tmp_path.exists()

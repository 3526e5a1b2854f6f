"""Long work says how fast it goes and how long it takes, on a terminal and off it."""

from io import StringIO

import pytest
from rich.console import Console

from catch.cli.progress import Facts, lasting


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("catch.cli.progress.time.monotonic", lambda: now[0])
    return now


def test_without_a_terminal_there_is_a_line_now_and_then_with_speed_and_time_left(clock: list[float]):
    out = StringIO()
    progress = Facts("facts", Console(file=out), pause=5)
    for clock[0], position in ((100, 400_000), (103, 410_000), (110, 500_000), (112, 520_000), (130, 900_000)):
        progress(position, 1_000_000)
    progress.end()
    assert out.getvalue().splitlines() == [
        "facts: 500,000 of 1,000,000, 10,000/s, about 50 s left",
        "facts: 900,000 of 1,000,000, 16,667/s, about 6 s left",
    ]


def test_on_a_terminal_there_is_a_bar_that_begins_where_the_work_goes_on(clock: list[float]):
    out = StringIO()
    progress = Facts("facts", Console(file=out, force_terminal=True, width=120))
    progress(400_000, 1_000_000)
    progress(600_000, 1_000_000)
    progress.end()
    assert "600,000 of 1,000,000" in out.getvalue()


@pytest.mark.parametrize(("seconds", "said"), [(4, "4 s"), (89, "89 s"), (90, "2 min"), (600, "10 min")])
def test_times_are_said_shortly(seconds: float, said: str):
    assert lasting(seconds) == said

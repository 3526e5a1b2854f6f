"""One place says what time it is, by the database's clock; nobody else asks the machine. What is looked for is found by
its order, not by when it was written down.
"""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catch.log.clock import APART, NEVER_SET, Clock, ClocksApart

ROOT = Path(__file__).parents[1]
SOURCES = [*sorted((ROOT / "src").rglob("*.py")), *sorted((ROOT / "projections").rglob("*.py"))]
TOLD = {
    "time": {"time", "time_ns", "localtime", "gmtime", "ctime", "strftime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}
"""What of a name asks this machine for the time."""
ASK_THE_MACHINE = {
    "src/catch/log/clock.py": "the one that compares it with the database's",
    "src/catch/identity/reaching.py": "compares an issuer's clock with this machine's, for `catch identity check`",
    "src/catch/identity/checking.py": "`catch identity check` asks no place",
    "src/catch/cli/finding.py": "`catch case-finding` asks no place",
    "src/catch/cli/witness.py": "a witness is of no place",
}
MEASURES = "src/catch/bench/"
"""Makes places of its own on this machine, and issues its own tokens for them."""


def asks(text: str) -> Iterator[str]:
    """Where a module asks the machine for the time, whatever it calls what it imports."""
    tree = ast.parse(text)
    called: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("time", "datetime"):
            for each in node.names:
                if node.module == "time" and each.name in TOLD["time"]:
                    yield f"line {node.lineno}: from time import {each.name}"
                called[each.asname or each.name] = each.name
        elif isinstance(node, ast.Import):
            called |= {each.asname or each.name: each.name for each in node.names if each.name in ("time", "datetime")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            if node.attr in TOLD.get(called.get(owner, owner), ()):
                yield f"line {node.lineno}: {owner}.{node.attr}"


def where(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_nobody_else_asks_the_machine_what_time_it_is():
    asking = {where(path) for path in SOURCES if [*asks(path.read_text())]}
    assert {path for path in asking if not path.startswith(MEASURES)} == {*ASK_THE_MACHINE}


@pytest.mark.parametrize(
    "text",
    [
        "import time\nx = time.time()",
        "import time as t\nx = t.time",
        "from time import time",
        "from time import time as clock\nx = clock()",
        "from datetime import UTC, datetime\nx = datetime.now(UTC)",
        "import datetime\nx = datetime.datetime.now()",
        "import datetime as d\nx = d.date.today()",
        "from datetime import datetime as then\nx = lambda: then.now()",
        "from datetime import date\nx = date.today()",
        "import time\nx = time.strftime('%Y')",
    ],
)
def test_control_who_asks_is_found(text: str):
    assert len([*asks(text)]) >= 1


@pytest.mark.parametrize("text", ["import time\nx = time.monotonic()", "x = clock.now()", "x = visit.console.now()"])
def test_control_who_asks_something_else_is_not(text: str):
    assert [*asks(text)] == []


# By SQL

BY_TRANSACTION = re.compile(r"\b(now\(\)|current_timestamp|current_date|localtimestamp|transaction_timestamp)", re.I)
WINDOW = re.compile(r"clock_timestamp\(\)\s*-\s*(?:make_)?interval|[<>]=?\s*clock_timestamp\(\)", re.I)
BY_THE_CLOCK = {
    "src/catch/doctor/checks.py": "who has cosigned nothing for an hour, and did within the month: it is said, no more",
    "src/catch/identity/logout.py": "forgets sign-outs of eight days ago: by more than clocks may be apart",
    "src/catch/personal/rotating.py": "servers silent for half a minute are not waited for: one that is there"
    " wraps nothing by a key that was retired",
    "src/catch/readside/inventory.py": "tables of a server that beat ten minutes ago, which `catch tidy` keeps",
    "src/catch/readside/lease.py": "forgets servers that beat a week ago: one that is there says so again",
    "schema/sql/0014_invented_places.sql": "an invented place records nothing in its own future",
}


def test_what_is_looked_for_is_found_by_order_and_not_by_when_it_was_written():
    sql = [*SOURCES, *sorted((ROOT / "schema" / "sql").glob("*.sql"))]
    texts = {where(path): path.read_text() for path in sql}
    assert {path for path, text in texts.items() if WINDOW.search(text)} == {*BY_THE_CLOCK}
    # The time of a transaction is when it began, whatever it waited for since.
    strings = {path: " ".join(strings_of(text)) if path.endswith(".py") else text for path, text in texts.items()}
    assert [path for path, text in strings.items() if BY_TRANSACTION.search(text)] == []


def strings_of(text: str) -> Iterator[str]:
    tree = ast.parse(text)
    described = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in described:
            yield node.value


@pytest.mark.parametrize(
    "text", ["x > clock_timestamp() - make_interval(secs => $1)", "received_at > clock_timestamp() - interval '1 hour'"]
)
def test_control_a_window_by_the_clock_is_found(text: str):
    assert WINDOW.search(text)


# What it says


class Machine:
    """`wall` may be set; `ticks` go on."""

    def __init__(self, wall: float = 1_000_000.0) -> None:
        self.wall, self.ticks = wall, 50.0
        self.clock = Clock(lambda: self.wall, lambda: self.ticks)

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.ticks += seconds

    def asks(self, theirs: float, *, there: float = 0.0, back: float = 0.0) -> float:
        """The database, which has this time when it is asked: it takes so long to get there, and back."""
        asked = self.ticks
        self.passes(there + back)
        self.clock.told(datetime.fromtimestamp(theirs + there, UTC), asked)
        return theirs + there + back


def test_it_is_the_databases_time_however_wrong_this_machine_is():
    for wrong in (0, -3600, 3600, NEVER_SET - 5):
        machine = Machine()
        machine.asks(1_000_000.0 - wrong, there=0.001, back=0.001)
        machine.passes(7)
        assert machine.clock.time() == pytest.approx(1_000_007.002 - wrong, abs=0.002)
        assert machine.clock.now().timestamp() == pytest.approx(machine.clock.time(), abs=1e-5)
        assert machine.clock.ahead == pytest.approx(wrong, abs=0.002)
        assert machine.clock.apart is (abs(wrong) > APART)


def test_control_by_this_machines_own_time_it_would_be_an_hour_off():
    machine = Machine()
    machine.asks(1_000_000.0 - 3600)
    assert machine.wall - machine.clock.time() == pytest.approx(3600)


@given(
    st.floats(-3600, 3600),
    st.lists(st.tuples(st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0, 5)), min_size=1, max_size=20),
)
def test_it_is_off_by_no_more_than_an_answer_takes(wrong: float, answers: list[tuple[float, float, float]]):
    machine = Machine()
    for there, back, pause in answers:
        theirs = machine.asks(machine.wall - wrong, there=there, back=back)
        assert abs(machine.clock.time() - theirs) <= there + back + 1e-5
        machine.passes(pause)


def test_while_answers_allow_it_the_time_runs_on_as_it_did():
    machine = Machine()
    machine.asks(1_000_000.0 - 10, there=0.01, back=0.01)
    offset = machine.clock.time() - machine.ticks
    for there, back in ((0.3, 0.01), (0.01, 0.3), (0.02, 0.02)):
        machine.asks(machine.wall - 10, there=there, back=back)
        assert machine.clock.time() - machine.ticks == pytest.approx(offset, abs=1e-6)


def test_a_step_of_this_machines_clock_changes_nothing_and_one_of_the_databases_is_followed():
    machine = Machine()
    machine.asks(1_000_000.0)
    before = machine.clock.time()
    machine.wall += 3600
    assert machine.clock.time() == before
    machine.asks(machine.wall - 3600)
    assert (machine.clock.time(), machine.clock.ahead) == (before, 3600)
    machine.asks(machine.wall - 7200)
    assert (machine.clock.time(), machine.clock.ahead) == (before - 3600, 7200)


def test_what_must_not_get_lost_is_judged_by_both():
    machine = Machine()
    machine.asks(1_000_000.0 - 3600)
    assert machine.clock.either() == (1_000_000.0 - 3600, 1_000_000.0)


def test_more_than_a_day_apart_nobody_is_told_the_time_until_it_is_set():
    machine = Machine()
    with pytest.raises(ClocksApart):  # nobody was asked yet
        machine.clock.time()
    for wrong in (NEVER_SET + 1, -NEVER_SET - 1):
        machine.asks(machine.wall - wrong)
        for ask in (machine.clock.time, machine.clock.now, machine.clock.either):
            with pytest.raises(ClocksApart) as refused:
                ask()
            assert (refused.value.code, refused.value.STATUS) == ("UNAVAILABLE", 503)
    machine.asks(machine.wall)
    assert machine.clock.time() == machine.wall
